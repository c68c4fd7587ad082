import { afterEach, describe, expect, it } from 'vitest'
import { float64 } from '../../src/batch/data-type.ts'
import { joinMoments, moments, noMoments } from '../../src/compute/moments.ts'
import { createDevice } from '../../src/device/device.ts'
import { columnOf } from '../support/samples.ts'

const device = await createDevice()
afterEach(() => expect(device.pages.used()).toBe(0))

function momentsOf(values: (number | null)[]) {
  const arena = device.arena()
  try {
    return moments(device, arena, columnOf(device, arena, float64, values))
  } finally {
    arena.release()
  }
}

const digits = (actual: number, certified: number) => (actual === certified ? 17 : -Math.log10(Math.abs((actual - certified) / certified)))

// NIST, Statistical Reference Datasets, univariate summary statistics: certified mean and standard deviation. NumAcc3 and 4 lose digits of
// their spread when their values are rounded to float64; `least` is what is left of them.
const numAcc = (centre: number) => [centre, ...Array.from({ length: 500 }, () => [centre - 0.1, centre + 0.1]).flat()]
const certified: [name: string, values: number[], mean: number, deviation: number, least: number][] = [
  ['NumAcc1', [10_000_001, 10_000_003, 10_000_002], 10_000_002, 1, 15],
  ['NumAcc2', numAcc(1.2), 1.2, 0.1, 14],
  ['NumAcc3', numAcc(1_000_000.2), 1_000_000.2, 0.1, 9],
  ['NumAcc4', numAcc(10_000_000.2), 10_000_000.2, 0.1, 8],
]

describe('mean and spread', () => {
  it.each(certified)('of NIST’s %s are as certified', (_, values, mean, deviation, least) => {
    const found = momentsOf(values)
    expect(found.count).toBe(values.length)
    expect(digits(found.mean, mean)).toBeGreaterThanOrEqual(14)
    expect(digits(Math.sqrt(found.squares / (found.count - 1)), deviation)).toBeGreaterThanOrEqual(least)
  })

  it('leave out nulls and NaN, and are those of nothing where nothing is left', () => {
    expect(momentsOf([1, null, Number.NaN, 3])).toEqual({ count: 2, mean: 2, squares: 2 })
    expect(momentsOf([])).toEqual(noMoments)
    expect(momentsOf([null, Number.NaN])).toMatchObject({ count: 0, squares: 0 })
  })

  it('join to those of all values', () => {
    const [a, b] = [momentsOf([1, 2, 3, 4]), momentsOf([10, 20])]
    const all = momentsOf([1, 2, 3, 4, 10, 20])
    const joined = joinMoments(a, b)
    expect(joined.count).toBe(6)
    expect(joined.mean).toBeCloseTo(all.mean, 12)
    expect(joined.squares).toBeCloseTo(all.squares, 10)
    expect([joinMoments(noMoments, a), joinMoments(a, noMoments)]).toEqual([a, a])
  })
})
