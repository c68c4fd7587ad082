// From one number type to another. Where a value may not fit, `fits` gets a bit per row (past `rows`: zero) and the misfit is written as 0.

/** Exact. */
export function castI32ToI64(a: usize, rows: i32, out: usize): void {
  const end = a + (<usize>rows << 2)
  for (; a < end; a += 16) {
    const x = v128.load(a)
    v128.store(out, i64x2.extend_low_i32x4_s(x))
    v128.store(out, i64x2.extend_high_i32x4_s(x), 16)
    out += 32
  }
}

/** Exact. */
export function castI32ToF64(a: usize, rows: i32, out: usize): void {
  const end = a + (<usize>rows << 2)
  for (; a < end; a += 16) {
    const x = v128.load(a)
    v128.store(out, f64x2.convert_low_i32x4_s(x))
    v128.store(out, f64x2.convert_low_i32x4_s(v128.shuffle<i32>(x, x, 2, 3, 2, 3)), 16)
    out += 32
  }
}

/** The nearest float64, ties to even; exact up to 2^53. */
export function castI64ToF64(a: usize, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<f64>(out + (row << 3), <f64>load<i64>(a + (row << 3)))
}

/** Fits within ±2^31. */
export function castI64ToI32(a: usize, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const x = load<i64>(a)
      const ok = x == <i64><i32>x
      bits |= i32(ok) << i
      store<i32>(out, ok ? <i32>x : 0)
      a += 8
      out += 4
    }
    store<u8>(fits++, <u8>bits)
  }
}

/** The whole part; NaN and what lies outside int32 don't fit. */
export function castF64ToI32(a: usize, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const x = trunc<f64>(load<f64>(a))
      const ok = x >= -2147483648.0 && x <= 2147483647.0
      bits |= i32(ok) << i
      store<i32>(out, <i32>(ok ? x : 0.0))
      a += 8
      out += 4
    }
    store<u8>(fits++, <u8>bits)
  }
}

/** The whole part; NaN and what lies outside int64 don't fit. */
export function castF64ToI64(a: usize, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const x = trunc<f64>(load<f64>(a))
      const ok = x >= -9223372036854775808.0 && x < 9223372036854775808.0
      bits |= i32(ok) << i
      store<i64>(out, <i64>(ok ? x : 0.0))
      a += 8
      out += 8
    }
    store<u8>(fits++, <u8>bits)
  }
}

/** 1 for true, 0 for false. */
export function castBoolToI32(bits: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) store<i32>(out + (<usize>row << 2), (<i32>load<u8>(bits + (row >> 3)) >> (row & 7)) & 1)
}

// @ts-ignore: decorator
@inline function widen<T>(a: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    store<i64>(out, <i64>load<T>(a))
    a += sizeof<T>()
    out += 8
  }
}

/** out = integers of `kind` (0 to 3 int8 to int64, 4 to 7 uint8 to uint64) as int64, exact; uint64 keep their bits. */
export function widenInt(kind: i32, a: usize, rows: i32, out: usize): void {
  if (kind == 0) widen<i8>(a, rows, out)
  else if (kind == 1) widen<i16>(a, rows, out)
  else if (kind == 2) widen<i32>(a, rows, out)
  else if (kind == 4) widen<u8>(a, rows, out)
  else if (kind == 5) widen<u16>(a, rows, out)
  else if (kind == 6) widen<u32>(a, rows, out)
  else memory.copy(out, a, <usize>rows << 3)
}

// @ts-ignore: decorator
@inline function narrow<T>(signed: i32, a: usize, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const x = load<i64>(a)
      const sameSign = isSigned<T>() == (signed != 0) || x >= 0
      const ok = x == <i64><T>x && sameSign
      bits |= i32(ok) << i
      store<T>(out, ok ? <T>x : <T>0)
      a += 8
      out += sizeof<T>()
    }
    store<u8>(fits++, <u8>bits)
  }
}

/** out = a, which holds int64 or, `signed` 0, uint64, as integers of `kind` as in widenInt. */
export function narrowInt(kind: i32, signed: i32, a: usize, rows: i32, fits: usize, out: usize): void {
  if (kind == 0) narrow<i8>(signed, a, rows, fits, out)
  else if (kind == 1) narrow<i16>(signed, a, rows, fits, out)
  else if (kind == 2) narrow<i32>(signed, a, rows, fits, out)
  else if (kind == 3) narrow<i64>(signed, a, rows, fits, out)
  else if (kind == 4) narrow<u8>(signed, a, rows, fits, out)
  else if (kind == 5) narrow<u16>(signed, a, rows, fits, out)
  else if (kind == 6) narrow<u32>(signed, a, rows, fits, out)
  else narrow<u64>(signed, a, rows, fits, out)
}

/** As castI64ToF64, over uint64. */
export function castU64ToF64(a: usize, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<f64>(out + (row << 3), <f64>load<u64>(a + (row << 3)))
}

/** The whole part; NaN and what lies outside uint64 don't fit. */
export function castF64ToU64(a: usize, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const x = trunc<f64>(load<f64>(a))
      const ok = x >= 0.0 && x < 18446744073709551616.0
      bits |= i32(ok) << i
      store<u64>(out, <u64>(ok ? x : 0.0))
      a += 8
      out += 8
    }
    store<u8>(fits++, <u8>bits)
  }
}
