// The best keys (widen.ts) of each group so far, and the rows that are not beaten by them.
import type { Column } from '../batch/batch.ts'
import { isFloat } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { OwnedMemory } from './owned-memory.ts'
import type { ChosenRows } from './row-numbers.ts'
import { floatsOf, keysOf } from './widen.ts'

/** The k best keys of groups, in one direction. Owns its memory until `close`. */
export class BestKeys {
  readonly #device: Device
  readonly #memory: OwnedMemory
  readonly #count: number
  readonly #descending: boolean
  readonly #nullsFirst: boolean
  #address = 0
  #capacity = 0
  #filled = 0
  constructor(device: Device, count: number, { descending, nullsFirst }: { readonly descending: boolean; readonly nullsFirst: boolean }) {
    this.#device = device
    this.#memory = new OwnedMemory(device)
    this.#count = count
    this.#descending = descending
    this.#nullsFirst = nullsFirst
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#memory.bytes
  }

  /** Takes the keys of a column whose rows are of groups `gids` (a u32 a row); gives the rows that fewer than k rows before them of their group beat, in order. */
  thin(arena: Arena, gids: number, groupCount: number, column: Column): ChosenRows {
    const state = this.#ensure(groupCount)
    const rows = column.length
    const indices = arena.allocate(4 * rows)
    const { keys, flip } = isFloat(column.type) ? this.#floatKeys(arena, column) : { keys: keysOf(this.#device, arena, column), flip: this.#descending ? 0 : -1 }
    const kept = this.#device.kernels.thinRows(gids, keys, column.validity, this.#nullsFirst ? 1 : 0, rows, this.#count, flip, state, indices)
    return { indices, rows: kept }
  }

  // NaN comes last in either direction, so numbers change their sign instead; and −0 becomes 0.
  #floatKeys(arena: Arena, column: Column): { keys: number; flip: number } {
    const { kernels } = this.#device
    const rows = column.length
    const [values, keys, zero] = [floatsOf(this.#device, arena, column), arena.allocate(8 * rows), arena.allocateZeroed(8)]
    if (this.#descending) kernels.subF64(zero, values, 2, rows, keys)
    else kernels.addF64(values, zero, 1, rows, keys)
    kernels.keysF64(keys, rows, keys)
    return { keys, flip: -1 }
  }

  close(): void {
    this.#memory.close()
    this.#address = this.#capacity = this.#filled = 0
  }

  #ensure(groupCount: number): number {
    const entry = 8 + 8 * this.#count
    if (groupCount > this.#capacity) {
      const capacity = Math.max(64, 2 ** Math.ceil(Math.log2(groupCount)))
      this.#address = this.#memory.grow(this.#address, this.#capacity * entry, this.#filled * entry, capacity * entry)
      this.#capacity = capacity
    }
    if (groupCount > this.#filled) {
      this.#device.memory.zero(this.#address + this.#filled * entry, (groupCount - this.#filled) * entry)
      this.#filled = groupCount
    }
    return this.#address
  }
}
