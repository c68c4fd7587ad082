// Row numbers as a column, and rows chosen by their place.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, rowCount64 } from '../batch/data-type.ts'
import { selectRows } from './compact.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** Some rows: `indices` is the address of a u32 each. */
export interface ChosenRows {
  readonly indices: number
  readonly rows: number
}

/** The column start, start + 1, … in `arena`, an int64 that rows hold as a number. */
export function numberColumn(device: Device, arena: Arena, rows: number, start: number): Column {
  const out = allocateColumn(arena, rowCount64, rows)
  device.kernels.fillNumbersI64(out.values, rows, start)
  return out
}

/** The rows that are the first of their group. `gids` (a u32 a row) number groups in order of first sight; `known` were seen before. */
export function firstRows(device: Device, arena: Arena, gids: number, rows: number, known: number): ChosenRows {
  const indices = arena.allocate(4 * rows)
  return { indices, rows: device.kernels.selectFirsts(gids, rows, known, indices) }
}

/** Of rows in an order that puts those of one id (a u32 a row) together, the first `most` of each; the order is overwritten. */
export function firstOfEach(device: Device, ids: number, order: number, rows: number, most: number): ChosenRows {
  return { indices: order, rows: device.kernels.firstOfEach(ids, order, rows, Math.min(most, 2 ** 31 - 1), order) }
}

/** The address of the u32 numbers of `rows` rows from the last to the first. */
export function rowsBackwards(device: Device, arena: Arena, rows: number): number {
  const out = arena.allocate(4 * rows)
  device.kernels.rowsInTurn(0, rows, 0, 1, out)
  return out
}

/** The places of rows among those of their group, from 1, an int64 that rows hold as a number. `gids` (a u32 a row): those of a group lie together. */
export function placesOf(device: Device, arena: Arena, gids: number, rows: number): Column {
  const out = allocateColumn(arena, rowCount64, rows)
  device.kernels.placesInRuns(gids, rows, out.values)
  return out
}

/** Addresses of u32s for `rows` × `parts` new rows, those of one old row together: the old row, the place among `parts` columns end to end, the part. */
export function interleaveRows(device: Device, arena: Arena, rows: number, parts: number): { old: number; places: number; numbers: number } {
  const bytes = 4 * rows * parts
  const out = { old: arena.allocate(bytes), places: arena.allocate(bytes), numbers: arena.allocate(bytes) }
  device.kernels.interleaveRows(rows, parts, out.old, out.places, out.numbers)
  return out
}

/** The address of a u32 per row: the last row up to it whose bit is 1, or `rows`. */
export function lastSetBits(device: Device, arena: Arena, bits: number, rows: number): number {
  const out = arena.allocate(4 * rows)
  device.kernels.lastSetBits(bits, rows, out)
  return out
}

/** The items of a column of lists, one after the other: `count` u32 each of their rows, of their numbers in the child, and i32 of their places in their lists. */
export interface ExplodedLists {
  readonly count: number
  readonly rows: number
  readonly items: number
  readonly places: number
}

/** With `keep` a null or empty list gives one row: its item is the one behind the child's last, its place −1. */
export function explodeLists(device: Device, arena: Arena, column: Column, keep: boolean): ExplodedLists {
  const { type, values, validity, length, children } = column
  const size = type.kind === 'fixedList' ? type.size : 0
  const none = children![0]!.length
  const kernel = (rows: number, items: number, places: number) => device.kernels.explodeLists(values, size, validity, length, keep ? 1 : 0, none, rows, items, places)
  const count = kernel(0, 0, 0)
  const out = { count, rows: arena.allocate(4 * count), items: arena.allocate(4 * count), places: arena.allocate(4 * count) }
  kernel(out.rows, out.items, out.places)
  return out
}

/** The places as a column, an int64 that rows hold as a number; null where they are −1. */
export function placesColumn(device: Device, arena: Arena, { places, count }: ExplodedLists): Column {
  const out = allocateColumn(arena, rowCount64, count)
  const validity = arena.allocate(bitmapBytes(count))
  device.kernels.widenPlaces(places, count, out.values, validity)
  return { ...out, validity }
}

/** Some of `rowCount` rows, each at most once, in the order of their numbers. */
export function inRowOrder(device: Device, arena: Arena, { indices, rows }: ChosenRows, rowCount: number): ChosenRows {
  const bits = arena.allocateZeroed(bitmapBytes(rowCount))
  device.kernels.markRows(indices, rows, bits)
  return selectRows(device, arena, bits, rowCount)
}
