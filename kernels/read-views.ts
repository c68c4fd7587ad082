// Texts as numbers and times, strictly. What a kernel is sure of it writes and sets the row's bit in `fits`; every other row holds 0 there, and is for
// the caller to decide, which reads the rare forms: more digits than 64 bits hold, names such as NaN, blanks around. `scratch` is 128 bytes of the caller's.
import { decimalToF64, scanDecimal, ten } from './number-text'
import { scanTime } from './time-text'
import { viewBytes } from './views'

// Where the text of a view lies so that a byte that is no digit follows it: in the view or at `scratch`; 0 where it is too long to be looked at.
// @ts-ignore: decorator
@inline function closedText(view: usize, count: u32, scratch: usize): usize {
  if (count < 12) return view + 4
  if (count > 48) return 0
  const bytes = viewBytes(view)
  v128.store(scratch, v128.load(bytes))
  v128.store(scratch, v128.load(bytes, 16), 16)
  v128.store(scratch, v128.load(bytes, 32), 32)
  store<u64>(scratch + count, 0)
  return scratch
}

// The decimal that a whole view spells goes to scratch + 64.
// @ts-ignore: decorator
@inline function scanView(view: usize, scratch: usize): bool {
  const count = load<u32>(view)
  const text = closedText(view, count, scratch)
  return text != 0 && count > 0 && scanDecimal(text, 0, scratch + 64) == <i32>count
}

/** The nearest float64 of each text. */
export function readF64Views(views: usize, rows: i32, scratch: usize, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      store<f64>(out, 0)
      if (scanView(views, scratch)) bits |= decimalToF64(scratch + 64, out) << i
      views += 16
      out += 8
    }
    store<u8>(fits++, <u8>bits)
  }
}

// An optional sign and 1 to 18 digits.
// @ts-ignore: decorator
@inline function readWord<T>(least: f64, most: f64, views: usize, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      let p = viewBytes(views)
      const end = p + <usize>load<u32>(views)
      const isNegative = p < end && load<u8>(p) == 45
      if (isNegative || (p < end && load<u8>(p) == 43)) p++
      let ok = p < end && end - p <= 18
      let value: i64 = 0
      while (ok && p < end) {
        const digit = <u32>load<u8>(p++) - 48
        ok = digit < 10
        value = value * 10 + <i64>digit
      }
      if (isNegative) value = -value
      ok = ok && <f64>value >= least && <f64>value <= most
      store<T>(out, ok ? <T>value : 0)
      bits |= i32(ok) << i
      views += 16
      out += sizeof<T>()
    }
    store<u8>(fits++, <u8>bits)
  }
}

/** The integer of `bytes` bytes that each text spells, within `least` and `most`. */
export function readWordViews(bytes: i32, least: f64, most: f64, views: usize, rows: i32, fits: usize, out: usize): void {
  if (bytes == 1) readWord<i8>(least, most, views, rows, fits, out)
  else if (bytes == 2) readWord<i16>(least, most, views, rows, fits, out)
  else if (bytes == 4) readWord<i32>(least, most, views, rows, fits, out)
  else readWord<i64>(least, most, views, rows, fits, out)
}

// The decimal at `from` in units of 10^-scale, halves away from zero, to `out`; false where it needs more than 64 bits on the way.
// @ts-ignore: decorator
@inline function scaleDecimal(from: usize, scale: i32, precision: i32, out: usize): bool {
  const w = load<u64>(from)
  const flags = load<i32>(from, 12)
  const shift = scale + load<i32>(from, 8)
  if (flags & 2 || shift > 18 || shift < -18) return false
  let size = w
  if (shift > 0) {
    if (w > u64.MAX_VALUE / ten(<u32>shift)) return false
    size = w * ten(<u32>shift)
  } else if (shift < 0) {
    const unit = ten(<u32>-shift)
    size = w / unit
    if (w - size * unit >= unit - unit / 2) size++
  }
  if (precision < 19 && size >= ten(<u32>precision)) return false
  if (size >> 63) return false
  const value = flags & 1 ? -(<i64>size) : <i64>size
  store<i64>(out, value)
  store<i64>(out, value >> 63, 8)
  return true
}

/** The decimal of a scale and at most `precision` digits that each text spells. */
export function readDecimalViews(scale: i32, precision: i32, views: usize, rows: i32, scratch: usize, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const ok = scanView(views, scratch) && scaleDecimal(scratch + 64, scale, precision, out)
      if (!ok) v128.store(out, i64x2.splat(0))
      bits |= i32(ok) << i
      views += 16
      out += 16
    }
    store<u8>(fits++, <u8>bits)
  }
}

// As scanTime, but for fractions with more digits than the unit has.
// @ts-ignore: decorator
@inline function readTime(view: usize, unit: i32, out: usize): bool {
  const count = load<u32>(view)
  const p = viewBytes(view)
  if (count > 20 && load<u8>(p, 19) == 46) {
    let at: usize = 20
    while (at < count && <u32>load<u8>(p + at) - 48 < 10) at++
    if (<i32>at - 20 > unit * 3) return false
  }
  return scanTime(p, p + count, unit, out) == 1
}

/** The timestamp in a unit (0 s, 1 ms, 2 us, 3 ns) that each ISO text names. */
export function readTimeViews(unit: i32, views: usize, rows: i32, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const ok = readTime(views, unit, out)
      if (!ok) store<i64>(out, 0)
      bits |= i32(ok) << i
      views += 16
      out += 8
    }
    store<u8>(fits++, <u8>bits)
  }
}

/** The day (int32) that each text of ten characters names: 2024-02-29. */
export function readDayViews(views: usize, rows: i32, scratch: usize, fits: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const ok = load<u32>(views) == 10 && scanTime(views + 4, views + 14, 0, scratch) == 1
      store<i32>(out, ok ? <i32>(load<i64>(scratch) / 86400) : 0)
      bits |= i32(ok) << i
      views += 16
      out += 4
    }
    store<u8>(fits++, <u8>bits)
  }
}
