// Filters over Parquet files with indexes, as users run them: what they leave out changes no row, and is counted.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { type Random, random } from '../../src/base/random.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import type { WriteParquetOptions } from '../../src/frame/write.ts'
import { col, count, read, write } from '../../src/index.ts'
import { exact } from '../support/format-files.ts'
import { closeEngines, frame, pagesInUse } from '../support/frames.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-skips-'))
afterEach(async () => expect([await pagesInUse(1), await pagesInUse(2)]).toEqual([0, 0]))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const schema = { id: 'int64', day: 'date', at: 'timestamp[us]?', n: 'int32?', x: 'float64?', t: 'utf8?', d: 'decimal(9, 2)', k: 'utf8', l: 'list<int32>?' } as const

// Sorted by id, day and at; the others come as they come.
function rowsOf(chance: Random, rowCount: number): Record<string, unknown>[] {
  return Array.from({ length: rowCount }, (_, i) => ({
    id: BigInt(i * 3),
    day: 86_400_000 * Math.floor(i / 40),
    at: i % 90 < 30 ? null : BigInt(i) * 1_000_000n,
    n: chance.int(5) === 0 ? null : chance.int(100) - 50,
    x: [null, -0, 0, chance.float(), i / 10][chance.int(5)],
    t: chance.int(9) === 0 ? null : `${'a long text with a shared beginning, cut in every index '.repeat(chance.int(3))}${chance.int(60)}`,
    d: BigInt(Math.floor(i / 7) * 25 - 500),
    k: `key ${chance.int(8)}`,
    l: chance.int(4) === 0 ? null : [i, i + 1],
  }))
}

const writeTo = async (rows: readonly Record<string, unknown>[], name: string, options: WriteParquetOptions) => {
  const path = join(folder, name)
  await frame(rows, schema).to(write.parquet(path, { ...options, overwrite: true })).run({ workers: 1 })
  return path
}

// biome-ignore lint/suspicious/noExplicitAny: the files' columns are known at run time only
const scan = (path: string, options = {}) => read.parquet(path, options) as any as FrameValue

const literal = (chance: Random, rowCount: number): Record<string, () => string> => ({
  id: () => `${chance.int(3 * rowCount)}`,
  n: () => `${chance.int(120) - 60}`,
  x: () => `${[0, -0.5, 0.25, chance.int(rowCount) / 10][chance.int(4)]}`,
  t: () => `'${chance.int(60)}'`,
  k: () => `'key ${chance.int(10)}'`,
  d: () => `${(chance.int(rowCount) / 4).toFixed(2)}`,
})

function condition(chance: Random, rowCount: number, depth = 0): string {
  if (depth < 2 && chance.int(2) === 0) return `(${condition(chance, rowCount, depth + 1)} ${['and', 'or'][chance.int(2)]} ${condition(chance, rowCount, depth + 1)})`
  const literals = literal(chance, rowCount)
  const name = Object.keys(literals)[chance.int(6)]!
  const value = literals[name]!
  switch (chance.int(5)) {
    case 0:
      return `${name} between ${value()} and ${value()}`
    case 1:
      return `${name} in (${value()}, ${value()}, ${value()})`
    case 2:
      return `${['at', 'n', 'x', 't'][chance.int(4)]} is ${['', 'not '][chance.int(2)]}null`
    default:
      return `${name} ${['=', '<', '<=', '>', '>=', '!='][chance.int(6)]} ${value()}`
  }
}

const seed = Number(process.env.SEED ?? 1)

describe.each([1, 2])('with %i workers', workers => {
  it(`gives the same rows with and without indexes, seed ${seed}`, { timeout: 120_000 }, async () => {
    const chance = random(seed)
    const rows = rowsOf(chance, 1_200)
    const options = { rowGroupRows: 500, pageRows: 50 }
    const [plain, indexed] = [await writeTo(rows, `plain-${workers}.parquet`, { ...options, pageIndex: false }), await writeTo(rows, `indexed-${workers}.parquet`, options)]
    let skipped = 0
    for (let turn = 0; turn < 60; turn++) {
      const text = condition(chance, rows.length)
      const [expected, found] = await Promise.all([plain, indexed].map(path => scan(path).filter(text).collect({ workers })))
      expect(exact(found!.toArray()), text).toBe(exact(expected!.toArray()))
      expect(expected!.stats.counts['pagesSkipped'] ?? 0).toBe(0)
      skipped += found!.stats.counts['pagesSkipped'] ?? 0
    }
    expect(skipped).toBeGreaterThan(500)
  })
})

