// Arithmetic on columns. `shape` says which operand is a constant: 0 neither, 1 `b`, 2 `a`; a constant is a 64-byte block that
// repeats its value. Integer kernels return the first row whose true result doesn't fit, or that divides by zero, or -1; rows whose
// bit in `active` is 0 don't count (`active` 0: all rows do). float64 follows IEEE 754.

// @ts-ignore: decorator
@inline function isActive(active: usize, row: i32): bool {
  return active == 0 || ((load<u8>(active + (row >> 3)) >> <u8>(row & 7)) & 1) != 0
}

// @ts-ignore: decorator
@inline function mulOverflowsI64(x: i64, y: i64): bool {
  const estimate = <f64>x * <f64>y
  if (estimate < 9.2e18 && estimate > -9.2e18) return false
  if (estimate > 9.3e18 || estimate < -9.3e18) return true
  if (x == -1) return y == i64.MIN_VALUE
  if (y == -1) return x == i64.MIN_VALUE
  return (x * y) / y != x
}

// @ts-ignore: decorator
@inline function overflows<T>(op: i32, x: T, y: T): bool {
  if (sizeof<T>() == 4) {
    const wide = op == 0 ? <i64>x + <i64>y : op == 1 ? <i64>x - <i64>y : <i64>x * <i64>y
    return wide != <i64><i32>wide
  }
  if (op == 0) {
    const sum = <i64>x + <i64>y
    return ((<i64>x ^ sum) & (<i64>y ^ sum)) < 0
  }
  if (op == 1) {
    const difference = <i64>x - <i64>y
    return ((<i64>x ^ <i64>y) & (<i64>x ^ difference)) < 0
  }
  return mulOverflowsI64(<i64>x, <i64>y)
}

// The exact answer, row by row, once the vector loop has seen something that may be an overflow.
// @ts-ignore: decorator
@inline function firstOverflow<T>(op: i32, a: usize, b: usize, shape: i32, rows: i32, active: usize): i32 {
  const stepA: usize = shape == 2 ? 0 : sizeof<T>()
  const stepB: usize = shape == 1 ? 0 : sizeof<T>()
  for (let row = 0; row < rows; row++) {
    if (overflows<T>(op, load<T>(a), load<T>(b)) && isActive(active, row)) return row
    a += stepA
    b += stepB
  }
  return -1
}

// op: 0 add, 1 subtract. A sign bit in `seen` is an overflow in that lane.
// @ts-ignore: decorator
@inline function addOrSubtract<T>(op: i32, a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  const end = out + <usize>rows * sizeof<T>()
  let seen = i64x2.splat(0)
  let atA = a
  let atB = b
  for (let at = out; at < end; at += 16) {
    const x = v128.load(atA)
    const y = v128.load(atB)
    const r = op == 0 ? v128.add<T>(x, y) : v128.sub<T>(x, y)
    seen = v128.or(seen, op == 0 ? v128.and(v128.xor(x, r), v128.xor(y, r)) : v128.and(v128.xor(x, y), v128.xor(x, r)))
    v128.store(at, r)
    atA += stepA
    atB += stepB
  }
  return (sizeof<T>() == 4 ? i32x4.bitmask(seen) : i64x2.bitmask(seen)) ? firstOverflow<T>(op, a, b, shape, rows, active) : -1
}

/** out = a + b over int32. */
export function addI32(a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  return addOrSubtract<i32>(0, a, b, shape, rows, active, out)
}

/** out = a + b over int64. */
export function addI64(a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  return addOrSubtract<i64>(0, a, b, shape, rows, active, out)
}

/** out = a - b over int32. */
export function subI32(a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  return addOrSubtract<i32>(1, a, b, shape, rows, active, out)
}

/** out = a - b over int64. */
export function subI64(a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  return addOrSubtract<i64>(1, a, b, shape, rows, active, out)
}

/** out = a * b over int32. */
export function mulI32(a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  const end = out + (<usize>rows << 2)
  let same = i32x4.splat(-1)
  let atA = a
  let atB = b
  for (let at = out; at < end; at += 16) {
    const x = v128.load(atA)
    const y = v128.load(atB)
    const low = i64x2.extmul_low_i32x4_s(x, y)
    const high = i64x2.extmul_high_i32x4_s(x, y)
    const r = v128.shuffle<i32>(low, high, 0, 2, 4, 6)
    const sign = v128.shuffle<i32>(low, high, 1, 3, 5, 7)
    same = v128.and(same, i32x4.eq(sign, i32x4.shr_s(r, 31)))
    v128.store(at, r)
    atA += stepA
    atB += stepB
  }
  return i32x4.all_true(same) ? -1 : firstOverflow<i32>(2, a, b, shape, rows, active)
}

