// Columns out of nothing: each value is a function of a seed and the row's number alone, so that splits and batches don't matter. Draws: splitmix64's
// finisher (Stafford's variant 13) over seed + (row + 1) · golden ratio. Normal numbers: Wichura's AS 241 (PPND16). Zipf's ranks: Walker's table (Vose)
// for the first, rejection-inversion (Hörmann and Derflinger, 1996) for the rest.
import { digitsOf, writeDigits } from './number-format'
import { multiplyHigh } from './number-text'

const golden: u64 = 0x9e3779b97f4a7c15

// @ts-ignore: decorator
@inline function mix(value: u64): u64 {
  let z = value
  z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9
  z = (z ^ (z >>> 27)) * 0x94d049bb133111eb
  return z ^ (z >>> 31)
}

// What `mix` takes for row `first`; the next row's is `golden` more.
// @ts-ignore: decorator
@inline function stateOf(seed: i64, first: f64): u64 {
  return <u64>seed + (<u64>first + 1) * golden
}

// In [0, 1), 53 bits.
// @ts-ignore: decorator
@inline function fraction(draw: u64): f64 {
  return <f64><i64>(draw >>> 11) * (1.0 / 9007199254740992.0)
}

// draw · range / 2^64, in [0, range), for a range below 2^32.
// @ts-ignore: decorator
@inline function below32(draw: u64, range: u64): u64 {
  return ((draw >>> 32) * range + (((draw & 0xffffffff) * range) >>> 32)) >>> 32
}

// @ts-ignore: decorator
@inline function sequence<T>(start: i64, step: i64, rows: i32, out: usize): void {
  let value = start
  const end = out + (<usize>rows * sizeof<T>())
  for (; out < end; out += sizeof<T>()) {
    store<T>(out, <T>value)
    value += step
  }
}

/** start + (first + i) · step as integers of 1, 2, 4 or 8 bytes, or 16 with the sign in the upper half. */
export function sequenceInts(start: i64, step: i64, first: f64, rows: i32, width: i32, out: usize): void {
  const value = start + step * <i64>first
  if (width == 8) sequence<i64>(value, step, rows, out)
  else if (width == 4) sequence<i32>(value, step, rows, out)
  else if (width == 2) sequence<i16>(value, step, rows, out)
  else if (width == 1) sequence<i8>(value, step, rows, out)
  else spread128(value, step, rows, out)
}

function spread128(start: i64, step: i64, rows: i32, out: usize): void {
  let value = start
  for (const end = out + (<usize>rows << 4); out < end; out += 16) {
    store<i64>(out, value)
    store<i64>(out, value >> 63, 8)
    value += step
  }
}

/** start + (first + i) · step, each rounded twice, as floats of 4 or 8 bytes. */
export function sequenceFloats(start: f64, step: f64, first: f64, rows: i32, width: i32, out: usize): void {
  for (let i = 0; i < rows; i++) putFloat(start + step * (first + <f64>i), width, i, out)
}

// @ts-ignore: decorator
@inline function putFloat(value: f64, width: i32, row: i32, out: usize): void {
  if (width == 8) store<f64>(out + (<usize>row << 3), value)
  else store<f32>(out + (<usize>row << 2), <f32>value)
}

// @ts-ignore: decorator
@inline function putInt(value: u64, width: i32, row: i32, out: usize): void {
  if (width == 8) store<u64>(out + (<usize>row << 3), value)
  else if (width == 4) store<u32>(out + (<usize>row << 2), <u32>value)
  else if (width == 2) store<u16>(out + (<usize>row << 1), <u16>value)
  else if (width == 1) store<u8>(out + <usize>row, <u8>value)
  else {
    store<u64>(out + (<usize>row << 4), value)
    store<i64>(out + (<usize>row << 4), <i64>value >> 63, 8)
  }
}

// @ts-ignore: decorator
@inline function uniform<T>(state: u64, min: u64, range: u64, rows: i32, out: usize): void {
  const end = out + (<usize>rows * sizeof<T>())
  for (; out < end; out += sizeof<T>()) {
    store<T>(out, <T>(min + below32(mix(state), range)))
    state += golden
  }
}

