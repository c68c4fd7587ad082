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
