// Bit-packed numbers of at most 9 bits, eight at a time: each lane gets the two bytes that its number lies in, a multiplication moves the number to the lane's top,
// and a shift to its bottom.

// The eight numbers that begin at `p`, in lanes of 16 bits; `shift` is 16 − width. Reads 16 bytes.
// @ts-ignore: decorator
@inline export function eightNumbers(p: usize, swizzle: v128, scale: v128, shift: i32): v128 {
  return i16x8.shr_u(i16x8.mul(i8x16.swizzle(v128.load(p), swizzle), scale), shift)
}

// For `eightNumbers`: each lane gets the two bytes that its number lies in.
export function swizzleOf8(width: u32): v128 {
  let low: u64 = 0
  let high: u64 = 0
  for (let k: u32 = 0; k < 4; k++) {
    const byte = <u64>((k * width) >> 3)
    low |= (byte | ((byte + 1) << 8)) << <u64>(16 * k)
    const other = <u64>(((k + 4) * width) >> 3)
    high |= (other | ((other + 1) << 8)) << <u64>(16 * k)
  }
  return i64x2.replace_lane(i64x2.splat(low), 1, high)
}

// For `eightNumbers`: factors that move each of eight numbers to the top of its lane.
export function scaleOf8(width: u32): v128 {
  let low: u64 = 0
  let high: u64 = 0
  for (let k: u32 = 0; k < 4; k++) {
    low |= <u64>(1 << (16 - width - ((k * width) & 7))) << <u64>(16 * k)
    high |= <u64>(1 << (16 - width - (((k + 4) * width) & 7))) << <u64>(16 * k)
  }
  return i64x2.replace_lane(i64x2.splat(low), 1, high)
}
