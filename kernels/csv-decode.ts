// CSV rows to columns, one pass over the bytes: RFC 4180 with any one-byte delimiter and quote; LF or CRLF ends a row, also inside quotes a line end
// is text. A quote inside an unquoted cell is text. A row that is refused is passed over to its end and leaves no trace in the columns.
import { readBase64 } from './base64'
import { lineEnd, NULL, RAGGED, RANGE, refuse, scanCell, TYPE } from './csv-cells'
import { CsvJob, markValid } from './csv-job'
import { plainRows } from './csv-plain'
import { JsonField, writeView } from './json-values'
import { countDigits, decimalToF64, decimalToI64, digitsValue, scanDecimal } from './number-text'
import { scaleMillis, scanTime } from './time-text'

// An error: record, address, code, cell or column, and the row's bytes [start, end).
const ERROR_BYTES: usize = 24

/**
 * Decodes rows from `at` on until the input, the rows, the errors, the text buffer or the list of floats end. A row that the input cuts off is left for
 * the next call, unless `isLast`. Returns the rows and refused rows so far; blank lines count only where rows have one cell.
 */
export function decodeCsv(at: usize): i32 {
  const job = changetype<CsvJob>(at)
  job.paused = 0
  while (job.errorCount < job.errorMax) {
    plainRows(job)
    if (job.at >= job.end || job.row >= job.rowMax) break
    const first = load<u8>(job.at)
    if (<i32>first == job.comment) {
      const next = lineEnd(job, job.at)
      if (next == 0) break
      job.at = next
      continue
    }
    if (job.cellCount != 1 && (first == 10 || (first == 13 && load<u8>(job.at, 1) == 10))) {
      job.at += first == 10 ? 1 : 2
      continue
    }
    job.start = job.at
    job.errorCode = 0
    const text = job.text
    const slow = job.slowCount
    const next = decodeRow(job)
    if (next == 0 || job.errorCode) {
      job.text = text
      job.slowCount = slow
    }
    if (next == 0) break
    if (job.errorCode) {
      const error = job.errors + <usize>(job.errorCount++) * ERROR_BYTES
      store<i32>(error, job.record)
      store<u32>(error, job.errorAt, 4)
      store<i32>(error, job.errorCode, 8)
      store<i32>(error, job.errorField, 12)
      store<u32>(error, job.start, 16)
      store<u32>(error, min(next, job.end), 20)
    } else {
      store<i32>(job.recordOf + (<usize>job.row << 2), job.record)
      job.row++
    }
    job.record++
    job.at = min(next, job.end)
  }
  return job.record
}

// The address behind the row's line end; 0 where the row is cut off or there is no room.
function decodeRow(job: CsvJob): usize {
  let p = job.at
  const end = job.end
  const delimiter = <u8>job.delimiter
  let cell = 0
  while (true) {
    const target = cell < job.cellCount ? load<i32>(job.targets + (<usize>cell << 2)) : -1
    let next: usize = 0
    if (target >= 0 && job.errorCode == 0) next = storeNumber(job, changetype<JsonField>(job.fields + (<usize>target << 5)), p)
    if (next == 0) {
      job.cellStart = p
      next = scanCell(job, p)
      if (next == 0) return 0
      if (target >= 0 && job.errorCode == 0 && !storeCell(job, target)) return 0
    }
    p = next
    cell++
    const stop = load<u8>(p)
    if (p < end && stop == delimiter) {
      p++
      continue
    }
    if (p >= end && !job.isLast) return 0
    if (cell != job.cellCount) settleRagged(job, cell)
    return p + (stop == 13 && p < end ? 2 : 1)
  }
}

// A row of `count` cells where another number is expected.
function settleRagged(job: CsvJob, count: i32): void {
  if (job.errorCode) return
  if (count > job.cellCount ? job.ragged < 2 : job.ragged < 1) {
    refuse(job, RAGGED, job.start, count)
    return
  }
  for (let cell = count; cell < job.cellCount; cell++) {
    const target = load<i32>(job.targets + (<usize>cell << 2))
    if (target < 0) continue
    const field = changetype<JsonField>(job.fields + (<usize>target << 5))
    if (field.nullable) field.clear(job.row)
    else refuse(job, NULL, job.start, target)
  }
}

// The commonest cells at once: a plain whole number, or a plain decimal, that ends at the delimiter or a line feed. 0: any other cell.
// @ts-ignore: decorator
@inline function storeNumber(job: CsvJob, field: JsonField, p: usize): usize {
  if (job.comma) return 0
  if (field.type == 3) {
    const c = load<u8>(p)
    if (c - 48 > 9 && c != 45) return 0
    const bytes = scanDecimal(p, 0, job.decimal)
    const next = p + bytes
    const stop = load<u8>(next)
    if (bytes == 0 || next > job.end || (stop != <u8>job.delimiter && stop != 10)) return 0
    if (!decimalToF64(job.decimal, field.values + (<usize>job.row << 3))) return 0
    markValid(field, job.row)
    return next
  }
  if (field.type != 1 && field.type != 2) return 0
  const negative = load<u8>(p) == 45
  const digits = p + <usize>negative
  const x = load<u64>(digits)
  const n = countDigits(x)
  if (n == 0 || n == 8) return 0
  const next = digits + n
  const stop = load<u8>(next)
  if (next > job.end || (stop != <u8>job.delimiter && stop != 10)) return 0
  markValid(field, job.row)
  const w = <i64>digitsValue(x, n)
  if (field.type == 1) store<i32>(field.values + (<usize>job.row << 2), <i32>(negative ? -w : w))
  else store<i64>(field.values + (<usize>job.row << 3), negative ? -w : w)
  return next
}

