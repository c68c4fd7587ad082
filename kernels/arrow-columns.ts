// Arrow's wire layouts into the engine's, and back: strings by offsets or by views, narrow integers, dictionary indices. Input is hostile:
// a result of −1 says that an offset, an index or a length points outside; nothing outside was read then.

import { storePaddedView } from './views'

// The view of `length` bytes at `address`, zeroed where `present` is 0.
// @ts-ignore: decorator
@inline function putView(out: usize, address: usize, length: u32, present: i32): void {
  if (present == 0) v128.store(out, i32x4.splat(0))
  else storePaddedView(out, address, length)
}

// @ts-ignore: decorator
@inline function presentAt(bits: usize, i: i32): i32 {
  return bits == 0 ? 1 : (<i32>load<u8>(bits + <usize>(i >> 3)) >> (i & 7)) & 1
}

/** Views of strings by `rows` + 1 32-bit offsets into [data, data + dataBytes). `bits`: validity or 0; a null gives the empty view. 0, or −1. */
export function offsetsToViews(offsets: usize, rows: i32, bits: usize, data: usize, dataBytes: u32, out: usize): i32 {
  let start = load<u32>(offsets)
  if (start > dataBytes) return -1
  for (let i = 0; i < rows; i++) {
    const end = load<u32>(offsets + (<usize>(i + 1) << 2))
    if (end < start || end > dataBytes) return -1
    putView(out + (<usize>i << 4), data + <usize>start, end - start, presentAt(bits, i))
    start = end
  }
  return 0
}

/** As `offsetsToViews`, with 64-bit offsets. */
export function largeOffsetsToViews(offsets: usize, rows: i32, bits: usize, data: usize, dataBytes: u32, out: usize): i32 {
  let start = load<u64>(offsets)
  if (start > <u64>dataBytes) return -1
  for (let i = 0; i < rows; i++) {
    const end = load<u64>(offsets + (<usize>(i + 1) << 3))
    if (end < start || end > <u64>dataBytes) return -1
    putView(out + (<usize>i << 4), data + <usize>start, <u32>(end - start), presentAt(bits, i))
    start = end
  }
  return 0
}

/** Arrow's own views, [length][12 bytes] or [length][prefix][buffer i32][offset i32], into the engine's. `buffers` lists (address u32, bytes u32). 0, or −1. */
export function arrowViewsToViews(source: usize, rows: i32, bits: usize, buffers: usize, bufferCount: i32, out: usize): i32 {
  for (let i = 0; i < rows; i++) {
    const view = source + (<usize>i << 4)
    const to = out + (<usize>i << 4)
    const length = load<u32>(view)
    if (presentAt(bits, i) == 0 || length <= 12) {
      putView(to, view + 4, length, presentAt(bits, i))
      continue
    }
    const buffer = load<u32>(view, 8)
    const offset = load<u32>(view, 12)
    if (buffer >= <u32>bufferCount) return -1
    const bytes = load<u32>(buffers + (<usize>buffer << 3), 4)
    if (length > bytes || offset > bytes - length) return -1
    putView(to, <usize>load<u32>(buffers + (<usize>buffer << 3)) + <usize>offset, length, 1)
  }
  return 0
}

/** `rows` values of `width` bytes each as views; a null gives the empty view. */
export function fixedToNullableViews(source: usize, rows: i32, width: i32, bits: usize, out: usize): void {
  for (let i = 0; i < rows; i++) putView(out + (<usize>i << 4), source + <usize>i * <usize>width, <u32>width, presentAt(bits, i))
}

/** The `rows` + 1 32-bit offsets of views whose bytes lie one after the other. Returns their bytes; offsets are right only where that is below 2^31. */
export function viewsToOffsets(views: usize, rows: i32, out: usize): f64 {
  let total: f64 = 0
  let at: u32 = 0
  store<u32>(out, 0)
  for (let i = 0; i < rows; i++) {
    const length = load<u32>(views + (<usize>i << 4))
    total += <f64>length
    at += length
    store<u32>(out + (<usize>(i + 1) << 2), at)
  }
  return total
}

/** The bytes of views, one after the other; `out` is padded. */
export function viewsToData(views: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    const view = views + (<usize>i << 4)
    const length = load<u32>(view)
    if (length <= 12) v128.store(out, v128.load(view, 4))
    else memory.copy(out, <usize>load<u32>(view, 12), <usize>length)
    out += <usize>length
  }
}

/** Integers of 8 or 16 bits as int32: `kind` is 8 or 16, negative where they have a sign. */
export function widenNarrow(source: usize, rows: i32, kind: i32, out: usize): void {
  for (let i = 0; i < rows; i++) {
    let value: i32
    if (kind == 8) value = load<u8>(source + <usize>i)
    else if (kind == -8) value = load<i8>(source + <usize>i)
    else if (kind == 16) value = load<u16>(source + (<usize>i << 1))
    else value = load<i16>(source + (<usize>i << 1))
    store<i32>(out + (<usize>i << 2), value)
  }
}

/** 64-bit indices as u32; those beyond become the largest u32. */
export function narrowIndices(source: usize, rows: i32, out: usize): void {
  for (let i = 0; i < rows; i++) store<u32>(out + (<usize>i << 2), <u32>min<u64>(load<u64>(source + (<usize>i << 3)), 0xffffffff))
}

/** Makes the indices of nulls 0, so that they may be looked up. */
export function zeroNullIndices(indices: usize, rows: i32, bits: usize): void {
  for (let i = 0; i < rows; i++) if (presentAt(bits, i) == 0) store<u32>(indices + (<usize>i << 2), 0)
}

/** Makes the views of nulls empty. */
export function zeroNullViews(views: usize, rows: i32, bits: usize): void {
  for (let i = 0; i < rows; i++) if (presentAt(bits, i) == 0) v128.store(views + (<usize>i << 4), i32x4.splat(0))
}
