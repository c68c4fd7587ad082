// Zstandard frames over the shared memory, the same on every machine.
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

const problems: Record<number, string> = {
  [-1]: 'the compressed bytes end early',
  [-2]: 'a frame begins with no header that there is, or asks for a dictionary',
  [-3]: 'a block is broken',
  [-4]: 'a back-reference points before the start of its frame',
  [-5]: 'there is more than promised',
  [-6]: 'a checksum differs from that of what came out',
  [-7]: 'a frame has another size than it says',
}

/**
 * Decompresses all frames of `sourceBytes` bytes at `source` to exactly `outBytes` bytes at `out`; both chunks come from an arena (64 bytes of padding), and so does
 * `scratch` (`unzstdScratchBytes`). Returns what is wrong with the input, or undefined. Cost: 0.3–1 GB/s of output.
 */
export function decompressZstd(device: Device, source: number, sourceBytes: number, out: number, outBytes: number, scratch: number): string | undefined {
  const result = device.kernels.decompressZstd(source, sourceBytes, out, outBytes, scratch)
  if (result < 0) return problems[result]
  return result === outBytes ? undefined : `${outBytes} bytes are promised, ${result} came out`
}

/** Bytes of scratch that `decompressZstd` needs. */
export function unzstdScratchBytes(device: Device): number {
  return device.kernels.unzstdScratchBytes()
}
