// One side of a join whose rows may be taken back: stored rows by key, which of them hold, and how many rows of the other side each meets. Rows that hold no
// more go once they are more than half of what is stored.
import type { Batch, Column } from '../batch/batch.ts'
import { type DataType, int32 } from '../batch/data-type.ts'
import type { Field, Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { selectRows } from './compact.ts'
import { concatColumns } from './concat.ts'
import { gatherBatch, gatherColumn } from './gather.ts'
import { GroupTable } from './group-table.ts'
import { hashColumns } from './hash.ts'
import { JoinIndex, type Pairs } from './join-index.ts'
import { markedMask } from './join-match.ts'
import { OwnedMemory } from './owned-memory.ts'
import { cameField, clearOld, keepFresh } from './row-ages.ts'
import type { RowIds } from './timed-rows.ts'

/** What is stored: fields, the keys' positions among them, what keys are compared as, and whether it is kept when rows came, so that old ones may be forgotten. */
export interface ChangingRowsOptions {
  readonly fields: Fields
  readonly keys: readonly number[]
  readonly keyTypes: readonly DataType[]
  readonly ages?: boolean
}

const hashField: Field = { name: '$hash', type: int32, nullable: false }
const compactRowsMin = 4_096
const copyRows = 65_536
const pairsMax = 32_768

/** The stored side. Owns its memory until `close`. Cost of taking a row back: a look at each row of its key. */
export class ChangingRows {
  readonly #device: Device
  readonly #options: ChangingRowsOptions
  readonly #memory: OwnedMemory
  #index: JoinIndex
  #alive = 0
  #degrees = 0
  #capacity = 0
  #dead = 0
  #since = Number.NEGATIVE_INFINITY
  constructor(device: Device, options: ChangingRowsOptions) {
    this.#device = device
    this.#options = options
    this.#memory = new OwnedMemory(device)
    this.#index = this.#freshIndex()
  }

  /** Rows that hold. */
  get rowCount(): number {
    return this.#index.rowCount - this.#dead
  }
  get bytes(): number {
    return this.#index.bytes + this.#memory.bytes
  }
  /** The number of partners of each stored row, an int32 each. */
  get degrees(): number {
    return this.#degrees
  }

  /** The stored rows, those that hold no more among them; valid until the next `insert` or `take`. */
  rows(): Batch {
    return this.#index.rows()
  }

  /** Stores copies of the rows, of which no key is null; `degrees` is the address of an int32 each, `came` says when each came where that is kept. */
  insert(arena: Arena, { columns, ...rows }: Batch, degrees: number, came?: Column): void {
    if (rows.rowCount === 0) return
    const own = columns.slice(0, this.#options.fields.length)
    const hashes: Column = { type: int32, length: rows.rowCount, values: hashColumns(this.#device, arena, own, rows.rowCount), validity: 0 }
    const start = this.#index.rowCount
    this.#index.insert(arena, { ...rows, fields: this.#fields(), columns: [...own, ...(this.#options.ages ? [came!] : []), hashes] })
    this.#grow(start + rows.rowCount)
    this.#device.memory.bytes(this.#alive + start, rows.rowCount).fill(1)
    this.#device.memory.int32s(this.#degrees + 4 * start, rows.rowCount).set(this.#device.memory.int32s(degrees, rows.rowCount))
  }

  /** When the stored rows came; undefined where that isn't kept. */
  get came(): Column | undefined {
    return this.#options.ages ? this.rows().columns[this.#options.fields.length] : undefined
  }

  /** Rows that came at `since` or before are met and taken no more. */
  forget(since: number): void {
    this.#since = since
  }
  /** Lets go of rows that came at `since` or before, where they are half of all. Cost: 1 ns a stored row. */
  sweep(since: number): void {
    this.#since = since
    if (this.#index.rowCount > 0) this.#dead += clearOld(this.#device, this.came!, since, this.#alive)
    this.compact()
  }

  /** As `JoinIndex.probe`, of rows that hold. */
  *probe(arena: Arena, keyColumns: readonly Column[], rows: number): Generator<Pairs> {
    const { came } = this
    for (const pairs of this.#index.probe(arena, keyColumns, rows, pairsMax)) {
      const alive = this.#dead === 0 ? pairs.count : this.#device.kernels.keepAlive(pairs.left, pairs.right, pairs.count, this.#alive)
      const count = came ? keepFresh(this.#device, { ...pairs, count: alive }, came, this.#since) : alive
      if (count > 0) yield { ...pairs, count }
    }
  }

  /**
   * Takes one equal stored row back for each of the rows, of which no key is null: those that found one have their byte at `taken` set to 1, and at `degrees`, an int32 each, how
   * many partners it had. Returns how many there were. NaN equals NaN, null equals null.
   */
  take(arena: Arena, rows: Batch, taken: number, degrees: number): number {
    const { kernels } = this.#device
    const { keys, fields } = this.#options
    const own = rows.columns.slice(0, fields.length)
    const hashes = hashColumns(this.#device, arena, own, rows.rowCount)
    const stored = this.#index.rows()
    let found = 0
    for (const { left, right, count } of this.probe(arena, keys.map(i => own[i]!), rows.rowCount)) {
      const likely = kernels.keepEqualHashes(left, right, count, hashes, stored.columns.at(-1)!.values)
      if (likely > 0) found += kernels.takeAlive(left, right, this.#keepEqual(own, stored, { left, right, count: likely }), taken, this.#alive, this.#degrees, degrees)
    }
    this.#dead += found
    return found
  }

  /** Counts partners of stored rows, by 1 or −1; gives those that had none before, or have none now, each once. */
  count(arena: Arena, ids: number, count: number, by: 1 | -1): RowIds {
    const turned = arena.allocate(4 * count + 4)
    return { ids: turned, count: this.#device.kernels.addDegrees(ids, count, this.#degrees, by, turned) }
  }

  /** Lets go of rows that hold no more: where they are half of all, or with `always`. */
  compact(always = false): void {
    if (this.#dead === 0 || (!always && (this.#dead < compactRowsMin || 2 * this.#dead < this.#index.rowCount))) return
    const scratch = this.#device.arena()
    try {
      const { rowCount } = this.#index
      const alive = selectRows(this.#device, scratch, markedMask(this.#device, scratch, this.#alive, rowCount, true), rowCount)
      this.#keep(alive.indices, alive.rows)
    } finally {
      scratch.release()
    }
  }

  /** Gives the memory back. */
  close(): void {
    this.#index.close()
    this.#memory.close()
  }

  // Equal rows get equal numbers.
  #keepEqual(own: readonly Column[], stored: Batch, { left, right, count }: Pairs): number {
    const { fields } = this.#options
    const { memory, kernels } = this.#device
    const arena = this.#device.arena()
    const table = new GroupTable(this.#device, fields)
    try {
      const both = fields.map(({ type }, i) => concatColumns(this.#device, arena, type, [gatherColumn(this.#device, arena, own[i]!, left, count), gatherColumn(this.#device, arena, stored.columns[i]!, right, count)]))
      const gids = table.find(arena, both, 2 * count)
      const [a, b] = [arena.allocate(4 * count), arena.allocate(4 * count)]
      for (const numbers of [a, b]) kernels.fillIndices(numbers, count, 0)
      const kept = kernels.keepEqualHashes(a, b, count, gids, gids + 4 * count)
      const [lefts, rights] = [arena.allocate(4 * kept), arena.allocate(4 * kept)]
      kernels.gatherWord4(left, a, kept, lefts)
      kernels.gatherWord4(right, a, kept, rights)
      memory.uint32s(left, kept).set(memory.uint32s(lefts, kept))
      memory.uint32s(right, kept).set(memory.uint32s(rights, kept))
      return kept
    } finally {
      table.close()
      arena.release()
    }
  }

  #keep(ids: number, count: number): void {
    const [old, alive, degrees, capacity] = [this.#index, this.#alive, this.#degrees, this.#capacity]
    this.#index = this.#freshIndex()
    this.#alive = this.#degrees = this.#capacity = this.#dead = 0
    for (let at = 0; at < count; at += copyRows) {
      const part = this.#device.arena()
      try {
        const rows = Math.min(copyRows, count - at)
        const own = part.allocate(4 * rows)
        this.#device.kernels.gatherWord4(degrees, ids + 4 * at, rows, own)
        const kept = gatherBatch(this.#device, part, old.rows(), ids + 4 * at, rows)
        this.insert(part, kept, own, kept.columns[this.#options.fields.length])
      } finally {
        part.release()
      }
    }
    old.close()
    this.#memory.free(alive, capacity)
    this.#memory.free(degrees, 4 * capacity)
  }

  #fields(): Fields {
    return [...this.#options.fields, ...(this.#options.ages ? [cameField] : []), hashField]
  }

  #freshIndex(): JoinIndex {
    const { keys, keyTypes } = this.#options
    return new JoinIndex(this.#device, this.#fields(), keys, keyTypes)
  }

  #grow(rows: number): void {
    if (rows <= this.#capacity) return
    const capacity = Math.max(256, 2 ** Math.ceil(Math.log2(rows)))
    this.#alive = this.#memory.grow(this.#alive, this.#capacity, this.#capacity, capacity)
    this.#degrees = this.#memory.grow(this.#degrees, 4 * this.#capacity, 4 * this.#capacity, 4 * capacity)
    this.#capacity = capacity
  }
}

/** As `ChangingRows.count`, of rows of a batch, of which nobody asks which turned. */
export function countPartners(device: Device, arena: Arena, ids: number, count: number, counts: number): void {
  device.kernels.addDegrees(ids, count, counts, 1, arena.allocate(4 * count + 4))
}
