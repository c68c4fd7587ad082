// Rows go to their keys' owners again where a step computed a key anew, and only there.
import { afterAll, expect, it } from 'vitest'
import type { Frame } from '../../src/frame/frame-type.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { closeEngines, col, count, from, sum } from '../../src/index.ts'
import { neededColumns } from '../../src/plan/needed-columns.ts'
import { resolvePlan } from '../../src/plan/resolve.ts'
import { cutStages } from '../../src/plan/stages.ts'
import { halved, renumbered } from '../fixtures/processes.mjs'

afterAll(closeEngines)

const rows = from({ k: Int32Array.from({ length: 3_000 }, (_, i) => i % 300), v: Int32Array.from({ length: 3_000 }, (_, i) => i % 7) }, { schema: { k: 'int32', v: 'int32' } })
const counted = () => rows.groupBy('k').agg({ n: count(), v: sum('v') })

/** Steps between two groupings by `k`, and whether rows stay where they are. */
const steps: readonly [name: string, between: (frame: ReturnType<typeof counted>) => Frame<any>, stays: boolean][] = [
  ['nothing', frame => frame, true],
  ['a filter', frame => frame.filter(col('n').gt(1)), true],
  ['a column beside the key', frame => frame.with({ w: col('k').mod(3) }), true],
  ['other columns left out', frame => frame.select('n', 'k'), true],
  ['the key computed anew', frame => frame.with({ k: col('k').mod(3) }), false],
  ['the key computed anew by name', frame => frame.select({ k: col('k').mod(3), n: col('n') }), false],
  ['another column under its name', frame => frame.drop('k').rename({ v: 'k' }), false],
  ['the key changed and a filter', frame => frame.with({ k: col('k').mod(3) }).filter(col('n').gt(1)), false],
  ['a function over rows', frame => frame.map(halved, { adds: { k: 'int32' } }), false],
  ['a process step whose rows have another key', frame => frame.keyBy('k').process(renumbered), false],
]

it.each(steps)('behind %s', async (_, between, stays) => {
  const frame = between(counted()).groupBy('k').agg({ m: count(), total: sum('n') })
  const results = await Promise.all([0, 3].map(async workers => (await frame.collect({ workers })).toArray().sort((a, b) => Number(a.k) - Number(b.k))))
  expect(results[1]).toEqual(results[0])
  const { plan, bindings } = buildPlan([(frame as unknown as { edge: { node: never } }).edge])
  const resolved = resolvePlan(plan, bindings)
  const last = cutStages(resolved, 3, neededColumns(resolved)).stages.at(-1)!
  expect(last.steps.filter(step => step.kind === 'finalAggregate').length).toBe(stays ? 2 : 1)
})
