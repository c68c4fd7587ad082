// Timestamps from and to ISO 8601 text: 2026-01-31, then T or a space and 23:59, :59, a fraction, and Z or an offset; without one it is UTC.
// Calendar: a civil date to days and back by the method of Howard Hinnant ("chrono-compatible low-level date algorithms").
import { writeDigits, writeI64 } from './number-format'
import { countDigits, digitsValue, ten } from './number-text'

// Counts of a unit a second, by its number: 0 s, 1 ms, 2 us, 3 ns.
// @ts-ignore: decorator
@inline function perSecond(unit: i32): i64 {
  return <i64>ten(<u32>unit * 3)
}

// Two digits, or more than 99 where there are none.
// @ts-ignore: decorator
@inline function pair(p: usize): u32 {
  const a = <u32>load<u8>(p) - 48
  const b = <u32>load<u8>(p, 1) - 48
  return a > 9 || b > 9 ? 1000 : a * 10 + b
}

// @ts-ignore: decorator
@inline function daysOf(year: i32, month: i32, day: i32): i64 {
  const y = year - <i32>(month <= 2) + 400
  const era = y / 400
  const yearOfEra = y - era * 400
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
  return <i64>((era - 1) * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468)
}

// @ts-ignore: decorator
@inline function daysInMonth(year: i32, month: i32): i32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  return 30 + ((month + (month >> 3)) & 1)
}

// Reads the text [p, end) as a timestamp of `unit` to `out`: 1, or 0 where it is none or out of the unit's range. Digits of a fraction
// finer than the unit are cut off. Reads at most 19 bytes whatever `end` is, and 8 bytes past it.
function scanTime(p: usize, end: usize, unit: i32, out: usize): i32 {
  return end - p >= 19 && scanCommonTime(p, end, unit, out) ? 1 : scanAnyTime(p, end, unit, out)
}

// The date met last, as `scanCommonTime` has it, and its first second: what follows mostly has the same date.
let lastDate: i64 = 0
let lastMidnight: i64 = 0

