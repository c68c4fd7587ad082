// Numbers from text, exactly: decimals to the nearest float64, and to int64 where they are whole. Eight digits at a time.
// Method: D. Lemire, "Number Parsing at a Gigabyte per Second" (2021); short decimals by W. Clinger's fast path (1990).
// A decimal is [significand u64][exponent i32][flags i32]: value = significand * 10^exponent, flags 1 = negative, 2 = cut to 19 digits.
import { FIRST_POWER, POWERS } from './powers-of-five'

const TENS: usize = memory.data<u64>([
  1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000, 1_000_000_000_000, 10_000_000_000_000,
  100_000_000_000_000, 1_000_000_000_000_000, 10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
])
const TENS_F64: usize = memory.data<f64>([1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22])

/** 10^n for n in [0, 19]. */
// @ts-ignore: decorator
@inline function ten(n: u32): u64 {
  return load<u64>(TENS + (<usize>n << 3))
}

/** How many of the eight bytes are digits before the first that is none. */
// @ts-ignore: decorator
@inline function countDigits(bytes: u64): u32 {
  const t = bytes ^ 0x3030303030303030
  return <u32>(ctz(((t + 0x7676767676767676) | t) & 0x8080808080808080) >> 3)
}

/** The number that the first `count` of eight bytes spell; `count` in [1, 8]. */
// @ts-ignore: decorator
@inline function digitsValue(bytes: u64, count: u32): u64 {
  let x = bytes << (64 - (count << 3))
  x = ((x & 0x0f0f0f0f0f0f0f0f) * 2561) >> 8
  x = ((x & 0x00ff00ff00ff00ff) * 6553601) >> 16
  return ((x & 0x0000ffff0000ffff) * 42949672960001) >> 32
}

/**
 * Reads a decimal at `p` into `out`; the bytes it takes, or 0 where there is none. `strict`: as JSON has it (no +, no leading zero, digits on
 * both sides of the point). Reads up to 8 bytes past its last digit: the caller checks where it ended.
 */
function scanDecimal(p: usize, strict: i32, out: usize): i32 {
  const start = p
  let flags = 0
  const sign = load<u8>(p)
  if (sign == 45) {
    flags = 1
    p++
  } else if (sign == 43 && !strict) p++
  const first = p
  let w: u64 = 0
  let n: u32 = 0
  do {
    const x = load<u64>(p)
    n = countDigits(x)
    if (n == 0) break
    w = w * ten(n) + digitsValue(x, n)
    p += n
  } while (n == 8)
  let digits = <i32>(p - first)
  if (strict && (digits == 0 || (digits > 1 && load<u8>(first) == 48))) return 0
  let q = 0
  if (load<u8>(p) == 46) {
    const fraction = ++p
    do {
      const x = load<u64>(p)
      n = countDigits(x)
      if (n == 0) break
      w = w * ten(n) + digitsValue(x, n)
      p += n
    } while (n == 8)
    const count = <i32>(p - fraction)
    if (count == 0 && strict) return 0
    q = -count
    digits += count
  }
  if (digits == 0) return 0
  const last = p
  if ((load<u8>(p) | 32) == 101) {
    let negative = false
    const e = load<u8>(++p)
    if (e == 45 || e == 43) {
      negative = e == 45
      p++
    }
    let exponent = 0
    const from = p
    for (let c = <u32>load<u8>(p) - 48; c < 10; c = <u32>load<u8>(++p) - 48) exponent = min(exponent * 10 + <i32>c, 100_000_000)
    if (p == from) return 0
    q += negative ? -exponent : exponent
  }
  if (digits > 19) {
    const cut = cutDigits(first, last, out)
    w = load<u64>(out)
    q += cut >> 1
    if (cut & 1) flags |= 2
  }
  store<u64>(out, w)
  store<i32>(out, q, 8)
  store<i32>(out, flags, 12)
  return <i32>(p - start)
}

