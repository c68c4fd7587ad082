// A groupBy with aggregates of users' own, lowered: one step on the main thread that computes all of its aggregates.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { fieldOf } from '../batch/schema.ts'
import { type AggregateCall, customFn, lowerAggregates } from '../expr/aggregate-calls.ts'
import { bindCondition, bindExpression } from '../expr/bind.ts'
import type { Expression } from '../expr/expression.ts'
import type { CustomParam } from '../operators/custom-aggregate.ts'
import type { EdgeFacts } from './edge-facts.ts'
import type { Edge, OperatorNode } from './plan.ts'

/** What the rule reads of a groupBy's parameters. */
export interface CustomGroupParams {
  readonly keys: readonly string[]
  readonly aggregates: Readonly<Record<string, AggregateCall>>
  /** The user's aggregates by name; absent where none is one. */
  readonly function?: Json
}

/**
 * The operators of a groupBy without windows of which an aggregate is a user's own. Throws PlanError CUSTOM_AGGREGATE where the input has no end, and as
 * expressions and other aggregates do.
 */
export function lowerCustomGroup(node: OperatorNode, input: EdgeFacts): OperatorNode[] {
  const { keys, aggregates, function: functions } = node.params as unknown as CustomGroupParams
  const calls = Object.entries(aggregates)
  if (!input.bounded) {
    const name = calls.find(([, { fn }]) => fn === customFn)![0]
    throw new PlanError('CUSTOM_AGGREGATE', `${node.id}, "${name}": custom() needs input that ends, and this stream doesn't; read the source until its end, or use built-in aggregates in a window such as tumble("time", '10s')`)
  }
  const lowered = lowerAggregates(input.fields, Object.fromEntries(calls.filter(([, { fn }]) => fn !== customFn)), node.id)
  const columns: Record<string, Expression> = { ...lowered.columns }
  const custom = calls.filter(([, { fn }]) => fn === customFn).map(([name, call], i): CustomParam => {
    const at = `${node.id}, "${name}"`
    const columnFor = (operand: string | Expression, part: number): string => {
      if (typeof operand === 'string' || operand.kind === 'column') return fieldOf(input.fields, typeof operand === 'string' ? operand : operand.name, at).name
      bindExpression(operand, input.fields, at)
      const column = `$custom${i}.${part}`
      columns[column] = operand
      return column
    }
    if (call.input === undefined) throw new PlanError('AGGREGATE', `${at}: custom() has no column; give it a name or an expression`)
    if (call.where) bindCondition(call.where, input.fields, at)
    const inputs = [call.input, ...(call.args ?? [])].map(columnFor)
    return { name, type: String(call.options?.['type']), inputs, ...(call.where && { where: columnFor(call.where, inputs.length) }) }
  })
  const steps: OperatorNode[] = []
  let source: Edge = node.inputs[0]!
  if (Object.keys(columns).length > 0) {
    steps.push({ node: 'operator', id: `${node.id}:inputs`, kind: 'with', params: { columns } as unknown as Json, inputs: [source] })
    source = { node: `${node.id}:inputs` }
  }
  const params = { function: functions!, keys, aggregates: lowered.aggregates, custom, names: calls.map(([name]) => name) } as unknown as Json
  return [...steps, { node: 'operator', id: node.id, kind: 'customAggregate', params, inputs: [source] }]
}
