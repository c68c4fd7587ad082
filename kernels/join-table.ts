// The table of a join: from key to the first stored row of that key, and from each stored row to the next one. A stored row's id is its chunk << 16 | its
// row there. Keys are numbers in a dense range (an array), other numbers, or views (open addressing with linear probing and the key inline, load ≤ 0.5).
// All rows are known before the table is filled, from the last to the first, so that a key's rows are linked in order of arrival; while no key
// has come twice there are no links. Threads probe one table at once: nothing here writes to it after it is filled, but marks.
//
// header: 0 slots · 4 shift (64 − bits) · 8 mask · 12 array · 16 array size · 24 minimum (i64) · 32 links, 0 while keys are unique
//         36 slots in use · 40 the most of them
// word entry, 16 bytes: key u64, id u32, 0. view entry, 32 bytes: view, id u32, 12 unused. An id of `none` is a free entry.
import { isValid } from './validity'
import { sameLongBytes, tableHash } from './views'

const none: u32 = 0xffffffff
const blockRows = 128

// @ts-ignore: decorator
@inline function wordAt<T>(values: usize, row: i32): u64 {
  return <u64>(<i64>load<T>(values + <usize>row * sizeof<T>()))
}

// @ts-ignore: decorator
@inline function hashWord(word: u64): u64 {
  return (word ^ (word >> 32)) * 0x9e3779b97f4a7c15
}

// @ts-ignore: decorator
@inline function rangeOf<T>(values: usize, validity: usize, rows: i32, range: usize): void {
  let least = load<i64>(range)
  let greatest = load<i64>(range, 8)
  let count: i64 = 0
  if (validity == 0) {
    for (let row = 0; row < rows; row++) {
      const value = <i64>load<T>(values + <usize>row * sizeof<T>())
      least = value < least ? value : least
      greatest = value > greatest ? value : greatest
    }
    count = rows
  } else {
    for (let row = 0; row < rows; row++) {
      if (!isValid(validity, row)) continue
      const value = <i64>load<T>(values + <usize>row * sizeof<T>())
      least = value < least ? value : least
      greatest = value > greatest ? value : greatest
      count++
    }
  }
  store<i64>(range, least)
  store<i64>(range, greatest, 8)
  store<i64>(range, load<i64>(range, 16) + count, 16)
}

/** Widens `range`, [least i64, greatest i64, rows that are not null i64], by an int32 column. */
export function keyRangeI32(values: usize, validity: usize, rows: i32, range: usize): void {
  rangeOf<i32>(values, validity, rows, range)
}

/** As `keyRangeI32`, of 64-bit numbers. */
export function keyRangeI64(values: usize, validity: usize, rows: i32, range: usize): void {
  rangeOf<i64>(values, validity, rows, range)
}

// @ts-ignore: decorator
@inline function takeSlot(table: usize): bool {
  const used = load<u32>(table, 36)
  if (used >= load<u32>(table, 40)) return false
  store<u32>(table, used + 1, 36)
  return true
}

// Puts a row before the first one of its key. False where the key is there and rows can't be linked yet.
// @ts-ignore: decorator
@inline function enter(slot: usize, id: u32, links: usize): bool {
  const before = load<u32>(slot)
  if (before != none) {
    if (links == 0) return false
    store<u32>(links + (<usize>id << 2), before)
  }
  store<u32>(slot, id)
  return true
}

// @ts-ignore: decorator
@inline function fillArray<T>(values: usize, validity: usize, rows: i32, first: u32, table: usize): i32 {
  const array = <usize>load<u32>(table, 12)
  const minimum = load<u64>(table, 24)
  const links = <usize>load<u32>(table, 32)
  for (let row = rows - 1; row >= 0; row--) {
    if (!isValid(validity, row)) continue
    if (!enter(array + (<usize>(wordAt<T>(values, row) - minimum) << 2), first + row, links)) return row + 1
  }
  return 0
}

/** Enters rows [0, rows) of ids `first` … into the array, the last one first; nulls are left out. Returns how many are left where a key comes twice without links. */
export function fillArrayI32(values: usize, validity: usize, rows: i32, first: u32, table: usize): i32 {
  return fillArray<i32>(values, validity, rows, first, table)
}

