// Arrow's layouts into Parquet's encodings: packed values, dictionaries, the RLE/bit-packed hybrid, statistics.

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

// @ts-ignore: decorator
@inline const GOLDEN: u64 = 0x9e3779b97f4a7c15

/**
 * Dictionary codes of 4-byte values. `table` is a power of two (`mask` + 1) of zeroed u32 slots (code + 1), `dictionary` holds `known` values and
 * has room for `most`. Returns how many it holds then, or −1 where `most` do not suffice (what was added stays).
 */
export function encodeDictionary4(values: usize, count: i32, table: usize, mask: u32, dictionary: usize, known: i32, most: i32, codes: usize): i32 {
  for (let i = 0; i < count; i++) {
    const value = load<u32>(values + (<usize>i << 2))
    let slot = <u32>((<u64>value * GOLDEN) >> 32) & mask
    while (true) {
      const code = load<u32>(table + (<usize>slot << 2))
      if (code == 0) {
        if (known == most) return -1
        store<u32>(dictionary + (<usize>known << 2), value)
        store<u32>(table + (<usize>slot << 2), ++known)
        store<u32>(codes + (<usize>i << 2), known - 1)
        break
      }
      if (load<u32>(dictionary + (<usize>(code - 1) << 2)) == value) {
        store<u32>(codes + (<usize>i << 2), code - 1)
        break
      }
      slot = (slot + 1) & mask
    }
  }
  return known
}

/** As `encodeDictionary4`, for 8-byte values (by their bits: −0 and 0, and NaNs, stay what they are). */
export function encodeDictionary8(values: usize, count: i32, table: usize, mask: u32, dictionary: usize, known: i32, most: i32, codes: usize): i32 {
  for (let i = 0; i < count; i++) {
    const value = load<u64>(values + (<usize>i << 3))
    let slot = <u32>((fold(value * GOLDEN) * GOLDEN) >> 32) & mask
    while (true) {
      const code = load<u32>(table + (<usize>slot << 2))
      if (code == 0) {
        if (known == most) return -1
        store<u64>(dictionary + (<usize>known << 3), value)
        store<u32>(table + (<usize>slot << 2), ++known)
        store<u32>(codes + (<usize>i << 2), known - 1)
        break
      }
      if (load<u64>(dictionary + (<usize>(code - 1) << 3)) == value) {
        store<u32>(codes + (<usize>i << 2), code - 1)
        break
      }
      slot = (slot + 1) & mask
    }
  }
  return known
}

/**
 * As `encodeDictionary4`, for views. The bytes of new values go to `heap` as PLAIN has them ([length][bytes]); `heapUsed` is the address of a u32
 * that says how much of its `heapBytes` is used, and −1 is also returned where they do not suffice.
 */
export function encodeDictionary16(values: usize, count: i32, table: usize, mask: u32, dictionary: usize, known: i32, most: i32, codes: usize, heap: usize, heapUsed: usize, heapBytes: u32): i32 {
  let used = load<u32>(heapUsed)
  for (let i = 0; i < count; i++) {
    const view = values + (<usize>i << 4)
    const length = load<u32>(view)
    const bytes = length <= 12 ? view + 4 : <usize>load<u32>(view, 12)
    let slot = hashView(view, length, bytes) & mask
    while (true) {
      const code = load<u32>(table + (<usize>slot << 2))
      if (code == 0) {
        if (known == most || length > heapBytes || used + 4 > heapBytes - length) return -1
        const place = heap + <usize>used
        store<u32>(place, length)
        memory.copy(place + 4, bytes, <usize>length)
        used += 4 + length
        store<u32>(heapUsed, used)
        const entry = dictionary + (<usize>known << 4)
        v128.store(entry, v128.load(view))
        if (length > 12) store<u32>(entry, <u32>(place + 4), 12)
        store<u32>(table + (<usize>slot << 2), ++known)
        store<u32>(codes + (<usize>i << 2), known - 1)
        break
      }
      if (sameView(view, length, bytes, dictionary + (<usize>(code - 1) << 4))) {
        store<u32>(codes + (<usize>i << 2), code - 1)
        break
      }
      slot = (slot + 1) & mask
    }
  }
  return known
}

