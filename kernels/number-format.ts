// Numbers to text: int64, and float64 with the fewest digits that read back as the same value, laid out as JavaScript does.
// Method: R. Giulietti, "The Schubfach way to render doubles" (2020), over the powers of powers-of-five.ts.
import { multiplyHigh, ten } from './number-text'
import { FIRST_POWER, POWERS } from './powers-of-five'

// '00' '01' … '99'.
const PAIRS: usize = memory.data<u8>([
  48, 48, 48, 49, 48, 50, 48, 51, 48, 52, 48, 53, 48, 54, 48, 55, 48, 56, 48, 57, 49, 48, 49, 49, 49, 50, 49, 51, 49, 52, 49, 53, 49, 54, 49, 55, 49, 56, 49, 57,
  50, 48, 50, 49, 50, 50, 50, 51, 50, 52, 50, 53, 50, 54, 50, 55, 50, 56, 50, 57, 51, 48, 51, 49, 51, 50, 51, 51, 51, 52, 51, 53, 51, 54, 51, 55, 51, 56, 51, 57,
  52, 48, 52, 49, 52, 50, 52, 51, 52, 52, 52, 53, 52, 54, 52, 55, 52, 56, 52, 57, 53, 48, 53, 49, 53, 50, 53, 51, 53, 52, 53, 53, 53, 54, 53, 55, 53, 56, 53, 57,
  54, 48, 54, 49, 54, 50, 54, 51, 54, 52, 54, 53, 54, 54, 54, 55, 54, 56, 54, 57, 55, 48, 55, 49, 55, 50, 55, 51, 55, 52, 55, 53, 55, 54, 55, 55, 55, 56, 55, 57,
  56, 48, 56, 49, 56, 50, 56, 51, 56, 52, 56, 53, 56, 54, 56, 55, 56, 56, 56, 57, 57, 48, 57, 49, 57, 50, 57, 51, 57, 52, 57, 53, 57, 54, 57, 55, 57, 56, 57, 57,
])

// Decimal digits of a value, 1 for 0.
function digitsOf(value: u64): u32 {
  const guess = ((64 - <u32>clz(value | 1)) * 1233) >> 12
  return guess + <u32>(guess < 20 && value >= ten(guess)) + <u32>(value == 0)
}

// Exactly `count` digits of `value`, zero-filled from the left.
function writeDigits(value: u64, count: u32, out: usize): void {
  let p = out + count
  while (count >= 2) {
    const rest = value / 100
    p -= 2
    store<u16>(p, load<u16>(PAIRS + (<usize>(value - rest * 100) << 1)))
    value = rest
    count -= 2
  }
  if (count) store<u8>(p - 1, <u8>(48 + <u32>(value % 10)))
}

// @ts-ignore: decorator
@inline function writePair(value: u32, out: usize): void {
  store<u16>(out, load<u16>(PAIRS + (<usize>value << 1)))
}

// A number below 10000 as its digits: those of four, with the zeros in front shifted out. No branch: how many digits there are can't be foreseen.
// @ts-ignore: decorator
@inline function writeShort(value: u32, out: usize): usize {
  const upper = value / 100
  const four = <u32>load<u16>(PAIRS + (<usize>upper << 1)) | (<u32>load<u16>(PAIRS + (<usize>(value - upper * 100) << 1)) << 16)
  const zeros = <u32>(value < 10) + <u32>(value < 100) + <u32>(value < 1000)
  store<u32>(out, four >> (zeros << 3))
  return out + <usize>(4 - zeros)
}

// Four digits.
// @ts-ignore: decorator
@inline function writeFour(value: u32, out: usize): void {
  const upper = value / 100
  writePair(upper, out)
  writePair(value - upper * 100, out + 2)
}

/** The number as text; returns the address behind it. At most 10 bytes. */
function writeU32(value: u32, out: usize): usize {
  if (value < 10000) return writeShort(value, out)
  if (value < 100000000) {
    const upper = value / 10000
    out = writeShort(upper, out)
    writeFour(value - upper * 10000, out)
    return out + 4
  }
  const upper = value / 100000000
  const lower = value - upper * 100000000
  out = writeShort(upper, out)
  writeFour(lower / 10000, out)
  writeFour(lower % 10000, out + 4)
  return out + 8
}

// The int64 as text; returns the address behind it. At most 20 bytes.
function writeI64(value: i64, out: usize): usize {
  let whole = <u64>value
  if (value < 0) {
    store<u8>(out++, 45)
    whole = -whole
  }
  if (whole <= 0xffffffff) return writeU32(<u32>whole, out)
  const count = digitsOf(whole)
  writeDigits(whole, count, out)
  return out + count
}

// The int32 as text; returns the address behind it. At most 11 bytes.
// @ts-ignore: decorator
@inline function writeI32(value: i32, out: usize): usize {
  return <u32>value < 10000 ? writeShort(<u32>value, out) : writeI64(<i64>value, out)
}

