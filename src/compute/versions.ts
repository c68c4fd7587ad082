// Versions of keyed rows in event time, as a temporal join needs them: those whose time is still to come wait, of those in the past only the latest of each key is kept.
import type { Batch, Column } from '../batch/batch.ts'
import { type DataType, int64 } from '../batch/data-type.ts'
import type { Field, Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { compactBatch } from './compact.ts'
import { DueRows } from './due-rows.ts'
import { gatherBatch, gatherOwned } from './gather.ts'
import { GroupTable } from './group-table.ts'
import { widenKeys } from './join-index.ts'
import { OwnedMemory } from './owned-memory.ts'
import { RowStore } from './row-store.ts'

/** What is stored: fields, the keys' positions among them, and what keys are compared as. `within`: how long a version holds at most, a u64; without it, until the next. */
export interface VersionsOptions {
  readonly fields: Fields
  readonly keys: readonly number[]
  readonly keyTypes: readonly DataType[]
  readonly within?: bigint
}

/** Left rows by time: key columns, and the address of an int64 each. */
export interface TimedLeft {
  readonly keys: readonly Column[]
  readonly times: number
  readonly rows: number
}

const none = 0xffff_ffff
const forever = 2n ** 64n - 1n
const timeField: Field = { name: '$time', type: int64, nullable: false }
/** Versions that hold no more go once they are this many and more than the others. */
const pastRowsMin = 8_192

/** The versions of one table. Owns its memory until `close`. Cost: of each version what `DueRows` costs, and a further copy; amortised another one. */
export class Versions {
  readonly #device: Device
  readonly #options: VersionsOptions
  readonly #within: bigint
  readonly #memory: OwnedMemory
  readonly #coming: DueRows
  readonly #table: GroupTable
  readonly #store: RowStore
  /** The number of the latest version of each group. */
  #latest = 0
  #capacity = 0
  /** Groups that have a version, and versions when some last went. */
  #live = 0
  #packed = 0
  #reached = -(2n ** 63n)
  constructor(device: Device, options: VersionsOptions) {
    const { fields, keys, keyTypes, within = forever } = options
    this.#device = device
    this.#options = options
    this.#within = within
    this.#memory = new OwnedMemory(device)
    this.#coming = new DueRows(device, fields)
    this.#table = new GroupTable(device, keys.map((i, k) => ({ ...fields[i]!, type: keyTypes[k]! })))
    this.#store = new RowStore(device, [...fields, timeField])
  }

  /** Versions that are kept. */
  get rowCount(): number {
    return this.#coming.rowCount + this.#store.rowCount
  }
  get bytes(): number {
    return this.#coming.bytes + this.#table.bytes + this.#store.bytes + this.#memory.bytes
  }

  /** The versions whose time has come, for numbers that `meet` gives; valid until the next `meet` or `compact`. */
  rows(): Batch {
    const { columns, ...rows } = this.#store.batch()
    return { ...rows, fields: this.#options.fields, columns: columns.slice(0, this.#options.fields.length) }
  }

  /** Stores copies of versions; those with a null key are left out. `times`: the address of an int64 each, later than all that `meet` was called with. */
  insert(arena: Arena, batch: Batch, times: number): void {
    const { keys } = this.#options
    const mask = keys.reduce((bits, i) => andBits(this.#device, arena, bits, batch.columns[i]!.validity, batch.rowCount), 0)
    if (mask === 0) return this.#coming.insert(batch, times)
    const timed = { ...batch, fields: [...batch.fields, timeField], columns: [...batch.columns, { type: int64, length: batch.rowCount, values: times, validity: 0 }] }
    const kept = compactBatch(this.#device, arena, timed, mask)
    this.#coming.insert({ columns: kept.columns.slice(0, -1), rowCount: kept.rowCount }, kept.columns.at(-1)!.values)
  }

  /**
   * For each left row the number of the version of its key that is the latest at its time, of equal ones the one that came last, 0xffffffff where there is none: the address
   * of a u32 each. All left rows up to time `limit` are among `left`, or were in calls before.
   */
  meet(arena: Arena, left: TimedLeft, limit: bigint): number {
    const device = this.#device
    this.compact()
    this.#reached = limit
    const due = this.#coming.take(arena, limit)
    const first = this.#store.rowCount
    let gids = 0
    if (due.count > 0) {
      const rows = gatherBatch(device, arena, this.#coming.rows(), due.ids, due.count)
      gids = this.#append(arena, rows, due.times)
      this.#coming.compact()
    }
    const out = arena.allocate(4 * left.rows)
    if (this.#store.rowCount === 0) {
      device.memory.uint32s(out, left.rows).fill(none)
      return out
    }
    const groups = left.rows === 0 ? 0 : this.#table.lookup(arena, widenKeys(device, arena, left.keys, this.#options.keyTypes), left.rows)
    const known = this.#store.batch().columns.at(-1)!.values
    this.#live += device.kernels.meetVersions(left.times, groups, left.rows, due.times, gids, due.count, first, this.#latest, known, BigInt.asIntN(64, this.#within), out)
    return out
  }

  /** True where `meet` would find a version whose time is `limit` or earlier. */
  isDue(limit: bigint): boolean {
    return this.#coming.isDue(limit)
  }

  /** Lets go of versions that no row can meet any more: where they are more than the others, or with `always`. */
  compact(always = false): void {
    const stored = this.#store.rowCount
    const grown = this.#within === forever ? 2 * this.#live : 2 * Math.min(this.#live, this.#packed)
    if (stored === 0 || (!always && stored <= grown + pastRowsMin)) return
    const device = this.#device
    const scratch = device.arena()
    try {
      const ids = scratch.allocate(4 * this.#table.groupCount)
      const { columns } = this.#store.batch()
      const count = device.kernels.latestVersions(this.#latest, this.#table.groupCount, columns.at(-1)!.values, this.#reached, BigInt.asIntN(64, this.#within), ids)
      this.#packed = count
      if (count === stored) return
      const kept = gatherOwned(device, scratch, this.#store.batch(), ids, count)
      this.#store.clear()
      this.#table.reset()
      this.#memory.free(this.#latest, 4 * this.#capacity)
      this.#latest = this.#capacity = this.#live = 0
      if (count === 0) return
      const gids = this.#append(scratch, kept, kept.columns.at(-1)!.values)
      this.#live = device.kernels.meetVersions(0, 0, 0, kept.columns.at(-1)!.values, gids, count, 0, this.#latest, 0, 0n, 0)
    } finally {
      scratch.release()
    }
  }

  /** All versions that are kept, in two parts; valid until the next `insert` or `meet`. */
  parts(): Batch[] {
    this.compact(true)
    this.#coming.compact(true)
    return [this.rows(), this.#coming.rows()].filter(rows => rows.rowCount > 0)
  }

  /** Gives the memory back. */
  close(): void {
    this.#coming.close()
    this.#table.close()
    this.#store.close()
    this.#memory.close()
  }

  // Returns the groups of the rows.
  #append(arena: Arena, { columns, rowCount }: Batch, times: number): number {
    const { fields, keys, keyTypes } = this.#options
    const gids = this.#table.find(arena, widenKeys(this.#device, arena, keys.map(i => columns[i]!), keyTypes), rowCount)
    this.#store.append({ columns: [...columns.slice(0, fields.length), { type: int64, length: rowCount, values: times, validity: 0 }], rowCount })
    const groups = this.#table.groupCount
    if (groups > this.#capacity) {
      const capacity = Math.max(64, 2 ** Math.ceil(Math.log2(groups)))
      this.#latest = this.#memory.grow(this.#latest, 4 * this.#capacity, 4 * this.#capacity, 4 * capacity)
      this.#device.memory.uint32s(this.#latest + 4 * this.#capacity, capacity - this.#capacity).fill(none)
      this.#capacity = capacity
    }
    return gids
  }
}

/** Sets the bits, at `bits`, of rows that met a version, and puts 0 in the place of numbers that are none; returns how many met one. */
export function splitMet({ kernels }: Device, numbers: number, rows: number, bits: number): number {
  return kernels.splitMet(numbers, rows, bits)
}
