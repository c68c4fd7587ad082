// Times to text and back by patterns. A pattern is `count` pieces of 8 bytes: [code u8][digits u8, or bit 0: without zeros][bytes of a literal u8][0]
// [up to 4 bytes of a literal]. Codes: 0 a literal, then in this order Y y m d e j H M S I p f b B a A u w q.
import { civilDay, civilDayOfYear, civilMonth, civilOf, civilYear, daysInMonth, daysOf, fastDiv, floorDiv, isLeap, quickDiv } from './civil'
import { writeDigits, writeI64 } from './number-format'
import { ten } from './number-text'
import { storePaddedView, viewBytes } from './views'

// Names of months and days, 12 bytes each: the name, and its length in the last byte.
const MONTHS: usize = memory.data<u8>([
  74, 97, 110, 117, 97, 114, 121, 0, 0, 0, 0, 7, 70, 101, 98, 114, 117, 97, 114, 121, 0, 0, 0, 8, 77, 97, 114, 99, 104, 0, 0, 0, 0, 0, 0, 5,
  65, 112, 114, 105, 108, 0, 0, 0, 0, 0, 0, 5, 77, 97, 121, 0, 0, 0, 0, 0, 0, 0, 0, 3, 74, 117, 110, 101, 0, 0, 0, 0, 0, 0, 0, 4,
  74, 117, 108, 121, 0, 0, 0, 0, 0, 0, 0, 4, 65, 117, 103, 117, 115, 116, 0, 0, 0, 0, 0, 6, 83, 101, 112, 116, 101, 109, 98, 101, 114, 0, 0, 9,
  79, 99, 116, 111, 98, 101, 114, 0, 0, 0, 0, 7, 78, 111, 118, 101, 109, 98, 101, 114, 0, 0, 0, 8, 68, 101, 99, 101, 109, 98, 101, 114, 0, 0, 0, 8,
])
const DAYS: usize = memory.data<u8>([
  77, 111, 110, 100, 97, 121, 0, 0, 0, 0, 0, 6, 84, 117, 101, 115, 100, 97, 121, 0, 0, 0, 0, 7, 87, 101, 100, 110, 101, 115, 100, 97, 121, 0, 0, 9,
  84, 104, 117, 114, 115, 100, 97, 121, 0, 0, 0, 8, 70, 114, 105, 100, 97, 121, 0, 0, 0, 0, 0, 6, 83, 97, 116, 117, 114, 100, 97, 121, 0, 0, 0, 8,
  83, 117, 110, 100, 97, 121, 0, 0, 0, 0, 0, 6,
])

// `value` with at least `width` digits, zeros in front.
// @ts-ignore: decorator
@inline function number(value: i64, width: u32, isBare: bool, out: usize): usize {
  if (isBare) return writeI64(value, out)
  if (value < 0) {
    store<u8>(out++, 45)
    value = -value
  }
  if (<u64>value >= ten(width)) return writeI64(value, out)
  writeDigits(<u64>value, width, out)
  return out + width
}

// @ts-ignore: decorator
@inline function name(names: usize, index: i32, isShort: bool, out: usize): usize {
  const from = names + <usize>(index * 12)
  store<u64>(out, load<u64>(from))
  store<u32>(out, load<u32>(from, 8), 8)
  return out + (isShort ? 3 : <usize>load<u8>(from, 11))
}

// Years are int32 everywhere.
// @ts-ignore: decorator
@inline function inRange(year: i64): i64 {
  return min(max(year, <i64>i32.MIN_VALUE), <i64>i32.MAX_VALUE)
}

// @ts-ignore: decorator
@inline function year(value: i64, isBare: bool, out: usize): usize {
  value = inRange(value)
  if (value > 9999 && !isBare) store<u8>(out++, 43)
  return number(value, 4, isBare, out)
}

