// Arithmetic on decimals: signed numbers of 128 bits that count units of their last digit. `shape`, `active` and what is returned are as in arithmetic.ts.
// `upA` and `upB` are the powers of ten by which a side must be multiplied for both to have one scale; `precision` is how many digits a result may have, 0
// where none can have more.
import { addOne, clearOverflow, divide128, fitsDigits, high, low, multiply128, negateIf, overflow, quotientF64, restHigh, restLow, scaleAndDivide, scaleUp, setResult, size128, tenHigh, tenLow } from './wide'
import { multiplyHigh, ten } from './number-text'
import { roundsUp } from './rounding'
import { shortestDigits, shortestExponent, shortestF32, shortestF64 } from './number-format'

// @ts-ignore: decorator
@inline function isActive(active: usize, row: i32): bool {
  return active == 0 || ((load<u8>(active + (row >> 3)) >> <u8>(row & 7)) & 1) != 0
}

// @ts-ignore: decorator
@inline function put(out: usize, lowWord: u64, highWord: u64): void {
  store<u64>(out, lowWord)
  store<u64>(out, highWord, 8)
}

function addPlain(subtract: i32, a: usize, b: usize, stepA: usize, stepB: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const x0 = load<u64>(a)
    const y0 = load<u64>(b)
    if (subtract) put(out, x0 - y0, load<u64>(a, 8) - load<u64>(b, 8) - <u64>(x0 < y0))
    else put(out, x0 + y0, load<u64>(a, 8) + load<u64>(b, 8) + <u64>(x0 + y0 < x0))
    a += stepA
    b += stepB
    out += 16
  }
}

/** out = a + b, or, `subtract` 1, a - b. */
export function addDecimals(subtract: i32, a: usize, b: usize, shape: i32, upA: i32, upB: i32, precision: i32, rows: i32, active: usize, out: usize): i32 {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  let bad = -1
  if (upA == 0 && upB == 0 && precision == 0) {
    addPlain(subtract, a, b, stepA, stepB, rows, out)
    return -1
  }
  for (let row = 0; row < rows; row++) {
    clearOverflow()
    scaleUp(load<u64>(a), load<u64>(a, 8), upA)
    const x0 = low
    const x1 = high
    scaleUp(load<u64>(b), load<u64>(b, 8), upB)
    if (subtract) negateIf(true)
    const r0 = x0 + low
    const r1 = x1 + high + <u64>(r0 < x0)
    const wrong = overflow || <i64>((x1 ^ r1) & (high ^ r1)) < 0 || (precision != 0 && !fitsDigits(r0, r1, precision))
    if (wrong && bad < 0 && isActive(active, row)) bad = row
    put(out, r0, r1)
    a += stepA
    b += stepB
    out += 16
  }
  return bad
}

/** out = a * b, whose scale is the sum of theirs. */
export function mulDecimals(a: usize, b: usize, shape: i32, precision: i32, rows: i32, active: usize, out: usize): i32 {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  let bad = -1
  for (let row = 0; row < rows; row++) {
    const x0 = load<i64>(a)
    const x1 = load<i64>(a, 8)
    const y0 = load<i64>(b)
    const y1 = load<i64>(b, 8)
    a += stepA
    b += stepB
    if (x1 == x0 >> 63 && y1 == y0 >> 63) {
      // Together they have no more than 62 bits.
      if (precision == 0 && clz(x0 ^ (x0 >> 63)) + clz(y0 ^ (y0 >> 63)) >= 66) {
        const product = x0 * y0
        put(out, product, product >> 63)
        out += 16
        continue
      }
      if (precision == 0) {
        // The high word of a signed product, by that of the unsigned one.
        put(out, x0 * y0, multiplyHigh(x0, y0) - (x0 < 0 ? y0 : 0) - (y0 < 0 ? x0 : 0))
        out += 16
        continue
      }
    }
    clearOverflow()
    const negative = (x1 < 0) != (y1 < 0)
    size128(x0, x1)
    const s0 = low
    const s1 = high
    size128(y0, y1)
    multiply128(s0, s1, low, high)
    negateIf(negative)
    if ((overflow || (precision != 0 && !fitsDigits(low, high, precision))) && bad < 0 && isActive(active, row)) bad = row
    put(out, low, high)
    out += 16
  }
  return bad
}

// Rounds the result of a division, of which nothing is negative.
// @ts-ignore: decorator
@inline function roundQuotient(rounding: i32, negative: bool, bLow: u64, bHigh: u64): void {
  const leftLow = bLow - restLow
  const leftHigh = bHigh - restHigh - <u64>(bLow < restLow)
  const half = restHigh != leftHigh ? (restHigh < leftHigh ? -1 : 1) : restLow != leftLow ? (restLow < leftLow ? -1 : 1) : 0
  if (roundsUp(rounding, negative, (low & 1) == 1, half, (restLow | restHigh) != 0)) addOne()
}

