// The memory of a dictionary in the making: little at first, since most columns have few values, and there may be thousands of columns.
import type { DictionaryPlace } from '../../compute/parquet-encode.ts'
import { clearDictionary, rebaseViews, refillDictionary } from '../../compute/parquet-encode.ts'
import type { Layout } from '../../batch/data-type.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'

const countFirst = 2_048
const countMax = 65_536
const heapBytesFirst = 32_768
const heapBytesMax = 1 << 20
const growth = 4

/** The most values of a dictionary, and the most bytes of its texts with their lengths. */
export const dictionaryMost = { count: countMax, heapBytes: heapBytesMax }

/** Room for the values of one dictionary, a hash table over them, and a byte a value. Memory: 48 KiB to 2.5 MiB, growing by fours. */
export class DictionaryRoom {
  readonly #device: Device
  readonly #layout: Layout
  readonly #valueBytes: number
  #arena: Arena
  #place: DictionaryPlace
  #marks: number

  /** `valueBytes`: of a value of the layout. */
  constructor(device: Device, layout: Layout, valueBytes: number) {
    this.#device = device
    this.#layout = layout
    this.#valueBytes = valueBytes
    this.#arena = device.arena()
    ;[this.#place, this.#marks] = this.#allocate(countFirst, heapBytesFirst)
    this.clear()
  }

  get place(): DictionaryPlace {
    return this.#place
  }
  /** A zero byte for each value that there is room for. */
  get marks(): number {
    return this.#marks
  }

  /** Room for `count` values of `bytes` bytes of PLAIN text behind the `known` ones, or for as much as a dictionary may have. Cost: what is there, where it moves. */
  reserve(known: number, count: number, bytes: number): void {
    const { countMax: room, heapBytes } = this.#place
    const used = this.#heapUsed
    const wanted = atLeast(room, known + count, countMax)
    const heap = this.#layout === 'view' ? atLeast(heapBytes, used + bytes, heapBytesMax) : heapBytes
    if (wanted > room || heap > heapBytes) this.#move(known, used, wanted, heap)
  }

  /** Forgets all values. */
  clear(): void {
    clearDictionary(this.#device, this.#place)
  }

  /** Gives the memory back. */
  close(): void {
    this.#arena.release()
  }

  get #heapUsed(): number {
    return this.#layout === 'view' ? this.#device.memory.uint32s(this.#place.heapUsed, 1)[0]! : 0
  }

  #move(known: number, used: number, count: number, heapBytes: number): void {
    const { memory } = this.#device
    const [arena, before] = [this.#arena, this.#place]
    this.#arena = this.#device.arena()
    try {
      ;[this.#place, this.#marks] = this.#allocate(count, heapBytes)
      const { values, heap, heapUsed } = this.#place
      memory.write(values, memory.bytes(before.values, known * this.#valueBytes))
      if (this.#layout === 'view') {
        memory.write(heap, memory.bytes(before.heap, used))
        memory.uint32s(heapUsed, 1)[0] = used
        rebaseViews(this.#device, values, known, before.heap, heap)
      }
      refillDictionary(this.#device, this.#place, known)
    } finally {
      arena.release()
    }
  }

  #allocate(count: number, heapBytes: number): [DictionaryPlace, number] {
    const isView = this.#layout === 'view'
    const place = {
      layout: this.#layout,
      table: this.#arena.allocate(8 * count),
      tableSlots: 2 * count,
      values: this.#arena.allocate(this.#valueBytes * count),
      countMax: count,
      heap: isView ? this.#arena.allocate(heapBytes) : 0,
      heapUsed: isView ? this.#arena.allocateZeroed(4) : 0,
      heapBytes,
    }
    return [place, this.#arena.allocateZeroed(count)]
  }
}

function atLeast(has: number, wanted: number, most: number): number {
  let room = has
  while (room < wanted && room < most) room = Math.min(most, growth * room)
  return room
}
