// A leaf's column while it grows: how many places it will have is known only when its levels have been read.
import type { Column } from '../../batch/batch.ts'
import { bitmapBytes, layoutOf, valueBytes } from '../../batch/data-type.ts'
import { setBits, spreadBits, spreadValues } from '../../compute/parquet.ts'
import { type Levels, levelsToBits } from '../../compute/parquet-levels.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import type { Scratch } from '../scratch.ts'
import type { ChunkValues, SharedScratch } from './chunk-values.ts'
import { columnOfStored } from './decode-column-chunk.ts'
import type { ParquetLeaf } from './schema-tree.ts'

/** What a column takes its values from, and where it puts them. `bits` is the leaf's own. */
export interface LeafColumnContext {
  readonly device: Device
  readonly arena: Arena
  readonly leaf: ParquetLeaf
  readonly chunk: ChunkValues
  readonly shared: SharedScratch
  readonly bits: Scratch
  /** Places that it may have at most. */
  readonly roomMax: number
}

/** What some entries hold: their places, those that have values, and the levels that tell. */
export interface LeafSlots {
  readonly slots: number
  readonly present: number
  readonly slot: number
  readonly definition: number
}

/** Made for one batch. */
export class LeafColumn {
  readonly #context: LeafColumnContext
  readonly #held = new Set<number>()
  readonly #isView: boolean
  readonly #isBit: boolean
  // Decimals become others before a batch has them.
  readonly #isShared: boolean
  #room = 0
  #values = 0
  #length = 0
  #present = 0

  /** Has room for `room` places at first. */
  constructor(context: LeafColumnContext, room: number) {
    const { field, stored } = context.leaf
    this.#context = context
    this.#isView = layoutOf(stored) === 'view'
    this.#isBit = layoutOf(stored) === 'bit'
    this.#isShared = field.type.kind === 'decimal' && !this.#isView
    this.#grow(room)
  }

  /** Takes the values of the chunk's page that belong to `levels`. */
  append(levels: Levels, found: LeafSlots): void {
    const { slots, present } = found
    const { device, arena, chunk, roomMax } = this.#context
    const before = this.#length
    if (before + slots > this.#room) this.#grow(Math.max(before + slots, Math.min(2 * this.#room, roomMax)))
    if (present < slots) this.#bitsOf(levels, found)
    else if (this.#present < before) setBits(device, this.#bits(slots), before, slots)
    if (present > 0) {
      this.#read(slots, present)
      chunk.holdBy(arena, this.#held)
    } else if (this.#isView) device.memory.zero(this.#values + 16 * before, 16 * slots)
    this.#length += slots
    this.#present += present
  }

  /** The column. Throws DataError VALUE_RANGE. */
  finish(): Column {
    const { device, arena, leaf, chunk } = this.#context
    const length = this.#length
    const stored = { type: leaf.stored, length, values: this.#values, validity: this.#validity() }
    const { type, values, validity } = columnOfStored(device, arena, stored, leaf, chunk)
    return { type, length, values, validity: leaf.field.nullable || type.kind === 'null' ? validity : 0 }
  }

  #grow(room: number): void {
    const { device, arena, leaf, shared } = this.#context
    const [bytes, used] = [valueBytes(leaf.stored, room), valueBytes(leaf.stored, this.#length)]
    this.#room = room
    if (this.#isShared) {
      this.#values = shared.stored.grow(bytes, used)
      return
    }
    const before = this.#values
    this.#values = this.#isBit ? arena.allocateZeroed(bytes) : arena.allocate(bytes)
    if (used > 0) device.memory.write(this.#values, device.memory.bytes(before, used))
  }

  // Room for `more` bits; those that were there stay.
  #bits(more: number): number {
    return this.#context.bits.grow(bitmapBytes(this.#length + more) + 16, bitmapBytes(this.#length))
  }

  #bitsOf(levels: Levels, { slots, slot, definition }: LeafSlots): void {
    const { device } = this.#context
    const bits = this.#bits(slots)
    // Up to here there was no null, and no bit was written.
    if (this.#present === this.#length) setBits(device, bits, 0, this.#length)
    levelsToBits(device, levels, { repetition: 0, least: slot }, definition, bits, this.#length)
  }

  #read(slots: number, present: number): void {
    const { device, leaf, chunk, shared, bits } = this.#context
    const before = this.#length
    if (this.#isBit) {
      if (present === slots) return chunk.decodeBits(present, this.#values, before)
      const packed = shared.packed.ensure(bitmapBytes(present))
      device.memory.bytes(packed, bitmapBytes(present) + 8).fill(0)
      chunk.decodeBits(present, packed, 0)
      return spreadBits(device, packed, bits.ensure(0), before, slots, this.#values)
    }
    const out = this.#values + valueBytes(leaf.stored, before)
    if (present === slots) return chunk.decode(present, out)
    const packed = shared.packed.ensure(valueBytes(leaf.stored, present))
    chunk.decode(present, packed)
    spreadValues(device, layoutOf(leaf.stored), packed, bits.ensure(0), before, slots, out)
  }

  #validity(): number {
    const { device, arena, bits } = this.#context
    const length = this.#length
    if (this.#present === length) return 0
    const count = bitmapBytes(length)
    const validity = arena.allocateZeroed(count)
    const copy = device.memory.bytes(validity, count)
    copy.set(device.memory.bytes(bits.ensure(0), count))
    if (length % 8 !== 0) copy[count - 1]! &= (1 << (length % 8)) - 1
    return validity
  }
}
