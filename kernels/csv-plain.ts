// Rows of CSV whose cells are all plain, in one loop: no quotes, no text that may mean null, numbers of up to 15
// digits that end at a delimiter or line end. The first row that has any other cell is left to csv-decode.ts, which also does what goes wrong.
import { CsvJob, markValid } from './csv-job'
import { JsonField, writeView } from './json-values'
import { countDigits, digitsValue, ten } from './number-text'
import { validateUtf8 } from './utf8'

const TENS: usize = memory.data<f64>([1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8])

// Where the text at `p` ends; 0 where it isn't plain.
// @ts-ignore: decorator
@inline function plainText(p: usize, end: usize, delimiters: v128, quote: u32, nullLengths: u32): usize {
  const block = v128.load(p)
  const stops = v128.or(i8x16.eq(block, delimiters), v128.or(i8x16.eq(block, i8x16.splat(10)), i8x16.eq(block, i8x16.splat(13))))
  const found = <u32>i8x16.bitmask(stops)
  if (<u32>load<u8>(p) == quote) return 0
  if (found == 0) return nullLengths >>> 16 ? 0 : longText(p, end, delimiters)
  const bytes = ctz(found)
  if ((nullLengths >> bytes) & 1) return 0
  if (<u32>i8x16.bitmask(block) & ((1 << bytes) - 1) && !validateUtf8(p, p + <usize>bytes)) return 0
  return p + <usize>bytes
}

// The same for a text of 16 bytes or more.
function longText(p: usize, end: usize, delimiters: v128): usize {
  let high: u32 = 0
  for (let at = p; at < end; at += 16) {
    const block = v128.load(at)
    const stops = v128.or(i8x16.eq(block, delimiters), v128.or(i8x16.eq(block, i8x16.splat(10)), i8x16.eq(block, i8x16.splat(13))))
    const found = <u32>i8x16.bitmask(stops)
    high |= <u32>i8x16.bitmask(block)
    if (found == 0) continue
    const next = at + <usize>ctz(found)
    return high && !validateUtf8(p, next) ? 0 : next
  }
  return 0
}

// The whole number at `p` to `out`, of up to 15 digits; returns where it ends, 0 where there is none.
// @ts-ignore: decorator
@inline function plainInt(p: usize, out: usize): usize {
  const isNegative = load<u8>(p) == 45
  p += <usize>isNegative
  const x = load<u64>(p)
  let n = countDigits(x)
  if (n == 0) return 0
  let value = digitsValue(x, n)
  p += <usize>n
  if (n == 8) {
    const y = load<u64>(p)
    n = countDigits(y)
    if (n == 8) return 0
    if (n != 0) value = value * ten(n) + digitsValue(y, n)
    p += <usize>n
  }
  store<i64>(out, isNegative ? -(<i64>value) : <i64>value)
  return p
}

// The number at `p` to `out`: up to 7 digits, and up to 8 behind a point; exact, since both parts together are below 2^53 and a power of ten divides them once.
// @ts-ignore: decorator
@inline function plainFloat(p: usize, out: usize): usize {
  const isNegative = load<u8>(p) == 45
  p += <usize>isNegative
  const x = load<u64>(p)
  const n = countDigits(x)
  if (n == 0 || n == 8) return 0
  const whole = digitsValue(x, n)
  p += <usize>n
  let value = <f64><i64>whole
  if (load<u8>(p) == 46) {
    const y = load<u64>(++p)
    const m = countDigits(y)
    if (m == 0) return 0
    value = <f64><i64>(whole * ten(m) + digitsValue(y, m)) / load<f64>(TENS + (<usize>m << 3))
    p += <usize>m
  }
  store<f64>(out, isNegative ? -value : value)
  return p
}

/** Decodes rows from `at` on while they are plain, and moves `at`, `row` and `record` behind them. */
export function plainRows(job: CsvJob): void {
  if (job.comma) return
  const end = job.end
  const comment = <u32>job.comment
  const delimiters = i8x16.splat(<i8>job.delimiter)
  const delimiter = <u32>job.delimiter
  const quote = <u32>job.quote
  const nullLengths = job.nullLengths
  const last = job.cellCount - 1
  const targets = job.targets
  const fields = job.fields
  const shift = job.record - job.row
  const rowMax = job.rowMax
  let row = job.row
  let p = job.at
  while (row < rowMax && p < end) {
    const start = p
    if (<u32>load<u8>(p) == comment) break
    let cell = 0
    for (; cell <= last; cell++) {
      const target = load<i32>(targets + (<usize>cell << 2))
      let next: usize = 0
      if (target < 0) next = plainText(p, end, delimiters, quote, 0)
      else {
        const field = changetype<JsonField>(fields + (<usize>target << 5))
        const type = field.type
        if (type == 4) {
          next = plainText(p, end, delimiters, quote, nullLengths)
          if (next) writeView(field.values + (<usize>row << 4), p, <u32>(next - p))
        } else if (type == 3) next = plainFloat(p, field.values + (<usize>row << 3))
        else if (type == 2) next = plainInt(p, field.values + (<usize>row << 3))
        else if (type == 1) next = plainInt32(p, field.values + (<usize>row << 2))
        if (next) markValid(field, row)
      }
      if (next == 0) break
      const stop = <u32>load<u8>(next)
      if (cell < last) {
        if (stop != delimiter) break
        p = next + 1
      } else if (stop == 10) p = next + 1
      else if (stop == 13 && load<u8>(next, 1) == 10) p = next + 2
      else break
    }
    if (cell <= last || p > end) {
      p = start
      break
    }
    store<i32>(job.recordOf + (<usize>row << 2), row + shift)
    row++
  }
  job.at = p
  job.record = row + shift
  job.row = row
}

// As plainInt, of up to 8 digits, as an int32.
// @ts-ignore: decorator
@inline function plainInt32(p: usize, out: usize): usize {
  const isNegative = load<u8>(p) == 45
  p += <usize>isNegative
  const x = load<u64>(p)
  const n = countDigits(x)
  if (n == 0) return 0
  const value = <i32>digitsValue(x, n)
  store<i32>(out, isNegative ? -value : value)
  return p + <usize>n
}
