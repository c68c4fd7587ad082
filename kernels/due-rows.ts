// Rows that wait for their time: a binary heap of entries of 16 bytes, the time (an int64) and then the number of the row (a u32). Rows of one time go by number.

// @ts-ignore: decorator
@inline function isBefore(time: i64, row: u32, entry: usize): bool {
  const other = load<i64>(entry)
  return time < other || (time == other && row < load<u32>(entry, 8))
}

// @ts-ignore: decorator
@inline function put(entry: usize, time: i64, row: u32): void {
  store<i64>(entry, time)
  store<u32>(entry, row, 8)
}

/** Adds rows `first`, `first + 1`, … of these times to the heap of `count` entries, which has room for them. */
export function pushDue(heap: usize, count: i32, times: usize, rows: i32, first: u32): void {
  for (let i = 0; i < rows; i++) {
    const time = load<i64>(times + (<usize>i << 3))
    const row = first + <u32>i
    let at = count + i
    while (at > 0) {
      const parent = heap + (<usize>((at - 1) >> 1) << 4)
      if (!isBefore(time, row, parent)) break
      memory.copy(heap + (<usize>at << 4), parent, 16)
      at = (at - 1) >> 1
    }
    put(heap + (<usize>at << 4), time, row)
  }
}

/** How many entries of the heap have times up to `limit`: they are its top, which is walked over. */
export function countDue(heap: usize, count: i32, limit: i64): i32 {
  if (count == 0 || load<i64>(heap) > limit) return 0
  let found = 0
  let at = 0
  while (at >= 0) {
    found++
    const child = 2 * at + 1
    if (child < count && load<i64>(heap + (<usize>child << 4)) <= limit) {
      at = child
      continue
    }
    if (child + 1 < count && load<i64>(heap + (<usize>(child + 1) << 4)) <= limit) {
      at = child + 1
      continue
    }
    // Up to the next one beside; above the root there is none.
    while (at >= 0) {
      const next = at + 1
      const isLeft = (at & 1) == 1
      if (isLeft && next < count && load<i64>(heap + (<usize>next << 4)) <= limit) {
        at = next
        break
      }
      at = (at - 1) >> 1
    }
  }
  return found
}

/** Takes the entries of times up to `limit` from the heap of `count` entries, in order: rows to `rows`, times to `times`. Returns how many. */
export function popDue(heap: usize, count: i32, limit: i64, rows: usize, times: usize): i32 {
  let found = 0
  while (count > 0 && load<i64>(heap) <= limit) {
    store<i64>(times + (<usize>found << 3), load<i64>(heap))
    store<u32>(rows + (<usize>found << 2), load<u32>(heap, 8))
    found++
    count--
    const last = heap + (<usize>count << 4)
    const time = load<i64>(last)
    const row = load<u32>(last, 8)
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= count) break
      let entry = heap + (<usize>child << 4)
      if (child + 1 < count && isBefore(load<i64>(entry, 16), load<u32>(entry, 24), entry)) {
        child++
        entry += 16
      }
      if (isBefore(time, row, entry)) break
      memory.copy(heap + (<usize>at << 4), entry, 16)
      at = child
    }
    put(heap + (<usize>at << 4), time, row)
  }
  return found
}

/** The numbers of the rows of `count` entries, as bits that are set at `bits`. */
export function markWaiting(heap: usize, count: i32, bits: usize): void {
  for (let i = 0; i < count; i++) {
    const row = load<u32>(heap + (<usize>i << 4), 8)
    const byte = bits + (row >> 3)
    store<u8>(byte, load<u8>(byte) | (<u8>1 << <u8>(row & 7)))
  }
}
