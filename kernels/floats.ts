// float32 at full speed, float16 by way of float64, and the functions of one or two float64 columns. `shape` is as in arithmetic.ts.
import { roundsUp } from './rounding'

// @ts-ignore: decorator
@inline function binaryF32(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  const end = out + (<usize>rows << 2)
  for (; out < end; out += 16) {
    const x = v128.load(a)
    const y = v128.load(b)
    v128.store(out, op == 0 ? f32x4.add(x, y) : op == 1 ? f32x4.sub(x, y) : op == 2 ? f32x4.mul(x, y) : f32x4.div(x, y))
    a += stepA
    b += stepB
  }
}

/** out = a `op` b over float32: 0 add, 1 subtract, 2 multiply, 3 divide. */
export function calculateF32(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  if (op == 0) binaryF32(0, a, b, shape, rows, out)
  else if (op == 1) binaryF32(1, a, b, shape, rows, out)
  else if (op == 2) binaryF32(2, a, b, shape, rows, out)
  else binaryF32(3, a, b, shape, rows, out)
}

// @ts-ignore: decorator
@inline function unary<T>(op: i32, a: usize, rows: i32, out: usize): void {
  const end = out + <usize>rows * sizeof<T>()
  for (; out < end; out += 16) {
    const x = v128.load(a)
    let r: v128
    if (op == 0) r = v128.neg<T>(x)
    else if (op == 1) r = v128.abs<T>(x)
    else if (op == 2) r = v128.floor<T>(x)
    else if (op == 3) r = v128.ceil<T>(x)
    else if (op == 4) r = v128.sqrt<T>(x)
    else if (op == 5) r = v128.trunc<T>(x)
    else {
      // The sign, with zeros and NaN as they are.
      const zero = v128.splat<T>(0)
      const one = v128.splat<T>(1)
      const signed = v128.bitselect(one, v128.neg<T>(one), v128.gt<T>(x, zero))
      r = v128.bitselect(signed, x, v128.or(v128.gt<T>(x, zero), v128.lt<T>(x, zero)))
    }
    v128.store(out, r)
    a += 16
  }
}

/** out = `op` of a over float32: 0 negative, 1 size, 2 floor, 3 ceiling, 4 square root, 5 whole part, 6 sign (zeros and NaN stay). */
export function mapF32(op: i32, a: usize, rows: i32, out: usize): void {
  if (op == 0) unary<f32>(0, a, rows, out)
  else if (op == 1) unary<f32>(1, a, rows, out)
  else if (op == 2) unary<f32>(2, a, rows, out)
  else if (op == 3) unary<f32>(3, a, rows, out)
  else if (op == 4) unary<f32>(4, a, rows, out)
  else if (op == 5) unary<f32>(5, a, rows, out)
  else unary<f32>(6, a, rows, out)
}

/** As mapF32, over float64, for 5 and 6. */
export function mapF64(op: i32, a: usize, rows: i32, out: usize): void {
  if (op == 5) unary<f64>(5, a, rows, out)
  else unary<f64>(6, a, rows, out)
}

// Between 2^20 π/2 and 2^21 the standard library takes the wrong half of the circle; half the angle is below that, and gives the sign.
// @ts-ignore: decorator
@inline function sine(x: f64): f64 {
  const r = NativeMath.sin(x)
  if (abs<f64>(x) < 1647000.0 || abs<f64>(x) > 2097152.0) return r
  return copysign<f64>(r, NativeMath.sin(x / 2) * NativeMath.cos(x / 2))
}

// @ts-ignore: decorator
@inline function cosine(x: f64): f64 {
  const r = NativeMath.cos(x)
  if (abs<f64>(x) < 1647000.0 || abs<f64>(x) > 2097152.0) return r
  const s = NativeMath.sin(x / 2)
  const c = NativeMath.cos(x / 2)
  return copysign<f64>(r, (c - s) * (c + s))
}

/**
 * out = a function of a float64: 0 log2, 1 cube root, 2 sin, 3 cos, 4 tan, 5 asin, 6 acos, 7 atan, 8 sinh, 9 cosh, 10 tanh, 11 asinh, 12 acosh, 13 atanh,
 * 14 degrees to radians, 15 radians to degrees. NaN outside its domain.
 */
export function functionF64(op: i32, a: usize, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<f64>(a + (row << 3))
    let r: f64
    switch (op) {
      case 0: r = NativeMath.log2(x); break
      case 1: r = NativeMath.cbrt(x); break
      case 2: r = sine(x); break
      case 3: r = cosine(x); break
      case 4: r = NativeMath.tan(x); break
      case 5: r = NativeMath.asin(x); break
      case 6: r = NativeMath.acos(x); break
      case 7: r = NativeMath.atan(x); break
      case 8: r = NativeMath.sinh(x); break
      case 9: r = NativeMath.cosh(x); break
      case 10: r = NativeMath.tanh(x); break
      case 11: r = NativeMath.asinh(x); break
      case 12: r = NativeMath.acosh(x); break
      case 13: r = NativeMath.atanh(x); break
      case 14: r = (x / 180) * NativeMath.PI; break
      default: r = (x / NativeMath.PI) * 180
    }
    store<f64>(out + (row << 3), r)
  }
}

