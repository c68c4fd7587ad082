// The Elasticsearch sink against a strict node in memory that is busy, broken, hostile or picky on demand.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { CancelledError, type MillraceError } from '../../src/base/errors.ts'
import { secret } from '../../src/base/secret.ts'
import { BatchView } from '../../src/batch/batch-view.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { parseSchema, type SchemaLike } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { count, max, sum } from '../../src/frame/aggregates.ts'
import { fromData } from '../../src/frame/from.ts'
import { write } from '../../src/frame/write.ts'
import { type ElasticsearchOptions, elasticsearchSink } from '../../src/sink/elasticsearch.ts'
import type { SinkWriter } from '../../src/sink/sink.ts'
import { makeCertificates } from '../services/certificates.ts'
import { FakeElastic, type FakeElasticOptions, PauseClock } from '../support/fake-elastic.ts'
import { closeEngines, pagesInUse } from '../support/frames.ts'

const device = await createDevice()
const schema = { id: 'utf8', price: 'int64?' }
const variable = 'MILLRACE_TEST_ELASTIC'
const planted = 'pl4nted-el4stic-s3cret'
const cleanups: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})
afterAll(closeEngines)

type Rows = readonly Record<string, unknown>[]

async function startFake(options: FakeElasticOptions = {}): Promise<FakeElastic> {
  const fake = new FakeElastic(options)
  await fake.start()
  cleanups.push(() => fake.stop())
  return fake
}

interface OpenSink {
  writer: SinkWriter
  clock: PauseClock
  counts: Record<string, number>
  abort: AbortController
  put(rows: Rows, columns?: SchemaLike): Promise<void>
}

async function openSink(options: Partial<ElasticsearchOptions> & { node: string }, { columns = schema as SchemaLike, clock = new PauseClock() } = {}): Promise<OpenSink> {
  const counts: Record<string, number> = {}
  const abort = new AbortController()
  const fields = parseSchema(columns, 'test')
  const full = { index: 'prices', id: ['id'], ...options }
  elasticsearchSink.check(full, fields, 'to')
  const count = (metric: string, by: number) => void (counts[metric] = (counts[metric] ?? 0) + by)
  const writer = await elasticsearchSink.open({ device, clock, fields, where: 'to', job: 'job', sink: 'to', signal: abort.signal, epoch: 1, count }, full)
  cleanups.push(() => writer.close?.(true))
  const put = async (rows: Rows) => {
    const arena = device.arena()
    try {
      await writer.write(new BatchView(device, buildBatch(device, arena, fields, rows, 'test')), { epoch: 1 })
    } finally {
      arena.release()
    }
  }
  return { writer, clock, counts, abort, put }
}

const rowsOf = (count: number, price = 1) => Array.from({ length: count }, (_, i) => ({ id: `k${i}`, price: BigInt(price) }))
const failure = async (task: Promise<unknown>) => (await task.then(() => undefined, thrown => thrown)) as MillraceError & { retryable?: boolean }
const busy = { status: 429, error: { type: 'es_rejected_execution_exception', reason: 'rejected execution of coordinating operation' } }

