// Split-block Bloom filters over the shared memory: of Parquet (what asks those is `format/parquet/bloom-filter.ts`), and of stored rows.
import type { Layout } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** Bytes of a block. */
export const bloomBlockBytes = 32

/** The XXH64 (u64) of `count` values of a layout other than 'bit': of their bytes as they lie, or of those behind views. Cost: 2–5 ns a value of a few bytes. */
export function hashValues(device: Device, layout: Layout, values: number, count: number, out: number): void {
  if (layout === 'view') device.kernels.hashViews(values, count, out)
  else device.kernels.hashFixed(values, count, layout === 'word4' ? 4 : 8, out)
}

/** Adds hashes to a filter. Cost: about 5 ns each while it is in cache. */
export function addToBloom(device: Device, hashes: number, count: number, filter: number, blocks: number): void {
  device.kernels.addToBloom(hashes, count, filter, blocks)
}

/** The hashes of keys (u32, compute/hash.ts) as a filter takes them, in `arena`. */
export function widenHashes(device: Device, arena: Arena, hashes: number, count: number): number {
  const out = arena.allocate(8 * count)
  device.kernels.widenHashes(hashes, count, out)
  return out
}

/** Which of `count` hashes a filter lets pass: the address in `arena` of their numbers (u32), in order. Cost: 2–5 ns each while the filter is in cache. */
export function passBloom(device: Device, arena: Arena, hashes: number, count: number, filter: number, blocks: number): { indices: number; rows: number } {
  const indices = arena.allocate(4 * count + 4)
  return { indices, rows: device.kernels.passBloom(hashes, count, filter, blocks, indices) }
}

/** The share of other values that a filter lets pass; with `step` 2 that of the filter which `foldBloom` makes of it. */
export function bloomRate(device: Device, filter: number, blocks: number, step: 1 | 2): number {
  return device.kernels.bloomRate(filter, blocks, step)
}

/** A filter of an even number of blocks in half of them, in place. */
export function foldBloom(device: Device, filter: number, blocks: number): void {
  device.kernels.foldBloom(filter, blocks)
}
