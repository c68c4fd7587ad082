// Grouping: key values to dense group numbers (gids), new groups appended. A table is a 64-byte header that src/compute/key-dictionary.ts
// fills in, an array of keys in gid order, and slots: either a direct array over a dense range of numbers, or open addressing with linear
// probing and the key inline (load ≤ 0.5). Rows are probed in blocks: first the hashes of all, so that cache misses overlap; then those that hit
// at home, without a branch; then the rest. Nothing here allocates: a kernel stops at the row for which there is no room and returns its number.
//
// header: 0 slots · 4 shift (64 − bits) · 8 mask · 12 count · 16 limit · 20 keys · 24 gid of null + 1 · 28 heap next · 32 heap end
//         36 direct · 40 direct size · 48 direct minimum (i64) · 60 scratch · 64 a block's list (512 bytes)
// word entry, 16 bytes: key u64, gid + 1 u32, 0. view entry, 32 bytes: view, gid + 1 u32, 12 unused.
import { isValid } from './validity'

const nanBits: u64 = 0x7ff8000000000000
const missing: u32 = 0xffffffff

// @ts-ignore: decorator
@inline function wordAt<T>(values: usize, row: i32): u64 {
  if (isFloat<T>()) {
    const value = load<f64>(values + (<usize>row << 3))
    if (value != value) return nanBits
    return value == 0 ? 0 : reinterpret<u64>(value)
  }
  return <u64>(<i64>load<T>(values + <usize>row * sizeof<T>()))
}

// @ts-ignore: decorator
@inline function hashWord(word: u64): u64 {
  return (word ^ (word >> 32)) * 0x9e3779b97f4a7c15
}

// The gid of null; appended on first sight. Returns `missing` where there is no room.
function nullGroup(table: usize, keyBytes: u32): u32 {
  const known = load<u32>(table, 24)
  if (known != 0) return known - 1
  const count = load<u32>(table, 12)
  if (count >= load<u32>(table, 16)) return missing
  memory.fill(<usize>load<u32>(table, 20) + <usize>count * keyBytes, 0, keyBytes)
  store<u32>(table, count + 1, 12)
  store<u32>(table, count + 1, 24)
  return count
}

// @ts-ignore: decorator
@inline function findDirect<T>(values: usize, validity: usize, start: i32, rows: i32, table: usize, gids: usize): i32 {
  const direct = <usize>load<u32>(table, 36)
  const size = <u64>load<u32>(table, 40)
  const minimum = load<u64>(table, 48)
  for (let row = start; row < rows; row++) {
    let gid: u32
    if (isValid(validity, row)) {
      const word = wordAt<T>(values, row)
      const index = word - minimum
      if (index >= size) return row
      const slot = direct + (<usize>index << 2)
      gid = load<u32>(slot) - 1
      if (gid == missing) {
        gid = load<u32>(table, 12)
        if (gid >= load<u32>(table, 16)) return row
        store<u64>(<usize>load<u32>(table, 20) + (<usize>gid << 3), word)
        store<u32>(table, gid + 1, 12)
        store<u32>(slot, gid + 1)
      }
    } else {
      gid = nullGroup(table, 8)
      if (gid == missing) return row
    }
    store<u32>(gids + (<usize>row << 2), gid)
  }
  return rows
}

/** gids[row] for rows [start, rows) of an int32 column by direct addressing. Returns the first row outside the range or without room, or `rows`. */
export function findDirectI32(values: usize, validity: usize, start: i32, rows: i32, table: usize, gids: usize): i32 {
  return validity == 0 ? findDirect<i32>(values, 0, start, rows, table, gids) : findDirect<i32>(values, validity, start, rows, table, gids)
}

/** As `findDirectI32`, of 64-bit numbers. */
export function findDirectI64(values: usize, validity: usize, start: i32, rows: i32, table: usize, gids: usize): i32 {
  return findDirect<i64>(values, validity, start, rows, table, gids)
}

const blockRows = 128

