// mapBatches without `adds` or `schema`: the function itself says which columns it makes, by what it returns for a batch without rows. It is
// called once for each schema of its input, when the plan is resolved, so that all that follows knows its columns before anything runs.
import { DataError, PlanError } from '../base/errors.ts'
import { type FunctionReference, functionKey, type UserFunction } from '../base/function-reference.ts'
import type { Json } from '../base/json.ts'
import { BatchView } from '../batch/batch-view.ts'
import { emptyBatch } from '../batch/empty-batch.ts'
import { type Fields, schemaText } from '../batch/schema.ts'
import type { EdgeFacts } from './edge-facts.ts'
import type { PlanAround } from './lower-rows.ts'
import type { OperatorNode } from './plan.ts'

const known = new WeakMap<UserFunction, Map<string, Record<string, string>>>()

/** The step with its columns written down. Throws PlanError BATCH_COLUMNS where they can't be found out, DataError USER_FUNCTION where the function throws. */
export function lowerMapBatches(node: OperatorNode, [input]: readonly EdgeFacts[], around: PlanAround): OperatorNode[] {
  const params = node.params as { readonly function: FunctionReference; readonly adds?: Json; readonly schema?: Json }
  if (params.adds !== undefined || params.schema !== undefined) return [node]
  const fn = around.functionBehind(params.function)
  if (!fn)
    throw new PlanError('BATCH_COLUMNS', `${node.id}: which columns ${functionKey(params.function)} makes isn't known in a plan without its functions; declare them: { adds: { … } } or { schema: { … } }`)
  return [{ ...node, params: { ...params, schema: columnsOf(fn, input!.fields, node.id), asked: true } as unknown as Json }]
}

function columnsOf(fn: UserFunction, fields: Fields, where: string): Record<string, string> {
  const schema = schemaText(fields)
  const key = JSON.stringify(schema)
  let found = known.get(fn)
  if (!found) known.set(fn, (found = new Map()))
  let columns = found.get(key)
  if (!columns) found.set(key, (columns = schemaText(called(fn, fields, where).batch.fields)))
  return columns
}

function called(fn: UserFunction, fields: Fields, where: string): BatchView {
  let result: unknown
  try {
    result = (fn as (batch: BatchView) => unknown)(emptyBatch(fields))
  } catch (cause) {
    throw new DataError(
      'USER_FUNCTION',
      `${where}: the function threw for a batch without rows, by which its columns are found out: ${cause instanceof Error ? cause.message : String(cause)}; let it take one, or declare what it makes: { adds: { … } } or { schema: { … } }`,
      { cause },
    )
  }
  if (result instanceof BatchView) return result
  if (result instanceof Promise) result.catch(() => {})
  throw new DataError('USER_RESULT', `${where}: the function returned ${String(result)} for a batch without rows; return the batch, or batch.withColumn(…)`)
}
