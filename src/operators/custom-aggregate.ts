// groupBy(…).agg(…) with aggregates that users wrote: closures over plain values. They can't leave the thread that made them, so the whole
// group-by is one step there, in source order; explain() says that it leaves the fast path. States are JavaScript values, so they stay in memory.
import { DataError, PlanError } from '../base/errors.ts'
import type { FunctionReference } from '../base/function-reference.ts'
import type { Json } from '../base/json.ts'
import { type Batch, type Column, sliceBatch } from '../batch/batch.ts'
import { buildColumn } from '../batch/build-columns.ts'
import { type Value, valueReader } from '../batch/read-values.ts'
import { columnIndex, type Field, fieldOf, type Fields } from '../batch/schema.ts'
import { parseType } from '../batch/type-name.ts'
import { type Accumulators, createAccumulators } from '../compute/accumulators.ts'
import { GroupTable } from '../compute/group-table.ts'
import { RowOrder } from '../compute/row-order.ts'
import type { StateRun } from '../state/state-run.ts'
import { type AggregateParam, finalAggregateOperator, partialAggregateOperator, partialShape } from './group-by.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/** What a user's aggregate does. `update` and `merge` may change the state that they are given (`merge` its first one) and return it. */
export interface AggregateFunctions {
  /** The state of no rows. */
  init(): unknown
  /** Takes a group's rows of one batch: an array of values for each column, null where the column is. Returns the state, or nothing where it changed it. */
  update(state: unknown, ...values: Value[][]): unknown
  /** Joins two states, the rows of `a` before those of `b`. */
  merge(a: unknown, b: unknown): unknown
  /** The result. */
  finish(state: unknown): unknown
}

/** An aggregate of a user's: `inputs` and `where` are columns; `where` is a condition that rows must meet. */
export type CustomParam = { readonly name: string; readonly type: string; readonly inputs: readonly string[]; readonly where?: string }

/** `function` gives a user's aggregates by name; `aggregates` are the others; `names` are the results in order. */
export type CustomAggregateParams = {
  readonly function: FunctionReference & Json
  readonly keys: readonly string[]
  readonly aggregates: readonly AggregateParam[]
  readonly custom: readonly CustomParam[]
  readonly names: readonly string[]
}

/** Rows of an emitted batch. */
const emitRows = 65_536

/** One row per group: the keys, then the aggregates. Over no rows and without keys there is one group, which no `update` sees. */
export const customAggregateOperator: OperatorType<CustomAggregateParams> = {
  kind: 'customAggregate',
  inputCount: 1,
  placement: () => 'main',
  fields: ([input], params, where) => resultFields(input!, params, where),
  describe({ keys, aggregates, custom, names }) {
    const calls = names.map(name => {
      const own = custom.find(one => one.name === name)
      const other = aggregates.find(one => one.name === name)
      return own ? `${name} = custom(${own.inputs.join(', ')})` : `${name} = ${other!.fn}(${[other!.input, ...(other!.args ?? [])].filter(column => column !== undefined).join(', ')})`
    })
    return keys.length === 0 ? calls.join(', ') : `${keys.join(', ')}: ${calls.join(', ')}`
  },
  create: (context, params, [input]) => new CustomAggregateOperator(context, params, input!),
}

/** A user's aggregate in an operator: where its columns are, and the state of each group that had rows. */
interface Custom {
  readonly field: Field
  readonly functions: AggregateFunctions
  readonly inputs: readonly number[]
  readonly where?: number
  readonly states: Map<number, unknown>
}

