// Snappy's raw format (google/snappy, format_description.txt): a varint of the size, then literals and back-references.
// Both directions check every length against the ranges they were given; only the padding behind a range (64 bytes) may be touched besides.

import { copyPadded } from './views'

// Row d (1..15) repeats the byte numbers 0..d-1: a swizzle by it turns a pattern of d bytes into 16 bytes of it.
const patterns: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1,
  0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0,
  0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3,
  0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0,
  0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3,
  0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1,
  0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 4,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0, 1, 2, 3,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1, 2,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0, 1,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0,
], 16)

/** Decompresses to exactly `outBytes` bytes: 0, or −1 where the input is cut, −2 a reference points before the output, −3 the size differs. */
export function decompressSnappy(source: usize, sourceBytes: i32, out: usize, outBytes: i32): i32 {
  let p = source
  const end = source + <usize>sourceBytes
  const outEnd = out + <usize>outBytes
  let size: u64 = 0
  let shift: u64 = 0
  while (true) {
    if (p >= end || shift > 28) return -1
    const byte = <u64>load<u8>(p++)
    size |= (byte & 127) << shift
    if (byte < 128) break
    shift += 7
  }
  if (size != <u64>outBytes) return -3
  let o = out
  while (p < end) {
    const tag = <u32>load<u8>(p++)
    if ((tag & 3) == 0) {
      let length = <usize>(tag >> 2) + 1
      if (length <= 16 && length <= <usize>(end - p) && length <= <usize>(outEnd - o)) {
        v128.store(o, v128.load(p))
        o += length
        p += length
        continue
      }
      if (length > 60) {
        const extra = length - 60
        if (extra > <usize>(end - p)) return -1
        length = <usize>(load<u32>(p) & (0xffffffff >> ((<u32>4 - <u32>extra) << 3))) + 1
        p += extra
        if (length == 0) return -1
      }
      if (length > <usize>(end - p)) return -1
      if (length > <usize>(outEnd - o)) return -3
      for (let i: usize = 0; i < length; i += 16) v128.store(o + i, v128.load(p + i))
      o += length
      p += length
      continue
    }
    let length: usize
    let offset: usize
    if ((tag & 3) == 1) {
      if (p >= end) return -1
      length = <usize>((tag >> 2) & 7) + 4
      offset = (<usize>(tag >> 5) << 8) | <usize>load<u8>(p++)
    } else if ((tag & 3) == 2) {
      if (<usize>(end - p) < 2) return -1
      length = <usize>(tag >> 2) + 1
      offset = <usize>load<u16>(p)
      p += 2
    } else {
      if (<usize>(end - p) < 4) return -1
      length = <usize>(tag >> 2) + 1
      offset = <usize>load<u32>(p)
      p += 4
    }
    if (offset - 1 >= <usize>(o - out)) return -2
    if (length > <usize>(outEnd - o)) return -3
    const from = o - offset
    if (offset >= 16) {
      for (let i: usize = 0; i < length; i += 16) v128.store(o + i, v128.load(from + i))
    } else {
      const pattern = i8x16.swizzle(v128.load(from), v128.load(patterns + (offset << 4)))
      const step = offset * (16 / offset)
      for (let i: usize = 0; i < length; i += step) v128.store(o + i, pattern)
    }
    o += length
  }
  return o == outEnd ? 0 : -3
}

/** The most bytes that `compressSnappy` makes of `bytes`. */
export function snappyBytesMax(bytes: i32): f64 {
  return 32 + <f64>bytes + Math.ceil(<f64>bytes / 6)
}

/**
 * Compresses; `out` has `snappyBytesMax` bytes, `table` 32,768 bytes of scratch. Returns the bytes written. Behind a block of 64 KiB that got hardly smaller some are
 * left as they are: one, three, then seven; more at once where `poor` says that what came before got hardly smaller.
 */
