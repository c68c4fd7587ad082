// Lists and structs into Parquet's definition and repetition levels (Dremel), a step of the type at a time over all entries of a leaf.
// An entry is a value or the place of one that isn't there: a byte of definitions, a byte of repetitions. The definition of an entry that is
// still there is ALIVE, until a step finds it null or empty and puts its level. The rows of those alive ascend in the column at hand: they are
// listed (u32 each), or they are `base`, `base` + 1 and so on where `rows` is 0. Definitions 0: all are alive; repetitions 0: all are 0.

// @ts-ignore: decorator
@inline const ALIVE: u8 = 255

/** Items of the lists of the `alive` rows. At `out` three i32: how many lists are empty, where the first item lies, and where the last one ends. Offsets 0: `size` items a list. */
export function measureLists(offsets: usize, size: i32, rows: usize, base: i32, alive: i32, out: usize): f64 {
  if (offsets != 0 && rows == 0) return measureRange(offsets + (<usize>base << 2), alive, out)
  let items: i64 = 0
  let empty = 0
  let first = -1
  let end = 0
  for (let k = 0; k < alive; k++) {
    const row = rows == 0 ? base + k : load<i32>(rows + (<usize>k << 2))
    const from = startOf(offsets, size, row)
    const to = endOf(offsets, size, row)
    if (to == from) {
      empty++
      continue
    }
    if (first < 0) first = from
    end = to
    items += <i64>(to - from)
  }
  return putMeasure(out, items, empty, max(first, 0), end)
}

// Lists that follow each other.
function measureRange(offsets: usize, count: i32, out: usize): f64 {
  let empty = 0
  let i = 0
  for (; i + 4 <= count; i += 4) {
    const at = offsets + (<usize>i << 2)
    empty += popcnt(i32x4.bitmask(i32x4.eq(v128.load(at), v128.load(at, 4))))
  }
  for (; i < count; i++) {
    const at = offsets + (<usize>i << 2)
    empty += <i32>(load<i32>(at) == load<i32>(at, 4))
  }
  const first = load<i32>(offsets)
  const end = load<i32>(offsets + (<usize>count << 2))
  return putMeasure(out, <i64>(end - first), empty, first, end)
}

function putMeasure(out: usize, items: i64, empty: i32, first: i32, end: i32): f64 {
  store<i32>(out, empty)
  store<i32>(out, first, 4)
  store<i32>(out, end, 8)
  return <f64>items
}

/**
 * An entry an item: the first of a list repeats as the list did, the others at `repetition`; the entry of an empty list stays, at `level`.
 * `outDefinitions` may be 0 where all entries are alive and no list is empty, `outRows` (the items' rows) where they need no listing. Every out
 * has 16 bytes of padding. Returns the entries.
 */
export function shredLists(definitions: usize, repetitions: usize, count: i32, offsets: usize, size: i32, rows: usize, base: i32, level: u32, repetition: u32, outDefinitions: usize, outRepetitions: usize, outRows: usize): i32 {
  const again = <u64>repetition * 0x0101010101010101
  let k = 0
  let at: usize = 0
  for (let i = 0; i < count; i++) {
    const definition = definitions == 0 ? ALIVE : load<u8>(definitions + i)
    const isAlive = <i32>(definition == ALIVE)
    const row = rowOf(rows, base, k, isAlive)
    k += isAlive
    const from = startOf(offsets, size, row)
    const items = select<usize>(<usize>(endOf(offsets, size, row) - from), 0, isAlive)
    // Eight at once, whether there are so many or none: the next list writes over what is too much.
    store<u64>(outRepetitions + at, again)
    for (let item: usize = 8; item < items; item += 8) store<u64>(outRepetitions + at + item, again)
    store<u8>(outRepetitions + at, repetitions == 0 ? 0 : load<u8>(repetitions + i))
    if (outDefinitions != 0) {
      store<u64>(outDefinitions + at, -1)
      for (let item: usize = 8; item < items; item += 8) store<u64>(outDefinitions + at + item, -1)
      store<u8>(outDefinitions + at, select<u8>(select<u8>(<u8>level, ALIVE, items == 0), definition, isAlive))
    }
    if (outRows != 0) {
      for (let item: usize = 0; item < items; item += 4) v128.store(outRows + (item << 2), i32x4.add(i32x4.splat(from + <i32>item), i32x4(0, 1, 2, 3)))
      outRows += items << 2
    }
    at += max<usize>(items, 1)
  }
  return <i32>at
}

