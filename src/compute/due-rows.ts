// Rows that wait for event time: stored as they come, taken in the order of their times once these are reached. A heap of their times says which are next, so that
// rows that wait for long cost nothing meanwhile.
import type { Batch } from '../batch/batch.ts'
import { bitmapBytes, int64 } from '../batch/data-type.ts'
import type { Field, Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { selectRows } from './compact.ts'
import { gatherOwned } from './gather.ts'
import { OwnedMemory } from './owned-memory.ts'
import { RowStore } from './row-store.ts'
import type { RowIds } from './timed-rows.ts'

/** Rows whose time was reached, by time, those of one time as they came; `times` is the address of an int64 each. */
export interface TakenRows extends RowIds {
  readonly times: number
}

const timeField: Field = { name: '$time', type: int64, nullable: false }
const entryBytes = 16
/** Taken rows are let go of once they are this many and more than those that wait. */
const takenRowsMin = 4_096

/** The waiting rows. Owns its memory until `close`. Cost: a copy of each row, amortised two, and 20–100 ns for its place in the order. */
export class DueRows {
  readonly #device: Device
  readonly #fields: Fields
  readonly #memory: OwnedMemory
  readonly #store: RowStore
  #heap = 0
  #capacity = 0
  #waiting = 0
  constructor(device: Device, fields: Fields) {
    this.#device = device
    this.#fields = fields
    this.#memory = new OwnedMemory(device)
    this.#store = new RowStore(device, [...fields, timeField])
  }

  /** Rows that wait. */
  get rowCount(): number {
    return this.#waiting
  }
  get bytes(): number {
    return this.#store.bytes + this.#memory.bytes
  }

  /** All stored rows, taken ones among them, for `TakenRows` to point at; valid until the next `insert` or `compact`. */
  rows(): Batch {
    const { columns, ...rows } = this.#store.batch()
    return { ...rows, fields: this.#fields, columns: columns.slice(0, this.#fields.length) }
  }

  /** Stores copies of rows, whose columns are those of the fields; `times` is the address of an int64 each. */
  insert({ columns, rowCount }: Pick<Batch, 'columns' | 'rowCount'>, times: number): void {
    if (rowCount === 0) return
    const first = this.#store.rowCount
    this.#store.append({ columns: [...columns, { type: int64, length: rowCount, values: times, validity: 0 }], rowCount })
    this.#grow(this.#waiting + rowCount)
    this.#device.kernels.pushDue(this.#heap, this.#waiting, times, rowCount, first)
    this.#waiting += rowCount
  }

  /** True where a row's time is `limit` or earlier. */
  isDue(limit: bigint): boolean {
    return this.#waiting > 0 && this.#device.memory.int64s(this.#heap, 1)[0]! <= limit
  }

  /** Takes the rows whose time is `limit` or earlier. */
  take(arena: Arena, limit: bigint): TakenRows {
    if (!this.isDue(limit)) return { ids: 0, times: 0, count: 0 }
    const { kernels } = this.#device
    const count = kernels.countDue(this.#heap, this.#waiting, limit)
    const [ids, times] = [arena.allocate(4 * count), arena.allocate(8 * count)]
    kernels.popDue(this.#heap, this.#waiting, limit, ids, times)
    this.#waiting -= count
    return { ids, times, count }
  }

  /** Lets go of rows that were taken: where they are more than the others, or with `always`. */
  compact(always = false): void {
    const taken = this.#store.rowCount - this.#waiting
    if (taken === 0 || (!always && this.#waiting > 0 && taken < Math.max(takenRowsMin, this.#waiting))) return
    const scratch = this.#device.arena()
    try {
      const bits = scratch.allocateZeroed(bitmapBytes(this.#store.rowCount))
      this.#device.kernels.markWaiting(this.#heap, this.#waiting, bits)
      const { indices, rows } = selectRows(this.#device, scratch, bits, this.#store.rowCount)
      const kept = rows > 0 ? gatherOwned(this.#device, scratch, this.#store.batch(), indices, rows) : undefined
      this.#store.clear()
      this.#waiting = 0
      if (kept) this.insert({ columns: kept.columns.slice(0, -1), rowCount: rows }, kept.columns.at(-1)!.values)
    } finally {
      scratch.release()
    }
  }

  /** Gives the memory back. */
  close(): void {
    this.#store.close()
    this.#memory.close()
  }

  #grow(rows: number): void {
    if (rows <= this.#capacity) return
    const capacity = Math.max(256, 2 ** Math.ceil(Math.log2(rows)))
    this.#heap = this.#memory.grow(this.#heap, entryBytes * this.#capacity, entryBytes * this.#waiting, entryBytes * capacity)
    this.#capacity = capacity
  }
}
