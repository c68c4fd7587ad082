// Arithmetic, plainly: bigints that are checked against the type's bounds, and JavaScript's own floats.
import { DataError } from '../../../src/base/errors.ts'
import { type DataType, float64, int32, int64 } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { type Arithmetic, arithmetic, negateOrAbs } from '../../../src/compute/arithmetic.ts'
import { isColumn } from '../../../src/compute/operand.ts'
import type { Random } from '../../../src/base/random.ts'
import { mapPair, operandsOf, type Pair, samplePair } from '../../support/operands.ts'
import { bitmapOf, columnOf, sampleValues, type Shape, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const operations: readonly Basic[] = ['add', 'sub', 'mul', 'div', 'intDiv', 'mod']

type Basic = Exclude<Arithmetic, 'floorMod' | 'power' | 'gcd'>

interface Case {
  readonly op: Basic
  readonly pair: Pair
  /** Rows that count for errors. */
  readonly active: boolean[]
}

// Full-range products nearly always overflow; half of the integer cases are small enough to have results.
function samplePairOf(random: Random, type: DataType, length: number, shape: Shape): Pair {
  const pair = samplePair(random, type, length, shape)
  if (type.kind === 'float64' || random.int(2) === 0) return pair
  const bits = type.kind === 'int32' ? 15 : 31
  const shrink = (v: Value) => (typeof v === 'bigint' ? BigInt.asIntN(bits, v) : typeof v === 'number' ? Number(BigInt.asIntN(bits, BigInt(v))) : v)
  return { ...pair, a: pair.a.map(shrink), b: pair.b.map(shrink) }
}

function exact(op: Arithmetic, x: bigint, y: bigint): bigint | undefined {
  if (op === 'add') return x + y
  if (op === 'sub') return x - y
  if (op === 'mul') return x * y
  if (y === 0n) return undefined
  return op === 'mod' ? x % y : x / y
}

const float: Record<Basic, (x: number, y: number) => number> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  intDiv: () => 0,
  mod: (x, y) => x % y,
}

function plain({ op, pair, active }: Case): Value[] | string {
  if (pair.type.kind === 'float64') return mapPair(pair, (x, y) => float[op](x as number, y as number))
  const bits = pair.type.kind === 'int32' ? 32 : 64
  let error = ''
  const results = pair.a.map((x, row) => {
    const y = pair.b[row]!
    if (x === null || y === null) return null
    const result = exact(op, BigInt(x as bigint), BigInt(y as bigint))
    const fits = result !== undefined && BigInt.asIntN(bits, result) === result
    if (!fits && active[row] && error === '') error = result === undefined ? `DIVIDE_BY_ZERO row ${row}` : `INT_OVERFLOW row ${row}`
    return fits ? (bits === 32 ? Number(result) : result) : 'misfit'
  })
  return error === '' ? results : error
}

const errorText = (error: unknown): string => {
  if (!(error instanceof DataError)) throw error
  return `${error.code} row ${/row (\d+)/.exec(error.message)?.[1]}`
}

// A misfit in a row that doesn't count may be anything.
function compareResults(actual: readonly (Value[] | string)[], expected: readonly (Value[] | string)[]): void {
  expected.forEach((want, i) => {
    const got = actual[i]!
    const same = typeof want === 'string' ? got === want : typeof got !== 'string' && want.every((v, row) => v === 'misfit' || Object.is(got[row], v))
    if (!same) throw new RangeError(`case ${i}: ${String(got)} is not ${String(want)}`)
  })
}

export const arithmeticAgreement = agreement<Case[], (Value[] | string)[]>({
  stem: 'arithmetic',
  kernels: [...['add', 'sub', 'mul', 'mod'].flatMap(op => [`${op}I32`, `${op}I64`, `${op}F64`]), ...['intDivI32', 'intDivI64', 'divF64']],
  sample: (random, length, shape) =>
    [int32, int64, float64].flatMap(type =>
      operations
        .filter(op => op !== (type.kind === 'float64' ? 'intDiv' : 'div'))
        .flatMap(op =>
          [0, 1, 2].map(i => ({
            op,
            pair: samplePairOf(random, type, length, shape),
            active: Array.from({ length }, () => i === 0 || (i === 1 && random.int(2) === 1)),
          })),
        ),
    ),
  reference: cases => cases.map(plain),
  compute: (device, arena, cases) =>
    cases.map(({ op, pair, active }) => {
      const [a, b] = operandsOf(device, arena, pair)
      if (!isColumn(a) && !isColumn(b)) return []
      try {
        return valuesOf(device, arithmetic(device, arena, op, a, b, { active: active.every(Boolean) ? 0 : bitmapOf(device, arena, active), where: 'test' }))
      } catch (error) {
        return errorText(error)
      }
    }),
  compare: compareResults,
})

export const signAgreement = agreement<{ op: 'neg' | 'abs'; type: DataType; values: Value[] }[], (Value[] | string)[]>({
  stem: 'arithmetic',
  kernels: ['absI32', 'absI64', 'negF64', 'absF64'],
  sample: (random, length, shape) =>
    [int32, int64, float64].flatMap(type => (['neg', 'abs'] as const).map(op => ({ op, type, values: sampleValues(random, type, length, shape) }))),
  reference: cases =>
    cases.map(({ op, type, values }) => {
      const lowest = type.kind === 'int32' ? -(2 ** 31) : type.kind === 'int64' ? -(2n ** 63n) : undefined
      const at = lowest === undefined ? -1 : values.indexOf(lowest)
      if (at >= 0) return `INT_OVERFLOW row ${at}`
      // An integer has no −0.
      return values.map(v =>
        v === null
          ? null
          : typeof v === 'bigint'
            ? op === 'abs' && v >= 0n
              ? v
              : -v
            : op === 'abs'
              ? Math.abs(v as number)
              : type.kind === 'int32'
                ? 0 - (v as number)
                : -(v as number),
      )
    }),
  compute: (device, arena, cases) =>
    cases.map(({ op, type, values }) => {
      try {
        return valuesOf(device, negateOrAbs(device, arena, op, columnOf(device, arena, type, values), { active: 0, where: 'test' }))
      } catch (error) {
        return errorText(error)
      }
    }),
  compare: compareResults,
})
