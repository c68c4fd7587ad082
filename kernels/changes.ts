// Rows that change earlier ones: which groups a batch touches, what each had been given out with, and what has changed since. Entries of 8 bytes by
// group: [slot of its row + 1, or 0 where it has none u32][its number among the groups at hand + 1, or 0 u32].
import { isValid } from './validity'

/**
 * Numbers the groups of `rows` rows in order of first sight: `touched` gets each group once, `firsts` its first row, `dense` the number of every row's group.
 * Returns how many. The numbers stay in the entries until `settleChanges`.
 */
export function touchGroups(gids: usize, rows: i32, entries: usize, touched: usize, firsts: usize, dense: usize): i32 {
  let count: u32 = 0
  for (let row = 0; row < rows; row++) {
    const gid = load<u32>(gids + (<usize>row << 2))
    const entry = entries + (<usize>gid << 3)
    let number = load<u32>(entry, 4)
    if (number == 0) {
      store<u32>(touched + (<usize>count << 2), gid)
      store<u32>(firsts + (<usize>count << 2), row)
      number = ++count
      store<u32>(entry, number, 4)
    }
    store<u32>(dense + (<usize>row << 2), number - 1)
  }
  return count
}

/** out[i] = the slot of group gids[i], 0 where it has none. Returns how many have one. */
export function takeSlots(entries: usize, gids: usize, count: i32, out: usize): i32 {
  let some = 0
  for (let i = 0; i < count; i++) {
    const slot = load<u32>(entries + (<usize>load<u32>(gids + (<usize>i << 2)) << 3))
    store<u32>(out + (<usize>i << 2), slot == 0 ? 0 : slot - 1)
    some += i32(slot != 0)
  }
  return some
}

/** Gives groups the slots first, first + 1, … */
export function giveSlots(entries: usize, gids: usize, count: i32, first: u32): void {
  for (let i = 0; i < count; i++) store<u32>(entries + (<usize>load<u32>(gids + (<usize>i << 2)) << 3), first + <u32>i + 1)
}

/** The groups that have a row, and its slot; with `renumber` slots become 0, 1, 2 … in that order. Returns how many. */
export function slotsInUse(entries: usize, groups: i32, renumber: i32, gids: usize, slots: usize): i32 {
  let count: u32 = 0
  for (let gid = 0; gid < groups; gid++) {
    const entry = entries + (<usize>gid << 3)
    const slot = load<u32>(entry)
    if (slot == 0) continue
    store<u32>(gids + (<usize>count << 2), gid)
    store<u32>(slots + (<usize>count << 2), slot - 1)
    count++
    if (renumber != 0) store<u32>(entry, count)
  }
  return count
}

/**
 * What has changed of `count` groups. The rows that they had lie before the rows that they have now, `count` each: `rows` gets the numbers of those to give out,
 * `keys` the same with the keys of the row that there was, where there was one, `changes` what each is; `kept` and `keptKeys` get those to be kept in the slots
 * from `free` on. `weights` has an int64 for each group, which has no row now where that is not above 0; address 0: all have one. `differs` has a bit for each whose row isn't as it was.
 * Returns how many are given out; how many are kept is written to `keptCount`.
 */
export function settleChanges(
  entries: usize, touched: usize, count: i32, weights: usize, differs: usize, free: u32,
  rows: usize, keys: usize, changes: usize, kept: usize, keptKeys: usize, keptCount: usize,
): i32 {
  let given = 0
  let stored: u32 = 0
  for (let i = 0; i < count; i++) {
    const entry = entries + (<usize>load<u32>(touched + (<usize>i << 2)) << 3)
    const had = load<u32>(entry) != 0
    const has = weights == 0 || load<i64>(weights + (<usize>i << 3)) > 0
    store<u32>(entry, 0, 4)
    if (had && has && !isValid(differs, i)) continue
    if (had) {
      store<i32>(rows + (<usize>given << 2), i)
      store<i32>(keys + (<usize>given << 2), i)
      store<u8>(changes + given, has ? 1 : 3)
      given++
    }
    if (has) {
      const key = had ? i : count + i
      store<i32>(rows + (<usize>given << 2), count + i)
      store<i32>(keys + (<usize>given << 2), key)
      store<u8>(changes + given, had ? 2 : 0)
      given++
      store<i32>(kept + (<usize>stored << 2), count + i)
      store<i32>(keptKeys + (<usize>stored << 2), key)
      store<u32>(entry, free + ++stored)
    } else if (had) store<u32>(entry, 0)
  }
  store<u32>(keptCount, stored)
  return given
}

