// The row that each group was given out with last, and what has changed since: where results are updated as input comes, a changed row is taken back exactly
// as it was given.
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { changeField } from '../batch/change.ts'
import { bitmapBytes, layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { SomeGroups } from './aggregate-contract.ts'
import { concatColumns } from './concat.ts'
import { EntryState } from './entry-state.ts'
import { gatherColumn, gatherOwned } from './gather.ts'
import { GroupTable } from './group-table.ts'
import { RowStore } from './row-store.ts'

/** Groups that rows belong to, each once in order of first sight: `firsts` has the first row of each, `dense` the number of each row's group, all u32. */
export interface TouchedGroups extends SomeGroups {
  readonly firsts: number
  readonly dense: number
}

/** Rows that were taken back are given up once they are this many and more than those that hold. */
const deadRowsMax = 8_192

/** A row of `fields` per group at most. Owns its memory until `close`. Cost: each row that is given is copied once, amortised twice. */
export class GivenRows {
  readonly #device: Device
  readonly #entries: EntryState
  readonly #store: RowStore
  /** The first columns, by which groups are told: they stay as they were first given. */
  readonly #keyCount: number
  #groups = 0
  #live = 0
  constructor(device: Device, fields: Fields, keyCount: number) {
    this.#device = device
    this.#entries = new EntryState(device, 8)
    this.#store = new RowStore(device, fields)
    this.#keyCount = keyCount
  }

  /** Bytes held. */
  get bytes(): number {
    return this.#entries.memory.bytes + this.#store.bytes
  }
  /** Groups that have a row. */
  get count(): number {
    return this.#live
  }

  /** The groups of `rows` rows; `settle` must follow. */
  touch(arena: Arena, gids: number, rows: number, groupCount: number): TouchedGroups {
    this.#groups = groupCount
    const [indices, firsts, dense] = [0, 0, 0].map(() => arena.allocate(4 * rows)) as [number, number, number]
    return { indices, firsts, dense, rows: this.#device.kernels.touchGroups(gids, rows, this.#entries.ensure(groupCount), indices, firsts, dense) }
  }

  /**
   * Takes the rows that touched groups have now, `fresh` with a row each, and gives out what has changed, with `$change` behind the columns: nothing where a row is as it was.
   * `weights`: the address of an int64 for each, which has no row now where that is not above 0; 0: all have one.
   */
  settle(arena: Arena, touched: TouchedGroups, fresh: readonly Column[], weights: number): Batch {
    const device = this.#device
    const { kernels } = device
    const scratch = device.arena()
    try {
      const count = touched.rows
      const entries = this.#entries.ensure(this.#groups)
      const before = this.#before(scratch, entries, touched, fresh)
      const differs = before ? this.#differing(scratch, before, fresh, count) : 0
      const [rows, keys] = [scratch.allocate(8 * count), scratch.allocate(8 * count)]
      const changes = allocateColumn(arena, changeField.type, 2 * count)
      const [kept, keptKeys, keptCount] = [scratch.allocate(4 * count), scratch.allocate(4 * count), scratch.allocate(4)]
      const given = kernels.settleChanges(entries, touched.indices, count, weights, differs, this.#store.rowCount, rows, keys, changes.values, kept, keptKeys, keptCount)
      const stored = device.memory.uint32s(keptCount, 1)[0]!
      const both = fresh.map((column, i) => concatColumns(device, scratch, column.type, [before?.[i] ?? column, column]))
      const taken = (to: Arena, own: number, ofKeys: number, n: number) => this.#take(to, both, own, ofKeys, n)
      if (stored > 0) this.#store.append({ columns: taken(scratch, kept, keptKeys, stored), rowCount: stored })
      const columns = taken(arena, rows, keys, given)
      this.#live += kernels.netInserts(changes.values, given)
      if (this.#store.rowCount > 2 * this.#live + deadRowsMax) this.#repack()
      return { fields: [...this.#store.fields, changeField], rowCount: given, columns: [...columns, { ...changes, length: given }], arena: arena.address }
    } finally {
      scratch.release()
    }
  }

  /** The groups that have a row, and these rows, in `arena`. */
  rowsOf(arena: Arena): { gids: SomeGroups; columns: Column[] } {
    const { kernels } = this.#device
    const [indices, slots] = [arena.allocate(4 * this.#groups), arena.allocate(4 * this.#groups)]
    const rows = kernels.slotsInUse(this.#entries.ensure(this.#groups), this.#groups, 0, indices, slots)
    const gids = { indices, rows }
    return { gids, columns: rows === 0 ? [] : [...gatherOwned(this.#device, arena, this.#store.batch(), slots, rows).columns] }
  }

  /** The rows of groups that all have one, in `arena`. */
  rowsFor(arena: Arena, { indices, rows }: SomeGroups): Column[] {
    const slots = arena.allocate(4 * rows)
    this.#device.kernels.takeSlots(this.#entries.ensure(this.#groups), indices, rows, slots)
    return [...gatherOwned(this.#device, arena, this.#store.batch(), slots, rows).columns]
  }

  /** Takes rows that groups without one were given out with. */
  restore(gids: number, columns: readonly Column[], rows: number, groupCount: number): void {
    this.#groups = groupCount
    this.#device.kernels.giveSlots(this.#entries.ensure(groupCount), gids, rows, this.#store.rowCount)
    this.#store.append({ columns, rowCount: rows })
    this.#live += rows
  }

  /** Forgets everything. */
  reset(): void {
    this.#entries.reset()
    this.#store.clear()
    this.#groups = this.#live = 0
  }
  /** Gives the memory back. */
  close(): void {
    this.#entries.close()
    this.#store.close()
  }

  // The rows that touched groups have had, any for those without; undefined where none has one.
  #before(scratch: Arena, entries: number, { indices, rows }: SomeGroups, fresh: readonly Column[]): Column[] | undefined {
    const slots = scratch.allocate(4 * rows)
    if (this.#device.kernels.takeSlots(entries, indices, rows, slots) === 0) return undefined
    const { columns } = this.#store.batch()
    // Bytes behind views are not copied: what is given out owns its own.
    return fresh.map((_, i) => gatherColumn(this.#device, scratch, columns[i]!, slots, rows))
  }

  #differing(scratch: Arena, before: readonly Column[], fresh: readonly Column[], rows: number): number {
    const bits = scratch.allocateZeroed(bitmapBytes(rows))
    fresh.forEach((column, i) => i >= this.#keyCount && markDiffering(this.#device, scratch, before[i]!, column, rows, bits))
    return bits
  }

  // Views of what was given before point into the store.
  #take(arena: Arena, columns: readonly Column[], own: number, ofKeys: number, rows: number): Column[] {
    const fields = this.#store.fields
    const part = (start: number, end: number, indices: number) =>
      gatherOwned(this.#device, arena, { fields: fields.slice(start, end), rowCount: 0, columns: columns.slice(start, end), arena: 0 }, indices, rows).columns
    return [...part(0, this.#keyCount, ofKeys), ...part(this.#keyCount, columns.length, own)]
  }

  #repack(): void {
    const device = this.#device
    const scratch = device.arena()
    try {
      const [gids, slots] = [scratch.allocate(4 * this.#groups), scratch.allocate(4 * this.#groups)]
      const rows = device.kernels.slotsInUse(this.#entries.ensure(this.#groups), this.#groups, 1, gids, slots)
      const kept = rows === 0 ? undefined : gatherOwned(device, scratch, this.#store.batch(), slots, rows)
      this.#store.clear()
      if (kept) this.#store.append(kept)
    } finally {
      scratch.release()
    }
  }
}

/** Sets the bits of rows whose values differ in two columns of one type: null differs from any value, NaN equals itself, −0 differs from 0. Cost: a pass; of lists and structs a hash each. */
export function markDiffering(device: Device, scratch: Arena, a: Column, b: Column, rows: number, bits: number): void {
  const { kernels } = device
  const layout = layoutOf(a.type)
  if (layout === 'none') return
  if (layout === 'view') return kernels.markDifferingViews(a.values, a.validity, b.values, b.validity, rows, bits)
  if (layout !== 'list' && layout !== 'children') return kernels.markDiffering(a.values, a.validity, b.values, b.validity, layout === 'bit' ? 0 : valueBytes(a.type, 1), rows, bits)
  const table = new GroupTable(device, [{ name: 'value', type: a.type, nullable: true }])
  try {
    const [first, second] = [a, b].map(column => table.find(scratch, [column], rows))
    kernels.markDifferingIds(first!, second!, rows, bits)
  } finally {
    table.close()
  }
}
