// Texts padded to a length and turned round, and patterns of LIKE taken apart. Every operand has a step: its bytes a row, or 0 where one value stands for all rows.
import { charBytes, countChars, findBytes, skipChars } from './find'
import { sameBytes, storeView, viewBytes } from './views'

const lengthMax: i64 = 1 << 28

// @ts-ignore: decorator
@inline function isValid(validity: usize, row: i32): bool {
  return validity == 0 || ((load<u8>(validity + <usize>(row >> 3)) >> <u8>(row & 7)) & 1) != 0
}

/**
 * The bytes that padViews needs at `heap`: of texts longer than 12, counted for the widest characters where fills aren't ASCII. Where a text would have more than
 * 2^28 characters: minus their number. Rows whose bit in `validity` (0: none) is 0 count nothing.
 */
export function heapBytesOfPad(views: usize, stepText: usize, lengths: usize, stepLength: usize, fills: usize, stepFill: usize, validity: usize, rows: i32): f64 {
  let total: f64 = 0
  for (let row = 0; row < rows; row++) {
    const bytes = load<u32>(views)
    const wanted = load<i64>(lengths)
    const missing = load<u32>(fills) == 0 || wanted <= 0 ? 0.0 : max(0.0, <f64>wanted - <f64>countChars(viewBytes(views), <i32>bytes))
    const counts = isValid(validity, row)
    if (counts && missing > 0 && wanted > lengthMax) return -<f64>wanted
    const isAscii = countChars(viewBytes(fills), <i32>load<u32>(fills)) == <i32>load<u32>(fills)
    const size = <f64>bytes + missing * (isAscii ? 1.0 : 4.0)
    if (counts && size > 12) total += size
    views += stepText
    lengths += stepLength
    fills += stepFill
  }
  return total
}

/**
 * out = each text with characters of `fill`, over and over, in front (`isRight` 0) or behind until it has `length` (int64) characters; the first `length`
 * characters of one that has more. An empty `fill` adds nothing. Rows whose bit in `validity` is 0 are empty.
 */
export function padViews(isRight: i32, views: usize, stepText: usize, lengths: usize, stepLength: usize, fills: usize, stepFill: usize, validity: usize, rows: i32, heap: usize, out: usize): void {
  // A short result is made at the heap and moved into its view.
  for (let row = 0; row < rows; row++) {
    const bytes = viewBytes(views)
    const count = load<u32>(views)
    const wanted = load<i64>(lengths)
    const fill = viewBytes(fills)
    const fillEnd = fill + load<u32>(fills)
    const missing = wanted - <i64>countChars(bytes, <i32>count)
    if (!isValid(validity, row)) v128.store(out, i64x2.splat(0))
    else if (missing <= 0 || fill == fillEnd) {
      const end = wanted <= 0 ? bytes : missing >= 0 ? bytes + count : skipChars(bytes, bytes + count, wanted)
      storeView(out, bytes, <u32>(end - bytes))
    } else {
      let p = heap
      if (isRight) {
        memory.copy(p, bytes, count)
        p += count
      }
      let q = fill
      for (let i: i64 = 0; i < missing; i++) {
        const c = load<u8>(q)
        if (c < 0x80) {
          store<u8>(p++, c)
          q++
        } else {
          const size = <usize>charBytes(c)
          memory.copy(p, q, size)
          p += size
          q += size
        }
        if (q == fillEnd) q = fill
      }
      if (!isRight) {
        memory.copy(p, bytes, count)
        p += count
      }
      storeView(out, heap, <u32>(p - heap))
      if (p - heap > 12) heap = p
    }
    views += stepText
    lengths += stepLength
    fills += stepFill
    out += 16
  }
}

/** out = the characters of each text from the last to the first; texts longer than 12 bytes lie at `heap`, as heapBytesOfViews counts them. */
export function reverseViews(views: usize, rows: i32, heap: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const count = load<u32>(views)
    const bytes = viewBytes(views)
    let target: usize
    if (count <= 12) {
      v128.store(out, i64x2.splat(0))
      target = out + 4
    } else target = heap
    let p = target + count
    for (let q = bytes; q < bytes + count; ) {
      const c = load<u8>(q)
      if (c < 0x80) {
        store<u8>(--p, c)
        q++
        continue
      }
      const size = <usize>charBytes(c)
      p -= size
      memory.copy(p, q, size)
      q += size
    }
    if (count <= 12) store<u32>(out, count)
    else {
      storeView(out, heap, count)
      heap += count
    }
    views += 16
    out += 16
  }
}

/** A bit per row: the text has the `count` views at `parts` one after the other; the first of them at its begin where `mode` has 1, the last at its end where it has 2. */
export function likePartsViews(views: usize, rows: i32, parts: usize, count: i32, mode: i32, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const block = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < block; i++) {
      bits |= i32(hasParts(viewBytes(views), <i32>load<u32>(views), parts, count, mode)) << i
      views += 16
    }
    store<u8>(out++, <u8>bits)
  }
}

function hasParts(bytes: usize, count: i32, parts: usize, partCount: i32, mode: i32): bool {
  let first = 0
  if (mode & 1) {
    const size = <i32>load<u32>(parts)
    if (size > count || !sameBytes(bytes, viewBytes(parts), size)) return false
    bytes += size
    count -= size
    first = 1
  }
  if (mode & 2) {
    partCount--
    const last = parts + (<usize>partCount << 4)
    const size = <i32>load<u32>(last)
    if (size > count || !sameBytes(bytes + (count - size), viewBytes(last), size)) return false
    count -= size
  }
  for (let i = first; i < partCount; i++) {
    const part = parts + (<usize>i << 4)
    const size = <i32>load<u32>(part)
    const at = findBytes(bytes, count, viewBytes(part), size)
    if (at < 0) return false
    bytes += at + size
    count -= at + size
  }
  return true
}
