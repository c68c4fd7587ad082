// What the batches between a job's steps take: those that wait for a stage or sink, those being worked on, and results that wait for their turn. An arena
// that several of them share is counted once. What operators have taken into their state is not in flight, and results kept for later jobs have no arena.
import type { PackedBatch } from '../batch/pack-batch.ts'
import { arenaOf } from '../batch/pack-batch.ts'
import { type ArenaHost, arenasOf } from '../device/arena.ts'

/** Counts by whoever holds batches: a waiting item, or a reply. */
export class BatchesInFlight {
  readonly #host: ArenaHost
  readonly #bytesMax: number
  readonly #arenas = new Map<number, { bytes: number; holders: number }>()
  readonly #holders = new Map<object, number[]>()
  #bytes = 0
  #peak = 0

  /** `bytesMax`: from so many on it is crowded. */
  constructor(host: ArenaHost, bytesMax: number) {
    this.#host = host
    this.#bytesMax = bytesMax
  }

  /** Bytes in flight. */
  get bytes(): number {
    return this.#bytes
  }

  /** The most bytes that were in flight at once. */
  get peakBytes(): number {
    return this.#peak
  }

  /** True while nothing further should be read. */
  get isCrowded(): boolean {
    return this.#bytes >= this.#bytesMax
  }

  /** `holder` has these batches now. Cost: a look at the header of each arena. */
  enter(holder: object, parts: readonly (PackedBatch | null)[]): void {
    const addresses: number[] = []
    for (const part of parts) {
      if (!part || arenaOf(part) === 0) continue
      for (const [address, bytes] of arenasOf(this.#host, arenaOf(part))) {
        addresses.push(address)
        const known = this.#arenas.get(address)
        if (known) known.holders++
        else {
          this.#arenas.set(address, { bytes, holders: 1 })
          this.#bytes += bytes
        }
      }
    }
    if (addresses.length === 0) return
    this.#holders.set(holder, addresses)
    this.#peak = Math.max(this.#peak, this.#bytes)
  }

  /** `holder` has them no more. */
  leave(holder: object): void {
    const addresses = this.#holders.get(holder)
    if (!addresses) return
    this.#holders.delete(holder)
    for (const address of addresses) {
      const arena = this.#arenas.get(address)!
      if (--arena.holders > 0) continue
      this.#arenas.delete(address)
      this.#bytes -= arena.bytes
    }
  }
}
