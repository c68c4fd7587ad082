// Aggregates of one group, plainly: over JavaScript values, exact where the engine is, by bigints. What every aggregate is tested against.
import { type DataType, isFloat, isInteger } from '../../src/batch/data-type.ts'
import { formatDecimal, parseDecimal } from '../../src/batch/decimal-text.ts'
import type { Value } from '../../src/batch/read-values.ts'
import type { AggregateSpec } from '../../src/compute/accumulator.ts'

/** The order of min, max and sort: NaN above every number, −0 below 0, strings by their UTF-8 bytes, bytes one by one. */
export function compareValues(a: Value, b: Value, type?: DataType): number {
  if (type?.kind === 'decimal') return compareValues(wholeOf(a, type), wholeOf(b, type))
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b)
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
    if (a === 0 && b === 0) return Number(Object.is(b, -0)) - Number(Object.is(a, -0))
  }
  return a! < b! ? -1 : Number(a! > b!)
}

const inSeconds = (type: DataType) => 'unit' in type && type.unit === 's'

/** A whole number, decimal or time as the integer that the column holds. */
export function wholeOf(value: Value, type: DataType): bigint {
  if (type.kind === 'decimal') return parseDecimal(value as string, type.scale)!
  return typeof value === 'bigint' ? value : BigInt(value as number) / (inSeconds(type) ? 1000n : type.kind === 'date' ? 86_400_000n : 1n)
}

/** The inverse of `wholeOf`. */
export function ofWhole(whole: bigint, type: DataType): Value {
  if (type.kind === 'decimal') return formatDecimal(whole, type.scale)
  if (type.kind === 'int64' || type.kind === 'uint64') return whole
  if ('unit' in type && (type.unit === 'us' || type.unit === 'ns')) return whole
  return Number(whole) * (inSeconds(type) ? 1000 : type.kind === 'date' ? 86_400_000 : 1)
}

/** A number as a float64. */
export function floatOf(value: Value, type: DataType): number {
  return type.kind === 'decimal' ? Number(wholeOf(value, type)) / 10 ** type.scale : Number(value)
}

const unit = 1074
// A float64 in units of 2^-1074, in which every one is whole.
function scaled(value: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0]!
  const exponent = Number((bits >> 52n) & 2047n)
  const fraction = bits & ((1n << 52n) - 1n)
  const size = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1)
  return bits >> 63n ? -size : size
}

function unscaled(sum: bigint): number {
  const size = sum < 0n ? -sum : sum
  const shift = Math.max(0, size.toString(2).length - 64)
  const magnitude = Number(size >> BigInt(shift)) * 2 ** Math.min(1023, shift - unit) * 2 ** Math.max(0, shift - unit - 1023)
  return sum < 0n ? -magnitude : magnitude
}

/** The sum of floats, rounded once; NaN and infinities as they add. */
export function exactSum(values: readonly number[]): number {
  return values.every(Number.isFinite) ? unscaled(values.reduce((sum, value) => sum + scaled(value), 0n)) : values.reduce((a, b) => a + b, 0)
}

function sumOf(values: readonly Value[], type: DataType, wraps: boolean): Value {
  if (isFloat(type)) return exactSum(values as number[])
  const sum = values.reduce<bigint>((total, value) => total + wholeOf(value, type), 0n)
  if (type.kind === 'decimal') return sum < 10n ** 38n && sum > -(10n ** 38n) ? formatDecimal(sum, type.scale) : 'overflow'
  const unsigned = type.kind.startsWith('u')
  const cut = unsigned ? BigInt.asUintN(64, sum) : BigInt.asIntN(64, sum)
  if (cut !== sum && !wraps) return 'overflow'
  return isInteger(type) ? cut : ofWhole(cut, type)
}

function meanOf(values: readonly Value[], type: DataType): Value {
  if (isFloat(type)) return exactSum(values as number[]) / values.length
  const sum = values.reduce<bigint>((total, value) => total + wholeOf(value, type), 0n)
  const count = BigInt(values.length)
  if (isInteger(type)) return Number(sum) / values.length
  if (type.kind === 'decimal') return Number(sum) / 10 ** type.scale / values.length
  const size = sum < 0n ? -sum : sum
  const rounded = size / count + ((size % count) * 2n >= count ? 1n : 0n)
  return ofWhole(sum < 0n ? -rounded : rounded, type)
}

/** Count, means, and sums of squares and products about them, by two passes. */
export function momentsOf(xs: readonly number[], ys: readonly number[]) {
  const [meanX, meanY] = [exactSum(xs) / xs.length, exactSum(ys) / ys.length]
  const about = (f: (i: number) => number) => exactSum(xs.map((_, i) => f(i)))
  const [dx, dy] = [(i: number) => xs[i]! - meanX, (i: number) => ys[i]! - meanY]
  return { xx: about(i => dx(i) * dx(i)), yy: about(i => dy(i) * dy(i)), xy: about(i => dx(i) * dy(i)) }
}

