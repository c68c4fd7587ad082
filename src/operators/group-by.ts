// groupBy(…).agg(…) over bounded input, in two steps that share their code: each instance of `partialAggregate` aggregates what it gets and
// emits its groups as partial states at the end; `finalAggregate` gets all partial states of its keys, merges them and emits the results.
import { PlanError } from '../base/errors.ts'
import { keyGroupCount, keyGroupRange } from '../base/hash.ts'
import { type Batch, type Column, releaseBatch, sliceBatch } from '../batch/batch.ts'
import { columnIndex, type Field, fieldOf, type Fields } from '../batch/schema.ts'
import { type AggregateOptions, aggregateType, type AggregateSpec, inputTypesText, isNullable, parseInputTypes, partialFieldsOf } from '../compute/accumulator.ts'
import { type Accumulators, createAccumulators } from '../compute/accumulators.ts'
import { GroupTable } from '../compute/group-table.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { orderSuffix, type RowPlaces } from '../compute/aggregate-contract.ts'
import { RowOrder } from '../compute/row-order.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { BlockMerger, BlockWriter } from './aggregate-blocks.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { GroupLimit, type GroupsInMemory, SpilledGroups } from './spilled-groups.ts'

/** One aggregate: `input` and `args` are columns; without them, `count` counts rows. */
export type AggregateParam = { readonly name: string; readonly fn: string; readonly input?: string; readonly args?: readonly string[]; readonly options?: AggregateOptions }

/** Parameters of both steps. Without keys there is one group, also over no rows. */
export type AggregateParams = { readonly keys: readonly string[]; readonly aggregates: readonly AggregateParam[] }

/** Rows that go through table and accumulators at once: their group numbers stay in the first cache. */
const sliceRows = 16_384
/** Rows of an emitted batch. */
const emitRows = 65_536
/** A partial step with more groups than this gains little by holding more: it emits what it has and starts again. */
const partialGroupsMax = 1 << 20
/** From so many rows on, a partial step looks whether keys repeat at all. */
const sampleRows = 32_768
/** Memory below which rows are always aggregated at once: blocks of rows would not fit. */
const blockStateBytes = 1 << 25
/** Groups beyond which a partial step that halves its rows at most does more harm than good: its state leaves the cache. */
const cachedGroups = 1 << 17

/** Aggregates before the exchange; emits keys and partial states when its input ends, or when there are too many groups. */
export const partialAggregateOperator: OperatorType<AggregateParams> = {
  kind: 'partialAggregate',
  inputCount: 1,
  placement: () => 'any',
  stateWeight: 0.5,
  fields: ([input], params, where) => partialFields(input!, params, where),
  describe: params => `${describeGroups(params)}, in part`,
  create: (context, params, [input]) => new AggregateOperator(context, partialShape(input!, params, context.where)),
}

/** Merges partial states by key and emits one row per group: the keys, then the aggregates. The order of groups is not specified. */
export const finalAggregateOperator: OperatorType<AggregateParams> = {
  kind: 'finalAggregate',
  inputCount: 1,
  placement: params => (params.keys.length === 0 ? 'single' : 'keyed'),
  keys: params => params.keys,
  fields: ([partial], params, where) => resultFields(partial!, params, where),
  describe: describeGroups,
  create(context, params, [partial]) {
    const keys = params.keys.map(key => fieldOf(partial!, key, context.where))
    const specs = params.aggregates.map((aggregate, i) => specOfState(partial!, aggregate, i, context.where))
    return new AggregateOperator(context, { keys, specs, partial: partial!, results: resultFields(partial!, params, context.where) })
  },
}

/** What an `AggregateOperator` works on. */
export interface AggregateShape {
  readonly keys: readonly Field[]
  readonly specs: readonly AggregateSpec[]
  /** Keys, then states: what the partial step emits, what the final one gets, and what snapshots hold. */
  readonly partial: Fields
  /** The partial step: the positions of keys and of all that aggregates read in its input; −1 for a count of rows. */
  readonly keyAt?: readonly number[]
  readonly inputs?: readonly number[]
  /** The final step: keys, then results. */
  readonly results?: Fields
}

