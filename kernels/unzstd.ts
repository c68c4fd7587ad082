// Zstandard frames (RFC 8878), for reading: any number of frames one after the other, skippable ones passed over, checksums verified. What a frame says of itself is
// checked against what there is: nothing is read beyond the input but for padding, nothing written beyond the promised output but for padding.
import { bitsAt, buildOne, buildStates, entropyScratchBytes, huffmanLog, huffmanTableBytes, readCounts, readHuffman, readLiterals, stateTableBytes, streamBits, tableLog, tableSymbols } from './unzstd-entropy'
import { blockBytesMax, litBits, litDefault, matchBits, matchDefault, offsetDefault } from './zstd-sequences'
import { hash64 } from './xxhash'

const cut: i32 = -1
const badHeader: i32 = -2
const badBlock: i32 = -3
const badOffset: i32 = -4
const tooLong: i32 = -5
const badChecksum: i32 = -6
const badSize: i32 = -7

// Where things lie in the scratch memory.
const huffmanAt: usize = entropyScratchBytes
const litStatesAt: usize = huffmanAt + huffmanTableBytes
const offsetStatesAt: usize = litStatesAt + stateTableBytes
const matchStatesAt: usize = offsetStatesAt + stateTableBytes
const literalsAt: usize = matchStatesAt + stateTableBytes
const scratchEnd: usize = literalsAt + <usize>blockBytesMax + 64

const litStarts: usize = memory.data<u32>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536,
])
const matchStarts: usize = memory.data<u32>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051,
  4099, 8195, 16387, 32771, 65539,
])

// The frame under way: the offsets used last, the logarithms of its tables (−1: none yet), and the literals of its block.
let rep1: u32 = 1
let rep2: u32 = 4
let rep3: u32 = 8
let huffman: i32 = -1
let litLog: i32 = -1
let offsetLog: i32 = -1
let matchLog: i32 = -1
let literals: usize = 0
let literalCount: i32 = 0
/** Where the input goes on behind the block or frame that was read last, and behind the table. */
let next: usize = 0
let tableEnd: usize = 0

/** Bytes of scratch that `decompressZstd` needs. */
export function unzstdScratchBytes(): i32 {
  return <i32>scratchEnd
}

/**
 * Decompresses all frames of `bytes` bytes at `source` to `out`, `outBytes` bytes at most; all with 64 bytes of padding. Returns the bytes written, or what is wrong: −1 the
 * input ends early, −2 a header, −3 a block is broken, −4 a reference points before the frame, −5 there is more than outBytes, −6 a checksum, −7 a size differs.
 */
export function decompressZstd(source: usize, bytes: i32, out: usize, outBytes: i32, scratch: usize): i32 {
  const end = source + <usize>bytes
  let o = out
  while (source < end) {
    if (end - source < 8) return cut
    const magic = load<u32>(source)
    if ((magic & 0xfffffff0) == 0x184d2a50) {
      const skipped = <u64>load<u32>(source, 4)
      if (skipped > <u64>(end - source - 8)) return cut
      source += 8 + <usize>skipped
      continue
    }
    if (magic != 0xfd2fb528) return badHeader
    const written = readFrame(source + 4, end, o, out + <usize>outBytes, scratch)
    if (written < 0) return written
    o += <usize>written
    source = next
  }
  return <i32>(o - out)
}

