// Rows by group, a group's after the other's: how values of any type become lists, and lists values again.
import type { Column } from '../batch/batch.ts'
import type { DataType } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { columnRange } from './gather.ts'
import { itemRange } from './concat.ts'

/** Rows in runs: those of group g are rows[offsets[g]] to rows[offsets[g + 1]], all u32. */
export interface RowRuns {
  readonly rows: number
  readonly offsets: number
  readonly count: number
}

/** Runs of the numbers of `rows` rows in `arena`, in their order within each group. Cost: two passes, about 3 ns a row. */
export function rowRuns(device: Device, arena: Arena, gids: number, rows: number, groupCount: number): RowRuns {
  const { memory, kernels } = device
  const counts = arena.allocateZeroed(4 * groupCount)
  kernels.countRuns(gids, rows, counts)
  const offsets = arena.allocate(4 * groupCount + 4)
  kernels.runOffsets(counts, groupCount, offsets)
  memory.bytes(counts, 4 * groupCount).set(memory.bytes(offsets, 4 * groupCount))
  const out = arena.allocate(4 * rows)
  kernels.placeRows(gids, rows, counts, out)
  return { rows: out, offsets, count: rows }
}

/** A list a group, of items that are never null. */
export function listType(item: DataType): DataType {
  return { kind: 'list', item: { type: item, nullable: false } }
}

/** Items in runs as a list a group, without nulls. */
export function listColumn(items: Column, offsets: number, groupCount: number): Column {
  return { type: listType(items.type), length: groupCount, values: offsets, validity: 0, children: [items] }
}

/** The items of lists, one by one, with the group of each: list i belongs to group gids[i]. */
export function listItems(device: Device, arena: Arena, gids: number, lists: readonly Column[], rows: number): { gids: number; items: Column[]; count: number } {
  const { start, end } = itemRange(device, lists[0]!)
  const out = arena.allocate(4 * (end - start))
  device.kernels.repeatGids(gids, lists[0]!.values, rows, out)
  const items = lists.map(list => {
    const range = itemRange(device, list)
    return columnRange(device, arena, list.children![0]!, range.start, range.end)
  })
  return { gids: out, items, count: end - start }
}
