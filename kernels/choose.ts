// Row by row one of two: out = bit of `mask` ? a : b. `constants` is a sum: 1 `a` is a constant, 2 `b` is; a constant is a 64-byte
// block that repeats its value.

// @ts-ignore: decorator
@inline function isSet(mask: usize, row: i32): bool {
  return ((load<u8>(mask + (row >> 3)) >> <u8>(row & 7)) & 1) != 0
}

// @ts-ignore: decorator
@inline function choose<T>(mask: usize, a: usize, b: usize, constants: i32, rows: i32, out: usize): void {
  const stepA: usize = constants & 1 ? 0 : sizeof<T>()
  const stepB: usize = constants & 2 ? 0 : sizeof<T>()
  for (let row = 0; row < rows; row++) {
    store<T>(out, select<T>(load<T>(a), load<T>(b), isSet(mask, row)))
    a += stepA
    b += stepB
    out += sizeof<T>()
  }
}

/** For values of one byte. */
export function chooseBytes1(mask: usize, a: usize, b: usize, constants: i32, rows: i32, out: usize): void {
  choose<u8>(mask, a, b, constants, rows, out)
}

/** For values of two bytes. */
export function chooseBytes2(mask: usize, a: usize, b: usize, constants: i32, rows: i32, out: usize): void {
  choose<u16>(mask, a, b, constants, rows, out)
}

/** For values of `size` bytes; a constant stands there once. */
export function chooseFixed(mask: usize, a: usize, b: usize, constants: i32, size: i32, rows: i32, out: usize): void {
  const width = <usize>size
  const stepA: usize = constants & 1 ? 0 : width
  const stepB: usize = constants & 2 ? 0 : width
  for (let row = 0; row < rows; row++) {
    memory.copy(out, isSet(mask, row) ? a : b, width)
    a += stepA
    b += stepB
    out += width
  }
}

/** For values of four bytes. */
export function chooseBytes4(mask: usize, a: usize, b: usize, constants: i32, rows: i32, out: usize): void {
  choose<u32>(mask, a, b, constants, rows, out)
}

/** For values of eight bytes. */
export function chooseBytes8(mask: usize, a: usize, b: usize, constants: i32, rows: i32, out: usize): void {
  choose<u64>(mask, a, b, constants, rows, out)
}

/** For views and other values of 16 bytes. */
export function chooseBytes16(mask: usize, a: usize, b: usize, constants: i32, rows: i32, out: usize): void {
  const stepA: usize = constants & 1 ? 0 : 16
  const stepB: usize = constants & 2 ? 0 : 16
  for (let row = 0; row < rows; row++) {
    v128.store(out, v128.load(isSet(mask, row) ? a : b))
    a += stepA
    b += stepB
    out += 16
  }
}

/** For bools: out = (mask AND a) OR (b AND NOT mask), over bitmaps; none of them is a constant. */
export function chooseBits(mask: usize, a: usize, b: usize, rows: i32, out: usize): void {
  const bytes = (rows + 7) >> 3
  for (let i = 0; i < bytes; i += 16) v128.store(out + i, v128.bitselect(v128.load(a + i), v128.load(b + i), v128.load(mask + i)))
  if (rows & 7) {
    const last = out + (rows >> 3)
    store<u8>(last, <u8>(<i32>load<u8>(last) & ((1 << (rows & 7)) - 1)))
  }
}
