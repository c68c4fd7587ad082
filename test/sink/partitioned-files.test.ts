// Files in folders by the values of columns: written and read back, by one job and by several, whole or not at all.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { closeEngines, col, count, type Frame, from, job, lit, read, sum, write } from 'millrace'
import { systemClock } from '../../src/base/clock.ts'
import type { Json } from '../../src/base/json.ts'
import { BatchView } from '../../src/batch/batch-view.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { nodeOutputCalls } from '../../src/sink/output-calls.ts'
import { fileSink, type FileSinkOptions } from '../../src/sink/files.ts'
import { ndjsonFiles, ndjsonSink } from '../../src/sink/ndjson.ts'
import { parquetSink } from '../../src/sink/parquet.ts'
import type { SinkContext, SinkType } from '../../src/sink/sink.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-partitions-'))
let folder = ''
beforeEach(() => {
  folder = `${join(root, String(Math.random()))}/`
})
afterAll(async () => {
  await closeEngines()
  rmSync(root, { recursive: true })
})
const files = () => (existsSync(folder) ? (readdirSync(folder, { recursive: true }) as string[]).filter(name => name.includes('part-')).sort() : [])

const schema = { id: 'int32', day: 'date?', city: 'utf8', price: 'float64?', tags: 'list<utf8>' } as const
const cities = ['New York', 'a/b', '', 'Köln']
const rows = Array.from({ length: 900 }, (_, id) => ({
  id,
  day: id % 7 === 0 ? null : Date.UTC(2026, 0, 1 + (id % 3)),
  city: cities[id % 4]!,
  price: id % 5 === 0 ? null : id / 4,
  tags: id % 2 ? ['x', String(id)] : [],
}))
const byId = (table: { toArray(): unknown[] }) => (table.toArray() as { id: number }[]).sort((a, b) => a.id - b.id)
const flat = rows.map(({ tags: _, ...row }) => row)
const flatSchema = { id: 'int32', day: 'date?', city: 'utf8', price: 'float64?' } as const