// As `scanTime`, for at least 19 bytes, but only for the common form, all of it at once: date, T or a space, hours, minutes and seconds, up to 7 digits of
// a fraction, and Z or nothing. False says no more than that the text may be of another form.
// @ts-ignore: decorator
@inline function scanCommonTime(p: usize, end: usize, unit: i32, out: usize): bool {
  // What is 0 to 9 where digits must stand, and 0 where separators must.
  const start = i8x16.sub(v128.load(p), i8x16(48, 48, 48, 48, 45, 48, 48, 45, 48, 48, 0, 48, 48, 58, 48, 48))
  const rest = i8x16.sub(v128.load64_zero(p, 16), i8x16(58, 48, 48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
  const digits = v128.and(i8x16.le_u(start, i8x16(9, 9, 9, 9, 0, 9, 9, 0, 9, 9, -1, 9, 9, 0, 9, 9)), i8x16.le_u(rest, i8x16(0, 9, 9, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1)))
  // Century, year of the century, month, day, hour, minute, second, and 0.
  const tens = v128.shuffle<u8>(start, rest, 0, 31, 2, 31, 5, 31, 8, 31, 11, 31, 14, 31, 17, 31, 31, 31)
  const ones = v128.shuffle<u8>(start, rest, 1, 31, 3, 31, 6, 31, 9, 31, 12, 31, 15, 31, 18, 31, 31, 31)
  const parts = i16x8.add(i16x8.mul(tens, i16x8.splat(10)), ones)
  const inRange = i16x8.le_u(i16x8.sub(parts, i16x8(0, 0, 1, 1, 0, 0, 0, 0)), i16x8(99, 99, 11, 30, 23, 59, 59, 0))
  const separator = load<u8>(p, 10)
  if (!i8x16.all_true(v128.and(digits, inRange)) || (separator != 32 && (separator | 32) != 116)) return false
  const sums = i32x4.dot_i16x8_s(parts, i16x8(100, 1, 0, 0, 3600, 60, 1, 0))
  const date = i64x2.extract_lane(parts, 0)
  if (date != lastDate) {
    const year = i32x4.extract_lane(sums, 0)
    const month = <i32>i16x8.extract_lane_u(parts, 2)
    const day = <i32>i16x8.extract_lane_u(parts, 3)
    if (day > 28 && day > daysInMonth(year, month)) return false
    lastDate = date
    lastMidnight = daysOf(year, month, day) * 86400
  }
  const seconds = lastMidnight + <i64>(i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3))
  if (unit == 3 && (seconds < -9223372036 || seconds > 9223372035)) return false
  let fraction: u64 = 0
  p += 19
  if (p < end && load<u8>(p) == 46) {
    const text = load<u64>(p, 1)
    const count = countDigits(text)
    if (count - 1 > 6 || p + 1 + count > end) return false
    const wanted = <u32>unit * 3
    fraction = digitsValue(text, count)
    if (count < wanted) fraction *= ten(wanted - count)
    else if (count > wanted) fraction /= ten(count - wanted)
    p += 1 + count
  }
  if (p != end && (p + 1 != end || (load<u8>(p) | 32) != 122)) return false
  store<i64>(out, seconds * perSecond(unit) + <i64>fraction)
  return true
}

// The same for every form.
function scanAnyTime(p: usize, end: usize, unit: i32, out: usize): i32 {
  const bytes = end - p
  if (bytes < 10) return 0
  const century = pair(p)
  const yearOfCentury = pair(p + 2)
  const month = <i32>pair(p + 5)
  const day = <i32>pair(p + 8)
  if (century > 99 || yearOfCentury > 99 || load<u8>(p, 4) != 45 || load<u8>(p, 7) != 45) return 0
  const year = <i32>(century * 100 + yearOfCentury)
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return 0
  let seconds = daysOf(year, month, day) * 86400
  let fraction: i64 = 0
  if (bytes > 10) {
    const separator = load<u8>(p, 10)
    const hour = pair(p + 11)
    const minute = pair(p + 14)
    if (bytes < 16 || (separator != 32 && (separator | 32) != 116) || load<u8>(p, 13) != 58 || hour > 23 || minute > 59) return 0
    seconds += <i64>(hour * 3600 + minute * 60)
    p += 16
    if (p < end && load<u8>(p) == 58) {
      const second = pair(p + 1)
      if (end - p < 3 || second > 59) return 0
      seconds += <i64>second
      p += 3
      if (p < end && load<u8>(p) == 46) {
        p++
        const from = p
        let value: u64 = 0
        let digits: u32 = 0
        while (p < end) {
          const x = load<u64>(p)
          const n = min(countDigits(x), <u32>min<usize>(8, end - p))
          if (n == 0) break
          if (digits < 9) {
            const kept = min(n, 9 - digits)
            value = value * ten(kept) + digitsValue(x, kept)
            digits += kept
          }
          p += n
        }
        if (p == from) return 0
        const wanted = <u32>unit * 3
        fraction = <i64>(digits < wanted ? value * ten(wanted - digits) : value / ten(digits - wanted))
      }
    }
    if (p < end) {
      const zone = load<u8>(p)
      if ((zone | 32) == 122) p++
      else if (zone == 43 || zone == 45) {
        const zoneHour = end - p >= 3 ? pair(p + 1) : 1000
        p += 3
        let zoneMinute: u32 = 0
        if (p < end) {
          if (load<u8>(p) == 58) p++
          zoneMinute = end - p == 2 ? pair(p) : 1000
          p += 2
        }
        if (zoneHour > 23 || zoneMinute > 59) return 0
        const offset = <i64>(zoneHour * 3600 + zoneMinute * 60)
        seconds -= zone == 43 ? offset : -offset
      }
      if (p != end) return 0
    }
  }
  const scale = perSecond(unit)
  if (unit == 3 && (seconds < -9223372036 || seconds > 9223372035)) return 0
  store<i64>(out, seconds * scale + fraction)
  return 1
}

// A count of milliseconds as a count of `unit` to `out`: 1, or 0 where it doesn't fit. Finer parts than the unit are cut off, downwards.
function scaleMillis(ms: i64, unit: i32, out: usize): i32 {
  if (unit == 0) {
    const quotient = ms / 1000
    store<i64>(out, quotient - <i64>(quotient * 1000 > ms))
    return 1
  }
  const factor = <i64>ten(<u32>(unit - 1) * 3)
  if (ms > i64.MAX_VALUE / factor || ms < i64.MIN_VALUE / factor) return 0
  store<i64>(out, ms * factor)
  return 1
}

// The timestamp as 2026-01-31T23:59:59.123Z, with 0, 3, 6 or 9 digits of fraction by its unit; years outside 0–9999 have a sign and six digits. Returns the address behind it: at most 45 bytes.
function writeTime(value: i64, unit: i32, out: usize): usize {
  const scale = perSecond(unit)
  let seconds = value / scale
  seconds -= <i64>(seconds * scale > value)
  const fraction = <u64>(value - seconds * scale)
  let days = seconds / 86400
  days -= <i64>(days * 86400 > seconds)
  const second = <u64>(seconds - days * 86400)
  const shifted = days + 719468
  const era = (shifted >= 0 ? shifted : shifted - 146096) / 146097
  const dayOfEra = shifted - era * 146097
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  const fromMarch = (5 * dayOfYear + 2) / 153
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  const year = yearOfEra + era * 400 + <i64>(month <= 2)
  if (year >= 0 && year <= 9999) {
    writeDigits(<u64>year, 4, out)
    out += 4
  } else {
    store<u8>(out++, year < 0 ? 45 : 43)
    const magnitude = <u64>(year < 0 ? -year : year)
    if (magnitude < 1000000) {
      writeDigits(magnitude, 6, out)
      out += 6
    } else out = writeI64(<i64>magnitude, out)
  }
  store<u8>(out, 45)
  writeDigits(<u64>month, 2, out + 1)
  store<u8>(out, 45, 3)
  writeDigits(<u64>(dayOfYear - (153 * fromMarch + 2) / 5 + 1), 2, out + 4)
  store<u8>(out, 84, 6)
  writeDigits(second / 3600, 2, out + 7)
  store<u8>(out, 58, 9)
  writeDigits((second / 60) % 60, 2, out + 10)
  store<u8>(out, 58, 12)
  writeDigits(second % 60, 2, out + 13)
  out += 15
  if (unit != 0) {
    const digits = <u32>unit * 3
    store<u8>(out, 46)
    writeDigits(fraction, digits, out + 1)
    out += 1 + digits
  }
  store<u8>(out, 90)
  return out + 1
}

export { scaleMillis, scanTime, writeTime }
