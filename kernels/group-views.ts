// Grouping by strings: the table of group.ts with 16-byte entries, so that more of them stay in the caches. Short keys (≤ 12 bytes) compare as two words;
// long ones by length, first four bytes and then all bytes. New long keys are copied to the table's heap, so the source batch may go. Rows go in blocks:
// first the hashes of all, so that cache misses overlap; then those that hit at home, without a branch; then the rest.
//
// entry: [gid + 1, 28 bits, and the length, 4 bits: 15 for long keys][the first 4 bytes], then the next 8 bytes, or [length][address of the bytes]; all 0: free
import { isValid } from './validity'
import { sameLongBytes, tableHash } from './views'

const missing: u32 = 0xffffffff

function equalBytes(a: usize, b: usize, length: u32): bool {
  return sameLongBytes(a, b, length)
}

const LONG: u64 = 15
// Of an entry's first word what is the key's.
const KEY: u64 = 0xffffffff0000000f

// Whether an entry holds this short key; false for all long ones, whose `low` has more bits than a short key's, or whose `high` has no length.
// @ts-ignore: decorator
@inline function isSame(entry: usize, low: u64, high: u64): bool {
  return (((load<u64>(entry) & KEY) ^ low) | (load<u64>(entry, 8) ^ high)) == 0
}

// Keys and slots of 2^28 would not fit into the memory.
// @ts-ignore: decorator
@inline function gidOf(entry: usize): u32 {
  return load<u32>(entry) >> 4
}

// Makes a free entry that of the key of `gid`, whose bytes stay where they are.
// @ts-ignore: decorator
@inline function occupy(entry: usize, low: u64, high: u64, gid: u32): void {
  const isShort = <u32>low <= 12
  store<u64>(entry, (isShort ? low : (low & 0xffffffff00000000) | LONG) | (<u64>gid << 4))
  store<u64>(entry, isShort ? high : (high & 0xffffffff00000000) | <u64><u32>low, 8)
}

// The entry that holds the view, or the free one where it belongs. Entries of long keys are compared by bytes.
// @ts-ignore: decorator
@inline function probe(low: u64, high: u64, slot: u32, slots: usize, mask: u32): usize {
  let entry = slots + (<usize>slot << 4)
  if (<u32>low <= 12) {
    while (!isSame(entry, low, high)) {
      if (load<u32>(entry) == 0) return entry
      slot = (slot + 1) & mask
      entry = slots + (<usize>slot << 4)
    }
    return entry
  }
  const length = <u32>low
  const long = (low & 0xffffffff00000000) | LONG
  while ((load<u64>(entry) & KEY) != long || load<u32>(entry, 8) != length || !equalBytes(load<u32>(entry, 12), <usize>(high >> 32), length)) {
    if (load<u32>(entry) == 0) return entry
    slot = (slot + 1) & mask
    entry = slots + (<usize>slot << 4)
  }
  return entry
}

// Slots of the rows [start, end) to where their gids will be; the entries are read, so that the cache misses of a block overlap.
// @ts-ignore: decorator
@inline function touchBlock(values: usize, start: i32, end: i32, table: usize, gids: usize): void {
  const slots = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  let seen: u32 = 0
  for (let row = start; row < end; row++) {
    const view = values + (<usize>row << 4)
    const slot = <u32>(tableHash(load<u64>(view), load<u64>(view, 8)) >> shift)
    store<u32>(gids + (<usize>row << 2), slot)
    seen ^= load<u32>(slots + (<usize>slot << 4))
  }
  store<u32>(table, seen, 60)
}

// Appends a key at a free entry; returns its gid + 1, or 0 without room.
function append(entry: usize, low: u64, high: u64, table: usize): u32 {
  const gid = load<u32>(table, 12)
  if (gid >= load<u32>(table, 16)) return 0
  const length = <u32>low
  if (length > 12) {
    const heap = <usize>load<u32>(table, 28)
    if (<u64>heap + length > <u64>load<u32>(table, 32)) return 0
    memory.copy(heap, <usize>(high >> 32), length)
    store<u32>(table, <u32>(heap + length), 28)
    high = <u64>heap << 32
  }
  const key = <usize>load<u32>(table, 20) + (<usize>gid << 4)
  store<u64>(key, low)
  store<u64>(key, high, 8)
  store<u32>(table, gid + 1, 12)
  occupy(entry, low, high, gid + 1)
  return gid + 1
}

