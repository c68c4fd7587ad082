import { describe, expect, it } from 'vitest'
import { addressableBytes, memoryBudget } from '../../src/base/memory-budget.ts'

const mib = 2 ** 20
const gib = 2 ** 30

describe('memory budgets', () => {
  it('divide a total: two fifths for state, a quarter for batches', () => {
    expect(memoryBudget('512MiB', 8 * gib, 4)).toEqual({ totalBytes: 512 * mib, stateBytes: Math.floor(204.8 * mib), batchBytes: 128 * mib })
    expect([0, 2, 3, 8].map(threads => memoryBudget('2GiB', 8 * gib, threads).batchBytes / mib)).toEqual([64, 64, 96, 128])
    expect(memoryBudget(64 * mib, 8 * gib, 2).totalBytes).toBe(64 * mib)
  })

  it('follow the machine where nothing is said, up to what is addressable', () => {
    expect(memoryBudget(undefined, 2 * gib, 2).totalBytes).toBe(1.5 * gib)
    expect(memoryBudget({}, 64 * gib, 2).totalBytes).toBe(addressableBytes)
    expect(memoryBudget('64GiB', gib, 2).totalBytes).toBe(addressableBytes)
  })

  it('leave something for steps at work beside what is given', () => {
    for (const option of [{ total: '100MiB', state: '80MiB' }, { total: '100MiB', batches: '80MiB' }, { state: '10MiB' }, { total: '1MiB' }]) {
      const { totalBytes, stateBytes, batchBytes } = memoryBudget(option, gib, 2)
      expect(stateBytes).toBeGreaterThan(0)
      expect(batchBytes).toBeGreaterThan(0)
      expect(stateBytes + batchBytes).toBeLessThan(totalBytes)
    }
    expect(memoryBudget({ total: '100MiB', state: '80MiB', batches: '20MiB' }, gib, 2)).toEqual({ totalBytes: 100 * mib, stateBytes: 80 * mib, batchBytes: 20 * mib })
  })

  it('refuse what can not be meant', () => {
    expect(() => memoryBudget('plenty', gib, 2)).toThrow(expect.objectContaining({ code: 'BYTES' }))
    expect(() => memoryBudget({ total: '1GiB', state: 'all' }, gib, 2)).toThrow(/memory\.state: "all" is not a size/)
    for (const [option, text] of [
      ['10KiB', /10\.0 KiB are too few/],
      [{ total: '64MiB', state: '50MiB', batches: '50MiB' }, /50\.0 MiB for state and 50\.0 MiB for batches are more than the total of 64\.0 MiB/],
      [{ totel: '64MiB' }, /no "totel"/],
    ] as const) {
      expect(() => memoryBudget(option as never, gib, 2)).toThrow(expect.objectContaining({ code: 'MEMORY', message: expect.stringMatching(text) }))
    }
  })
})
