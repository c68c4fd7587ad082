// list: all values of a group in source order, of any type. Each is kept with its group and place; they are put in order when they are asked for.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, int32, int64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type Accumulator, type AggregateType, anything, orderSuffix, type RowPlaces, type SomeGroups } from './aggregate-contract.ts'
import { ColumnStore } from './column-store.ts'
import { selectRows } from './compact.ts'
import { gatherColumn, rowNumbers, gathered } from './gather.ts'
import { nullColumn } from './null-column.ts'
import { listColumn, listItems, listType, rowRuns } from './row-runs.ts'
import { sortIndices } from './sort.ts'

/** All values, as a list in source order. */
export const listAggregate: AggregateType = {
  fn: 'list',
  inputs: [anything],
  result: ({ inputType }) => listType(inputType!),
  partial: ({ inputType }, name) => [
    { name: `${name}.values`, type: listType(inputType!), nullable: false },
    { name: `${name}.places`, type: listType(int64), nullable: false },
    { name: `${name}${orderSuffix}`, type: int64, nullable: true },
  ],
  create: (device, { inputType }) => new ListAccumulator(device, inputType!),
}

/** Values, with the group and place of each. */
class ListAccumulator implements Accumulator {
  readonly #device: Device
  readonly #type: DataType
  readonly #values: ColumnStore
  readonly #groups: ColumnStore
  readonly #places: ColumnStore
  constructor(device: Device, type: DataType) {
    this.#device = device
    this.#type = type
    this.#values = new ColumnStore(device, type)
    this.#groups = new ColumnStore(device, int32)
    this.#places = new ColumnStore(device, int64)
  }
  get bytes(): number {
    return this.#values.bytes + this.#groups.bytes + this.#places.bytes
  }

  update(gids: number, [column]: readonly Column[], rows: number, _groupCount: number, places: RowPlaces): void {
    const { kernels } = this.#device
    const arena = this.#device.arena()
    try {
      const at = arena.allocate(8 * rows)
      kernels.fillPlaces(places.first, places.rows, rows, at)
      const some = column!.validity === 0 ? { indices: rowNumbers(this.#device, arena, rows), rows } : selectRows(this.#device, arena, column!.validity, rows)
      this.#append(gids, column!, { type: int64, length: rows, values: at, validity: 0 }, some.indices, some.rows)
    } finally {
      arena.release()
    }
  }

  merge(gids: number, [values, places]: readonly Column[], rows: number): void {
    const arena = this.#device.arena()
    try {
      const { gids: own, items, count } = listItems(this.#device, arena, gids, [values!, places!], rows)
      this.#append(own, items[0]!, items[1]!, rowNumbers(this.#device, arena, count), count)
    } finally {
      arena.release()
    }
  }

  #append(gids: number, values: Column, places: Column, indices: number, rows: number): void {
    if (rows === 0) return
    this.#values.append(values, indices, rows)
    this.#groups.append({ type: int32, length: values.length, values: gids, validity: 0 }, indices, rows)
    this.#places.append(places, indices, rows)
  }

  // Values and places in runs by group, each run in source order.
  #runs(arena: Arena, groupCount: number): { values: Column; places: Column; offsets: number } {
    const device = this.#device
    const count = this.#values.rowCount
    if (count === 0) return { values: nullColumn(arena, this.#type, 0), places: nullColumn(arena, int64, 0), offsets: arena.allocateZeroed(4 * groupCount + 4) }
    const all = rowNumbers(device, arena, count)
    const [groups, places] = [this.#groups.take(arena, all, count), this.#places.take(arena, all, count)]
    const order = sortIndices(device, arena, [{ column: places }], count)
    const sorted = gatherColumn(device, arena, groups, order, count)
    const runs = rowRuns(device, arena, sorted.values, count, groupCount)
    const rows = arena.allocate(4 * count)
    device.kernels.gatherWord4(order, runs.rows, count, rows)
    return { values: this.#values.take(arena, rows, count), places: gatherColumn(device, arena, places, rows, count), offsets: runs.offsets }
  }

  partialColumns(arena: Arena, groupCount: number): Column[] {
    const { values, places, offsets } = this.#runs(arena, groupCount)
    const last = arena.allocate(8 * groupCount)
    this.#device.kernels.greatestWords(places.values, offsets, groupCount, last)
    const order: Column = { type: int64, length: groupCount, values: last, validity: this.#some(arena, offsets, groupCount) }
    return [listColumn(values, offsets, groupCount), listColumn(places, offsets, groupCount), order]
  }
  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[] {
    if (of) return gathered(this.#device, arena, this.resultColumns(arena, groupCount), of)
    const { values, offsets } = this.#runs(arena, groupCount)
    return [{ ...listColumn(values, offsets, groupCount), validity: this.#some(arena, offsets, groupCount) }]
  }

  #some(arena: Arena, offsets: number, groupCount: number): number {
    const validity = arena.allocate(bitmapBytes(groupCount))
    return this.#device.kernels.maskRuns(offsets, groupCount, validity) === groupCount ? 0 : validity
  }
  reset(): void {
    for (const store of [this.#values, this.#groups, this.#places]) store.clear()
  }
  close(): void {
    this.reset()
  }
}
