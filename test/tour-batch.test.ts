// The first two chapters of the tour of the engine's face, word for word, as programs over small files: what they write and print is what can be computed by hand.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { closeEngines, from, read, type Schema, write } from 'millrace'

const batchJob = `import { read, write, job, col, count, sum, max, quantile, desc } from 'millrace'

const bids = read.ndjson('bids/*.ndjson.gz', {
  schema: { auction: 'int64', bidder: 'int64', price: 'int64', channel: 'utf8', dateTime: 'timestamp[ms]' },
  onError: { deadLetters: write.ndjson('bad/') },          // 'fail' (default) | 'skip' | { deadLetters: sink }
})
const auctions = read.parquet('auctions.parquet', { schema: auctionSchema })   // without a schema: checked at run time only

const report = bids
  .filter(col('price').gt(100).and(col('channel').ne('Apple')))
  .join(auctions, { left: 'auction', right: 'id' })        // how: 'inner' by default
  .with({ euro: col('price').mul(0.908), day: col('dateTime').truncate('day') })
  .groupBy('category', 'day')
  .agg({
    bids: count(),
    revenue: sum('euro'),
    p99: quantile('price', 0.99),
    best: max('price').where(col('channel').eq('Google')),
  })
  .sort(desc('revenue'))

console.log(report.explain())                              // the plan; explain({ analyze: true }) runs it
const table = await report.collect({ workers: 2, memory: '512MiB', progress: true })
table.print()                                              // fits the terminal
table.stats                                                // rows, time, bytes and device per operator
table.toArrow()                                            // an apache-arrow Table
for (const row of table) row.revenue                       // typed

await job({                                                // several sinks, one scan
  report: report.to(write.parquet('report/', { compression: 'zstd', partitionBy: ['day'] })),
  raw: bids.select('auction', 'price').to(write.csv('raw.csv')),
}).run()
for await (const batch of report.batches()) batch.numRows  // bounded memory; a batch lives until the next step, or .retain()
`

const userFunctions = `frame.map(row => ({ ...row, host: new URL(row.url).host }), { adds: { host: 'utf8' } })
frame.flatMap(row => row.tags.map(tag => ({ tag })), { schema: { tag: 'utf8' } })
frame.mapBatches(batch => batch.withColumn('z', zscore(batch.column('price').toFloat64Array())))
frame.mapAsync(row => fetchRate(row.currency), { capacity: 100, ordered: false, timeout: '2s', retries: 3, schema: { rate: 'float64' } })
export const score = udf(import.meta.url, 'score', (price: Float64Array) => price.map(Math.sqrt))   // runs in the workers
`

const root = fileURLToPath(new URL('..', import.meta.url))
mkdirSync(join(root, '.cache'), { recursive: true })
const compiled = mkdtempSync(join(root, '.cache', 'tour-'))
const folder = mkdtempSync(join(tmpdir(), 'millrace-tour-batch-'))
const at = (name: string) => join(folder, name)
afterAll(async () => {
  await closeEngines()
  for (const path of [folder, compiled]) rmSync(path, { recursive: true })
})

const auctionSchema = { id: 'int64', category: 'utf8' } as const satisfies Schema
const price = (i: number) => (i * 37) % 211
const channels = ['Google', 'Apple', 'Baidu']
const dayOf = (i: number) => `2026-01-0${1 + (i % 3)}`

