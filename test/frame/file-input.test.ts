// Files that are no paths: Blobs, bytes, readers of one's own, and what is told of files without a job.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { col, count, DataError, from, generate, inferSchema, parquetMetadata, read, write } from '../../src/index.ts'
import type { ByteReader } from '../../src/source/range-source.ts'
import { BytesMissing, coalesced, FetchedFile } from '../../src/source/fetched-file.ts'
import { bytesSource, readerSource } from '../../src/source/range-source.ts'
import { doubleKey, encryptedPath, explicitKeys, floatKey, footerKey } from '../support/encrypted-suite.ts'
import { closeEngines, pagesInUse } from '../support/frames.ts'
import { RangeServer } from '../support/range-server.ts'
import { suiteFolder } from '../support/suites.ts'

const folder = mkdtempSync(join(tmpdir(), 'inputs-'))
const path = (name: string) => join(folder, name)
const rows = Array.from({ length: 5_000 }, (_, i) => ({ id: BigInt(i), city: ['Bern', 'Zürich', null][i % 3]!, at: 1_700_000_000_000 + i }))
const schema = { id: 'int64', city: 'utf8?', at: 'timestamp[ms]' } as const
const forms = ['parquet', 'arrow', 'csv', 'ndjson', 'json'] as const
let bytes: Record<(typeof forms)[number], Uint8Array<ArrayBuffer>>

beforeAll(async () => {
  for (const form of forms) await from(rows, { schema }).to(write[form](path(`a.${form}`))).run()
  bytes = Object.fromEntries(forms.map(form => [form, new Uint8Array(readFileSync(path(`a.${form}`)))])) as typeof bytes
})
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

/** A reader over bytes that notes what it was asked for. */
function noting(of: Uint8Array, name?: string): ByteReader & { asked: [number, number][] } {
  const asked: [number, number][] = []
  return {
    size: of.length,
    ...(name && { name }),
    asked,
    read: async (offset, length) => {
      asked.push([offset, length])
      return of.subarray(offset, offset + length)
    },
  }
}

const failure = (promise: Promise<unknown>): Promise<{ name: string; code: string; message: string }> =>
  promise.then(
    () => expect.unreachable('it should have failed'),
    error => error,
  )

describe.each(forms)('a file as %s', form => {
  const readAs = (file: Parameters<typeof read.csv>[0], workers = 1) => (read[form] as typeof read.csv)(file, { schema }).collect({ workers })

  it('is the same as a Blob, a File, an ArrayBuffer, a Uint8Array and a reader, on any number of threads', async () => {
    const expected = (await readAs(path(`a.${form}`))).toArray()
    expect(expected).toEqual(rows)
    const own = bytes[form]
    const sync: ByteReader = { size: own.length, read: (offset, length) => own.subarray(offset, offset + length) }
    const buffer = own.slice().buffer
    for (const file of [new Blob([own]), new File([own], `a.${form}`), buffer, Buffer.from(own), own, sync, noting(own)]) {
      for (const workers of [1, 2]) {
        expect((await readAs(file, workers)).toArray()).toEqual(expected)
        expect(await pagesInUse(workers)).toBe(0)
      }
    }
  })

  it('can be several, in the order that they are given', async () => {
    const table = await readAs([new Blob([bytes[form]]), new Blob([bytes[form]]), path(`a.${form}`)])
    expect(table.toArray()).toEqual([...rows, ...rows, ...rows])
  })
})

