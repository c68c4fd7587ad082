// When each group was last touched, by the clock: what is idle may be forgotten.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { float64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { SomeGroups } from './aggregate-contract.ts'
import { EntryState } from './entry-state.ts'

/** A time in epoch milliseconds per group. Owns its memory until `close`. */
export class GroupTimes {
  readonly #times: EntryState
  constructor(device: Device) {
    this.#times = new EntryState(device, 8)
  }
  /** Bytes held. */
  get bytes(): number {
    return this.#times.memory.bytes
  }

  /** Groups were touched `now`. */
  touch({ indices, rows }: SomeGroups, groupCount: number, now: number): void {
    this.#times.device.kernels.stampGroups(this.#times.ensure(groupCount), indices, rows, now)
  }
  /** The places among some groups of those that were touched at `since` or later, in `arena`. */
  since(arena: Arena, { indices, rows }: SomeGroups, groupCount: number, since: number): SomeGroups {
    const out = arena.allocate(4 * rows)
    return { indices: out, rows: this.#times.device.kernels.freshGroups(this.#times.ensure(groupCount), indices, rows, since, out) }
  }

  /** The times of some groups, as a column in `arena`. */
  column(arena: Arena, of: SomeGroups, groupCount: number): Column {
    return { ...allocateColumn(arena, float64, 0), length: of.rows, values: this.#times.entries(arena, groupCount, of) }
  }
  /** Takes times as `column` gave them. */
  restore(gids: number, { values, length }: Column, groupCount: number): void {
    const { device } = this.#times
    const times = device.memory.float64s(this.#times.ensure(groupCount), groupCount)
    const read = device.memory.float64s(values, length)
    device.memory.uint32s(gids, length).forEach((gid, row) => (times[gid] = read[row]!))
  }

  /** Forgets all groups. */
  reset(): void {
    this.#times.reset()
  }
  /** Gives the memory back. */
  close(): void {
    this.#times.close()
  }
}
