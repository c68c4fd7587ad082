import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { NodeEdge } from '../../src/frame/node.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { col, count, from, generate, read } from '../../src/index.ts'
import { estimateRows } from '../../src/plan/estimate-rows.ts'
import { resolvePlan } from '../../src/plan/resolve.ts'

function estimateOf(frame: unknown): number | undefined {
  const { plan, bindings } = buildPlan([(frame as { edge: NodeEdge }).edge])
  return estimateRows(plan, resolvePlan(plan, bindings), bindings).get(plan.nodes.at(-1)!.id)
}

const rows = from({ a: Int32Array.from({ length: 1000 }, (_, i) => i), s: Array.from({ length: 1000 }, () => 'x') }, { schema: { a: 'int32', s: 'utf8' } })

describe('row estimates', () => {
  it.each([
    ['what the program holds', rows, 1000],
    ['a generator', generate.nexmark({ events: 5000 }).bids, 4600],
    ['a filter for one value', rows.filter(col('s').eq('x')), 100],
    ['a filter with a bound and another', rows.filter(col('a').gt(3).and(col('a').le(7))), 109],
    ['a filter that is not known', rows.filter(col('s').length().mod(2).eq(0).not()), 900],
    ['a limit', rows.limit(7), 7],
    ['a limit beyond the end', rows.limit(7000), 1000],
    ['the rows of groups', rows.groupBy('s').agg({ n: count() }), 178],
    ['one row of all', rows.groupBy().agg({ n: count() }), 1],
    ['a union', rows.union(rows.limit(5)), 1005],
    ['steps that keep rows', rows.with({ b: col('a').add(1) }).select('b').sort('b'), 1000],
    ['a join by keys', rows.join(rows.limit(5), { on: 'a', suffix: '_r' }), 1000],
    ['a semi join', rows.join(rows.limit(5), { on: 'a', how: 'semi' }), 500],
    ['each with each', rows.crossJoin(rows.limit(5), { suffix: '_r' }), 5000],
  ])('of %s', (_, frame, wanted) => {
    expect(estimateOf(frame)).toBe(wanted)
  })

  it('of text files go by their bytes, of iterables there are none', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'estimate-'))
    try {
      const path = join(dir, 'a.csv')
      await writeFile(path, `a,b\n${Array.from({ length: 4000 }, (_, i) => `${i},${i * 3}\n`).join('')}`)
      const estimate = estimateOf(read.csv(path))!
      expect(estimate).toBeGreaterThan(1000)
      expect(estimate).toBeLessThan(16_000)
    } finally {
      await rm(dir, { recursive: true })
    }
    expect(estimateOf(from((async function* () {})(), { schema: { a: 'int32' } }))).toBeUndefined()
  })
})
