// Nested Parquet columns as users read them: whole, exploded, filtered by what is beside them, in one worker and in two.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { col, count, read } from '../../src/index.ts'
import { closeEngines, pagesInUse } from '../support/frames.ts'
import type { PlainElement } from '../support/plain-dremel.ts'
import { plainParquet } from '../support/plain-parquet.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-nested-'))
const path = join(folder, 'orders.parquet')
const text = { physical: 'BYTE_ARRAY', converted: 0 } as const
const schema: readonly PlainElement[] = [
  { name: 'id', repetition: 'required', physical: 'INT64' },
  { name: 'a', repetition: 'optional', children: [{ name: 'b', repetition: 'optional', physical: 'INT64' }, { name: 'c', repetition: 'repeated', physical: 'INT32' }] },
  { name: 'a.b', repetition: 'optional', physical: 'INT64' },
  { name: 'lines', repetition: 'optional', converted: 3, children: [{ name: 'list', repetition: 'repeated', children: [{ name: 'element', repetition: 'optional', children: [{ name: 'sku', repetition: 'required', ...text }, { name: 'n', repetition: 'optional', physical: 'INT32' }] }] }] },
  { name: 'tags', repetition: 'required', converted: 1, children: [{ name: 'key_value', repetition: 'repeated', children: [{ name: 'key', repetition: 'required', ...text }, { name: 'value', repetition: 'optional', ...text }] }] },
]
const [rowCount, groupRows] = [200, 40]

// `a.b` of the struct falls where the column of that name rises.
const rows = Array.from({ length: rowCount }, (_, i) => ({
  id: BigInt(i),
  a: i % 9 === 0 ? null : { b: BigInt(rowCount - i), c: Array.from({ length: i % 4 }, (_, k) => i + k) },
  'a.b': i % 50 === 7 ? null : BigInt(i),
  lines: i % 5 === 0 ? null : Array.from({ length: i % 3 }, (_, k) => (i % 7 === 0 ? null : { sku: `article number ${i} of ${k}`, n: i % 4 === 0 ? null : k })),
  tags: new Map(i % 2 ? [['colour', i % 3 ? 'red' : null], [`key ${i}`, 'x']] : []),
}))
const records = rows.map(({ a, lines, tags, ...flat }) => ({ ...flat, a, lines: lines && { list: lines.map(element => ({ element })) }, tags: { key_value: [...tags].map(([key, value]) => ({ key, value })) } }))

beforeAll(() => writeFileSync(path, plainParquet(schema, records, { random: random(11), rowGroupRows: groupRows })))
afterEach(async () => expect([await pagesInUse(1), await pagesInUse(2)]).toEqual([0, 0]))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

// biome-ignore lint/suspicious/noExplicitAny: the file's columns are known at run time only
const scan = () => read.parquet(path) as any as FrameValue

describe.each([1, 2])('with %i workers', workers => {
  it('gives all columns of all row groups', async () => {
    const table = await scan().collect({ workers })
    expect(table.toArray()).toEqual(rows)
    expect(table.schema).toEqual({
      id: 'int64',
      a: 'struct<b: int64?, c: list<int32>>?',
      'a.b': 'int64?',
      lines: 'list<struct<sku: utf8, n: int32?>?>?',
      tags: 'map<utf8, utf8?>',
    })
  })

  it('explodes lists, and groups by what is in them', async () => {
    const exploded = await scan().select('id', 'lines').explode('lines').collect({ workers })
    expect(exploded.toArray()).toEqual(rows.flatMap(({ id, lines }) => (lines ?? []).map(line => ({ id, lines: line }))))
    const structs = await scan().groupBy('a').agg({ n: count() }).collect({ workers })
    expect(structs.numRows).toBe(1 + rows.filter(row => row.a !== null).length)
  })

  it('skips row groups by the column that a filter names, not by a leaf of the same path', async () => {
    const table = await scan().filter(col('a.b').lt(30n) as never).collect({ workers })
    expect(table.toArray()).toEqual(rows.filter(row => row['a.b'] !== null && row['a.b'] < 30n))
    expect(table.stats.counts['splitsSkipped']).toBe(rowCount / groupRows - 1)
  })

  it('skips row groups by the statistics of a struct\'s member', async () => {
    // biome-ignore lint/suspicious/noExplicitAny: the file's columns are known at run time only
    const table = await scan().filter((col('a') as any).field('b').le(30n)).collect({ workers })
    expect(table.toArray()).toEqual(rows.filter(row => row.a !== null && row.a.b <= 30n))
    expect(table.stats.counts['splitsSkipped']).toBe(rowCount / groupRows - 1)
  })

  it('reads every row group where a filter asks for nested columns only', async () => {
    const table = await scan().filter(col('a').isNull() as never).select('id').collect({ workers })
    expect(table.toArray()).toEqual(rows.flatMap(({ id, a }) => (a === null ? [{ id }] : [])))
    expect(table.stats.counts['splitsSkipped'] ?? 0).toBe(0)
  })
})
