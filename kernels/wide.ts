// Whole numbers of 128 and 256 bits, for decimals. A function leaves its result in the variables below: an instance runs one kernel at a time.
// Nothing here is exported from the module.
import { multiplyHigh } from './number-text'

/** The result of the last function that has one, and of a division the rest. */
export let low: u64 = 0
/** Its upper word. */
export let high: u64 = 0
/** The rest of a division. */
export let restLow: u64 = 0
/** Its upper word. */
export let restHigh: u64 = 0
/** Set by a function whose result is 2^127 or more; nothing else clears it but `clearOverflow`. */
export let overflow: bool = false
// A number of 256 bits, lowest word first.
let n0: u64 = 0
let n1: u64 = 0
let n2: u64 = 0
let n3: u64 = 0

// 10^0 to 10^38, the low word first.
const TENS: usize = memory.data<u64>([
  1, 0, 0xa, 0, 0x64, 0, 0x3e8, 0, 0x2710, 0, 0x186a0, 0, 0xf4240, 0, 0x989680, 0, 0x5f5e100, 0, 0x3b9aca00, 0, 0x2540be400, 0, 0x174876e800, 0,
  0xe8d4a51000, 0, 0x9184e72a000, 0, 0x5af3107a4000, 0, 0x38d7ea4c68000, 0, 0x2386f26fc10000, 0, 0x16345785d8a0000, 0, 0xde0b6b3a7640000, 0,
  0x8ac7230489e80000, 0, 0x6bc75e2d63100000, 5, 0x35c9adc5dea00000, 0x36, 0x19e0c9bab2400000, 0x21e, 0x2c7e14af6800000, 0x152d, 0x1bcecceda1000000,
  0xd3c2, 0x161401484a000000, 0x84595, 0xdcc80cd2e4000000, 0x52b7d2, 0x9fd0803ce8000000, 0x33b2e3c, 0x3e25026110000000, 0x204fce5e,
  0x6d7217caa0000000, 0x1431e0fae, 0x4674edea40000000, 0xc9f2c9cd0, 0xc0914b2680000000, 0x7e37be2022, 0x85acef8100000000, 0x4ee2d6d415b,
  0x38c15b0a00000000, 0x314dc6448d93, 0x378d8e6400000000, 0x1ed09bead87c0, 0x2b878fe800000000, 0x13426172c74d82, 0xb34b9f1000000000,
  0xc097ce7bc90715, 0xf436a000000000, 0x785ee10d5da46d9, 0x98a224000000000, 0x4b3b4ca85a86c47a,
])

/** A result, for what follows. */
// @ts-ignore: decorator
@inline export function setResult(lowWord: u64, highWord: u64): void {
  low = lowWord
  high = highWord
}

/** One more than the result. */
// @ts-ignore: decorator
@inline export function addOne(): void {
  low++
  if (low == 0) high++
  if (<i64>high < 0) overflow = true
}

// What may be multiplied by 10^0 to 10^18 within an int64.
const LIMITS: usize = memory.data<u64>([
  9223372036854775807, 922337203685477580, 92233720368547758, 9223372036854775, 922337203685477, 92233720368547, 9223372036854, 922337203685,
  92233720368, 9223372036, 922337203, 92233720, 9223372, 922337, 92233, 9223, 922, 92, 9,
])

/** Before a row. */
// @ts-ignore: decorator
@inline export function clearOverflow(): void {
  overflow = false
}

// @ts-ignore: decorator
@inline export function tenLow(power: i32): u64 {
  return load<u64>(TENS + (<usize>power << 4))
}

// @ts-ignore: decorator
@inline export function tenHigh(power: i32): u64 {
  return load<u64>(TENS + (<usize>power << 4), 8)
}

/** The size of a signed number. */
// @ts-ignore: decorator
@inline export function size128(lowWord: u64, highWord: u64): void {
  const negative = <i64>highWord < 0
  low = negative ? 0 - lowWord : lowWord
  high = negative ? 0 - highWord - <u64>(lowWord != 0) : highWord
}

/** The result with a sign. */
// @ts-ignore: decorator
@inline export function negateIf(negative: bool): void {
  if (!negative) return
  high = 0 - high - <u64>(low != 0)
  low = 0 - low
}

/** a * b, none of them negative. */
export function multiply128(aLow: u64, aHigh: u64, bLow: u64, bHigh: u64): void {
  if (aHigh && bHigh) overflow = true
  const cross = aHigh ? aHigh * bLow : aLow * bHigh
  if (aHigh && multiplyHigh(aHigh, bLow)) overflow = true
  if (bHigh && multiplyHigh(aLow, bHigh)) overflow = true
  const carried = multiplyHigh(aLow, bLow)
  low = aLow * bLow
  high = cross + carried
  if (high < carried || <i64>high < 0) overflow = true
}

