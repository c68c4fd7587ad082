// LZ4 blocks over the shared memory, packed. What unpacks them is `format/lz4.ts`.
import type { Device } from '../device/device.ts'

/** Bytes of scratch that `compressLz4` needs. */
export const lz4TableBytes = 32_768

/** The most bytes that `compressLz4` makes of `sourceBytes` bytes. */
export function lz4BytesMax(device: Device, sourceBytes: number): number {
  return device.kernels.lz4BytesMax(sourceBytes)
}

/** Packs one block into `out` (`lz4BytesMax` bytes) with `table` as scratch; both, and the source, come from an arena. Returns the bytes written. Cost: 0.3–1 GB/s of input. */
export function compressLz4(device: Device, source: number, sourceBytes: number, out: number, table: number): number {
  return device.kernels.compressLz4(source, sourceBytes, out, table)
}