/** out = a * 10^up / b, rounded as `rounding` says. The first active row that divides by zero or doesn't fit, or -1. */
export function divDecimals(a: usize, b: usize, shape: i32, up: i32, rounding: i32, precision: i32, rows: i32, active: usize, out: usize): i32 {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  let bad = -1
  for (let row = 0; row < rows; row++) {
    clearOverflow()
    const negative = <i64>(load<u64>(a, 8) ^ load<u64>(b, 8)) < 0
    size128(load<u64>(b), load<u64>(b, 8))
    const y0 = low
    const y1 = high
    let wrong = (y0 | y1) == 0
    if (wrong) put(out, 0, 0)
    else {
      size128(load<u64>(a), load<u64>(a, 8))
      scaleAndDivide(low, high, up, y0, y1)
      roundQuotient(rounding, negative, y0, y1)
      negateIf(negative)
      wrong = overflow || !fitsDigits(low, high, precision)
      put(out, low, high)
    }
    if (wrong && bad < 0 && isActive(active, row)) bad = row
    a += stepA
    b += stepB
    out += 16
  }
  return bad
}

/** out = of a divided by b: `op` 0 the whole part, 1 the rest with the sign of a, 2 the rest with the sign of b. One of upA and upB is 0. As divDecimals. */
export function restDecimals(op: i32, a: usize, b: usize, shape: i32, upA: i32, upB: i32, rows: i32, active: usize, out: usize): i32 {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  let bad = -1
  for (let row = 0; row < rows; row++) {
    clearOverflow()
    const negative = load<i64>(a, 8) < 0
    const opposite = negative != load<i64>(b, 8) < 0
    scaleUp(load<u64>(b), load<u64>(b, 8), upB)
    const isHuge = overflow
    size128(low, high)
    const y0 = low
    const y1 = high
    let wrong = false
    size128(load<u64>(a), load<u64>(a, 8))
    if (isHuge) {
      // Beyond 128 bits, so larger than a.
      if (op == 0) put(out, 0, 0)
      else {
        wrong = op == 2 && opposite && (low | high) != 0
        negateIf(negative)
        put(out, low, high)
      }
    } else if ((y0 | y1) == 0) {
      wrong = true
      put(out, 0, 0)
    } else {
      scaleAndDivide(low, high, upA, y0, y1)
      wrong = op == 0 && (overflow || !fitsDigits(low, high, 38))
      if (op == 0) negateIf(opposite)
      else if (op == 2 && opposite && (restLow | restHigh) != 0) {
        setResult(y0 - restLow, y1 - restHigh - <u64>(y0 < restLow))
        negateIf(!negative)
      } else {
        setResult(restLow, restHigh)
        negateIf(negative)
      }
      put(out, low, high)
    }
    if (wrong && bad < 0 && isActive(active, row)) bad = row
    a += stepA
    b += stepB
    out += 16
  }
  return bad
}

// The decimal at `a` divided by `unit` and rounded, where it has 63 bits: 1, or 0 and a 0 where it isn't below `limit`, 2 where it has more bits.
// @ts-ignore: decorator
@inline function rescaleWord(a: usize, unit: u64, limit: u64, rounding: i32, out: usize): i32 {
  const x = load<i64>(a)
  if (load<i64>(a, 8) != x >> 63) return 2
  const size = <u64>(x < 0 ? -x : x)
  let quotient = size / unit
  const rest = size - quotient * unit
  const complement = unit - rest
  if (roundsUp(rounding, x < 0, (quotient & 1) != 0, rest < complement ? -1 : i32(rest > complement), rest != 0)) quotient++
  const ok = quotient < limit
  const value = ok ? (x < 0 ? -(<i64>quotient) : <i64>quotient) : 0
  put(out, value, value >> 63)
  return i32(ok)
}

/**
 * out = a divided by 10^down and rounded, then multiplied by 10^up. `fits` gets a bit per row, past `rows` zero: 0 where the result has more than
 * `precision` digits, which is written as 0.
 */