describe('a reader of one’s own', () => {
  it('is asked for what is needed only', async () => {
    const reader = noting(bytes.parquet)
    await read.parquet(reader).select('id').collect()
    const asked = reader.asked.reduce((sum, [, length]) => sum + length, 0)
    const { rowGroups } = await parquetMetadata(path('a.parquet'))
    expect(reader.asked.every(([offset, length]) => offset >= 0 && length > 0 && offset + length <= reader.size)).toBe(true)
    expect(rowGroups[0]!.columns).toHaveLength(3)
    expect(asked).toBeLessThan(2 * reader.size)
  })

  it.each([
    ['too short', () => new Uint8Array(3), 'READER_LENGTH', /gave 3 bytes instead of \d+/],
    ['too long', () => new Uint8Array(1e6), 'READER_LENGTH', /gave 1000000 bytes instead of \d+/],
    ['of another kind', () => 'text', 'READER_LENGTH', /gave string; give a Uint8Array/],
    ['missing', () => null, 'READER_LENGTH', /gave null/],
    ['promised and not given', () => Promise.resolve(undefined), 'READER_LENGTH', /gave undefined/],
    [
      'an exception',
      () => {
        throw new TypeError('no disk')
      },
      'USER_READER',
      /threw: no disk/,
    ],
    ['a rejection', () => Promise.reject('gone'), 'USER_READER', /threw: gone/],
  ])('whose answer is %s is an error that names it', async (_, answer, code, message) => {
    for (const name of ['mine.parquet', undefined]) {
      const reader = { size: bytes.parquet.length, name, read: answer } as unknown as ByteReader
      const error = await failure(read.parquet(reader).collect())
      expect(error).toMatchObject({ name: 'ConnectorError', code })
      expect(error.message).toMatch(message)
      expect(error.message.startsWith(name ?? 'a reader')).toBe(true)
    }
    expect(await pagesInUse(1)).toBe(0)
  })

  it('that fails in the middle of a text or of row groups ends the job, and leaves nothing behind', async () => {
    await generate.columns({ id: generate.uniform(0, 1) }, { rows: 100_000 }).to(write.parquet(path('long.parquet'), { rowGroupRows: 30_000 })).run()
    for (const form of ['csv', 'parquet'] as const) {
      const all = form === 'csv' ? Buffer.concat([bytes.csv, Buffer.alloc(9 << 20, '7,x,2024-01-01T00:00:00Z\n')]) : readFileSync(path('long.parquet'))
      let calls = 0
      const reader: ByteReader = {
        size: all.length,
        read(offset, length) {
          if (++calls === 3) throw new RangeError('cable')
          return all.subarray(offset, offset + length)
        },
      }
      for (const workers of [1, 2]) {
        calls = 0
        expect((await failure((read[form] as typeof read.csv)(reader).collect({ workers }))).code).toBe('USER_READER')
        expect(await pagesInUse(workers)).toBe(0)
      }
    }
  })

  it.each([-1, 1.5, Number.NaN, '7', undefined])('of %s bytes is refused', async size => {
    expect(await failure(read.csv({ size, read: () => new Uint8Array(0) } as unknown as ByteReader).collect())).toMatchObject({ name: 'ConnectorError', code: 'READER_SIZE' })
  })

  it('says by its name that it is packed', async () => {
    const packed = gzipSync(bytes.csv)
    expect((await read.csv(noting(packed, 'a.csv.gz'), { schema }).collect()).toArray()).toEqual(rows)
    expect((await read.csv(new File([packed], 'a.csv.gz'), { schema }).collect()).toArray()).toEqual(rows)
    const cut = await failure(read.csv(noting(packed.subarray(0, -9), 'a.csv.gz'), { schema }).collect())
    expect(cut).toMatchObject({ name: 'DataError', code: 'GZIP' })
  })

  it('may be slow: others go on meanwhile', async () => {
    let open: () => void = () => {}
    const gate = new Promise<void>(resolve => (open = resolve))
    const slow: ByteReader = { size: bytes.csv.length, read: async (offset, length) => (await gate, bytes.csv.subarray(offset, offset + length)) }
    const waiting = read.csv(slow, { schema }).collect()
    expect((await read.csv(path('a.csv'), { schema }).collect()).numRows).toBe(5_000)
    open()
    expect((await waiting).numRows).toBe(5_000)
  })

  it('that never answers ends with the run', async () => {
    const abort = new AbortController()
    const reader: ByteReader = { size: 100, read: () => (setTimeout(() => abort.abort(), 5), new Promise(() => {})) }
    expect((await failure(read.csv(reader).collect({ signal: abort.signal }))).code).toBe('CANCELLED')
  })
})

