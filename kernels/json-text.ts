// JSON text, strictly as RFC 8259 has it: strings are found 16 bytes at a time and checked (control characters, escapes, UTF-8), values that
// no column wants are walked over, all within one record. Bytes past the record's end may be read, never believed: what ends there is cut off.
import { countDigits } from './number-text'
import { findBadUtf8, validateUtf8 } from './utf8'

/** Nested objects and arrays beyond this depth are refused. */
export const DEPTH_MAX: i32 = 512

// Why a record was refused. src/compute/json-errors.ts holds the words, in this order.
export const PAUSE = -1
export const CUT_OFF = 1
export const NO_VALUE = 2
export const NO_KEY = 3
export const NO_COLON = 4
export const NO_COMMA = 5
export const CONTROL = 6
export const ESCAPE = 7
export const BAD_UTF8 = 8
export const NUMBER = 9
export const DEPTH = 10
export const TRAILING = 11
export const NO_OBJECT = 12
export const TYPE = 13
export const RANGE = 14
export const NULL = 15
export const MISSING = 16
export const TIME = 17
export const NULL_RECORD = 18
export const BASE64 = 19
export const UNKNOWN = 20

/** A decoding call: what src/compute/json.ts fills in, then what belongs to the record at hand. Offsets as declared, 4 bytes each. */
@unmanaged export class JsonJob {
  records: usize
  /** 0: pairs of address and byte count; 1: views. */
  recordKind: i32
  recordCount: i32
  recordValidity: usize
  next: i32
  row: i32
  rowOf: usize
  tables: usize
  fields: usize
  fieldCount: i32
  scopes: usize
  errors: usize
  errorCount: i32
  errorMax: i32
  slow: usize
  slowCount: i32
  slowMax: i32
  text: usize
  textEnd: usize
  anyRoot: i32
  kinds: usize
  decimal: usize
  start: usize
  end: usize
  stamp: i32
  present: i32
  slowStart: i32
  errorCode: i32
  errorAt: usize
  errorField: i32
  /** The string that `captureString` met last. */
  stringAt: usize
  stringBytes: i32
  /** 1: a record that is null is a row of nulls, of zeros where a column has none. */
  nullRows: i32
  /** 1: a record is the value of the first column, of whatever kind. */
  valueRoot: i32
  /** Keys that no column hangs on: 0 passed over, 1 refused, 2 those of the record itself collected in column `rest`, as JSON. */
  unknown: i32
  rest: i32
  /** 1: a key must be there, though its column may be null. */
  strict: i32
  /** Unknown keys of the record at hand. */
  restCount: i32
  /** 1: some struct was marked bad, so that bits may have to be cleared. */
  sawBad: i32
}

/** Notes why and where; returns 0, the address that no parser goes on from. */
function fail(job: JsonJob, code: i32, at: usize): usize {
  job.errorCode = at >= job.end && code < TYPE ? CUT_OFF : code
  job.errorAt = min(at, job.end)
  return 0
}

/** The first byte from `p` that is no white space, or the record's end. */
function skipSpace(job: JsonJob, p: usize): usize {
  const end = job.end
  while (p < end) {
    const c = load<u8>(p)
    if (c != 32 && c != 10 && c != 13 && c != 9) break
    p++
  }
  return p
}

// @ts-ignore: decorator
@inline function specials(block: v128): v128 {
  const control = i8x16.eq(i8x16.min_u(block, i8x16.splat(31)), block)
  return v128.or(v128.or(i8x16.eq(block, i8x16.splat(34)), i8x16.eq(block, i8x16.splat(92))), control)
}

/** From behind an opening quote to behind the closing one, or 0. */
function skipString(job: JsonJob, p: usize): usize {
  const start = p
  const end = job.end
  let high: u32 = 0
  while (true) {
    const block = v128.load(p)
    const stops = specials(block)
    // The top bit of a byte beyond ASCII counts as a stop too: one test passes over plain text.
    if (i8x16.bitmask(v128.or(stops, block)) == 0) {
      p += 16
      if (p >= end) return fail(job, CUT_OFF, end)
      continue
    }
    const found = <u32>i8x16.bitmask(stops)
    const at = found ? ctz(found) : 16
    high |= <u32>i8x16.bitmask(block) & ((1 << at) - 1)
    if (found == 0) {
      p += 16
      if (p >= end) return fail(job, CUT_OFF, end)
      continue
    }
    p += at
    if (p >= end) return fail(job, CUT_OFF, end)
    const c = load<u8>(p)
    if (c == 34) return high && !validateUtf8(start, p) ? badUtf8(job, start, p) : p + 1
    if (c != 92) return fail(job, CONTROL, p)
    const bytes = escapeBytes(p)
    if (bytes == 0) return fail(job, ESCAPE, p)
    p += bytes
  }
}