export function rescaleDecimals(a: usize, down: i32, up: i32, rounding: i32, precision: i32, rows: i32, fits: usize, out: usize): void {
  const isShort = up == 0 && down > 0 && down < 19
  const unit = isShort ? ten(<u32>down) : 1
  for (let row = 0; row < rows; row += 8) {
    const count = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < count; i++) {
      if (isShort) {
        const ok = rescaleWord(a, unit, ten(precision < 19 ? precision : 19), rounding, out)
        if (ok != 2) {
          bits |= ok << i
          a += 16
          out += 16
          continue
        }
      }
      clearOverflow()
      const negative = load<i64>(a, 8) < 0
      size128(load<u64>(a), load<u64>(a, 8))
      if (down) {
        divide128(low, high, tenLow(down), tenHigh(down))
        roundQuotient(rounding, negative, tenLow(down), tenHigh(down))
      }
      if (up) multiply128(low, high, tenLow(up), tenHigh(up))
      const ok = !overflow && fitsDigits(low, high, precision)
      negateIf(negative)
      put(out, ok ? low : 0, ok ? high : 0)
      bits |= i32(ok) << i
      a += 16
      out += 16
    }
    store<u8>(fits++, <u8>bits)
  }
}

/** out = `op` of a: 0 negative, 1 size, 2 sign as -1, 0 or 1, 3 factorial. The first active row without a result (a factorial of 38 digits at most), or -1. */
export function mapDecimals(op: i32, a: usize, rows: i32, active: usize, out: usize): i32 {
  let bad = -1
  for (let row = 0; row < rows; row++) {
    const x0 = load<u64>(a)
    const x1 = load<i64>(a, 8)
    if (op == 2) put(out, x1 < 0 ? -1 : <u64>((x0 | x1) != 0), x1 < 0 ? -1 : 0)
    else if (op == 3) {
      const wrong = x1 != 0 || x0 > 33
      setResult(1, 0)
      if (!wrong) for (let factor: u64 = 2; factor <= x0; factor++) multiply128(low, high, factor, 0)
      if (wrong && bad < 0 && isActive(active, row)) bad = row
      put(out, low, high)
    } else {
      size128(x0, x1)
      if (op == 0) negateIf(x1 >= 0)
      put(out, low, high)
    }
    a += 16
    out += 16
  }
  return bad
}

/** out = a times 10^up as a decimal; a holds int64, or, `signed` 0, uint64. `fits` as in rescaleDecimals. */
export function castWordToDecimal(a: usize, signed: i32, up: i32, precision: i32, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const count = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < count; i++) {
      clearOverflow()
      const x = load<i64>(a)
      if (up) scaleUp(x, signed ? x >> 63 : 0, up)
      else setResult(x, signed ? x >> 63 : 0)
      const ok = !overflow && fitsDigits(low, high, precision)
      put(out, ok ? low : 0, ok ? high : 0)
      bits |= i32(ok) << i
      a += 8
      out += 16
    }
    store<u8>(fits++, <u8>bits)
  }
}

/** out = a decimal of scale 0 as int64, or, `signed` 0, uint64. `fits` as in rescaleDecimals. */
export function castDecimalToWord(a: usize, signed: i32, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const count = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < count; i++) {
      const x = load<i64>(a)
      const ok = load<i64>(a, 8) == (signed ? x >> 63 : 0)
      store<i64>(out, ok ? x : 0)
      bits |= i32(ok) << i
      a += 16
      out += 8
    }
    store<u8>(fits++, <u8>bits)
  }
}

/** out = the float64 nearest to a decimal, ties to even. */
export function castDecimalToF64(a: usize, scale: i32, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const negative = load<i64>(a, 8) < 0
    size128(load<u64>(a), load<u64>(a, 8))
    const size = quotientF64(low, high, scale)
    store<f64>(out, negative ? -size : size)
    a += 16
    out += 8
  }
}

/**
 * out = the decimal that a float64's shortest text names (`single`: a float32's, which the float64 is exactly), rounded to the scale, halves away from
 * zero. `fits` as in rescaleDecimals; NaN and infinities don't fit.
 */
export function castF64ToDecimal(a: usize, single: i32, scale: i32, precision: i32, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const count = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < count; i++) {
      const x = load<f64>(a)
      clearOverflow()
      setResult(0, 0)
      let ok = abs<f64>(x) < 1e39
      if (ok && x != 0) {
        if (single) shortestF32(abs<f32>(<f32>x))
        else shortestF64(abs<f64>(x))
        const power = shortestExponent + scale
        if (power > 38) ok = false
        else if (power >= 0) multiply128(shortestDigits, 0, tenLow(power), tenHigh(power))
        else if (power >= -38) {
          divide128(shortestDigits, 0, tenLow(-power), tenHigh(-power))
          roundQuotient(0, false, tenLow(-power), tenHigh(-power))
        }
        ok = ok && !overflow && fitsDigits(low, high, precision)
        negateIf(x < 0)
      }
      put(out, ok ? low : 0, ok ? high : 0)
      bits |= i32(ok) << i
      a += 8
      out += 16
    }
    store<u8>(fits++, <u8>bits)
  }
}