// Four draws of 32 bits: what few different values need. A round of multiplications by murmur3's constants (Appleby), with a key before and within.
// @ts-ignore: decorator
@inline function mix4(counter: v128, key: v128): v128 {
  let x = v128.xor(counter, i32x4.shr_u(counter, 16))
  x = v128.xor(i32x4.mul(x, i32x4.splat(0x85ebca6b)), key)
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 13)), i32x4.splat(0xc2b2ae35))
  return v128.xor(x, i32x4.shr_u(x, 16))
}

// At most 2^16 values, for rows that agree in all but the low 32 bits of their numbers; `keys`: the two keys of these.
function uniformFew(keys: u64, row: u32, min: u64, range: u32, rows: i32, width: i32, out: usize): void {
  const key = i32x4.splat(<i32>(keys >>> 32))
  const span = i32x4.splat(range)
  const step = i32x4.splat(<i32>(4 * <u32>0x9e3779b1))
  let counter = i32x4.splat(<i32>(row * 0x9e3779b1 + <u32>keys))
  counter = i32x4.add(counter, i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(<i32>0x9e3779b1)))
  const least4 = i32x4.splat(<i32>min)
  const least8 = i64x2.splat(min)
  for (let i = 0; i < rows; i += 4) {
    const x = mix4(counter, key)
    counter = i32x4.add(counter, step)
    const low = i64x2.extmul_low_i32x4_u(x, span)
    const high = i64x2.extmul_high_i32x4_u(x, span)
    const drawn = i8x16.shuffle(low, high, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)
    if (width == 4) v128.store(out + (<usize>i << 2), i32x4.add(drawn, least4))
    else if (width == 8) {
      v128.store(out + (<usize>i << 3), i64x2.add(i64x2.extend_low_i32x4_u(drawn), least8))
      v128.store(out + (<usize>i << 3), i64x2.add(i64x2.extend_high_i32x4_u(drawn), least8), 16)
    } else {
      const least = <u32>min
      putInt(i32x4.extract_lane(drawn, 0) + least, width, i, out)
      putInt(i32x4.extract_lane(drawn, 1) + least, width, i + 1, out)
      putInt(i32x4.extract_lane(drawn, 2) + least, width, i + 2, out)
      putInt(i32x4.extract_lane(drawn, 3) + least, width, i + 3, out)
    }
  }
}

/** Integers in [least, least + range) of 1, 2, 4, 8 or 16 bytes (16: see `sequenceInts`). A `range` of 0 is 2^64; one of up to 2^16 takes draws of 32 bits. */
export function uniformInts(seed: i64, first: f64, least: i64, range: i64, rows: i32, width: i32, out: usize): void {
  const span = <u64>range
  if (span - 1 < 0x10000 && width <= 8) {
    for (let done = 0; done < rows; ) {
      const row = <u64>first + <u64>done
      const count = <i32>min<u64>(<u64>(rows - done), 0x100000000 - (row & 0xffffffff))
      uniformFew(mix(<u64>seed + (row >>> 32) * golden), <u32>row, <u64>least, <u32>span, count, width, out + <usize>(done * width))
      done += count
    }
    return
  }
  uniformMany(stateOf(seed, first), <u64>least, span, rows, width, out)
}

function uniformMany(start: u64, min: u64, span: u64, rows: i32, width: i32, out: usize): void {
  let state = start
  if (span - 1 < 0xffffffff && width <= 8) {
    if (width == 8) uniform<u64>(state, min, span, rows, out)
    else if (width == 4) uniform<u32>(state, min, span, rows, out)
    else if (width == 2) uniform<u16>(state, min, span, rows, out)
    else uniform<u8>(state, min, span, rows, out)
    return
  }
  for (let i = 0; i < rows; i++) {
    const draw = mix(state)
    putInt(min + (span == 0 ? draw : multiplyHigh(draw, span)), width, i, out)
    state += golden
  }
}

/** Floats least + u · span for u in [0, 1), none above `most`, of 4 or 8 bytes. */
export function uniformFloats(seed: i64, first: f64, least: f64, span: f64, most: f64, rows: i32, width: i32, out: usize): void {
  let state = stateOf(seed, first)
  for (let i = 0; i < rows; i++) {
    const value = least + fraction(mix(state)) * span
    putFloat(value < most ? value : most, width, i, out)
    state += golden
  }
}

