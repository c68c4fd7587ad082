// Values by group in one piece: keys (see widen.ts) are logged with their groups as they come, then placed in runs, a group's after the other's
// (a counting sort), where quantiles are selected. A run leaves as a view of its bytes, so that moving states moves 16 bytes a group.
import { isValid } from './validity'

/** Appends the gids and keys of the rows that aren't null; returns how many. */
export function logKeys(gids: usize, keys: usize, validity: usize, rows: i32, gidsOut: usize, keysOut: usize): i32 {
  if (validity == 0) {
    memory.copy(gidsOut, gids, <usize>rows << 2)
    memory.copy(keysOut, keys, <usize>rows << 3)
    return rows
  }
  let count = 0
  for (let row = 0; row < rows; row++) {
    store<u32>(gidsOut + (<usize>count << 2), load<u32>(gids + (<usize>row << 2)))
    store<i64>(keysOut + (<usize>count << 3), load<i64>(keys + (<usize>row << 3)))
    count += <i32>isValid(validity, row)
  }
  return count
}

/** counts[gid] += 1 for each row; u32. */
export function countRuns(gids: usize, rows: i32, counts: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = counts + (<usize>load<u32>(gids + (<usize>row << 2)) << 2)
    store<u32>(at, load<u32>(at) + 1)
  }
}

/** counts[gid] += the keys in each view. */
export function countRunKeys(gids: usize, views: usize, rows: i32, counts: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = counts + (<usize>load<u32>(gids + (<usize>row << 2)) << 2)
    store<u32>(at, load<u32>(at) + (load<u32>(views + (<usize>row << 4)) >> 3))
  }
}

/** offsets[gid] = the counts before it; one more than groups. Returns the whole. `offsets` may not be `counts`. */
export function runOffsets(counts: usize, groups: i32, offsets: usize): i32 {
  let next: u32 = 0
  for (let gid = 0; gid < groups; gid++) {
    store<u32>(offsets + (<usize>gid << 2), next)
    next += load<u32>(counts + (<usize>gid << 2))
  }
  store<u32>(offsets + (<usize>groups << 2), next)
  return <i32>next
}

/** Puts each key behind its group's: nexts[gid] is where the next goes, in keys from `out` on, and moves on. */
export function placeLogged(gids: usize, keys: usize, rows: i32, nexts: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = nexts + (<usize>load<u32>(gids + (<usize>row << 2)) << 2)
    const place = load<u32>(at)
    store<u32>(at, place + 1)
    store<i64>(out + (<usize>place << 3), load<i64>(keys + (<usize>row << 3)))
  }
}

/** As `placeLogged`, all keys of each view. */
export function placeRuns(gids: usize, views: usize, rows: i32, nexts: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const view = views + (<usize>row << 4)
    const bytes = load<u32>(view)
    const at = nexts + (<usize>load<u32>(gids + (<usize>row << 2)) << 2)
    const place = load<u32>(at)
    store<u32>(at, place + (bytes >> 3))
    memory.copy(out + (<usize>place << 3), bytes <= 12 ? view + 4 : <usize>load<u32>(view, 12), bytes)
  }
}

/** out[gid] = a view of the bytes of its run of `width`-byte values that begin at `base`. */
export function runViews(offsets: usize, groups: i32, base: usize, width: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const start = load<u32>(offsets + (<usize>gid << 2))
    const bytes = (load<u32>(offsets + (<usize>gid << 2), 4) - start) * width
    const at = base + <usize>start * width
    const view = out + (<usize>gid << 4)
    store<u64>(view, 0)
    store<u64>(view, 0, 8)
    store<u32>(view, bytes)
    if (bytes <= 12) memory.copy(view + 4, at, bytes)
    else {
      store<u32>(view, load<u32>(at), 4)
      store<u32>(view, <u32>at, 12)
    }
  }
}

let chance: u32 = 0x9e3779b9

