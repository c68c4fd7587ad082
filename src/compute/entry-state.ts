// The memory of one accumulator: an array of equal entries by gid that grows with the groups, and scratch.
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { SomeGroups } from './aggregate-contract.ts'
import { OwnedMemory } from './owned-memory.ts'

/** Entries of `entryBytes` (8, 16 or 32), fresh ones zero or a pattern of two 64-bit words. */
export class EntryState {
  readonly device: Device
  readonly memory: OwnedMemory
  readonly #entryBytes: number
  readonly #pattern: readonly [bigint, bigint] | undefined
  #patternAt = 0
  #capacity = 0
  #filled = 0
  #address = 0
  #scratch = 0
  #scratchBytes = 0
  constructor(device: Device, entryBytes: number, pattern?: readonly [bigint, bigint]) {
    this.device = device
    this.memory = new OwnedMemory(device)
    this.#entryBytes = entryBytes
    this.#pattern = pattern
  }

  /** The entries' address after making sure that there are `groupCount`, new ones fresh. */
  ensure(groupCount: number): number {
    if (groupCount > this.#filled) {
      if (groupCount > this.#capacity) this.#grow(groupCount)
      this.#fill(this.#filled, groupCount)
      this.#filled = groupCount
    }
    return this.#address
  }

  /** As `ensure`, or copies of the entries of some of the groups, in `arena`. */
  entries(arena: Arena, groupCount: number, of?: SomeGroups): number {
    const state = this.ensure(groupCount)
    if (!of) return state
    const out = arena.allocate(this.#entryBytes * of.rows)
    this.device.kernels.takeEntries(state, of.indices, of.rows, this.#entryBytes, out)
    return out
  }

  /** `bytes` of scratch that live until the next call. */
  scratch(bytes: number): number {
    if (bytes > this.#scratchBytes) {
      this.memory.free(this.#scratch, this.#scratchBytes)
      this.#scratchBytes = Math.max(1024, 2 ** Math.ceil(Math.log2(bytes)))
      this.#scratch = this.memory.allocate(this.#scratchBytes)
    }
    return this.#scratch
  }

  /** Makes all entries fresh. */
  reset(): void {
    this.#filled = 0
  }

  close(): void {
    this.memory.close()
    this.#capacity = this.#filled = this.#address = this.#scratch = this.#scratchBytes = this.#patternAt = 0
  }

  #grow(groupCount: number): void {
    const capacity = Math.max(64, 2 ** Math.ceil(Math.log2(groupCount)))
    this.#address = this.memory.grow(this.#address, this.#capacity * this.#entryBytes, this.#filled * this.#entryBytes, capacity * this.#entryBytes)
    this.#capacity = capacity
  }

  #fill(start: number, end: number): void {
    const { memory, kernels } = this.device
    if (!this.#pattern) {
      memory.zero(this.#address + start * this.#entryBytes, (end - start) * this.#entryBytes)
      return
    }
    if (this.#patternAt === 0) {
      this.#patternAt = this.memory.allocate(16)
      memory.int64s(this.#patternAt, 2).set(this.#pattern)
    }
    kernels.fillEntries(this.#address, start, end, this.#entryBytes, this.#patternAt)
  }
}
