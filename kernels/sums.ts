// Sums that don't depend on the order of rows: of float64 with what rounding lost kept beside (Knuth's two-sum), of uint64 and decimals exact at any
// size on the way. Entries of 32 bytes by group: [sum f64, rest f64, count f64, 0]; of uint64 as of int64 (aggregate.ts), [low halves, high halves,
// count, 0]; of decimals [three words of a 192-bit integer, count].
import { isValid } from './validity'

// @ts-ignore: decorator
@inline function entryOf(state: usize, gids: usize, row: i32): usize {
  return state + (<usize>load<u32>(gids + (<usize>row << 2)) << 5)
}

// @ts-ignore: decorator
@inline function add(entry: usize, x: f64): void {
  const before = load<f64>(entry)
  const after = before + x
  const part = after - before
  store<f64>(entry, after)
  store<f64>(entry, load<f64>(entry, 8) + ((before - (after - part)) + (x - part)), 8)
}

// @ts-ignore: decorator
@inline function take(entry: usize, x: f64): void {
  add(entry, x)
  store<f64>(entry, load<f64>(entry, 16) + 1, 16)
}

// @ts-ignore: decorator
@inline function mergeInto(entry: usize, sum: f64, rest: f64, count: f64): void {
  add(entry, sum)
  store<f64>(entry, load<f64>(entry, 8) + rest, 8)
  store<f64>(entry, load<f64>(entry, 16) + count, 16)
}

// The sum with its rest; once it is infinite or NaN the rest means nothing.
// @ts-ignore: decorator
@inline function total(entry: usize): f64 {
  const sum = load<f64>(entry)
  return sum - sum == 0 ? sum + load<f64>(entry, 8) : sum
}

/** Takes the rows that aren't null. `banks`: 128 bytes a group of scratch, used where `groups` are few, so that rows don't wait for each other; 0 does without. */
export function sumF64(gids: usize, values: usize, validity: usize, rows: i32, state: usize, banks: usize, groups: i32): void {
  let row = 0
  if (validity != 0) {
    for (; row < rows; row++) {
      if (isValid(validity, row)) take(entryOf(state, gids, row), load<f64>(values + (<usize>row << 3)))
    }
    return
  }
  if (banks != 0) {
    const bytes = <usize>groups << 5
    memory.fill(banks, 0, bytes << 2)
    for (; row + 4 <= rows; row += 4) {
      const at = values + (<usize>row << 3)
      take(entryOf(banks, gids, row), load<f64>(at))
      take(entryOf(banks + bytes, gids, row + 1), load<f64>(at, 8))
      take(entryOf(banks + bytes * 2, gids, row + 2), load<f64>(at, 16))
      take(entryOf(banks + bytes * 3, gids, row + 3), load<f64>(at, 24))
    }
    for (let bank: usize = 0; bank < 4; bank++) {
      for (let at: usize = 0; at < bytes; at += 32) {
        const entry = banks + bank * bytes + at
        mergeInto(state + at, load<f64>(entry), load<f64>(entry, 8), load<f64>(entry, 16))
      }
    }
  }
  for (; row < rows; row++) take(entryOf(state, gids, row), load<f64>(values + (<usize>row << 3)))
}

/** Takes states. */
export function mergeSumsF64(gids: usize, sums: usize, rests: usize, counts: usize, rows: i32, state: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = <usize>row << 3
    mergeInto(entryOf(state, gids, row), load<f64>(sums + at), load<f64>(rests + at), load<f64>(counts + at))
  }
}

/** out[gid] = the sum, or the mean where `mean` is not 0. */
export function totalsF64(state: usize, groups: i32, mean: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 5)
    const sum = total(entry)
    store<f64>(out + (<usize>gid << 3), mean != 0 ? sum / load<f64>(entry, 16) : sum)
  }
}

/** As `sumI64`, of uint64. */
export function sumU64(gids: usize, values: usize, validity: usize, rows: i32, state: usize): void {
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) continue
    const value = load<u64>(values + (<usize>row << 3))
    const entry = entryOf(state, gids, row)
    v128.store(entry, i64x2.add(v128.load(entry), i64x2.replace_lane(i64x2.splat(<i64>(value >> 32)), 0, <i64>(value & 0xffffffff))))
    store<i64>(entry, load<i64>(entry, 16) + 1, 16)
  }
}

/** As `sumsWide`, of uint64. */
export function sumsWideU64(state: usize, groups: i32, out: usize): i32 {
  let overflow = -1
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 5)
    const low = load<u64>(entry)
    const high = load<u64>(entry, 8) + (low >> 32)
    if (high >> 32 != 0 && overflow < 0) overflow = gid
    store<u64>(out + (<usize>gid << 3), (high << 32) | (low & 0xffffffff))
  }
  return overflow
}

