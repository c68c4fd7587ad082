// Files behind addresses: what is asked for and sent is counted, and everything that servers do wrong is an error that names the file.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { col, type ConnectorError, count, DataError, generate, job, parquetMetadata, PlanError, read, secret, write } from '../../src/index.ts'
import { httpSource } from '../../src/source/http-ranges.ts'
import { closeEngines, pagesInUse } from '../support/frames.ts'
import { RangeServer } from '../support/range-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'ranges-'))
const nine = join(folder, 'nine.parquet')
const rows = 100_000
const groups = 10
const tailBytes = 65_536
let server: RangeServer
let parquet: Uint8Array
const hasty = { attempts: 2, timeout: 150 } as const

beforeAll(async () => {
  const { sequence, uniform } = generate
  const columns = { c0: sequence(), c1: uniform(0, 1), c2: uniform(0, 1), c3: uniform(0, 1), c4: uniform(0, 1), c5: uniform(0, 1), c6: uniform(0, 1), c7: uniform(0, 1), c8: uniform(0, 1) }
  await generate.columns(columns, { rows }).to(write.parquet(nine, { rowGroupRows: rows / groups, compression: 'none', pageRows: 1_000, encoding: 'plain', pageIndex: true })).run()
  parquet = readFileSync(nine)
})
beforeEach(async () => {
  server = await new RangeServer().open()
  server.files = { '/nine.parquet': parquet }
})
afterEach(() => server.close())
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const failure = (promise: Promise<unknown>): Promise<DataError | ConnectorError> =>
  promise.then(
    () => expect.unreachable('it should have failed'),
    error => error,
  )

describe('a Parquet file behind an address', () => {
  it.each([1, 2])('gives what the local file gives, on %i threads', async workers => {
    const local = await read.parquet(nine).collect({ workers })
    const fetched = await read.parquet(server.url('/nine.parquet')).collect({ workers })
    expect(fetched.toArray()).toEqual(local.toArray())
    expect(await pagesInUse(workers)).toBe(0)
  })

  it('of nine columns brings the two that are selected, and the footer', async () => {
    const { rowGroups } = await parquetMetadata(nine)
    const chunks = rowGroups.flatMap(group => group.columns.filter(({ path }) => ['c2', 'c6'].includes(path[0]!)))
    const expected = chunks.reduce((bytes, { compressedBytes }) => bytes + compressedBytes, 0)
    const table = await read.parquet(server.url('/nine.parquet')).select('c2', 'c6').collect()
    expect(table.numRows).toBe(rows)
    expect(server.asked).toHaveLength(1 + 2 * groups)
    expect(server.asked[0]!.range).toBe(`bytes=-${tailBytes}`)
    // Readers look 100 bytes behind a chunk; the last ones lie in the footer's range.
    expect(server.bytes - tailBytes).toBeLessThanOrEqual(expected + 100 * chunks.length)
    expect(server.bytes).toBeGreaterThan(expected)
  })

  it('of ten row groups brings the one that a filter may want', async () => {
    const { rowGroups } = await parquetMetadata(nine)
    const chunks = rowGroups[3]!.columns.filter(({ path }) => ['c0', 'c6'].includes(path[0]!))
    const table = await read.parquet(server.url('/nine.parquet'), { pageIndex: false } as never).filter(col('c0').between(30_000, 39_999)).select('c0', 'c6').collect()
    expect(table.numRows).toBe(10_000)
    const expected = chunks.reduce((bytes, { compressedBytes }) => bytes + compressedBytes, 0)
    expect(server.asked).toHaveLength(3)
    expect(server.bytes - tailBytes).toBeLessThanOrEqual(expected + 200)
  })

  it('of a row group brings the pages that a filter may want', async () => {
    const table = await read.parquet(server.url('/nine.parquet')).filter(col('c0').between(35_500, 35_600)).select('c0', 'c6').collect()
    expect(table.toArray()).toEqual(await read.parquet(nine).filter(col('c0').between(35_500, 35_600)).select('c0', 'c6').collect().then(local => local.toArray()))
    const bodies = server.asked.slice(1).reduce((bytes, asked) => bytes + asked.bytes, 0)
    // A page of 1,000 values of 8 bytes of either column; page indexes with what is fetched around them.
    expect(bodies).toBeLessThan(2 * 8 * 1_000 + 3 * 32_768)
  })

  it('is counted by its footer alone, in one request', async () => {
    const metadata = await parquetMetadata(server.url('/nine.parquet'))
    expect(metadata).toEqual(await parquetMetadata(nine))
    expect(server.asked).toHaveLength(1)
    expect(server.bytes).toBe(tailBytes)
  })

  it('has a footer of any size', async () => {
    const wide = join(folder, 'wide.parquet')
    const columns = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`column_${i}_${'x'.repeat(60)}`, generate.sequence(i)]))
    await generate.columns(columns, { rows: 10 }).to(write.parquet(wide)).run()
    server.files['/wide.parquet'] = readFileSync(wide)
    const table = await read.parquet(server.url('/wide.parquet')).collect()
    expect(Object.keys(table.schema)).toHaveLength(2_000)
    expect(table.toArray()[9]![`column_7_${'x'.repeat(60)}`]).toBe(16n)
    expect(new Set(server.asked.map(({ range }) => range)).size).toBe(server.asked.length)
  })

  it('can be one of several, beside local ones', async () => {
    const table = await read.parquet([server.url('/nine.parquet'), nine, server.url('/nine.parquet')]).select('c0').collect({ workers: 2 })
    expect(table.numRows).toBe(3 * rows)
    expect(await pagesInUse(2)).toBe(0)
  })

  it('is joined, grouped and written as any other', async () => {
    const out = join(folder, 'out.parquet')
    const fetched = read.parquet(server.url('/nine.parquet'))
    const joined = fetched.select('c0', 'c1').join(read.parquet(nine).select('c0', 'c2'), { on: 'c0' }).with({ k: col('c0').mod(7) }).groupBy('k').agg({ n: count() })
    expect((await joined.collect({ workers: 2 })).toArray().reduce((sum, { n }) => sum + Number(n), 0)).toBe(rows)
    await job({ copy: fetched.to(write.parquet(out)) }).run({ workers: 2 })
    expect((await read.parquet(out).collect()).numRows).toBe(rows)
  })
})

