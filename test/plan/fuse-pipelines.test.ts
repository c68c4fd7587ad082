import { afterAll, describe, expect, it } from 'vitest'
import { col, count, from, sum } from '../../src/index.ts'
import { parseFuse } from '../../src/plan/fuse-pipelines.ts'
import { closeEngines } from '../support/frames.ts'

afterAll(closeEngines)

const rows = Array.from({ length: 1000 }, (_, i) => ({ id: i % 20, price: (i * 37) % 101, city: ['Bonn', 'Rome', 'Oslo'][i % 3]! }))
const sales = from(rows, { schema: { id: 'int32', price: 'int32', city: 'utf8' } })
const cached = sales.cache()
const steps = (text: string) => text.split('\n').filter(line => !/^ +\w+: /.test(line))

describe('fused pipelines', () => {
  it('take the filters and projections before an aggregation into one step, which explain names', () => {
    const frame = cached.with({ double: col('price').mul(2) }).filter(col('double').gt(50)).groupBy().agg({ s: sum('double') })
    expect(steps(frame.explain())).toEqual([
      'groupBy  s = sum(double)  [one instance, in order]',
      '  groupBy:partial  with double: price * 2; filter double > 50; s = sum(double), in part  [one compiled pass]',
      '    cache  read 0 rows kept in memory',
    ])
  })

  it('say in an analysis how many rows the pass took', async () => {
    const frame = cached.filter(col('price').gt(50)).groupBy().agg({ n: count() })
    expect(await frame.explain({ analyze: true, fuse: 'always', workers: 1 })).toContain('compiled: 1000 of the 1000 rows of compiled passes; the rest step by step')
    expect(await frame.explain({ analyze: true, fuse: 'never', workers: 1 })).not.toContain('compiled')
  })

  it('leave alone what little is read of, keys that are computed, and other aggregates', async () => {
    expect(sales.filter(col('price').gt(50)).groupBy().agg({ n: count() }).explain()).not.toContain('compiled')
    expect(cached.with({ key: col('price').mul(2) }).groupBy('key').agg({ n: count() }).explain()).not.toContain('compiled')
  })

  it('leave keys alone that are no words: lists, structs and wide ones', async () => {
    const shapes = from(rows.map(({ id, price }) => ({ list: [id], wide: `${id}.5`, pair: { id }, price })), { schema: { list: 'list<int32>', wide: 'decimal(30, 2)', pair: 'struct<id: int32>', price: 'int32' } })
    const expected = rows.filter(row => row.id === 7 && row.price > 50).length
    for (const key of ['list', 'wide', 'pair'] as const) {
      const groups = (await shapes.filter(col('price').gt(50)).groupBy(key).agg({ n: count(), s: sum('price') }).collect({ fuse: 'always', workers: 1 })).toArray()
      const seventh = groups.find(group => /^(\[7\]|"7\.50"|\{"id":7\})$/.test(JSON.stringify(group[key as never])))
      expect([key, groups.length <= 20, seventh?.n]).toEqual([key, true, expected])
    }
  })

  it('refuse a choice that is none', async () => {
    await expect(cached.groupBy().agg({ n: count() }).collect({ fuse: 'sometimes' as 'auto' })).rejects.toMatchObject({
      code: 'FUSE',
      message: `run: fuse is "sometimes"; it is 'auto', 'always' or 'never'`,
    })
    expect([parseFuse(), parseFuse('never')]).toEqual(['auto', 'never'])
  })
})
