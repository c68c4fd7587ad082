import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { dictionaryPays, estimateDistinct } from '../../src/format/parquet/dictionary-worth.ts'

describe('how many different values there are', () => {
  it('is found within a tenth from draws by chance', () => {
    const chance = random(7)
    for (const distinct of [10, 1_000, 20_000, 60_000]) {
      const seen = new Set(Array.from({ length: 16_384 }, () => chance.int(distinct)))
      expect(Math.abs(estimateDistinct(seen.size, 16_384) / distinct - 1)).toBeLessThan(0.1)
    }
  })

  it('is never less than what was seen, and beyond all where nothing came twice', () => {
    expect(estimateDistinct(1, 1_000_000)).toBeCloseTo(1, 1)
    expect(estimateDistinct(16_384, 16_384)).toBe(Number.POSITIVE_INFINITY)
    expect(estimateDistinct(16_383, 16_384)).toBeGreaterThan(1e7)
  })
})

describe('a dictionary', () => {
  it('pays where values come often enough, also when the first page hardly shows it', () => {
    const known = Math.round(20_000 * (1 - Math.exp(-16_384 / 20_000)))
    expect(dictionaryPays(known, 16_384, 16, 65_536, 0)).toBe(true)
    expect(dictionaryPays(known, 16_384, 4, 65_536, 262_144)).toBe(true)
    // A chunk that ends soon has too few of each.
    expect(dictionaryPays(known, 16_384, 16, 65_536, 16_384)).toBe(false)
  })

  it('does not pay where values hardly repeat, are too many for it, or are as short as its numbers', () => {
    expect(dictionaryPays(16_384, 16_384, 16, 65_536, 0)).toBe(false)
    expect(dictionaryPays(16_000, 16_384, 16, 65_536, 1e6)).toBe(false)
    expect(dictionaryPays(200, 16_384, 1, 65_536, 0)).toBe(false)
    expect(dictionaryPays(2, 16_384, 1, 65_536, 0)).toBe(true)
  })
})
