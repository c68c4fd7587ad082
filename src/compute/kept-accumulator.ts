// Aggregates that can't take a row back, over rows that are taken back: each different value of a group is kept with how often it holds, and the results of
// changed groups are computed from what is left.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { type DataType, int32, int64 } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type Accumulator, createAccumulator } from './accumulator.ts'
import { type AggregateSpec, noPlaces, orderSuffix, type RowPlaces, type SomeGroups } from './aggregate-contract.ts'
import { EntryState } from './entry-state.ts'
import { gatherColumn, gathered, rowNumbers } from './gather.ts'
import { GroupTable } from './group-table.ts'
import { firstRows } from './row-numbers.ts'
import { RowStore } from './row-store.ts'
import { listItems, rowRuns } from './row-runs.ts'
import { sortIndices } from './sort.ts'

/** Aggregates that make the same of a value however often it comes. */
const once = new Set(['min', 'max', 'any', 'every', 'countDistinct', 'approxCountDistinct', 'first', 'last', 'anyValue', 'argMin', 'argMax', 'bitAnd', 'bitOr'])
/** Those that make the same of values in whatever order they come. */
const anyOrder = new Set(['min', 'max', 'any', 'every', 'countDistinct', 'approxCountDistinct', 'bitAnd', 'bitOr', 'bitXor', 'quantile', 'median', 'mode'])

const deadPairsMax = 4_096

/**
 * Any aggregate, of rows that come and are taken back. A value that came again after it had been taken back stands where it came again; equal values stand together. Cost: of a
 * result, of all values of its group that differ.
 */
export class KeptAccumulator implements Accumulator {
  readonly #device: Device
  readonly #spec: AggregateSpec
  readonly #inner: Accumulator
  readonly #types: readonly DataType[]
  readonly #fields: readonly Field[]
  #table: GroupTable
  /** The group and the values of each pair. */
  readonly #pairs: RowStore
  readonly #entries: EntryState
  readonly #heads: EntryState
  #live = 0
  constructor(device: Device, spec: AggregateSpec) {
    this.#device = device
    this.#spec = spec
    this.#inner = createAccumulator(device, spec)
    this.#types = [spec.inputType!, ...(spec.argTypes ?? [])]
    this.#fields = [{ name: 'group', type: int32, nullable: false }, ...this.#types.map((type, i) => ({ name: `value${i}`, type, nullable: true }))]
    this.#table = new GroupTable(device, this.#fields)
    this.#pairs = new RowStore(device, this.#fields)
    this.#entries = new EntryState(device, 24)
    this.#heads = new EntryState(device, 8)
  }
  get bytes(): number {
    return this.#table.bytes + this.#pairs.bytes + this.#entries.memory.bytes + this.#heads.memory.bytes + this.#inner.bytes
  }

  /** The fields of `partialColumns`. */
  static fields({ inputType, argTypes = [] }: AggregateSpec, name: string): Field[] {
    const list = (part: string, type: DataType, nullable: boolean): Field => ({ name: `${name}.${part}`, type: { kind: 'list', item: { type, nullable } }, nullable: false })
    const values = [inputType!, ...argTypes].map((type, i) => list(`values${i}`, type, true))
    return [...values, list('counts', int64, false), list('places', int64, false), { name: `${name}${orderSuffix}`, type: int64, nullable: true }]
  }

  update(gids: number, inputs: readonly Column[], rows: number, groupCount: number, places: RowPlaces): void {
    this.#keep(gids, inputs, rows, groupCount, places, 1)
  }
  /** Takes rows back that were taken: of equal ones any. */
  retract(gids: number, inputs: readonly Column[], rows: number, groupCount: number): void {
    this.#keep(gids, inputs, rows, groupCount, noPlaces, -1)
  }

  #keep(gids: number, inputs: readonly Column[], rows: number, groupCount: number, places: RowPlaces, count: number): void {
    const arena = this.#device.arena()
    try {
      const pairs = this.#find(arena, gids, inputs, rows)
      this.#live += this.#device.kernels.keepValues(pairs, gids, rows, count, places.first, places.rows, this.#entries.ensure(this.#table.groupCount), this.#heads.ensure(groupCount))
    } finally {
      arena.release()
    }
    if (this.#table.groupCount > 2 * this.#live + deadPairsMax) this.#repack(groupCount)
  }

