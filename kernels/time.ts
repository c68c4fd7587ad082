// Times as counts of a unit since the epoch: parts, truncation, calendar arithmetic, and the shift between UTC and the local time of a zone.
// Units cross as float64: they are whole and below 2^53. `perDay` is the units of a day: 1 for dates.
import { civilDay, civilDayOfYear, civilMonth, civilOf, civilYear, daysInMonth, daysOf, fastDiv, floorDiv, quickDiv } from './civil'

/** out = the greatest origin + n · unit not above a; near the lowest int64 it wraps. */
export function truncateI64(a: usize, unit: f64, origin: f64, rows: i32, out: usize): void {
  const u = <i64>unit
  const o = <i64>origin
  const inverse = 1.0 / unit
  for (let row: usize = 0; row < <usize>rows; row++) store<i64>(out + (row << 3), fastDiv(load<i64>(a + (row << 3)) - o, u, inverse) * u + o)
}

/** out = a / unit, towards minus infinity. */
export function floorDivI64(a: usize, unit: f64, rows: i32, out: usize): void {
  const u = <i64>unit
  const inverse = 1.0 / unit
  for (let row: usize = 0; row < <usize>rows; row++) store<i64>(out + (row << 3), fastDiv(load<i64>(a + (row << 3)), u, inverse))
}

/** out = a modulo unit, from 0, times factor. */
export function floorModI64(a: usize, unit: f64, factor: f64, rows: i32, out: usize): void {
  const u = <i64>unit
  const f = <i64>factor
  const inverse = 1.0 / unit
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<i64>(a + (row << 3))
    store<i64>(out + (row << 3), (x - fastDiv(x, u, inverse) * u) * f)
  }
}

// The ISO week that a day lies in is that of its Thursday; 1970-01-01 was one.
// @ts-ignore: decorator
@inline function thursdayOf(days: i64): i64 {
  return floorDiv(days + 3, 7) * 7
}

// @ts-ignore: decorator
@inline function calendarPart(part: i32, days: i64): i64 {
  if (part == 6) return days + 3 - floorDiv(days + 3, 7) * 7 + 1
  civilOf(part == 8 || part == 9 ? thursdayOf(days) : days)
  if (part == 0 || part == 8) return civilYear
  if (part == 1) return civilMonth
  if (part == 2) return civilDay
  if (part == 7) return (civilMonth + 2) / 3
  if (part == 9) return (civilDayOfYear() + 6) / 7
  return civilDayOfYear()
}

/**
 * out (int32) = a part of the time: 0 year, 1 month 1–12, 2 day 1–31, 3 hour, 4 minute, 5 second, 6 day of the week 1–7 from Monday, 7 quarter 1–4,
 * 8 ISO year, 9 ISO week 1–53, 10 day of the year 1–366, 11 milliseconds and 12 microseconds since the full minute. Years beyond int32 become its bounds.
 * `perSecond` is 0 for dates.
 */
export function extractI64(part: i32, a: usize, perDay: f64, perSecond: f64, rows: i32, out: usize): void {
  const day = <i64>perDay
  const second = <i64>perSecond
  const inverse = 1.0 / perDay
  const inverseSecond = 1.0 / perSecond
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<i64>(a + (row << 3))
    const days = day == 1 ? x : fastDiv(x, day, inverse)
    let value: i64
    if (part < 3 || (part >= 6 && part <= 10)) value = calendarPart(part, days)
    else {
      const ofDay = x - days * day
      if (part >= 11) {
        const ofMinute = ofDay % (second * 60)
        const scale: i64 = part == 11 ? 1000 : 1000000
        value = second > scale ? ofMinute / (second / scale) : ofMinute * (scale / second)
      } else {
        const seconds = second <= 1 ? <u32>ofDay : <u32>quickDiv(ofDay, second, inverseSecond)
        value = part == 3 ? <i64>(seconds / 3600) : part == 4 ? <i64>((seconds / 60) % 60) : <i64>(seconds % 60)
      }
    }
    if (value > <i64>i32.MAX_VALUE) value = <i64>i32.MAX_VALUE
    if (value < <i64>i32.MIN_VALUE) value = <i64>i32.MIN_VALUE
    store<i32>(out + (row << 2), <i32>value)
  }
}

