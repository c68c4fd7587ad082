// Operations on bits, plainly: those of bigints, cut to the type's width.
import type { DataType } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { bitNot, type BitOperation, bitwise, type Shift, shift } from '../../../src/compute/bitwise.ts'
import { isColumn } from '../../../src/compute/operand.ts'
import { mapPair, operandsOf, type Pair, samplePair } from '../../support/operands.ts'
import { columnOf, sampleValues, valuesOf } from '../../support/samples.ts'
import { boundsOf, integerTypes, outcomeOf, shownAs, wrapped } from '../../support/whole-types.ts'
import { agreement } from '../agreement.ts'

const operations: readonly BitOperation[] = ['bitAnd', 'bitOr', 'bitXor']
const int32: DataType = { kind: 'int32' }

export const bitwiseAgreement = agreement<{ op: BitOperation; pair: Pair }[], Value[][]>({
  stem: 'bitwise',
  kernels: ['bitwise'],
  sample: (random, length, shape) => integerTypes.flatMap(type => operations.map(op => ({ op, pair: samplePair(random, type, length, shape) }))),
  reference: cases =>
    cases.map(({ op, pair }) =>
      mapPair(pair, (x, y) => {
        const [a, b] = [BigInt(x as bigint), BigInt(y as bigint)]
        return shownAs(pair.type, wrapped(pair.type, op === 'bitAnd' ? a & b : op === 'bitOr' ? a | b : a ^ b))
      }),
    ),
  compute: (device, arena, cases) => cases.map(({ op, pair }) => valuesOf(device, bitwise(device, arena, op, ...operandsOf(device, arena, pair)))),
})

export const shiftAgreement = agreement<{ type: DataType; values: Value[]; counts: Value[]; constant: boolean }[], (Value[] | string)[]>({
  stem: 'bitwise',
  kernels: ['shiftInt', 'bitwise'],
  sample: (random, length, shape) =>
    integerTypes.map(type => ({
      type,
      values: sampleValues(random, type, length, shape),
      counts: sampleValues(random, int32, length, shape).map(v => (v === null ? null : ((v as number) & 127) - (random.int(400) === 0 ? 128 : 0))),
      constant: random.int(2) === 1,
    })),
  reference: cases =>
    cases.flatMap(({ type, values, counts, constant }) => {
      const count = (row: number) => (constant ? 3 : counts[row]!)
      const { bits } = boundsOf(type)
      const shifted = (op: Shift) => {
        const bad = values.findIndex((v, row) => v !== null && count(row) !== null && (count(row) as number) < 0)
        if (bad >= 0) return `SHIFT row ${bad}`
        return values.map((v, row) => {
          if (v === null || count(row) === null) return null
          const [x, by] = [BigInt(v as bigint), BigInt(count(row) as number)]
          return shownAs(type, wrapped(type, op === 'shiftLeft' ? x << by : op === 'shiftRight' ? x >> by : BigInt.asUintN(bits, x) >> by))
        })
      }
      return [shifted('shiftLeft'), shifted('shiftRight'), shifted('shiftRightUnsigned'), values.map(v => (v === null ? null : shownAs(type, wrapped(type, ~BigInt(v as bigint)))))]
    }),
  compute: (device, arena, cases) =>
    cases.flatMap(({ type, values, counts, constant }) => {
      const a = columnOf(device, arena, type, values)
      const b = constant ? { type: int32, value: 3 } : columnOf(device, arena, int32, counts)
      if (!isColumn(a)) return []
      const shifted = (op: Shift) => outcomeOf(() => valuesOf(device, shift(device, arena, op, a, b, { active: 0, where: 'test' })))
      return [shifted('shiftLeft'), shifted('shiftRight'), shifted('shiftRightUnsigned'), valuesOf(device, bitNot(device, arena, a))]
    }),
})
