// Sorting, plainly: Array.prototype.sort, which is stable. And its entry in the catalogue of agreements.
import { bool, float64, int32, int64, timestampMs, utf8 } from '../../../src/batch/data-type.ts'
import type { Random } from '../../../src/base/random.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { sortIndices } from '../../../src/compute/sort.ts'
import { columnOf, sampleValues, uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { compareValues } from './aggregate.ts'

interface Order {
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** Nulls and NaN keep their places in either direction; −0 equals 0. */
export function compareCells(a: Value, b: Value, { descending, nullsFirst }: Order): number {
  if (a === null || b === null) return (Number(a === null) - Number(b === null)) * (nullsFirst ? -1 : 1)
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  if (a === 0 && b === 0) return 0
  return compareValues(a, b) * (descending ? -1 : 1)
}

const types = [bool, int32, int64, float64, utf8, timestampMs]

// Strings that agree in their first bytes, by the hundreds, so that whole runs go deeper than the first eight.
function twins(random: Random, length: number): Value[] {
  const stems = ['same ei', 'same eight', 'same eight, same sixteen, same twenty-four ', 'same eight, same sixteen, same']
  return Array.from({ length }, () => `${stems[random.int(4)]}${'\0'.repeat(random.int(3))}${random.int(2) ? random.int(30) : ''}`)
}

export const sortAgreement = agreement({
  stem: 'sort',
  kernels: ['sortRecords', 'splitNulls', 'recordsI32', 'recordsI64', 'recordsF64', 'recordsOf', 'recordsView', 'settleViews', 'takeRows'],
  sample(random, length, shape) {
    const values = types.map(type => (type === utf8 && shape === 'few' ? twins(random, length) : sampleValues(random, type, length, shape)))
    const order = () => ({ descending: random.int(2) === 1, nullsFirst: random.int(2) === 1 })
    const keys = [...types.keys()].map(i => [{ at: i, ...order() }])
    return { values, keys: [...keys, [{ at: 0, ...order() }, { at: 4, ...order() }, { at: 1, ...order() }]] }
  },
  reference: ({ values, keys }) =>
    keys.map(list =>
      values[0]!.map((_, row) => row).sort((a, b) => {
        for (const { at, ...order } of list) {
          const result = compareCells(values[at]![a]!, values[at]![b]!, order)
          if (result !== 0) return result
        }
        return 0
      }),
    ),
  compute(device, arena, { values, keys }) {
    const columns = values.map((v, i) => columnOf(device, arena, types[i]!, v))
    return keys.map(list => uint32sAt(device, sortIndices(device, arena, list.map(({ at, ...order }) => ({ column: columns[at]!, ...order })), values[0]!.length), values[0]!.length))
  },
})