// Home slots of the rows [start, end), to where their gids will be. With `touch`, the entries are read: the misses of a block overlap.
// @ts-ignore: decorator
@inline function hashBlock<T>(touch: bool, values: usize, start: i32, end: i32, table: usize, gids: usize): void {
  const slots = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  let seen: u32 = 0
  for (let row = start; row < end; row++) {
    const slot = <u32>(hashWord(wordAt<T>(values, row)) >> shift)
    store<u32>(gids + (<usize>row << 2), slot)
    if (touch) seen ^= load<u32>(slots + (<usize>slot << 4), 8)
  }
  if (touch) store<u32>(table, seen, 60)
}

// Rows whose home entry holds their key get their gid; the others are listed, without a branch. Returns the list's end.
// @ts-ignore: decorator
@inline function matchBlock<T>(values: usize, validity: usize, start: i32, end: i32, slots: usize, gids: usize, list: usize): usize {
  let next = list
  for (let row = start; row < end; row++) {
    const at = gids + (<usize>row << 2)
    const entry = slots + (<usize>load<u32>(at) << 4)
    const gid = load<u32>(entry, 8)
    const equal = <i32>(load<u64>(entry) == wordAt<T>(values, row)) & <i32>(gid != 0)
    const hit = validity == 0 ? equal : equal & <i32>isValid(validity, row)
    store<i32>(next, row)
    next += <usize>(hit ^ 1) << 2
    store<u32>(at, hit ? gid - 1 : load<u32>(at))
  }
  return next
}

// @ts-ignore: decorator
@inline function findProbing<T>(values: usize, validity: usize, start: i32, rows: i32, table: usize, gids: usize): i32 {
  const slots = <usize>load<u32>(table)
  const mask = load<u32>(table, 8)
  const list = table + 64
  for (let block = start; block < rows; block += blockRows) {
    const end = min(block + blockRows, rows)
    if (mask >= 16383) hashBlock<T>(true, values, block, end, table, gids)
    else hashBlock<T>(false, values, block, end, table, gids)
    const stop = matchBlock<T>(values, validity, block, end, slots, gids, list)
    for (let item = list; item < stop; item += 4) {
      const row = load<i32>(item)
      const at = gids + (<usize>row << 2)
      let gid: u32
      if (isValid(validity, row)) {
        const word = wordAt<T>(values, row)
        let slot = load<u32>(at)
        let entry = slots + (<usize>slot << 4)
        gid = load<u32>(entry, 8)
        while (gid != 0 && load<u64>(entry) != word) {
          slot = (slot + 1) & mask
          entry = slots + (<usize>slot << 4)
          gid = load<u32>(entry, 8)
        }
        if (gid == 0) {
          gid = load<u32>(table, 12)
          if (gid >= load<u32>(table, 16)) return row
          store<u64>(<usize>load<u32>(table, 20) + (<usize>gid << 3), word)
          store<u32>(table, ++gid, 12)
          store<u64>(entry, word)
          store<u32>(entry, gid, 8)
        }
        gid--
      } else {
        gid = nullGroup(table, 8)
        if (gid == missing) return row
      }
      store<u32>(at, gid)
    }
  }
  return rows
}

/** gids[row] for rows [start, rows) of an int32 column by hashing. Returns the first row for which there is no room, or `rows`. */
export function findProbingI32(values: usize, validity: usize, start: i32, rows: i32, table: usize, gids: usize): i32 {
  return findProbing<i32>(values, validity, start, rows, table, gids)
}

/** As `findProbingI32`, of 64-bit numbers. */
export function findProbingI64(values: usize, validity: usize, start: i32, rows: i32, table: usize, gids: usize): i32 {
  return findProbing<i64>(values, validity, start, rows, table, gids)
}

/** As `findProbingI32`, of float64: −0 is 0, NaN is NaN. */
export function findProbingF64(values: usize, validity: usize, start: i32, rows: i32, table: usize, gids: usize): i32 {
  return findProbing<f64>(values, validity, start, rows, table, gids)
}

