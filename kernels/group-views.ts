// Grouping by strings: the table of group.ts with 32-byte entries. Short keys (≤ 12 bytes) compare as two words; long ones by length,
// first four bytes, hash and then bytes. New long keys are copied to the table's heap, so the source batch may go.

const missing: u32 = 0xffffffff

// @ts-ignore: decorator
@inline function isValid(validity: usize, row: i32): bool {
  return validity == 0 || ((<u32>load<u8>(validity + (row >> 3)) >> (row & 7)) & 1) != 0
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

function equalBytes(a: usize, b: usize, length: u32): bool {
  const last = <usize>length - 8
  for (let i: usize = 0; i < last; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false
  return load<u64>(a + last) == load<u64>(b + last)
}

// The entry that holds the view, or the free one where it belongs.
// @ts-ignore: decorator
@inline function probe(view: usize, low: u64, high: u64, hash: u64, slots: usize, shift: u64, mask: u32): usize {
  let slot = <u32>(hash >> shift)
  const length = <u32>low
  if (length <= 12) {
    while (true) {
      const entry = slots + (<usize>slot << 5)
      if (((load<u64>(entry) ^ low) | (load<u64>(entry, 8) ^ high)) == 0 && load<u32>(entry, 16) != 0) return entry
      if (load<u32>(entry, 16) == 0) return entry
      slot = (slot + 1) & mask
    }
  }
  while (true) {
    const entry = slots + (<usize>slot << 5)
    if (load<u32>(entry, 16) == 0) return entry
    if (load<u64>(entry) == low && load<u32>(entry, 20) == <u32>hash && equalBytes(load<u32>(entry, 12), <usize>(high >> 32), length)) return entry
    slot = (slot + 1) & mask
  }
}

/** gids[row] for rows [start, rows) of a utf8 or binary column. Returns the first row for which slots, keys or heap have no room, or `rows`. */
export function findViews(values: usize, validity: usize, start: i32, rows: i32, table: usize, gids: usize): i32 {
  const slots = <usize>load<u32>(table)
  const shift = <u64>load<u32>(table, 4)
  const mask = load<u32>(table, 8)
  for (let row = start; row < rows; row++) {
    let gid: u32
    if (isValid(validity, row)) {
      const view = values + (<usize>row << 4)
      const low = load<u64>(view)
      let high = load<u64>(view, 8)
      const length = <u32>low
      const hash = length <= 12 ? hashShort(low, high) : hashLong(<usize>(high >> 32), length)
      const entry = probe(view, low, high, hash, slots, shift, mask)
      gid = load<u32>(entry, 16)
      if (gid == 0) {
        gid = load<u32>(table, 12)
        if (gid >= load<u32>(table, 16)) return row
        if (length > 12) {
          const heap = <usize>load<u32>(table, 28)
          if (<u64>heap + length > <u64>load<u32>(table, 32)) return row
          memory.copy(heap, <usize>(high >> 32), length)
          store<u32>(table, <u32>(heap + length), 28)
          high = <u64>heap << 32
        }
        const key = <usize>load<u32>(table, 20) + (<usize>gid << 4)
        store<u64>(key, low)
        store<u64>(key, high, 8)
        store<u32>(table, ++gid, 12)
        store<u64>(entry, low)
        store<u64>(entry, high, 8)
        store<u32>(entry, gid, 16)
        store<u32>(entry, <u32>hash, 20)
      }
      gid--
    } else {
      gid = load<u32>(table, 24) - 1
      if (gid == missing) {
        gid = load<u32>(table, 12)
        if (gid >= load<u32>(table, 16)) return row
        memory.fill(<usize>load<u32>(table, 20) + (<usize>gid << 4), 0, 16)
        store<u32>(table, gid + 1, 12)
        store<u32>(table, gid + 1, 24)
      }
    }
    store<u32>(gids + (<usize>row << 2), gid)
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
      const hash = <u32>low <= 12 ? hashShort(low, high) : hashLong(<usize>(high >> 32), <u32>low)
      gid = load<u32>(probe(view, low, high, hash, slots, shift, mask), 16) - 1
    }
    store<u32>(gids + (<usize>row << 2), gid)
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
    const hash = <u32>low <= 12 ? hashShort(low, high) : hashLong(<usize>(high >> 32), <u32>low)
    let slot = <u32>(hash >> shift)
    while (load<u32>(slots + (<usize>slot << 5), 16) != 0) slot = (slot + 1) & mask
    const entry = slots + (<usize>slot << 5)
    store<u64>(entry, low)
    store<u64>(entry, high, 8)
    store<u32>(entry, gid, 16)
    store<u32>(entry, <u32>hash, 20)
  }
}