function quantileOf(values: readonly Value[], type: DataType, q: number): Value {
  const sorted = [...values].sort((a, b) => compareValues(a, b, type))
  const place = q * (sorted.length - 1)
  const k = Math.floor(place)
  const [low, high] = [sorted[k]!, sorted[Math.min(k + 1, sorted.length - 1)]!]
  if (isInteger(type) || isFloat(type) || type.kind === 'decimal') {
    const [a, b] = [floatOf(low, type), floatOf(high, type)]
    return a === b || place === k ? a : a + (b - a) * (place - k)
  }
  const [a, b] = [wholeOf(low, type), wholeOf(high, type)]
  return ofWhole(a + BigInt(Math.floor(Number(b - a) * (place - k) + 0.5)), type)
}

function keyOf(value: Value, type: DataType): string {
  if (isFloat(type)) return String((value as number) + 0)
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : typeof v === 'number' ? `#${v + 0}` : v instanceof Map ? [...v] : v))
}

function modeOf(values: readonly Value[], type: DataType): Value {
  const counts = new Map<string, { value: Value; count: number }>()
  for (const value of values) {
    const key = keyOf(value, type)
    counts.set(key, { value: isFloat(type) ? (value as number) + 0 : value, count: (counts.get(key)?.count ?? 0) + 1 })
  }
  const most = Math.max(...[...counts.values()].map(entry => entry.count))
  return [...counts.values()].filter(entry => entry.count === most).map(entry => entry.value).reduce((a, b) => (compareValues(b, a, type) < 0 ? b : a))
}

/** An aggregate of one group's rows, a list per column it reads, in source order; a sum that doesn't fit is 'overflow'. */
export function plainAggregate(spec: AggregateSpec, columns: readonly (readonly Value[])[]): Value {
  const { fn, inputType: type, argTypes = [], options = {} } = spec
  if (!type) return columns[0]!.length
  const alone = fn === 'argMin' || fn === 'argMax' || fn === 'topKBy'
  const rows = columns[0]!.map((_, row) => row).filter(row => columns.every((column, i) => column[row] !== null || (alone && i > 0)))
  const some = rows.map(row => columns[0]![row]!)
  if (fn === 'count') return some.length
  if (fn === 'countDistinct' || fn === 'approxCountDistinct') return new Set(some.map(value => keyOf(value, type))).size
  if (options['approximate'] === true && some.some(Number.isNaN)) return plainAggregate(spec, [some.filter(value => !Number.isNaN(value))])
  if (some.length === 0) return null
  const numbers = () => some.map(value => floatOf(value, type))
  const others = () => rows.map(row => floatOf(columns[1]![row]!, argTypes[0]!))
  const best = (sign: number) => some.reduce((a, b) => (compareValues(b, a, type) * sign > 0 ? b : a))
  const less = options['population'] === true ? 0 : 1
  switch (fn) {
    case 'sum':
      return sumOf(some, type, options['overflow'] === 'wrap')
    case 'mean':
      return meanOf(some, type)
    case 'min':
    case 'every':
      return best(-1)
    case 'max':
    case 'any':
      return best(1)
    case 'variance':
    case 'stddev': {
      if (some.length <= less) return null
      const variance = momentsOf(numbers(), numbers()).xx / (some.length - less)
      return fn === 'stddev' ? Math.sqrt(variance) : variance
    }
    case 'covariance':
      return some.length <= less ? null : momentsOf(numbers(), others()).xy / (some.length - less)
    case 'corr': {
      const { xx, yy, xy } = momentsOf(numbers(), others())
      return some.length < 2 || xx * yy === 0 ? null : Math.max(-1, Math.min(1, xy / (Math.sqrt(xx) * Math.sqrt(yy))))
    }
    case 'median':
      return quantileOf(some, type, 0.5)
    case 'quantile':
      return quantileOf(some, type, options['q'] as number)
    case 'topK':
      return [...some].sort((a, b) => compareValues(a, b, type) * (options['least'] === true ? 1 : -1)).slice(0, options['k'] as number)
    case 'mode':
      return modeOf(some, type)
    case 'list':
      return some
    case 'first':
    case 'anyValue':
      return some[0]!
    case 'last':
      return some.at(-1)!
    case 'topKBy': {
      const sign = options['least'] === true ? 1 : -1
      const ranked = [...rows].sort((a, b) => compareValues(columns[0]![a]!, columns[0]![b]!, type) * sign || a - b)
      return ranked.slice(0, options['k'] as number).map(row => columns[1]![row]!)
    }
    case 'argMin':
    case 'argMax': {
      const by = columns[0]!
      const candidates = by.map((_, row) => row).filter(row => by[row] !== null)
      const sign = fn === 'argMin' ? -1 : 1
      return candidates.length === 0 ? null : columns[1]![candidates.reduce((a, b) => (compareValues(by[b]!, by[a]!, type) * sign > 0 ? b : a))]!
    }
    case 'product':
      return numbers().reduce((a, b) => a * b, 1)
    case 'bitAnd':
    case 'bitOr':
    case 'bitXor': {
      const words = some.map(value => wholeOf(value, type))
      return ofWhole(words.reduce((a, b) => (fn === 'bitAnd' ? a & b : fn === 'bitOr' ? a | b : a ^ b)), type)
    }
    default:
      throw new Error(`no plain ${fn}`)
  }
}
