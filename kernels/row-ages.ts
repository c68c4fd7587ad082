// Stored rows that are forgotten when they are old: when each came, a float64 of epoch milliseconds by the clock. What came at `since` or before is old.

/** Keeps the pairs whose stored row `right` isn't old, in place, in order; returns how many. */
export function keepFresh(left: usize, right: usize, count: i32, times: usize, since: f64): i32 {
  let kept: usize = 0
  for (let i = 0; i < count; i++) {
    const id = load<u32>(right + (<usize>i << 2))
    store<u32>(left + kept, load<u32>(left + (<usize>i << 2)))
    store<u32>(right + kept, id)
    kept += <usize>(load<f64>(times + (<usize>id << 3)) > since) << 2
  }
  return <i32>(kept >> 2)
}

/** Clears the byte at `alive` of each old row; returns how many it cleared. */
export function clearOld(times: usize, rows: i32, since: f64, alive: usize): i32 {
  let cleared = 0
  for (let row = 0; row < rows; row++) {
    const isOld = load<f64>(times + (<usize>row << 3)) <= since
    const at = alive + <usize>row
    cleared += i32(isOld & (load<u8>(at) != 0))
    store<u8>(at, select<u8>(0, load<u8>(at), isOld))
  }
  return cleared
}

/** How many rows at the beginning are old. */
export function countOld(times: usize, rows: i32, since: f64): i32 {
  let count = 0
  while (count < rows && load<f64>(times + (<usize>count << 3)) <= since) count++
  return count
}