describe('a file that is broken', () => {
  it.each(['parquet', 'arrow'] as const)('as %s is the same error as from a path', async form => {
    for (const damaged of [bytes[form].subarray(0, -5), bytes[form].subarray(0, 6), Buffer.alloc(100), new Uint8Array(0)]) {
      writeFileSync(path('broken'), damaged)
      const readAs = (file: Parameters<typeof read.csv>[0]) => failure((read[form] as typeof read.csv)(file).collect())
      const [local, fetched] = [await readAs(path('broken')), await readAs(noting(damaged))]
      expect(fetched.name).toBe('DataError')
      expect(fetched.code).toBe(local.code)
    }
  })

  it('and was no file at all is refused at once', () => {
    for (const file of [7, null, {}, true]) expect(() => read.csv(file as never)).toThrow(expect.objectContaining({ name: 'PlanError', code: 'FILE_INPUT' }))
    expect(() => read.csv(new URL('ftp://host/a.csv'))).toThrow(expect.objectContaining({ code: 'FILE_INPUT' }))
  })
})

describe.skipIf(!suiteFolder('parquet-testing'))('an encrypted Parquet file', () => {
  it('is decrypted as a local one, by keys and by functions that find them', async () => {
    const local = encryptedPath('encrypt_columns_and_footer')
    const reader = noting(readFileSync(local))
    const asked: string[] = []
    const find = {
      keys: async (metadata: Uint8Array) => {
        const name = new TextDecoder().decode(metadata)
        asked.push(name)
        return { kf: footerKey, kc1: doubleKey, kc2: floatKey }[name]
      },
    }
    for (const decryption of [explicitKeys('encrypt_columns_and_footer'), find]) {
      expect((await read.parquet(reader, { decryption, int96: 'us' }).select('double_field', 'float_field').collect({ workers: 2 })).numRows).toBe(50)
      const { rows, rowGroups } = await parquetMetadata(reader, { decryption })
      expect({ rows, rowGroups }).toEqual(await parquetMetadata(local, { decryption }).then(({ rows, rowGroups }) => ({ rows, rowGroups })))
      expect(rowGroups[0]!.columns.every(({ values }) => values > 0)).toBe(true)
      expect(Object.keys(await inferSchema(reader, { format: 'parquet', decryption, int96: 'us' }))).toContain('double_field')
    }
    expect(new Set(asked)).toEqual(new Set(['kf', 'kc1', 'kc2']))
    expect((await failure(read.parquet(reader).collect())).code).toBe((await failure(parquetMetadata(local))).code)
  })
})

describe('a frame over fetched files', () => {
  it('is not explained before it is looked at', async () => {
    expect(() => read.parquet(new Blob([bytes.parquet])).explain()).toThrow(expect.objectContaining({ name: 'PlanError', code: 'NOT_FETCHED' }))
    expect(await read.parquet(new Blob([bytes.parquet])).filter(col('id').lt(10n)).explain({ analyze: true })).toMatch(/read\.parquet a Blob/)
  })

  it('may be cached, and iterated by batches', async () => {
    const reader = noting(bytes.parquet)
    const cached = read.parquet(reader).cache()
    expect((await cached.collect()).numRows).toBe(5_000)
    const before = reader.asked.length
    expect((await cached.groupBy('city').agg({ n: count() }).collect()).numRows).toBe(3)
    expect(reader.asked.length).toBe(before)
    let seen = 0
    for await (const batch of read.arrow(new Blob([bytes.arrow])).batches()) seen += batch.numRows
    expect(seen).toBe(5_000)
  })

  it('goes on from a checkpoint', async () => {
    const state = path('state')
    const many = path('many.parquet')
    await generate.columns({ id: generate.sequence() }, { rows: 100_000 }).to(write.parquet(many, { rowGroupRows: 1_000 })).run()
    const blob = new Blob([readFileSync(many)])
    const abort = new AbortController()
    const out = path('kept/')
    const run = (signal?: AbortSignal) => read.parquet(blob).filterRows(() => (signal && ++met === 40_000 && abort.abort(), true)).to(write.ndjson(out)).run({ checkpoint: { dir: state, every: 5 }, ...(signal && { signal }) })
    let met = 0
    await failure(run(abort.signal))
    await run()
    const found = (await read.ndjson(out).collect()).column('id').toFloat64Array()
    expect([...found].sort((a, b) => a - b)).toEqual(Array.from({ length: 100_000 }, (_, i) => i))
  })
})