/** As `fillArrayI32`, of 64-bit numbers. */
export function fillArrayI64(values: usize, validity: usize, rows: i32, first: u32, table: usize): i32 {
  return fillArray<i64>(values, validity, rows, first, table)
}

// A key K is a word (u64) or a view (v128). An entry is twice as long: the key, and behind it the id.

// @ts-ignore: decorator
@inline function homeOf<K>(key: usize, shift: u64): u32 {
  return <u32>((sizeof<K>() == 8 ? hashWord(load<u64>(key)) : tableHash(load<u64>(key), load<u64>(key, 8))) >> shift)
}

// @ts-ignore: decorator
@inline function entryAt<K>(entries: usize, slot: u32): usize {
  return entries + <usize>slot * (2 * sizeof<K>())
}

// @ts-ignore: decorator
@inline function idOf<K>(entry: usize): u32 {
  return load<u32>(entry + sizeof<K>())
}

// @ts-ignore: decorator
@inline function sameKey<K>(a: usize, b: usize): bool {
  if (sizeof<K>() == 8) return load<u64>(a) == load<u64>(b)
  if (load<u64>(a) != load<u64>(b)) return false
  const length = load<u32>(a)
  return length <= 12 ? load<u64>(a, 8) == load<u64>(b, 8) : sameLongBytes(load<u32>(a, 12), load<u32>(b, 12), length)
}

// Home slots of rows [start, end) to `slots`; entries are read, so that the misses of a block overlap. What was read goes behind the list.
// @ts-ignore: decorator
@inline function touch<K>(values: usize, start: i32, end: i32, entries: usize, shift: u64, list: usize): void {
  let seen: u32 = 0
  for (let row = start; row < end; row++) {
    const slot = homeOf<K>(values + <usize>row * sizeof<K>(), shift)
    store<u32>(list + (<usize>(row - start) << 2), slot)
    seen ^= idOf<K>(entryAt<K>(entries, slot))
  }
  store<u32>(list, seen, blockRows * 4)
}

// The entry of a key from its home slot on, or the free one where it belongs.
// @ts-ignore: decorator
@inline function find<K>(key: usize, slot: u32, entries: usize, mask: u32): usize {
  let entry = entryAt<K>(entries, slot)
  while (idOf<K>(entry) != none && !sameKey<K>(entry, key)) {
    slot = (slot + 1) & mask
    entry = entryAt<K>(entries, slot)
  }
  return entry
}

// @ts-ignore: decorator
@inline function fill<K>(values: usize, validity: usize, rows: i32, first: u32, table: usize, scratch: usize): i32 {
  const entries = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  const links = <usize>load<u32>(table, 32)
  for (let end = rows; end > 0; end -= blockRows) {
    const start = max(0, end - blockRows)
    touch<K>(values, start, end, entries, shift, scratch)
    for (let row = end - 1; row >= start; row--) {
      if (!isValid(validity, row)) continue
      const key = values + <usize>row * sizeof<K>()
      const entry = find<K>(key, load<u32>(scratch + (<usize>(row - start) << 2)), entries, mask)
      if (idOf<K>(entry) == none) {
        if (!takeSlot(table)) return row + 1
        store<K>(entry, load<K>(key))
      }
      if (!enter(entry + sizeof<K>(), first + row, links)) return row + 1
    }
  }
  return 0
}

/** As `fillArrayI32`, into slots; it stops too where the most slots are in use. `scratch` is 1,024 bytes of the caller. */
export function fillWords(values: usize, validity: usize, rows: i32, first: u32, table: usize, scratch: usize): i32 {
  return fill<u64>(values, validity, rows, first, table, scratch)
}

/** As `fillWords`, of views; bytes behind them must outlive the table. What lies behind a null must be a view of some kind. */
export function fillViews(values: usize, validity: usize, rows: i32, first: u32, table: usize, scratch: usize): i32 {
  return fill<v128>(values, validity, rows, first, table, scratch)
}

// @ts-ignore: decorator
@inline function moveSlots<K>(from: usize, count: u32, table: usize): void {
  const entries = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  for (let i: u32 = 0; i < count; i++) {
    const old = entryAt<K>(from, i)
    if (idOf<K>(old) == none) continue
    let slot = homeOf<K>(old, shift)
    while (idOf<K>(entryAt<K>(entries, slot)) != none) slot = (slot + 1) & mask
    const entry = entryAt<K>(entries, slot)
    v128.store(entry, v128.load(old))
    if (sizeof<K>() == 16) v128.store(entry, v128.load(old, 16), 16)
  }
}