// Moves the keys so that the k-th is in its place, no greater one before it and no smaller one behind. Partitions have no branch on values.
function select(base: usize, count: i32, k: i32): void {
  let low = 0
  let high = count - 1
  while (high - low > 16) {
    const span = <u32>(high - low + 1)
    chance = chance * 1664525 + 1013904223
    const one = load<i64>(base + (<usize>(low + <i32>(<u32>((<u64>chance * span) >> 32))) << 3))
    chance = chance * 1664525 + 1013904223
    const two = load<i64>(base + (<usize>(low + <i32>(<u32>((<u64>chance * span) >> 32))) << 3))
    const three = load<i64>(base + (<usize>k << 3))
    const pivot = max(min(one, two), min(max(one, two), three))
    let border = base + (<usize>low << 3)
    const end = base + (<usize>high << 3)
    for (let at = border; at <= end; at += 8) {
      const key = load<i64>(at)
      store<i64>(at, load<i64>(border))
      store<i64>(border, key)
      border += <usize>(key < pivot) << 3
    }
    const middle = <i32>((border - base) >> 3)
    if (k < middle) {
      high = middle - 1
      continue
    }
    for (let at = border; at <= end; at += 8) {
      const key = load<i64>(at)
      store<i64>(at, load<i64>(border))
      store<i64>(border, key)
      border += <usize>(key == pivot) << 3
    }
    const above = <i32>((border - base) >> 3)
    if (k < above) return
    low = above
  }
  for (let i = low + 1; i <= high; i++) {
    const key = load<i64>(base + (<usize>i << 3))
    let j = i
    while (j > low && load<i64>(base + (<usize>(j - 1) << 3)) > key) {
      store<i64>(base + (<usize>j << 3), load<i64>(base + (<usize>(j - 1) << 3)))
      j--
    }
    store<i64>(base + (<usize>j << 3), key)
  }
}

/**
 * The two keys that the quantile of each run lies between, and its distance from the first (0 to 1); zeros for empty runs. The runs' keys are moved.
 * Its place is q · (count − 1).
 */
export function selectQuantiles(keys: usize, offsets: usize, groups: i32, q: f64, lows: usize, highs: usize, shares: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const start = load<u32>(offsets + (<usize>gid << 2))
    const count = <i32>(load<u32>(offsets + (<usize>gid << 2), 4) - start)
    const at = <usize>gid << 3
    let low: i64 = 0
    let high: i64 = 0
    let share: f64 = 0
    if (count > 0) {
      const base = keys + (<usize>start << 3)
      const place = q * <f64>(count - 1)
      const k = min(<i32>place, count - 1)
      share = place - <f64>k
      select(base, count, k)
      low = load<i64>(base + (<usize>k << 3))
      high = low
      if (share > 0 && k + 1 < count) {
        high = i64.MAX_VALUE
        for (let i = k + 1; i < count; i++) high = min(high, load<i64>(base + (<usize>i << 3)))
      }
    }
    store<i64>(lows + at, low)
    store<i64>(highs + at, high)
    store<f64>(shares + at, share)
  }
}

/** out[i] = low + (high − low) · share of float64. Equal ends give that end, so that infinities stay. */
export function betweenF64(lows: usize, highs: usize, shares: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) {
    const at = <usize>i << 3
    const low = load<f64>(lows + at)
    const high = load<f64>(highs + at)
    const share = load<f64>(shares + at)
    store<f64>(out + at, low == high || share == 0 ? low : low + (high - low) * share)
  }
}

/** As `betweenF64`, of int64, rounded to the nearest, halves up. */
export function betweenI64(lows: usize, highs: usize, shares: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) {
    const at = <usize>i << 3
    const low = load<i64>(lows + at)
    store<i64>(out + at, low + <i64>Math.floor(<f64>(load<i64>(highs + at) - low) * load<f64>(shares + at) + 0.5))
  }
}

