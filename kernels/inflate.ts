// DEFLATE (RFC 1951), a piece at a time: between two symbols it can stop for want of input or room, and go on later. The state holds the bits not yet used,
// what is being read, and the tables of the codes at hand. Only bytes of the given ranges are read; up to 16 behind the output's end of a copy are written,
// inside the output.

// The state: bits u64, their number i32, the phase, whether the block is the last, bytes left of a stored block; then what the call used and made.
const atCount: usize = 8
const atPhase: usize = 12
const atFinal: usize = 16
const atStored: usize = 20
const atTaken: usize = 24
const atMade: usize = 28
// Tables of the first 10, 9 and 7 bits of a code: symbol * 16 + length, 0 for none or a longer code; then how many codes each length has, and their symbols in order.
const atLiterals: usize = 64
const literalBits: i32 = 10
const atDistances: usize = 4160
const distanceBits: i32 = 9
const atLengthCodes: usize = 6208
const lengthCodeBits: i32 = 7
const atLiteralCounts: usize = 6720
const atDistanceCounts: usize = 6752
const atLengthCounts: usize = 6784
const atLiteralSymbols: usize = 6816
const atDistanceSymbols: usize = 7392
const atLengthSymbols: usize = 7456
const atLengths: usize = 7520
const atPlaces: usize = 7840

/** Bytes of the state; all zero at first. */
export function inflateStateBytes(): i32 {
  return 8192
}

const header: i32 = 0
const stored: i32 = 1
const codes: i32 = 2
const done: i32 = 3
/** The most bytes of a block's header, and what a symbol may write. */
const headerBytes: usize = 640
const roomBytes: usize = 280

const lengthStarts: usize = memory.data<u16>([3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258])
const lengthExtra: usize = memory.data<u8>([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0])
const distanceStarts: usize = memory.data<u16>([
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
])
const distanceExtra: usize = memory.data<u8>([0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13])
const lengthOrder: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15])

// Canonical codes of these lengths: what is left over of the code space, negative where they are too many.
function build(state: usize, lengths: usize, symbols: i32, table: usize, bits: i32, counts: usize, sorted: usize): i32 {
  memory.fill(counts, 0, 32)
  memory.fill(table, 0, <usize>4 << bits)
  for (let s = 0; s < symbols; s++) {
    const at = counts + (<usize>load<u8>(lengths + s) << 1)
    store<u16>(at, load<u16>(at) + 1)
  }
  store<u16>(counts, 0)
  let spare = 1
  const places = state + atPlaces
  store<u16>(places + 2, 0)
  for (let length: usize = 1; length < 16; length++) {
    const count = <i32>load<u16>(counts + (length << 1))
    spare = (spare << 1) - count
    if (spare < 0) return spare
    if (length < 15) store<u16>(places + ((length + 1) << 1), load<u16>(places + (length << 1)) + <u16>count)
  }
  for (let s = 0; s < symbols; s++) {
    const length = <usize>load<u8>(lengths + s)
    if (length == 0) continue
    const at = places + (length << 1)
    const place = load<u16>(at)
    store<u16>(sorted + (<usize>place << 1), <u16>s)
    store<u16>(at, place + 1)
  }
  let code: u32 = 0
  let index: usize = 0
  const size: u32 = <u32>1 << bits
  for (let length = 1; length <= bits; length++) {
    for (let n = load<u16>(counts + (<usize>length << 1)); n > 0; n--) {
      const entry = (<u32>load<u16>(sorted + (index++ << 1)) << 4) | <u32>length
      for (let at = reversed(code, length); at < size; at += <u32>1 << length) store<u32>(table + (<usize>at << 2), entry)
      code++
    }
    code <<= 1
  }
  return spare
}

function reversed(code: u32, length: i32): u32 {
  let out: u32 = 0
  for (let i = 0; i < length; i++) {
    out = (out << 1) | (code & 1)
    code >>= 1
  }
  return out
}

// A code that is longer than its table's, bit by bit; 0 where there is none.
function longCode(bits: u64, counts: usize, sorted: usize): u32 {
  let code = 0
  let first = 0
  let index = 0
  for (let length = 1; length < 16; length++) {
    code |= <i32>(bits & 1)
    bits >>= 1
    const count = <i32>load<u16>(counts + (<usize>length << 1))
    if (code - count < first) return (<u32>load<u16>(sorted + (<usize>(index + code - first) << 1)) << 4) | <u32>length
    index += count
    first = (first + count) << 1
    code <<= 1
  }
  return 0
}

function fixedCodes(state: usize): void {
  const lengths = state + atLengths
  memory.fill(lengths, 8, 144)
  memory.fill(lengths + 144, 9, 112)
  memory.fill(lengths + 256, 7, 24)
  memory.fill(lengths + 280, 8, 8)
  build(state, lengths, 288, state + atLiterals, literalBits, state + atLiteralCounts, state + atLiteralSymbols)
  memory.fill(lengths, 5, 30)
  build(state, lengths, 30, state + atDistances, distanceBits, state + atDistanceCounts, state + atDistanceSymbols)
}

