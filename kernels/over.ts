// Window functions. Rows are looked at in sorted order by position 0 … rows − 1: partitions, and within them peers (rows of equal order), are ranges of
// positions; so is the frame of a row. Ranges are two u32 arrays, starts and ends, and neither ever falls within a partition.
import { compareRows } from './keys'

// @ts-ignore: decorator
@inline function at32(base: usize, i: i32): u32 {
  return load<u32>(base + (<usize>i << 2))
}
// @ts-ignore: decorator
@inline function bitAt(bits: usize, i: u32): bool {
  return bits == 0 || ((<u32>load<u8>(bits + <usize>(i >> 3)) >> (i & 7)) & 1) != 0
}

/** The ranges that begin where a bit is 1, for each position. */
export function rangesOf(bits: usize, rows: i32, starts: usize, ends: usize): void {
  let start = 0
  for (let i = 0; i <= rows; i++) {
    if (i == rows || bitAt(bits, <u32>i)) {
      for (let j = start; j < i; j++) store<i32>(ends + (<usize>j << 2), i)
      start = i
    }
    if (i < rows) store<i32>(starts + (<usize>i << 2), start)
  }
}

/** Frames by rows before and behind: position + `from` to position + `to`, within the partition. */
export function framesByRows(parts: usize, partEnds: usize, rows: i32, from: f64, to: f64, starts: usize, ends: usize): void {
  for (let i = 0; i < rows; i++) {
    const low = <f64>at32(parts, i)
    const high = <f64>at32(partEnds, i)
    const start = min(high, max(low, <f64>i + from))
    const end = max(start, min(high, <f64>i + to + 1))
    store<u32>(starts + (<usize>i << 2), <u32>start)
    store<u32>(ends + (<usize>i << 2), <u32>end)
  }
}

/**
 * Frames by distance of keys, which rise within a partition: those from key + `from` to key + `to`, both included. Rows whose key is null or NaN have
 * their peers. `open` 1: from the partition's start; 2: to its end. `T` of the keys by name.
 */
export function framesByI64(keys: usize, valid: usize, parts: usize, partEnds: usize, peers: usize, peerEnds: usize, rows: i32, from: i64, to: i64, open: i32, starts: usize, ends: usize): void {
  framesByKeys<i64>(keys, valid, parts, partEnds, peers, peerEnds, rows, from, to, open, starts, ends)
}
/** As `framesByI64`. */
export function framesByF64(keys: usize, valid: usize, parts: usize, partEnds: usize, peers: usize, peerEnds: usize, rows: i32, from: f64, to: f64, open: i32, starts: usize, ends: usize): void {
  framesByKeys<f64>(keys, valid, parts, partEnds, peers, peerEnds, rows, from, to, open, starts, ends)
}

// @ts-ignore: decorator
@inline function sumOf<T>(key: T, by: T): T {
  const sum = (key + by) as T
  if (isFloat<T>()) return sum
  // Beyond the ends of int64 a bound is the end.
  if (by > (0 as T) && sum < key) return <T>i64.MAX_VALUE
  if (by < (0 as T) && sum > key) return <T>i64.MIN_VALUE
  return sum
}

function framesByKeys<T>(keys: usize, valid: usize, parts: usize, partEnds: usize, peers: usize, peerEnds: usize, rows: i32, from: T, to: T, open: i32, starts: usize, ends: usize): void {
  let i = 0
  while (i < rows) {
    const partStart = <i32>at32(parts, i)
    const partEnd = <i32>at32(partEnds, i)
    let first = partStart
    while (first < partEnd && !hasKey<T>(keys, valid, first)) first++
    let last = first
    while (last < partEnd && hasKey<T>(keys, valid, last)) last++
    let low = first
    let high = first
    for (; i < partEnd; i++) {
      let start = <i32>at32(peers, i)
      let end = <i32>at32(peerEnds, i)
      if (i >= first && i < last) {
        const key = load<T>(keys + (<usize>i << 3))
        const least = sumOf<T>(key, from)
        const most = sumOf<T>(key, to)
        while (low < last && load<T>(keys + (<usize>low << 3)) < least) low++
        while (high < last && load<T>(keys + (<usize>high << 3)) <= most) high++
        start = low
        end = high
      }
      if (open & 1) start = partStart
      if (open & 2) end = partEnd
      store<i32>(starts + (<usize>i << 2), start)
      store<i32>(ends + (<usize>i << 2), max(start, end))
    }
  }
}

// @ts-ignore: decorator
@inline function hasKey<T>(keys: usize, valid: usize, i: i32): bool {
  if (!bitAt(valid, <u32>i)) return false
  const key = load<T>(keys + (<usize>i << 3))
  return key == key
}

const kindRowNumber = 0
const kindRank = 1
const kindDenseRank = 2
const kindTile = 3
const kindPercentRank = 4
const kindCumeDist = 5

