// Comparisons into bitmaps. `shape` says which operand is a constant: 0 neither, 1 `b`, 2 `a`; a constant is a 64-byte block that
// repeats its value, read over and over. `op` is 0 equal, 1 not equal, 2 less, 3 less or equal; greater is less with the sides swapped.
// NaN compares as IEEE 754 says: unequal to everything, neither less nor greater. Bits past `rows` are written as zero.
import { orderViews, viewsEqual } from './views'

// @ts-ignore: decorator
@inline function test<T>(op: i32, x: v128, y: v128): v128 {
  if (op == 0) return v128.eq<T>(x, y)
  if (op == 1) return v128.ne<T>(x, y)
  if (op == 2) return v128.lt<T>(x, y)
  return v128.le<T>(x, y)
}

// @ts-ignore: decorator
@inline function compare8<T>(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  const start = out
  for (let row = 0; row < rows; row += 8) {
    const m0 = test<T>(op, v128.load(a), v128.load(b))
    const m1 = test<T>(op, v128.load(a + stepA), v128.load(b + stepB))
    const m2 = test<T>(op, v128.load(a + 2 * stepA), v128.load(b + 2 * stepB))
    const m3 = test<T>(op, v128.load(a + 3 * stepA), v128.load(b + 3 * stepB))
    const low = i32x4.bitmask(v128.shuffle<i32>(m0, m1, 0, 2, 4, 6))
    const high = i32x4.bitmask(v128.shuffle<i32>(m2, m3, 0, 2, 4, 6))
    store<u8>(out, <u8>(low | (high << 4)))
    a += 4 * stepA
    b += 4 * stepB
    out += 1
  }
  trim(start, rows)
}

// Sixteen rows at a time, of values of 1, 2 or 4 bytes.
// @ts-ignore: decorator
@inline function compareLanes<T>(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  const start = out
  for (let row = 0; row < rows; row += 16) {
    let bytes = test<T>(op, v128.load(a), v128.load(b))
    if (sizeof<T>() == 2) bytes = i8x16.narrow_i16x8_s(bytes, test<T>(op, v128.load(a + stepA), v128.load(b + stepB)))
    if (sizeof<T>() == 4) {
      const m1 = test<T>(op, v128.load(a + stepA), v128.load(b + stepB))
      const m2 = test<T>(op, v128.load(a + 2 * stepA), v128.load(b + 2 * stepB))
      const m3 = test<T>(op, v128.load(a + 3 * stepA), v128.load(b + 3 * stepB))
      bytes = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(bytes, m1), i16x8.narrow_i32x4_s(m2, m3))
    }
    store<u16>(out, <u16>i8x16.bitmask(bytes))
    a += sizeof<T>() * stepA
    b += sizeof<T>() * stepB
    out += 2
  }
  trim(start, rows)
}

// @ts-ignore: decorator
@inline function compareSmall<T>(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  if (op == 0) compareLanes<T>(0, a, b, shape, rows, out)
  else if (op == 1) compareLanes<T>(1, a, b, shape, rows, out)
  else if (op == 2) compareLanes<T>(2, a, b, shape, rows, out)
  else compareLanes<T>(3, a, b, shape, rows, out)
}

/** out = a `op` b over integers of other kinds than int32 and int64: 0 int8, 1 int16, 4 to 7 uint8 to uint64. */
export function compareInt(kind: i32, op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  if (kind == 0) compareSmall<i8>(op, a, b, shape, rows, out)
  else if (kind == 1) compareSmall<i16>(op, a, b, shape, rows, out)
  else if (kind == 4) compareSmall<u8>(op, a, b, shape, rows, out)
  else if (kind == 5) compareSmall<u16>(op, a, b, shape, rows, out)
  else if (kind == 6) compareSmall<u32>(op, a, b, shape, rows, out)
  else compareWords<u64, u64>(op, a, b, shape, rows, out)
}

/** out = a `op` b over float32. */
export function compareF32(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  compareSmall<f32>(op, a, b, shape, rows, out)
}

