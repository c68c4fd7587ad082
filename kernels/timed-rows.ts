// Stored rows that end with event time: until when each is needed, and which have met a row of the other side. Times as in window.ts.

// @ts-ignore: decorator
@inline const none: i64 = i64.MIN_VALUE

// @ts-ignore: decorator
@inline function limitOf(watermark: f64): i64 {
  return watermark > 9e15 ? i64.MAX_VALUE : <i64>watermark
}

/** out[row] = the time `by` milliseconds later; "no time" stays. */
export function moveTimes(times: usize, rows: i32, by: f64, out: usize): void {
  const shift = <i64>by
  for (let row = 0; row < rows; row++) {
    const time = load<i64>(times + (<usize>row << 3))
    store<i64>(out + (<usize>row << 3), time == none ? none : time + shift)
  }
}

/** Marks the rows `ids`, and keeps those that weren't marked before, each once, and the numbers beside them in `others`, in place. Returns how many. */
export function markNew(ids: usize, others: usize, count: i32, marks: usize): i32 {
  let found: usize = 0
  for (let i = 0; i < count; i++) {
    const id = load<u32>(ids + (<usize>i << 2))
    const mark = marks + <usize>id
    store<u32>(ids + found, id)
    store<u32>(others + found, load<u32>(others + (<usize>i << 2)))
    found += <usize>(load<u8>(mark) == 0) << 2
    store<u8>(mark, 1)
  }
  return <i32>(found >> 2)
}

/** Marks the unmarked rows whose time is `watermark` or less and writes their numbers to `due`, with room for one more; the least time of those left goes to `least`. Returns how many are due. */
export function takeDue(times: usize, marks: usize, rows: i32, watermark: f64, due: usize, least: usize): i32 {
  const limit = limitOf(watermark)
  let left = i64.MAX_VALUE
  let count = 0
  for (let row = 0; row < rows; row++) {
    store<i32>(due + (<usize>count << 2), row)
    const isOpen = load<u8>(marks + <usize>row) == 0
    const time = load<i64>(times + (<usize>row << 3))
    const isDue = isOpen & (time <= limit)
    if (isDue) store<u8>(marks + <usize>row, 1)
    count += i32(isDue)
    left = select<i64>(min(left, time), left, isOpen & !isDue)
  }
  store<i64>(least, left)
  return count
}

/** The numbers of the rows whose time is after `watermark`, and, where `marks` isn't 0, of unmarked ones, to `out`, with room for one more. Returns how many. */
export function selectAlive(times: usize, marks: usize, rows: i32, watermark: f64, out: usize): i32 {
  const limit = limitOf(watermark)
  let count = 0
  for (let row = 0; row < rows; row++) {
    store<i32>(out + (<usize>count << 2), row)
    count += i32(load<i64>(times + (<usize>row << 3)) > limit || (marks != 0 && load<u8>(marks + <usize>row) == 0))
  }
  return count
}
