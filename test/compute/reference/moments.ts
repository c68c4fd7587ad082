// Mean and spread, plainly, in two passes.
import { float64 } from '../../../src/batch/data-type.ts'
import { moments } from '../../../src/compute/moments.ts'
import { columnOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { expectNear } from './logistic.ts'

export const momentsAgreement = agreement<(number | null)[], { count: number; mean: number; squares: number }>({
  stem: 'moments',
  kernels: ['momentsF64'],
  sample: (random, length, shape) =>
    Array.from({ length: length * 9 }, () => (shape === 'allNull' || (shape === 'nulls' && random.int(3) === 0) ? null : shape === 'few' ? [0, -0, 1.5, Number.NaN][random.int(4)]! : random.float() + (shape === 'extreme' ? 1e6 : 0))),
  reference(values) {
    const known = values.filter((v): v is number => v !== null && !Number.isNaN(v))
    const shift = known[0] ?? 0
    const mean = known.length === 0 ? 0 : shift + known.reduce((sum, v) => sum + (v - shift), 0) / known.length
    return { count: known.length, mean, squares: known.reduce((sum, v) => sum + (v - mean) ** 2, 0) }
  },
  compute: (device, arena, values) => moments(device, arena, columnOf(device, arena, float64, values)),
  compare: (actual, expected) => expectNear(actual, expected, 1e-11),
})
