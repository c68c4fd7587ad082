// Rows that fewer than k earlier ones of their group beat, plainly: counted one by one.
import { int32 } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { BestKeys } from '../../../src/compute/best-keys.ts'
import { columnOf, sampleValues, uint32sAt } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { compareCells } from './sort.ts'

interface Input {
  readonly groups: readonly number[]
  readonly keys: readonly Value[]
  readonly count: number
  readonly descending: boolean
  readonly nullsFirst: boolean
}

export const bestKeysAgreement = agreement<Input, number[]>({
  stem: 'top',
  kernels: ['thinRows'],
  sample: (random, length, shape) => ({
    groups: Array.from({ length }, () => random.int(5)),
    keys: sampleValues(random, int32, length, shape),
    count: 1 + random.int(4),
    descending: random.int(2) === 0,
    nullsFirst: random.int(2) === 0,
  }),
  reference({ groups, keys, count, ...order }) {
    const isKept = (row: number) => groups.slice(0, row).filter((group, at) => group === groups[row] && compareCells(keys[at]!, keys[row]!, order) < 0).length < count
    return [...keys.keys()].filter(isKept)
  },
  compute(device, arena, { groups, keys, count, ...order }) {
    const best = new BestKeys(device, count, order)
    const { indices, rows } = best.thin(arena, columnOf(device, arena, int32, groups).values, 5, columnOf(device, arena, int32, keys))
    best.close()
    return [...uint32sAt(device, indices, rows)]
  },
})