function letters(at: usize, bytes: i32): u64 {
  const kept: u64 = bytes >= 8 ? ~(<u64>0) : (<u64>1 << (bytes << 3)) - 1
  return (load<u64>(at) & kept) | (0x2020202020202020 & kept)
}

function isNull(job: CsvJob): bool {
  for (let i: usize = 0; i < <usize>job.nullCount; i++) {
    const pair = job.nulls + (i << 3)
    if (load<i32>(pair, 4) == job.cellBytes && memory.compare(job.cellAt, load<u32>(pair), job.cellBytes) == 0) return true
  }
  return false
}

// The cell into its column; false where there is no room.
function storeCell(job: CsvJob, index: i32): bool {
  const field = changetype<JsonField>(job.fields + (<usize>index << 5))
  let at = job.cellAt
  const bytes = job.cellBytes
  const row = <usize>job.row
  const type = field.type
  if (!job.cellQuoted && isNull(job)) {
    if (field.nullable) {
      field.clear(job.row)
      return true
    }
    if (type != 4) {
      refuse(job, NULL, at, index)
      return true
    }
  }
  markValid(field, job.row)
  if (job.comma && field.detail) {
    if (!swapCommas(job)) return false
    at = job.cellAt
  }
  if (type == 4) writeView(field.values + (row << 4), at, bytes)
  else if (type == 5) return storeBytes(job, field, index)
  else if (type >= 6) {
    const out = field.values + (row << 3)
    if (scanTime(at, at + bytes, type - 6, out)) return true
    if (scanDecimal(at, 0, job.decimal) != bytes || bytes == 0) refuse(job, TYPE, at, index)
    else if (!decimalToI64(job.decimal, out) || !scaleMillis(load<i64>(out), type - 6, out)) refuse(job, RANGE, at, index)
  } else if (type == 0) {
    const word = letters(at, min(bytes, 8))
    const isTrue = bytes == 4 && word == 0x65757274
    if (!isTrue && (bytes != 5 || word != 0x65736c6166)) refuse(job, TYPE, at, index)
    const byte = field.values + (row >> 3)
    const bit = <u32>1 << <u32>(row & 7)
    const others = <u32>load<u8>(byte) & ~bit
    store<u8>(byte, isTrue ? others | bit : others)
  } else if (type == 3) return storeFloat(job, field, index)
  else if (bytes == 0 || scanDecimal(at, 0, job.decimal) != bytes) refuse(job, TYPE, at, index)
  else if (!decimalToI64(job.decimal, job.decimal)) refuse(job, RANGE, at, index)
  else {
    const value = load<i64>(job.decimal)
    if (type == 2) store<i64>(field.values + (row << 3), value)
    else if (value == <i64>(<i32>value)) store<i32>(field.values + (row << 2), <i32>value)
    else refuse(job, RANGE, at, index)
  }
  return true
}

// The cell's text with points for commas and commas for points, in the text buffer; false where there is no room.
function swapCommas(job: CsvJob): bool {
  const bytes = <usize>job.cellBytes
  if (job.textEnd - job.text < bytes + 4) {
    job.paused = 1
    return false
  }
  const out = job.text + 4
  for (let i: usize = 0; i < bytes; i++) {
    const c = load<u8>(job.cellAt + i)
    store<u8>(out + i, c == 44 ? 46 : c == 46 ? 44 : c)
  }
  store<u8>(out + bytes, 0)
  job.cellAt = out
  job.text = out + bytes
  return true
}

function storeBytes(job: CsvJob, field: JsonField, index: i32): bool {
  if (job.textEnd - job.text < <usize>job.cellBytes) {
    job.paused = 1
    return false
  }
  const bytes = readBase64(job.cellAt, job.cellBytes, job.text)
  if (bytes < 0) refuse(job, TYPE, job.cellAt, index)
  else {
    // Without bytes there may be no text buffer yet, and a view is read from four bytes before its text.
    writeView(field.values + (<usize>job.row << 4), bytes ? job.text : job.cellAt, bytes)
    if (bytes > 12) job.text += bytes
  }
  return true
}

function storeFloat(job: CsvJob, field: JsonField, index: i32): bool {
  const at = job.cellAt
  const bytes = job.cellBytes
  const out = field.values + (<usize>job.row << 3)
  if (bytes > 0 && scanDecimal(at, 0, job.decimal) == bytes) {
    if (decimalToF64(job.decimal, out)) return true
    if (job.slowCount == job.slowMax) {
      job.paused = 1
      return false
    }
    const entry = job.slow + (<usize>(job.slowCount++) << 4)
    store<i32>(entry, index)
    store<i32>(entry, job.row, 4)
    store<u32>(entry, at, 8)
    store<i32>(entry, bytes, 12)
    return true
  }
  const negative = bytes > 0 && load<u8>(at) == 45
  const rest = bytes - <i32>negative
  const word = letters(at + <usize>negative, min(rest, 8))
  if (rest == 3 && word == 0x6e616e && !negative) store<f64>(out, NaN)
  else if ((rest == 3 && word == 0x666e69) || (rest == 8 && word == 0x7974696e69666e69)) store<f64>(out, negative ? -Infinity : Infinity)
  else refuse(job, TYPE, at, index)
  return true
}
