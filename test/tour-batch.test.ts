// A batch job as the README's readers would write it: files in, a join, groups, several sinks over one scan, and every way to get at the rows.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeEngines, col, count, desc, type InferRow, job, max, quantile, read, type Schema, sum, write } from 'millrace'

const folder = mkdtempSync(join(tmpdir(), 'millrace-tour-batch-'))
const at = (name: string) => join(folder, name)
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const auctionSchema = { id: 'int64', category: 'utf8' } as const satisfies Schema
const price = (i: number) => (i * 37) % 211
const channels = ['Google', 'Apple', 'Baidu']
const dayOf = (i: number) => `2026-01-0${1 + (i % 3)}`

beforeAll(async () => {
  mkdirSync(at('bids'))
  const bid = (i: number) => JSON.stringify({ auction: i % 10, bidder: i, price: price(i), channel: channels[i % 3], dateTime: `${dayOf(i)}T12:00:00Z` })
  const lines = Array.from({ length: 300 }, (_, i) => bid(i))
  writeFileSync(at('bids/a.ndjson.gz'), gzipSync(`${lines.slice(0, 200).join('\n')}\n{"auction": "no number"}\n`))
  writeFileSync(at('bids/b.ndjson.gz'), gzipSync(`${lines.slice(200).join('\n')}\n`))
  const { from } = await import('millrace')
  const rows = Array.from({ length: 8 }, (_, i) => ({ id: BigInt(i), category: i % 2 ? 'art' : 'music' }))
  await from(rows, { schema: auctionSchema }).to(write.parquet(at('auctions.parquet'))).run()
})

const bids = read.ndjson(at('bids/*.ndjson.gz'), {
  schema: { auction: 'int64', bidder: 'int64', price: 'int64', channel: 'utf8', dateTime: 'timestamp[ms]' },
  onError: { deadLetters: write.ndjson(at('bad/'), { overwrite: true }) },
})
const auctions = read.parquet(at('auctions.parquet'), { schema: auctionSchema })

const report = bids
  .filter(col('price').gt(100).and(col('channel').ne('Apple')))
  .join(auctions, { left: 'auction', right: 'id' })
  .with({ euro: col('price').mul(0.908), day: col('dateTime').truncate('day') })
  .groupBy('category', 'day')
  .agg({
    bids: count(),
    revenue: sum('euro'),
    p99: quantile('price', 0.99),
    best: max('price').where(col('channel').eq('Google')),
  })
  .sort(desc('revenue'))

/** The report, computed by hand. */
function expected() {
  const groups = new Map<string, { category: string; day: number; prices: number[]; google: number[] }>()
  for (let i = 0; i < 300; i++) {
    if (price(i) <= 100 || channels[i % 3] === 'Apple' || i % 10 >= 8) continue
    const category = (i % 10) % 2 ? 'art' : 'music'
    const key = `${category} ${dayOf(i)}`
    const group = groups.get(key) ?? { category, day: Date.parse(dayOf(i)), prices: [], google: [] }
    groups.set(key, group)
    group.prices.push(price(i))
    if (channels[i % 3] === 'Google') group.google.push(price(i))
  }
  const p99 = (prices: number[]) => {
    const sorted = [...prices].sort((a, b) => a - b)
    const at = 0.99 * (sorted.length - 1)
    return sorted[Math.floor(at)]! + (at % 1) * (sorted[Math.ceil(at)]! - sorted[Math.floor(at)]!)
  }
  return [...groups.values()]
    .map(g => ({ category: g.category, day: g.day, bids: g.prices.length, revenue: g.prices.reduce((a, b) => a + b * 0.908, 0), p99: p99(g.prices), best: g.google.length > 0 ? BigInt(Math.max(...g.google)) : null }))
    .sort((a, b) => b.revenue - a.revenue)
}
const rounded = (row: InferRow<typeof report>) => ({ ...row, revenue: Math.round(row.revenue * 1e6), p99: Math.round(row.p99 * 1e6) })

test('a report over files is what can be computed by hand', async () => {
  expect(report.explain()).toContain("filter price > 100 and channel != 'Apple'")
  let shown = ''
  const progress = { write: (text: string) => void (shown += text), isTerminal: false, width: () => 80 }
  const table = await report.collect({ workers: 2, memory: '512MiB', progress })
  expect([...table].map(rounded)).toEqual(expected().map(row => rounded(row as InferRow<typeof report>)))
  expect(shown).toContain('308 rows')
  expect(table.toString({ width: 80 })).toContain('revenue')
  expect(Object.keys(table.stats.steps)).toContain('join')
  expect(table.stats.steps['join']!.rowsOut).toBe(expected().reduce((n, row) => n + row.bids, 0))
  expect(table.toArrow().numRows).toBe(table.numRows)
  expect(JSON.parse(JSON.stringify(table))[0]).toMatchObject({ category: table.toArray()[0]!.category })
  expect(readFileSync(join(at('bad'), readdirSync(at('bad'))[0]!), 'utf8')).toContain('JSON_')
})

test('several sinks share one scan', async () => {
  const run = await job({
    report: report.to(write.parquet(at('report/'), { compression: 'snappy' })),
    raw: bids.select('auction', 'price').to(write.csv(at('raw.csv'))),
  }).run()
  expect(run.metrics().rowsRead).toBe(300 + 8)
  expect(readFileSync(at('raw.csv'), 'utf8').split('\n').length).toBe(302)
  expect((await read.parquet(at('report/')).collect()).numRows).toBe(expected().length)
})

test('batches come one by one, and live until the next', async () => {
  let rows = 0
  for await (const batch of report.batches()) rows += batch.numRows
  expect(rows).toBe(expected().length)
  await report.forEach(() => void rows--)
  expect(rows).toBe(0)
})

test('functions of rows and of columns', async () => {
  const frame = bids.limit(6)
  const mapped = frame.map(row => ({ ...row, host: new URL(`https://${row.channel.toLowerCase()}.example`).host }), { adds: { host: 'utf8' } })
  expect((await mapped.collect()).toArray()[1]).toMatchObject({ channel: 'Apple', host: 'apple.example' })
  const tags = frame.flatMap(row => [...row.channel.slice(0, 2)].map(tag => ({ tag })), { schema: { tag: 'utf8' } })
  expect((await tags.collect()).column('tag').toArray().join('')).toBe('GoApBaGoApBa')
  const zscore = (values: Float64Array) => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length
    return values.map(v => v - mean)
  }
  const scored = frame.mapBatches(batch => batch.withColumn('z', zscore(batch.column('price').toFloat64Array())), { adds: { z: 'float64?' } })
  expect((await scored.collect()).column('z').toFloat64Array().reduce((a, b) => a + b, 0)).toBeCloseTo(0, 9)
})
