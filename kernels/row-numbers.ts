// Row numbers as values, and rows chosen by their place: the first of their group, the first few of their run.

/** out[i] = start + i, as int64. */
export function fillNumbersI64(out: usize, rows: i32, start: f64): void {
  let next = <i64>start
  for (let i = 0; i < rows; i++) store<i64>(out + (<usize>i << 3), next++)
}

/** The numbers of the rows that are the first of their group: `gids` number groups in order of first sight, `known` of them were seen before. Returns how many. */
export function selectFirsts(gids: usize, rows: i32, known: u32, out: usize): i32 {
  const start = out
  let next = known
  for (let i = 0; i < rows; i++) {
    if (load<u32>(gids + (<usize>i << 2)) == next) {
      store<u32>(out, <u32>i)
      out += 4
      next++
    }
  }
  return <i32>((out - start) >> 2)
}

/** Of row numbers in an order that puts rows of one id together, the first `most` of each id; `out` may be `indices`. Returns how many. */
export function firstOfEach(ids: usize, indices: usize, rows: i32, most: i32, out: usize): i32 {
  const start = out
  let last: u32 = 0
  let taken = most
  for (let i = 0; i < rows; i++) {
    const row = load<u32>(indices + (<usize>i << 2))
    const id = load<u32>(ids + (<usize>row << 2))
    if (i == 0 || id != last) taken = 0
    last = id
    if (taken < most) {
      store<u32>(out, row)
      out += 4
      taken++
    }
  }
  return <i32>((out - start) >> 2)
}

/** Of `rows` rows that become `parts` each: for every new row its old one, its place among `parts` columns end to end, and the number of the part. */
export function interleaveRows(rows: i32, parts: i32, old: usize, places: usize, numbers: usize): void {
  for (let row = 0; row < rows; row++) {
    for (let part = 0; part < parts; part++) {
      store<i32>(old, row)
      store<i32>(places, part * rows + row)
      store<i32>(numbers, part)
      old += 4
      places += 4
      numbers += 4
    }
  }
}

/** out[i] = the last row up to i whose bit is 1, or `rows` where there is none: the row behind the others. */
export function lastSetBits(bits: usize, rows: i32, out: usize): void {
  let last = rows
  for (let row = 0; row < rows; row++) {
    if (((<u32>load<u8>(bits + (row >> 3)) >> (row & 7)) & 1) != 0) last = row
    store<i32>(out + (<usize>row << 2), last)
  }
}

/**
 * Of rows of lists: for each item the number of its row, its own number, and its place in its list. Where bit `row` of validity is 0 (address 0: none), or
 * a list is empty, nothing, or with `keep` one row whose item is `none` and whose place is −1. `size` > 0: lists of so many items each, without offsets.
 * Returns how many; with `rowsOut` 0 nothing is written.
 */
export function explodeLists(offsets: usize, size: i32, validity: usize, rows: i32, keep: i32, none: i32, rowsOut: usize, items: usize, places: usize): i32 {
  let count = 0
  for (let row = 0; row < rows; row++) {
    const isNull = validity != 0 && ((<u32>load<u8>(validity + (row >> 3)) >> (row & 7)) & 1) == 0
    const at = offsets + (<usize>row << 2)
    const start = size > 0 ? row * size : load<i32>(at)
    const end = isNull ? start : size > 0 ? start + size : load<i32>(at, 4)
    const taken = end > start ? end - start : keep
    if (rowsOut != 0) {
      for (let i = 0; i < taken; i++) {
        const to = <usize>(count + i) << 2
        store<i32>(rowsOut + to, row)
        store<i32>(items + to, end > start ? start + i : none)
        store<i32>(places + to, end > start ? i : -1)
      }
    }
    count += taken
  }
  return count
}

/** int32 places as int64, and a bitmap of those that are not negative. */
export function widenPlaces(places: usize, rows: i32, out: usize, validity: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const stop = min(row + 8, rows)
    let byte: u32 = 0
    for (let i = row; i < stop; i++) {
      const place = load<i32>(places + (<usize>i << 2))
      store<i64>(out + (<usize>i << 3), <i64>max(place, 0))
      byte |= u32(place >= 0) << (i & 7)
    }
    store<u8>(validity++, <u8>byte)
  }
}

/** Sets the bits of some rows. */
export function markRows(indices: usize, rows: i32, bits: usize): void {
  for (let i = 0; i < rows; i++) {
    const row = load<u32>(indices + (<usize>i << 2))
    const at = bits + <usize>(row >> 3)
    store<u8>(at, <u8>(<u32>load<u8>(at) | (1 << (row & 7))))
  }
}