/** out = a function of two float64: 0 a to the power of b, 1 the angle of the point (b, a), 2 the logarithm of b to the base a, 3 the rest of a / b with the sign of b. */
export function functionOfTwoF64(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 8
  const stepB: usize = shape == 1 ? 0 : 8
  for (let row = 0; row < rows; row++) {
    const x = load<f64>(a)
    const y = load<f64>(b)
    store<f64>(out, op == 0 ? NativeMath.pow(x, y) : op == 1 ? NativeMath.atan2(x, y) : op == 2 ? logarithm(x, y) : floorRest(x, y))
    a += stepA
    b += stepB
    out += 8
  }
}

// @ts-ignore: decorator
@inline function logarithm(base: f64, x: f64): f64 {
  if (base == 2) return NativeMath.log2(x)
  if (base == 10) return NativeMath.log10(x)
  return NativeMath.log(x) / NativeMath.log(base)
}

// @ts-ignore: decorator
@inline function floorRest(x: f64, y: f64): f64 {
  const r = x % y
  return r != 0 && r < 0 != y < 0 ? r + y : r
}

/** As roundF64, by a mode of rounding.ts. */
export function roundModeF64(a: usize, scale: f64, up: i32, rounding: i32, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<f64>(a + (row << 3))
    const scaled = up ? x * scale : x / scale
    const size = abs<f64>(scaled)
    let r = x
    // From 2^52 on there are no halves.
    if (size < 4503599627370496.0) {
      const whole = floor<f64>(size)
      const over = size - whole
      const half = over < 0.5 ? -1 : i32(over > 0.5)
      const rounded = copysign<f64>(roundsUp(rounding, x < 0, (<i64>whole & 1) == 1, half, over != 0) ? whole + 1.0 : whole, x)
      r = up ? rounded / scale : rounded * scale
    }
    store<f64>(out + (row << 3), r)
  }
}

/** Exact. */
export function castF32ToF64(a: usize, rows: i32, out: usize): void {
  const end = a + (<usize>rows << 2)
  for (; a < end; a += 16) {
    const x = v128.load(a)
    v128.store(out, f64x2.promote_low_f32x4(x))
    v128.store(out, f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 2, 3)), 16)
    out += 32
  }
}

/** The nearest float32, halves to even; a finite number beyond them doesn't fit, and is written as an infinity. */
export function castF64ToF32(a: usize, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const x = load<f64>(a)
      const y = <f32>x
      bits |= i32(abs<f32>(y) < Infinity || !(abs<f64>(x) < Infinity)) << i
      store<f32>(out, y)
      a += 8
      out += 4
    }
    store<u8>(fits++, <u8>bits)
  }
}

/** Exact. */
export function castF16ToF64(a: usize, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const bits = <u64>load<u16>(a + (row << 1))
    const exponent = (bits >> 10) & 31
    const fraction = bits & 1023
    let x: f64
    if (exponent == 0) x = <f64>fraction * 5.9604644775390625e-8
    else x = reinterpret<f64>(((exponent == 31 ? <u64>2047 : exponent + 1008) << 52) | (fraction << 42))
    store<u64>(out + (row << 3), reinterpret<u64>(x) | ((bits >> 15) << 63))
  }
}

/** As castF64ToF32, to the nearest float16. */
export function castF64ToF16(a: usize, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const x = load<f64>(a)
      const size = abs<f64>(x)
      let half: u32
      if (size != size) half = 0x7e00
      else if (size >= 65520.0) half = 0x7c00
      // Below 2^-14 steps are all 2^-24; 1,024 of them are the least normal number.
      else if (size < 6.103515625e-5) half = <u32>nearest<f64>(size * 16777216.0)
      else {
        const exponent = <i32>(reinterpret<u64>(size) >> 52) - 1023
        const one = reinterpret<f64>(<u64>(exponent + 1023) << 52)
        half = (<u32>(exponent + 15) << 10) + <u32>nearest<f64>((size / one - 1.0) * 1024.0)
      }
      bits |= i32(size < 65520.0 || !(size < Infinity)) << i
      store<u16>(out, <u16>(half | (size == size ? <u32>((reinterpret<u64>(x) >> 63) << 15) : 0)))
      a += 8
      out += 2
    }
    store<u8>(fits++, <u8>bits)
  }
}

/** The float32 nearest to an int64 or, `signed` 0, a uint64. */
export function castWordToF32(signed: i32, a: usize, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const at = a + (row << 3)
    store<f32>(out + (row << 2), signed ? <f32>load<i64>(at) : <f32>load<u64>(at))
  }
}