// The gid of null; appended on first sight. Returns `missing` where there is no room.
function nullGroup(table: usize): u32 {
  const known = load<u32>(table, 24)
  if (known != 0) return known - 1
  const count = load<u32>(table, 12)
  if (count >= load<u32>(table, 16)) return missing
  memory.fill(<usize>load<u32>(table, 20) + (<usize>count << 4), 0, 16)
  store<u32>(table, count + 1, 12)
  store<u32>(table, count + 1, 24)
  return count
}

const blockRows = 128

// Rows whose home entry holds their key get their gid; the others are listed, without a branch. Without `hashed`, the slot is computed here
// and not read from the gids. Returns the list's end.
// @ts-ignore: decorator
@inline function matchBlock(hashed: bool, values: usize, validity: usize, start: i32, end: i32, table: usize, gids: usize): usize {
  const slots = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  let next = table + 64
  for (let row = start; row < end; row++) {
    const at = gids + (<usize>row << 2)
    const view = values + (<usize>row << 4)
    const low = load<u64>(view)
    const high = load<u64>(view, 8)
    const slot = hashed ? load<u32>(at) : <u32>(tableHash(low, high) >> shift)
    const entry = slots + (<usize>slot << 4)
    const gid = gidOf(entry)
    const equal = <i32>isSame(entry, low, high) & <i32>(gid != 0)
    const hit = validity == 0 ? equal : equal & <i32>isValid(validity, row)
    store<i32>(next, row)
    next += <usize>(hit ^ 1) << 2
    store<u32>(at, hit ? gid - 1 : slot)
  }
  return next
}

/** gids[row] for rows [start, rows) of a utf8 or binary column. Returns the first row for which slots, keys or heap have no room, or `rows`. */
export function findViews(values: usize, validity: usize, start: i32, rows: i32, table: usize, gids: usize): i32 {
  const slots = <usize>load<u32>(table)
  const mask = load<u32>(table, 8)
  const list = table + 64
  for (let block = start; block < rows; block += blockRows) {
    const end = min(block + blockRows, rows)
    let stop: usize
    if (mask >= 8191) {
      touchBlock(values, block, end, table, gids)
      stop = matchBlock(true, values, validity, block, end, table, gids)
    } else if (validity != 0) stop = matchBlock(false, values, validity, block, end, table, gids)
    else stop = matchBlock(false, values, 0, block, end, table, gids)
    for (let item = list; item < stop; item += 4) {
      const row = load<i32>(item)
      const at = gids + (<usize>row << 2)
      let gid: u32
      if (isValid(validity, row)) {
        const view = values + (<usize>row << 4)
        const low = load<u64>(view)
        const high = load<u64>(view, 8)
        const entry = probe(low, high, load<u32>(at), slots, mask)
        gid = gidOf(entry)
        if (gid == 0) {
          gid = append(entry, low, high, table)
          if (gid == 0) return row
        }
        gid--
      } else {
        gid = nullGroup(table)
        if (gid == missing) return row
      }
      store<u32>(at, gid)
    }
  }
  return rows
}

/** gids[row] of known keys, 0xffffffff for unknown ones and for nulls. */
export function lookupViews(values: usize, validity: usize, rows: i32, table: usize, gids: usize): void {
  const slots = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  for (let row = 0; row < rows; row++) {
    let gid = missing
    if (isValid(validity, row)) {
      const view = values + (<usize>row << 4)
      const low = load<u64>(view)
      const high = load<u64>(view, 8)
      gid = gidOf(probe(low, high, <u32>(tableHash(low, high) >> shift), slots, mask)) - 1
    }
    store<u32>(gids + (<usize>row << 2), gid)
  }
}