/** Ranks as int64 (row number, rank, dense rank, tile of `tiles`) or float64 (percent rank, cumulative distribution), by kind. */
export function rankRows(kind: i32, parts: usize, partEnds: usize, peers: usize, peerEnds: usize, rows: i32, tiles: f64, out: usize): void {
  let dense: i64 = 0
  for (let i = 0; i < rows; i++) {
    const start = <i64>at32(parts, i)
    const count = <i64>at32(partEnds, i) - start
    const peer = <i64>at32(peers, i)
    const place = <i64>i - start
    const to = out + (<usize>i << 3)
    if (place == 0) dense = 0
    if (<i64>i == peer) dense++
    switch (kind) {
      case kindRowNumber:
        store<i64>(to, place + 1)
        break
      case kindRank:
        store<i64>(to, peer - start + 1)
        break
      case kindDenseRank:
        store<i64>(to, dense)
        break
      case kindTile: {
        const buckets = <i64>tiles
        const size = count / buckets
        const larger = count % buckets
        const border = larger * (size + 1)
        store<i64>(to, place < border ? place / (size + 1) + 1 : larger + (place - border) / max<i64>(1, size) + 1)
        break
      }
      case kindPercentRank:
        store<f64>(to, count > 1 ? <f64>(peer - start) / <f64>(count - 1) : 0)
        break
      case kindCumeDist:
        store<f64>(to, <f64>(<i64>at32(peerEnds, i) - start) / <f64>count)
        break
    }
  }
}

/** For each position the row `offset` positions before it (behind it where negative) in its partition, or `none`. */
export function shiftRows(indices: usize, parts: usize, partEnds: usize, rows: i32, offset: f64, none: u32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const place = <f64>i - offset
    const inside = place >= <f64>at32(parts, i) && place < <f64>at32(partEnds, i)
    store<u32>(out + (<usize>i << 2), inside ? at32(indices, <i32>place) : none)
  }
}

/** For each position the row of place `nth` in its frame, counted from 0, or `none`. */
export function nthRows(indices: usize, starts: usize, ends: usize, rows: i32, nth: f64, none: u32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const place = <f64>at32(starts, i) + nth
    store<u32>(out + (<usize>i << 2), place < <f64>at32(ends, i) ? at32(indices, <i32>place) : none)
  }
}

/** For each position the first (`last` 1: the last) row of its frame whose bit, by position, is 1, or `none`. `scratch`: a u32 a row. */
export function validRows(indices: usize, bits: usize, starts: usize, ends: usize, rows: i32, last: i32, none: u32, scratch: usize, out: usize): void {
  // scratch[i] is the nearest set position from i on (up to i).
  let near = last ? -1 : rows
  for (let k = 0; k < rows; k++) {
    const i = last ? k : rows - 1 - k
    if (bitAt(bits, <u32>i)) near = i
    store<i32>(scratch + (<usize>i << 2), near)
  }
  for (let i = 0; i < rows; i++) {
    const start = <i32>at32(starts, i)
    const end = <i32>at32(ends, i)
    let found = -1
    if (start < end) {
      const place = load<i32>(scratch + (<usize>(last ? end - 1 : start) << 2))
      if (place >= start && place < end) found = place
    }
    store<u32>(out + (<usize>i << 2), found >= 0 ? at32(indices, found) : none)
  }
}

/** For each frame how many of its positions' bits are 1, as int64. `sums`: rows + 1 u32. */
export function countFrames(bits: usize, starts: usize, ends: usize, rows: i32, sums: usize, out: usize): void {
  let count: u32 = 0
  for (let i = 0; i < rows; i++) {
    store<u32>(sums + (<usize>i << 2), count)
    count += u32(bitAt(bits, <u32>i))
  }
  store<u32>(sums + (<usize>rows << 2), count)
  for (let i = 0; i < rows; i++) {
    store<i64>(out + (<usize>i << 3), <i64>(at32(sums, <i32>at32(ends, i)) - at32(sums, <i32>at32(starts, i))))
  }
}

/**
 * Sums of int64 values by position over frames, exact: 128-bit running sums at `sums` (rows + 1 of 16 bytes), whose differences are the results. `mean` 0:
 * int64 to out, and the return is the number of results beyond int64; else their float64 divided by counts[i], an int64 each.
 */
export function sumFramesI64(values: usize, bits: usize, starts: usize, ends: usize, rows: i32, sums: usize, mean: i32, counts: usize, out: usize): i32 {
  let low: u64 = 0
  let high: i64 = 0
  for (let i = 0; i < rows; i++) {
    store<u64>(sums + (<usize>i << 4), low)
    store<i64>(sums + (<usize>i << 4), high, 8)
    if (!bitAt(bits, <u32>i)) continue
    const value = load<i64>(values + (<usize>i << 3))
    const sum = low + <u64>value
    high += (value >> 63) + i64(sum < low)
    low = sum
  }
  store<u64>(sums + (<usize>rows << 4), low)
  store<i64>(sums + (<usize>rows << 4), high, 8)
  let beyond = 0
  for (let i = 0; i < rows; i++) {
    const from = sums + (<usize>at32(starts, i) << 4)
    const to = sums + (<usize>at32(ends, i) << 4)
    const left = load<u64>(to)
    const right = load<u64>(from)
    const difference = left - right
    const top = load<i64>(to, 8) - load<i64>(from, 8) - i64(left < right)
    if (mean) {
      const count = <f64>load<i64>(counts + (<usize>i << 3))
      const sum = top == <i64>difference >> 63 ? <f64>(<i64>difference) : <f64>top * 18446744073709551616.0 + <f64>difference
      store<f64>(out + (<usize>i << 3), sum / count)
    } else {
      store<u64>(out + (<usize>i << 3), difference)
      if (top != <i64>difference >> 63) beyond++
    }
  }
  return beyond
}

