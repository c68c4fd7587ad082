// validate on files that are right, and on the same files with something wrong.
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeEngines } from '../../src/engine.ts'
import { from, write } from '../../src/index.ts'
import { runCli } from '../support/run-cli.ts'

const suites = new URL('../../../shared/suites/', import.meta.url).pathname
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-'))
})
afterAll(async () => {
  await closeEngines()
  await rm(folder, { recursive: true, force: true })
})

interface Told {
  file: string
  rows: number
  problems: number
  first: { code: string; message: string; rowGroup?: number; column?: string; row?: number; line?: number; byte?: number }[]
  unchecked: string[]
}
async function validate(path: string, ...args: string[]): Promise<Told & { code: number }> {
  const { code, out, error } = await runCli(['validate', path, '--json', ...args])
  expect(error).toBe('')
  return { code, ...(JSON.parse(out) as Told) }
}
let made = 0
async function file(ending: string, content: string | Uint8Array): Promise<string> {
  const path = `${folder}/${++made}.${ending}`
  await writeFile(path, content)
  return path
}
const rows = Array.from({ length: 10 }, (_, i) => ({ n: BigInt(100 + i), t: `text ${i}`, x: i % 3 === 0 ? null : i / 2, l: [i, i + 1] }))
const schema = { n: 'int64', t: 'utf8', x: 'float64?', l: 'list<int32>' } as const
async function parquet(): Promise<Buffer> {
  const path = `${folder}/${++made}.parquet`
  await from(rows, { schema }).to(write.parquet(path, { compression: 'none', rowGroupRows: 5 })).run()
  return readFile(path)
}
// The bytes with one stretch of them replaced, where it is last found.
function changed(bytes: Buffer, from: Uint8Array, to: Uint8Array, before = bytes.length): Buffer {
  const at = bytes.lastIndexOf(from, before)
  expect(at).toBeGreaterThan(0)
  const copy = Buffer.from(bytes)
  copy.set(to, at)
  return copy
}
function int64(value: bigint): Uint8Array {
  return new Uint8Array(BigInt64Array.of(value).buffer)
}