describe('an Arrow file behind an address', () => {
  it.each(['file', 'stream'])('is read as the local one, as a %s', async form => {
    const path = join(folder, `some.${form}.arrow`)
    await read.parquet(nine).to(write.arrow(path)).run({ batchRows: 8_192 })
    const bytes = readFileSync(path)
    // A stream is what stands in a file between its first 8 bytes and its footer.
    server.files['/some.arrow'] = form === 'file' ? bytes : bytes.subarray(8)
    const table = await read.arrow(server.url('/some.arrow')).select('c0', 'c5').collect({ workers: 2 })
    expect(table.toArray()).toEqual((await read.parquet(nine).select('c0', 'c5').collect()).toArray())
  })
})

describe('text behind an address', () => {
  const lines = Array.from({ length: 300_000 }, (_, i) => `{"id":${i},"name":"n${i % 100}","note":"${'y'.repeat(i % 50)}"}`)
  const ndjson = Buffer.from(`${lines.join('\n')}\n`)

  it('is read in blocks, one after the other', async () => {
    server.files['/a.ndjson'] = ndjson
    const table = await read.ndjson(server.url('/a.ndjson')).collect({ workers: 2 })
    expect(table.numRows).toBe(300_000)
    expect(table.toArray()[299_999]).toEqual({ id: 299_999n, name: 'n99', note: 'y'.repeat(49) })
    expect(server.asked.length).toBe(1 + Math.ceil(ndjson.length / (4 << 20)))
    expect(await pagesInUse(2)).toBe(0)
  })

  it('is unpacked and transcoded as it comes', async () => {
    const csv = `id;text\r\n${Array.from({ length: 200_000 }, (_, i) => `${i};"é\n${i}"`).join('\r\n')}\r\n`
    server.files = {
      '/a.csv': Buffer.from(csv),
      '/b.csv.gz': gzipSync(csv),
      '/c.csv': Buffer.from(csv, 'utf16le'),
      '/d.csv.gz': Buffer.concat([gzipSync(Buffer.from(csv.slice(0, 99), 'latin1')), gzipSync(Buffer.from(csv.slice(99), 'latin1'))]),
    }
    const expected = { id: 199_999n, text: 'é\n199999' }
    for (const [path, encoding] of [['/a.csv'], ['/b.csv.gz'], ['/c.csv', 'utf-16le'], ['/d.csv.gz', 'latin-1']] as const) {
      const table = await read.csv(server.url(path), { ...(encoding && { encoding }) }).collect()
      expect([path, table.numRows, table.toArray()[199_999]]).toEqual([path, 200_000, expected])
    }
    expect(await pagesInUse(1)).toBe(0)
  })

  it('tells the byte of what does not fit, and keeps the bad lines', async () => {
    server.files['/bad.ndjson'] = Buffer.from('{"a":1}\n{"a":"x"}\n{"a":3}\n')
    const frame = (onError?: 'skip') => read.ndjson(server.url('/bad.ndjson'), { schema: { a: 'int64' }, ...(onError && { onError }) })
    const error = await failure(frame().collect())
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toMatch(/\/bad\.ndjson, byte 13: /)
    expect((await frame('skip').collect()).toArray()).toEqual([{ a: 1n }, { a: 3n }])
  })

  it('may be empty', async () => {
    server.files['/empty.csv'] = new Uint8Array(0)
    expect((await read.csv(server.url('/empty.csv'), { schema: { a: 'int64' } }).collect()).numRows).toBe(0)
    server.suffixes = false
    server.files['/empty.parquet'] = new Uint8Array(0)
    expect((await failure(read.parquet(server.url('/empty.parquet')).collect())).code).toBe('PARQUET_MAGIC')
  })
})

