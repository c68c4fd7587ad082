// Any number of rows in order: sorted runs are held, or written to disk once they are too many, and merged piece by piece. A piece is what lies between
// two keys: its rows are cut out of all runs, put end to end and sorted once more, so that merging needs no loop of its own and takes all types.
import type { SpillFile, SpillStore } from '../base/spill.ts'
import { type Batch, releaseBatch, retainBatch, sliceBatch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import { batchBytes, compareSorted, mergeRanges, type OrderColumn, rowBehind, type RowRange, sortBatch, type SortedBatch, sortedBatch } from '../compute/sorted-rows.ts'
import { gatherOwned, rowNumbers } from '../compute/gather.ts'
import { type Arena, arenaBytes } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { planPieces } from './sort-pieces.ts'
import { decodeRun, encodeRun } from './run-codec.ts'

/** What a sorter works on. `bytesMax`: what it may hold before it writes. `instance` of `parallelism` sorters over the same rows gives its pieces only. */
export interface RunSorterOptions {
  readonly device: Device
  readonly fields: Fields
  readonly order: readonly OrderColumn[]
  readonly spill: SpillStore
  readonly bytesMax: number
  readonly instance?: number
  readonly parallelism?: number
}

interface Run {
  readonly batch: Batch
  readonly bytes: number
}

/** A run on disk, or one that is held, on its way through a merge. */
interface Cursor {
  readonly file: SpillFile | undefined
  nextBlock: number
  arena: Arena | undefined
  block: SortedBatch | undefined
  row: number
}

const pieceRowsMax = 131_072
/** What sorting needs besides. */
const sortBytesPerRow = 40
const emitRowsMax = 65_536
const smallRows = 16_384
const smallBatchesMax = 64
const filesMax = 32
/** Small batches that take more than this, and a quarter of what may be held, don't wait for more. */
const smallBytesMin = 1 << 20

/**
 * Sorts what `add` gave, stable. Of several instances over the same rows each gives every so-many-th piece; when memory doesn't suffice, the first gives
 * all. Memory: `bytesMax` and some pieces. Owns it, and its files, until `close`.
 */
export class RunSorter {
  readonly #options: RunSorterOptions
  readonly #device: Device
  readonly #first: boolean
  #runs: Run[] = []
  #small: Batch[] = []
  #smallRows = 0
  #smallBytes = 0
  #bytes = 0
  #files: SpillFile[] = []
  #rowBytes = 16
  #hasSpilled = false
  #pieces: Iterator<(arena: Arena) => Batch> | undefined

  constructor(options: RunSorterOptions) {
    this.#options = options
    this.#device = options.device
    this.#first = (options.instance ?? 0) === 0
  }

  /** Takes rows, which may lie in memory that is given back afterwards where they are not `isSorted`; else the batch is retained. */
  add(batch: Batch, isSorted: boolean): void {
    if (batch.rowCount === 0 || (this.#hasSpilled && !this.#first)) return
    if (batch.rowCount < smallRows) {
      this.#small.push(isSorted ? retainBatch(this.#device, batch) : this.#own(batch))
      this.#smallRows += batch.rowCount
      this.#smallBytes += arenaBytes(this.#device, this.#small.at(-1)!.arena)
      const isMuch = this.#smallBytes > Math.max(smallBytesMin, this.#options.bytesMax / 4)
      if (isMuch || this.#smallRows >= smallRows || this.#small.length >= smallBatchesMax) this.#gather()
    } else {
      this.#gather()
      this.#hold(isSorted ? retainBatch(this.#device, batch) : this.#made(arena => sortBatch(this.#device, arena, batch, this.#options.order)))
    }
    if (this.#bytes > this.#options.bytesMax) this.#spill()
  }

  /** The rows so far as state: some batches, in the order in which they came. Of several instances the first has them. */
  states(): Uint8Array[] {
    this.#gather()
    if (!this.#first) return []
    const written = this.#files.flatMap(file => Array.from({ length: file.blocks }, (_, block) => file.read(block)))
    return [...written, ...this.#runs.map(run => encodeRun(this.#device, run.batch))]
  }

  /** The next piece in order, as batches of bounded size in `arena`; undefined at the end. The first call ends the taking of rows. */
  next(arena: Arena): Batch[] | undefined {
    if (!this.#pieces) {
      this.#gather()
      this.#pieces = this.#files.length > 0 ? this.#merge(this.#files.splice(0)) : this.#shares()
    }
    const { done, value } = this.#pieces.next()
    return done ? undefined : slices(value(arena), emitRowsMax)
  }

  /** Gives memory and files back. */
  close(): void {
    for (const run of this.#runs.splice(0)) releaseBatch(this.#device, run.batch)
    for (const batch of this.#small.splice(0)) releaseBatch(this.#device, batch)
    this.#pieces?.return?.()
    for (const file of this.#files.splice(0)) file.delete()
    this.#bytes = this.#smallRows = this.#smallBytes = 0
  }

  // Many small batches become one run; and runs that are no longer than the one behind them go together with it.
  #gather(): void {
    if (this.#small.length === 0) return
    const parts = this.#small.splice(0)
    this.#smallRows = this.#smallBytes = 0
    let run = this.#together(parts)
    for (let last = this.#runs.at(-1); last && last.batch.rowCount <= run.rowCount && run.rowCount < smallRows; last = this.#runs.at(-1)) {
      this.#runs.pop()
      this.#bytes -= last.bytes
      run = this.#together([last.batch, run])
    }
    this.#hold(run)
  }

  #together(parts: readonly Batch[]): Batch {
    const { fields, order } = this.#options
    const merged = this.#made(arena => mergeRanges(this.#device, arena, fields, parts.map(wholeRange), order, true))
    for (const part of parts) releaseBatch(this.#device, part)
    return merged
  }

  #own(batch: Batch): Batch {
    return this.#made(arena => gatherOwned(this.#device, arena, batch, rowNumbers(this.#device, arena, batch.rowCount), batch.rowCount))
  }

  #made(make: (arena: Arena) => Batch): Batch {
    const arena = this.#device.arena()
    try {
      return make(arena)
    } catch (error) {
      arena.release()
      throw error
    }
  }

  // What counts is the memory that goes with a batch; it may be the whole of what it was made of.
  #hold(batch: Batch): void {
    const own = batchBytes(this.#device, batch)
    const bytes = Math.max(own, arenaBytes(this.#device, batch.arena))
    this.#rowBytes = Math.max(this.#rowBytes, own / Math.max(batch.rowCount, 256))
    this.#runs.push({ batch, bytes })
    this.#bytes += bytes
  }

  #spill(): void {
    this.#gather()
    this.#hasSpilled = true
    if (this.#first) this.#write(this.#shares(true))
    for (const run of this.#runs.splice(0)) releaseBatch(this.#device, run.batch)
    this.#bytes = 0
    if (this.#files.length >= filesMax) this.#write(this.#merge(this.#files.splice(0)))
  }

  #write(pieces: Iterable<(arena: Arena) => Batch>): void {
    const file = this.#options.spill.create()
    const blockBytes = Math.min(1 << 20, Math.max(1 << 14, this.#options.bytesMax / 2 / filesMax))
    const blockRows = Math.max(64, Math.floor(blockBytes / this.#rowBytes / 64) * 64)
    for (const piece of pieces) {
      const arena = this.#device.arena()
      try {
        for (const block of slices(piece(arena), blockRows)) file.append(encodeRun(this.#device, block))
      } finally {
        arena.release()
      }
    }
    this.#files.push(file)
  }

  // The pieces of what is held; of several instances every one makes its own, all of them where it is to `writeAll`.
  *#shares(writeAll = false): Generator<(arena: Arena) => Batch, void, undefined> {
    if (this.#runs.length === 0) return
    const { fields, order, instance = 0, parallelism = 1, bytesMax } = this.#options
    const rows = Math.min(pieceRowsMax, Math.max(64, Math.floor(bytesMax / 8 / (this.#rowBytes + sortBytesPerRow))))
    const scratch = this.#device.arena()
    try {
      const sorted = this.#runs.map(run => sortedBatch(this.#device, scratch, run.batch, order))
      const cuts = planPieces(this.#device, sorted, order, rows)
      for (let piece = writeAll ? 0 : instance; piece + 1 < cuts[0]!.length; piece += writeAll ? 1 : parallelism) {
        const ranges = sorted.flatMap(({ batch }, i): RowRange[] => {
          const [start, end] = [cuts[i]![piece]!, cuts[i]![piece + 1]!]
          return start < end ? [{ batch, start, end }] : []
        })
        yield arena => mergeRanges(this.#device, arena, fields, ranges, order, false)
      }
    } finally {
      scratch.release()
    }
  }

  // The pieces of runs on disk and of those held, block by block. The files are gone afterwards.
  *#merge(files: SpillFile[]): Generator<(arena: Arena) => Batch, void, undefined> {
    const { fields, order } = this.#options
    const cursors: Cursor[] = files.map(file => ({ file, nextBlock: 0, arena: undefined, block: undefined, row: 0 }))
    const held = this.#device.arena()
    try {
      for (const { batch } of this.#runs) cursors.push({ file: undefined, nextBlock: 0, arena: undefined, block: sortedBatch(this.#device, held, batch, order), row: 0 })
      for (;;) {
        for (const cursor of cursors) this.#advance(cursor)
        const ranges = this.#takeUpTo(cursors, this.#boundary(cursors))
        if (ranges.length === 0) return
        yield arena => mergeRanges(this.#device, arena, fields, ranges, order, true)
      }
    } finally {
      held.release()
      for (const cursor of cursors) cursor.arena?.release()
      for (const file of files) file.delete()
    }
  }

  // The next block of a run whose current one is used up.
  #advance(cursor: Cursor): void {
    const { file, block } = cursor
    if (block && cursor.row < block.batch.rowCount) return
    cursor.arena?.release()
    cursor.arena = cursor.block = undefined
    cursor.row = 0
    if (!file || cursor.nextBlock >= file.blocks) return
    const arena = this.#device.arena()
    cursor.arena = arena
    cursor.block = sortedBatch(this.#device, arena, decodeRun(this.#device, arena, file.read(cursor.nextBlock++)), this.#options.order)
  }

  // The run whose block ends first among those that go on behind it: up to there all rows are at hand.
  #boundary(cursors: readonly Cursor[]): number {
    let least = -1
    cursors.forEach(({ file, nextBlock, block }, i) => {
      if (!file || nextBlock >= file.blocks || !block) return
      const other = cursors[least]?.block
      if (!other || compareSorted(this.#device, block, block.batch.rowCount - 1, other, other.batch.rowCount - 1, this.#options.order.length) < 0) least = i
    })
    return least
  }

  // Earlier runs give their rows equal to the boundary, later ones keep them: more of them may follow in the boundary's run.
  #takeUpTo(cursors: readonly Cursor[], boundary: number): RowRange[] {
    const least = cursors[boundary]?.block
    return cursors.flatMap((cursor, i): RowRange[] => {
      const { block, row: start } = cursor
      if (!block || start >= block.batch.rowCount) return []
      const end = !least || i === boundary ? block.batch.rowCount : rowBehind(this.#device, block, start, least, least.batch.rowCount - 1, this.#options.order.length, i < boundary)
      cursor.row = end
      return start < end ? [{ batch: block.batch, start, end }] : []
    })
  }
}

function wholeRange(batch: Batch): RowRange {
  return { batch, start: 0, end: batch.rowCount }
}

function slices(batch: Batch, rows: number): Batch[] {
  if (batch.rowCount === 0) return []
  if (batch.rowCount <= rows) return [batch]
  return Array.from({ length: Math.ceil(batch.rowCount / rows) }, (_, i) => sliceBatch(batch, i * rows, Math.min(batch.rowCount, (i + 1) * rows)))
}
