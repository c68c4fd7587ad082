// Zstandard's entropy coders (RFC 8878, sections 4.1 and 4.2), for reading. Streams of bits are read from their end: `position` counts the bits that are left, and
// bits before the beginning are zeros. Eight bytes behind a stream may be loaded, and are masked.

/** The logarithm of the states of the last table that was read. */
export let tableLog: u32 = 0
/** And its symbols. */
export let tableSymbols: i32 = 0
/** The longest code of the last Huffman table. */
export let huffmanLog: u32 = 0

/** Bytes of a table of states: 512 of symbol, bits and base. */
export const stateTableBytes: usize = 2048
/** Bytes of a Huffman table: 2048 entries of symbol and bits. */
export const huffmanTableBytes: usize = 4096
/** Bytes of scratch that reading tables takes: counts, next states, weights, a table of states. */
export const entropyScratchBytes: usize = 512 + 512 + 256 + stateTableBytes

/** Bits [at, at + count) of a stream, count up to 56; those before its beginning are zeros. */
@inline
export function bitsAt(start: usize, at: i32, count: u32): u64 {
  const mask = (<u64>1 << <u64>count) - 1
  if (at >= 0) return (load<u64>(start + <usize>(at >>> 3)) >> <u64>(at & 7)) & mask
  const held = at + <i32>count
  return held <= 0 ? 0 : (load<u64>(start) & ((<u64>1 << <u64>held) - 1)) << <u64>(-at)
}

/** The bits of a stream that ends in a 1 and zeros up to the byte; −1 where its last byte is 0, or there is none. */
export function streamBits(start: usize, bytes: i32): i32 {
  if (bytes <= 0) return -1
  const last = <u32>load<u8>(start + <usize>(bytes - 1))
  return last == 0 ? -1 : 8 * bytes - <i32>clz<u32>(last) + 23
}

// Up to eight bytes, zeros behind the end.
function bytesAt(source: usize, bytes: i32, at: i32): u64 {
  if (at + 8 <= bytes) return load<u64>(source + <usize>at)
  let value: u64 = 0
  for (let i = 0; i < 8 && at + i < bytes; i++) value |= <u64>load<u8>(source + <usize>(at + i)) << <u64>(8 * i)
  return value
}

/** Reads normalized counts (i16 a symbol). Returns the bytes that they take, or −1 where they are broken. Sets tableLog and tableSymbols. */
export function readCounts(source: usize, bytes: i32, norm: usize, symbolsMax: i32, logMax: u32): i32 {
  if (bytes < 1) return -1
  tableLog = (<u32>load<u8>(source) & 15) + 5
  if (tableLog > logMax) return -1
  let bit = 4
  let left: i32 = 1 << tableLog
  let symbol = 0
  while (left > 0) {
    if (symbol >= symbolsMax || bit > 8 * bytes) return -1
    const count = 32 - clz<u32>(<u32>(left + 1))
    const value = <i32>((bytesAt(source, bytes, bit >> 3) >> <u64>(bit & 7)) & ((<u64>1 << <u64>count) - 1))
    const low = value & ((1 << (count - 1)) - 1)
    const small = (1 << count) - 2 - left
    let found = low
    if (low < small) bit += count - 1
    else {
      bit += count
      found = value >= 1 << (count - 1) ? value - small : value
    }
    const proba = found - 1
    left -= proba < 0 ? 1 : proba
    store<i16>(norm + (<usize>(symbol++) << 1), <i16>proba)
    if (proba != 0) continue
    // Two bits say how many more have none; 3 says that two further bits follow.
    let more = 3
    while (more == 3) {
      if (bit > 8 * bytes) return -1
      more = <i32>(bytesAt(source, bytes, bit >> 3) >> <u64>(bit & 7)) & 3
      bit += 2
      if (symbol + more > symbolsMax) return -1
      for (let i = 0; i < more; i++) store<i16>(norm + (<usize>(symbol++) << 1), 0)
    }
  }
  if (left != 0 || bit > 8 * bytes) return -1
  tableSymbols = symbol
  return (bit + 7) >> 3
}

/** The table of 1 << log states: symbol, bits << 8, base << 16. `next`: 512 bytes of scratch. False where the counts don't fill it. */
export function buildStates(table: usize, norm: usize, symbols: i32, log: u32, next: usize): bool {
  const size: u32 = 1 << log
  const mask = size - 1
  const step = (size >> 1) + (size >> 3) + 3
  let high: i32 = <i32>size - 1
  for (let s = 0; s < symbols; s++) {
    const count = load<i16>(norm + (<usize>s << 1))
    store<u16>(next + (<usize>s << 1), count == -1 ? 1 : <u16>count)
    if (count == -1) store<u32>(table + (<usize>(high--) << 2), <u32>s)
  }
  let position: u32 = 0
  for (let s = 0; s < symbols; s++) {
    const count = <i32>load<i16>(norm + (<usize>s << 1))
    for (let i = 0; i < count; i++) {
      store<u32>(table + (<usize>position << 2), <u32>s)
      do position = (position + step) & mask
      while (<i32>position > high)
    }
  }
  if (position != 0) return false
  for (let i: u32 = 0; i < size; i++) {
    const symbol = load<u32>(table + (<usize>i << 2))
    const at = next + (<usize>symbol << 1)
    const state = <u32>load<u16>(at)
    store<u16>(at, <u16>(state + 1))
    const count = log - (31 - clz<u32>(state))
    store<u32>(table + (<usize>i << 2), symbol | (count << 8) | (((state << count) - size) << 16))
  }
  return true
}

