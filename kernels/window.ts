// Event time: watermarks row by row, and the windows of rows. Times are int64 milliseconds; the least int64 is "no time" and "unknown".
// A pane is the set of windows a row counts in: those whose ends lie in [first end, last end], a slide apart. Windows share panes.

// @ts-ignore: decorator
@inline const none: i64 = i64.MIN_VALUE
// The range of a JavaScript Date; beyond it a time is no time.
// @ts-ignore: decorator
@inline const timeMax: i64 = 8640000000000000

// @ts-ignore: decorator
@inline function floorDivide(a: i64, b: i64): i64 {
  const quotient = a / b
  return a - quotient * b < 0 ? quotient - 1 : quotient
}

/** out[row] = the time in milliseconds, rounded down. unit: 0 ms, 1 s, 2 us, 3 ns. Null, and what no Date can hold, becomes "no time". */
export function floorTimes(values: usize, validity: usize, rows: i32, unit: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    let time = load<i64>(values + (<usize>row << 3))
    if (unit == 1) time = time > timeMax || time < -timeMax ? none : time * 1000
    else if (unit == 2) time = floorDivide(time, 1000)
    else if (unit == 3) time = floorDivide(time, 1000000)
    if (time > timeMax || time < -timeMax) time = none
    if (validity != 0 && !((<u32>load<u8>(validity + (row >> 3)) >> (row & 7)) & 1)) time = none
    store<i64>(out + (<usize>row << 3), time)
  }
}

// The split table: [splits i32][capacity i32][watermark i64], then a split: [number i32][state i32][greatest time i64].
// state: 1 idle (left out), 2 had rows since someone looked, 0 had none.
const splitsHeader: usize = 16
const splitBytes: usize = 16

function leastOfSplits(table: usize): i64 {
  let least = i64.MAX_VALUE
  const end = table + splitsHeader + <usize>load<i32>(table) * splitBytes
  for (let at = table + splitsHeader; at < end; at += splitBytes) {
    if (load<i32>(at, 4) != 1) least = min(least, load<i64>(at, 8))
  }
  return least
}

/** Recomputes the watermark after splits became idle; it never goes back. `bound`: milliseconds of disorder. */
export function settleWatermark(table: usize, bound: f64): void {
  const least = leastOfSplits(table)
  if (least != none && least != i64.MAX_VALUE) store<i64>(table, max(load<i64>(table, 8), least - <i64>bound - 1), 8)
}

/**
 * out[row] = the watermark just before the row; the table moves on with it. `splits`: an int32 split a row, or 0 for one split.
 * Returns how many rows were done: fewer when a new split needs more capacity.
 */
export function runWatermark(times: usize, splits: usize, rows: i32, bound: f64, table: usize, out: usize): i32 {
  const late = <i64>bound + 1
  let watermark = load<i64>(table, 8)
  let entry = table + splitsHeader
  for (let row = 0; row < rows; row++) {
    const split = splits == 0 ? 0 : load<i32>(splits + (<usize>row << 2))
    const count = load<i32>(table)
    const end = table + splitsHeader + <usize>count * splitBytes
    if (count == 0 || load<i32>(entry) != split) {
      for (entry = table + splitsHeader; entry < end && load<i32>(entry) != split; entry += splitBytes);
      if (entry == end) {
        if (count == load<i32>(table, 4)) {
          store<i64>(table, watermark, 8)
          return row
        }
        store<i32>(table, count + 1)
        store<i32>(entry, split)
        store<i32>(entry, 2, 4)
        store<i64>(entry, none, 8)
      }
    }
    store<i64>(out + (<usize>row << 3), watermark)
    const time = load<i64>(times + (<usize>row << 3))
    if (time == none) continue
    const before = load<i64>(entry, 8)
    if (load<i32>(entry, 4) == 2 && time <= before) continue
    store<i32>(entry, 2, 4)
    if (time > before) store<i64>(entry, time, 8)
    if (before == none || before - late <= watermark) {
      const least = leastOfSplits(table)
      if (least != none) watermark = max(watermark, least - late)
    }
  }
  store<i64>(table, watermark, 8)
  return rows
}

// The pane table: [panes i32][capacity i32][late i32][without window i32][without time i32][0 i32][0 i64],
// then a pane: [first end i64][last end i64][rows i32][0 i32].
const panesHeader: usize = 32
const paneBytes: usize = 24

// The pane of these ends, made when it isn't there; −1 where the table is full.
function paneOf(table: usize, first: i64, last: i64): i32 {
  const count = load<i32>(table)
  for (let pane = count - 1; pane >= 0; pane--) {
    const at = table + panesHeader + <usize>pane * paneBytes
    if (load<i64>(at) == first && load<i64>(at, 8) == last) return pane
  }
  if (count == load<i32>(table, 4)) return -1
  const at = table + panesHeader + <usize>count * paneBytes
  store<i64>(at, first)
  store<i64>(at, last, 8)
  store<i64>(at, 0, 16)
  store<i32>(table, count + 1)
  return count
}

// @ts-ignore: decorator
@inline function add(table: usize, offset: usize, by: i32): void {
  store<i32>(table + offset, load<i32>(table + offset) + by)
}

