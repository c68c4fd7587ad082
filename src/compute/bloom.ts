// Split-block Bloom filters over the shared memory, being made. What asks them is `format/parquet/bloom-filter.ts`.
import type { Layout } from '../batch/data-type.ts'
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

/** The share of other values that a filter lets pass; with `step` 2 that of the filter which `foldBloom` makes of it. */
export function bloomRate(device: Device, filter: number, blocks: number, step: 1 | 2): number {
  return device.kernels.bloomRate(filter, blocks, step)
}

/** A filter of an even number of blocks in half of them, in place. */
export function foldBloom(device: Device, filter: number, blocks: number): void {
  device.kernels.foldBloom(filter, blocks)
}
