// The first rows of each group in an order, as lists of stored rows' numbers that change as rows come. Entries of 16 bytes by group: [where its list begins u32][its
// length u32][room for u32][its number among the groups at hand + 1, or 0 u32]. Lists lie in a pool of u32.

/** Numbers the groups of rows in order of first sight: `touched` gets each once, `dense` the number of each row's group. Returns how many. */
export function touchLists(gids: usize, rows: i32, entries: usize, touched: usize, dense: usize): i32 {
  let count: u32 = 0
  for (let row = 0; row < rows; row++) {
    const gid = load<u32>(gids + (<usize>row << 2))
    const entry = entries + (<usize>gid << 4)
    let number = load<u32>(entry, 12)
    if (number == 0) {
      store<u32>(touched + (<usize>count << 2), gid)
      number = ++count
      store<u32>(entry, number, 12)
    }
    store<u32>(dense + (<usize>row << 2), number - 1)
  }
  return count
}

/** The stored rows of groups, list by list: their numbers, and those of their groups among these; `starts` has where each list begins, and the end. With `ids` 0 nothing is written. Returns how many. */
export function rowsOfLists(entries: usize, touched: usize, count: i32, pool: usize, ids: usize, dense: usize, starts: usize): i32 {
  let found: u32 = 0
  for (let i = 0; i < count; i++) {
    const entry = entries + (<usize>load<u32>(touched + (<usize>i << 2)) << 4)
    const length = load<u32>(entry, 4)
    if (ids != 0) {
      memory.copy(ids + (<usize>found << 2), pool + (<usize>load<u32>(entry) << 2), <usize>length << 2)
      for (let k: u32 = 0; k < length; k++) store<i32>(dense + (<usize>(found + k) << 2), i)
      store<u32>(starts + (<usize>i << 2), found)
    }
    found += length
  }
  if (ids != 0) store<u32>(starts + (<usize>count << 2), found)
  return found
}

/**
 * The order in which rows are taken to come that are equal in all that orders them: `stored` rows, then the others up to `rows`; with `latest` the others from the last
 * to the first, then the stored ones. `gone` has a byte for each that isn't 0 where it is left out; address 0: none is. Returns how many there are.
 */
export function rowsInTurn(stored: i32, rows: i32, gone: usize, latest: i32, out: usize): i32 {
  let at = out
  if (latest != 0) for (let row = rows - 1; row >= stored; row--) at = putRow(gone, row, at)
  for (let row = 0; row < (latest != 0 ? stored : rows); row++) at = putRow(gone, row, at)
  return <i32>((at - out) >> 2)
}

// @ts-ignore: decorator
@inline function putRow(gone: usize, row: i32, at: usize): usize {
  if (gone != 0 && load<u8>(gone + row) != 0) return at
  store<i32>(at, row)
  return at + 4
}

/**
 * Marks rows that take one back (odd changes, of the rows behind the `stored` ones), and for each the first row equal to it that is left. `ids` numbers equal rows, `next` has
 * room for a u32 a row, `heads` for one an id, zeroed. Returns how many found none.
 */
export function cancelRows(ids: usize, changes: usize, stored: i32, rows: i32, heads: usize, next: usize, gone: usize): i32 {
  // Chains of rows that add, by id, the first in front.
  for (let row = rows - 1; row >= 0; row--) {
    const isTaken = row >= stored && (load<u8>(changes + row - stored) & 1) != 0
    store<u8>(gone + row, isTaken ? 1 : 0)
    if (isTaken) continue
    const head = heads + (<usize>load<u32>(ids + (<usize>row << 2)) << 2)
    store<u32>(next + (<usize>row << 2), load<u32>(head))
    store<u32>(head, row + 1)
  }
  let owed = 0
  for (let row = stored; row < rows; row++) {
    if (load<u8>(gone + row) == 0) continue
    const head = heads + (<usize>load<u32>(ids + (<usize>row << 2)) << 2)
    const first = load<u32>(head)
    if (first == 0) {
      owed++
      continue
    }
    store<u8>(gone + first - 1, 1)
    store<u32>(head, load<u32>(next + (<usize>(first - 1) << 2)))
  }
  return owed
}

/** What `settleLists` counts: rows given out, rows to be stored, the end of the pool, by how many the rows in lists became more. */
// @ts-ignore: decorator
@inline function told(out: usize, given: u32, stored: u32, end: u32, more: i32): void {
  store<u32>(out, given)
  store<u32>(out, stored, 4)
  store<u32>(out, end, 8)
  store<i32>(out, more, 12)
}

// @ts-ignore: decorator
@inline function roomFor(length: u32): u32 {
  return length <= 1 ? length : 1 << (32 - clz<u32>(length - 1))
}

/**
 * Replaces the lists of `groups` groups, and tells what has changed of their first `count` rows. `order` has the `rows` rows that there are now, by group, each group's in order; `dense` the number
 * of each row's group; rows below `starts[groups]` are stored as `ids` says. With `keepsAll` lists hold all rows, else the first `count`. With `ranked` a row is given out again where its place
 * has changed. Gives rows (with what each is, and its place from 1), and those to be stored, whose numbers begin at `free`. `marks` has room for a byte a row, zeroed.
 */