  #find(arena: Arena, gids: number, values: readonly Column[], rows: number): number {
    const columns = [{ type: int32, length: rows, values: gids, validity: 0 }, ...values]
    const known = this.#table.groupCount
    const pairs = this.#table.find(arena, columns, rows)
    const fresh = firstRows(this.#device, arena, pairs, rows, known)
    if (fresh.rows > 0) this.#pairs.append({ columns: gathered(this.#device, arena, columns, fresh), rowCount: fresh.rows })
    return pairs
  }

  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void {
    const arena = this.#device.arena()
    try {
      const { gids: own, items, count } = listItems(this.#device, arena, gids, partial.slice(0, -1), rows)
      this.#takeItems(arena, own, items, count, groupCount)
    } finally {
      arena.release()
    }
  }

  #takeItems(arena: Arena, gids: number, items: readonly Column[], count: number, groupCount: number): void {
    if (count === 0) return
    const [counts, places] = items.slice(-2).map(column => column.values)
    const before = this.#table.groupCount
    const pairs = this.#find(arena, gids, items.slice(0, -2), count)
    this.#device.kernels.mergeKept(pairs, gids, counts!, places!, count, this.#entries.ensure(this.#table.groupCount), this.#heads.ensure(groupCount))
    this.#live += this.#table.groupCount - before
  }

  partialColumns(arena: Arena, groupCount: number): Column[] {
    const device = this.#device
    const { gids, items, rows } = this.#held(arena)
    const runs = rowRuns(device, arena, gids, rows, groupCount)
    const last = arena.allocate(8 * groupCount)
    const sorted = gathered(device, arena, items, { indices: runs.rows, rows })
    const lists = sorted.map((item, i): Column => ({ type: KeptAccumulator.fields(this.#spec, '')[i]!.type, length: groupCount, values: runs.offsets, validity: 0, children: [item] }))
    device.kernels.greatestWords(sorted.at(-1)!.values, runs.offsets, groupCount, last)
    const validity = arena.allocate(Math.ceil(groupCount / 8))
    device.kernels.maskRuns(runs.offsets, groupCount, validity)
    return [...lists, { type: int64, length: groupCount, values: last, validity }]
  }

  // The pairs that hold: groups, values, how often, places.
  #held(arena: Arena): { gids: number; items: Column[]; rows: number } {
    const { kernels } = this.#device
    const all = this.#table.groupCount
    const entries = this.#entries.ensure(all)
    const indices = arena.allocate(4 * all)
    const rows = kernels.heldPairs(entries, all, indices)
    const words = (offset: number) => {
      const out = allocateColumn(arena, int64, rows)
      kernels.takeKept(entries, indices, rows, offset, out.values)
      return out
    }
    const [groups, ...values] = gathered(this.#device, arena, this.#pairs.batch().columns, { indices, rows })
    return { gids: groups!.values, items: [...values, words(0), words(8)], rows }
  }

  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[] {
    const device = this.#device
    const { kernels } = device
    const scratch = device.arena()
    try {
      const { indices, rows: groups } = of ?? { indices: rowNumbers(device, scratch, groupCount), rows: groupCount }
      const [entries, heads] = [this.#entries.ensure(this.#table.groupCount), this.#heads.ensure(groupCount)]
      const repeat = once.has(this.#spec.fn) ? 0 : 1
      const rows = kernels.pairsOfGroups(indices, groups, repeat, entries, heads, 0, 0)
      const [pairs, numbers] = [scratch.allocate(4 * rows), scratch.allocate(4 * rows)]
      kernels.pairsOfGroups(indices, groups, repeat, entries, heads, pairs, numbers)
      const ordered = anyOrder.has(this.#spec.fn) ? { pairs, numbers } : this.#inOrder(scratch, pairs, numbers, rows)
      const values = gathered(device, scratch, this.#pairs.batch().columns.slice(1), { indices: ordered.pairs, rows })
      if (rows > 0) this.#inner.update(ordered.numbers, values, rows, groups, noPlaces)
      return this.#inner.resultColumns(arena, groups)
    } finally {
      this.#inner.reset()
      scratch.release()
    }
  }

  #inOrder(scratch: Arena, pairs: number, numbers: number, rows: number): { pairs: number; numbers: number } {
    const places = allocateColumn(scratch, int64, rows)
    this.#device.kernels.takeKept(this.#entries.ensure(this.#table.groupCount), pairs, rows, 8, places.values)
    const order = sortIndices(this.#device, scratch, [{ column: places }], rows)
    const sorted = (values: number) => gatherColumn(this.#device, scratch, { type: int32, length: rows, values, validity: 0 }, order, rows).values
    return { pairs: sorted(pairs), numbers: sorted(numbers) }
  }

  // Forgets the pairs that hold no more.
  #repack(groupCount: number): void {
    const arena = this.#device.arena()
    try {
      const { gids, items, rows } = this.#held(arena)
      const values = { gids, items, rows }
      this.reset()
      this.#takeItems(arena, values.gids, values.items, values.rows, groupCount)
    } finally {
      arena.release()
    }
  }

  reset(): void {
    this.#table.close()
    this.#table = new GroupTable(this.#device, this.#fields)
    this.#pairs.clear()
    this.#entries.reset()
    this.#heads.reset()
    this.#live = 0
  }
  close(): void {
    this.#table.close()
    this.#pairs.close()
    this.#entries.close()
    this.#heads.close()
    this.#inner.close()
  }
}
