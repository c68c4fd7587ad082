import { afterAll, describe, expect, it } from 'vitest'
import { createDevice } from '../../src/device/device.ts'
import { sampleOperator } from '../../src/operators/sample.ts'
import { openOperator } from '../support/operator-run.ts'

const device = await createDevice({ relaxed: false })
const rows = Array.from({ length: 10_000 }, (_, id) => ({ id }))
const take = (from: number, to: number, batchRows: number, seed = 7) => openOperator(device, sampleOperator, { id: 'int32' }, { seed, from, to }).push(rows, batchRows).map(r => r.id as number)

afterAll(() => expect(device.pages.used(), 'pages in use after all').toBe(0))

describe('sample', () => {
  it('splits rows by adjoining ranges: each row lands in exactly one, in order', () => {
    const [left, right] = [take(0, 0.2, 999), take(0.2, 1, 10_000)]
    expect([...left, ...right].sort((a, b) => a - b)).toEqual(rows.map(r => r.id))
    expect(left).toEqual([...left].sort((a, b) => a - b))
    expect(Math.abs(left.length - 2000)).toBeLessThan(200)
  })

  it('draws by seed and row number, however rows are batched and wherever it restarts', () => {
    const whole = take(0, 0.5, 10_000)
    expect(take(0, 0.5, 7)).toEqual(whole)
    expect(take(0, 0.5, 10_000, 8)).not.toEqual(whole)
    const params = { seed: 7, from: 0, to: 0.5 }
    const first = openOperator(device, sampleOperator, { id: 'int32' }, params)
    const before = first.push(rows.slice(0, 4321))
    const after = openOperator(device, sampleOperator, { id: 'int32' }, params, first.snapshot()).push(rows.slice(4321))
    expect([...before, ...after].map(r => r.id)).toEqual(whole)
  })

  it('refuses ranges and seeds that make no sense', () => {
    const open = (params: { seed: number; from: number; to: number }) => () => openOperator(device, sampleOperator, { id: 'int32' }, params)
    expect(open({ seed: -1, from: 0, to: 1 })).toThrow('sample: the seed is -1')
    expect(open({ seed: 1, from: 0.5, to: 0.2 })).toThrow('sample: the range is 0.5 to 0.2')
    expect(open({ seed: 1, from: 0, to: Number.NaN })).toThrow('0 ≤ from ≤ to ≤ 1')
  })
})