function badUtf8(job: JsonJob, start: usize, end: usize): usize {
  return fail(job, BAD_UTF8, start + <usize>findBadUtf8(start, <i32>(end - start)))
}

// Bytes of the escape at `p`, 0 where it is none.
function escapeBytes(p: usize): u32 {
  const c = load<u8>(p, 1)
  if (c == 117) return hex4(p + 2) < 0 ? 0 : 6
  return unescaped(c) ? 2 : 0
}

// The character that a one-letter escape means, or 0.
function unescaped(c: u8): u8 {
  switch (c) {
    case 34:
    case 92:
    case 47:
      return c
    case 98:
      return 8
    case 102:
      return 12
    case 110:
      return 10
    case 114:
      return 13
    case 116:
      return 9
    default:
      return 0
  }
}

function hex4(p: usize): i32 {
  let value: u32 = 0
  for (let i: usize = 0; i < 4; i++) {
    const c = <u32>load<u8>(p + i)
    let digit = c - 48
    if (digit > 9) {
      digit = (c | 32) - 97
      if (digit > 5) return -1
      digit += 10
    }
    value = (value << 4) | digit
  }
  return <i32>value
}

/**
 * As `skipString`, and leaves the string's text in `stringAt`, `stringBytes`: where it lies if it has no escapes, else decoded at `job.text`, which
 * the caller moves on if it keeps it. A lone surrogate becomes U+FFFD. Pauses where the text buffer has no room.
 */
function captureString(job: JsonJob, p: usize): usize {
  const start = p
  const end = job.end
  let high: u32 = 0
  while (true) {
    const block = v128.load(p)
    const stops = specials(block)
    // The top bit of a byte beyond ASCII counts as a stop too: one test passes over plain text.
    if (i8x16.bitmask(v128.or(stops, block)) == 0) {
      p += 16
      if (p >= end) return fail(job, CUT_OFF, end)
      continue
    }
    const found = <u32>i8x16.bitmask(stops)
    const at = found ? ctz(found) : 16
    high |= <u32>i8x16.bitmask(block) & ((1 << at) - 1)
    if (found == 0) {
      p += 16
      if (p >= end) return fail(job, CUT_OFF, end)
      continue
    }
    p += at
    if (p >= end) return fail(job, CUT_OFF, end)
    const c = load<u8>(p)
    if (c == 34) {
      if (high && !validateUtf8(start, p)) return badUtf8(job, start, p)
      job.stringAt = start
      job.stringBytes = <i32>(p - start)
      return p + 1
    }
    if (c != 92) return fail(job, CONTROL, p)
    return decodeEscapes(job, start, p, high)
  }
}

// From the first backslash at `p` of the string that began at `start`.
function decodeEscapes(job: JsonJob, start: usize, p: usize, high: u32): usize {
  const end = job.end
  let out = job.text
  if (job.textEnd - out < end - start) return fail(job, PAUSE, p)
  memory.copy(out, start, p - start)
  out += p - start
  while (true) {
    const c = load<u8>(p, 1)
    if (c == 117) {
      const code = hex4(p + 2)
      if (code < 0) return fail(job, ESCAPE, p)
      p += 6
      if ((code & 0xfc00) == 0xd800 && load<u16>(p) == 0x755c) {
        const low = hex4(p + 2)
        if (low < 0) return fail(job, ESCAPE, p)
        if ((low & 0xfc00) == 0xdc00) {
          out = writeCodePoint(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), out)
          p += 6
        } else out = writeCodePoint(0xfffd, out)
      } else out = writeCodePoint((code & 0xf800) == 0xd800 ? 0xfffd : code, out)
    } else {
      const plain = unescaped(c)
      if (plain == 0) return fail(job, ESCAPE, p)
      store<u8>(out++, plain)
      p += 2
    }
    while (true) {
      if (p >= end) return fail(job, CUT_OFF, end)
      const block = v128.load(p)
      v128.store(out, block)
      const found = <u32>i8x16.bitmask(specials(block))
      const at = found ? ctz(found) : 16
      high |= <u32>i8x16.bitmask(block) & ((1 << at) - 1)
      p += at
      out += at
      if (found) break
    }
    if (p >= end) return fail(job, CUT_OFF, end)
    const stop = load<u8>(p)
    if (stop == 92) continue
    if (stop != 34) return fail(job, CONTROL, p)
    if (high && !validateUtf8(start, p)) return badUtf8(job, start, p)
    job.stringAt = job.text
    job.stringBytes = <i32>(out - job.text)
    return p + 1
  }
}