// @ts-ignore: decorator
@inline function central(r: f64): f64 {
  const above = ((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r + 4.5921953931549871457e4) * r + 1.3731693765509461125e4) * r + 1.9715909503065514427e3) * r + 1.3314166789178437745e2) * r + 3.387132872796366608
  const under = ((((((5.226495278852854561e3 * r + 2.8729085735721942674e4) * r + 3.930789580009271061e4) * r + 2.1213794301586595867e4) * r + 5.3941960214247511077e3) * r + 6.871870074920579083e2) * r + 4.2313330701600911252e1) * r + 1.0
  return above / under
}

function outer(r: f64): f64 {
  if (r <= 5) {
    r -= 1.6
    const above = ((((((7.7454501427834140764e-4 * r + 2.27238449892691845833e-2) * r + 2.4178072517745061177e-1) * r + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r + 4.6303378461565452959) * r + 1.42343711074968357734
    const under = ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 1.51986665636164571966e-2) * r + 1.4810397642748007459e-1) * r + 6.8976733498510000455e-1) * r + 1.6763848301838038494) * r + 2.05319162663775882187) * r + 1.0
    return above / under
  }
  r -= 5
  const above = ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.2426609473880784386e-3) * r + 2.6532189526576123093e-2) * r + 2.9656057182850489123e-1) * r + 1.7848265399172913358) * r + 5.4637849111641143699) * r + 6.6579046435011037772
  const under = ((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r + 7.868691311456132591e-4) * r + 1.48753612908506148525e-2) * r + 1.3692988092273580531e-1) * r + 5.9983220655588793769e-1) * r + 1.0
  return above / under
}

/** Normal numbers of 4 or 8 bytes, within 1e-15 of what the draw says. */
export function normalFloats(seed: i64, first: f64, mean: f64, deviation: f64, rows: i32, width: i32, out: usize): void {
  let state = stateOf(seed, first)
  for (let i = 0; i < rows; i++) {
    const share = (<f64><i64>(mix(state) >>> 11) + 0.5) * (1.0 / 9007199254740992.0)
    const q = share - 0.5
    let z: f64
    if (abs(q) <= 0.425) z = q * central(0.180625 - q * q)
    else z = copysign<f64>(outer(sqrt<f64>(-NativeMath.log(q < 0 ? share : 1 - share))), q)
    putFloat(mean + deviation * z, width, i, out)
    state += golden
  }
}

/** Numbers of entries of Walker's table: `count` times [share of 2^32 that is its own u32][the other's number u32]. */
export function aliasNumbers(seed: i64, first: f64, table: usize, count: u32, rows: i32, out: usize): void {
  let state = stateOf(seed, first)
  for (let i = 0; i < rows; i++) {
    store<u32>(out + (<usize>i << 2), fromTable(mix(state), table, count))
    state += golden
  }
}

// @ts-ignore: decorator
@inline function fromTable(draw: u64, table: usize, count: u32): u32 {
  const place = (draw >>> 32) * <u64>count + (((draw & 0xffffffff) * <u64>count) >>> 32)
  const entry = table + (<usize>(place >>> 32) << 3)
  return <u32>place < load<u32>(entry) ? <u32>(place >>> 32) : load<u32>(entry, 4)
}

// The integral of x^-s from 1 to x; where s is 1, the logarithm.
function integral(x: f64, s: f64): f64 {
  const log = NativeMath.log(x)
  const y = (1 - s) * log
  return abs(y) > 1e-8 ? (NativeMath.expm1(y) / y) * log : (1 + y * (0.5 + y / 6)) * log
}

function inverse(v: f64, s: f64): f64 {
  const y = NativeMath.max(v * (1 - s), -1)
  return NativeMath.exp(abs(y) > 1e-8 ? (NativeMath.log1p(y) / y) * v : (1 - y * (0.5 - y / 3)) * v)
}

