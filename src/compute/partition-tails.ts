// The last rows of each partition, for window functions over rows in the order of event time: what frames of later rows may reach back to.
import type { Batch, Column } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { SomeGroups } from './aggregate-contract.ts'
import { gatherOwned, rowNumbers } from './gather.ts'
import { GroupTable } from './group-table.ts'
import { OwnedMemory } from './owned-memory.ts'
import { RowStore } from './row-store.ts'

/** What is kept: fields, the places of the partitions' keys and of the time (64 bits) among them; of each partition so many rows, and those whose time is so little before the latest. */
export interface TailsOptions {
  readonly fields: Fields
  readonly by: readonly number[]
  readonly time: number
  readonly rows: number
  readonly range?: bigint
}

const none = 0xffff_ffff
const never = 2n ** 63n - 1n
/** Rows that nothing can reach any more go once they are this many and more than the others. */
const deadRowsMin = 8_192

/** The tails of partitions. Owns its memory until `close`. Cost: a copy of each row, amortised two. */
export class PartitionTails {
  readonly #device: Device
  readonly #options: TailsOptions
  readonly #memory: OwnedMemory
  readonly #table: GroupTable
  readonly #store: RowStore
  #heads = 0
  #marks = 0
  #groupCapacity = 0
  #before = 0
  #rowCapacity = 0
  #packed = 0
  constructor(device: Device, options: TailsOptions) {
    this.#device = device
    this.#options = options
    this.#memory = new OwnedMemory(device)
    this.#table = new GroupTable(device, options.by.map(i => options.fields[i]!))
    this.#store = new RowStore(device, options.fields)
  }

  get rowCount(): number {
    return this.#store.rowCount
  }
  get bytes(): number {
    return this.#table.bytes + this.#store.bytes + this.#memory.bytes
  }

  /** The stored rows; valid until the next `append` or `compact`. */
  rows(): Batch {
    return this.#store.batch()
  }

  /** The groups of rows by their keys: the address of a u32 each. */
  groups(arena: Arena, keys: readonly Column[], rows: number): number {
    const gids = this.#table.find(arena, keys, rows)
    this.#growGroups()
    return gids
  }

  /** The last stored row of the group of each row, 0xffffffff where there is none. */
  heads(arena: Arena, gids: number, rows: number): number {
    const out = arena.allocate(4 * rows)
    this.#device.kernels.gatherWord4(this.#heads, gids, rows, out)
    return out
  }

  /** The row before each among these rows that is of its group, 0xffffffff where there is none. */
  chain(arena: Arena, gids: number, rows: number): number {
    const out = arena.allocate(4 * rows)
    this.#device.kernels.chainRows(gids, rows, this.#marks, out)
    return out
  }

  /** What rows of these groups, of which none is earlier than `time`, can reach: group by group, the oldest first. */
  tails(arena: Arena, gids: number, rows: number, time: bigint): SomeGroups {
    const { range, rows: least } = this.#options
    return this.#tails(arena, gids, rows, least, range === undefined ? never : time - range < -never ? -never : time - range)
  }

  /** The last stored rows of these groups, each group's once. */
  lasts(arena: Arena, gids: number, rows: number): SomeGroups {
    return this.#tails(arena, gids, rows, 1, never)
  }

  /** Stores copies of rows, in order, behind those of their groups. */
  append(batch: Pick<Batch, 'columns' | 'rowCount'>, gids: number): void {
    const first = this.#store.rowCount
    this.#store.append(batch)
    if (this.#store.rowCount > this.#rowCapacity) {
      const capacity = Math.max(256, 2 ** Math.ceil(Math.log2(this.#store.rowCount)))
      this.#before = this.#memory.grow(this.#before, 4 * this.#rowCapacity, 4 * first, 4 * capacity)
      this.#rowCapacity = capacity
    }
    this.#device.kernels.linkTails(gids, batch.rowCount, first, this.#heads, this.#before)
  }

  /** Lets go of rows, and of groups, that no row later than `time` can reach: where they are more than the others, or with `always`. */
  compact(time: bigint, always = false): void {
    const stored = this.#store.rowCount
    if (stored === 0 || (!always && stored <= 2 * this.#packed + deadRowsMin)) return
    const device = this.#device
    const scratch = device.arena()
    try {
      const groups = this.#table.groupCount
      const { indices, rows } = this.tails(scratch, rowNumbers(device, scratch, groups), groups, time)
      this.#packed = rows
      if (rows === stored) return
      const kept = gatherOwned(device, scratch, this.#store.batch(), indices, rows)
      this.#store.clear()
      this.#table.reset()
      device.memory.uint32s(this.#heads, this.#groupCapacity).fill(none)
      if (rows > 0) this.restore(scratch, kept)
    } finally {
      scratch.release()
    }
  }

  /** Takes rows as `compact` leaves them. */
  restore(arena: Arena, rows: Batch): void {
    this.append(rows, this.groups(arena, this.#options.by.map(i => rows.columns[i]!), rows.rowCount))
  }

  /** Gives the memory back. */
  close(): void {
    this.#table.close()
    this.#store.close()
    this.#memory.close()
  }

  #tails(arena: Arena, gids: number, rows: number, least: number, since: bigint): SomeGroups {
    const { kernels } = this.#device
    const times = this.#store.batch().columns[this.#options.time]!.values
    const count = kernels.countTails(gids, rows, this.#heads, this.#before, times, least, since, this.#marks)
    const indices = arena.allocate(4 * count)
    kernels.takeTails(gids, rows, this.#heads, this.#before, times, least, since, this.#marks, indices)
    return { indices, rows: count }
  }

  #growGroups(): void {
    const groups = this.#table.groupCount
    const old = this.#groupCapacity
    if (groups <= old) return
    const capacity = Math.max(64, 2 ** Math.ceil(Math.log2(groups)))
    this.#heads = this.#memory.grow(this.#heads, 4 * old, 4 * old, 4 * capacity)
    this.#marks = this.#memory.grow(this.#marks, 4 * old, 4 * old, 4 * capacity)
    for (const at of [this.#heads, this.#marks]) this.#device.memory.uint32s(at + 4 * old, capacity - old).fill(none)
    this.#groupCapacity = capacity
  }
}

/** Adds to int64 counts what the stored rows `heads` have in the column `carried`. */
export function addCarried({ kernels }: Device, counts: Column, heads: number, carried: Column): void {
  kernels.addCarried(counts.values, heads, counts.length, carried.values)
}