/** out[gid] = the mean of [low, high, count, 0] entries of int64, rounded to the nearest, halves away from zero. */
export function meansRounded(state: usize, groups: i32, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 5)
    const count = load<i64>(entry, 16)
    if (count == 0) {
      store<i64>(out + (<usize>gid << 3), 0)
      continue
    }
    // Long division by halves, of the magnitude: what is left of the high half goes down into the low one.
    const low = load<i64>(entry)
    let high = load<i64>(entry, 8) + (low >> 32)
    let rest = low & 0xffffffff
    const negative = high < 0
    if (negative) {
      high = ~high + <i64>(rest == 0)
      rest = (0 - rest) & 0xffffffff
    }
    const below = ((high % count) << 32) | rest
    const whole = ((high / count) << 32) + below / count
    const rounded = whole + <i64>((below % count) * 2 >= count)
    store<i64>(out + (<usize>gid << 3), negative ? -rounded : rounded)
  }
}

// @ts-ignore: decorator
@inline function addWide(entry: usize, w0: u64, w1: u64, w2: i64): void {
  const a = load<u64>(entry)
  const b = load<u64>(entry, 8)
  const low = a + w0
  const carry = <u64>(low < a)
  const middle = b + w1
  const carried = middle + carry
  store<u64>(entry, low)
  store<u64>(entry, carried, 8)
  store<i64>(entry, load<i64>(entry, 16) + w2 + <i64>(middle < b) + <i64>(carried < middle), 16)
}

/** Takes decimals of rows that aren't null. */
export function sumD128(gids: usize, values: usize, validity: usize, rows: i32, state: usize): void {
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) continue
    const entry = entryOf(state, gids, row)
    const at = values + (<usize>row << 4)
    const high = load<i64>(at, 8)
    addWide(entry, load<u64>(at), <u64>high, high >> 63)
    store<i64>(entry, load<i64>(entry, 24) + 1, 24)
  }
}

/**
 * As `sumD128`, of signed integers of `bits`, which are 8, 16, 32 or 64. `banks`: 128 bytes a group of scratch, used where `groups` are few, so that rows don't
 * wait for each other; 0 does without.
 */
export function sumNarrow(gids: usize, values: usize, bits: i32, validity: usize, rows: i32, state: usize, banks: usize, groups: i32): void {
  if (bits == 8) sumSmall<i8>(gids, values, validity, rows, state, banks, groups)
  else if (bits == 16) sumSmall<i16>(gids, values, validity, rows, state, banks, groups)
  else if (bits == 32) sumSmall<i32>(gids, values, validity, rows, state, banks, groups)
  else sumHalves(gids, values, validity, rows, state, banks, groups)
}

// @ts-ignore: decorator
@inline function addTotal(entry: usize, sum: i64, count: i64): void {
  addWide(entry, sum, <u64>(sum >> 63), sum >> 63)
  store<i64>(entry, load<i64>(entry, 24) + count, 24)
}

// Up to 2^31 rows of 32 bits fit a word: [sum, count] by bank and group.
// @ts-ignore: decorator
@inline function sumSmall<T>(gids: usize, values: usize, validity: usize, rows: i32, state: usize, banks: usize, groups: i32): void {
  let row = 0
  if (groups == 1 && validity == 0) {
    let even: i64 = 0
    let odd: i64 = 0
    for (; row + 2 <= rows; row += 2) {
      const at = values + <usize>row * sizeof<T>()
      even += <i64>load<T>(at)
      odd += <i64>load<T>(at, sizeof<T>())
    }
    addTotal(state, even + odd, row)
  } else if (banks != 0 && validity == 0) {
    const bytes = <usize>groups << 4
    memory.fill(banks, 0, bytes << 2)
    for (; row + 4 <= rows; row += 4) {
      const at = values + <usize>row * sizeof<T>()
      const ids = gids + (<usize>row << 2)
      addPair(banks + (<usize>load<u32>(ids) << 4), <i64>load<T>(at))
      addPair(banks + bytes + (<usize>load<u32>(ids, 4) << 4), <i64>load<T>(at, sizeof<T>()))
      addPair(banks + bytes * 2 + (<usize>load<u32>(ids, 8) << 4), <i64>load<T>(at, 2 * sizeof<T>()))
      addPair(banks + bytes * 3 + (<usize>load<u32>(ids, 12) << 4), <i64>load<T>(at, 3 * sizeof<T>()))
    }
    for (let at: usize = 0; at < bytes; at += 16) {
      const all = i64x2.add(i64x2.add(v128.load(banks + at), v128.load(banks + bytes + at)), i64x2.add(v128.load(banks + bytes * 2 + at), v128.load(banks + bytes * 3 + at)))
      addTotal(state + (at << 1), i64x2.extract_lane(all, 0), i64x2.extract_lane(all, 1))
    }
  }
  for (; row < rows; row++) if (isValid(validity, row)) addTotal(entryOf(state, gids, row), <i64>load<T>(values + <usize>row * sizeof<T>()), 1)
}

// @ts-ignore: decorator
@inline function addPair(entry: usize, value: i64): void {
  v128.store(entry, i64x2.add(v128.load(entry), i64x2.replace_lane(i64x2.splat(1), 0, value)))
}