describe('validate on Parquet', () => {
  it('finds nothing wrong with what Millrace writes', async () => {
    expect(await validate(await file('parquet', await parquet()))).toMatchObject({ code: 0, rows: 10, problems: 0, first: [], unchecked: [] })
  })

  it('finds statistics that are not true of the values, and the row', async () => {
    const bytes = await parquet()
    const told = await validate(await file('parquet', changed(bytes, int64(109n), int64(107n))))
    expect(told).toMatchObject({ code: 1, problems: 1 })
    expect(told.first[0]).toEqual({ code: 'STATISTICS', rowGroup: 1, column: 'n', row: 9, message: 'row group 1, column "n", row 9: the statistics say that the greatest value is 107, "108" is above it' })
  })

  it('finds page indexes that are not true of the values, page by page', async () => {
    const path = `${folder}/${++made}.parquet`
    const many = Array.from({ length: 3000 }, (_, i) => ({ n: BigInt(7 * i), x: i < 1500 ? null : i }))
    await from(many, { schema: { n: 'int64', x: 'float64?' } }).to(write.parquet(path, { compression: 'none', pageRows: 500 })).run()
    expect(await validate(path)).toMatchObject({ code: 0, problems: 0 })
    const bytes = await readFile(path)
    // The greatest of the first page, which stands last in the index behind the data.
    const told = await validate(await file('parquet', changed(bytes, int64(3493n), int64(3480n))))
    expect(told).toMatchObject({ code: 1, problems: 1 })
    expect(told.first[0]).toEqual({ code: 'PAGE_INDEX', rowGroup: 0, column: 'n', row: 499, message: 'row group 0, column "n", row 499: the page index says of page 0 that the greatest value is 3480, "3486" is above it' })
    const beyond = await validate(await file('parquet', changed(bytes, int64(3493n), int64(1n << 40n))))
    expect(beyond.first[0]).toMatchObject({ code: 'PAGE_INDEX', message: expect.stringContaining('contradict the pages or the chunk') })
  })

  it('finds texts that are not UTF-8', async () => {
    const bytes = await parquet()
    const text = new TextEncoder().encode('text 6')
    const told = await validate(await file('parquet', changed(bytes, text, Uint8Array.of(0xff))))
    expect(told.code).toBe(1)
    expect(told.first).toContainEqual({ code: 'UTF8', rowGroup: 1, column: 't', row: 7, message: 'row group 1, column "t", row 7: the text is not UTF-8' })
  })

  it('goes on behind a chunk that is broken, and tells of each', async () => {
    const bytes = await parquet()
    const copy = Buffer.from(bytes)
    // The header of the first page of each row group's first column.
    copy.fill(0xff, 4, 10)
    const told = await validate(await file('parquet', copy))
    expect(told).toMatchObject({ code: 1, rows: 10, problems: 1, first: [{ rowGroup: 0, column: 'n' }] })
    const both = changed(copy, int64(109n), int64(107n))
    expect((await validate(await file('parquet', both))).first.map(({ rowGroup, column }) => [rowGroup, column])).toEqual([[0, 'n'], [1, 'n']])
    expect(await validate(await file('parquet', bytes.subarray(0, -3)))).toMatchObject({ code: 1, rows: 0, problems: 1, first: [{ code: 'PARQUET_MAGIC' }] })
  })

  it('compares the columns and their nulls with a schema', async () => {
    const path = await file('parquet', await parquet())
    const wanted = await file('json', JSON.stringify({ n: 'int32', x: 'float64', more: 'utf8?', t: 'utf8' }))
    const told = await validate(path, '--schema', wanted)
    expect(told.first.map(({ code, column, rowGroup }) => [code, column, rowGroup])).toEqual([['SCHEMA', 'n', undefined], ['SCHEMA', 'more', undefined], ['SCHEMA', 'x', 0], ['SCHEMA', 'x', 1]])
    const own = await file('json', (await runCli(['schema', path, '--json'])).out)
    expect(await validate(path, '--schema', own)).toMatchObject({ code: 0 })
  })

  it.skipIf(!existsSync(suites))('tells files that other writers broke from those that they did not', async () => {
    const data = `${suites}parquet-testing/data/`
    expect(await validate(`${data}datapage_v1-corrupt-checksum.parquet`)).toMatchObject({ code: 1, problems: 4, first: [{ code: 'PAGE_INDEX' }, { code: 'CHECKSUM', column: 'a' }, { code: 'PAGE_INDEX' }, { code: 'CHECKSUM', column: 'b' }] })
    expect(await validate(`${data}repeated_no_annotation.parquet`)).toMatchObject({ code: 1, first: [{ code: 'ROW_COUNT' }] })
    const { out } = await runCli(['validate', `${data}*.parquet`, '--json'])
    const broken = out.trimEnd().split('\n').map(line => JSON.parse(line) as Told).filter(told => told.problems > 0).map(told => told.file.slice(data.length))
    // The page indexes of the first three say that pages are null which they count no nulls in.
    expect(broken.toSorted()).toEqual(['datapage_v1-corrupt-checksum.parquet', 'datapage_v1-snappy-compressed-checksum.parquet', 'datapage_v1-uncompressed-checksum.parquet', 'large_string_map.brotli.parquet', 'repeated_no_annotation.parquet', 'rle-dict-uncompressed-corrupt-checksum.parquet'])
  })
})

describe('validate on Arrow', () => {
  it('finds nothing wrong with what is right, broken batches, and texts that are not UTF-8', async () => {
    const path = `${folder}/${++made}.arrow`
    await from(rows, { schema }).to(write.arrow(path)).run()
    expect(await validate(path)).toMatchObject({ code: 0, rows: 10, problems: 0 })
    const bytes = await readFile(path)
    const told = await validate(await file('arrow', changed(bytes, new TextEncoder().encode('text 6'), Uint8Array.of(0xff))))
    expect(told).toMatchObject({ code: 1, rows: 10, problems: 1, first: [{ code: 'UTF8', batch: 0, column: 't', row: 7 }] })
    // Offsets of the texts: 0, 6, 12, …
    const offsets = new Uint8Array(Int32Array.of(0, 6, 12, 18).buffer)
    expect(await validate(await file('arrow', changed(bytes, offsets, new Uint8Array(Int32Array.of(0, 6, -12, 18).buffer))))).toMatchObject({ code: 1, first: [{ code: 'ARROW_OFFSETS', column: 't' }] })
    expect(await validate(await file('arrow', bytes.subarray(0, 100)))).toMatchObject({ code: 1, problems: 1 })
    expect(await validate(path, '--schema', await file('json', '{"t":"utf8","x":"float64","z":"bool"}'))).toMatchObject({ problems: 2 })
  })
})