// One piece but a literal; the parts of the day are civil's.
function writePiece(code: i32, digits: u32, days: i64, second: u32, fraction: u64, fractionDigits: u32, out: usize): usize {
  const isBare = (digits & 1) != 0
  const hour = second / 3600
  switch (code) {
    case 1: return year(civilYear, isBare, out)
    case 2: return number((inRange(civilYear) % 100 + 100) % 100, 2, isBare, out)
    case 3: return number(civilMonth, 2, isBare, out)
    case 4: return number(civilDay, 2, isBare, out)
    case 5: {
      if (civilDay < 10 && !isBare) store<u8>(out++, 32)
      return writeI64(civilDay, out)
    }
    case 6: return number(civilDayOfYear(), 3, isBare, out)
    case 7: return number(hour, 2, isBare, out)
    case 8: return number((second / 60) % 60, 2, isBare, out)
    case 9: return number(second % 60, 2, isBare, out)
    case 10: return number((hour + 11) % 12 + 1, 2, isBare, out)
    case 11: {
      store<u16>(out, hour < 12 ? 0x4d41 : 0x4d50)
      return out + 2
    }
    case 12: {
      writeDigits(fractionDigits > digits ? fraction / ten(fractionDigits - digits) : fraction * ten(digits - fractionDigits), digits, out)
      return out + digits
    }
    case 13: return name(MONTHS, civilMonth - 1, true, out)
    case 14: return name(MONTHS, civilMonth - 1, false, out)
    case 19: return number((civilMonth + 2) / 3, 1, isBare, out)
    default: break
  }
  const weekday = <i32>(days + 3 - floorDiv(days + 3, 7) * 7)
  if (code == 15 || code == 16) return name(DAYS, weekday, code == 15, out)
  return number(code == 17 ? weekday + 1 : (weekday + 1) % 7, 1, isBare, out)
}

/**
 * out (views) = each time by a pattern, in its own unit: `perDay` counts a day, of `fractionDigits` digits a second; 1 and 0 for dates, whose counts are
 * int64 too. The text of those longer than 12 bytes lies from `heap` on, which has room for all and 16 bytes more. Returns the bytes it took.
 */
export function formatTimeViews(a: usize, perDay: f64, fractionDigits: i32, pieces: usize, count: i32, rows: i32, heap: usize, out: usize): i32 {
  const day = <i64>perDay
  const second = <i64>ten(<u32>fractionDigits)
  const inverse = 1.0 / perDay
  const inverseSecond = 1.0 / <f64>second
  const first = heap
  const end = pieces + (<usize>count << 3)
  for (let row = 0; row < rows; row++) {
    const x = load<i64>(a)
    const days = day == 1 ? x : fastDiv(x, day, inverse)
    const ofDay = x - days * day
    const seconds = day == 1 ? 0 : second == 1 ? ofDay : quickDiv(ofDay, second, inverseSecond)
    civilOf(days)
    let p = heap
    for (let piece = pieces; piece < end; piece += 8) {
      const code = <i32>load<u8>(piece)
      if (code == 0) {
        store<u32>(p, load<u32>(piece, 4))
        p += <usize>load<u8>(piece, 2)
      } else p = writePiece(code, load<u8>(piece, 1), days, <u32>seconds, <u64>(ofDay - seconds * second), <u32>fractionDigits, p)
    }
    storePaddedView(out, heap, <u32>(p - heap))
    if (p - heap > 12) heap = p
    a += 8
    out += 16
  }
  return <i32>(heap - first)
}

// What is read of a text: -1 where nothing is.
let hour: i32 = 0
let half: i32 = 0
let minute: i32 = 0
let secondOfMinute: i32 = 0
let nanos: i64 = 0
let yearRead: i32 = 0
let month: i32 = 0
let dayOfMonth: i32 = 0
let dayOfYear: i32 = 0
let isTwelve: bool = false

// @ts-ignore: decorator
@inline function isBlank(c: u32): bool {
  return c == 32 || (c >= 9 && c <= 13)
}

let numberRead: i32 = 0

// Up to `width` digits; their end, or 0 where there is none.
// @ts-ignore: decorator
@inline function digitsAt(p: usize, end: usize, width: i32): usize {
  let value: u32 = 0
  const stop = min(end, p + <usize>width)
  const from = p
  while (p < stop) {
    const digit = <u32>load<u8>(p) - 48
    if (digit > 9) break
    value = value * 10 + digit
    p++
  }
  numberRead = <i32>value
  return p == from ? 0 : p
}

