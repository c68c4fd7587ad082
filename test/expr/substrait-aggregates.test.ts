import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { agg, closeEngines, from } from '../../src/index.ts'
import { type AggregateCase, readAggregateCases } from './substrait-aggregates.ts'

const suites = process.env['MILLRACE_SUITES'] ?? fileURLToPath(new URL('../../../shared/suites', import.meta.url))
const folder = `${suites}/substrait/cases`
afterAll(() => closeEngines())

// Some of the suite's own results are wrong; these are the variances of the values by the definition: the squares of −5, −3 … 5 are 70, over 5.
const corrections: readonly (readonly [values: string, sample: number, population: number])[] = [
  ['-5,-3,-1,1,3,5', 14, 70 / 6],
  ['1.1,2.2,3.3,4.4,5.5', 3.025, 2.42],
  ['0,100,50,25,75', 1562.5, 1250],
]
function corrected(c: AggregateCase): AggregateCase {
  const found = c.fn === 'variance' || c.fn === 'stddev' ? corrections.find(([values]) => values === c.values.join()) : undefined
  if (!found) return c
  const variance = c.options['population'] === true ? found[2] : found[1]
  return { ...c, expected: c.fn === 'stddev' ? Math.sqrt(variance) : variance }
}

// float32 results are given in their digits; counts come as numbers.
function isSame(actual: unknown, { expected, type }: AggregateCase): boolean {
  if (typeof actual !== 'number' || expected === null) return actual === expected
  const wanted = Number(expected)
  return actual === wanted || Math.abs(actual - wanted) <= Math.abs(wanted) * (type === 'float32' ? 1e-6 : 4e-15)
}

/** The results of `groups` groups that all hold the case's values, or without groups that of the whole; of a failure its code. */
async function run({ fn, type, values, options }: AggregateCase, groups?: number): Promise<unknown[]> {
  const rows = values.flatMap(x => Array.from({ length: groups ?? 1 }, (_, group) => ({ group, x })))
  const make = agg[fn as 'first'] as (of: string, options: object) => ReturnType<typeof agg.first<'x'>>
  const frame = from(rows, { schema: { group: 'int32', x: `${type}?` as 'int32' } })
  const aggregates = { r: make('x', options) }
  try {
    const table = await (groups === undefined ? frame.agg(aggregates) : frame.groupBy('group').agg(aggregates)).collect()
    return (table.toArray() as { r: unknown }[]).map(row => row.r)
  } catch (error) {
    return [(error as { code?: string }).code]
  }
}

describe.skipIf(!existsSync(folder))('the Substrait cases of aggregates', () => {
  const cases = existsSync(folder) ? readAggregateCases(folder).map(corrected) : []

  it.each([...new Set(cases.map(c => c.file))])('of %s hold for whole frames and for any number of groups', async file => {
    const failures: string[] = []
    for (const c of cases.filter(one => one.file === file)) {
      const results = await run(c)
      if (c.values.length > 0) for (const groups of [1, 7, 64, 1025]) results.push(...(await run(c, groups)))
      const wrong = results.find(value => (c.expected === 'error' ? value !== 'SUM_OVERFLOW' : !isSame(value, c)))
      if (results.length === 0 || wrong !== undefined) failures.push(`${c.text}: ${String(wrong)}`)
    }
    expect(failures).toEqual([])
  })

  it('are all there', () => {
    expect(cases.length).toBeGreaterThan(130)
  })
})
