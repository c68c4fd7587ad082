// Numbers to views of their texts, one after the other from `heap` on; up to 12 bytes lie in the view. Each returns the bytes it took of the heap.
import { digitsOf, layOut, shortestDigits, shortestExponent, shortestF32, writeDigits, writeF64, writeI64 } from './number-format'
import { clearOverflow, divide128, high, low, restLow, size128 } from './wide'
import { writeTime } from './time-text'
import { storeView } from './views'

// 'NaN' and 'Infinity'.
const NAMES: usize = memory.data<u8>([78, 97, 78, 73, 110, 102, 105, 110, 105, 116, 121])

// @ts-ignore: decorator
@inline function writeSpecial(value: f64, out: usize): usize {
  if (value != value) {
    memory.copy(out, NAMES, 3)
    return out + 3
  }
  if (value < 0) store<u8>(out++, 45)
  memory.copy(out, NAMES + 3, 8)
  return out + 8
}

// @ts-ignore: decorator
@inline function close(view: usize, start: usize, end: usize): usize {
  storeView(view, start, <u32>(end - start))
  return end - start > 12 ? end : start
}

/** The text of int64 or, `signed` 0, uint64: at most 20 bytes a row. */
export function viewWords(signed: i32, a: usize, rows: i32, heap: usize, out: usize): i32 {
  const start = heap
  for (let row = 0; row < rows; row++) {
    const x = load<i64>(a)
    let end: usize
    if (signed || x >= 0) end = writeI64(x, heap)
    else {
      const count = digitsOf(<u64>x)
      writeDigits(<u64>x, count, heap)
      end = heap + count
    }
    heap = close(out, heap, end)
    a += 8
    out += 16
  }
  return <i32>(heap - start)
}

/** The shortest text that reads back as the same float64: at most 26 bytes a row; laid out as JavaScript does, but for -0. */
export function viewF64(a: usize, rows: i32, heap: usize, out: usize): i32 {
  const start = heap
  for (let row = 0; row < rows; row++) {
    const x = load<f64>(a)
    heap = close(out, heap, abs<f64>(x) < Infinity ? writeF64(x, heap) : writeSpecial(x, heap))
    a += 8
    out += 16
  }
  return <i32>(heap - start)
}

/** As viewF64, for float32 and its own shortest text. */
export function viewF32(a: usize, rows: i32, heap: usize, out: usize): i32 {
  const start = heap
  for (let row = 0; row < rows; row++) {
    const x = load<f32>(a)
    let end: usize
    if (!(abs<f32>(x) < Infinity)) end = writeSpecial(x, heap)
    else if (x == 0) end = writeF64(x, heap)
    else {
      let at = heap
      if (x < 0) store<u8>(at++, 45)
      shortestF32(abs<f32>(x))
      end = layOut(shortestDigits, shortestExponent, at)
    }
    heap = close(out, heap, end)
    a += 4
    out += 16
  }
  return <i32>(heap - start)
}

/** The text of decimals with exactly `scale` digits behind the point: at most 41 bytes a row. */
export function viewDecimals(scale: i32, a: usize, rows: i32, heap: usize, out: usize): i32 {
  const start = heap
  for (let row = 0; row < rows; row++) {
    clearOverflow()
    let at = heap
    const negative = load<i64>(a, 8) < 0
    size128(load<u64>(a), load<u64>(a, 8))
    if (negative) store<u8>(at++, 45)
    // Up to three times 19 digits.
    divide128(low, high, 10_000_000_000_000_000_000, 0)
    const last = restLow
    divide128(low, high, 10_000_000_000_000_000_000, 0)
    const middle = restLow
    const first = low
    let count = first ? digitsOf(first) + 38 : middle ? digitsOf(middle) + 19 : digitsOf(last)
    count = max(count, <u32>scale + 1)
    let end = at + count
    if (count > 38) writeDigits(first, count - 38, at)
    if (count > 19) writeDigits(middle, min(count - 19, 19), end - min(count, 38))
    writeDigits(last, min(count, 19), end - min(count, 19))
    if (scale) {
      memory.copy(end - <usize>scale + 1, end - <usize>scale, scale)
      store<u8>(end - <usize>scale, 46)
      end++
    }
    heap = close(out, heap, end)
    a += 16
    out += 16
  }
  return <i32>(heap - start)
}

/** Timestamps of a unit (0 s, 1 ms, 2 us, 3 ns) as ISO text in UTC, at most 36 bytes a row; beyond the days of a JavaScript Date the bare count. */
export function viewTimes(unit: i32, a: usize, rows: i32, heap: usize, out: usize): i32 {
  const start = heap
  const scale = unit == 0 ? 1 : unit == 1 ? 1000 : unit == 2 ? 1000000 : 1000000000
  const last: i64 = unit > 2 ? 0 : 8640000000000 * scale
  const isNarrow = unit > 2
  for (let row = 0; row < rows; row++) {
    const x = load<i64>(a)
    heap = close(out, heap, isNarrow || (x >= -last && x < last + scale) ? writeTime(x, unit, heap) : writeI64(x, heap))
    a += 8
    out += 16
  }
  return <i32>(heap - start)
}

/** Dates as ISO text, at most 13 bytes a row; beyond the days of a JavaScript Date the bare count. */
export function viewDays(a: usize, rows: i32, heap: usize, out: usize): i32 {
  const start = heap
  for (let row = 0; row < rows; row++) {
    const x = <i64>load<i32>(a)
    // Without T00:00:00Z.
    heap = close(out, heap, x >= -100000000 && x <= 100000000 ? writeTime(x * 86400, 0, heap) - 10 : writeI64(x, heap))
    a += 4
    out += 16
  }
  return <i32>(heap - start)
}
