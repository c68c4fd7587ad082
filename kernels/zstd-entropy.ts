// Zstandard's entropy coders (RFC 8878, sections 4.1 and 4.2), for writing: finite state entropy tables from counts, and Huffman codes of
// literals. Bits are put together from the lowest up and written towards the end; readers begin there.

/** Bits on their way out: what has not been written, how many bits that is, and where the next byte goes. One stream at a time. */
let bits: u64 = 0
let bitCount: u64 = 0
let next: usize = 0

/** Begins a stream of bits at `out`. */
export function beginBits(out: usize): void {
  bits = 0
  bitCount = 0
  next = out
}

/** Puts the low `count` bits of `value` to the stream; at most 56 since the last `flushBits`. */
export function addBits(value: u64, count: u64): void {
  bits |= (value & ((<u64>1 << count) - 1)) << bitCount
  bitCount += count
}

/** Writes whole bytes; 8 bytes from the end of the stream are overwritten. */
export function flushBits(): void {
  store<u64>(next, bits)
  next += <usize>(bitCount >> 3)
  bits >>= bitCount & 56
  bitCount &= 7
}

/** Ends a stream that is read from its end: a 1, and zeros up to the byte. Gives where it ends. */
export function endBits(): usize {
  addBits(1, 1)
  flushBits()
  return bitCount > 0 ? next + 1 : next
}

/** Bytes of a table that `buildTable` makes: 64 symbols of 8 bytes, 512 states, 512 symbols of states. */
export const tableBytes: usize = 64 * 8 + 512 * 2 + 512
const statesAt: usize = 512
const spreadAt: usize = 512 + 1024

@inline
function highBit(value: u32): u32 {
  return 31 - clz<u32>(value)
}

/** The table of normalized counts (i16 a symbol, −1 for less than one) for encoding, of 1 << tableLog states. */
export function buildTable(table: usize, norm: usize, symbols: i32, tableLog: u32): void {
  const size: u32 = 1 << tableLog
  const mask = size - 1
  const step = (size >> 1) + (size >> 3) + 3
  const spread = table + spreadAt
  const states = table + statesAt
  let high = size - 1
  for (let s = 0; s < symbols; s++) if (load<i16>(norm + (<usize>s << 1)) == -1) store<u8>(spread + <usize>(high--), <u8>s)
  let position: u32 = 0
  for (let s = 0; s < symbols; s++) {
    const count = <i32>load<i16>(norm + (<usize>s << 1))
    for (let i = 0; i < count; i++) {
      store<u8>(spread + <usize>position, <u8>s)
      do {
        position = (position + step) & mask
      } while (position > high)
    }
  }
  // Where the states of each symbol begin; kept in its entry until all are numbered.
  let total: u32 = 0
  for (let s = 0; s < symbols; s++) {
    const entry = table + (<usize>s << 3)
    store<u32>(entry, total)
    const count = <i32>load<i16>(norm + (<usize>s << 1))
    total += count == -1 ? 1 : <u32>count
  }
  for (let u: u32 = 0; u < size; u++) {
    const entry = table + (<usize>load<u8>(spread + <usize>u) << 3)
    const at = load<u32>(entry)
    store<u16>(states + (<usize>at << 1), <u16>(size + u))
    store<u32>(entry, at + 1)
  }
  total = 0
  for (let s = 0; s < symbols; s++) {
    const entry = table + (<usize>s << 3)
    const count = <i32>load<i16>(norm + (<usize>s << 1))
    if (count == 1 || count == -1) {
      store<u32>(entry, (tableLog << 16) - size)
      store<i32>(entry, <i32>total - 1, 4)
      total++
    } else if (count > 1) {
      const bitsOut = tableLog - highBit(<u32>count - 1)
      store<u32>(entry, (bitsOut << 16) - (<u32>count << bitsOut))
      store<i32>(entry, <i32>total - count, 4)
      total += <u32>count
    }
  }
}

/** The state before any symbol but `symbol`, which costs no bits. */
export function firstState(table: usize, symbol: u32): u32 {
  const entry = table + (<usize>symbol << 3)
  const delta = load<u32>(entry)
  const count = (delta + (1 << 15)) >> 16
  const value = (count << 16) - delta
  return <u32>load<u16>(table + statesAt + (<usize>(<i32>(value >> count) + load<i32>(entry, 4)) << 1))
}

