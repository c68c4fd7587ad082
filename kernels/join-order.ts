// Stored rows of a join in order of a further value (mostly a time), key by key: where the rows of a key lie, and finding the nearest of them.
// Values are int64 words; floats as words that order as they do, NaN after all.

const none: u32 = 0xffffffff

// The bits of a float order as a signed number does, once those of negative floats are turned round; it is its own inverse.
// @ts-ignore: decorator
@inline function turned(bits: i64): i64 {
  return bits ^ ((bits >> 63) & 0x7fffffffffffffff)
}

/** Floats' bits as words that order as the floats do. −0 and NaN must be of one kind (keyWords). `out` may be `words`. */
export function orderFloats(words: usize, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<i64>(out + (row << 3), turned(load<i64>(words + (row << 3))))
}

/** starts[g] and ends[g] of each group: positions of its rows in `order`, row numbers sorted by groups[row]. */
export function boundGroups(order: usize, groups: usize, rows: i32, starts: usize, ends: usize): void {
  let before = none
  for (let i = 0; i < rows; i++) {
    const group = load<u32>(groups + (<usize>load<u32>(order + (<usize>i << 2)) << 2))
    if (group != before) store<i32>(starts + (<usize>group << 2), i)
    store<i32>(ends + (<usize>group << 2), i + 1)
    before = group
  }
}

// The first position of [start, end) whose word isn't below `value` (not above it, where `past`).
// @ts-ignore: decorator
@inline function firstFrom(words: usize, start: i32, end: i32, value: i64, past: bool): i32 {
  while (start < end) {
    const middle = (start + end) >>> 1
    const word = load<i64>(words + (<usize>middle << 3))
    if (word < value || (past && word == value)) start = middle + 1
    else end = middle
  }
  return start
}

// @ts-ignore: decorator
@inline function distance(a: i64, b: i64, floats: i32): f64 {
  return floats ? abs<f64>(reinterpret<f64>(turned(a)) - reinterpret<f64>(turned(b))) : <f64>(a > b ? <u64>a - <u64>b : <u64>b - <u64>a)
}

// @ts-ignore: decorator
@inline function isNear(a: i64, b: i64, floats: i32, within: u64, withinFloat: f64): bool {
  if (a == b) return true
  if (floats) return distance(a, b, 1) <= withinFloat
  return (a > b ? <u64>a - <u64>b : <u64>b - <u64>a) <= within
}

/**
 * heads[row] = the id of the nearest stored row to the probing one, or `none`. `groups`: the group of each probing row, `none` for none; 0: one group,
 * [0, all). direction: 0 the last at or before it, 1 the first at or after it, 2 the nearer of both, the earlier one where both are as near.
 * The distance is at most `within` (of words) or `withinFloat` (of floats).
 */
export function searchNearest(groups: usize, starts: usize, ends: usize, all: i32, words: usize, order: usize, values: usize, validity: usize, rows: i32, direction: i32, floats: i32, within: u64, withinFloat: f64, heads: usize): void {
  for (let row = 0; row < rows; row++) {
    let found = -1
    const group = groups == 0 ? 0 : load<u32>(groups + (<usize>row << 2))
    const isValid = validity == 0 || ((<u32>load<u8>(validity + (row >> 3)) >> (row & 7)) & 1) != 0
    if (group != none && isValid) {
      const start = groups == 0 ? 0 : load<i32>(starts + (<usize>group << 2))
      const end = groups == 0 ? all : load<i32>(ends + (<usize>group << 2))
      const value = load<i64>(values + (<usize>row << 3))
      let before = -1
      let after = -1
      if (direction != 1) {
        const past = firstFrom(words, start, end, value, true)
        if (past > start) before = past - 1
      }
      if (direction != 0) {
        const from = firstFrom(words, start, end, value, false)
        if (from < end) after = from
      }
      if (before >= 0 && !isNear(load<i64>(words + (<usize>before << 3)), value, floats, within, withinFloat)) before = -1
      if (after >= 0 && !isNear(load<i64>(words + (<usize>after << 3)), value, floats, within, withinFloat)) after = -1
      found = before < 0 ? after : before
      if (before >= 0 && after >= 0) {
        const nearer = floats
          ? distance(load<i64>(words + (<usize>after << 3)), value, 1) < distance(load<i64>(words + (<usize>before << 3)), value, 1)
          : <u64>(load<i64>(words + (<usize>after << 3)) - value) < <u64>(value - load<i64>(words + (<usize>before << 3)))
        if (nearer) found = after
      }
    }
    store<u32>(heads + (<usize>row << 2), found < 0 ? none : load<u32>(order + (<usize>found << 2)))
  }
}
