// countDistinct and mode: pairs of group and value are numbered by a GroupTable, so that each pair is kept once. NaN equals NaN, −0 equals 0.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, int32, int64, rowCount64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type Accumulator, type AggregateType, anything, type InputRule, type SomeGroups } from './aggregate-contract.ts'
import { selectRows } from './compact.ts'
import { EntryState } from './entry-state.ts'
import { gatherColumn, gathered } from './gather.ts'
import { GroupTable } from './group-table.ts'
import { nullColumn } from './null-column.ts'
import { firstRows } from './row-numbers.ts'
import { listColumn, listItems, listType, rowRuns } from './row-runs.ts'
import { isOrdered, sortIndices } from './sort.ts'

const isView = (type: DataType) => type.kind === 'utf8' || type.kind === 'binary'
const ordered: InputRule = { takes: 'what has an order: numbers, times, bools, texts and bytes', fits: isOrdered }

/** How many different values there are, exactly. */
export const countDistinctAggregate: AggregateType = {
  fn: 'countDistinct',
  inputs: [anything],
  nulls: 'never',
  result: () => rowCount64,
  partial: ({ inputType }, name) => [{ name: `${name}.values`, type: listType(inputType!), nullable: false }],
  create: (device, { inputType }) => new DistinctAccumulator(device, inputType!, false),
}

/** The value that comes most often; of several the least. */
export const modeAggregate: AggregateType = {
  fn: 'mode',
  inputs: [ordered],
  result: ({ inputType }) => inputType!,
  partial: ({ inputType }, name) => [
    { name: `${name}.values`, type: listType(inputType!), nullable: false },
    { name: `${name}.counts`, type: listType(int64), nullable: false },
  ],
  create: (device, { inputType }) => new DistinctAccumulator(device, inputType!, true),
}

/** Pairs of group and value, and how often each came where that is asked for. */
class DistinctAccumulator implements Accumulator {
  readonly #device: Device
  readonly #type: DataType
  readonly #counts: EntryState | undefined
  /** How many pairs each group has, where they aren't counted one by one. */
  readonly #pairs: EntryState
  readonly #table: GroupTable
  constructor(device: Device, type: DataType, counted: boolean) {
    this.#device = device
    this.#type = type
    this.#counts = counted ? new EntryState(device, 8) : undefined
    this.#pairs = new EntryState(device, 8)
    this.#table = new GroupTable(device, [{ name: 'group', type: int32, nullable: false }, { name: 'value', type, nullable: false }])
  }
  get bytes(): number {
    return this.#table.bytes + (this.#counts ?? this.#pairs).memory.bytes
  }

  update(gids: number, [column]: readonly Column[], rows: number, groupCount: number): void {
    if (column!.type.kind === 'null') return
    const device = this.#device
    const arena = device.arena()
    try {
      const stored = column!
      const groups: Column = { type: int32, length: rows, values: gids, validity: 0 }
      if (column!.validity === 0) return this.#add(arena, groups, stored, 0, groupCount)
      const some = selectRows(device, arena, column!.validity, rows)
      this.#add(arena, gatherColumn(device, arena, groups, some.indices, some.rows), gatherColumn(device, arena, stored, some.indices, some.rows), 0, groupCount)
    } finally {
      arena.release()
    }
  }