describe('parquetMetadata', () => {
  it('tells schema, row groups, sizes and statistics as values', async () => {
    const { rows: count, createdBy, schema: found, unreadable, keyValues, rowGroups } = await parquetMetadata(path('a.parquet'))
    expect({ count, found, unreadable }).toEqual({ count: 5_000, found: schema, unreadable: {} })
    expect(createdBy).toMatch(/millrace/i)
    expect(Object.values(keyValues).every(value => typeof value === 'string')).toBe(true)
    const [id, city, at] = rowGroups[0]!.columns
    expect(id).toMatchObject({ path: ['id'], type: 'int64', codec: 'SNAPPY', values: 5_000, nulls: 0, min: 0n, max: 4_999n })
    expect(city).toMatchObject({ path: ['city'], type: 'utf8?', min: 'Bern', max: 'Zürich', nulls: 1_666 })
    expect(at).toMatchObject({ min: rows[0]!.at, max: rows.at(-1)!.at })
    for (const chunk of [id!, city!, at!]) {
      expect(chunk.encodings.length).toBeGreaterThan(0)
      expect(chunk.compressedBytes).toBeGreaterThan(0)
      expect(chunk.bytes).toBeGreaterThan(0)
      expect(chunk.offset).toBeGreaterThanOrEqual(4)
    }
    for (const file of [new Blob([bytes.parquet]), bytes.parquet, noting(bytes.parquet)]) expect(await parquetMetadata(file)).toEqual(await parquetMetadata(path('a.parquet')))
  })

  it('has bounds of every type as rows have them, and leaves of nested columns', async () => {
    const all = { date: 'date', us: 'timestamp[us]', s: 'timestamp[s]', price: 'decimal(10, 2)', ok: 'bool', small: 'int8', ratio: 'float64', raw: 'fixed_size_binary(2)', tags: 'list<int32>' }
    const typed = generate.columns({ date: generate.sequence('2024-01-01', '1d', { type: 'date' }), price: generate.sequence('0.50', '0.25', { type: 'decimal(10, 2)' }), us: generate.sequence('2024-01-01', '1s', { type: 'timestamp[us]' }) }, { rows: 3 })
    await typed.to(write.parquet(path('typed.parquet'))).run()
    const table = await read.parquet(path('typed.parquet')).collect()
    const { rowGroups } = await parquetMetadata(path('typed.parquet'))
    for (const chunk of rowGroups[0]!.columns) {
      expect([chunk.path[0], chunk.min]).toEqual([chunk.path[0], table.toArray()[0]![chunk.path[0]! as 'date']])
      expect([chunk.path[0], chunk.max]).toEqual([chunk.path[0], table.toArray()[2]![chunk.path[0]! as 'date']])
    }
    await from([{ tags: [1, 2], inner: { a: 'x' } }], { schema: { tags: all.tags, inner: 'struct<a: utf8>' } as never }).to(write.parquet(path('nested.parquet'))).run()
    const nested = await parquetMetadata(path('nested.parquet'))
    expect(nested.rowGroups[0]!.columns.map(chunk => [chunk.path[0], chunk.type])).toEqual([['tags', 'int32'], ['inner', 'utf8']])
  })

  it('fails as reading does', async () => {
    expect(await failure(parquetMetadata(path('none.parquet')))).toMatchObject({ name: 'ConnectorError', code: 'FILE_MISSING' })
    expect(await failure(parquetMetadata(path('a.csv')))).toMatchObject({ name: 'DataError', code: 'PARQUET_MAGIC' })
    expect(await failure(parquetMetadata(new Blob(['x'])))).toMatchObject({ name: 'DataError', code: 'PARQUET_MAGIC' })
  })
})

