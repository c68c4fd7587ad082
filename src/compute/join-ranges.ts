// Joins by bounds: which stored rows have values between those of a probing row. Stored rows are sorted by one value with the table (join-order.ts), a second
// value lies above them as a flat interval tree (kernels/join-ranges.ts).
import type { Column } from '../batch/batch.ts'
import { type DataType, sameType } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { chunkRowsMax } from './join-store.ts'
import { joinGroups, orderKey, type OrderWords, orderWords } from './join-order.ts'
import type { Candidates, TableData } from './join-table.ts'

/** A bound that a probing row gives: its column, and whether the bound itself is out. */
export type RangeEnd<At> = { readonly own: At; readonly strict: boolean }
/** Bounds of a stored value: from `lower`, to `upper`. */
export type RangeBounds<At> = { readonly stored: At; readonly form: OrderWords; readonly lower?: RangeEnd<At>; readonly upper?: RangeEnd<At> }
/** Bounds of one stored value, and of a second one, which has one of them; as plain data. `At`: columns by name or by position. */
export type RangeForm<At = number> = { readonly first: RangeBounds<At>; readonly second?: RangeBounds<At> }

const decimalDigitsMax = 18

/** How values of two types meet as bounds, exactly as they compare; undefined where no words order as they do. */
export function rangeWords(a: DataType, b: DataType): OrderWords | undefined {
  if (a.kind === 'decimal' && b.kind === 'decimal') return a.scale === b.scale && Math.max(a.precision, b.precision) <= decimalDigitsMax ? { key: { form: 'word' }, floats: false, decimals: true } : undefined
  const words = orderKey(a, b)
  return words?.key.unit && !sameType(a, b) ? undefined : words
}

const noRange = 0
const specBytes = 64

/** The words of the bound of a stored value that must be reached: of an upper bound everything is turned round. */
function reachedWords(device: Device, arena: Arena, column: Column, { form, upper }: Pick<RangeBounds<unknown>, 'form' | 'upper'>): { values: number; validity: number } {
  const { values, validity } = orderWords(device, arena, column, form)
  if (!upper) return { values, validity }
  const turned = arena.allocate(8 * column.length)
  device.memory.bytes(turned, 8 * column.length).set(device.memory.bytes(values, 8 * column.length))
  device.kernels.turnI64(turned, column.length)
  return { values: turned, validity }
}

/** The words of the second stored value, as the tree holds them. */
export function secondWords(device: Device, arena: Arena, column: Column, second: RangeBounds<number>): { values: number; validity: number } {
  return reachedWords(device, arena, column, second)
}

/** The levels above `count` words at `words`, in `arena`: the address of a list of addresses, and how many. */
export function raiseLevels(device: Device, arena: Arena, words: number, count: number): { list: number; count: number } {
  const levels = [words]
  for (let rows = count; rows > 8; ) {
    const above = Math.ceil(rows / 8)
    const to = arena.allocate(8 * above)
    device.kernels.raiseLevel(levels.at(-1)!, rows, to)
    levels.push(to)
    rows = above
  }
  const list = arena.allocate(4 * levels.length)
  device.memory.uint32s(list, levels.length).set(levels)
  return { list, count: levels.length }
}

/**
 * Pairs of rows whose bounds hold, by probing row and stored id, at most `pairsMax` at a time, each valid until the next; at least one part, the last with
 * all rows done. `single`: one pair a row is enough. `columns` are those of the probing side. Cost: two searches a row, and some steps a pair.
 */
export function* rangePairs(device: Device, arena: Arena, table: TableData, form: RangeForm, keys: readonly Column[], columns: readonly Column[], rows: number, pairsMax: number, single: boolean): Generator<Candidates> {
  const { kernels, memory } = device
  const sorted = table.sorted!
  const { first, second } = form
  let validity = 0
  const bound = (end: RangeEnd<number> | undefined, wordsOf: (column: Column) => { values: number; validity: number }) => {
    if (!end) return noRange
    const words = wordsOf(columns[end.own]!)
    validity = andBits(device, arena, validity, words.validity, rows)
    return words.values
  }
  const lower = bound(first.lower, column => orderWords(device, arena, column, first.form))
  const upper = bound(first.upper, column => orderWords(device, arena, column, first.form))
  const secondEnd = second && (second.lower ?? second.upper)
  const reached = bound(secondEnd, column => reachedWords(device, arena, column, second!))
  const flags = (first.lower?.strict ? 1 : 0) + (first.upper?.strict ? 2 : 0) + (secondEnd?.strict ? 4 : 0) + (single ? 8 : 0)
  const groups = joinGroups(device, arena, table, keys, rows)
  const bits = arena.allocateZeroed((chunkRowsMax / 8) * Math.max(1, table.rows.chunkRows.length))
  const spec = arena.allocate(specBytes)
  const { starts, ends, count, words, order, levels } = sorted
  memory.uint32s(spec, 15).set([groups, starts, ends, count, words, order, levels?.list ?? 0, levels?.count ?? 0, lower, upper, reached, validity, flags, arena.allocate(4 * Math.max(1, count)), bits])
  const [cursor, left, right] = [arena.allocateZeroed(12), arena.allocate(4 * pairsMax), arena.allocate(4 * pairsMax)]
  for (;;) {
    const pairs = kernels.joinRanges(spec, rows, cursor, left, right, pairsMax)
    const row = memory.uint32s(cursor, 1)[0]!
    yield { left, right, count: pairs, row }
    if (row >= rows) return
  }
}
