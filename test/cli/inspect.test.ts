// inspect on files that convert wrote.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeEngines } from '../../src/engine.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { checkParquetWrite } from '../../src/format/parquet/write-options.ts'
import { write } from '../../src/index.ts'
import { frame } from '../support/frames.ts'
import { runCli } from '../support/run-cli.ts'

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
