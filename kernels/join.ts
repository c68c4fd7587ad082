// The join's multi-map: the rows of a key are a chain in order of arrival, first[gid] → next[row] → …; `none` ends it.

const none: u32 = 0xffffffff

/** Appends rows start … start + rows − 1 to the chains of their gids. `first` and `last` have an entry a gid, `next` one a row. */
export function linkRows(gids: usize, start: i32, rows: i32, first: usize, last: usize, next: usize): void {
  for (let i = 0; i < rows; i++) {
    const at = <usize>load<u32>(gids + (<usize>i << 2)) << 2
    const row = <u32>(start + i)
    const before = load<u32>(last + at)
    if (before == none) store<u32>(first + at, row)
    else store<u32>(next + (<usize>before << 2), row)
    store<u32>(last + at, row)
    store<u32>(next + (<usize>row << 2), none)
  }
}

/**
 * Pairs of the probing rows and the rows of their gids' chains, to `left` and `right`, at most `capacity`. `cursor` is [probing row u32, chain
 * row u32], [0, none] at the start, and moves on; all is done when its row reaches `rows`. Returns the number of pairs.
 */
export function probeChains(gids: usize, rows: i32, first: usize, next: usize, cursor: usize, left: usize, right: usize, capacity: i32): i32 {
  let row = load<i32>(cursor)
  let link = load<u32>(cursor, 4)
  let pairs = 0
  while (row < rows) {
    if (link == none) {
      const gid = load<u32>(gids + (<usize>row << 2))
      if (gid == none) {
        row++
        continue
      }
      link = load<u32>(first + (<usize>gid << 2))
    }
    while (link != none && pairs < capacity) {
      store<i32>(left + (<usize>pairs << 2), row)
      store<u32>(right + (<usize>pairs << 2), link)
      pairs++
      link = load<u32>(next + (<usize>link << 2))
    }
    if (link != none) break
    row++
  }
  store<i32>(cursor, row)
  store<u32>(cursor, link, 4)
  return pairs
}
