// Decimals in fewer bytes: columns of signed integers of 8, 16, 32 or 64 bits beside or instead of 128. `bits` is such a width. Kernels that compute go
// block by block through scratch in the first-level cache, where values are widened to 32 or 64 bits, whichever holds sides and result.

/** Rows of a block: three blocks of 64-bit values take 12 KB. */
const blockRows = 512

/** out[row] = the lowest `bits` bits of a signed integer of `from` bits, which are 32 or 64 and not fewer. */
export function narrowWords(values: usize, from: i32, rows: i32, bits: i32, out: usize): void {
  if (from == bits) memory.copy(out, values, (<usize>rows * bits) >> 3)
  else if (from == 64) narrow64(values, rows, bits, out)
  else narrow32(values, rows, bits, out)
}

/** out[row] = the lowest `bits` bits of a decimal. */
export function narrowD128(values: usize, rows: i32, bits: i32, out: usize): void {
  const whole = rows & ~7
  for (let row = 0; row < whole; row += 8) {
    const at = values + (<usize>row << 4)
    const a = v128.shuffle<i64>(v128.load(at), v128.load(at, 16), 0, 2)
    const b = v128.shuffle<i64>(v128.load(at, 32), v128.load(at, 48), 0, 2)
    const c = v128.shuffle<i64>(v128.load(at, 64), v128.load(at, 80), 0, 2)
    const d = v128.shuffle<i64>(v128.load(at, 96), v128.load(at, 112), 0, 2)
    storeNarrow(out, row, bits, a, b, c, d)
  }
  for (let row = whole; row < rows; row++) storeOne(out, row, bits, load<i64>(values + (<usize>row << 4)))
}

// Eight 64-bit values at `row`, a multiple of 8.
// @ts-ignore: decorator
@inline function storeNarrow(out: usize, row: i32, bits: i32, a: v128, b: v128, c: v128, d: v128): void {
  if (bits == 64) {
    const at = out + (<usize>row << 3)
    v128.store(at, a)
    v128.store(at, b, 16)
    v128.store(at, c, 32)
    v128.store(at, d, 48)
    return
  }
  const low = v128.shuffle<i32>(a, b, 0, 2, 4, 6)
  const high = v128.shuffle<i32>(c, d, 0, 2, 4, 6)
  if (bits == 32) {
    v128.store(out + (<usize>row << 2), low)
    v128.store(out + (<usize>row << 2), high, 16)
    return
  }
  const words = v128.shuffle<i16>(low, high, 0, 2, 4, 6, 8, 10, 12, 14)
  if (bits == 16) v128.store(out + (<usize>row << 1), words)
  else v128.store_lane<u64>(out + <usize>row, v128.shuffle<i8>(words, words, 0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14), 0)
}

// @ts-ignore: decorator
@inline function storeOne(out: usize, row: i32, bits: i32, value: i64): void {
  if (bits == 64) store<i64>(out + (<usize>row << 3), value)
  else if (bits == 32) store<i32>(out + (<usize>row << 2), <i32>value)
  else if (bits == 16) store<i16>(out + (<usize>row << 1), <i16>value)
  else store<i8>(out + <usize>row, <i8>value)
}

// @ts-ignore: decorator
@inline function loadOne(values: usize, row: i32, bits: i32): i64 {
  if (bits == 64) return load<i64>(values + (<usize>row << 3))
  if (bits == 32) return <i64>load<i32>(values + (<usize>row << 2))
  return bits == 16 ? <i64>load<i16>(values + (<usize>row << 1)) : <i64>load<i8>(values + <usize>row)
}

// Four values at `row`, a multiple of 4, as int32; `bits` is at most 32.
// @ts-ignore: decorator
@inline function load4(values: usize, row: i32, bits: i32): v128 {
  if (bits == 32) return v128.load(values + (<usize>row << 2))
  if (bits == 16) return v128.load_ext<i16>(values + (<usize>row << 1))
  return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(values + <usize>row)))
}

/** out[row] = the value in 128 bits. */
export function widenToD128(values: usize, bits: i32, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++, out += 16) {
    const value = loadOne(values, row, bits)
    v128.store(out, i64x2.replace_lane(i64x2.splat(value >> 63), 0, value))
  }
}

/** out[row] = the value in 64 bits; `bits` is at most 32. */
export function widenToI64(values: usize, bits: i32, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row += 4) {
    const four = load4(values, row, bits)
    v128.store(out + (<usize>row << 3), i64x2.extend_low_i32x4_s(four))
    v128.store(out + (<usize>row << 3), i64x2.extend_high_i32x4_s(four), 16)
  }
}

// Rows of a side from `start` on as int32: where they lie, or in `scratch`; of a constant copies, which stay from block to block.
// @ts-ignore: decorator
@inline function side32(values: usize, bits: i32, start: i32, count: i32, scratch: usize): usize {
  if (bits == 32) return values + (<usize>start << 2)
  if (bits == 0) {
    if (start > 0) return scratch
    const all = i32x4.splat(load<i32>(values))
    for (let row = 0; row < count; row += 4) v128.store(scratch + (<usize>row << 2), all)
    return scratch
  }
  const from = values + (<usize>start << (bits == 16 ? 1 : 0))
  if (bits == 16) for (let row = 0; row < count; row += 4) v128.store(scratch + (<usize>row << 2), v128.load_ext<i16>(from + (<usize>row << 1)))
  else for (let row = 0; row < count; row += 4) v128.store(scratch + (<usize>row << 2), load4(from, row, 8))
  return scratch
}

