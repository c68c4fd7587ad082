// Parts of strings, and what is made of parts: slices, trimming, splitting, replacing. Columns of views over valid UTF-8; results that are parts
// share their bytes. Every operand has a step: its bytes a row, or 0 where one value stands for all rows.
import { charBytes, countChars, findBytes, skipChars } from './find'
import { storePaddedView, storeView, viewBytes } from './views'

/** out (int32) = bytes of each string. */
export function byteLengthViews(views: usize, rows: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<i32>(out + (row << 2), load<i32>(views + (row << 4)))
}

/** out = characters [start, end) of each string, int64 a row each; negative ones count from the end, and what lies outside is cut off. */
export function sliceViews(a: usize, stepA: usize, starts: usize, stepStart: usize, ends: usize, stepEnd: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const bytes = viewBytes(a)
    const count = load<u32>(a)
    const last = bytes + count
    let start = load<i64>(starts)
    let end = load<i64>(ends)
    if (start < 0 || end < 0) {
      const characters = <i64>countChars(bytes, <i32>count)
      if (start < 0) start = start < -characters ? 0 : start + characters
      if (end < 0) end = end < -characters ? 0 : end + characters
    }
    const first = end > start ? skipChars(bytes, last, start) : last
    const stop = end > start ? skipChars(first, last, end - start) : last
    storePaddedView(out, first, <u32>(stop - first))
    a += stepA
    starts += stepStart
    ends += stepEnd
    out += 16
  }
}

function isInSet(p: usize, size: i32, set: usize, setEnd: usize): bool {
  while (set < setEnd) {
    const other = charBytes(load<u8>(set))
    if (other == size && memory.compare(p, set, size) == 0) return true
    set += other
  }
  return false
}

/** out = each string without the characters of `set` at its begin (mode 1), its end (2) or both (3). */
export function trimViews(a: usize, stepA: usize, sets: usize, stepSet: usize, mode: i32, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    let first = viewBytes(a)
    let last = first + load<u32>(a)
    const set = viewBytes(sets)
    const setEnd = set + load<u32>(sets)
    if (mode & 1) {
      while (first < last) {
        const size = charBytes(load<u8>(first))
        if (!isInSet(first, size, set, setEnd)) break
        first += size
      }
    }
    if (mode & 2) {
      while (first < last) {
        let p = last - 1
        while (p > first && load<i8>(p) < -64) p--
        if (!isInSet(p, <i32>(last - p), set, setEnd)) break
        last = p
      }
    }
    storeView(out, first, <u32>(last - first))
    a += stepA
    sets += stepSet
    out += 16
  }
}

/** out (int32) = the characters before the first `part` in each string, or -1 where it doesn't occur. */
export function indexOfViews(a: usize, stepA: usize, parts: usize, stepPart: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const bytes = viewBytes(a)
    const at = findBytes(bytes, <i32>load<u32>(a), viewBytes(parts), <i32>load<u32>(parts))
    store<i32>(out, at < 0 ? -1 : countChars(bytes, at))
    a += stepA
    parts += stepPart
    out += 4
  }
}

// Where the part that begins at `p` ends. An empty separator stands behind every character but the last.
// @ts-ignore: decorator
@inline function partEnd(p: usize, last: usize, separator: usize, separatorBytes: i32): usize {
  if (separatorBytes == 0) return p < last ? p + <usize>charBytes(load<u8>(p)) : last
  const at = findBytes(p, <i32>(last - p), separator, separatorBytes)
  return at < 0 ? last : p + <usize>at
}

function countParts(bytes: usize, count: i32, separator: usize, separatorBytes: i32): i32 {
  if (separatorBytes == 0) return count == 0 ? 1 : countChars(bytes, count)
  const last = bytes + <usize>count
  let parts = 1
  while (true) {
    const at = findBytes(bytes, <i32>(last - bytes), separator, separatorBytes)
    if (at < 0) return parts
    bytes += <usize>(at + separatorBytes)
    parts++
  }
}

/**
 * out = part `index` (int64 a row, from 0, below 0 from the end) of each string between separators; a row without that part is empty, and its
 * bit in `found` is 0.
 */