export function settleLists(
  order: usize, rows: i32, dense: usize, touched: usize, groups: i32, starts: usize, ids: usize, entries: usize, pool: usize, poolEnd: u32, free: u32, count: i32, keepsAll: i32, ranked: i32,
  marks: usize, givenRows: usize, changes: usize, places: usize, fresh: usize, out: usize,
): void {
  const stored = <i32>load<u32>(starts + (<usize>groups << 2))
  let given: u32 = 0
  let added: u32 = 0
  let end = poolEnd
  let more = 0
  let at = 0
  for (let i = 0; i < groups; i++) {
    const first = at
    while (at < rows && load<i32>(dense + (<usize>load<u32>(order + (<usize>at << 2)) << 2)) == i) at++
    const start = <i32>load<u32>(starts + (<usize>i << 2))
    const had = <i32>load<u32>(starts + (<usize>(i + 1) << 2)) - start
    const before = min(had, count)
    const after = min(at - first, count)
    // What has changed.
    if (ranked != 0 || count == 1) {
      for (let k = 0; k < max(before, after); k++) {
        const now = k < after ? load<i32>(order + (<usize>(first + k) << 2)) : -1
        const was = k < before ? start + k : -1
        if (now == was) continue
        if (was >= 0) give(givenRows, changes, places, given++, was, now >= 0 ? 1 : 3, k)
        if (now >= 0) give(givenRows, changes, places, given++, now, was >= 0 ? 2 : 0, k)
      }
    } else {
      for (let k = 0; k < after; k++) store<u8>(marks + load<u32>(order + (<usize>(first + k) << 2)), 1)
      for (let k = 0; k < before; k++) if (load<u8>(marks + start + k) == 0) give(givenRows, changes, places, given++, start + k, 3, k)
      for (let k = 0; k < after; k++) {
        const now = load<i32>(order + (<usize>(first + k) << 2))
        if (now < start || now >= start + before) give(givenRows, changes, places, given++, now, 0, k)
      }
    }
    // What is kept.
    const entry = entries + (<usize>load<u32>(touched + (<usize>i << 2)) << 4)
    const length = keepsAll != 0 ? at - first : after
    if (<u32>length > load<u32>(entry, 8)) {
      store<u32>(entry, end)
      store<u32>(entry, roomFor(length), 8)
      end += roomFor(length)
    }
    const list = pool + (<usize>load<u32>(entry) << 2)
    for (let k = 0; k < length; k++) {
      const row = load<i32>(order + (<usize>(first + k) << 2))
      let id: u32
      if (row < stored) id = load<u32>(ids + (<usize>row << 2))
      else {
        store<i32>(fresh + (<usize>added << 2), row)
        id = free + added++
      }
      store<u32>(list + (<usize>k << 2), id)
    }
    more += length - had
    store<u32>(entry, length, 4)
    store<u32>(entry, 0, 12)
  }
  told(out, given, added, end, more)
}

// @ts-ignore: decorator
@inline function give(rows: usize, changes: usize, places: usize, at: u32, row: i32, change: i32, place: i32): void {
  store<i32>(rows + (<usize>at << 2), row)
  store<u8>(changes + at, <u8>change)
  store<i64>(places + (<usize>at << 3), <i64>(place + 1))
}

/** out[i] = how many rows up to row i have its number, of rows that have the same number together, as int64. */
export function placesInRuns(ids: usize, rows: i32, out: usize): void {
  let place: i64 = 0
  for (let row = 0; row < rows; row++) {
    const at = ids + (<usize>row << 2)
    place = row > 0 && load<u32>(at) == load<u32>(at - 4) ? place + 1 : 1
    store<i64>(out + (<usize>row << 3), place)
  }
}

/** All stored rows, list by list, and the group of each. Returns how many. */
export function allRowsOfLists(entries: usize, groups: i32, pool: usize, ids: usize, gids: usize): i32 {
  let found: u32 = 0
  for (let gid = 0; gid < groups; gid++) {
    const entry = entries + (<usize>gid << 4)
    const length = load<u32>(entry, 4)
    memory.copy(ids + (<usize>found << 2), pool + (<usize>load<u32>(entry) << 2), <usize>length << 2)
    for (let k: u32 = 0; k < length; k++) store<i32>(gids + (<usize>(found + k) << 2), gid)
    found += length
  }
  return found
}

/** Lists of the rows free, free + 1, …, those of a group together and in order. The pool must have room behind `poolEnd` for as many as there are. Returns its end. */
export function restoreLists(gids: usize, rows: i32, entries: usize, pool: usize, poolEnd: u32, free: u32): u32 {
  let end = poolEnd
  for (let row = 0; row < rows; ) {
    const gid = load<u32>(gids + (<usize>row << 2))
    const entry = entries + (<usize>gid << 4)
    store<u32>(entry, end)
    let length: u32 = 0
    while (row < rows && load<u32>(gids + (<usize>row << 2)) == gid) {
      store<u32>(pool + (<usize>end << 2), free + <u32>row)
      end++
      row++
      length++
    }
    store<u32>(entry, length, 4)
    store<u32>(entry, length, 8)
  }
  return end
}
