// Aggregates as users write them, over names or expressions and with conditions, and as operators compute them: over column names only.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import { isNumeric } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { type Fields, fieldOf } from '../batch/schema.ts'
import { bindCondition, bindExpression } from './bind.ts'
import { callExpression, columnExpression, type Expression, literalExpression } from './expression.ts'

/** The aggregates, by name. */
export type AggregateName = 'count' | 'sum' | 'mean' | 'min' | 'max'

const aggregateNames: readonly AggregateName[] = ['count', 'sum', 'mean', 'min', 'max']

/** An aggregate as plain data. `count` without `input` counts rows, with it values that are not null; `where` leaves rows out. */
export interface AggregateCall {
  readonly fn: AggregateName
  readonly input?: string | Expression
  readonly where?: Expression
}

/** An aggregate as operators take it: `input` is a column; absent, it counts rows. */
export interface AggregateSpec {
  readonly name: string
  readonly fn: AggregateName
  readonly input?: string
}

/** What `lowerAggregates` gives: columns to compute first (names begin with $, so nobody sees them), and aggregates of columns. */
export interface LoweredAggregates {
  readonly columns: { readonly [name: string]: Expression }
  readonly aggregates: readonly AggregateSpec[]
}

/**
 * Turns expressions and conditions into columns. A condition becomes null where it isn't true, which every aggregate passes over. The same
 * expression twice is one column. Throws PlanError NO_COLUMN, TYPE_MISMATCH, CONDITION or AGGREGATE naming `where` and the result.
 */
export function lowerAggregates(fields: Fields, aggregates: Readonly<Record<string, AggregateCall>>, where: string): LoweredAggregates {
  const columns: Record<string, Expression> = {}
  const nameByText = new Map<string, string>()
  const columnFor = (expression: Expression): string => {
    if (expression.kind === 'column') return expression.name
    const text = JSON.stringify(expression)
    let name = nameByText.get(text)
    if (name === undefined) {
      name = `$in${nameByText.size}`
      nameByText.set(text, name)
      columns[name] = expression
    }
    return name
  }
  const lowered = Object.entries(aggregates).map(([name, call]): AggregateSpec => {
    const input = checkCall(fields, name, call, where)
    const kept = call.where ? callExpression('when', [call.where, input ?? literalExpression(true), literalExpression(null)]) : input
    return kept ? { name, fn: call.fn, input: columnFor(kept) } : { name, fn: call.fn }
  })
  return { columns, aggregates: lowered }
}

function checkCall(fields: Fields, name: string, call: AggregateCall, where: string): Expression | undefined {
  const at = `${where}, "${name}"`
  if (!aggregateNames.includes(call.fn))
    throw new PlanError('AGGREGATE', `${at}: no aggregate "${call.fn}"; there are ${aggregateNames.join(', ')}${didYouMean(call.fn, aggregateNames)}`)
  if (call.where) bindCondition(call.where, fields, at)
  if (call.input === undefined) {
    if (call.fn !== 'count') throw new PlanError('AGGREGATE', `${at}: ${call.fn}() has no column; give it a name or an expression`)
    return undefined
  }
  const input = typeof call.input === 'string' ? columnExpression(call.input) : call.input
  if (input.kind === 'column') fieldOf(fields, input.name, at)
  const { type } = bindExpression(input, fields, at)
  if ((call.fn === 'sum' || call.fn === 'mean') && !isNumeric(type))
    throw new PlanError(
      'TYPE_MISMATCH',
      `${at}: ${input.kind === 'column' ? `"${input.name}"` : 'its input'} is ${typeName(type)}: ${call.fn}() does not apply; it takes numbers`,
    )
  return input
}