// @ts-ignore: decorator
@inline function mark(bits: usize, row: i32): void {
  const at = bits + (row >> 3)
  store<u8>(at, <u8>(<u32>load<u8>(at) | (1 << (row & 7))))
}

/** Sets the bits of rows whose values, of `width` bytes, aren't equal bit by bit, or of which one is null. `width` 0: values are bits. */
export function markDiffering(a: usize, aValid: usize, b: usize, bValid: usize, width: i32, rows: i32, bits: usize): void {
  for (let row = 0; row < rows; row++) {
    const valid = isValid(aValid, row)
    if (valid != isValid(bValid, row)) mark(bits, row)
    else if (valid && differ(a, b, width, row)) mark(bits, row)
  }
}

// @ts-ignore: decorator
@inline function differ(a: usize, b: usize, width: i32, row: i32): bool {
  if (width == 8) return load<u64>(a + (<usize>row << 3)) != load<u64>(b + (<usize>row << 3))
  if (width == 4) return load<u32>(a + (<usize>row << 2)) != load<u32>(b + (<usize>row << 2))
  if (width == 0) return (((<u32>load<u8>(a + (row >> 3)) ^ <u32>load<u8>(b + (row >> 3))) >> (row & 7)) & 1) != 0
  const at = <usize>row * width
  return memory.compare(a + at, b + at, width) != 0
}

/** As `markDiffering`, of views. */
export function markDifferingViews(a: usize, aValid: usize, b: usize, bValid: usize, rows: i32, bits: usize): void {
  for (let row = 0; row < rows; row++) {
    const valid = isValid(aValid, row)
    if (valid != isValid(bValid, row)) mark(bits, row)
    else if (valid && differViews(a + (<usize>row << 4), b + (<usize>row << 4))) mark(bits, row)
  }
}

function differViews(a: usize, b: usize): bool {
  if (load<u64>(a) != load<u64>(b)) return true
  const length = load<u32>(a)
  if (length <= 12) return load<u64>(a, 8) != load<u64>(b, 8)
  return memory.compare(load<u32>(a, 12), load<u32>(b, 12), length) != 0
}

/** Sets the bits of rows whose two numbers differ. */
export function markDifferingIds(a: usize, b: usize, rows: i32, bits: usize): void {
  for (let row = 0; row < rows; row++) if (load<u32>(a + (<usize>row << 2)) != load<u32>(b + (<usize>row << 2))) mark(bits, row)
}

/** out[i] = entry gids[i] of `bytes` bytes, a multiple of 8. */
export function takeEntries(entries: usize, gids: usize, count: i32, bytes: i32, out: usize): void {
  for (let i = 0; i < count; i++) {
    const from = entries + <usize>load<u32>(gids + (<usize>i << 2)) * bytes
    for (let at = 0; at < bytes; at += 8) store<u64>(out + at, load<u64>(from + at))
    out += bytes
  }
}

/** The numbers of the rows that add one, the even changes, and of those that take one back. Returns how many the former are. */
export function splitChanges(changes: usize, rows: i32, added: usize, taken: usize): i32 {
  let count = 0
  for (let row = 0; row < rows; row++) {
    if ((load<u8>(changes + row) & 1) == 0) {
      store<i32>(added + (<usize>count << 2), row)
      count++
    } else store<i32>(taken + (<usize>(row - count) << 2), row)
  }
  return count
}

/** Changes as u32. */
export function changeNumbers(changes: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) store<u32>(out + (<usize>row << 2), <u32>load<u8>(changes + row) & 3)
}

/** The numbers of the rows that aren't those before an update, and for each whether it is deleted, a byte. Returns how many. */
export function upsertedRows(changes: usize, rows: i32, out: usize, deleted: usize): i32 {
  let count = 0
  for (let row = 0; row < rows; row++) {
    const change = load<u8>(changes + row)
    if (change == 1) continue
    store<i32>(out + (<usize>count << 2), row)
    store<u8>(deleted + count, <u8>(change == 3))
    count++
  }
  return count
}

