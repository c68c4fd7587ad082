// Aggregates that fold each value into one word: entries of 16 bytes, [word, any i64], whose fresh word leaves a value as it is. And the extremes of
// decimals: entries of 32 bytes, [two words, any u32, 0].
import { isValid } from './validity'

// @ts-ignore: decorator
@inline function entryOf(state: usize, gids: usize, row: i32): usize {
  return state + (<usize>load<u32>(gids + (<usize>row << 2)) << 4)
}

/** Multiplies the rows that aren't null. */
export function productF64(gids: usize, values: usize, validity: usize, rows: i32, state: usize): void {
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) continue
    const entry = entryOf(state, gids, row)
    store<f64>(entry, load<f64>(entry) * load<f64>(values + (<usize>row << 3)))
    store<i64>(entry, 1, 8)
  }
}

// @ts-ignore: decorator
@inline function foldBits(fn: i32, gids: usize, values: usize, validity: usize, rows: i32, state: usize): void {
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) continue
    const entry = entryOf(state, gids, row)
    const word = load<u64>(entry)
    const value = load<u64>(values + (<usize>row << 3))
    store<u64>(entry, fn == 0 ? word & value : fn == 1 ? word | value : word ^ value)
    store<i64>(entry, 1, 8)
  }
}

/** Bits that all values have. */
export function andI64(gids: usize, values: usize, validity: usize, rows: i32, state: usize): void {
  foldBits(0, gids, values, validity, rows, state)
}
/** Bits that any value has. */
export function orI64(gids: usize, values: usize, validity: usize, rows: i32, state: usize): void {
  foldBits(1, gids, values, validity, rows, state)
}
/** Bits that an odd number of values has. */
export function xorI64(gids: usize, values: usize, validity: usize, rows: i32, state: usize): void {
  foldBits(2, gids, values, validity, rows, state)
}

// @ts-ignore: decorator
@inline function bestD128(greatest: bool, gids: usize, values: usize, validity: usize, rows: i32, state: usize): void {
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) continue
    const entry = state + (<usize>load<u32>(gids + (<usize>row << 2)) << 5)
    const at = values + (<usize>row << 4)
    if (load<u32>(entry, 16) != 0) {
      const high = load<i64>(at, 8)
      const held = load<i64>(entry, 8)
      const less = high < held || (high == held && load<u64>(at) < load<u64>(entry))
      if (greatest == less) continue
    }
    v128.store(entry, v128.load(at))
    store<u32>(entry, 1, 16)
  }
}

/** The least decimal. */
export function minD128(gids: usize, values: usize, validity: usize, rows: i32, state: usize): void {
  bestD128(false, gids, values, validity, rows, state)
}
/** The greatest decimal. */
export function maxD128(gids: usize, values: usize, validity: usize, rows: i32, state: usize): void {
  bestD128(true, gids, values, validity, rows, state)
}
