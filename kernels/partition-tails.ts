// The last rows of partitions: each row knows the one before it in its partition. Groups and rows are u32 numbers, times int64.

// @ts-ignore: decorator
@inline const none: u32 = 0xffff_ffff

/** Puts rows `first`, `first + 1`, … behind those of their groups: `heads` has the last row of each group, `before` the row before each row. */
export function linkTails(groups: usize, rows: i32, first: u32, heads: usize, before: usize): void {
  for (let i = 0; i < rows; i++) {
    const head = heads + (<usize>load<u32>(groups + (<usize>i << 2)) << 2)
    const row = first + <u32>i
    store<u32>(before + (<usize>row << 2), load<u32>(head))
    store<u32>(head, row)
  }
}

/** How many rows the tails of these groups have, each group once: at least `least` rows where there are so many, and all of times from `since` on. Marks the groups, a u32 each that was 0xffffffff. */
export function countTails(groups: usize, rows: i32, heads: usize, before: usize, times: usize, least: i32, since: i64, marks: usize): i32 {
  let count = 0
  for (let i = 0; i < rows; i++) {
    const group = <usize>load<u32>(groups + (<usize>i << 2)) << 2
    if (load<u32>(marks + group) != none) continue
    store<u32>(marks + group, 0)
    let taken = 0
    for (let row = load<u32>(heads + group); row != none && (taken < least || load<i64>(times + (<usize>row << 3)) >= since); row = load<u32>(before + (<usize>row << 2))) taken++
    count += taken
  }
  return count
}

/** The rows that `countTails` has counted, group by group, the oldest first; takes the marks away. */
export function takeTails(groups: usize, rows: i32, heads: usize, before: usize, times: usize, least: i32, since: i64, marks: usize, out: usize): i32 {
  let count = 0
  for (let i = 0; i < rows; i++) {
    const group = <usize>load<u32>(groups + (<usize>i << 2)) << 2
    if (load<u32>(marks + group) == none) continue
    store<u32>(marks + group, none)
    let end = count
    for (let row = load<u32>(heads + group); row != none && (end - count < least || load<i64>(times + (<usize>row << 3)) >= since); row = load<u32>(before + (<usize>row << 2))) {
      store<u32>(out + (<usize>end << 2), row)
      end++
    }
    for (let low = count, high = end - 1; low < high; low++, high--) {
      const row = load<u32>(out + (<usize>low << 2))
      store<u32>(out + (<usize>low << 2), load<u32>(out + (<usize>high << 2)))
      store<u32>(out + (<usize>high << 2), row)
    }
    count = end
  }
  return count
}

/** For each row the row before it among these that is of its group, or none. `marks`: a u32 a group that is 0xffffffff, and is so again. */
export function chainRows(groups: usize, rows: i32, marks: usize, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const mark = marks + (<usize>load<u32>(groups + (<usize>i << 2)) << 2)
    store<u32>(out + (<usize>i << 2), load<u32>(mark))
    store<u32>(mark, i)
  }
  for (let i = 0; i < rows; i++) store<u32>(marks + (<usize>load<u32>(groups + (<usize>i << 2)) << 2), none)
}

/** counts[row] += what `carried` has at heads[row], nothing where that is none. */
export function addCarried(counts: usize, heads: usize, rows: i32, carried: usize): void {
  for (let row = 0; row < rows; row++) {
    const head = load<u32>(heads + (<usize>row << 2))
    if (head == none) continue
    const at = counts + (<usize>row << 3)
    store<i64>(at, load<i64>(at) + load<i64>(carried + (<usize>head << 3)))
  }
}

/**
 * Sums of float64 values as rows come, with what they lose to rounding: row by row on from the row before it (`chain`), or from what was carried of its head, or from nothing. A row whose
 * bit isn't set adds nothing. `sums` and `lost` have what to carry on, `out` the sums as they are to be seen.
 */
export function runSums(values: usize, bits: usize, chain: usize, heads: usize, carriedSums: usize, carriedLost: usize, rows: i32, sums: usize, lost: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const previous = load<u32>(chain + (<usize>row << 2))
    const head = load<u32>(heads + (<usize>row << 2))
    let sum: f64 = 0
    let rest: f64 = 0
    if (previous != none) {
      sum = load<f64>(sums + (<usize>previous << 3))
      rest = load<f64>(lost + (<usize>previous << 3))
    } else if (head != none) {
      sum = load<f64>(carriedSums + (<usize>head << 3))
      rest = load<f64>(carriedLost + (<usize>head << 3))
    }
    if (bits == 0 || ((<u32>load<u8>(bits + (row >> 3)) >> (row & 7)) & 1) != 0) {
      const value = load<f64>(values + (<usize>row << 3))
      const next = sum + value
      // An infinite sum has lost nothing.
      if (Math.abs(next) != Infinity) rest += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
      sum = next
    }
    store<f64>(sums + (<usize>row << 3), sum)
    store<f64>(lost + (<usize>row << 3), rest)
    store<f64>(out + (<usize>row << 3), sum + rest)
  }
}
