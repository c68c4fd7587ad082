// write.elasticsearch against a real node: what arrives is read back by search, with a client of its own.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { MillraceError } from '../../src/base/errors.ts'
import { closeEngines } from '../../src/engine.ts'
import { fromData } from '../../src/frame/from.ts'
import { write } from '../../src/frame/write.ts'
import { type ElasticServer, elasticClassPath, startElastic } from './elastic-server.ts'

const { reason } = elasticClassPath()

describe.skipIf(reason)(`write.elasticsearch on a node${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let elastic: ElasticServer
  beforeAll(async () => {
    elastic = await startElastic()
  })
  afterAll(async () => {
    await closeEngines()
    await elastic?.stop()
  })

  const ask = async (path: string, body?: object, method = body ? 'POST' : 'GET') => {
    const response = await fetch(`${elastic.url}${path}`, { method, ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }) })
    return (await response.json()) as Record<string, never>
  }
  const countOf = async (index: string) => (await ask(`/${index}/_count`) as unknown as { count: number }).count

  interface Hit {
    _id: string
    _version: number
    _source: Record<string, unknown>
  }
  // Every document, in the order of field n.
  const everything = async (index: string) => {
    const hits: Hit[] = []
    for (let after: unknown[] | undefined; ; ) {
      const page = (await ask(`/${index}/_search`, { size: 2_500, version: true, sort: [{ n: 'asc' }], ...(after && { search_after: after }) })) as unknown as { hits: { hits: (Hit & { sort: unknown[] })[] } }
      if (page.hits.hits.length === 0) return hits
      hits.push(...page.hits.hits)
      after = page.hits.hits.at(-1)!.sort
    }
  }

  const schema = { key: 'utf8', at: 'timestamp[ms]', n: 'int64', price: 'float64?', ok: 'bool?' }
  const start = Date.parse('2024-05-06T07:08:09.010Z')
  const rowsOf = (count: number, factor: number) =>
    Array.from({ length: count }, (_, i) => ({ key: `k|"${i % 100}"\n😀`, at: new Date(start + i), n: BigInt(i), price: i % 7 === 0 ? null : (i * factor) / 8, ok: i % 3 === 0 ? null : i % 2 === 0 }))
  const documentOf = (row: ReturnType<typeof rowsOf>[number]) => ({ ...row, at: row.at.toISOString(), n: Number(row.n) })
  const idOf = (row: ReturnType<typeof rowsOf>[number]) => `${row.key.replace('|', '\\|')}|${row.at.toISOString()}`
  const failure = async (task: Promise<unknown>) => (await task.then(() => undefined, thrown => thrown)) as MillraceError

  test('10,000 documents arrive exactly, and once more overwrite themselves', async () => {
    const sink = write.elasticsearch({ node: elastic.url, index: 'prices', id: ['key', 'at'], bulkRows: 700, requestsMax: 4, refresh: true })
    for (const factor of [1, 3]) {
      const rows = rowsOf(10_000, factor)
      await fromData(rows, { schema }).to(sink).run({ batchRows: 1024 })
      expect(await countOf('prices')).toBe(10_000)
      const hits = await everything('prices')
      expect(hits.map(hit => hit._source)).toEqual(rows.map(documentOf))
      expect(hits.map(hit => hit._id)).toEqual(rows.map(idOf))
    }
    const mapping = (await ask('/prices/_mapping')) as unknown as { prices: { mappings: { properties: Record<string, { type: string }> } } }
    expect(Object.fromEntries(Object.entries(mapping.prices.mappings.properties).map(([name, { type }]) => [name, type]))).toEqual({ key: 'text', at: 'date', n: 'long', price: 'float', ok: 'boolean' })
  })

  test('the last row of an id stays, however many requests it took', async () => {
    const rows = Array.from({ length: 5_000 }, (_, i) => ({ key: `k${i % 50}`, n: i }))
    await fromData(rows, { schema: { key: 'utf8', n: 'int32' } }).to(write.elasticsearch({ node: elastic.url, index: 'latest', id: ['key'], bulkRows: 40, requestsMax: 8, refresh: true })).run({ batchRows: 64 })
    expect((await everything('latest')).map(hit => hit._source)).toEqual(rows.slice(-50))
  })

  test('versions are the start of the run, and an earlier run is refused', async () => {
    const put = (now: number, n: number) => {
      const clock = { ...systemClock, now: () => now }
      return fromData([{ key: 'a', n }], { schema: { key: 'utf8', n: 'int32' } }).to(write.elasticsearch({ node: elastic.url, index: 'fenced', id: ['key'], refresh: true })).run({ clock })
    }
    await put(2_000, 1)
    await put(3_000, 2)
    expect(await failure(put(2_000, 3))).toMatchObject({ code: 'ELASTIC_FENCED', message: expect.stringContaining('version_conflict_engine_exception') })
    expect(await everything('fenced')).toMatchObject([{ _id: 'a', _version: 3_000, _source: { n: 2 } }])
  })

  test('TLS works, through the node\'s proxy', async () => {
    const rows = rowsOf(1_000, 1)
    const options = { node: elastic.tlsUrl, index: 'secure', id: ['key', 'at'], refresh: true }
    await fromData(rows, { schema }).to(write.elasticsearch({ ...options, tls: { ca: elastic.certificates.ca } })).run()
    expect((await everything('secure')).map(hit => hit._source)).toEqual(rows.map(documentOf))
    expect(await failure(fromData(rows, { schema }).to(write.elasticsearch(options)).run())).toMatchObject({ code: 'ELASTIC_TLS' })
  })

  test('documents that the mapping refuses, and indices that may not be created, are typed errors', async () => {
    await ask('/strict', { mappings: { properties: { n: { type: 'integer' } } } }, 'PUT')
    const put = (index: string, n: string) => fromData([{ key: 'fine', n: '7' }, { key: 'bad', n }], { schema: { key: 'utf8', n: 'utf8' } }).to(write.elasticsearch({ node: elastic.url, index, id: ['key'] })).run()
    const refused = await failure(put('strict', 'seven'))
    expect(refused).toMatchObject({ code: 'ELASTIC_REJECTED', message: expect.stringMatching(/document "bad": status 400, mapper_parsing_exception.*1 of 2 documents/) })
    await ask('/_cluster/settings', { transient: { 'action.auto_create_index': 'false' } }, 'PUT')
    try {
      expect(await failure(put('missing', '7'))).toMatchObject({ code: 'ELASTIC_INDEX', message: expect.stringContaining('no such index') })
    } finally {
      await ask('/_cluster/settings', { transient: { 'action.auto_create_index': null } }, 'PUT')
    }
    await ask('/strict/_close', undefined, 'POST')
    expect(await failure(put('strict', '7'))).toMatchObject({ code: 'ELASTIC_INDEX' })
  })

  test('documents that the node puts off with 429 arrive once it takes them', async () => {
    await ask('/blocked', { settings: { 'index.blocks.read_only_allow_delete': true } }, 'PUT')
    let pauses = 0
    const unblocking = {
      ...systemClock,
      async sleep(ms: number, signal?: AbortSignal) {
        if (ms >= 60_000) return systemClock.sleep(ms, signal)
        if (++pauses === 2) await ask('/blocked/_settings', { 'index.blocks.read_only_allow_delete': null }, 'PUT')
      },
    }
    const rows = rowsOf(500, 1)
    await fromData(rows, { schema }).to(write.elasticsearch({ node: elastic.url, index: 'blocked', id: ['key', 'at'], refresh: true })).run({ clock: unblocking })
    expect(pauses).toBeGreaterThanOrEqual(2)
    expect((await everything('blocked')).map(hit => hit._source)).toEqual(rows.map(documentOf))
  })

  test('a node that restarts in the middle loses nothing', async () => {
    const rows = rowsOf(3_000, 1)
    let restarted: Promise<void> | undefined
    async function* restarting() {
      yield* rows.slice(0, 1_500)
      restarted = elastic.restart()
      while (await fetch(elastic.url).then(() => true, () => false));
      yield* rows.slice(1_500)
    }
    const sink = write.elasticsearch({ node: elastic.url, index: 'restarted', id: ['key', 'at'], bulkRows: 100, requestsMax: 8, retries: 30, refresh: true })
    await fromData(restarting(), { schema, bounded: true }).to(sink).run({ batchRows: 250 })
    await restarted
    expect((await everything('restarted')).map(hit => hit._source)).toEqual(rows.map(documentOf))
    expect(await countOf('prices')).toBe(10_000)
  })
})
