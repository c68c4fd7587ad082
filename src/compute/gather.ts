// Taking rows by their numbers: what filters, joins, sorts and exchanges end in.
import { DataError } from '../base/errors.ts'
import { allocateColumn, type Batch, type Codes, type Column, sliceColumn } from '../batch/batch.ts'
import { bitmapBytes, layoutOf } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { type Arena, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { codedColumn } from './coded.ts'
import { gatherNarrow, hasNarrow } from './narrow.ts'

/**
 * Row i of the result is row indices[i] of `column`; `indices` is the address of `rows` u32, each below the column's length. Codes, narrow values and the range are kept.
 * Views still point at the bytes of their source: see `holdViews`. Cost: 0.5–2 ns a row where the column is in cache; lists a further 1 ns an item.
 */
export function gatherColumn(device: Device, arena: Arena, column: Column, indices: number, rows: number): Column {
  const validity = gatherValidity(device, arena, column, indices, rows)
  if (hasNarrow(column)) return gatherNarrow(device, arena, column, indices, rows, validity)
  if (column.codes?.alone) return codedColumn(device, arena, { type: column.type, length: rows, validity, codes: gatherCodes(device, arena, column.codes, indices, rows) })
  const out = { ...gatherValues(device, arena, column, indices, rows), validity, ...(column.range && { range: column.range }) }
  return column.codes ? { ...out, codes: gatherCodes(device, arena, column.codes, indices, rows) } : out
}

function gatherCodes(device: Device, arena: Arena, codes: Codes, indices: number, rows: number): Codes {
  const values = arena.allocate(4 * rows)
  device.kernels.gatherWord4(codes.values, indices, rows, values)
  return { ...codes, values }
}

function gatherValidity(device: Device, arena: Arena, column: Column, indices: number, rows: number): number {
  if (column.type.kind === 'null') return arena.allocateZeroed(bitmapBytes(rows))
  if (column.validity === 0) return 0
  const validity = arena.allocate(bitmapBytes(rows))
  device.kernels.gatherBits(column.validity, indices, rows, validity)
  return validity
}

function gatherValues(device: Device, arena: Arena, column: Column, indices: number, rows: number): Column {
  const { type, values } = column
  const layout = layoutOf(type)
  if (layout === 'list') return gatherLists(device, arena, column, indices, rows)
  if (layout === 'children') return gatherChildren(device, arena, column, indices, rows)
  const out = allocateColumn(arena, type, rows)
  const { kernels } = device
  switch (layout) {
    case 'bit':
      kernels.gatherBits(values, indices, rows, out.values)
      break
    case 'word1':
      kernels.gatherWord1(values, indices, rows, out.values)
      break
    case 'word2':
      kernels.gatherWord2(values, indices, rows, out.values)
      break
    case 'word4':
      kernels.gatherWord4(values, indices, rows, out.values)
      break
    case 'word8':
      kernels.gatherWord8(values, indices, rows, out.values)
      break
    case 'word16':
    case 'view':
      kernels.gatherView(values, indices, rows, out.values)
      break
    case 'fixed':
      kernels.gatherFixed(values, type.kind === 'fixedBinary' ? type.size : 0, indices, rows, out.values)
      break
    default:
      break
  }
  return out
}

function gatherLists(device: Device, arena: Arena, { type, values, children }: Column, indices: number, rows: number): Column {
  const { kernels } = device
  const offsets = arena.allocate(4 * (rows + 1))
  const count = itemCount(type, kernels.gatherOffsets(values, indices, rows, offsets))
  const items = arena.allocate(4 * count)
  kernels.listItems(values, indices, rows, items)
  return { type, length: rows, values: offsets, validity: 0, children: [gatherColumn(device, arena, children![0]!, items, count)] }
}

function gatherChildren(device: Device, arena: Arena, { type, children }: Column, indices: number, rows: number): Column {
  const base = { type, length: rows, values: 0, validity: 0 }
  if (type.kind !== 'fixedList') return { ...base, children: children!.map(child => gatherColumn(device, arena, child, indices, rows)) }
  const count = itemCount(type, rows * type.size)
  const items = arena.allocate(4 * count)
  device.kernels.fixedItems(indices, rows, type.size, items)
  return { ...base, children: [gatherColumn(device, arena, children![0]!, items, count)] }
}

/** The items that the lists of a batch hold, where offsets can count them. Throws DataError LIST_SIZE. */
export function itemCount(type: Column['type'], count: number): number {
  if (count < 2 ** 31) return count
  throw new DataError('LIST_SIZE', `batch: the lists of a column of ${typeName(type)} hold ${count} items, a batch at most 2^31 − 1; give a smaller batchRows`)
}

/** out[i] = numbers[indices[i]] of u32s, in `arena`. */
export function gatherNumbers(device: Device, arena: Arena, numbers: number, { indices, rows }: { readonly indices: number; readonly rows: number }): number {
  const out = arena.allocate(4 * rows)
  device.kernels.gatherWord4(numbers, indices, rows, out)
  return out
}

/** The rows `chosen` of columns, in `arena`. */
export function gathered(device: Device, arena: Arena, columns: readonly Column[], chosen: { readonly indices: number; readonly rows: number }): Column[] {
  return columns.map(column => gatherColumn(device, arena, column, chosen.indices, chosen.rows))
}

/** Rows [start, end) of a column: a slice where `start` is a multiple of 64, else a copy in `arena`. */
export function columnRange(device: Device, arena: Arena, column: Column, start: number, end: number): Column {
  if (start === 0 && end === column.length) return column
  if (start % 64 === 0) return sliceColumn(column, start, end)
  return gatherColumn(device, arena, column, rowNumbers(device, arena, end - start, start), end - start)
}

/** The rows `indices` of a batch, as a batch in `arena` that keeps the source's arena alive where its views need it. */
export function gatherBatch(device: Device, arena: Arena, batch: Batch, indices: number, rows: number): Batch {
  const columns = batch.columns.map(column => gatherColumn(device, arena, column, indices, rows))
  holdViews(device, arena, batch)
  return { fields: batch.fields, rowCount: rows, columns, arena: arena.address }
}

/** Keeps `source`'s arena alive for as long as `arena` lives, if results in `arena` may point into it: at bytes of views, or at dictionaries. */
export function holdViews(device: Device, arena: Arena, source: Batch): void {
  if (source.arena === 0 || source.arena === arena.address || !source.columns.some(pointsOutside)) return
  retainArena(device, source.arena)
  arena.hold(source.arena)
}

function pointsOutside(column: Column): boolean {
  return layoutOf(column.type) === 'view' || column.codes !== undefined || (column.children?.some(pointsOutside) ?? false)
}

/** The address of the u32 numbers 0 … rows − 1, plus `start`. */
export function rowNumbers(device: Device, arena: Arena, rows: number, start = 0): number {
  const out = arena.allocate(4 * rows)
  device.kernels.fillIndices(out, rows, start)
  return out
}

/** As `gatherBatch`, with the bytes behind views copied too, and without codes of dictionaries that aren't kept: for sources whose memory is reused, such as stored rows. */
export function gatherOwned(device: Device, arena: Arena, batch: Batch, indices: number, rows: number): Batch {
  const columns = batch.columns.map(column => {
    const out = gatherColumn(device, arena, column, indices, rows)
    ownViews(device, arena, out)
    return withoutCodes(out)
  })
  return { fields: batch.fields, rowCount: rows, columns, arena: arena.address }
}

/** Copies the bytes behind the views of a column that was just made, at any depth, into `arena`. */
export function ownViews(device: Device, arena: Arena, { type, values, length, children }: Column): void {
  const { kernels } = device
  for (const child of children ?? []) ownViews(device, arena, child)
  if (layoutOf(type) !== 'view') return
  const bytes = kernels.countViewBytes(values, length)
  if (bytes > 0) kernels.copyViews(values, length, values, arena.allocate(bytes))
}

/** Views whose bytes lie together, in `arena`: those given where none is longer than a view. `byteCount` bytes at `bytes`. */
export function compactViews(device: Device, arena: Arena, views: number, length: number): { views: number; bytes: number; byteCount: number } {
  const { kernels } = device
  const byteCount = kernels.countViewBytes(views, length) >>> 0
  if (byteCount === 0) return { views, bytes: 0, byteCount }
  const [copied, bytes] = [arena.allocate(16 * length), arena.allocate(byteCount)]
  kernels.copyViews(views, length, copied, bytes)
  return { views: copied, bytes, byteCount }
}

function withoutCodes({ codes, ...column }: Column): Column {
  return { ...column, ...(column.children && { children: column.children.map(withoutCodes) }), ...(codes?.kept && { codes }) }
}
