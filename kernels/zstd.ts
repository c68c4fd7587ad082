// Zstandard frames (RFC 8878), for writing: one frame of blocks of 128 KiB, each with what repeats found by a hash table over the whole input,
// literals in Huffman codes, and sequences in finite state entropy tables of the block, or those that the format has for few. As a reader's
// first level it looks at one candidate a place, and steps faster the longer nothing repeats.
import { addBits, beginBits, buildTable, endBits, firstState, flushBits, huffmanCodes, nextState, normalize, tableLogOf, writeCounts } from './zstd-entropy'
import { blockBytesMax, codesAt, countsAt, hashLog, litLengthsAt, litTableAt, literalsAt, matchLengthsAt, normAt, offsetsAt, orderAt, scratchEnd, weightsAt, writeSequences } from './zstd-sequences'

/** The offsets used last, and the block that is being made. */
let rep1: u32 = 1
let rep2: u32 = 4
let rep3: u32 = 8
let sequences: i32 = 0
let literals: usize = 0

/** Bytes of scratch that `compressZstd` needs. */
export function zstdScratchBytes(): i32 {
  return <i32>scratchEnd
}

/** The most bytes that `compressZstd` makes of `bytes`, and what it may write behind them. */
export function zstdBytesMax(bytes: i32): f64 {
  return <f64>bytes + 3 * Math.ceil(<f64>(bytes + 1) / 131072) + 600_000
}

/** Compresses fewer than 2^28 bytes into one frame; `out` has `zstdBytesMax` bytes. Returns the bytes written. */
export function compressZstd(source: usize, bytes: i32, out: usize, scratch: usize): i32 {
  store<u32>(out, 0xfd2fb528)
  // One segment, whose size is its window.
  let o = out + 5
  if (bytes < 256) {
    store<u8>(out, 0x20, 4)
    store<u8>(o++, <u8>bytes)
  } else if (bytes < 65792) {
    store<u8>(out, 0x60, 4)
    store<u16>(o, <u16>(bytes - 256))
    o += 2
  } else {
    store<u8>(out, 0xa0, 4)
    store<u32>(o, <u32>bytes)
    o += 4
  }
  memory.fill(scratch, 0, litLengthsAt)
  rep1 = 1
  rep2 = 4
  rep3 = 8
  let at = 0
  do {
    const count = min(bytes - at, blockBytesMax)
    o = writeBlock(source, source + <usize>at, count, at + count == bytes, o, scratch)
    at += count
  } while (at < bytes)
  return <i32>(o - out)
}

function writeBlock(source: usize, block: usize, bytes: i32, isLast: bool, out: usize, scratch: usize): usize {
  const last: u32 = isLast ? 1 : 0
  const body = out + 3
  if (bytes > 1 && isRepeated(block, bytes)) {
    writeHeader(out, last | (1 << 1) | (<u32>bytes << 3))
    store<u8>(body, load<u8>(block))
    return body + 1
  }
  const before1 = rep1
  const before2 = rep2
  const before3 = rep3
  if (bytes >= 16) {
    findSequences(source, block, bytes, scratch)
    const end = writeSequences(writeLiterals(body, scratch), scratch, sequences)
    const size = <i32>(end - body)
    if (size < bytes) {
      writeHeader(out, last | (2 << 1) | (<u32>size << 3))
      return end
    }
  }
  // What a reader doesn't see leaves its offsets as they were.
  rep1 = before1
  rep2 = before2
  rep3 = before3
  writeHeader(out, last | (<u32>bytes << 3))
  memory.copy(body, block, <usize>bytes)
  return body + <usize>bytes
}

@inline
function writeHeader(out: usize, header: u32): void {
  store<u16>(out, <u16>header)
  store<u8>(out, <u8>(header >> 16), 2)
}

function isRepeated(block: usize, bytes: i32): bool {
  const word = <u64>load<u8>(block) * 0x0101010101010101
  let i = 0
  for (; i + 8 <= bytes; i += 8) if (load<u64>(block + <usize>i) != word) return false
  for (; i < bytes; i++) if (load<u8>(block + <usize>i) != <u8>word) return false
  return true
}

@inline
function hashOf(p: usize): usize {
  return <usize>(((load<u64>(p) << 8) * 0x9e3779b185ebca87) >> (64 - <u64>hashLog)) << 2
}

// Bytes that are equal from `a` and from the earlier `b` on.
function equalBytes(a: usize, b: usize, end: usize): u32 {
  const start = a
  while (a + 8 <= end) {
    const difference = load<u64>(a) ^ load<u64>(b)
    if (difference != 0) return <u32>(a - start) + <u32>(ctz<u64>(difference) >> 3)
    a += 8
    b += 8
  }
  while (a < end && load<u8>(a) == load<u8>(b)) {
    a++
    b++
  }
  return <u32>(a - start)
}

