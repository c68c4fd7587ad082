// Sequences of Zstandard's blocks (RFC 8878, section 3.1.1.3.2), for writing: literal lengths, match lengths and offsets as codes with further bits, by tables
// of the block, or those that the format has for few. And where a block's parts lie in the scratch memory.
import { addBits, beginBits, buildTable, endBits, firstState, flushBits, huffmanBytes, nextState, normalize, tableBytes, tableLogOf, writeCounts } from './zstd-entropy'

/** The most bytes of a block. */
export const blockBytesMax: i32 = 131072
/** The most sequences of a block: each takes four bytes at least. */
export const sequencesMax: i32 = 32768
/** The logarithm of the places of the hash table, which the scratch memory begins with. */
export const hashLog: u32 = 16

// Where things lie in the scratch memory.
/** Literal lengths. */
export const litLengthsAt: usize = 4 << hashLog
/** Match lengths less 3. */
export const matchLengthsAt: usize = litLengthsAt + 4 * <usize>sequencesMax
/** Offsets as the format codes them. */
export const offsetsAt: usize = matchLengthsAt + 4 * <usize>sequencesMax
/** The bytes between matches. */
export const literalsAt: usize = offsetsAt + 4 * <usize>sequencesMax
/** Codes of literal lengths. */
export const litCodesAt: usize = literalsAt + <usize>blockBytesMax + 64
/** Codes of match lengths. */
export const matchCodesAt: usize = litCodesAt + <usize>sequencesMax
/** Codes of offsets. */
export const offsetCodesAt: usize = matchCodesAt + <usize>sequencesMax
/** Counts of 256 symbols. */
export const countsAt: usize = offsetCodesAt + <usize>sequencesMax
/** Huffman codes of 256 bytes. */
export const codesAt: usize = countsAt + 1024
/** What huffmanCodes needs besides. */
export const orderAt: usize = codesAt + 1024
/** Normalized counts. */
export const normAt: usize = orderAt + huffmanBytes
/** The table of literal lengths. */
export const litTableAt: usize = normAt + 512
/** The table of match lengths. */
export const matchTableAt: usize = litTableAt + tableBytes
/** The table of offsets. */
export const offsetTableAt: usize = matchTableAt + tableBytes
/** Weights of Huffman codes. */
export const weightsAt: usize = offsetTableAt + tableBytes
/** Bytes of scratch in all. */
export const scratchEnd: usize = weightsAt + 256

/** Distributions that the format has for sequences without tables of their own: literal lengths, match lengths, offsets. */
export const litDefault: usize = memory.data<i16>([4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1])
/** The one for match lengths. */
export const matchDefault: usize = memory.data<i16>([
  1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
])
/** The one for offsets. */
export const offsetDefault: usize = memory.data<i16>([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1])
/** From here on the codes of lengths are those of powers of two. */
const litCodes: usize = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 17, 17, 18, 18, 19, 19, 20, 20, 20, 20, 21, 21, 21, 21,
  22, 22, 22, 22, 22, 22, 22, 22, 23, 23, 23, 23, 23, 23, 23, 23, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24, 24,
])
/** Bits behind the codes of literal lengths. */
export const litBits: usize = memory.data<u8>([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
const matchCodes: usize = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
  32, 32, 33, 33, 34, 34, 35, 35, 36, 36, 36, 36, 37, 37, 37, 37, 38, 38, 38, 38, 38, 38, 38, 38, 39, 39, 39, 39, 39, 39, 39, 39,
  40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41, 41,
  42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42, 42,
])
/** Bits behind the codes of match lengths. */
export const matchBits: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
])

// Codes of one kind, their counts taken: the table of the block, one code for all, or the format's. Gives the mode; `out` moves on by `written`.
let written: usize = 0
function chooseTable(out: usize, codes: usize, symbolsMax: i32, defaults: usize, defaultLog: u32, most: u32, table: usize, scratch: usize, sequences: i32): u32 {
  const counts = scratch + countsAt
  memory.fill(counts, 0, 256)
  for (let i = 0; i < sequences; i++) {
    const at = counts + (<usize>load<u8>(codes + <usize>i) << 2)
    store<u32>(at, load<u32>(at) + 1)
  }
  let symbols = 64
  while (load<u32>(counts + (<usize>(symbols - 1) << 2)) == 0) symbols--
  if (sequences > 2 && load<u32>(counts + (<usize>(symbols - 1) << 2)) == <u32>sequences) {
    store<u8>(out, <u8>(symbols - 1))
    written = 1
    return 1
  }
  if (sequences < 64 && symbols <= symbolsMax) {
    buildTable(table, defaults, symbolsMax, defaultLog)
    written = 0
    return 0
  }
  const tableLog = tableLogOf(<u32>sequences, <u32>symbols - 1, most)
  const norm = scratch + normAt
  normalize(counts, symbols, <u32>sequences, tableLog, norm)
  buildTable(table, norm, symbols, tableLog)
  written = writeCounts(out, norm, symbols, tableLog) - out
  store<u32>(table + tableBytes - 4, tableLog)
  return 2
}

