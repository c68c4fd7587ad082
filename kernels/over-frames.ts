// Aggregates over frames that need more than a running sum: decimals, whose sums may take more than 64 bits, and quantiles, which need an order. Positions and
// frames are those of over.ts.

// @ts-ignore: decorator
@inline function at32(base: usize, i: i32): i32 {
  return load<i32>(base + (<usize>i << 2))
}
// @ts-ignore: decorator
@inline function bitAt(bits: usize, i: i32): bool {
  return bits == 0 || ((<u32>load<u8>(bits + <usize>(i >> 3)) >> (i & 7)) & 1) != 0
}

// 10 ** 38.
const limitHigh: u64 = 0x4b3b4ca85a86c47a
const limitLow: u64 = 0x098a224000000000

// @ts-ignore: decorator
@inline function hasDigits(low: u64, high: i64): bool {
  const negative = high < 0
  const l = negative ? ~low + 1 : low
  const h = negative ? ~(<u64>high) + u64(low == 0) : <u64>high
  return h < limitHigh || (h == limitHigh && l < limitLow)
}

/**
 * Sums of 128-bit values by position over frames, exact: 192-bit running sums at `sums` (rows + 1 of 24 bytes), whose differences are the results. Returns how
 * many have more than 38 digits.
 */
export function sumFramesI128(values: usize, bits: usize, starts: usize, ends: usize, rows: i32, sums: usize, out: usize): i32 {
  let low: u64 = 0
  let middle: u64 = 0
  let high: i64 = 0
  for (let i = 0; i <= rows; i++) {
    const to = sums + 24 * <usize>i
    store<u64>(to, low)
    store<u64>(to, middle, 8)
    store<i64>(to, high, 16)
    if (i == rows || !bitAt(bits, i)) continue
    const value = values + (<usize>i << 4)
    const valueHigh = load<i64>(value, 8)
    const sumLow = low + load<u64>(value)
    const carry = u64(sumLow < low)
    const sumMiddle = middle + <u64>valueHigh
    const over = u64(sumMiddle < middle)
    low = sumLow
    middle = sumMiddle + carry
    high += (valueHigh >> 63) + <i64>over + i64(middle < carry)
  }
  let beyond = 0
  for (let i = 0; i < rows; i++) {
    const from = sums + 24 * <usize>at32(starts, i)
    const to = sums + 24 * <usize>at32(ends, i)
    const toLow = load<u64>(to)
    const fromLow = load<u64>(from)
    const borrow = u64(toLow < fromLow)
    const toMiddle = load<u64>(to, 8)
    const part = toMiddle - load<u64>(from, 8)
    const under = i64(toMiddle < load<u64>(from, 8)) + i64(part < borrow)
    const sumLow = toLow - fromLow
    const sumHigh = <i64>(part - borrow)
    const top = load<i64>(to, 16) - load<i64>(from, 16) - under
    store<u64>(out + (<usize>i << 4), sumLow)
    store<i64>(out + (<usize>i << 4), sumHigh, 8)
    if (top != sumHigh >> 63 || !hasDigits(sumLow, sumHigh)) beyond++
  }
  return beyond
}

// The counts of a partition's ranks as a tree of sums (Fenwick, 1994): counts[i] holds those of the i & −i ranks up to i.
// @ts-ignore: decorator
@inline function change(tree: usize, size: i32, rank: i32, by: i32): void {
  for (let i = rank + 1; i <= size; i += i & -i) store<i32>(tree + (<usize>i << 2), at32(tree, i) + by)
}

// The rank of the k-th value, from 0.
// @ts-ignore: decorator
@inline function rankAt(tree: usize, size: i32, top: i32, k: i32): i32 {
  let rank = 0
  for (let step = top; step > 0; step >>= 1) {
    if (rank + step > size) continue
    const count = at32(tree, rank + step)
    if (count <= k) {
      rank += step
      k -= count
    }
  }
  return rank
}

/**
 * The two keys that the quantile of each frame lies between, and its distance from the first (0 to 1), as selectQuantiles gives them; bit i of `out` = whether
 * the frame has values. `order`: positions by partition and key, nulls last, `ranks` its inverse. `tree`: rows + 1 of u32, all 0. Frames may go back.
 */
export function quantileFrames(keys: usize, bits: usize, order: usize, ranks: usize, parts: usize, partEnds: usize, starts: usize, ends: usize, rows: i32, q: f64, tree: usize, lows: usize, highs: usize, shares: usize, out: usize): void {
  let first = -1
  let start = 0
  let end = 0
  let count = 0
  let size = 0
  let top = 0
  for (let i = 0; i < rows; i++) {
    if (at32(parts, i) != first) {
      first = at32(parts, i)
      start = first
      end = first
      count = 0
      size = at32(partEnds, i) - first
      top = 1 << (31 - clz<i32>(size))
    }
    const own = tree + (<usize>first << 2)
    const from = at32(starts, i)
    const to = max(from, at32(ends, i))
    for (; end < to; end++) {
      if (!bitAt(bits, end)) continue
      change(own, size, at32(ranks, end) - first, 1)
      count++
    }
    while (start > from) {
      if (!bitAt(bits, --start)) continue
      change(own, size, at32(ranks, start) - first, 1)
      count++
    }
    while (end > to) {
      if (!bitAt(bits, --end)) continue
      change(own, size, at32(ranks, end) - first, -1)
      count--
    }
    for (; start < from; start++) {
      if (!bitAt(bits, start)) continue
      change(own, size, at32(ranks, start) - first, -1)
      count--
    }
    let low: i64 = 0
    let high: i64 = 0
    let share: f64 = 0
    if (count > 0) {
      const place = q * <f64>(count - 1)
      const k = min(<i32>place, count - 1)
      share = place - <f64>k
      low = load<i64>(keys + (<usize>at32(order, first + rankAt(own, size, top, k)) << 3))
      high = share > 0 && k + 1 < count ? load<i64>(keys + (<usize>at32(order, first + rankAt(own, size, top, k + 1)) << 3)) : low
      store<u8>(out + <usize>(i >> 3), load<u8>(out + <usize>(i >> 3)) | (<u8>1 << <u8>(i & 7)))
    }
    store<i64>(lows + (<usize>i << 3), low)
    store<i64>(highs + (<usize>i << 3), high)
    store<f64>(shares + (<usize>i << 3), share)
  }
}
