// inspect on files that convert wrote.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeEngines } from '../../src/engine.ts'
import { boundText } from '../../src/cli/inspect/bounds.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { checkParquetWrite } from '../../src/format/parquet/write-options.ts'
import { write } from '../../src/index.ts'
import { frame } from '../support/frames.ts'
import { runCli } from '../support/run-cli.ts'
import { suiteFolder } from '../support/suites.ts'

const suite = suiteFolder('parquet-testing')

describe('inspect', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-'))
    await writeFile(`${folder}/in.csv`, 'city,trips\nOslo,3\nRome,\nBonn,7\n')
    for (const args of [['a.parquet', '--compression', 'snappy'], ['a.arrow']]) await runCli(['convert', `${folder}/in.csv`, `${folder}/${args[0]}`, ...args.slice(1), '-q'])
    await writeFile(`${folder}/cut.parquet`, 'PAR1 and no more')
  })
  afterAll(async () => {
    await closeEngines()
    await rm(folder, { recursive: true, force: true })
  })

  it('tells the row groups of Parquet, and of each column codec, encodings, bytes and statistics', async () => {
    const { out } = await runCli(['inspect', `${folder}/a.parquet`, '--json'])
    const told = JSON.parse(out)
    expect(told).toMatchObject({ format: 'parquet', rows: 3, rowGroups: [{ rows: 3 }] })
    const [city, trips] = told.rowGroups[0].columns
    expect(city).toMatchObject({ column: 'city', codec: 'SNAPPY', values: 3, nulls: 0, min: 'Bonn', max: 'Rome' })
    expect(trips).toMatchObject({ column: 'trips', nulls: 1, min: '3', max: '7' })
    expect(city.encodings).toContain('RLE')
    expect(city.compressedBytes).toBeGreaterThan(0)
    expect((await runCli(['inspect', `${folder}/a.parquet`])).out).toMatch(/3 rows in row groups: 1\n[\s\S]*SNAPPY/)
  })

  it('tells order, indexes, and bounds of times, decimals and bytes', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({ day: 86_400_000 * i, at: 1_000 * i + 1, price: `${i}.50`, key: Uint8Array.of(i, 255), s: { n: i } }))
    const options = { pageRows: 10, bloomFilters: ['key'], sortingColumns: [{ column: 'day', descending: true, nullsFirst: true }, 's.n'] } as const
    await frame(rows, { day: 'date', at: 'timestamp[ms]', price: 'decimal(9, 2)', key: 'binary', s: 'struct<n: int32>' }).to(write.parquet(`${folder}/b.parquet`, options)).run({ workers: 1 })
    const [group] = JSON.parse((await runCli(['inspect', `${folder}/b.parquet`, '--json'])).out).rowGroups
    expect(group.sortedBy).toEqual(['-day (nulls first)', 's.n'])
    expect(group.columns.map((c: Record<string, unknown>) => [c['min'], c['max'], c['pageIndex'], c['bloomFilter']])).toEqual([
      ['1970-01-01', '1970-01-30', 'places and bounds', false],
      ['1970-01-01 00:00:00.001', '1970-01-01 00:00:29.001', 'places and bounds', false],
      ['0.50', '29.50', 'places and bounds', false],
      ['0x00ff', '0x1dff', 'places and bounds', true],
      ['0', '29', 'places and bounds', false],
    ])
    expect((await runCli(['inspect', `${folder}/b.parquet`])).out).toMatch(/sorted by -day \(nulls first\), s\.n\n[\s\S]*pages bl/)
    for (const wrong of [['l'], ['day', 'day']])
      expect(() => checkParquetWrite({ sortingColumns: wrong }, parseSchema({ day: 'date', l: 'list<int32>' }, 'test'), 'write.parquet')).toThrow(expect.objectContaining({ code: 'SORTING_COLUMNS' }))
    expect(() => checkParquetWrite({ sortingColumns: ['dya'] }, parseSchema({ day: 'date' }, 'test'), 'write.parquet')).toThrow(expect.objectContaining({ code: 'NO_COLUMN', message: expect.stringContaining('did you mean "day"') }))
  })

  it('tells the pages: kinds, encodings, sizes, rows and bounds, of the columns and the row group asked for', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({ n: i, s: i % 20 === 0 ? null : `s${i % 3}`, l: [i, i], d: { at: i * 1000 } }))
    const file = `${folder}/pages.parquet`
    await frame(rows, { n: 'int32', s: 'utf8?', l: 'list<int32>', d: 'struct<at: timestamp[ms]>' }).to(write.parquet(file, { pageRows: 10, rowGroupRows: 30, encoding: { n: 'plain' } })).run({ workers: 1 })
    const of = async (...args: string[]) => JSON.parse((await runCli(['inspect', file, '--pages', '--json', ...args])).out).rowGroups
    const [first, second] = await of()
    expect(first.columns.map((c: { column: string }) => c.column)).toEqual(['n', 's', 'l.list.element', 'd.at'])
    const [n, s, l, d] = second.columns.map((c: { pages: unknown[] }) => c.pages)
    expect(n).toMatchObject([10, 20, 30].map((_, i) => ({ page: i, kind: 'data', encoding: 'PLAIN', values: 10, rows: 10, firstRow: 10 * i, nulls: 0, min: `${30 + 10 * i}`, max: `${39 + 10 * i}`, unpackedBytes: 40 })))
    expect(n[1].offset).toBe(n[0].offset + n[0].bytes)
    expect(s[0]).toMatchObject({ page: null, kind: 'dictionary', values: 3, rows: null, firstRow: null, min: null })
    expect(s[1]).toMatchObject({ page: 0, encoding: 'RLE_DICTIONARY', min: 's0', max: 's2' })
    expect(l.filter((page: { kind: string }) => page.kind === 'data').map((page: { rows: number; firstRow: number }) => page.firstRow)[0]).toBe(0)
    expect(l.filter((page: { kind: string }) => page.kind === 'data').reduce((sum: number, page: { values: number }) => sum + page.values, 0)).toBe(60)
    expect(d.at(-1)).toMatchObject({ max: '1970-01-01 00:00:59.000' })
    expect(await of('--select', 'd', '--row-group', '1')).toMatchObject([{ rowGroup: 1, rows: 30, columns: [{ column: 'd.at' }] }])
    expect((await runCli(['inspect', file, '--pages', '--select', 'n'], { width: () => 140 })).out).toMatch(/│ group │ column │ page │ kind +│ encoding +│ first row │ rows │[\s\S]*│ +1 │ n +│ +2 │ data +│ PLAIN/)
    expect(await runCli(['inspect', file, '--select', 'm'])).toMatchObject({ code: 2, error: expect.stringContaining('no column "m"') })
    expect(await runCli(['inspect', file, '--row-group', '2'])).toMatchObject({ code: 2, error: expect.stringContaining('the row groups 0 to 1') })
    expect(await runCli(['inspect', `${folder}/a.arrow`, '--pages'])).toMatchObject({ code: 2, error: expect.stringContaining('are of parquet') })
  })

  it.skipIf(!suite)('tells pages of other writers, and bounds of every type they have', async () => {
    const data = `${suite}/data`
    const of = async (name: string) => JSON.parse((await runCli(['inspect', `${data}/${name}.parquet`, '--pages', '--json'])).out).rowGroups[0].columns
    const [v2] = await of('datapage_v2.snappy')
    expect(v2.pages).toMatchObject([{ kind: 'dictionary', values: 1 }, { kind: 'data v2', rows: 5, firstRow: 0, nulls: 1, encoding: 'RLE_DICTIONARY' }])
    expect((await of('float16_nonzeros_and_nans'))[0]).toMatchObject({ min: '-2', max: '2' })
    expect((await of('int96_from_spark'))[0]).toMatchObject({ min: null, max: null })
    expect((await of('rle-dict-snappy-checksum'))[0].pages).toMatchObject([{ kind: 'dictionary', checksum: true }, { kind: 'data v2' }])
    // Of lists without an index nothing says where rows begin.
    const nested = await of('nested_maps.snappy')
    expect(nested[1].pages.map((page: { rows: number | null }) => page.rows)).toEqual([null, null])
    const leaf = { field: { name: 'id', type: { kind: 'fixedBinary', size: 16 }, nullable: false }, leaf: 0, physical: 'FIXED_LEN_BYTE_ARRAY', typeLength: 16, stored: { kind: 'binary' } } as const
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => 17 * i)
    expect(boundText({ ...leaf, isUuid: true }, bytes)).toBe('00112233-4455-6677-8899-aabbccddeeff')
    expect(boundText(leaf, bytes)).toBe('0x00112233445566778899aabbccddeeff')
    expect(boundText({ ...leaf, isUuid: true }, bytes.subarray(0, 3))).toBe('0x001122')
  })

  it('tells damage in page headers by its place', async () => {
    const bytes = readFileSync(`${folder}/a.parquet`)
    bytes.fill(0xff, 4, 20)
    await writeFile(`${folder}/damaged.parquet`, bytes)
    expect((await runCli(['inspect', `${folder}/damaged.parquet`])).code).toBe(0)
    expect(await runCli(['inspect', `${folder}/damaged.parquet`, '--pages'])).toMatchObject({ code: 1, error: expect.stringMatching(/damaged\.parquet, row group 0, column "city"/) })
  })

  it('tells the batches and the schema of Arrow', async () => {
    const { out } = await runCli(['inspect', `${folder}/a.arrow`, '--json'])
    expect(JSON.parse(out)).toMatchObject({ format: 'arrow', rows: 3, batches: [{ rows: 3 }] })
    expect(Object.keys(JSON.parse(out).schema)).toEqual(['city', 'trips'])
    expect((await runCli(['inspect', `${folder}/a.arrow`])).out).toContain('3 rows in batches: 1')
  })

  it('refuses other formats and broken files', async () => {
    expect(await runCli(['inspect', `${folder}/in.csv`])).toMatchObject({ code: 2, error: expect.stringContaining('is csv, which has no footer') })
    expect(await runCli(['inspect', `${folder}/cut.parquet`])).toMatchObject({ code: 1, error: expect.stringContaining('cut.parquet') })
  })
})
