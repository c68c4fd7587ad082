// Blocks of segments that were read lately, as batches in memory.
import type { Batch } from '../batch/batch.ts'
import { type Arena, arenaBytes } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { Segment } from './segment.ts'

interface Entry {
  readonly batch: Batch
  readonly arena: Arena
  readonly bytes: number
  readonly segment: Segment
}

/** Holds up to `bytesMax` bytes of blocks, the newest one always. What was asked for longest ago goes first. Owns them until `close`. */
export class BlockCache {
  readonly #device: Device
  readonly #bytesMax: number
  readonly #entries = new Map<string, Entry>()
  #bytes = 0
  constructor(device: Device, bytesMax: number) {
    this.#device = device
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Rows of a block, valid until the next `read`. Throws as `Segment.read`. */
  read(segment: Segment, number: number): Batch {
    const name = `${segment.id}/${number}`
    const known = this.#entries.get(name)
    if (known) {
      this.#entries.delete(name)
      this.#entries.set(name, known)
      return known.batch
    }
    const arena = this.#device.arena()
    try {
      const batch = segment.read(arena, number)
      const bytes = arenaBytes(this.#device, arena.address)
      this.#entries.set(name, { batch, arena, bytes, segment })
      this.#bytes += bytes
    } catch (error) {
      arena.release()
      throw error
    }
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax || oldest === name) break
      this.#drop(oldest)
    }
    return this.#entries.get(name)!.batch
  }

  /** Gives the blocks of a segment back. */
  forget(segment: Segment): void {
    for (const [name, entry] of this.#entries) if (entry.segment === segment) this.#drop(name)
  }

  close(): void {
    for (const name of [...this.#entries.keys()]) this.#drop(name)
  }

  #drop(name: string): void {
    const { arena, bytes } = this.#entries.get(name)!
    this.#entries.delete(name)
    this.#bytes -= bytes
    arena.release()
  }
}
