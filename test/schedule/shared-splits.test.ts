import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, col, count, generate, mean, sum } from '../../src/index.ts'

afterAll(closeEngines)

// Some 74 splits of 65,536 rows: more than are handed out together.
const rows = 4_900_000
const table = generate.columns({ id: generate.sequence(), group: generate.choice(['a', 'b', 'c']) }, { rows, seed: 3 }).cache()

describe('splits of kept rows that all threads share', () => {
  it('are read once each, whatever the number of threads', async () => {
    const expected = (rows * (rows - 1)) / 2
    for (const workers of [1, 2, 3]) {
      const all = await table.groupBy().agg({ n: count(), total: sum('id') }).collect({ workers, fuse: 'always' })
      expect(all.toArray()).toEqual([{ n: rows, total: BigInt(expected) }])
      expect(all.stats.counts['rowsFused']).toBe(rows)
      const groups = await table.filter(col('id').ge(10)).groupBy('group').agg({ n: count(), mid: mean('id') }).sort('group').collect({ workers, fuse: 'always' })
      const found = groups.toArray()
      expect(found.map(({ group }) => group)).toEqual(['a', 'b', 'c'])
      expect(found.reduce((total, { n }) => total + n, 0)).toBe(rows - 10)
      expect(Math.round(found.reduce((total, { n, mid }) => total + n * mid!, 0))).toBe(expected - 45)
    }
  })

  it('are left where nobody waits for the job, and the next job finds all of them', async () => {
    const stop = new AbortController()
    const run = table.groupBy('group').agg({ n: count() }).collect({ workers: 2, fuse: 'always', signal: stop.signal })
    setTimeout(() => stop.abort(), 2)
    await expect(run).rejects.toThrow('cancelled')
    expect((await table.groupBy().agg({ n: count() }).collect({ workers: 2, fuse: 'always' })).toArray()).toEqual([{ n: rows }])
  })
})
