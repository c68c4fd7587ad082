// Bitmaps, a bit a row: counting and combining. Masks of filters and validity of results are made here.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** The number of 1 bits among the first `rows`; address 0 (no bitmap) counts as all ones. */
export function countBits(device: Device, bits: number, rows: number): number {
  return bits === 0 ? rows : device.kernels.countBits(bits, rows)
}

/** The number of null rows of a column. */
export function countNulls(device: Device, column: Column): number {
  return column.length - countBits(device, column.validity, column.length)
}

/** A AND B in `arena`; address 0 stands for all ones, on input and as the result. Nothing is copied where one side is 0. */
export function andBits(device: Device, arena: Arena, a: number, b: number, rows: number): number {
  if (a === 0 || b === 0) return a + b
  const out = arena.allocate(bitmapBytes(rows))
  device.kernels.andBits(a, b, rows, out)
  return out
}

/** A OR B in `arena`; address 0 stands for all ones. */
export function orBits(device: Device, arena: Arena, a: number, b: number, rows: number): number {
  if (a === 0 || b === 0) return 0
  const out = arena.allocate(bitmapBytes(rows))
  device.kernels.orBits(a, b, rows, out)
  return out
}

/** A XOR B in `arena`; neither address may be 0. */
export function xorBits(device: Device, arena: Arena, a: number, b: number, rows: number): number {
  const out = arena.allocate(bitmapBytes(rows))
  device.kernels.xorBits(a, b, rows, out)
  return out
}

/** A AND NOT B in `arena`; neither address may be 0. */
export function andNotBits(device: Device, arena: Arena, a: number, b: number, rows: number): number {
  const out = arena.allocate(bitmapBytes(rows))
  device.kernels.andNotBits(a, b, rows, out)
  return out
}

/** NOT A in `arena`; the address may not be 0. */
export function notBits(device: Device, arena: Arena, a: number, rows: number): number {
  const out = arena.allocate(bitmapBytes(rows))
  device.kernels.notBits(a, rows, out)
  return out
}

/** A bitmap of `rows` equal bits in `arena`. */
export function filledBits(device: Device, arena: Arena, rows: number, bit: boolean): number {
  const out = arena.allocate(bitmapBytes(rows))
  device.kernels.fillBits(out, rows, bit ? 1 : 0)
  return out
}