/** The block's section of `sequences` sequences, which lie in the scratch memory; gives where it ends. */
export function writeSequences(out: usize, scratch: usize, sequences: i32): usize {
  let o = out
  if (sequences < 128) store<u8>(o++, <u8>sequences)
  else if (sequences < 0x7f00) {
    store<u8>(o, <u8>((sequences >> 8) + 128))
    store<u8>(o, <u8>sequences, 1)
    o += 2
  } else {
    store<u8>(o, 255)
    store<u16>(o, <u16>(sequences - 0x7f00), 1)
    o += 3
  }
  if (sequences == 0) return o
  codeSequences(scratch, sequences)
  const modes = o++
  const litMode = chooseTable(o, scratch + litCodesAt, 36, litDefault, 6, 9, scratch + litTableAt, scratch, sequences)
  const litLog = logOf(litMode, 6, scratch + litTableAt)
  o += written
  const offsetMode = chooseTable(o, scratch + offsetCodesAt, 29, offsetDefault, 5, 8, scratch + offsetTableAt, scratch, sequences)
  const offsetLog = logOf(offsetMode, 5, scratch + offsetTableAt)
  o += written
  const matchMode = chooseTable(o, scratch + matchCodesAt, 53, matchDefault, 6, 9, scratch + matchTableAt, scratch, sequences)
  const matchLog = logOf(matchMode, 6, scratch + matchTableAt)
  o += written
  store<u8>(modes, <u8>((litMode << 6) | (offsetMode << 4) | (matchMode << 2)))
  return writeStates(o, scratch, sequences, litLog, offsetLog, matchLog)
}

@inline
function logOf(mode: u32, defaultLog: u32, table: usize): u32 {
  return mode == 2 ? load<u32>(table + tableBytes - 4) : mode == 1 ? 0 : defaultLog
}

function codeSequences(scratch: usize, sequences: i32): void {
  for (let i = 0; i < sequences; i++) {
    const at = <usize>i << 2
    const lit = load<u32>(scratch + litLengthsAt + at)
    const match = load<u32>(scratch + matchLengthsAt + at)
    store<u8>(scratch + litCodesAt + <usize>i, lit < 64 ? load<u8>(litCodes + <usize>lit) : <u8>(31 - clz<u32>(lit) + 19))
    store<u8>(scratch + matchCodesAt + <usize>i, match < 128 ? load<u8>(matchCodes + <usize>match) : <u8>(31 - clz<u32>(match) + 36))
    store<u8>(scratch + offsetCodesAt + <usize>i, <u8>(31 - clz<u32>(load<u32>(scratch + offsetsAt + at))))
  }
}

// From the last sequence to the first; a table of one symbol (log 0) has no states.
function writeStates(out: usize, scratch: usize, sequences: i32, litLog: u32, offsetLog: u32, matchLog: u32): usize {
  const litTable = scratch + litTableAt
  const matchTable = scratch + matchTableAt
  const offsetTable = scratch + offsetTableAt
  beginBits(out)
  let litState: u32 = 0
  let matchState: u32 = 0
  let offsetState: u32 = 0
  for (let i = sequences - 1; i >= 0; i--) {
    const litCode = <u32>load<u8>(scratch + litCodesAt + <usize>i)
    const matchCode = <u32>load<u8>(scratch + matchCodesAt + <usize>i)
    const offsetCode = <u32>load<u8>(scratch + offsetCodesAt + <usize>i)
    if (i == sequences - 1) {
      if (matchLog > 0) matchState = firstState(matchTable, matchCode)
      if (offsetLog > 0) offsetState = firstState(offsetTable, offsetCode)
      if (litLog > 0) litState = firstState(litTable, litCode)
    } else {
      if (offsetLog > 0) offsetState = nextState(offsetTable, offsetState, offsetCode)
      if (matchLog > 0) matchState = nextState(matchTable, matchState, matchCode)
      if (litLog > 0) litState = nextState(litTable, litState, litCode)
      flushBits()
    }
    const at = <usize>i << 2
    addBits(<u64>load<u32>(scratch + litLengthsAt + at), <u64>load<u8>(litBits + <usize>litCode))
    addBits(<u64>load<u32>(scratch + matchLengthsAt + at), <u64>load<u8>(matchBits + <usize>matchCode))
    flushBits()
    addBits(<u64>load<u32>(scratch + offsetsAt + at), <u64>offsetCode)
    flushBits()
  }
  if (matchLog > 0) addBits(<u64>matchState, <u64>matchLog)
  if (offsetLog > 0) addBits(<u64>offsetState, <u64>offsetLog)
  if (litLog > 0) addBits(<u64>litState, <u64>litLog)
  return endBits()
}
