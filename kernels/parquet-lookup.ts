// Columns of numbers by dictionary: from Parquet's hybrid of runs and bit-packed indices to values in one pass, without writing the indices down. Input is
// hostile: an index beyond the dictionary is found before anything is read there.
import { NEXT, numbersInRun, PACKED, skipPacked, skipRepeated, TAKEN, VALUE, WIDTH } from './hybrid-cursor'
import { eightNumbers, scaleOf8, swizzleOf8 } from './packed-lanes'

/** The 4-byte values of the next `count` indices of a hybrid cursor (width 0..32). Returns `count`, −1 where the data ends early, −2 where an index is beyond the dictionary. */
export function decodeDictionary4(cursor: usize, count: i32, dictionary: usize, dictionaryCount: i32, out: usize): i32 {
  return decode<u32>(cursor, count, dictionary, dictionaryCount, out)
}

/** True where a dictionary's 4-byte values fit a byte each, and are few enough for a shuffle. */
function isTiny(dictionary: usize, count: i32): bool {
  if (count > 16) return false
  let all: u32 = 0
  for (let i = 0; i < count; i++) all |= load<u32>(dictionary + (<usize>i << 2))
  return all < 256
}

// Eight values at a time by a shuffle of bytes: of `count` indices of up to 4 bits from byte `p` on. Returns how many were taken, a multiple of 8, or −1 where an
// index is not below `limit`.
function takeTiny(p: usize, count: u32, width: u32, dictionary: usize, limit: i32, out: usize): i32 {
  let table = i8x16.splat(0)
  for (let i = limit - 1; i >= 0; i--) {
    table = i8x16.shuffle(table, table, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
    table = i8x16.replace_lane(table, 0, <i8>load<u8>(dictionary + (<usize>i << 2)))
  }
  const swizzle = swizzleOf8(width)
  const scale = scaleOf8(width)
  const shift = <i32>(16 - width)
  const low = i16x8.splat(255)
  let most = i16x8.splat(0)
  let i: u32 = 0
  for (; i + 8 <= count; i += 8) {
    const numbers = eightNumbers(p, swizzle, scale, shift)
    most = i16x8.max_u(most, numbers)
    const values = v128.and(i8x16.swizzle(table, numbers), low)
    const at = out + (<usize>i << 2)
    v128.store(at, i32x4.extend_low_i16x8_u(values))
    v128.store(at, i32x4.extend_high_i16x8_u(values), 16)
    p += <usize>width
  }
  return v128.any_true(i16x8.ge_u(most, i16x8.splat(<i16>limit))) ? -1 : <i32>i
}

/** As `decodeDictionary4`, for values of 8 bytes. */
export function decodeDictionary8(cursor: usize, count: i32, dictionary: usize, dictionaryCount: i32, out: usize): i32 {
  return decode<u64>(cursor, count, dictionary, dictionaryCount, out)
}

// @ts-ignore: decorator
@inline function decode<T>(cursor: usize, count: i32, dictionary: usize, dictionaryCount: i32, out: usize): i32 {
  const width = load<u32>(cursor, WIDTH)
  const tiny = sizeof<T>() == 4 && width > 0 && width <= 4 && dictionaryCount > 0 && isTiny(dictionary, dictionaryCount)
  let left = <u32>count
  while (left > 0) {
    const take = numbersInRun(cursor, left)
    if (take == 0) return -1
    if (load<u32>(cursor, PACKED) != 0) {
      const bit = load<u32>(cursor, TAKEN)
      const start = <usize>load<u32>(cursor, NEXT)
      const taken = tiny && bit == 0 ? takeTiny(start, take, width, dictionary, dictionaryCount, out) : 0
      if (taken < 0) return -2
      const p = start + <usize>((<u32>taken >> 3) * width)
      const rest = take - <u32>taken
      const holdsAll = <u64>dictionaryCount >= <u64>1 << <u64>width
      if (!holdsAll && greatestPacked(p, bit, rest, width) >= <u32>dictionaryCount) return -2
      takePacked<T>(p, bit, rest, width, dictionary, out + <usize>taken * sizeof<T>())
      skipPacked(cursor, take)
    } else {
      const index = load<u32>(cursor, VALUE)
      if (index >= <u32>dictionaryCount) return -2
      const value = load<T>(dictionary + <usize>index * sizeof<T>())
      for (let i: u32 = 0; i < take; i++) store<T>(out + <usize>i * sizeof<T>(), value)
      skipRepeated(cursor, take)
    }
    out += <usize>take * sizeof<T>()
    left -= take
  }
  return count
}

// @ts-ignore: decorator
@inline function maskOf(width: u32): u64 {
  return width == 0 ? 0 : <u64>0xffffffff >> <u64>(32 - width)
}

// The greatest of `count` numbers of `width` bits from bit `bit` of `p`.
function greatestPacked(p: usize, bit: u32, count: u32, width: u32): u32 {
  const mask = maskOf(width)
  let greatest: u32 = 0
  let i: u32 = 0
  if (bit == 0 && width > 0 && width <= 9) {
    const swizzle = swizzleOf8(width)
    const scale = scaleOf8(width)
    const shift = <i32>(16 - width)
    let most = i16x8.splat(0)
    for (; i + 8 <= count; i += 8) {
      most = i16x8.max_u(most, eightNumbers(p, swizzle, scale, shift))
      p += <usize>width
    }
    for (let lane = 0; lane < 8; lane++) {
      greatest = max(greatest, <u32>i16x8.extract_lane_u(most, 0))
      most = i8x16.shuffle(most, most, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1)
    }
  }
  for (; i < count; i++) {
    greatest = max(greatest, <u32>((load<u64>(p) >> <u64>bit) & mask))
    bit += width
    p += <usize>(bit >> 3)
    bit &= 7
  }
  return greatest
}

// The values of `count` indices of `width` bits from bit `bit` of `p`, all of them within the dictionary.
// @ts-ignore: decorator
@inline function takePacked<T>(p: usize, bit: u32, count: u32, width: u32, dictionary: usize, out: usize): void {
  const mask = maskOf(width)
  let i: u32 = 0
  if (bit == 0 && width >= 3 && width <= 8) {
    // Eight indices are a word of `width` bytes. They are taken from it as offsets: shifted by the size of a value already.
    const size = alignof<T>()
    const offsets = mask << <u64>size
    const w = <u64>width
    for (; i + 8 <= count; i += 8) {
      const word = load<u64>(p)
      const rest = word >> (w - <u64>size)
      const at = out + <usize>i * sizeof<T>()
      store<T>(at, load<T>(dictionary + <usize>((word << <u64>size) & offsets)))
      store<T>(at, load<T>(dictionary + <usize>(rest & offsets)), sizeof<T>())
      store<T>(at, load<T>(dictionary + <usize>((rest >> w) & offsets)), 2 * sizeof<T>())
      store<T>(at, load<T>(dictionary + <usize>((rest >> (2 * w)) & offsets)), 3 * sizeof<T>())
      store<T>(at, load<T>(dictionary + <usize>((rest >> (3 * w)) & offsets)), 4 * sizeof<T>())
      store<T>(at, load<T>(dictionary + <usize>((rest >> (4 * w)) & offsets)), 5 * sizeof<T>())
      store<T>(at, load<T>(dictionary + <usize>((rest >> (5 * w)) & offsets)), 6 * sizeof<T>())
      store<T>(at, load<T>(dictionary + <usize>((rest >> (6 * w)) & offsets)), 7 * sizeof<T>())
      p += <usize>width
    }
  }
  for (; i < count; i++) {
    const index = <usize>((load<u64>(p) >> <u64>bit) & mask)
    store<T>(out + <usize>i * sizeof<T>(), load<T>(dictionary + index * sizeof<T>()))
    bit += width
    p += <usize>(bit >> 3)
    bit &= 7
  }
}
