// topK by another column, and of texts, bytes and decimals: rows are kept with what they are compared by and their places, and thinned out to the
// best k of each group whenever they have doubled. Of equal rows the first in source order is the better one. argMin and argMax of such columns are
// the best one row.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, int32, int64 } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type Accumulator, type InputRule, orderSuffix, type RowPlaces, type SomeGroups } from './aggregate-contract.ts'
import { countNulls } from './bitmap.ts'
import { ColumnStore } from './column-store.ts'
import { selectRows } from './compact.ts'
import { rowNumbers, gathered } from './gather.ts'
import { nullColumn } from './null-column.ts'
import { listItems, listType } from './row-runs.ts'
import { isOrdered, sortIndices } from './sort.ts'
import { hasKeys, keysOf } from './widen.ts'

/** What rows can be compared by. */
export const rankable: InputRule = {
  takes: 'what has an order: numbers, times, bools, texts and bytes',
  fits: isOrdered,
}

/** The state: lists of values, of what they are compared by (keys where there are keys) and of places. */
export function topRowsFields(by: DataType, value: DataType, name: string): Field[] {
  return [
    { name: `${name}.values`, type: { kind: 'list', item: { type: value, nullable: true } }, nullable: false },
    { name: `${name}.by`, type: listType(hasKeys(by) ? int64 : by), nullable: false },
    { name: `${name}.places`, type: listType(int64), nullable: false },
    { name: `${name}${orderSuffix}`, type: int64, nullable: true },
  ]
}

const rowsFirst = 4_096

interface Rows {
  readonly values: Column
  readonly by: Column
  readonly groups: Column
  readonly places: Column
  readonly offsets: number
}