// @ts-ignore: decorator
@inline function lookupWords<T>(values: usize, validity: usize, rows: i32, table: usize, gids: usize): void {
  const slots = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  const direct = <usize>load<u32>(table, 36)
  const size = <u64>load<u32>(table, 40)
  const minimum = load<u64>(table, 48)
  for (let row = 0; row < rows; row++) {
    let gid = missing
    if (isValid(validity, row)) {
      const word = wordAt<T>(values, row)
      if (direct != 0) {
        const index = word - minimum
        if (index < size) gid = load<u32>(direct + (<usize>index << 2)) - 1
      } else {
        let slot = <u32>(hashWord(word) >> shift)
        let entry = slots + (<usize>slot << 4)
        gid = load<u32>(entry, 8)
        while (gid != 0 && load<u64>(entry) != word) {
          slot = (slot + 1) & mask
          entry = slots + (<usize>slot << 4)
          gid = load<u32>(entry, 8)
        }
        gid--
      }
    }
    store<u32>(gids + (<usize>row << 2), gid)
  }
}

/** gids[row] of known int32 keys, 0xffffffff for unknown ones and for nulls. */
export function lookupI32(values: usize, validity: usize, rows: i32, table: usize, gids: usize): void {
  lookupWords<i32>(values, validity, rows, table, gids)
}

/** As `lookupI32`, of 64-bit numbers. */
export function lookupI64(values: usize, validity: usize, rows: i32, table: usize, gids: usize): void {
  lookupWords<i64>(values, validity, rows, table, gids)
}

/** As `lookupI32`, of float64: −0 is 0, NaN is NaN. */
export function lookupF64(values: usize, validity: usize, rows: i32, table: usize, gids: usize): void {
  lookupWords<f64>(values, validity, rows, table, gids)
}

/** Enters the table's keys into its zeroed slots, or into its zeroed direct array where it has one. */
export function rehashWords(table: usize): void {
  const slots = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  const count = load<u32>(table, 12)
  const nullGid = load<u32>(table, 24)
  const direct = <usize>load<u32>(table, 36)
  const minimum = load<u64>(table, 48)
  let key = <usize>load<u32>(table, 20)
  for (let gid: u32 = 1; gid <= count; gid++) {
    const word = load<u64>(key)
    key += 8
    if (gid == nullGid) continue
    if (direct != 0) {
      store<u32>(direct + (<usize>(word - minimum) << 2), gid)
      continue
    }
    let slot = <u32>(hashWord(word) >> shift)
    while (load<u32>(slots + (<usize>slot << 4), 8) != 0) slot = (slot + 1) & mask
    const entry = slots + (<usize>slot << 4)
    store<u64>(entry, word)
    store<u32>(entry, gid, 8)
  }
}

/** Minimum and maximum of the values (nulls left out) of rows [start, rows), to `out` as two i64; returns 0 where all are null. */
export function rangeI32(values: usize, validity: usize, start: i32, rows: i32, out: usize): i32 {
  return range<i32>(values, validity, start, rows, out)
}

/** As `rangeI32`, of 64-bit numbers. */
export function rangeI64(values: usize, validity: usize, start: i32, rows: i32, out: usize): i32 {
  return range<i64>(values, validity, start, rows, out)
}

// @ts-ignore: decorator
@inline function range<T>(values: usize, validity: usize, start: i32, rows: i32, out: usize): i32 {
  let least = i64.MAX_VALUE
  let most = i64.MIN_VALUE
  let any = 0
  for (let row = start; row < rows; row++) {
    if (!isValid(validity, row)) continue
    const value = <i64>load<T>(values + <usize>row * sizeof<T>())
    least = value < least ? value : least
    most = value > most ? value : most
    any = 1
  }
  store<i64>(out, least)
  store<i64>(out, most, 8)
  return any
}

/** Bits to int32 0 and 1, so that bools are grouped as numbers. */
export function expandBits(bits: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) store<u32>(out + (<usize>row << 2), (<u32>load<u8>(bits + (row >> 3)) >> (row & 7)) & 1)
}

/** Low halves of 64-bit numbers: int32 keys back to their width. */
export function narrowI64(values: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row++) store<u32>(out + (<usize>row << 2), load<u32>(values + (<usize>row << 3)))
}

/** Bit `row` of out = whether the 64-bit number is not 0: bool keys back to bits. */
export function packWords(values: usize, rows: i32, out: usize): void {
  for (let row = 0; row < rows; row += 8) {
    const count = min(8, rows - row)
    let byte: u32 = 0
    for (let i = 0; i < count; i++) byte |= <u32>(load<u64>(values + (<usize>(row + i) << 3)) != 0) << i
    store<u8>(out++, <u8>byte)
  }
}
