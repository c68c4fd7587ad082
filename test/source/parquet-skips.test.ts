// Filters over Parquet files with indexes, as users run them: what they leave out changes no row, and is counted.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { type Random, random } from '../../src/base/random.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import type { WriteParquetOptions } from '../../src/frame/write.ts'
import { col, count, read, write } from '../../src/index.ts'
import { exact } from '../support/format-files.ts'
import { encryptedPath, explicitKeys } from '../support/encrypted-suite.ts'
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
    const [plain, indexed] = [await writeTo(rows, `plain-${workers}.parquet`, { ...options, pageIndex: false }), await writeTo(rows, `indexed-${workers}.parquet`, { ...options, bloomFilters: ['id', 'n', 'x', 't', 'd', 'k'] })]
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

describe('a filter for equal values', () => {
  const rows = Array.from({ length: 3_000 }, (_, i) => ({ user: `user ${(i * 7_919) % 1_000_003}`, at: i, s: { code: (i * 31) % 9_973 } }))
  const path = join(folder, 'users.parquet')
  const made = () => frame(rows, { user: 'utf8', at: 'int32', s: 'struct<code: int32>' }).to(write.parquet(path, { rowGroupRows: 300, bloomFilters: ['user', 's'], overwrite: true })).run({ workers: 1 })
  const run = async (text: string, options = {}) => {
    const table = await scan(path, options).filter(text).collect({ workers: 1 })
    return [table.toArray().map(row => row['at']), table.stats.counts['splitsSkipped'] ?? 0] as const
  }

  it('leaves out the row groups whose Bloom filter knows none of them', async () => {
    await made()
    const { user, s } = rows[1_234]!
    expect(await run(`user = '${user}'`)).toEqual([[1_234], 9])
    expect(await run(`user = '${user}'`, { bloomFilters: false })).toEqual([[1_234], 0])
    expect(await run(`user in ('${user}', '${rows[2_000]!.user}')`)).toEqual([[1_234, 2_000], 8])
    expect(await run("user = 'user of none'")).toEqual([[], 10])
    expect((await run(`s.code = ${s.code}`))[1]).toBeGreaterThan(6)
    expect((await run(`user = '${user}' or at < 10`))[1]).toBe(8)
    expect((await run(`user != '${user}'`))[1]).toBe(0)
  })

  it('has them from workers that encode, and of files in folders', async () => {
    const parts = join(folder, 'many/')
    const many = Array.from({ length: 120_000 }, (_, i) => ({ id: BigInt((i * 7_919) % 1_000_003), part: i % 2 }))
    await frame(many, { id: 'int64', part: 'int32' }).to(write.parquet(parts, { bloomFilters: { id: { falsePositive: 0.001 } }, partitionBy: ['part'] })).run({ workers: 2 })
    const { id } = many[77_777]!
    const table = await scan(`${parts}**`).filter(`id = ${id}`).collect({ workers: 2 })
    expect(table.toArray().map(row => row['id'])).toEqual([id])
    expect(table.stats.counts['splitsSkipped']).toBeGreaterThan(0)
    const one = join(folder, 'one.parquet')
    await frame(many, { id: 'int64', part: 'int32' }).to(write.parquet(one, { bloomFilters: ['id'] })).run({ workers: 2 })
    expect((await scan(one).filter(`id = ${id}`).collect({ workers: 2 })).toArray()).toEqual([{ id, part: 1 }])
  })
})

describe('an encrypted Bloom filter', () => {
  const key = (byte: number) => new Uint8Array(16).fill(byte)
  const rows = Array.from({ length: 1_000 }, (_, i) => ({ user: `user ${(i * 7_919) % 1_009}`, n: i }))
  const run = async (path: string, options: object, text: string) => {
    const table = await scan(path, options).filter(text).collect({ workers: 1 })
    return [table.toArray(), table.stats.counts['splitsSkipped'] ?? 0] as const
  }

  it.each([
    ['of the footer key', {}, {}],
    ['of a column key, the footer plain', { columnKeys: { user: key(2) }, plaintextFooter: true }, { columnKeys: { user: key(2) } }],
  ])('%s is asked with the key', async (what, encryption, keys) => {
    const path = join(folder, `sealed ${what.length}.parquet`)
    await frame(rows, { user: 'utf8', n: 'int32' }).to(write.parquet(path, { encryption: { footerKey: key(1), ...encryption }, rowGroupRows: 100, bloomFilters: ['user'] })).run({ workers: 1 })
    const decryption = { footerKey: key(1), ...keys }
    expect(await run(path, { decryption }, `user = '${rows[345]!.user}'`)).toEqual([[rows[345]], 9])
    expect(await run(path, { decryption, bloomFilters: false }, `user = '${rows[345]!.user}'`)).toEqual([[rows[345]], 0])
  })

  it.skipIf(!existsSync(encryptedPath('encrypt_columns_and_footer_bloom_filter')))('of another writer tells values from others', async () => {
    const name = 'encrypt_columns_and_footer_bloom_filter'
    const decryption = explicitKeys(name)
    const asked = (text: string, options = {}) => run(encryptedPath(name), { decryption, ...options }, text)
    for (const column of ['double_field', 'float_field']) {
      expect((await asked(`${column} = ${column === 'double_field' ? 77.5 : 77.25}`))[0].length).toBe(1)
      expect([await asked(`${column} = 77.125`), await asked(`${column} = 77.125`, { bloomFilters: false })]).toEqual([[[], 1], [[], 0]])
    }
  })
})