describe('a server', () => {
  it('that knows no ranges from the end is asked for the beginning', async () => {
    server.suffixes = false
    expect((await read.parquet(server.url('/nine.parquet')).select('c1').collect()).numRows).toBe(rows)
    expect(server.asked.slice(0, 3).map(({ range }) => range)).toEqual([`bytes=-${tailBytes}`, `bytes=0-${tailBytes - 1}`, expect.stringMatching(/^bytes=\d+-/)])
  })

  it('that ignores ranges sends small files whole, once; large ones are refused before they come', async () => {
    server.ranges = false
    expect((await read.parquet(server.url('/nine.parquet')).select('c1').collect()).numRows).toBe(rows)
    expect(server.asked).toHaveLength(1)
    const error = await failure(read.parquet(server.url('/nine.parquet'), { http: { wholeBytesMax: '1MiB' } }).collect())
    expect(error).toMatchObject({ name: 'ConnectorError', code: 'HTTP_RANGES' })
    expect(error.message).toContain('/nine.parquet: the server sends no ranges')
    // Without a length it shows only as it comes.
    server.fault = (_, response) => {
      response.writeHead(200)
      response.end(parquet)
      return true
    }
    expect((await failure(read.parquet(server.url('/nine.parquet'), { http: { wholeBytesMax: '1MiB' } }).collect())).code).toBe('HTTP_RANGES')
  })

  it('that fails for a while is asked again', async () => {
    server.fault = (request, response, nth) => {
      if (nth % 3 === 0) return undefined
      if (nth % 3 === 1) response.writeHead(503).end()
      else request.socket.destroy()
      return true
    }
    expect((await parquetMetadata(server.url('/nine.parquet'))).rows).toBe(rows)
    expect(server.asked).toHaveLength(3)
  })

  it('that fails for good is an error that says how often it was tried', async () => {
    server.fault = (_, response) => {
      response.writeHead(500).end()
      return true
    }
    const error = await failure(parquetMetadata(server.url('/nine.parquet'), { http: { attempts: 2 } }))
    expect(error).toMatchObject({ name: 'ConnectorError', code: 'HTTP_STATUS', retryable: true })
    expect(error.message).toMatch(/nine\.parquet: the server answered 500; it was tried 2 times/)
    expect(server.asked).toHaveLength(2)
  })

  it.each([
    [404, 'FILE_MISSING'],
    [401, 'HTTP_DENIED'],
    [403, 'HTTP_DENIED'],
    [400, 'HTTP_STATUS'],
  ])('that answers %i is not asked again', async (status, code) => {
    server.fault = (_, response) => {
      response.writeHead(status).end()
      return true
    }
    expect(await failure(read.csv(server.url('/a.csv')).collect())).toMatchObject({ name: 'ConnectorError', code, retryable: false })
    expect(server.asked).toHaveLength(1)
  })

  it('that is silent, before or within a body, is given up', async () => {
    server.fault = () => true
    expect((await failure(parquetMetadata(server.url('/nine.parquet'), { http: hasty }))).code).toBe('HTTP_TIMEOUT')
    server.fault = (_, response) => {
      response.writeHead(206, { 'content-range': `bytes 0-999/1000`, 'content-length': 1_000 })
      response.write(parquet.subarray(0, 10))
      return true
    }
    expect((await failure(parquetMetadata(server.url('/nine.parquet'), { http: hasty }))).code).toBe('HTTP_TIMEOUT')
  })

  it('that cuts bodies is asked again, and then given up', async () => {
    server.fault = (_, response) => {
      const start = parquet.length - tailBytes
      response.writeHead(206, { 'content-range': `bytes ${start}-${parquet.length - 1}/${parquet.length}` })
      response.end(parquet.subarray(start, -10))
      return true
    }
    const error = await failure(parquetMetadata(server.url('/nine.parquet'), { http: hasty }))
    expect(error).toMatchObject({ code: 'HTTP_LENGTH', retryable: true })
    expect(error.message).toContain(`${tailBytes - 10} bytes came of the ${tailBytes}`)
    expect(server.asked).toHaveLength(2)
    server.fault = (_, response) => {
      response.writeHead(206, { 'content-range': `bytes 0-999/1000`, 'content-length': 1_000 })
      response.write(parquet.subarray(0, 10))
      response.socket!.end()
      return true
    }
    expect((await failure(parquetMetadata(server.url('/nine.parquet'), { http: hasty }))).code).toBe('HTTP_FAILED')
  })

  it.each([
    ['bytes 0-99/*', 100],
    ['bytes 5-9999999999999999/99999999999999999', 100],
    ['bytes 50-10/100', 100],
    ['bytes 10-109/100', 100],
    ['lines 0-99/100', 100],
    ['bytes 7-106/200', 100],
    [`bytes 0-${2 * tailBytes - 1}/${2 * tailBytes}`, 2 * tailBytes],
  ])('that lies about the range (%s) is an error', async (range, bytes) => {
    server.fault = (_, response) => {
      response.writeHead(206, { 'content-range': range }).end(new Uint8Array(bytes))
      return true
    }
    expect(await failure(parquetMetadata(server.url('/nine.parquet')))).toMatchObject({ name: 'DataError', code: 'HTTP_RANGE' })
    expect(server.asked).toHaveLength(1)
  })

  it('that sends other bytes than were asked for later on is an error', async () => {
    server.fault = (_, response, nth) => {
      if (nth === 1) return undefined
      response.writeHead(206, { etag: '"1"', 'content-range': `bytes 0-9/${parquet.length}` }).end(parquet.subarray(0, 10))
      return true
    }
    expect(await failure(read.parquet(server.url('/nine.parquet')).select('c1').collect())).toMatchObject({ name: 'DataError', code: 'HTTP_RANGE' })
    expect(await pagesInUse(1)).toBe(0)
  })
})

