// One leaf of a nested column, page by page: as many entries of levels as make the rows that are asked for, and the values that are there, as a column with a row
// for each place in the innermost list (or for each row, outside of lists). Memory is bounded by a page, the rows asked for, and a slice of levels.
import type { DataError } from '../../base/errors.ts'
import type { Column } from '../../batch/batch.ts'
import { cursorBytes } from '../../compute/parquet.ts'
import { checkLevels, countSlots, decodeLevels, findRow, type Levels, levelMax } from '../../compute/parquet-levels.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { Scratch } from '../scratch.ts'
import { ChunkValues, pageIndexRemedy, type SharedScratch } from './chunk-values.ts'
import { LeafColumn } from './leaf-column.ts'
import type { PagePlan } from './page-plan.ts'
import type { PagePlace } from './read-page-index.ts'
import type { ChunkPlace, ParquetLimits } from './read-pages.ts'
import type { LeafNode, ParquetNode } from './schema-tree.ts'

/** What a leaf has of some rows. The levels are valid until the next read. */
export interface LeafRows {
  readonly rows: number
  readonly levels: Levels
  readonly column: Column
}

/** Entries whose levels are decoded at once: they stay in the nearest cache. */
const sliceEntries = 8_192
/** Entries of a batch at most, where no limit is given. */
const entriesMaxDefault = 2 ** 27
/** Places that a column has room for at first, at most. */
const roomFirst = 1 << 20
/** Rows that are passed over at once. */
const skippedRows = 16_384
/** Levels begin so far behind the start of their memory; the definition of the entry before them stands there. */
const margin = 64

/** A reader over one leaf's chunk. Close it to give its memory back; columns already read live on with their arenas. */
export class LeafReader {
  readonly #device: Device
  readonly #node: LeafNode
  readonly #chunk: ChunkValues
  readonly #shared: SharedScratch
  readonly #table: number
  readonly #definitions: Scratch
  readonly #repetitions: Scratch
  readonly #bits: Scratch
  readonly #perRow: number
  readonly #entriesMax: number
  readonly #plan: PagePlan | undefined
  #rowsLeft: number
  #entriesLeft: number
  #pageLeft = 0
  /** Of the plan's pages, the next; whether it doesn't follow the last one that was opened; the rows of that one that were not given out. */
  #next = 0
  #isApart = true
  #pageRowsLeft = 0
  // Of the entries whose levels are in memory: those that were given out, and all.
  #taken = 0
  #decoded = 0