// Below 0, 0 or above 0 as x lies; 2 where y is NaN. Exact: no side is rounded.
// @ts-ignore: decorator
@inline function orderOf<A, B>(x: A, y: B): i32 {
  if (isFloat<B>()) {
    const z = <f64>y
    if (z != z) return 2
    if (z >= (isSigned<A>() ? 9223372036854775808.0 : 18446744073709551616.0)) return -1
    if (z < (isSigned<A>() ? -9223372036854775808.0 : 0.0)) return 1
    const whole = isSigned<A>() ? <A>(<i64>z) : <A>(<u64>z)
    if (x != whole) return x < whole ? -1 : 1
    const over = z - trunc<f64>(z)
    return over > 0 ? -1 : i32(over < 0)
  }
  if (isSigned<A>() != isSigned<B>()) {
    if (isSigned<A>() && <i64>x < 0) return -1
    if (isSigned<B>() && <i64>y < 0) return 1
    return <u64>x < <u64>y ? -1 : i32(<u64>x > <u64>y)
  }
  return x < <A>y ? -1 : i32(x > <A>y)
}

// @ts-ignore: decorator
@inline function compareWords<A, B>(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 8
  const stepB: usize = shape == 1 ? 0 : 8
  for (let row = 0; row < rows; row += 8) {
    const count = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < count; i++) {
      const order = orderOf<A, B>(load<A>(a), load<B>(b))
      const holds = op == 0 ? order == 0 : op == 1 ? order != 0 : op == 2 ? order == -1 : op == 3 ? order <= 0 : op == 4 ? order == 1 : order == 0 || order == 1
      bits |= i32(holds) << i
      a += stepA
      b += stepB
    }
    store<u8>(out++, <u8>bits)
  }
}

/** out = a `op` b, exactly, where a is int64 and b float64 (`pair` 0), uint64 and float64 (1), or int64 and uint64 (2); `op` 4 is greater, 5 greater or equal. */
export function compareMixed(pair: i32, op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  if (pair == 0) compareWords<i64, f64>(op, a, b, shape, rows, out)
  else if (pair == 1) compareWords<u64, f64>(op, a, b, shape, rows, out)
  else compareWords<i64, u64>(op, a, b, shape, rows, out)
}

/** out = a `op` b over int32. */
export function compareI32(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  compareSmall<i32>(op, a, b, shape, rows, out)
}

/** out = a `op` b over int64 and timestamps. */
export function compareI64(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  if (op == 0) compare8<i64>(0, a, b, shape, rows, out)
  else if (op == 1) compare8<i64>(1, a, b, shape, rows, out)
  else if (op == 2) compare8<i64>(2, a, b, shape, rows, out)
  else compare8<i64>(3, a, b, shape, rows, out)
}

/** out = a `op` b over float64. */
export function compareF64(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  if (op == 0) compare8<f64>(0, a, b, shape, rows, out)
  else if (op == 1) compare8<f64>(1, a, b, shape, rows, out)
  else if (op == 2) compare8<f64>(2, a, b, shape, rows, out)
  else compare8<f64>(3, a, b, shape, rows, out)
}

// @ts-ignore: decorator
@inline function testViews(op: i32, a: usize, b: usize): bool {
  if (op == 0) return viewsEqual(a, b)
  if (op == 1) return !viewsEqual(a, b)
  if (op == 2) return orderViews(a, b) < 0
  return orderViews(a, b) <= 0
}

// @ts-ignore: decorator
@inline function compare16(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  for (let row = 0; row < rows; row += 8) {
    const count = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < count; i++) {
      bits |= i32(testViews(op, a, b)) << i
      a += stepA
      b += stepB
    }
    store<u8>(out++, <u8>bits)
  }
}

// A short constant is equal to a view exactly where all 16 bytes are.
function equalShortViews(invert: i32, a: usize, constant: usize, rows: i32, out: usize): void {
  const wanted = v128.load(constant)
  for (let row = 0; row < rows; row += 8) {
    const count = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < count; i++) {
      bits |= i32(i8x16.all_true(i8x16.eq(v128.load(a), wanted))) << i
      a += 16
    }
    store<u8>(out++, <u8>(invert ? bits ^ ((1 << count) - 1) : bits))
  }
}

