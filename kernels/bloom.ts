// Split-block Bloom filters (apache/parquet-format, BloomFilter.md): blocks of eight 32-bit words, in each of which a value sets one bit. Values are told by their XXH64.
import { hash64 } from './xxhash'

// What the lower half of a hash is multiplied by, for each word of a block.
const salts: usize = memory.data<u32>([0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31], 16)

/** The hashes (u64) of values of `width` bytes, contiguous at `values`. */
export function hashFixed(values: usize, count: i32, width: i32, out: usize): void {
  for (let i = 0; i < count; i++) store<u64>(out + (<usize>i << 3), hash64(values + <usize>(i * width), width))
}

/** As `hashFixed`, for the bytes behind views. */
export function hashViews(views: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) {
    const view = views + (<usize>i << 4)
    const length = load<u32>(view)
    store<u64>(out + (<usize>i << 3), hash64(length <= 12 ? view + 4 : <usize>load<u32>(view, 12), <i32>length))
  }
}

/** Adds hashes to a filter of `blocks` blocks. */
export function addToBloom(hashes: usize, count: i32, filter: usize, blocks: u32): void {
  for (let i = 0; i < count; i++) {
    const hash = load<u64>(hashes + (<usize>i << 3))
    const block = filter + (<usize>(((hash >> 32) * <u64>blocks) >> 32) << 5)
    for (let w: usize = 0; w < 32; w += 4) {
      const bit = (<u32>hash * load<u32>(salts + w)) >> 27
      store<u32>(block + w, load<u32>(block + w) | (<u32>1 << bit))
    }
  }
}

/** Hashes of 64 bits, for filters, of hashes of 32. */
export function widenHashes(hashes: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) store<u64>(out + (<usize>i << 3), <u64>load<u32>(hashes + (<usize>i << 2)) * 0x9e3779b97f4a7c15)
}

/** The numbers (u32) of the hashes that may have been added, in order; how many. */
export function passBloom(hashes: usize, count: i32, filter: usize, blocks: u32, out: usize): i32 {
  let passed = 0
  for (let i = 0; i < count; i++) {
    const hash = load<u64>(hashes + (<usize>i << 3))
    const block = filter + (<usize>(((hash >> 32) * <u64>blocks) >> 32) << 5)
    let all: u32 = 1
    for (let w: usize = 0; w < 32; w += 4) all &= load<u32>(block + w) >> ((<u32>hash * load<u32>(salts + w)) >> 27)
    store<u32>(out + (<usize>passed << 2), i)
    passed += <i32>(all & 1)
  }
  return passed
}

/** The share of values never added that a filter takes for added ones; with `step` 2, once each two blocks are made one. */
export function bloomRate(filter: usize, blocks: u32, step: u32): f64 {
  let sum: f64 = 0
  for (let b: u32 = 0; b < blocks; b += step) {
    let rate: f64 = 1
    for (let w: usize = 0; w < 32; w += 4) {
      const at = filter + (<usize>b << 5) + w
      const word = step == 2 ? load<u32>(at) | load<u32>(at, 32) : load<u32>(at)
      rate *= <f64>popcnt<u32>(word) / 32
    }
    sum += rate
  }
  return sum / (<f64>blocks / <f64>step)
}

/** Makes each two of `blocks` blocks one: the filter has the same values then, in half the bytes. */
export function foldBloom(filter: usize, blocks: u32): void {
  for (let b: u32 = 0; b < blocks; b += 2) {
    const from = filter + (<usize>b << 5)
    const out = filter + (<usize>b << 4)
    v128.store(out, v128.or(v128.load(from), v128.load(from, 32)))
    v128.store(out, v128.or(v128.load(from, 16), v128.load(from, 48)), 16)
  }
}
