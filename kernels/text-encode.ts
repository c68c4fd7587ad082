// Columns to text, row by row: NDJSON and CSV. The caller has measured the most that the rows can take (measure…), so nothing is checked here.
import { writeBase64 } from './base64'
import { writeF64, writeI32, writeI64 } from './number-format'
import { writeTime } from './time-text'

/** A column to write; 32 bytes. Types by number as in json-values.ts, and 10 for views whose bytes are text as it shall stand; `label` is what stands before each value in JSON: `{"a":` or `,"b":`. */
@unmanaged class TextColumn {
  values: usize
  validity: usize
  type: i32
  label: usize
  labelBytes: i32
}

/** A call: what src/compute/encode-text.ts fills in. `offsets` gets a u32 a row: where it begins, counted from `out`, and one for the end. */
@unmanaged class TextJob {
  columns: usize
  columnCount: i32
  rowCount: i32
  out: usize
  offsets: usize
  /** Timestamps as epoch milliseconds, not as ISO 8601. */
  epoch: i32
  delimiter: i32
  quote: i32
  nullText: usize
  nullBytes: i32
  /** Whole floats as 1.0, so that readers that guess types take them for floats. */
  pointed: i32
  /** In CSV: 0 quotes where needed, 1 all text, 2 all that isn't null. */
  quoting: i32
  /** 1: rows of CSV end in CR LF. */
  carriage: i32
}

const TRUE: u32 = 0x65757274
const NULL: u32 = 0x6c6c756e
const HEX: usize = memory.data<u8>([48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102])

// @ts-ignore: decorator
@inline function isValid(column: TextColumn, row: usize): bool {
  return column.validity == 0 || ((load<u8>(column.validity + (row >> 3)) >> <u8>(row & 7)) & 1) != 0
}

// @ts-ignore: decorator
@inline function textOf(view: usize): usize {
  return load<u32>(view) <= 12 ? view + 4 : <usize>load<u32>(view, 12)
}

// Copies up to the last label byte in blocks of 16; over-writes what follows.
// @ts-ignore: decorator
@inline function copyBlocks(from: usize, bytes: usize, out: usize): usize {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(out + i, v128.load(from + i))
  return out + bytes
}

function writeTimestamp(value: i64, unit: i32, epoch: i32, out: usize): usize {
  if (!epoch) return writeTime(value, unit, out)
  if (unit == 0) return writeI64(value * 1000, out)
  const scale: i64 = unit == 1 ? 1 : unit == 2 ? 1000 : 1000000
  const ms = value / scale
  return writeI64(ms - <i64>(ms * scale > value), out)
}

function writePointed(value: f64, out: usize): usize {
  const end = writeF64(value, out)
  for (let p = out; p < end; p++) {
    const c = load<u8>(p)
    if (c == 46 || c == 101) return end
  }
  store<u16>(end, 0x302e)
  return end + 2
}

// Everything but strings and floats that JSON lacks.
function writeScalar(column: TextColumn, row: usize, out: usize): usize {
  switch (column.type) {
    case 0: {
      const isTrue = ((load<u8>(column.values + (row >> 3)) >> <u8>(row & 7)) & 1) != 0
      store<u32>(out, isTrue ? TRUE : 0x736c6166)
      store<u8>(out, 101, 4)
      return isTrue ? out + 4 : out + 5
    }
    case 1:
      return writeI64(<i64>load<i32>(column.values + (row << 2)), out)
    case 2:
      return writeI64(load<i64>(column.values + (row << 3)), out)
    default:
      return writeF64(load<f64>(column.values + (row << 3)), out)
  }
}