// What the chapters leave out: before their words, what they use; behind them, what they made, for the test.
const programs = {
  batch: `import { closeEngines, type Schema } from 'millrace'
import { writeFileSync } from 'node:fs'
const auctionSchema = { id: 'int64', category: 'utf8' } as const satisfies Schema
${batchJob}
const typed: { category: string; day: number; bids: number; revenue: number; p99: number; best: bigint | null } = table.toArray()[0]!
writeFileSync('made.json', JSON.stringify({ typed: Object.keys(typed), rows: table.toJSON(), stats: table.stats, arrow: table.toArrow().numRows }))
await closeEngines()
`,
  functions: `import { closeEngines, type Frame, from, udf } from 'millrace'
import { writeFileSync } from 'node:fs'
const rows = from([
  { url: 'https://a.example/x', tags: ['x', 'y'], price: 1, currency: 'USD' },
  { url: 'https://b.example/y', tags: [], price: 2, currency: 'JPY' },
  { url: 'http://c.example', tags: ['z'], price: 3, currency: 'USD' },
], { schema: { url: 'utf8', tags: 'list<utf8>', price: 'int64', currency: 'utf8' } })
const made: Frame[] = []
const frame = new Proxy(rows, { get: (target, name) => (...given: unknown[]) => {
  const result = (Reflect.get(target, name) as (...given: unknown[]) => Frame).apply(target, given)
  made.push(result)
  return result
} })
const zscore = (values: Float64Array) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return values.map(v => v - mean)
}
let asked = 0
const fetchRate = async (currency: string) => {
  if (asked++ === 0) throw new Error('not now')
  return { rate: currency === 'USD' ? 0.5 : 0.25 }
}
${userFunctions}
const results = []
for (const one of made) results.push((await one.collect()).toJSON())
writeFileSync('functions.json', JSON.stringify({ results, asked, score: [...score(Float64Array.of(4, 9))] }))
await closeEngines()
`,
}

const ran: Record<string, { status: number | null; output: string }> = {}
beforeAll(async () => {
  mkdirSync(at('bids'))
  const bid = (i: number) => JSON.stringify({ auction: i % 10, bidder: i, price: price(i), channel: channels[i % 3], dateTime: `${dayOf(i)}T12:00:00Z` })
  const lines = Array.from({ length: 300 }, (_, i) => bid(i))
  writeFileSync(at('bids/a.ndjson.gz'), gzipSync(`${lines.slice(0, 200).join('\n')}\n{"auction": "no number"}\n`))
  writeFileSync(at('bids/b.ndjson.gz'), gzipSync(`${lines.slice(200).join('\n')}\n`))
  const auctions = Array.from({ length: 8 }, (_, i) => ({ id: BigInt(i), category: i % 2 ? 'art' : 'music' }))
  await from(auctions, { schema: auctionSchema }).to(write.parquet(at('auctions.parquet'))).run()
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(compiled, `${name}.ts`), text)
  const flags = '--ignoreConfig --strict --noUncheckedIndexedAccess --target es2022 --lib es2023,esnext.disposable,dom --module nodenext --types node --skipLibCheck --pretty false'
  const files = Object.keys(programs).map(name => join(compiled, `${name}.ts`))
  const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...flags.split(' '), ...files], { cwd: root, encoding: 'utf8' })
  ran['compiled'] = { status: tsc.status, output: tsc.stdout + tsc.stderr }
  for (const name of Object.keys(programs)) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(compiled, `${name}.js`)], { cwd: folder, encoding: 'utf8', timeout: 60_000 })
    ran[name] = { status, output: stdout + stderr }
  }
}, 180_000)

