// Groups whose results are told as they change: each batch gives, for the groups that it touches, what was told of them before and what is so now.
import type { Batch, Column } from '../batch/batch.ts'
import { int64 } from '../batch/data-type.ts'
import type { Field, Fields } from '../batch/schema.ts'
import { type Accumulators, createAccumulators } from '../compute/accumulators.ts'
import { noPlaces, type RowPlaces } from '../compute/aggregate-contract.ts'
import { notBits } from '../compute/bitmap.ts'
import { selectRows } from '../compute/compact.ts'
import { gatherColumn } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { retractions, RowCounts, TouchedGroups } from '../compute/updates.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { GroupShape } from './group-state.ts'

/** The groups that a batch touched, in the arena of the call; bitmaps have a bit a group. */
export interface GroupUpdates {
  readonly count: number
  /** For each group, the address of the number (u32) of a row of the batch that belongs to it. */
  readonly firsts: number
  /** Groups that had rows before, and that have some now. */
  readonly had: number
  readonly has: number
  readonly before: readonly Column[]
  readonly after: readonly Column[]
}

const rowsField: Field = { name: '$rows', type: int64, nullable: false }
/** Groups without rows that may stay. */
const emptyMax = 65_536

/** Groups, their aggregates and how many rows each has. Owns its memory until `close`. Cost: that of aggregating, and some 10 ns a group touched and aggregate. */
export class UpdatingGroups {
  readonly #device: Device
  readonly #shape: GroupShape
  #table: GroupTable
  #accumulators: Accumulators
  #counts: RowCounts
  readonly #touched: TouchedGroups
  #live = 0

  constructor(device: Device, shape: GroupShape) {
    this.#device = device
    this.#shape = shape
    this.#table = new GroupTable(device, shape.keys)
    this.#accumulators = createAccumulators(device, shape.specs)
    this.#counts = new RowCounts(device)
    this.#touched = new TouchedGroups(device)
  }

  /** Groups that have rows. */
  get live(): number {
    return this.#live
  }
  /** Bytes held. */
  get bytes(): number {
    return this.#table.bytes + this.#accumulators.bytes + this.#counts.bytes + this.#touched.bytes
  }

  /**
   * Takes rows; `inputs` as in `GroupState.add`. `changes`: the address of what each row is (batch/change.ts), 0 where all are new; then the specs are invertible.
   * Throws DataError SUM_OVERFLOW.
   */
  update(arena: Arena, keys: readonly Column[], inputs: readonly (Column | undefined)[], rows: number, places: RowPlaces, changes: number): GroupUpdates {
    if (this.#table.groupCount - this.#live > Math.max(emptyMax, this.#live)) this.#leaveEmpty(arena)
    const gids = this.#table.find(arena, keys, rows)
    const groupCount = this.#table.groupCount
    const { ids, firsts, locals, count } = this.#touched.find(arena, gids, rows, groupCount)
    const before = this.#accumulators.resultsOf(arena, groupCount, ids, count)
    const had = this.#counts.present(arena, groupCount, ids, count)
    if (changes === 0) this.#accumulators.update(gids, inputs, rows, groupCount, places)
    else this.#change(arena, { gids, ids, locals, count, groupCount }, inputs, rows, changes)
    this.#counts.add(gids, changes, rows, groupCount)
    const has = this.#counts.present(arena, groupCount, ids, count)
    this.#live += has.some - had.some
    return { count, firsts, had: had.bits, has: has.bits, before, after: this.#accumulators.resultsOf(arena, groupCount, ids, count) }
  }

  // Rows that are taken away make a state of their own, which is taken away as a whole.
  #change(arena: Arena, touched: { gids: number; ids: number; locals: number; count: number; groupCount: number }, inputs: readonly (Column | undefined)[], rows: number, changes: number): void {
    const device = this.#device
    const gone = retractions(device, arena, changes, rows)
    const part = (mask: number, of: number) => {
      const { indices, rows: taken } = selectRows(device, arena, mask, rows)
      const numbers = gatherColumn(device, arena, { type: { kind: 'uint32' }, length: rows, values: of, validity: 0 }, indices, taken).values
      return { numbers, taken, columns: inputs.map(column => column && gatherColumn(device, arena, column, indices, taken)) }
    }
    const added = part(notBits(device, arena, gone, rows), touched.gids)
    if (added.taken > 0) this.#accumulators.update(added.numbers, added.columns, added.taken, touched.groupCount, noPlaces)
    if (added.taken === rows) return
    const removed = part(gone, touched.locals)
    const state = createAccumulators(device, this.#shape.specs)
    try {
      state.update(removed.numbers, removed.columns, removed.taken, touched.count, noPlaces)
      this.#accumulators.takeAway(arena, touched.ids, state.partialColumns(arena, touched.count), touched.count, touched.groupCount)
    } finally {
      state.close()
    }
  }

  /** The results of all groups, in `arena`. */
  results(arena: Arena): Column[] {
    return this.#accumulators.resultColumns(arena, this.#table.groupCount)
  }

  /** The fields of `rowsOf`. */
  fields(): Fields {
    return [...this.#shape.keys, ...this.#accumulators.partialFields(this.#shape.names), rowsField]
  }

  /** All groups that have rows, in `arena`: keys, states, and how many rows. */
  rowsOf(arena: Arena): Batch {
    const device = this.#device
    const groups = this.#table.groupCount
    const all = [...this.#table.keyColumns(arena), ...this.#accumulators.partialColumns(arena, groups), this.#counts.column(groups)]
    const { bits, some } = this.#counts.presentOf(arena, groups)
    if (some === groups) return { fields: this.fields(), rowCount: groups, columns: all, arena: arena.address }
    const { indices, rows } = selectRows(device, arena, bits, groups)
    return { fields: this.fields(), rowCount: rows, columns: all.map(column => gatherColumn(device, arena, column, indices, rows)), arena: arena.address }
  }

  /** Takes rows that `rowsOf` gave. */
  merge(arena: Arena, { columns, rowCount }: Batch): void {
    if (rowCount === 0) return
    const keyCount = this.#shape.keys.length
    const gids = this.#table.find(arena, columns.slice(0, keyCount), rowCount)
    const groups = this.#table.groupCount
    this.#accumulators.merge(gids, columns.slice(keyCount, -1), rowCount, groups)
    this.#counts.merge(gids, columns.at(-1)!, groups)
    this.#live = this.#counts.presentOf(arena, groups).some
  }

  // Groups without rows, with all that is remembered of them, end.
  #leaveEmpty(arena: Arena): void {
    const rows = this.rowsOf(arena)
    this.#closeState()
    this.#table = new GroupTable(this.#device, this.#shape.keys)
    this.#accumulators = createAccumulators(this.#device, this.#shape.specs)
    this.#counts = new RowCounts(this.#device)
    this.#live = 0
    this.merge(arena, rows)
  }

  #closeState(): void {
    this.#table.close()
    this.#accumulators.close()
    this.#counts.close()
  }

  close(): void {
    this.#closeState()
    this.#touched.close()
  }
}