/** Enters `count` slots of an earlier, smaller array into the slots of the table, all of them free. */
export function moveWordSlots(from: usize, count: u32, table: usize): void {
  moveSlots<u64>(from, count, table)
}

/** As `moveWordSlots`, of views. */
export function moveViewSlots(from: usize, count: u32, table: usize): void {
  moveSlots<v128>(from, count, table)
}

// @ts-ignore: decorator
@inline function probeArray<T>(values: usize, validity: usize, rows: i32, table: usize, heads: usize): void {
  const array = <usize>load<u32>(table, 12)
  const size = <u64>load<u32>(table, 16)
  const minimum = load<u64>(table, 24)
  for (let row = 0; row < rows; row++) {
    const index = wordAt<T>(values, row) - minimum
    const inside = index < size
    const id = load<u32>(array + (select<usize>(<usize>index, 0, inside) << 2))
    const valid = validity == 0 ? inside : inside & isValid(validity, row)
    store<u32>(heads + (<usize>row << 2), select<u32>(id, none, valid))
  }
}

/** heads[row] = the first stored row of the key, `none` where there is none and for nulls. The array has an entry at least. */
export function probeArrayI32(values: usize, validity: usize, rows: i32, table: usize, heads: usize): void {
  if (validity == 0) probeArray<i32>(values, 0, rows, table, heads)
  else probeArray<i32>(values, validity, rows, table, heads)
}

/** As `probeArrayI32`, of 64-bit numbers. */
export function probeArrayI64(values: usize, validity: usize, rows: i32, table: usize, heads: usize): void {
  probeArray<i64>(values, validity, rows, table, heads)
}

// Whether the entry at home is the key's, without a branch: long views that look alike are left to the list.
// @ts-ignore: decorator
@inline function sameWords<K>(a: usize, b: usize): bool {
  return sizeof<K>() == 8 ? load<u64>(a) == load<u64>(b) : ((load<u64>(a) ^ load<u64>(b)) | (load<u64>(a, 8) ^ load<u64>(b, 8))) == 0
}

// @ts-ignore: decorator
@inline function probe<K>(values: usize, validity: usize, rows: i32, table: usize, heads: usize, scratch: usize): void {
  const entries = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  const list = scratch + 1024
  for (let start = 0; start < rows; start += blockRows) {
    const end = min(start + blockRows, rows)
    touch<K>(values, start, end, entries, shift, scratch)
    // Rows whose home entry is theirs or free are settled without a branch; the others are listed.
    let next = list
    for (let row = start; row < end; row++) {
      const entry = entryAt<K>(entries, load<u32>(scratch + (<usize>(row - start) << 2)))
      const id = idOf<K>(entry)
      const equal = sameWords<K>(entry, values + <usize>row * sizeof<K>())
      store<u32>(heads + (<usize>row << 2), select<u32>(id, none, equal))
      store<u8>(next, <u8>(row - start))
      next += <usize>(i32(!equal) & i32(id != none))
    }
    for (let item = list; item < next; item++) {
      const at = <i32>load<u8>(item)
      const entry = find<K>(values + <usize>(start + at) * sizeof<K>(), load<u32>(scratch + (<usize>at << 2)), entries, mask)
      store<u32>(heads + (<usize>(start + at) << 2), idOf<K>(entry))
    }
    if (validity != 0) for (let row = start; row < end; row++) if (!isValid(validity, row)) store<u32>(heads + (<usize>row << 2), none)
  }
}

/** As `probeArrayI32`, in slots. `scratch` is 1,536 bytes of the caller. */
export function probeWords(values: usize, validity: usize, rows: i32, table: usize, heads: usize, scratch: usize): void {
  probe<u64>(values, validity, rows, table, heads, scratch)
}

/** As `probeWords`, of views. What lies behind a null must be a view of some kind. */
export function probeViews(values: usize, validity: usize, rows: i32, table: usize, heads: usize, scratch: usize): void {
  probe<v128>(values, validity, rows, table, heads, scratch)
}
