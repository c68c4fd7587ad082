// Arrow's wire layouts into the engine's, and back. Input is hostile: false says that an offset or an index points outside its buffer.
import type { Column } from '../batch/batch.ts'
import type { Layout } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { keyDictionary } from './any-key-dictionary.ts'
import { OwnedMemory } from './owned-memory.ts'

/** Views of strings by 32- or 64-bit offsets (`rows` + 1 of them). `bits`: validity or 0. Cost: about 2 ns a row. */
export function viewsOfOffsets(
  device: Device,
  large: boolean,
  offsets: number,
  rows: number,
  bits: number,
  data: number,
  dataBytes: number,
  out: number,
): boolean {
  const { kernels } = device
  return (large ? kernels.largeOffsetsToViews : kernels.offsetsToViews)(offsets, rows, bits, data, dataBytes, out) === 0
}

/** Arrow's views (utf8_view, binary_view) into the engine's; `buffers` are the variadic buffers. */
export function viewsOfArrowViews(
  device: Device,
  arena: Arena,
  source: number,
  rows: number,
  bits: number,
  buffers: readonly { address: number; bytes: number }[],
  out: number,
): boolean {
  const list = arena.allocate(8 * buffers.length)
  device.memory.uint32s(list, 2 * buffers.length).set(buffers.flatMap(b => [b.address, b.bytes]))
  return device.kernels.arrowViewsToViews(source, rows, bits, list, buffers.length, out) === 0
}

/** Offsets (`rows` + 1 int32) of views laid one after the other; returns the bytes in all, which must stay below 2^31. */
export function offsetsOfViews(device: Device, views: number, rows: number, out: number): number {
  return device.kernels.viewsToOffsets(views, rows, out)
}

/** The bytes of views, one after the other. */
export function dataOfViews(device: Device, views: number, rows: number, out: number): void {
  device.kernels.viewsToData(views, rows, out)
}

/** Integers of 8 or 16 bits as int32. */
export function widenIntegers(device: Device, source: number, rows: number, bits: 8 | 16, signed: boolean, out: number): void {
  device.kernels.widenNarrow(source, rows, signed ? -bits : bits, out)
}

/** 64-bit indices as u32, saturated. */
export function narrowIndices(device: Device, source: number, rows: number, out: number): void {
  device.kernels.narrowIndices(source, rows, out)
}

/** Makes what stands behind nulls harmless: index 0, or the empty view. `bits` is a validity bitmap. */
export function zeroNulls(device: Device, layout: Layout, values: number, rows: number, bits: number): void {
  if (layout === 'view') device.kernels.zeroNullViews(values, rows, bits)
  else device.kernels.zeroNullIndices(values, rows, bits)
}

/** Whether `rows` + 1 list offsets begin at 0 or later, never fall, and end at `items` or before. */
export function checkOffsets(device: Device, offsets: number, rows: number, items: number): boolean {
  return device.kernels.checkOffsets(offsets, rows, items) === 0
}

/** Whether all of `rows` u32 are below `limit`. */
export function indicesWithin(device: Device, indices: number, rows: number, limit: number): boolean {
  return device.kernels.greatestU32(indices, rows) < limit || rows === 0
}

/**
 * Lists given by starts and sizes (u32), as offsets from 0 and the u32 numbers of their items, in `arena`. Undefined where a list lies outside of `items`, or
 * the numbers would take more than `bytesMax`.
 */
export function listItemsOfViews(device: Device, arena: Arena, starts: number, sizes: number, rows: number, items: number, bytesMax: number): { offsets: number; items: number; count: number } | undefined {
  const offsets = arena.allocate(4 * (rows + 1))
  const count = device.kernels.listViewOffsets(starts, sizes, rows, items, offsets)
  if (count < 0 || 4 * count > bytesMax) return undefined
  const out = arena.allocate(4 * count)
  device.kernels.listViewItems(starts, sizes, rows, out)
  return { offsets, items: out, count }
}

/** Whether no two values of a column without nulls are equal. Cost: about 10 ns a value. */
export function isDistinct(device: Device, column: Column): boolean {
  const memory = new OwnedMemory(device)
  const scratch = device.arena()
  try {
    const dictionary = keyDictionary(device, memory, column.type)
    dictionary.find(scratch, column, scratch.allocate(4 * column.length))
    return dictionary.count === column.length
  } finally {
    memory.close()
    scratch.release()
  }
}
