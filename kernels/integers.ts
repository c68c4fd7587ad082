// Arithmetic on integers of every width. `kind` is 0 to 3 for int8 to int64, 4 to 7 for uint8 to uint64; `shape`, `active` and what is returned are as in
// arithmetic.ts. `mode` says what becomes of a result that doesn't fit: 0 it is an error, 1 it wraps around, 2 it is the nearest that fits.
import { multiplyHigh } from './number-text'
import { roundsUp } from './rounding'

// Set by the functions below where a row has no result; an instance runs one kernel at a time.
let misfit = false

// @ts-ignore: decorator
@inline function isActive(active: usize, row: i32): bool {
  return active == 0 || ((load<u8>(active + (row >> 3)) >> <u8>(row & 7)) & 1) != 0
}

// @ts-ignore: decorator
@inline function most<T>(): T {
  return isSigned<T>() ? <T>((<u64>1 << (8 * sizeof<T>() - 1)) - 1) : <T>(<u64>-1)
}

// @ts-ignore: decorator
@inline function least<T>(): T {
  return isSigned<T>() ? <T>(<u64>1 << (8 * sizeof<T>() - 1)) : <T>0
}

// A result that is exact in 64 bits, for types of up to 32.
// @ts-ignore: decorator
@inline function narrow<T>(mode: i32, wide: i64): T {
  if (wide >= <i64>least<T>() && wide <= <i64>most<T>()) return <T>wide
  if (mode == 0) misfit = true
  return mode == 2 ? (wide < 0 ? least<T>() : most<T>()) : <T>wide
}

// A result of 64 bits that has overflowed; `below`: its true value is below the range.
// @ts-ignore: decorator
@inline function overflowed<T>(mode: i32, wrapped: T, below: bool): T {
  if (mode == 0) misfit = true
  return mode == 2 ? (below ? least<T>() : most<T>()) : wrapped
}

// @ts-ignore: decorator
@inline function add<T>(mode: i32, x: T, y: T): T {
  if (sizeof<T>() < 8) return narrow<T>(mode, <i64>x + <i64>y)
  const sum = <T>(x + y)
  const over = isSigned<T>() ? ((<i64>x ^ <i64>sum) & (<i64>y ^ <i64>sum)) < 0 : <u64>sum < <u64>x
  return over ? overflowed<T>(mode, sum, isSigned<T>() && <i64>x < 0) : sum
}

// @ts-ignore: decorator
@inline function subtract<T>(mode: i32, x: T, y: T): T {
  if (sizeof<T>() < 8) return narrow<T>(mode, <i64>x - <i64>y)
  const difference = <T>(x - y)
  const over = isSigned<T>() ? ((<i64>x ^ <i64>y) & (<i64>x ^ <i64>difference)) < 0 : <u64>x < <u64>y
  return over ? overflowed<T>(mode, difference, !isSigned<T>() || <i64>x < 0) : difference
}

// @ts-ignore: decorator
@inline function size64(x: i64): u64 {
  return x < 0 ? <u64>(0 - x) : <u64>x
}

// @ts-ignore: decorator
@inline function multiply<T>(mode: i32, x: T, y: T): T {
  if (sizeof<T>() < 4 || (sizeof<T>() == 4 && isSigned<T>())) return narrow<T>(mode, <i64>x * <i64>y)
  const product = <T>(x * y)
  if (sizeof<T>() == 4) return <u64>x * <u64>y > 0xffffffff ? overflowed<T>(mode, product, false) : product
  if (!isSigned<T>()) return multiplyHigh(<u64>x, <u64>y) != 0 ? overflowed<T>(mode, product, false) : product
  const below = (<i64>x < 0) != (<i64>y < 0)
  const low = size64(<i64>x) * size64(<i64>y)
  const over = multiplyHigh(size64(<i64>x), size64(<i64>y)) != 0 || low > (<u64>1 << 63) - 1 + <u64>below
  return over ? overflowed<T>(mode, product, below) : product
}

// @ts-ignore: decorator
@inline function divide<T>(mode: i32, x: T, y: T): T {
  if (y == 0) {
    misfit = true
    return 0
  }
  if (isSigned<T>() && y == <T>-1) return subtract<T>(mode, 0, x)
  return x / y
}

// The rest of a division: with the sign of x, or, `floor`, with that of y.
// @ts-ignore: decorator
@inline function rest<T>(floor: bool, x: T, y: T): T {
  if (y == 0) {
    misfit = true
    return 0
  }
  if (isSigned<T>() && y == <T>-1) return 0
  const r = <T>(x % y)
  return floor && isSigned<T>() && r != 0 && r < 0 != y < 0 ? <T>(r + y) : r
}