/** The shape of the partial step. Throws PlanError as `fields` does. */
export function partialShape(input: Fields, params: AggregateParams, where: string): AggregateShape & Required<Pick<AggregateShape, 'keyAt' | 'inputs'>> {
  const keys = params.keys.map(key => fieldOf(input, key, where))
  return {
    keys,
    specs: params.aggregates.map(aggregate => specOf(input, aggregate, where)),
    partial: partialFields(input, params, where),
    inputs: params.aggregates.flatMap(({ input: name, args = [] }) => (name === undefined ? [-1] : [name, ...args].map(column => columnIndex(input, column, where)))),
    keyAt: keys.map(key => input.indexOf(key)),
  }
}

/** Either step. Groups and states are its own; the partial step on the GPU (gpu-aggregate.ts) finds groups here and merges its states in. */
export class AggregateOperator implements Operator, GroupsInMemory {
  readonly #context: OperatorContext
  readonly #shape: AggregateShape
  readonly #limit: GroupLimit
  #table: GroupTable
  #accumulators: Accumulators
  /** The final step: groups that were too many for memory. */
  #spilled: SpilledGroups | undefined
  readonly #order = new RowOrder()
  /** The partial step, once it passes rows on instead of aggregating them; the final step, once it was given such rows. */
  #writer: BlockWriter | undefined
  #merger: BlockMerger | undefined
  /** Rows that the groups known came from. */
  #rows = 0
  constructor(context: OperatorContext, shape: AggregateShape) {
    this.#context = context
    this.#shape = shape
    this.#limit = new GroupLimit(context.stateBytesMax)
    this.#table = new GroupTable(context.device, shape.keys)
    this.#accumulators = createAccumulators(context.device, shape.specs)
  }

