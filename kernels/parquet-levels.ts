// Parquet's repetition and definition levels (Dremel; apache/parquet-format, Encodings.md) into Arrow's bitmaps and offsets. Levels are a byte each, 0..127;
// arrays of them are padded. An entry is a pair of levels; it begins a slot of a node where its repetition is at most `repetition` and its definition at
// least `least`: the caller gives both for the node. Levels are hostile until `checkLevels` has passed them.
import { NEXT, numbersInRun, PACKED, skipPacked, skipRepeated, TAKEN, VALUE, WIDTH } from './hybrid-cursor'
import { eightNumbers, scaleOf8, swizzleOf8 } from './packed-lanes'

/**
 * The next `count` levels of a hybrid cursor (width 1..7), a byte each; up to 15 bytes behind them are overwritten. Returns `count`, −1 where the data ends early, −2 where
 * a level is above `most`. Runs are short where lists are, so that what is done once a run counts.
 */
export function decodeLevels(cursor: usize, count: i32, most: u32, out: usize): i32 {
  const width = load<u32>(cursor, WIDTH)
  const swizzle = swizzleOf8(width)
  const scale = scaleOf8(width)
  const mask = <u32>0xff >> (8 - width)
  const shift = <i32>(16 - width)
  const stop = out + <usize>count
  let at = out
  while (at < stop) {
    const take = numbersInRun(cursor, <u32>(stop - at))
    if (take == 0) return -1
    const end = at + <usize>take
    if (load<u32>(cursor, PACKED) == 0) {
      const value = i8x16.splat(<i8>min<u32>(load<u32>(cursor, VALUE), 255))
      for (; at < end; at += 16) v128.store(at, value)
      skipRepeated(cursor, take)
    } else {
      let p = <usize>load<u32>(cursor, NEXT)
      let bit = load<u32>(cursor, TAKEN)
      // Up to the next whole byte.
      while (bit != 0 && at < end) {
        store<u8>(at++, <u8>((<u32>load<u16>(p) >> bit) & mask))
        bit += width
        p += <usize>(bit >> 3)
        bit &= 7
      }
      for (; at < end; at += 16) {
        v128.store(at, i8x16.narrow_i16x8_u(eightNumbers(p, swizzle, scale, shift), eightNumbers(p + <usize>width, swizzle, scale, shift)))
        p += <usize>(2 * width)
      }
      skipPacked(cursor, take)
    }
    at = end
  }
  return mostOf(out, count) > most ? -2 : count
}

function mostOf(levels: usize, count: i32): u32 {
  let most = i8x16.splat(0)
  let i = 0
  for (; i + 16 <= count; i += 16) most = i8x16.max_u(most, v128.load(levels + <usize>i))
  if (i < count) most = i8x16.max_u(most, v128.and(v128.load(levels + <usize>i), firstBytes(count - i)))
  let top: u32 = 0
  const low = <u64>i64x2.extract_lane(most, 0)
  const high = <u64>i64x2.extract_lane(most, 1)
  for (let k: u64 = 0; k < 64; k += 8) top = max(top, max(<u32>((low >> k) & 255), <u32>((high >> k) & 255)))
  return top
}

// The first `count` of 16 bytes.
// @ts-ignore: decorator
@inline function firstBytes(count: i32): v128 {
  return i8x16.lt_u(i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), i8x16.splat(<i8>count))
}

/** Levels in the deprecated BIT_PACKED encoding, bits from the top of each byte, as hybrid data has them: from the bottom. Reads up to 7 bytes, writes up to 7 more. */
export function turnLevels(source: usize, count: i32, width: u32, out: usize): void {
  const mask = (<u64>1 << <u64>width) - 1
  for (let i = 0; i < count; i += 8) {
    const bits = bswap<u64>(load<u64>(source))
    let turned: u64 = 0
    for (let k: u64 = 0; k < 8; k++) turned |= ((bits >> (64 - (k + 1) * <u64>width)) & mask) << (k * <u64>width)
    store<u64>(out, turned)
    source += <usize>width
    out += <usize>width
  }
}

/** Where the entry lies whose repetition level is 0 for the time numbered `starts`, from 0; or −1 − the number of zeros, where there are not so many. */
export function findRow(repetition: usize, count: i32, starts: i32): i32 {
  let seen = 0
  for (let i = 0; i < count; i += 16) {
    let zeros = i8x16.bitmask(i8x16.eq(v128.load(repetition + <usize>i), i8x16.splat(0)))
    if (i + 16 > count) zeros &= (1 << (count - i)) - 1
    const found = popcnt<i32>(zeros)
    if (seen + found > starts) {
      for (let skip = starts - seen; skip > 0; skip--) zeros &= zeros - 1
      return i + ctz<i32>(zeros)
    }
    seen += found
  }
  return -1 - seen
}

/**
 * The first of `count` entries whose levels can't follow those before, or −1. `table` has, for each repetition level r, the definition of an item at r (0 for r = 0):
 * an entry that repeats at r has one, and so had the entry before. Reads the byte before `definition`: the level of the entry before, 0 at the start of a chunk.
 */
