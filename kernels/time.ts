// Timestamps as counts of a unit since the epoch, in UTC. Units cross as float64: they are whole and below 2^53.
// Calendar: days to a civil date by the method of Howard Hinnant ("chrono-compatible low-level date algorithms").

// @ts-ignore: decorator
@inline function floorDiv(x: i64, unit: i64): i64 {
  const q = x / unit
  return q - i64(q * unit > x)
}

/** out = the greatest multiple of `unit` not above a; near the lowest int64 it wraps. */
export function truncateI64(a: usize, unit: f64, rows: i32, out: usize): void {
  const u = <i64>unit
  for (let row: usize = 0; row < <usize>rows; row++) store<i64>(out + (row << 3), floorDiv(load<i64>(a + (row << 3)), u) * u)
}

/** out = a / unit, towards minus infinity. */
export function floorDivI64(a: usize, unit: f64, rows: i32, out: usize): void {
  const u = <i64>unit
  for (let row: usize = 0; row < <usize>rows; row++) store<i64>(out + (row << 3), floorDiv(load<i64>(a + (row << 3)), u))
}

// @ts-ignore: decorator
@inline function civil(part: i32, days: i64): i64 {
  const shifted = days + 719468
  const era = floorDiv(shifted, 146097)
  const dayOfEra = shifted - era * 146097
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  const monthFromMarch = (5 * dayOfYear + 2) / 153
  if (part == 2) return dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return part == 1 ? month : yearOfEra + era * 400 + i64(month <= 2)
}

/**
 * out (int32) = a part of the time: 0 year, 1 month 1–12, 2 day 1–31, 3 hour, 4 minute, 5 second, 6 day of the week 1–7 from Monday.
 * Years beyond int32 become its bounds.
 */
export function extractI64(part: i32, a: usize, perSecond: f64, rows: i32, out: usize): void {
  const unit = <i64>perSecond
  for (let row: usize = 0; row < <usize>rows; row++) {
    const seconds = floorDiv(load<i64>(a + (row << 3)), unit)
    const days = floorDiv(seconds, 86400)
    const second = seconds - days * 86400
    let value: i64
    if (part == 3) value = second / 3600
    else if (part == 4) value = (second / 60) % 60
    else if (part == 5) value = second % 60
    else if (part == 6) value = days + 3 - floorDiv(days + 3, 7) * 7 + 1
    else value = civil(part, days)
    if (value > <i64>i32.MAX_VALUE) value = <i64>i32.MAX_VALUE
    if (value < <i64>i32.MIN_VALUE) value = <i64>i32.MIN_VALUE
    store<i32>(out + (row << 2), <i32>value)
  }
}
