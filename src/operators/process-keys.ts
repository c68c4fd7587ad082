// The keys of a process step: their numbers, their values as rows hold them, and which are still of use.
import type { Batch, Column } from '../batch/batch.ts'
import { type Value, valueReader } from '../batch/read-values.ts'
import type { Fields } from '../batch/schema.ts'
import { gatherBatch, gatherOwned } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { RowStore } from '../compute/row-store.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { shown } from '../state/keyed-state.ts'

/** Keys by number, 0 … count − 1 in the order in which they came. Owns its memory until `close`. Cost: a look-up a row; the columns of each key twice. */
export class ProcessKeys {
  readonly #device: Device
  readonly #fields: Fields
  #table: GroupTable
  readonly #rows: RowStore
  #readers: readonly ((row: number) => Value)[] | undefined
  constructor(device: Device, fields: Fields) {
    this.#device = device
    this.#fields = fields
    this.#table = new GroupTable(device, fields)
    this.#rows = new RowStore(device, fields)
  }

  get count(): number {
    return this.#rows.rowCount
  }
  /** All keys in order, valid until the next are found. */
  batch(): Batch {
    return this.#rows.batch()
  }

  /** The number of each row's key; keys that are new get the next ones. */
  find(arena: Arena, columns: readonly Column[], rows: number): Uint32Array {
    const { memory } = this.#device
    const gids = memory.uint32s(this.#table.find(arena, columns, rows), rows).slice()
    const firsts: number[] = []
    const known = this.count
    for (let row = 0; row < rows; row++) if (gids[row] === known + firsts.length) firsts.push(row)
    if (firsts.length > 0) {
      const indices = arena.allocate(4 * firsts.length)
      memory.uint32s(indices, firsts.length).set(firsts)
      this.#append(gatherBatch(this.#device, arena, { fields: this.#fields, rowCount: rows, columns, arena: arena.address }, indices, firsts.length))
    }
    return gids
  }

  #append(rows: Batch): void {
    this.#rows.append(rows)
    this.#readers = undefined
  }

  /** A key's value; of several columns an object of theirs. */
  value(gid: number): Value {
    const readers = this.#read()
    return readers.length === 1 ? readers[0]!(gid) : Object.fromEntries(readers.map((read, i) => [this.#fields[i]!.name, read(gid)]))
  }
  /** A key for messages, such as `account = "a"`. */
  text(gid: number): string {
    return this.#read().map((read, i) => `${this.#fields[i]!.name} = ${shown(read(gid))}`).join(', ')
  }

  #read(): readonly ((row: number) => Value)[] {
    return (this.#readers ??= this.batch().columns.map(column => valueReader(this.#device.memory, column)))
  }

  /** Forgets the keys that aren't live. Gives the old numbers by the new ones, and the new by the old (−1 of those forgotten). Cost: that of finding all that are left. */
  compact(live: Uint8Array): { kept: Int32Array; numbers: Int32Array } {
    const kept = Int32Array.from(Array.from({ length: this.count }, (_, gid) => gid).filter(gid => live[gid] === 1))
    const numbers = new Int32Array(this.count).fill(-1)
    kept.forEach((old, gid) => (numbers[old] = gid))
    const arena = this.#device.arena()
    try {
      const indices = arena.allocate(4 * kept.length)
      this.#device.memory.int32s(indices, kept.length).set(kept)
      const left = gatherOwned(this.#device, arena, this.batch(), indices, kept.length)
      this.#rows.clear()
      this.#table.close()
      this.#table = new GroupTable(this.#device, this.#fields)
      this.#table.find(arena, left.columns, kept.length)
      this.#append(left)
    } finally {
      arena.release()
    }
    return { kept, numbers }
  }

  /** Gives the memory back. */
  close(): void {
    this.#table.close()
    this.#rows.close()
  }
}
