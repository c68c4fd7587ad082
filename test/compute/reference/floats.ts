// Functions of floats, plainly: those of JavaScript's Math, rounded to the nearest float of the width.
import { expect } from 'vitest'
import type { DataType } from '../../../src/batch/data-type.ts'
import { float16Bits, float16Number } from '../../../src/batch/float16.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { arithmetic, negateOrAbs } from '../../../src/compute/arithmetic.ts'
import { cast } from '../../../src/compute/cast.ts'
import { floatArithmetic } from '../../../src/compute/floats.ts'
import { numeric, type NumericFunction, round } from '../../../src/compute/numeric.ts'
import { isColumn } from '../../../src/compute/operand.ts'
import { type Rounding, roundings } from '../../../src/compute/rounding.ts'
import { mapPair, operandsOf, type Pair, samplePair } from '../../support/operands.ts'
import { columnOf, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const widths: readonly DataType[] = [{ kind: 'float64' }, { kind: 'float32' }, { kind: 'float16' }]
const narrow = (type: DataType, x: number): number => (type.kind === 'float64' ? x : type.kind === 'float32' ? Math.fround(x) : float16Number(float16Bits(x)))
const floorMod = (x: number, y: number) => (x % y !== 0 && x % y < 0 !== y < 0 ? (x % y) + y : x % y)
const logarithm = (x: number, base: number) => (base === 2 ? Math.log2(x) : base === 10 ? Math.log10(x) : Math.log(x) / Math.log(base))

const binary = {
  add: (x: number, y: number) => x + y,
  sub: (x: number, y: number) => x - y,
  mul: (x: number, y: number) => x * y,
  div: (x: number, y: number) => x / y,
  mod: (x: number, y: number) => x % y,
  floorMod,
  power: Math.pow,
  atan2: Math.atan2,
  log: (base: number, x: number) => logarithm(x, base),
}
type Binary = keyof typeof binary
const exactOnes: readonly string[] = ['add', 'sub', 'mul', 'div', 'mod', 'floorMod']

const unary: Partial<Record<NumericFunction | 'neg' | 'abs' | 'sign', (x: number) => number>> = {
  neg: x => -x,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  sqrt: Math.sqrt,
  log2: Math.log2,
  cbrt: Math.cbrt,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  radians: x => (x / 180) * Math.PI,
  degrees: x => (x / Math.PI) * 180,
}
const unaryNames = Object.keys(unary) as NumericFunction[]

// Within a few ulp of float64; a narrower one may be rounded to the other side of a half.
function expectNear(type: DataType, got: Value, want: Value, what: string): void {
  const ulps = type.kind === 'float64' ? 4e-15 : type.kind === 'float32' ? 1.2e-7 : 1e-3
  const least = type.kind === 'float64' ? 5e-324 : type.kind === 'float32' ? 2 ** -149 : 2 ** -24
  const close = typeof want === 'number' && typeof got === 'number' && Math.abs(got - want) <= Math.max(Math.abs(want) * ulps, least)
  if (!close) expect(got, what).toBe(want)
}

export const floatBinaryAgreement = agreement<{ op: Binary; pair: Pair }[], Value[][]>({
  stem: 'floats',
  kernels: ['calculateF32', 'functionOfTwoF64', 'castF32ToF64', 'castF16ToF64', 'castF64ToF32', 'castF64ToF16'],
  sample: (random, length, shape) =>
    widths.flatMap(type =>
      (Object.keys(binary) as Binary[]).map(op => {
        const pair = samplePair(random, type, length, shape)
        const shrink = (v: Value) => (v === null ? null : narrow(type, Math.sign(v as number) * Math.abs(v as number) ** 0.25))
        return { op, pair: op === 'power' ? { ...pair, a: pair.a.map(shrink), b: pair.b.map(shrink) } : pair }
      }),
    ),
  reference: cases => cases.map(({ op, pair }) => mapPair(pair, (x, y) => narrow(pair.type, binary[op](x as number, y as number)))),
  compute: (device, arena, cases) =>
    cases.map(({ op, pair }) => {
      const [a, b] = operandsOf(device, arena, pair)
      if (!isColumn(a) && !isColumn(b)) return []
      const out = exactOnes.includes(op) ? arithmetic(device, arena, op as 'add', a, b, { active: 0, where: 'test' }) : floatArithmetic(device, arena, op, a, b)
      return valuesOf(device, out).map((v, row) => (pair.a[row] === null || pair.b[row] === null ? null : v))
    }),
  compare(actual, expected) {
    expected.forEach((values, i) => {
      const op = (Object.keys(binary) as Binary[])[i % Object.keys(binary).length]!
      const type = widths[Math.floor(i / Object.keys(binary).length)]!
      values.forEach((want, row) => {
        if (exactOnes.includes(op)) expect(actual[i]![row], `${op} of ${type.kind}, row ${row}`).toBe(want)
        else expectNear(type, actual[i]![row]!, want, `${op} of ${type.kind}, row ${row}`)
      })
    })
  },
})

export const floatUnaryAgreement = agreement<Value[][], Value[][]>({
  stem: 'floats',
  kernels: ['mapF32', 'mapF64', 'functionF64'],
  sample: (random, length, shape) =>
    widths.map(type => sampleValues(random, type, length, shape).map(v => (v === null || random.int(2) ? v : narrow(type, Math.sin(v as number) * [2, 2, 4e6][random.int(3)]!)))),
  reference: cases => cases.flatMap((values, i) => unaryNames.map(name => values.map(v => (v === null ? null : narrow(widths[i]!, unary[name]!(v as number)))))),
  compute: (device, arena, cases) =>
    cases.flatMap((values, i) => {
      const column = columnOf(device, arena, widths[i]!, values)
      const of = (name: string) =>
        name === 'neg' || name === 'abs' || name === 'sign' ? negateOrAbs(device, arena, name, column, { active: 0, where: 'test' }) : numeric(device, arena, name as NumericFunction, column)
      return unaryNames.map(name => valuesOf(device, of(name)))
    }),
  compare(actual, expected) {
    expected.forEach((values, i) => {
      const [type, name] = [widths[Math.floor(i / unaryNames.length)]!, unaryNames[i % unaryNames.length]!]
      values.forEach((want, row) => expectNear(type, actual[i]![row]!, want, `${name} of ${type.kind}, row ${row}`))
    })
  },
})

/** Rounds to digits by a mode's name; from 2^52 on there is nothing to round. */
function roundNumber(x: number, digits: number, rounding: Rounding): number {
  const scale = 10 ** Math.abs(digits)
  const scaled = digits >= 0 ? x * scale : x / scale
  const size = Math.abs(scaled)
  if (!(size < 2 ** 52)) return x
  const [lower, over, negative] = [Math.floor(size), size - Math.floor(size), x < 0]
  const grows = {
    'half-away': over >= 0.5,
    'half-even': over > 0.5 || (over === 0.5 && lower % 2 === 1),
    'half-zero': over > 0.5,
    'half-up': over > 0.5 || (over === 0.5 && !negative),
    'half-down': over > 0.5 || (over === 0.5 && negative),
    zero: false,
    away: over > 0,
    up: over > 0 && !negative,
    down: over > 0 && negative,
  }[rounding]
  const whole = lower + (grows ? 1 : 0)
  const signed = negative || Object.is(x, -0) ? -whole : whole
  return digits >= 0 ? signed / scale : signed * scale
}

export const floatRoundAgreement = agreement<{ digits: number; rounding: Rounding; values: Value[] }[], Value[][]>({
  stem: 'floats',
  kernels: ['roundModeF64'],
  sample: (random, length, shape) =>
    roundings.map(rounding => ({
      digits: random.int(9) - 4,
      rounding,
      values: sampleValues(random, widths[0]!, length, shape).map(v => (v === null || random.int(2) ? v : Math.round(v as number) / 2)),
    })),
  reference: cases => cases.map(({ digits, rounding, values }) => values.map(v => (v === null ? null : roundNumber(v as number, digits, rounding)))),
  compute: (device, arena, cases) => cases.map(({ digits, rounding, values }) => valuesOf(device, round(device, arena, columnOf(device, arena, widths[0]!, values), digits, rounding))),
})

export const wordToFloatAgreement = agreement<{ signed: Value[]; unsigned: Value[] }, Value[][]>({
  stem: 'floats',
  kernels: ['castWordToF32'],
  sample: (random, length, shape) => ({ signed: sampleValues(random, { kind: 'int64' }, length, shape), unsigned: sampleValues(random, { kind: 'uint64' }, length, shape) }),
  reference: ({ signed, unsigned }) => [signed, unsigned].map(values => values.map(v => (v === null ? null : nearestFloat32(v as bigint)))),
  compute: (device, arena, { signed, unsigned }) =>
    [signed, unsigned].map((values, i) => valuesOf(device, cast(device, arena, columnOf(device, arena, { kind: i ? 'uint64' : 'int64' }, values), { kind: 'float32' }, false, { active: 0, where: 'test' }))),
})

// Rounded once, halves to even: by way of a float64 it would be rounded twice.
function nearestFloat32(value: bigint): number {
  const size = value < 0n ? -value : value
  const extra = Math.max(0, size.toString(2).length - 24)
  const unit = 2n ** BigInt(extra)
  const [lower, twice] = [size / unit, 2n * (size % unit)]
  const whole = lower + (twice > unit || (twice === unit && lower % 2n === 1n) ? 1n : 0n)
  return Number(value < 0n ? -(whole * unit) : whole * unit)
}
