// Finding bytes in bytes, and walking characters of UTF-8. Nothing here is exported from the module; the families of strings use it.

import { sameBytes } from './views'

/** The bytes of the character that begins with `lead`. */
// @ts-ignore: decorator
@inline export function charBytes(lead: u8): i32 {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
}

/**
 * The offset of the first `part` in `count` bytes, or -1; an empty part is at 0. By its first and last byte, 16 places at a time; the
 * over-read stays within the padding that follows every chunk.
 */
export function findBytes(bytes: usize, count: i32, part: usize, partCount: i32): i32 {
  if (partCount == 0) return 0
  if (partCount > count) return -1
  const first = i8x16.splat(load<i8>(part))
  const last = i8x16.splat(load<i8>(part + partCount - 1))
  const places = count - partCount + 1
  for (let at = 0; at < places; at += 16) {
    const same = v128.and(i8x16.eq(v128.load(bytes + at), first), i8x16.eq(v128.load(bytes + at + partCount - 1), last))
    let mask = i8x16.bitmask(same)
    if (places - at < 16) mask &= (1 << (places - at)) - 1
    while (mask != 0) {
      const place = at + ctz<i32>(mask)
      if (partCount <= 2 || sameBytes(bytes + place, part, partCount)) return place
      mask &= mask - 1
    }
  }
  return -1
}

/** Characters in [bytes, bytes + count). */
export function countChars(bytes: usize, count: i32): i32 {
  let characters = 0
  let i = 0
  for (; i + 16 <= count; i += 16) characters += 16 - popcnt<i32>(i8x16.bitmask(i8x16.lt_s(v128.load(bytes + i), i8x16.splat(-64))))
  for (; i < count; i++) characters += i32(load<i8>(bytes + i) >= -64)
  return characters
}

/** The address of the character `n` characters after the one at `p`, or `end` where there are fewer. Over-reads as findBytes does. */
export function skipChars(p: usize, end: usize, n: i64): usize {
  if (n < 0) n = 0
  for (; p < end; p += 16) {
    let mask = ~i8x16.bitmask(i8x16.lt_s(v128.load(p), i8x16.splat(-64))) & 0xffff
    if (end - p < 16) mask &= (1 << <i32>(end - p)) - 1
    const leads = <i64>popcnt<i32>(mask)
    if (leads > n) {
      // Characters of one byte stand where their numbers say.
      const before = (2 << <i32>n) - 1
      if ((mask & before) == before) return p + <usize>n
      for (; n > 0; n--) mask &= mask - 1
      return p + <usize>ctz<i32>(mask)
    }
    n -= leads
  }
  return end
}