  /**
   * `parents` are the nodes around the leaf, from the outermost; `rowCount` is the row group's. `plan`: of its pages, where only some rows are read. Throws DataError where the
   * chunk's place or count is wrong.
   */
  constructor(device: Device, place: ChunkPlace, node: LeafNode, parents: readonly ParquetNode[], rowCount: number, shared: SharedScratch, limits: ParquetLimits = {}, plan?: PagePlan) {
    const { valueCount } = place.chunk
    this.#plan = plan
    this.#device = device
    this.#node = node
    this.#shared = shared
    this.#chunk = new ChunkValues(device, place, node.leaf, shared, limits)
    this.#definitions = new Scratch(device)
    this.#repetitions = new Scratch(device)
    this.#bits = new Scratch(device)
    this.#rowsLeft = rowCount
    this.#entriesLeft = valueCount
    this.#perRow = valueCount / rowCount
    this.#entriesMax = limits.leafValuesMax ?? entriesMaxDefault
    this.#table = this.#chunk.control.allocateZeroed(levelMax + 1)
    if (node.repetition > 0 ? valueCount < rowCount : valueCount !== rowCount) {
      this.close()
      throw this.fail('CHUNK_COUNT', `the column has ${valueCount} values, its row group ${rowCount} rows`)
    }
    const table = device.memory.bytes(this.#table, levelMax + 1)
    for (const { kind, definition, repetition } of parents) if (kind === 'list') table[repetition + 1] = definition + 1
  }

  /**
   * The next `rowsMax` rows, which must be there by the row group's count; fewer, but one at least, where lists come to about `valuesMax` entries before. Throws
   * DataError naming file, row group, column and byte.
   */
  read(arena: Arena, rowsMax: number, valuesMax = Infinity): LeafRows {
    this.#forget()
    const room = Math.min(roomFirst, this.#entriesLeft + this.#pageLeft + this.#decoded, Math.ceil(rowsMax * this.#perRow * 1.05) + 64)
    const column = new LeafColumn({ device: this.#device, arena, leaf: this.#node.leaf, chunk: this.#chunk, shared: this.#shared, bits: this.#bits, roomMax: this.#entriesMax }, room)
    const rows = this.#node.repetition > 0 ? this.#readRows(column, rowsMax, valuesMax) : this.#readEntries(column, rowsMax)
    this.#rowsLeft -= rows
    if (this.#rowsLeft === 0 && !this.#plan && this.#entriesLeft + this.#pageLeft + this.#decoded - this.#taken > 0) throw this.fail('CHUNK_COUNT', 'the pages go on behind the last row of the row group')
    return { rows, levels: this.#levels(0, this.#taken), column: column.finish() }
  }

  /** Passes over the next `rows` rows, a batch of about `valuesMax` values at a time; of pages between those that are needed nothing is fetched. Throws as `read`. */
  skip(rows: number, valuesMax: number): void {
    for (let left = rows; left > 0; ) {
      const page = this.#pageRowsLeft === 0 ? this.#plan?.pages[this.#next] : undefined
      if (page && page.rows <= left) {
        this.#next++
        this.#isApart = true
        this.#rowsLeft -= page.rows
        left -= page.rows
        continue
      }
      const arena = this.#device.arena()
      try {
        left -= this.read(arena, Math.min(left, skippedRows, this.#plan ? (page?.rows ?? this.#pageRowsLeft) : left), valuesMax).rows
      } finally {
        arena.release()
      }
    }
  }

  /** The error for this leaf at the byte it has reached. */
  fail(code: string, what: string, remedy?: string): DataError {
    return this.#chunk.fail(code, what, remedy)
  }

  /** Gives up all memory but what batches hold. */
  close(): void {
    this.#chunk.close()
    for (const owned of [this.#definitions, this.#repetitions, this.#bits]) owned.close()
  }

  // Outside of lists an entry is a row.
  #readEntries(column: LeafColumn, rows: number): number {
    while (this.#taken < rows) {
      while (this.#pageLeft === 0) this.#openPage()
      this.#decodeSlice(rows - this.#taken)
      const waiting = this.#decoded - this.#taken
      this.#take(column, waiting)
      this.#giveOut(waiting)
    }
    return rows
  }

  // A row ends where the next begins, which may be in the next page, or with the chunk.
  #readRows(column: LeafColumn, rowsMax: number, valuesMax: number): number {
    let rows = rowsMax
    for (let begun = 0; ; ) {
      while (this.#taken === this.#decoded) {
        if (this.#pageLeft > 0) this.#decodeSlice(sliceEntries)
        // By an index, rows end where pages do.
        else if (this.#plan && this.#endPage() && begun === rows) return rows
        else if (this.#entriesLeft > 0) this.#openPage()
        else if (begun === rows) return rows
        else throw this.fail('CHUNK_COUNT', `the pages end ${this.#rowsLeft - begun} rows before the row group does`)
      }
      const waiting = this.#decoded - this.#taken
      const found = findRow(this.#device, this.#repetitionsAt(this.#taken), waiting, rows - begun)
      this.#take(column, found < 0 ? waiting : found)
      this.#giveOut(found < 0 ? -1 - found : rows - begun)
      if (found >= 0) return rows
      begun += -1 - found
      // The row at hand is read to its end, and is the last.
      if (this.#taken >= valuesMax) rows = begun
    }
  }

  // Notes that so many more rows of the page begin.
  #giveOut(rows: number): void {
    if (!this.#plan) return
    this.#pageRowsLeft -= rows
    if (this.#pageRowsLeft < 0) throw this.fail('PAGE_INDEX', `the page has ${-this.#pageRowsLeft} rows more than the page index says`, pageIndexRemedy)
  }

  #endPage(): true {
    if (this.#pageRowsLeft === 0) return true
    throw this.fail('PAGE_INDEX', `the page has ${this.#pageRowsLeft} rows fewer than the page index says`, pageIndexRemedy)
  }

  #openPage(): void {
    const place = this.#plan?.pages[this.#next]
    if (place) this.#seek(place)
    const page = this.#chunk.nextPage()
    if (!page) throw this.fail('CHUNK_COUNT', `the pages end ${this.#entriesLeft} values before the column does`)
    const { valueCount } = page.header
    if (valueCount > this.#entriesLeft) throw this.fail('PAGE_COUNT', `the page header promises ${valueCount} values, ${this.#entriesLeft} are left in the column`)
    if (place && (this.#chunk.position !== place.offset + place.bytes || valueCount < place.rows || (this.#node.repetition === 0 && valueCount > place.rows)))
      throw this.fail('PAGE_INDEX', `the page has ${valueCount} values and ends here, by the page index ${place.rows} rows and at byte ${place.offset + place.bytes}`, pageIndexRemedy)
    this.#chunk.open(page, this.#node.definition, this.#node.repetition)
    this.#entriesLeft -= valueCount
    this.#pageLeft = valueCount
    this.#pageRowsLeft = place?.rows ?? 0
    if (!place || this.#node.repetition === 0) return
    const first = this.#decoded
    this.#decodeSlice(sliceEntries)
    if (this.#device.memory.bytes(this.#repetitionsAt(first), 1)[0] !== 0) throw this.fail('PAGE_INDEX', 'the page begins within a row, by the page index with one', pageIndexRemedy)
  }

  #seek({ offset }: PagePlace): void {
    const plan = this.#plan!
    if (this.#isApart) this.#chunk.seek(offset, plan.endOfRun(this.#next), plan.pages[0]!.offset, this.#next)
    this.#isApart = false
    this.#next++
  }

  // The levels of up to `most` more entries of the page.
  #decodeSlice(most: number): void {
    const count = Math.min(sliceEntries, most, this.#pageLeft)
    const { definition, repetition } = this.#node
    const cursors = this.#chunk.levels
    if (this.#decoded + count > this.#entriesMax)
      throw this.fail('LIST_SIZE', `the lists of a batch's rows have more than ${this.#entriesMax} values`, 'the file is corrupt, written to exhaust memory, or has lists too long to be columns')
    if (definition > 0) this.#decodeLevels(this.#definitions, cursors, count, definition, 'definition')
    if (repetition > 0) {
      this.#decodeLevels(this.#repetitions, cursors + cursorBytes, count, repetition, 'repetition')
      const wrong = checkLevels(this.#device, this.#levels(this.#decoded, count), this.#table, repetition)
      if (wrong >= 0) throw this.fail('PAGE_LEVELS', `the levels of value ${wrong} of ${count} can't follow those before: a value repeats in a list that isn't there`)
    }
    this.#pageLeft -= count
    this.#decoded += count
  }

  #decodeLevels(into: Scratch, cursor: number, count: number, most: number, name: string): void {
    const kept = margin + this.#decoded
    const start = into.grow(kept + count, kept)
    const found = decodeLevels(this.#device, cursor, count, most, start + kept)
    if (found === -1) throw this.fail('PAGE_LEVELS', `the ${name} levels end before the page's values do`)
    if (found < 0) throw this.fail('PAGE_LEVELS', `a ${name} level is above ${most}`)
  }

  // Levels that were given out make room for those that wait, and the definition before them stays.
  #forget(): void {
    const left = this.#decoded - this.#taken
    const { definition, repetition } = this.#node
    for (const scratch of [...(definition > 0 ? [this.#definitions] : []), ...(repetition > 0 ? [this.#repetitions] : [])]) {
      const start = scratch.ensure(margin) + margin - 1
      const { memory } = this.#device
      if (this.#taken > 0) memory.bytes(start, this.#decoded + 1).copyWithin(0, this.#taken)
      else if (this.#decoded === 0) memory.bytes(start, 1)[0] = 0
    }
    this.#taken = 0
    this.#decoded = left
  }

  #take(column: LeafColumn, count: number): void {
    if (count === 0) return
    const { definition, slot, repetition } = this.#node
    // To a leaf every entry is one of its own.
    const levels = { ...this.#levels(this.#taken, count), repetitions: 0 }
    const slots = countSlots(this.#device, levels, { repetition, least: slot })
    const present = definition === slot ? slots : countSlots(this.#device, levels, { repetition, least: definition })
    column.append(levels, { slots, present, slot, definition })
    this.#taken += count
  }

  #levels(start: number, count: number): Levels {
    const { definition, repetition } = this.#node
    return { repetitions: repetition === 0 ? 0 : this.#repetitionsAt(start), definitions: definition === 0 ? 0 : this.#definitions.ensure(margin) + margin + start, count }
  }

  #repetitionsAt(entry: number): number {
    return this.#repetitions.ensure(margin) + margin + entry
  }
}
