// Parquet's encodings (apache/parquet-format, Encodings.md) into Arrow's layouts. Input is hostile: every read is checked against the
// end it was given (plus the padding of arena chunks), and a broken input gives a negative number.
import { NEXT, numbersInRun, PACKED, skipPacked, skipRepeated, TAKEN, VALUE, WIDTH } from './hybrid-cursor'
import { eightNumbers, scaleOf8, swizzleOf8 } from './packed-lanes'

/** The next `count` numbers of a hybrid cursor (width 0..32) as u32; `out` is padded. Returns `count`, or −1 where the data ends early. */
export function decodeHybridU32(cursor: usize, count: i32, out: usize): i32 {
  const width = load<u32>(cursor, WIDTH)
  let left = <u32>count
  while (left > 0) {
    const take = numbersInRun(cursor, left)
    if (take == 0) return -1
    if (load<u32>(cursor, PACKED) != 0) {
      unpackU32(<usize>load<u32>(cursor, NEXT), load<u32>(cursor, TAKEN), take, width, out)
      skipPacked(cursor, take)
    } else {
      const value = i32x4.splat(load<u32>(cursor, VALUE))
      for (let i: u32 = 0; i < take; i += 4) v128.store(out + (<usize>i << 2), value)
      skipRepeated(cursor, take)
    }
    out += <usize>take << 2
    left -= take
  }
  return count
}

// `count` numbers of `width` bits from bit `bit` of `p`. Writes up to 8 numbers too many.
function unpackU32(p: usize, bit: u32, count: u32, width: u32, out: usize): void {
  if (width == 0) {
    memory.fill(out, 0, <usize>count << 2)
    return
  }
  const mask = <u64>0xffffffff >> (32 - width)
  let i: u32 = 0
  if (count >= 32 && width <= 25) {
    if (bit != 0) {
      // A run is entered at a multiple of 8 values or behind a few of them: up to the next whole byte first.
      while (i < count && bit != 0) {
        store<u32>(out + (<usize>i << 2), <u32>((load<u64>(p) >> <u64>bit) & mask))
        i++
        bit += width
        p += <usize>(bit >> 3)
        bit &= 7
      }
    }
    if (width <= 9) {
      const swizzle = swizzleOf8(width)
      const scale = scaleOf8(width)
      const shift = <i32>(16 - width)
      for (; i + 8 <= count; i += 8) {
        const numbers = eightNumbers(p, swizzle, scale, shift)
        const at = out + (<usize>i << 2)
        v128.store(at, i32x4.extend_low_i16x8_u(numbers))
        v128.store(at, i32x4.extend_high_i16x8_u(numbers), 16)
        p += <usize>width
      }
    }
    const second = <usize>((width << 2) >> 3)
    const odd = (width << 2) & 7
    const swizzleLow = swizzleOf(0, width)
    const swizzleHigh = swizzleOf(odd, width)
    const scaleLow = scaleOf(0, width)
    const scaleHigh = scaleOf(odd, width)
    const shift = <i32>(32 - width)
    for (; i + 8 <= count; i += 8) {
      const at = out + (<usize>i << 2)
      v128.store(at, i32x4.shr_u(i32x4.mul(i8x16.swizzle(v128.load(p), swizzleLow), scaleLow), shift))
      v128.store(at, i32x4.shr_u(i32x4.mul(i8x16.swizzle(v128.load(p + second), swizzleHigh), scaleHigh), shift), 16)
      p += <usize>width
    }
  }
  for (; i < count; i++) {
    store<u32>(out + (<usize>i << 2), <u32>((load<u64>(p) >> <u64>bit) & mask))
    bit += width
    p += <usize>(bit >> 3)
    bit &= 7
  }
}

// The bytes of four numbers that begin at bit `bit`, a number per lane.
function swizzleOf(bit: u32, width: u32): v128 {
  let lanes = i32x4.splat(0)
  const bytes: u32 = 0x03020100
  lanes = i32x4.replace_lane(lanes, 0, bytes + (bit >> 3) * 0x01010101)
  lanes = i32x4.replace_lane(lanes, 1, bytes + ((bit + width) >> 3) * 0x01010101)
  lanes = i32x4.replace_lane(lanes, 2, bytes + ((bit + 2 * width) >> 3) * 0x01010101)
  return i32x4.replace_lane(lanes, 3, bytes + ((bit + 3 * width) >> 3) * 0x01010101)
}

