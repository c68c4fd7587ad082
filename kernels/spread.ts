// Variance and correlation by group, in one pass: sums of distances, and of their products, from the group's first value, which lies among the
// others and so leaves nothing large to cancel; each sum is compensated. What leaves is [count, mean, sum of squares about it], which merges exactly
// (Chan, Golub and LeVeque, 1979). Entries: [count, shift, sum, rest, squares, rest, 0, 0]; of pairs [count, 0], the shifts
// of x and y, their sums and what these lost, those of xx and yy, then the sum of xy and what it lost. Values that are not finite make the result NaN.
import { blockRows, nearBytes, touchEntries } from './touch'
import { isValid } from './validity'

// Adds to a sum and what rounding lost of it (Knuth's two-sum).
// @ts-ignore: decorator
@inline function add(sum: usize, x: f64): void {
  const before = load<f64>(sum)
  const after = before + x
  const part = after - before
  store<f64>(sum, after)
  store<f64>(sum, load<f64>(sum, 8) + ((before - (after - part)) + (x - part)), 8)
}

// As `add`, to two sums that lie side by side, before what rounding lost of them.
// @ts-ignore: decorator
@inline function addBoth(sums: usize, x: v128): void {
  const before = v128.load(sums)
  const after = f64x2.add(before, x)
  const part = f64x2.sub(after, before)
  const lost = f64x2.add(f64x2.sub(before, f64x2.sub(after, part)), f64x2.sub(x, part))
  v128.store(sums, after)
  v128.store(sums, f64x2.add(v128.load(sums, 16), lost), 16)
}

// @ts-ignore: decorator
@inline function total(sum: usize, rest: usize = 8): f64 {
  const main = load<f64>(sum)
  const whole = main + load<f64>(sum + rest)
  return whole - whole == 0 ? whole : main
}

/** Takes values into entries of 64 bytes. What it gives means nothing. */
export function addSpreadF64(gids: usize, values: usize, validity: usize, rows: i32, state: usize, groups: i32): u32 {
  let seen: u32 = 0
  const isFar = <usize>groups << 6 > nearBytes
  for (let start = 0; start < rows; start += blockRows) {
    const end = min(start + blockRows, rows)
    if (isFar) seen ^= touchEntries(gids, start, end, state, 6)
    addValues(gids, values, validity, start, end, state)
  }
  return seen
}

// @ts-ignore: decorator
@inline function addValues(gids: usize, values: usize, validity: usize, start: i32, end: i32, state: usize): void {
  for (let row = start; row < end; row++) {
    if (!isValid(validity, row)) continue
    const entry = state + (<usize>load<u32>(gids + (<usize>row << 2)) << 6)
    const x = load<f64>(values + (<usize>row << 3))
    const count = load<f64>(entry)
    if (count == 0) store<f64>(entry, x, 8)
    const distance = x - load<f64>(entry, 8)
    store<f64>(entry, count + 1)
    add(entry + 16, distance)
    add(entry + 32, distance * distance)
  }
}

/** Takes partial states, those of a count above 0. */
export function mergeSpread(gids: usize, counts: usize, means: usize, squares: usize, rows: i32, state: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = <usize>row << 3
    const count = load<f64>(counts + at)
    if (count == 0) continue
    const entry = state + (<usize>load<u32>(gids + (<usize>row << 2)) << 6)
    const before = load<f64>(entry)
    const mean = load<f64>(means + at)
    if (before == 0) store<f64>(entry, mean, 8)
    const distance = mean - load<f64>(entry, 8)
    store<f64>(entry, before + count)
    add(entry + 16, count * distance)
    add(entry + 32, count * distance * distance)
    add(entry + 32, load<f64>(squares + at))
  }
}

/** The states: count, mean and sum of squared distances from it; zeros where there are none. */
export function takeSpread(state: usize, groups: i32, counts: usize, means: usize, squares: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 6)
    const at = <usize>gid << 3
    const count = load<f64>(entry)
    const sum = total(entry + 16)
    store<f64>(counts + at, count)
    store<f64>(means + at, count == 0 ? 0 : load<f64>(entry, 8) + sum / count)
    const about = total(entry + 32) - (sum / count) * sum
    store<f64>(squares + at, count == 0 || about < 0 ? 0 : about)
  }
}

// @ts-ignore: decorator
@inline function putBit(bits: usize, gid: i32, bit: bool): void {
  const at = bits + (gid >> 3)
  const before = (gid & 7) == 0 ? 0 : <u32>load<u8>(at)
  store<u8>(at, <u8>(before | (<u32>bit << (gid & 7))))
}

/** out[gid] = squares / (count − less), its root where `root` is not 0; the bit of `valid` says whether count > less. Returns how many are valid. */
export function spreadsF64(counts: usize, squares: usize, groups: i32, less: f64, root: i32, out: usize, valid: usize): i32 {
  let some = 0
  for (let gid = 0; gid < groups; gid++) {
    const at = <usize>gid << 3
    const degrees = load<f64>(counts + at) - less
    const variance = load<f64>(squares + at) / degrees
    store<f64>(out + at, root != 0 ? Math.sqrt(variance) : variance)
    putBit(valid, gid, degrees > 0)
    some += <i32>(degrees > 0)
  }
  return some
}

