// Dense numbers for 64-bit words, one part of partitioned rows after the other: what keys of high cardinality are grouped by once they are packed.
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { OwnedMemory } from './owned-memory.ts'

const slotsFirst = 1 << 10
/** Slots that are made at once for a part of many rows: half a megabyte. */
const slotsAtOnce = 1 << 17

/** Words to gids in order of first sight. Words of different parts are different by promise. Owns its memory until `close`. Cost: 4–6 ns a row while slots fit the cache. */
export class WordTable {
  readonly #device: Device
  readonly #memory: OwnedMemory
  readonly #counter: number
  #slots = 0
  #slotsAllocated = 0
  #slotCount = 0
  #keys = 0
  #keyCapacity = 0
  #partStart = 0
  constructor(device: Device) {
    this.#device = device
    this.#memory = new OwnedMemory(device)
    this.#counter = this.#memory.allocateZeroed(4)
  }

  get groupCount(): number {
    return this.#device.memory.uint32s(this.#counter, 1)[0]!
  }
  /** The address of all words in gid order, valid until the next call. */
  get words(): number {
    return this.#keys
  }

  /** Begins a part of about `rows` rows: what was found before keeps its gids and is found no more. */
  begin(rows: number): void {
    this.#partStart = this.groupCount
    this.#slotCount = Math.max(slotsFirst, Math.min(slotsAtOnce, 2 ** Math.ceil(Math.log2(2 * rows + 1))))
    this.#clearSlots()
  }

  /** The address in `arena` of a u32 gid per row of `words`, u64 each. */
  find(arena: Arena, words: number, rows: number): number {
    const gids = arena.allocate(4 * rows)
    let row = 0
    while (row < rows) {
      this.#makeRoom(Math.min(rows - row, this.#slotCount / 2))
      const limit = Math.min(this.#keyCapacity, this.#partStart + this.#slotCount / 2)
      row = this.#device.kernels.groupWords(words, row, rows, this.#slots, this.#slotCount - 1, this.#keys, this.#counter, limit, gids)
      if (row < rows && this.groupCount - this.#partStart >= this.#slotCount / 2) this.#growSlots()
    }
    return gids
  }

  /** Forgets everything; the memory is kept. */
  reset(): void {
    this.#device.memory.uint32s(this.#counter, 1)[0] = 0
    this.begin(0)
  }

  close(): void {
    this.#memory.close()
  }

  #makeRoom(rows: number): void {
    const { groupCount } = this
    if (groupCount + rows <= this.#keyCapacity) return
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(slotsFirst, groupCount + rows)))
    this.#keys = this.#memory.grow(this.#keys, 8 * this.#keyCapacity, 8 * groupCount, 8 * capacity)
    this.#keyCapacity = capacity
  }

  #growSlots(): void {
    this.#slotCount *= 4
    this.#clearSlots()
    this.#device.kernels.enterWords(this.#keys, this.#partStart, this.groupCount, this.#slots, this.#slotCount - 1)
  }

  #clearSlots(): void {
    if (this.#slotCount > this.#slotsAllocated) {
      this.#memory.free(this.#slots, 4 * this.#slotsAllocated)
      this.#slots = this.#memory.allocate(4 * this.#slotCount)
      this.#slotsAllocated = this.#slotCount
    }
    this.#device.memory.zero(this.#slots, 4 * this.#slotCount)
  }
}