// The bits of the header of a block, in the state; the place behind them, or 0 where the input ends before they do.
let bits: u64 = 0
let count: i32 = 0
let place: usize = 0
function take(n: i32, end: usize): i32 {
  while (count < n && place < end) {
    bits |= <u64>load<u8>(place++) << count
    count += 8
  }
  if (count < n) return -1
  const value = <i32>(bits & ((<u64>1 << n) - 1))
  bits >>= n
  count -= n
  return value
}

// Reads the codes of a block: 0, or what is wrong.
function dynamicCodes(state: usize, end: usize): i32 {
  const literals = take(5, end) + 257
  const distances = take(5, end) + 1
  const lengthCodes = take(4, end) + 4
  if (lengthCodes < 4) return -1
  if (literals > 286 || distances > 30) return -3
  const lengths = state + atLengths
  memory.fill(lengths, 0, 320)
  for (let i = 0; i < lengthCodes; i++) {
    const length = take(3, end)
    if (length < 0) return -1
    store<u8>(lengths + <usize>load<u8>(lengthOrder + i), <u8>length)
  }
  if (build(state, lengths, 19, state + atLengthCodes, lengthCodeBits, state + atLengthCounts, state + atLengthSymbols) != 0) return -3
  memory.fill(lengths, 0, 320)
  let at = 0
  while (at < literals + distances) {
    while (count < 14 && place < end) {
      bits |= <u64>load<u8>(place++) << count
      count += 8
    }
    const entry = load<u32>(state + atLengthCodes + (<usize>(bits & 127) << 2))
    const used = <i32>(entry & 15)
    if (entry == 0 || used > count) return count < 7 ? -1 : -4
    bits >>= used
    count -= used
    const symbol = entry >> 4
    if (symbol < 16) {
      store<u8>(lengths + at++, <u8>symbol)
      continue
    }
    if (symbol == 16 && at == 0) return -3
    const value: u8 = symbol == 16 ? load<u8>(lengths + at - 1) : 0
    const more = symbol == 16 ? take(2, end) : symbol == 17 ? take(3, end) : take(7, end)
    if (more < 0) return -1
    const times = more + (symbol == 18 ? 11 : 3)
    if (at + times > literals + distances) return -3
    memory.fill(lengths + at, value, times)
    at += times
  }
  if (load<u8>(lengths + 256) == 0) return -3
  const room = build(state, lengths, literals, state + atLiterals, literalBits, state + atLiteralCounts, state + atLiteralSymbols)
  if (room < 0 || (room > 0 && !isLone(lengths, literals))) return -3
  const spare = build(state, lengths + literals, distances, state + atDistances, distanceBits, state + atDistanceCounts, state + atDistanceSymbols)
  return spare < 0 || (spare > 0 && !isLone(lengths + literals, distances)) ? -3 : 0
}

// At most one code, of one bit: the only ones that may leave some unused.
function isLone(lengths: usize, symbols: i32): bool {
  let sum = 0
  for (let s = 0; s < symbols; s++) sum += <i32>load<u8>(lengths + s)
  return sum <= 1
}

// Copies inside the output; up to 16 bytes more than `length` are written.
// @ts-ignore: decorator
@inline
function repeat(out: usize, distance: usize, length: usize): void {
  const from = out - distance
  if (distance >= 16) for (let i: usize = 0; i < length; i += 16) v128.store(out + i, v128.load(from + i))
  else if (distance == 1) memory.fill(out, load<u8>(from), length)
  else for (let i: usize = 0; i < length; i++) store<u8>(out + i, load<u8>(from + i))
}

// Reads what a block begins with: the phase that follows, or what is wrong.
function begin(state: usize, end: usize): i32 {
  const kind = take(3, end)
  if (kind < 0) return -1
  store<i32>(state + atFinal, kind & 1)
  if (kind >> 1 == 0) {
    take(count & 7, end)
    const length = take(16, end)
    const check = take(16, end)
    if (length < 0 || check < 0) return -1
    store<i32>(state + atStored, length)
    return (length ^ check) == 0xffff ? stored : -6
  }
  if (kind >> 1 == 3) return -2
  if (kind >> 1 == 1) {
    fixedCodes(state)
    return codes
  }
  const wrong = dynamicCodes(state, end)
  return wrong < 0 ? wrong : codes
}

/**
 * Unpacks from `source` to `out`, behind `window` bytes of earlier output. 0: wants more input (none of the last piece), 1: wants room, 2: the stream has ended;
 * −1 cut, −2 no such kind of block, −3 impossible codes, −4 no such symbol, −5 a distance before the output, −6 a stored block's length is damaged. What
 * was used and made is in the state at 24 and 28; input that was not used must come again. `outBytes` ≥ 280.
 */
