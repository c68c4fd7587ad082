// Several counts, sums and means at once, plainly: a loop over the rows of each group.
import { float64, int32 } from '../../../src/batch/data-type.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { noPlaces } from '../../../src/compute/aggregate-contract.ts'
import { createAccumulators } from '../../../src/compute/accumulators.ts'
import { columnOf, sampleValues, valuesOf } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'

// `float` and `int32` aggregates in turn, a count, and one that is never fused.
const specsOf = ({ wholes, floats }: Sample) => [
  ...Array.from({ length: floats }, (_, i) => ({ fn: i % 2 ? 'mean' : 'sum', inputType: float64 })),
  { fn: 'count' },
  ...Array.from({ length: wholes }, (_, i) => ({ fn: i % 2 ? 'mean' : 'sum', inputType: int32 })),
  { fn: 'max', inputType: int32 },
]

interface Sample {
  groups: number
  wholes: number
  floats: number
  batches: { gids: number[]; whole: Value[]; float: Value[] }[]
}

export const fusedAgreement = agreement({
  stem: 'fused-sums',
  kernels: ['addFused', 'fusedTotals', 'fusedCounts'],
  // The second batch may have nulls, which ends fusing; floats are small, so that plain sums are exact.
  sample(random, length, shape): Sample {
    const groups = shape === 'few' ? 3 : 1 + random.int(40)
    const batch = (nulls: boolean) => {
      const whole = sampleValues(random, int32, length, nulls ? shape : 'full')
      return { gids: whole.map(() => random.int(groups)), whole, float: sampleValues(random, int32, length, nulls ? shape : 'full').map(v => (v === null ? null : (v as number) / 1024)) }
    }
    return { groups, wholes: random.int(5), floats: random.int(4), batches: [batch(false), batch(shape === 'nulls' || shape === 'allNull'), batch(false)] }
  },
  reference({ groups, wholes: wholeCount, floats: floatCount, batches }): Value[][] {
    const rows = batches.flatMap(({ gids, whole, float }) => gids.map((gid, row) => ({ gid, whole: whole[row] as number | null, float: float[row] as number | null })))
    return Array.from({ length: groups }, (_, gid) => {
      const own = rows.filter(row => row.gid === gid)
      const wholes = own.map(row => row.whole).filter(v => v !== null)
      const floats = own.map(row => row.float).filter(v => v !== null)
      const [total, sum] = [wholes.reduce((a, b) => a + b, 0), floats.reduce((a, b) => a + b, 0)]
      const float = (_: unknown, i: number) => (floats.length === 0 ? null : i % 2 ? sum / floats.length : sum)
      const whole = (_: unknown, i: number) => (wholes.length === 0 ? null : i % 2 ? total / wholes.length : BigInt(total))
      return [...Array.from({ length: floatCount }, float), own.length, ...Array.from({ length: wholeCount }, whole), wholes.length ? Math.max(...wholes) : null]
    })
  },
  // Half of the rows go through a second set whose state is merged into the first.
  compute(device, arena, sample) {
    const { groups, batches, wholes, floats } = sample
    const specs = specsOf(sample)
    const columnsOf = <T>(whole: T, float: T) => [...new Array<T>(floats).fill(float), undefined, ...new Array<T>(wholes + 1).fill(whole)]
    const [set, other] = [createAccumulators(device, specs), createAccumulators(device, specs)]
    const numbers = (values: readonly number[]) => {
      const address = arena.allocate(4 * values.length)
      device.memory.uint32s(address, values.length).set(values)
      return address
    }
    try {
      other.update(numbers([0]), columnsOf(columnOf(device, arena, int32, [1]), columnOf(device, arena, float64, [1])), 1, groups, noPlaces)
      other.reset()
      batches.forEach(({ gids, whole, float }, i) => {
        const target = i === 2 ? other : set
        target.update(numbers(gids), columnsOf(columnOf(device, arena, int32, whole), columnOf(device, arena, float64, float)), gids.length, groups, noPlaces)
      })
      const alone = other.resultColumns(arena, groups).map(column => valuesOf(device, column))
      set.merge(numbers(Array.from({ length: groups }, (_, gid) => gid)), other.partialColumns(arena, groups), groups, groups)
      if (alone[floats]!.reduce<number>((sum, n) => sum + Number(n), 0) !== batches[2]!.gids.length) throw new Error('rows were lost')
      const results = set.resultColumns(arena, groups).map(column => valuesOf(device, column))
      return Array.from({ length: groups }, (_, gid) => results.map(values => (typeof values[gid] === 'number' && values[gid] === 0 ? 0 : values[gid]!)))
    } finally {
      set.close()
      other.close()
    }
  },
})
