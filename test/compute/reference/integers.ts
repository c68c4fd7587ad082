// Arithmetic on integers of every width, plainly: bigints that are checked against the type's bounds.
import type { Random } from '../../../src/base/random.ts'
import type { DataType } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { type Arithmetic, arithmetic, factorial, negateOrAbs } from '../../../src/compute/arithmetic.ts'
import { integerOperations, roundIntegers } from '../../../src/compute/integers.ts'
import { isColumn } from '../../../src/compute/operand.ts'
import { type Rounding, roundings } from '../../../src/compute/rounding.ts'
import { type Overflow, overflows } from '../../../src/compute/row-check.ts'
import { operandsOf, type Pair, samplePair } from '../../support/operands.ts'
import { bitmapOf, columnOf, sampleValues, type Shape, valuesOf } from '../../support/samples.ts'
import { boundsOf, integerTypes, isWithin, outcomeOf, roundFraction, shownAs, wrapped } from '../../support/whole-types.ts'
import { agreement } from '../agreement.ts'

function gcd(x: bigint, y: bigint): bigint {
  let [a, b] = [x < 0n ? -x : x, y < 0n ? -y : y]
  while (b > 0n) [a, b] = [b, a % b]
  return a
}

function exact(op: string, x: bigint, y: bigint): bigint | undefined {
  switch (op) {
    case 'add':
      return x + y
    case 'sub':
      return x - y
    case 'mul':
      return x * y
    case 'gcd':
      return gcd(x, y)
    case 'power':
      if (y >= 0n) return y > 200n ? (x >= -1n && x <= 1n ? x ** (y % 2n === 0n ? 2n : 1n) : x < 0n && y % 2n === 1n ? -(2n ** 200n) : 2n ** 200n) : x ** y
      return x === 1n ? 1n : x === -1n ? (y % 2n === 0n ? 1n : -1n) : undefined
    default: {
      if (y === 0n) return undefined
      const rest = x % y
      return op === 'intDiv' ? x / y : op === 'floorMod' && rest !== 0n && rest < 0n !== y < 0n ? rest + y : rest
    }
  }
}

interface Case {
  readonly op: (typeof integerOperations)[number]
  readonly overflow: Overflow
  readonly pair: Pair
  readonly active: boolean[]
}

// Two numbers at full range have no product; half of the cases are small enough, and exponents are.
function pairOf(random: Random, op: string, type: DataType, length: number, shape: Shape): Pair {
  const pair = samplePair(random, type, length, shape)
  const { bits } = boundsOf(type)
  const shrink = (to: number) => (v: Value) => (v === null ? null : shownAs(type, wrapped(type, type.kind.startsWith('u') ? BigInt.asUintN(to, BigInt(v as bigint)) : BigInt.asIntN(to, BigInt(v as bigint)))))
  const small = random.int(2) === 0
  return {
    ...pair,
    a: small ? pair.a.map(shrink(bits / 2 - 1)) : pair.a,
    b: op === 'power' ? pair.b.map(shrink(4)) : small ? pair.b.map(shrink(bits / 2 - 1)) : pair.b,
  }
}

// Wrapping powers of more than 200 are not compared: nothing here is that large.
function plain({ op, overflow, pair, active }: Case): Value[] | string {
  const bounds = boundsOf(pair.type)
  let error = ''
  const results = pair.a.map((x, row) => {
    const y = pair.b[row]!
    if (x === null || y === null) return null
    const [left, right] = [BigInt(x as bigint), BigInt(y as bigint)]
    const result = exact(op, left, right)
    if (result !== undefined && isWithin(bounds, result)) return shownAs(pair.type, result)
    if (result !== undefined && overflow === 'saturate') return shownAs(pair.type, result < 0n ? bounds.least : bounds.most)
    if (result !== undefined && overflow === 'wrap') return shownAs(pair.type, wrapped(pair.type, result))
    if (active[row] && error === '') error = `${right === 0n && op !== 'add' && op !== 'sub' && op !== 'mul' && op !== 'power' && op !== 'gcd' ? 'DIVIDE_BY_ZERO' : 'INT_OVERFLOW'} row ${row}`
    return 'misfit'
  })
  return error === '' ? results : error
}

function expectSame(actual: readonly (Value[] | string)[], expected: readonly (Value[] | string)[]): void {
  expected.forEach((want, i) => {
    const got = actual[i]!
    const same = typeof want === 'string' ? got === want : typeof got !== 'string' && want.every((v, row) => v === 'misfit' || Object.is(got[row], v))
    if (!same) throw new RangeError(`case ${i}: ${String(got).slice(0, 300)} is not ${String(want).slice(0, 300)}`)
  })
}

