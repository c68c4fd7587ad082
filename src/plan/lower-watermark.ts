// Watermarks: of each split, and by what rows say.
import { PlanError } from '../base/errors.ts'
import type { FunctionReference } from '../base/function-reference.ts'
import type { Json } from '../base/json.ts'
import { typeName } from '../batch/type-name.ts'
import { bindExpression } from '../expr/bind.ts'
import { describeExpression } from '../expr/describe.ts'
import type { Expression } from '../expr/expression.ts'
import { saidColumn } from '../operators/watermark-generator.ts'
import type { EdgeFacts } from './edge-facts.ts'
import type { OperatorNode } from './plan.ts'

/** The hidden column of sources with splits (partitions): which one a row is of. */
export const splitField = '$split'

/** Sources with splits have a watermark each; the least counts. What rows say becomes a column before. Throws PlanError TIME_TYPE. */
export function lowerWatermark(node: OperatorNode, input: EdgeFacts): OperatorNode[] {
  const { by, function: fn, ...given } = node.params as { by?: Expression; function?: FunctionReference; splitColumn?: string }
  const splits = given.splitColumn === undefined && input.fields.some(f => f.name === splitField) ? { splitColumn: splitField } : {}
  const params = { ...given, ...splits }
  if (!by && !fn) return [{ ...node, params }]
  const step: OperatorNode = { node: 'operator', id: `${node.id}:said`, kind: 'with', params: { columns: { [saidColumn]: by } } as unknown as Json, inputs: node.inputs }
  const said = fn ? { ...step, kind: 'watermarkGenerator', params: { function: fn, ...(params.splitColumn !== undefined && { splitColumn: params.splitColumn }) } as unknown as Json } : step
  if (by) checkSaid(by, input, node.id)
  return [said, { ...node, params: { ...params, saidColumn }, inputs: [{ node: said.id }] }]
}

function checkSaid(by: Expression, { fields }: EdgeFacts, id: string): void {
  const { type, nullable } = bindExpression(by, fields, `${id}, by`)
  if (type.kind !== 'timestamp') throw new PlanError('TIME_TYPE', `${id}: by ${describeExpression(by)} is ${typeName(type, nullable)}; give the time up to which all rows have come, as a timestamp that is null where a row says nothing`)
}
