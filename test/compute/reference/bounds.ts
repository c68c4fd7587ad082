// Ranges of columns, plainly; and what comparisons make of them.
import type { DataType } from '../../../src/batch/data-type.ts'
import { storedBy } from '../../../src/batch/stored-value.ts'
import { parseType } from '../../../src/batch/type-name.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { hasRange, ranged } from '../../../src/compute/bounds.ts'
import { compare, type Comparison } from '../../../src/compute/compare.ts'
import { columnOf, sampleTypes, sampleValue, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

const types = [...sampleTypes.filter(hasRange), parseType('uint16', 'bounds').type]
const comparisons: readonly Comparison[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge']

export const boundsAgreement = agreement<{ type: DataType; values: Value[] }[], unknown[]>({
  stem: 'bounds',
  kernels: ['boundWords', 'boundF64'],
  sample: (random, length, shape) => types.map(type => ({ type, values: sampleValues(random, type, length, shape) })),
  reference: cases =>
    cases.map(({ type, values }) => {
      const numbers = values.flatMap(v => (v === null ? [] : [Number(storedBy(type)(v))]))
      const isExact = type.kind.startsWith('float') ? numbers.every(Number.isFinite) : numbers.every(Number.isSafeInteger)
      return isExact ? { min: numbers.length ? Math.min(...numbers) + 0 : 0, max: numbers.length ? Math.max(...numbers) + 0 : 0 } : undefined
    }),
  compute: (device, arena, cases) =>
    cases.map(({ type, values }) => {
      const { range } = ranged(device, columnOf(device, arena, type, values))
      return range && { min: range.min + 0, max: range.max + 0 }
    }),
})

/** A comparison with a constant gives the same with a range as without; constants lie among the values, at their ends, and beyond. */
export const rangeCompareAgreement = agreement<{ type: DataType; op: Comparison; turned: boolean; values: Value[]; constant: Value }[], Value[][]>({
  stem: 'bounds',
  kernels: ['boundWords'],
  sample: (random, length, shape) =>
    types.flatMap(type =>
      comparisons.map(op => {
        const values = sampleValues(random, type, length, shape)
        const same = sampleValue(random, type, shape)
        const constant = random.int(2) === 0 ? sampleValue(random, type, 'few') : (values.find(v => v !== null) ?? same)
        return { type, op, turned: random.int(2) === 0, values: random.int(4) === 0 ? values.map(v => v && same) : values, constant }
      }),
    ),
  reference: cases => cases.map(() => []),
  compute: (device, arena, cases) =>
    cases.flatMap(({ type, op, turned, values, constant }) => {
      const column = columnOf(device, arena, type, values)
      const value = { type, value: storedBy(type)(constant)! }
      const results = [column, ranged(device, column)].map(side => valuesOf(device, turned ? compare(device, arena, op, value, side) : compare(device, arena, op, side, value)))
      return [results as unknown as Value[]]
    }),
  compare(actual) {
    for (const [plain, known] of actual as unknown as [Value[], Value[]][]) if (JSON.stringify(plain) !== JSON.stringify(known)) throw new RangeError(`${known.join().slice(0, 200)} is not ${plain.join().slice(0, 200)}`)
  },
})