function findSequences(source: usize, block: usize, bytes: i32, scratch: usize): void {
  const end = block + <usize>bytes
  const limit = end - 8
  sequences = 0
  literals = scratch + literalsAt
  let anchor = block
  let p = block == source ? block + 1 : block
  while (p < limit) {
    const slot = scratch + hashOf(p)
    let match = source + <usize>load<u32>(slot)
    store<u32>(slot, <u32>(p - source))
    const repeated = p + 1 - <usize>rep1
    let length: u32
    if (<usize>rep1 <= p + 1 - source && load<u32>(repeated) == load<u32>(p + 1)) {
      p++
      length = 4 + equalBytes(p + 4, repeated + 4, end)
      addSequence(scratch, anchor, <u32>(p - anchor), length, rep1)
    } else if (match < p && load<u32>(match) == load<u32>(p)) {
      length = 4 + equalBytes(p + 4, match + 4, end)
      while (p > anchor && match > source && load<u8>(p - 1) == load<u8>(match - 1)) {
        p--
        match--
        length++
      }
      addSequence(scratch, anchor, <u32>(p - anchor), length, <u32>(p - match))
    } else {
      p += ((p - anchor) >> 7) + 1
      continue
    }
    p += <usize>length
    anchor = p
    if (p >= limit) break
    store<u32>(scratch + hashOf(p - 2), <u32>(p - 2 - source))
    // What came before the last offset often goes on.
    while (p < limit && <usize>rep2 <= p - source && load<u32>(p) == load<u32>(p - <usize>rep2)) {
      length = 4 + equalBytes(p + 4, p + 4 - <usize>rep2, end)
      store<u32>(scratch + hashOf(p), <u32>(p - source))
      addSequence(scratch, anchor, 0, length, rep2)
      p += <usize>length
      anchor = p
    }
  }
  memory.copy(literals, anchor, end - anchor)
  literals += end - anchor
}

// A sequence, its offset as what the format makes of one that was used before; and the offsets behind it.
function addSequence(scratch: usize, anchor: usize, litLength: u32, matchLength: u32, offset: u32): void {
  let value = offset + 3
  const shift: u32 = litLength == 0 ? 1 : 0
  if (offset == rep1 && shift == 0) value = 1
  else if (offset == rep2) {
    value = 2 - shift
    rep2 = rep1
    rep1 = offset
  } else {
    if (offset == rep3) value = 3 - shift
    else if (shift == 1 && offset == rep1 - 1) value = 3
    rep3 = rep2
    rep2 = rep1
    rep1 = offset
  }
  const at = <usize>(sequences++) << 2
  store<u32>(scratch + litLengthsAt + at, litLength)
  store<u32>(scratch + matchLengthsAt + at, matchLength - 3)
  store<u32>(scratch + offsetsAt + at, value)
  memory.copy(literals, anchor, <usize>litLength)
  literals += <usize>litLength
}

function writeLiterals(out: usize, scratch: usize): usize {
  const from = scratch + literalsAt
  const count = <i32>(literals - from)
  const counts = scratch + countsAt
  memory.fill(counts, 0, 1024)
  for (let i = 0; i < count; i++) {
    const at = counts + (<usize>load<u8>(from + <usize>i) << 2)
    store<u32>(at, load<u32>(at) + 1)
  }
  let most: u32 = 0
  for (let s = 0; s < 256; s++) most = max(most, load<u32>(counts + (<usize>s << 2)))
  if (count > 1 && most == <u32>count) {
    const o = plainHeader(out, 1, count)
    store<u8>(o, load<u8>(from))
    return o + 1
  }
  if (count >= 64 && most > <u32>count / 128 + 1) {
    const end = packLiterals(out, from, count, scratch)
    if (end != 0) return end
  }
  const o = plainHeader(out, 0, count)
  memory.copy(o, from, <usize>count)
  return o + <usize>count
}

function plainHeader(out: usize, kind: u32, count: i32): usize {
  if (count < 32) {
    store<u8>(out, <u8>(kind | (<u32>count << 3)))
    return out + 1
  }
  if (count < 4096) {
    store<u16>(out, <u16>(kind | (1 << 2) | (<u32>count << 4)))
    return out + 2
  }
  writeHeader(out, kind | (3 << 2) | (<u32>count << 4))
  return out + 3
}