export function checkLevels(repetition: usize, definition: usize, count: i32, table: usize, deepest: u32): i32 {
  let i = 0
  if (deepest < 16) {
    const least = v128.load(table)
    let bad = i8x16.splat(0)
    for (; i + 16 <= count; i += 16) {
      const wanted = i8x16.swizzle(least, v128.load(repetition + <usize>i))
      const found = i8x16.min_u(v128.load(definition + <usize>i), v128.load(definition + <usize>i - 1))
      bad = v128.or(bad, i8x16.lt_u(found, wanted))
    }
    if (v128.any_true(bad)) i = 0
  }
  for (; i < count; i++) {
    const wanted = load<u8>(table + <usize>load<u8>(repetition + <usize>i))
    if (load<u8>(definition + <usize>i) < wanted || load<u8>(definition + <usize>i - 1) < wanted) return i
  }
  return -1
}

/** How many of `count` entries have a repetition of at most `repetitionMost` and a definition of at least `least`. */
export function countSlots(repetition: usize, definition: usize, count: i32, repetitionMost: u32, least: u32): i32 {
  let slots = 0
  for (let i = 0; i < count; i += 64) slots += <i32>popcnt<u64>(slotsAt(repetition + <usize>i, definition + <usize>i, count - i, repetitionMost, least))
  return slots
}

// The entries among the next 64 that begin a slot, a bit each.
// @ts-ignore: decorator
@inline function slotsAt(repetition: usize, definition: usize, count: i32, repetitionMost: u32, least: u32): u64 {
  const slots = slots16(repetition, definition, repetitionMost, least) | (slots16(repetition + 16, definition + 16, repetitionMost, least) << 16) |
    (slots16(repetition + 32, definition + 32, repetitionMost, least) << 32) | (slots16(repetition + 48, definition + 48, repetitionMost, least) << 48)
  return count < 64 ? slots & ((<u64>1 << <u64>count) - 1) : slots
}

// @ts-ignore: decorator
@inline function slots16(repetition: usize, definition: usize, repetitionMost: u32, least: u32): u64 {
  const isRight = v128.and(i8x16.le_u(v128.load(repetition), i8x16.splat(<i8>repetitionMost)), i8x16.ge_u(v128.load(definition), i8x16.splat(<i8>least)))
  return <u64><u32>i8x16.bitmask(isRight)
}

/**
 * A validity bit for each slot of a node, from bit `bit` of `bits` on: 1 where the definition is at least `valid`. What lies behind the bits written, up to 8 bytes, is
 * overwritten. Returns the number of slots.
 */
export function levelsToBits(repetition: usize, definition: usize, count: i32, repetitionMost: u32, least: u32, valid: u32, bits: usize, bit: i32): i32 {
  let at = bit
  for (let i = 0; i < count; i += 64) {
    const slots = slotsAt(repetition + <usize>i, definition + <usize>i, count - i, repetitionMost, least)
    if (slots == 0) continue
    const isValid = slotsAt(repetition + <usize>i, definition + <usize>i, count - i, repetitionMost, max(least, valid))
    const places = popcnt<u64>(slots)
    // Mostly all of them are valid, or every entry is a slot.
    const chunk = isValid == slots ? (~(<u64>0)) >> (64 - places) : ~slots == 0 ? isValid : compressBits(isValid, slots)
    appendBits(bits, at, chunk)
    at += <i32>places
  }
  return at - bit
}

// Stores 64 bits at bit `bit`; what lies before stays, what lies behind becomes 0.
// @ts-ignore: decorator
@inline function appendBits(bits: usize, bit: i32, chunk: u64): void {
  const to = bits + <usize>(bit >> 3)
  const shift = <u64>(bit & 7)
  store<u64>(to, (load<u64>(to) & ((<u64>1 << shift) - 1)) | (chunk << shift))
  store<u8>(to, shift == 0 ? 0 : <u8>(chunk >> (64 - shift)), 8)
}

// The bits of `value` where `mask` has one, moved together at the bottom (Warren, Hacker's Delight, 7-4).
function compressBits(value: u64, mask: u64): u64 {
  value &= mask
  let gaps = ~mask << 1
  for (let step: u64 = 1; step < 64; step <<= 1) {
    let parity = gaps ^ (gaps << 1)
    parity ^= parity << 2
    parity ^= parity << 4
    parity ^= parity << 8
    parity ^= parity << 16
    parity ^= parity << 32
    const moved = parity & mask
    mask = (mask ^ moved) | (moved >> step)
    const bits = value & moved
    value = (value ^ bits) | (bits >> step)
    gaps &= ~parity
  }
  return value
}

/**
 * The offsets of the lists of a node, from 0, one more than lists: a list is begun by each slot (a repetition below `repetition`, a definition of at least `least`), an
 * item by each entry of a repetition of at most `repetition` and a definition of at least `item`. Returns the number of items.
 */
export function levelsToOffsets(repetitions: usize, definitions: usize, count: i32, repetition: u32, least: u32, item: u32, offsets: usize): i32 {
  let items = 0
  for (let i = 0; i < count; i += 64) {
    let lists = slotsAt(repetitions + <usize>i, definitions + <usize>i, count - i, repetition - 1, least)
    const found = slotsAt(repetitions + <usize>i, definitions + <usize>i, count - i, repetition, item)
    while (lists != 0) {
      store<i32>(offsets, items + <i32>popcnt<u64>(found & ((lists & (0 - lists)) - 1)))
      offsets += 4
      lists &= lists - 1
    }
    items += <i32>popcnt<u64>(found)
  }
  store<i32>(offsets, items)
  return items
}

/** Whether `count` bytes are the same: 1 or 0. */
export function equalBytesAt(left: usize, right: usize, count: i32): i32 {
  return memory.compare(left, right, <usize>count) == 0 ? 1 : 0
}
