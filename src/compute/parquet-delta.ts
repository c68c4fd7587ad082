// PLAIN values into Parquet's other encodings of values. All chunks come from arenas (64 bytes of padding).
import type { Device } from '../device/device.ts'

/** Bytes of scratch that `encodeDelta` and `deltaBytes` need. */
export const deltaScratchBytes = 1_024

/** The most bytes that `encodeDelta` makes of `count` integers of `width` bytes. */
export function deltaBytesMax(device: Device, count: number, width: 4 | 8): number {
  return device.kernels.deltaBytesMax(count, width)
}

/** Integers of `width` bytes as DELTA_BINARY_PACKED at `out`. Returns the bytes written. Cost: about 2 ns an integer. */
export function encodeDelta(device: Device, values: number, count: number, width: 4 | 8, out: number, scratch: number): number {
  return device.kernels.encodeDelta(values, count, width, out, scratch)
}

/** The bytes that `encodeDelta` would write, but for a few. Cost: about 1 ns an integer. */
export function deltaBytes(device: Device, values: number, count: number, width: 4 | 8, scratch: number): number {
  return device.kernels.deltaBytes(values, count, width, scratch)
}

/** PLAIN byte arrays as lengths (i32) and bytes, as DELTA_LENGTH_BYTE_ARRAY has them. Returns how many bytes those at `out` are. */
export function splitLengths(device: Device, plain: number, count: number, lengths: number, out: number): number {
  return device.kernels.splitLengths(plain, count, lengths, out)
}

/**
 * PLAIN byte arrays, or values of `width` > 0 bytes, as what each shares with the one before and what it doesn't (i32 lengths), and the bytes of the latter, as DELTA_BYTE_ARRAY
 * has them. Returns how many bytes those at `out` are.
 */
export function splitPrefixes(device: Device, plain: number, count: number, width: number, prefixes: number, suffixes: number, out: number): number {
  return device.kernels.splitPrefixes(plain, count, width, prefixes, suffixes, out)
}

/** Values of `width` bytes as BYTE_STREAM_SPLIT: as many bytes. */
export function splitStreams(device: Device, source: number, count: number, width: number, out: number): void {
  device.kernels.splitStreams(source, count, width, out)
}