/** Writes each row as a JSON object and a line feed, nulls and floats that are no numbers as null. Returns the bytes. */
export function encodeJson(at: usize): u32 {
  const job = changetype<TextJob>(at)
  let out = job.out
  const end = job.columns + (<usize>job.columnCount << 5)
  for (let row: usize = 0; row < <usize>job.rowCount; row++) {
    store<u32>(job.offsets + (row << 2), out - job.out)
    for (let c = job.columns; c < end; c += 32) {
      const column = changetype<TextColumn>(c)
      out = copyBlocks(column.label, column.labelBytes, out)
      const type = column.type
      if (!isValid(column, row) || (type == 3 && !isFinite(load<f64>(column.values + (row << 3))))) {
        store<u32>(out, NULL)
        out += 4
      } else if (type == 4) {
        const view = column.values + (row << 4)
        out = writeString(textOf(view), load<u32>(view), out)
      } else if (type == 10) {
        const view = column.values + (row << 4)
        out = copyBlocks(textOf(view), load<u32>(view), out)
      } else if (type == 5) {
        const view = column.values + (row << 4)
        store<u8>(out, 34)
        out = writeBase64(textOf(view), load<u32>(view), out + 1)
        store<u8>(out++, 34)
      } else if (type == 3 && job.pointed) out = writePointed(load<f64>(column.values + (row << 3)), out)
      else if (type < 4) out = writeScalar(column, row, out)
      else {
        if (!job.epoch) store<u8>(out++, 34)
        out = writeTimestamp(load<i64>(column.values + (row << 3)), type - 6, job.epoch, out)
        if (!job.epoch) store<u8>(out++, 34)
      }
    }
    if (job.columnCount == 0) store<u8>(out++, 123)
    store<u16>(out, 0x0a7d)
    out += 2
  }
  store<u32>(job.offsets + (<usize>job.rowCount << 2), out - job.out)
  return <u32>(out - job.out)
}

// @ts-ignore: decorator
@inline function specials(block: v128): u32 {
  const control = i8x16.eq(i8x16.min_u(block, i8x16.splat(31)), block)
  return <u32>i8x16.bitmask(v128.or(v128.or(i8x16.eq(block, i8x16.splat(34)), i8x16.eq(block, i8x16.splat(92))), control))
}

function writeString(from: usize, bytes: u32, out: usize): usize {
  store<u8>(out++, 34)
  const end = from + bytes
  while (from < end) {
    const block = v128.load(from)
    v128.store(out, block)
    const left = min<usize>(end - from, 16)
    const found = specials(block) & ((1 << <u32>left) - 1)
    if (found == 0) {
      from += left
      out += left
      continue
    }
    const at = <usize>ctz(found)
    out = writeEscape(load<u8>(from + at), out + at)
    from += at + 1
  }
  store<u8>(out, 34)
  return out + 1
}

function writeEscape(c: u8, out: usize): usize {
  const letter: u32 = c == 34 ? 34 : c == 92 ? 92 : c == 10 ? 110 : c == 13 ? 114 : c == 9 ? 116 : c == 8 ? 98 : c == 12 ? 102 : 117
  store<u16>(out, 92 | (letter << 8))
  if (letter != 117) return out + 2
  store<u16>(out, 0x3030, 2)
  store<u8>(out, load<u8>(HEX + (c >> 4)), 4)
  store<u8>(out, load<u8>(HEX + (c & 15)), 5)
  return out + 6
}

/** The bytes that the strings of a view column take in JSON, quotes not counted; as float64. */
export function measureJson(views: usize, rows: i32): f64 {
  let bytes: u64 = 0
  for (const last = views + (<usize>rows << 4); views < last; views += 16) {
    const length = load<u32>(views)
    bytes += length
    const from = textOf(views)
    for (let i: u32 = 0; i < length; i += 16) {
      const block = v128.load(from + i)
      const inside = length - i < 16 ? ((<u32>1 << (length - i)) - 1) : 0xffff
      const found = specials(block) & inside
      if (found) bytes += <u64>popcnt(found) * 5
    }
  }
  return <f64>bytes
}

/** Writes each row as its cells, delimiters between them and a line end behind. Returns the bytes. */
export function encodeCsv(at: usize): u32 {
  const job = changetype<TextJob>(at)
  const delimiter = <u8>job.delimiter
  let out = job.out
  const end = job.columns + (<usize>job.columnCount << 5)
  for (let row: usize = 0; row < <usize>job.rowCount; row++) {
    store<u32>(job.offsets + (row << 2), out - job.out)
    for (let c = job.columns; c < end; c += 32) {
      const column = changetype<TextColumn>(c)
      if (c > job.columns) store<u8>(out++, delimiter)
      const type = column.type
      if (!isValid(column, row)) out = copyBlocks(job.nullText, job.nullBytes, out)
      else if (type == 10 && job.quoting != 2) {
        const view = column.values + (row << 4)
        out = copyBlocks(textOf(view), load<u32>(view), out)
      } else if (type == 1 && job.quoting != 2) out = writeI32(load<i32>(column.values + (row << 2)), out)
      else if (type == 4) {
        const view = column.values + (row << 4)
        out = writeCell(job, textOf(view), load<u32>(view), out)
      } else if (job.quoting == 2) {
        store<u8>(out++, <u8>job.quote)
        out = writePlain(job, column, row, out)
        store<u8>(out++, <u8>job.quote)
      } else {
        const from = out
        out = writePlain(job, column, row, out)
        if (out == from) out = writeCell(job, from, 0, out)
      }
    }
    if (job.carriage) store<u8>(out++, 13)
    store<u8>(out++, 10)
  }
  store<u32>(job.offsets + (<usize>job.rowCount << 2), out - job.out)
  return <u32>(out - job.out)
}

