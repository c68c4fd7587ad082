// Different rows with how often each holds: what is left of rows that were inserted and taken back.
import type { Batch, Column } from '../batch/batch.ts'
import { int64 } from '../batch/data-type.ts'
import type { Field, Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { EntryState } from './entry-state.ts'
import { gathered } from './gather.ts'
import { GroupTable } from './group-table.ts'

const countField: Field = { name: '$count', type: int64, nullable: false }
/** Rows that hold no more are given up once they are this many and more than the others. */
const deadRowsMax = 8_192

/** A multiset of rows of `fields`. NaN equals NaN, −0 equals 0. Owns its memory until `close`: of the rows that hold, and about as many that no longer do. */
export class CountedRows {
  readonly fields: Fields
  readonly #device: Device
  readonly #counts: EntryState
  #table: GroupTable
  /** Different rows that hold, or are owed. */
  #live = 0
  constructor(device: Device, fields: Fields) {
    this.#device = device
    this.fields = fields
    this.#table = new GroupTable(device, fields)
    this.#counts = new EntryState(device, 8)
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#table.bytes + this.#counts.memory.bytes
  }
  /** Different rows that hold, or were taken back before they came. */
  get rowCount(): number {
    return this.#live
  }

  /** Takes rows, each one inserted or taken back as `changes` (a column `$change`) says. */
  take(columns: readonly Column[], changes: Column, rows: number): void {
    const scratch = this.#device.arena()
    try {
      const gids = this.#table.find(scratch, columns, rows)
      this.#live += this.#device.kernels.countChanges(gids, changes.values, rows, this.#counts.ensure(this.#table.groupCount))
    } finally {
      scratch.release()
    }
    if (this.#table.groupCount > 2 * this.#live + deadRowsMax) this.#repack()
  }

  /** True where a row was taken back more often than it came. */
  get owes(): boolean {
    const groups = this.#table.groupCount
    return this.#device.kernels.leastCount(this.#counts.ensure(groups), groups) < 0
  }

  /** All rows, each as often as it holds, in `arena`. */
  rows(arena: Arena): Batch {
    const { kernels } = this.#device
    const groups = this.#table.groupCount
    const counts = this.#counts.ensure(groups)
    const rows = kernels.rowsOfCounts(counts, groups, 1, 0)
    const indices = arena.allocate(4 * rows)
    kernels.rowsOfCounts(counts, groups, 1, indices)
    return { fields: this.fields, rowCount: rows, columns: gathered(this.#device, arena, this.#table.keyColumns(arena), { indices, rows }), arena: arena.address }
  }

  /** Each row once, and how often it holds as the last column, in `arena`. */
  state(arena: Arena): Batch {
    const groups = this.#table.groupCount
    const counts = this.#counts.ensure(groups)
    const indices = arena.allocate(4 * groups)
    const rows = this.#device.kernels.rowsOfCounts(counts, groups, 0, indices)
    const columns = [...this.#table.keyColumns(arena), { type: int64, length: groups, values: counts, validity: 0 }]
    return { fields: [...this.fields, countField], rowCount: rows, columns: gathered(this.#device, arena, columns, { indices, rows }), arena: arena.address }
  }

  /** Takes the state of another one; rows that both have are counted together. */
  restore(arena: Arena, { columns, rowCount }: Batch): void {
    const known = this.#table.groupCount
    const gids = this.#table.find(arena, columns.slice(0, -1), rowCount)
    this.#device.kernels.addWordsI64(gids, columns.at(-1)!.values, rowCount, this.#counts.ensure(this.#table.groupCount), 3)
    this.#live += this.#table.groupCount - known
  }

  /** Gives the memory back. */
  close(): void {
    this.#table.close()
    this.#counts.close()
  }

  #repack(): void {
    const arena = this.#device.arena()
    try {
      const rows = this.state(arena)
      this.#table.close()
      this.#table = new GroupTable(this.#device, this.fields)
      this.#counts.reset()
      this.#live = 0
      this.restore(arena, rows)
    } finally {
      arena.release()
    }
  }
}
