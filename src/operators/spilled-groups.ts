// A group-by that holds more groups than its memory allows: their states go to disk in parts by the keys' hash, and at the end part by part is read and
// merged, so that only one part's groups are in memory at a time. A part that is too large itself goes to disk again, in parts by further bits.
import type { Batch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import { encodeRun } from '../state/run-codec.ts'
import { PartitionedSpill, spillLevelMax } from '../state/partitioned-spill.ts'
import type { OperatorContext } from './operator.ts'

/** So many groups are always held, however little memory there is: writing fewer costs more than it gains. */
const groupsMin = 1_024
const bytesMin = 65_536

/** Groups in memory with their states. */
export interface GroupsInMemory {
  readonly groupCount: number
  readonly bytes: number
  /** Bytes that `rows` more rows may take. */
  growthBytes(rows: number): number
  /** Merges rows of keys and partial states. */
  merge(arena: Arena, states: Batch): void
  /** All groups as keys and partial states. */
  state(arena: Arena): Batch
  /** Forgets all groups; `shrink` gives their memory back too. */
  reset(shrink: boolean): void
}

/** Says when groups should leave memory: before a table grows beyond what is allowed, as it grows by four times and more. */
export class GroupLimit {
  readonly #bytesMax: number
  /** Bytes held while empty. */
  #emptyBytes = 0
  constructor(bytesMax: number) {
    this.#bytesMax = Math.max(bytesMin, bytesMax)
  }

  /** True where `groups` take too much, or would with `rows` more rows. */
  isReached(groups: GroupsInMemory, rows: number): boolean {
    const { bytes, groupCount } = groups
    if (groupCount < groupsMin) return groupCount > 1 && bytes > this.#bytesMax + 2 * this.#emptyBytes
    return bytes + groups.growthBytes(rows) > this.#bytesMax
  }

  /** Empties groups that have been written elsewhere. What is not too large stays as it is, and takes as many groups again; what would be at its limit again at once is given back. */
  reset(groups: GroupsInMemory): void {
    groups.reset(groups.bytes + groups.growthBytes(0) > this.#bytesMax)
    this.#emptyBytes = groups.bytes
  }
}

/** Groups on disk. Owns files until `close`. */
export class SpilledGroups {
  readonly #context: OperatorContext
  readonly #fields: Fields
  readonly #keys: readonly string[]
  readonly #limit: GroupLimit
  readonly #first: PartitionedSpill
  /** What is left to be read, the next last. */
  readonly #left: { readonly spill: PartitionedSpill; readonly part: number }[] = []
  /** `fields`: of the states, keys first. */
  constructor(context: OperatorContext, fields: Fields, keys: readonly string[], limit: GroupLimit) {
    this.#context = context
    this.#fields = fields
    this.#keys = keys
    this.#limit = limit
    this.#first = this.#open(0)
    this.#expect(this.#first)
  }

  /** Writes all groups and forgets them in memory. */
  add(groups: GroupsInMemory): void {
    this.#write(this.#first, groups)
  }

  /** Writes states that are not in memory's groups. */
  addStates(states: Batch): void {
    this.#first.add(states)
  }

  /** Brings the groups of the next part into memory, where there were none: maybe no groups, as a part can be split again. False when all parts have been. */
  next(groups: GroupsInMemory): boolean {
    const next = this.#left.pop()
    if (!next) return false
    const { spill, part } = next
    let split: PartitionedSpill | undefined
    for (const batch of spill.read(part)) {
      if (spill.level < spillLevelMax && this.#limit.isReached(groups, batch.rowCount)) {
        split ??= this.#open(spill.level + 1)
        this.#write(split, groups)
      }
      const arena = this.#context.device.arena()
      try {
        groups.merge(arena, batch)
      } finally {
        arena.release()
      }
    }
    if (part === spill.partCount - 1) spill.close()
    if (split && groups.groupCount > 0) this.#write(split, groups)
    if (split) this.#expect(split)
    return true
  }

  /** What is on disk as encoded runs. */
  *runs(): Generator<Uint8Array> {
    for (const { spill, part } of this.#left) for (const batch of spill.read(part)) yield encodeRun(this.#context.device, batch)
  }

  close(): void {
    for (const { spill } of this.#left.splice(0)) spill.close()
  }

  #open(level: number): PartitionedSpill {
    const { device, spill, instance, parallelism, where } = this.#context
    return new PartitionedSpill({ device, spill, fields: this.#fields, keys: this.#keys, instance, parallelism, level, where })
  }

  #expect(spill: PartitionedSpill): void {
    for (let part = spill.partCount - 1; part >= 0; part--) this.#left.push({ spill, part })
  }

  #write(spill: PartitionedSpill, groups: GroupsInMemory): void {
    const arena = this.#context.device.arena()
    try {
      spill.add(groups.state(arena))
    } finally {
      arena.release()
    }
    this.#limit.reset(groups)
  }
}
