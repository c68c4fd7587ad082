// Packed pages of a column chunk, in blocks of the engine's memory until the row group is written: nothing of them is left to the collector.
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'

const blockBytesFirst = 1 << 16
const blockBytesMax = 1 << 20

interface Block {
  readonly arena: Arena
  readonly address: number
  readonly bytes: number
}

/** Keeps pages until `clear`. Memory: they, and behind some what was reserved and not used; the first block is kept for what comes. */
export class PageStore {
  readonly #device: Device
  #blocks: Block[] = []
  /** Bytes of the last block that are taken. */
  #used = 0
  constructor(device: Device) {
    this.#device = device
  }

  /** An address with room for `bytes` bytes behind the pages so far, until `add`. */
  reserve(bytes: number): number {
    const last = this.#blocks.at(-1)
    if (last && last.bytes - this.#used >= bytes) return last.address + this.#used
    return this.#begin(bytes).address
  }

  /** Makes a page of the `bytes` bytes at `address`, which lie in what was reserved last; it is valid until `clear`. */
  add(address: number, bytes: number): Uint8Array {
    this.#used = address + bytes - this.#blocks.at(-1)!.address
    return this.#device.memory.bytes(address, bytes)
  }

  /** Gives up all pages. */
  clear(): void {
    for (const { arena } of this.#blocks.splice(1)) arena.release()
    this.#used = 0
  }

  /** Gives the memory back. */
  close(): void {
    this.clear()
    this.#blocks.pop()?.arena.release()
  }

  #begin(bytes: number): Block {
    const wanted = Math.max(bytes, Math.min(blockBytesMax, blockBytesFirst << this.#blocks.length))
    const arena = this.#device.arena()
    const block = { arena, address: arena.allocate(wanted), bytes: wanted }
    this.#blocks.push(block)
    this.#used = 0
    return block
  }
}
