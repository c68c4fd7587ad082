// The rows of a join's table in order of a further value, key by key, for asOf joins: made once with the table, searched by all threads.
import type { Column } from '../batch/batch.ts'
import { type DataType, int32, int64, isFloat, isInteger } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { selectRows } from './compact.ts'
import { joinKeys, keyForm, type KeyForm } from './join-keys.ts'
import type { ChunkStore } from './join-store.ts'
import { buildTable, probeTable, type SortedRows, type TableData } from './join-table.ts'
import { sortIndices } from './sort.ts'

/** Which stored row is nearest: the last at or before, the first at or after, or the nearer of both, the earlier where both are as near. */
export type Direction = 'backward' | 'forward' | 'nearest'

/** How asOf values meet, as plain data. `within`: the greatest distance, in units of the form (decimal digits of a whole number), or for floats. */
export type OrderForm = { readonly key: KeyForm; readonly floats: boolean; readonly direction: Direction; readonly within?: string; readonly withinFloat?: number }

/** How values of two types meet in an order; undefined where they don't: whole numbers, floats, or times of one kind. */
export function orderKey(left: DataType, right: DataType): { key: KeyForm; floats: boolean } | undefined {
  const isTime = left.kind === right.kind && (left.kind === 'date' || left.kind === 'time' || left.kind === 'timestamp' || left.kind === 'duration')
  const isNumber = (isInteger(left) && isInteger(right) && left.kind !== 'uint64' && right.kind !== 'uint64') || (isFloat(left) && isFloat(right))
  const key = isTime || isNumber ? keyForm(left, right) : undefined
  return key && { key, floats: isFloat(left) }
}

function wordsOf(device: Device, arena: Arena, column: Column, { key, floats }: { key: KeyForm; floats: boolean }): { values: number; validity: number } {
  const rows = column.length
  const { kind, values, validity } = joinKeys(device, arena, [column], [key], rows)
  if (kind === 'word' && !floats) return { values, validity }
  const out = arena.allocate(8 * rows)
  if (floats) device.kernels.orderFloats(values, rows, out)
  else device.kernels.castI32ToI64(values, rows, out)
  return { values: out, validity }
}

/** As `buildTable`, with the rows sorted by the column `time.at` where there is one. */
export function buildOrdered(device: Device, store: ChunkStore, keys: readonly number[], forms: readonly KeyForm[], options: { marks: boolean; time?: { at: number; form: OrderForm } }): TableData {
  const table = buildTable(device, store, keys, forms, options)
  if (!options.time) return table
  const arena = device.arena()
  arena.hold(table.arena)
  try {
    return { ...table, sorted: sortStored(device, arena, store, table, keys, options.time.at, options.time.form), arena: arena.address }
  } catch (error) {
    arena.release()
    throw error
  }
}

/** Sorts the stored rows by their value in the column at `at`, key by key; rows without a key or a value are left out. Equal values keep their order. Lives in `arena`. */
function sortStored(device: Device, arena: Arena, store: ChunkStore, table: TableData, keys: readonly number[], at: number, form: OrderForm): SortedRows {
  const scratch = device.arena()
  try {
    const { kernels, memory } = device
    const rows = store.rowCount
    const [values, groups, ids] = [scratch.allocate(8 * rows), scratch.allocate(4 * rows), scratch.allocate(4 * rows)]
    const mask = scratch.allocateZeroed(Math.ceil(rows / 8))
    let first = 0
    store.chunks().forEach((chunk, c) => {
      const words = wordsOf(device, scratch, chunk.columns[at]!, form)
      memory.bytes(values + 8 * first, 8 * chunk.rowCount).set(memory.bytes(words.values, 8 * chunk.rowCount))
      kernels.fillIndices(ids + 4 * first, chunk.rowCount, (c << 16) | 0)
      // A key's rows are known by the number of its first one.
      let known = 0
      if (keys.length > 0) {
        const heads = probeTable(device, scratch, table, keys.map(i => chunk.columns[i]!), chunk.rowCount)
        known = scratch.allocate(Math.ceil(chunk.rowCount / 8))
        kernels.headBits(heads, chunk.rowCount, 1, known)
        kernels.flattenHeads(table.rows.firsts, heads, chunk.rowCount, groups + 4 * first)
      }
      kernels.appendOnes(chunk.rowCount, mask, first)
      for (const bits of [words.validity, known]) if (bits !== 0) clearUnset(device, mask, bits, first, chunk.rowCount)
      first += chunk.rowCount
    })
    const { indices, rows: count } = selectRows(device, scratch, mask, rows)
    const valueColumn: Column = { type: int64, length: rows, values, validity: 0 }
    const groupColumn: Column = { type: int32, length: rows, values: groups, validity: 0 }
    const sorted = sortIndices(device, scratch, [...(keys.length > 0 ? [{ column: groupColumn }] : []), { column: valueColumn }], count, indices)
    const [words, order] = [arena.allocate(8 * count), arena.allocate(4 * count)]
    kernels.gatherWord8(values, sorted, count, words)
    kernels.gatherWord4(ids, sorted, count, order)
    const [starts, ends] = keys.length > 0 ? [arena.allocateZeroed(4 * rows), arena.allocateZeroed(4 * rows)] : [0, 0]
    if (keys.length > 0) kernels.boundGroups(sorted, groups, count, starts, ends)
    return { starts, ends, words, order, count }
  } finally {
    scratch.release()
  }
}

// Clears the bits of rows first … of the mask whose own bit isn't set.
function clearUnset(device: Device, mask: number, bits: number, first: number, rows: number): void {
  const [all, own] = [device.memory.bytes(mask, Math.ceil((first + rows) / 8)), device.memory.bytes(bits, Math.ceil(rows / 8))]
  for (let row = 0; row < rows; row++) if (!((own[row >>> 3]! >>> (row & 7)) & 1)) all[(first + row) >>> 3]! &= ~(1 << ((first + row) & 7))
}

const directions = { backward: 0, forward: 1, nearest: 2 } as const

/** The address in `arena` of a u32 a row: the id of the stored row of an equal key whose value is nearest, 0xffffffff where there is none. */
export function nearestRows(device: Device, arena: Arena, table: TableData, sorted: SortedRows, form: OrderForm, keys: readonly Column[], value: Column, rows: number): number {
  const { kernels } = device
  const { values, validity } = wordsOf(device, arena, value, form)
  const heads = arena.allocate(4 * rows)
  let groups = 0
  if (table.kind !== 'all') {
    groups = arena.allocate(4 * rows)
    kernels.flattenHeads(table.rows.firsts, probeTable(device, arena, table, keys, rows), rows, groups)
  }
  const within = form.within === undefined ? 2n ** 64n - 1n : BigInt(form.within)
  kernels.searchNearest(groups, sorted.starts, sorted.ends, sorted.count, sorted.words, sorted.order, values, validity, rows, directions[form.direction], form.floats ? 1 : 0, BigInt.asIntN(64, within), form.withinFloat ?? Number.POSITIVE_INFINITY, heads)
  return heads
}