const duckdbModule = fileURLToPath(new URL('../../bench/node_modules/@duckdb/node-api/lib/index.js', import.meta.url))

describe.skipIf(!existsSync(duckdbModule))('duckdb', () => {
  type Connection = { run(sql: string): Promise<unknown>; runAndReadAll(sql: string): Promise<{ getRows(): unknown[][] }> }
  const connect = async () => {
    const { DuckDBInstance } = (await import(pathToFileURL(duckdbModule).href)) as { DuckDBInstance: { create(path: string): Promise<{ connect(): Promise<Connection> }> } }
    return (await DuckDBInstance.create(':memory:')).connect()
  }

  it('asks our Bloom filters, and finds in them what is there and little else', async () => {
    const rows = rowsOf(random(4), 400)
    const path = await writeTo(rows, 'bloomed.parquet', { rowGroupRows: 100, bloomFilters: ['id', 't', 'x', 'n'] })
    const duckdb = await connect()
    const excluded = async (column: string, value: string) =>
      (await duckdb.runAndReadAll(`select bloom_filter_excludes from parquet_bloom_probe('${path}', '${column}', ${value}) order by row_group_id`)).getRows().map(([out]) => out)
    expect(await excluded('id', `${450}::bigint`)).toEqual([true, false, true, true])
    expect((await excluded('id', '451::bigint')).filter(Boolean).length).toBeGreaterThan(2)
    const { t, n, x } = rows.slice(200, 300).find(row => row['t'] !== null && row['n'] !== null && typeof row['x'] === 'number' && row['x'] !== 0)!
    for (const [column, value] of [['t', `'${t}'`], ['n', `${n}::int`], ['x', `${x}::double`]] as const) expect((await excluded(column, value))[2], column).toBe(false)
  })

  it('writes Bloom filters that we skip row groups by', async () => {
    const path = join(folder, 'duckdb.parquet')
    const duckdb = await connect()
    await duckdb.run(`copy (select (i * 7919) % 5003 as v, 'text ' || ((i * 31) % 4001) as t, i from range(20000) r(i)) to '${path}' (format parquet, row_group_size 2048, dictionary_size_limit 5000, compression zstd)`)
    const found = await scan(path).filter("t = 'text 100'").collect({ workers: 1 })
    const expected = await scan(path, { bloomFilters: false }).filter("t = 'text 100'").collect({ workers: 1 })
    expect(exact(found.toArray())).toBe(exact(expected.toArray()))
    expect(found.toArray().length).toBeGreaterThan(3)
    expect(found.stats.counts['splitsSkipped']).toBeGreaterThan(2)
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

  it('sees the page index, the cut bounds and the order of what we write', async () => {
    const ours = await writeTo(rows, 'seen.parquet', { pageRows: 100, sortingColumns: ['id', { column: 'at', descending: true, nullsFirst: true }] })
    expect(run(`print([(c.column_index, c.descending, c.nulls_first) for c in pq.ParquetFile('${ours}').metadata.row_group(0).sorting_columns])`).trim()).toBe('[(0, False, False), (2, True, True)]')
    const seen = run(`c = [pq.ParquetFile('${ours}').metadata.row_group(0).column(i) for i in (0, 5, 8)]\nprint([x.has_offset_index for x in c], [x.has_column_index for x in c], c[1].statistics.has_min_max)`)
    expect(seen.trim()).toBe('[True, True, True] [True, True, True] True')
  })
})