/** The weights k^-s of the ranks 1 to `count`, and behind them that of all ranks beyond, up to `ranks`, together (Euler and Maclaurin: within 1e-12). */
export function zipfWeights(s: f64, ranks: f64, count: i32, out: usize): void {
  for (let i = 0; i < count; i++) store<f64>(out + (<usize>i << 3), NativeMath.pow(<f64>(i + 1), -s))
  const a = <f64>(count + 1)
  if (ranks < a) return
  const p = NativeMath.pow(a, -s)
  const q = NativeMath.pow(ranks, -s)
  store<f64>(out + (<usize>count << 3), integral(ranks, s) - integral(a, s) + (p + q) / 2 + (s / 12) * (p / a - q / ranks))
}

/** Zipf's ranks from 1 to `ranks`, as integers less 1 plus `base`. `table`: Walker's of `zipfWeights`, of `count` entries, and one more where there are more ranks. */
export function zipfInts(seed: i64, first: f64, s: f64, ranks: f64, table: usize, count: i32, base: i64, rows: i32, width: i32, out: usize): void {
  let state = stateOf(seed, first)
  const hasTail = ranks > <f64>count
  const entries = <u32>count + <u32>hasTail
  const a = <f64>(count + 1)
  const from = hasTail ? integral(a + 0.5, s) - NativeMath.pow(a, -s) : 0
  const to = hasTail ? integral(ranks + 0.5, s) : 0
  for (let i = 0; i < rows; i++) {
    const draw = mix(state)
    let rank = <u64>fromTable(draw, table, entries)
    if (rank == <u64>count) rank = <u64>tailRank(draw, s, a, ranks, from, to) - 1
    putInt(<u64>base + rank, width, i, out)
    state += golden
  }
}

function tailRank(draw: u64, s: f64, a: f64, ranks: f64, from: f64, to: f64): f64 {
  let k: f64
  let u: f64
  do {
    draw = mix(draw + golden)
    u = to + fraction(draw) * (from - to)
    k = NativeMath.min(NativeMath.max(NativeMath.floor(inverse(u, s) + 0.5), a), ranks)
  } while (u < integral(k + 0.5, s) - NativeMath.pow(k, -s))
  return k
}

/** A bit a row, 1 where the draw's upper 53 bits are below `limit`; bits beyond the rows are 0. */
export function chanceBits(seed: i64, first: f64, limit: f64, rows: i32, out: usize): void {
  let state = stateOf(seed, first)
  const bound = <u64>limit
  for (let start = 0; start < rows; start += 8) {
    let byte: u32 = 0
    const count = min<i32>(8, rows - start)
    for (let i = 0; i < count; i++) {
      byte |= <u32>(mix(state) >>> 11 < bound) << i
      state += golden
    }
    store<u8>(out + <usize>(start >>> 3), <u8>byte)
  }
}

/**
 * Texts of int64: the `headBytes` bytes at `head`, the number, filled on the left with zeros behind its sign (`zeros`) or blanks to `width` bytes, and the bytes at `tail`.
 * Views at `out`, the bytes of those longer than 12 at `heap`. Returns the bytes used there.
 */
export function formatTexts(values: usize, rows: i32, head: usize, headBytes: i32, tail: usize, tailBytes: i32, width: i32, zeros: i32, out: usize, heap: usize): f64 {
  const start = heap
  for (let i = 0; i < rows; i++) {
    const value = load<i64>(values + (<usize>i << 3))
    const isNegative = <i32>(value < 0)
    const size = isNegative ? 0 - <u64>value : <u64>value
    const digits = <i32>digitsOf(size)
    const fill = max<i32>(width - digits - isNegative, 0)
    const length = headBytes + fill + isNegative + digits + tailBytes
    const view = out + (<usize>i << 4)
    v128.store(view, i64x2.splat(0))
    store<i32>(view, length)
    let at = length <= 12 ? view + 4 : heap
    memory.copy(at, head, headBytes)
    at += headBytes
    if (isNegative && zeros) store<u8>(at++, 45)
    memory.fill(at, zeros ? 48 : 32, fill)
    at += fill
    if (isNegative && !zeros) store<u8>(at++, 45)
    writeDigits(size, digits, at)
    memory.copy(at + digits, tail, tailBytes)
    if (length > 12) {
      store<u32>(view, load<u32>(heap), 4)
      store<u32>(view, <u32>heap, 12)
      heap += length
    }
  }
  return <f64>(heap - start)
}