/**
 * What validity leaves alive: bit `bit` is that of row 0. Null entries get `level`. `outRows` lists the rows that stay; 0 where nobody asks.
 * Every out has 16 bytes of padding. Returns how many stay alive.
 */
export function shredNulls(definitions: usize, count: i32, bits: usize, bit: i32, rows: usize, base: i32, level: u32, outDefinitions: usize, outRows: usize): i32 {
  if (definitions == 0 && rows == 0 && outRows == 0) return spreadBits(bits, bit + base, count, level, outDefinitions)
  if (rows == 0 && outRows == 0) return mixBits(definitions, count, bits, bit + base, level, outDefinitions)
  let k = 0
  let alive = 0
  for (let i = 0; i < count; i++) {
    const definition = definitions == 0 ? ALIVE : load<u8>(definitions + i)
    const isAlive = <i32>(definition == ALIVE)
    const row = rowOf(rows, base, k, isAlive)
    k += isAlive
    const stays = isAlive & bitOf(bits, bit + row)
    store<u8>(outDefinitions + i, select<u8>(select<u8>(ALIVE, <u8>level, stays), definition, isAlive))
    if (outRows != 0) store<u32>(outRows + (<usize>alive << 2), row)
    alive += stays
  }
  return alive
}

// Bits of rows that follow each other, between entries that were dead before: 32 entries from each word.
function mixBits(definitions: usize, count: i32, bits: usize, bit: i32, level: u32, out: usize): i32 {
  let alive = 0
  for (let i = 0; i < count; ) {
    let word = load<u64>(bits + <usize>(bit >> 3)) >> <u64>(bit & 7)
    for (const end = min(i + 32, count); i < end; i++) {
      const definition = load<u8>(definitions + i)
      const isAlive = <i32>(definition == ALIVE)
      const stays = <i32>word & isAlive
      store<u8>(out + i, select<u8>(select<u8>(ALIVE, <u8>level, stays), definition, isAlive))
      word >>= <u64>isAlive
      bit += isAlive
      alive += stays
    }
  }
  return alive
}

// A byte a bit: ALIVE for 1, `level` for 0.
function spreadBits(bits: usize, bit: i32, count: i32, level: u32, out: usize): i32 {
  const lanes = i64x2.splat(0x8040201008040201)
  const otherwise = i8x16.splat(<i8>level)
  const shift = <u32>(bit & 7)
  let from = bits + <usize>(bit >> 3)
  let alive = 0
  for (let i = 0; i < count; i += 16) {
    let word = (load<u32>(from) >> shift) & 0xffff
    if (count - i < 16) word &= (1 << (count - i)) - 1
    alive += <i32>popcnt(word)
    const spread = i8x16.shuffle(i32x4.splat(<i32>word), i32x4.splat(<i32>word), 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1)
    const isThere = i8x16.eq(v128.and(spread, lanes), lanes)
    v128.store(out + i, v128.bitselect(isThere, otherwise, isThere))
    from += 2
  }
  return alive
}

/** How many of `count` entries are alive. */
export function countAlive(definitions: usize, count: i32): i32 {
  const wanted = i8x16.splat(<i8>ALIVE)
  let alive = 0
  let i = 0
  for (; i + 16 <= count; i += 16) alive += popcnt(i8x16.bitmask(i8x16.eq(v128.load(definitions + i), wanted)))
  for (; i < count; i++) alive += <i32>(load<u8>(definitions + i) == ALIVE)
  return alive
}