/** Writes a symbol; gives the state behind it. */
export function nextState(table: usize, state: u32, symbol: u32): u32 {
  const entry = table + (<usize>symbol << 3)
  const count = (state + load<u32>(entry)) >> 16
  addBits(<u64>state, <u64>count)
  return <u32>load<u16>(table + statesAt + (<usize>(<i32>(state >> count) + load<i32>(entry, 4)) << 1))
}

/** The logarithm of the states that `total` symbols are worth, at most `most`. */
export function tableLogOf(total: u32, symbols: u32, most: u32): u32 {
  const bySource = highBit(total - 1) < 2 ? 0 : highBit(total - 1) - 2
  const least = min(highBit(total) + 1, highBit(symbols) + 2)
  return max<u32>(5, min(most, max(bySource, least)))
}

/** Normalizes counts (u32 a symbol) to i16 that add up to 1 << tableLog; a symbol that occurs keeps 1 at least. */
export function normalize(counts: usize, symbols: i32, total: u32, tableLog: u32, norm: usize): void {
  const size: i32 = 1 << tableLog
  let rest = size
  for (let s = 0; s < symbols; s++) {
    const count = load<u32>(counts + (<usize>s << 2))
    const share = count == 0 ? 0 : max<i32>(1, <i32>((<u64>count * <u64>size + (<u64>total >> 1)) / <u64>total))
    store<i16>(norm + (<usize>s << 1), <i16>share)
    rest -= share
  }
  while (rest != 0) {
    let largest = 0
    for (let s = 1; s < symbols; s++) if (load<i16>(norm + (<usize>s << 1)) > load<i16>(norm + (<usize>largest << 1))) largest = s
    const at = norm + (<usize>largest << 1)
    // What is too much is taken from the largest ones bit by bit; what is missing goes to the largest.
    const by = rest > 0 ? rest : max(rest, -max<i32>(1, <i32>load<i16>(at) >> 3))
    store<i16>(at, <i16>(<i32>load<i16>(at) + by))
    rest -= by
  }
}

/** Writes the description of normalized counts; gives where it ends. */
export function writeCounts(out: usize, norm: usize, symbols: i32, tableLog: u32): usize {
  beginBits(out)
  addBits(<u64>(tableLog - 5), 4)
  let remaining: i32 = (1 << tableLog) + 1
  let threshold: i32 = 1 << tableLog
  let width: u64 = <u64>tableLog + 1
  let symbol = 0
  let wasZero = false
  while (symbol < symbols && remaining > 1) {
    if (wasZero) {
      let start = symbol
      while (symbol < symbols && load<i16>(norm + (<usize>symbol << 1)) == 0) symbol++
      if (symbol == symbols) break
      for (; symbol >= start + 24; start += 24) {
        addBits(0xffff, 16)
        flushBits()
      }
      for (; symbol >= start + 3; start += 3) {
        addBits(3, 2)
        flushBits()
      }
      addBits(<u64>(symbol - start), 2)
    }
    let count = <i32>load<i16>(norm + (<usize>(symbol++) << 1))
    const most = 2 * threshold - 1 - remaining
    remaining -= count < 0 ? -count : count
    count++
    if (count >= threshold) count += most
    addBits(<u64>count, width - (count < most ? 1 : 0))
    flushBits()
    wasZero = count == 1
    while (remaining < threshold) {
      width--
      threshold >>= 1
    }
  }
  flushBits()
  return bitCount > 0 ? next + 1 : next
}

/** Bits of the longest Huffman code. */
const codeBitsMax: i32 = 11

/** Scratch of `huffmanCodes`: counts in order, symbols in order. */
export const huffmanBytes: usize = 256 * 4 * 2

/**
 * Huffman codes of counts (u32 a byte value, at least two of them above 0): into `codes`, an u32 a byte value: the code, and its length from bit 16 on.
 * Gives the length of the longest. The code is complete. Method: Moffat and Katajainen's in place, then lengths above 11 repaired.
 */
