// From what a probe has found to pairs of rows: row numbers of the probing side, ids of the stored side (see join-table.ts), in order of the
// probing side. `none` among the probe's ids is a row without a match; `absent` among a pair's ids stands for a stored row of nulls.

const none: u32 = 0xffffffff

/** Pairs of the rows that have an id. Returns how many. Both results have room for `rows`. */
export function pairHeads(heads: usize, rows: i32, left: usize, right: usize): i32 {
  const start = left
  for (let row = 0; row < rows; row++) {
    const id = load<u32>(heads + (<usize>row << 2))
    store<i32>(left, row)
    store<u32>(right, id)
    const step = <usize>(id != none) << 2
    left += step
    right += step
  }
  return <i32>((left - start) >> 2)
}

/** Puts `absent` where there is no id; returns how many there are. */
export function fillHeads(heads: usize, rows: i32, absent: u32): i32 {
  let found = 0
  for (let row = 0; row < rows; row++) {
    const id = load<u32>(heads + (<usize>row << 2))
    found += i32(id != none)
    store<u32>(heads + (<usize>row << 2), select<u32>(absent, id, id == none))
  }
  return found
}

/** Bit `row` of out = whether the row has an id (`wanted` 1) or none (0). Returns the number of 1 bits. */
export function headBits(heads: usize, rows: i32, wanted: i32, out: usize): i32 {
  let total = 0
  for (let row = 0; row < rows; row += 8) {
    const count = min(8, rows - row)
    let byte: u32 = 0
    for (let i = 0; i < count; i++) byte |= <u32>(i32(load<u32>(heads + (<usize>(row + i) << 2)) != none) == wanted) << i
    total += popcnt<u32>(byte)
    store<u8>(out++, <u8>byte)
  }
  return total
}

/**
 * Pairs of each row and the stored rows of its key, at most `capacity`. `cursor` is [row u32, id u32], [0, none] at the start, and moves on; all
 * is done when its row reaches `rows`. Returns the number of pairs. `links` 0: keys are unique.
 */
export function expandHeads(heads: usize, rows: i32, links: usize, cursor: usize, left: usize, right: usize, capacity: i32): i32 {
  let row = load<i32>(cursor)
  let id = load<u32>(cursor, 4)
  let pairs = 0
  while (row < rows) {
    if (id == none) {
      id = load<u32>(heads + (<usize>row << 2))
      if (id == none) {
        row++
        continue
      }
    }
    while (id != none && pairs < capacity) {
      store<i32>(left + (<usize>pairs << 2), row)
      store<u32>(right + (<usize>pairs << 2), id)
      pairs++
      id = links == 0 ? none : load<u32>(links + (<usize>id << 2))
    }
    if (id != none) break
    row++
  }
  store<i32>(cursor, row)
  store<u32>(cursor, id, 4)
  return pairs
}

/**
 * Pairs of each row and the ids order[starts[row]] … order[ends[row] − 1], at most `capacity`. `cursor` is [row u32, ids of it that are done u32], [0, 0]
 * at the start. `starts` 0: each row meets all of [0, all).
 */
export function expandRanges(starts: usize, ends: usize, all: i32, rows: i32, order: usize, cursor: usize, left: usize, right: usize, capacity: i32): i32 {
  let row = load<i32>(cursor)
  let done = load<i32>(cursor, 4)
  let pairs = 0
  while (row < rows) {
    const from = starts == 0 ? 0 : load<i32>(starts + (<usize>row << 2))
    const to = starts == 0 ? all : load<i32>(ends + (<usize>row << 2))
    const count = min(to - from - done, capacity - pairs)
    if (count > 0) {
      let id = order + (<usize>(from + done) << 2)
      for (let i = 0; i < count; i++) {
        store<i32>(left + (<usize>pairs << 2), row)
        store<u32>(right + (<usize>pairs << 2), load<u32>(id))
        id += 4
        pairs++
      }
      done += count
    }
    if (done < to - from) break
    row++
    done = 0
  }
  store<i32>(cursor, row)
  store<i32>(cursor, done, 4)
  return pairs
}

