// The first rows of each group in an order while rows come and are taken back: what a batch changes of them. Rows that are equal in all that orders them stand in the order in which they came, or
// the latest first.
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { changeField } from '../batch/change.ts'
import { int32, rowCount64 } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { SomeGroups } from './aggregate-contract.ts'
import { concatColumns } from './concat.ts'
import { EntryState } from './entry-state.ts'
import { gathered, gatherOwned } from './gather.ts'
import { GroupTable } from './group-table.ts'
import { OwnedMemory } from './owned-memory.ts'
import { RowStore } from './row-store.ts'
import { sortIndices } from './sort.ts'
import { type OrderColumn, sortKeys } from './sorted-rows.ts'

/** What lists are of. */
export interface TopListsOptions {
  /** Rows of a group that are given out, from 1. */
  readonly count: number
  readonly order: readonly OrderColumn[]
  /** Rows are taken back, so that what is behind the first ones must be kept, too. */
  readonly keepsAll: boolean
  /** A row is given out again where its place among the first ones has changed. */
  readonly ranked: boolean
  /** Of equal rows the latest is first. */
  readonly latest: boolean
}

/** What has changed: rows with all their columns, what each is (as `$change` says), and its place among its group's, from 1. */
export interface TopChanges {
  readonly columns: Column[]
  readonly changes: Column
  readonly places: Column
  readonly rowCount: number
}

/** Sees rows while they are taken: of `all` the first `before` are those that touched groups had, and `now` those that they have, in order; `all` lives as long as the call. */
export type LookAtRows = (scratch: Arena, all: Batch, before: number, now: SomeGroups) => void

const deadRowsMax = 8_192
const poolFirst = 1_024

/** Lists by group. Owns its memory until `close`. Cost: a batch's rows, and the kept ones of the groups that they are of, are sorted: about 50–150 ns each. */
export class TopLists {
  readonly #device: Device
  readonly #options: TopListsOptions
  readonly #entries: EntryState
  readonly #store: RowStore
  readonly #memory: OwnedMemory
  #pool = 0
  #poolSize = 0
  #poolEnd = 0
  /** Rows in lists. */
  #live = 0
  #groups = 0
  constructor(device: Device, fields: Fields, options: TopListsOptions) {
    this.#device = device
    this.#options = options
    this.#entries = new EntryState(device, 16)
    this.#store = new RowStore(device, fields)
    this.#memory = new OwnedMemory(device)
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#entries.memory.bytes + this.#store.bytes + this.#memory.bytes
  }
  /** Rows held. */
  get rowCount(): number {
    return this.#live
  }

