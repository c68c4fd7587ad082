// Packed pages of a column chunk, in blocks of the engine's memory until the row group is written: nothing of them is left to the collector.
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'

// Fits into the page that an arena begins with.
const blockBytesFirst = 60_000
const blockBytesMax = 1 << 20

interface Block {
  readonly address: number
  readonly bytes: number
}

/** Keeps pages until `clear` or `give`. Memory: they, and behind some what was reserved and not used. */
export class PageStore {
  readonly #device: Device
  #arena: Arena | undefined
  #blockCount = 0
  #last: Block = { address: 0, bytes: 0 }
  /** Bytes of the last block that are taken. */
  #used = 0
  constructor(device: Device) {
    this.#device = device
  }

  /** An address with room for `bytes` bytes behind the pages so far, until `add`. */
  reserve(bytes: number): number {
    if (this.#last.bytes - this.#used < bytes) this.#begin(bytes)
    return this.#last.address + this.#used
  }

  /** Makes a page of the `bytes` bytes at `address`, which lie in what was reserved last; it is valid until `clear`. */
  add(address: number, bytes: number): Uint8Array {
    this.#used = address + bytes - this.#last.address
    return this.#device.memory.bytes(address, bytes)
  }

  /** Gives up all pages. */
  clear(): void {
    this.#arena?.release()
    this.#forget()
  }

  /** Hands all pages over: they live as long as `arena`. */
  give(arena: Arena): void {
    if (!this.#arena) return
    this.#arena.shrink(this.#last.address, this.#used)
    arena.hold(this.#arena.address)
    this.#forget()
  }

  #forget(): void {
    this.#arena = undefined
    this.#blockCount = 0
    this.#last = { address: 0, bytes: 0 }
    this.#used = 0
  }

  // What isn't used of the block before is given back.
  #begin(bytes: number): void {
    this.#arena ??= this.#device.arena()
    this.#arena.shrink(this.#last.address, this.#used)
    const wanted = Math.max(bytes, Math.min(blockBytesMax, blockBytesFirst << Math.min(this.#blockCount, 5)))
    this.#last = { address: this.#arena.allocate(wanted), bytes: wanted }
    this.#blockCount++
    this.#used = 0
  }
}