// A frame behind its magic number, of at least four bytes. Sets `next`.
function readFrame(source: usize, end: usize, out: usize, outEnd: usize, scratch: usize): i32 {
  const flags = <u32>load<u8>(source)
  const single = (flags >> 5) & 1
  if ((flags & 8) != 0) return badHeader
  const dictionaryBytes: usize = (flags & 3) == 3 ? 4 : <usize>(flags & 3)
  const sizeCode = flags >> 6
  const sizeBytes: usize = sizeCode == 0 ? <usize>single : <usize>1 << <usize>sizeCode
  let at = source + 1
  if (<usize>(1 - single) + dictionaryBytes + sizeBytes > end - at) return cut
  let blockMax: u64 = <u64>blockBytesMax
  if (single == 0) {
    const window = <u64>load<u8>(at++)
    const base: u64 = <u64>1 << (10 + (window >> 3))
    blockMax = min(blockMax, base + (base >> 3) * (window & 7))
  }
  for (let i: usize = 0; i < dictionaryBytes; i++) if (load<u8>(at++) != 0) return badHeader
  let size: u64 = 0
  for (let i: usize = 0; i < sizeBytes; i++) size |= <u64>load<u8>(at++) << <u64>(8 * i)
  if (sizeBytes == 2) size += 256
  if (single != 0) blockMax = min(blockMax, size)
  if (size > <u64>(outEnd - out)) return tooLong
  rep1 = 1
  rep2 = 4
  rep3 = 8
  huffman = litLog = offsetLog = matchLog = -1
  let o = out
  for (let last: u32 = 0; last == 0; ) {
    if (end - at < 3) return cut
    const head = <u32>load<u16>(at) | (<u32>load<u8>(at, 2) << 16)
    at += 3
    last = head & 1
    const written = readBlock((head >> 1) & 3, at, head >> 3, end, out, o, outEnd, <u32>blockMax, scratch)
    if (written < 0) return written
    o += <usize>written
    at = next
  }
  if (sizeBytes > 0 && size != <u64>(o - out)) return badSize
  if ((flags & 4) != 0) {
    if (end - at < 4) return cut
    if (load<u32>(at) != <u32>hash64(out, <i32>(o - out))) return badChecksum
    at += 4
  }
  next = at
  return <i32>(o - out)
}

// Sets `next`.
function readBlock(kind: u32, at: usize, size: u32, end: usize, first: usize, out: usize, outEnd: usize, blockMax: u32, scratch: usize): i32 {
  const held: u32 = kind == 1 ? 1 : size
  if (kind == 3 || size > max(blockMax, 1)) return badBlock
  if (<usize>held > end - at) return cut
  next = at + <usize>held
  if (kind == 2) return readCompressed(at, <i32>size, first, out, outEnd, blockMax, scratch)
  if (<usize>size > outEnd - out) return tooLong
  if (kind == 0) memory.copy(out, at, <usize>size)
  else memory.fill(out, load<u8>(at), <usize>size)
  return <i32>size
}

function readCompressed(at: usize, bytes: i32, first: usize, out: usize, outEnd: usize, blockMax: u32, scratch: usize): i32 {
  const end = at + <usize>bytes
  const taken = openLiterals(at, bytes, blockMax, scratch)
  if (taken < 0) return taken
  at += <usize>taken
  if (at >= end) return cut
  let count = <i32>load<u8>(at++)
  if (count >= 128) {
    const long: bool = count == 255
    const more: usize = long ? 2 : 1
    if (end - at < more) return cut
    count = long ? <i32>load<u16>(at) + 0x7f00 : ((count - 128) << 8) + <i32>load<u8>(at)
    at += more
  }
  const limit = min(outEnd, out + <usize>blockMax)
  if (count == 0) {
    if (at != end) return badBlock
    if (out + <usize>literalCount > limit) return tooLong
    memory.copy(out, literals, <usize>literalCount)
    return literalCount
  }
  if (at >= end) return cut
  const modes = <u32>load<u8>(at++)
  if ((modes & 3) != 0) return badBlock
  litLog = openStates(modes >> 6, at, end, scratch + litStatesAt, litDefault, 36, 6, 9, litLog, scratch)
  if (litLog < 0) return badBlock
  offsetLog = openStates((modes >> 4) & 3, tableEnd, end, scratch + offsetStatesAt, offsetDefault, 29, 5, 8, offsetLog, scratch)
  if (offsetLog < 0) return badBlock
  matchLog = openStates((modes >> 2) & 3, tableEnd, end, scratch + matchStatesAt, matchDefault, 53, 6, 9, matchLog, scratch)
  if (matchLog < 0) return badBlock
  return runSequences(tableEnd, <i32>(end - tableEnd), count, first, out, limit, scratch)
}

