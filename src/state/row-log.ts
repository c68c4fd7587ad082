// Many small sets of rows, kept one behind the other: what is written first goes first, and its memory with it.
import type { Batch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import { columnRange } from '../compute/gather.ts'
import { RowStore } from '../compute/row-store.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

interface Chunk {
  readonly store: RowStore
  live: number
}

/** A set of rows in a log. */
export interface LoggedRows {
  readonly chunk: Chunk
  readonly start: number
  readonly end: number
}

const chunkRows = 65_536

/** Sets of rows of `fields`. Memory goes back by chunks of some 65,536 rows, once all of a chunk's sets are released. Owns it until `close`. */
export class RowLog {
  readonly #device: Device
  readonly #fields: Fields
  readonly #chunks = new Set<Chunk>()
  #last: Chunk | undefined
  constructor(device: Device, fields: Fields) {
    this.#device = device
    this.#fields = fields
  }

  get bytes(): number {
    return [...this.#chunks].reduce((sum, { store }) => sum + store.bytes, 0)
  }

  /** Copies the rows of a batch, whose columns are those of the fields. */
  append(batch: Batch): LoggedRows {
    if (!this.#last || this.#last.store.rowCount >= chunkRows) {
      this.#last = { store: new RowStore(this.#device, this.#fields), live: 0 }
      this.#chunks.add(this.#last)
    }
    const chunk = this.#last
    const start = chunk.store.rowCount
    chunk.store.append(batch)
    chunk.live++
    return { chunk, start, end: chunk.store.rowCount }
  }

  /** The rows of a set, in `arena` or where they lie; valid until the next `append`. */
  rows(arena: Arena, { chunk, start, end }: LoggedRows): Batch {
    const whole = chunk.store.batch()
    return { ...whole, rowCount: end - start, columns: whole.columns.map(column => columnRange(this.#device, arena, column, start, end)), arena: arena.address }
  }

  /** Gives a set back. */
  release({ chunk }: LoggedRows): void {
    if (--chunk.live > 0) return
    chunk.store.close()
    this.#chunks.delete(chunk)
    if (this.#last === chunk) this.#last = undefined
  }

  close(): void {
    for (const { store } of this.#chunks) store.close()
    this.#chunks.clear()
    this.#last = undefined
  }
}
