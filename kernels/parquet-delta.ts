// PLAIN values into Parquet's other encodings of values: delta-packed integers, lengths or prefixes of byte arrays apart from their bytes, split streams
// (apache/parquet-format, Encodings.md). Blocks of 128 differences in four miniblocks, as every writer has them.

// @ts-ignore: decorator
@inline const BLOCK: i32 = 128
// @ts-ignore: decorator
@inline const MINI: i32 = 32

/** The most bytes that `encodeDelta` makes of `count` integers of `valueBytes` bytes. */
export function deltaBytesMax(count: i32, valueBytes: i32): f64 {
  return 32 + Math.ceil(<f64>count / BLOCK) * (14 + <f64>BLOCK * <f64>valueBytes)
}

/** DELTA_BINARY_PACKED of `count` integers of 4 or 8 bytes; `scratch` has 1,024 bytes. Returns the bytes written; `out` is padded. */
export function encodeDelta(values: usize, count: i32, valueBytes: i32, out: usize, scratch: usize): i32 {
  let o = writeVarint64(BLOCK, out)
  o = writeVarint64(4, o)
  o = writeVarint64(<u64>count, o)
  o = writeVarint64(zigzag(count == 0 ? 0 : valueBytes == 4 ? <i64>load<i32>(values) : load<i64>(values)), o)
  for (let at = 1; at < count; at += BLOCK) {
    const take = min(count - at, BLOCK)
    o = writeVarint64(zigzag(differences(values, at, take, valueBytes, scratch)), o)
    const widths = o
    store<u32>(widths, 0)
    o += 4
    for (let m = 0; m * MINI < take; m++) {
      const mini = scratch + (<usize>(m * MINI) << 3)
      const width = widthOfMini(mini)
      store<u8>(widths + <usize>m, <u8>width)
      o = packMini(mini, width, o)
    }
  }
  return <i32>(o - out)
}

/** The bytes that `encodeDelta` would write, but for a few. */
export function deltaBytes(values: usize, count: i32, valueBytes: i32, scratch: usize): f64 {
  let bytes: f64 = 10
  for (let at = 1; at < count; at += BLOCK) {
    const take = min(count - at, BLOCK)
    const least = zigzag(differences(values, at, take, valueBytes, scratch))
    const bits: u64 = 70 - clz<u64>(least | 1)
    bytes += 4 + <f64>(bits / 7)
    for (let m = 0; m * MINI < take; m++) bytes += <f64>(4 * widthOfMini(scratch + (<usize>(m * MINI) << 3)))
  }
  return bytes
}

// How much each of `take` values from `at` on is above the one before, less the least of it, which is returned; up to the end of a miniblock zeros.
function differences(values: usize, at: i32, take: i32, valueBytes: i32, out: usize): i64 {
  let least = i64.MAX_VALUE
  if (valueBytes == 4) {
    let before = load<i32>(values + (<usize>(at - 1) << 2))
    for (let i = 0; i < take; i++) {
      const value = load<i32>(values + (<usize>(at + i) << 2))
      const difference = <i64>(value - before)
      before = value
      least = min(least, difference)
      store<i64>(out + (<usize>i << 3), difference)
    }
  } else {
    let before = load<i64>(values + (<usize>(at - 1) << 3))
    for (let i = 0; i < take; i++) {
      const value = load<i64>(values + (<usize>(at + i) << 3))
      const difference = value - before
      before = value
      least = min(least, difference)
      store<i64>(out + (<usize>i << 3), difference)
    }
  }
  for (let i = 0; i < take; i++) store<i64>(out + (<usize>i << 3), load<i64>(out + (<usize>i << 3)) - least)
  for (let i = take; (i & (MINI - 1)) != 0; i++) store<i64>(out + (<usize>i << 3), 0)
  return least
}

function widthOfMini(mini: usize): i32 {
  let all = v128.load(mini)
  for (let i: usize = 16; i < <usize>(8 * MINI); i += 16) all = v128.or(all, v128.load(mini + i))
  return 64 - <i32>clz<u64>(i64x2.extract_lane(all, 0) | i64x2.extract_lane(all, 1))
}

function packMini(mini: usize, width: i32, out: usize): usize {
  if (width == 0) return out
  let hold: u64 = 0
  let held = 0
  let o = out
  for (let i = 0; i < MINI; i++) {
    const value = load<u64>(mini + (<usize>i << 3))
    hold |= value << <u64>held
    held += width
    if (held < 64) continue
    store<u64>(o, hold)
    o += 8
    held -= 64
    hold = held == 0 ? 0 : value >> <u64>(width - held)
  }
  store<u64>(o, hold)
  return out + <usize>(4 * width)
}

// @ts-ignore: decorator
@inline function zigzag(value: i64): u64 {
  return <u64>((value << 1) ^ (value >> 63))
}

function writeVarint64(value: u64, out: usize): usize {
  while (value >= 128) {
    store<u8>(out++, <u8>(value | 128))
    value >>= 7
  }
  store<u8>(out, <u8>value)
  return out + 1
}

/** PLAIN byte arrays as their lengths (i32), and their bytes one behind the other. Returns how many bytes those are. */
export function splitLengths(plain: usize, count: i32, lengths: usize, out: usize): i32 {
  let o = out
  for (let i = 0; i < count; i++) {
    const length = load<u32>(plain)
    store<u32>(lengths + (<usize>i << 2), length)
    memory.copy(o, plain + 4, <usize>length)
    plain += 4 + <usize>length
    o += <usize>length
  }
  return <i32>(o - out)
}

/**
 * PLAIN byte arrays, or where `width` isn't 0 values of so many bytes, as the lengths (i32) of what each has in common with the one before and of what it hasn't, and
 * the bytes of the latter one behind the other. Returns how many bytes those are.
 */
export function splitPrefixes(plain: usize, count: i32, width: i32, prefixes: usize, suffixes: usize, out: usize): i32 {
  let o = out
  let before = plain
  let beforeLength: usize = 0
  for (let i = 0; i < count; i++) {
    const length = width == 0 ? <usize>load<u32>(plain) : <usize>width
    if (width == 0) plain += 4
    const shared = min(length, beforeLength)
    let prefix: usize = 0
    while (prefix < shared && load<u8>(plain + prefix) == load<u8>(before + prefix)) prefix++
    store<u32>(prefixes + (<usize>i << 2), <u32>prefix)
    store<u32>(suffixes + (<usize>i << 2), <u32>(length - prefix))
    memory.copy(o, plain + prefix, length - prefix)
    o += length - prefix
    before = plain
    beforeLength = length
    plain += length
  }
  return <i32>(o - out)
}

/** BYTE_STREAM_SPLIT: byte k of each of `count` values of `width` bytes in stream k. */
export function splitStreams(source: usize, count: i32, width: i32, out: usize): void {
  for (let k = 0; k < width; k++) {
    const stream = out + <usize>k * <usize>count
    for (let i = 0; i < count; i++) store<u8>(stream + <usize>i, load<u8>(source + <usize>i * <usize>width + <usize>k))
  }
}
