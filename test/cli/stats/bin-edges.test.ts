// Edges of bins: round, ascending, around all values, and few.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calendarEdges, clockEdges, numberEdges, wholeEdges } from '../../../src/cli/stats/bin-edges.ts'
import { formatDay } from '../../../src/batch/time-text.ts'
import { parseTimestamp } from '../../../src/batch/timestamp-text.ts'

const day = (text: string) => parseTimestamp(text, 's')! / 86_400n

describe('edges of bins', () => {
  it('are round numbers around the bounds', () => {
    expect(numberEdges(0.1, 0.93, 10)).toEqual({ edges: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1], step: '0.1' })
    expect(numberEdges(-3, 2.9, 8)).toEqual({ edges: [-3, -2, -1, 0, 1, 2, 3], step: '1' })
    expect(numberEdges(0, 2e30, 4).edges).toEqual([0, 5e29, 1e30, 1.5e30, 2e30, 2.5e30])
    expect(numberEdges(7, 7, 10)).toEqual({ edges: [7, 7], step: '' })
    // Neighbours among the floats have no round numbers between them.
    expect(numberEdges(1e16, 1e16 + 2, 10)).toEqual({ edges: [1e16, 1e16 + 2], step: '' })
    expect(numberEdges(-1.7e308, 1.7e308, 10).edges).toEqual([-Number.MAX_VALUE, -1.5e308, -1e308, -5e307, 0, 5e307, 1e308, 1.5e308, Number.MAX_VALUE])
    expect(numberEdges(0, 5e-324, 10).edges).toEqual([0, 5e-324])
  })

  it('are whole where numbers are', () => {
    expect(wholeEdges(3n, 7n, 10)).toEqual({ edges: [3n, 4n, 5n, 6n, 7n, 8n], step: '1' })
    expect(wholeEdges(-12n, 193n, 10)).toEqual({ edges: [-25n, 0n, 25n, 50n, 75n, 100n, 125n, 150n, 175n, 200n], step: '25' })
    expect(wholeEdges(5n, 5n, 10)).toEqual({ edges: [5n, 6n], step: '1' })
    expect(wholeEdges(-(2n ** 63n), 2n ** 63n - 1n, 2).edges.length).toBeLessThanOrEqual(4)
  })

  it('are those of the clock', () => {
    const told = (least: bigint, greatest: bigint, unit: 's' | 'ms' = 's') => clockEdges(least, greatest, unit, 10).step
    expect([told(0n, 5n, 'ms'), told(0n, 9_999n, 'ms'), told(0n, 250n), told(0n, 3_600n), told(0n, 86_399n), told(0n, 864_000n), told(0n, 86_399_999n)]).toEqual(['1 ms', '1 second', '30 seconds', '10 minutes', '3 hours', '2 days', '100 days'])
    expect(clockEdges(100n, 249n, 's', 5).edges).toEqual([90n, 120n, 150n, 180n, 210n, 240n, 270n])
  })

  it('are those of the calendar', () => {
    const told = (from: string, to: string, bins: number) => {
      const { edges, step } = calendarEdges(day(from), day(to), 'day', bins)
      return [step, ...edges.map(edge => formatDay(Number(edge)))]
    }
    expect(told('2024-02-28', '2024-03-02', 10)).toEqual(['1 day', '2024-02-28', '2024-02-29', '2024-03-01', '2024-03-02', '2024-03-03'])
    // Weeks begin on Mondays.
    expect(told('2024-02-28', '2024-03-18', 4)).toEqual(['1 week', '2024-02-26', '2024-03-04', '2024-03-11', '2024-03-18', '2024-03-25'])
    expect(told('1969-11-15', '1970-02-28', 4)).toEqual(['1 month', '1969-11-01', '1969-12-01', '1970-01-01', '1970-02-01', '1970-03-01'])
    expect(told('2023-02-01', '2024-02-29', 5)).toEqual(['3 months', '2023-01-01', '2023-04-01', '2023-07-01', '2023-10-01', '2024-01-01', '2024-04-01'])
    expect(told('1899-12-31', '2024-02-29', 6)).toEqual(['25 years', '1875-01-01', '1900-01-01', '1925-01-01', '1950-01-01', '1975-01-01', '2000-01-01', '2025-01-01'])
    expect(calendarEdges(0n, 86_400_000n * 3n, 'ms', 3).step).toBe('2 days')
    expect(calendarEdges(0n, 86_399_999n, 'ms', 10).step).toBe('3 hours')
  })

  it('ascend, enclose all values and are about as many as asked for', () => {
    const check = <V extends number | bigint>({ edges }: { edges: readonly V[] }, least: V, greatest: V, bins: number) => {
      expect(edges.length).toBeGreaterThanOrEqual(2)
      expect(edges.length).toBeLessThanOrEqual(bins + 4)
      for (let i = 1; i < edges.length; i++) expect(edges[i]! > edges[i - 1]! || (edges.length === 2 && edges[0] === edges[1])).toBe(true)
      expect(edges[0]! <= least && greatest <= edges.at(-1)!).toBe(true)
    }
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
    const bins = fc.integer({ min: 1, max: 100 })
    fc.assert(fc.property(finite, finite, bins, (a, b, n) => check(numberEdges(Math.min(a, b), Math.max(a, b), n), Math.min(a, b), Math.max(a, b), n)))
    const whole = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
    const days = fc.bigInt({ min: -1_000_000n, max: 1_000_000n })
    const ordered = (a: bigint, b: bigint) => (a < b ? [a, b] : [b, a]) as [bigint, bigint]
    fc.assert(fc.property(whole, whole, bins, (a, b, n) => check(wholeEdges(...ordered(a, b), n), ...ordered(a, b), n)))
    fc.assert(fc.property(whole, whole, bins, (a, b, n) => check(clockEdges(...ordered(a, b), 'us', n), ...ordered(a, b), n)))
    fc.assert(fc.property(days, days, bins, (a, b, n) => check(calendarEdges(...ordered(a, b), 'day', n), ...ordered(a, b), n)))
    fc.assert(fc.property(whole, whole, bins, (a, b, n) => check(calendarEdges(...ordered(a, b), 'ns', n), ...ordered(a, b), n)))
  })
})
