// One JSON value into its column, at the row at hand. Nothing is undone when the record is refused later: the row is written again.
import { readBase64 } from './base64'
import { digitsValue, countDigits, decimalToF64, decimalToI64, scanDecimal, ten } from './number-text'
import { BASE64, captureString, fail, JsonJob, NO_VALUE, NUMBER, PAUSE, RANGE, skipValue, TIME, TYPE } from './json-text'
import { INT_MEMBER, TEXT_MEMBER } from './json-scope'
import { scaleMillis, scanTime } from './time-text'

// Column types by number, as src/compute/json-tables.ts writes them; timestamps are TIMESTAMP + 0 s, 1 ms, 2 us, 3 ns.
const BOOL = 0
const INT32 = 1
const INT64 = 2
const FLOAT64 = 3
const UTF8 = 4
const BINARY = 5
const TIMESTAMP = 6
/** The type number of structs, which are columns of bits: 1 where a value is none of its type. */
export const STRUCT = 10

// 12 - n from the start: a mask that keeps 4 + n bytes.
const VIEW_MASK: usize = memory.data<u8>([255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 16)

/** A column; 32 bytes. `stamp` is the record's where it was null, plus 1 where it had a value, and older where it was absent. */
@unmanaged export class JsonField {
  values: usize
  /** 0 where the column can't be null; else all bits are 1 at first. */
  validity: usize
  type: i32
  nullable: i32
  stamp: i32
  nullCount: i32
  /** In CSV: 1 where cells are numbers, whatever they are decoded as. In JSON, of a struct: how many of the columns after it lie in it. */
  detail: i32
  /** 1: a utf8 column of JSON texts: strings too as they stand. */
  isRaw: i32

  /** Makes `row` null; a view's 16 bytes become zero. */
  clear(row: i32): void {
    this.nullCount++
    const byte = this.validity + (<usize>row >> 3)
    store<u8>(byte, <u32>load<u8>(byte) & ~(<u32>1 << (row & 7)))
    if (this.type == UTF8 || this.type == BINARY) v128.store(this.values + (<usize>row << 4), i64x2.splat(0))
  }

  /** Makes `row` null, or zero where the column can't be. */
  zero(row: i32): void {
    if (this.validity) this.clear(row)
    const at = <usize>row
    if (this.type == UTF8 || this.type == BINARY) v128.store(this.values + (at << 4), i64x2.splat(0))
    else if (this.type == BOOL || this.type == STRUCT) store<u8>(this.values + (at >> 3), <u32>load<u8>(this.values + (at >> 3)) & ~(<u32>1 << (row & 7)))
    else if (this.type == INT32) store<i32>(this.values + (at << 2), 0)
    else store<i64>(this.values + (at << 3), 0)
  }
}

/** The view of `bytes` bytes at `from`; four bytes before them must be readable. */
// @ts-ignore: decorator
@inline function writeView(out: usize, from: usize, bytes: u32): void {
  if (bytes <= 12) {
    const text = v128.and(v128.load(from - 4), v128.load(VIEW_MASK + 12 - bytes))
    v128.store(out, i32x4.replace_lane(text, 0, bytes))
  } else {
    store<u64>(out, <u64>bytes | (load<u64>(from) << 32))
    store<u64>(out, <u64>from << 32, 8)
  }
}

/**
 * The value at `p` into column `index`, a member of `kind`, if it is as most are: a string of ASCII without escapes, such a string that is a timestamp, up
 * to 15 digits, a float whose digits are exact. Returns the address behind it; or 0, and nothing is done. What lies behind `end` isn't told from the record's own bytes.
 */
// @ts-ignore: decorator
@inline function storeCommon(job: JsonJob, p: usize, index: i32, kind: i32, end: usize): usize {
  if (kind < TEXT_MEMBER) return 0
  const field = changetype<JsonField>(job.fields + (<usize>index << 5))
  let next: usize = 0
  if (kind == TEXT_MEMBER) {
    const quote = load<u8>(p) == 34 ? plainEnd(p + 1, end) : 0
    if (quote == 0) return 0
    writeView(field.values + (<usize>job.row << 4), p + 1, <u32>(quote - p - 1))
    next = quote + 1
  } else {
    next = kind == INT_MEMBER ? storeDigits(p, field.values + (<usize>job.row << 3)) : storeCommonOther(job, p, field, end)
    if (next == 0) return 0
  }
  if (field.stamp != (job.stamp | 1)) {
    field.stamp = job.stamp | 1
    job.present++
  } else dropSlow(job, index)
  return next
}

/** Any value at `p` (no space before it) into column `index`; returns the address behind it, or 0. */
function storeValue(job: JsonJob, p: usize, index: i32, depth: i32): usize {
  if (load<u32>(p) == 0x6c6c756e) {
    markNull(job, index)
    return p + 4
  }
  const field = changetype<JsonField>(job.fields + (<usize>index << 5))
  const stamp = job.stamp | 1
  if (field.stamp == stamp) dropSlow(job, index)
  else {
    field.stamp = stamp
    job.present++
  }
  const row = <usize>job.row
  switch (field.type) {
    case UTF8:
      return storeText(job, p, depth, field.values + (row << 4), field.isRaw)
    case INT64:
      return storeInt(job, p, index, field.values + (row << 3))
    case FLOAT64:
      return storeFloat(job, p, index, field.values + (row << 3))
    case INT32: {
      const next = storeInt(job, p, index, job.decimal)
      if (next == 0) return 0
      const value = load<i64>(job.decimal)
      if (value != <i64>(<i32>value)) return refuse(job, RANGE, p, index)
      store<i32>(field.values + (row << 2), <i32>value)
      return next
    }
    case BOOL: {
      const word = load<u32>(p)
      const isTrue = word == 0x65757274
      if (!isTrue && (word != 0x736c6166 || load<u8>(p, 4) != 101)) return mismatch(job, p, index, depth)
      const byte = field.values + (row >> 3)
      const bit = 1 << <u32>(row & 7)
      const others = <u32>load<u8>(byte) & ~bit
      store<u8>(byte, isTrue ? others | bit : others)
      return isTrue ? p + 4 : p + 5
    }
    case BINARY:
      return storeBase64(job, p, index, depth, field.values + (row << 4))
    default:
      return storeTime(job, p, index, field.type - TIMESTAMP, field.values + (row << 3))
  }
}

// Which of 16 bytes are a quote, a backslash, a control character, or beyond ASCII. With bit 1 turned, quotes and control characters are what is less than 33,
// and so are, signed, bytes beyond ASCII.
// @ts-ignore: decorator
@inline function unplain(block: v128): u32 {
  return <u32>i8x16.bitmask(v128.or(i8x16.lt_s(v128.xor(block, i8x16.splat(2)), i8x16.splat(33)), i8x16.eq(block, i8x16.splat(92))))
}

// The closing quote of a string from behind the opening one, if all of it is ASCII without escapes; else 0. Reads up to 63 bytes past the end. After the first
// 32 bytes it goes by 64: so most strings of 33 to 96 bytes end in the same step, which is foreseen.
// @ts-ignore: decorator
@inline function plainEnd(p: usize, end: usize): usize {
  if (p >= end) return 0
  let stops = unplain32(p)
  if (stops == 0) {
    p += 32
    while (true) {
      if (p >= end) return 0
      stops = unplain32(p) | (unplain32(p + 32) << 32)
      if (stops != 0) break
      p += 64
    }
  }
  p += <usize>ctz(stops)
  return p < end && load<u8>(p) == 34 ? p : 0
}

// @ts-ignore: decorator
@inline function unplain32(p: usize): u64 {
  return <u64>(unplain(v128.load(p)) | (unplain(v128.load(p, 16)) << 16))
}

// As `storeCommon`, for a timestamp, a float64 or an int32.
function storeCommonOther(job: JsonJob, p: usize, field: JsonField, end: usize): usize {
  const row = <usize>job.row
  const out = field.values + (row << 3)
  if (field.type == FLOAT64) {
    const bytes = scanDecimal(p, 1, job.decimal)
    return bytes != 0 && decimalToF64(job.decimal, out) ? p + bytes : 0
  }
  if (field.type == INT32) {
    const next = storeDigits(p, job.decimal)
    const value = load<i64>(job.decimal)
    if (next == 0 || value > i32.MAX_VALUE) return 0
    store<i32>(field.values + (row << 2), <i32>value)
    return next
  }
  const quote = load<u8>(p) == 34 ? plainEnd(p + 1, end) : 0
  return quote != 0 && scanTime(p + 1, quote, field.type - TIMESTAMP, out) ? quote + 1 : 0
}

/** Takes back a column's null or value of this record. */
function markNull(job: JsonJob, index: i32): void {
  const field = changetype<JsonField>(job.fields + (<usize>index << 5))
  if (field.stamp == (job.stamp | 1)) {
    job.present--
    dropSlow(job, index)
  }
  field.stamp = job.stamp
}

// As if the record had not had the column so far.
function unmark(job: JsonJob, index: i32): void {
  markNull(job, index)
  changetype<JsonField>(job.fields + (<usize>index << 5)).stamp = 0
}

// A repeated key: floats of this record that wait to be rounded are not the column's any more.
function dropSlow(job: JsonJob, index: i32): void {
  for (let i = job.slowStart; i < job.slowCount; i++) {
    const entry = job.slow + (<usize>i << 4)
    if (load<i32>(entry) == index) store<i32>(entry, -1)
  }
}

function refuse(job: JsonJob, code: i32, p: usize, index: i32): usize {
  job.errorField = index
  return fail(job, code, p)
}

// A value of another type; bytes that are no JSON at all are refused as such.
function mismatch(job: JsonJob, p: usize, index: i32, depth: i32): usize {
  return skipValue(job, p, depth) ? refuse(job, TYPE, p, index) : 0
}

function storeInt(job: JsonJob, p: usize, index: i32, out: usize): usize {
  const negative = load<u8>(p) == 45
  const digits = p + <usize>negative
  const next = storeDigits(digits, out)
  if (next == 0) return load<u8>(digits) - 48 > 9 ? mismatch(job, p, index, 0) : storeDecimal(job, p, index, out)
  if (negative) store<i64>(out, -load<i64>(out))
  return next
}

// A number of 1 to 15 digits and nothing else; else 0, and nothing is written.
// @ts-ignore: decorator
@inline function storeDigits(p: usize, out: usize): usize {
  const x = load<u64>(p)
  let n = countDigits(x)
  if (n == 0) return 0
  let w = digitsValue(x, n)
  if (n == 8) {
    const y = load<u64>(p, 8)
    const more = countDigits(y)
    if (more == 8) return 0
    if (more) w = w * ten(more) + digitsValue(y, more)
    n += more
  }
  const next = p + n
  const c = load<u8>(next)
  if (c == 46 || (c | 32) == 101 || (n > 1 && <u8>x == 48)) return 0
  store<i64>(out, <i64>w)
  return next
}

// A whole number written as a decimal, or of 16 digits and more.
function storeDecimal(job: JsonJob, p: usize, index: i32, out: usize): usize {
  const bytes = scanDecimal(p, 1, job.decimal)
  if (bytes == 0) return fail(job, NUMBER, p)
  return decimalToI64(job.decimal, out) ? p + bytes : refuse(job, RANGE, p, index)
}

function storeFloat(job: JsonJob, p: usize, index: i32, out: usize): usize {
  const c = load<u8>(p)
  if (c != 45 && c - 48 > 9) return mismatch(job, p, index, 0)
  const bytes = scanDecimal(p, 1, job.decimal)
  if (bytes == 0) return fail(job, NUMBER, p)
  if (decimalToF64(job.decimal, out)) return p + bytes
  if (job.slowCount == job.slowMax) return fail(job, PAUSE, p)
  const entry = job.slow + (<usize>(job.slowCount++) << 4)
  store<i32>(entry, index)
  store<i32>(entry, job.row, 4)
  store<u32>(entry, p, 8)
  store<i32>(entry, bytes, 12)
  return p + bytes
}

function storeText(job: JsonJob, p: usize, depth: i32, out: usize, isRaw: i32): usize {
  if (load<u8>(p) == 34 && !isRaw) {
    const next = captureString(job, p + 1)
    if (next == 0) return 0
    keepString(job, out)
    return next
  }
  const next = skipValue(job, p, depth)
  if (next != 0) writeView(out, p, <u32>(next - p))
  return next
}

// @ts-ignore: decorator
@inline function keepString(job: JsonJob, out: usize): void {
  const bytes = <u32>job.stringBytes
  writeView(out, job.stringAt, bytes)
  if (job.stringAt == job.text && bytes > 12) job.text += bytes
}

function storeTime(job: JsonJob, p: usize, index: i32, unit: i32, out: usize): usize {
  if (load<u8>(p) == 34) {
    const next = captureString(job, p + 1)
    if (next == 0) return 0
    return scanTime(job.stringAt, job.stringAt + job.stringBytes, unit, out) ? next : refuse(job, TIME, p, index)
  }
  const next = storeInt(job, p, index, job.decimal)
  if (next == 0) return 0
  return scaleMillis(load<i64>(job.decimal), unit, out) ? next : refuse(job, RANGE, p, index)
}

function storeBase64(job: JsonJob, p: usize, index: i32, depth: i32, out: usize): usize {
  if (load<u8>(p) != 34) return mismatch(job, p, index, depth)
  const next = captureString(job, p + 1)
  if (next == 0) return 0
  if (job.textEnd - job.text < job.end - p) return fail(job, PAUSE, p)
  const bytes = readBase64(job.stringAt, job.stringBytes, job.text)
  if (bytes < 0) return refuse(job, BASE64, p, index)
  job.stringAt = job.text
  job.stringBytes = bytes
  keepString(job, out)
  return next
}

export { unmark, markNull, storeCommon, storeValue, writeView }