// x to the power of y; below 0 there is none but for 1 and -1.
// @ts-ignore: decorator
@inline function power<T>(mode: i32, x: T, y: T): T {
  if (isSigned<T>() && y < 0) {
    if (x == 1) return 1
    if (x == <T>-1) return y & 1 ? <T>-1 : <T>1
    misfit = true
    return 0
  }
  let result: T = 1
  let base = x
  let exponent = <u64>y
  let lost = false
  while (exponent) {
    if (exponent & 1) {
      // A square that was too large makes every further product so.
      if (lost) return overflowed<T>(mode, <T>(result * base), isSigned<T>() && x < 0 && (<u64>y & 1) == 1)
      const before = misfit
      misfit = false
      const product = multiply<T>(0, result, base)
      const over = misfit
      misfit = before
      if (over) {
        if (mode != 1) return overflowed<T>(mode, product, isSigned<T>() && x < 0 && (<u64>y & 1) == 1)
        result = <T>(result * base)
      } else result = product
    }
    exponent >>= 1
    if (exponent) {
      const before = misfit
      misfit = false
      const square = multiply<T>(0, base, base)
      lost = lost || (misfit && mode != 1)
      misfit = before
      base = mode == 1 ? <T>(base * base) : square
    }
  }
  return result
}

// @ts-ignore: decorator
@inline function divisor<T>(mode: i32, x: T, y: T): T {
  let a: u64 = isSigned<T>() ? size64(<i64>x) : <u64>x
  let b: u64 = isSigned<T>() ? size64(<i64>y) : <u64>y
  while (b) {
    const r = a % b
    a = b
    b = r
  }
  return a > <u64>most<T>() ? overflowed<T>(mode, <T>a, false) : <T>a
}

// @ts-ignore: decorator
@inline function calculate<T>(op: i32, mode: i32, a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  const stepA: usize = shape == 2 ? 0 : sizeof<T>()
  const stepB: usize = shape == 1 ? 0 : sizeof<T>()
  let bad = -1
  misfit = false
  for (let row = 0; row < rows; row++) {
    const x = load<T>(a)
    const y = load<T>(b)
    let r: T
    if (op == 0) r = add<T>(mode, x, y)
    else if (op == 1) r = subtract<T>(mode, x, y)
    else if (op == 2) r = multiply<T>(mode, x, y)
    else if (op == 3) r = divide<T>(mode, x, y)
    else if (op == 4) r = rest<T>(false, x, y)
    else if (op == 5) r = rest<T>(true, x, y)
    else if (op == 6) r = power<T>(mode, x, y)
    else r = divisor<T>(mode, x, y)
    store<T>(out, r)
    if (misfit) {
      misfit = false
      if (bad < 0 && isActive(active, row)) bad = row
    }
    a += stepA
    b += stepB
    out += sizeof<T>()
  }
  return bad
}

// @ts-ignore: decorator
@inline function calculateOp<T>(op: i32, mode: i32, a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  if (op == 0) return calculate<T>(0, mode, a, b, shape, rows, active, out)
  if (op == 1) return calculate<T>(1, mode, a, b, shape, rows, active, out)
  if (op == 2) return calculate<T>(2, mode, a, b, shape, rows, active, out)
  return calculate<T>(op, mode, a, b, shape, rows, active, out)
}

/** out = a `op` b: 0 add, 1 subtract, 2 multiply, 3 divide towards zero, 4 rest with the sign of a, 5 rest with the sign of b, 6 power, 7 greatest common divisor. */
export function calculateInt(kind: i32, op: i32, mode: i32, a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  if (kind == 0) return calculateOp<i8>(op, mode, a, b, shape, rows, active, out)
  if (kind == 1) return calculateOp<i16>(op, mode, a, b, shape, rows, active, out)
  if (kind == 2) return calculateOp<i32>(op, mode, a, b, shape, rows, active, out)
  if (kind == 3) return calculateOp<i64>(op, mode, a, b, shape, rows, active, out)
  if (kind == 4) return calculateOp<u8>(op, mode, a, b, shape, rows, active, out)
  if (kind == 5) return calculateOp<u16>(op, mode, a, b, shape, rows, active, out)
  if (kind == 6) return calculateOp<u32>(op, mode, a, b, shape, rows, active, out)
  return calculateOp<u64>(op, mode, a, b, shape, rows, active, out)
}

