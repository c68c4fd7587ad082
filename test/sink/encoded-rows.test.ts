// Rows that workers encode: the files are the same, byte for byte, as those of rows that the engine's thread encodes.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { bytesReader } from '../../src/base/bytes.ts'
import { allocateColumn } from '../../src/batch/batch.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { releaseArena } from '../../src/device/arena.ts'
import { createDevice } from '../../src/device/device.ts'
import { readFooter } from '../../src/format/parquet/read-footer.ts'
import { RowGroupEncoder } from '../../src/sink/row-groups.ts'
import { closeEngines, col, count, generate, lit, make, max, min, read, write } from '../../src/index.ts'

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

/** Rows of each row group of a file. */
function groupsOf(path: string): number[] {
  return readFooter(bytesReader(new Uint8Array(readFileSync(path))), 'test').rowGroups.map(group => group.rowCount)
}

it('Parquet, in row groups that workers make whole, in order', async () => {
  const wide = generate.columns({ id: generate.sequence(), name: generate.choice(['a', 'b', 'c'], { nulls: 0.2 }), price: generate.uniform(0, 100, { type: 'decimal(9, 2)' }) }, { rows: 500_000, seed: 4 })
  const csv = join(root, 'wide.csv')
  await wide.to(write.csv(csv)).run({ workers: 2 })
  for (const workers of [0, 2]) {
    const path = join(root, `wide-${workers}.parquet`)
    await read.csv(csv, { schema: { id: 'int64', name: 'utf8?', price: 'decimal(9, 2)' } }).with({ nothing: lit(null) }).to(write.parquet(path)).run({ workers })
    const groups = groupsOf(path)
    expect(groups.reduce((sum, rows) => sum + rows, 0)).toBe(500_000)
    const back = read.parquet(path)
    expect(await back.to(write.csv(join(root, `back-${workers}.csv`))).run({ workers: 2 })).toBeDefined()
    const figures = (await back.agg({ n: count(), least: min('id'), most: max('id') }).collect({ workers: 0 })).toArray()
    expect(figures).toEqual([{ n: 500_000, least: 0n, most: 499_999n }])
  }
  expect(groupsOf(join(root, 'wide-0.parquet'))).toEqual([262_144, 237_856])
  const groups = groupsOf(join(root, 'wide-2.parquet'))
  expect(groups.slice(0, -1).filter(rows => rows < 98_304)).toEqual([])
  expect(groups).not.toEqual([262_144, 237_856])
  const [alone, together] = [0, 2].map(workers => readFileSync(join(root, `back-${workers}.csv`), 'utf8'))
  expect(together === alone).toBe(true)
})

it('few rows at a time are gathered in one row group, and its size is kept where it is given', async () => {
  const few = generate.columns({ id: generate.sequence() }, { rows: 700_000 }).filter(col('id').mod(100).eq(0))
  const path = join(root, 'few.parquet')
  await few.to(write.parquet(path)).run({ workers: 2 })
  expect(groupsOf(path)).toEqual([7_000])
  await generate.columns({ id: generate.sequence() }, { rows: 700_000 }).to(write.parquet(path, { overwrite: true, rowGroupRows: 200_000 })).run({ workers: 2 })
  expect(groupsOf(path)).toEqual([200_000, 200_000, 200_000, 100_000])
})

it('lists and structs, too, in groups that end by their bytes', async () => {
  const long = generate.columns({ id: generate.sequence() }, { rows: 300_000 }).with({ list: make.list(col('id'), col('id').add(1)), pair: make.struct({ text: lit('a text of some length ').concat(col('id').cast('utf8')), half: col('id').div(2) }) })
  const path = join(root, 'long.parquet')
  await long.to(write.parquet(path, { rowGroupBytes: '1MiB', compression: 'none' })).run({ workers: 2, batchRows: 16_384 })
  const groups = groupsOf(path)
  expect(groups.length).toBeGreaterThan(5)
  expect(groups.reduce((sum, rows) => sum + rows, 0)).toBe(300_000)
  const [ours, theirs] = [join(root, 'long.ndjson'), join(root, 'long-back.ndjson')]
  await long.to(write.ndjson(ours)).run({ workers: 2 })
  await read.parquet(path).to(write.ndjson(theirs)).run({ workers: 2 })
  expect(readFileSync(theirs, 'utf8') === readFileSync(ours, 'utf8')).toBe(true)
})

it('few rows are encoded by a worker where they have 16 MiB, and handed on where a group ends', async () => {
  const device = await createDevice()
  const fields = parseSchema({ text: 'binary' }, 'test')
  const arena = device.arena()
  const blob = arena.allocate(1 << 20)
  const text = allocateColumn(arena, fields[0]!.type, 40)
  for (let i = 0; i < 40; i++) device.memory.uint32s(text.values, 160).set([1 << 20, 0, 0, blob], 4 * i)
  const batch = { fields, rowCount: 40, columns: [text], arena: arena.address }
  for (const [options, given] of [[{}, [0, 0]], [{ rowGroupBytes: '50MiB' }, [0, 1]]] as const) {
    const encoder = new RowGroupEncoder(device, fields, { compression: 'none', dictionary: false, ...options })
    const groups = [encoder.encode(batch), encoder.encode(batch)]
    expect(groups.map(group => group.length)).toEqual(given)
    const rest = encoder.flush()
    encoder.close()
    const encoded = [...groups.flat(), ...rest].map(group => ({ rows: group[0], arena: group[1] }))
    expect(encoded.map(({ rows }) => rows)).toEqual([80])
    for (const group of encoded) releaseArena(device, group.arena!)
  }
  arena.release()
  expect(device.pages.used()).toBe(0)
})
