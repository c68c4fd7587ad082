// Parquet's byte arrays into 16-byte views, and its delta encodings. Input is hostile, as in parquet-decode.ts.
// A position is 8 bytes: [next u32][end u32]; a call moves `next` behind what it took.

import { storePaddedView } from './views'

/** PLAIN byte arrays [length u32][bytes] at a position, `count` of them. The views point into the input. Returns `count`, or −1 where the data ends early. */
export function plainToViews(position: usize, count: i32, out: usize): i32 {
  let p = <usize>load<u32>(position)
  const end = <usize>load<u32>(position, 4)
  for (let i = 0; i < count; i++) {
    if (<usize>(end - p) < 4) return -1
    const length = load<u32>(p)
    p += 4
    if (<usize>length > <usize>(end - p)) return -1
    storePaddedView(out, p, length)
    p += <usize>length
    out += 16
  }
  store<u32>(position, <u32>p)
  return count
}

/** `count` byte arrays of `width` bytes each, contiguous at `source`; the caller has checked that they are there. */
export function fixedToViews(source: usize, count: i32, width: i32, out: usize): void {
  for (let i = 0; i < count; i++) storePaddedView(out + (<usize>i << 4), source + <usize>i * <usize>width, <u32>width)
}

/** Byte arrays whose lengths are known, contiguous at a position. Returns `count`, or −1 where a length is negative or the data ends early. */
export function lengthsToViews(lengths: usize, count: i32, position: usize, out: usize): i32 {
  let p = <usize>load<u32>(position)
  const end = <usize>load<u32>(position, 4)
  for (let i = 0; i < count; i++) {
    const length = load<u32>(lengths + (<usize>i << 2))
    if (<usize>length > <usize>(end - p)) return -1
    storePaddedView(out + (<usize>i << 4), p, length)
    p += <usize>length
  }
  store<u32>(position, <u32>p)
  return count
}

/** Bytes that DELTA_BYTE_ARRAY values take once joined, or −1 where a length is negative or a prefix is longer than the value before. */
export function joinedBytes(prefixes: usize, suffixes: usize, count: i32): f64 {
  let total: f64 = 0
  let before: i64 = 0
  for (let i = 0; i < count; i++) {
    const prefix = <i64>load<i32>(prefixes + (<usize>i << 2))
    const suffix = <i64>load<i32>(suffixes + (<usize>i << 2))
    if (prefix < 0 || suffix < 0 || prefix > before) return -1
    before = prefix + suffix
    total += <f64>before
  }
  return total
}

/** DELTA_BYTE_ARRAY: each value is a prefix of the one before and a suffix from `position`. `joined` has `joinedBytes` bytes. Returns `count` or −1. */
export function joinPrefixes(prefixes: usize, suffixes: usize, count: i32, position: usize, joined: usize, out: usize): i32 {
  let p = <usize>load<u32>(position)
  const end = <usize>load<u32>(position, 4)
  let before = joined
  for (let i = 0; i < count; i++) {
    const prefix = <usize>load<u32>(prefixes + (<usize>i << 2))
    const suffix = <usize>load<u32>(suffixes + (<usize>i << 2))
    if (suffix > <usize>(end - p)) return -1
    memory.copy(joined, before, prefix)
    memory.copy(joined + prefix, p, suffix)
    storePaddedView(out + (<usize>i << 4), joined, <u32>(prefix + suffix))
    before = joined
    joined += prefix + suffix
    p += suffix
  }
  store<u32>(position, <u32>p)
  return count
}

// A varint of up to 64 bits at a position; moves `next` beyond `end` where the data ends early.
function readVarint(position: usize): u64 {
  let p = <usize>load<u32>(position)
  const end = <usize>load<u32>(position, 4)
  let value: u64 = 0
  let shift: u64 = 0
  while (true) {
    if (p >= end || shift > 63) {
      store<u32>(position, <u32>(end + 1))
      return 0
    }
    const byte = <u64>load<u8>(p++)
    value |= (byte & 127) << shift
    if (byte < 128) break
    shift += 7
  }
  store<u32>(position, <u32>p)
  return value
}

// @ts-ignore: decorator
@inline function cut(position: usize): bool {
  return <usize>load<u32>(position) > <usize>load<u32>(position, 4)
}

/** The number of values that DELTA_BINARY_PACKED data at a position promises, without moving it; −1 where the header is broken. */
export function deltaCount(position: usize): f64 {
  const start = load<u32>(position)
  readVarint(position)
  readVarint(position)
  const count = readVarint(position)
  const broken = cut(position)
  store<u32>(position, start)
  return broken ? -1 : <f64>count
}

/**
 * DELTA_BINARY_PACKED integers of 4 or 8 bytes, all of them; `out` has room for `countMax` and is padded.
 * Returns the count, −1 where the data ends early, −2 where the header is against the format, −3 where there are more than `countMax`.
 */
export function decodeDelta(position: usize, valueBytes: i32, countMax: i32, out: usize): i32 {
  const blockValues = readVarint(position)
  const miniBlocks = readVarint(position)
  const count = readVarint(position)
  const first = readVarint(position)
  if (cut(position)) return -1
  if (count > <u64>countMax) return -3
  if (blockValues == 0 || blockValues > 0x10000 || miniBlocks == 0 || miniBlocks > 0x800 || blockValues % miniBlocks != 0) return -2
  const miniValues = blockValues / miniBlocks
  if (miniValues % 32 != 0) return -2
  let value = (first >> 1) ^ (0 - (first & 1))
  let written: u64 = 0
  if (count > 0) {
    put(out, 0, valueBytes, value)
    written = 1
  }
  while (written < count) {
    const zigzag = readVarint(position)
    if (cut(position)) return -1
    const least = (zigzag >> 1) ^ (0 - (zigzag & 1))
    const widths = <usize>load<u32>(position)
    const end = <usize>load<u32>(position, 4)
    if (<u64>(end - widths) < miniBlocks) return -1
    let p = widths + <usize>miniBlocks
    for (let m: u64 = 0; m < miniBlocks && written < count; m++) {
      const width = <u64>load<u8>(widths + <usize>m)
      if (width > 64) return -2
      const take = min(miniValues, count - written)
      // The last miniblock may be cut behind its last value.
      if ((take * width + 7) >> 3 > <u64>(end - p)) return -1
      for (let i: u64 = 0; i < take; i++) {
        value += least + unpack64(p, i * width, width)
        put(out, written++, valueBytes, value)
      }
      p += <usize>min(miniValues * width / 8, <u64>(end - p))
    }
    store<u32>(position, <u32>p)
  }
  return <i32>count
}

// @ts-ignore: decorator
@inline function put(out: usize, i: u64, valueBytes: i32, value: u64): void {
  if (valueBytes == 4) store<u32>(out + (<usize>i << 2), <u32>value)
  else store<u64>(out + (<usize>i << 3), value)
}

// @ts-ignore: decorator
@inline function unpack64(p: usize, bit: u64, width: u64): u64 {
  if (width == 0) return 0
  const at = p + <usize>(bit >> 3)
  const shift = bit & 7
  let value = load<u64>(at) >> shift
  if (shift + width > 64) value |= <u64>load<u8>(at, 8) << (64 - shift)
  return width == 64 ? value : value & ((<u64>1 << width) - 1)
}