// Values of 64 bits as halves, so that up to 2^31 of them fit: [low halves, high halves, count, 0] by bank and group.
function sumHalves(gids: usize, values: usize, validity: usize, rows: i32, state: usize, banks: usize, groups: i32): void {
  let row = 0
  if (banks != 0 && validity == 0) {
    const bytes = <usize>groups << 5
    memory.fill(banks, 0, bytes << 2)
    for (; row + 4 <= rows; row += 4) {
      const at = values + (<usize>row << 3)
      const ids = gids + (<usize>row << 2)
      addHalves(banks + (<usize>load<u32>(ids) << 5), load<i64>(at))
      addHalves(banks + bytes + (<usize>load<u32>(ids, 4) << 5), load<i64>(at, 8))
      addHalves(banks + bytes * 2 + (<usize>load<u32>(ids, 8) << 5), load<i64>(at, 16))
      addHalves(banks + bytes * 3 + (<usize>load<u32>(ids, 12) << 5), load<i64>(at, 24))
    }
    for (let at: usize = 0; at < bytes << 2; at += 32) {
      const low = load<i64>(banks + at)
      const high = load<i64>(banks + at, 8)
      const entry = state + (at % bytes)
      addWide(entry, low, 0, 0)
      addWide(entry, high << 32, <u64>(high >> 32), high >> 63)
      store<i64>(entry, load<i64>(entry, 24) + load<i64>(banks + at, 16), 24)
    }
  }
  for (; row < rows; row++) if (isValid(validity, row)) addTotal(entryOf(state, gids, row), load<i64>(values + (<usize>row << 3)), 1)
}

// @ts-ignore: decorator
@inline function addHalves(entry: usize, value: i64): void {
  v128.store(entry, i64x2.add(v128.load(entry), i64x2.replace_lane(i64x2.splat(value >> 32), 0, value & 0xffffffff)))
  store<i64>(entry, load<i64>(entry, 16) + 1, 16)
}

/** Takes states of decimals: three words and a count. */
export function mergeSumsD128(gids: usize, w0: usize, w1: usize, w2: usize, counts: usize, rows: i32, state: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = <usize>row << 3
    const entry = entryOf(state, gids, row)
    addWide(entry, load<u64>(w0 + at), load<u64>(w1 + at), load<i64>(w2 + at))
    store<i64>(entry, load<i64>(entry, 24) + load<i64>(counts + at), 24)
  }
}

// 10^38 in words: a decimal(38, s) lies below it.
const limitHigh: u64 = 0x4b3b4ca85a86c47a
const limitLow: u64 = 0x098a224000000000

/** out[gid] = the sum as a decimal of 38 digits. Returns the first gid whose sum has more, or −1. */
export function sumsD128(state: usize, groups: i32, out: usize): i32 {
  let overflow = -1
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 5)
    const low = load<u64>(entry)
    const high = load<u64>(entry, 8)
    const top = load<i64>(entry, 16)
    const negative = top < 0
    const highSize = negative ? ~high + <u64>(low == 0) : high
    const lowSize = negative ? 0 - low : low
    const topSize = negative ? <u64>(~top) + <u64>(low == 0 && high == 0) : <u64>top
    const fits = topSize == 0 && (highSize < limitHigh || (highSize == limitHigh && lowSize < limitLow))
    if (!fits && overflow < 0) overflow = gid
    store<u64>(out + (<usize>gid << 4), low)
    store<u64>(out + (<usize>gid << 4), high, 8)
  }
  return overflow
}

/** out[gid] = the mean of decimals as float64: the sum, rounded, over `divisor` and the count. */
export function meansD128(state: usize, groups: i32, divisor: f64, out: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 5)
    const low = load<u64>(entry)
    const high = load<u64>(entry, 8)
    const top = load<i64>(entry, 16)
    const negative = top < 0
    const highSize = negative ? ~high + <u64>(low == 0) : high
    const lowSize = negative ? 0 - low : low
    const topSize = negative ? <u64>(~top) + <u64>(low == 0 && high == 0) : <u64>top
    const size = (<f64>topSize * 18446744073709551616.0 + <f64>highSize) * 18446744073709551616.0 + <f64>lowSize
    store<f64>(out + (<usize>gid << 3), ((negative ? -size : size) / divisor) / <f64>load<i64>(entry, 24))
  }
}

/** state[gid] += [value, 1] for int64 whose sums fit a word; entries of 16 bytes, as those of int32. */
export function sumWords(gids: usize, values: usize, validity: usize, rows: i32, state: usize): void {
  for (let row = 0; row < rows; row++) {
    if (!isValid(validity, row)) continue
    const entry = state + (<usize>load<u32>(gids + (<usize>row << 2)) << 4)
    v128.store(entry, i64x2.add(v128.load(entry), i64x2(0, 1)))
    store<i64>(entry, load<i64>(entry) + load<i64>(values + (<usize>row << 3)))
  }
}