/** How many more rows are inserted than deleted. */
export function netInserts(changes: usize, rows: i32): i32 {
  let net = 0
  for (let row = 0; row < rows; row++) {
    const change = load<u8>(changes + row)
    net += i32(change == 0) - i32(change == 3)
  }
  return net
}

/** counts[gids[row]] += 1 for rows that add one, −1 for rows that take one away. Returns by how many the counts that are not 0 became more. */
export function countChanges(gids: usize, changes: usize, rows: i32, counts: usize): i32 {
  let more = 0
  for (let row = 0; row < rows; row++) {
    const at = counts + (<usize>load<u32>(gids + (<usize>row << 2)) << 3)
    const before = load<i64>(at)
    const after = before + ((load<u8>(changes + row) & 1) == 0 ? 1 : -1)
    store<i64>(at, after)
    more += i32(after != 0) - i32(before != 0)
  }
  return more
}

/** The number of each count that isn't 0: once, or with `repeat` as often as the count says. With `out` 0 nothing is written. Returns how many. */
export function rowsOfCounts(counts: usize, groups: i32, repeat: i32, out: usize): i32 {
  let count = 0
  for (let gid = 0; gid < groups; gid++) {
    const weight = load<i64>(counts + (<usize>gid << 3))
    const times = repeat != 0 ? <i32>max(weight, 0) : i32(weight != 0)
    if (out != 0) for (let i = 0; i < times; i++) store<i32>(out + (<usize>(count + i) << 2), gid)
    count += times
  }
  return count
}

/** The least of counts, 0 at most. */
export function leastCount(counts: usize, groups: i32): f64 {
  let least: i64 = 0
  for (let gid = 0; gid < groups; gid++) least = min(least, load<i64>(counts + (<usize>gid << 3)))
  return <f64>least
}

/** Words with the other sign. */
export function negateWords(words: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) store<i64>(out + (<usize>row << 3), -load<i64>(words + (<usize>row << 3)))
}

/** Numbers of three words with the other sign. */
export function negateWide(w0: usize, w1: usize, w2: usize, rows: i32, out0: usize, out1: usize, out2: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = <usize>row << 3
    const low = 0 - load<u64>(w0 + at)
    const middle = ~load<u64>(w1 + at) + <u64>(low == 0)
    store<u64>(out0 + at, low)
    store<u64>(out1 + at, middle)
    store<u64>(out2 + at, ~load<u64>(w2 + at) + <u64>(low == 0 && middle == 0))
  }
}

// Values kept by how often they hold. Entries of 24 bytes by pair of group and value: [how often i64][the place of the first of them i64][the next pair of the group + 1
// u32][1 where the pair is in its group's chain u32]; of 8 by group: [the first pair + 1 u32][0].

// @ts-ignore: decorator
@inline function keep(entries: usize, heads: usize, pair: u32, gid: u32, count: i64, place: i64): void {
  const entry = entries + <usize>pair * 24
  if (load<u32>(entry, 20) == 0) {
    const head = heads + (<usize>gid << 3)
    store<u32>(entry, load<u32>(head), 16)
    store<u32>(entry, 1, 20)
    store<u32>(head, pair + 1)
  }
  const before = load<i64>(entry)
  if (before == 0) store<i64>(entry, place, 8)
  store<i64>(entry, before + count)
}

/** Takes a row of each pair, `count` times (−1 takes it back). Places as those of `pickRows`. Returns by how many the pairs that hold became more. */
export function keepValues(pairs: usize, gids: usize, rows: i32, count: i32, first: i64, placeRows: usize, entries: usize, heads: usize): i32 {
  let more = 0
  for (let row = 0; row < rows; row++) {
    const pair = load<u32>(pairs + (<usize>row << 2))
    const place = first + (placeRows == 0 ? <i64>row : <i64>load<u32>(placeRows + (<usize>row << 2)))
    const entry = entries + <usize>pair * 24
    more -= i32(load<i64>(entry) != 0)
    keep(entries, heads, pair, load<u32>(gids + (<usize>row << 2)), count, place)
    more += i32(load<i64>(entry) != 0)
  }
  return more
}