describe('a file that changes while it is read', () => {
  const changing = async (change: () => void) => {
    server.fault = (_request, _response, nth) => {
      if (nth === 4) change()
      return undefined
    }
    const error = await failure(read.parquet(server.url('/nine.parquet')).select('c1', 'c7').collect())
    expect(error).toMatchObject({ name: 'DataError', code: 'FILE_CHANGED' })
    expect(error.message).toContain('/nine.parquet: the file changed while it was read')
    expect(await pagesInUse(1)).toBe(0)
  }

  it('is an error by its ETag', () => changing(() => (server.etag = '"2"')))

  it('is an error by its weak ETag', async () => {
    server.etag = 'W/"1"'
    await changing(() => (server.etag = 'W/"2"'))
    expect(server.asked.every(({ headers }) => headers['if-range'] === undefined)).toBe(true)
  })

  it('is an error by its date', async () => {
    server.etag = undefined
    server.modified = 'Tue, 01 Jul 2025 10:00:00 GMT'
    await changing(() => (server.modified = 'Tue, 01 Jul 2025 10:00:01 GMT'))
  })

  it('is an error by its size', async () => {
    server.etag = undefined
    await changing(() => (server.files['/nine.parquet'] = parquet.subarray(0, -1)))
  })

  it('is an error where it is too short', async () => {
    server.etag = undefined
    await changing(() => (server.files['/nine.parquet'] = parquet.subarray(0, 100)))
  })
})

