// Values of every ordered type as 64-bit words whose unsigned order is the wanted one, and rows compared by several columns. A type wider
// than 8 bytes has several words, numbered from the one that decides last. Nulls have no words: who compares looks at validity first.
import { orderViews } from './views'

const signBit: u64 = 0x8000000000000000

// The codes of types; src/compute/sort.ts has the same.
const codeBit = 0
const codeI8 = 1
const codeI16 = 2
const codeI32 = 3
const codeI64 = 4
const codeU8 = 5
const codeU16 = 6
const codeU32 = 7
const codeU64 = 8
const codeF16 = 9
const codeF32 = 10
const codeF64 = 11
const codeView = 12
const codeI128 = 13
const codeFixed = 14

/** A word of the value in `row`. `width` is the bytes of a fixed binary; `flip` −1 turns the order around, but for NaN, which is last. */
// @ts-ignore: decorator
@inline export function keyWord(code: i32, width: i32, word: i32, values: usize, row: u32, flip: i32): u64 {
  const mask = <u64>(<i64>flip)
  const at = <usize>row
  switch (code) {
    case codeBit:
      return <u64>((((<u32>load<u8>(values + (at >> 3))) >> (row & 7)) ^ flip) & 1)
    case codeI8:
      return (<u64>(<i64>load<i8>(values + at)) ^ signBit) ^ mask
    case codeI16:
      return (<u64>(<i64>load<i16>(values + (at << 1))) ^ signBit) ^ mask
    case codeI32:
      return (<u64>(<i64>load<i32>(values + (at << 2))) ^ signBit) ^ mask
    case codeI64:
      return (load<u64>(values + (at << 3)) ^ signBit) ^ mask
    case codeU8:
      return <u64>load<u8>(values + at) ^ mask
    case codeU16:
      return <u64>load<u16>(values + (at << 1)) ^ mask
    case codeU32:
      return <u64>load<u32>(values + (at << 2)) ^ mask
    case codeU64:
      return load<u64>(values + (at << 3)) ^ mask
    case codeF16: {
      const bits = <u32>load<u16>(values + (at << 1))
      if ((bits & 0x7fff) > 0x7c00) return u64.MAX_VALUE
      const even = (bits & 0x7fff) == 0 ? 0 : bits
      return <u64>((even & 0x8000 ? ~even : even ^ 0x8000) & 0xffff) ^ mask
    }
    case codeF32: {
      const value = load<f32>(values + (at << 2))
      if (value != value) return u64.MAX_VALUE
      const bits = value == 0 ? 0 : reinterpret<u32>(value)
      return <u64>(bits >> 31 ? ~bits : bits ^ 0x80000000) ^ mask
    }
    case codeF64: {
      const value = load<f64>(values + (at << 3))
      if (value != value) return u64.MAX_VALUE
      const bits = value == 0 ? 0 : reinterpret<u64>(value)
      return (bits >> 63 ? ~bits : bits ^ signBit) ^ mask
    }
    case codeView: {
      const view = values + (at << 4)
      return bswap<u64>(load<u64>(load<u32>(view) > 12 ? <usize>load<u32>(view, 12) : view + 4)) ^ mask
    }
    case codeI128:
      return (word ? load<u64>(values + (at << 4), 8) ^ signBit : load<u64>(values + (at << 4))) ^ mask
    case codeFixed:
      return fixedWord(values + at * <usize>width, width, wordsOf(code, width) - 1 - word) ^ mask
    default:
      return 0
  }
}

// Bytes [8 · part, 8 · part + 8) of a fixed binary, the first of them highest, zeros behind its end.
function fixedWord(value: usize, width: i32, part: i32): u64 {
  const start = part << 3
  const count = min(8, width - start)
  let key: u64 = 0
  for (let i = 0; i < count; i++) key |= <u64>load<u8>(value + <usize>(start + i)) << <u64>(56 - (i << 3))
  return key
}

// @ts-ignore: decorator
@inline function wordsOf(code: i32, width: i32): i32 {
  return code == codeI128 ? 2 : code == codeFixed ? max(1, (width + 7) >> 3) : 1
}

const keyBytes: usize = 24

// A table of keys has 24 bytes each: [code i32][flip i32][nulls first i32][values u32][validity u32][width i32].
// @ts-ignore: decorator
@inline function isValid(key: usize, row: u32): bool {
  const validity = <usize>load<u32>(key, 16)
  return validity == 0 || ((<u32>load<u8>(validity + <usize>(row >> 3)) >> (row & 7)) & 1) != 0
}

/** Below 0, 0 or above 0 as row a of one batch comes before, with or after row b of another, by `keys` columns. NaN equals NaN, −0 equals 0, null equals null. */
export function compareRows(tableA: usize, a: u32, tableB: usize, b: u32, keys: i32): i32 {
  for (let k = 0; k < keys; k++) {
    const keyA = tableA + <usize>k * keyBytes
    const keyB = tableB + <usize>k * keyBytes
    const validA = isValid(keyA, a)
    const validB = isValid(keyB, b)
    if (validA != validB) return validA == (load<i32>(keyA, 8) != 0) ? 1 : -1
    if (!validA) continue
    const order = compareValues(keyA, a, keyB, b)
    if (order != 0) return order
  }
  return 0
}

function compareValues(keyA: usize, a: u32, keyB: usize, b: u32): i32 {
  const code = load<i32>(keyA)
  const flip = load<i32>(keyA, 4)
  const width = load<i32>(keyA, 20)
  const valuesA = <usize>load<u32>(keyA, 12)
  const valuesB = <usize>load<u32>(keyB, 12)
  if (code == codeView) {
    const order = orderViews(valuesA + (<usize>a << 4), valuesB + (<usize>b << 4))
    return flip ? -order : order
  }
  for (let word = wordsOf(code, width) - 1; word >= 0; word--) {
    const left = keyWord(code, width, word, valuesA, a, flip)
    const right = keyWord(code, width, word, valuesB, b, flip)
    if (left != right) return left < right ? -1 : 1
  }
  return 0
}

/** How many of the sorted rows [start, end) come before row b of another batch, or, with `equal` 1, before or with it. */
export function countBefore(table: usize, start: u32, end: u32, tableB: usize, b: u32, keys: i32, equal: i32): i32 {
  let low = start
  let high = end
  while (low < high) {
    const middle = low + ((high - low) >> 1)
    if (compareRows(table, middle, tableB, b, keys) < equal) low = middle + 1
    else high = middle
  }
  return <i32>(low - start)
}

/** Bit i of out is 1 where row indices[i] (`indices` 0: row i) differs from the one before in one of the keys, and for i = 0; bits past `rows` are 0. Returns how many. */
export function markChanges(table: usize, keys: i32, indices: usize, rows: i32, out: usize): i32 {
  let count = 0
  for (let start = 0; start < rows; start += 8) {
    let byte: u32 = 0
    const stop = min(start + 8, rows)
    for (let i = start; i < stop; i++) {
      const at = indices + (<usize>i << 2)
      const row = indices == 0 ? <u32>i : load<u32>(at)
      const before = i == 0 ? 0 : indices == 0 ? row - 1 : load<u32>(at - 4)
      if (i == 0 || compareRows(table, before, table, row, keys) != 0) {
        byte |= 1 << (i & 7)
        count++
      }
    }
    store<u8>(out++, <u8>byte)
  }
  return count
}