/** The report, computed by hand. */
function expected() {
  const groups = new Map<string, { category: string; day: string; prices: number[]; google: number[] }>()
  for (let i = 0; i < 300; i++) {
    if (price(i) <= 100 || channels[i % 3] === 'Apple' || i % 10 >= 8) continue
    const category = (i % 10) % 2 ? 'art' : 'music'
    const key = `${category} ${dayOf(i)}`
    const group = groups.get(key) ?? { category, day: `${dayOf(i)}T00:00:00.000Z`, prices: [], google: [] }
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
    .map(g => ({ category: g.category, day: g.day, bids: g.prices.length, revenue: g.prices.reduce((a, b) => a + b * 0.908, 0), p99: p99(g.prices), best: g.google.length > 0 ? Math.max(...g.google) : null }))
    .sort((a, b) => b.revenue - a.revenue)
}
const rounded = (row: { revenue: number; p99: number }) => ({ ...row, revenue: Math.round(row.revenue * 1e6), p99: Math.round(row.p99 * 1e6) })

const tour = fileURLToPath(new URL('../../shared/tour.md', import.meta.url))
test.skipIf(!existsSync(tour))('the programs are the tour’s, word for word', () => {
  const blocks = [...readFileSync(tour, 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(match => match[1])
  expect(blocks.slice(0, 2)).toEqual([batchJob, userFunctions])
})

test('both chapters compile, with the types that they promise', () => {
  expect(ran['compiled']).toEqual({ status: 0, output: '' })
})

describe('a batch job', () => {
  const made = () => JSON.parse(readFileSync(at('made.json'), 'utf8')) as { typed: string[]; rows: { revenue: number; p99: number }[]; stats: { rowsRead: number; steps: Record<string, { rowsOut: number; device: string }> }; arrow: number }

  it('prints its plan, its progress and its table', () => {
    const { status, output } = ran['batch']!
    expect(status, output).toBe(0)
    expect(output).toContain("left rows with price > 100 and channel != 'Apple'")
    expect(output).toContain('308 rows')
    const lines = output.split('\n')
    const printed = lines.slice(lines.findIndex(line => line.includes('revenue') && line.includes('p99')))
    expect(printed.join('\n')).toContain(expected()[0]!.category)
  })

  it('gives what can be computed by hand, as rows, JSON and Arrow, and tells of every step', () => {
    const { typed, rows, stats, arrow } = made()
    expect(typed).toEqual(['category', 'day', 'bids', 'revenue', 'p99', 'best'])
    expect(rows.map(rounded)).toEqual(expected().map(rounded))
    expect(arrow).toBe(expected().length)
    expect(stats.rowsRead).toBe(300 + 8)
    expect(stats.steps['join']!.rowsOut).toBe(expected().reduce((n, row) => n + row.bids, 0))
    expect(Object.values(stats.steps).every(step => step.device === 'wasm')).toBe(true)
  })

  it('writes partitions in zstd that read back, a CSV beside them, and what could not be read, run by run', async () => {
    const parts = readdirSync(at('report'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.parquet'))
    expect(new Set(parts.map(name => name.split('/')[0]))).toEqual(new Set(expected().map(row => `day=${row.day.replaceAll(':', '%3A')}`)))
    for (const part of parts) expect(readFileSync(join(at('report'), part)).includes(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])), part).toBe(true)
    const back = await read.parquet(at('report/**'), { schema: { category: 'utf8', day: 'timestamp[ms]', bids: 'int64', revenue: 'float64', p99: 'float64', best: 'int64?' } }).collect()
    const rows = (back.toJSON() as ReturnType<typeof expected>).sort((a, b) => b.revenue - a.revenue)
    expect(rows.map(rounded)).toEqual(expected().map(rounded))
    expect(readFileSync(at('raw.csv'), 'utf8').split('\n').length).toBe(302)
    const letters = await read.ndjson(at('bad/')).collect()
    expect(letters.numRows).toBe(3)
    expect(JSON.stringify(letters.toJSON())).toContain('column \\"auction\\" (int64): the value is of another type')
  })
})

test('functions of one’s own', () => {
  expect(ran['functions']!.status, ran['functions']!.output).toBe(0)
  const { results, asked, score } = JSON.parse(readFileSync(at('functions.json'), 'utf8')) as { results: Record<string, unknown>[][]; asked: number; score: number[] }
  const [mapped, tags, scored, rates] = results
  expect(mapped!.map(row => row['host'])).toEqual(['a.example', 'b.example', 'c.example'])
  expect(Object.keys(mapped![0]!)).toEqual(['url', 'tags', 'price', 'currency', 'host'])
  expect(tags).toEqual([{ tag: 'x' }, { tag: 'y' }, { tag: 'z' }])
  expect(scored!.map(row => row['z'])).toEqual([-1, 0, 1])
  expect(rates!.map(row => row['rate']).sort()).toEqual([0.25, 0.5, 0.5])
  expect(Object.keys(rates![0]!)).toEqual(['rate'])
  expect(asked).toBe(4)
  expect(score).toEqual([2, 3])
})
