// Functions of strings: columns of views over valid UTF-8. `shape` as in compare.ts: 0 two columns, 1 `b` is a constant, 2 `a` is.
// A kernel that makes new bytes writes those of results longer than 12 at `heap`; the caller has sized it by the function beside it.
import { charBytes, countChars, findBytes } from './find'
import { sameBytes, storeView, viewBytes } from './views'

/** out (int32) = characters (code points) of each string. */
export function lengthViews(views: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    store<i32>(out, countChars(viewBytes(views), <i32>load<u32>(views)))
    views += 16
    out += 4
  }
}

/** The bytes of all strings longer than 12: what lowerViews and upperViews need at `heap`. */
export function heapBytesOfViews(views: usize, rows: i32): f64 {
  let total: u64 = 0
  for (let row = 0; row < rows; row++) {
    const count = load<u32>(views)
    if (count > 12) total += count
    views += 16
  }
  return <f64>total
}

// Letters from `first` to `first` + 25 get `flip` XORed; other bytes stay.
// @ts-ignore: decorator
@inline function recase(x: v128, first: i8): v128 {
  const isLetter = i8x16.lt_u(i8x16.sub(x, i8x16.splat(first)), i8x16.splat(26))
  return v128.xor(x, v128.and(isLetter, i8x16.splat(0x20)))
}

function recaseViews(first: i8, views: usize, rows: i32, heap: usize, ascii: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const count = load<u32>(views)
      let high = 0
      if (count <= 12) {
        const x = v128.load(views)
        high = i8x16.bitmask(x)
        v128.store(out, recase(x, first))
      } else {
        const bytes = <usize>load<u32>(views, 12)
        let at: usize = 0
        for (; at + 16 <= count; at += 16) {
          const x = v128.load(bytes + at)
          high |= i8x16.bitmask(x)
          v128.store(heap + at, recase(x, first))
        }
        for (; at < count; at++) {
          const c = load<u8>(bytes + at)
          high |= <i32>c & 0x80
          store<u8>(heap + at, <u8>(c - <u8>first) < 26 ? c ^ 0x20 : c)
        }
        storeView(out, heap, count)
        heap += count
      }
      bits |= i32(high == 0) << i
      views += 16
      out += 16
    }
    store<u8>(ascii++, <u8>bits)
  }
}

/** out = each string in lower case, right where its bit in `ascii` is set; the others hold a byte above 127 and are for the caller. */
export function lowerViews(views: usize, rows: i32, heap: usize, ascii: usize, out: usize): void {
  recaseViews(65, views, rows, heap, ascii, out)
}

/** As lowerViews, in upper case. */
export function upperViews(views: usize, rows: i32, heap: usize, ascii: usize, out: usize): void {
  recaseViews(97, views, rows, heap, ascii, out)
}

/** A bit per row. mode: 0 `a` contains `b`, 1 begins with it, 2 ends with it. */
export function containsViews(mode: i32, a: usize, b: usize, shape: i32, rows: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const count = <i32>load<u32>(a)
      const partCount = <i32>load<u32>(b)
      const bytes = viewBytes(a)
      const part = viewBytes(b)
      let found: bool
      if (mode == 0) found = findBytes(bytes, count, part, partCount) >= 0
      else found = partCount <= count && sameBytes(mode == 1 ? bytes : bytes + (count - partCount), part, partCount)
      bits |= i32(found) << i
      a += stepA
      b += stepB
    }
    store<u8>(out++, <u8>bits)
  }
}

// Greedy with one point to return to: the last %. `_` is one character, the byte `escape` takes the next as it is.
function like(text: usize, textEnd: usize, pattern: usize, patternEnd: usize, escape: i32): bool {
  let retryText: usize = 0
  let retryPattern: usize = 0
  while (true) {
    if (pattern < patternEnd) {
      const c = load<u8>(pattern)
      const escaped = <i32>c == escape && pattern + 1 < patternEnd
      if (c == 37 && !escaped) {
        retryPattern = ++pattern
        retryText = text
        continue
      }
      if (text < textEnd) {
        if (c == 95 && !escaped) {
          text += charBytes(load<u8>(text))
          pattern++
          continue
        }
        if ((escaped ? load<u8>(pattern, 1) : c) == load<u8>(text)) {
          text++
          pattern += escaped ? 2 : 1
          continue
        }
      }
    } else if (text >= textEnd) {
      return true
    }
    if (retryPattern == 0 || retryText >= textEnd) return false
    retryText += charBytes(load<u8>(retryText))
    text = retryText
    pattern = retryPattern
  }
}

/** A bit per row: `a` matches the pattern `b`, where % is any run of characters and _ is one; the byte `escape` takes the next as it is, below 0 none does. */
export function likeViews(a: usize, b: usize, shape: i32, escape: i32, rows: i32, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  for (let row = 0; row < rows; row += 8) {
    const last = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < last; i++) {
      const text = viewBytes(a)
      const pattern = viewBytes(b)
      bits |= i32(like(text, text + load<u32>(a), pattern, pattern + load<u32>(b), escape)) << i
      a += stepA
      b += stepB
    }
    store<u8>(out++, <u8>bits)
  }
}

/** The bytes of all results longer than 12: what concatViews needs at `heap`. */
export function heapBytesOfConcat(a: usize, b: usize, shape: i32, rows: i32): f64 {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  let total: u64 = 0
  for (let row = 0; row < rows; row++) {
    const count = <u64>load<u32>(a) + <u64>load<u32>(b)
    if (count > 12) total += count
    a += stepA
    b += stepB
  }
  return <f64>total
}

/** out = a followed by b. */
export function concatViews(a: usize, b: usize, shape: i32, rows: i32, heap: usize, out: usize): void {
  const stepA: usize = shape == 2 ? 0 : 16
  const stepB: usize = shape == 1 ? 0 : 16
  for (let row = 0; row < rows; row++) {
    const countA = load<u32>(a)
    const countB = load<u32>(b)
    const count = countA + countB
    if (count <= 12) {
      store<u64>(out, 0)
      store<u64>(out, 0, 8)
      store<u32>(out, count)
      memory.copy(out + 4, a + 4, countA)
      memory.copy(out + 4 + countA, b + 4, countB)
    } else {
      memory.copy(heap, viewBytes(a), countA)
      memory.copy(heap + countA, viewBytes(b), countB)
      storeView(out, heap, count)
      heap += count
    }
    a += stepA
    b += stepB
    out += 16
  }
}
