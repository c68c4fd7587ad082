// Bit-packed numbers of at most 9 bits, eight at a time: each lane gets the two bytes that its number lies in, a multiplication moves the number to the lane's top,
// and a shift to its bottom.

// The eight numbers that begin at `p`, in lanes of 16 bits; `shift` is 16 − width. Reads 16 bytes.
// @ts-ignore: decorator
@inline export function eightNumbers(p: usize, swizzle: v128, scale: v128, shift: i32): v128 {
  return i16x8.shr_u(i16x8.mul(i8x16.swizzle(v128.load(p), swizzle), scale), shift)
}

// The two bytes of each of eight numbers of at most 9 bits.
export function narrowSwizzleOf(width: u32): v128 {
  let lanes = i16x8.splat(0)
  lanes = i16x8.replace_lane(lanes, 0, <i16>0x0100)
  lanes = i16x8.replace_lane(lanes, 1, <i16>(0x0100 + (width >> 3) * 0x0101))
  lanes = i16x8.replace_lane(lanes, 2, <i16>(0x0100 + ((2 * width) >> 3) * 0x0101))
  lanes = i16x8.replace_lane(lanes, 3, <i16>(0x0100 + ((3 * width) >> 3) * 0x0101))
  lanes = i16x8.replace_lane(lanes, 4, <i16>(0x0100 + ((4 * width) >> 3) * 0x0101))
  lanes = i16x8.replace_lane(lanes, 5, <i16>(0x0100 + ((5 * width) >> 3) * 0x0101))
  lanes = i16x8.replace_lane(lanes, 6, <i16>(0x0100 + ((6 * width) >> 3) * 0x0101))
  return i16x8.replace_lane(lanes, 7, <i16>(0x0100 + ((7 * width) >> 3) * 0x0101))
}

// Factors that move each of eight numbers to the top of its 16 bits.
export function narrowScaleOf(width: u32): v128 {
  const top = 16 - width
  let lanes = i16x8.splat(0)
  lanes = i16x8.replace_lane(lanes, 0, <i16>((<u32>1) << top))
  lanes = i16x8.replace_lane(lanes, 1, <i16>((<u32>1) << (top - (width & 7))))
  lanes = i16x8.replace_lane(lanes, 2, <i16>((<u32>1) << (top - ((2 * width) & 7))))
  lanes = i16x8.replace_lane(lanes, 3, <i16>((<u32>1) << (top - ((3 * width) & 7))))
  lanes = i16x8.replace_lane(lanes, 4, <i16>((<u32>1) << (top - ((4 * width) & 7))))
  lanes = i16x8.replace_lane(lanes, 5, <i16>((<u32>1) << (top - ((5 * width) & 7))))
  lanes = i16x8.replace_lane(lanes, 6, <i16>((<u32>1) << (top - ((6 * width) & 7))))
  return i16x8.replace_lane(lanes, 7, <i16>((<u32>1) << (top - ((7 * width) & 7))))
}
