// Aggregation by group number: the second step of a group-by. A state is an array of entries by gid, which src/compute/accumulator.ts owns:
// sum and mean of int32: [sum i64, count i64]; of int64: [sum of low halves, sum of high halves, count, 0], which can't overflow in 2^32 rows and so
// does not depend on their order (of other types: sums.ts); min and max: [best i64, any i64], float64 as ordered bits.
// With few groups, neighbouring rows hit the same entry and each waits for the one before it: then the rows are dealt to four banks.
import { blockRows, nearBytes, touchEntries } from './touch'
import { isValid } from './validity'

// @ts-ignore: decorator
@inline function gidOffset(gids: usize, row: i32): usize {
  return <usize>load<u32>(gids + (<usize>row << 2)) << 4
}

// @ts-ignore: decorator
@inline function entryOf(values: usize, row: i32): v128 {
  return v128.or(i64x2.extend_low_i32x4_s(v128.load32_zero(values + (<usize>row << 2))), i64x2(0, 1))
}

// @ts-ignore: decorator
@inline function addTo(entry: usize, delta: v128): void {
  v128.store(entry, i64x2.add(v128.load(entry), delta))
}

// @ts-ignore: decorator
@inline function foldBanks(banks: usize, groups: i32, state: usize): void {
  const bytes = <usize>groups << 4
  for (let at: usize = 0; at < bytes; at += 16) {
    for (let bank: usize = 0; bank < 4; bank++) addTo(state + at, v128.load(banks + bank * bytes + at))
  }
}

/** state[gid] += [value, 1] for the rows that aren't null. `banks`: 64 bytes a group of scratch, used where `groups` are few; 0 does without. */
export function sumI32(gids: usize, values: usize, validity: usize, rows: i32, state: usize, banks: usize, groups: i32): void {
  let row = 0
  if (validity != 0) {
    for (; row < rows; row++) {
      if (isValid(validity, row)) addTo(state + gidOffset(gids, row), entryOf(values, row))
    }
    return
  }
  if (banks != 0) {
    const bytes = <usize>groups << 4
    memory.fill(banks, 0, bytes << 2)
    for (; row + 4 <= rows; row += 4) {
      addTo(banks + gidOffset(gids, row), entryOf(values, row))
      addTo(banks + bytes + gidOffset(gids, row + 1), entryOf(values, row + 1))
      addTo(banks + bytes * 2 + gidOffset(gids, row + 2), entryOf(values, row + 2))
      addTo(banks + bytes * 3 + gidOffset(gids, row + 3), entryOf(values, row + 3))
    }
    foldBanks(banks, groups, state)
  }
  for (; row + 4 <= rows; row += 4) {
    addTo(state + gidOffset(gids, row), entryOf(values, row))
    addTo(state + gidOffset(gids, row + 1), entryOf(values, row + 1))
    addTo(state + gidOffset(gids, row + 2), entryOf(values, row + 2))
    addTo(state + gidOffset(gids, row + 3), entryOf(values, row + 3))
  }
  for (; row < rows; row++) addTo(state + gidOffset(gids, row), entryOf(values, row))
}

/** state[gid] += [low 32 bits, high 32 bits, 1, 0] for the rows that aren't null; entries of 32 bytes. */
export function sumI64(gids: usize, values: usize, validity: usize, rows: i32, state: usize): void {
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) continue
    const value = load<i64>(values + (<usize>row << 3))
    const entry = state + (gidOffset(gids, row) << 1)
    v128.store(entry, i64x2.add(v128.load(entry), i64x2.replace_lane(i64x2.splat(value >> 32), 0, value & 0xffffffff)))
    store<i64>(entry, load<i64>(entry, 16) + 1, 16)
  }
}

/** Counts rows by group, of those whose bit is 1, into i64 words `1 << shift` bytes apart. */
export function countGroups(gids: usize, validity: usize, rows: i32, state: usize, shift: i32): void {
  for (let row = 0; row < rows; row++) {
    const at = state + (<usize>load<u32>(gids + (<usize>row << 2)) << shift)
    store<i64>(at, load<i64>(at) + <i64>isValid(validity, row))
  }
}