export function inflate(state: usize, source: usize, sourceBytes: i32, isLast: i32, out: usize, outBytes: i32, window: i32): i32 {
  const end = source + <usize>sourceBytes
  const outEnd = out + <usize>outBytes
  const start = out - <usize>window
  let o = out
  bits = load<u64>(state)
  count = load<i32>(state + atCount)
  place = source
  let phase = load<i32>(state + atPhase)
  let result = 0
  while (true) {
    if (phase == header) {
      if (isLast == 0 && end - place < headerBytes) break
      phase = begin(state, end)
      if (phase < 0) {
        result = phase
        break
      }
    } else if (phase == stored) {
      place -= <usize>(count >> 3)
      bits = 0
      count = 0
      const size = <usize>load<i32>(state + atStored)
      const n = min(size, min(end - place, outEnd - o))
      memory.copy(o, place, n)
      o += n
      place += n
      store<i32>(state + atStored, <i32>(size - n))
      if (n < size) {
        result = o == outEnd ? 1 : isLast ? -1 : 0
        break
      }
      phase = load<i32>(state + atFinal) ? done : header
    } else if (phase == codes) {
      result = symbols(state, end, isLast, o, outEnd, start)
      o = written
      if (result != 2) break
      result = 0
      phase = load<i32>(state + atFinal) ? done : header
    } else {
      bits >>= count & 7
      count -= count & 7
      result = 2
      break
    }
  }
  place -= <usize>(count >> 3)
  count &= 7
  if (place > end) result = -1
  store<u64>(state, bits & ((<u64>1 << count) - 1))
  store<i32>(state + atCount, count)
  store<i32>(state + atPhase, phase)
  store<i32>(state + atTaken, <i32>(place - source))
  store<i32>(state + atMade, <i32>(o - out))
  return result
}

let written: usize = 0

// Where a block's symbols are left.
function left(word: u64, have: i32, p: usize, o: usize, result: i32): i32 {
  bits = word
  count = have
  place = p
  written = o
  return result
}

// The symbols of a block: as `inflate`, 2 at the block's end.
function symbols(state: usize, end: usize, isLast: i32, o: usize, outEnd: usize, start: usize): i32 {
  const literals = state + atLiterals
  const distances = state + atDistances
  let word = bits
  let have = count
  let p = place
  while (true) {
    if (outEnd - o < roomBytes) return left(word, have, p, o, 1)
    if (p + 8 <= end) {
      word |= load<u64>(p) << have
      p += (63 - have) >> 3
      have |= 56
    } else {
      if (isLast == 0) return left(word, have, p, o, 0)
      // Behind the end there are zeros; using them is noticed.
      for (; have <= 56; have += 8, p++) if (p < end) word |= <u64>load<u8>(p) << have
      if (p - <usize>(have >> 3) > end) return left(word, have, p, o, -1)
    }
    let entry = load<u32>(literals + (<usize>(word & 1023) << 2))
    if (entry == 0) entry = longCode(word, state + atLiteralCounts, state + atLiteralSymbols)
    if (entry == 0) return left(word, have, p, o, -4)
    word >>= entry & 15
    have -= entry & 15
    if (entry < 4096) {
      store<u8>(o++, <u8>(entry >> 4))
      entry = load<u32>(literals + (<usize>(word & 1023) << 2))
      if (entry - 1 >= 4095) continue
      word >>= entry & 15
      have -= entry & 15
      store<u8>(o++, <u8>(entry >> 4))
      continue
    }
    if (entry >> 4 == 256) return left(word, have, p, o, 2)
    const symbol = <usize>(entry >> 4) - 257
    if (symbol > 28) return left(word, have, p, o, -4)
    const extra = <u64>load<u8>(lengthExtra + symbol)
    const length = <usize>load<u16>(lengthStarts + (symbol << 1)) + <usize>(word & ((<u64>1 << extra) - 1))
    word >>= extra
    let code = load<u32>(distances + (<usize>(word & 511) << 2))
    if (code == 0) code = longCode(word, state + atDistanceCounts, state + atDistanceSymbols)
    const d = <usize>(code >> 4)
    if (code == 0 || d > 29) return left(word, have, p, o, -4)
    word >>= code & 15
    const farther = <u64>load<u8>(distanceExtra + d)
    const distance = <usize>load<u16>(distanceStarts + (d << 1)) + <usize>(word & ((<u64>1 << farther) - 1))
    word >>= farther
    have -= <i32>extra + <i32>(code & 15) + <i32>farther
    if (distance > o - start) return left(word, have, p, o, -5)
    repeat(o, distance, length)
    o += length
  }
}
