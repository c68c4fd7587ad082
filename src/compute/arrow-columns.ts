// Arrow's wire layouts into the engine's, and back. Input is hostile: false says that an offset or an index points outside its buffer.
import type { Layout } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

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

/** Values of one width as views; nulls become empty. */
export function viewsOfNullableFixed(device: Device, source: number, rows: number, width: number, bits: number, out: number): void {
  device.kernels.fixedToNullableViews(source, rows, width, bits, out)
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