export const integerAgreement = agreement<Case[], (Value[] | string)[]>({
  stem: 'integers',
  kernels: ['calculateInt'],
  sample: (random, length, shape) =>
    integerTypes.flatMap(type =>
      integerOperations.flatMap(op =>
        overflows.map((overflow, i) => ({
          op,
          overflow,
          pair: pairOf(random, op, type, length, shape),
          active: Array.from({ length }, () => i === 0 || random.int(2) === 1),
        })),
      ),
    ),
  reference: cases => cases.map(plain),
  compute: (device, arena, cases) =>
    cases.map(({ op, overflow, pair, active }) => {
      const [a, b] = operandsOf(device, arena, pair)
      if (!isColumn(a) && !isColumn(b)) return []
      const check = { active: active.every(Boolean) ? 0 : bitmapOf(device, arena, active), where: 'test' }
      return outcomeOf(() => valuesOf(device, arithmetic(device, arena, op as Arithmetic, a, b, check, overflow)))
    }),
  compare: expectSame,
})

const factorialOf = (n: bigint): bigint => (n < 2n ? 1n : n * factorialOf(n - 1n))

export const integerMapAgreement = agreement<{ op: 'neg' | 'abs' | 'sign' | 'factorial'; type: DataType; overflow: Overflow; values: Value[] }[], (Value[] | string)[]>({
  stem: 'integers',
  kernels: ['mapInt'],
  sample: (random, length, shape) =>
    integerTypes.flatMap(type =>
      (['neg', 'abs', 'sign', 'factorial'] as const).flatMap(op =>
        overflows.map(overflow => {
          const values = sampleValues(random, type, length, shape)
          return { op, type, overflow, values: op === 'factorial' ? values.map(v => (v === null ? null : shownAs(type, BigInt.asUintN(3, BigInt(v as bigint))))) : values }
        }),
      ),
    ),
  reference: cases =>
    cases.map(({ op, type, overflow, values }) => {
      const bounds = boundsOf(type)
      const of = (x: bigint) => (op === 'neg' ? -x : op === 'abs' ? (x < 0n ? -x : x) : op === 'sign' ? BigInt(x > 0n ? 1 : x < 0n ? -1 : 0) : factorialOf(x))
      const bad = values.findIndex(v => v !== null && !isWithin(bounds, of(BigInt(v as bigint))))
      if (bad >= 0 && (overflow === 'error' || op === 'factorial')) return `INT_OVERFLOW row ${bad}`
      return values.map(v => {
        if (v === null) return null
        const result = of(BigInt(v as bigint))
        if (isWithin(bounds, result)) return shownAs(type, result)
        return shownAs(type, overflow === 'wrap' ? wrapped(type, result) : result < 0n ? bounds.least : bounds.most)
      })
    }),
  compute: (device, arena, cases) =>
    cases.map(({ op, type, overflow, values }) => {
      const column = columnOf(device, arena, type, values)
      const check = { active: 0, where: 'test' }
      return outcomeOf(() => valuesOf(device, op === 'factorial' ? factorial(device, arena, column, check) : negateOrAbs(device, arena, op, column, check, overflow)))
    }),
  compare: expectSame,
})

export const integerRoundAgreement = agreement<{ type: DataType; tens: number; rounding: Rounding; values: Value[] }[], (Value[] | string)[]>({
  stem: 'integers',
  kernels: ['roundInt'],
  sample: (random, length, shape) => integerTypes.flatMap(type => roundings.map(rounding => ({ type, tens: 1 + random.int(21), rounding, values: sampleValues(random, type, length, shape) }))),
  reference: cases =>
    cases.map(({ type, tens, rounding, values }) => {
      const unit = 10n ** BigInt(tens)
      const rounded = values.map(v => (v === null ? null : roundFraction(BigInt(v as bigint), unit, rounding) * unit))
      const bad = rounded.findIndex(v => v !== null && !isWithin(boundsOf(type), v))
      return bad >= 0 ? `INT_OVERFLOW row ${bad}` : rounded.map(v => (v === null ? null : shownAs(type, v)))
    }),
  compute: (device, arena, cases) =>
    cases.map(({ type, tens, rounding, values }) =>
      outcomeOf(() => valuesOf(device, roundIntegers(device, arena, columnOf(device, arena, type, values), tens, rounding, { active: 0, where: 'test' }))),
    ),
  compare: expectSame,
})
