// The table of a join with its rows in order of further values, key by key, for asOf joins and joins by bounds: made once, searched by all threads.
import type { Batch, Column } from '../batch/batch.ts'
import { int32, int64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { selectRows } from './compact.ts'
import type { KeyForm } from './join-keys.ts'
import { type OrderForm, orderWords, wordsOf } from './join-order.ts'
import { raiseLevels, type RangeForm, secondWords } from './join-ranges.ts'
import { chunkRowsMax, type ChunkStore } from './join-store.ts'
import { buildTable, probeTable, type SortedRows, type TableData } from './join-table.ts'
import { sortIndices } from './sort.ts'

/** As `buildTable`, with the rows sorted by the column `time.at` where there is one. */
export function buildOrdered(device: Device, store: ChunkStore, keys: readonly number[], forms: readonly KeyForm[], options: { marks: boolean; time?: { at: number; form: OrderForm }; range?: RangeForm }): TableData {
  const table = buildTable(device, store, keys, forms, options)
  const { time, range } = options
  if (!time && !(range && isWorthRanges(device, table))) return table
  const values = time ? [(device: Device, arena: Arena, rows: Batch) => wordsOf(device, arena, rows.columns[time.at]!, time.form)] : rangeValues(range!)
  const arena = device.arena()
  arena.hold(table.arena)
  try {
    return { ...table, sorted: sortStored(device, arena, store, table, keys, values), arena: arena.address }
  } catch (error) {
    arena.release()
    throw error
  }
}

type WordsOf = (device: Device, arena: Arena, rows: Batch) => { values: number; validity: number }

function rangeValues({ first, second }: RangeForm): WordsOf[] {
  const own: WordsOf = (device, arena, rows) => orderWords(device, arena, rows.columns[first.stored]!, first.form)
  return second ? [own, (device, arena, rows) => secondWords(device, arena, rows.columns[second.stored]!, second)] : [own]
}

// Below so many rows a key all pairs are as good as an order.
const rowsPerKeyMin = 32

function isWorthRanges(device: Device, { kind, links, rows }: TableData): boolean {
  if (kind === 'all') return true
  if (links === 0) return false
  const linked = device.memory.uint32s(links, chunkRowsMax * rows.chunkRows.length).reduce((count, link) => count + (link === 0xffff_ffff ? 0 : 1), 0)
  return rows.rowCount >= rowsPerKeyMin * (rows.rowCount - linked)
}

/**
 * Sorts the stored rows by the first of their values, key by key; rows without a key or one of the values are left out. Equal values keep their order. A second
 * value becomes levels. Lives in `arena`.
 */
function sortStored(device: Device, arena: Arena, store: ChunkStore, table: TableData, keys: readonly number[], valuesOf: readonly WordsOf[]): SortedRows {
  const scratch = device.arena()
  try {
    const { kernels, memory } = device
    const rows = store.rowCount
    const values = valuesOf.map(() => scratch.allocate(8 * rows))
    const [groups, ids] = [scratch.allocate(4 * rows), scratch.allocate(4 * rows)]
    const mask = scratch.allocateZeroed(Math.ceil(rows / 8))
    let first = 0
    store.chunks().forEach((chunk, c) => {
      const words = valuesOf.map(of => of(device, scratch, chunk))
      words.forEach((of, i) => memory.bytes(values[i]! + 8 * first, 8 * chunk.rowCount).set(memory.bytes(of.values, 8 * chunk.rowCount)))
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
      for (const bits of [...words.map(of => of.validity), known]) if (bits !== 0) clearUnset(device, mask, bits, first, chunk.rowCount)
      first += chunk.rowCount
    })
    const { indices, rows: count } = selectRows(device, scratch, mask, rows)
    const valueColumn: Column = { type: int64, length: rows, values: values[0]!, validity: 0 }
    const groupColumn: Column = { type: int32, length: rows, values: groups, validity: 0 }
    const sorted = sortIndices(device, scratch, [...(keys.length > 0 ? [{ column: groupColumn }] : []), { column: valueColumn }], count, indices)
    const [words, order] = [arena.allocate(8 * count), arena.allocate(4 * count)]
    kernels.gatherWord8(values[0]!, sorted, count, words)
    kernels.gatherWord4(ids, sorted, count, order)
    const [starts, ends] = keys.length > 0 ? [arena.allocateZeroed(4 * rows), arena.allocateZeroed(4 * rows)] : [0, 0]
    if (keys.length > 0) kernels.boundGroups(sorted, groups, count, starts, ends)
    if (!values[1]) return { starts, ends, words, order, count }
    const above = arena.allocate(8 * count)
    kernels.gatherWord8(values[1], sorted, count, above)
    return { starts, ends, words, order, count, levels: raiseLevels(device, arena, above, count) }
  } finally {
    scratch.release()
  }
}

// Clears the bits of rows first … of the mask whose own bit isn't set.
function clearUnset(device: Device, mask: number, bits: number, first: number, rows: number): void {
  const [all, own] = [device.memory.bytes(mask, Math.ceil((first + rows) / 8)), device.memory.bytes(bits, Math.ceil(rows / 8))]
  for (let row = 0; row < rows; row++) if (!((own[row >>> 3]! >>> (row & 7)) & 1)) all[(first + row) >>> 3]! &= ~(1 << ((first + row) & 7))
}