describe('write.elasticsearch', () => {
  test('writes every row of a job as a document whose id follows from its columns, and again without doubling', async () => {
    const fake = await startFake()
    const rows = [
      { url: '/a|b', at: new Date('2024-01-01T00:00:00.250Z'), n: 2n ** 62n + 1n, x: 0.1, ok: true, blob: new Uint8Array([1, 2, 255]) },
      { url: '/c\\"é\n', at: new Date('1969-12-31T23:59:59.999Z'), n: -5n, x: Number.NaN, ok: false, blob: null },
      { url: '', at: new Date(0), n: null, x: null, ok: null, blob: new Uint8Array() },
    ]
    const frame = () => fromData(rows, { schema: { url: 'utf8', at: 'timestamp[ms]', n: 'int64?', x: 'float64?', ok: 'bool?', blob: 'binary?' } })
    const sink = write.elasticsearch({ node: fake.url, index: 'pages', id: ['url', 'at'], refresh: true })
    await frame().to(sink).run()
    expect(fake.complaints).toEqual([])
    expect(fake.paths).toEqual(['GET /', 'POST /pages/_bulk?filter_path=errors,items.*.status,items.*.error', 'POST /pages/_refresh'])
    const ids = ['/a\\|b|2024-01-01T00:00:00.250Z', '/c\\\\"é\n|1969-12-31T23:59:59.999Z', '|1970-01-01T00:00:00.000Z']
    expect([...fake.documents.keys()]).toEqual(ids)
    expect([...fake.documents.values()].map(d => d.source)).toEqual([
      { url: '/a|b', at: '2024-01-01T00:00:00.250Z', n: Number(2n ** 62n + 1n), x: 0.1, ok: true, blob: 'AQL/' },
      { url: '/c\\"é\n', at: '1969-12-31T23:59:59.999Z', n: -5, x: null, ok: false, blob: null },
      { url: '', at: '1970-01-01T00:00:00.000Z', n: null, x: null, ok: null, blob: '' },
    ])
    await frame().to(sink).run()
    expect(fake.documents.size).toBe(3)
    expect([...fake.documents.values()].map(d => d.writes)).toEqual([2, 2, 2])
    expect(await pagesInUse(0)).toBe(0)
  })

  test('gives ids that no other row has, and that every node takes', async () => {
    const fake = await startFake()
    const long = 'é'.repeat(300)
    const one = await openSink({ node: fake.url })
    await one.put(['', '\\e', 'a|b', 'a\\', long, `${long}!`, 'x'.repeat(512)].map(id => ({ id })))
    await one.writer.prepare!(1)
    const ids = [...fake.documents.keys()]
    expect(ids.slice(0, 4)).toEqual(['\\e', '\\\\e', 'a|b', 'a\\'])
    expect(ids[4]).toMatch(/^\\#[0-9a-f]{64}$/)
    expect(ids[5]).toMatch(/^\\#[0-9a-f]{64}$/)
    expect(ids[6]).toBe('x'.repeat(512))
    expect(new Set(ids).size).toBe(7)
    fake.documents.clear()
    const kinds = { a: 'utf8', b: 'utf8', i: 'int32', n: 'int64', x: 'float64', ok: 'bool', s: 'timestamp[s]', us: 'timestamp[us]' }
    const two = await openSink({ node: fake.url, id: Object.keys(kinds) }, { columns: kinds })
    const rest = { i: -1, n: 9007199254740993n, x: -0, ok: true, s: new Date('2024-02-03T04:05:06Z'), us: 1_000_001n }
    await two.put([{ a: '|', b: '', ...rest }, { a: '', b: '|', ...rest }])
    await two.writer.prepare!(1)
    const tail = '-1|9007199254740993|0|true|2024-02-03T04:05:06Z|1970-01-01T00:00:01.000001Z'
    expect([...fake.documents.keys()]).toEqual([`\\|||${tail}`, `|\\||${tail}`])
    expect(fake.complaints).toEqual([])
  })

  test('cuts requests by rows and by bytes, keeps few under way, and has all acknowledged at each prepare', async () => {
    const fake = await startFake()
    let arrived = 0
    let release = () => {}
    const both = new Promise<void>(resolve => {
      release = resolve
    })
    fake.gate = () => {
      if (++arrived === 3) release()
      return both
    }
    const byRows = await openSink({ node: fake.url, bulkRows: 10, requestsMax: 3 })
    await byRows.put(rowsOf(95))
    await byRows.writer.prepare!(1)
    expect(fake.bulks.map(ids => ids.length).sort((a, b) => a - b)).toEqual([5, ...Array(9).fill(10)])
    expect(fake.underWayMax).toBe(3)
    expect(fake.documents.size).toBe(95)
    expect(byRows.counts).toEqual({ elasticDocuments: 95 })
    fake.bulks.length = 0
    const byBytes = await openSink({ node: fake.url, bulkBytes: 20_000, requestsMax: 1 })
    await byBytes.put(Array.from({ length: 5_000 }, (_, i) => ({ id: `b${i}`, price: null })))
    await byBytes.writer.prepare!(1)
    expect(fake.bulks.length).toBeGreaterThan(20)
    expect(Math.max(...fake.headers.map(h => Number(h['content-length'] ?? 0)))).toBeLessThan(20_200)
    expect(fake.documents.size).toBe(5_095)
    expect(fake.complaints).toEqual([])
  })

  test('keeps the last row of an id, within a request and across requests that would overtake each other', async () => {
    const fake = await startFake()
    fake.itemFault = (id, arrival) => (id === 'hot' && arrival === 1 ? busy : undefined)
    const { put, writer } = await openSink({ node: fake.url, bulkRows: 3, requestsMax: 4 })
    await put(Array.from({ length: 40 }, (_, i) => ({ id: i % 2 ? 'hot' : `k${i}`, price: BigInt(i) })))
    await writer.prepare!(1)
    expect(fake.documents.get('hot')!.source).toEqual({ id: 'hot', price: 39 })
    expect(fake.documents.size).toBe(21)
    expect(fake.complaints).toEqual([])
  })

  test('sends documents that a busy node put off again, alone, after growing pauses', async () => {
    const fake = await startFake()
    fake.itemFault = (id, arrival) => (id === 'k3' && arrival < 4 ? busy : id === 'k5' && arrival < 2 ? { status: 503, error: { type: 'unavailable_shards_exception', reason: 'primary shard is not active' } } : undefined)
    const { put, writer, clock, counts } = await openSink({ node: fake.url })
    await put(rowsOf(10))
    await writer.prepare!(1)
    expect(fake.bulks).toEqual([rowsOf(10).map(row => row.id), ['k3', 'k5'], ['k3'], ['k3']])
    expect(fake.documents.size).toBe(10)
    expect([...fake.documents.values()].every(d => d.writes === 1)).toBe(true)
    expect(counts).toEqual({ elasticDocuments: 10, elasticRetries: 3 })
    const [first, second, third] = clock.pauses as [number, number, number]
    for (const [pause, ceiling] of [[first, 500], [second, 500], [third, 1000]] as const) expect(pause).toSatisfy((ms: number) => ms >= ceiling / 2 && ms <= ceiling)
  })

  test('gives up on a node that stays busy, and says which document it put off', async () => {
    const fake = await startFake()
    fake.itemFault = id => (id === 'k7' ? busy : undefined)
    const { put, writer, clock } = await openSink({ node: fake.url, retries: 3 })
    await put(rowsOf(10))
    const error = await failure(writer.prepare!(1))
    expect(error).toMatchObject({ code: 'ELASTIC_UNREACHABLE', retryable: true })
    expect(error.message).toMatch(/after 4 attempts; 1 documents were put off each time, first "k7": status 429, es_rejected_execution_exception/)
    expect(clock.pauses.map(ms => Math.ceil(Math.log2(ms / 250)))).toEqual([1, 2, 3])
    expect(await failure(put(rowsOf(1)))).toBe(error)
  })

  test('fails with the first refused document, its status, reason and the count, and puts nothing of it off', async () => {
    const fake = await startFake()
    const reason = `failed to parse field [price] \u001b[31m${'x'.repeat(1000)}`
    fake.itemFault = id => (id === 'k2' || id === 'k4' ? { status: 400, error: { type: 'mapper_parsing_exception', reason } } : id === 'k1' ? busy : undefined)
    const { put, writer } = await openSink({ node: fake.url })
    await put(rowsOf(10))
    const error = await failure(writer.prepare!(1))
    expect(error).toMatchObject({ name: 'ConnectorError', code: 'ELASTIC_REJECTED', retryable: false })
    expect(error.message).toMatch(/document "k2": status 400, mapper_parsing_exception: failed to parse field \[price\] .*; 2 of 10 documents/)
    expect(error.message).not.toContain('\u001b')
    expect(error.message.length).toBeLessThan(700)
    expect(fake.bulks.length).toBe(1)
  })

  test.each([
    [{ status: 404, error: { type: 'index_not_found_exception', reason: 'no such index [prices] and [action.auto_create_index] is [false]' } }, 'ELASTIC_INDEX'],
    [{ status: 403, error: { type: 'security_exception', reason: 'action [indices:data/write/bulk[s]] is unauthorized' } }, 'ELASTIC_AUTH'],
    [{ status: 403, error: { type: 'cluster_block_exception', reason: 'index [prices] blocked by: [FORBIDDEN/8/index write (api)]' } }, 'ELASTIC_REJECTED'],
    [{ status: 400, error: 'no object' }, 'ELASTIC_REJECTED'],
    [{ status: 500, error: null }, 'ELASTIC_REJECTED'],
  ])('an item answered with %j is %s', async (fault, code) => {
    const fake = await startFake()
    fake.itemFault = () => fault
    const { put, writer } = await openSink({ node: fake.url })
    await put(rowsOf(2))
    expect(await failure(writer.prepare!(1))).toMatchObject({ code, retryable: false })
    expect(fake.bulks.length).toBe(1)
  })

  test('retries whole requests that fail in passing, and loses and doubles nothing', async () => {
    const fake = await startFake()
    const { put, writer, counts } = await openSink({ node: fake.url, retries: 10 })
    fake.faults = [{ status: 429 }, { status: 502, body: '<html>bad gateway</html>' }, { status: 503 }, { status: 504 }, 'reset', 'resetAfter', 'cut']
    await put(rowsOf(100))
    await writer.prepare!(1)
    expect(fake.documents.size).toBe(100)
    expect(counts).toEqual({ elasticDocuments: 100, elasticRetries: 7 })
    expect(fake.complaints).toEqual([])
  })

  test.each([
    [{ status: 503, body: '{"error":{"type":"cluster_block_exception","reason":"no master"},"status":503}' } as const, /HTTP status 503, cluster_block_exception: no master/],
    ['reset' as const, /ECONNRESET/],
    ['cut' as const, /ECONNRESET|aborted|broke off/],
  ])('gives up after its retries: %j', async (fault, found) => {
    const fake = await startFake()
    const { put, writer, clock } = await openSink({ node: fake.url })
    fake.faults = Array(6).fill(fault)
    await put(rowsOf(1))
    const error = await failure(writer.prepare!(1))
    expect(error).toMatchObject({ code: 'ELASTIC_UNREACHABLE', retryable: true })
    expect(error.message).toMatch(found)
    expect(error.message).toContain('after 6 attempts')
    expect(clock.pauses.length).toBe(5)
    expect(clock.pauses[4]).toBeGreaterThanOrEqual(4000)
    expect(fake.faults).toEqual([])
  })

  test('fails on opening where nobody listens, after its retries', async () => {
    const closed = createServer()
    await new Promise<void>(resolve => closed.listen(0, '127.0.0.1', resolve))
    const { port } = closed.address() as { port: number }
    await new Promise(resolve => closed.close(resolve))
    const clock = new PauseClock()
    const error = await failure(openSink({ node: `http://127.0.0.1:${port}`, retries: 2 }, { clock }))
    expect(error).toMatchObject({ code: 'ELASTIC_UNREACHABLE', retryable: true, message: expect.stringContaining('ECONNREFUSED') })
    expect(clock.pauses.length).toBe(2)
  })

  test.each([
    [{ status: 200, body: 'hello' }, /5 bytes that are no JSON/],
    [{ status: 200, body: 'null' }, /no list of items/],
    [{ status: 200, body: '{"errors":false,"items":[]}' }, /answered with 0 items/],
    [{ status: 200, body: '{"errors":false,"items":[{"index":{"status":"201"}}]}' }, /item 0 .* has no status/],
    [{ status: 200, body: '{"errors":false,"items":[null]}' }, /item 0 .* has no status/],
    [{ status: 302 }, /HTTP status 302/],
    [{ raw: 'SSH-2.0-OpenSSH_9.2\r\n' }, /HPE_|[Pp]arse/],
    ['endless' as const, /more than \d+ bytes/],
  ])('refuses the answer of something that is no such node: %j', async (fault, found) => {
    const fake = await startFake()
    const { put, writer } = await openSink({ node: fake.url })
    fake.faults = [fault]
    await put(rowsOf(1))
    const error = await failure(writer.prepare!(1))
    expect(error).toMatchObject({ code: 'ELASTIC_PROTOCOL', retryable: false })
    expect(error.message).toMatch(found)
    expect(error.message.length).toBeLessThan(700)
  })

  test('waits for an answer no longer than its limit', async () => {
    const fake = await startFake()
    const clock = new PauseClock(30_000)
    const { put, writer } = await openSink({ node: fake.url, retries: 1, timeoutMs: 30_000 }, { clock })
    fake.faults = ['silence', 'silence']
    await put(rowsOf(1))
    const arrived = async (requests: number) => {
      while (fake.paths.length < requests) await new Promise(resolve => setImmediate(resolve))
      clock.expire()
    }
    const done = failure(writer.prepare!(1))
    await arrived(2)
    await arrived(3)
    expect(await done).toMatchObject({ code: 'ELASTIC_UNREACHABLE', retryable: true, message: expect.stringContaining('nothing whole within 30000 ms') })
  })

  test('halves requests that are too large, and fails only for one document alone', async () => {
    const fake = await startFake({ bodyBytesMax: 1_500 })
    const { put, writer } = await openSink({ node: fake.url })
    await put(rowsOf(100))
    await writer.prepare!(1)
    expect(fake.documents.size).toBe(100)
    await put([{ id: 'y'.repeat(2000) }])
    expect(await failure(writer.prepare!(2))).toMatchObject({ code: 'ELASTIC_TOO_LARGE', retryable: false })
  })

  test('never lets an earlier run overwrite what a later one wrote', async () => {
    const fake = await startFake()
    const early = await openSink({ node: fake.url })
    const clock = new PauseClock()
    clock.time += 1
    const late = await openSink({ node: fake.url }, { clock })
    await early.put(rowsOf(3, 1))
    await early.writer.prepare!(1)
    await late.put(rowsOf(2, 2))
    await late.writer.prepare!(1)
    await early.put(rowsOf(3, 3))
    const error = await failure(early.writer.prepare!(2))
    expect(error).toMatchObject({ code: 'ELASTIC_FENCED', retryable: false })
    expect(error.message).toMatch(/document "k0": status 409, version_conflict_engine_exception.*2 of 3/)
    expect(fake.documents.get('k0')!.source.price).toBe(2)
    const shared = await openSink({ node: fake.url, versioned: false })
    await shared.put(rowsOf(3, 4))
    await shared.writer.prepare!(1)
    expect(fake.documents.get('k0')).toMatchObject({ version: undefined, source: { price: 4 } })
  })

  test('stops within a pause or a request when its run is stopped', async () => {
    const fake = await startFake()
    const pausing = await openSink({ node: fake.url, retries: 100 })
    fake.faults = Array(50).fill({ status: 429 })
    pausing.clock.onPause = pause => {
      if (pause === 3) pausing.abort.abort()
    }
    await pausing.put(rowsOf(1))
    expect(await failure(pausing.writer.prepare!(1))).toBeInstanceOf(CancelledError)
    expect(pausing.clock.pauses.length).toBe(3)
    fake.faults = ['silence']
    const asking = await openSink({ node: fake.url })
    await asking.put(rowsOf(1))
    const done = failure(asking.writer.prepare!(1))
    asking.abort.abort()
    expect(await done).toBeInstanceOf(CancelledError)
    fake.faults = ['silence']
    const closing = await openSink({ node: fake.url })
    await closing.put(rowsOf(1))
    await closing.writer.close!(true)
    expect(await failure(closing.put(rowsOf(1)))).toBeInstanceOf(CancelledError)
  })
})

describe('credentials of write.elasticsearch', () => {
  const expectHidden = (error: unknown) => {
    const text = `${(error as Error).stack} ${inspect(error, { depth: 20, showHidden: true })}`
    for (const form of [planted, Buffer.from(`elastic:${planted}`).toString('base64')]) expect(text).not.toContain(form)
  }

  test('log in by API key and by password, and fail on opening when wrong, even where the node echoes them', async () => {
    process.env[variable] = planted
    cleanups.push(() => delete process.env[variable])
    const basic = `Basic ${Buffer.from(`elastic:${planted}`).toString('base64')}`
    for (const [authorization, auth] of [[`ApiKey ${planted}`, { apiKey: secret(variable) }], [basic, { username: 'elastic', password: secret(variable) }]] as const) {
      const fake = await startFake({ authorization })
      const { put, writer } = await openSink({ node: fake.url, auth })
      await put(rowsOf(1))
      await writer.prepare!(1)
      expect(fake.documents.size).toBe(1)
      const strict = await startFake({ authorization: 'Basic other' })
      const error = await failure(openSink({ node: strict.url, auth }))
      expect(error).toMatchObject({ code: 'ELASTIC_AUTH', retryable: false })
      expect(error.message).toContain('security_exception')
      expectHidden(error)
      expect(strict.paths).toEqual(['GET /'])
    }
  })

  test('fail a job through the engine with a typed error and leave no memory behind', async () => {
    const fake = await startFake({ authorization: 'ApiKey right' })
    const error = await failure(fromData([{ id: 'a' }], { schema: { id: 'utf8' } }).to(write.elasticsearch({ node: fake.url, index: 'x', id: ['id'], auth: { username: 'elastic', password: planted } })).run())
    expect(error).toMatchObject({ name: 'ConnectorError', code: 'ELASTIC_AUTH' })
    expectHidden(error)
    expect(await pagesInUse(0)).toBe(0)
  })

  test('that may only write are let pass, and refused ones named as such', async () => {
    const fake = await startFake()
    fake.greets = false
    fake.faults = [{ status: 403, body: '{"error":{"type":"security_exception","reason":"cluster:monitor/main is unauthorized"},"status":403}' }]
    const { put, writer } = await openSink({ node: fake.url })
    await put(rowsOf(1))
    await writer.prepare!(1)
    expect(fake.documents.size).toBe(1)
    fake.faults = [{ status: 403, body: '{"error":{"type":"security_exception","reason":"indices:data/write/bulk is unauthorized"},"status":403}' }]
    await put(rowsOf(1))
    expect(await failure(writer.prepare!(2))).toMatchObject({ code: 'ELASTIC_AUTH', message: expect.stringContaining('indices:data/write/bulk') })
  })

  test('must be set and fit into a header', async () => {
    const options = { node: 'http://127.0.0.1:9', auth: { apiKey: secret(variable) } }
    expect(await failure(openSink(options))).toMatchObject({ code: 'SECRET', message: expect.stringContaining(variable) })
    process.env[variable] = `${planted}\n`
    cleanups.push(() => delete process.env[variable])
    const error = await failure(openSink(options))
    expect(error).toMatchObject({ name: 'PlanError', code: 'SECRET' })
    expectHidden(error)
  })
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
describe.skipIf(!hasOpenssl)(`TLS of write.elasticsearch${hasOpenssl ? '' : ' (skipped: no openssl)'}`, () => {
  test('trusts the authority it is given, and nobody else unless told so', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-elastic-'))
    cleanups.push(() => rmSync(directory, { recursive: true, force: true }))
    const certificates = makeCertificates(directory)
    const fake = await startFake({ tls: { key: readFileSync(certificates.serverKeyFile, 'utf8'), cert: readFileSync(certificates.serverCertificateFile, 'utf8') } })
    for (const tls of [{ ca: certificates.ca }, { rejectUnauthorized: false }]) {
      fake.documents.clear()
      const { put, writer } = await openSink({ node: fake.url, tls })
      await put(rowsOf(5))
      await writer.prepare!(1)
      expect(fake.documents.size).toBe(5)
    }
    for (const node of [fake.url, fake.url.replace('127.0.0.1', 'localhost')]) {
      const clock = new PauseClock()
      expect(await failure(openSink({ node }, { clock }))).toMatchObject({ code: 'ELASTIC_TLS', retryable: false })
      expect(clock.pauses).toEqual([])
    }
    const plain = await startFake()
    expect(await failure(openSink({ node: plain.url.replace('http:', 'https:') }))).toMatchObject({ code: 'ELASTIC_TLS' })
  })
})

describe('a plan with write.elasticsearch', () => {
  const check = (options: object, columns: SchemaLike = schema) => () => elasticsearchSink.check({ node: 'http://127.0.0.1:9200', index: 'prices', id: ['id'], ...options } as ElasticsearchOptions, parseSchema(columns, 'test'), 'to')

  test.each([
    [{ id: ['ID'] }, undefined, 'NO_COLUMN', /did you mean "id"/],
    [{ id: [] }, undefined, 'ELASTIC_ID', /must list/],
    [{ id: undefined }, undefined, 'ELASTIC_ID', /must list/],
    [{ id: ['id', 'id'] }, undefined, 'ELASTIC_ID', /twice/],
    [{ id: ['price'] }, undefined, 'ELASTIC_ID', /"price" is int64\?/],
    [{}, { id: 'binary' }, 'ELASTIC_ID', /binary/],
    [{}, { id: 'utf8', _source: 'utf8' }, 'ELASTIC_COLUMN', /"_source"/],
    [{ node: undefined }, undefined, 'ELASTIC_OPTIONS', /node is missing/],
    [{ node: 'localhost:9200' }, undefined, 'ELASTIC_OPTIONS', /is no node/],
    [{ node: 'ftp://localhost' }, undefined, 'ELASTIC_OPTIONS', /is no node/],
    [{ index: 'Prices' }, undefined, 'ELASTIC_OPTIONS', /"Prices" is no name of an index/],
    [{ index: '../_all' }, undefined, 'ELASTIC_OPTIONS', /no name of an index/],
    [{ index: '..' }, undefined, 'ELASTIC_OPTIONS', /no name of an index/],
    [{ index: '' }, undefined, 'ELASTIC_OPTIONS', /no name of an index/],
    [{ index: 'é'.repeat(128) }, undefined, 'ELASTIC_OPTIONS', /255 bytes/],
    [{ bulkRows: 0 }, undefined, 'ELASTIC_OPTIONS', /bulkRows is 0/],
    [{ requestsMax: 1.5 }, undefined, 'ELASTIC_OPTIONS', /requestsMax is 1.5/],
    [{ bulkrows: 5 }, undefined, 'ELASTIC_OPTIONS', /no option "bulkrows"/],
    [{ tls: {} }, undefined, 'ELASTIC_OPTIONS', /write https/],
    [{ auth: { user: 'x' } }, undefined, 'ELASTIC_OPTIONS', /auth holds neither/],
    [{ auth: { username: 'a:b', password: secret('X') } }, undefined, 'ELASTIC_OPTIONS', /colon/],
  ])('is refused with %j on %j: %s', (options, columns, code, found) => {
    expect(check(options, columns as SchemaLike | undefined)).toThrow(expect.objectContaining({ name: 'PlanError', code, message: expect.stringMatching(found) }))
  })

  test('is refused with credentials in the URL, which are not quoted', () => {
    for (const node of [`http://elastic:${planted}@localhost:9200`, `http//elastic:${planted}@localhost:9200`]) {
      expect(check({ node })).toThrow(expect.objectContaining({ code: 'ELASTIC_OPTIONS', message: expect.not.stringContaining(planted) }))
    }
  })

  test('says where its rows go', () => {
    expect(check({ index: '.prices-2024_é' })).not.toThrow()
    const text = elasticsearchSink.describe({ node: 'https://search.example:9243/es/', index: 'prices', id: ['id', 'at'], auth: { apiKey: planted } })
    expect(text).toBe('elasticsearch https://search.example:9243, index "prices" by id, at (idempotent)')
  })
})

test('rows that change write the document as it is, or delete it', async () => {
  const fake = await startFake()
  const bids = fromData([['a', 3], ['b', 5], ['a', 4], ['c', 1], ['b', 5], ['d', 4]].map(([item, price]) => ({ item, price })), { schema: { item: 'utf8', price: 'int32' } })
  // An item's sum moves from one row to another: documents come, change and go.
  const sums = bids.groupBy('item').agg({ all: sum('price') })
  const bySum = sums.groupBy('all').agg({ items: count(), last: max('item') })
  for (const batchRows of [1, 2, 100]) {
    for (const [index, frame, id] of [['items', sums, ['item']], ['sums', bySum, ['all']], ['last', bySum, ['last']]] as const) {
      fake.documents.clear()
      await frame.to(write.elasticsearch({ node: fake.url, index, id: [...id] })).run({ mode: 'stream', batchRows, workers: 0 })
      const expected = (await frame.collect()).toArray()
      expect([...fake.documents.values()].map(({ source }) => JSON.stringify(source)).sort(), `${index}, batches of ${batchRows}`).toEqual(expected.map(row => JSON.stringify({ ...row, ...(typeof row['all'] === 'bigint' && { all: Number(row['all']) }) })).sort())
    }
  }
})