export function splitPartViews(a: usize, stepA: usize, separators: usize, stepSeparator: usize, indices: usize, stepIndex: usize, rows: i32, found: usize, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const block = rows - row < 8 ? rows - row : 8
    let bits = 0
    for (let i = 0; i < block; i++) {
      let p = viewBytes(a)
      const count = <i32>load<u32>(a)
      const last = p + <usize>count
      const separator = viewBytes(separators)
      const separatorBytes = <i32>load<u32>(separators)
      let index = load<i64>(indices)
      if (index < 0) index += <i64>countParts(p, count, separator, separatorBytes)
      let end = partEnd(p, last, separator, separatorBytes)
      for (let at: i64 = 0; at < index; at++) {
        if (end >= last && (separatorBytes == 0 || end == last)) {
          index = -1
          break
        }
        p = end + <usize>separatorBytes
        end = partEnd(p, last, separator, separatorBytes)
      }
      if (index >= 0) {
        bits |= 1 << i
        storePaddedView(out, p, <u32>(end - p))
      } else v128.store(out, i64x2.splat(0))
      a += stepA
      separators += stepSeparator
      indices += stepIndex
      out += 16
    }
    store<u8>(found++, <u8>bits)
  }
}

/** offsets (int32, rows + 1) = where the parts of each string begin among all parts; rows whose bit in `validity` is 0 have none. Returns how many there are, which must be below 2^31. */
export function splitOffsets(a: usize, stepA: usize, separators: usize, stepSeparator: usize, validity: usize, rows: i32, offsets: usize): f64 {
  let total: i64 = 0
  for (let row = 0; row < rows; row++) {
    store<i32>(offsets, <i32>total)
    if (validity == 0 || ((load<u8>(validity + <usize>(row >> 3)) >> <u8>(row & 7)) & 1) != 0)
      total += <i64>countParts(viewBytes(a), <i32>load<u32>(a), viewBytes(separators), <i32>load<u32>(separators))
    a += stepA
    separators += stepSeparator
    offsets += 4
  }
  store<i32>(offsets, <i32>total)
  return <f64>total
}

/** out = all parts of all strings, as many for each as `offsets` says. */
export function splitViews(a: usize, stepA: usize, separators: usize, stepSeparator: usize, offsets: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    let p = viewBytes(a)
    const last = p + load<u32>(a)
    const separator = viewBytes(separators)
    const separatorBytes = <i32>load<u32>(separators)
    const parts = load<i32>(offsets, 4) - load<i32>(offsets)
    for (let i = 0; i < parts; i++) {
      const end = partEnd(p, last, separator, separatorBytes)
      storeView(out, p, <u32>(end - p))
      p = end + <usize>separatorBytes
      out += 16
    }
    a += stepA
    separators += stepSeparator
    offsets += 4
  }
}

/** The bytes of all results longer than 12: what replaceViews needs at `heap`. */
export function heapBytesOfReplace(a: usize, stepA: usize, from: usize, stepFrom: usize, to: usize, stepTo: usize, rows: i32): f64 {
  let total: u64 = 0
  for (let row = 0; row < rows; row++) {
    const count = <i32>load<u32>(a)
    const fromBytes = <i32>load<u32>(from)
    const times = fromBytes == 0 ? 0 : countParts(viewBytes(a), count, viewBytes(from), fromBytes) - 1
    const bytes = <u64>(<i64>count + <i64>times * (<i64>load<u32>(to) - <i64>fromBytes))
    if (bytes > 12) total += bytes
    a += stepA
    from += stepFrom
    to += stepTo
  }
  return <f64>total
}

/** out = each string with every `from` made `to`, from left to right; an empty `from` changes nothing. Writes nothing behind the bytes that heapBytesOfReplace counts. */
export function replaceViews(a: usize, stepA: usize, from: usize, stepFrom: usize, to: usize, stepTo: usize, rows: i32, heap: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    let p = viewBytes(a)
    const count = <i32>load<u32>(a)
    const last = p + <usize>count
    const part = viewBytes(from)
    const partBytes = <i32>load<u32>(from)
    let at = partBytes == 0 ? -1 : findBytes(p, count, part, partBytes)
    if (at < 0) {
      // Nothing to replace: the bytes are shared, and the heap is not used.
      v128.store(out, v128.load(a))
    } else {
      const by = viewBytes(to)
      const byBytes = <usize>load<u32>(to)
      const bytes = <u32>(<i64>count + <i64>(countParts(p, count, part, partBytes) - 1) * (<i64>byBytes - <i64>partBytes))
      let target = bytes <= 12 ? out + 4 : heap
      if (bytes <= 12) v128.store(out, i64x2.splat(0))
      const start = target
      while (at >= 0) {
        memory.copy(target, p, <usize>at)
        memory.copy(target + <usize>at, by, byBytes)
        target += <usize>at + byBytes
        p += <usize>(at + partBytes)
        at = findBytes(p, <i32>(last - p), part, partBytes)
      }
      memory.copy(target, p, last - p)
      if (bytes <= 12) store<u32>(out, bytes)
      else {
        storeView(out, start, bytes)
        heap += bytes
      }
    }
    a += stepA
    from += stepFrom
    to += stepTo
    out += 16
  }
}
