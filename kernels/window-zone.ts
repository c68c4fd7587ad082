// Times in ms and the clock of a time zone: what it shows, and when it shows it. A clock that is put back shows some times twice, so that what it will never show
// again is less than what it shows. The table: `count` places (int64 ms, rising; the first is below all) and the offsets (int64 ms) that hold from each on; at `end`
// and beyond it is as whole cycles of 400 years before.

// @ts-ignore: decorator
@inline const none: i64 = i64.MIN_VALUE
// @ts-ignore: decorator
@inline const never: i64 = i64.MAX_VALUE
// @ts-ignore: decorator
@inline const cycle: i64 = 12622780800000
// More than any clock is ahead of or behind UTC.
// @ts-ignore: decorator
@inline const reach: i64 = 93600000

// The last place at or before x.
function placeOf(places: usize, count: i32, x: i64): i32 {
  let low = 0
  let high = count
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (load<i64>(places + (<usize>middle << 3)) <= x) low = middle
    else high = middle
  }
  return low
}

/**
 * out = by `way`: 0 what the clock shows at a; 1 the last moment of the clock such that it and all before it are never shown after a − `lateness`; 2 the first time at which the
 * clock shows a or more; 3 the first time from which on it shows nothing before a. The least and the greatest int64 stay what they are.
 */
export function zoneTimes(a: usize, rows: i32, way: i32, lateness: f64, places: usize, offsets: usize, count: i32, end: f64, out: usize): void {
  const last = <i64>end
  for (let row: usize = 0; row < <usize>rows; row++) {
    let x = load<i64>(a + (row << 3))
    if (x == none || x == never) {
      store<i64>(out + (row << 3), x)
      continue
    }
    if (way == 1) x = x - <i64>lateness + 1
    let cycles: i64 = 0
    if (x >= last - reach) cycles = ((x - last + reach) / cycle + 1) * cycle
    x -= cycles
    let y: i64
    if (way <= 1) {
      const i = placeOf(places, count, x)
      y = x + load<i64>(offsets + (<usize>i << 3))
      if (way == 1) {
        if (i + 1 < count) y = min(y, load<i64>(places + (<usize>(i + 1) << 3)) + load<i64>(offsets + (<usize>(i + 1) << 3)))
        y--
      }
    } else if (way == 2) {
      let i = placeOf(places, count, x - reach)
      while (i + 1 < count && load<i64>(places + (<usize>(i + 1) << 3)) + load<i64>(offsets + (<usize>i << 3)) <= x) i++
      y = x - load<i64>(offsets + (<usize>i << 3))
      if (i > 0) y = max(y, load<i64>(places + (<usize>i << 3)))
    } else {
      let i = placeOf(places, count, x + reach)
      while (i > 0 && load<i64>(places + (<usize>i << 3)) + load<i64>(offsets + (<usize>i << 3)) >= x) i--
      y = x - load<i64>(offsets + (<usize>i << 3))
      if (i + 1 < count) y = min(y, load<i64>(places + (<usize>(i + 1) << 3)))
    }
    store<i64>(out + (row << 3), y + cycles)
  }
}
