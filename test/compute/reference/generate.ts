// Made-up columns, plainly: draws by splitmix64 in bigints, distributions from their textbook forms. And their entries in the catalogue of agreements.
import { expect } from 'vitest'
import { type DataType, float64 } from '../../../src/batch/data-type.ts'
import { parseType } from '../../../src/batch/type-name.ts'
import {
  aliasNumbers,
  aliasTable,
  chanceColumn,
  clearViews,
  normalColumn,
  sequenceColumn,
  textColumn,
  type TextPattern,
  uniformColumn,
  zipfColumn,
  zipfTable,
} from '../../../src/compute/generate.ts'
import type { Random } from '../../../src/base/random.ts'
import { uint32sAt, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const [mask, golden] = [2n ** 64n - 1n, 0x9e3779b97f4a7c15n]

function mix(value: bigint): bigint {
  let z = value & mask
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask
  return z ^ (z >> 31n)
}

/** The 64 bits that a seed and a row give. */
export function drawOf(seed: bigint, row: number): bigint {
  return mix(seed + (BigInt(row) + 1n) * golden)
}

/** Where a range has at most 2^16 values and they have at most 64 bits, draws have 32 bits. */
function drawOfFew(seed: bigint, row: number): number {
  const keys = mix(seed + BigInt(Math.floor(row / 2 ** 32)) * golden)
  let x = (Math.imul(row % 2 ** 32 | 0, 0x9e3779b1) + Number(keys & 0xffffffffn)) >>> 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) ^ Number(keys >> 32n)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

function uniformOf(seed: bigint, row: number, range: bigint, isWide: boolean): bigint {
  return range <= 65_536n && !isWide ? (BigInt(drawOfFew(seed, row)) * range) >> 32n : (drawOf(seed, row) * range) >> 64n
}

const fraction = (draw: bigint) => Number(draw >> 11n) / 2 ** 53
const rowsOf = (first: number, length: number) => Array.from({ length }, (_, i) => first + i)

interface Rows {
  readonly length: number
  readonly first: number
  readonly seed: bigint
}

function rows(random: Random, length: number): Rows {
  return { length, first: random.int(2) === 0 ? random.int(1000) : 2 ** 33 - random.int(1000), seed: BigInt.asIntN(64, (BigInt(random.uint32()) << 32n) | BigInt(random.uint32())) }
}

const counted = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'decimal(18, 0)', 'timestamp[us]'].map(name => parseType(name, 'test').type)
const bitsOf = (type: DataType) => ({ int8: 8, int16: 16, int32: 32, uint8: 8, uint16: 16, uint32: 32 })[type.kind as 'int8'] ?? 64
// As JavaScript reads it back.
const shown = (type: DataType, value: bigint) => (type.kind === 'decimal' ? String(value) : bitsOf(type) === 64 ? value : Number(value))

export const sequenceAgreement = agreement({
  stem: 'generate',
  kernels: ['sequenceInts', 'sequenceFloats'],
  sample(random, length) {
    const type = counted[random.int(counted.length)]!
    const isSmall = bitsOf(type) < 64
    return { type, length, first: isSmall ? 0 : random.int(1e6) * 2 ** 12, start: BigInt(random.int(isSmall ? 20 : 2 ** 31)), step: BigInt(random.int(isSmall ? 2 : 1000)) * (length < 100 || !isSmall ? 1n : 0n), floats: [random.float(), random.float()] as const }
  },
  reference: ({ type, length, first, start, step, floats }) => ({
    ints: rowsOf(first, length).map(row => shown(type, start + step * BigInt(row))),
    floats: rowsOf(first, length).map(row => floats[0] + floats[1] * row),
    small: rowsOf(first, length).map(row => Math.fround(floats[0] + floats[1] * row)),
  }),
  compute(device, arena, { type, length, first, start, step, floats }) {
    const place = { device, arena, first, rows: length }
    return {
      ints: valuesOf(device, sequenceColumn(place, type, start, step)) as (bigint | number | string)[],
      floats: valuesOf(device, sequenceColumn(place, float64, ...floats)) as number[],
      small: valuesOf(device, sequenceColumn(place, { kind: 'float32' }, ...floats)) as number[],
    }
  },
})

