// The k greatest keys (see widen.ts) of each group. Entries of 8 + 8k bytes: [count u32, 0, keys, the greatest first]; most rows are beaten by the
// last key, one comparison. `flip` is −1 to keep the least, whose complements are the greatest, else 0.
import { isValid } from './validity'

// @ts-ignore: decorator
@inline function offer(entry: usize, key: i64, k: i32): void {
  const count = load<i32>(entry)
  let at: usize
  if (count < k) {
    store<i32>(entry, count + 1)
    at = entry + 8 + (<usize>count << 3)
  } else {
    at = entry + (<usize>k << 3)
    if (key <= load<i64>(at)) return
  }
  const first = entry + 8
  while (at > first && load<i64>(at - 8) < key) {
    store<i64>(at, load<i64>(at - 8))
    at -= 8
  }
  store<i64>(at, key)
}

/**
 * Offers the keys of all rows, a null's being the least or, `nullsFirst`, the greatest there is. out = the rows whose keys no k earlier ones of their group
 * are above, in order. Returns how many.
 */
export function thinRows(gids: usize, keys: usize, validity: usize, nullsFirst: i32, rows: i32, k: i32, flip: i32, state: usize, out: usize): i32 {
  const bytes = <usize>(8 + (k << 3))
  const mask = <i64>flip
  const nullKey = nullsFirst ? i64.MAX_VALUE : i64.MIN_VALUE
  let count = 0
  for (let row = 0; row < rows; row++) {
    const entry = state + <usize>load<u32>(gids + (<usize>row << 2)) * bytes
    const key = isValid(validity, row) ? load<i64>(keys + (<usize>row << 3)) ^ mask : nullKey
    if (load<i32>(entry) == k && key < load<i64>(entry + (<usize>k << 3))) continue
    offer(entry, key, k)
    store<u32>(out + (<usize>count << 2), row)
    count++
  }
  return count
}

/** Takes keys of rows that aren't null. */
export function topKeys(gids: usize, keys: usize, validity: usize, rows: i32, k: i32, flip: i32, state: usize): void {
  const bytes = <usize>(8 + (k << 3))
  const mask = <i64>flip
  for (let row = 0; row < rows; row++) {
    if (isValid(validity, row)) offer(state + <usize>load<u32>(gids + (<usize>row << 2)) * bytes, load<i64>(keys + (<usize>row << 3)) ^ mask, k)
  }
}

/** Takes states: views of keys as `takeTop` gives them. */
export function topRuns(gids: usize, views: usize, rows: i32, k: i32, flip: i32, state: usize): void {
  const bytes = <usize>(8 + (k << 3))
  const mask = <i64>flip
  for (let row = 0; row < rows; row++) {
    const view = views + (<usize>row << 4)
    const count = load<u32>(view) >> 3
    const from = count < 2 ? view + 4 : <usize>load<u32>(view, 12)
    const entry = state + <usize>load<u32>(gids + (<usize>row << 2)) * bytes
    for (let i: u32 = 0; i < count; i++) offer(entry, load<i64>(from + (<usize>i << 3)) ^ mask, k)
  }
}

/** The keys of all groups, one after the other, and where each group's begin (one more than groups). Returns how many keys there are. */
export function takeTop(state: usize, groups: i32, k: i32, flip: i32, offsets: usize, keys: usize): i32 {
  const mask = <i64>flip
  let next = 0
  for (let gid = 0; gid < groups; gid++) {
    store<i32>(offsets + (<usize>gid << 2), next)
    const entry = state + <usize>gid * <usize>(8 + (k << 3))
    const count = load<i32>(entry)
    for (let i = 0; i < count; i++) store<i64>(keys + (<usize>(next + i) << 3), load<i64>(entry + (<usize>i << 3), 8) ^ mask)
    next += count
  }
  store<i32>(offsets + (<usize>groups << 2), next)
  return next
}
