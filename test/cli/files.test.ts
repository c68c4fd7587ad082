// The file commands on real files, through the whole engine.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeEngines } from '../../src/engine.ts'
import { sinkTypes } from '../../src/sink/sinks.ts'
import { scanSourceTypes } from '../../src/source/scans.ts'
import { runCli } from '../support/run-cli.ts'

const kinds = (types: readonly { kind: string }[]) => ['parquet', 'csv', 'ndjson', 'arrow'].every(kind => types.some(type => type.kind === kind))
const hasFormats = kinds(scanSourceTypes) && kinds(sinkTypes)

describe.skipIf(!hasFormats)('the file commands', () => {
  let folder: string
  const rows = 'city,trips,mean\nOslo,3,1.5\n"Rio, BR",,2\nBonn,1234567,\n'
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-'))
    await writeFile(`${folder}/in.csv`, rows)
  })
  afterAll(async () => {
    await closeEngines()
    await rm(folder, { recursive: true, force: true })
  })

  it('convert through every format and back without a change', async () => {
    const chain = ['in.csv', 'a.parquet', 'b.ndjson', 'c.arrow', 'd.parquet', 'out.csv'].map(name => `${folder}/${name}`)
    for (let i = 1; i < chain.length; i++) {
      const { code, error } = await runCli(['convert', chain[i - 1]!, chain[i]!])
      expect(error).toContain(`${chain[i]}: 3 rows`)
      expect(code).toBe(0)
    }
    const heads = await Promise.all(chain.map(path => runCli(['head', path, '--json'])))
    expect(
      heads[0]!.out
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line)),
    ).toEqual([
      { city: 'Oslo', trips: 3, mean: 1.5 },
      { city: 'Rio, BR', trips: null, mean: 2 },
      { city: 'Bonn', trips: 1234567, mean: null },
    ])
    for (const { out } of heads) expect(out).toBe(heads[0]!.out)
  })

  it('keep the rows that a condition names', async () => {
    const out = `${folder}/some.ndjson`
    expect((await runCli(['convert', `${folder}/in.csv`, out, '--filter', "trips > 2 and city like 'B%'", '--select', 'city', '-q'])).error).toBe('')
    expect((await runCli(['head', out, '--json'])).out).toBe('{"city":"Bonn"}\n')
    expect((await runCli(['count', `${folder}/in.csv`, '--filter', 'trips is null'])).out).toBe('1\n')
    expect((await runCli(['head', `${folder}/in.csv`, '--filter', 'mean = 2', '--json'])).out).toBe('{"city":"Rio, BR","trips":null,"mean":2}\n')
    expect((await runCli(['count', `${folder}/in.csv`, '--filter', 'trips >'])).error).toContain('filter, at character 8: the expression ends')
    expect((await runCli(['count', `${folder}/in.csv`, '--filter', 'tripz > 1'])).error).toContain('filter: no column "tripz"; the input has city, trips, mean; did you mean "trips"?')
  })

  it('select columns, limit rows and refuse to overwrite', async () => {
    const out = `${folder}/picked.parquet`
    expect((await runCli(['convert', `${folder}/in.csv`, out, '--select', 'mean,city', '--limit', '2', '--compression', 'snappy', '-q'])).error).toBe('')
    expect((await runCli(['schema', out, '--json'])).out.replace(/\s/g, '')).toBe('{"mean":"float64?","city":"utf8"}')
    expect(await runCli(['count', out])).toMatchObject({ code: 0, out: '2\n' })
    expect(await runCli(['convert', `${folder}/in.csv`, out])).toMatchObject({ code: 1, error: expect.stringContaining('--overwrite') })
    expect((await runCli(['convert', `${folder}/in.csv`, out, '--overwrite', '-q'])).code).toBe(0)
    expect((await runCli(['count', out])).out).toBe('3\n')
  })

  it('rename and sort, in row groups of so many rows', async () => {
    const out = `${folder}/sorted.parquet`
    const args = ['--rename', 'trips=n,city=place', '--sort', '-n', '--row-group-rows', '2', '--memory', '256MiB', '-q']
    expect(await runCli(['convert', `${folder}/in.csv`, out, ...args])).toMatchObject({ code: 0, error: '' })
    expect((await runCli(['head', out, '--select', 'place,n', '--json'])).out).toBe('{"place":"Bonn","n":1234567}\n{"place":"Oslo","n":3}\n{"place":"Rio, BR","n":null}\n')
    expect(JSON.parse((await runCli(['inspect', out, '--json'])).out).rowGroups).toMatchObject([{ rows: 2 }, { rows: 1 }])
    const bad = async (...more: string[]) => runCli(['convert', `${folder}/in.csv`, `${folder}/bad-options.csv`, ...more])
    expect(await bad('--sort', 'citi')).toMatchObject({ code: 2, error: expect.stringContaining('did you mean "city"?') })
    expect(await bad('--rename', 'city')).toMatchObject({ code: 2, error: expect.stringContaining('as in a=b,c=d') })
    expect(await bad('--row-group-rows', '5')).toMatchObject({ code: 2, error: expect.stringContaining('only parquet has row groups') })
  })

  it('show a table that fits', async () => {
    const { out } = await runCli(['head', `${folder}/in.csv`, '-n', '2'])
    expect(out).toContain('│ Rio, BR │')
    const looked = await runCli([`${folder}/in.csv`])
    expect(looked.out).toContain('3 columns')
    expect(looked.out).toContain('1234567')
  })

  it('read several files as one', async () => {
    await writeFile(`${folder}/more.csv`, 'city,trips,mean\nRome,1,1\n')
    expect((await runCli(['count', `${folder}/in.csv`, `${folder}/more.csv`, '--workers', '0'])).out).toBe('4\n')
  })

  it('say what is wrong, and leave no half-written file', async () => {
    expect(await runCli(['head', `${folder}/none.csv`])).toMatchObject({ code: 1, error: expect.stringContaining('none.csv') })
    expect(await runCli(['head', `${folder}/in.csv`, '--select', 'citi'])).toMatchObject({ code: 2, error: expect.stringContaining('did you mean "city"?') })
    await writeFile(`${folder}/bad.ndjson`, '{"a": 1}\n{"a": \n')
    expect(await runCli(['convert', `${folder}/bad.ndjson`, `${folder}/bad.parquet`])).toMatchObject({
      code: 1,
      error: expect.stringMatching(/^error: .*bad\.ndjson/m),
    })
    expect((await readdir(folder)).filter(name => name.includes('bad'))).toEqual(['bad.ndjson'])
    const aborted = new AbortController()
    aborted.abort()
    expect((await runCli(['convert', `${folder}/in.csv`, `${folder}/never.parquet`], { signal: aborted.signal })).code).toBe(130)
    expect((await readdir(folder)).filter(name => name.includes('never'))).toEqual([])
  })
})
