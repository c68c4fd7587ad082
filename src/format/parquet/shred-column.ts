// A column of lists and structs to the chunks of its leaves: its type is walked once per slice of rows, and each step makes the entries of the next from
// those of the last (`compute/parquet-shred.ts`). What a list would unfold to too many is cut at rows first, so that memory is bounded by the longest row.
import { DataError } from '../../base/errors.ts'
import { type Column, sliceColumn } from '../../batch/batch.ts'
import { layoutOf, valueBytes } from '../../batch/data-type.ts'
import { gatherColumn } from '../../compute/gather.ts'
import { toStored } from '../../compute/parquet-convert.ts'
import { packBits, packValues } from '../../compute/parquet-encode.ts'
import { cutEntries, type Entries, entriesOfRows, measureLists, rowCut, shredLists, shredNulls } from '../../compute/parquet-shred.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import type { ColumnChunkWriter } from './encode-column-chunk.ts'
import { isLeaf, listInside, type WrittenLeaf, type WrittenNode } from './write-tree.ts'

const sliceRows = 16_384
const sliceEntriesMax = 65_536

/** Writes nested columns of one type. Memory: a few bytes for each of 65,536 entries of a step, or for those of a longer row. */
export class ColumnShredder {
  readonly #device: Device
  readonly #node: WrittenNode
  readonly #chunks: ReadonlyMap<WrittenNode, ColumnChunkWriter>

  /** `chunks` has the writer of each leaf of `node`; they stay the caller's. */
  constructor(device: Device, node: WrittenNode, chunks: ReadonlyMap<WrittenNode, ColumnChunkWriter>) {
    this.#device = device
    this.#node = node
    this.#chunks = chunks
  }

  /** Takes rows [start, end) of a column, which may be freed after the call. Throws DataError NULL_VALUE where something is null whose type allows none. */
  write(column: Column, start: number, end: number): void {
    for (let row = start; row < end; row += sliceRows) {
      const entries = entriesOfRows(row, Math.min(sliceRows, end - row))
      this.#inArena(arena => this.#walk(arena, this.#node, column, entries))
    }
  }

  #inArena(work: (arena: Arena) => void): void {
    const arena = this.#device.arena()
    try {
      work(arena)
    } finally {
      arena.release()
    }
  }

  #walk(arena: Arena, node: WrittenNode, column: Column, entries: Entries): void {
    if (isLeaf(node)) return this.#leaf(arena, node, column, entries)
    const there = shredNulls(this.#device, arena, entries, column, 0, node.definition - 1, true)
    this.#checkNulls(node, entries, there)
    if (listInside(node.type)) return this.#lists(arena, node, column, there)
    node.children.forEach((child, i) => this.#walk(arena, child, column.children![i]!, there))
  }

  #lists(arena: Arena, node: WrittenNode, column: Column, entries: Entries): void {
    const measure = measureLists(this.#device, arena, entries, column)
    const cut = measure.count > sliceEntriesMax && entries.count > 1 ? rowCut(this.#device, entries.repetitions, entries.count, entries.count >> 1) : entries.count
    if (cut < entries.count) {
      for (const part of cutEntries(this.#device, entries, cut)) this.#inArena(inner => this.#lists(inner, node, column, part))
      return
    }
    const items = shredLists(this.#device, arena, entries, column, measure, node.definition, node.repetition + 1)
    this.#walk(arena, node.children[0]!, column.children![0]!, items)
  }

  #leaf(arena: Arena, node: WrittenLeaf, column: Column, entries: Entries): void {
    const device = this.#device
    const { alive, rows, base } = entries
    // The part of the column that is spoken of, so that nothing is converted twice; slices begin at whole words of bits.
    const start = base - (base % 64)
    const part = rows === 0 ? sliceColumn(column, alive === 0 ? 0 : start, alive === 0 ? 0 : base + alive) : gatherColumn(device, arena, column, rows, alive)
    const stored = toStored(device, arena, part, node.stored.stored)
    const at = rows === 0 && alive > 0 ? base - start : 0
    const here: Entries = { ...entries, rows: 0, base: at }
    const there = shredNulls(device, arena, here, stored, 0, node.definition - 1, false)
    this.#checkNulls(node, entries, there)
    const chunk = this.#chunks.get(node)!
    if (there.alive === alive) return chunk.writeEntries(there, stored.values)
    chunk.writeEntries(there, this.#packed(arena, stored, at, alive))
  }

  // The values that aren't null, of `count` from row `at` on.
  #packed(arena: Arena, { type, values, validity }: Column, at: number, count: number): number {
    const layout = layoutOf(type)
    if (layout === 'bit') {
      const out = arena.allocateZeroed(count / 8 + 8)
      packBits(this.#device, values, at, validity, at, count, out, 0)
      return out
    }
    const out = arena.allocate(valueBytes(type, count))
    packValues(this.#device, layout, values + valueBytes(type, at), validity, at, count, out)
    return out
  }

  #checkNulls({ nullable, path }: WrittenNode, before: Entries, after: Entries): void {
    if (nullable || after.alive === before.alive) return
    throw new DataError('NULL_VALUE', `write.parquet, column "${path.join('.')}": ${before.alive - after.alive} nulls where the type allows none; declare it with ?`)
  }
}