// The end of one piece but a literal at `p`, or 0 where it isn't there.
function readPiece(code: i32, p: usize, end: usize): usize {
  if (code == 11) {
    if (end - p < 2 || (load<u8>(p, 1) | 32) != 109) return 0
    const c = <u32>load<u8>(p) | 32
    if (c != 97 && c != 112) return 0
    half = c == 112 ? 12 : 0
    return p + 2
  }
  if (code == 5) while (p < end && load<u8>(p) == 32) p++
  const from = p
  p = digitsAt(p, end, code == 1 ? 4 : code == 6 ? 3 : code == 12 ? 9 : 2)
  if (p == 0) return 0
  switch (code) {
    case 1: {
      if (p - from < 4) return 0
      yearRead = numberRead
      break
    }
    case 2: {
      yearRead = numberRead + (numberRead < 69 ? 2000 : 1900)
      break
    }
    case 3: {
      month = numberRead
      break
    }
    case 4:
    case 5: {
      dayOfMonth = numberRead
      break
    }
    case 6: {
      dayOfYear = numberRead
      break
    }
    case 10: {
      isTwelve = true
      hour = numberRead < 1 || numberRead > 12 ? 24 : numberRead % 12
      break
    }
    case 7: {
      hour = numberRead
      break
    }
    case 8: {
      minute = numberRead
      break
    }
    case 9: {
      secondOfMinute = numberRead
      break
    }
    default: {
      nanos = <i64>numberRead * <i64>ten(9 - <u32>(p - from))
      break
    }
  }
  return p
}

// Whether a whole text is a time by the pattern; blanks stand for any run of blanks.
function readText(p: usize, end: usize, pieces: usize, last: usize): bool {
  hour = minute = secondOfMinute = half = 0
  nanos = 0
  yearRead = 1970
  month = dayOfMonth = 1
  dayOfYear = -1
  isTwelve = false
  for (let piece = pieces; piece < last; piece += 8) {
    const code = <i32>load<u8>(piece)
    if (code != 0) {
      p = readPiece(code, p, end)
      if (p == 0) return false
      continue
    }
    const count = <usize>load<u8>(piece, 2)
    for (let i: usize = 0; i < count; i++) {
      const c = <u32>load<u8>(piece + 4 + i)
      if (p >= end) return false
      if (c == 32) {
        if (!isBlank(load<u8>(p))) return false
        while (p < end && isBlank(load<u8>(p))) p++
      } else if (<u32>load<u8>(p++) != c) return false
    }
  }
  if (p != end) return false
  if (isTwelve) hour += half
  if (hour > 23 || minute > 59 || secondOfMinute > 59) return false
  if (dayOfYear >= 0) return dayOfYear > 0 && dayOfYear <= 365 + i32(isLeap(yearRead))
  return month >= 1 && month <= 12 && dayOfMonth >= 1 && dayOfMonth <= daysInMonth(yearRead, month)
}

/**
 * out = the time that each text says by a pattern of the codes up to 12: days (int32) where `perSecond` is 0, else counts of the unit (int64), of
 * which a time of day (`isClock`) counts none before midnight; digits finer than the unit are cut off. A text that isn't plainly so has 0 in `fits`,
 * and is for the caller to decide.
 */
export function parseTimeViews(views: usize, perSecond: f64, isClock: i32, pieces: usize, count: i32, rows: i32, fits: usize, out: usize): void {
  const unit = <i64>perSecond
  const last = pieces + (<usize>count << 3)
  for (let row = 0; row < rows; row += 8) {
    const block = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < block; i++) {
      const p = viewBytes(views)
      let ok = readText(p, p + <usize>load<u32>(views), pieces, last)
      const days = ok && !isClock ? (dayOfYear > 0 ? daysOf(yearRead, 1, dayOfYear) : daysOf(yearRead, month, dayOfMonth)) : 0
      if (unit == 0) {
        store<i32>(out, <i32>days)
        out += 4
      } else {
        const seconds = days * 86400 + <i64>(hour * 3600 + minute * 60 + secondOfMinute)
        ok = ok && (unit != 1000000000 || (seconds > -9223372036 && seconds < 9223372036))
        store<i64>(out, ok ? seconds * unit + nanos / (1000000000 / unit) : 0)
        out += 8
      }
      bits |= i32(ok) << i
      views += 16
    }
    store<u8>(fits++, <u8>bits)
  }
}
