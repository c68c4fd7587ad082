// Arithmetic on decimals, plainly: bigints in units of the last digit.
import type { Random } from '../../../src/base/random.ts'
import type { DataType } from '../../../src/batch/data-type.ts'
import { formatDecimal, parseDecimal } from '../../../src/batch/decimal-text.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { cast } from '../../../src/compute/cast.ts'
import { compare, type Comparison } from '../../../src/compute/compare.ts'
import { type Decimal, decimalArithmetic, type DecimalOperation, digitsMax, mapDecimal, rescaleChecked } from '../../../src/compute/decimal.ts'
import { isColumn } from '../../../src/compute/operand.ts'
import { type Rounding, roundings } from '../../../src/compute/rounding.ts'
import { operandsOf } from '../../support/operands.ts'
import { bitmapOf, columnOf, sampleValue, sampleValues, type Shape, valuesOf } from '../../support/samples.ts'
import { integerTypes, isWithin, boundsOf, outcomeOf, roundFraction, shownAs } from '../../support/whole-types.ts'
import { agreement } from '../agreement.ts'

const types: readonly Decimal[] = [[9, 2], [18, 0], [15, 9], [20, 3], [38, 10], [38, 0], [38, 38]].map(([precision, scale]) => ({ kind: 'decimal', precision: precision!, scale: scale! }))
const operations: readonly DecimalOperation[] = ['add', 'sub', 'mul', 'div', 'intDiv', 'mod', 'floorMod']
const comparisons: readonly Comparison[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge']
const ten = (n: number) => 10n ** BigInt(n)
const unscaled = (type: Decimal, value: Value) => parseDecimal(value as string, type.scale)!

interface Sides {
  readonly types: readonly [Decimal, Decimal]
  readonly a: Value[]
  readonly b: Value[]
  readonly constant: 'none' | 'a' | 'b'
}

function sampleSides(random: Random, length: number, shape: Shape): Sides {
  const [left, right] = [types[random.int(types.length)]!, types[random.int(types.length)]!]
  const constant = (['none', 'a', 'b'] as const)[random.int(3)]!
  const side = (type: Decimal, name: string) => (constant === name ? new Array<Value>(length).fill(sampleValue(random, type, shape)) : sampleValues(random, type, length, shape))
  return { types: [left, right], a: side(left, 'a'), b: side(right, 'b'), constant }
}

function resultOf(op: DecimalOperation, [a, b]: readonly [Decimal, Decimal]): Decimal {
  const scale = op === 'mul' ? a.scale + b.scale : op === 'div' ? Math.min(38, Math.max(6, a.scale + 2)) : op === 'intDiv' ? 0 : Math.max(a.scale, b.scale)
  return { kind: 'decimal', precision: digitsMax, scale }
}

function exact(op: DecimalOperation, [a, b]: readonly [Decimal, Decimal], x: bigint, y: bigint, scale: number): bigint | undefined {
  const common = Math.max(a.scale, b.scale)
  const [left, right] = [x * ten(common - a.scale), y * ten(common - b.scale)]
  if (op === 'add') return left + right
  if (op === 'sub') return left - right
  if (op === 'mul') return x * y
  if (right === 0n) return undefined
  if (op === 'div') return roundFraction(right < 0n ? -left * ten(scale) : left * ten(scale), right < 0n ? -right : right, 'half-away')
  if (op === 'intDiv') return left / right
  const rest = left % right
  return op === 'floorMod' && rest !== 0n && rest < 0n !== right < 0n ? rest + right : rest
}

const isDivision = (op: DecimalOperation) => op !== 'add' && op !== 'sub' && op !== 'mul'

export const decimalAgreement = agreement<{ op: DecimalOperation; sides: Sides; active: boolean[] }[], (Value[] | string)[]>({
  stem: 'decimal',
  kernels: ['addDecimals', 'mulDecimals', 'divDecimals', 'restDecimals'],
  sample: (random, length, shape) =>
    operations.flatMap(op =>
      [0, 1, 2, 3, 4, 5].map(i => ({ op, sides: sampleSides(random, length, shape), active: Array.from({ length }, () => i > 0 || random.int(2) === 1) })),
    ),
  reference: cases =>
    cases.map(({ op, sides, active }) => {
      const type = resultOf(op, sides.types)
      if (type.scale > digitsMax) return []
      let error = ''
      let isOpen = false
      const values = sides.a.map((x, row) => {
        const y = sides.b[row]!
        if (x === null || y === null) return null
        const divisor = unscaled(sides.types[1], y)
        const result = exact(op, sides.types, unscaled(sides.types[0], x), divisor, type.scale)
        const fits = result !== undefined && result < ten(38) && result > -ten(38)
        // A rest is as small as its sides, whatever its digits.
        if (result !== undefined && !fits && (op === 'mod' || op === 'floorMod')) isOpen = true
        if (!fits && active[row] && error === '') error = `${result === undefined && isDivision(op) ? 'DIVIDE_BY_ZERO' : 'DECIMAL_OVERFLOW'} row ${row}`
        return fits ? formatDecimal(result, type.scale) : 'misfit'
      })
      return isOpen ? 'open' : error === '' ? values : error
    }),
  compute: (device, arena, cases) =>
    cases.map(({ op, sides, active }) => {
      const type = resultOf(op, sides.types)
      if (type.scale > digitsMax) return []
      const [a] = operandsOf(device, arena, { type: sides.types[0], a: sides.a, b: [], constant: sides.constant === 'a' ? 'a' : 'none' })
      const [, b] = operandsOf(device, arena, { type: sides.types[1], a: [], b: sides.b, constant: sides.constant === 'b' ? 'b' : 'none' })
      if (!isColumn(a) && !isColumn(b)) return []
      const check = { active: active.every(Boolean) ? 0 : bitmapOf(device, arena, active), where: 'test' }
      return outcomeOf(() => valuesOf(device, decimalArithmetic(device, arena, op, a, b, type, false, check)))
    }),
  compare(actual, expected) {
    expected.forEach((want, i) => {
      const got = actual[i]!
      const same = typeof want === 'string' ? got === want : typeof got !== 'string' && want.every((v, row) => v === 'misfit' || got[row] === v)
      if (!same && want !== 'open') throw new RangeError(`case ${i}: ${String(got).slice(0, 400)} is not ${String(want).slice(0, 400)}`)
    })
  },
})

export const decimalFastAgreement = agreement<{ op: 'add' | 'sub' | 'mul'; a: Value[]; b: Value[] }[], Value[][]>({
  stem: 'decimal',
  kernels: ['addDecimals', 'mulDecimals'],
  sample: (random, length, shape) =>
    (['add', 'sub', 'mul'] as const).flatMap(op => [types[0]!, types[1]!].map(type => ({ op, type, a: sampleValues(random, type, length, shape), b: sampleValues(random, type, length, shape) }))),
  reference: cases =>
    cases.map(({ op, a, b }, i) => {
      const type = types[i % 2]!
      const result = resultOf(op, [type, type])
      return a.map((x, row) => (x === null || b[row] === null ? null : formatDecimal(exact(op, [type, type], unscaled(type, x), unscaled(type, b[row]!), result.scale)!, result.scale)))
    }),
  compute: (device, arena, cases) =>
    cases.map(({ op, a, b }, i) => {
      const type = types[i % 2]!
      const [left, right] = [columnOf(device, arena, type, a), columnOf(device, arena, type, b)]
      return valuesOf(device, decimalArithmetic(device, arena, op, left, right, resultOf(op, [type, type]), true, { active: 0, where: 'test' }))
    }),
})

export const decimalCompareAgreement = agreement<{ op: Comparison; sides: Sides }[], Value[][]>({
  stem: 'decimal-compare',
  kernels: ['compareDecimals'],
  sample: (random, length, shape) => comparisons.flatMap(op => [0, 1, 2].map(() => ({ op, sides: sampleSides(random, length, shape) }))),
  reference: cases =>
    cases.map(({ op, sides }) =>
      sides.a.map((x, row) => {
        const y = sides.b[row]!
        if (x === null || y === null) return null
        const difference = exact('sub', sides.types, unscaled(sides.types[0], x), unscaled(sides.types[1], y), 0)!
        return { eq: difference === 0n, ne: difference !== 0n, lt: difference < 0n, le: difference <= 0n, gt: difference > 0n, ge: difference >= 0n }[op]
      }),
    ),
  compute: (device, arena, cases) =>
    cases.map(({ op, sides }) => valuesOf(device, compare(device, arena, op, columnOf(device, arena, sides.types[0], sides.a), columnOf(device, arena, sides.types[1], sides.b)))),
})

// A float64 as a fraction of two whole numbers.
function fractionOf(x: number): [bigint, bigint] {
  let [numerator, exponent] = [x, 0]
  while (!Number.isInteger(numerator)) [numerator, exponent] = [numerator * 2, exponent + 1]
  return [BigInt(numerator), 2n ** BigInt(exponent)]
}

export const decimalFloatAgreement = agreement<{ op: Comparison; turned: boolean; type: Decimal; a: Value[]; b: Value[] }[], Value[][]>({
  stem: 'decimal-compare',
  kernels: ['compareDecimalF64'],
  sample: (random, length, shape) =>
    comparisons.flatMap(op =>
      types.map((type, i) => {
        const a = sampleValues(random, type, length, shape)
        // The nearest float64 of a decimal and its neighbours are where rounding would show.
        const b = sampleValues(random, { kind: 'float64' }, length, shape).map((v, row) => (v === null || a[row] === null || random.int(2) ? v : Number(a[row]) * [1, 1 + 2 ** -52, 1 - 2 ** -53][random.int(3)]!))
        return { op, turned: i % 2 === 1, type, a, b }
      }),
    ),
  reference: cases =>
    cases.map(({ op, turned, type, a, b }) =>
      a.map((x, row) => {
        const y = b[row] as number | null
        if (x === null || y === null) return null
        if (Number.isNaN(y)) return op === 'ne'
        const [n, d] = Number.isFinite(y) ? fractionOf(y) : [y > 0 ? ten(400) : -ten(400), 1n]
        const difference = (unscaled(type, x) * d - n * ten(type.scale)) * (turned ? -1n : 1n)
        return { eq: difference === 0n, ne: difference !== 0n, lt: difference < 0n, le: difference <= 0n, gt: difference > 0n, ge: difference >= 0n }[op]
      }),
    ),
  compute: (device, arena, cases) =>
    cases.map(({ op, turned, type, a, b }) => {
      const [left, right] = [columnOf(device, arena, type, a), columnOf(device, arena, { kind: 'float64' }, b)]
      return valuesOf(device, turned ? compare(device, arena, op, right, left) : compare(device, arena, op, left, right))
    }),
})

const factorialOf = (n: bigint): bigint => (n < 2n ? 1n : n * factorialOf(n - 1n))

export const decimalMapAgreement = agreement<{ type: Decimal; down: number; up: number; rounding: Rounding; values: Value[]; small: Value[] }[], (Value[] | string)[]>({
  stem: 'decimal',
  kernels: ['mapDecimals', 'rescaleDecimals'],
  sample: (random, length, shape) =>
    types.flatMap(type =>
      roundings.map(rounding => ({ type, down: random.int(39), up: random.int(39), rounding, values: sampleValues(random, type, length, shape), small: Array.from({ length }, () => String(random.int(34))) })),
    ),
  reference: cases =>
    cases.flatMap(({ type, down, up, rounding, values, small }) => {
      const each = (f: (x: bigint) => string) => values.map(v => (v === null ? null : f(unscaled(type, v))))
      const rescaled = values.map(v => (v === null ? null : roundFraction(unscaled(type, v), ten(down), rounding) * ten(up)))
      const bad = rescaled.findIndex(v => v !== null && (v >= ten(38) || v <= -ten(38)))
      return [
        each(x => formatDecimal(-x, type.scale)),
        each(x => formatDecimal(x < 0n ? -x : x, type.scale)),
        each(x => (x < 0n ? '-1' : x > 0n ? '1' : '0')),
        small.map(v => String(factorialOf(BigInt(v as string)))),
        bad >= 0 ? `DECIMAL_OVERFLOW row ${bad}` : rescaled.map(v => (v === null ? null : String(v))),
      ]
    }),
  compute: (device, arena, cases) =>
    cases.flatMap(({ type, down, up, rounding, values, small }) => {
      const check = { active: 0, where: 'test' }
      const whole: Decimal = { kind: 'decimal', precision: digitsMax, scale: 0 }
      const column = columnOf(device, arena, type, values)
      const map = (op: 'neg' | 'abs' | 'sign', as: DataType) => valuesOf(device, mapDecimal(device, arena, op, column, as, check))
      return [
        map('neg', type),
        map('abs', type),
        map('sign', { kind: 'decimal', precision: 1, scale: 0 }),
        valuesOf(device, mapDecimal(device, arena, 'factorial', columnOf(device, arena, whole, small), whole, check)),
        outcomeOf(() => valuesOf(device, rescaleChecked(device, arena, column, whole, { down, up, rounding }, 'round', check))),
      ]
    }),
})

const float64: DataType = { kind: 'float64' }
const float32: DataType = { kind: 'float32' }

// The decimal that a number's shortest text says, rounded to the scale; undefined where it has none or too many digits.
function decimalOfNumber(value: number, text: string, { precision, scale }: Decimal): string | null {
  if (!Number.isFinite(value)) return null
  const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text)!
  const shift = Number(exponent) - fraction.length + scale
  const digits = BigInt(`${sign}${whole}${fraction}`)
  const result = shift >= 0 ? digits * ten(shift) : roundFraction(digits, ten(-shift), 'half-away')
  return result < ten(precision) && result > -ten(precision) ? formatDecimal(result, scale) : null
}