export const uniformAgreement = agreement({
  stem: 'generate',
  kernels: ['uniformInts', 'uniformFloats', 'chanceBits'],
  sample(random, length) {
    const type = counted[random.int(counted.length)]!
    const span = type.kind === 'decimal' ? 10n ** 17n : 2n ** BigInt(bitsOf(type))
    const least = type.kind.startsWith('u') ? 0n : -span / 2n
    const range = [span, (span * BigInt(1 + random.int(1000))) / 1000n || 1n, BigInt(1 + random.int(250))][random.int(3)]!
    return { ...rows(random, length), type, min: least, range, floats: [random.float() * 100 - 50, random.float() * 1e6] as const, chance: random.float() }
  },
  reference: ({ seed, first, length, type, min, range, floats, chance }) => ({
    ints: rowsOf(first, length).map(row => shown(type, min + uniformOf(seed, row, range, type.kind === 'decimal'))),
    floats: rowsOf(first, length).map(row => floats[0] + fraction(drawOf(seed, row)) * (floats[0] + floats[1] - floats[0])),
    bits: rowsOf(first, length).map(row => fraction(drawOf(seed, row)) < chance),
  }),
  compute(device, arena, { seed, first, length, type, min, range, floats, chance }) {
    const place = { device, arena, first, rows: length }
    return {
      ints: valuesOf(device, uniformColumn(place, type, seed, min, min + range)) as (bigint | number | string)[],
      floats: valuesOf(device, uniformColumn(place, float64, seed, floats[0], floats[0] + floats[1])) as number[],
      bits: valuesOf(device, chanceColumn(place, seed, chance)) as boolean[],
    }
  },
})

