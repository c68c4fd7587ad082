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
import type { Operator, OperatorContext, OperatorType, Placement } from './operator.ts'

/** Parameters of `map` and `flatMap`: `adds` puts columns to the input's, whose own are taken as they are; `schema` replaces them all. */
export type RowFunctionParams = { readonly function: FunctionReference & Json; readonly adds?: SchemaLike & Json; readonly schema?: SchemaLike & Json }

/** Where a user function may run. */
export function placementOf(params: { readonly function: FunctionReference }): Placement {
  return isClosure(params.function) ? 'main' : 'any'
}

/** One row in, one row out. */
export const mapOperator: OperatorType<RowFunctionParams> = {
  kind: 'map',
  inputCount: 1,
  takesChanges: true,
  placement: placementOf,
  fields: ([input], params, where) => outputFields(input!, params, where),
  describe: params => `map with ${describeFunction(params.function)}`,
  create: (context, params, [input]) => rowOperator(context, params, input!, result => [result]),
}

/** One row in, any number out, in the order they are returned. */
export const flatMapOperator: OperatorType<RowFunctionParams> = {
  kind: 'flatMap',
  inputCount: 1,
  takesChanges: true,
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
  takesChanges: true,
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
        if (kept.length > 0) out.emit(taken(context, batch, kept))
      },
    }
  },
}

/** The fields that a row function gives: what it adds beside the input's, or all of a schema; hidden ones stay. */
export function outputFields(input: Fields, params: RowFunctionParams, where: string): Fields {
  const hidden = input.filter(f => isHidden(f.name))
  if (params.schema) return [...parseSchema(params.schema, where), ...hidden]
  const added = parseSchema(params.adds ?? {}, where)
  const names = new Set(added.map(f => f.name))
  return [...input.filter(f => !isHidden(f.name) && !names.has(f.name)), ...added, ...hidden]
}

function rowOperator(context: OperatorContext, params: RowFunctionParams, input: Fields, expand: (result: unknown, row: number) => Iterable<unknown>): Operator {
  const call = callable(context, params.function)
  const { device, where } = context
  const fields = outputFields(input, params, where)
  const made = params.adds && !params.schema ? parseSchema(params.adds, where) : fields.filter(f => !isHidden(f.name))
  return {
    push(batch, out) {
      const read = rowReader(device.memory, batch)
      const sources: number[] = []
      const rows: PlainRow[] = []
      for (let row = 0; row < batch.rowCount; row++) {
        for (const result of expand(call(read(row), row), row)) {
          if (typeof result !== 'object' || result === null) throw new DataError('USER_RESULT', `${where}: the function returned ${String(result)} for row ${row}; return an object with a property per column`)
          sources.push(row)
          rows.push(result as PlainRow)
        }
      }
      if (rows.length > 0) out.emit(merged(context, batch, sources, fields, buildBatch(device, context.arena, made, rows, where)))
    },
  }
}

function taken(context: OperatorContext, batch: Batch, sources: readonly number[]): Batch {
  const { device, arena } = context
  const indices = arena.allocate(4 * sources.length)
  device.memory.uint32s(indices, sources.length).set(sources)
  return gatherBatch(device, arena, batch, indices, sources.length)
}

/** Columns that the function made, beside those of the rows it made them from. */
export function merged(context: OperatorContext, batch: Batch, sources: readonly number[], fields: Fields, made: Batch): Batch {
  const indexIn = (all: Fields, name: string) => all.findIndex(f => f.name === name)
  const carried = fields.filter(f => indexIn(made.fields, f.name) < 0)
  const source = { ...batch, fields: carried, columns: carried.map(f => batch.columns[indexIn(batch.fields, f.name)]!) }
  const rest = carried.length === 0 ? source : taken(context, source, sources)
  const columns = fields.map(({ name }) => made.columns[indexIn(made.fields, name)] ?? rest.columns[indexIn(carried, name)]!)
  return { fields, rowCount: sources.length, columns, arena: context.arena.address }
}

/** The user function, given one or two arguments, its throws turned into a DataError USER_FUNCTION that names the step and the row, with the original as its cause. */
export function callable(context: OperatorContext, reference: FunctionReference): (argument: unknown, row: number, second?: object) => unknown {
  const call = context.userFunction!(reference) as UserFunction as (argument: unknown, second?: object) => unknown
  return (argument, row, second) => {
    try {
      return second ? call(argument, second) : call(argument)
    } catch (cause) {
      throw new DataError('USER_FUNCTION', `${context.where}: the function threw for row ${row} of its batch: ${cause instanceof Error ? cause.message : String(cause)}; catch it inside, or filter such rows out before`, { cause })
    }
  }
}