/** A signed number times 10^power. */
// @ts-ignore: decorator
@inline export function scaleUp(lowWord: u64, highWord: u64, power: i32): void {
  if (power <= 18 && highWord == <u64>(<i64>lowWord >> 63)) {
    const limit = load<u64>(LIMITS + (<usize>power << 3))
    if (lowWord + limit <= 2 * limit) {
      low = lowWord * tenLow(power)
      high = <u64>(<i64>low >> 63)
      return
    }
  }
  const negative = <i64>highWord < 0
  size128(lowWord, highWord)
  multiply128(low, high, tenLow(power), tenHigh(power))
  negateIf(negative)
}

/** Whether the size of a signed number is below 10^precision. */
// @ts-ignore: decorator
@inline export function fitsDigits(lowWord: u64, highWord: u64, precision: i32): bool {
  const negative = <i64>highWord < 0
  const sizeLow: u64 = negative ? 0 - lowWord : lowWord
  const sizeHigh: u64 = negative ? 0 - highWord - <u64>(lowWord != 0) : highWord
  const limit = tenHigh(precision)
  return sizeHigh < limit || (sizeHigh == limit && sizeLow < tenLow(precision))
}

// @ts-ignore: decorator
@inline function bits128(lowWord: u64, highWord: u64): i32 {
  return highWord ? 128 - <i32>clz(highWord) : 64 - <i32>clz(lowWord)
}

/** a / b and its rest, none of them negative; b is not 0. */
export function divide128(aLow: u64, aHigh: u64, bLow: u64, bHigh: u64): void {
  if (aHigh == 0 && bHigh == 0) {
    low = aLow / bLow
    high = 0
    restLow = aLow % bLow
    restHigh = 0
    return
  }
  n0 = aLow
  n1 = aHigh
  n2 = 0
  n3 = 0
  divideWords(bLow, bHigh)
}

// The number of 256 bits by b. Below 2^32 in digits of 32 bits, else bit by bit.
function divideWords(bLow: u64, bHigh: u64): void {
  if (bHigh == 0 && bLow < 0x100000000) {
    let rest: u64 = 0
    n3 = divideStep(n3, bLow, rest)
    rest = stepRest
    n2 = divideStep(n2, bLow, rest)
    rest = stepRest
    n1 = divideStep(n1, bLow, rest)
    rest = stepRest
    n0 = divideStep(n0, bLow, rest)
    restLow = stepRest
    restHigh = 0
    low = n0
    high = n1
    if ((n2 | n3) != 0 || <i64>n1 < 0) overflow = true
    return
  }
  let r0: u64 = 0
  let r1: u64 = 0
  let q0: u64 = 0
  let q1: u64 = 0
  let bit = n3 ? 256 - <i32>clz(n3) : n2 ? 192 - <i32>clz(n2) : bits128(n0, n1)
  let lost = false
  while (bit > 0) {
    bit--
    const word = bit >= 192 ? n3 : bit >= 128 ? n2 : bit >= 64 ? n1 : n0
    const out = r1 >> 63
    r1 = (r1 << 1) | (r0 >> 63)
    r0 = (r0 << 1) | ((word >> <u64>(bit & 63)) & 1)
    lost = lost || <i64>q1 < 0
    q1 = (q1 << 1) | (q0 >> 63)
    q0 <<= 1
    if (out || r1 > bHigh || (r1 == bHigh && r0 >= bLow)) {
      r1 = r1 - bHigh - <u64>(r0 < bLow)
      r0 -= bLow
      q0 |= 1
    }
  }
  low = q0
  high = q1
  restLow = r0
  restHigh = r1
  if (lost || <i64>q1 < 0) overflow = true
}

let stepRest: u64 = 0

// A word of a long division by a number below 2^32.
// @ts-ignore: decorator
@inline function divideStep(word: u64, by: u64, rest: u64): u64 {
  const upper = (rest << 32) | (word >> 32)
  const top = upper / by
  const lower = ((upper % by) << 32) | (word & 0xffffffff)
  stepRest = lower % by
  return (top << 32) | (lower / by)
}