/** The last entry at or before `most` that begins a row; where that is the first of all, the next one behind it, or `count`. */
export function cutAtRow(repetitions: usize, count: i32, most: i32): i32 {
  for (let i = min(most, count - 1); i > 0; i--) if (load<u8>(repetitions + i) == 0) return i
  for (let i = max(most, 0) + 1; i < count; i++) if (load<u8>(repetitions + i) == 0) return i
  return count
}

/**
 * Levels (a byte each, those above `most` taken for `most`, which is at least 1) as runs and bit-packed groups of the width that `most` needs.
 * Returns the bytes written; `out` has `levelBytesMax`.
 */
export function encodeLevels(levels: usize, count: i32, most: u32, out: usize): i32 {
  const width = <u64>(32 - clz(most))
  const top = i8x16.splat(<i8>most)
  const groups = (count + 7) >> 3
  // Below, bit-packing is as small.
  const runGroupsMin = <i32>(4 / width) + 1
  let o = out
  let packedFrom = 0
  let group = 0
  while (group < groups) {
    const value = groupAt(levels, group, count, top)
    let next = group + 1
    if (value == (value & 0xff) * 0x0101010101010101) {
      while (next < groups && groupAt(levels, next, count, top) == value) next++
      if (next - group >= runGroupsMin) {
        o = packLevels(levels, packedFrom, group, count, top, width, o)
        o = writeLength(<u32>(min(next << 3, count) - (group << 3)) << 1, o)
        store<u8>(o++, <u8>value)
        packedFrom = next
      }
    }
    group = next
  }
  return <i32>(packLevels(levels, packedFrom, groups, count, top, width, o) - out)
}

// Eight levels, the last one again where there are fewer.
// @ts-ignore: decorator
@inline function groupAt(levels: usize, group: i32, count: i32, top: v128): u64 {
  const at = levels + <usize>(group << 3)
  const there = count - (group << 3)
  const word = i64x2.extract_lane(i8x16.min_u(v128.load64_zero(at), top), 0)
  if (there >= 8) return word
  const kept = ((<u64>1) << <u64>(there << 3)) - 1
  const last = (word >> <u64>((there - 1) << 3)) & 0xff
  return (word & kept) | ((last * 0x0101010101010101) & ~kept)
}

function packLevels(levels: usize, start: i32, end: i32, count: i32, top: v128, width: u64, out: usize): usize {
  if (start == end) return out
  let o = writeLength((<u32>(end - start) << 1) | 1, out)
  for (let group = start; group < end; group++) {
    let word = groupAt(levels, group, count, top)
    word = (word & 0x00ff00ff00ff00ff) | ((word & 0xff00ff00ff00ff00) >> (8 - width))
    word = (word & 0x0000ffff0000ffff) | ((word & 0xffff0000ffff0000) >> (16 - 2 * width))
    word = (word & 0xffffffff) | ((word >> 32) << (4 * width))
    store<u64>(o, word)
    o += <usize>width
  }
  return o
}

function writeLength(value: u32, out: usize): usize {
  while (value >= 128) {
    store<u8>(out++, <u8>(value | 128))
    value >>= 7
  }
  store<u8>(out, <u8>value)
  return out + 1
}

// The row of alive entry number k; for one that isn't alive some row that can be looked at.
// @ts-ignore: decorator
@inline function rowOf(rows: usize, base: i32, k: i32, isAlive: i32): i32 {
  return select<i32>(rows == 0 ? base + k : load<i32>(rows + (<usize>k << 2)), base, isAlive)
}

// @ts-ignore: decorator
@inline function startOf(offsets: usize, size: i32, row: i32): i32 {
  return offsets == 0 ? row * size : load<i32>(offsets + (<usize>row << 2))
}

// @ts-ignore: decorator
@inline function endOf(offsets: usize, size: i32, row: i32): i32 {
  return offsets == 0 ? row * size + size : load<i32>(offsets + (<usize>row << 2), 4)
}

// @ts-ignore: decorator
@inline function bitOf(bits: usize, i: i32): i32 {
  return (<i32>load<u8>(bits + <usize>(i >>> 3)) >> (i & 7)) & 1
}
