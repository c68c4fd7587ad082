// diff on files of all formats, through the whole engine.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closeEngines } from '../../src/engine.ts'
import { from, write } from '../../src/index.ts'
import { runCli } from '../support/run-cli.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-'))
})
afterAll(async () => {
  await closeEngines()
  await rm(folder, { recursive: true, force: true })
})

let made = 0
async function ndjson(...rows: object[]): Promise<string> {
  const path = `${folder}/${++made}.ndjson`
  await writeFile(path, rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  return path
}
async function csv(...lines: string[]): Promise<string> {
  const path = `${folder}/${++made}.csv`
  await writeFile(path, `${lines.join('\n')}\n`)
  return path
}
async function parquet(rows: object[], schema: Record<string, 'utf8'>): Promise<string> {
  const path = `${folder}/${++made}.parquet`
  await from(rows, { schema }).to(write.parquet(path)).run()
  return path
}
const types = (schema: Record<string, string>) => schema as Record<string, 'utf8'>
async function diff(a: string, b: string, ...args: string[]) {
  const { code, out, error } = await runCli(['diff', a, b, '--json', ...args])
  expect(error).toBe('')
  return { code, ...JSON.parse(out) }
}

describe('diff by key', () => {
  it('tells what is only in one file, and which columns of which rows differ', async () => {
    const a = await csv('id,city,price', '1,Oslo,1.5', '2,Rome,2', '3,Bonn,3', '4,,4')
    const b = await csv('id,city,price', '4,,4', '3,Bonn,3.5', '2,Roma,2.25', '5,Kiel,5')
    const found = await diff(a, b, '--key', 'id')
    expect(found).toMatchObject({
      code: 1,
      equal: false,
      key: ['id'],
      a: { file: a, rows: 4 },
      b: { rows: 4 },
      onlyA: { rows: 1, first: [{ id: 1, city: 'Oslo', price: 1.5 }] },
      onlyB: { rows: 1, first: [{ id: 5, city: 'Kiel', price: 5 }] },
    })
    expect(found.changed).toEqual({
      rows: 2,
      columns: { city: 1, price: 2 },
      first: [
        { key: { id: 2 }, columns: { city: { a: 'Rome', b: 'Roma' }, price: { a: 2, b: 2.25 } } },
        { key: { id: 3 }, columns: { price: { a: 3, b: 3.5 } } },
      ],
    })
    expect(await diff(a, b, '--key', 'id', '--tolerance', '0.5', '--ignore', 'city')).toMatchObject({ changed: { rows: 0 }, onlyA: { rows: 1 } })
    expect(await diff(a, b, '--key', 'id', '--select', 'city', '--limit', '0')).toMatchObject({ changed: { rows: 1, columns: { city: 1 }, first: [] }, onlyA: { rows: 1, first: [] } })
    const { out } = await runCli(['diff', a, b, '--key', 'id'])
    expect(out).toContain(`rows only in ${a}: 1\n`)
    expect(out).toContain('rows that differ: 2; by column: city 1, price 2')
    expect(out).toMatch(/│ 2 +│ city +│ Rome +│ Roma +│/)
    expect(out).toContain('1 of 4 rows in')
  })

  it('finds files of different formats and types equal where their values are', async () => {
    const a = await parquet(
      [{ id: 1, big: 7n, money: '19.90', at: '2024-02-29T12:00:00Z', day: '2024-02-29', name: 'é', x: 0.5 }, { id: 2, big: null, money: null, at: null, day: null, name: '', x: 1 }],
      types({ id: 'int32', big: 'int64?', money: 'decimal(9, 2)?', at: 'timestamp[us]?', day: 'date?', name: 'utf8', x: 'float32' }),
    )
    const b = await csv('name,id,big,money,at,day,x', 'é,1,7,19.90,2024-02-29T12:00:00Z,2024-02-29,0.5', '"",2,,,,,1')
    const found = await diff(a, b, '--key', 'id')
    expect(found).toMatchObject({ code: 0, equal: true, columns: { onlyA: {}, onlyB: {}, reordered: true } })
    expect(found.columns.types).toContainEqual({ column: 'id', a: 'int32', b: 'int64', compared: 'value' })
    expect((await runCli(['diff', a, b, '--key', 'id'])).out).toMatch(/column id: int32 and int64, compared by value\n[\s\S]*equal: 2 rows, 7 columns\n$/)
  })

  it('takes floats in text for what they were written of', async () => {
    const a = await parquet([{ x: 0.1, y: 0.1 }], types({ x: 'float32', y: 'decimal(20, 10)' }))
    const b = `${folder}/floats.csv`
    expect((await runCli(['convert', a, b, '-q'])).error).toBe('')
    expect(await diff(a, b)).toMatchObject({ code: 0, columns: { types: [{ column: 'x', a: 'float32', b: 'float64', compared: 'cast' }, { column: 'y', compared: 'cast' }] } })
    expect(await diff(a, await parquet([{ x: 0.1, y: '0.1' }], types({ x: 'float64', y: 'decimal(20, 10)' })))).toMatchObject({ code: 1, changed: { columns: { x: 1 } } })
  })

  it('compares values that only one of two types has, also where keys repeat', async () => {
    const rows = (x: number | null) => [{ k: 1, x }, { k: 1, x: 5 }]
    const a = await parquet(rows(null), types({ k: 'int8', x: 'float32?' }))
    for (const value of [1e300, 'text']) {
      const b = await ndjson({ k: 1, x: 5 }, { k: 1, x: value })
      expect(await diff(a, b, '--key', 'k')).toMatchObject({ code: 1, a: { repeats: { keys: 1, rows: 2 } }, changed: { rows: 1, columns: { x: 1 } } })
    }
    const b = await ndjson({ k: 1, x: null }, { k: 2, x: 1e300 })
    expect(await diff(b, await parquet([{ k: 1, x: null }, { k: 2, x: null }], types({ k: 'int8', x: 'float32?' })))).toMatchObject({ changed: { rows: 1 } })
    const coarse = await parquet([{ k: 1, t: '9999-01-01T00:00:00Z' }, { k: 1, t: null }], types({ k: 'int8', t: 'timestamp[ms]?' }))
    const fine = await parquet([{ k: 1, t: '2024-01-01T00:00:00Z' }, { k: 1, t: null }], types({ k: 'int8', t: 'timestamp[ns]?' }))
    expect(await diff(coarse, fine, '--key', 'k')).toMatchObject({ changed: { rows: 1, columns: { t: 1 } } })
  })

  it('reads text as the other type, and finds what is none of it different', async () => {
    const a = await parquet([{ id: 1, n: '1.50' }, { id: 2, n: 'x' }, { id: 3, n: null }], types({ id: 'int32', n: 'utf8?' }))
    const b = await parquet([{ id: 1, n: 1.5 }, { id: 2, n: null }, { id: 3, n: null }], types({ id: 'int32', n: 'float64?' }))
    expect(await diff(a, b, '--key', 'id')).toMatchObject({ code: 1, changed: { rows: 1, first: [{ key: { id: 2 }, columns: { n: { a: 'x', b: null } } }] }, columns: { types: [{ column: 'n', compared: 'text' }] } })
    const [c, d] = [await parquet([{ k: '7', v: 1 }], types({ k: 'utf8', v: 'int8' })), await parquet([{ k: 7, v: 1 }], types({ k: 'int16', v: 'int8' }))]
    expect(await diff(c, d, '--key', 'k')).toMatchObject({ code: 0 })
  })

  it('finds columns that one file lacks, and types without common values, different', async () => {
    const a = await parquet([{ id: 1, x: 1, y: true }], types({ id: 'int32', x: 'int8', y: 'bool' }))
    const b = await parquet([{ id: 1, z: 'a', y: 2 }], types({ id: 'int32', z: 'utf8', y: 'float64' }))
    expect(await diff(a, b, '--key', 'id')).toMatchObject({ code: 1, columns: { onlyA: { x: 'int8' }, onlyB: { z: 'utf8' }, types: [{ column: 'y', a: 'bool', b: 'float64', compared: null }] }, changed: { rows: 0 } })
    expect((await runCli(['diff', a, b])).out).toContain('column y: bool in')
  })

  it('takes nulls for equal, NaN too, and compares nested values', async () => {
    const schema = types({ id: 'int32?', f: 'float64?', l: 'list<float64?>?', s: 'struct<a: int64, b: list<utf8>>', m: 'map<utf8, int64>' })
    const row = (id: number | null, l: unknown, s = { a: 1n, b: ['x'] }, n = 1n) => ({ id, f: Number.NaN, l, s, m: new Map([['k', n]]) })
    const a = await parquet([row(1, [1, null, Number.NaN]), row(2, null), row(null, []), row(4, [1])], schema)
    const b = await parquet([row(null, []), row(2, [null]), row(1, [1, null, Number.NaN]), row(4, [1], { a: 1n, b: ['y'] }, 2n)], schema)
    expect(await diff(a, a, '--key', 'id')).toMatchObject({ code: 0 })
    expect((await diff(a, b, '--key', 'id')).changed).toEqual({
      rows: 2,
      columns: { l: 1, s: 1, m: 1 },
      first: [
        { key: { id: 2 }, columns: { l: { a: null, b: [null] } } },
        { key: { id: 4 }, columns: { s: { a: { a: 1, b: ['x'] }, b: { a: 1, b: ['y'] } }, m: { a: { k: 1 }, b: { k: 2 } } } },
      ],
    })
    expect(await diff(await parquet([{ l: [1, 2] }], types({ l: 'list<int32>' })), await ndjson({ l: [1, 2] }))).toMatchObject({ code: 0, columns: { types: [{ column: 'l', compared: 'json' }] } })
    expect(await diff(a, b, '--key', 'l')).toMatchObject({ onlyA: { rows: 1 }, onlyB: { rows: 1 } })
  })

  it('compares the rows of keys that repeat as often as they are there', async () => {
    const a = await ndjson({ k: 'x', v: 1 }, { k: 'x', v: 1 }, { k: 'x', v: 2 }, { k: 'y', v: 5 }, { k: null, v: 9 }, { k: 'z', v: 1 }, { k: 'z', v: 2 })
    const b = await ndjson({ k: 'x', v: 1 }, { k: 'x', v: 2 }, { k: 'x', v: 2 }, { k: 'y', v: 6 }, { k: null, v: 9 }, { k: 'z', v: 3 }, { k: 'z', v: 4 }, { k: 'z', v: 1 })
    const found = await diff(a, b, '--key', 'k')
    expect(found).toMatchObject({
      a: { rows: 7, repeats: { keys: 2, rows: 5 } },
      b: { rows: 8, repeats: { keys: 2, rows: 6 } },
      onlyA: { rows: 1, first: [{ k: 'z' }] },
      onlyB: { rows: 2, first: [{ k: 'z' }] },
      changed: { rows: 2, columns: { v: 2 }, first: [{ key: { k: 'x' }, columns: { v: { a: 1, b: 2 } } }, { key: { k: 'y' }, columns: { v: { a: 5, b: 6 } } }] },
    })
    expect(await diff(a, a, '--key', 'k')).toMatchObject({ code: 0, equal: true })
    expect((await runCli(['diff', a, b, '--key', 'k'])).out).toContain(`keys that repeat in ${a}: 2, in 5 rows`)
    expect((await diff(a, b, '--key', 'k', '--tolerance', '1')).changed.rows).toBe(0)
  })

  it('takes several keys, and exact 64-bit integers', async () => {
    const schema = types({ day: 'date', n: 'int64', v: 'int64' })
    const a = await parquet([{ day: '2024-01-01', n: 9007199254740993n, v: 9007199254740993n }], schema)
    const b = await parquet([{ day: '2024-01-01', n: 9007199254740993n, v: 9007199254740992n }], schema)
    const { out } = await runCli(['diff', a, b, '--json', '--key', 'day,n'])
    expect(out).toContain('{"key":{"day":"2024-01-01","n":9007199254740993},"columns":{"v":{"a":9007199254740993,"b":9007199254740992}}}')
  })
})

describe('diff by position', () => {
  it('compares row by row, and tells by how much one file is longer', async () => {
    const a = await csv('n,t', '1,a', '2,b', '3,c')
    const b = await ndjson({ n: 1, t: 'a' }, { n: 2, t: 'B' })
    expect(await diff(a, b)).toMatchObject({ code: 1, key: null, onlyA: { rows: 1, first: [{ row: 3, n: 3, t: 'c' }] }, onlyB: { rows: 0 }, changed: { rows: 1, first: [{ key: { row: 2 }, columns: { t: { a: 'b', b: 'B' } } }] } })
    expect((await runCli(['diff', a, b])).out).toContain('--key finds rows that moved')
    expect((await runCli(['diff', a, a])).out).toBe('equal: 3 rows, 2 columns, row by row\n')
  })

  it('compares files that are cut into other batches', async () => {
    const row = (i: number) => ({ n: i % 7 === 0 ? null : i, t: i % 5 === 0 ? null : `text number ${i}`, l: [i, null], b: i % 2 === 0 })
    const schema = types({ n: 'int32?', t: 'utf8?', l: 'list<int32?>', b: 'bool' })
    const all = Array.from({ length: 20_000 }, (_, i) => row(i))
    const [a, b] = [`${folder}/whole.parquet`, `${folder}/cut.parquet`]
    await from(all, { schema }).to(write.parquet(a, { rowGroupRows: 3_001 })).run()
    const others = all.map((value, i) => (i === 7_777 ? { ...value, t: 'other' } : i === 19_999 ? { ...value, l: [1], b: true } : value))
    await from([...others, row(5), row(6)], { schema }).to(write.parquet(b, { rowGroupRows: 4_999 })).run()
    for (const workers of ['0', '2'])
      expect(await diff(a, b, '--limit', '1', '--workers', workers)).toMatchObject({
        a: { rows: 20_000 },
        b: { rows: 20_002 },
        onlyA: { rows: 0 },
        onlyB: { rows: 2, first: [{ row: 20_001, n: 5, t: null, l: [5, null], b: false }] },
        changed: { rows: 2, columns: { t: 1, l: 1, b: 1 }, first: [{ key: { row: 7_778 }, columns: { t: { a: 'text number 7777', b: 'other' } } }] },
      })
    expect(await diff(a, a)).toMatchObject({ code: 0, a: { rows: 20_000 } })
  })

  it('ends where one file breaks off, and where it is cancelled', async () => {
    const a = await csv('n', ...Array.from({ length: 100_000 }, (_, i) => `${i}`))
    const broken = `${folder}/broken.csv`
    await writeFile(broken, `n\n${Array.from({ length: 300_000 }, (_, i) => `${i === 299_000 ? 'x,y' : i}`).join('\n')}\n`)
    for (const pair of [[a, broken], [broken, a]] as const) expect(await runCli(['diff', ...pair])).toMatchObject({ code: 2, error: expect.stringContaining('line 299002') })
    expect(await runCli(['diff', a, a], { signal: AbortSignal.abort() })).toMatchObject({ code: 130 })
    expect(await runCli(['diff', a, a, '--key', 'n'], { signal: AbortSignal.abort() })).toMatchObject({ code: 130 })
  })

  it('takes patterns: several files as one', async () => {
    await writeFile(`${folder}/part-1.csv`, 'n\n1\n')
    await writeFile(`${folder}/part-2.csv`, 'n\n2\n')
    expect(await diff(`${folder}/part-*.csv`, await csv('n', '1', '2'))).toMatchObject({ code: 0 })
  })
})

describe('diff', () => {
  it('answers wrong usage and failures with 2, so that 1 means different', async () => {
    const a = await csv('id,city', '1,Oslo')
    for (const [args, text] of [
      [[a, `${folder}/none.csv`], 'none.csv'],
      [[a, a, '--key', 'citi'], 'did you mean "city"?'],
      [[a, a, '--ignore', 'citi'], 'did you mean "city"?'],
      [[a, a, '--tolerance', '-1'], 'a number of at least 0'],
      [[a], "missing required argument 'other-file'"],
    ] as const) expect(await runCli(['diff', ...args])).toMatchObject({ code: 2, out: '', error: expect.stringContaining(text) })
    const broken = `${folder}/broken.parquet`
    await writeFile(broken, 'PAR1')
    expect(await runCli(['diff', a, broken])).toMatchObject({ code: 2 })
  })
})