// Literals in Huffman codes, in four streams where they are many; 0 where they don't get smaller.
function packLiterals(out: usize, from: usize, count: i32, scratch: usize): usize {
  const codes = scratch + codesAt
  const longest = huffmanCodes(scratch + countsAt, codes, scratch + orderAt)
  const headerBytes: usize = count < 1024 ? 3 : count < 16384 ? 4 : 5
  const body = out + headerBytes
  let o = writeWeights(body, codes, longest, scratch)
  if (o == 0) return 0
  const isSingle = count < 256
  if (isSingle) o = writeStream(o, from, count, codes)
  else {
    const jump = o
    const part = (count + 3) >> 2
    o += 6
    for (let i = 0; i < 4; i++) {
      const start = o
      o = writeStream(o, from + <usize>(i * part), i < 3 ? part : count - 3 * part, codes)
      if (o - start > 65535) return 0
      if (i < 3) store<u16>(jump + (<usize>i << 1), <u16>(o - start))
    }
  }
  const size = <u64>(o - body)
  if (size + <u64>(count >> 6) >= <u64>count) return 0
  const format: u64 = isSingle ? 0 : <u64>headerBytes - 2
  const width: u64 = headerBytes == 3 ? 10 : headerBytes == 4 ? 14 : 18
  const header = 2 | (format << 2) | (<u64>count << 4) | (size << (4 + width))
  for (let i: usize = 0; i < headerBytes; i++) store<u8>(out + i, <u8>(header >> (<u64>i << 3)))
  return o
}

function writeStream(out: usize, from: usize, count: i32, codes: usize): usize {
  beginBits(out)
  for (let i = count - 1; i >= 0; i--) {
    const code = load<u32>(codes + (<usize>load<u8>(from + <usize>i) << 2))
    addBits(<u64>(code & 0xffff), <u64>(code >> 16))
    if ((i & 3) == 0) flushBits()
  }
  return endBits()
}

// The lengths of codes as weights, all but the last one's: as entropy codes, or in four bits each; 0 where neither can be.
function writeWeights(out: usize, codes: usize, longest: i32, scratch: usize): usize {
  const weights = scratch + weightsAt
  const counts = scratch + countsAt
  let n = 255
  while (load<u32>(codes + (<usize>n << 2)) == 0) n--
  memory.fill(counts, 0, 64)
  for (let s = 0; s < n; s++) {
    const length = <i32>(load<u32>(codes + (<usize>s << 2)) >> 16)
    const weight = length == 0 ? 0 : longest + 1 - length
    store<u8>(weights + <usize>s, <u8>weight)
    const at = counts + (<usize>weight << 2)
    store<u32>(at, load<u32>(at) + 1)
  }
  const end = packWeights(out + 1, weights, n, longest, scratch)
  if (end != 0 && end - out - 1 < 128 && (n > 128 || end - out - 1 < <usize>(n >> 1))) {
    store<u8>(out, <u8>(end - out - 1))
    return end
  }
  if (n > 128) return 0
  store<u8>(out, <u8>(127 + n))
  store<u8>(weights + <usize>n, 0)
  for (let s = 0; s < n; s += 2) store<u8>(out + 1 + <usize>(s >> 1), (load<u8>(weights + <usize>s) << 4) | load<u8>(weights + <usize>s, 1))
  return out + 1 + <usize>((n + 1) >> 1)
}

// Two states take turns, from the last weight on; 0 where all weights are one.
function packWeights(out: usize, weights: usize, n: i32, longest: i32, scratch: usize): usize {
  if (n < 3) return 0
  const counts = scratch + countsAt
  let symbols = longest + 1
  while (load<u32>(counts + (<usize>(symbols - 1) << 2)) == 0) symbols--
  for (let s = 0; s < symbols; s++) if (load<u32>(counts + (<usize>s << 2)) == <u32>n) return 0
  const tableLog = tableLogOf(<u32>n, <u32>symbols - 1, 6)
  const norm = scratch + normAt
  normalize(counts, symbols, <u32>n, tableLog, norm)
  const table = scratch + litTableAt
  buildTable(table, norm, symbols, tableLog)
  beginBits(writeCounts(out, norm, symbols, tableLog))
  let i = n - 1
  let first = firstState(table, <u32>load<u8>(weights + <usize>i))
  let second = firstState(table, <u32>load<u8>(weights + <usize>(i - 1)))
  for (i = n - 3; i >= 0; i--) {
    const state = nextState(table, first, <u32>load<u8>(weights + <usize>i))
    first = second
    second = state
    flushBits()
  }
  // The state of the weight that is read second is written first.
  addBits(<u64>first, <u64>tableLog)
  addBits(<u64>second, <u64>tableLog)
  return endBits()
}