describe('credentials', () => {
  it('are sent as headers, and are in no plan and no message', async () => {
    process.env['RANGES_TOKEN'] = 'Bearer t0ps3cret'
    const http = { headers: { authorization: secret('RANGES_TOKEN'), 'x-key': 'hunter2hunter2' } }
    const frame = read.parquet(server.url('/nine.parquet?signature=s1gned'), { http })
    expect((await frame.select('c1').collect()).numRows).toBe(rows)
    expect(server.asked.every(({ headers, path }) => headers.authorization === 'Bearer t0ps3cret' && headers['x-key'] === 'hunter2hunter2' && path.endsWith('?signature=s1gned'))).toBe(true)
    server.files = {}
    const error = await failure(frame.collect())
    expect(error.code).toBe('FILE_MISSING')
    const shown = `${error.message} ${error.stack} ${JSON.stringify(error)} ${(await read.parquet(nine).explain()).length} ${await failure(Promise.resolve().then(() => frame.explain()))}`
    expect(shown).not.toMatch(/t0ps3cret|hunter2|s1gned/)
  })

  it('in the address are refused', () => {
    expect(() => read.csv('https://me:pass@127.0.0.1/a.csv')).toThrow(expect.objectContaining({ name: 'PlanError', code: 'HTTP_OPTIONS' }))
    expect(() => read.csv('https://me:pass@127.0.0.1/a.csv')).not.toThrow(/pass@/)
  })

  it('that can be no header are refused without a word of them', async () => {
    const error = await failure(read.csv(server.url('/a.csv'), { http: { headers: { 'x-key': 'hunter2\nhunter2' } } }).collect())
    expect(error).toMatchObject({ name: 'PlanError', code: 'HTTP_OPTIONS' })
    expect(error.message).not.toContain('hunter2')
    expect(server.asked).toHaveLength(0)
  })

  it('do not go to where a server leads on, but to itself', async () => {
    const other = await new RangeServer().open()
    try {
      other.files['/there.parquet'] = parquet
      const leads = (to: string) => {
        server.fault = (request, response) => {
          if (request.url !== '/nine.parquet') return undefined
          response.writeHead(302, { location: to }).end()
          return true
        }
      }
      const metadata = () => parquetMetadata(server.url('/nine.parquet'), { http: { headers: { 'x-key': 'hunter2' } } })
      leads(other.url('/there.parquet'))
      expect((await metadata()).rows).toBe(rows)
      expect(other.asked.map(({ headers }) => [headers['x-key'], headers.range])).toEqual([[undefined, `bytes=-${tailBytes}`]])
      server.files['/here.parquet'] = parquet
      leads('/here.parquet')
      expect((await metadata()).rows).toBe(rows)
      expect(server.asked.at(-1)!.headers['x-key']).toBe('hunter2')
      leads('/nine.parquet')
      expect((await failure(metadata())).code).toBe('HTTP_REDIRECT')
      leads('file:///etc/passwd')
      expect((await failure(metadata())).code).toBe('HTTP_REDIRECT')
    } finally {
      await other.close()
    }
  })
})

describe('a run', () => {
  it('that is cancelled leaves what it waits for', async () => {
    const abort = new AbortController()
    server.fault = (_request, _response, nth) => {
      if (nth < 3) return undefined
      abort.abort()
      return true
    }
    expect((await failure(read.parquet(server.url('/nine.parquet')).collect({ signal: abort.signal }))).code).toBe('CANCELLED')
    expect(await pagesInUse(1)).toBe(0)
    expect((await failure(read.parquet(server.url('/nine.parquet')).collect({ signal: AbortSignal.abort() }))).code).toBe('CANCELLED')
    server.fault = () => {
      again.abort()
      return true
    }
    const again = new AbortController()
    expect((await failure(read.parquet(server.url('/nine.parquet')).collect({ signal: again.signal }))).code).toBe('CANCELLED')
  })

  it('that needs no more leaves the rest', async () => {
    let seen = 0
    for await (const batch of read.parquet(server.url('/nine.parquet')).batches()) {
      seen += batch.numRows
      break
    }
    expect(seen).toBe(rows / groups)
    expect(server.asked.length).toBeLessThan(groups)
  })
})

describe('options of http', () => {
  it.each([[{ attempts: 0 }], [{ attempts: 1.5 }], [{ timeout: 'soon' }], [{ wholeBytesMax: 'much' }]])('%j are refused', http => {
    expect(() => read.csv('http://127.0.0.1/a.csv', { http: http as never })).toThrow(PlanError)
  })

  it('wait longer after each attempt', async () => {
    const waits: number[] = []
    const clock = {
      ...systemClock,
      // Patience for answers is not what is looked at.
      sleep: (ms: number, signal?: AbortSignal) => (ms === 30_000 ? systemClock.sleep(ms, signal) : (waits.push(ms), Promise.resolve())),
    }
    server.fault = (_, response) => {
      response.writeHead(503).end()
      return true
    }
    const source = httpSource(new URL(server.url('/nine.parquet')), 'nine', { attempts: 8 }, clock, 'test')
    expect((await failure(source.open({ at: 'end', bytes: 10 }, new AbortController().signal))).code).toBe('HTTP_STATUS')
    expect(waits).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000])
  })
})