describe('inferSchema', () => {
  it('tells what readers would find, of files of every form', async () => {
    expect(await inferSchema(path('a.parquet'))).toEqual(schema)
    expect(await inferSchema(path('a.arrow'))).toEqual(schema)
    for (const form of ['csv', 'ndjson', 'json'] as const) {
      const found = (await (read[form] as typeof read.csv)(path(`a.${form}`)).collect()).schema
      expect(await inferSchema(path(`a.${form}`))).toEqual(found)
      expect(await inferSchema(new File([bytes[form]], `a.${form}`))).toEqual(found)
      expect(await inferSchema(new Blob([bytes[form]]), { format: form })).toEqual(found)
    }
    expect(await inferSchema(new File([bytes.parquet], 'x.PQ'))).toEqual(schema)
  })

  it('takes text, and the options of readers', async () => {
    expect(await inferSchema({ text: 'a,b\n1,x\n,y\n' }, { format: 'csv' })).toEqual({ a: 'int64?', b: 'utf8' })
    expect(await inferSchema({ text: 'a\tb\n1,5\tx\n' }, { format: 'tsv', decimal: ',' })).toEqual({ a: 'float64', b: 'utf8' })
    expect(await inferSchema(new File(['a\tb,c\n1\tx\n'], 'a.tsv'))).toEqual({ a: 'int64', 'b,c': 'utf8' })
    expect(await inferSchema({ text: '{"a":[1,2],"b":{"c":null}}\n' }, { format: 'ndjson' })).toMatchObject({ a: expect.stringContaining('list') })
  })

  it('fetches the head of an address', async () => {
    const server = await new RangeServer().open()
    try {
      server.files['/a.csv'] = Buffer.concat([bytes.csv, Buffer.alloc(3 << 20, '7,x,2024-01-01T00:00:00Z\n')])
      expect(Object.keys(await inferSchema(server.url('/a.csv?token=1')))).toEqual(['id', 'city', 'at'])
      expect(server.asked.map(({ range }) => range)).toEqual(['bytes=0-1048575'])
    } finally {
      await server.close()
    }
  })

  it('asks for the format where nothing tells it', async () => {
    for (const [file, options] of [[new Blob(['x']), {}], [path('a.bin'), {}], [{ text: 'a' }, {}], [path('a.csv'), { format: 'cvs' }]] as const) {
      expect(await failure(inferSchema(file, options as never))).toMatchObject({ name: 'PlanError', code: 'FORMAT' })
    }
    expect(await failure(inferSchema(path('none.csv')))).toMatchObject({ name: 'ConnectorError', code: 'FILE_MISSING' })
  })
})

describe('ranges', () => {
  it('that nearly touch are fetched as one, large ones in parts', () => {
    expect(coalesced([[100, 200], [0, 50], [9_000, 9_000], [20_000, 20_010], [150, 160]])).toEqual([[0, 200], [20_000, 20_010]])
    const large = 20 << 20
    const parts = coalesced([[5, large]])
    expect(parts[0]![0]).toBe(5)
    expect(parts.at(-1)![1]).toBe(large)
    expect(parts.every(([start, end], i) => end - start <= 8 << 20 && (i === 0 || parts[i - 1]![1] === start))).toBe(true)
  })

  it('are fetched once, and let go with the reader that asked for them', async () => {
    const whole = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251)
    const reader = noting(whole)
    const file = await FetchedFile.open(readerSource(reader, 'mine'), { at: 'start', bytes: 10 }, new AbortController().signal)
    const open = file.reader()
    expect(() => open.read(5, 9)).toThrow(BytesMissing)
    await open.fetch!([[10, 20], [50_000, 60_000]])
    await open.fetch!([[15, 30], [55_000, 61_000]])
    expect(reader.asked).toEqual([[10, 10], [50_000, 10_000], [20, 10], [60_000, 1_000]])
    expect(open.read(12, 28)).toEqual(whole.subarray(12, 28))
    const target = new Uint8Array(11_000)
    open.readTo!(50_000, target)
    expect(target).toEqual(whole.subarray(50_000, 61_000))
    expect(() => open.read(29, 40)).toThrow(expect.objectContaining({ range: [30, 40] }))
    open.close()
    expect(() => open.read(12, 28)).toThrow(BytesMissing)
    await file.fetchHead([12, 28])
    expect(file.reader().read(12, 28)).toEqual(whole.subarray(12, 28))
  })

  it('of bytes in memory are there', async () => {
    const file = await FetchedFile.open(bytesSource(new Uint8Array([1, 2, 3]), 'three'), { at: 'end', bytes: 1 }, new AbortController().signal)
    expect(file.reader().read(1, 3)).toEqual(new Uint8Array([2, 3]))
    expect(file.reader().read(3, 3)).toEqual(new Uint8Array(0))
    expect(DataError.name).toBe('DataError')
  })
})
