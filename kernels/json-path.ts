// A part of each JSON text by its path, without reading the rest: what is skipped is only looked at for its brackets and quotes. The result of a view is a
// part of its bytes. Rows that need more than that (escapes in a name or in the text found) are left to the caller.
import { sameBytes, storePaddedView, viewBytes } from './views'

// @ts-ignore: decorator
@inline function skipBlanks(p: usize, end: usize): usize {
  while (p < end) {
    const c = load<u8>(p)
    if (c != 32 && c != 10 && c != 13 && c != 9) break
    p++
  }
  return p
}

// Behind the string that begins at `p`, or 0 where it doesn't end. Reads up to 15 bytes past `end`.
function skipString(p: usize, end: usize): usize {
  p++
  while (p < end) {
    const x = v128.load(p)
    const mask = i8x16.bitmask(v128.or(i8x16.eq(x, i8x16.splat(34)), i8x16.eq(x, i8x16.splat(92))))
    if (mask == 0) {
      p += 16
      continue
    }
    p += <usize>ctz(mask)
    if (p >= end) return 0
    if (load<u8>(p) == 34) return p + 1
    p += 2
  }
  return 0
}

// @ts-ignore: decorator
@inline function isDigit(p: usize, end: usize): bool {
  return p < end && <u32>load<u8>(p) - 48 < 10
}

// true, false, null or a number, of which no more may follow.
function skipWord(p: usize, end: usize): usize {
  const c = load<u8>(p)
  if (c == 116 && end - p >= 4 && load<u32>(p) == 0x65757274) p += 4
  else if (c == 110 && end - p >= 4 && load<u32>(p) == 0x6c6c756e) p += 4
  else if (c == 102 && end - p >= 5 && load<u32>(p, 1) == 0x65736c61) p += 5
  else {
    if (c == 45) p++
    if (!isDigit(p, end)) return 0
    while (isDigit(p, end)) p++
    if (p < end && load<u8>(p) == 46) {
      if (!isDigit(++p, end)) return 0
      while (isDigit(p, end)) p++
    }
    if (p < end && (load<u8>(p) | 32) == 101) {
      p++
      if (p < end && (load<u8>(p) == 43 || load<u8>(p) == 45)) p++
      if (!isDigit(p, end)) return 0
      while (isDigit(p, end)) p++
    }
  }
  if (p >= end) return p
  const next = <u32>load<u8>(p)
  const isWord = next - 48 < 10 || (next | 32) - 97 < 26 || next == 95 || next == 46 || next == 43 || next == 45
  return isWord ? 0 : p
}

// Behind the value that begins at `p`, or 0.
function skipValue(p: usize, end: usize): usize {
  if (p >= end) return 0
  const c = load<u8>(p)
  if (c == 34) return skipString(p, end)
  if (c != 123 && c != 91) return skipWord(p, end)
  let depth = 0
  while (p < end) {
    const x = v128.load(p)
    const folded = v128.or(x, i8x16.splat(32))
    const brackets = v128.or(i8x16.eq(folded, i8x16.splat(123)), i8x16.eq(folded, i8x16.splat(125)))
    let mask = i8x16.bitmask(v128.or(brackets, i8x16.eq(x, i8x16.splat(34))))
    let next = p + 16
    while (mask != 0) {
      const at = p + <usize>ctz(mask)
      if (at >= end) return 0
      const d = load<u8>(at)
      if (d == 34) {
        next = skipString(at, end)
        if (next == 0) return 0
        break
      }
      if ((d | 32) == 123) depth++
      else if (--depth == 0) return at + 1
      mask &= mask - 1
    }
    p = next
  }
  return 0
}

// Says that a row is beyond what is looked at here.
let isLeft: bool = false

// Where the value of the last member of that name begins, or 0.
function memberAt(p: usize, end: usize, name: usize, count: usize): usize {
  if (p >= end || load<u8>(p) != 123) return 0
  let found: usize = 0
  p = skipBlanks(p + 1, end)
  while (p < end && load<u8>(p) == 34) {
    const close = skipString(p, end)
    if (close == 0) return 0
    let value = skipBlanks(close, end)
    if (value >= end || load<u8>(value) != 58) return 0
    value = skipBlanks(value + 1, end)
    if (!isPlain(p + 1, close - 1)) isLeft = true
    else if (close - p - 2 == count && sameBytes(p + 1, name, count)) found = value
    const after = skipValue(value, end)
    if (after == 0) return found
    const next = skipBlanks(after, end)
    if (next >= end || load<u8>(next) != 44) break
    p = skipBlanks(next + 1, end)
  }
  return found
}

// Where the item at a place begins, or 0.
function itemAt(p: usize, end: usize, place: i32): usize {
  if (p >= end || load<u8>(p) != 91) return 0
  if (place < 0) {
    isLeft = true
    return 0
  }
  p = skipBlanks(p + 1, end)
  while (p < end && load<u8>(p) != 93) {
    if (place-- == 0) return p
    const after = skipValue(p, end)
    if (after == 0) return 0
    const next = skipBlanks(after, end)
    if (next >= end || load<u8>(next) != 44) break
    p = skipBlanks(next + 1, end)
  }
  return 0
}

// @ts-ignore: decorator
@inline function isPlain(p: usize, end: usize): bool {
  for (; p < end; p += 16) {
    const x = v128.load(p)
    let mask = i8x16.bitmask(v128.or(i8x16.eq(x, i8x16.splat(92)), i8x16.lt_u(x, i8x16.splat(32))))
    if (end - p < 16) mask &= (1 << <i32>(end - p)) - 1
    if (mask != 0) return false
  }
  return true
}

/**
 * out (views) = what is found at the path of `count` steps ([0 u32][bytes of the name u32][address u32][0] or [1][place i32][0][0]): a string without its
 * quotes, anything else as it stands. A row's bit in `found` says that there is something, null excepted; its bit in `left` that the caller must look, and
 * then it is not found here. Views of nothing are zeros.
 */
export function findJsonViews(views: usize, rows: i32, steps: usize, count: i32, found: usize, left: usize, out: usize): void {
  const last = steps + (<usize>count << 4)
  for (let row = 0; row < rows; row += 8) {
    const block = rows - row < 8 ? rows - row : 8
    let bits = 0
    let leftBits = 0
    for (let i = 0; i < block; i++) {
      isLeft = false
      let p = viewBytes(views)
      const end = p + <usize>load<u32>(views)
      p = skipBlanks(p, end)
      for (let step = steps; step < last && p != 0; step += 16) {
        p = load<u32>(step) == 0 ? memberAt(p, end, <usize>load<u32>(step, 8), load<u32>(step, 4)) : itemAt(p, end, load<i32>(step, 4))
      }
      let after: usize = p == 0 ? 0 : skipValue(p, end)
      if (after != 0 && load<u8>(p) == 34) {
        p++
        after--
        if (!isPlain(p, after)) isLeft = true
      } else if (after != 0 && load<u8>(p) == 110) after = 0
      if (after != 0 && !isLeft) {
        bits |= 1 << i
        storePaddedView(out, p, <u32>(after - p))
      } else v128.store(out, i64x2.splat(0))
      leftBits |= i32(isLeft) << i
      views += 16
      out += 16
    }
    store<u8>(found++, <u8>bits)
    store<u8>(left++, <u8>leftBits)
  }
}
