// UTF-8: strict validation (no overlong forms, no surrogates, nothing above U+10FFFF) by three 16-entry table look-ups a byte pair.
// Method: J. Keiser and D. Lemire, "Validating UTF-8 in less than one instruction per byte" (2021).

// Error bits: 1 too short, 2 too long, 4 overlong of three, 8 too large, 16 surrogate, 32 overlong of two, 64 overlong of four or far too large, 128 two continuations.
const FIRST_HIGH: usize = memory.data<u8>([2, 2, 2, 2, 2, 2, 2, 2, 128, 128, 128, 128, 33, 1, 21, 73], 16)
const FIRST_LOW: usize = memory.data<u8>([231, 163, 131, 131, 139, 203, 203, 203, 203, 203, 203, 203, 203, 219, 203, 203], 16)
const SECOND_HIGH: usize = memory.data<u8>([1, 1, 1, 1, 1, 1, 1, 1, 230, 174, 186, 186, 1, 1, 1, 1], 16)
// A window on ones then zeros: 16 bytes from KEEP + 16 - n keep the first n bytes of a block.
const KEEP: usize = memory.data<u8>([255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 16)

/** 1 where the bytes [start, end) are UTF-8, else 0. Reads up to 15 bytes past `end`, which don't count. */
function validateUtf8(start: usize, end: usize): i32 {
  let previous = i64x2.splat(0)
  let error = i64x2.splat(0)
  for (let p = start; p < end; p += 16) {
    let block = v128.load(p)
    if (end - p < 16) block = v128.and(block, v128.load(KEEP + 16 - (end - p)))
    error = v128.or(error, pairErrors(block, previous))
    previous = block
  }
  // A sequence cut off by the end: the last block may lack continuations only in its final three bytes.
  error = v128.or(error, pairErrors(i64x2.splat(0), previous))
  return <i32>!v128.any_true(error)
}

// @ts-ignore: decorator
@inline function pairErrors(block: v128, previous: v128): v128 {
  const before1 = i8x16.shuffle(previous, block, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)
  const low = i8x16.splat(15)
  const pairs = v128.and(
    v128.and(i8x16.swizzle(v128.load(FIRST_HIGH), i8x16.shr_u(before1, 4)), i8x16.swizzle(v128.load(FIRST_LOW), v128.and(before1, low))),
    i8x16.swizzle(v128.load(SECOND_HIGH), i8x16.shr_u(block, 4)),
  )
  const before2 = i8x16.shuffle(previous, block, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29)
  const before3 = i8x16.shuffle(previous, block, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28)
  const third = i8x16.sub_sat_u(before2, i8x16.splat(0x60))
  const fourth = i8x16.sub_sat_u(before3, i8x16.splat(0x70))
  const continues = v128.and(v128.or(third, fourth), i8x16.splat(-128))
  return v128.xor(continues, pairs)
}

/** The offset of the first byte of the first malformed sequence in `bytes` bytes, or -1. For messages: one byte at a time. */
function findBadUtf8(start: usize, bytes: i32): i32 {
  let at = 0
  while (at < bytes) {
    const size = sequenceBytes(start + <usize>at, bytes - at)
    if (size == 0) return at
    at += size
  }
  return -1
}

function sequenceBytes(p: usize, left: i32): i32 {
  const first = <u32>load<u8>(p)
  if (first < 0x80) return 1
  const size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  if (size == 0 || size > left) return 0
  const second = <u32>load<u8>(p, 1)
  const from: u32 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80
  const to: u32 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf
  if (second < from || second > to) return 0
  for (let i = 2; i < size; i++) if ((load<u8>(p + <usize>i) & 0xc0) != 0x80) return 0
  return size
}

export { validateUtf8, findBadUtf8 }
