// Bitmaps: one bit a row, least significant first, as Arrow has them. Bits past `rows` in the last byte may hold anything on input
// and are written as zero.

/** The number of 1 bits among the first `rows`. Reads whole 64-bit words only where all their bits count. */
export function countBits(bits: usize, rows: i32): i32 {
  let total: i64 = 0
  let row = 0
  for (; row + 64 <= rows; row += 64) {
    total += popcnt<i64>(load<i64>(bits))
    bits += 8
  }
  for (; row + 8 <= rows; row += 8) total += popcnt<i32>(load<u8>(bits++))
  if (row < rows) total += popcnt<i32>(<i32>load<u8>(bits) & ((1 << (rows - row)) - 1))
  return <i32>total
}

/** out = a AND b, over ceil(rows / 8) bytes; `out` may be `a` or `b`. */
export function andBits(a: usize, b: usize, rows: i32, out: usize): void {
  const bytes = (rows + 7) >> 3
  for (let i = 0; i < bytes; i += 16) v128.store(out + i, v128.and(v128.load(a + i), v128.load(b + i)))
  trim(out, rows)
}

/** out = a OR b. */
export function orBits(a: usize, b: usize, rows: i32, out: usize): void {
  const bytes = (rows + 7) >> 3
  for (let i = 0; i < bytes; i += 16) v128.store(out + i, v128.or(v128.load(a + i), v128.load(b + i)))
  trim(out, rows)
}

/** out = a AND NOT b. */
export function andNotBits(a: usize, b: usize, rows: i32, out: usize): void {
  const bytes = (rows + 7) >> 3
  for (let i = 0; i < bytes; i += 16) v128.store(out + i, v128.andnot(v128.load(a + i), v128.load(b + i)))
  trim(out, rows)
}

/** out = a XOR b. */
export function xorBits(a: usize, b: usize, rows: i32, out: usize): void {
  const bytes = (rows + 7) >> 3
  for (let i = 0; i < bytes; i += 16) v128.store(out + i, v128.xor(v128.load(a + i), v128.load(b + i)))
  trim(out, rows)
}

/** out = NOT a. */
export function notBits(a: usize, rows: i32, out: usize): void {
  const bytes = (rows + 7) >> 3
  for (let i = 0; i < bytes; i += 16) v128.store(out + i, v128.not(v128.load(a + i)))
  trim(out, rows)
}

/** Sets the first `rows` bits to `bit`. */
export function fillBits(out: usize, rows: i32, bit: i32): void {
  memory.fill(out, bit ? 255 : 0, (rows + 7) >> 3)
  trim(out, rows)
}

// @ts-ignore: decorator
@inline function trim(out: usize, rows: i32): void {
  if (rows & 7) {
    const last = out + (rows >> 3)
    store<u8>(last, <u8>(<i32>load<u8>(last) & ((1 << (rows & 7)) - 1)))
  }
}