// The share of a normal distribution below z: a power series where it converges fast, a continued fraction in the tail.
function shareBelow(z: number): number {
  if (z > 0) return 1 - shareBelow(-z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  if (z < -3) {
    let below = -z
    for (let k = 200; k > 0; k--) below = -z + k / below
    return density / below
  }
  let [term, sum] = [z, z]
  for (let k = 3; Math.abs(term) > 1e-18; k += 2) sum += term *= (z * z) / k
  return 0.5 + density * sum
}

export const normalAgreement = agreement({
  stem: 'generate',
  kernels: ['normalFloats'],
  sample: (random, length) => ({ ...rows(random, length), mean: random.float() * 10, deviation: 1 + random.float() }),
  reference: ({ seed, first, length }) => rowsOf(first, length).map(row => (Number(drawOf(seed, row) >> 11n) + 0.5) / 2 ** 53),
  compute: (device, arena, { seed, first, length, mean, deviation }) =>
    (valuesOf(device, normalColumn({ device, arena, first, rows: length }, float64, seed, mean, deviation)) as number[]).map(value => shareBelow((value - mean) / deviation)),
  compare(actual, expected) {
    expect(actual.length).toBe(expected.length)
    actual.forEach((share, i) => expect(Math.abs(share - expected[i]!)).toBeLessThan(1e-12 + 1e-9 * Math.min(expected[i]!, 1 - expected[i]!)))
  },
})

// Walker's table, one entry after the other, until nothing is left to even out.
function table(weights: readonly number[]): { own: number; other: number }[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const shares = weights.map(weight => (weight / total) * weights.length)
  const entries = weights.map((_, i) => ({ own: 2 ** 32 - 1, other: i }))
  const small = weights.map((_, i) => i).filter(i => shares[i]! < 1)
  const large = weights.map((_, i) => i).filter(i => shares[i]! >= 1)
  while (small.length > 0 && large.length > 0) {
    const [less, more] = [small.pop()!, large.pop()!]
    entries[less] = { own: Math.floor(shares[less]! * 2 ** 32), other: more }
    shares[more] = shares[more]! + shares[less]! - 1
    ;(shares[more]! < 1 ? small : large).push(more)
  }
  return entries
}

function entryOf(draw: bigint, entries: ReturnType<typeof table>): number {
  const place = (draw * BigInt(entries.length)) >> 32n
  const [number, part] = [Number(place >> 32n), Number(place & 0xffffffffn)]
  return part < entries[number]!.own ? number : entries[number]!.other
}

export const aliasAgreement = agreement({
  stem: 'generate',
  kernels: ['aliasNumbers'],
  sample: (random, length) => ({ ...rows(random, length), weights: Array.from({ length: 1 + random.int(40) }, (_, i) => (i > 0 && random.int(4) === 0 ? 0 : random.float() + 0.01)) }),
  reference({ seed, first, length, weights }) {
    const entries = table(weights)
    return rowsOf(first, length).map(row => entryOf(drawOf(seed, row), entries))
  },
  compute: (device, arena, { seed, first, length, weights }) =>
    [...uint32sAt(device, aliasNumbers({ device, arena, first, rows: length }, seed, aliasTable(device, arena, weights), weights.length), length)],
})

export const zipfAgreement = agreement({
  stem: 'generate',
  kernels: ['zipfWeights', 'zipfInts'],
  sample: (random, length) => ({ ...rows(random, length), ranks: [1, 2, 100, 4096][random.int(4)]!, exponent: [0.5, 1, 2, 3][random.int(4)]! }),
  reference({ seed, first, length, ranks, exponent }) {
    const entries = table(Array.from({ length: ranks }, (_, i) => (i + 1) ** -exponent))
    return rowsOf(first, length).map(row => entryOf(drawOf(seed, row), entries) + 1)
  },
  compute: (device, arena, { seed, first, length, ranks, exponent }) =>
    valuesOf(device, zipfColumn({ device, arena, first, rows: length }, { kind: 'int32' }, seed, exponent, ranks, 1n, zipfTable(device, arena, exponent, ranks))) as number[],
  // The last bit of a power may differ, and with it one draw in 2^32.
  compare(actual, expected) {
    expect(actual.filter((rank, i) => rank !== expected[i]).length).toBeLessThanOrEqual(1)
  },
})

export const textAgreement = agreement({
  stem: 'generate',
  kernels: ['formatTexts', 'clearViews'],
  sample: (random, length) => ({
    numbers: Array.from({ length }, () => BigInt.asIntN(64, (BigInt(random.uint32()) << 32n) | BigInt(random.uint32())) >> BigInt(random.int(64))),
    valid: Array.from({ length }, () => random.int(3) > 0),
    pattern: { head: ['', 'id', 'a head that is long é'][random.int(3)]!, tail: ['', '.', '€ and a tail'][random.int(3)]!, width: random.int(12), zeros: random.int(2) === 1 } satisfies TextPattern,
  }),
  reference: ({ numbers, valid, pattern: { head, tail, width, zeros } }) =>
    numbers.map((number, i) => {
      const digits = String(number < 0n ? -number : number)
      const sign = number < 0n ? '-' : ''
      return valid[i] ? head + (zeros ? sign + digits.padStart(width - sign.length, '0') : (sign + digits).padStart(width)) + tail : ''
    }),
  compute(device, arena, { numbers, valid, pattern }) {
    const column = sequenceColumn({ device, arena, first: 0, rows: numbers.length }, { kind: 'int64' }, 0n, 0n)
    device.memory.int64s(column.values, numbers.length).set(numbers)
    const bits = device.memory.bytes(arena.allocateZeroed(Math.ceil(numbers.length / 8)), Math.ceil(numbers.length / 8))
    valid.forEach((isValid, i) => isValid && (bits[i >> 3]! |= 1 << (i & 7)))
    const texts = textColumn(device, arena, column, pattern)
    clearViews(device, texts, bits.byteOffset)
    return valuesOf(device, texts) as string[]
  },
})

export const generateAgreements = [sequenceAgreement, uniformAgreement, normalAgreement, aliasAgreement, zipfAgreement, textAgreement]
