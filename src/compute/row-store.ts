// Rows that an operator keeps: columns that grow, strings included, so that no batch has to be held. What sorts and joins store.
import type { Batch, Column } from '../batch/batch.ts'
import { bitmapBytes, layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Device } from '../device/device.ts'
import { appendColumn } from './concat.ts'
import { OwnedMemory } from './owned-memory.ts'

const capacityFirst = 256
const heapBytesFirst = 4_096
const heapBytesMax = 1 << 24

interface Stored {
  values: number
  validity: number
  heaps: { address: number; bytes: number; used: number }[]
}

/** A growing table of copied rows. Owns its memory until `close`. Cost of append: a copy, amortised two. */
export class RowStore {
  readonly fields: Fields
  readonly #device: Device
  readonly #memory: OwnedMemory
  #columns: Stored[]
  #capacity = 0
  #rowCount = 0
  constructor(device: Device, fields: Fields) {
    this.#device = device
    this.fields = fields
    this.#memory = new OwnedMemory(device)
    this.#columns = fields.map(() => ({ values: 0, validity: 0, heaps: [] }))
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
    const at = this.#rowCount
    if (at + batch.rowCount > this.#capacity) this.#grow(at + batch.rowCount)
    batch.columns.forEach((part, i) => this.#appendColumn(i, part, at))
    this.#rowCount += batch.rowCount
  }

  /** All rows as a batch of no arena, valid until the next append, `clear` or `close`. */
  batch(): Batch {
    const columns = this.fields.map((field, i) => ({ type: field.type, length: this.#rowCount, values: this.#columns[i]!.values, validity: this.#columns[i]!.validity }))
    return { fields: this.fields, rowCount: this.#rowCount, columns, arena: 0 }
  }

  /** Forgets the rows and gives their memory back. */
  clear(): void {
    this.#memory.close()
    this.#columns = this.fields.map(() => ({ values: 0, validity: 0, heaps: [] }))
    this.#capacity = this.#rowCount = 0
  }

  /** Gives the memory back. */
  close(): void {
    this.clear()
  }

  #appendColumn(i: number, part: Column, at: number): void {
    const { kernels } = this.#device
    const stored = this.#columns[i]!
    const { type } = this.fields[i]!
    if (part.validity !== 0 && stored.validity === 0) {
      stored.validity = this.#memory.allocateZeroed(bitmapBytes(this.#capacity))
      kernels.appendOnes(at, stored.validity, 0)
    }
    const out: Column = { type, length: this.#capacity, values: stored.values, validity: stored.validity }
    if (layoutOf(type) !== 'view') return appendColumn(this.#device, part, out, at)
    const bytes = kernels.countViewBytes(part.values, part.length)
    kernels.copyViews(part.values, part.length, out.values + 16 * at, bytes > 0 ? this.#heap(stored, bytes) : 0)
    if (out.validity !== 0 && part.validity !== 0) kernels.appendBits(part.validity, part.length, out.validity, at)
    else if (out.validity !== 0) kernels.appendOnes(part.length, out.validity, at)
  }

  #heap(stored: Stored, bytes: number): number {
    let heap = stored.heaps.at(-1)
    if (!heap || heap.used + bytes > heap.bytes) {
      const whole = Math.max(bytes, Math.min(heapBytesMax, Math.max(heapBytesFirst, 2 * (heap?.bytes ?? 0))))
      heap = { address: this.#memory.allocate(whole), bytes: whole, used: 0 }
      stored.heaps.push(heap)
    }
    heap.used += bytes
    return heap.address + heap.used - bytes
  }

  #grow(rows: number): void {
    const capacity = Math.max(capacityFirst, 2 ** Math.ceil(Math.log2(rows)))
    this.fields.forEach(({ type }, i) => {
      const stored = this.#columns[i]!
      stored.values = this.#memory.grow(stored.values, valueBytes(type, this.#capacity), valueBytes(type, this.#rowCount), valueBytes(type, capacity))
      if (stored.validity !== 0) stored.validity = this.#memory.grow(stored.validity, bitmapBytes(this.#capacity), bitmapBytes(this.#rowCount), bitmapBytes(capacity))
    })
    this.#capacity = capacity
  }
}
