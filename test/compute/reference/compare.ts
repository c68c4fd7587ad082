// Comparisons and membership, plainly: JavaScript's own operators, and code points for strings.
import { binary, bool, type DataType, float64, int64, timestampMs, utf8 } from '../../../src/batch/data-type.ts'
import { integerTypes } from '../../support/whole-types.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { compare, type Comparison } from '../../../src/compute/compare.ts'
import { isMember } from '../../../src/compute/member.ts'
import { constantOf, mapPair, operandsOf, samplePair } from '../../support/operands.ts'
import { columnOf, sampleValue, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

type Known = NonNullable<Value>
const comparisons: readonly Comparison[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge']
const types: readonly DataType[] = [bool, float64, timestampMs, utf8, binary, ...integerTypes, { kind: 'float16' }, { kind: 'float32' }, { kind: 'fixedBinary', size: 3 }, { kind: 'fixedBinary', size: 16 }, { kind: 'date' }]

/** Below 0, 0, above 0, or NaN where a NaN is compared. */
export function order(x: Known, y: Known): number {
  if (typeof x === 'string') return order(new TextEncoder().encode(x), new TextEncoder().encode(y as string))
  if (x instanceof Uint8Array) {
    const other = y as Uint8Array
    const at = x.findIndex((byte, i) => byte !== other[i])
    if (at < 0 || at >= other.length) return x.length - other.length
    return x[at]! - other[at]!
  }
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN
  return x < y ? -1 : x > y ? 1 : 0
}

export function compareValues(op: Comparison, x: Known, y: Known): boolean {
  const at = order(x, y)
  return { eq: at === 0, ne: at !== 0, lt: at < 0, le: at <= 0, gt: at > 0, ge: at >= 0 }[op]
}

export const compareAgreement = agreement({
  stem: 'compare',
  kernels: ['compareI32', 'compareI64', 'compareF64', 'compareF32', 'compareInt', 'compareViews', 'xorBits'],
  sample: (random, length, shape) => types.flatMap(type => comparisons.map(op => ({ op, pair: samplePair(random, type, length, shape) }))),
  reference: cases => cases.map(({ op, pair }) => mapPair(pair, (x, y) => compareValues(op, x, y))),
  compute: (device, arena, cases) => cases.map(({ op, pair }) => valuesOf(device, compare(device, arena, op, ...operandsOf(device, arena, pair)))),
})

export const memberAgreement = agreement({
  stem: 'compare',
  kernels: ['memberI32', 'memberI64', 'memberF64', 'memberViews', 'fillWordSet', 'memberWordSet'],
  sample: (random, length, shape) =>
    types.map(type => {
      const values = sampleValues(random, type, length, shape)
      const members = Array.from({ length: random.int(9) }, () => sampleValue(random, type, shape))
      return { type, values, members: [...members, ...values.filter(v => v !== null && random.int(4) === 0)] as Known[] }
    }),
  reference: cases => cases.map(({ values, members }) => values.map(v => (v === null ? null : members.some(m => order(v, m) === 0)))),
  compute: (device, arena, cases) =>
    cases.map(({ type, values, members }) =>
      valuesOf(
        device,
        isMember(
          device,
          arena,
          columnOf(device, arena, type, values),
          members.map(m => constantOf(type, m).value),
        ),
      ),
    ),
})

const mixedTypes = [
  [int64, float64],
  [{ kind: 'uint64' }, float64],
  [int64, { kind: 'uint64' }],
] as const satisfies readonly (readonly [DataType, DataType])[]

// Exactly: a float64 without a fraction is a bigint, and one with a fraction lies between two.
function orderMixed(x: bigint, y: bigint | number): number {
  if (typeof y === 'bigint' || !Number.isFinite(y)) return typeof y === 'bigint' ? (x < y ? -1 : x > y ? 1 : 0) : Number.isNaN(y) ? Number.NaN : -y
  const whole = BigInt(Math.trunc(y))
  return x !== whole ? (x < whole ? -1 : 1) : Math.trunc(y) - y
}

export const mixedAgreement = agreement<{ pair: number; op: Comparison; turned: boolean; a: Value[]; b: Value[] }[], Value[][]>({
  stem: 'compare',
  kernels: ['compareMixed'],
  sample: (random, length, shape) =>
    mixedTypes.flatMap(([left, right], pair) =>
      comparisons.flatMap(op =>
        [false, true].map(turned => {
          const a = sampleValues(random, left, length, shape)
          // Neighbours of the integers, where rounding one side would show.
          const b = sampleValues(random, right, length, shape).map((v, row) => (v !== null && a[row] !== null && random.int(3) === 0 && right.kind === 'float64' ? Number(a[row]) : v))
          return { pair, op, turned, a, b }
        }),
      ),
    ),
  reference: cases =>
    cases.map(({ op, turned, a, b }) =>
      a.map((x, row) => {
        const y = b[row]!
        if (x === null || y === null) return null
        const at = turned ? -orderMixed(x as bigint, y as bigint) : orderMixed(x as bigint, y as bigint)
        return { eq: at === 0, ne: at !== 0, lt: at < 0, le: at <= 0, gt: at > 0, ge: at >= 0 }[op]
      }),
    ),
  compute: (device, arena, cases) =>
    cases.map(({ pair, op, turned, a, b }) => {
      const [left, right] = [columnOf(device, arena, mixedTypes[pair]![0], a), columnOf(device, arena, mixedTypes[pair]![1], b)]
      return valuesOf(device, turned ? compare(device, arena, op, right, left) : compare(device, arena, op, left, right))
    }),
})
