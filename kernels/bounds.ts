// The least and the greatest value of a column, so that whoever reads it knows how many bits it needs, and whether a condition can hold at all.
import { isValid } from './validity'

/**
 * out = [min i64, max i64] of the decimals that aren't null, zeros where there are none. Returns 1 where all of them fit into 64 bits, else 0, and `out` is
 * not written.
 */
export function boundD128(values: usize, validity: usize, rows: i32, out: usize): i32 {
  let least = i64x2.splat(i64.MAX_VALUE)
  let most = i64x2.splat(i64.MIN_VALUE)
  let odd = i64x2.splat(0)
  let row = 0
  let any = false
  while (row < rows) {
    if (row + 8 <= rows && (validity == 0 || load<u8>(validity + (row >> 3)) == 0xff)) {
      for (let at = values + (<usize>row << 4), end = at + 128; at < end; at += 32) {
        const a = v128.load(at)
        const b = v128.load(at, 16)
        const low = v128.shuffle<i64>(a, b, 0, 2)
        odd = v128.or(odd, v128.xor(v128.shuffle<i64>(a, b, 1, 3), i64x2.shr_s(low, 63)))
        least = v128.bitselect(low, least, i64x2.lt_s(low, least))
        most = v128.bitselect(low, most, i64x2.gt_s(low, most))
      }
      any = true
      row += 8
      continue
    }
    for (const end = min(row + 8, rows); row < end; row++) {
      if (!isValid(validity, row)) continue
      const at = values + (<usize>row << 4)
      const low = load<i64>(at)
      const both = i64x2.splat(low)
      odd = v128.or(odd, i64x2.splat(load<i64>(at, 8) ^ (low >> 63)))
      least = v128.bitselect(both, least, i64x2.lt_s(both, least))
      most = v128.bitselect(both, most, i64x2.gt_s(both, most))
      any = true
    }
  }
  if (v128.any_true(odd)) return 0
  const l0 = i64x2.extract_lane(least, 0)
  const l1 = i64x2.extract_lane(least, 1)
  const m0 = i64x2.extract_lane(most, 0)
  const m1 = i64x2.extract_lane(most, 1)
  store<i64>(out, any ? (l0 < l1 ? l0 : l1) : 0)
  store<i64>(out, any ? (m0 > m1 ? m0 : m1) : 0, 8)
  return 1
}

/** As `boundD128`, of integers of `bits`, which all fit: signed ones of 8 to 64, unsigned ones of -8 to -32. */
export function boundWords(values: usize, bits: i32, validity: usize, rows: i32, out: usize): void {
  if (bits == 8) bound<i8>(values, validity, rows, out)
  else if (bits == 16) bound<i16>(values, validity, rows, out)
  else if (bits == 32) bound32(values, validity, rows, out)
  else if (bits == -8) bound<u8>(values, validity, rows, out)
  else if (bits == -16) bound<u16>(values, validity, rows, out)
  else if (bits == -32) bound<u32>(values, validity, rows, out)
  else bound<i64>(values, validity, rows, out)
}

/** out = [min f64, max f64] of the float64 that aren't null, zeros where there are none. Returns 0 where one is NaN or infinite, and `out` is not written. */
export function boundF64(values: usize, validity: usize, rows: i32, out: usize): i32 {
  let least = Infinity
  let most = -Infinity
  let odd: f64 = 0
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) continue
    const value = load<f64>(values + (<usize>row << 3))
    // Not 0 for NaN and infinities, and then for good.
    odd += value - value
    least = min(least, value)
    most = max(most, value)
  }
  if (odd != 0) return 0
  store<f64>(out, least > most ? 0 : least)
  store<f64>(out, least > most ? 0 : most, 8)
  return 1
}

// @ts-ignore: decorator
@inline function bound<T>(values: usize, validity: usize, rows: i32, out: usize): void {
  let least = i64.MAX_VALUE
  let most = i64.MIN_VALUE
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) continue
    const value = <i64>load<T>(values + <usize>row * sizeof<T>())
    least = min(least, value)
    most = max(most, value)
  }
  storeBounds(out, least, most)
}

// @ts-ignore: decorator
@inline function storeBounds(out: usize, least: i64, most: i64): void {
  store<i64>(out, least > most ? 0 : least)
  store<i64>(out, least > most ? 0 : most, 8)
}

function bound32(values: usize, validity: usize, rows: i32, out: usize): void {
  if (validity != 0) return bound<i32>(values, validity, rows, out)
  let least = i32x4.splat(i32.MAX_VALUE)
  let most = i32x4.splat(i32.MIN_VALUE)
  let row = 0
  for (; row + 4 <= rows; row += 4) {
    const four = v128.load(values + (<usize>row << 2))
    least = i32x4.min_s(least, four)
    most = i32x4.max_s(most, four)
  }
  let l = min(min(i32x4.extract_lane(least, 0), i32x4.extract_lane(least, 1)), min(i32x4.extract_lane(least, 2), i32x4.extract_lane(least, 3)))
  let m = max(max(i32x4.extract_lane(most, 0), i32x4.extract_lane(most, 1)), max(i32x4.extract_lane(most, 2), i32x4.extract_lane(most, 3)))
  for (; row < rows; row++) {
    l = min(l, load<i32>(values + (<usize>row << 2)))
    m = max(m, load<i32>(values + (<usize>row << 2)))
  }
  storeBounds(out, l, m)
}
