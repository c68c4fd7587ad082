// Moving lists: the offsets of chosen rows, and the numbers of the items that they hold. Offsets never fall; rows are trusted.

/** The offsets (`rows` + 1, from 0) of the lists of the rows `indices`, and their items in all: beyond 2^31 − 1 the offsets are wrong and must not be used. */
export function gatherOffsets(offsets: usize, indices: usize, rows: i32, out: usize): f64 {
  let total: i64 = 0
  store<i32>(out, 0)
  for (let i = 0; i < rows; i++) {
    const at = offsets + (<usize>load<u32>(indices + (<usize>i << 2)) << 2)
    total += <i64>(load<i32>(at, 4) - load<i32>(at))
    store<i32>(out + (<usize>i << 2), <i32>total, 4)
  }
  return <f64>total
}

/** The numbers of all items of the lists of the rows `indices`, one list after the other. */
export function listItems(offsets: usize, indices: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const at = offsets + (<usize>load<u32>(indices + (<usize>i << 2)) << 2)
    const end = load<i32>(at, 4)
    for (let item = load<i32>(at); item < end; item++) {
      store<i32>(out, item)
      out += 4
    }
  }
}

/** As `listItems`, of lists of `size` items each. */
export function fixedItems(indices: usize, rows: i32, size: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const first = load<u32>(indices + (<usize>i << 2)) * <u32>size
    for (let item: u32 = 0; item < <u32>size; item++) {
      store<u32>(out, first + item)
      out += 4
    }
  }
}

/** out[i] = offsets[i] + delta. */
export function shiftOffsets(offsets: usize, count: i32, delta: i32, out: usize): void {
  for (let i = 0; i < count; i++) store<i32>(out + (<usize>i << 2), load<i32>(offsets + (<usize>i << 2)) + delta)
}

/** out[i] = i · stepA where bit i of mask is 1, else start + i · stepB: row numbers of two columns end to end, of which a constant has step 0. */
export function chooseRows(mask: usize, stepA: i32, start: i32, stepB: i32, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const bit = (<u32>load<u8>(mask + (row >> 3)) >> (row & 7)) & 1
    store<i32>(out + (<usize>row << 2), bit ? row * stepA : start + row * stepB)
  }
}

/** 0 where `rows` + 1 offsets lie within 0 and `items` and never fall, else −1. */
export function checkOffsets(offsets: usize, rows: i32, items: i32): i32 {
  let before = load<i32>(offsets)
  if (before < 0) return -1
  for (let i = 1; i <= rows; i++) {
    const offset = load<i32>(offsets + (<usize>i << 2))
    if (offset < before) return -1
    before = offset
  }
  return before > items ? -1 : 0
}

/** The greatest of `rows` u32; 0 where there are none. */
export function greatestU32(values: usize, rows: i32): u32 {
  let lanes = i32x4.splat(0)
  let i = 0
  for (; i + 4 <= rows; i += 4) lanes = i32x4.max_u(lanes, v128.load(values + (<usize>i << 2)))
  let greatest = max(max(<u32>i32x4.extract_lane(lanes, 0), <u32>i32x4.extract_lane(lanes, 1)), max(<u32>i32x4.extract_lane(lanes, 2), <u32>i32x4.extract_lane(lanes, 3)))
  for (; i < rows; i++) greatest = max<u32>(greatest, load<u32>(values + (<usize>i << 2)))
  return greatest
}

/** The offsets, from 0, of lists given by starts and sizes (u32) among `items` items, and their items in all; −1 where a list lies outside, or they are 2^31 or more. */
export function listViewOffsets(starts: usize, sizes: usize, rows: i32, items: i32, out: usize): f64 {
  let total: u64 = 0
  store<i32>(out, 0)
  for (let i = 0; i < rows; i++) {
    const start = <u64>load<u32>(starts + (<usize>i << 2))
    const size = <u64>load<u32>(sizes + (<usize>i << 2))
    if (start + size > <u64>items) return -1
    total += size
    if (total > 0x7fffffff) return -1
    store<i32>(out + (<usize>i << 2), <i32>total, 4)
  }
  return <f64>total
}

/** The numbers of the items of such lists, one list after the other. */
export function listViewItems(starts: usize, sizes: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const start = load<u32>(starts + (<usize>i << 2))
    const end = start + load<u32>(sizes + (<usize>i << 2))
    for (let item = start; item < end; item++) {
      store<u32>(out, item)
      out += 4
    }
  }
}
