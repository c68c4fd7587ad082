// Keys of joins as words that are equal exactly where the keys are: whole numbers as int64 or uint64, floats by their bits with one NaN and one
// zero. Where sides of different types meet, a value that the other type doesn't have gets no bit in `fits`: it meets nothing.
// Several keys become one binary view a row, their bytes one behind the other.

const nanBits: u64 = 0x7ff8000000000000

// @ts-ignore: decorator
@inline function canonical(value: f64): u64 {
  return value != value ? nanBits : value == 0 ? 0 : reinterpret<u64>(value)
}

// @ts-ignore: decorator
@inline function ofHalf(half: u32): f64 {
  const exponent = (half >> 10) & 31
  const fraction = half & 1023
  const sign = half >> 15 ? -1.0 : 1.0
  if (exponent == 31) return fraction ? NaN : sign * Infinity
  return exponent == 0 ? sign * <f64>fraction * 5.960464477539063e-8 : sign * reinterpret<f64>((<u64>exponent + 1008) << 52 | <u64>fraction << 42)
}

// @ts-ignore: decorator
@inline function floatAt(kind: i32, values: usize, row: usize): f64 {
  if (kind == 9) return load<f64>(values + (row << 3))
  return kind == 8 ? <f64>load<f32>(values + (row << 2)) : ofHalf(load<u16>(values + (row << 1)))
}

// @ts-ignore: decorator
@inline function widen<T>(values: usize, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<i64>(out + (row << 3), <i64>load<T>(values + row * sizeof<T>()))
}

/** Words of a column. `kind`: 0 int8 · 1 uint8 · 2 int16 · 3 uint16 · 4 int32 · 5 uint32 · 6 64-bit · 7 bits · 8 float32 · 9 float64 · 10 float16. */
export function keyWords(kind: i32, values: usize, rows: i32, out: usize): void {
  switch (kind) {
    case 0:
      return widen<i8>(values, rows, out)
    case 1:
      return widen<u8>(values, rows, out)
    case 2:
      return widen<i16>(values, rows, out)
    case 3:
      return widen<u16>(values, rows, out)
    case 4:
      return widen<i32>(values, rows, out)
    case 5:
      return widen<u32>(values, rows, out)
    case 6:
      return widen<i64>(values, rows, out)
    case 7:
      for (let row = 0; row < rows; row++) store<u64>(out + (<usize>row << 3), <u64>((<u32>load<u8>(values + (row >> 3)) >> (row & 7)) & 1))
      return
    default:
      for (let row: usize = 0; row < <usize>rows; row++) store<u64>(out + (row << 3), canonical(floatAt(kind, values, row)))
  }
}

/** Whole numbers among floats (kinds 8 to 10 of `keyWords`) as int64, or as uint64 where `unsigned`; the others don't fit. Returns how many fit. */
export function wholeWords(kind: i32, unsigned: i32, values: usize, rows: i32, out: usize, fits: usize): i32 {
  let total = 0
  for (let row = 0; row < rows; row += 8) {
    const last = min(8, rows - row)
    let bits = 0
    for (let i = 0; i < last; i++) {
      const value = floatAt(kind, values, <usize>(row + i))
      const inside = unsigned ? value >= 0 && value < 18446744073709551616.0 : value >= -9223372036854775808.0 && value < 9223372036854775808.0
      const ok = inside && trunc<f64>(value) == value
      const safe = ok ? value : 0.0
      store<u64>(out, unsigned ? <u64>safe : <u64>(<i64>safe))
      bits |= i32(ok) << i
      out += 8
    }
    total += popcnt<i32>(bits)
    store<u8>(fits++, <u8>bits)
  }
  return total
}

/** uint64 as int64: those below 2^63 fit. Copies the words. Returns how many fit. */
export function signedWords(values: usize, rows: i32, out: usize, fits: usize): i32 {
  return scaleWords(values, 1, rows, out, fits)
}

/** value · factor; what leaves int64 doesn't fit. A factor of 1 stands for uint64 read as int64: negative ones don't fit. Returns how many fit. */
export function scaleWords(values: usize, factor: i64, rows: i32, out: usize, fits: usize): i32 {
  const limit = factor == 1 ? i64.MAX_VALUE : i64.MAX_VALUE / factor
  const least = factor == 1 ? 0 : -limit
  let total = 0
  for (let row = 0; row < rows; row += 8) {
    const last = min(8, rows - row)
    let bits = 0
    for (let i = 0; i < last; i++) {
      const value = load<i64>(values)
      const ok = value >= least && value <= limit
      store<i64>(out, value * factor)
      bits |= i32(ok) << i
      values += 8
      out += 8
    }
    total += popcnt<i32>(bits)
    store<u8>(fits++, <u8>bits)
  }
  return total
}

/** Adds 4 + the length of each view to `lengths` (u32 a row). Nulls have a view too. */
export function addViewLengths(values: usize, rows: i32, lengths: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<u32>(lengths + (row << 2), load<u32>(lengths + (row << 2)) + 4 + load<u32>(values + (row << 4)))
}

/** cursors[row] = where the row's bytes begin, one behind the other from `heap` on. Returns their sum. */
export function layKeys(lengths: usize, rows: i32, heap: usize, cursors: usize): f64 {
  let total: u64 = 0
  for (let row: usize = 0; row < <usize>rows; row++) {
    store<u32>(cursors + (row << 2), <u32>(<u64>heap + total))
    total += <u64>load<u32>(lengths + (row << 2))
  }
  return <f64>total
}

/** Writes values of `size` bytes to where the rows' cursors are, and moves those on. */
export function putFixed(values: usize, size: i32, rows: i32, cursors: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const at = <usize>load<u32>(cursors + (row << 2))
    if (size == 8) store<u64>(at, load<u64>(values + (row << 3)))
    else memory.copy(at, values + row * <usize>size, <usize>size)
    store<u32>(cursors + (row << 2), <u32>(at + <usize>size))
  }
}

/** Writes the length and the bytes of views. */
export function putViews(values: usize, rows: i32, cursors: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const at = <usize>load<u32>(cursors + (row << 2))
    const view = values + (row << 4)
    const length = load<u32>(view)
    store<u32>(at, length)
    memory.copy(at + 4, length > 12 ? <usize>load<u32>(view, 12) : view + 4, length)
    store<u32>(cursors + (row << 2), <u32>(at + 4 + <usize>length))
  }
}

/** The views of keys of `lengths` bytes that end where the cursors are. */
export function sealKeys(lengths: usize, rows: i32, cursors: usize, views: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const length = load<u32>(lengths + (row << 2))
    const bytes = <usize>load<u32>(cursors + (row << 2)) - <usize>length
    const view = views + (row << 4)
    store<u64>(view, 0)
    store<u64>(view, 0, 8)
    store<u32>(view, length)
    if (length <= 12) memory.copy(view + 4, bytes, length)
    else {
      store<u32>(view, load<u32>(bytes), 4)
      store<u32>(view, <u32>bytes, 12)
    }
  }
}
