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
