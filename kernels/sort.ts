// Sorting row numbers by a column, stable: values become 64-bit keys whose unsigned order is the wanted one, in records [key u64, row u32, 0]
// that a least-significant-digit radix sort orders byte by byte, passing over bytes that are all equal. Strings go by their first eight bytes,
// then each run of equal keys by its next eight, and so on. Nulls are split off first; NaN comes after all numbers in either direction.
import { keyWord } from './keys'
import { orderViews } from './views'

const signBit: u64 = 0x8000000000000000
const recordBytes: usize = 16

// @ts-ignore: decorator
@inline function put(record: usize, key: u64, row: u32): void {
  store<u64>(record, key)
  store<u64>(record, <u64>row, 8)
}

/** Splits row numbers by the validity of their rows, keeping order: first the valid ones, then the nulls. Returns how many are valid. `out` is another array. */
export function splitNulls(indices: usize, rows: i32, validity: usize, out: usize): i32 {
  let valid = out
  for (let i = 0; i < rows; i++) {
    const row = load<u32>(indices + (<usize>i << 2))
    store<u32>(valid, row)
    valid += <usize>((<u32>load<u8>(validity + (row >> 3)) >> (row & 7)) & 1) << 2
  }
  let rest = valid
  for (let i = 0; i < rows; i++) {
    const row = load<u32>(indices + (<usize>i << 2))
    if (((<u32>load<u8>(validity + (row >> 3)) >> (row & 7)) & 1) == 0) {
      store<u32>(rest, row)
      rest += 4
    }
  }
  return <i32>((valid - out) >> 2)
}

/** Records of int32 values at the row numbers. `flip` is 0 for ascending, −1 for descending order. */
export function recordsI32(values: usize, indices: usize, rows: i32, flip: i32, records: usize): void {
  const mask = <u64>(<i64>flip)
  for (let i = 0; i < rows; i++) {
    const row = load<u32>(indices + (<usize>i << 2))
    put(records + <usize>i * recordBytes, (<u64>(<i64>load<i32>(values + (<usize>row << 2))) ^ signBit) ^ mask, row)
  }
}

/** As `recordsI32`, of 64-bit numbers. */
export function recordsI64(values: usize, indices: usize, rows: i32, flip: i32, records: usize): void {
  const mask = <u64>(<i64>flip)
  for (let i = 0; i < rows; i++) {
    const row = load<u32>(indices + (<usize>i << 2))
    put(records + <usize>i * recordBytes, (load<u64>(values + (<usize>row << 3)) ^ signBit) ^ mask, row)
  }
}

/** As `recordsI32`, of float64: −0 equals 0, NaN is last in either direction. */
export function recordsF64(values: usize, indices: usize, rows: i32, flip: i32, records: usize): void {
  const mask = <u64>(<i64>flip)
  for (let i = 0; i < rows; i++) {
    const row = load<u32>(indices + (<usize>i << 2))
    const value = load<f64>(values + (<usize>row << 3))
    const bits = value == 0 ? 0 : reinterpret<u64>(value)
    const key = (bits >> 63 ? ~bits : bits ^ signBit) ^ mask
    put(records + <usize>i * recordBytes, value != value ? u64.MAX_VALUE : key, row)
  }
}

/** As `recordsI32`, of any type that keys.ts knows by `code`: its word number `word`, counted from the one that decides last. */
export function recordsOf(code: i32, width: i32, word: i32, values: usize, indices: usize, rows: i32, flip: i32, records: usize): void {
  for (let i = 0; i < rows; i++) {
    const row = load<u32>(indices + (<usize>i << 2))
    put(records + <usize>i * recordBytes, keyWord(code, width, word, values, row, flip), row)
  }
}

/** As `recordsI32`, of views: the key is the first eight bytes, filled with zeros. */
export function recordsView(values: usize, indices: usize, rows: i32, flip: i32, records: usize): void {
  const mask = <u64>(<i64>flip)
  for (let i = 0; i < rows; i++) {
    const row = load<u32>(indices + (<usize>i << 2))
    const view = values + (<usize>row << 4)
    const bytes = load<u32>(view) > 12 ? <usize>load<u32>(view, 12) : view + 4
    put(records + <usize>i * recordBytes, bswap<u64>(load<u64>(bytes)) ^ mask, row)
  }
}

/** Sorts the records by key, stable. `scratch` is as large; `counts` has 8 KiB. Returns 1 where the result is in `scratch`, else 0. */
export function sortRecords(records: usize, rows: i32, scratch: usize, counts: usize): i32 {
  const end = records + <usize>rows * recordBytes
  let ordered = records + recordBytes
  while (ordered < end && load<u64>(ordered) >= load<u64>(ordered - recordBytes)) ordered += recordBytes
  if (ordered >= end) return 0
  memory.fill(counts, 0, 8192)
  for (let record = records; record < end; record += recordBytes) {
    for (let digit: usize = 0; digit < 8; digit++) {
      const count = counts + (digit << 10) + (<usize>load<u8>(record + digit) << 2)
      store<u32>(count, load<u32>(count) + 1)
    }
  }
  let source = records
  let target = scratch
  for (let digit: usize = 0; digit < 8; digit++) {
    const table = counts + (digit << 10)
    if (rows == 0 || load<u32>(table + (<usize>load<u8>(source + digit) << 2)) == <u32>rows) continue
    let next = <u32>target
    for (let value: usize = 0; value < 1024; value += 4) {
      const count = load<u32>(table + value)
      store<u32>(table + value, next)
      next += count << 4
    }
    const stop = source + <usize>rows * recordBytes
    for (let record = source; record < stop; record += recordBytes) {
      const at = table + (<usize>load<u8>(record + digit) << 2)
      const place = load<u32>(at)
      store<u32>(at, place + 16)
      v128.store(place, v128.load(record))
    }
    const other = source
    source = target
    target = other
  }
  return source == records ? 0 : 1
}

