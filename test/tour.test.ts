// A tour of the whole engine: start reading here. Each test is a thing that people do with it; together they take about a second.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { closeEngines, col, count, desc, from, job, max, mean, read, sum, topic, tumble, write } from 'millrace'
import { withHost } from './fixtures/functions.mjs'

const folder = mkdtempSync(join(tmpdir(), 'millrace-tour-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const schema = { vendor: 'utf8', distance: 'float64', minutes: 'int32?', url: 'utf8' } as const
const trips = from(
  [
    { vendor: 'north', distance: 3, minutes: 12, url: 'https://a.example/1' },
    { vendor: 'south', distance: 0, minutes: 1, url: 'https://b.example/2' },
    { vendor: 'north', distance: 8, minutes: 20, url: 'https://a.example/3' },
    { vendor: 'south', distance: 5, minutes: null, url: 'https://c.example/4' },
  ],
  { schema },
)
const vendors = from({ name: ['north', 'south'], founded: Int32Array.of(1990, 2004) }, { schema: { name: 'utf8', founded: 'int32' } })

test('expressions filter, compute, group, join and sort columns', async () => {
  const table = await trips
    .filter(col('distance').gt(0))
    .with({ speed: col('distance').div(col('minutes')).mul(60) })
    .groupBy('vendor')
    .agg({ trips: count(), speed: mean('speed'), longest: max('distance') })
    .join(vendors, { left: 'vendor', right: 'name' })
    .sort(desc('trips'))
    .collect()
  expect(table.toArray()).toEqual([
    { vendor: 'north', trips: 2, speed: 19.5, longest: 8, founded: 1990 },
    { vendor: 'south', trips: 1, speed: null, longest: 5, founded: 2004 },
  ])
})

test('functions do what expressions can’t: on rows, on batches, or in the workers', async () => {
  const rounded = trips.map(row => ({ rounded: Math.round(row.distance / 5) }), { adds: { rounded: 'int32' } }).select('rounded')
  expect((await rounded.limit(3).collect()).column('rounded').toArray()).toEqual([1, 0, 2])
  const letters = trips.flatMap(row => [...row.vendor].map(letter => ({ letter })), { schema: { letter: 'utf8' } })
  expect((await letters.groupBy('letter').agg({ n: count() }).sort(desc('n'), 'letter').limit(1).collect()).toArray()).toEqual([{ letter: 'h', n: 4 }])
  const doubled = trips.mapBatches(batch => batch.withColumn('distance', batch.column('distance').toFloat64Array().map(x => 2 * x)))
  expect((await doubled.collect()).column('distance').toArray()).toEqual([6, 0, 16, 10])
  const hosts = trips.map(withHost, { adds: { host: 'utf8' } }).select('host')
  expect((await hosts.collect({ workers: 2 })).column('host').get(3)).toBe('c.example')
})

test('results come as batches of bounded memory, and plans as text', async () => {
  let rows = 0
  for await (const batch of trips.batches({ batchRows: 3 })) rows += batch.numRows
  expect(rows).toBe(4)
  expect(trips.filter(col('minutes').gt(10)).sort('vendor').explain()).toMatchInlineSnapshot(`
    "sort  vendor  [all instances, each a part of the result]
      sort:runs  vendor, each batch
        filter  filter minutes > 10
          from  4 rows in memory
              vendor: utf8, distance: float64, minutes: int32?, url: utf8"
  `)
})

test('files are written once and whole, and read back', async () => {
  await job({ columns: trips.to(write.parquet(join(folder, 'trips.parquet'))), lines: trips.to(write.ndjson(join(folder, 'trips.ndjson'))) }).run()
  for (const stored of [read.parquet(join(folder, 'trips.parquet'), { schema }), read.ndjson(join(folder, 'trips.ndjson'), { schema })])
    expect((await stored.groupBy().agg({ all: sum('distance') }).collect()).toArray()).toEqual([{ all: 16 }])
})

test('a stream is windowed by the time of its events, late rows and broken records go aside, and it resumes where it stopped', async () => {
  const bids = topic('bids', { dir: join(folder, 'log') })
  const record = (auction: number, price: number, second: number) => ({ value: JSON.stringify({ auction, price, at: second * 1000 }) })
  const run = () =>
    read
      .topic(bids, { format: 'json', schema: { auction: 'int64', price: 'int64', at: 'timestamp[ms]' }, onError: 'skip', until: 'end' })
      .watermark('at', { bound: '2s' })
      .groupBy('auction', tumble('at', '10s'))
      .agg({ bids: count(), top: max('price') })
      .late(write.ndjson(join(folder, 'late/')))
      .to(write.parquet(join(folder, 'windows/')))
      .run({ name: 'tour', batchRows: 1, checkpoint: { dir: join(folder, 'state'), every: '1h' } })
  await bids.append([record(1, 10, 1), record(1, 30, 9), { value: '{broken' }, record(1, 20, 31), record(2, 5, 2)])
  expect((await run()).metrics().counts).toMatchObject({ badRecords: 1 })
  const windows = await read.parquet(join(folder, 'windows/')).select('bids', 'top').sort('top').collect()
  expect(windows.toArray()).toEqual([{ bids: 1n, top: 20n }, { bids: 2n, top: 30n }])
  expect((await read.ndjson(join(folder, 'late/')).collect()).toArray()).toMatchObject([{ auction: 2n, price: 5n }])
  await bids.append([record(9, 1, 60)])
  expect((await run()).metrics().rowsRead).toBe(0)
})
