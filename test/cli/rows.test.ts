// tail, sample and stats on real files, through the whole engine.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeEngines } from '../../src/engine.ts'
import { runCli } from '../support/run-cli.ts'

let folder: string
let file: string
const json = (out: string) => out.trimEnd().split('\n').map(line => JSON.parse(line) as Record<string, unknown>)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-'))
  file = `${folder}/in.csv`
  const lines = Array.from({ length: 101 }, (_, i) => `${i},${i % 4 === 3 ? '' : `city ${i % 4}`}`)
  await writeFile(file, `n,city\n${lines.join('\n')}\n`)
})
afterAll(async () => {
  await closeEngines()
  await rm(folder, { recursive: true, force: true })
})

describe('tail', () => {
  it('shows the last rows in order, of the columns and rows asked for', async () => {
    expect(json((await runCli(['tail', file, '-n', '3', '--select', 'n', '--json'])).out)).toEqual([{ n: 98 }, { n: 99 }, { n: 100 }])
    expect(json((await runCli(['tail', file, '-n', '1', '--filter', 'n < 50', '--json'])).out)).toEqual([{ n: 49, city: 'city 1' }])
    expect((await runCli(['tail', file])).out).toMatch(/91 │[\s\S]*100 │/)
  })

  it('names the nearest column', async () => {
    expect(await runCli(['tail', file, '--select', 'citi'])).toMatchObject({ code: 2, error: expect.stringContaining('did you mean "city"?') })
  })
})

describe('sample', () => {
  it('takes the same rows for the same seed, in order, and others for another', async () => {
    const of = async (seed: string) => json((await runCli(['sample', file, '-n', '20', '--seed', seed, '--json'])).out).map(row => row.n as number)
    const rows = await of('7')
    expect(rows).toHaveLength(20)
    expect(new Set(rows).size).toBe(20)
    expect(rows).toEqual(rows.toSorted((a, b) => a - b))
    expect(await of('7')).toEqual(rows)
    expect(await of('8')).not.toEqual(rows)
  })

  it('says what a seed is', async () => {
    expect(await runCli(['sample', file, '--seed', '-1'])).toMatchObject({ code: 2, error: expect.stringContaining('--seed') })
  })
})

describe('stats', () => {
  it('tells of each column its type, nulls, distinct values, bounds, quartiles and mean', async () => {
    const [n, city] = json((await runCli(['stats', file, '--json'])).out)
    expect(n).toMatchObject({ column: 'n', nulls: 0, min: '0', max: '100', mean: 50 })
    expect(Math.abs((n!.distinct as number) - 101)).toBeLessThanOrEqual(3)
    expect(Number(n!.median)).toBeCloseTo(50, 0)
    expect(city).toMatchObject({ column: 'city', type: 'utf8?', nulls: 25, distinct: 3, min: 'city 0', max: 'city 2', mean: null })
  })

  it('draws a table that fits the terminal', async () => {
    const { out } = await runCli(['stats', file, '--filter', 'n <= 10'], { width: () => 60 })
    expect(out).toContain('│ n ')
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(60)
  })
})
