// Dictionaries of Parquet's columns: each value once, found by a hash table, and the numbers that pages have instead of values.
import { copyPadded, tableHash, viewBytes, viewsEqual } from './views'

// @ts-ignore: decorator
@inline const GOLDEN: u64 = 0x9e3779b97f4a7c15
// @ts-ignore: decorator
@inline const SECOND: u64 = 0xc2b2ae3d27d4eb4f
// Values whose hashes are computed ahead: they don't wait for each other, nor for what the table has.
// @ts-ignore: decorator
@inline const BLOCK: i32 = 128

// Where the search for a number begins, by its bits.
// @ts-ignore: decorator
@inline function homeOf<T>(value: T, mask: u32): u32 {
  return <u32>((sizeof<T>() == 4 ? <u64>value * GOLDEN : fold(<u64>value * GOLDEN) * GOLDEN) >> 32) & mask
}

/**
 * Dictionary codes of 4-byte values. `table` is a power of two (`mask` + 1) of u32 slots (code + 1, or 0), `dictionary` holds `known` values and
 * has room for `most`. Returns how many it holds then, or −1 where `most` do not suffice (what was added stays).
 */
export function encodeDictionary4(values: usize, count: i32, table: usize, mask: u32, dictionary: usize, known: i32, most: i32, codes: usize): i32 {
  return encodeNumbers<u32>(values, count, table, mask, dictionary, known, most, codes)
}

/** As `encodeDictionary4`, for 8-byte values (by their bits: −0 and 0, and NaNs, stay what they are). */
export function encodeDictionary8(values: usize, count: i32, table: usize, mask: u32, dictionary: usize, known: i32, most: i32, codes: usize): i32 {
  return encodeNumbers<u64>(values, count, table, mask, dictionary, known, most, codes)
}

// @ts-ignore: decorator
@inline function encodeNumbers<T>(values: usize, count: i32, table: usize, mask: u32, dictionary: usize, known: i32, most: i32, codes: usize): i32 {
  for (let i = 0; i < count; i++) {
    const value = load<T>(values + <usize>i * sizeof<T>())
    let slot = homeOf<T>(value, mask)
    while (true) {
      const code = load<u32>(table + (<usize>slot << 2))
      if (code == 0) {
        if (known == most) return -1
        store<T>(dictionary + <usize>known * sizeof<T>(), value)
        store<u32>(table + (<usize>slot << 2), ++known)
        store<u32>(codes + (<usize>i << 2), known - 1)
        break
      }
      if (load<T>(dictionary + <usize>(code - 1) * sizeof<T>()) == value) {
        store<u32>(codes + (<usize>i << 2), code - 1)
        break
      }
      slot = (slot + 1) & mask
    }
  }
  return known
}

/**
 * As `encodeDictionary4`, for views. The bytes of new values go to `heap` as PLAIN has them ([length][bytes]); `heapUsed` is the address of a u32
 * that says how much of its `heapBytes` is used, and −1 is also returned where they do not suffice.
 */
export function encodeDictionary16(values: usize, count: i32, table: usize, mask: u32, dictionary: usize, known: i32, most: i32, codes: usize, heap: usize, heapUsed: usize, heapBytes: u32): i32 {
  let used = load<u32>(heapUsed)
  for (let block = 0; block < count; block += BLOCK) {
    const end = min(block + BLOCK, count)
    // Where a value belongs is kept where its code will be.
    for (let i = block; i < end; i++) store<u32>(codes + (<usize>i << 2), hashView(values + (<usize>i << 4)) & mask)
    for (let i = block; i < end; i++) {
      const view = values + (<usize>i << 4)
      let slot = load<u32>(codes + (<usize>i << 2))
      while (true) {
        const code = load<u32>(table + (<usize>slot << 2))
        if (code == 0) {
          const length = load<u32>(view)
          if (known == most || length > heapBytes || used + 4 > heapBytes - length) return -1
          const place = heap + <usize>used
          store<u32>(place, length)
          copyPadded(place + 4, viewBytes(view), <usize>length)
          used += 4 + length
          store<u32>(heapUsed, used)
          const entry = dictionary + (<usize>known << 4)
          v128.store(entry, v128.load(view))
          if (length > 12) store<u32>(entry, <u32>(place + 4), 12)
          store<u32>(table + (<usize>slot << 2), ++known)
          store<u32>(codes + (<usize>i << 2), known - 1)
          break
        }
        if (viewsEqual(view, dictionary + (<usize>(code - 1) << 4))) {
          store<u32>(codes + (<usize>i << 2), code - 1)
          break
        }
        slot = (slot + 1) & mask
      }
    }
  }
  return known
}

/** Puts the `known` values of a dictionary, all different, into another zeroed table; `width`: 4, 8 or 16 bytes a value. */
export function refillDictionary(width: i32, dictionary: usize, known: i32, table: usize, mask: u32): void {
  for (let code = 0; code < known; code++) {
    const value = dictionary + <usize>code * <usize>width
    let slot = width == 4 ? homeOf<u32>(load<u32>(value), mask) : width == 8 ? homeOf<u64>(load<u64>(value), mask) : hashView(value) & mask
    while (load<u32>(table + (<usize>slot << 2)) != 0) slot = (slot + 1) & mask
    store<u32>(table + (<usize>slot << 2), code + 1)
  }
}

// @ts-ignore: decorator
@inline function hashView(view: usize): u32 {
  return <u32>(tableHash(load<u64>(view), load<u64>(view, 8)) >> 32)
}

// @ts-ignore: decorator
@inline function fold(hash: u64): u64 {
  return hash ^ (hash >> 32)
}

/** The different numbers among `codes`, in the order of their first use, at `out` (room for one more than `count`). `marks`: a zero byte for each number there is, zero again afterwards. Returns how many. */
export function usedCodes(codes: usize, count: i32, marks: usize, out: usize): i32 {
  let used = 0
  for (let i = 0; i < count; i++) {
    const code = load<u32>(codes + (<usize>i << 2))
    store<u32>(out + (<usize>used << 2), code)
    used += 1 - <i32>load<u8>(marks + <usize>code)
    store<u8>(marks + <usize>code, 1)
  }
  for (let i = 0; i < used; i++) store<u8>(marks + <usize>load<u32>(out + (<usize>i << 2)), 0)
  return used
}
