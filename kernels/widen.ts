// Narrow numbers to wide ones, and all that have an order to 64-bit keys whose signed order is theirs: so that sums, extremes, quantiles and
// whatever else compares need one loop each. Floats as keys: NaN above every number, −0 below 0.

// @ts-ignore: decorator
@inline function widen<S, T>(values: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) store<T>(out + <usize>row * sizeof<T>(), <T>load<S>(values + <usize>row * sizeof<S>()))
}

/** out[row] = the value as int32. */
export function widenI8(values: usize, rows: i32, out: usize): void {
  widen<i8, i32>(values, rows, out)
}
/** As `widenI8`. */
export function widenU8(values: usize, rows: i32, out: usize): void {
  widen<u8, i32>(values, rows, out)
}
/** As `widenI8`. */
export function widenI16(values: usize, rows: i32, out: usize): void {
  widen<i16, i32>(values, rows, out)
}
/** As `widenI8`. */
export function widenU16(values: usize, rows: i32, out: usize): void {
  widen<u16, i32>(values, rows, out)
}
/** out[row] = the value as int64. */
export function widenI32(values: usize, rows: i32, out: usize): void {
  widen<i32, i64>(values, rows, out)
}
/** out[row] = the number as float64, rounded where it has more than 53 bits. */
export function floatI32(values: usize, rows: i32, out: usize): void {
  widen<i32, f64>(values, rows, out)
}
/** As `floatI32`. */
export function floatI64(values: usize, rows: i32, out: usize): void {
  widen<i64, f64>(values, rows, out)
}
/** As `floatI32`. */
export function floatU64(values: usize, rows: i32, out: usize): void {
  widen<u64, f64>(values, rows, out)
}
/** As `floatI32`, of decimals: the whole number, rounded, over `divisor`. */
export function floatD128(values: usize, rows: i32, divisor: f64, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const low = load<u64>(values + (<usize>row << 4))
    const high = load<i64>(values + (<usize>row << 4), 8)
    const negative = high < 0
    const high2 = negative ? ~high + <i64>(low == 0) : high
    const low2 = negative ? 0 - low : low
    const magnitude = (<f64>(<u64>high2) * 18446744073709551616.0 + <f64>low2) / divisor
    store<f64>(out + (<usize>row << 3), negative ? -magnitude : magnitude)
  }
}

/** out[row] = the key of a float64. `takeOrderedF64` is its inverse, but that all NaN become one. */
export function keysF64(values: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const value = load<f64>(values + (<usize>row << 3))
    const bits = reinterpret<i64>(value)
    store<i64>(out + (<usize>row << 3), value != value ? 0x7ff8000000000000 : bits ^ ((bits >> 63) & i64.MAX_VALUE))
  }
}
/** out[row] = the key of a uint64; its own inverse. */
export function keysU64(values: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) store<u64>(out + (<usize>row << 3), load<u64>(values + (<usize>row << 3)) ^ 0x8000000000000000)
}

/** out[row] = the low byte of 64-bit numbers. */
export function narrowWords1(values: usize, rows: i32, out: usize): void {
  widen<u64, u8>(values, rows, out)
}
/** As `narrowWords1`, two bytes. */
export function narrowWords2(values: usize, rows: i32, out: usize): void {
  widen<u64, u16>(values, rows, out)
}