/**
 * Sums of float64 values by position over frames, as pairs of a sum and what it lost to rounding. Nothing is ever subtracted: positions leave a frame from a
 * stack of sums up to `middle`, and come to a sum behind it. `scratch`: 16 bytes a row. `counts`: an int64 each, to divide by, or 0.
 */
export function sumFramesF64(values: usize, bits: usize, starts: usize, ends: usize, rows: i32, scratch: usize, counts: usize, out: usize): void {
  let middle = 0
  let end = 0
  let sum: f64 = 0
  let lost: f64 = 0
  for (let i = 0; i < rows; i++) {
    const from = <i32>at32(starts, i)
    const to = <i32>at32(ends, i)
    if (from >= middle || to < end) {
      // The stack anew: at each position the sum from there to `to`.
      sum = 0
      lost = 0
      for (let k = to - 1; k >= from; k--) {
        if (bitAt(bits, <u32>k)) {
          const value = load<f64>(values + (<usize>k << 3))
          const next = sum + value
          lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
          sum = next
        }
        store<f64>(scratch + (<usize>k << 4), sum)
        store<f64>(scratch + (<usize>k << 4), lost, 8)
      }
      middle = to
      end = to
      sum = 0
      lost = 0
    }
    for (; end < to; end++) {
      if (!bitAt(bits, <u32>end)) continue
      const value = load<f64>(values + (<usize>end << 3))
      const next = sum + value
      lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
      sum = next
    }
    let total = sum
    let rest = lost
    if (from < middle) {
      const front = load<f64>(scratch + (<usize>from << 4))
      rest += load<f64>(scratch + (<usize>from << 4), 8)
      const next = front + total
      rest += Math.abs(front) >= Math.abs(total) ? front - next + total : total - next + front
      total = next
    }
    // Infinite sums leave NaN in what was lost.
    const result = rest == rest && Math.abs(total) != Infinity ? total + rest : total
    store<f64>(out + (<usize>i << 3), counts == 0 ? result : result / <f64>load<i64>(counts + (<usize>i << 3)))
  }
}

/** For each frame the row of its least (`most` 1: greatest) value by `table`'s one key, a column by position, nulls passed over, the first of equal ones, or `none`. `scratch`: a u32 a row. */
export function extremeRows(table: usize, indices: usize, bits: usize, starts: usize, ends: usize, rows: i32, most: i32, none: u32, scratch: usize, out: usize): void {
  let middle = 0
  let end = 0
  let back = -1
  for (let i = 0; i < rows; i++) {
    const from = <i32>at32(starts, i)
    const to = <i32>at32(ends, i)
    if (from >= middle || to < end) {
      let best = -1
      for (let k = to - 1; k >= from; k--) {
        if (bitAt(bits, <u32>k) && (best < 0 || !better(table, best, k, most))) best = k
        store<i32>(scratch + (<usize>k << 2), best)
      }
      middle = to
      end = to
      back = -1
    }
    for (; end < to; end++) if (bitAt(bits, <u32>end) && (back < 0 || better(table, end, back, most))) back = end
    let best = from < middle ? load<i32>(scratch + (<usize>from << 2)) : -1
    if (back >= 0 && (best < 0 || better(table, back, best, most))) best = back
    store<u32>(out + (<usize>i << 2), best >= 0 ? at32(indices, best) : none)
  }
}

// Whether the value at position a beats that at b.
// @ts-ignore: decorator
@inline function better(table: usize, a: i32, b: i32, most: i32): bool {
  const order = compareRows(table, <u32>a, table, <u32>b, 1)
  return most ? order > 0 : order < 0
}

/** out[indices[i]] = i. */
export function invertRows(indices: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) store<i32>(out + (<usize>at32(indices, i) << 2), i)
}

/** Negates float64 values in place. */
export function turnF64(values: usize, rows: i32): void {
  for (let i = 0; i < rows; i++) store<f64>(values + (<usize>i << 3), -load<f64>(values + (<usize>i << 3)))
}

/** Turns the order of int64 values around, in place; distances stay. */
export function turnI64(values: usize, rows: i32): void {
  for (let i = 0; i < rows; i++) store<i64>(values + (<usize>i << 3), ~load<i64>(values + (<usize>i << 3)))
}
