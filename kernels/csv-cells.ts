// The cells of a CSV row: where each ends, and its text, unquoted where it is quoted.
import { CsvJob } from './csv-job'
import { findBadUtf8, validateUtf8 } from './utf8'

// Why a row was refused; src/compute/csv.ts holds the words, in this order.
export const OPEN_QUOTE = 1
export const AFTER_QUOTE = 2
export const BAD_UTF8 = 3
export const RAGGED = 4
export const TYPE = 5
export const RANGE = 6
export const NULL = 7

/** Notes why the row at hand is refused. Text that was put together elsewhere is told by where its cell begins. */
export function refuse(job: CsvJob, code: i32, at: usize, field: i32): void {
  if (job.errorCode) return
  job.errorCode = code
  job.errorAt = at < job.start || at > job.end ? job.cellStart : at
  job.errorField = field
}

/** The address behind the line feed that ends the line at `p`; 0 where it is cut off. */
export function lineEnd(job: CsvJob, p: usize): usize {
  const feed = i8x16.splat(10)
  for (; p < job.end; p += 16) {
    const found = <u32>i8x16.bitmask(i8x16.eq(v128.load(p), feed))
    if (found == 0) continue
    p += <usize>ctz(found)
    if (p < job.end) return p + 1
    break
  }
  return job.isLast ? job.end : 0
}

/** Finds the cell at `p`; returns where it ends: at a delimiter, a line end or the input's end. 0: cut off. */
export function scanCell(job: CsvJob, p: usize): usize {
  if (p < job.end && load<u8>(p) == <u8>job.quote) return scanQuoted(job, p + 1)
  const end = job.end
  const start = p
  const delimiter = i8x16.splat(<i8>job.delimiter)
  const feed = i8x16.splat(10)
  let high: u32 = 0
  while (true) {
    const block = v128.load(p)
    const found = <u32>i8x16.bitmask(v128.or(i8x16.eq(block, delimiter), i8x16.eq(block, feed)))
    const at = found ? ctz(found) : 16
    high |= <u32>i8x16.bitmask(block) & ((1 << at) - 1)
    p += at
    if (found || p >= end) break
  }
  if (p >= end) {
    p = end
    if (!job.isLast) return 0
  }
  // A line end CR LF, or a CR that ends the input: the cell ends before it.
  if (p > start && load<u8>(p - 1) == 13 && (p == end || load<u8>(p) == 10)) p--
  return keepCell(job, start, p, 0, high) ? p : 0
}

// @ts-ignore: decorator
@inline function keepCell(job: CsvJob, start: usize, end: usize, quoted: i32, high: u32): bool {
  if (high && !validateUtf8(start, end)) refuse(job, BAD_UTF8, start + <usize>max(0, findBadUtf8(start, <i32>(end - start))), -1)
  job.cellAt = start
  job.cellBytes = <i32>(end - start)
  job.cellQuoted = quoted
  return true
}

// The quote at or after `p`, or the input's end.
function findQuote(job: CsvJob, p: usize): usize {
  const quote = i8x16.splat(<i8>job.quote)
  while (p < job.end) {
    const found = <u32>i8x16.bitmask(i8x16.eq(v128.load(p), quote))
    if (found) return min(p + <usize>ctz(found), job.end)
    p += 16
  }
  return job.end
}

function scanQuoted(job: CsvJob, start: usize): usize {
  const quote = <u8>job.quote
  const end = job.end
  if (job.escape != job.quote) return scanEscaped(job, start)
  let p = findQuote(job, start)
  if (p + 1 < end && load<u8>(p, 1) == quote) {
    // Doubled quotes: the text is put together in the text buffer.
    if (job.textEnd - job.text < end - start) {
      job.paused = 1
      return 0
    }
    let out = job.text
    let from = start
    while (p + 1 < end && load<u8>(p, 1) == quote) {
      memory.copy(out, from, p + 1 - from)
      out += p + 1 - from
      from = p + 2
      p = findQuote(job, from)
    }
    memory.copy(out, from, p - from)
    out += p - from
    const text = job.text
    if (out - text > 12) job.text = out
    keepCell(job, text, out, 1, 1)
  } else keepCell(job, start, p, 1, 1)
  return behindQuote(job, start, p)
}

// The quote or escape at or after `p`, or the input's end.
function findEscape(job: CsvJob, p: usize): usize {
  const quote = i8x16.splat(<i8>job.quote)
  const escape = i8x16.splat(<i8>job.escape)
  while (p < job.end) {
    const block = v128.load(p)
    const found = <u32>i8x16.bitmask(v128.or(i8x16.eq(block, quote), i8x16.eq(block, escape)))
    if (found) return min(p + <usize>ctz(found), job.end)
    p += 16
  }
  return job.end
}

// As scanQuoted where quotes are escaped, or doubled all the same.
function scanEscaped(job: CsvJob, start: usize): usize {
  const quote = <u8>job.quote
  const escape = <u8>job.escape
  const end = job.end
  let out: usize = 0
  let from = start
  let p = findEscape(job, start)
  while (p < end && (load<u8>(p) == escape || (p + 1 < end && load<u8>(p, 1) == quote))) {
    if (p + 1 >= end) {
      p = end
      break
    }
    if (out == 0) {
      if (job.textEnd - job.text < end - start) {
        job.paused = 1
        return 0
      }
      out = job.text
    }
    memory.copy(out, from, p - from)
    out += p - from
    store<u8>(out++, load<u8>(p, 1))
    from = p + 2
    p = findEscape(job, from)
  }
  if (out != 0) {
    const text = job.text
    if (p > from) memory.copy(out, from, p - from)
    out += p > from ? p - from : 0
    if (out - text > 12) job.text = out
    keepCell(job, text, out, 1, 1)
  } else keepCell(job, start, p, 1, 1)
  return behindQuote(job, start, p)
}

// From the closing quote at `p`, or the input's end, of the cell whose text began at `start`, to the cell's end.
function behindQuote(job: CsvJob, start: usize, p: usize): usize {
  const end = job.end
  if (p >= end) {
    if (!job.isLast) return 0
    refuse(job, OPEN_QUOTE, start - 1, -1)
    return end
  }
  p++
  if (p >= end) return job.isLast ? end : 0
  const stop = load<u8>(p)
  if (stop == <u8>job.delimiter || stop == 10) return p
  if (stop == 13) {
    if (p + 1 >= end) return job.isLast ? p : 0
    if (load<u8>(p, 1) == 10) return p
  }
  refuse(job, AFTER_QUOTE, p, -1)
  const cell = job.cellAt
  const next = scanCell(job, p)
  job.cellAt = cell
  return next
}