export function huffmanCodes(counts: usize, codes: usize, scratch: usize): i32 {
  const order = scratch + 1024
  let n = 0
  for (let s = 0; s < 256; s++) {
    const count = load<u32>(counts + (<usize>s << 2))
    store<u32>(codes + (<usize>s << 2), 0)
    if (count == 0) continue
    let at = n++
    for (; at > 0 && load<u32>(scratch + (<usize>(at - 1) << 2)) > count; at--) {
      store<u32>(scratch + (<usize>at << 2), load<u32>(scratch + (<usize>(at - 1) << 2)))
      store<u32>(order + (<usize>at << 2), load<u32>(order + (<usize>(at - 1) << 2)))
    }
    store<u32>(scratch + (<usize>at << 2), count)
    store<u32>(order + (<usize>at << 2), <u32>s)
  }
  lengthsInPlace(scratch, n)
  return assignCodes(codes, scratch, order, n)
}

// Counts, rising, become the lengths of their codes, falling.
function lengthsInPlace(a: usize, n: i32): void {
  let root = 0
  let leaf = 2
  store<u32>(a, load<u32>(a) + load<u32>(a, 4))
  for (let i = 1; i < n - 1; i++) {
    let sum: u32 = 0
    for (let k = 0; k < 2; k++) {
      if (leaf >= n || (root < i && load<u32>(a + (<usize>root << 2)) < load<u32>(a + (<usize>leaf << 2)))) {
        sum += load<u32>(a + (<usize>root << 2))
        store<u32>(a + (<usize>(root++) << 2), <u32>i)
      } else sum += load<u32>(a + (<usize>(leaf++) << 2))
    }
    store<u32>(a + (<usize>i << 2), sum)
  }
  store<u32>(a + (<usize>(n - 2) << 2), 0)
  for (let i = n - 3; i >= 0; i--) store<u32>(a + (<usize>i << 2), load<u32>(a + (<usize>load<u32>(a + (<usize>i << 2)) << 2)) + 1)
  let available = 1
  let used = 0
  let depth: u32 = 0
  root = n - 2
  let write = n - 1
  while (available > 0) {
    while (root >= 0 && load<u32>(a + (<usize>root << 2)) == depth) {
      used++
      root--
    }
    while (available > used) {
      store<u32>(a + (<usize>(write--) << 2), depth)
      available--
    }
    available = 2 * used
    depth++
    used = 0
  }
}

// The share of all codes that the lengths take, in units of the longest: lengths are moved until it is the whole.
function assignCodes(codes: usize, lengths: usize, order: usize, n: i32): i32 {
  let taken = 0
  for (let i = 0; i < n; i++) {
    const length = min<u32>(load<u32>(lengths + (<usize>i << 2)), <u32>codeBitsMax)
    store<u32>(lengths + (<usize>i << 2), length)
    taken += 1 << (codeBitsMax - <i32>length)
  }
  const whole = 1 << codeBitsMax
  while (taken > whole) {
    // The rarest of the symbols with the longest codes that may grow.
    let at = 0
    while (<i32>load<u32>(lengths + (<usize>at << 2)) == codeBitsMax) at++
    const length = <i32>load<u32>(lengths + (<usize>at << 2))
    store<u32>(lengths + (<usize>at << 2), <u32>(length + 1))
    taken -= 1 << (codeBitsMax - length - 1)
  }
  // All shares are multiples of the longest code's, so that one fits what is missing as long as anything is.
  while (taken < whole) {
    for (let i = n - 1; i >= 0; i--) {
      const length = <i32>load<u32>(lengths + (<usize>i << 2))
      const gain = 1 << (codeBitsMax - length)
      if (length <= 1 || taken + gain > whole) continue
      store<u32>(lengths + (<usize>i << 2), <u32>(length - 1))
      taken += gain
    }
  }
  let longest = 0
  for (let i = 0; i < n; i++) {
    const length = load<u32>(lengths + (<usize>i << 2))
    longest = max(longest, <i32>length)
    store<u32>(codes + (<usize>load<u32>(order + (<usize>i << 2)) << 2), length << 16)
  }
  let code: u32 = 0
  for (let length = longest; length > 0; length--) {
    for (let s = 0; s < 256; s++) if (<i32>(load<u32>(codes + (<usize>s << 2)) >> 16) == length) store<u32>(codes + (<usize>s << 2), (<u32>length << 16) | code++)
    code >>= 1
  }
  return longest
}