// Factors that move each number to the top of its lane.
function scaleOf(bit: u32, width: u32): v128 {
  const top = 32 - width
  let lanes = i32x4.splat(0)
  lanes = i32x4.replace_lane(lanes, 0, 1 << (top - (bit & 7)))
  lanes = i32x4.replace_lane(lanes, 1, 1 << (top - ((bit + width) & 7)))
  lanes = i32x4.replace_lane(lanes, 2, 1 << (top - ((bit + 2 * width) & 7)))
  return i32x4.replace_lane(lanes, 3, 1 << (top - ((bit + 3 * width) & 7)))
}

/** The next `count` bits of a hybrid cursor of width 1, appended at bit `bit` of a zeroed bitmap. Returns how many are 1, or −1 where the data ends early. */
export function decodeHybridBits(cursor: usize, count: i32, bits: usize, bit: i32): i32 {
  let ones = 0
  let left = <u32>count
  let at = <u32>bit
  while (left > 0) {
    const take = numbersInRun(cursor, left)
    if (take == 0) return -1
    if (load<u32>(cursor, PACKED) != 0) {
      ones += copyBits(<usize>load<u32>(cursor, NEXT), load<u32>(cursor, TAKEN), take, bits, at)
      skipPacked(cursor, take)
    } else {
      if (load<u32>(cursor, VALUE) & 1) {
        setBits(bits, at, take)
        ones += take
      }
      skipRepeated(cursor, take)
    }
    at += take
    left -= take
  }
  return ones
}

/** Appends `count` bits from bit `sourceBit` at bit `bit` of a bitmap that is zero from there on; returns how many are 1. Touches up to 8 bytes more. */
export function copyBits(source: usize, sourceBit: u32, count: u32, bits: usize, bit: u32): i32 {
  let ones: u64 = 0
  while (count > 0) {
    const take = min<u32>(count, 56)
    const from = source + <usize>(sourceBit >> 3)
    const chunk = (load<u64>(from) >> <u64>(sourceBit & 7)) & ((<u64>1 << <u64>take) - 1)
    const to = bits + <usize>(bit >> 3)
    store<u64>(to, load<u64>(to) | (chunk << <u64>(bit & 7)))
    ones += popcnt<u64>(chunk)
    sourceBit += take
    bit += take
    count -= take
  }
  return <i32>ones
}

/** Sets `count` bits from bit `bit` on. */
export function setBits(bits: usize, bit: u32, count: u32): void {
  const end = bit + count
  while (bit < end && (bit & 7) != 0) {
    const at = bits + <usize>(bit >> 3)
    store<u8>(at, load<u8>(at) | <u8>((<u32>1) << (bit & 7)))
    bit++
  }
  const whole = (end - min(bit, end)) >> 3
  memory.fill(bits + <usize>(bit >> 3), 255, <usize>whole)
  bit += whole << 3
  while (bit < end) {
    const at = bits + <usize>(bit >> 3)
    store<u8>(at, load<u8>(at) | <u8>((<u32>1) << (bit & 7)))
    bit++
  }
}

function anyBeyond(indices: usize, count: i32, limit: u32): bool {
  let most = i32x4.splat(0)
  let i = 0
  for (; i + 4 <= count; i += 4) most = i32x4.max_u(most, v128.load(indices + (<usize>i << 2)))
  let top = max(max(<u32>i32x4.extract_lane(most, 0), <u32>i32x4.extract_lane(most, 1)), max(<u32>i32x4.extract_lane(most, 2), <u32>i32x4.extract_lane(most, 3)))
  for (; i < count; i++) top = max(top, load<u32>(indices + (<usize>i << 2)))
  return top >= limit
}

/** out[i] = dictionary[indices[i]] for 4-byte values. Returns `count`, or −1 where an index is beyond the dictionary. */
export function gatherDictionary4(indices: usize, count: i32, dictionary: usize, dictionaryCount: i32, out: usize): i32 {
  if (count > 0 && anyBeyond(indices, count, <u32>dictionaryCount)) return -1
  for (let i = 0; i < count; i++) store<u32>(out + (<usize>i << 2), load<u32>(dictionary + (<usize>load<u32>(indices + (<usize>i << 2)) << 2)))
  return count
}

