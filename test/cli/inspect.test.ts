// inspect on files that convert wrote.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeEngines } from '../../src/engine.ts'
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
