// The first row of each key when keys don't fit into memory: all rows are sorted by key, which brings equal ones together, and what is first is
// sorted back by its number.
import type { SpillStore } from '../base/spill.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { rowCount64 } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import { andBits } from '../compute/bitmap.ts'
import { compactBatch } from '../compute/compact.ts'
import { compare } from '../compute/compare.ts'
import { gatherOwned, rowNumbers } from '../compute/gather.ts'
import { nullColumn } from '../compute/null-column.ts'
import { truth } from '../compute/logic.ts'
import { numberColumn } from '../compute/row-numbers.ts'
import { changedRows, type OrderColumn } from '../compute/sorted-rows.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { RunSorter } from '../state/run-sorter.ts'

/** What to work on: `keys` are places among `fields`, of ordered types. */
export interface FirstOptions {
  readonly device: Device
  readonly spill: SpillStore
  readonly bytesMax: number
  readonly fields: Fields
  readonly keys: readonly number[]
}

const ascending = (index: number): OrderColumn => ({ index, descending: false, nullsFirst: false })
const numberField = { name: '$row', type: rowCount64, nullable: false }

/** Finds first rows by sorting, twice. Owns memory and files until `close`. */
export class FirstBySorting {
  readonly #options: FirstOptions
  readonly #order: readonly OrderColumn[]
  readonly #byKey: RunSorter
  readonly #byNumber: RunSorter
  constructor(options: FirstOptions) {
    const { device, spill, bytesMax, fields, keys } = options
    this.#options = options
    this.#order = keys.map(ascending)
    const own = { device, spill, bytesMax: bytesMax / 2, fields: [...fields, numberField] }
    this.#byKey = new RunSorter({ ...own, order: this.#order })
    this.#byNumber = new RunSorter({ ...own, order: [ascending(fields.length)] })
  }

  /** Keys whose rows were given out: no row of theirs is first. Before all others. */
  addSeen(arena: Arena, keyColumns: readonly Column[], rows: number): void {
    const { device, fields, keys } = this.#options
    const columns = fields.map((field, i) => (keys.includes(i) ? keyColumns[keys.indexOf(i)]! : nullColumn(arena, field.type, rows)))
    this.#byKey.add({ fields: [...fields, numberField], rowCount: rows, columns: [...columns, constantNumbers(device, arena, rows, -1)], arena: arena.address }, false)
  }

  /** Rows, numbered from `first` on. */
  add(batch: Batch, first: number): void {
    const { device, fields } = this.#options
    const arena = device.arena()
    try {
      this.restore({ ...batch, fields: [...fields, numberField], columns: [...batch.columns, numberColumn(device, arena, batch.rowCount, first)] })
    } finally {
      arena.release()
    }
  }

  /** Rows as `states` gave them. */
  restore(batch: Batch): void {
    this.#byKey.add(batch, false)
  }

  /** All rows so far as state, in the order in which they came. */
  states(): Uint8Array[] {
    return this.#byKey.states()
  }

  /** No more rows come. */
  finish(): void {
    const { device } = this.#options
    let last: { readonly arena: Arena; readonly batch: Batch } | undefined
    for (let more = true; more; ) {
      const arena = device.arena()
      try {
        const piece = this.#byKey.next(arena)
        more = piece !== undefined
        for (const batch of piece ?? []) {
          this.#byNumber.add(this.#firsts(arena, batch, last?.batch), false)
          last?.arena.release()
          const own = device.arena()
          last = { arena: own, batch: gatherOwned(device, own, batch, rowNumbers(device, own, 1, batch.rowCount - 1), 1) }
        }
      } finally {
        arena.release()
      }
    }
    last?.arena.release()
    this.#byKey.close()
  }

  /** After `finish`: the next first rows, in order of their numbers. */
  next(arena: Arena): Batch[] | undefined {
    const { fields } = this.#options
    return this.#byNumber.next(arena)?.map(batch => ({ ...batch, fields, columns: batch.columns.slice(0, fields.length) }))
  }

  /** Gives memory and files back. */
  close(): void {
    this.#byKey.close()
    this.#byNumber.close()
  }

  #firsts(arena: Arena, batch: Batch, before: Batch | undefined): Batch {
    const { device, fields } = this.#options
    const number = batch.columns[fields.length]!
    const unseen = truth(device, arena, compare(device, arena, 'ge', number, { type: number.type, value: 0n }))
    return compactBatch(device, arena, batch, andBits(device, arena, unseen, changedRows(device, arena, batch, this.#order, before), batch.rowCount))
  }
}

function constantNumbers(device: Device, arena: Arena, rows: number, value: number): Column {
  const column = numberColumn(device, arena, rows, 0)
  device.memory.int64s(column.values, rows).fill(BigInt(value))
  return column
}
