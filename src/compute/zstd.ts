// Zstandard frames over the shared memory. Writing is a kernel, the same on every machine; reading is node:zlib's or fzstd's (format/decompress.ts).
import type { Device } from '../device/device.ts'

/** Inputs are smaller than this. */
export const zstdSourceBytesMax = 2 ** 28

/** Bytes of scratch that `compressZstd` needs. */
export function zstdScratchBytes(device: Device): number {
  return device.kernels.zstdScratchBytes()
}

/** The bytes that `compressZstd` may write for `sourceBytes` bytes, some of them behind its result. */
export function zstdBytesMax(device: Device, sourceBytes: number): number {
  return device.kernels.zstdBytesMax(sourceBytes)
}

/**
 * Compresses into `out` (`zstdBytesMax` bytes) as one frame that says its size; returns the bytes written. `sourceBytes` below `zstdSourceBytesMax`.
 * Cost: 0.1–0.4 GB/s of input; sizes near those of zstd's first level.
 */
export function compressZstd(device: Device, source: number, sourceBytes: number, out: number, scratch: number): number {
  return device.kernels.compressZstd(source, sourceBytes, out, scratch)
}