describe('validate on text', () => {
  it('finds every ragged row and bad value of CSV, with line and byte', async () => {
    const text = 'id,price\n1,1.5\n2\n3,"a\nb",9\n4,4\n'
    const wanted = await file('json', '{"id":"int32","price":"float64"}')
    const told = await validate(await file('csv', text), '--schema', wanted)
    expect(told).toMatchObject({ code: 1, rows: 2, problems: 2, first: [{ line: 3 }, { line: 4 }] })
    const values = await validate(await file('csv', 'id,price\nx,1\n2,\n3,3\n'), '--schema', wanted)
    expect(values).toMatchObject({ rows: 1, problems: 2, first: [{ line: 2, byte: 9 }, { line: 3 }] })
    expect(values.first[0]!.message).toMatch(/^line 2, byte 9: .*; found "x,1"$/)
  })

  it('counts what it does not show', async () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => (i % 1000 === 500 ? `${i},1,2` : `${i},1`))
    const path = await file('csv', `a,b\n${lines.join('\n')}\n`)
    const told = await validate(path, '--limit', '3', '--workers', '2')
    expect(told).toMatchObject({ code: 1, rows: 99_900, problems: 100 })
    expect(told.first.map(({ line }) => line)).toEqual([502, 1502, 2502])
    const { out } = await runCli(['validate', path, '--limit', '3'])
    expect(await validate(path, '--limit', '0')).toMatchObject({ code: 1, problems: 100, first: [] })
    expect(out).toContain('… 97 more problems; --limit shows more')
    expect(out).toMatch(/: 100 problems, 99,900 rows\n$/)
  })

  it('is strict with JSON: syntax, escapes, UTF-8, packed or not', async () => {
    const bad = Buffer.concat([Buffer.from('{"a":1}\n{"a":01}\n{"a":2,}\n{"a":3}\n{"a":4,"t":"\\x"}\n{"a":5,"t":"'), Buffer.of(0xff), Buffer.from('"}\n')])
    for (const path of [await file('ndjson', bad), await file('ndjson.gz', gzipSync(bad))]) {
      const told = await validate(path, '--schema', await file('json', '{"a":"int64","t":"utf8?"}'))
      expect(told).toMatchObject({ code: 1, rows: 2, problems: 4 })
      expect(told.first.map(({ line }) => line)).toEqual([2, 3, 5, 6])
    }
    expect(await validate(await file('json', '[{"a":1},{"a":2}]'))).toMatchObject({ code: 0, rows: 2 })
    expect(await validate(await file('json', '[{"a":1},{"a":2'))).toMatchObject({ code: 1 })
    expect(await validate(await file('ndjson.gz', gzipSync(bad).subarray(0, 30)))).toMatchObject({ code: 1 })
  })
})

describe('validate', () => {
  it('takes several files of several formats, and sums up', async () => {
    const [good, bad] = [await file('csv', 'a\n1\n'), await file('ndjson', '{"a":1}\n{"a":}\n')]
    const { code, out } = await runCli(['validate', good, bad])
    expect(code).toBe(1)
    expect(out).toContain(`${good}: ok, 1 row\n`)
    expect(out).toContain(`${bad}: line 2, byte`)
    expect(out).toMatch(/2 files: 1 with problems\n$/)
    expect((await runCli(['validate', good, good])).out).toBe(`${good}: ok, 1 row\n`)
  })

  it('answers wrong usage and failures with 2, so that 1 means problems', async () => {
    const good = await file('csv', 'a\n1\n')
    for (const [args, text] of [
      [[`${folder}/none.csv`], 'none.csv'],
      [[good, '--schema', `${folder}/none.json`], 'none.json'],
      [[await file('txt', '')], "the format can't be told"],
    ] as const) expect(await runCli(['validate', ...args])).toMatchObject({ code: 2, out: '', error: expect.stringContaining(text) })
  })

  it('can be cancelled', async () => {
    const path = await file('parquet', await parquet())
    expect(await runCli(['validate', path], { signal: AbortSignal.abort() })).toMatchObject({ code: 130 })
  })
})
