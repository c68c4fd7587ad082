// Rows, and how often each is there, as changes come.
import type { Batch, Column } from '../batch/batch.ts'
import { int64 } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { selectRows } from './compact.ts'
import { gatherColumn } from './gather.ts'
import { GroupTable } from './group-table.ts'
import { RowCounts } from './updates.ts'

/** Rows of `fields` by all their values (NaN equals NaN, −0 equals 0, null equals null). Owns its memory until `close`. */
export class RowMultiset {
  readonly #device: Device
  readonly #fields: Fields
  readonly #table: GroupTable
  readonly #counts: RowCounts
  constructor(device: Device, fields: Fields) {
    this.#device = device
    this.#fields = fields
    this.#table = new GroupTable(device, fields)
    this.#counts = new RowCounts(device)
  }

  /** Takes rows; `changes`: the address of what each is (batch/change.ts). */
  change(arena: Arena, columns: readonly Column[], rows: number, changes: number): void {
    const gids = this.#table.find(arena, columns, rows)
    this.#counts.add(gids, changes, rows, this.#table.groupCount)
  }

  /** The different rows, and the numbers (u32) of those that are there, each as often as it is; undefined where a row is there less than not at all. All in `arena`. */
  present(arena: Arena): { rows: Batch; repeats: { indices: number; rows: number } | undefined } {
    const count = this.#table.groupCount
    const rows: Batch = { fields: this.#fields, rowCount: count, columns: this.#table.keyColumns(arena), arena: arena.address }
    const { values } = this.#counts.column(count)
    const total = this.#device.kernels.sumCounts(values, count)
    if (total < 0) return { rows, repeats: undefined }
    const indices = arena.allocate(4 * total)
    this.#device.kernels.repeatCounts(values, count, indices)
    return { rows, repeats: { indices, rows: total } }
  }

  /** The different rows that are there, in `arena`, with a last column `$count` (int64). */
  counted(arena: Arena): Batch {
    const count = this.#table.groupCount
    const { bits } = this.#counts.presentOf(arena, count)
    const { indices, rows } = selectRows(this.#device, arena, bits, count)
    const columns = [...this.#table.keyColumns(arena), this.#counts.column(count)].map(column => gatherColumn(this.#device, arena, column, indices, rows))
    return { fields: [...this.#fields, { name: '$count', type: int64, nullable: false }], rowCount: rows, columns, arena: arena.address }
  }

  /** Takes rows that `counted` gave. */
  merge(arena: Arena, { columns, rowCount }: Batch): void {
    if (rowCount === 0) return
    const gids = this.#table.find(arena, columns.slice(0, -1), rowCount)
    this.#counts.merge(gids, columns.at(-1)!, this.#table.groupCount)
  }

  close(): void {
    this.#table.close()
    this.#counts.close()
  }
}
