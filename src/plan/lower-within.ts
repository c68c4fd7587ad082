// Joins within bounds of time, lowered: the bounds become part of the condition, and where both sides have a watermark, they say how long each side's rows
// are needed.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { bindExpression } from '../expr/bind.ts'
import { callExpression, columnExpression, type Expression, typedLiteral } from '../expr/expression.ts'
import { allOf, columnsOf, substitute } from '../expr/rewrite.ts'
import type { TimedSide } from '../operators/interval-join.ts'
import { checkTime } from '../operators/watermark.ts'
import type { EdgeFacts } from './edge-facts.ts'
import type { OperatorNode } from './plan.ts'

/** A bound of the right side's time: so many milliseconds after the left side's, or an expression over columns of the left side. */
export type TimeBound = { readonly ms: number } | { readonly expression: Expression & Json }

/** What `within` and `time` come to. `time`: the columns that are the time of each side, where they are said. */
export type Within = { readonly lower: TimeBound; readonly upper: TimeBound; readonly time?: { readonly left: string; readonly right: string } }

/** What bounds of time are lowered to: the whole condition; the times of both sides; a column that is to be computed on the left side; see `IntervalJoinParams`. */
export interface LoweredWithin {
  readonly where: Expression & Json
  readonly times: readonly [TimedSide, TimedSide]
  readonly computed: Readonly<Record<string, Expression>>
  readonly delayMs: number
}

const untilColumn = '$upper'

/** The bounds of a join. Throws PlanError JOIN_TIME, JOIN_WITHIN, TIME_TYPE, and as expressions do. */
export function lowerWithin(node: OperatorNode, { lower, upper, time }: Within, where: (Expression & Json) | undefined, [left, right]: readonly [EdgeFacts, EdgeFacts]): LoweredWithin {
  const [own, other] = [timeOf(node, 'left', time?.left, left), timeOf(node, 'right', time?.right, right)]
  if ('ms' in lower && 'ms' in upper && lower.ms > upper.ms)
    throw new PlanError('JOIN_WITHIN', `${node.id}: nothing lies within ${lower.ms} ms and ${upper.ms} ms; give the earlier bound first`)
  for (const bound of [lower, upper]) if ('expression' in bound) checkBound(node, bound.expression, left)
  const end = (bound: TimeBound) => ('ms' in bound ? callExpression('add', [columnExpression(`left.${own}`), typedLiteral('duration[ms]', `${bound.ms}ms`)]) : ofLeft(bound.expression))
  const value = columnExpression(`right.${other}`)
  const condition = allOf([callExpression('ge', [value, end(lower)]), callExpression('le', [value, end(upper)]), ...(where ? [where] : [])])
  const column = 'expression' in upper ? (upper.expression.kind === 'column' ? upper.expression.name : untilColumn) : own
  const fromMs = 'ms' in lower ? lower.ms : lower.expression.kind === 'column' && lower.expression.name === own ? 0 : undefined
  return {
    where: condition as Expression & Json,
    times: [{ time: own, until: { column, ms: 'ms' in upper ? upper.ms : 0 } }, { time: other, ...(fromMs !== undefined && { until: { column: other, ms: -fromMs } }) }],
    computed: column === untilColumn && 'expression' in upper ? { [untilColumn]: upper.expression } : {},
    delayMs: Math.max(0, 'ms' in upper ? upper.ms : 0, -(fromMs ?? 0)),
  }
}

function timeOf(node: OperatorNode, side: 'left' | 'right', given: string | undefined, facts: EdgeFacts): string {
  const time = given ?? facts.time
  if (time === undefined)
    throw new PlanError('JOIN_TIME', `${node.id}: nothing says which column is the time of the ${side} side; call .watermark(…) before, or give time: { left: '…', right: '…' }`)
  checkTime(facts.fields, time, node.id)
  return time
}

function checkBound(node: OperatorNode, expression: Expression, left: EdgeFacts): void {
  const { type } = bindExpression(expression, left.fields, node.id)
  if (type.kind !== 'timestamp' || columnsOf(expression).size === 0)
    throw new PlanError('JOIN_WITHIN', `${node.id}: a bound is ${type.kind}; give a duration such as '-5s', or a time of the left side`)
}

function ofLeft(expression: Expression): Expression {
  return substitute(expression, new Map([...columnsOf(expression)].map(name => [name, columnExpression(`left.${name}`)])))
}
