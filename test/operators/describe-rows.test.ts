import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, from } from '../../src/index.ts'

afterAll(() => closeEngines())
const schema = { price: 'int64?', ratio: 'float64', name: 'utf8?', at: 'timestamp[ms]', paid: 'bool?', cost: 'decimal(9, 2)', tags: 'list<utf8>?' } as const
const rows = [
  { price: 4n, ratio: 0.5, name: 'b', at: 0, paid: true, cost: '1.50', tags: ['x'] },
  { price: 1n, ratio: 1.5, name: 'a', at: 2_000, paid: false, cost: '2.00', tags: null },
  { price: null, ratio: 2.5, name: null, at: 4_000, paid: null, cost: '2.50', tags: [] },
]

describe('describe', () => {
  it('tells of each column what its type allows', async () => {
    for (const workers of [0, 2]) {
      const table = await from(rows, { schema }).describe().collect({ workers })
      const none = { mean: null, stddev: null, min: null, q25: null, median: null, q75: null, max: null }
      expect(table.toArray()).toEqual([
        { column: 'price', type: 'int64?', count: 2, nulls: 1, mean: 2.5, stddev: Math.sqrt(4.5), min: '1', q25: '1.75', median: '2.5', q75: '3.25', max: '4' },
        { column: 'ratio', type: 'float64', count: 3, nulls: 0, mean: 1.5, stddev: 1, min: '0.5', q25: '1', median: '1.5', q75: '2', max: '2.5' },
        { ...none, column: 'name', type: 'utf8?', count: 2, nulls: 1, min: 'a', max: 'b' },
        { ...none, column: 'at', type: 'timestamp[ms]', count: 3, nulls: 0, min: '1970-01-01T00:00:00.000Z', q25: '1970-01-01T00:00:01.000Z', median: '1970-01-01T00:00:02.000Z', q75: '1970-01-01T00:00:03.000Z', max: '1970-01-01T00:00:04.000Z' },
        { ...none, column: 'paid', type: 'bool?', count: 2, nulls: 1, min: 'false', max: 'true' },
        { column: 'cost', type: 'decimal(9, 2)', count: 3, nulls: 0, mean: 2, stddev: 0.5, min: '1.50', q25: '1.75', median: '2', q75: '2.25', max: '2.50' },
        { ...none, column: 'tags', type: 'list<utf8>?', count: 2, nulls: 1 },
      ])
    }
  })

  it('tells of no rows that there are none', async () => {
    const [price] = (await from([], { schema }).describe().collect()).toArray()
    expect(price).toEqual({ column: 'price', type: 'int64?', count: 0, nulls: 0, mean: null, stddev: null, min: null, q25: null, median: null, q75: null, max: null })
  })
})
