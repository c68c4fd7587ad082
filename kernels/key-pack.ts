// Several keys in one word: each key column's values by their number in a range or a dictionary, plus 1, 0 being null, side by side in 64 bits.
import { isValid } from './validity'

// @ts-ignore: decorator
@inline function put(at: usize, number: u64, shift: i32, first: bool): void {
  store<u64>(at, first ? number : load<u64>(at) | (number << <u64>shift))
}

// @ts-ignore: decorator
@inline function pack<T>(values: usize, validity: usize, rows: i32, base: i64, shift: i32, first: bool, out: usize): void {
  const less = base - 1
  for (let row = 0; row < rows; row++) {
    const number = validity == 0 || isValid(validity, row) ? <u64>(<i64>load<T>(values + <usize>row * sizeof<T>()) - less) : 0
    put(out + (<usize>row << 3), number, shift, first)
  }
}

// @ts-ignore: decorator
@inline function packAny<T>(values: usize, validity: usize, rows: i32, base: i64, shift: i32, out: usize): void {
  if (shift == 0) validity == 0 ? pack<T>(values, 0, rows, base, 0, true, out) : pack<T>(values, validity, rows, base, 0, true, out)
  else validity == 0 ? pack<T>(values, 0, rows, base, shift, false, out) : pack<T>(values, validity, rows, base, shift, false, out)
}

/** Puts int32 values, as value − base + 1, at bit `shift` of out[row]; at bit 0 the word is begun. Codes and dates are such numbers too. */
export function packI32(values: usize, validity: usize, rows: i32, base: i64, shift: i32, out: usize): void {
  packAny<i32>(values, validity, rows, base, shift, out)
}

/** As `packI32`, of int64 values. */
export function packI64(values: usize, validity: usize, rows: i32, base: i64, shift: i32, out: usize): void {
  packAny<i64>(values, validity, rows, base, shift, out)
}

/** As `packI32`, of bits: false is 1, true is 2. */
export function packBools(values: usize, validity: usize, rows: i32, shift: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    let number: u64 = 0
    if (isValid(validity, row)) number = <u64>(((<u32>load<u8>(values + (row >> 3)) >> (row & 7)) & 1) + 1)
    const at = out + (<usize>row << 3)
    if (shift == 0) store<u64>(at, number)
    else store<u64>(at, load<u64>(at) | (number << <u64>shift))
  }
}

// @ts-ignore: decorator
@inline function numberAt(words: usize, row: i32, shift: i32, bits: i32): u64 {
  return (load<u64>(words + (<usize>row << 3)) >> <u64>shift) & (~(<u64>0) >> <u64>(64 - bits))
}

/** The int32 values at bit `shift` of words, `bits` wide: the inverse of `packI32`. 0 behind a null. */
export function unpackI32(words: usize, rows: i32, shift: i32, bits: i32, base: i64, out: usize): void {
  const less = <i32>base - 1
  for (let row = 0; row < rows; row++) {
    const number = numberAt(words, row, shift, bits)
    store<i32>(out + (<usize>row << 2), number == 0 ? 0 : <i32>number + less)
  }
}

/** As `unpackI32`, of int64 values. */
export function unpackI64(words: usize, rows: i32, shift: i32, bits: i32, base: i64, out: usize): void {
  const less = base - 1
  for (let row = 0; row < rows; row++) {
    const number = numberAt(words, row, shift, bits)
    store<i64>(out + (<usize>row << 3), number == 0 ? 0 : <i64>number + less)
  }
}

/** The bits at bit `shift` of words. */
export function unpackBools(words: usize, rows: i32, shift: i32, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const count = min(8, rows - row)
    let byte: u32 = 0
    for (let i = 0; i < count; i++) byte |= <u32>(numberAt(words, row + i, shift, 2) >> 1) << i
    store<u8>(out++, <u8>byte)
  }
}

/** Bit `row` of out = whether the number at bit `shift` is not null. Returns how many aren't. */
export function maskPacked(words: usize, rows: i32, shift: i32, bits: i32, out: usize): i32 {
  let valid = 0
  for (let row = 0; row < rows; row += 8) {
    const count = min(8, rows - row)
    let byte: u32 = 0
    for (let i = 0; i < count; i++) byte |= <u32>(numberAt(words, row + i, shift, bits) != 0) << i
    valid += popcnt(byte)
    store<u8>(out++, <u8>byte)
  }
  return valid
}