/** out = the start of the group of `months` months (1, 3, 12 …, counted from January of year 0) that each time lies in. */
export function truncateMonthsI64(a: usize, months: i32, perDay: f64, rows: i32, out: usize): void {
  const day = <i64>perDay
  const inverse = 1.0 / perDay
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<i64>(a + (row << 3))
    civilOf(day == 1 ? x : fastDiv(x, day, inverse))
    const index = floorDiv(civilYear * 12 + <i64>(civilMonth - 1), <i64>months) * <i64>months
    const year = floorDiv(index, 12)
    store<i64>(out + (row << 3), daysOf(year, <i32>(index - year * 12) + 1, 1) * day)
  }
}

let overflows = false

// @ts-ignore: decorator
@inline function plus(a: i64, b: i64): i64 {
  const sum = a + b
  overflows = overflows || ((a ^ sum) & (b ^ sum)) < 0
  return sum
}

// @ts-ignore: decorator
@inline function times(a: i64, b: i64): i64 {
  if (a != 0 && abs(<f64>a * <f64>b) > 9.3e18) overflows = true
  const product = a * b
  if (a != 0 && (product / a != b || (a == -1 && b == i64.MIN_VALUE))) overflows = true
  return product
}

// The time `months` later, its day cut to the last of its month.
function plusMonths(x: i64, months: i64, day: i64): i64 {
  const days = floorDiv(x, day)
  civilOf(days)
  const dayOfMonth = civilDay
  const index = civilYear * 12 + <i64>(civilMonth - 1) + months
  const year = floorDiv(index, 12)
  const month = <i32>(index - year * 12) + 1
  const target = daysOf(year, month, <i64>min(dayOfMonth, daysInMonth(year, month)))
  return plus(times(target, day), x - days * day)
}

/**
 * out = a + sign · interval ([months i32][days i32][nanoseconds i64]): months first, the day cut to the month's last, then days, then nanoseconds,
 * towards minus infinity where the unit is coarser. `parts`: 1 months and days, 2 nanoseconds, 3 both. `nanos` is nanoseconds of a unit. Steps are
 * bytes a row, 0 for a constant. Returns the first row whose bit in `active` is set (0: any) that overflows, or -1; such rows hold 0.
 */
export function addIntervals(a: usize, stepA: usize, intervals: usize, stepInterval: usize, sign: i32, parts: i32, perDay: f64, nanos: f64, rows: i32, active: usize, out: usize): i32 {
  const day = <i64>perDay
  const unit = <i64>nanos
  let bad = -1
  for (let row = 0; row < rows; row++) {
    let x = load<i64>(a)
    overflows = false
    if (parts & 1) {
      const months = <i64>load<i32>(intervals)
      const days = <i64>load<i32>(intervals, 4)
      if (months != 0) x = plusMonths(x, sign < 0 ? -months : months, day)
      if (days != 0) x = plus(x, times(sign < 0 ? -days : days, day))
    }
    if (parts & 2) {
      const span = load<i64>(intervals, 8)
      if (span != 0) {
        const whole = floorDiv(span, unit)
        // Minus the least int64 is no int64.
        if (sign > 0) x = plus(x, whole)
        else if (whole == i64.MIN_VALUE) x = plus(plus(x, i64.MAX_VALUE), 1)
        else x = plus(x, whole * unit != span ? -whole - 1 : -whole)
      }
    }
    if (overflows) {
      x = 0
      if (bad < 0 && (active == 0 || ((load<u8>(active + <usize>(row >> 3)) >> <u8>(row & 7)) & 1) != 0)) bad = row
    }
    store<i64>(out + (<usize>row << 3), x)
    a += stepA
    intervals += stepInterval
  }
  return bad
}