/** As `gatherDictionary4`, for 8-byte values. */
export function gatherDictionary8(indices: usize, count: i32, dictionary: usize, dictionaryCount: i32, out: usize): i32 {
  if (count > 0 && anyBeyond(indices, count, <u32>dictionaryCount)) return -1
  let i = 0
  for (; i + 4 <= count; i += 4) {
    const from = indices + (<usize>i << 2)
    const to = out + (<usize>i << 3)
    store<u64>(to, load<u64>(dictionary + (<usize>load<u32>(from) << 3)))
    store<u64>(to, load<u64>(dictionary + (<usize>load<u32>(from, 4) << 3)), 8)
    store<u64>(to, load<u64>(dictionary + (<usize>load<u32>(from, 8) << 3)), 16)
    store<u64>(to, load<u64>(dictionary + (<usize>load<u32>(from, 12) << 3)), 24)
  }
  for (; i < count; i++) store<u64>(out + (<usize>i << 3), load<u64>(dictionary + (<usize>load<u32>(indices + (<usize>i << 2)) << 3)))
  return count
}

/** As `gatherDictionary4`, for views. */
export function gatherDictionary16(indices: usize, count: i32, dictionary: usize, dictionaryCount: i32, out: usize): i32 {
  if (count > 0 && anyBeyond(indices, count, <u32>dictionaryCount)) return -1
  for (let i = 0; i < count; i++) v128.store(out + (<usize>i << 4), v128.load(dictionary + (<usize>load<u32>(indices + (<usize>i << 2)) << 4)))
  return count
}

/** Lays packed values out by the bits from `bit` on: a 1 takes the next value, a 0 leaves any. Reads one value more than there are. */
export function spread4(packed: usize, bits: usize, bit: i32, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    store<u32>(out + (<usize>i << 2), load<u32>(packed))
    packed += <usize>bitAt(bits, bit + i) << 2
  }
}

/** As `spread4`, for 8-byte values. */
export function spread8(packed: usize, bits: usize, bit: i32, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    store<u64>(out + (<usize>i << 3), load<u64>(packed))
    packed += <usize>bitAt(bits, bit + i) << 3
  }
}

/** As `spread4`, for views; a 0 gives the empty view. */
export function spread16(packed: usize, bits: usize, bit: i32, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const taken = bitAt(bits, bit + i)
    v128.store(out + (<usize>i << 4), v128.and(v128.load(packed), i32x4.splat(-taken)))
    packed += <usize>taken << 4
  }
}

/** As `spread4`, for bits: `packed` from bit 0 on, into the zeroed `out` from bit `bit` on. */
export function spreadBits(packed: usize, bits: usize, bit: i32, rows: i32, out: usize): void {
  let next = 0
  for (let i = bit; i < bit + rows; i++) {
    if (bitAt(bits, i) == 0) continue
    const at = out + <usize>(i >> 3)
    store<u8>(at, load<u8>(at) | <u8>(bitAt(packed, next++) << (i & 7)))
  }
}

// @ts-ignore: decorator
@inline function bitAt(bits: usize, i: i32): i32 {
  return (<i32>load<u8>(bits + <usize>(i >>> 3)) >> (i & 7)) & 1
}

/** float32 values as float64. */
export function widenF32(source: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) store<f64>(out + (<usize>i << 3), <f64>load<f32>(source + (<usize>i << 2)))
}

/** Unsigned 32-bit values as int64. */
export function widenU32(source: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) store<u64>(out + (<usize>i << 3), <u64>load<u32>(source + (<usize>i << 2)))
}

/** The first of `count` 64-bit values whose top bit is set, or −1. */
export function findNegative8(source: usize, count: i32): i32 {
  for (let i = 0; i < count; i++) if (load<i64>(source + (<usize>i << 3)) < 0) return i
  return -1
}

/** BYTE_STREAM_SPLIT: byte k of every value lies in stream k; `count` values of `width` bytes, of which the first `take` from `start` are joined. */
export function joinStreams(source: usize, count: i32, width: i32, start: i32, take: i32, out: usize): void {
  for (let k = 0; k < width; k++) {
    const stream = source + <usize>k * <usize>count + <usize>start
    for (let i = 0; i < take; i++) store<u8>(out + <usize>i * <usize>width + <usize>k, load<u8>(stream + <usize>i))
  }
}

/** Copies bytes; both places lie apart. */
export function copyStored(source: usize, bytes: i32, out: usize): void {
  memory.copy(out, source, <usize>bytes)
}