/** Takes pairs as `takeKept` gave them, with how often each holds and its place. */
export function mergeKept(pairs: usize, gids: usize, counts: usize, places: usize, rows: i32, entries: usize, heads: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = <usize>row << 3
    keep(entries, heads, load<u32>(pairs + (<usize>row << 2)), load<u32>(gids + (<usize>row << 2)), load<i64>(counts + at), load<i64>(places + at))
  }
}

/**
 * The pairs that hold of `count` groups, once each, or with `repeat` as often as they hold, and the number of the group among these. With `pairs` 0 nothing is
 * written. Returns how many.
 */
export function pairsOfGroups(gids: usize, count: i32, repeat: i32, entries: usize, heads: usize, pairs: usize, numbers: usize): i32 {
  let found = 0
  for (let i = 0; i < count; i++) {
    let pair = load<u32>(heads + (<usize>load<u32>(gids + (<usize>i << 2)) << 3))
    while (pair != 0) {
      const entry = entries + <usize>(pair - 1) * 24
      const holds = load<i64>(entry)
      const times = repeat != 0 ? <i32>max(holds, 0) : i32(holds > 0)
      if (pairs != 0) {
        for (let k = found; k < found + times; k++) {
          store<u32>(pairs + (<usize>k << 2), pair - 1)
          store<i32>(numbers + (<usize>k << 2), i)
        }
      }
      found += times
      pair = load<u32>(entry, 16)
    }
  }
  return found
}

/** How often pairs hold (`offset` 0) or their places (8), as int64. */
export function takeKept(entries: usize, pairs: usize, count: i32, offset: usize, out: usize): void {
  for (let i = 0; i < count; i++) store<i64>(out + (<usize>i << 3), load<i64>(entries + <usize>load<u32>(pairs + (<usize>i << 2)) * 24 + offset))
}

/** The numbers of the pairs that hold or are owed. Returns how many. */
export function heldPairs(entries: usize, pairs: i32, out: usize): i32 {
  let found = 0
  for (let pair = 0; pair < pairs; pair++) {
    if (load<i64>(entries + <usize>pair * 24) == 0) continue
    store<i32>(out + (<usize>found << 2), pair)
    found++
  }
  return found
}

/** Notes a time, an f64, for groups. */
export function stampGroups(times: usize, gids: usize, rows: i32, now: f64): void {
  for (let i = 0; i < rows; i++) store<f64>(times + (<usize>load<u32>(gids + (<usize>i << 2)) << 3), now)
}

/** Those of some groups whose time isn't before `since`: their places among these. Returns how many. */
export function freshGroups(times: usize, gids: usize, rows: i32, since: f64, out: usize): i32 {
  let count = 0
  for (let i = 0; i < rows; i++) {
    if (load<f64>(times + (<usize>load<u32>(gids + (<usize>i << 2)) << 3)) < since) continue
    store<i32>(out + (<usize>count << 2), i)
    count++
  }
  return count
}

/**
 * What has changed between `before` rows and the `after` rows behind them, of which `ids` numbers equal ones: the rows that are no more (deleted), then those that are new (inserted).
 * `counts` has room for a u32 an id, zeroed. Returns how many.
 */
export function differingRows(ids: usize, before: i32, after: i32, counts: usize, rows: usize, changes: usize): i32 {
  let count = 0
  for (let row = before; row < before + after; row++) bump(counts, ids, row, 1)
  for (let row = 0; row < before; row++) {
    if (bump(counts, ids, row, -1) >= 0) continue
    store<i32>(rows + (<usize>count << 2), row)
    store<u8>(changes + count, 3)
    count++
  }
  // What is left in the counts, where it is above 0, is new.
  for (let row = before; row < before + after; row++) {
    if (bump(counts, ids, row, -1) < 0) continue
    store<i32>(rows + (<usize>count << 2), row)
    store<u8>(changes + count, 0)
    count++
  }
  return count
}

// @ts-ignore: decorator
@inline function bump(counts: usize, ids: usize, row: i32, by: i32): i32 {
  const at = counts + (<usize>load<u32>(ids + (<usize>row << 2)) << 2)
  const after = load<i32>(at) + by
  store<i32>(at, after)
  return after
}