/** Keeps the pairs whose bit is 1, in place; returns how many. */
export function keepPairs(left: usize, right: usize, count: i32, mask: usize): i32 {
  let kept: usize = 0
  for (let i = 0; i < count; i++) {
    const bit = (<usize>load<u8>(mask + (i >> 3)) >> (i & 7)) & 1
    store<u32>(left + (kept << 2), load<u32>(left + (<usize>i << 2)))
    store<u32>(right + (kept << 2), load<u32>(right + (<usize>i << 2)))
    kept += bit
  }
  return <i32>kept
}

/** marks[index] = 1 for each of the indices. Threads may mark the same bytes at once. */
export function markIndices(indices: usize, count: i32, marks: usize): void {
  for (let i = 0; i < count; i++) store<u8>(marks + <usize>load<u32>(indices + (<usize>i << 2)), 1)
}

/** As `markIndices`, but for `none`. */
export function markHeads(heads: usize, count: i32, marks: usize): void {
  for (let i = 0; i < count; i++) {
    const id = load<u32>(heads + (<usize>i << 2))
    if (id != none) store<u8>(marks + <usize>id, 1)
  }
}

/** Marks the rows behind marked ones: `links` give the next row of the same key, none of a lower number. */
export function markLinked(links: usize, ids: i32, marks: usize): void {
  for (let id = 0; id < ids; id++) {
    if (load<u8>(marks + <usize>id) == 0) continue
    const next = load<u32>(links + (<usize>id << 2))
    if (next != none) store<u8>(marks + <usize>next, 1)
  }
}

/** Bit `row` of out = whether its mark is `wanted` (1 or 0). Returns the number of 1 bits. */
export function markBits(marks: usize, rows: i32, wanted: i32, out: usize): i32 {
  let total = 0
  for (let row = 0; row < rows; row += 8) {
    const count = min(8, rows - row)
    let byte: u32 = 0
    for (let i = 0; i < count; i++) byte |= <u32>(i32(load<u8>(marks + <usize>(row + i))) == wanted) << i
    total += popcnt<u32>(byte)
    store<u8>(out++, <u8>byte)
  }
  return total
}

/**
 * Adds a pair with `absent` for each row of [start, end) that has no mark, at its place among `count` pairs in order of rows. A row that has a
 * mark but no pair here is left out, pairs of rows from `end` on come last. Returns the number of pairs; the results have room for count + end − start.
 */
export function addUnmarked(left: usize, right: usize, count: i32, marks: usize, start: i32, end: i32, absent: u32, outLeft: usize, outRight: usize): i32 {
  let pair = 0
  let out: usize = 0
  for (let row = start; row < end; row++) {
    if (load<u8>(marks + <usize>row) == 0) {
      store<i32>(outLeft + out, row)
      store<u32>(outRight + out, absent)
      out += 4
      continue
    }
    while (pair < count && load<i32>(left + (<usize>pair << 2)) == row) {
      store<i32>(outLeft + out, row)
      store<u32>(outRight + out, load<u32>(right + (<usize>pair << 2)))
      out += 4
      pair++
    }
  }
  const rest = <usize>(count - pair) << 2
  memory.copy(outLeft + out, left + (<usize>pair << 2), rest)
  memory.copy(outRight + out, right + (<usize>pair << 2), rest)
  return <i32>((out + rest) >> 2)
}

/** out[i] = marks[indices[i]]. */
export function takeMarks(marks: usize, indices: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) store<u8>(out + <usize>i, load<u8>(marks + <usize>load<u32>(indices + (<usize>i << 2))))
}

/** Shifts hashes to the left, so that their next bits are on top. */
export function shiftHashes(hashes: usize, rows: i32, bits: i32): void {
  for (let row = 0; row < rows; row++) store<u32>(hashes + (<usize>row << 2), load<u32>(hashes + (<usize>row << 2)) << bits)
}