/** Takes pairs of values into entries of 128 bytes. What it gives means nothing. */
export function addPairsF64(gids: usize, xs: usize, ys: usize, validity: usize, rows: i32, state: usize, groups: i32): u32 {
  let seen: u32 = 0
  const isFar = <usize>groups << 7 > nearBytes
  for (let start = 0; start < rows; start += blockRows) {
    const end = min(start + blockRows, rows)
    // An entry has two cache lines.
    if (isFar) seen ^= touchEntries(gids, start, end, state, 7) ^ touchEntries(gids, start, end, state + 64, 7)
    addPairs(gids, xs, ys, validity, start, end, state)
  }
  return seen
}

// @ts-ignore: decorator
@inline function addPairs(gids: usize, xs: usize, ys: usize, validity: usize, start: i32, end: i32, state: usize): void {
  for (let row = start; row < end; row++) {
    if (!isValid(validity, row)) continue
    const entry = state + (<usize>load<u32>(gids + (<usize>row << 2)) << 7)
    const pair = v128.load64_lane(ys + (<usize>row << 3), v128.load64_zero(xs + (<usize>row << 3)), 1)
    const count = load<f64>(entry)
    if (count == 0) v128.store(entry, pair, 16)
    const distances = f64x2.sub(pair, v128.load(entry, 16))
    store<f64>(entry, count + 1)
    addBoth(entry + 32, distances)
    addBoth(entry + 64, f64x2.mul(distances, distances))
    add(entry + 96, f64x2.extract_lane(distances, 0) * f64x2.extract_lane(distances, 1))
  }
}

/** Takes partial states of pairs: counts, means of x and y, sums of squares about them and of products. */
export function mergePairs(gids: usize, counts: usize, xs: usize, ys: usize, xx: usize, yy: usize, xy: usize, rows: i32, state: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = <usize>row << 3
    const count = load<f64>(counts + at)
    if (count == 0) continue
    const entry = state + (<usize>load<u32>(gids + (<usize>row << 2)) << 7)
    const before = load<f64>(entry)
    const pair = v128.load64_lane(ys + at, v128.load64_zero(xs + at), 1)
    if (before == 0) v128.store(entry, pair, 16)
    const distances = f64x2.sub(pair, v128.load(entry, 16))
    const moved = f64x2.mul(f64x2.splat(count), distances)
    store<f64>(entry, before + count)
    addBoth(entry + 32, moved)
    addBoth(entry + 64, f64x2.mul(moved, distances))
    addBoth(entry + 64, v128.load64_lane(yy + at, v128.load64_zero(xx + at), 1))
    add(entry + 96, f64x2.extract_lane(moved, 0) * f64x2.extract_lane(distances, 1))
    add(entry + 96, load<f64>(xy + at))
  }
}

/** The states of pairs, as `mergePairs` takes them; zeros where there are none. */
export function takePairs(state: usize, groups: i32, counts: usize, xs: usize, ys: usize, xx: usize, yy: usize, xy: usize): void {
  for (let gid = 0; gid < groups; gid++) {
    const entry = state + (<usize>gid << 7)
    const at = <usize>gid << 3
    const count = load<f64>(entry)
    const some = count > 0
    const sumX = total(entry + 32, 16)
    const sumY = total(entry + 40, 16)
    const aboutX = total(entry + 64, 16) - (sumX / count) * sumX
    const aboutY = total(entry + 72, 16) - (sumY / count) * sumY
    store<f64>(counts + at, count)
    store<f64>(xs + at, some ? load<f64>(entry, 16) + sumX / count : 0)
    store<f64>(ys + at, some ? load<f64>(entry, 24) + sumY / count : 0)
    store<f64>(xx + at, !some || aboutX < 0 ? 0 : aboutX)
    store<f64>(yy + at, !some || aboutY < 0 ? 0 : aboutY)
    store<f64>(xy + at, some ? total(entry + 96) - (sumX / count) * sumY : 0)
  }
}

/** out[gid] = Pearson's correlation; the bit of `valid` is 0 for fewer than two pairs and where either side does not vary. Returns how many are valid. */
export function correlationsF64(counts: usize, xx: usize, yy: usize, xy: usize, groups: i32, out: usize, valid: usize): i32 {
  let some = 0
  for (let gid = 0; gid < groups; gid++) {
    const at = <usize>gid << 3
    const spread = Math.sqrt(load<f64>(xx + at)) * Math.sqrt(load<f64>(yy + at))
    store<f64>(out + at, max<f64>(-1, min<f64>(1, load<f64>(xy + at) / spread)))
    const isSome = load<f64>(counts + at) > 1 && spread != 0
    putBit(valid, gid, isSome)
    some += <i32>isSome
  }
  return some
}
