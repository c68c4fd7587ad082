// Values of narrow and wide types as the words, floats and bytes that keys are compared and hashed as, and back.

/** float16 values, by their bits, as float64. */
export function widenF16(source: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const bits = <u32>load<u16>(source + (<usize>i << 1))
    const exponent = (bits >> 10) & 31
    const fraction = bits & 1023
    let size: f64
    if (exponent == 0) size = <f64>fraction * 5.9604644775390625e-8
    else if (exponent == 31) size = fraction ? NaN : Infinity
    else size = reinterpret<f64>((<u64>(exponent + 1008) << 52) | (<u64>fraction << 42))
    store<f64>(out + (<usize>i << 3), copysign<f64>(size, bits & 0x8000 ? -1.0 : 1.0))
  }
}

/** The inverse of `widenF16`, for float64 values that are float16 ones. NaN becomes the quiet one. */
export function narrowF16(source: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const value = load<f64>(source + (<usize>i << 3))
    const bits = reinterpret<u64>(value)
    const exponent = <i32>((bits >> 52) & 2047) - 1023
    let half: u32
    if (value != value) half = 0x7e00
    else if (exponent == 1024) half = 0x7c00
    else if (exponent < -14) half = <u32>(abs<f64>(value) * 16777216.0)
    else half = (<u32>(exponent + 15) << 10) | <u32>((bits >> 42) & 1023)
    store<u16>(out + (<usize>i << 1), <u16>(half | (bits >> 63 ? 0x8000 : 0)))
  }
}

/** float64 values that are float32 ones as such. */
export function narrowF32(source: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) store<f32>(out + (<usize>i << 2), <f32>load<f64>(source + (<usize>i << 3)))
}

/** The low bytes of int32 values: `bytes` is 1 or 2. */
export function narrowI32(source: usize, rows: i32, bytes: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const value = load<i32>(source + (<usize>i << 2))
    if (bytes == 1) store<u8>(out + <usize>i, <u8>value)
    else store<u16>(out + (<usize>i << 1), <u16>value)
  }
}

/** 64-bit values with their top bit flipped: unsigned order becomes signed order, and back. */
export function flipI64(source: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) store<u64>(out + (<usize>i << 3), load<u64>(source + (<usize>i << 3)) ^ 0x8000000000000000)
}

/** The low halves of 16-byte numbers. */
export function narrowI128(source: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) store<u64>(out + (<usize>i << 3), load<u64>(source + (<usize>i << 4)))
}

/** int64 values as 16-byte numbers. */
export function widenI64(source: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const value = load<i64>(source + (<usize>i << 3))
    store<i64>(out + (<usize>i << 4), value)
    store<i64>(out + (<usize>i << 4), value >> 63, 8)
  }
}

/** 16-byte numbers as bytes whose order, compared one after the other, is theirs: big-endian, the sign flipped. `back`: the inverse. */
export function orderI128(source: usize, rows: i32, back: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const at = source + (<usize>i << 4)
    const to = out + (<usize>i << 4)
    let first = load<u64>(at)
    let second = load<u64>(at, 8)
    if (back) first ^= 0x80
    else second ^= 0x8000000000000000
    store<u64>(to, bswap<u64>(second))
    store<u64>(to, bswap<u64>(first), 8)
  }
}

/** The `size` bytes of each view, one after the other; of a view of another length as many as there are, and zeros. */
export function viewsToFixed(views: usize, rows: i32, size: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const view = views + (<usize>i << 4)
    const length = min<u32>(load<u32>(view), <u32>size)
    const bytes = load<u32>(view) > 12 ? <usize>load<u32>(view, 12) : view + 4
    memory.copy(out, bytes, length)
    memory.fill(out + <usize>length, 0, <usize>size - <usize>length)
    out += <usize>size
  }
}
