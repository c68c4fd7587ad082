// Memory that decoders and encoders use again and again: a growing chunk, and a rolling store for bytes that views point at.
import { type Arena, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** One chunk that grows when more is asked for; its content is lost then. Owned by whoever made it, who closes it. */
export class Scratch {
  readonly #device: Device
  #arena: Arena | undefined
  #address = 0
  #bytes = -1
  constructor(device: Device) {
    this.#device = device
  }
  /** The address of at least `bytes` bytes, padded, not zeroed; valid until the next call. */
  ensure(bytes: number): number {
    if (bytes <= this.#bytes) return this.#address
    this.close()
    const wanted = Math.max(bytes, Math.min(2 * bytes, 65_536) - 192)
    this.#arena = this.#device.arena()
    this.#address = this.#arena.allocate(wanted)
    this.#bytes = wanted
    return this.#address
  }
  /** As `ensure`, with the first `keep` bytes kept. */
  grow(bytes: number, keep: number): number {
    if (bytes <= this.#bytes) return this.#address
    const before = this.#arena
    const from = this.#address
    this.#arena = undefined
    this.#bytes = -1
    try {
      const address = this.ensure(Math.max(bytes, 2 * keep))
      if (keep > 0) this.#device.memory.write(address, this.#device.memory.bytes(from, keep))
      return address
    } finally {
      before?.release()
    }
  }
  /** Gives the memory back; the next `ensure` starts anew. */
  close(): void {
    this.#arena?.release()
    this.#arena = undefined
    this.#bytes = -1
  }
}

const rollBytes = 1024 * 1024

/** Arenas for bytes behind views: filled one after the other, each kept alive by the batches that `holdBy` names. */
export class ViewStore {
  readonly #device: Device
  #arena: Arena | undefined
  #used = 0
  constructor(device: Device) {
    this.#device = device
  }
  /** The arena where the next `bytes` bytes are to be allocated. An earlier one is dropped: batches that need it hold it. */
  arena(bytes: number): Arena {
    if (!this.#arena || this.#used > rollBytes) {
      this.#arena?.release()
      this.#arena = undefined
      this.#arena = this.#device.arena()
      this.#used = 0
    }
    this.#used += bytes
    return this.#arena
  }
  /** The arena of the last `arena` call, for more that must live as long. */
  same(): Arena {
    return this.#arena ?? this.arena(0)
  }
  /** Makes `arena` keep the current bytes alive; `held` lists what it holds already. */
  holdBy(arena: Arena, held: Set<number>): void {
    if (!this.#arena || held.has(this.#arena.address)) return
    held.add(this.#arena.address)
    retainArena(this.#device, this.#arena.address)
    arena.hold(this.#arena.address)
  }
  /** Gives up the own reference. */
  close(): void {
    this.#arena?.release()
    this.#arena = undefined
  }
}