// 0! to 20!, which is the last one within 64 bits.
const FACTORIALS: usize = memory.data<u64>([
  1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800, 479001600, 6227020800, 87178291200, 1307674368000, 20922789888000, 355687428096000,
  6402373705728000, 121645100408832000, 2432902008176640000,
])

// @ts-ignore: decorator
@inline function factorial<T>(x: T): T {
  if (x < 0 || <u64>x > 20 || load<u64>(FACTORIALS + (<usize>x << 3)) > <u64>most<T>()) {
    misfit = true
    return 0
  }
  return <T>load<u64>(FACTORIALS + (<usize>x << 3))
}

// @ts-ignore: decorator
@inline function map<T>(op: i32, mode: i32, a: usize, rows: i32, active: usize, out: usize): i32 {
  let bad = -1
  misfit = false
  for (let row = 0; row < rows; row++) {
    const x = load<T>(a)
    let r: T
    if (op == 0) r = subtract<T>(mode, 0, x)
    else if (op == 1) r = x < 0 ? subtract<T>(mode, 0, x) : x
    else if (op == 2) r = x < 0 ? <T>-1 : <T>(x > 0)
    else r = factorial<T>(x)
    store<T>(out, r)
    if (misfit) {
      misfit = false
      if (bad < 0 && isActive(active, row)) bad = row
    }
    a += sizeof<T>()
    out += sizeof<T>()
  }
  return bad
}

/** out = `op` of a: 0 negative, 1 size, 2 sign (-1, 0 or 1), 3 factorial (which is an error in every mode where it doesn't fit). */
export function mapInt(kind: i32, op: i32, mode: i32, a: usize, rows: i32, active: usize, out: usize): i32 {
  if (kind == 0) return map<i8>(op, mode, a, rows, active, out)
  if (kind == 1) return map<i16>(op, mode, a, rows, active, out)
  if (kind == 2) return map<i32>(op, mode, a, rows, active, out)
  if (kind == 3) return map<i64>(op, mode, a, rows, active, out)
  if (kind == 4) return map<u8>(op, mode, a, rows, active, out)
  if (kind == 5) return map<u16>(op, mode, a, rows, active, out)
  if (kind == 6) return map<u32>(op, mode, a, rows, active, out)
  return map<u64>(op, mode, a, rows, active, out)
}

// @ts-ignore: decorator
@inline function round<T>(unit: u64, rounding: i32, a: usize, rows: i32, active: usize, out: usize): i32 {
  let bad = -1
  for (let row = 0; row < rows; row++) {
    const x = load<T>(a)
    const negative = isSigned<T>() && x < 0
    const size: u64 = isSigned<T>() ? size64(<i64>x) : <u64>x
    // Where the unit is beyond 64 bits, it is given as 0, and nothing reaches its half.
    const quotient: u64 = unit ? size / unit : 0
    const over: u64 = unit ? size % unit : size
    const half = unit == 0 || over < unit - over ? -1 : i32(over > unit - over)
    let lower = quotient * unit
    let fits = true
    if (roundsUp(rounding, negative, (quotient & 1) == 1, half, over != 0)) {
      fits = unit != 0 && lower <= lower + unit
      lower += unit
    }
    fits = fits && lower <= <u64>most<T>() + <u64>negative
    store<T>(out, fits ? (negative ? <T>(0 - lower) : <T>lower) : <T>0)
    if (!fits && bad < 0 && isActive(active, row)) bad = row
    a += sizeof<T>()
    out += sizeof<T>()
  }
  return bad
}

/** out = a rounded to a multiple of `unit`, a power of ten, or 0 for one beyond 64 bits; `rounding` as in rounding.ts. A result may not fit. */
export function roundInt(kind: i32, unit: u64, rounding: i32, a: usize, rows: i32, active: usize, out: usize): i32 {
  if (kind == 0) return round<i8>(unit, rounding, a, rows, active, out)
  if (kind == 1) return round<i16>(unit, rounding, a, rows, active, out)
  if (kind == 2) return round<i32>(unit, rounding, a, rows, active, out)
  if (kind == 3) return round<i64>(unit, rounding, a, rows, active, out)
  if (kind == 4) return round<u8>(unit, rounding, a, rows, active, out)
  if (kind == 5) return round<u16>(unit, rounding, a, rows, active, out)
  if (kind == 6) return round<u32>(unit, rounding, a, rows, active, out)
  return round<u64>(unit, rounding, a, rows, active, out)
}
