// The table of a join: from key to the first stored row of that key, and from each stored row to the next one. A stored row's id is its chunk << 16 | its
// row there. Keys are numbers in a dense range (an array), other numbers, or views (open addressing with linear probing and the key inline, load ≤ 0.5).
// All rows are known before the table is filled, from the last to the first, so that a key's rows are linked in order of arrival; while no key
// has come twice there are no links. Threads probe one table at once: nothing here writes to it after it is filled, but marks.
//
// header: 0 slots · 4 shift (64 − bits) · 8 mask · 12 array · 16 array size · 24 minimum (i64) · 32 links, 0 while keys are unique
//         36 slots in use · 40 the most of them
// word entry, 16 bytes: key u64, id u32, 0. view entry, 32 bytes: view, id u32, 12 unused. An id of `none` is a free entry.

const none: u32 = 0xffffffff
const blockRows = 128

// @ts-ignore: decorator
@inline function isValid(validity: usize, row: i32): bool {
  return validity == 0 || ((<u32>load<u8>(validity + (row >> 3)) >> (row & 7)) & 1) != 0
}

// @ts-ignore: decorator
@inline function wordAt<T>(values: usize, row: i32): u64 {
  return <u64>(<i64>load<T>(values + <usize>row * sizeof<T>()))
}

// @ts-ignore: decorator
@inline function hashWord(word: u64): u64 {
  return (word ^ (word >> 32)) * 0x9e3779b97f4a7c15
}

// @ts-ignore: decorator
@inline function hashShort(low: u64, high: u64): u64 {
  let hash = (low ^ rotl<u64>(high, 32)) * 0x9e3779b97f4a7c15
  hash ^= hash >> 29
  return (hash ^ high) * 0xbf58476d1ce4e5b9
}

// Eight bytes at a time; the last eight overlap: length > 12 here.
function hashLong(bytes: usize, length: u32): u64 {
  let hash = <u64>length * 0xa0761d6478bd642f
  const last = bytes + <usize>length - 8
  for (; bytes < last; bytes += 8) {
    hash = (hash ^ load<u64>(bytes)) * 0x9e3779b97f4a7c15
    hash ^= hash >> 29
  }
  hash = (hash ^ load<u64>(last)) * 0xc2b2ae3d27d4eb4f
  hash ^= hash >> 32
  return hash * 0x9fb21c651e98df25
}

// @ts-ignore: decorator
@inline function hashView(view: usize): u64 {
  const low = load<u64>(view)
  return <u32>low <= 12 ? hashShort(low, load<u64>(view, 8)) : hashLong(<usize>load<u32>(view, 12), <u32>low)
}

