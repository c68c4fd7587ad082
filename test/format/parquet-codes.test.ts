// What a Parquet file's dictionaries say of its columns: numbers of texts and bounds of whole numbers, and what steps make of them where dictionaries differ from row group to row group.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { bytesReader } from '../../src/base/bytes.ts'
import { random } from '../../src/base/random.ts'
import { type Batch, releaseBatch } from '../../src/batch/batch.ts'
import { int32, int64, utf8 } from '../../src/batch/data-type.ts'
import { createDevice } from '../../src/device/device.ts'
import { aboutDictionary } from '../../src/format/parquet/about-dictionary.ts'
import { readFooter } from '../../src/format/parquet/read-footer.ts'
import { readRowGroup } from '../../src/format/parquet/read-row-group.ts'
import { ScanTexts } from '../../src/format/parquet/scan-texts.ts'
import type { ParquetLeaf } from '../../src/format/parquet/schema-tree.ts'
import { agg, col, count, countDistinct, max, read, sum, write } from '../../src/index.ts'
import { writeParquet } from '../support/format-files.ts'
import { closeEngines, frame } from '../support/frames.ts'
import { columnOf, uint32sAt, valuesOf } from '../support/samples.ts'

const device = await createDevice()
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))
afterAll(closeEngines)

function eachBatchOf(bytes: Uint8Array, batchRows: number, look: (batch: Batch) => void): void {
  const reader = bytesReader(bytes)
  const file = readFooter(reader, 'test.parquet')
  const emit = (batch: Batch) => {
    look(batch)
    releaseBatch(device, batch)
  }
  for (let rowGroup = 0; rowGroup < file.rowGroups.length; rowGroup++) {
    for (const _ of readRowGroup({ device, reader, file, where: 'test.parquet', rowGroup, columns: undefined, batchRows, arena: () => device.arena(), emit }));
  }
}

const cities = ['Bonn', 'a city whose name is long', '', 'Köln', 'Trier']
const schema = { city: 'utf8?', size: 'int32', at: 'timestamp[ms]?', half: 'float64' } as const

function rowsOf(seed: number, length: number): Record<string, unknown>[] {
  const chance = random(seed)
  return Array.from({ length }, () => ({
    city: chance.int(4) === 0 ? null : cities[chance.int(5)],
    size: chance.int(9) - 3,
    at: chance.int(5) === 0 ? null : 1_700_000_000_000 + chance.int(7),
    half: chance.int(4) / 2,
  }))
}

describe('columns of chunks with dictionaries', () => {
  it.each([1, 64, 500, 5_000])('have the numbers of texts and bounds of whole numbers, in batches of %i rows', batchRows => {
    let rows = 0
    eachBatchOf(writeParquet(device, schema, rowsOf(1, 3_000), { rowGroupRows: 1_100 }), batchRows, ({ columns, rowCount }) => {
      const [city, size, at, half] = columns as [Batch['columns'][number], Batch['columns'][number], Batch['columns'][number], Batch['columns'][number]]
      const distinct = valuesOf(device, city.codes!.dictionary)
      expect(new Set(distinct).size).toBe(distinct.length)
      const codes = uint32sAt(device, city.codes!.values, rowCount)
      for (const code of codes) expect(code).toBeLessThan(distinct.length)
      valuesOf(device, city).forEach((value, row) => value !== null && expect(distinct[codes[row]!]).toBe(value))
      expect(size.range).toEqual({ min: -3, max: 5 })
      expect(at.range).toEqual({ min: 1_700_000_000_000, max: 1_700_000_000_006 })
      expect(half.range).toBeUndefined()
      rows += rowCount
    })
    expect(rows).toBe(3_000)
  })

  it('have none where a batch holds values that come from no dictionary', () => {
    eachBatchOf(writeParquet(device, schema, rowsOf(2, 500), { dictionary: false }), 100, ({ columns }) => {
      expect(columns.map(column => [column.codes, column.range])).toEqual(columns.map(() => [undefined, undefined]))
    })
  })
})