// The first 19 significant digits of [first, last) to `out`; twice the count of digits left off, plus 1 where one of them is not 0.
function cutDigits(first: usize, last: usize, out: usize): i32 {
  let w: u64 = 0
  let kept = 0
  let dropped = 0
  let inexact = 0
  for (let p = first; p < last; p++) {
    const digit = <u32>load<u8>(p) - 48
    if (digit > 9 || (kept == 0 && digit == 0)) continue
    if (kept < 19) {
      w = w * 10 + digit
      kept++
    } else {
      dropped++
      inexact |= <i32>(digit != 0)
    }
  }
  store<u64>(out, w)
  return (dropped << 1) | inexact
}

/** The float64 nearest to a decimal, to `out`; beyond the range it is infinite. 1, or 0 where the digits left off decide: then nothing is written. */
function decimalToF64(decimal: usize, out: usize): i32 {
  const w = load<u64>(decimal)
  const q = load<i32>(decimal, 8)
  const flags = load<i32>(decimal, 12)
  const sign = <u64>(flags & 1) << 63
  if (!(flags & 2) && w <= <u64>1 << 53 && q >= -22 && q <= 22) {
    const power = load<f64>(TENS_F64 + (<usize>(q < 0 ? -q : q) << 3))
    const value = q < 0 ? <f64>w / power : <f64>w * power
    store<u64>(out, reinterpret<u64>(value) | sign)
    return 1
  }
  const bits = nearestF64(w, q)
  if (flags & 2 && nearestF64(w + 1, q) != bits) return 0
  store<u64>(out, bits | sign)
  return 1
}

/** Whether a decimal is a whole number within int64; if so it is written to `out`. */
function decimalToI64(decimal: usize, out: usize): i32 {
  let w = load<u64>(decimal)
  let q = load<i32>(decimal, 8)
  const flags = load<i32>(decimal, 12)
  if (flags & 2) return 0
  if (w != 0) {
    for (; q < 0; q++) {
      if (w % 10 != 0) return 0
      w /= 10
    }
    for (; q > 0; q--) {
      if (w > 922337203685477580) return 0
      w *= 10
    }
  }
  if (w > (<u64>1 << 63) - 1 + <u64>(flags & 1)) return 0
  store<i64>(out, flags & 1 ? -(<i64>w) : <i64>w)
  return 1
}

/** The high word of a 64 × 64 bit product. */
// @ts-ignore: decorator
@inline function multiplyHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff
  const a1 = a >> 32
  const b0 = b & 0xffffffff
  const b1 = b >> 32
  const low = a0 * b0
  const cross = a1 * b0 + (low >> 32)
  const middle = a0 * b1 + (cross & 0xffffffff)
  return a1 * b1 + (cross >> 32) + (middle >> 32)
}

// Bits of the float64 nearest to w * 10^q, ties to even; w is exact.
function nearestF64(w: u64, q: i32): u64 {
  if (w == 0 || q < FIRST_POWER) return 0
  if (q > 308) return 0x7ff0000000000000
  const shift = clz(w)
  w <<= shift
  const entry = POWERS + (<usize>(q - FIRST_POWER) << 4)
  let high = multiplyHigh(w, load<u64>(entry))
  let low = w * load<u64>(entry)
  if ((high & 0x1ff) == 0x1ff) {
    const more = multiplyHigh(w, load<u64>(entry, 8))
    low += more
    if (more > low) high++
  }
  const top = <u32>(high >> 63)
  let mantissa = high >> (top + 9)
  let power = (((152170 + 65536) * q) >> 16) + 63 + <i32>top - <i32>shift + 1023
  if (power <= 0) {
    if (1 - power >= 64) return 0
    mantissa >>= 1 - power
    mantissa = (mantissa + (mantissa & 1)) >> 1
    return mantissa
  }
  if (low <= 1 && q >= -4 && q <= 23 && (mantissa & 3) == 1 && mantissa << (top + 9) == high) mantissa &= ~(<u64>1)
  mantissa = (mantissa + (mantissa & 1)) >> 1
  if (mantissa >= <u64>2 << 52) {
    mantissa = <u64>1 << 52
    power++
  }
  if (power >= 0x7ff) return 0x7ff0000000000000
  return (mantissa & ~(<u64>1 << 52)) | (<u64>power << 52)
}

export { ten, countDigits, digitsValue, scanDecimal, decimalToF64, decimalToI64, multiplyHigh }
