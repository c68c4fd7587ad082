// Batches end to end.
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { bitmapBytes, childrenOf, type DataType, layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { share } from './compact.ts'
import { columnRange, holdViews, itemCount } from './gather.ts'

/** The rows of all batches in order, in `arena`; bytes behind views are not copied, their arenas are kept alive. One batch is shared, not copied. */
export function concatBatches(device: Device, arena: Arena, fields: Fields, batches: readonly Batch[]): Batch {
  if (batches.length === 1) return share(device, arena, { ...batches[0]!, fields })
  const columns = fields.map((field, i) => concatColumns(device, arena, field.type, batches.map(batch => batch.columns[i]!)))
  for (const batch of batches) holdViews(device, arena, batch)
  return { fields, rowCount: batches.reduce((rows, batch) => rows + batch.rowCount, 0), columns, arena: arena.address }
}

/** The rows of all parts in order, in `arena`; views are copied as they are, codes are left out. */
export function concatColumns(device: Device, arena: Arena, type: DataType, parts: readonly Column[]): Column {
  const length = parts.reduce((rows, part) => rows + part.length, 0)
  const layout = layoutOf(type)
  if (layout !== 'list' && layout !== 'children') {
    const out = allocateColumn(arena, type, length, parts.some(part => part.validity !== 0))
    let at = 0
    for (const part of parts) {
      appendColumn(device, part, out, at)
      at += part.length
    }
    return out
  }
  const validity = concatValidity(device, arena, parts, length)
  if (layout === 'list') return { ...concatLists(device, arena, type, parts, length), validity }
  if (type.kind === 'fixedList') itemCount(type, type.size * length)
  return { type, length, values: 0, validity, children: childrenOf(type).map((child, i) => concatColumns(device, arena, child.type, parts.map(part => part.children![i]!))) }
}

function concatValidity(device: Device, arena: Arena, parts: readonly Column[], length: number): number {
  if (!parts.some(part => part.validity !== 0)) return 0
  const validity = arena.allocateZeroed(bitmapBytes(length))
  let at = 0
  for (const part of parts) {
    appendValidity(device, part, validity, at)
    at += part.length
  }
  return validity
}

function concatLists(device: Device, arena: Arena, type: DataType, parts: readonly Column[], length: number): Column {
  const offsets = arena.allocate(4 * (length + 1))
  const items: Column[] = []
  let [row, count] = [0, 0]
  for (const part of parts) {
    const { start, end } = itemRange(device, part)
    itemCount(type, count + end - start)
    device.kernels.shiftOffsets(part.values, part.length + 1, count - start, offsets + 4 * row)
    items.push(columnRange(device, arena, part.children![0]!, start, end))
    row += part.length
    count += end - start
  }
  if (parts.length === 0) device.memory.int32s(offsets, 1)[0] = 0
  return { type, length, values: offsets, validity: 0, children: [concatColumns(device, arena, childrenOf(type)[0]!.type, items)] }
}

/** The items that the lists of a column lie between. */
export function itemRange(device: Device, { values, length }: Column): { start: number; end: number } {
  const offsets = device.memory.int32s(values, length + 1)
  return { start: offsets[0]!, end: offsets[length]! }
}

/** The column with the offsets of its lists, at any depth, beginning at 0 and ending where their items do: a copy in `arena` where they don't. */
export function rebased(device: Device, arena: Arena, column: Column): Column {
  if (!column.children) return column
  if (layoutOf(column.type) !== 'list') return { ...column, children: column.children.map(child => rebased(device, arena, child)) }
  const { start, end } = itemRange(device, column)
  let { values } = column
  if (start !== 0) {
    values = arena.allocate(4 * (column.length + 1))
    device.kernels.shiftOffsets(column.values, column.length + 1, -start, values)
  }
  return { ...column, values, children: [rebased(device, arena, columnRange(device, arena, column.children[0]!, start, end))] }
}

/** Writes the rows of `part`, of a type without children, behind the first `at` rows of `out`, which must have room, and a bitmap where `part` has one. Views are copied as they are. */
export function appendColumn(device: Device, part: Column, out: Column, at: number): void {
  const { kernels, memory } = device
  if (part.length === 0) return
  if (layoutOf(part.type) === 'bit') kernels.appendBits(part.values, part.length, out.values, at)
  else memory.bytes(out.values + valueBytes(part.type, at), valueBytes(part.type, part.length)).set(memory.bytes(part.values, valueBytes(part.type, part.length)))
  if (out.validity !== 0) appendValidity(device, part, out.validity, at)
}

/** Puts the validity of `part` behind the first `at` bits of a bitmap. */
export function appendValidity(device: Device, part: Column, bits: number, at: number): void {
  if (part.length === 0) return
  if (part.validity !== 0) device.kernels.appendBits(part.validity, part.length, bits, at)
  else if (part.type.kind !== 'null') device.kernels.appendOnes(part.length, bits, at)
}