describe('a look at a dictionary', () => {
  const about = (type: typeof utf8 | typeof int32 | typeof int64, physical: string, values: readonly (string | number | bigint)[]) => {
    const arena = device.arena()
    const texts = new ScanTexts(device)
    const leaf = { field: { name: 'c', type, nullable: false }, physical } as unknown as ParquetLeaf
    const found = aboutDictionary(device, columnOf(device, arena, type, values), leaf, texts, arena)
    texts.close()
    arena.release()
    return found
  }

  it('numbers texts over row groups, those that stand there twice alike, and starts again where others would be in the way', () => {
    const arena = device.arena()
    const texts = new ScanTexts(device)
    const leaf = { field: { name: 'c', type: utf8, nullable: false }, physical: 'BYTE_ARRAY' } as unknown as ParquetLeaf
    const look = (values: readonly string[]) => {
      const found = aboutDictionary(device, columnOf(device, arena, utf8, values), leaf, texts, arena).texts!
      return { numbers: [...uint32sAt(device, found.numbers, values.length)], texts: valuesOf(device, found.dictionary), at: found.dictionary.values }
    }
    const first = look(['a', 'b', 'a'])
    expect([first.numbers, first.texts]).toEqual([[0, 1, 0], ['a', 'b']])
    expect(look(['b', 'a'])).toEqual({ numbers: [1, 0], texts: ['a', 'b'], at: first.at })
    const long = 'a text that is longer than a view'
    const third = look([long, 'b', long])
    expect([third.numbers, third.texts]).toEqual([[2, 1, 2], ['a', 'b', long]])
    const many = Array.from({ length: 256 }, (_, i) => `n${i}`)
    expect(look(many).texts).toEqual(['a', 'b', long, ...many])
    const others = Array.from({ length: 255 }, (_, i) => `m${i}`)
    const last = look(['a', ...others])
    expect([last.numbers, last.texts]).toEqual([[...Array(256).keys()], ['a', ...others]])
    texts.close()
    arena.release()
  })

  it('finds bounds to the bit, and none beyond 2^53', () => {
    expect(about(int32, 'INT32', [3, -(2 ** 31), 2 ** 31 - 1])).toEqual({ range: { min: -(2 ** 31), max: 2 ** 31 - 1 } })
    expect(about(int64, 'INT64', [5n, -(2n ** 53n) + 1n])).toEqual({ range: { min: -(2 ** 53) + 1, max: 5 } })
    expect(about(int64, 'INT64', [5n, 2n ** 53n])).toEqual({})
  })

  it('passes over large ones', () => {
    expect(about(int32, 'INT32', Array.from({ length: 16_385 }, (_, i) => i))).toEqual({})
  })
})

describe('queries of a file whose dictionaries differ', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-codes-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'rows.parquet')
  // Every row group meets the cities in another order, and has one of its own.
  const rows = [1, 2, 3, 4].flatMap(seed => rowsOf(seed, 4_000).map((row, i) => ({ ...row, ...(i % 50 === 0 && { city: `only in ${seed}` }) })))

  it.each([
    ['groups by texts', (f: any) => f.groupBy('city').agg({ n: count(), s: sum('size') })],
    ['groups by texts and small numbers', (f: any) => f.groupBy('city', 'size').agg({ n: count(), most: max('half') })],
    ['groups by times', (f: any) => f.groupBy('at').agg({ n: count(), s: sum('half') })],
    ['filters by texts', (f: any) => f.filter(col('city').eq('Köln').or(col('city').eq('only in 3'))).groupBy('city').agg({ n: count(), s: sum('size') })],
    ['filters by a text that one row group has', (f: any) => f.filter(col('city').eq('only in 2')).groupBy().agg({ n: count(), s: sum('size') })],
    ['counts distinct texts and lists them', (f: any) => f.groupBy('size').agg({ n: countDistinct('city'), c: agg.mode('city') })],
    ['computes of texts', (f: any) => f.select({ u: col('city').upper(), size: col('size') }).groupBy('u').agg({ n: count(), s: sum('size') })],
    ['joins by texts', (f: any) => f.join(frame(cities.map((city, i) => ({ city, rank: i })), { city: 'utf8', rank: 'int32' }), { on: 'city' }).groupBy('rank').agg({ n: count() })],
    ['sorts by texts', (f: any) => f.sort('city', 'size', 'half').limit(500)],
  ])('%s', async (_, query) => {
    await frame(rows, schema).to(write.parquet(path, { rowGroupRows: 4_000, overwrite: true }) as never).run()
    const sorted = (table: { toArray(): unknown[] }) => table.toArray().map(row => JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? String(v) : v))).sort()
    const expected = sorted(await query(frame(rows, schema)).collect({ workers: 0, fuse: 'never' }))
    for (const fuse of ['never', 'always'] as const) {
      for (const workers of [0, 2]) for (const batchRows of [64, 1_000, 65_536]) expect(sorted(await query(read.parquet(path)).collect({ workers, fuse, batchRows }))).toEqual(expected)
    }
  })
})
