// Parquet's stored values that no type of the engine is laid out like: big-endian decimals, intervals, INT96 timestamps.

/** 16-byte numbers of views that hold them big-endian, in two's complement of any length; an empty view is 0. Returns the first row that is larger, or −1. */
export function viewsToI128(views: usize, rows: i32, out: usize): i32 {
  for (let i = 0; i < rows; i++) {
    const view = views + (<usize>i << 4)
    const length = load<u32>(view)
    const bytes = length > 12 ? <usize>load<u32>(view, 12) : view + 4
    const sign: u64 = length > 0 && load<i8>(bytes) < 0 ? u64.MAX_VALUE : 0
    let low = sign
    let high = sign
    for (let at: u32 = 0; at < length; at++) {
      // What is shifted out must be nothing but sign, and so must be the sign of what is left.
      if (at >= 16 && high >> 56 != sign >> 56) return i
      high = (high << 8) | (low >> 56)
      low = (low << 8) | <u64>load<u8>(bytes + <usize>at)
    }
    if (high >> 63 != (sign & 1)) return i
    store<u64>(out + (<usize>i << 4), low)
    store<u64>(out + (<usize>i << 4), high, 8)
  }
  return -1
}

/** 16-byte numbers with their bytes from the greatest to the least. */
export function swapI128(source: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const low = load<u64>(source + (<usize>i << 4))
    const high = load<u64>(source + (<usize>i << 4), 8)
    store<u64>(out + (<usize>i << 4), bswap<u64>(high))
    store<u64>(out + (<usize>i << 4), bswap<u64>(low), 8)
  }
}

/** Intervals of 12-byte views: [months u32][days u32][milliseconds u32]; an empty view is none. */
export function viewsToIntervals(views: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const view = views + (<usize>i << 4)
    const to = out + (<usize>i << 4)
    const isThere = load<u32>(view) == 12
    store<u32>(to, isThere ? load<u32>(view, 4) : 0)
    store<u32>(to, isThere ? load<u32>(view, 8) : 0, 4)
    store<i64>(to, isThere ? <i64>load<u32>(view, 12) * 1000000 : 0, 8)
  }
}

const nanosPerDay: i64 = 86400000000000
const julianOfEpoch: i64 = 2440588

@inline
function floorOf(value: i64, by: i64): i64 {
  return value / by - <i64>(value % by < 0)
}

/**
 * Times since 1970, in units of so many nanoseconds, of 12-byte views: [nanoseconds of the day u64][Julian day u32]; an empty view is 0. What is beside a unit is cut off, towards
 * the past. A negative Julian day is what Spark's sums of microseconds give beyond int64: the same sum gives the time again. Returns the first row beyond int64, or −1.
 */
export function viewsToTimes(views: usize, rows: i32, nanosPerUnit: i32, out: usize): i32 {
  const perUnit = <i64>nanosPerUnit
  const perDay = nanosPerDay / perUnit
  const most = i64.MAX_VALUE / perDay - 1
  for (let i = 0; i < rows; i++) {
    const view = views + (<usize>i << 4)
    let value: i64 = 0
    if (load<u32>(view) == 12) {
      const day = <i64>load<i32>(view, 12) - julianOfEpoch
      const nanos = load<i64>(view, 4)
      if (day < -julianOfEpoch && nanos <= 0 && nanos > -nanosPerDay && perUnit >= 1000) value = floorOf(day * (nanosPerDay / 1000) + nanos / 1000, perUnit / 1000)
      else if (day < -most || day > most || nanos < 0 || nanos > nanosPerDay) return i
      else value = day * perDay + nanos / perUnit
    }
    store<i64>(out + (<usize>i << 3), value)
  }
  return -1
}