// The finite float64 as text, as String(value) has it, but for -0, which is "-0"; returns the address behind it. At most 26 bytes.
function writeF64(value: f64, out: usize): usize {
  const bits = reinterpret<u64>(value)
  if (bits >> 63) store<u8>(out++, 45)
  const magnitude = abs(value)
  if (magnitude < 9007199254740992 && trunc(magnitude) == magnitude) return writeI64(<i64>magnitude, out)
  // A decimal of up to 15 digits is the shortest one of the value that is nearest to it; the quotient of two exact numbers is that value.
  if (magnitude < 1e9) {
    const millionths = nearest(magnitude * 1e6)
    if (millionths / 1e6 == magnitude) return writeMillionths(<u64>millionths, out)
  }
  return writeShortest(bits & 0x7fffffffffffffff, out)
}

// For less than 10^15, and no whole number.
function writeMillionths(value: u64, out: usize): usize {
  const whole = value / 1000000
  const rest = <u32>(value - whole * 1000000)
  out = writeU32(<u32>whole, out)
  store<u8>(out, 46)
  const upper = rest / 10000
  writePair(upper, out + 1)
  writeFour(rest - upper * 10000, out + 3)
  out += 6
  while (load<u8>(out) == 48) out--
  return out + 1
}

// The upper 64 bits of power * value, the last bit set where anything lies below.
// @ts-ignore: decorator
@inline function roundToOdd(high: u64, low: u64, value: u64): u64 {
  const carry = multiplyHigh(low, value)
  const below = high * value
  const sum = below + carry
  return (multiplyHigh(high, value) + <u64>(sum < below)) | <u64>(sum > 1)
}

/** The shortest decimal that reads back as the last value that was given: digits * 10^exponent. */
export let shortestDigits: u64 = 0
/** Its power of ten. */
export let shortestExponent: i32 = 0

function writeShortest(bits: u64, out: usize): usize {
  shortestF64(reinterpret<f64>(bits))
  return layOut(shortestDigits, shortestExponent, out)
}

/** For a finite float64 above 0. */
function shortestF64(value: f64): void {
  const bits = reinterpret<u64>(value)
  const fraction = bits & 0xfffffffffffff
  const exponent = <i32>(bits >> 52)
  shortest(exponent ? fraction | 0x10000000000000 : fraction, max(exponent, 1) - 1075, <u64>(fraction == 0 && exponent > 1))
}

/** For a finite float32 above 0. */
function shortestF32(value: f32): void {
  const bits = reinterpret<u32>(value)
  const fraction = bits & 0x7fffff
  const exponent = <i32>(bits >> 23)
  shortest(exponent ? fraction | 0x800000 : fraction, max(exponent, 1) - 150, <u64>(fraction == 0 && exponent > 1))
}

// The value is c * 2^q; `closer`: its lower neighbour is half as far away as the upper one.
function shortest(c: u64, q: i32, closer: u64): void {
  const odd = c & 1
  const k = (q * 1262611 - (closer ? 524031 : 0)) >> 22
  const h = q + ((-k * 1741647) >> 19) + 1
  const entry = POWERS + (<usize>(-k - FIRST_POWER) << 4)
  let high = load<u64>(entry)
  let low = load<u64>(entry, 8)
  // Schubfach wants the powers rounded up; entries from 5^56 on and before 5^-27 are cut off.
  if (-k > 55 || -k < -27) {
    low++
    high += <u64>(low == 0)
  }
  const lower = roundToOdd(high, low, (4 * c - 2 + closer) << h) + odd
  const middle = roundToOdd(high, low, (4 * c) << h)
  const upper = roundToOdd(high, low, (4 * c + 2) << h) - odd
  const s = middle >> 2
  shortestExponent = k
  if (s >= 10) {
    const tens = s / 10
    const under = lower <= 40 * tens
    const over = 40 * tens + 40 <= upper
    if (under != over) {
      shortestDigits = tens + <u64>over
      shortestExponent = k + 1
      return
    }
  }
  const under = lower <= 4 * s
  const over = 4 * s + 4 <= upper
  const half = 4 * s + 2
  shortestDigits = s + <u64>(under != over ? over : middle > half || (middle == half && (s & 1) == 1))
}

// digits * 10^exponent by the rules of Number::toString (ECMA-262, 6.1.6.1.20).
function layOut(digits: u64, exponent: i32, out: usize): usize {
  while (digits % 10 == 0) {
    digits /= 10
    exponent++
  }
  const count = <i32>digitsOf(digits)
  const point = count + exponent
  if (exponent >= 0 && point <= 21) {
    writeDigits(digits, count, out)
    memory.fill(out + count, 48, exponent)
    return out + point
  }
  if (point > 0 && point <= 21) {
    writeDigits(digits, count, out + 1)
    memory.copy(out, out + 1, point)
    store<u8>(out + point, 46)
    return out + count + 1
  }
  if (point > -6 && point <= 0) {
    store<u16>(out, 0x2e30)
    memory.fill(out + 2, 48, -point)
    writeDigits(digits, count, out + 2 - point)
    return out + 2 - point + count
  }
  writeDigits(digits, count, out + 1)
  store<u8>(out, load<u8>(out, 1))
  let p = out + 1
  if (count > 1) {
    store<u8>(p, 46)
    p += count
  }
  store<u8>(p, 101)
  store<u8>(p, point > 0 ? 43 : 45, 1)
  return writeI64(<i64>abs(point - 1), p + 2)
}

export { digitsOf, layOut, shortestF32, shortestF64, writeDigits, writeF64, writeI32, writeI64, writeU32 }
