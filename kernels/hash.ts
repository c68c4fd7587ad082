// The stable key hash, version 1 (keyHashVersion in src/base/hash.ts): the same value gives the same number on every machine and in every
// version of the job, because keyed state is stored by it. Changing anything here needs a new version and both readers.
// A row's hash is a chain over its key columns: h = mix(h ^ (word + K · column number)), from seed 0; the row's u32 is its top half.
// A word is: null → a constant; bool, int32, int64, timestamp → the number as 64 bits; float64 → its bits, −0 as 0 and NaN as one NaN;
// utf8, binary → a hash of the bytes. mix is the finaliser of splitmix64 (Steele, Lea, Flood 2014).
import { isValid } from './validity'

const nullWord: u64 = 0x6e756c6c9e3779b9
const nanBits: u64 = 0x7ff8000000000000

// @ts-ignore: decorator
@inline function mix(word: u64): u64 {
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9
  word = (word ^ (word >> 27)) * 0x94d049bb133111eb
  return word ^ (word >> 31)
}

// @ts-ignore: decorator
@inline function chain(states: usize, row: i32, word: u64, salt: u64): void {
  const at = states + (<usize>row << 3)
  store<u64>(at, mix(load<u64>(at) ^ (word + salt)))
}

// @ts-ignore: decorator
@inline function saltOf(column: i32): u64 {
  return <u64>(column + 1) * 0x9e3779b97f4a7c15
}

/** Chains an int32 column, the `column`-th key, into the u64 states. */
export function hashI32(values: usize, validity: usize, rows: i32, column: i32, states: usize): void {
  const salt = saltOf(column)
  for (let row = 0; row < rows; row++) {
    chain(states, row, isValid(validity, row) ? <u64>(<i64>load<i32>(values + (<usize>row << 2))) : nullWord, salt)
  }
}

/** Chains an int64 or timestamp column; equal to `hashI32` for equal numbers. */
export function hashI64(values: usize, validity: usize, rows: i32, column: i32, states: usize): void {
  const salt = saltOf(column)
  for (let row = 0; row < rows; row++) chain(states, row, isValid(validity, row) ? load<u64>(values + (<usize>row << 3)) : nullWord, salt)
}

/** Chains a float64 column. */
export function hashF64(values: usize, validity: usize, rows: i32, column: i32, states: usize): void {
  const salt = saltOf(column)
  for (let row = 0; row < rows; row++) {
    const value = load<f64>(values + (<usize>row << 3))
    let word = value == 0 ? 0 : reinterpret<u64>(value)
    if (value != value) word = nanBits
    chain(states, row, isValid(validity, row) ? word : nullWord, salt)
  }
}

/** Chains a bool column as 0 and 1. */
export function hashBits(values: usize, validity: usize, rows: i32, column: i32, states: usize): void {
  const salt = saltOf(column)
  for (let row = 0; row < rows; row++) {
    const bit = <u64>((load<u8>(values + (row >> 3)) >> <u8>(row & 7)) & 1)
    chain(states, row, isValid(validity, row) ? bit : nullWord, salt)
  }
}

// Eight bytes at a time, little-endian; the last word is the remaining bytes, zero-filled; then the length.
function hashBytes(bytes: usize, length: u32): u64 {
  let hash: u64 = 0x243f6a8885a308d3
  const end = bytes + (<usize>length & ~7)
  for (; bytes < end; bytes += 8) hash = mix(hash ^ load<u64>(bytes))
  let last: u64 = 0
  for (let i: u32 = 0; i < (length & 7); i++) last |= <u64>load<u8>(bytes + i) << (i << 3)
  return mix(hash ^ last) + <u64>length
}

/** Chains a utf8 or binary column, by bytes. */
export function hashView(values: usize, validity: usize, rows: i32, column: i32, states: usize): void {
  const salt = saltOf(column)
  for (let row = 0; row < rows; row++) {
    const view = values + (<usize>row << 4)
    let word = nullWord
    if (isValid(validity, row)) {
      const length = load<u32>(view)
      word = hashBytes(length > 12 ? <usize>load<u32>(view, 12) : view + 4, length)
    }
    chain(states, row, word, salt)
  }
}

/** The words of views, as `hashView` has them, to `out`: what `hashCodes` looks up. */
export function wordsOfViews(views: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) {
    const view = views + (<usize>i << 4)
    const length = load<u32>(view)
    store<u64>(out + (<usize>i << 3), hashBytes(length > 12 ? <usize>load<u32>(view, 12) : view + 4, length))
  }
}

/** Chains a utf8 or binary column by its codes; equal to `hashView`. */
export function hashCodes(codes: usize, validity: usize, rows: i32, column: i32, words: usize, states: usize): void {
  const salt = saltOf(column)
  for (let row = 0; row < rows; row++) {
    chain(states, row, isValid(validity, row) ? load<u64>(words + (<usize>load<u32>(codes + (<usize>row << 2)) << 3)) : nullWord, salt)
  }
}

/** out[row] = the top half of states[row]. `out` may be `states`. */
export function finishHash(states: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) store<u32>(out + (<usize>row << 2), load<u32>(states + (<usize>row << 3), 4))
}

/** Bit `row` of out = whether the key group (top 7 bits of the hash) is in [start, end). */
export function maskKeyGroups(hashes: usize, rows: i32, start: u32, end: u32, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const count = min(8, rows - row)
    let byte: u32 = 0
    for (let i = 0; i < count; i++) byte |= <u32>((load<u32>(hashes + (<usize>(row + i) << 2)) >> 25) - start < end - start) << i
    store<u8>(out++, <u8>byte)
  }
}
