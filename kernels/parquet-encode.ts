// Arrow's layouts into Parquet's encodings: packed values, the RLE/bit-packed hybrid, PLAIN texts, statistics.
import { copyPadded, orderViews } from './views'

/** Packs the 4-byte values whose bit (from bit `bit` on) is 1; `out` has room for `rows`. Returns how many. */
export function pack4(values: usize, bits: usize, bit: i32, rows: i32, out: usize): i32 {
  let at = out
  for (let i = 0; i < rows; i++) {
    store<u32>(at, load<u32>(values + (<usize>i << 2)))
    at += <usize>bitOf(bits, bit + i) << 2
  }
  return <i32>((at - out) >> 2)
}

/** As `pack4`, for 8-byte values. */
export function pack8(values: usize, bits: usize, bit: i32, rows: i32, out: usize): i32 {
  let at = out
  for (let i = 0; i < rows; i++) {
    store<u64>(at, load<u64>(values + (<usize>i << 3)))
    at += <usize>bitOf(bits, bit + i) << 3
  }
  return <i32>((at - out) >> 3)
}

/** As `pack4`, for views. */
export function pack16(values: usize, bits: usize, bit: i32, rows: i32, out: usize): i32 {
  let at = out
  for (let i = 0; i < rows; i++) {
    v128.store(at, v128.load(values + (<usize>i << 4)))
    at += <usize>bitOf(bits, bit + i) << 4
  }
  return <i32>((at - out) >> 4)
}

/** As `pack4`, for bits: from bit `valueBit` of `values`, appended at bit `outBit` of the zeroed `out`. */
export function packBits(values: usize, valueBit: i32, bits: usize, bit: i32, rows: i32, out: usize, outBit: i32): i32 {
  let next = outBit
  for (let i = 0; i < rows; i++) {
    if (bitOf(bits, bit + i) == 0) continue
    const at = out + <usize>(next >> 3)
    store<u8>(at, load<u8>(at) | <u8>(bitOf(values, valueBit + i) << (next & 7)))
    next++
  }
  return next - outBit
}

// @ts-ignore: decorator
@inline function bitOf(bits: usize, i: i32): i32 {
  return (<i32>load<u8>(bits + <usize>(i >>> 3)) >> (i & 7)) & 1
}

/** The most bytes that `encodeHybridU32` writes. */
export function hybridBytesMax(count: i32, width: i32): f64 {
  return 64 + (<f64>((count + 7) & ~7) * <f64>width) / 8 + <f64>count
}

/** Numbers below 2^width (width 0..32) as RLE runs (8 or more equal ones) and bit-packed groups. Returns the bytes written; `codes` is padded. */
export function encodeHybridU32(codes: usize, count: i32, width: u32, out: usize): i32 {
  let o = out
  let i = 0
  let packedFrom = 0
  // Packed groups are whole, so an RLE run may begin only at a multiple of 8 behind packedFrom.
  while (i < count) {
    const value = load<u32>(codes + (<usize>i << 2))
    let run = 1
    while (i + run < count && load<u32>(codes + (<usize>(i + run) << 2)) == value) run++
    if (run < 8) {
      i += run
      continue
    }
    const lead = (8 - ((i - packedFrom) & 7)) & 7
    if (run - lead < 8) {
      i += run
      continue
    }
    if (i + lead > packedFrom) o = packGroups(codes + (<usize>packedFrom << 2), i + lead - packedFrom, width, o)
    o = writeVarint(<u32>(run - lead) << 1, o)
    store<u32>(o, value)
    o += <usize>((width + 7) >> 3)
    i += run
    packedFrom = i
  }
  if (packedFrom < count) o = packGroups(codes + (<usize>packedFrom << 2), count - packedFrom, width, o)
  return <i32>(o - out)
}

function writeVarint(value: u32, out: usize): usize {
  while (value >= 128) {
    store<u8>(out++, <u8>(value | 128))
    value >>= 7
  }
  store<u8>(out, <u8>value)
  return out + 1
}

function packGroups(codes: usize, count: i32, width: u32, out: usize): usize {
  const groups = <u32>(count + 7) >> 3
  let o = writeVarint((groups << 1) | 1, out)
  const end = o + <usize>(groups * width)
  let hold: u64 = 0
  let held: u64 = 0
  for (let i = 0; i < count; i++) {
    hold |= <u64>load<u32>(codes + (<usize>i << 2)) << held
    held += <u64>width
    if (held >= 32) {
      store<u32>(o, <u32>hold)
      o += 4
      hold >>= 32
      held -= 32
    }
  }
  while (o < end) {
    store<u8>(o++, <u8>hold)
    hold >>= 8
  }
  return end
}

/** Bytes that views take as PLAIN byte arrays. */
export function plainBytes(views: usize, count: i32): f64 {
  let total: f64 = 0
  for (let i = 0; i < count; i++) total += 4 + <f64>load<u32>(views + (<usize>i << 4))
  return total
}

/** Views as PLAIN byte arrays; `out` has `plainBytes`, and padding. */
export function viewsToPlain(views: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) {
    const length = load<u32>(views)
    if (length <= 12) v128.store(out, v128.load(views))
    else {
      store<u32>(out, length)
      copyPadded(out + 4, <usize>load<u32>(views, 12), <usize>length)
    }
    out += 4 + <usize>length
    views += 16
  }
}

/** The least and the greatest of `count` > 0 int32 values, at `out` (two int32). */
export function boundsI32(values: usize, count: i32, out: usize): void {
  let least = load<i32>(values)
  let most = least
  for (let i = 1; i < count; i++) {
    const value = load<i32>(values + (<usize>i << 2))
    least = min(least, value)
    most = max(most, value)
  }
  store<i32>(out, least)
  store<i32>(out, most, 4)
}

/** As `boundsI32`, for int64 (two int64). */
export function boundsI64(values: usize, count: i32, out: usize): void {
  let least = load<i64>(values)
  let most = least
  for (let i = 1; i < count; i++) {
    const value = load<i64>(values + (<usize>i << 3))
    least = min(least, value)
    most = max(most, value)
  }
  store<i64>(out, least)
  store<i64>(out, most, 8)
}

/** As `boundsI32`, for float64 (two float64) without NaNs; returns how many were NaN. */
export function boundsF64(values: usize, count: i32, out: usize): i32 {
  let least: f64 = Infinity
  let most: f64 = -Infinity
  let nans = 0
  for (let i = 0; i < count; i++) {
    const value = load<f64>(values + (<usize>i << 3))
    if (value < least) least = value
    if (value > most) most = value
    nans += <i32>(value != value)
  }
  // Readers may take −0 and 0 for different: the bounds cover both.
  store<f64>(out, least == 0 ? -0.0 : least)
  store<f64>(out, most == 0 ? 0.0 : most, 8)
  return nans
}

/** As `boundsI32`, for views in the order of their bytes: the positions of the least and the greatest (two i32). */
export function boundsViews(views: usize, count: i32, out: usize): void {
  let least = views
  let most = views
  // Most values lie between the two by their first four bytes.
  let low = bswap<u32>(load<u32>(views, 4))
  let high = low
  const end = views + (<usize>count << 4)
  for (let view = views + 16; view < end; view += 16) {
    const head = bswap<u32>(load<u32>(view, 4))
    if (head > low && head < high) continue
    if (orderViews(view, least) < 0) {
      least = view
      low = head
    } else if (orderViews(view, most) > 0) {
      most = view
      high = head
    }
  }
  store<i32>(out, <i32>((least - views) >> 4))
  store<i32>(out, <i32>((most - views) >> 4), 4)
}