/** A bit per row: the interval has months or days. */
export function hasCalendarParts(intervals: usize, stepInterval: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      bits |= i32(load<i64>(intervals) != 0) << i
      intervals += stepInterval
    }
    store<u8>(out++, <u8>bits)
  }
}

/** out = a ± b, part by part. Returns the first row whose bit in `active` is set (0: any) that overflows, or -1. */
export function combineIntervals(a: usize, stepA: usize, b: usize, stepB: usize, sign: i32, rows: i32, active: usize, out: usize): i32 {
  let bad = -1
  for (let row = 0; row < rows; row++) {
    const s = <i64>sign
    const months = <i64>load<i32>(a) + s * <i64>load<i32>(b)
    const days = <i64>load<i32>(a, 4) + s * <i64>load<i32>(b, 4)
    overflows = false
    const left = load<i64>(a, 8)
    const right = load<i64>(b, 8)
    const nanos = sign < 0 ? left - right : left + right
    const wraps = sign < 0 ? ((left ^ right) & (left ^ nanos)) < 0 : ((left ^ nanos) & (right ^ nanos)) < 0
    if ((wraps || <i64>(<i32>months) != months || <i64>(<i32>days) != days) && bad < 0 && (active == 0 || ((load<u8>(active + <usize>(row >> 3)) >> <u8>(row & 7)) & 1) != 0)) bad = row
    store<i32>(out, <i32>months)
    store<i32>(out, <i32>days, 4)
    store<i64>(out, nanos, 8)
    a += stepA
    b += stepB
    out += 16
  }
  return bad
}

/** out (int64) = whole months from b to a, towards zero: b and that many months don't pass a. */
export function monthsBetween(a: usize, stepA: usize, b: usize, stepB: usize, perDay: f64, rows: i32, out: usize): void {
  const day = <i64>perDay
  for (let row = 0; row < rows; row++) {
    const x = load<i64>(a)
    const y = load<i64>(b)
    civilOf(floorDiv(x, day))
    const index = civilYear * 12 + <i64>civilMonth
    civilOf(floorDiv(y, day))
    let months = index - civilYear * 12 - <i64>civilMonth
    overflows = false
    const reached = plusMonths(y, months, day)
    if (months > 0 && (overflows || reached > x)) months--
    else if (months < 0 && (overflows || reached < x)) months++
    store<i64>(out, months)
    a += stepA
    b += stepB
    out += 8
  }
}

/** out (int64) = the days of year, month and day (int64 each); a bit of `fits` where there is such a day and it fits int32. */
export function daysOfDates(years: usize, stepYear: usize, months: usize, stepMonth: usize, days: usize, stepDay: usize, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const year = load<i64>(years)
      const month = load<i64>(months)
      const day = load<i64>(days)
      let value: i64 = 0
      if (year > -6000000 && year < 6000000 && month >= 1 && month <= 12 && day >= 1 && day <= <i64>daysInMonth(year, <i32>month)) {
        value = daysOf(year, <i32>month, day)
        if (value == <i64>(<i32>value)) bits |= 1 << i
      }
      store<i64>(out, value)
      years += stepYear
      months += stepMonth
      days += stepDay
      out += 8
    }
    store<u8>(fits++, <u8>bits)
  }
}

/**
 * out = a + sign · the offset that holds at a, by a table of `count` places (int64 seconds, rising; the first is below all) and offsets (int32 seconds).
 * Times at or beyond `end` seconds are looked up whole cycles of 400 years earlier. Sums beyond int64 become its bounds.
 */
