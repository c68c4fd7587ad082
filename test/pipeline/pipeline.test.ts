// The master oracle: the main job gives the naive interpreter's rows for any batch size, any number of workers, and any restart.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readBack } from '../../examples/pipeline/ends.ts'
import { type ExpectedRow, oracle, type RawRecord } from '../../examples/pipeline/oracle.ts'
import { pipeline } from '../../examples/pipeline/pipeline.ts'
import { random } from '../../src/base/random.ts'
import { closeEngines } from '../../src/engine.ts'
import { generate } from '../../src/frame/generate.ts'
import { topic } from '../../src/frame/topic.ts'
import { pagesInUse } from '../support/frames.ts'

const seed = Number(process.env.SEED ?? 11)
const partitions = 4
const events = 12_000

let dir: string
let records: RawRecord[]
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-pipeline-'))
  const house = topic('auction-house', { dir: join(dir, 'topics'), partitions })
  records = []
  for (const chunk of generate.nexmarkJson({ events, seed, rate: 300, disorder: 1_100, partitions, poisonEvery: 500 })) {
    await house.append(chunk)
    for (const { partition, value } of chunk) records.push({ partition, value: value as Uint8Array })
  }
})
afterEach(() => rm(dir, { recursive: true, force: true }))
afterAll(closeEngines)

const byVersion = (rows: readonly ExpectedRow[]) => [...rows].sort((a, b) => Number(a.model_version - b.model_version))
const rounded = (rows: readonly ExpectedRow[]) =>
  byVersion(rows).map(r => ({
    auction: r.auction,
    window_end: Number(r.window_end),
    bids: Number(r.bids),
    top: r.top,
    reserve: r.reserve,
    category: r.category,
    met: r.met,
    model_version: r.model_version,
    mean_euro: r.mean_euro.toPrecision(10),
    probability: r.probability.toFixed(9),
  }))

async function check(): Promise<void> {
  const expected = oracle(records, partitions)
  const { table, topicRows, deadLetters, late } = await readBack({ dir })
  expect(expected.rows.length).toBeGreaterThan(300)
  expect(expected.late).toBeGreaterThan(0)
  expect(rounded(table)).toEqual(rounded(expected.rows))
  expect(rounded(topicRows)).toEqual(rounded(expected.rows))
  expect({ deadLetters, late }).toEqual({ deadLetters: expected.deadLetters, late: expected.late })
}

describe.each([1, 7, 1024])('in batches of %i', batchRows => {
  describe.each([1, 2])('on %i workers', workers => {
    test('the main job gives the oracle’s rows', async () => {
      await pipeline({ dir }).run({ name: 'house', workers, batchRows })
      await check()
      expect(await pagesInUse(workers)).toBe(0)
    })

    test(`and so it does when it is stopped at a random point and resumed (SEED=${seed})`, async () => {
      const options = { name: 'house', workers, batchRows, checkpoint: { dir: join(dir, 'state'), every: '1h' } } as const
      const chance = random(seed + 100 * batchRows + workers)
      const reached = async (run: { metrics(): { rowsRead: number } }, rows: number) => {
        while (run.metrics().rowsRead < rows) await new Promise(resolve => setTimeout(resolve, 1))
      }
      const run = await pipeline({ dir }).start(options)
      const at = chance.int(events / 2)
      await reached(run, at)
      await run.checkpoint()
      await reached(run, at + chance.int(events / 3))
      await run.stop({ drain: false })
      await pipeline({ dir }).run(options)
      await check()
      expect(await pagesInUse(workers)).toBe(0)
    })
  })
})