  merge(gids: number, lists: readonly Column[], rows: number, groupCount: number): void {
    const arena = this.#device.arena()
    try {
      const { gids: own, items, count } = listItems(this.#device, arena, gids, lists, rows)
      this.#add(arena, { type: int32, length: count, values: own, validity: 0 }, items[0]!, items[1]?.values ?? 0, groupCount)
    } finally {
      arena.release()
    }
  }

  // `weights`: how often each pair came; 0 is once.
  #add(arena: Arena, groups: Column, values: Column, weights: number, groupCount: number): void {
    const rows = groups.length
    if (rows === 0) return
    const known = this.#table.groupCount
    const pairs = this.#table.find(arena, [groups, { ...values, validity: 0 }], rows)
    if (!this.#counts) {
      const fresh = firstRows(this.#device, arena, pairs, rows, known)
      const gids = arena.allocate(4 * fresh.rows)
      this.#device.kernels.gatherWord4(groups.values, fresh.indices, fresh.rows, gids)
      return this.#device.kernels.countGroups(gids, 0, fresh.rows, this.#pairs.ensure(groupCount), 3)
    }
    const state = this.#counts.ensure(this.#table.groupCount)
    if (weights === 0) this.#device.kernels.countGroups(pairs, 0, rows, state, 3)
    else this.#device.kernels.addWordsI64(pairs, weights, rows, state, 3)
  }

  // All pairs, by group: the values, and how often each came.
  #runs(arena: Arena, groupCount: number): { values: Column; counts: Column; offsets: number } {
    const device = this.#device
    const count = this.#table.groupCount
    if (count === 0) return { values: nullColumn(arena, this.#type, 0), counts: nullColumn(arena, int64, 0), offsets: arena.allocateZeroed(4 * groupCount + 4) }
    const [groups, values] = this.#table.keyColumns(arena) as [Column, Column]
    const { rows, offsets } = rowRuns(device, arena, groups.values, count, groupCount)
    const counts = allocateColumn(arena, int64, count)
    if (this.#counts) device.kernels.gatherWord8(this.#counts.ensure(count), rows, count, counts.values)
    return { values: { ...gatherColumn(device, arena, values, rows, count), validity: 0 }, counts, offsets }
  }

  partialColumns(arena: Arena, groupCount: number): Column[] {
    const { values, counts, offsets } = this.#runs(arena, groupCount)
    return [listColumn(values, offsets, groupCount), ...(this.#counts ? [listColumn(counts, offsets, groupCount)] : [])]
  }

  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[] {
    if (!this.#counts) return [this.#distinct(arena, groupCount, of)]
    const modes = this.#mode(arena, groupCount)
    return of ? gathered(this.#device, arena, [modes], of) : [modes]
  }

  #distinct(arena: Arena, groups: number, of?: SomeGroups): Column {
    const rows = of?.rows ?? groups
    const out = allocateColumn(arena, rowCount64, rows)
    this.#device.kernels.takeWords(this.#pairs.entries(arena, groups, of), rows, 3, out.values)
    return out
  }

  // Pairs by count, then by value; the first of each group is its mode.
  #mode(arena: Arena, groupCount: number): Column {
    const device = this.#device
    const count = this.#table.groupCount
    if (count === 0) return nullColumn(arena, this.#type, groupCount)
    const [groups, values] = this.#table.keyColumns(arena) as [Column, Column]
    const counts: Column = { type: int64, length: count, values: this.#counts!.ensure(count), validity: 0 }
    const order = sortIndices(device, arena, [{ column: counts, descending: true }, { column: { ...values, validity: 0 } }], count)
    const runs = rowRuns(device, arena, gatherColumn(device, arena, groups, order, count).values, count, groupCount)
    const first = arena.allocate(4 * groupCount)
    device.kernels.firstRows(order, runs.rows, runs.offsets, groupCount, first)
    const taken = gatherColumn(device, arena, { ...values, validity: 0 }, first, groupCount)
    const validity = arena.allocate(bitmapBytes(groupCount))
    const some = device.kernels.maskRuns(runs.offsets, groupCount, validity)
    if (isView(this.#type) && some < groupCount) device.kernels.clearViews(taken.values, validity, groupCount)
    return { ...taken, validity: some === groupCount ? 0 : validity }
  }

  reset(): void {
    this.#table.reset()
    this.#counts?.reset()
    this.#pairs.reset()
  }
  close(): void {
    this.#table.close()
    this.#counts?.close()
    this.#pairs.close()
  }
}