  push(batch: Batch, out: Output): void {
    if (batch.block !== undefined) return this.#takeBlock(batch)
    const arena = this.#context.device.arena()
    try {
      if (this.#shape.results) this.#take(arena, batch)
      else this.#update(arena, batch, out)
    } finally {
      arena.release()
    }
    if (!this.#shape.results && this.#table.groupCount > partialGroupsMax) this.#passOn(out)
  }

  #update(arena: Arena, batch: Batch, out: Output): void {
    for (let start = 0; start < batch.rowCount; start += sliceRows) {
      if (!this.#writer && this.#hardlyRepeats()) {
        this.#passOn(out)
        this.#writer = new BlockWriter(this.#context, this.#shape, this.#shape.partial.some(field => field.name.endsWith(orderSuffix)))
      }
      const end = this.#writer ? batch.rowCount : Math.min(batch.rowCount, start + sliceRows)
      const slice = start === 0 && end === batch.rowCount ? batch : sliceBatch(batch, start, end)
      if (this.#writer) return this.#writer.push(slice, this.#order.from(this.#context.takeOrder(slice.rowCount)).first, out)
      if (this.#limit.isReached(this, slice.rowCount)) this.#passOn(out)
      this.update(this.find(arena, slice), slice)
      this.#rows += slice.rowCount
    }
  }

  #hardlyRepeats(): boolean {
    const { groupCount } = this.#table
    if (this.#shape.keys.length === 0 || this.#context.stateBytesMax < blockStateBytes) return false
    return (this.#rows >= sampleRows && groupCount > 0.9 * this.#rows) || (groupCount > cachedGroups && 2 * groupCount > this.#rows)
  }

  // Emits the groups and starts again.
  #passOn(out: Output): void {
    this.#emit(out)
    this.#limit.reset(this)
  }

  #takeBlock(batch: Batch): void {
    this.#merger ??= new BlockMerger(this.#context, this.#shape)
    this.#merger.add(batch)
    if (this.#spilled || this.#merger.bytes > this.#context.stateBytesMax / 2) this.#dissolve()
  }

  // Too many rows to keep: they leave memory as states.
  #dissolve(): void {
    for (const { states } of this.#merger!.states()) this.#onDisk().addStates(states)
    this.#merger!.close()
    this.#merger = undefined
  }

  /** Groups known. */
  get groupCount(): number {
    return this.#table.groupCount
  }

  /** The partial step: the address in `arena` of the group number of each row; new groups are appended. */
  find(arena: Arena, { columns, rowCount }: Batch): number {
    return this.#table.find(
      arena,
      this.#shape.keyAt!.map(i => columns[i]!),
      rowCount,
    )
  }

  /** The partial step: takes rows whose groups were found. */
  update(gids: number, batch: Batch): void {
    this.#updateAt(gids, batch, this.#order.from(this.#context.takeOrder(batch.rowCount)))
  }

  #updateAt(gids: number, { columns, rowCount }: Batch, places: RowPlaces): void {
    const inputs: (Column | undefined)[] = this.#shape.inputs!.map(i => columns[i])
    this.#accumulators.update(gids, inputs, rowCount, this.#table.groupCount, places)
  }

  /** Takes the states of groups 0 … `groups` − 1, all of them known, computed elsewhere. */
  mergeStates(arena: Arena, partial: readonly Column[], groups: number): void {
    const gids = arena.allocate(4 * groups)
    this.#context.device.memory.uint32s(gids, groups).forEach((_, i, view) => (view[i] = i))
    this.#accumulators.merge(gids, partial, groups, this.#table.groupCount)
  }

  finish(out: Output): void {
    this.#writer?.flush(out)
    if (this.#merger && this.#spilled) this.#dissolve()
    if (this.#merger) {
      if (this.#table.groupCount > 0) this.#merger.addStates(this.state(this.#context.arena))
      this.#limit.reset(this)
    } else if (!this.#spilled) this.#emit(out)
    else if (this.#table.groupCount > 0) this.#spilled.add(this)
  }

  drain(out: Output): boolean {
    if (this.#merger) return this.#merger.drain(out)
    if (!this.#spilled?.next(this)) return false
    this.#passOn(out)
    return true
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#table.bytes + this.#accumulators.bytes
  }

  growthBytes(rows: number): number {
    return this.#table.growthBytes(rows) + this.#accumulators.bytes
  }

  reset(shrink: boolean): void {
    this.#rows = 0
    if (!shrink) {
      this.#table.reset()
      this.#accumulators.reset()
      return
    }
    this.#table.close()
    this.#accumulators.close()
    this.#table = new GroupTable(this.#context.device, this.#shape.keys)
    this.#accumulators = createAccumulators(this.#context.device, this.#shape.specs)
  }

  snapshot(): StateRun[] {
    return [...this.#tableRuns(), ...(this.#merger?.snapshot() ?? [])]
  }

  #tableRuns(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    const arena = device.arena()
    try {
      for (const { batch, place } of this.#writer?.takePending() ?? []) {
        this.#updateAt(this.find(arena, batch), batch, { first: place, rows: 0 })
        releaseBatch(device, batch)
      }
      const batch = this.state(arena)
      const keyGroups = this.#shape.results ? keyGroupRange(instance, parallelism) : { start: 0, end: keyGroupCount }
      const runs = [...(batch.rowCount === 0 ? [] : [encodeRun(device, batch)]), ...(this.#spilled?.runs() ?? [])]
      return runs.map(bytes => ({ table: 'groups', keyGroups, bytes }))
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        const batch = decodeRun(device, arena, run.bytes)
        this.#order.restored(device, batch)
        this.#take(
          arena,
          rowsOfKeyGroups(
            device,
            arena,
            batch,
            this.#shape.keys.map(key => key.name),
            keyGroupRange(instance, parallelism),
            this.#context.where,
          ),
        )
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#writer?.close()
    this.#merger?.close()
    this.#spilled?.close()
    this.#table.close()
    this.#accumulators.close()
  }

  #take(arena: Arena, states: Batch): void {
    if (this.#shape.results && this.#shape.keys.length > 0 && this.#limit.isReached(this, states.rowCount)) this.#onDisk().add(this)
    this.merge(arena, states)
  }

  #onDisk(): SpilledGroups {
    this.#spilled ??= new SpilledGroups(
      this.#context,
      this.#shape.partial,
      this.#shape.keys.map(key => key.name),
      this.#limit,
    )
    return this.#spilled
  }

  merge(arena: Arena, batch: Batch): void {
    if (batch.rowCount === 0) return
    const { keys } = this.#shape
    const gids = this.#table.find(arena, batch.columns.slice(0, keys.length), batch.rowCount)
    this.#accumulators.merge(gids, batch.columns.slice(keys.length), batch.rowCount, this.#table.groupCount)
  }

  state(arena: Arena): Batch {
    const rowCount = this.#table.groupCount
    return {
      fields: this.#shape.partial,
      rowCount,
      columns: [...this.#table.keyColumns(arena), ...this.#accumulators.partialColumns(arena, rowCount)],
      arena: arena.address,
    }
  }

  #emit(out: Output): void {
    const { arena } = this.#context
    const { results } = this.#shape
    const rowCount = this.#table.groupCount
    const whole: Batch = results
      ? { fields: results, rowCount, columns: [...this.#table.keyColumns(arena), ...this.#accumulators.resultColumns(arena, rowCount)], arena: arena.address }
      : this.state(arena)
    for (let start = 0; start < rowCount; start += emitRows)
      out.emit(rowCount <= emitRows ? whole : sliceBatch(whole, start, Math.min(rowCount, start + emitRows)))
  }
}

// The name under which the i-th aggregate's state travels, with the types that it was made of; no user's column begins like this.
function stateName(i: number, spec?: AggregateSpec): string {
  return `\u0001${i}\u0001${spec ? `${inputTypesText(spec)}\u0001` : ''}`
}

function specOf(input: Fields, { fn, input: name, args, options, name: result }: AggregateParam, where: string): AggregateSpec {
  const place = `${where}, ${result}`
  const typeOf = (column: string) => fieldOf(input, column, where).type
  return { fn, where: place, ...(name !== undefined && { inputType: typeOf(name) }), ...(args && { argTypes: args.map(typeOf) }), ...(options && { options }) }
}

// The final step sees only the states: the spec that made them.
function specOfState(partial: Fields, { fn, options, name }: AggregateParam, i: number, where: string): AggregateSpec {
  const [, , types = ''] = partial.find(field => field.name.startsWith(stateName(i)))!.name.split('\u0001')
  return { fn, where: `${where}, ${name}`, ...parseInputTypes(types), ...(options && { options }) }
}

// A state is nullable where the result may be null: the final step sees only this.
function partialFields(input: Fields, { keys, aggregates }: AggregateParams, where: string): Fields {
  const place = where.replace(/:partial$/, '')
  const keyFields = keys.map(key => fieldOf(input, key, place))
  const names = [...keys, ...aggregates.map(a => a.name)]
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined)
    throw new PlanError('AGGREGATE_NAME', `${place}: "${twice}" is the name of two of the result's columns; rename one of the aggregates`)
  return [
    ...keyFields,
    ...aggregates.flatMap((aggregate, i) => {
      const spec = specOf(input, aggregate, place)
      aggregateType(spec)
      const nullable = keys.length === 0 || columnsOf(aggregate).some(column => fieldOf(input, column, place).nullable)
      return partialFieldsOf(spec, stateName(i, spec)).map(field => ({ ...field, nullable }))
    }),
  ]
}

/** Keys, then results, of what the partial step gives. */
export function resultFields(partial: Fields, { keys, aggregates }: AggregateParams, where: string): Fields {
  return [
    ...keys.map(key => fieldOf(partial, key, where)),
    ...aggregates.map((aggregate, i) => {
      const nullable = partial.some(field => field.nullable && field.name.startsWith(stateName(i)))
      return { name: aggregate.name, type: aggregateType(specOfState(partial, aggregate, i, where)), nullable: isNullable(aggregate.fn, nullable) }
    }),
  ]
}

function columnsOf({ input, args = [] }: AggregateParam): string[] {
  return input === undefined ? [] : [input, ...args]
}

/** The keys and aggregates as `explain()` shows them. */
export function describeGroups({ keys, aggregates }: AggregateParams): string {
  const calls = aggregates.map(aggregate => `${aggregate.name} = ${aggregate.fn}(${columnsOf(aggregate).join(', ')})`).join(', ')
  return keys.length === 0 ? calls : `${keys.join(', ')}: ${calls}`
}