/** a * 10^power / b and its rest, none of them negative; b is not 0, power up to 76. */
export function scaleAndDivide(aLow: u64, aHigh: u64, power: i32, bLow: u64, bHigh: u64): void {
  n0 = aLow
  n1 = aHigh
  n2 = 0
  n3 = 0
  while (power > 0) {
    const step = power < 19 ? power : 19
    multiplyWords(tenLow(step))
    power -= step
  }
  if ((n2 | n3) == 0) divide128(n0, n1, bLow, bHigh)
  else divideWords(bLow, bHigh)
}

function multiplyWords(by: u64): void {
  let carry = multiplyHigh(n0, by)
  n0 *= by
  const p1 = n1 * by
  const c1 = multiplyHigh(n1, by)
  n1 = p1 + carry
  carry = c1 + <u64>(n1 < p1)
  const p2 = n2 * by
  const c2 = multiplyHigh(n2, by)
  n2 = p2 + carry
  carry = c2 + <u64>(n2 < p2)
  const p3 = n3 * by
  const c3 = multiplyHigh(n3, by)
  n3 = p3 + carry
  carry = c3 + <u64>(n3 < p3)
  if (carry) overflow = true
}

/** The float64 nearest to a / 10^power, ties to even; a is not negative. */
export function quotientF64(aLow: u64, aHigh: u64, power: i32): f64 {
  if (aHigh == 0 && aLow <= 9007199254740992 && power <= 22) return <f64>aLow / load<f64>(TENS_F64 + (<usize>power << 3))
  // As many bits as a float64 has and some more, and whether anything lies below them.
  const shift = max(0, 58 + bits128(tenLow(power), tenHigh(power)) - bits128(aLow, aHigh))
  shiftWords(aLow, aHigh, shift)
  divideWords(tenLow(power), tenHigh(power))
  let q: u64 = low
  let exponent = -shift
  let sticky: u64 = <u64>((restLow | restHigh) != 0)
  if (high) {
    const drop = 64 - <i32>clz(high)
    sticky |= <u64>((low & ((<u64>1 << <u64>drop) - 1)) != 0 && drop < 64) | <u64>(drop == 64 && low != 0)
    q = drop == 64 ? high : (high << <u64>(64 - drop)) | (low >> <u64>drop)
    exponent += drop
  }
  if (q == 0) return 0
  const lead = <i32>clz(q)
  q <<= <u64>lead
  exponent -= lead
  let mantissa = q >> 11
  const below = q & 0x7ff
  if (below > 0x400 || (below == 0x400 && (sticky != 0 || (mantissa & 1) != 0))) mantissa++
  // Neither overflows nor becomes subnormal: the sizes are within 10^±38.
  return <f64>mantissa * reinterpret<f64>(<u64>(exponent + 11 + 1023) << 52)
}

/** Below 0, 0 or above 0 as a / 10^power lies to a float64 that is neither negative nor infinite; a is not negative. Exact: no side is rounded. */
export function orderBesideF64(aLow: u64, aHigh: u64, power: i32, x: f64): i32 {
  const near = quotientF64(aLow, aHigh, power)
  if (near != x) return near < x ? -1 : 1
  if (x == 0) return i32((aLow | aHigh) != 0)
  // The nearest float64 is x itself: a * 2^-e beside m * 10^power, where x is m * 2^e. Both are within 256 bits, being nearly equal.
  const bits = reinterpret<u64>(x)
  const exponent = <i32>(bits >> 52) - 1075
  const mantissa = (bits & 0xfffffffffffff) | 0x10000000000000
  shiftWords(aLow, aHigh, exponent < 0 ? -exponent : 0)
  const a0 = n0
  const a1 = n1
  const a2 = n2
  const a3 = n3
  shiftWords(mantissa, 0, exponent > 0 ? exponent : 0)
  for (let left = power; left > 0; left -= 19) multiplyWords(tenLow(left < 19 ? left : 19))
  if (a3 != n3) return a3 < n3 ? -1 : 1
  if (a2 != n2) return a2 < n2 ? -1 : 1
  if (a1 != n1) return a1 < n1 ? -1 : 1
  return a0 < n0 ? -1 : i32(a0 > n0)
}

function shiftWords(aLow: u64, aHigh: u64, shift: i32): void {
  n0 = aLow
  n1 = aHigh
  n2 = 0
  n3 = 0
  for (; shift >= 64; shift -= 64) {
    n3 = n2
    n2 = n1
    n1 = n0
    n0 = 0
  }
  if (shift == 0) return
  const by = <u64>shift
  n3 = (n3 << by) | (n2 >> (64 - by))
  n2 = (n2 << by) | (n1 >> (64 - by))
  n1 = (n1 << by) | (n0 >> (64 - by))
  n0 <<= by
}

const TENS_F64: usize = memory.data<f64>([1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22])
