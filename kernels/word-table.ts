// Groups of 64-bit words, for tables that are small on purpose: slots hold nothing but gid + 1, keys lie in gid order. Built for one part of partitioned
// rows after the other: slots begin afresh while gids and keys go on.

// @ts-ignore: decorator
@inline function hashWord(word: u64): u64 {
  const folded = (word ^ (word >> 32)) * 0x9e3779b97f4a7c15
  return folded ^ (folded >> 29)
}

/**
 * gids[row] of words [start, rows); new words are appended at keys[count], count being the u32 at `counter`. `mask` + 1 slots, u32. Returns the first row
 * for which `limit` keys leave no room, or `rows`.
 */
export function groupWords(words: usize, start: i32, rows: i32, slots: usize, mask: u32, keys: usize, counter: usize, limit: u32, gids: usize): i32 {
  let count = load<u32>(counter)
  let row = start
  for (; row < rows; row++) {
    const word = load<u64>(words + (<usize>row << 3))
    let slot = <u32>(hashWord(word) >> 20) & mask
    let gid = load<u32>(slots + (<usize>slot << 2))
    while (gid != 0 && load<u64>(keys + (<usize>(gid - 1) << 3)) != word) {
      slot = (slot + 1) & mask
      gid = load<u32>(slots + (<usize>slot << 2))
    }
    if (gid == 0) {
      if (count >= limit) break
      store<u64>(keys + (<usize>count << 3), word)
      gid = ++count
      store<u32>(slots + (<usize>slot << 2), gid)
    }
    store<u32>(gids + (<usize>row << 2), gid - 1)
  }
  store<u32>(counter, count)
  return row
}

/** Enters the keys with gids from `first` to `count` − 1 into zeroed slots. */
export function enterWords(keys: usize, first: u32, count: u32, slots: usize, mask: u32): void {
  for (let gid = first; gid < count; gid++) {
    let slot = <u32>(hashWord(load<u64>(keys + (<usize>gid << 3))) >> 20) & mask
    while (load<u32>(slots + (<usize>slot << 2)) != 0) slot = (slot + 1) & mask
    store<u32>(slots + (<usize>slot << 2), gid + 1)
  }
}
