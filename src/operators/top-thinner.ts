// Leaves out rows that are not among the first of their group, before they are sent to whoever keeps each group's: for every group the k best keys so far are
// known, and what is worse than all of them is dropped. Rows that are as good stay, since further keys or their place may decide.
import type { Batch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import { share } from '../compute/compact.ts'
import { gatherBatch } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { BestKeys } from '../compute/best-keys.ts'
import type { OrderColumn } from '../compute/sorted-rows.ts'
import { hasKeys } from '../compute/widen.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** Of more rows a group than this most are sent anyway. */
const countMax = 64
/** From so many rows on it is looked whether groups have rows to leave out. */
const sampleRows = 1 << 17
/** The most memory that groups and their keys may take. */
const bytesMax = 1 << 27

/** Thins out rows by the first column of an order. Owns its memory until `close`; what it forgets costs only work. */
export class TopThinner {
  readonly #device: Device
  readonly #by: readonly number[]
  readonly #order: OrderColumn
  #state: { readonly groups: GroupTable; readonly best: BestKeys } | undefined
  #rows = 0
  constructor(device: Device, count: number, fields: Fields, by: readonly number[], order: OrderColumn) {
    this.#device = device
    this.#by = by
    this.#order = order
    if (count < 1 || count > countMax || !hasKeys(fields[order.index]!.type)) return
    const groups = new GroupTable(device, by.map(i => fields[i]!))
    this.#state = { groups, best: new BestKeys(device, count, order) }
  }

  /** The rows that may be among the first of their group, in order, in `arena`; the batch itself where all may be. */
  thin(arena: Arena, batch: Batch): Batch {
    if (!this.#state) return share(this.#device, arena, batch)
    const { groups, best } = this.#state
    const scratch = this.#device.arena()
    try {
      const gids = groups.find(scratch, this.#by.map(i => batch.columns[i]!), batch.rowCount)
      const { indices, rows } = best.thin(scratch, gids, groups.groupCount, batch.columns[this.#order.index]!)
      this.#rows += batch.rowCount
      const isOfNoUse = this.#rows >= sampleRows && 2 * groups.groupCount > this.#rows
      if (isOfNoUse || groups.bytes + best.bytes > bytesMax) this.close()
      return rows === batch.rowCount ? share(this.#device, arena, batch) : gatherBatch(this.#device, arena, batch, indices, rows)
    } finally {
      scratch.release()
    }
  }

  close(): void {
    this.#state?.groups.close()
    this.#state?.best.close()
    this.#state = undefined
  }
}
