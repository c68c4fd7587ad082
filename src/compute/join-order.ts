// Values by which stored rows are in order, key by key, as words; and for asOf joins, the nearest of them.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, isFloat, isInteger } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits, filledBits } from './bitmap.ts'
import { joinKeys, keyForm, type KeyForm } from './join-keys.ts'
import { hasNarrow, wordsOfNarrow } from './narrow.ts'
import { probeTable, type SortedRows, type TableData } from './join-table.ts'

/** Which stored row is nearest: the last at or before, the first at or after, or the nearer of both, the earlier where both are as near. */
export type Direction = 'backward' | 'forward' | 'nearest'

/** How values become words that order as they do, as plain data. `decimals`: of one scale, of up to 18 digits. */
export type OrderWords = { readonly key: KeyForm; readonly floats: boolean; readonly decimals?: true }

/** How asOf values meet, as plain data. `within`: the greatest distance, in units of the form (decimal digits of a whole number), or for floats. */
export type OrderForm = OrderWords & { readonly direction: Direction; readonly within?: string; readonly withinFloat?: number }

/** How values of two types meet in an order; undefined where they don't: whole numbers, floats, or times of one kind. */
export function orderKey(left: DataType, right: DataType): OrderWords | undefined {
  const isTime = left.kind === right.kind && (left.kind === 'date' || left.kind === 'time' || left.kind === 'timestamp' || left.kind === 'duration')
  const isNumber = (isInteger(left) && isInteger(right) && left.kind !== 'uint64' && right.kind !== 'uint64') || (isFloat(left) && isFloat(right))
  const key = isTime || isNumber ? keyForm(left, right) : undefined
  return key && { key, floats: isFloat(left) }
}

// Words above that of infinity are NaN's.
const infinite = 0x7ff0_0000_0000_0000n

/** As `wordsOf`, for comparing: NaN, which is neither below nor above anything, has no word. */
export function orderWords(device: Device, arena: Arena, column: Column, form: OrderWords): { values: number; validity: number } {
  const found = wordsOf(device, arena, column, form)
  if (!form.floats) return found
  const rows = column.length
  const words = device.memory.int64s(found.values, rows)
  if (!words.some(word => word > infinite)) return found
  const bits = filledBits(device, arena, rows, true)
  const bytes = device.memory.bytes(bits, bitmapBytes(rows))
  words.forEach((word, row) => word > infinite && (bytes[row >>> 3]! &= ~(1 << (row & 7))))
  return { values: found.values, validity: andBits(device, arena, found.validity, bits, rows) }
}

/** Values as int64 words that order as they do, NaN after all others. */
export function wordsOf(device: Device, arena: Arena, column: Column, { key, floats, decimals }: OrderWords): { values: number; validity: number } {
  const rows = column.length
  if (decimals) {
    if (hasNarrow(column)) return { values: wordsOfNarrow(device, arena, column), validity: column.validity }
    const low = arena.allocate(8 * rows)
    device.kernels.narrowI128(column.values, rows, low)
    return { values: low, validity: column.validity }
  }
  const { kind, values, validity } = joinKeys(device, arena, [column], [key], rows)
  if (kind === 'word' && !floats) return { values, validity }
  const out = arena.allocate(8 * rows)
  if (floats) device.kernels.orderFloats(values, rows, out)
  else device.kernels.castI32ToI64(values, rows, out)
  return { values: out, validity }
}

/** The number of the first stored row of each probing row's key, 0xffffffff where there is none: the address of a u32 each; 0 without keys. */
export function joinGroups(device: Device, arena: Arena, table: TableData, keys: readonly Column[], rows: number): number {
  if (table.kind === 'all') return 0
  const groups = arena.allocate(4 * rows)
  device.kernels.flattenHeads(table.rows.firsts, probeTable(device, arena, table, keys, rows), rows, groups)
  return groups
}

const directions = { backward: 0, forward: 1, nearest: 2 } as const

/** The address in `arena` of a u32 a row: the id of the stored row of an equal key whose value is nearest, 0xffffffff where there is none. */
export function nearestRows(device: Device, arena: Arena, table: TableData, sorted: SortedRows, form: OrderForm, keys: readonly Column[], value: Column, rows: number): number {
  const { kernels } = device
  const { values, validity } = wordsOf(device, arena, value, form)
  const heads = arena.allocate(4 * rows)
  const groups = joinGroups(device, arena, table, keys, rows)
  const within = form.within === undefined ? 2n ** 64n - 1n : BigInt(form.within)
  kernels.searchNearest(groups, sorted.starts, sorted.ends, sorted.count, sorted.words, sorted.order, values, validity, rows, directions[form.direction], form.floats ? 1 : 0, BigInt.asIntN(64, within), form.withinFloat ?? Number.POSITIVE_INFINITY, heads)
  return heads
}