/**
 * ids[row] = the row's pane, or −1 late, −2 in no window, −3 without time; the table counts each. Windows are [offset + k·slide, + size).
 * A row counts in the windows with end − 1 + lateness > its own watermark; `watermarks` 0: nothing is late. Stops where the table is full.
 * Returns how many rows were done.
 */
export function assignPanes(
  times: usize, watermarks: usize, rows: i32, size: f64, slide: f64, offset: f64, lateness: f64, cumulates: i32, table: usize, ids: usize,
): i32 {
  const width = <i64>size
  const step = <i64>slide
  const shift = <i64>offset
  const allowed = <i64>lateness
  // Times in [from, to) have the windows of [first, last]; while the watermark is below first − 1 that is pane `pane`.
  let from: i64 = 0
  let to: i64 = 0
  let first: i64 = 0
  let last: i64 = 0
  let pane = -1
  for (let row = 0; row < rows; row++) {
    const time = load<i64>(times + (<usize>row << 3))
    if (time == none) {
      store<i32>(ids + (<usize>row << 2), -3)
      add(table, 16, 1)
      continue
    }
    if (time < from || time >= to) {
      const lastStart = floorDivide(time - shift, step) * step + shift
      if (cumulates) {
        first = lastStart + step
        last = floorDivide(time - shift, width) * width + shift + width
      } else {
        first = (floorDivide(time - width - shift, step) + 1) * step + shift + width
        last = lastStart + width
      }
      from = max(lastStart, first - step)
      to = min(lastStart + step, first)
      pane = -1
    }
    const watermark = watermarks == 0 ? none : load<i64>(watermarks + (<usize>row << 3))
    let firstOpen = first
    if (watermark != none && first < watermark - allowed + 2) {
      firstOpen = -floorDivide(-(watermark - allowed + 2 - shift - width), step) * step + shift + width
    }
    if (firstOpen > last) {
      const late = first <= last || (watermark != none && time + allowed <= watermark)
      store<i32>(ids + (<usize>row << 2), late ? -1 : -2)
      add(table, late ? 8 : 12, 1)
      continue
    }
    let id = firstOpen == first ? pane : -1
    if (id < 0) {
      id = paneOf(table, firstOpen, last)
      if (id < 0) return row
      if (firstOpen == first) pane = id
    }
    store<i32>(ids + (<usize>row << 2), id)
    add(table, panesHeader + <usize>id * paneBytes + 16, 1)
  }
  return rows
}

/** Writes `start` + the numbers of the rows whose id is `id`, in order; returns how many. `out` has room for all rows and one more. */
export function selectEqualI32(ids: usize, rows: i32, id: i32, start: i32, out: usize): i32 {
  let count = 0
  for (let row = 0; row < rows; row++) {
    store<i32>(out + (<usize>count << 2), start + row)
    count += i32(load<i32>(ids + (<usize>row << 2)) == id)
  }
  return count
}

/** The least of the times, "no time" among them; the greatest int64 where there are none. */
export function leastTime(times: usize, rows: i32, out: usize): void {
  let least = i64.MAX_VALUE
  for (let row = 0; row < rows; row++) least = min(least, load<i64>(times + (<usize>row << 3)))
  store<i64>(out, least)
}

/** Writes the numbers of the rows with a time of `watermark` or less to `due`, the others' to `rest`, in order; returns how many are due. Room for one more. */
export function splitByTime(times: usize, rows: i32, watermark: f64, due: usize, rest: usize): i32 {
  const limit: i64 = watermark > 9e15 ? i64.MAX_VALUE : <i64>watermark
  let count = 0
  for (let row = 0; row < rows; row++) {
    const isDue = load<i64>(times + (<usize>row << 3)) <= limit
    store<i32>(due + (<usize>count << 2), row)
    store<i32>(rest + (<usize>(row - count) << 2), row)
    count += i32(isDue)
  }
  return count
}

/**
 * The windows of rows [start, end): for each window that a row counts in, in order of rows and of ends, the row's number to `indices`, the window's bounds to `starts` and
 * `ends`. The windows are those of `assignPanes`; a row without a time has none. Returns how many there are: at most ⌈size / slide⌉ a row.
 */
export function spreadWindows(
  times: usize, start: i32, end: i32, size: f64, slide: f64, offset: f64, cumulates: i32, indices: usize, starts: usize, ends: usize,
): i32 {
  const width = <i64>size
  const step = <i64>slide
  const shift = <i64>offset
  let count: usize = 0
  for (let row = start; row < end; row++) {
    const time = load<i64>(times + (<usize>row << 3))
    if (time == none) continue
    const begun = floorDivide(time - shift, step) * step + shift
    const whole = floorDivide(time - shift, width) * width + shift
    let first = cumulates ? begun + step : (floorDivide(time - width - shift, step) + 1) * step + shift + width
    const last = cumulates ? whole + width : begun + width
    for (; first <= last; first += step) {
      store<i32>(indices + (count << 2), row)
      store<i64>(starts + (count << 3), cumulates ? whole : first - width)
      store<i64>(ends + (count << 3), first)
      count++
    }
  }
  return <i32>count
}
