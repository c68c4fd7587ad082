// One side of a join whose rows end with event time: stored rows by key, until when each is needed, and, where somebody asks, which have met a row of the
// other side. Rows that have ended go once they are half of what is stored, all at once: a row is copied twice at most, on average.
import type { Batch, Column } from '../batch/batch.ts'
import type { DataType } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { gatherBatch } from './gather.ts'
import { JoinIndex, type Pairs } from './join-index.ts'
import { OwnedMemory } from './owned-memory.ts'
import { leastTime, timeAt } from './window.ts'

/** Row numbers: the address of `count` u32. */
export interface RowIds {
  readonly ids: number
  readonly count: number
}

/** What is stored. The last of `fields` is the time until which a row is needed, an int64 of milliseconds; `keys` are positions among the fields. */
export interface TimedRowsOptions {
  readonly fields: Fields
  readonly keys: readonly number[]
  readonly keyTypes: readonly DataType[]
  /** Which rows have met one of the other side is kept. */
  readonly marks: boolean
  /** Rows that have met none are needed after their time too, until `takeDue` has given them. */
  readonly keepsUnmet: boolean
}

const compactRowsMin = 4_096
const copyRows = 65_536

/** The stored side. Owns its memory until `close`. */
export class TimedRows {
  readonly #device: Device
  readonly #options: TimedRowsOptions
  readonly #memory: OwnedMemory
  #index: JoinIndex
  #marks = 0
  #capacity = 0
  /** No unmet row ends before. */
  #least = Number.POSITIVE_INFINITY
  /** Rows that were left when some last went. */
  #compacted = 0
  constructor(device: Device, options: TimedRowsOptions) {
    this.#device = device
    this.#options = options
    this.#memory = new OwnedMemory(device)
    this.#index = this.#freshIndex()
  }

  get rowCount(): number {
    return this.#index.rowCount
  }
  get bytes(): number {
    return this.#index.bytes + this.#memory.bytes
  }
  /** The least time at which a row may be due. */
  get least(): number {
    return this.#least
  }

  /** The stored rows, valid until the next `insert` or `compact`. */
  rows(): Batch {
    return this.#index.rows()
  }
  /** A byte a stored row: 1 where it has met one. 0 where that isn't kept. */
  get marks(): number {
    return this.#options.marks ? this.#marks : 0
  }

