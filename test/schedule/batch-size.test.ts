import { describe, expect, it } from 'vitest'
import { BatchSize, rowsMin } from '../../src/schedule/batch-size.ts'

/** A job whose batches are on their way for `latency(rows)` milliseconds, one after the other, for so long. */
function run(size: BatchSize, fromMs: number, forMs: number, latency: (rows: number) => number): number[] {
  const sizes: number[] = []
  for (let now = fromMs; now < fromMs + forMs; ) {
    const took = latency(size.rows)
    size.written(now, now + took)
    now += Math.max(1, took / 4)
    if (sizes.at(-1) !== size.rows) sizes.push(size.rows)
  }
  return sizes
}

describe('the size of batches', () => {
  it('is the greatest one without a budget', () => {
    const size = new BatchSize(65_536)
    run(size, 0, 10_000, () => 5_000)
    expect(size.rows).toBe(65_536)
  })

  it('grows to the greatest while rows are soon through', () => {
    const size = new BatchSize(65_536, 200)
    const sizes = run(size, 0, 10_000, rows => rows / 2_000)
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b))
    expect(size.rows).toBe(65_536)
  })

  it('never exceeds what was asked for, however small', () => {
    const size = new BatchSize(7, 200)
    expect(new Set(run(size, 0, 5_000, () => 1))).toEqual(new Set([7]))
    expect(new Set(run(size, 5_000, 5_000, rows => rows * 100))).toEqual(new Set([7]))
  })

  it.each([0.02, 0.1, 1])('keeps rows within the budget at %d ms a row', each => {
    const size = new BatchSize(65_536, 200)
    run(size, 0, 20_000, rows => rows * each)
    expect(size.rows * each).toBeLessThanOrEqual(size.rows === rowsMin ? Number.POSITIVE_INFINITY : 200)
    // And is no smaller than it must be.
    expect(size.rows).toBeGreaterThanOrEqual(Math.min(rowsMin, 50 / each))
    if (each === 0.02) expect(size.rows).toBeGreaterThan(3_000)
  })

  it('is left as it was where smaller batches take as long', () => {
    const size = new BatchSize(65_536, 200)
    run(size, 0, 20_000, () => 50)
    expect(size.rows).toBe(65_536)
    const sizes = run(size, 20_000, 10_000, () => 1_000)
    expect(Math.min(...sizes)).toBeLessThan(65_536)
    expect(size.rows).toBe(65_536)
  })

  it('takes no notice of one batch that waited, nor of those of another size', () => {
    const size = new BatchSize(8_192, 200)
    for (let i = 0; i < 100; i++) size.written(10 * i, 10 * i + (i % 40 === 1 ? 3_000 : 20))
    expect(size.rows).toBe(8_192)
    run(size, 10_000, 20_000, rows => rows / 8)
    const small = size.rows
    expect(small).toBeLessThan(8_192)
    for (let i = 0; i < 20; i++) size.written(9_000, 31_000 + i)
    expect(size.rows).toBe(small)
  })
})