/** Orders the runs of equal keys among sorted records by all bytes of their views. `scratch` is as large as the records, `counts` 8 KiB. */
export function settleViews(records: usize, rows: i32, values: usize, flip: i32, scratch: usize, counts: usize): void {
  settleRuns(records, rows, values, flip, scratch, counts, 8, 0)
}

const mergeRows = 64
const levelsMax = 32

// Runs agree in all bytes before `offset`. A long run is sorted by its next eight bytes and looked at again; a short one, and whatever is left
// many levels down, is merge-sorted.
function settleRuns(records: usize, rows: i32, values: usize, flip: i32, scratch: usize, counts: usize, offset: u32, level: i32): void {
  const end = records + <usize>rows * recordBytes
  let start = records
  while (start < end) {
    const key = load<u64>(start)
    let stop = start + recordBytes
    let sorted = true
    while (stop < end && load<u64>(stop) == key) {
      if (sorted && before(stop, stop - recordBytes, values, flip)) sorted = false
      stop += recordBytes
    }
    if (!sorted) {
      const count = <i32>((stop - start) / recordBytes)
      if (count <= mergeRows || level == levelsMax) mergeSort(start, stop, values, flip, scratch)
      else refine(start, count, values, flip, scratch, counts, offset, level)
    }
    start = stop
  }
}

// Sorts a run by the first eight bytes from `offset` on that are not the same for all, or else by length: then it is done.
function refine(records: usize, rows: i32, values: usize, flip: i32, scratch: usize, counts: usize, offset: u32, level: i32): void {
  let longest: u32 = 0
  let varied = false
  const end = records + <usize>rows * recordBytes
  for (let record = records; record < end; record += recordBytes) longest = max(longest, load<u32>(values + (<usize>load<u32>(record, 8) << 4)))
  while (!varied && offset < longest) {
    for (let record = records; record < end; record += recordBytes) {
      const key = chunk(values + (<usize>load<u32>(record, 8) << 4), offset) ^ <u64>(<i64>flip)
      store<u64>(record, key)
      if (key != load<u64>(records)) varied = true
    }
    offset += 8
  }
  if (!varied) {
    for (let record = records; record < end; record += recordBytes) {
      store<u64>(record, <u64>load<u32>(values + (<usize>load<u32>(record, 8) << 4)) ^ <u64>(<i64>flip))
    }
  }
  if (sortRecords(records, rows, scratch, counts)) memory.copy(records, scratch, <usize>rows * recordBytes)
  if (varied) settleRuns(records, rows, values, flip, scratch, counts, offset, level + 1)
}

// Eight bytes from `offset` on, in the order of their bytes, filled with zeros behind the end.
function chunk(view: usize, offset: u32): u64 {
  const length = load<u32>(view)
  if (offset >= length) return 0
  const bytes = (length > 12 ? <usize>load<u32>(view, 12) : view + 4) + <usize>offset
  if (offset + 8 <= length) return bswap<u64>(load<u64>(bytes))
  let key: u64 = 0
  for (let i: u32 = 0; i < length - offset; i++) key |= <u64>load<u8>(bytes + i) << <u64>(56 - (i << 3))
  return key
}

// Whether record a must come before record b, by all bytes; equal ones keep their order.
function before(a: usize, b: usize, values: usize, flip: i32): bool {
  const order = orderViews(values + (<usize>load<u32>(a, 8) << 4), values + (<usize>load<u32>(b, 8) << 4))
  return flip ? order > 0 : order < 0
}

// Bottom-up; the result is copied back where the last pass ended in scratch.
function mergeSort(start: usize, stop: usize, values: usize, flip: i32, scratch: usize): void {
  const bytes = stop - start
  let source = start
  let target = scratch
  for (let width = recordBytes; width < bytes; width <<= 1) {
    for (let low: usize = 0; low < bytes; low += width << 1) {
      const middle = min(low + width, bytes)
      const high = min(low + (width << 1), bytes)
      let left = low
      let right = middle
      for (let at = low; at < high; at += recordBytes) {
        if (left < middle && (right >= high || !before(source + right, source + left, values, flip))) {
          v128.store(target + at, v128.load(source + left))
          left += recordBytes
        } else {
          v128.store(target + at, v128.load(source + right))
          right += recordBytes
        }
      }
    }
    const other = source
    source = target
    target = other
  }
  if (source != start) memory.copy(start, source, bytes)
}

/** The row numbers of records. */
export function takeRows(records: usize, rows: i32, indices: usize): void {
  for (let i = 0; i < rows; i++) store<u32>(indices + (<usize>i << 2), load<u32>(records + <usize>i * recordBytes, 8))
}
