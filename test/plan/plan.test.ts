import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Engine } from '../../src/engine.ts'
import { count, max, mean } from '../../src/frame/aggregates.ts'
import { col } from '../../src/frame/expr.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { generate } from '../../src/frame/generate.ts'
import { job } from '../../src/frame/job.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { tumble } from '../../src/frame/windows.ts'
import { write } from '../../src/frame/write.ts'
import { type Plan, planFingerprint } from '../../src/plan/plan.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-plan-'))
afterAll(() => rmSync(folder, { recursive: true }))

const { bids } = generate.nexmark({ events: 3_000, seed: 5 })

function program(name: string) {
  const windows = (bids as unknown as FrameValue)
    .watermark('dateTime', { bound: '1s' })
    .groupBy('auction', tumble('dateTime', '10s'))
    .agg({ n: count(), top: max('price'), mean: mean('price').where(col('channel').ne('Apple')) })
    .late(write.ndjson(join(folder, name, 'late/')))
  return job({
    windows: windows.sort('top', 'auction').to(write.ndjson(join(folder, name, 'windows.ndjson'))),
    few: windows.filter(col('n').gt(3)).sort('auction', 'window_end').limit(10).to(write.csv(join(folder, name, 'few.csv'))),
  })
}

describe('a plan', () => {
  it('survives JSON: what is read back runs to the same files', async () => {
    const engine = await Engine.open({ workers: 2 })
    const run = async (plan: Plan) => (await engine.start(plan, new Map(), {})).done
    await run(buildPlan(program('direct').roots).plan)
    await run(JSON.parse(JSON.stringify(buildPlan(program('parsed').roots).plan)))
    await engine.close()
    const files = (name: string) => ['windows.ndjson', 'few.csv'].map(file => readFileSync(join(folder, name, file), 'utf8'))
    expect(files('parsed')).toEqual(files('direct'))
    expect(files('parsed')[1]!.split('\n').length).toBe(12)
  })

  it('holds nothing that JSON doesn’t', () => {
    const { plan } = buildPlan(program('x').roots)
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  })
})

describe('the fingerprint of a plan', () => {
  const of = (frame: FrameValue) => planFingerprint(buildPlan([frame.edge.node]).plan)
  const rows = bids as unknown as FrameValue

  it('is the same for the same program, wherever its rows go', () => {
    expect(planFingerprint(buildPlan(program('a').roots).plan)).toBe(planFingerprint(buildPlan(program('b').roots).plan))
    expect(of(rows.limit(3))).toMatch(/^[0-9a-f]{16}$/)
  })

  it('changes with kinds, parameters, names and edges', () => {
    const all = [rows.limit(3), rows.limit(4), rows.limit(3).named('few'), rows.filter(col('price').gt(1)), rows.limit(3).limit(3)].map(of)
    expect(new Set(all).size).toBe(all.length)
  })
})