// As `side32`, as int64.
// @ts-ignore: decorator
@inline function side64(values: usize, bits: i32, start: i32, count: i32, scratch: usize): usize {
  if (bits == 64) return values + (<usize>start << 3)
  if (bits > 1) {
    widenToI64(values + ((<usize>start * bits) >> 3), bits, count, scratch)
    return scratch
  }
  if (start > 0) return scratch
  const all = i64x2.splat(load<i64>(values))
  for (let row = 0; row < count; row += 2) v128.store(scratch + (<usize>row << 3), all)
  return scratch
}

/**
 * out = a `op` b in `bitsOut`: 0 add, 1 sub, 2 mul; what doesn't fit loses its upper bits. Constants are an int64 each, with `bits` 0 where 32
 * bits hold them, else 1. `scratch` has 3 * 4,160 bytes. Sides are padded.
 */
export function calculateNarrow(op: i32, a: usize, bitsA: i32, b: usize, bitsB: i32, rows: i32, scratch: usize, out: usize, bitsOut: i32): void {
  const small = bitsA <= 32 && bitsB <= 32 && bitsA != 1 && bitsB != 1
  const scratchB = scratch + 4160
  const scratchOut = scratch + 8320
  for (let start = 0; start < rows; start += blockRows) {
    const count = min(blockRows, rows - start)
    if (small && bitsOut <= 32) {
      const x = side32(a, bitsA, start, count, scratch)
      const y = side32(b, bitsB, start, count, scratchB)
      const z = bitsOut == 32 ? out + (<usize>start << 2) : scratchOut
      if (op == 2) for (let i: usize = 0, end = <usize>count << 2; i < end; i += 16) v128.store(z + i, i32x4.mul(v128.load(x + i), v128.load(y + i)))
      else if (op == 1) for (let i: usize = 0, end = <usize>count << 2; i < end; i += 16) v128.store(z + i, i32x4.sub(v128.load(x + i), v128.load(y + i)))
      else for (let i: usize = 0, end = <usize>count << 2; i < end; i += 16) v128.store(z + i, i32x4.add(v128.load(x + i), v128.load(y + i)))
      if (bitsOut < 32) narrow32(scratchOut, count, bitsOut, out + ((<usize>start * bitsOut) >> 3))
      continue
    }
    const z = bitsOut == 64 ? out + (<usize>start << 3) : scratchOut
    if (op == 2 && small) {
      const x = side32(a, bitsA, start, count, scratch)
      const y = side32(b, bitsB, start, count, scratchB)
      for (let i: usize = 0, end = <usize>count << 2; i < end; i += 16) {
        const left = v128.load(x + i)
        const right = v128.load(y + i)
        v128.store(z + (i << 1), i64x2.extmul_low_i32x4_s(left, right))
        v128.store(z + (i << 1), i64x2.extmul_high_i32x4_s(left, right), 16)
      }
    } else {
      const x = side64(a, bitsA, start, count, scratch)
      const y = side64(b, bitsB, start, count, scratchB)
      if (op == 2) for (let i: usize = 0, end = <usize>count << 3; i < end; i += 16) v128.store(z + i, i64x2.mul(v128.load(x + i), v128.load(y + i)))
      else if (op == 1) for (let i: usize = 0, end = <usize>count << 3; i < end; i += 16) v128.store(z + i, i64x2.sub(v128.load(x + i), v128.load(y + i)))
      else for (let i: usize = 0, end = <usize>count << 3; i < end; i += 16) v128.store(z + i, i64x2.add(v128.load(x + i), v128.load(y + i)))
    }
    if (bitsOut < 64) narrow64(scratchOut, count, bitsOut, out + ((<usize>start * bitsOut) >> 3))
  }
}

// `count` int32 in `bits`, which are 8 or 16. Reads and writes up to 7 values more.
function narrow32(values: usize, count: i32, bits: i32, out: usize): void {
  for (let row = 0; row < count; row += 8) {
    const at = values + (<usize>row << 2)
    const words = v128.shuffle<i16>(v128.load(at), v128.load(at, 16), 0, 2, 4, 6, 8, 10, 12, 14)
    if (bits == 16) v128.store(out + (<usize>row << 1), words)
    else v128.store_lane<u64>(out + <usize>row, v128.shuffle<i8>(words, words, 0, 2, 4, 6, 8, 10, 12, 14, 0, 2, 4, 6, 8, 10, 12, 14), 0)
  }
}

// `count` int64 in fewer bits. As `narrow32`.
function narrow64(values: usize, count: i32, bits: i32, out: usize): void {
  for (let row = 0; row < count; row += 8) {
    const at = values + (<usize>row << 3)
    storeNarrow(out, row, bits, v128.load(at), v128.load(at, 16), v128.load(at, 32), v128.load(at, 48))
  }
}