/** state[gid] += value for i64 words `1 << shift` bytes apart: merging partial counts and sums. */
export function addWordsI64(gids: usize, values: usize, rows: i32, state: usize, shift: i32): void {
  for (let row = 0; row < rows; row++) {
    const at = state + (<usize>load<u32>(gids + (<usize>row << 2)) << shift)
    store<i64>(at, load<i64>(at) + load<i64>(values + (<usize>row << 3)))
  }
}

// Order of float64 as int64: flips the magnitude of negative numbers; NaN is greater than every number, −0 less than 0. Its own inverse.
// @ts-ignore: decorator
@inline function ordered(bits: i64): i64 {
  return bits ^ ((bits >> 63) & i64.MAX_VALUE)
}

// @ts-ignore: decorator
@inline function orderOf<T>(values: usize, row: i32): i64 {
  if (isFloat<T>()) {
    const value = load<f64>(values + (<usize>row << 3))
    return value != value ? 0x7ff8000000000000 : ordered(reinterpret<i64>(value))
  }
  return <i64>load<T>(values + <usize>row * sizeof<T>())
}

// @ts-ignore: decorator
@inline function bestOf<T>(greatest: bool, gids: usize, values: usize, validity: usize, start: i32, end: i32, state: usize): void {
  for (let row = start; row < end; row++) {
    if (!isValid(validity, row)) continue
    const entry = state + gidOffset(gids, row)
    const value = orderOf<T>(values, row)
    const now = load<i64>(entry)
    store<i64>(entry, (greatest ? value > now : value < now) ? value : now)
    store<i64>(entry, 1, 8)
  }
}

// @ts-ignore: decorator
@inline function best<T>(greatest: bool, gids: usize, values: usize, validity: usize, rows: i32, state: usize, groups: i32): u32 {
  let seen: u32 = 0
  if (<usize>groups << 4 <= nearBytes) bestOf<T>(greatest, gids, values, validity, 0, rows, state)
  else {
    for (let start = 0; start < rows; start += blockRows) {
      const end = min(start + blockRows, rows)
      seen ^= touchEntries(gids, start, end, state, 4)
      bestOf<T>(greatest, gids, values, validity, start, end, state)
    }
  }
  return seen
}

/** state[gid] = [least value, 1] over the rows that aren't null; fresh entries hold [greatest i64, 0]. What it gives means nothing. */
export function minI32(gids: usize, values: usize, validity: usize, rows: i32, state: usize, groups: i32): u32 {
  return best<i32>(false, gids, values, validity, rows, state, groups)
}
/** As `minI32`, of 64-bit numbers. */
export function minI64(gids: usize, values: usize, validity: usize, rows: i32, state: usize, groups: i32): u32 {
  return best<i64>(false, gids, values, validity, rows, state, groups)
}
/** As `minI32`, of float64: NaN is greater than every number. */
export function minF64(gids: usize, values: usize, validity: usize, rows: i32, state: usize, groups: i32): u32 {
  return best<f64>(false, gids, values, validity, rows, state, groups)
}
/** state[gid] = [greatest value, 1]; fresh entries hold [least i64, 0]. */
export function maxI32(gids: usize, values: usize, validity: usize, rows: i32, state: usize, groups: i32): u32 {
  return best<i32>(true, gids, values, validity, rows, state, groups)
}
/** As `maxI32`, of 64-bit numbers. */
export function maxI64(gids: usize, values: usize, validity: usize, rows: i32, state: usize, groups: i32): u32 {
  return best<i64>(true, gids, values, validity, rows, state, groups)
}
/** As `maxI32`, of float64: NaN is greater than every number. */
export function maxF64(gids: usize, values: usize, validity: usize, rows: i32, state: usize, groups: i32): u32 {
  return best<f64>(true, gids, values, validity, rows, state, groups)
}