// The literals of a block: where they lie, or into the scratch memory. Returns the bytes that they take, or what is wrong.
function openLiterals(at: usize, bytes: i32, blockMax: u32, scratch: usize): i32 {
  if (bytes < 1) return cut
  const kind = <u32>load<u8>(at) & 3
  const form = (<u32>load<u8>(at) >> 2) & 3
  if (kind < 2) {
    const headBytes = form == 1 ? 2 : form == 3 ? 3 : 1
    if (bytes < headBytes + <i32>(kind == 1)) return cut
    const head = <u32>load<u8>(at) | (headBytes > 1 ? <u32>load<u8>(at, 1) << 8 : 0) | (headBytes > 2 ? <u32>load<u8>(at, 2) << 16 : 0)
    const count = head >> (headBytes == 1 ? 3 : 4)
    if (count > blockMax) return badBlock
    literalCount = <i32>count
    if (kind == 0) {
      if (bytes - headBytes < literalCount) return cut
      literals = at + <usize>headBytes
      return headBytes + literalCount
    }
    literals = scratch + literalsAt
    memory.fill(literals, load<u8>(at + <usize>headBytes), <usize>count)
    return headBytes + 1
  }
  const headBytes = form < 2 ? 3 : <i32>form + 2
  if (bytes < headBytes) return cut
  let head: u64 = 0
  for (let i = 0; i < headBytes; i++) head |= <u64>load<u8>(at + <usize>i) << <u64>(8 * i)
  const sizeBits: u64 = form < 2 ? 10 : form == 2 ? 14 : 18
  const count = <u32>(head >> 4) & ((1 << <u32>sizeBits) - 1)
  const packed = <i32>((head >> (4 + sizeBits)) & ((<u64>1 << sizeBits) - 1))
  if (count > blockMax) return badBlock
  if (packed > bytes - headBytes) return cut
  literals = scratch + literalsAt
  literalCount = <i32>count
  return unpackLiterals(at + <usize>headBytes, packed, kind == 2, form == 0, scratch) ? headBytes + packed : badBlock
}

function unpackLiterals(at: usize, bytes: i32, hasTable: bool, isOne: bool, scratch: usize): bool {
  const table = scratch + huffmanAt
  if (hasTable) {
    const taken = readHuffman(at, bytes, table, scratch)
    if (taken < 0) return false
    huffman = <i32>huffmanLog
    at += <usize>taken
    bytes -= taken
  }
  if (huffman < 0) return false
  const log = <u32>huffman
  if (isOne) return readLiterals(at, bytes, literals, literalCount, table, log)
  if (bytes < 6) return false
  const one = <i32>load<u16>(at)
  const two = <i32>load<u16>(at, 2)
  const three = <i32>load<u16>(at, 4)
  const four = bytes - 6 - one - two - three
  const part = (literalCount + 3) >> 2
  const rest = literalCount - 3 * part
  if (four < 0 || rest < 0) return false
  at += 6
  if (!readLiterals(at, one, literals, part, table, log)) return false
  at += <usize>one
  if (!readLiterals(at, two, literals + <usize>part, part, table, log)) return false
  at += <usize>two
  return readLiterals(at, three, literals + 2 * <usize>part, part, table, log) && readLiterals(at + <usize>three, four, literals + 3 * <usize>part, rest, table, log)
}

// The table of one kind of codes: the format's, one code, the block's own, or that of the block before. Gives its logarithm, −1 where it is broken; sets tableEnd.
function openStates(mode: u32, at: usize, end: usize, table: usize, defaults: usize, symbols: i32, defaultLog: u32, logMax: u32, before: i32, scratch: usize): i32 {
  tableEnd = at
  if (mode == 3) return before
  if (mode == 0) {
    buildStates(table, defaults, symbols, defaultLog, scratch + 512)
    return <i32>defaultLog
  }
  const symbolsMax = defaults == offsetDefault ? 32 : symbols
  if (mode == 1) {
    if (at >= end || <i32>load<u8>(at) >= symbolsMax) return -1
    buildOne(table, <u32>load<u8>(at))
    tableEnd = at + 1
    return 0
  }
  const taken = readCounts(at, <i32>(end - at), scratch, symbolsMax, logMax)
  if (taken < 0 || !buildStates(table, scratch, tableSymbols, tableLog, scratch + 512)) return -1
  tableEnd = at + <usize>taken
  return <i32>tableLog
}