// A product moves differences upwards only: each is folded down before the next, so that the last byte of a text reaches every bit.
function hashView(view: usize, length: u32, bytes: usize): u32 {
  let hash: u64 = fold(load<u64>(view) * GOLDEN)
  if (length <= 12) {
    hash = fold((hash ^ load<u64>(view, 8)) * GOLDEN)
  } else {
    for (let i: usize = 0; i + 8 <= <usize>length; i += 8) hash = fold((hash ^ load<u64>(bytes + i)) * GOLDEN)
    hash = fold((hash ^ load<u64>(bytes + <usize>length - 8)) * GOLDEN)
  }
  return <u32>((hash * GOLDEN) >> 32)
}

// @ts-ignore: decorator
@inline function fold(hash: u64): u64 {
  return hash ^ (hash >> 32)
}

function sameView(view: usize, length: u32, bytes: usize, other: usize): bool {
  if (load<u64>(view) != load<u64>(other)) return false
  if (length <= 12) return load<u64>(view, 8) == load<u64>(other, 8)
  const others = <usize>load<u32>(other, 12)
  let i: usize = 0
  for (; i + 8 <= <usize>length; i += 8) if (load<u64>(bytes + i) != load<u64>(others + i)) return false
  return load<u64>(bytes + <usize>length - 8) == load<u64>(others + <usize>length - 8)
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
      memory.copy(out + 4, <usize>load<u32>(views, 12), <usize>length)
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
  let least = 0
  let most = 0
  for (let i = 1; i < count; i++) {
    if (orderViews(views + (<usize>i << 4), views + (<usize>least << 4)) < 0) least = i
    else if (orderViews(views + (<usize>i << 4), views + (<usize>most << 4)) > 0) most = i
  }
  store<i32>(out, least)
  store<i32>(out, most, 4)
}

// In the order of their bytes. Short views are zero-filled, so that they compare as numbers; a tie of zeros is decided by the lengths.
function orderViews(a: usize, b: usize): i32 {
  const headA = bswap<u32>(load<u32>(a, 4))
  const headB = bswap<u32>(load<u32>(b, 4))
  if (headA != headB) return headA < headB ? -1 : 1
  const lengthA = load<u32>(a)
  const lengthB = load<u32>(b)
  if (lengthA <= 12 && lengthB <= 12) {
    const restA = bswap<u64>(load<u64>(a, 8))
    const restB = bswap<u64>(load<u64>(b, 8))
    if (restA != restB) return restA < restB ? -1 : 1
  } else {
    const bytesA = lengthA <= 12 ? a + 4 : <usize>load<u32>(a, 12)
    const bytesB = lengthB <= 12 ? b + 4 : <usize>load<u32>(b, 12)
    const order = memory.compare(bytesA, bytesB, <usize>min(lengthA, lengthB))
    if (order != 0) return order
  }
  return <i32>(lengthA > lengthB) - <i32>(lengthA < lengthB)
}

/** The different numbers among `codes`, in the order of their first use, at `out` (room for one more than `count`). `marks`: a zero byte for each number there is, zero again afterwards. Returns how many. */
export function usedCodes(codes: usize, count: i32, marks: usize, out: usize): i32 {
  let used = 0
  for (let i = 0; i < count; i++) {
    const code = load<u32>(codes + (<usize>i << 2))
    store<u32>(out + (<usize>used << 2), code)
    used += 1 - <i32>load<u8>(marks + <usize>code)
    store<u8>(marks + <usize>code, 1)
  }
  for (let i = 0; i < used; i++) store<u8>(marks + <usize>load<u32>(out + (<usize>i << 2)), 0)
  return used
}