/** The best `k` rows of each group. Its result is a list, or with `single` the value of the one row. Inputs: [by, value], or with `alone` the one that is both. */
export class TopRowsAccumulator implements Accumulator {
  readonly #device: Device
  readonly #by: DataType
  readonly #value: DataType
  readonly #k: number
  readonly #least: boolean
  readonly #single: boolean
  readonly #alone: boolean
  readonly #stores: { values: ColumnStore; by: ColumnStore; groups: ColumnStore; places: ColumnStore }
  #thinAt = rowsFirst
  #groupCount = 0
  constructor(device: Device, by: DataType, value: DataType, options: { k: number; least: boolean; single?: boolean; alone?: boolean }) {
    this.#device = device
    this.#by = hasKeys(by) ? int64 : by
    this.#value = value
    this.#k = options.k
    this.#least = options.least
    this.#single = options.single ?? false
    this.#alone = options.alone ?? false
    const store = (type: DataType) => new ColumnStore(device, type)
    this.#stores = { values: store(value), by: store(this.#by), groups: store(int32), places: store(int64) }
  }
  get bytes(): number {
    return Object.values(this.#stores).reduce((sum, store) => sum + store.bytes, 0)
  }

  update(gids: number, [by, value = by]: readonly Column[], rows: number, groupCount: number, places: RowPlaces): void {
    const device = this.#device
    const arena = device.arena()
    try {
      const at = arena.allocate(8 * rows)
      device.kernels.fillPlaces(places.first, places.rows, rows, at)
      const compared: Column = hasKeys(by!.type) ? { type: int64, length: rows, values: keysOf(device, arena, by!), validity: 0 } : { ...by!, validity: 0 }
      const some = by!.validity === 0 ? { indices: rowNumbers(device, arena, rows), rows } : selectRows(device, arena, by!.validity, rows)
      this.#append(arena, gids, value!, compared, at, rows, some, groupCount)
    } finally {
      arena.release()
    }
  }

  merge(gids: number, [values, by, places]: readonly Column[], rows: number, groupCount: number): void {
    const arena = this.#device.arena()
    try {
      const { gids: own, items, count } = listItems(this.#device, arena, gids, [values!, by!, places!], rows)
      this.#append(arena, own, items[0]!, items[1]!, items[2]!.values, count, { indices: rowNumbers(this.#device, arena, count), rows: count }, groupCount)
    } finally {
      arena.release()
    }
  }

  #append(arena: Arena, gids: number, value: Column, by: Column, places: number, length: number, some: { indices: number; rows: number }, groupCount: number): void {
    this.#groupCount = groupCount
    if (some.rows === 0) return
    const { indices, rows } = some
    this.#stores.values.append(value, indices, rows)
    this.#stores.by.append(by, indices, rows)
    this.#stores.groups.append({ type: int32, length, values: gids, validity: 0 }, indices, rows)
    this.#stores.places.append({ type: int64, length, values: places, validity: 0 }, indices, rows)
    if (this.#stores.places.rowCount < this.#thinAt) return
    this.#thin(arena)
    this.#thinAt = Math.max(rowsFirst, 2 * this.#stores.places.rowCount)
  }

  #thin(arena: Arena): void {
    const { indices, rows } = this.#best(arena, this.#groupCount)
    for (const store of Object.values(this.#stores)) store.keep(indices, rows)
  }

  // The slots of the best rows, by group, the best first, and where each group's begin.
  #best(arena: Arena, groupCount: number): { indices: number; offsets: number; rows: number } {
    const device = this.#device
    const count = this.#stores.places.rowCount
    const offsets = arena.allocateZeroed(4 * groupCount + 4)
    if (count === 0) return { indices: arena.allocate(0), offsets, rows: 0 }
    const all = rowNumbers(device, arena, count)
    const [groups, by, places] = [this.#stores.groups, this.#stores.by, this.#stores.places].map(store => store.take(arena, all, count)) as [Column, Column, Column]
    const order = sortIndices(device, arena, [{ column: groups }, { column: { ...by, validity: 0 }, descending: !this.#least }, { column: places }], count)
    const counts = arena.allocateZeroed(4 * groupCount)
    device.kernels.countRuns(groups.values, count, counts)
    const runs = arena.allocate(4 * groupCount + 4)
    device.kernels.runOffsets(counts, groupCount, runs)
    const indices = arena.allocate(4 * count)
    return { indices, offsets, rows: device.kernels.keepFirst(order, runs, groupCount, this.#k, indices, offsets) }
  }

  #rows(arena: Arena, groupCount: number): Rows {
    const { indices, offsets, rows } = this.#best(arena, groupCount)
    const take = (store: ColumnStore, type: DataType) => (rows === 0 ? nullColumn(arena, type, 0) : store.take(arena, indices, rows))
    const { values, by, groups, places } = this.#stores
    return { values: take(values, this.#value), by: take(by, this.#by), groups: take(groups, int32), places: take(places, int64), offsets }
  }

  partialColumns(arena: Arena, groupCount: number): Column[] {
    const { values, by, places, offsets } = this.#rows(arena, groupCount)
    const last = arena.allocate(8 * groupCount)
    this.#device.kernels.greatestWords(places.values, offsets, groupCount, last)
    const list = (items: Column, nullable = false): Column => ({ type: { kind: 'list', item: { type: items.type, nullable } }, length: groupCount, values: offsets, validity: 0, children: [items] })
    return [list(values, true), list(by), list(places), { type: int64, length: groupCount, values: last, validity: this.#some(arena, offsets, groupCount) }]
  }

  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[] {
    if (of) return gathered(this.#device, arena, this.resultColumns(arena, groupCount), of)
    const { values, offsets } = this.#rows(arena, groupCount)
    const validity = this.#some(arena, offsets, groupCount)
    if (!this.#single) return [{ type: { kind: 'list', item: { type: this.#value, nullable: !this.#alone } }, length: groupCount, values: offsets, validity, children: [values] }]
    if (values.length === 0) return [nullColumn(arena, this.#value, groupCount)]
    // A row of nulls stands behind the values, for groups that have none.
    const store = new ColumnStore(this.#device, this.#value)
    try {
      store.append(values, rowNumbers(this.#device, arena, values.length), values.length)
      const none = store.append(nullColumn(arena, this.#value, 1), arena.allocateZeroed(4), 1)
      const slots = arena.allocate(4 * groupCount)
      this.#device.kernels.firstOrNone(offsets, groupCount, none, slots)
      const out = store.take(arena, slots, groupCount)
      return [countNulls(this.#device, out) === 0 ? { ...out, validity: 0 } : out]
    } finally {
      store.clear()
    }
  }

  #some(arena: Arena, offsets: number, groupCount: number): number {
    const validity = arena.allocate(bitmapBytes(groupCount))
    return this.#device.kernels.maskRuns(offsets, groupCount, validity) === groupCount ? 0 : validity
  }
  reset(): void {
    for (const store of Object.values(this.#stores)) store.clear()
    this.#thinAt = rowsFirst
  }
  close(): void {
    this.reset()
  }
}