/** Bit gid of out = whether the run has values; returns how many have. */
export function maskRuns(offsets: usize, groups: i32, out: usize): i32 {
  let some = 0
  for (let gid = 0; gid < groups; gid += 8) {
    const count = min(8, groups - gid)
    let byte: u32 = 0
    for (let i = 0; i < count; i++) byte |= <u32>(load<u32>(offsets + (<usize>(gid + i) << 2)) != load<u32>(offsets + (<usize>(gid + i) << 2), 4)) << i
    store<u8>(out++, <u8>byte)
    some += popcnt<i32>(byte)
  }
  return some
}

/** out: the gid of each row as often as its list has items, which lie between `offsets`. */
export function repeatGids(gids: usize, offsets: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const gid = load<u32>(gids + (<usize>row << 2))
    const count = load<i32>(offsets + (<usize>row << 2), 4) - load<i32>(offsets + (<usize>row << 2))
    for (let i = 0; i < count; i++) {
      store<u32>(out, gid)
      out += 4
    }
  }
}

/** Puts the number of each row behind those of its group's earlier rows: nexts[gid] is where the next goes, in u32 from `out` on, and moves on. */
export function placeRows(gids: usize, rows: i32, nexts: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = nexts + (<usize>load<u32>(gids + (<usize>row << 2)) << 2)
    const place = load<u32>(at)
    store<u32>(at, place + 1)
    store<i32>(out + (<usize>place << 2), row)
  }
}

/** out[row] = first + row, or first + numbers[row] (u32) where `numbers` is not 0. */
export function fillPlaces(first: i64, numbers: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) store<i64>(out + (<usize>row << 3), first + (numbers == 0 ? <i64>row : <i64>load<u32>(numbers + (<usize>row << 2))))
}

/** out[gid] = order[rows[the first of the run]]; 0 for empty runs. */
export function firstRows(order: usize, rows: usize, offsets: usize, groups: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const start = load<u32>(offsets + (<usize>gid << 2))
    const empty = start == load<u32>(offsets + (<usize>gid << 2), 4)
    store<u32>(out + (<usize>gid << 2), empty ? 0 : load<u32>(order + (<usize>load<u32>(rows + (<usize>start << 2)) << 2)))
  }
}

/** Makes the views of null rows zeros. */
export function clearViews(views: usize, validity: usize, rows: i32): void {
  for (let row = 0; row < rows; row++) {
    if (isValid(validity, row)) continue
    store<u64>(views + (<usize>row << 4), 0)
    store<u64>(views + (<usize>row << 4), 0, 8)
  }
}

/** out = the first `k` of each run of `rows`; `outOffsets` their runs. Returns how many there are. */
export function keepFirst(rows: usize, offsets: usize, groups: i32, k: i32, out: usize, outOffsets: usize): i32 {
  let next: u32 = 0
  for (let gid = 0; gid < groups; gid++) {
    store<u32>(outOffsets + (<usize>gid << 2), next)
    const start = load<u32>(offsets + (<usize>gid << 2))
    const count = min<u32>(load<u32>(offsets + (<usize>gid << 2), 4) - start, <u32>k)
    memory.copy(out + (<usize>next << 2), rows + (<usize>start << 2), count << 2)
    next += count
  }
  store<u32>(outOffsets + (<usize>groups << 2), next)
  return <i32>next
}

/** out[gid] = where its run begins, or `none` where it is empty. */
export function firstOrNone(offsets: usize, groups: i32, none: u32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const start = load<u32>(offsets + (<usize>gid << 2))
    store<u32>(out + (<usize>gid << 2), start == load<u32>(offsets + (<usize>gid << 2), 4) ? none : start)
  }
}

/** out[gid] = the greatest word of each run; 0 for empty ones. */
export function greatestWords(words: usize, offsets: usize, groups: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const end = load<u32>(offsets + (<usize>gid << 2), 4)
    let greatest: i64 = 0
    for (let i = load<u32>(offsets + (<usize>gid << 2)); i < end; i++) greatest = max(greatest, load<i64>(words + (<usize>i << 3)))
    store<i64>(out + (<usize>gid << 3), greatest)
  }
}