// Copies literals and repeats; returns the bytes written, or what is wrong.
function runSequences(at: usize, bytes: i32, count: i32, first: usize, out: usize, limit: usize, scratch: usize): i32 {
  const litTable = scratch + litStatesAt
  const offsetTable = scratch + offsetStatesAt
  const matchTable = scratch + matchStatesAt
  let position = streamBits(at, bytes)
  if (position < 0) return badBlock
  position -= litLog
  let lit = <u32>bitsAt(at, position, <u32>litLog)
  position -= offsetLog
  let far = <u32>bitsAt(at, position, <u32>offsetLog)
  position -= matchLog
  let match = <u32>bitsAt(at, position, <u32>matchLog)
  let from = literals
  const literalsEnd = literals + <usize>literalCount
  let o = out
  for (let i = count; i > 0; i--) {
    const litEntry = load<u32>(litTable + (<usize>lit << 2))
    const farEntry = load<u32>(offsetTable + (<usize>far << 2))
    const matchEntry = load<u32>(matchTable + (<usize>match << 2))
    const farCode = farEntry & 255
    position -= <i32>farCode
    const value = (<u32>1 << farCode) + <u32>bitsAt(at, position, farCode)
    const matchMore = <u32>load<u8>(matchBits + <usize>(matchEntry & 255))
    position -= <i32>matchMore
    const matchCount = <usize>(load<u32>(matchStarts + (<usize>(matchEntry & 255) << 2)) + <u32>bitsAt(at, position, matchMore))
    const litMore = <u32>load<u8>(litBits + <usize>(litEntry & 255))
    position -= <i32>litMore
    const litCount = <usize>(load<u32>(litStarts + (<usize>(litEntry & 255) << 2)) + <u32>bitsAt(at, position, litMore))
    if (i > 1) {
      let more = (litEntry >> 8) & 255
      position -= <i32>more
      lit = (litEntry >> 16) + <u32>bitsAt(at, position, more)
      more = (matchEntry >> 8) & 255
      position -= <i32>more
      match = (matchEntry >> 16) + <u32>bitsAt(at, position, more)
      more = (farEntry >> 8) & 255
      position -= <i32>more
      far = (farEntry >> 16) + <u32>bitsAt(at, position, more)
    }
    if (position < 0 || litCount > literalsEnd - from) return badBlock
    if (litCount + matchCount > limit - o) return tooLong
    copyOver(o, from, litCount)
    o += litCount
    from += litCount
    const offset = offsetOf(value, litCount == 0)
    if (offset == 0 || offset > o - first) return badOffset
    copyMatch(o, offset, matchCount)
    o += matchCount
  }
  const rest = literalsEnd - from
  if (position != 0) return badBlock
  if (rest > limit - o) return tooLong
  memory.copy(o, from, rest)
  return <i32>(o + rest - out)
}

// The offset that a value stands for: up to 3 one of the last three, or one less than the last.
@inline
function offsetOf(value: u32, noLiterals: bool): usize {
  if (value > 3) {
    rep3 = rep2
    rep2 = rep1
    rep1 = value - 3
    return <usize>rep1
  }
  const which = value - 1 + <u32>noLiterals
  if (which == 0) return <usize>rep1
  const offset = which == 1 ? rep2 : which == 2 ? rep3 : rep1 - 1
  if (which > 1) rep3 = rep2
  rep2 = rep1
  rep1 = offset
  return <usize>offset
}

// Sixteen bytes at a time; up to 15 behind the end are written, which later ones overwrite, or padding is.
@inline
function copyOver(to: usize, from: usize, count: usize): void {
  for (let i: usize = 0; i < count; i += 16) v128.store(to + i, v128.load(from + i))
}

@inline
function copyMatch(to: usize, offset: usize, count: usize): void {
  const from = to - offset
  if (offset >= 16) copyOver(to, from, count)
  else if (offset == 1) memory.fill(to, load<u8>(from), count)
  else if (offset >= 8) for (let i: usize = 0; i < count; i += 8) store<u64>(to + i, load<u64>(from + i))
  else for (let i: usize = 0; i < count; i++) store<u8>(to + i, load<u8>(from + i))
}
