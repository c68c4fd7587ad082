// Rows by number on the command line: head -n FROM:TO and convert --rows FROM:TO, of every format.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeEngines } from '../support/frames.ts'
import { runCli } from '../support/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-spans-'))
const at = (name: string) => join(folder, name)
const names = ['in.csv', 'in.parquet', 'in.ndjson', 'in.json', 'in.arrow']

beforeAll(async () => {
  writeFileSync(at('in.csv'), `id,name\n${Array.from({ length: 100 }, (_, i) => `${i},n${i}`).join('\n')}\n`)
  for (const name of names.slice(1)) await runCli(['convert', at('in.csv'), at(name), '-q', ...(name === 'in.parquet' ? ['--row-group-rows', '30', '--page-rows', '10'] : [])])
})
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})
const ids = (out: string) => out.trimEnd().split('\n').filter(line => line !== '').map(line => JSON.parse(line).id as number)
const span = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

describe.each(names)('rows by number of %s', name => {
  it('are shown by head', async () => {
    const head = async (...args: string[]) => ids((await runCli(['head', at(name), '--json', ...args])).out)
    expect(await head('-n', '25:35')).toEqual(span(25, 35))
    expect(await head('--rows', ':3')).toEqual([0, 1, 2])
    expect(await head('-n', '97:')).toEqual([97, 98, 99])
    expect(await head('-n', '5:5')).toEqual([])
    expect(await head('-n', '100:200')).toEqual([])
    expect(await head('-n', '2')).toEqual([0, 1])
    expect(await head('-n', '20:60', '--filter', 'id % 10 = 3')).toEqual([23, 33, 43, 53])
  })

  it('are converted', async () => {
    const out = at(`${name}.out.ndjson`)
    expect((await runCli(['convert', at(name), out, '--rows', '28:63', '-q', '--overwrite'])).error).toBe('')
    expect(ids(readFileSync(out, 'utf8'))).toEqual(span(28, 63))
    await runCli(['convert', at(name), out, '--rows', '90:', '--filter', 'id != 95', '--limit', '7', '-q', '--overwrite'])
    expect(ids(readFileSync(out, 'utf8'))).toEqual([90, 91, 92, 93, 94, 96, 97])
    const failed = await runCli(['convert', at(name), out, '--rows', '50:60', '--cast', 'name:date', '-q', '--overwrite'])
    expect(failed.code).toBe(1)
    if (name === 'in.parquet' || name === 'in.arrow') expect(failed.error).toContain('row 51, column "name": "n50" is no date')
  })
})

describe('spans of rows', () => {
  it('count over all files', async () => {
    expect((await runCli(['convert', at('in.parquet'), at('in.parquet'), at('two.ndjson'), '--rows', '99:102', '-q'])).code).toBe(0)
    await runCli(['convert', at('in.parquet'), at('copy.parquet'), '-q'])
    expect((await runCli(['convert', at('copy.parquet'), at('in.parquet'), at('both.ndjson'), '--rows', '99:102', '-q'])).code).toBe(0)
    expect(ids(readFileSync(at('both.ndjson'), 'utf8'))).toEqual([99, 0, 1])
  })

  it('are refused where they are none', async () => {
    for (const wrong of ['5:3', 'a:b', ':', '-1:3', '1:2:3', '1.5:2']) {
      expect(await runCli(['convert', at('in.csv'), at('no.csv'), '--rows', wrong])).toMatchObject({ code: 2, error: expect.stringContaining('as in 1000:2000') })
      expect(await runCli(['head', at('in.csv'), `-n${wrong}`])).toMatchObject({ code: 2, error: expect.stringContaining('as in 1000:2000') })
    }
    expect((await runCli(['convert', at('in.csv'), at('no.csv'), '--rows', '5'])).code).toBe(2)
    expect((await runCli(['tail', at('in.csv'), '-n', '1:2'])).code).toBe(2)
  })
})