describe('a filter over sorted rows', () => {
  const rows = rowsOf(random(2), 1_000)

  it('reads the pages of the rows that it wants, and counts the others', async () => {
    const path = await writeTo(rows, 'sorted.parquet', { pageRows: 100, rowGroupRows: 1_000 })
    const filter = 'id >= 900 and id < 1200'
    const table = await scan(path).select('id', 'n').filter(filter).collect({ workers: 1 })
    expect(table.toArray().length).toBe(100)
    expect(table.stats.counts['pagesSkipped']).toBe(2 * 9)
    expect((await scan(path, { pageIndex: false }).select('id', 'n').filter(filter).collect({ workers: 1 })).stats.counts['pagesSkipped'] ?? 0).toBe(0)
    const grouped = await scan(path).filter(filter).groupBy('k').agg({ n: count() }).collect({ workers: 1 })
    expect(grouped.toArray().reduce((sum, row) => sum + Number(row['n']), 0)).toBe(100)
  })

  it('leaves out a row group where statistics say maybe, and every page says no', async () => {
    const path = await writeTo(rows, 'gap.parquet', { pageRows: 100, rowGroupRows: 500 })
    const table = await scan(path).filter(col('id').gt(297n)).filter(col('id').lt(300n)).collect({ workers: 1 })
    expect([table.toArray().length, table.stats.counts['splitsSkipped']]).toEqual([0, 2])
  })

  it('asks for times, decimals and folders by their pages, too', async () => {
    const path = await writeTo(rows, 'typed.parquet', { pageRows: 100, rowGroupRows: 1_000 })
    for (const text of ["at > timestamp '1970-01-01T00:15:00Z'", 'd = 2500.00', "day = date '1970-01-20'"]) {
      const table = await scan(path).select('id', 'at', 'd', 'day').filter(text).collect({ workers: 1 })
      expect(exact(table.toArray()), text).toBe(exact((await scan(path, { pageIndex: false }).select('id', 'at', 'd', 'day').filter(text).collect({ workers: 1 })).toArray()))
      expect(table.stats.counts['pagesSkipped'], text).toBeGreaterThan(20)
    }
    const parts = join(folder, 'parts/')
    await frame(rows, schema).to(write.parquet(parts, { partitionBy: ['k'], pageRows: 10 })).run({ workers: 1 })
    const table = await scan(`${parts}**`).filter("id < 60 and k in ('key 1', 'key 2')").select('id', 'k', 'l').sort('id').collect({ workers: 1 })
    expect(exact(table.toArray())).toBe(exact(rows.slice(0, 20).filter(row => ['key 1', 'key 2'].includes(row['k'] as string)).map(({ id, k, l }) => ({ id, k, l }))))
    expect(table.stats.counts['pagesSkipped']).toBeGreaterThan(5)
  })
})

const python = fileURLToPath(new URL('../../bench/.venv/bin/python', import.meta.url))

function hasPyarrow(): boolean {
  try {
    return existsSync(python) && execFileSync(python, ['-c', 'import pyarrow.parquet'], { stdio: 'ignore' }) !== undefined
  } catch {
    return false
  }
}

describe.skipIf(!hasPyarrow())('pyarrow', () => {
  const rows = rowsOf(random(3), 1_000)
  const run = (code: string) => execFileSync(python, ['-c', `import pyarrow.parquet as pq\n${code}`], { encoding: 'utf8' })

  it('writes page indexes that we skip pages by', async () => {
    const ours = await writeTo(rows, 'ours.parquet', { pageRows: 100 })
    const theirs = join(folder, 'theirs.parquet')
    run(`pq.write_table(pq.read_table('${ours}'), '${theirs}', write_page_index=True, data_page_size=400, write_batch_size=50, row_group_size=600)`)
    for (const text of ['id between 300 and 390', "d > 2900.00 and k = 'key 3'", 'n is null and id < 100', "at < timestamp '1970-01-01T00:01:00Z'"]) {
      const [found, expected] = [await scan(theirs).filter(text).collect({ workers: 1 }), await scan(ours, { pageIndex: false }).filter(text).collect({ workers: 1 })]
      expect(exact(found.toArray()), text).toBe(exact(expected.toArray()))
      expect(found.stats.counts['pagesSkipped'], text).toBeGreaterThan(10)
    }
  })

  it('sees the page index and the cut bounds of what we write', async () => {
    const ours = await writeTo(rows, 'seen.parquet', { pageRows: 100 })
    const seen = run(`c = [pq.ParquetFile('${ours}').metadata.row_group(0).column(i) for i in (0, 5, 8)]\nprint([x.has_offset_index for x in c], [x.has_column_index for x in c], c[1].statistics.has_min_max)`)
    expect(seen.trim()).toBe('[True, True, True] [True, True, True] True')
  })
})
