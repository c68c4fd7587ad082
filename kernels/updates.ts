// Groups whose results are updated row by row: which groups a batch touches, and states that are taken away again.

/**
 * Which ids a batch touches, in order of first sight: `ids` gets each once, `firsts` the row where it was first seen, `locals` for each row its place among
 * them. `stamps` holds two u32 an id: where `stamp` is the first, the second is the place. Returns how many.
 */
export function firstSeen(gids: usize, rows: i32, stamps: usize, stamp: u32, ids: usize, firsts: usize, locals: usize): i32 {
  let count = 0
  for (let row = 0; row < rows; row++) {
    const gid = load<u32>(gids + (<usize>row << 2))
    const at = stamps + (<usize>gid << 3)
    if (load<u32>(at) != stamp) {
      store<u32>(at, stamp)
      store<u32>(at, count, 4)
      store<u32>(ids + (<usize>count << 2), gid)
      store<u32>(firsts + (<usize>count << 2), row)
      count++
    }
    store<u32>(locals + (<usize>row << 2), load<u32>(at, 4))
  }
  return count
}

/** Adds 1 to counts[gid] (u64) for each pair that is new: pairs are numbered in order of first sight, new ones from `next` on. */
export function countNewPairs(pairs: usize, gids: usize, rows: i32, next: u32, counts: usize): void {
  for (let row = 0; row < rows; row++) {
    if (load<u32>(pairs + (<usize>row << 2)) != next) continue
    next++
    const at = counts + (<usize>load<u32>(gids + (<usize>row << 2)) << 3)
    store<u64>(at, load<u64>(at) + 1)
  }
}

/** out = −values, as whole numbers of 64 bits that wrap. */
export function negateI64(values: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) store<i64>(out + (<usize>row << 3), 0 - load<i64>(values + (<usize>row << 3)))
}

/** The negatives, in place, of whole numbers of 192 bits, whose words lie in three columns. */
export function negateWide(low: usize, middle: usize, high: usize, rows: i32): void {
  for (let row = 0; row < rows; row++) {
    const at = <usize>row << 3
    const a = load<u64>(low + at)
    const b = load<u64>(middle + at)
    store<u64>(low + at, 0 - a)
    store<u64>(middle + at, ~b + <u64>(a == 0))
    store<u64>(high + at, ~load<u64>(high + at) + <u64>(a == 0 && b == 0))
  }
}

/** What each row does to the count of its group: counts[gid] (i64) grows by 1, or falls by 1 where the change is odd. */
export function countChanges(gids: usize, changes: usize, rows: i32, counts: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = counts + (<usize>load<u32>(gids + (<usize>row << 2)) << 3)
    store<i64>(at, load<i64>(at) + 1 - (<i64>(load<u8>(changes + row) & 1) << 1))
  }
}

/** Bit `row` of out = whether the change is odd, so that it takes a row away. */
export function maskRetractions(changes: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const count = min(8, rows - row)
    let byte: u32 = 0
    for (let i = 0; i < count; i++) byte |= <u32>(load<u8>(changes + row + i) & 1) << i
    store<u8>(out + (row >> 3), <u8>byte)
  }
}

/** Bit `group` of out = whether counts[group] (i64) is above 0. Returns how many are. */
export function maskPositive(counts: usize, groups: i32, out: usize): i32 {
  let some = 0
  for (let group = 0; group < groups; group += 8) {
    const count = min(8, groups - group)
    let byte: u32 = 0
    for (let i = 0; i < count; i++) byte |= <u32>(load<i64>(counts + (<usize>(group + i) << 3)) > 0) << i
    some += popcnt<i32>(<i32>byte)
    store<u8>(out + (group >> 3), <u8>byte)
  }
  return some
}

/** The sum of counts (i64), or −1 where one is below 0. */
export function sumCounts(counts: usize, groups: i32): f64 {
  let sum: i64 = 0
  let least: i64 = 0
  for (let group = 0; group < groups; group++) {
    const count = load<i64>(counts + (<usize>group << 3))
    sum += count
    least = min(least, count)
  }
  return least < 0 ? -1 : <f64>sum
}

/** Each number of a group (u32) as often as its count (i64) says. */
export function repeatCounts(counts: usize, groups: i32, out: usize): void {
  for (let group = 0; group < groups; group++) {
    for (let count = load<i64>(counts + (<usize>group << 3)); count > 0; count--) {
      store<u32>(out, group)
      out += 4
    }
  }
}
