// Batches that are sorted, and parts of them put together: what merging consists of. Rows are compared by kernels, by columns of any ordered type.
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { bitmapBytes, childrenOf, isNested, layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { concatBatches } from './concat.ts'
import { gatherBatch, gatherColumn, gatherOwned, holdViews, rowNumbers } from './gather.ts'
import { keyTable, type SortKey, sortIndices } from './sort.ts'

/** A column to order by: its place, and which way. */
export interface OrderColumn {
  readonly index: number
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** Rows [start, end) of a batch. */
export interface RowRange {
  readonly batch: Batch
  readonly start: number
  readonly end: number
}

/** What `sortIndices` and `keyTable` take. */
export function sortKeys({ columns }: Batch, order: readonly OrderColumn[]): SortKey[] {
  return order.map(({ index, ...way }) => ({ column: columns[index]!, ...way }))
}

/** The rows in order, in `arena`, bytes behind views copied too. Stable. */
export function sortBatch(device: Device, arena: Arena, batch: Batch, order: readonly OrderColumn[]): Batch {
  const scratch = device.arena()
  try {
    return gatherOwned(device, arena, batch, sortIndices(device, scratch, sortKeys(batch, order), batch.rowCount), batch.rowCount)
  } finally {
    scratch.release()
  }
}

/** As `sortBatch`, of the rows of several ranges; rows of earlier ranges come first among equals. `owned`: bytes behind views are copied, else their arenas are held. */
export function mergeRanges(device: Device, arena: Arena, fields: Fields, ranges: readonly RowRange[], order: readonly OrderColumn[], owned: boolean): Batch {
  const scratch = device.arena()
  try {
    const rows = concatRanges(device, scratch, fields, ranges)
    const indices = sortIndices(device, scratch, sortKeys(rows, order), rows.rowCount)
    if (owned) return gatherOwned(device, arena, rows, indices, rows.rowCount)
    for (const { batch } of ranges) holdViews(device, arena, batch)
    return gatherBatch(device, arena, { ...rows, arena: 0 }, indices, rows.rowCount)
  } finally {
    scratch.release()
  }
}

/** The rows of all ranges end to end, in `arena`. Views are copied as they are: the ranges' arenas must outlive the result. */
export function concatRanges(device: Device, arena: Arena, fields: Fields, ranges: readonly RowRange[]): Batch {
  const rowCount = ranges.reduce((rows, { start, end }) => rows + end - start, 0)
  const columns = fields.map((field, i) => {
    if (isNested(field.type) || layoutOf(field.type) === 'none') return concatNested(device, arena, fields, i, ranges)
    const out = allocateColumn(arena, field.type, rowCount, ranges.some(({ batch }) => batch.columns[i]!.validity !== 0))
    let at = 0
    for (const { batch, start, end } of ranges) {
      appendRange(device, batch.columns[i]!, start, end, out, at)
      at += end - start
    }
    return out
  })
  return { fields, rowCount, columns, arena: arena.address }
}

function concatNested(device: Device, arena: Arena, fields: Fields, index: number, ranges: readonly RowRange[]): Column {
  const own = [fields[index]!]
  const parts = ranges.map(({ batch, start, end }): Batch => {
    const rows = rowNumbers(device, arena, end - start, start)
    return { fields: own, rowCount: end - start, columns: [gatherColumn(device, arena, batch.columns[index]!, rows, end - start)], arena: arena.address }
  })
  return concatBatches(device, arena, own, parts).columns[0]!
}

function appendRange(device: Device, part: Column, start: number, end: number, out: Column, at: number): void {
  const { kernels, memory } = device
  const rows = end - start
  if (rows === 0) return
  if (layoutOf(part.type) === 'bit') kernels.appendBitsFrom(part.values, start, rows, out.values, at)
  else {
    const bytes = valueBytes(part.type, rows)
    memory.bytes(out.values + valueBytes(part.type, at), bytes).set(memory.bytes(part.values + valueBytes(part.type, start), bytes))
  }
  if (out.validity === 0) return
  if (part.validity === 0) kernels.appendOnes(rows, out.validity, at)
  else kernels.appendBitsFrom(part.validity, start, rows, out.validity, at)
}

/** A sorted batch, ready to be compared with others: `table` is its `keyTable`. */
export interface SortedBatch {
  readonly batch: Batch
  readonly table: number
}

/** `batch` with its key table in `arena`. */
export function sortedBatch(device: Device, arena: Arena, batch: Batch, order: readonly OrderColumn[]): SortedBatch {
  return { batch, table: keyTable(device, arena, sortKeys(batch, order)) }
}

/** Below 0, 0 or above 0 as row i of `a` comes before, with or after row j of `b`. */
export function compareSorted(device: Device, a: SortedBatch, i: number, b: SortedBatch, j: number, keyCount: number): number {
  return device.kernels.compareRows(a.table, i, b.table, j, keyCount)
}

/** The first row of `a`, from `start` on, that doesn't come before row j of `b`; with `orEqual` neither with it. Cost: the logarithm of the rows. */
export function rowBehind(device: Device, a: SortedBatch, start: number, b: SortedBatch, j: number, keyCount: number, orEqual: boolean): number {
  return start + device.kernels.countBefore(a.table, start, a.batch.rowCount, b.table, j, keyCount, orEqual ? 1 : 0)
}

/** The bytes that the columns of a batch take, those behind views included. */
export function batchBytes(device: Device, batch: Batch): number {
  return batch.columns.reduce((sum, column) => sum + columnBytes(device, column), 0)
}

function columnBytes(device: Device, column: Column): number {
  const { type, length, values, validity, children = [] } = column
  const views = layoutOf(type) === 'view' ? device.kernels.countViewBytes(values, length) : 0
  const inside = childrenOf(type).reduce((sum, _, i) => sum + columnBytes(device, children[i]!), 0)
  return valueBytes(type, length) + (validity === 0 ? 0 : bitmapBytes(length)) + views + inside
}

/** The bitmap in `arena` of the rows of a sorted batch that differ from the row before in one of the columns. The first row does, unless it equals the last of `before`. */
export function changedRows(device: Device, arena: Arena, batch: Batch, order: readonly OrderColumn[], before?: Batch): number {
  const bits = arena.allocateZeroed(bitmapBytes(batch.rowCount))
  const own = sortedBatch(device, arena, batch, order)
  device.kernels.markChanges(own.table, order.length, 0, batch.rowCount, bits)
  if (before && compareSorted(device, sortedBatch(device, arena, before, order), before.rowCount - 1, own, 0, order.length) === 0) device.memory.bytes(bits, 1)[0]! &= 0xfe
  return bits
}
