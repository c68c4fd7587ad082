// Rows that an operator keeps: columns that grow, so that no batch has to be held. What sorts and joins store.
import type { Batch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import type { Device } from '../device/device.ts'
import { GrowingColumn } from './growing-column.ts'
import { OwnedMemory } from './owned-memory.ts'

/** A growing table of copied rows. Owns its memory until `close`. Cost of append: a copy, amortised two. */
export class RowStore {
  readonly fields: Fields
  readonly #device: Device
  readonly #memory: OwnedMemory
  #columns: readonly GrowingColumn[]
  #rowCount = 0
  constructor(device: Device, fields: Fields) {
    this.#device = device
    this.fields = fields
    this.#memory = new OwnedMemory(device)
    this.#columns = this.#fresh()
  }

  get rowCount(): number {
    return this.#rowCount
  }
  /** Bytes held. */
  get bytes(): number {
    return this.#memory.bytes
  }

  /** Copies the rows of `batch`, whose columns are those of `fields` in that order, behind the rows there are. */
  append(batch: Pick<Batch, 'columns' | 'rowCount'>): void {
    batch.columns.forEach((part, i) => this.#columns[i]!.append(part))
    this.#rowCount += batch.rowCount
  }

  /** All rows as a batch of no arena, valid until the next append, `clear` or `close`. */
  batch(): Batch {
    return { fields: this.fields, rowCount: this.#rowCount, columns: this.#columns.map(column => column.column()), arena: 0 }
  }

  /** Forgets the rows and gives their memory back. */
  clear(): void {
    this.#memory.close()
    this.#columns = this.#fresh()
    this.#rowCount = 0
  }

  /** Gives the memory back. */
  close(): void {
    this.clear()
  }

  #fresh(): readonly GrowingColumn[] {
    return this.fields.map(field => new GrowingColumn(this.#device, this.#memory, field.type))
  }
}