/** out = a * b over int64. Factors that all fit 32 bits take the fast path. */
export function mulI64(a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  const end = out + (<usize>rows << 3)
  let same = i64x2.splat(-1)
  let atA = a
  let atB = b
  for (let at = out; at < end; at += 16) {
    const x = v128.load(atA)
    const y = v128.load(atB)
    const wide = v128.or(v128.xor(x, i64x2.shr_s(i64x2.shl(x, 32), 32)), v128.xor(y, i64x2.shr_s(i64x2.shl(y, 32), 32)))
    same = v128.and(same, i64x2.eq(wide, i64x2.splat(0)))
    v128.store(at, i64x2.mul(x, y))
    atA += stepA
    atB += stepB
  }
  return i64x2.all_true(same) ? -1 : firstOverflow<i64>(2, a, b, shape, rows, active)
}

// @ts-ignore: decorator
@inline function divide<T>(modulo: bool, a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  const stepA: usize = shape == 2 ? 0 : sizeof<T>()
  const stepB: usize = shape == 1 ? 0 : sizeof<T>()
  let bad = -1
  for (let row = 0; row < rows; row++) {
    const x = load<T>(a)
    const y = load<T>(b)
    let r: T = 0
    if (y == 0 || (!modulo && y == -1 && x == (sizeof<T>() == 4 ? <T>i32.MIN_VALUE : <T>i64.MIN_VALUE))) {
      if (bad < 0 && isActive(active, row)) bad = row
    } else if (y == -1) {
      r = modulo ? 0 : <T>(0 - x)
    } else {
      r = modulo ? x % y : x / y
    }
    store<T>(out, r)
    a += stepA
    b += stepB
    out += sizeof<T>()
  }
  return bad
}

/** out = a / b over int32, towards zero. */
export function intDivI32(a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  return divide<i32>(false, a, b, shape, rows, active, out)
}

/** out = a / b over int64, towards zero. */
export function intDivI64(a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  return divide<i64>(false, a, b, shape, rows, active, out)
}

/** out = the rest of a / b over int32, with the sign of `a`. */
export function modI32(a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  return divide<i32>(true, a, b, shape, rows, active, out)
}

/** out = the rest of a / b over int64, with the sign of `a`. */
export function modI64(a: usize, b: usize, shape: i32, rows: i32, active: usize, out: usize): i32 {
  return divide<i64>(true, a, b, shape, rows, active, out)
}

/** out = |a| over int32. */
export function absI32(a: usize, rows: i32, active: usize, out: usize): i32 {
  let lowest = false
  for (let i: usize = 0, end = <usize>rows << 2; i < end; i += 16) {
    const r = i32x4.abs(v128.load(a + i))
    lowest = lowest || i32x4.bitmask(r) != 0
    v128.store(out + i, r)
  }
  if (lowest) for (let row = 0; row < rows; row++) if (load<i32>(a + (<usize>row << 2)) == i32.MIN_VALUE && isActive(active, row)) return row
  return -1
}

/** out = |a| over int64. */
export function absI64(a: usize, rows: i32, active: usize, out: usize): i32 {
  let lowest = false
  for (let i: usize = 0, end = <usize>rows << 3; i < end; i += 16) {
    const r = i64x2.abs(v128.load(a + i))
    lowest = lowest || i64x2.bitmask(r) != 0
    v128.store(out + i, r)
  }
  if (lowest) for (let row = 0; row < rows; row++) if (load<i64>(a + (<usize>row << 3)) == i64.MIN_VALUE && isActive(active, row)) return row
  return -1
}

// @ts-ignore: decorator
@inline function binaryF64(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  const end = out + (<usize>rows << 3)
  for (; out < end; out += 16) {
    const x = v128.load(a)
    const y = v128.load(b)
    v128.store(out, op == 0 ? f64x2.add(x, y) : op == 1 ? f64x2.sub(x, y) : op == 2 ? f64x2.mul(x, y) : f64x2.div(x, y))
    a += stepA
    b += stepB
  }
}

/** out = a + b over float64. */
export function addF64(a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  binaryF64(0, a, b, shape, rows, out)
}

/** out = a - b over float64. */
export function subF64(a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  binaryF64(1, a, b, shape, rows, out)
}

/** out = a * b over float64. */
export function mulF64(a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  binaryF64(2, a, b, shape, rows, out)
}

/** out = a / b over float64. */
export function divF64(a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  binaryF64(3, a, b, shape, rows, out)
}

/** out = the rest of a / b over float64, exact, with the sign of `a`; NaN where b is 0 or a is infinite. */
export function modF64(a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 8
  const stepB: usize = shape == 1 ? 0 : 8
  for (let row = 0; row < rows; row++) {
    store<f64>(out, load<f64>(a) % load<f64>(b))
    a += stepA
    b += stepB
    out += 8
  }
}