/** out = a `op` b over string and binary views; the order is that of the bytes. Views behind a null must be zeros or whole. */
export function compareViews(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  if (op <= 1 && shape == 1 && load<u32>(b) <= 12) equalShortViews(op, a, b, rows, out)
  else if (op <= 1 && shape == 2 && load<u32>(a) <= 12) equalShortViews(op, b, a, rows, out)
  else if (op == 0) compare16(0, a, b, shape, rows, out)
  else if (op == 1) compare16(1, a, b, shape, rows, out)
  else if (op == 2) compare16(2, a, b, shape, rows, out)
  else compare16(3, a, b, shape, rows, out)
}

// @ts-ignore: decorator
@inline function member<T>(value: T, set: usize, count: i32): bool {
  let start = 0
  let end = count
  while (start < end) {
    const middle = (start + end) >> 1
    if (load<T>(set + (<usize>middle * sizeof<T>())) < value) start = middle + 1
    else end = middle
  }
  return start < count && load<T>(set + (<usize>start * sizeof<T>())) == value
}

// @ts-ignore: decorator
@inline function memberBits<T>(values: usize, rows: i32, set: usize, count: i32, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      bits |= i32(member<T>(load<T>(values), set, count)) << i
      values += sizeof<T>()
    }
    store<u8>(out++, <u8>bits)
  }
}

// A few members are compared with four rows, or two, at a time.
const fewMembers = 8

function fewWords4(values: usize, rows: i32, set: usize, count: i32, out: usize): void {
  const start = out
  for (let row = 0; row < rows; row += 8) {
    const a = v128.load(values)
    const b = v128.load(values, 16)
    let inA = i32x4.splat(0)
    let inB = i32x4.splat(0)
    for (let i = 0; i < count; i++) {
      const wanted = v128.load32_splat(set + (<usize>i << 2))
      inA = v128.or(inA, i32x4.eq(a, wanted))
      inB = v128.or(inB, i32x4.eq(b, wanted))
    }
    store<u8>(out++, <u8>(i32x4.bitmask(inA) | (i32x4.bitmask(inB) << 4)))
    values += 32
  }
  trim(start, rows)
}

// @ts-ignore: decorator
@inline function fewWords8<T>(values: usize, rows: i32, set: usize, count: i32, out: usize): void {
  const start = out
  for (let row = 0; row < rows; row += 8) {
    let bits = 0
    for (let part: usize = 0; part < 4; part++) {
      const a = v128.load(values + (part << 4))
      let inA = i64x2.splat(0)
      for (let i = 0; i < count; i++) inA = v128.or(inA, v128.eq<T>(a, v128.load64_splat(set + (<usize>i << 3))))
      bits |= i64x2.bitmask(inA) << (<i32>part << 1)
    }
    store<u8>(out++, <u8>bits)
    values += 64
  }
  trim(start, rows)
}

/** A bit per row: the value is among the `count` ascending values at `set`. */
export function memberI32(values: usize, rows: i32, set: usize, count: i32, out: usize): void {
  if (count <= fewMembers) fewWords4(values, rows, set, count, out)
  else memberBits<i32>(values, rows, set, count, out)
}

/** As memberI32, over int64 and timestamps. */
export function memberI64(values: usize, rows: i32, set: usize, count: i32, out: usize): void {
  if (count <= fewMembers) fewWords8<i64>(values, rows, set, count, out)
  else memberBits<i64>(values, rows, set, count, out)
}

/** As memberI32, over float64; the set holds no NaN, and a NaN is no member. */
export function memberF64(values: usize, rows: i32, set: usize, count: i32, out: usize): void {
  if (count <= fewMembers) fewWords8<f64>(values, rows, set, count, out)
  else memberBits<f64>(values, rows, set, count, out)
}

/** As memberI32, over views; the set is in the order of its bytes. */
export function memberViews(values: usize, rows: i32, set: usize, count: i32, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      let start = 0
      let end = count
      while (start < end) {
        const middle = (start + end) >> 1
        if (orderViews(set + (<usize>middle << 4), values) < 0) start = middle + 1
        else end = middle
      }
      if (start < count && viewsEqual(set + (<usize>start << 4), values)) bits |= 1 << i
      values += 16
    }
    store<u8>(out++, <u8>bits)
  }
}

// @ts-ignore: decorator
@inline function trim(out: usize, rows: i32): void {
  if (rows & 7) {
    const last = out + (rows >> 3)
    store<u8>(last, <u8>(<i32>load<u8>(last) & ((1 << (rows & 7)) - 1)))
  }
}