  /** Takes rows of groups `gids`, added or taken back as `changes` (a column `$change`) says; gives what has changed in `arena`. `owed` counts rows that were taken back and aren't there. `look` sees the rows of the groups that are touched. */
  take(arena: Arena, gids: number, groupCount: number, { columns, rowCount }: Pick<Batch, 'columns' | 'rowCount'>, changes?: Column, look?: LookAtRows): TopChanges & { readonly owed: number } {
    const device = this.#device
    const { kernels } = device
    this.#groups = groupCount
    const scratch = device.arena()
    try {
      const entries = this.#entries.ensure(groupCount)
      const [touched, own] = [scratch.allocate(4 * rowCount), scratch.allocate(4 * rowCount)]
      const groups = kernels.touchLists(gids, rowCount, entries, touched, own)
      const held = this.#held(scratch, entries, touched, groups)
      const all: Batch = { fields: this.#store.fields, rowCount: held.rows + rowCount, columns: this.#both(scratch, held, columns), arena: 0 }
      const dense = scratch.allocate(4 * all.rowCount)
      device.memory.uint32s(dense, held.rows).set(device.memory.uint32s(held.dense, held.rows))
      device.memory.uint32s(dense + 4 * held.rows, rowCount).set(device.memory.uint32s(own, rowCount))
      const { gone, owed } = changes ? this.#cancel(scratch, all, held.rows, changes) : { gone: 0, owed: 0 }
      const turn = scratch.allocate(4 * all.rowCount)
      const rows = kernels.rowsInTurn(held.rows, all.rowCount, gone, this.#options.latest ? 1 : 0, turn)
      const group = { column: { type: int32, length: all.rowCount, values: dense, validity: 0 } }
      const order = sortIndices(device, scratch, [group, ...sortKeys(all, this.#options.order)], rows, turn)
      look?.(scratch, all, held.rows, { indices: order, rows })
      return { ...this.#settle(arena, scratch, all, order, rows, dense, touched, groups, held), owed }
    } finally {
      scratch.release()
      if (this.#store.rowCount > 2 * this.#live + deadRowsMax) this.#repack()
    }
  }

  /** All rows held, those of a group together and in order, in `arena`. */
  state(arena: Arena): Batch {
    const [ids, gids] = [arena.allocate(4 * this.#live), arena.allocate(4 * this.#live)]
    const rows = this.#device.kernels.allRowsOfLists(this.#entries.ensure(this.#groups), this.#groups, this.#pool, ids, gids)
    return gatherOwned(this.#device, arena, this.#store.batch(), ids, rows)
  }

  /** As `state`, of `count` groups (u32). */
  stateOf(arena: Arena, gids: number, count: number): Batch {
    const { ids, rows } = this.#held(arena, this.#entries.ensure(this.#groups), gids, count)
    return gatherOwned(this.#device, arena, this.#store.batch(), ids, rows)
  }

  /** Takes rows as `state` gave them, of groups that have none. */
  restore(gids: number, groupCount: number, rows: Pick<Batch, 'columns' | 'rowCount'>): void {
    this.#groups = groupCount
    this.#room(rows.rowCount)
    this.#poolEnd = this.#device.kernels.restoreLists(gids, rows.rowCount, this.#entries.ensure(groupCount), this.#pool, this.#poolEnd, this.#store.rowCount) >>> 0
    this.#store.append(rows)
    this.#live += rows.rowCount
  }

  /** Gives the memory back. */
  close(): void {
    this.#entries.close()
    this.#store.close()
    this.#memory.close()
  }

  #held(scratch: Arena, entries: number, touched: number, groups: number): { ids: number; dense: number; starts: number; rows: number } {
    const { kernels } = this.#device
    const rows = kernels.rowsOfLists(entries, touched, groups, this.#pool, 0, 0, 0)
    const [ids, dense, starts] = [scratch.allocate(4 * rows), scratch.allocate(4 * rows), scratch.allocate(4 * groups + 4)]
    kernels.rowsOfLists(entries, touched, groups, this.#pool, ids, dense, starts)
    return { ids, dense, starts, rows }
  }

  // Bytes behind views of stored rows are not copied: what is given out owns its own.
  #both(scratch: Arena, held: { ids: number; rows: number }, columns: readonly Column[]): Column[] {
    if (held.rows === 0) return [...columns]
    const stored = gathered(this.#device, scratch, this.#store.batch().columns, { indices: held.ids, rows: held.rows })
    return columns.map((column, i) => concatColumns(this.#device, scratch, column.type, [stored[i]!, column]))
  }

  #cancel(scratch: Arena, all: Batch, stored: number, changes: Column): { gone: number; owed: number } {
    const table = new GroupTable(this.#device, all.fields)
    try {
      const ids = table.find(scratch, all.columns, all.rowCount)
      const gone = scratch.allocate(all.rowCount)
      const heads = scratch.allocateZeroed(4 * table.groupCount)
      return { gone, owed: this.#device.kernels.cancelRows(ids, changes.values, stored, all.rowCount, heads, scratch.allocate(4 * all.rowCount), gone) }
    } finally {
      table.close()
    }
  }

  #settle(arena: Arena, scratch: Arena, all: Batch, order: number, rows: number, dense: number, touched: number, groups: number, held: { ids: number; starts: number; rows: number }): TopChanges {
    const device = this.#device
    const { count, keepsAll, ranked } = this.#options
    this.#room(2 * rows + groups)
    const most = held.rows + rows
    const [given, fresh, out, marks] = [scratch.allocate(4 * most), scratch.allocate(4 * rows), scratch.allocate(16), scratch.allocateZeroed(all.rowCount)]
    const [changes, places] = [allocateColumn(arena, changeField.type, most), allocateColumn(arena, rowCount64, most)]
    device.kernels.settleLists(
      order, rows, dense, touched, groups, held.starts, held.ids, this.#entries.ensure(this.#groups), this.#pool, this.#poolEnd, this.#store.rowCount, Math.min(count, 2 ** 31 - 1), keepsAll ? 1 : 0, ranked ? 1 : 0,
      marks, given, changes.values, places.values, fresh, out,
    )
    const [rowCount, added, end, more] = device.memory.int32s(out, 4) as unknown as [number, number, number, number]
    this.#poolEnd = end >>> 0
    this.#live += more
    const columns = [...gatherOwned(device, arena, all, given, rowCount).columns]
    if (added > 0) this.#store.append(gatherOwned(device, scratch, all, fresh, added))
    return { columns, changes: { ...changes, length: rowCount }, places: { ...places, length: rowCount }, rowCount }
  }

  #room(more: number): void {
    const size = this.#poolEnd + more
    if (size <= this.#poolSize) return
    const grown = Math.max(poolFirst, 2 ** Math.ceil(Math.log2(size)))
    this.#pool = this.#memory.grow(this.#pool, 4 * this.#poolSize, 4 * this.#poolEnd, 4 * grown)
    this.#poolSize = grown
  }

  // Forgets the rows that are in no list, and lists that were outgrown.
  #repack(): void {
    const device = this.#device
    const scratch = device.arena()
    try {
      const [ids, gids] = [scratch.allocate(4 * this.#live), scratch.allocate(4 * this.#live)]
      const rows = device.kernels.allRowsOfLists(this.#entries.ensure(this.#groups), this.#groups, this.#pool, ids, gids)
      const kept = gatherOwned(device, scratch, this.#store.batch(), ids, rows)
      this.#store.clear()
      this.#entries.reset()
      this.#memory.free(this.#pool, 4 * this.#poolSize)
      this.#pool = this.#poolSize = this.#poolEnd = this.#live = 0
      this.restore(gids, this.#groups, kept)
    } finally {
      scratch.release()
    }
  }
}