export function shiftTimes(a: usize, places: usize, offsets: usize, count: i32, end: f64, sign: i32, perSecond: f64, rows: i32, out: usize): void {
  const unit = <i64>perSecond
  const last = <i64>end
  let from = i64.MAX_VALUE
  let to = i64.MIN_VALUE
  let offset: i64 = 0
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<i64>(a + (row << 3))
    let seconds = floorDiv(x, unit)
    if (seconds >= last) seconds -= ((seconds - last) / 12622780800 + 1) * 12622780800
    if (seconds < from || seconds >= to) {
      let low = 0
      let high = count
      while (high - low > 1) {
        const middle = (low + high) >>> 1
        if (load<i64>(places + (<usize>middle << 3)) <= seconds) low = middle
        else high = middle
      }
      from = load<i64>(places + (<usize>low << 3))
      to = low + 1 < count ? load<i64>(places + (<usize>(low + 1) << 3)) : i64.MAX_VALUE
      offset = <i64>load<i32>(offsets + (<usize>low << 2))
    }
    const shift = (sign < 0 ? -offset : offset) * unit
    let y = x + shift
    if (((x ^ y) & (shift ^ y)) < 0) y = shift > 0 ? i64.MAX_VALUE : i64.MIN_VALUE
    store<i64>(out + (row << 3), y)
  }
}

/** out = a · factor; a bit of `fits` where that fits int64. */
export function scaleTimes(a: usize, factor: f64, rows: i32, fits: usize, out: usize): void {
  const f = <i64>factor
  const most = i64.MAX_VALUE / f
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const x = load<i64>(a)
      // The least int64 is a multiple of no factor but 1 and powers of two, which no units are.
      bits |= i32(f == 1 || (x <= most && x >= -most)) << i
      store<i64>(out, x * f)
      a += 8
      out += 8
    }
    store<u8>(fits++, <u8>bits)
  }
}

/** out (interval) = nanoseconds only. */
export function intervalsOfNanos(nanos: usize, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    store<i64>(out + (row << 4), 0)
    store<i64>(out + (row << 4), load<i64>(nanos + (row << 3)), 8)
  }
}

/** out (int64) = an interval in nanoseconds, its days of 24 hours; a bit of `fits` where it has no months and fits. */
export function nanosOfIntervals(intervals: usize, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      overflows = load<i32>(intervals) != 0
      const value = plus(times(<i64>load<i32>(intervals, 4), 86400000000000), load<i64>(intervals, 8))
      bits |= i32(!overflows) << i
      store<i64>(out, value)
      intervals += 16
      out += 8
    }
    store<u8>(fits++, <u8>bits)
  }
}

/** out = a - b, wrapping. */
export function subTimes(a: usize, b: usize, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row += 2) {
    v128.store(out + (row << 3), i64x2.sub(v128.load(a + (row << 3)), v128.load(b + (row << 3))))
  }
}

/** out = a / unit, towards zero. */
export function truncDivI64(a: usize, unit: f64, rows: i32, out: usize): void {
  const u = <i64>unit
  for (let row: usize = 0; row < <usize>rows; row++) store<i64>(out + (row << 3), load<i64>(a + (row << 3)) / u)
}

// @ts-ignore: decorator
@inline function orderIntervals(a: usize, b: usize): i32 {
  const spanA = load<i64>(a, 8)
  const spanB = load<i64>(b, 8)
  const wholeA = floorDiv(spanA, 86400000000000)
  const wholeB = floorDiv(spanB, 86400000000000)
  const daysA = <i64>load<i32>(a) * 30 + <i64>load<i32>(a, 4) + wholeA
  const daysB = <i64>load<i32>(b) * 30 + <i64>load<i32>(b, 4) + wholeB
  if (daysA != daysB) return daysA < daysB ? -1 : 1
  const restA = spanA - wholeA * 86400000000000
  const restB = spanB - wholeB * 86400000000000
  return restA < restB ? -1 : i32(restA > restB)
}

/** A bit per row: a `op` b (0 =, 1 not =, 2 <, 3 <=), a month taken as 30 days and a day as 24 hours. `shape` as in compare.ts. */
export function compareIntervals(op: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const order = orderIntervals(a, b)
      bits |= i32(op == 0 ? order == 0 : op == 1 ? order != 0 : op == 2 ? order < 0 : order <= 0) << i
      a += stepA
      b += stepB
    }
    store<u8>(out++, <u8>bits)
  }
}
