// Pairs of probing rows and stored rows whose values lie within bounds: stored rows are sorted by one value, so that its bounds are two positions; a second
// value has the greatest of each 8, 64, 512 … of them above it (a flat interval tree), so that stretches in which no row reaches the bound are stepped over.
//
// spec, u32 each: 0 groups · 4 starts · 8 ends · 12 all · 16 words · 20 ids · 24 levels, a list of addresses, the second values first, 0 where there are none
//                 28 how many levels · 32 lower · 36 upper · 40 bound, int64 a probing row, 0 for none · 44 validity of all three
//                 48 flags: 1 lower, 2 upper, 4 bound is left out itself; 8 one pair a row is enough · 52 list, a u32 a stored row · 56 bits, one an id, all 0

const none: u32 = 0xffffffff
const fan: i32 = 8
const smallMax = 24

/** to[i] = the greatest of words[8 i] … words[8 i + 7]. */
export function raiseLevel(words: usize, count: i32, to: usize): void {
  for (let start = 0; start < count; start += fan) {
    let greatest = load<i64>(words + (<usize>start << 3))
    const end = min(count, start + fan)
    for (let i = start + 1; i < end; i++) greatest = max(greatest, load<i64>(words + (<usize>i << 3)))
    store<i64>(to + (<usize>(start / fan) << 3), greatest)
  }
}

// The first position of [start, end) whose word isn't below `value` (not above it, where `past`).
function firstWord(words: usize, start: i32, end: i32, value: i64, past: bool): i32 {
  while (start < end) {
    const middle = (start + end) >>> 1
    const word = load<i64>(words + (<usize>middle << 3))
    if (word < value || (past && word == value)) start = middle + 1
    else end = middle
  }
  return start
}

// The ids of positions [start, end) whose second value reaches `bound`, as a list; returns how many.
function collect(levels: usize, levelCount: i32, ids: usize, start: i32, end: i32, bound: i64, strict: bool, most: i32, list: usize): i32 {
  let count = 0
  let at = start
  while (at < end) {
    // As far up as the position allows, then down while something below may reach it.
    let level = min(levelCount - 1, ctz<i32>(at) / 3)
    let skipped = false
    for (; level >= 0; level--) {
      const word = load<i64>(<usize>load<u32>(levels + (<usize>level << 2)) + (<usize>(at >> (3 * level)) << 3))
      if (word < bound || (strict && word == bound)) {
        at += 1 << (3 * level)
        skipped = true
        break
      }
    }
    if (skipped) continue
    store<u32>(list + (<usize>count << 2), load<u32>(ids + (<usize>at << 2)))
    if (++count >= most) break
    at++
  }
  return count
}

// Few ids by insertion, many that lie close together by their bits, others by gaps.
function sortIds(list: usize, count: i32, bits: usize): void {
  if (count > smallMax) {
    let least = none
    let greatest: u32 = 0
    for (let i = 0; i < count; i++) {
      const id = load<u32>(list + (<usize>i << 2))
      least = min(least, id)
      greatest = max(greatest, id)
    }
    if (<i64>(greatest - least) >> 6 <= <i64>count << 2) return sortByBits(list, count, bits, least, greatest)
  }
  let gap = 1
  while (gap < count / 3 && count > smallMax) gap = 3 * gap + 1
  for (; gap >= 1; gap /= 3) {
    for (let i = gap; i < count; i++) {
      const id = load<u32>(list + (<usize>i << 2))
      let j = i
      for (; j >= gap && load<u32>(list + (<usize>(j - gap) << 2)) > id; j -= gap) store<u32>(list + (<usize>j << 2), load<u32>(list + (<usize>(j - gap) << 2)))
      store<u32>(list + (<usize>j << 2), id)
    }
  }
}

function sortByBits(list: usize, count: i32, bits: usize, least: u32, greatest: u32): void {
  for (let i = 0; i < count; i++) {
    const id = load<u32>(list + (<usize>i << 2))
    const word = bits + (<usize>(id >> 6) << 3)
    store<u64>(word, load<u64>(word) | (<u64>1 << (<u64>id & 63)))
  }
  for (let block = least >> 6; block <= greatest >> 6; block++) {
    const at = bits + (<usize>block << 3)
    let word = load<u64>(at)
    if (word == 0) continue
    store<u64>(at, 0)
    for (; word != 0; word &= word - 1) {
      store<u32>(list, (block << 6) | <u32>ctz<u64>(word))
      list += 4
    }
  }
}

function collectRow(spec: usize, row: i32): i32 {
  const groups = <usize>load<u32>(spec)
  const group = groups == 0 ? 0 : load<u32>(groups + (<usize>row << 2))
  const validity = <usize>load<u32>(spec, 44)
  const isValid = validity == 0 || ((<u32>load<u8>(validity + (row >> 3)) >> (row & 7)) & 1) != 0
  if (group == none || !isValid) return 0
  const flags = load<u32>(spec, 48)
  const words = <usize>load<u32>(spec, 16)
  const at = <usize>row << 3
  let start = groups == 0 ? 0 : load<i32>(<usize>load<u32>(spec, 4) + (<usize>group << 2))
  let end = groups == 0 ? load<i32>(spec, 12) : load<i32>(<usize>load<u32>(spec, 8) + (<usize>group << 2))
  const lower = <usize>load<u32>(spec, 32)
  const upper = <usize>load<u32>(spec, 36)
  const bound = <usize>load<u32>(spec, 40)
  if (lower != 0) start = firstWord(words, start, end, load<i64>(lower + at), (flags & 1) != 0)
  if (upper != 0) end = firstWord(words, start, end, load<i64>(upper + at), (flags & 2) == 0)
  const most = flags & 8 ? 1 : i32.MAX_VALUE
  const list = <usize>load<u32>(spec, 52)
  const ids = <usize>load<u32>(spec, 20)
  let count = 0
  if (bound != 0) count = collect(<usize>load<u32>(spec, 24), load<i32>(spec, 28), ids, start, end, load<i64>(bound + at), (flags & 4) != 0, most, list)
  else {
    count = min(most, max(0, end - start))
    memory.copy(list, ids + (<usize>start << 2), <usize>count << 2)
  }
  sortIds(list, count, <usize>load<u32>(spec, 56))
  return count
}

/**
 * Pairs by probing row and then by id, at most `capacity`, which is 1 or more. `cursor` is [row u32, its pairs that are done, its pairs in the list], 0 at the
 * start; all is done when its row reaches `rows`. Returns the number of pairs.
 */
export function joinRanges(spec: usize, rows: i32, cursor: usize, left: usize, right: usize, capacity: i32): i32 {
  const list = <usize>load<u32>(spec, 52)
  let row = load<i32>(cursor)
  let done = load<i32>(cursor, 4)
  let count = load<i32>(cursor, 8)
  let pairs = 0
  while (row < rows && pairs < capacity) {
    if (done == 0) count = collectRow(spec, row)
    const taken = min(count - done, capacity - pairs)
    for (let i = 0; i < taken; i++) store<i32>(left + (<usize>(pairs + i) << 2), row)
    memory.copy(right + (<usize>pairs << 2), list + (<usize>done << 2), <usize>taken << 2)
    pairs += taken
    done += taken
    if (done < count) break
    row++
    done = 0
  }
  store<i32>(cursor, row)
  store<i32>(cursor, done, 4)
  store<i32>(cursor, count, 8)
  return pairs
}