/** A table of one state that gives one symbol and takes no bits. */
export function buildOne(table: usize, symbol: u32): void {
  store<u32>(table, symbol)
}

// Weights by two states in turns. Gives how many, or −1.
function readWeights(source: usize, bytes: i32, weights: usize, norm: usize, next: usize, table: usize): i32 {
  const taken = readCounts(source, bytes, norm, 256, 6)
  if (taken < 0 || !buildStates(table, norm, tableSymbols, tableLog, next)) return -1
  const start = source + <usize>taken
  let position = streamBits(start, bytes - taken)
  if (position < 0) return -1
  position -= <i32>tableLog
  let one = <u32>bitsAt(start, position, tableLog)
  position -= <i32>tableLog
  let other = <u32>bitsAt(start, position, tableLog)
  if (position < 0) return -1
  for (let count = 0; count < 254; ) {
    const entry = load<u32>(table + (<usize>one << 2))
    store<u8>(weights + <usize>(count++), <u8>entry)
    const bits = (entry >> 8) & 255
    position -= <i32>bits
    if (position < 0) {
      store<u8>(weights + <usize>(count++), <u8>load<u32>(table + (<usize>other << 2)))
      return count
    }
    one = other
    other = (entry >> 16) + <u32>bitsAt(start, position, bits)
  }
  return -1
}

/** Reads a Huffman table of literals. Returns the bytes that its description takes, or −1. Sets huffmanLog. `scratch`: entropyScratchBytes. */
export function readHuffman(source: usize, bytes: i32, table: usize, scratch: usize): i32 {
  if (bytes < 1) return -1
  const weights = scratch + 1024
  const head = <i32>load<u8>(source)
  let taken = 1 + head
  let count = 0
  if (head < 128) {
    if (taken > bytes) return -1
    count = readWeights(source + 1, head, weights, scratch, scratch + 512, scratch + 1280)
    if (count < 0) return -1
  } else {
    count = head - 127
    taken = 1 + ((count + 1) >> 1)
    if (taken > bytes) return -1
    for (let i = 0; i < count; i++) {
      const pair = load<u8>(source + 1 + <usize>(i >> 1))
      store<u8>(weights + <usize>i, i & 1 ? pair & 15 : pair >> 4)
    }
  }
  return fillHuffman(weights, count, table) ? taken : -1
}

// The last weight is what is missing to a power of two. Codes of equal length stand in the order of their bytes, the longest first.
function fillHuffman(weights: usize, known: i32, table: usize): bool {
  let total: u32 = 0
  for (let i = 0; i < known; i++) {
    const weight = <u32>load<u8>(weights + <usize>i)
    if (weight > 11) return false
    total += weight > 0 ? 1 << (weight - 1) : 0
  }
  if (total == 0 || total >= 2048) return false
  const log: u32 = 32 - clz<u32>(total)
  const missing: u32 = (1 << log) - total
  if (popcnt<u32>(missing) != 1) return false
  store<u8>(weights + <usize>known, <u8>(ctz<u32>(missing) + 1))
  let at: u32 = 0
  for (let weight: u32 = 1; weight <= log; weight++) {
    const entries: u32 = 1 << (weight - 1)
    for (let symbol = 0; symbol <= known; symbol++) {
      if (<u32>load<u8>(weights + <usize>symbol) != weight) continue
      const entry = <u16>(<u32>symbol | ((log + 1 - weight) << 8))
      for (let i: u32 = 0; i < entries; i++) store<u16>(table + (<usize>(at++) << 1), entry)
    }
  }
  huffmanLog = log
  return at == <u32>1 << log
}

/** Decodes one stream of `count` bytes to `out`. False where its bits are not just as many as these take. */
export function readLiterals(source: usize, bytes: i32, out: usize, count: i32, table: usize, log: u32): bool {
  let position = streamBits(source, bytes)
  if (position < 0) return false
  const end = out + <usize>count
  const mask = (1 << log) - 1
  // 56 bits hold five codes of eleven.
  while (position >= 56 && out + 5 <= end) {
    const at = position - 56
    const window = load<u64>(source + <usize>(at >>> 3)) >> <u64>(at & 7)
    let left: u32 = 56
    for (let i: usize = 0; i < 5; i++) {
      const entry = <u32>load<u16>(table + (<usize>((<u32>(window >> <u64>(left - log))) & mask) << 1))
      store<u8>(out + i, <u8>entry)
      left -= entry >> 8
    }
    out += 5
    position -= 56 - <i32>left
  }
  while (out < end) {
    const entry = <u32>load<u16>(table + (<usize>bitsAt(source, position - <i32>log, log) << 1))
    store<u8>(out++, <u8>entry)
    position -= <i32>(entry >> 8)
    if (position < 0) return false
  }
  return position == 0
}
