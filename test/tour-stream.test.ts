// A stream, as the tour shows it: windows over a topic by the time of its events, late rows aside, to files that are rolled, with checkpoints, savepoints and a stop
// that drains.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { closeEngines, count, max, read, topic, tumble, write } from '../src/index.ts'

const home = process.cwd()
const folder = mkdtempSync(join(tmpdir(), 'tour-stream-'))
process.chdir(folder)
afterAll(async () => {
  process.chdir(home)
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const schema = { auction: 'int64', price: 'int64', dateTime: 'timestamp[ms]' } as const
const logger = { info: () => {}, warn: () => {}, error: () => {} }
const log = topic('bids', { dir: 'log/' })
const bid = (auction: number, price: number, second: number) => ({ value: JSON.stringify({ auction, price, dateTime: second * 1_000 }) })

async function start() {
  const run = await read.topic(topic('bids', { dir: 'log/' }), { format: 'json', schema })
    .watermark('dateTime', { bound: '4s', idle: '30s' })
    .groupBy('auction', tumble('dateTime', '10s', { lateness: '1m' }))
    .agg({ bids: count(), top: max('price') })
    .late(write.ndjson('late.ndjson'))                       // side output; without it late rows are dropped and counted
    .named('bids-per-auction')                               // stable id of its state across versions of the job
    .to(write.parquet('out/', { roll: '1m' }))
    .start({ checkpoint: { dir: 'state/', every: '10s', retain: 3 }, restart: { attempts: 5, backoff: '1s' }, logger })
  return run
}

it('a stream of bids is counted window by window, and goes on where it was drained', async () => {
  await log.append([bid(1, 10, 1), bid(1, 30, 9), bid(2, 5, 12), bid(1, 7, 31)])
  const run = await start()
  while (run.metrics().rowsWritten < 2) await new Promise(resolve => setTimeout(resolve, 5))
  await run.savepoint('savepoints/before-upgrade')
  // What a file holds that is to be rolled in a minute is not seen yet.
  expect((existsSync('out') ? await read.parquet('out/').collect().catch(() => undefined) : undefined)?.numRows ?? 0).toBe(0)
  await run.stop({ drain: true })
  expect(existsSync('savepoints/before-upgrade')).toBe(true)
  const shown = async () => (await read.parquet('out/').select('auction', 'bids', 'top').sort('auction', 'bids').collect()).toArray()
  expect(await shown()).toEqual([
    { auction: 1n, bids: 2n, top: 30n },
    { auction: 2n, bids: 1n, top: 5n },
  ])

  await log.append([bid(1, 8, 45), bid(2, 9, 300), bid(2, 1, 6), bid(2, 2, 500)])
  const next = await start()
  while (next.metrics().rowsWritten < 4) await new Promise(resolve => setTimeout(resolve, 5))
  await next.stop({ drain: true })
  expect((await shown()).filter(row => row['auction'] === 1n)).toEqual([
    { auction: 1n, bids: 1n, top: 7n },
    { auction: 1n, bids: 1n, top: 8n },
    { auction: 1n, bids: 2n, top: 30n },
  ])
  expect((await read.ndjson('late.ndjson').collect()).toArray()).toMatchObject([{ auction: 2n, price: 1n }])
})
