// Zstandard data from JavaScript's memory into the engine's.
import { decompressZstd, unzstdScratchBytes } from '../compute/zstd.ts'
import type { Device } from '../device/device.ts'
import type { Scratch } from './scratch.ts'

/** Unpacks `bytes` to exactly `outBytes` bytes at `out`, of a chunk of an arena. `scratch` is overwritten. Returns what is wrong, or undefined. Cost: 0.3–1 GB/s of output. */
export function unpackZstd(device: Device, scratch: Scratch, bytes: Uint8Array, out: number, outBytes: number): string | undefined {
  const tables = scratch.ensure(unzstdScratchBytes(device) + bytes.byteLength)
  const source = tables + unzstdScratchBytes(device)
  device.memory.write(source, bytes)
  return decompressZstd(device, source, bytes.byteLength, out, outBytes, tables)
}

/** As `unpackZstd`, of bytes that are in the engine's memory. */
export function unpackZstdAt(device: Device, scratch: Scratch, source: number, bytes: number, out: number, outBytes: number): string | undefined {
  return decompressZstd(device, source, bytes, out, outBytes, scratch.ensure(unzstdScratchBytes(device)))
}