describe('partitionBy', () => {
  it.each(['parquet', 'arrow', 'ndjson', 'csv'] as const)('makes folders of values that %s reads back as columns', async kind => {
    const frame = from(flat, { schema: flatSchema })
    await frame.to(write[kind](folder, { partitionBy: ['day', 'city'] })).run({ workers: 2, batchRows: 64 })
    expect(files().length).toBe(16)
    expect(files()[0]).toMatch(/^day=2026-01-01\/city=\/part-00001-\d+\./)
    expect(new Set(files().map(name => name.split('/')[0]))).toEqual(new Set(['day=2026-01-01', 'day=2026-01-02', 'day=2026-01-03', 'day=__HIVE_DEFAULT_PARTITION__']))
    const back: Frame = kind === 'csv' || kind === 'ndjson' ? read[kind](folder, { schema: { id: 'int32', price: 'float64?', day: 'date?', city: 'utf8' } }) : (read[kind](`${folder}**`) as Frame)
    const table = await back.collect({ workers: 2, batchRows: 100 })
    expect(byId(table)).toEqual(flat.map(({ id, price, day, city }) => ({ id, price, day, city })))
    expect((await back.filter(col('city').eq('a/b')).groupBy('day').agg({ n: count(), total: sum('price') }).sort('day').collect()).toArray()).toEqual(
      (await frame.filter(col('city').eq('a/b')).groupBy('day').agg({ n: count(), total: sum('price') }).sort('day').collect()).toArray(),
    )
  })

  it.each(['arrow', 'parquet'] as const)('%s: keeps nested columns, leaves hidden and partition columns out of the files, and reads columns in any choice', async kind => {
    await from(rows, { schema }).to(write[kind](folder, { partitionBy: ['city'] })).run()
    const one = read[kind](join(folder, 'city=New York'), { partitions: false })
    expect((await one.collect()).columnNames).toEqual(['id', 'day', 'price', 'tags'])
    const back = read[kind](folder, { schema })
    expect(byId(await back.collect())).toEqual(rows)
    expect((await back.groupBy('city').agg({ n: count() }).sort('city').collect()).toArray()).toEqual([...cities].sort().map(city => ({ city, n: 225 })))
    expect((await back.select('city').distinct().sort('city').collect()).column('city').toArray()).toEqual([...cities].sort())
    expect((await back.agg({ n: count() }).collect()).toArray()).toEqual([{ n: 900 }])
    expect((await back.select('city', 'id').filter(col('id').eq(5)).collect()).toArray()).toEqual([{ city: 'a/b', id: 5 }])
  })

  it('writes one file a partition however small the memory is, and holds what comes in source order', async () => {
    const many = Array.from({ length: 60_000 }, (_, id) => ({ id, key: id % 150, text: `row ${id} ${'x'.repeat(300)}` }))
    const frame = from(many, { schema: { id: 'int32', key: 'int32', text: 'utf8' } }).filter(col('id').ge(0))
    await frame.to(write.ndjson(folder, { partitionBy: ['key'] })).run({ workers: 2, memory: '64MiB', batchRows: 4_096 })
    expect(files().length).toBe(150)
    const ids = readFileSync(join(folder, files().find(name => name.startsWith('key=7/'))!), 'utf8').trimEnd().split('\n').map(line => JSON.parse(line).id)
    expect(ids).toEqual(Array.from({ length: 400 }, (_, i) => 7 + 150 * i))
    const back = await read.ndjson(folder).collect()
    expect(back.numRows).toBe(60_000)
  })

  it('ends row groups of Parquet files where memory is short, and reads them all', async () => {
    const many = Array.from({ length: 40_000 }, (_, id) => ({ id, key: id % 3, text: `row ${id} ${'x'.repeat(400)}` }))
    const frame = from(many, { schema: { id: 'int32', key: 'int8', text: 'utf8' } }).with({ text: col('text').concat('!') })
    await frame.to(write.parquet(folder, { partitionBy: ['key'] })).run({ memory: '64MiB', batchRows: 2_048 })
    expect(files().length).toBe(3)
    const back = await read.parquet(folder, { schema: { id: 'int32', key: 'int8', text: 'utf8' } }).sort('id').collect()
    expect(back.toArray()).toEqual(many.map(row => ({ ...row, key: row.key, text: `${row.text}!` })))
  })

  it('works beside other sinks over one scan', async () => {
    const frame = from(flat, { schema: flatSchema })
    await job({ parts: frame.to(write.csv(folder, { partitionBy: ['city'] })), all: frame.to(write.csv(join(folder, 'all.csv'))) }).run()
    expect(files().length).toBe(4)
    expect((await read.csv(join(folder, 'all.csv')).collect()).numRows).toBe(900)
  })

  it('replaces or adds to partitions that are there', async () => {
    const some = (city: string, id: number) => from([{ id, city }], { schema: { id: 'int32', city: 'utf8' } })
    await some('a', 1).to(write.ndjson(folder, { partitionBy: ['city'] })).run()
    await expect(some('b', 2).to(write.ndjson(folder, { partitionBy: ['city'] })).run()).rejects.toMatchObject({ code: 'FILE_EXISTS', message: expect.stringContaining('such as city=a/part-00001-0.ndjson') })
    await some('b', 2).to(write.ndjson(folder, { partitionBy: ['city'], append: true })).run()
    await some('a', 3).to(write.ndjson(folder, { partitionBy: ['city'], append: true })).run()
    expect(files()).toEqual(['city=a/part-00001-0.ndjson', 'city=a/part-00003-0.ndjson', 'city=b/part-00002-0.ndjson'])
    await some('c', 4).to(write.ndjson(folder, { partitionBy: ['city'], overwrite: true })).run()
    expect(readdirSync(folder)).toEqual(['city=c'])
  })

  it.each([
    ['a single file', { path: 'rows.csv', partitionBy: ['city'] }, /partitions are folders, and rows.csv is a file; end the path with \//],
    ['no columns', { path: 'x/', partitionBy: [] }, /partitionBy names no column/],
    ['text', { path: 'x/', partitionBy: 'city' }, /partitionBy names no column/],
    ['a column twice', { path: 'x/', partitionBy: ['city', 'city'] }, /names "city" twice/],
    ['a column that is not there', { path: 'x/', partitionBy: ['ctiy'] }, /partitionBy: no column "ctiy".*did you mean "city"/],
    ['a list', { path: 'x/', partitionBy: ['tags'] }, /"tags" is list<utf8>, and its values have no text/],
    ['all columns', { path: 'x/', partitionBy: ['id', 'day', 'city', 'price'] }, /names all columns/],
    ['append beside overwrite', { path: 'x/', append: true, overwrite: true }, /give one of them/],
  ])('refuses %s', (_, options, message) => {
    expect(() => ndjsonSink.check(options as unknown as FileSinkOptions, parseSchema(message.source.includes('all columns') ? flatSchema : schema, 'test'), 'write.ndjson')).toThrow(message)
    expect(() => parquetSink.check({ path: 'x.parquet', append: true }, parseSchema(flatSchema, 'test'), 'write.parquet')).toThrow(/can't be put behind a parquet file/)
  })

  it('refuses values too long for a folder, and columns that hardly repeat, and leaves nothing', async () => {
    const long = from([{ id: 1, city: 'x'.repeat(300) }], { schema: { id: 'int32', city: 'utf8' } })
    await expect(long.to(write.csv(folder, { partitionBy: ['city'] })).run()).rejects.toMatchObject({ code: 'PARTITION_VALUE', message: expect.stringMatching(/a value of "city" is too long to name a folder: city=xxx.* has 305 bytes/) })
    const many = from({ id: Int32Array.from({ length: 10_001 }, (_, i) => i) }).with({ one: lit(1) })
    await expect(many.to(write.csv(folder, { partitionBy: ['id'] })).run()).rejects.toMatchObject({ code: 'PARTITIONS', message: expect.stringContaining('more than 10000 partitions, such as id=10000') })
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('partitions and epochs', async () => {
  const device = await createDevice()
  afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))
  const fields = parseSchema({ id: 'int32', city: 'utf8' }, 'test')
  const open = (sink: SinkType<never>, options: object = {}, more: Partial<SinkContext> = {}) =>
    sink.open({ device, clock: systemClock, fields, where: 'write', job: 'job', sink: 'out', signal: new AbortController().signal, epoch: 1, count: () => {}, ...more }, { path: folder, partitionBy: ['city'], ...options } as never)
  const put = async (writer: Awaited<ReturnType<typeof open>>, epoch: number, ...cities: string[]) => {
    const arena = device.arena()
    await writer.write(new BatchView(device, buildBatch(device, arena, fields, cities.map((city, id) => ({ id, city })), 'test')), { epoch })
    arena.release()
  }

  it('show an epoch’s files together, after a crash too', async () => {
    const writer = await open(ndjsonSink as SinkType<never>)
    await put(writer, 1, 'a', 'b', 'a')
    const first = JSON.parse(JSON.stringify(await writer.prepare!(1))) as Json
    expect(files()).toEqual(['.job-out.part-00001-0.ndjson.tmp', '.job-out.part-00001-1.ndjson.tmp'])
    await put(writer, 2, 'c')
    // The process dies here; the next one finds epoch 1 in its checkpoint.
    await writer.close!(true)
    const next = await open(ndjsonSink as SinkType<never>, {}, { resumed: { epoch: 1, handle: first }, epoch: 2 })
    expect(files()).toEqual(['city=a/part-00001-0.ndjson', 'city=b/part-00001-1.ndjson'])
    await next.commit!(1, first)
    await put(next, 2, 'b')
    await next.commit!(2, await next.prepare!(2))
    await next.commit!(3, await next.prepare!(3))
    await next.close!(false)
    expect(files()).toEqual(['city=a/part-00001-0.ndjson', 'city=b/part-00001-1.ndjson', 'city=b/part-00002-0.ndjson'])
    expect(readFileSync(join(folder, 'city=a/part-00001-0.ndjson'), 'utf8')).toBe('{"id":0}\n{"id":2}\n')
  })

  it('go on numbering behind what was there, before and after a crash', async () => {
    mkdirSync(join(folder, 'city=a'), { recursive: true })
    writeFileSync(join(folder, 'city=a/part-00041-0.ndjson'), '')
    const writer = await open(ndjsonSink as SinkType<never>, { append: true })
    await put(writer, 1, 'a')
    const handle = JSON.parse(JSON.stringify(await writer.prepare!(1))) as Json
    await writer.close!(true)
    const next = await open(ndjsonSink as SinkType<never>, { append: true }, { resumed: { epoch: 1, handle }, epoch: 2 })
    await next.commit!(1, handle)
    await put(next, 2, 'a')
    await next.commit!(2, await next.prepare!(2))
    await next.close!(false)
    expect(files()).toEqual(['city=a/part-00041-0.ndjson', 'city=a/part-00042-0.ndjson', 'city=a/part-00043-0.ndjson'])
  })

  it('let two jobs add to one directory at once', async () => {
    const [one, other] = [await open(ndjsonSink as SinkType<never>, { append: true }), await open(ndjsonSink as SinkType<never>, { append: true }, { job: 'other' })]
    await put(one, 1, 'a')
    await put(other, 1, 'a')
    await one.commit!(1, await one.prepare!(1))
    await other.commit!(1, await other.prepare!(1))
    for (const writer of [one, other]) await writer.close!(false)
    expect(files()).toEqual(['city=a/part-00001-0-1.ndjson', 'city=a/part-00001-0.ndjson'])
  })

  it('leave nothing where the disk is full', async () => {
    let calls = 0
    const full = { ...nodeOutputCalls, write: (...args: Parameters<typeof nodeOutputCalls.write>) => (++calls > 2 ? (() => { throw Object.assign(new Error('full'), { code: 'ENOSPC' }) })() : nodeOutputCalls.write(...args)) } // biome-ignore format: one line
    const writer = await open(fileSink(ndjsonFiles, full) as SinkType<never>)
    await put(writer, 1, 'a', 'b', 'c', 'd')
    await expect(writer.prepare!(1)).rejects.toMatchObject({ code: 'DISK_FULL' })
    await writer.close!(true)
    expect(readdirSync(folder)).toEqual([])
  })
})