/** codes[map[code] − 1] = code for the codes that have a gid: the codes of a table's keys. */
export function invertMap(map: usize, codeCount: i32, codes: usize): void {
  for (let code = 0; code < codeCount; code++) {
    const gid = load<u32>(map + (<usize>code << 2))
    if (gid != 0) store<u32>(codes + (<usize>(gid - 1) << 2), code)
  }
}

/**
 * gids[row] of a column by its codes, while all keys of the table come from one kept dictionary: `map` holds gid + 1 per code, and new keys are its views
 * as they are, without slots. Returns the first row for which keys have no room, or `rows`.
 */
export function numberCodes(codes: usize, validity: usize, start: i32, rows: i32, table: usize, dictionary: usize, map: usize, gids: usize): i32 {
  for (let row = start; row < rows; row++) {
    let gid: u32
    if (isValid(validity, row)) {
      const code = <usize>load<u32>(codes + (<usize>row << 2))
      const known = map + (code << 2)
      gid = load<u32>(known)
      if (gid == 0) {
        gid = load<u32>(table, 12)
        if (gid >= load<u32>(table, 16)) return row
        v128.store(<usize>load<u32>(table, 20) + (<usize>gid << 4), v128.load(dictionary + (code << 4)))
        store<u32>(table, ++gid, 12)
        store<u32>(known, gid)
      }
      gid--
    } else {
      gid = nullGroup(table)
      if (gid == missing) return row
    }
    store<u32>(gids + (<usize>row << 2), gid)
  }
  return rows
}

/**
 * As `findViews`, of a column by its codes: `map` holds gid + 1 per code, 0 for codes not seen yet, whose views are found in `dictionary`.
 * Returns the first row for which slots, keys or heap have no room, or `rows`.
 */
export function findCodes(codes: usize, validity: usize, start: i32, rows: i32, table: usize, dictionary: usize, map: usize, gids: usize): i32 {
  const slots = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  for (let row = start; row < rows; row++) {
    let gid: u32
    if (isValid(validity, row)) {
      const code = <usize>load<u32>(codes + (<usize>row << 2))
      const known = map + (code << 2)
      gid = load<u32>(known)
      if (gid == 0) {
        const low = load<u64>(dictionary + (code << 4))
        const high = load<u64>(dictionary + (code << 4), 8)
        const entry = probe(low, high, <u32>(tableHash(low, high) >> shift), slots, mask)
        gid = gidOf(entry)
        if (gid == 0) {
          gid = append(entry, low, high, table)
          if (gid == 0) return row
        }
        store<u32>(known, gid)
      }
      gid--
    } else {
      gid = nullGroup(table)
      if (gid == missing) return row
    }
    store<u32>(gids + (<usize>row << 2), gid)
  }
  return rows
}

/** As `lookupViews`, of a column by its codes; `map` as in `findCodes`. */
export function lookupCodes(codes: usize, validity: usize, rows: i32, table: usize, dictionary: usize, map: usize, gids: usize): void {
  const slots = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  for (let row = 0; row < rows; row++) {
    let gid: u32 = 0
    if (isValid(validity, row)) {
      const code = <usize>load<u32>(codes + (<usize>row << 2))
      gid = load<u32>(map + (code << 2))
      if (gid == 0) {
        const low = load<u64>(dictionary + (code << 4))
        const high = load<u64>(dictionary + (code << 4), 8)
        gid = gidOf(probe(low, high, <u32>(tableHash(low, high) >> shift), slots, mask))
        store<u32>(map + (code << 2), gid)
      }
    }
    store<u32>(gids + (<usize>row << 2), gid - 1)
  }
}

/** Enters the table's keys into its zeroed slots. */
export function rehashViews(table: usize): void {
  const slots = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  const count = load<u32>(table, 12)
  const nullGid = load<u32>(table, 24)
  let key = <usize>load<u32>(table, 20)
  for (let gid: u32 = 1; gid <= count; gid++) {
    const low = load<u64>(key)
    const high = load<u64>(key, 8)
    key += 16
    if (gid == nullGid) continue
    let slot = <u32>(tableHash(low, high) >> shift)
    while (load<u32>(slots + (<usize>slot << 4)) != 0) slot = (slot + 1) & mask
    occupy(slots + (<usize>slot << 4), low, high, gid)
  }
}