function writeCodePoint(code: i32, out: usize): usize {
  if (code < 0x80) {
    store<u8>(out, code)
    return out + 1
  }
  if (code < 0x800) {
    store<u8>(out, 0xc0 | (code >> 6))
    store<u8>(out, 0x80 | (code & 63), 1)
    return out + 2
  }
  if (code < 0x10000) {
    store<u8>(out, 0xe0 | (code >> 12))
    store<u8>(out, 0x80 | ((code >> 6) & 63), 1)
    store<u8>(out, 0x80 | (code & 63), 2)
    return out + 3
  }
  store<u8>(out, 0xf0 | (code >> 18))
  store<u8>(out, 0x80 | ((code >> 12) & 63), 1)
  store<u8>(out, 0x80 | ((code >> 6) & 63), 2)
  store<u8>(out, 0x80 | (code & 63), 3)
  return out + 4
}

function skipDigits(p: usize): usize {
  while (true) {
    const n = countDigits(load<u64>(p))
    p += n
    if (n < 8) return p
  }
}

/** Over the number at `p`, which begins with - or a digit; 0 where it is none. What follows is the caller's to check. */
function skipNumber(job: JsonJob, p: usize): usize {
  if (load<u8>(p) == 45) p++
  if (load<u8>(p) == 48) p++
  else {
    const from = p
    p = skipDigits(p)
    if (p == from) return fail(job, NUMBER, p)
  }
  if (load<u8>(p) == 46) {
    const from = p + 1
    p = skipDigits(from)
    if (p == from) return fail(job, NUMBER, p)
  }
  if ((load<u8>(p) | 32) == 101) {
    p++
    const sign = load<u8>(p)
    if (sign == 43 || sign == 45) p++
    const from = p
    p = skipDigits(p)
    if (p == from) return fail(job, NUMBER, p)
  }
  return p
}

function skipScalar(job: JsonJob, p: usize, c: u8): usize {
  if (c == 34) return skipString(job, p + 1)
  if (c - 48 < 10 || c == 45) return skipNumber(job, p)
  const word = load<u32>(p)
  if (word == 0x65757274 || word == 0x6c6c756e) return p + 4
  if (word == 0x736c6166 && load<u8>(p, 4) == 101) return p + 5
  return fail(job, NO_VALUE, p)
}

// Over `"key" :` and the space around it, to its value.
function skipKey(job: JsonJob, p: usize): usize {
  if (load<u8>(p) != 34 || p >= job.end) return fail(job, NO_KEY, p)
  p = skipString(job, p + 1)
  if (p == 0) return 0
  p = skipSpace(job, p)
  return load<u8>(p) == 58 ? skipSpace(job, p + 1) : fail(job, NO_COLON, p)
}

/** Over any value at `p` (no space before it), checked; `depth` objects and arrays are open around it. */
function skipValue(job: JsonJob, p: usize, depth: i32): usize {
  const kinds = job.kinds
  const end = job.end
  let open = depth
  do {
    if (p >= end) return fail(job, CUT_OFF, p)
    const c = load<u8>(p)
    if (c == 123 || c == 91) {
      if (++open > DEPTH_MAX) return fail(job, DEPTH, p)
      store<u8>(kinds + open, c)
      p = skipSpace(job, p + 1)
      if (load<u8>(p) == c + 2) {
        p++
        open--
      } else {
        if (c == 91) continue
        p = skipKey(job, p)
        if (p == 0) return 0
        continue
      }
    } else {
      p = skipScalar(job, p, c)
      if (p == 0) return 0
    }
    while (open > depth) {
      if (load<u8>(p) <= 32) p = skipSpace(job, p)
      if (p >= end) return fail(job, CUT_OFF, p)
      const kind = load<u8>(kinds + open)
      const stop = load<u8>(p)
      if (stop == kind + 2) {
        p++
        open--
        continue
      }
      if (stop != 44) return fail(job, NO_COMMA, p)
      p++
      if (load<u8>(p) <= 32) p = skipSpace(job, p)
      if (kind == 123) {
        p = skipKey(job, p)
        if (p == 0) return 0
      }
      break
    }
  } while (open > depth)
  return p
}

export { captureString, fail, skipSpace, skipString, skipValue }
