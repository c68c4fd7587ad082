// A column that grows: copied rows of any type, strings and the items of lists included, so that no batch has to be held.
import { assert } from '../base/errors.ts'
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, childrenOf, type DataType, layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Device } from '../device/device.ts'
import { appendColumn, appendValidity, itemRange } from './concat.ts'
import { columnRange, itemCount } from './gather.ts'
import type { OwnedMemory } from './owned-memory.ts'

const capacityFirst = 256
const heapBytesFirst = 4_096
const heapBytesMax = 1 << 24

/** Rows of one type, in memory of `memory`. Cost of append: a copy, amortised two. */
export class GrowingColumn {
  readonly #device: Device
  readonly #memory: OwnedMemory
  readonly #type: DataType
  readonly #children: readonly GrowingColumn[]
  #values = 0
  #validity = 0
  #capacity = 0
  #length = 0
  #heaps: { address: number; bytes: number; used: number }[] = []
  constructor(device: Device, memory: OwnedMemory, type: DataType) {
    this.#device = device
    this.#memory = memory
    this.#type = type
    this.#children = childrenOf(type).map(child => new GrowingColumn(device, memory, child.type))
  }

  get length(): number {
    return this.#length
  }

  /** All rows, valid until the next append, `clear` or `close`. */
  column(): Column {
    const { kind } = this.#type
    if (layoutOf(this.#type) === 'list' && this.#capacity === 0) this.#grow(0)
    const children = this.#children.length > 0 || kind === 'struct' ? { children: this.#children.map(child => child.column()) } : {}
    return { type: this.#type, length: this.#length, values: this.#values, validity: this.#validity, ...children }
  }

  /** Copies the rows of `part`, a column of the type, behind the rows there are. */
  append(part: Column): void {
    const at = this.#length
    if (at + part.length > this.#capacity) this.#grow(at + part.length)
    this.#appendValues(part, at)
    this.#appendNulls(part, at)
    this.#length += part.length
  }

  /** Forgets the rows and gives their memory back. */
  clear(): void {
    for (const child of this.#children) child.clear()
    for (const heap of this.#heaps) this.#memory.free(heap.address, heap.bytes)
    this.#memory.free(this.#values, valueBytes(this.#type, this.#capacity))
    this.#memory.free(this.#validity, bitmapBytes(this.#capacity))
    this.#heaps = []
    this.#values = this.#validity = this.#capacity = this.#length = 0
  }

  #appendValues(part: Column, at: number): void {
    const { kernels } = this.#device
    switch (layoutOf(this.#type)) {
      case 'none':
        return
      case 'children':
        return part.children!.forEach((child, i) => this.#children[i]!.append(child))
      case 'list':
        return this.#appendLists(part, at)
      case 'view': {
        const bytes = kernels.countViewBytes(part.values, part.length)
        return kernels.copyViews(part.values, part.length, this.#values + 16 * at, bytes > 0 ? this.#heap(bytes) : 0)
      }
      default:
        return appendColumn(this.#device, part, { type: this.#type, length: this.#capacity, values: this.#values, validity: 0 }, at)
    }
  }

  #appendLists(part: Column, at: number): void {
    const scratch = this.#device.arena()
    try {
      const { start, end } = itemRange(this.#device, part)
      const items = this.#children[0]!
      itemCount(this.#type, items.length + end - start)
      this.#device.kernels.shiftOffsets(part.values, part.length + 1, items.length - start, this.#values + 4 * at)
      items.append(columnRange(this.#device, scratch, part.children![0]!, start, end))
    } finally {
      scratch.release()
    }
  }

  #appendNulls(part: Column, at: number): void {
    if (this.#type.kind === 'null') return
    if (part.validity !== 0 && this.#validity === 0) {
      this.#validity = this.#memory.allocateZeroed(bitmapBytes(this.#capacity))
      this.#device.kernels.appendOnes(at, this.#validity, 0)
    }
    if (this.#validity !== 0) appendValidity(this.#device, part, this.#validity, at)
  }

  #heap(bytes: number): number {
    let heap = this.#heaps.at(-1)
    if (!heap || heap.used + bytes > heap.bytes) {
      const whole = Math.max(bytes, Math.min(heapBytesMax, Math.max(heapBytesFirst, 2 * (heap?.bytes ?? 0))))
      heap = { address: this.#memory.allocate(whole), bytes: whole, used: 0 }
      this.#heaps.push(heap)
    }
    heap.used += bytes
    return heap.address + heap.used - bytes
  }

  #grow(rows: number): void {
    const capacity = Math.max(capacityFirst, 2 ** Math.ceil(Math.log2(Math.max(1, rows))))
    const layout = layoutOf(this.#type)
    assert(capacity > this.#capacity, 'a column grows')
    if (layout !== 'none' && layout !== 'children') {
      const used = this.#capacity === 0 ? 0 : valueBytes(this.#type, this.#length)
      this.#values = this.#memory.grow(this.#values, this.#capacity === 0 ? 0 : valueBytes(this.#type, this.#capacity), used, valueBytes(this.#type, capacity))
      if (layout === 'list' && this.#length === 0) this.#device.memory.int32s(this.#values, 1)[0] = 0
    }
    if (this.#type.kind === 'null') {
      this.#memory.free(this.#validity, bitmapBytes(this.#capacity))
      this.#validity = this.#memory.allocateZeroed(bitmapBytes(capacity))
    } else if (this.#validity !== 0) this.#validity = this.#memory.grow(this.#validity, bitmapBytes(this.#capacity), bitmapBytes(this.#length), bitmapBytes(capacity))
    this.#capacity = capacity
  }
}