class CustomAggregateOperator implements Operator {
  readonly #context: OperatorContext
  readonly #results: Fields
  readonly #shape: ReturnType<typeof partialShape>
  readonly #table: GroupTable
  readonly #accumulators: Accumulators
  readonly #customs: readonly Custom[]
  readonly #order = new RowOrder()
  #rows = 0
  constructor(context: OperatorContext, params: CustomAggregateParams, input: Fields) {
    const { device, where } = context
    const functionsOf = context.userFunction!(params.function) as (name: string) => AggregateFunctions
    this.#context = context
    this.#results = resultFields(input, params, where)
    this.#shape = partialShape(input, params, where)
    this.#customs = params.custom.map(custom => ({
      field: customField(custom, where),
      functions: functionsOf(custom.name),
      inputs: custom.inputs.map(name => columnIndex(input, name, where)),
      ...(custom.where !== undefined && { where: columnIndex(input, custom.where, where) }),
      states: new Map(),
    }))
    this.#table = new GroupTable(device, this.#shape.keys)
    this.#accumulators = createAccumulators(device, this.#shape.specs)
  }

  push({ columns, rowCount }: Batch): void {
    if (rowCount === 0) return
    const { device } = this.#context
    const arena = device.arena()
    try {
      const keys = this.#shape.keyAt.map(i => columns[i]!)
      const gids = this.#table.find(arena, keys, rowCount)
      const places = this.#order.from(this.#context.takeOrder(rowCount))
      this.#accumulators.update(gids, this.#shape.inputs.map(i => columns[i]), rowCount, this.#table.groupCount, places)
      const groups = device.memory.uint32s(gids, rowCount).slice()
      for (const custom of this.#customs) this.#update(custom, valuesByGroup(this.#context, custom, columns, groups))
      this.#rows += rowCount
    } finally {
      arena.release()
    }
  }

  #update(custom: Custom, batch: ReadonlyMap<number, Value[][]>): void {
    const { functions, states } = custom
    for (const [gid, values] of batch) {
      const fresh = this.#call(custom, gid, 'init', () => functions.init())
      const updated = this.#call(custom, gid, 'update', () => functions.update(fresh, ...values))
      const state = updated === undefined ? fresh : updated
      if (states.has(gid)) states.set(gid, this.#merged(custom, gid, state))
      else states.set(gid, state)
    }
  }

  #merged(custom: Custom, gid: number, state: unknown): unknown {
    const merged = this.#call(custom, gid, 'merge', () => custom.functions.merge(custom.states.get(gid), state))
    if (merged === undefined) throw new DataError('USER_RESULT', `${this.#place(custom, gid)}: merge() returned nothing; return the joined state`)
    return merged
  }

  #call(custom: Custom, gid: number, name: string, call: () => unknown): unknown {
    let result: unknown
    try {
      result = call()
    } catch (cause) {
      throw new DataError('USER_FUNCTION', `${this.#place(custom, gid)}: ${name}() threw: ${cause instanceof Error ? cause.message : String(cause)}; catch it inside, or filter such rows out before`, { cause })
    }
    if (result instanceof Promise) {
      result.catch(() => {})
      throw new DataError('USER_RESULT', `${this.#place(custom, gid)}: ${name}() returned a promise; aggregates don't wait, so return the value itself`)
    }
    return result
  }

  // The step, the aggregate and the group's key, as messages begin.
  #place(custom: Custom, gid: number): string {
    const arena = this.#context.device.arena()
    try {
      return this.#placeBy(this.#table.keyColumns(arena), custom, gid)
    } finally {
      arena.release()
    }
  }

  #placeBy(columns: readonly Column[], { field }: Custom, gid: number): string {
    const values = this.#shape.keys.map(({ name }, i) => `${name} = ${shown(valueReader(this.#context.device.memory, columns[i]!)(gid))}`)
    return `${this.#context.where}, aggregate "${field.name}"${values.length > 0 ? `, group ${values.join(', ')}` : ''}`
  }

  finish(out: Output): void {
    const { arena } = this.#context
    const rowCount = this.#table.groupCount
    const keys = this.#table.keyColumns(arena)
    const others = this.#accumulators.resultColumns(arena, rowCount)
    const made = new Map(this.#customs.map(custom => [custom.field.name, this.#resultColumn(custom, keys, rowCount)]))
    let next = 0
    const columns: Column[] = [...keys, ...this.#results.slice(keys.length).map(({ name }) => made.get(name) ?? others[next++]!)]
    const whole: Batch = { fields: this.#results, rowCount, columns, arena: arena.address }
    for (let start = 0; start < rowCount; start += emitRows)
      out.emit(rowCount <= emitRows ? whole : sliceBatch(whole, start, Math.min(rowCount, start + emitRows)))
    this.#rows = 0
  }

  #resultColumn(custom: Custom, keys: readonly Column[], rowCount: number): Column {
    const { field, functions, states } = custom
    const values = Array.from({ length: rowCount }, (_, gid) => {
      const state = states.has(gid) ? states.get(gid) : this.#call(custom, gid, 'init', () => functions.init())
      return this.#call(custom, gid, 'finish', () => functions.finish(state))
    })
    return buildColumn(this.#context.device, this.#context.arena, field, values, gid => this.#placeBy(keys, custom, gid))
  }

  snapshot(): StateRun[] {
    if (this.#rows === 0) return []
    const names = this.#customs.map(({ field }) => `"${field.name}"`).join(', ')
    throw new PlanError('CUSTOM_STATE', `${this.#context.where}: a checkpoint can't hold the states of ${names}, which are values of your program; run without checkpoints, or use built-in aggregates`)
  }

  close(): void {
    this.#table.close()
    this.#accumulators.close()
  }
}

// The values of a batch by group, an array a column: only of rows that meet the condition.
function valuesByGroup({ device }: OperatorContext, { inputs, where }: Custom, columns: readonly Column[], groups: Uint32Array): Map<number, Value[][]> {
  const read = inputs.map(i => valueReader(device.memory, columns[i]!))
  const meets = where === undefined ? undefined : valueReader(device.memory, columns[where]!)
  const found = new Map<number, Value[][]>()
  groups.forEach((gid, row) => {
    if (meets && meets(row) !== true) return
    let values = found.get(gid)
    if (!values) found.set(gid, (values = read.map(() => [])))
    for (let i = 0; i < read.length; i++) values[i]!.push(read[i]!(row))
  })
  return found
}

function customField({ name, type }: CustomParam, where: string): Field {
  return { name, ...parseType(type, `${where}, aggregate "${name}"`) }
}

function resultFields(input: Fields, params: CustomAggregateParams, where: string): Fields {
  const { keys, custom, names } = params
  const twice = names.find(name => keys.includes(name))
  if (twice !== undefined) throw new PlanError('AGGREGATE_NAME', `${where}: "${twice}" is the name of two of the result's columns; rename one of the aggregates`)
  for (const { inputs } of custom) for (const name of inputs) fieldOf(input, name, where)
  const others = finalAggregateOperator.fields([partialAggregateOperator.fields([input], params, where)], params, where)
  const made = custom.map(one => customField(one, where))
  return [...others.slice(0, keys.length), ...names.map(name => made.find(field => field.name === name) ?? others.find((field, i) => i >= keys.length && field.name === name)!)]
}

function shown(value: Value): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