/** The fewest digits that read back as the same float32, the nearest of them, and the even one of two. */
export function shortestFloat32(value: number): string {
  const [exact, exponent] = Math.abs(value).toExponential(99).split('e') as [string, string]
  const all = exact.replace('.', '')
  for (let digits = 1; digits < 10; digits++) {
    const isTie = /^50*$/.test(all.slice(digits)) && Number(all[digits - 1]) % 2 === 0
    const text = isTie ? `${value < 0 ? '-' : ''}${all.slice(0, digits)}e${Number(exponent) - digits + 1}` : value.toPrecision(digits)
    if (Math.fround(Number(text)) === value) return String(Number(text))
  }
  return String(value)
}

export const decimalCastAgreement = agreement<{ to: Decimal; floats: Value[]; singles: Value[]; decimals: Value[]; wholes: Value[][] }[], (Value | undefined)[][]>({
  stem: 'decimal',
  kernels: ['castWordToDecimal', 'castDecimalToWord', 'castDecimalToF64', 'castF64ToDecimal'],
  sample: (random, length, shape) =>
    types.map(to => ({
      to,
      floats: sampleValues(random, float64, length, shape).map(v => (v === null ? null : (v as number) / 10 ** random.int(12))),
      singles: sampleValues(random, float32, length, shape).map(v => (v === null ? null : Math.fround((v as number) / 10 ** random.int(12)))),
      decimals: sampleValues(random, to, length, shape),
      wholes: integerTypes.map(type => sampleValues(random, type, length, shape)),
    })),
  reference: cases =>
    cases.flatMap(({ to, floats, singles, decimals, wholes }) => [
      floats.map(v => (v === null ? null : decimalOfNumber(v as number, String(v), to))),
      singles.map(v => (v === null ? null : decimalOfNumber(v as number, Number.isFinite(v as number) ? shortestFloat32(v as number) : '', to))),
      decimals.map(v => (v === null ? null : Number(v) + 0)),
      ...wholes.map((values, i) =>
        values.map(v => {
          const scaled = v === null ? null : BigInt(v as bigint) * ten(to.scale)
          return scaled === null || scaled >= ten(to.precision) || scaled <= -ten(to.precision) || !integerTypes[i] ? null : formatDecimal(scaled, to.scale)
        }),
      ),
      ...integerTypes.map(type =>
        decimals.map(v => {
          const whole = v === null ? null : roundFraction(unscaled(to, v), ten(to.scale), 'zero')
          return whole === null || !isWithin(boundsOf(type), whole) ? null : shownAs(type, whole)
        }),
      ),
    ]),
  compute: (device, arena, cases) =>
    cases.flatMap(({ to, floats, singles, decimals, wholes }) => {
      const tried = (from: DataType, values: Value[], target: DataType) => valuesOf(device, cast(device, arena, columnOf(device, arena, from, values), target, true, { active: 0, where: 'test' }))
      return [
        tried(float64, floats, to),
        tried(float32, singles, to),
        tried(to, decimals, float64).map(v => (v === null ? null : (v as number) + 0)),
        ...wholes.map((values, i) => tried(integerTypes[i]!, values, to)),
        ...integerTypes.map(type => tried(to, decimals, type)),
      ]
    }),
})