// @ts-ignore: decorator
@inline function equalViews(a: usize, b: usize): bool {
  if (load<u64>(a) != load<u64>(b)) return false
  const length = load<u32>(a)
  if (length <= 12) return load<u64>(a, 8) == load<u64>(b, 8)
  const left = <usize>load<u32>(a, 12)
  const right = <usize>load<u32>(b, 12)
  const last = <usize>length - 8
  for (let i: usize = 0; i < last; i += 8) if (load<u64>(left + i) != load<u64>(right + i)) return false
  return load<u64>(left + last) == load<u64>(right + last)
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

// Home slots of rows [start, end) to `slots`; entries are read, so that the misses of a block overlap. What was read goes behind the list.
// @ts-ignore: decorator
@inline function touchWords(values: usize, start: i32, end: i32, entries: usize, shift: u64, list: usize): void {
  let seen: u32 = 0
  for (let row = start; row < end; row++) {
    const slot = <u32>(hashWord(load<u64>(values + (<usize>row << 3))) >> shift)
    store<u32>(list + (<usize>(row - start) << 2), slot)
    seen ^= load<u32>(entries + (<usize>slot << 4), 8)
  }
  store<u32>(list, seen, blockRows * 4)
}

/** As `fillArrayI32`, into slots; it stops too where the most slots are in use. `scratch` is 1,024 bytes of the caller. */
export function fillWords(values: usize, validity: usize, rows: i32, first: u32, table: usize, scratch: usize): i32 {
  const entries = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  const links = <usize>load<u32>(table, 32)
  for (let end = rows; end > 0; end -= blockRows) {
    const start = max(0, end - blockRows)
    touchWords(values, start, end, entries, shift, scratch)
    for (let row = end - 1; row >= start; row--) {
      if (!isValid(validity, row)) continue
      const word = load<u64>(values + (<usize>row << 3))
      let slot = load<u32>(scratch + (<usize>(row - start) << 2))
      let entry = entries + (<usize>slot << 4)
      while (load<u32>(entry, 8) != none && load<u64>(entry) != word) {
        slot = (slot + 1) & mask
        entry = entries + (<usize>slot << 4)
      }
      if (load<u32>(entry, 8) == none) {
        if (!takeSlot(table)) return row + 1
        store<u64>(entry, word)
      }
      if (!enter(entry + 8, first + row, links)) return row + 1
    }
  }
  return 0
}

/** Enters `count` slots of an earlier, smaller array into the slots of the table, all of them free. */
export function moveWordSlots(from: usize, count: u32, table: usize): void {
  const entries = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  for (let i: u32 = 0; i < count; i++) {
    const old = from + (<usize>i << 4)
    if (load<u32>(old, 8) == none) continue
    let slot = <u32>(hashWord(load<u64>(old)) >> shift)
    while (load<u32>(entries + (<usize>slot << 4), 8) != none) slot = (slot + 1) & mask
    v128.store(entries + (<usize>slot << 4), v128.load(old))
  }
}

/** As `moveWordSlots`, of views. */
export function moveViewSlots(from: usize, count: u32, table: usize): void {
  const entries = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  for (let i: u32 = 0; i < count; i++) {
    const old = from + (<usize>i << 5)
    if (load<u32>(old, 16) == none) continue
    let slot = <u32>(hashView(old) >> shift)
    while (load<u32>(entries + (<usize>slot << 5), 16) != none) slot = (slot + 1) & mask
    const entry = entries + (<usize>slot << 5)
    v128.store(entry, v128.load(old))
    v128.store(entry, v128.load(old, 16), 16)
  }
}

// @ts-ignore: decorator
@inline function touchViews(values: usize, start: i32, end: i32, entries: usize, shift: u64, list: usize): void {
  let seen: u32 = 0
  for (let row = start; row < end; row++) {
    const slot = <u32>(hashView(values + (<usize>row << 4)) >> shift)
    store<u32>(list + (<usize>(row - start) << 2), slot)
    seen ^= load<u32>(entries + (<usize>slot << 5), 16)
  }
  store<u32>(list, seen, blockRows * 4)
}

/** As `fillWords`, of views; bytes behind them must outlive the table. What lies behind a null must be a view of some kind. */
export function fillViews(values: usize, validity: usize, rows: i32, first: u32, table: usize, scratch: usize): i32 {
  const entries = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  const links = <usize>load<u32>(table, 32)
  for (let end = rows; end > 0; end -= blockRows) {
    const start = max(0, end - blockRows)
    touchViews(values, start, end, entries, shift, scratch)
    for (let row = end - 1; row >= start; row--) {
      if (!isValid(validity, row)) continue
      const view = values + (<usize>row << 4)
      let slot = load<u32>(scratch + (<usize>(row - start) << 2))
      let entry = entries + (<usize>slot << 5)
      while (load<u32>(entry, 16) != none && !equalViews(entry, view)) {
        slot = (slot + 1) & mask
        entry = entries + (<usize>slot << 5)
      }
      if (load<u32>(entry, 16) == none) {
        if (!takeSlot(table)) return row + 1
        v128.store(entry, v128.load(view))
      }
      if (!enter(entry + 16, first + row, links)) return row + 1
    }
  }
  return 0
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

/** As `probeArrayI32`, in slots. `scratch` is 1,536 bytes of the caller. */
export function probeWords(values: usize, validity: usize, rows: i32, table: usize, heads: usize, scratch: usize): void {
  const entries = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  const list = scratch + 1024
  for (let start = 0; start < rows; start += blockRows) {
    const end = min(start + blockRows, rows)
    touchWords(values, start, end, entries, shift, scratch)
    // Rows whose home entry is theirs or free are settled without a branch; the others are listed.
    let next = list
    for (let row = start; row < end; row++) {
      const entry = entries + (<usize>load<u32>(scratch + (<usize>(row - start) << 2)) << 4)
      const id = load<u32>(entry, 8)
      const equal = load<u64>(entry) == load<u64>(values + (<usize>row << 3))
      store<u32>(heads + (<usize>row << 2), select<u32>(id, none, equal))
      store<u8>(next, <u8>(row - start))
      next += <usize>(i32(!equal) & i32(id != none))
    }
    for (let item = list; item < next; item++) {
      const at = <i32>load<u8>(item)
      const word = load<u64>(values + (<usize>(start + at) << 3))
      let slot = load<u32>(scratch + (<usize>at << 2))
      let entry = entries + (<usize>slot << 4)
      while (load<u32>(entry, 8) != none && load<u64>(entry) != word) {
        slot = (slot + 1) & mask
        entry = entries + (<usize>slot << 4)
      }
      store<u32>(heads + (<usize>(start + at) << 2), load<u32>(entry, 8))
    }
    if (validity != 0) for (let row = start; row < end; row++) if (!isValid(validity, row)) store<u32>(heads + (<usize>row << 2), none)
  }
}

/** As `probeWords`, of views. What lies behind a null must be a view of some kind. */
export function probeViews(values: usize, validity: usize, rows: i32, table: usize, heads: usize, scratch: usize): void {
  const entries = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  const list = scratch + 1024
  for (let start = 0; start < rows; start += blockRows) {
    const end = min(start + blockRows, rows)
    touchViews(values, start, end, entries, shift, scratch)
    // A short key is its two words; long keys that look alike are left to the list.
    let next = list
    for (let row = start; row < end; row++) {
      const view = values + (<usize>row << 4)
      const entry = entries + (<usize>load<u32>(scratch + (<usize>(row - start) << 2)) << 5)
      const id = load<u32>(entry, 16)
      const equal = ((load<u64>(entry) ^ load<u64>(view)) | (load<u64>(entry, 8) ^ load<u64>(view, 8))) == 0
      store<u32>(heads + (<usize>row << 2), select<u32>(id, none, equal))
      store<u8>(next, <u8>(row - start))
      next += <usize>(i32(!equal) & i32(id != none))
    }
    for (let item = list; item < next; item++) {
      const at = <i32>load<u8>(item)
      const view = values + (<usize>(start + at) << 4)
      let slot = load<u32>(scratch + (<usize>at << 2))
      let entry = entries + (<usize>slot << 5)
      while (load<u32>(entry, 16) != none && !equalViews(entry, view)) {
        slot = (slot + 1) & mask
        entry = entries + (<usize>slot << 5)
      }
      store<u32>(heads + (<usize>(start + at) << 2), load<u32>(entry, 16))
    }
    if (validity != 0) for (let row = start; row < end; row++) if (!isValid(validity, row)) store<u32>(heads + (<usize>row << 2), none)
  }
}