export function compressSnappy(source: usize, sourceBytes: i32, out: usize, table: usize, poor: i32): i32 {
  let o = out
  let size = <u32>sourceBytes
  while (size >= 128) {
    store<u8>(o++, <u8>(size | 128))
    size >>= 7
  }
  store<u8>(o++, <u8>size)
  let skips = poor ? 3 : 0
  let skipping = 0
  for (let at: i32 = 0; at < sourceBytes; at += BLOCK) {
    const bytes = min(sourceBytes - at, BLOCK)
    if (skipping > 0) {
      skipping--
      o = writeLiteral(source + <usize>at, <u32>bytes, o)
      continue
    }
    const before = o
    o = compressBlock(source + <usize>at, bytes, o, table)
    skips = <i32>(o - before) > bytes - (bytes >> 5) ? min(2 * skips + 1, 7) : 0
    skipping = skips
  }
  return <i32>(o - out)
}

// Bytes that references may lead back over: those of a block.
// @ts-ignore: decorator
@inline const BLOCK: i32 = 65536

function compressBlock(block: usize, bytes: i32, out: usize, table: usize): usize {
  let o = out
  let literal = block
  const end = block + <usize>bytes
  if (bytes >= 16) {
    memory.fill(table, 0, 32768)
    const last = end - 15
    let p = block + 1
    let misses: u32 = 32
    while (p < last) {
      const word = load<u32>(p)
      const slot = table + (<usize>((word * 0x1e35a7bd) >> 18) << 1)
      const candidate = block + <usize>load<u16>(slot)
      store<u16>(slot, <u16>(p - block))
      if (load<u32>(candidate) != word || candidate >= p) {
        p += <usize>(misses++ >> 5)
        continue
      }
      misses = 32
      if (p > literal) o = writeLiteral(literal, <u32>(p - literal), o)
      let length: usize = 4
      while (p + length + 8 <= end) {
        const difference = load<u64>(p + length) ^ load<u64>(candidate + length)
        if (difference != 0) {
          length += <usize>(ctz<u64>(difference) >> 3)
          break
        }
        length += 8
      }
      if (p + length + 8 > end) while (p + length < end && load<u8>(p + length) == load<u8>(candidate + length)) length++
      o = writeCopy(<u32>(p - candidate), <u32>length, o)
      p += length
      literal = p
      if (p < last) {
        const before = load<u32>(p - 1)
        store<u16>(table + (<usize>((before * 0x1e35a7bd) >> 18) << 1), <u16>(p - 1 - block))
      }
    }
  }
  if (literal < end) o = writeLiteral(literal, <u32>(end - literal), o)
  return o
}

function writeLiteral(source: usize, length: u32, out: usize): usize {
  let o = out
  const n = length - 1
  if (n < 60) store<u8>(o++, <u8>(n << 2))
  else if (n < 256) {
    store<u8>(o, 60 << 2)
    store<u8>(o + 1, <u8>n)
    o += 2
  } else {
    store<u8>(o, 61 << 2)
    store<u16>(o + 1, <u16>n)
    o += 3
  }
  copyPadded(o, source, <usize>length)
  return o + <usize>length
}

function writeCopy(offset: u32, length: u32, out: usize): usize {
  let o = out
  while (length >= 68) {
    store<u8>(o, (63 << 2) | 2)
    store<u16>(o + 1, <u16>offset)
    o += 3
    length -= 64
  }
  if (length > 64) {
    store<u8>(o, (59 << 2) | 2)
    store<u16>(o + 1, <u16>offset)
    o += 3
    length -= 60
  }
  if (length < 12 && offset < 2048) {
    store<u8>(o, <u8>((((offset >> 8) << 5) | ((length - 4) << 2)) | 1))
    store<u8>(o + 1, <u8>offset)
    return o + 2
  }
  store<u8>(o, <u8>(((length - 1) << 2) | 2))
  store<u16>(o + 1, <u16>offset)
  return o + 3
}
