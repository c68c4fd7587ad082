// t-digests by group (Dunning and Ertl, "Computing extremely accurate quantiles using t-digests", 2019; scale k1, compression 300): centroids, few and
// heavy in the middle, single values at the ends. A group keeps up to 512; when these are full they are sorted and neighbours merged. Up to 512 values
// nothing is merged. A table is [least f64, greatest f64, then mean f64 and weight f64 of each centroid]; entries of 16 bytes: [table u32, log2 of its
// centroids u32, used u32, 0]. Nothing here allocates: `heap` is [next u32, end u32]; where it doesn't suffice a kernel returns the row at which it stopped.
import { isValid } from './validity'

const capacityLogMax: u32 = 9
const compression: f64 = 300

// Shell sort by mean.
function sortCentroids(table: usize, count: i32): void {
  const first = table + 16
  let gap = 1
  while (gap < count / 3) gap = 3 * gap + 1
  for (; gap > 0; gap /= 3) {
    for (let i = gap; i < count; i++) {
      const mean = load<f64>(first + (<usize>i << 4))
      const weight = load<f64>(first + (<usize>i << 4), 8)
      let j = i
      while (j >= gap && load<f64>(first + (<usize>(j - gap) << 4)) > mean) {
        v128.store(first + (<usize>j << 4), v128.load(first + (<usize>(j - gap) << 4)))
        j -= gap
      }
      store<f64>(first + (<usize>j << 4), mean)
      store<f64>(first + (<usize>j << 4), weight, 8)
    }
  }
}

// @ts-ignore: decorator
@inline function scale(share: f64): f64 {
  return (compression / 6.283185307179586) * Math.asin(2 * min<f64>(1, share) - 1)
}

// Sorts, and merges neighbours that together are small enough; returns how many are left.
function compress(table: usize, count: i32): i32 {
  sortCentroids(table, count)
  const first = table + 16
  let total: f64 = 0
  for (let i = 0; i < count; i++) total += load<f64>(first + (<usize>i << 4), 8)
  let kept = 0
  let before: f64 = 0
  let start = scale(0)
  for (let i = 1; i < count; i++) {
    const held = first + (<usize>kept << 4)
    const mean = load<f64>(first + (<usize>i << 4))
    const weight = load<f64>(first + (<usize>i << 4), 8)
    const heldWeight = load<f64>(held, 8)
    const sum = heldWeight + weight
    if (scale((before + sum) / total) - start <= 1) {
      const heldMean = load<f64>(held)
      store<f64>(held, heldMean == mean ? mean : heldMean + ((mean - heldMean) * weight) / sum)
      store<f64>(held, sum, 8)
    } else {
      before += heldWeight
      start = scale(before / total)
      kept++
      store<f64>(first + (<usize>kept << 4), mean)
      store<f64>(first + (<usize>kept << 4), weight, 8)
    }
  }
  return count == 0 ? 0 : kept + 1
}

// False where the heap has no room.
function offer(entry: usize, mean: f64, weight: f64, heap: usize): bool {
  let table = load<u32>(entry)
  const log = load<u32>(entry, 4)
  let used = load<u32>(entry, 8)
  if (table == 0 || used == <u32>1 << log) {
    if (table != 0 && log == capacityLogMax) {
      used = <u32>compress(table, <i32>used)
    } else {
      const grownLog: u32 = table == 0 ? 3 : log + 2
      const bytes: u32 = 16 + (<u32>16 << grownLog)
      const grown = load<u32>(heap)
      if (load<u32>(heap, 4) - grown < bytes) return false
      store<u32>(heap, grown + bytes)
      if (table == 0) {
        store<f64>(grown, mean)
        store<f64>(grown, mean, 8)
      } else memory.copy(grown, table, 16 + (used << 4))
      store<u32>(entry, grown)
      store<u32>(entry, grownLog, 4)
      table = grown
    }
  }
  const at = <usize>table + 16 + (<usize>used << 4)
  store<f64>(at, mean)
  store<f64>(at, weight, 8)
  store<u32>(entry, used + 1, 8)
  return true
}

// @ts-ignore: decorator
@inline function stretch(entry: usize, least: f64, greatest: f64): void {
  const table = load<u32>(entry)
  store<f64>(table, min(load<f64>(table), least))
  store<f64>(table, max(load<f64>(table, 8), greatest), 8)
}

/** Takes values of rows [start, rows) that are neither null nor NaN. Returns where it stopped. */
export function digestF64(gids: usize, values: usize, validity: usize, start: i32, rows: i32, state: usize, heap: usize): i32 {
  for (let row = start; row < rows; row++) {
    const value = load<f64>(values + (<usize>row << 3))
    if (!isValid(validity, row) || value != value) continue
    const entry = state + (<usize>load<u32>(gids + (<usize>row << 2)) << 4)
    if (!offer(entry, value, 1, heap)) return row
    stretch(entry, value, value)
  }
  return rows
}

/** Takes states: views of tables. Returns where it stopped, before a row was begun: each asks for room for all that a table may still become. */
export function mergeDigests(gids: usize, views: usize, start: i32, rows: i32, state: usize, heap: usize): i32 {
  for (let row = start; row < rows; row++) {
    const view = views + (<usize>row << 4)
    const length = load<u32>(view)
    if (length == 0) continue
    if (load<u32>(heap, 4) - load<u32>(heap) < 16384) return row
    const from = <usize>load<u32>(view, 12)
    const entry = state + (<usize>load<u32>(gids + (<usize>row << 2)) << 4)
    for (let at: u32 = 16; at < length; at += 16) offer(entry, load<f64>(from + at), load<f64>(from + at, 8), heap)
    stretch(entry, load<f64>(from), load<f64>(from, 8))
  }
  return rows
}

/** out[gid] = a view of the group's table, where it lies. */
export function digestViews(state: usize, groups: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 4)
    const table = load<u32>(entry)
    const view = out + (<usize>gid << 4)
    store<u64>(view, 0)
    store<u64>(view, 0, 8)
    if (table == 0) continue
    store<u32>(view, 16 + (load<u32>(entry, 8) << 4))
    store<u32>(view, load<u32>(table), 4)
    store<u32>(view, table, 12)
  }
}

/** out[gid] = the quantile: linear between the ranks in the middle of centroids, and the least and greatest values at the ends; NaN for empty groups. */
export function digestQuantiles(state: usize, groups: i32, q: f64, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 4)
    const table = <usize>load<u32>(entry)
    const count = load<i32>(entry, 8)
    let result = NaN
    if (count > 0) {
      sortCentroids(table, count)
      let total: f64 = 0
      for (let i = 0; i < count; i++) total += load<f64>(table + 24 + (<usize>i << 4))
      const place = q * (total - 1)
      let rank: f64 = 0
      let value = load<f64>(table)
      let before: f64 = 0
      let found = false
      for (let i = 0; i < count && !found; i++) {
        const mean = load<f64>(table + 16 + (<usize>i << 4))
        const weight = load<f64>(table + 24 + (<usize>i << 4))
        const middle = before + (weight - 1) / 2
        before += weight
        if (middle < place) {
          rank = middle
          value = mean
          continue
        }
        result = middle == place || middle == rank || mean == value ? mean : value + (mean - value) * ((place - rank) / (middle - rank))
        found = true
      }
      if (!found) {
        const greatest = load<f64>(table, 8)
        result = total - 1 == place || total - 1 == rank || greatest == value ? greatest : value + (greatest - value) * ((place - rank) / (total - 1 - rank))
      }
    }
    store<f64>(out + (<usize>gid << 3), result)
  }
}
