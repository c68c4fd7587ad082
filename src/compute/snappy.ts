// Snappy's raw format over the shared memory.
import type { Device } from '../device/device.ts'

const problems: Record<number, string> = {
  [-1]: 'the compressed bytes end early',
  [-2]: 'a back-reference points before the start of the output',
  [-3]: 'the output has another size than promised',
}

/**
 * Decompresses `sourceBytes` bytes at `source` to exactly `outBytes` bytes at `out`; both chunks come from an arena (64 bytes of padding).
 * Returns what is wrong with the input, or undefined. Cost: 1–3 GB/s of output.
 */
export function decompressSnappy(device: Device, source: number, sourceBytes: number, out: number, outBytes: number): string | undefined {
  const result = device.kernels.decompressSnappy(source, sourceBytes, out, outBytes)
  return result === 0 ? undefined : problems[result]
}

/** The most bytes that `sourceBytes` bytes can decompress to: a reference of 3 bytes makes 64. A larger promise is a lie. */
export function snappyExpandsTo(sourceBytes: number): number {
  return 22 * sourceBytes + 64
}

/** Bytes of scratch that `compressSnappy` needs. */
export const snappyTableBytes = 32_768

/** The most bytes that `compressSnappy` makes of `sourceBytes` bytes. */
export function snappyBytesMax(device: Device, sourceBytes: number): number {
  return device.kernels.snappyBytesMax(sourceBytes)
}

/**
 * Compresses into `out` (`snappyBytesMax` bytes) with `table` as scratch; returns the bytes written. `isPoor`: the same kind of bytes got hardly smaller before, so less of
 * them is tried. Cost: 0.3–1 GB/s of input, more of what doesn't get smaller.
 */
export function compressSnappy(device: Device, source: number, sourceBytes: number, out: number, table: number, isPoor = false): number {
  return device.kernels.compressSnappy(source, sourceBytes, out, table, isPoor ? 1 : 0)
}
