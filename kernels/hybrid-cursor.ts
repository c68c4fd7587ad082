// Parquet's hybrid of runs and bit-packed numbers (apache/parquet-format, Encodings.md), taken in parts. Input is hostile: every read is checked against the end.
//
// A cursor over RLE/bit-packed hybrid data is 32 bytes, so that a page can be taken in parts:
// [next u32][end u32][bit width u32][values left in the run u32][run is packed u32][value of the run u32][bits taken of a byte u32][–]

// @ts-ignore: decorator
@inline export const NEXT: usize = 0, END: usize = 4, WIDTH: usize = 8, LEFT: usize = 12, PACKED: usize = 16, VALUE: usize = 20, TAKEN: usize = 24

// Reads a run's header; false where the bytes end or the header is no varint of 32 bits.
export function nextRun(cursor: usize): bool {
  let p = <usize>load<u32>(cursor, NEXT)
  const end = <usize>load<u32>(cursor, END)
  const width = load<u32>(cursor, WIDTH)
  if (p >= end) return false
  let header = <u64>load<u8>(p++)
  if (header > 127) {
    header &= 127
    for (let shift: u64 = 7; ; shift += 7) {
      if (p >= end || shift > 28) return false
      const byte = <u64>load<u8>(p++)
      header |= (byte & 127) << shift
      if (byte < 128) break
    }
  }
  const count = header >> 1
  if (header & 1) {
    let values = count * 8
    // Some writers cut the padding of the last group.
    if (count * <u64>width > <u64>(end - p)) values = (<u64>(end - p) * 8) / <u64>width
    if (values > 0x7fffffff || (values == 0 && count > 0)) return false
    store<u32>(cursor, <u32>values, LEFT)
    store<u32>(cursor, 1, PACKED)
    store<u32>(cursor, 0, TAKEN)
  } else {
    const bytes = <usize>((width + 7) >> 3)
    if (bytes > <usize>(end - p) || count > 0x7fffffff) return false
    let value = width == 0 ? <u32>0 : <u32>load<u8>(p)
    for (let i: usize = 1; i < bytes; i++) value |= <u32>load<u8>(p + i) << (<u32>i << 3)
    p += bytes
    store<u32>(cursor, <u32>count, LEFT)
    store<u32>(cursor, 0, PACKED)
    store<u32>(cursor, value, VALUE)
  }
  store<u32>(cursor, <u32>p, NEXT)
  return true
}

// How many of the next `wanted` numbers, at least one, the run at hand has; the next run is begun where it has none. 0 where the data ends early.
// @ts-ignore: decorator
@inline export function numbersInRun(cursor: usize, wanted: u32): u32 {
  while (load<u32>(cursor, LEFT) == 0) if (!nextRun(cursor)) return 0
  return min(wanted, load<u32>(cursor, LEFT))
}

// Moves a run of one number on by `count`.
// @ts-ignore: decorator
@inline export function skipRepeated(cursor: usize, count: u32): void {
  store<u32>(cursor, load<u32>(cursor, LEFT) - count, LEFT)
}

// Moves a packed run on by `count` values.
// @ts-ignore: decorator
@inline export function skipPacked(cursor: usize, count: u32): void {
  const bits = <u64>load<u32>(cursor, TAKEN) + <u64>count * <u64>load<u32>(cursor, WIDTH)
  let next = <usize>load<u32>(cursor, NEXT) + <usize>(bits >> 3)
  let taken = <u32>(bits & 7)
  const left = load<u32>(cursor, LEFT) - count
  if (left == 0 && taken != 0) {
    next = min(next + 1, <usize>load<u32>(cursor, END))
    taken = 0
  }
  store<u32>(cursor, <u32>next, NEXT)
  store<u32>(cursor, taken, TAKEN)
  store<u32>(cursor, left, LEFT)
}
