// Rows that workers encode: the files are the same, byte for byte, as those of rows that the engine's thread encodes.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { closeEngines, col, generate, lit, make, write } from '../../src/index.ts'

const root = mkdtempSync(join(tmpdir(), 'millrace-'))
afterAll(async () => {
  await closeEngines()
  rmSync(root, { recursive: true })
})

const rows = 140_000
const made = generate.columns(
  {
    id: generate.sequence(),
    at: generate.sequence('2024-01-01', '10ms'),
    name: generate.choice(['plain', 'a "quote"', 'two\nlines', 'com,ma', ' space ', 'ünïcode'], { nulls: 0.1 }),
    price: generate.uniform(0, 100, { type: 'decimal(9, 2)' }),
    height: generate.normal(180, 10),
  },
  { rows, seed: 4 },
)
const table = made.with({ pair: make.struct({ a: col('id'), b: col('name') }), isLow: col('height').lt(170), nothing: lit(null) })

function contents(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile()).map(entry => [join(entry.parentPath, entry.name).slice(folder.length), readFileSync(join(entry.parentPath, entry.name), 'latin1')]).sort())
}

it.each([
  ['CSV', (at: string) => write.csv(`${at}/rows.csv`)],
  ['CSV of another style', (at: string) => write.csv(`${at}/rows.tsv`, { delimiter: '\t', quoting: 'all', nullText: 'NULL', lineEnd: '\r\n', header: false })],
  ['NDJSON', (at: string) => write.ndjson(`${at}/rows.ndjson`)],
  ['a JSON array', (at: string) => write.json(`${at}/rows.json`)],
  ['parts of NDJSON', (at: string) => write.ndjson(`${at}/`)],
  ['partitions of CSV', (at: string) => write.csv(`${at}/`, { partitionBy: ['isLow'] })],
] as const)('%s', async (name, sinkAt) => {
  const results: Record<string, string>[] = []
  for (const workers of [0, 2]) {
    const folder = join(root, `${name}-${workers}`)
    mkdirSync(folder)
    await table.to(sinkAt(folder)).run({ workers })
    results.push(contents(folder))
  }
  expect(Object.values(results[0]!).join('').length).toBeGreaterThan(5e6)
  expect(Object.keys(results[1]!)).toEqual(Object.keys(results[0]!))
  for (const [path, text] of Object.entries(results[0]!)) expect(results[1]![path] === text, path).toBe(true)
})

it('no rows, and rows behind others', async () => {
  for (const workers of [0, 2]) {
    const path = join(root, `appended-${workers}.csv`)
    await table.filter(col('id').lt(0)).to(write.csv(path)).run({ workers })
    expect(readFileSync(path, 'utf8')).toBe('id,at,name,price,height,pair,isLow,nothing\n')
    for (const from of [10, 20]) await table.filter(col('id').ge(from).and(col('id').lt(from + 2))).select('id').to(write.csv(path, { append: true })).run({ workers })
    expect(readFileSync(path, 'utf8').split('\n').slice(1).join()).toBe('10,11,20,21,')
  }
})
