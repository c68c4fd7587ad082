import { describe, expect, it } from 'vitest'
import { count, mean } from '../../src/frame/aggregates.ts'
import { col } from '../../src/frame/expr.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { generate } from '../../src/frame/generate.ts'
import { job } from '../../src/frame/job.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { splitByPorts } from '../../src/plan/port-scans.ts'
import { tumble } from '../../src/frame/windows.ts'
import { write } from '../../src/frame/write.ts'
import { explainPlan } from '../../src/plan/explain.ts'
import { neededColumns } from '../../src/plan/needed-columns.ts'
import { type ResolvedPlan, resolvePlan } from '../../src/plan/resolve.ts'
import { cutStages, type StageOutput, type StagePlan } from '../../src/plan/stages.ts'
import { frame } from '../support/frames.ts'

const house = generate.nexmark({ events: 1_000, seed: 1 })
const bids = house.bids as unknown as FrameValue
const auctions = house.auctions as unknown as FrameValue

/** A join, a group and a sort over two scans, with a closure between. */
const report = () =>
  bids
    .filter(col('price').gt(100))
    .map((row: object) => row, { adds: { price: 'int64' } })
    .join(auctions.select('id', 'category'), { left: 'auction', right: 'id' })
    .groupBy('category')
    .agg({ n: count(), mean: mean(col('price').mul(0.9)) })
    .sort('category')
    .to(write.csv('report.csv'))

/** Windows with a side output, and two readers of one step. */
const windows = () => {
  const counted = bids.watermark('dateTime', { bound: '1s' }).groupBy('auction', tumble('dateTime', '10s')).agg({ n: count() }).late(write.ndjson('late/'))
  return job({ all: counted.to(write.parquet('all/')), many: counted.filter(col('n').gt(5)).to(write.ndjson('many/')) })
}

/** Rows that the program holds, and a limit. */
const few = () => frame([{ id: 1 }], { id: 'int32' }).filter(col('id').gt(0)).limit(3).with({ next: col('id').add(1) }).to(write.arrow('few.arrow'))

const programs = { report, windows, few }

function resolve(program: () => { roots: Parameters<typeof buildPlan>[0] }): { plan: ResolvedPlan; explained: string } {
  const { plan: built, bindings } = buildPlan(program().roots)
  const plan = splitByPorts(built)
  const resolved = resolvePlan(JSON.parse(JSON.stringify(plan).replace(/#\d+/g, '#')), new Map([...bindings].map(([key, value]) => [key.replace(/#\d+/, '#'), value])))
  return { plan: resolved, explained: explainPlan(resolved, bindings) }
}

function targetText({ step, port, to, partition }: StageOutput): string {
  const from = `${step < 0 ? 'input' : `step ${step}`}${port === undefined ? '' : ` ${port}`}`
  const where = 'sink' in to ? `sink ${to.sink}` : `stage ${to.stage}${to.port === 0 ? '' : ` port ${to.port}`}`
  return `    ${from} → ${where}${partition ? ` ${partition.keys ? `by ${partition.keys.join(', ')}` : 'to all'} over ${partition.parallelism}` : ''}`
}

function textOf({ stages, feeds }: StagePlan): string {
  const lines = feeds.flatMap(({ node, outputs }) => [`feed ${node.id}`, ...outputs.map(targetText)])
  for (const { index, placement, parallelism, scan, steps, outputs } of stages) {
    const read = scan ? [`${scan.id}(${scan.columns?.join(', ') ?? 'all'})`] : []
    lines.push(`stage ${index}: ${placement} × ${parallelism}: ${[...read, ...steps.map(s => s.id)].join(' → ')}`, ...outputs.map(targetText))
  }
  return lines.join('\n')
}

describe.each(Object.entries(programs))('the plan of %s', (name, program) => {
  it('is explained as it was', async () => {
    await expect(`${resolve(program).explained}\n`).toMatchFileSnapshot(`../golden/explain-${name}.case`)
  })

  it('is cut for 0, 1 and 2 workers as it was', async () => {
    const { plan } = resolve(program)
    const text = [0, 1, 2].map(workers => `${workers} workers\n${textOf(cutStages(plan, workers, neededColumns(plan)))}\n`).join('\n')
    await expect(text).toMatchFileSnapshot(`../golden/stages-${name}.case`)
  })

  it('is cut into plain data', () => {
    const { plan } = resolve(program)
    const { stages } = cutStages(plan, 2, neededColumns(plan))
    expect(JSON.parse(JSON.stringify(stages))).toEqual(stages)
    for (const stage of stages) for (const output of stage.outputs) if ('stage' in output.to) expect(output.to.stage).toBeGreaterThan(stage.index)
  })
})

describe('the columns that a scan must read', () => {
  const needed = (frame: FrameValue) => {
    const { plan, bindings } = buildPlan(frame.to(write.csv('x.csv')).roots)
    return Object.fromEntries(neededColumns(resolvePlan(plan, bindings)))
  }

  it('are those that something uses, in the source’s order', () => {
    expect(needed(bids.filter(col('price').gt(1)).select('channel'))).toEqual({ 'nexmark.bids': ['price', 'channel'] })
    expect(needed(bids.groupBy('channel').agg({ n: count().where(col('bidder').gt(1)) }))).toEqual({ 'nexmark.bids': ['bidder', 'channel'] })
    expect(needed(bids.sort('url').drop('extra').limit(3).select({ twice: col('price').mul(2) }))).toEqual({ 'nexmark.bids': ['price', 'url', 'extra'] })
  })

  it('are at least one, where only rows are counted', () => {
    expect(needed(bids.groupBy().agg({ n: count() }))).toEqual({ 'nexmark.bids': ['auction'] })
  })

  it('are all where a function, a sink or a renaming sees them', () => {
    expect(needed(bids)).toEqual({})
    expect(needed(bids.filterRows(() => true).select('price'))).toEqual({})
    expect(needed(bids.mapBatches((batch: unknown) => batch).select('price'))).toEqual({})
  })

  it('are counted over all readers', () => {
    const two = job({ a: bids.select('price').to(write.csv('a')), b: bids.select('url').to(write.csv('b')) })
    const { plan, bindings } = buildPlan(two.roots)
    expect(Object.fromEntries(neededColumns(resolvePlan(plan, bindings)))).toEqual({ 'nexmark.bids': ['price', 'url'] })
  })
})