  /** Stores copies of the rows, of which no key is null; `met` is the address of a byte each, or 0 for none that has met a row. */
  insert(arena: Arena, batch: Batch, met: number): void {
    if (batch.rowCount === 0) return
    const start = this.rowCount
    this.#index.insert(arena, batch)
    if (this.#options.marks) {
      this.#grow(this.rowCount)
      const marks = this.#device.memory.bytes(this.#marks + start, batch.rowCount)
      if (met === 0) marks.fill(0)
      else marks.set(this.#device.memory.bytes(met, batch.rowCount))
    }
    this.#least = Math.min(this.#least, leastTime(this.#device, arena, batch.columns.at(-1)!.values, batch.rowCount))
  }

  /** As `JoinIndex.probe`. */
  probe(arena: Arena, keyColumns: readonly Column[], rows: number, pairsMax: number): Generator<Pairs> {
    return this.#index.probe(arena, keyColumns, rows, pairsMax)
  }

  /** Marks the rows `ids` as met. */
  mark(ids: number, count: number): void {
    this.#device.kernels.markIndices(ids, count, this.#marks)
  }

  /** As `mark`; keeps the rows that had met none before, each once, and the numbers beside them in `others`, in place. Returns how many. */
  markNew(ids: number, others: number, count: number): number {
    return this.#device.kernels.markNew(ids, others, count, this.#marks)
  }

  /** The rows that have met none and end by `watermark`; they count as met from now on. Cost: 1–2 ns a stored row, where there may be any. */
  takeDue(arena: Arena, watermark: number): RowIds {
    if (this.#least > watermark) return { ids: 0, count: 0 }
    const rows = this.rowCount
    const [ids, least] = [arena.allocate(4 * rows + 4), arena.allocate(8)]
    const count = this.#device.kernels.takeDue(this.#untils(), this.#marks, rows, watermark, ids, least)
    this.#least = rows === 0 ? Number.POSITIVE_INFINITY : laterThan(timeAt(this.#device, least))
    return { ids, count }
  }

  /** Lets go of rows that nobody needs after `watermark`: where they are half of all, or with `always`. */
  compact(watermark: number, always = false): void {
    const rows = this.rowCount
    if (rows === 0 || watermark === Number.NEGATIVE_INFINITY || (!always && rows < 2 * this.#compacted + compactRowsMin)) return
    const scratch = this.#device.arena()
    try {
      const ids = scratch.allocate(4 * rows + 4)
      const alive = this.#device.kernels.selectAlive(this.#untils(), this.#options.keepsUnmet ? this.#marks : 0, rows, watermark, ids)
      this.#compacted = rows
      if (alive === rows || (!always && 2 * alive > rows)) return
      this.#keep(ids, alive)
    } finally {
      scratch.release()
    }
  }

  /** Gives the memory back. */
  close(): void {
    this.#index.close()
    this.#memory.close()
  }

  // Some rows at a time, so that no second copy of all is made.
  #keep(ids: number, count: number): void {
    const [old, marks, capacity] = [this.#index, this.#marks, this.#capacity]
    this.#index = this.#freshIndex()
    this.#marks = this.#capacity = 0
    this.#least = Number.POSITIVE_INFINITY
    for (let at = 0; at < count; at += copyRows) {
      const part = this.#device.arena()
      try {
        const rows = Math.min(copyRows, count - at)
        const met = this.#options.marks ? marksOf(this.#device, part, marks, ids + 4 * at, rows) : 0
        this.insert(part, gatherBatch(this.#device, part, old.rows(), ids + 4 * at, rows), met)
      } finally {
        part.release()
      }
    }
    old.close()
    this.#memory.free(marks, capacity)
    this.#compacted = count
  }

  #freshIndex(): JoinIndex {
    const { fields, keys, keyTypes } = this.#options
    return new JoinIndex(this.#device, fields, keys, keyTypes)
  }

  #untils(): number {
    return this.#index.rows().columns.at(-1)!.values
  }

  #grow(rows: number): void {
    if (rows <= this.#capacity) return
    const capacity = Math.max(256, 2 ** Math.ceil(Math.log2(rows)))
    this.#marks = this.#memory.grow(this.#marks, this.#capacity, this.#capacity, capacity)
    this.#capacity = capacity
  }
}

/** Marks rows of a batch at `marks`, a byte each. */
export function markRows({ kernels }: Device, ids: number, count: number, marks: number): void {
  kernels.markIndices(ids, count, marks)
}

/** As `TimedRows.markNew`, of the rows of a batch. */
export function markNewRows({ kernels }: Device, ids: number, others: number, count: number, marks: number): number {
  return kernels.markNew(ids, others, count, marks)
}

/** The marks of some rows, in `arena`. */
export function marksOf({ kernels }: Device, arena: Arena, marks: number, ids: number, count: number): number {
  const out = arena.allocate(count)
  kernels.gatherWord1(marks, ids, count, out)
  return out
}

/** The times `byMs` later, as an address in `arena` of an int64 each; "no time" stays. */
export function moveTimes(device: Device, arena: Arena, times: number, rows: number, byMs: number): number {
  if (byMs === 0) return times
  const out = arena.allocate(8 * rows)
  device.kernels.moveTimes(times, rows, byMs, out)
  return out
}

// The greatest int64 stands for never.
function laterThan(time: number): number {
  return time > 9e15 ? Number.POSITIVE_INFINITY : time
}
