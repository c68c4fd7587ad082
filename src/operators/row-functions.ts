// Row-wise user functions: map, flatMap and filterRows. Rows become plain objects and back, so these leave the fast path; explain()
// says so. A closure runs on the engine's thread, an exported function (udf) in the workers.
import { DataError } from '../base/errors.ts'
import { describeFunction, type FunctionReference, isClosure, type UserFunction } from '../base/function-reference.ts'
import type { Json } from '../base/json.ts'
import type { Batch } from '../batch/batch.ts'
import { buildBatch } from '../batch/build-columns.ts'
import { type PlainRow, rowReader } from '../batch/read-values.ts'
import { type Fields, isHidden, parseSchema, type SchemaLike } from '../batch/schema.ts'
import { gatherBatch } from '../compute/gather.ts'
import type { Operator, OperatorContext, OperatorType, Output, Placement } from './operator.ts'

/** Parameters of `map` and `flatMap`: `adds` puts columns to the input's, `schema` replaces them. */
export type RowFunctionParams = { readonly function: FunctionReference & Json; readonly adds?: SchemaLike & Json; readonly schema?: SchemaLike & Json }

/** Where a user function may run. */
export function placementOf(params: { readonly function: FunctionReference }): Placement {
  return isClosure(params.function) ? 'main' : 'any'
}

/** One row in, one row out. */
export const mapOperator: OperatorType<RowFunctionParams> = {
  kind: 'map',
  inputCount: 1,
  placement: placementOf,
  fields: ([input], params, where) => outputFields(input!, params, where),
  describe: params => `map with ${describeFunction(params.function)}`,
  create: (context, params, [input]) => rowOperator(context, params, input!, result => [result]),
}

/** One row in, any number out, in the order they are returned. */
export const flatMapOperator: OperatorType<RowFunctionParams> = {
  kind: 'flatMap',
  inputCount: 1,
  placement: placementOf,
  fields: ([input], params, where) => outputFields(input!, params, where),
  describe: params => `flatMap with ${describeFunction(params.function)}`,
  create: (context, params, [input]) =>
    rowOperator(context, params, input!, (result, row) => {
      const iterable = result as Iterable<unknown> | null | undefined
      if (iterable && typeof iterable === 'object' && Symbol.iterator in iterable) return iterable
      throw new DataError('USER_RESULT', `${context.where}: the function returned ${String(result)} for row ${row}; return an array (or iterable) of rows`)
    }),
}

/** Keeps the rows for which the function returns true. */
export const filterRowsOperator: OperatorType<{ readonly function: FunctionReference & Json }> = {
  kind: 'filterRows',
  inputCount: 1,
  placement: placementOf,
  fields: ([input]) => input!,
  describe: params => `filter rows with ${describeFunction(params.function)}`,
  create(context, params) {
    const call = callable(context, params.function)
    return {
      push(batch, out) {
        const read = rowReader(context.device.memory, batch)
        const kept: number[] = []
        for (let row = 0; row < batch.rowCount; row++) if (call(read(row), row) === true) kept.push(row)
        emitTaken(context, batch, kept, batch.fields, [], out)
      },
    }
  },
}

function outputFields(input: Fields, params: RowFunctionParams, where: string): Fields {
  const hidden = input.filter(f => isHidden(f.name))
  if (params.schema) return [...parseSchema(params.schema, where), ...hidden]
  const added = parseSchema(params.adds ?? {}, where)
  const names = new Set(added.map(f => f.name))
  return [...input.filter(f => !isHidden(f.name) && !names.has(f.name)), ...added, ...hidden]
}

function rowOperator(context: OperatorContext, params: RowFunctionParams, input: Fields, expand: (result: unknown, row: number) => Iterable<unknown>): Operator {
  const call = callable(context, params.function)
  const fields = outputFields(input, params, context.where)
  return {
    push(batch, out) {
      const read = rowReader(context.device.memory, batch)
      const sources: number[] = []
      const rows: PlainRow[] = []
      for (let row = 0; row < batch.rowCount; row++) {
        for (const result of expand(call(read(row), row), row)) {
          if (typeof result !== 'object' || result === null) throw new DataError('USER_RESULT', `${context.where}: the function returned ${String(result)} for row ${row}; return an object with a property per column`)
          sources.push(row)
          rows.push(result as PlainRow)
        }
      }
      emitTaken(context, batch, sources, fields, rows, out)
    },
  }
}

// Visible columns come from `rows` (where given), hidden ones are taken from the source rows.
function emitTaken(context: OperatorContext, batch: Batch, sources: readonly number[], fields: Fields, rows: readonly PlainRow[], out: Output): void {
  if (sources.length === 0) return
  const { device, arena } = context
  const indices = arena.allocate(4 * sources.length)
  device.memory.uint32s(indices, sources.length).set(sources)
  if (rows.length === 0) {
    out.emit(gatherBatch(device, arena, batch, indices, sources.length))
    return
  }
  const visibleFields = fields.filter(f => !isHidden(f.name))
  const built = buildBatch(device, arena, visibleFields, rows, context.where)
  const hidden = { ...batch, fields: batch.fields.filter(f => isHidden(f.name)), columns: batch.columns.filter((_, i) => isHidden(batch.fields[i]!.name)) }
  const taken = hidden.fields.length === 0 ? [] : gatherBatch(device, arena, hidden, indices, sources.length).columns
  out.emit({ fields, rowCount: rows.length, columns: [...built.columns, ...taken], arena: arena.address })
}

/** The user function, its throws turned into a DataError USER_FUNCTION that names the step and the row, with the original as its cause. */
export function callable(context: OperatorContext, reference: FunctionReference): (argument: unknown, row: number) => unknown {
  const call = context.userFunction!(reference) as UserFunction as (argument: unknown) => unknown
  return (argument, row) => {
    try {
      return call(argument)
    } catch (cause) {
      throw new DataError('USER_FUNCTION', `${context.where}: the function threw for row ${row} of its batch: ${cause instanceof Error ? cause.message : String(cause)}; catch it inside, or filter such rows out before`, { cause })
    }
  }
}