// A cell that needs no quotes, since it is no text.
function writePlain(job: TextJob, column: TextColumn, row: usize, out: usize): usize {
  const type = column.type
  if (type == 10 || type == 5) {
    const view = column.values + (row << 4)
    return type == 10 ? copyBlocks(textOf(view), load<u32>(view), out) : writeBase64(textOf(view), load<u32>(view), out)
  }
  if (type == 3) return writeFloat(load<f64>(column.values + (row << 3)), out)
  if (type < 3) return writeScalar(column, row, out)
  return writeTimestamp(load<i64>(column.values + (row << 3)), type - 6, job.epoch, out)
}

function writeFloat(value: f64, out: usize): usize {
  if (isFinite(value)) return writeF64(value, out)
  if (isNaN(value)) {
    store<u32>(out, 0x4e614e)
    return out + 3
  }
  if (value < 0) store<u8>(out++, 45)
  store<u64>(out, 0x7974696e69666e49)
  return out + 8
}

// Which bytes of a block are quotes, delimiters or line ends.
// @ts-ignore: decorator
@inline function marks(block: v128, quote: u8, delimiter: u8): u32 {
  const own = v128.or(i8x16.eq(block, i8x16.splat(<i8>quote)), i8x16.eq(block, i8x16.splat(<i8>delimiter)))
  return <u32>i8x16.bitmask(v128.or(own, v128.or(i8x16.eq(block, i8x16.splat(10)), i8x16.eq(block, i8x16.splat(13)))))
}

// The first `bytes` of a block's 16 bytes, a bit each.
// @ts-ignore: decorator
@inline function within(bytes: usize): u32 {
  return bytes < 16 ? (<u32>1 << <u32>bytes) - 1 : 0xffff
}

/** 1 where a text that isn't null needs quotes, as `encodeCsv` sees it; 0 where all stand as they are. */
export function anyQuoted(views: usize, validity: usize, rows: i32, quote: i32, delimiter: i32, nullText: usize, nullBytes: i32): i32 {
  for (let row = 0; row < rows; row++) {
    if (validity != 0 && ((load<u8>(validity + <usize>(row >> 3)) >> <u8>(row & 7)) & 1) == 0) continue
    const view = views + (<usize>row << 4)
    if (needsQuotes(textOf(view), load<u32>(view), <u8>quote, <u8>delimiter, nullText, <u32>nullBytes)) return 1
  }
  return 0
}

// @ts-ignore: decorator
@inline function needsQuotes(from: usize, bytes: u32, quote: u8, delimiter: u8, nullText: usize, nullBytes: u32): bool {
  if (bytes == 0 || load<u8>(from) == 32 || load<u8>(from + <usize>bytes - 1) == 32) return true
  if (bytes == nullBytes && memory.compare(from, nullText, <usize>bytes) == 0) return true
  const end = from + <usize>bytes
  for (let p = from; p < end; p += 16) if ((marks(v128.load(p), quote, delimiter) & within(end - p)) != 0) return true
  return false
}

// A cell is quoted where it holds the delimiter, a quote or a line end, begins or ends with a space, or would be read as null.
function writeCell(job: TextJob, from: usize, bytes: u32, out: usize): usize {
  const quote = <u8>job.quote
  if (!job.quoting && !needsQuotes(from, bytes, quote, <u8>job.delimiter, job.nullText, <u32>job.nullBytes)) return copyBlocks(from, bytes, out)
  const end = from + bytes
  store<u8>(out++, quote)
  for (; from < end; from++) {
    const c = load<u8>(from)
    store<u8>(out++, c)
    if (c == quote) store<u8>(out++, quote)
  }
  store<u8>(out, quote)
  return out + 1
}
