// Rows by their numbers: read.parquet(path, { rows: [from, to] }) gives just these, of flat and nested columns, and fetches no row group and no page without them.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { bytesReader } from '../../src/base/bytes.ts'
import { random } from '../../src/base/random.ts'
import { createDevice } from '../../src/device/device.ts'
import { SharedScratch } from '../../src/format/parquet/chunk-values.ts'
import { chunkRanges } from '../../src/format/parquet/chunk-ranges.ts'
import { NestedColumnReader } from '../../src/format/parquet/nested-column.ts'
import { PagePlan } from '../../src/format/parquet/page-plan.ts'
import { type ParquetFile, readFooter } from '../../src/format/parquet/read-footer.ts'
import { readPageHeaders } from '../../src/format/parquet/read-page-headers.ts'
import { type PagePlace, readPagePlaces } from '../../src/format/parquet/read-page-index.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import type { WriteParquetOptions } from '../../src/frame/write.ts'
import { read, write } from '../../src/index.ts'
import { exact } from '../support/format-files.ts'
import { closeEngines, frame, pagesInUse } from '../support/frames.ts'
import type { PlainElement } from '../support/plain-dremel.ts'
import { plainParquet } from '../support/plain-parquet.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-rows-'))
afterEach(async () => expect([await pagesInUse(1), await pagesInUse(2)]).toEqual([0, 0]))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const schema = {
  id: 'int32', t: 'utf8?', l: 'list<int32>?', ll: 'list<list<utf8?>>', s: 'struct<a: int64?, b: list<float64>>?', m: 'map<utf8, int32?>', deep: 'list<struct<x: int32?, y: utf8>?>?',
} as const
const seed = Number(process.env.SEED ?? 1)
const chance = random(seed)
const many = <T>(make: (i: number) => T) => Array.from({ length: [0, 1, 2, 3, 40][chance.int(5)]! }, (_, i) => make(i))
const rowsOf = (count: number, first: number) =>
  Array.from({ length: count }, (_, k) => {
    const id = first + k
    return {
      id,
      t: chance.int(4) === 0 ? null : `text ${id % 7}`,
      l: chance.int(4) === 0 ? null : many(i => id + i),
      ll: many(() => many(i => (i % 3 === 0 ? null : `${id}`))),
      s: chance.int(5) === 0 ? null : { a: chance.int(3) === 0 ? null : BigInt(id), b: many(i => i / 2) },
      m: new Map(many(i => [`k${i}`, i % 2 === 0 ? null : id] as const)),
      deep: chance.int(4) === 0 ? null : many(i => (i % 4 === 3 ? null : { x: i % 2 === 0 ? null : id, y: `y${i}` })),
    }
  })
const rows = [rowsOf(700, 0), rowsOf(1, 700), rowsOf(399, 701)]
const all = rows.flat()
const styles: readonly WriteParquetOptions[] = [
  { rowGroupRows: 300, pageRows: 20 },
  { rowGroupRows: 300, pageRows: 20, encoding: 'plain', compression: 'none', pageIndex: false },
  { rowGroupRows: 250, pageRows: 7, encoding: 'delta', compression: 'zstd' },
]

// biome-ignore lint/suspicious/noExplicitAny: the files' columns are known at run time only
const scan = (path: Parameters<typeof read.parquet>[0], options = {}) => read.parquet(path, options) as any as FrameValue

describe.each(styles.map((style, i) => [i, style] as const))('rows by number, written in style %i', (nth, style) => {
  const pattern = `${folder}/${nth}-*.parquet`
  beforeAll(async () => {
    for (const [i, part] of rows.entries()) await frame(part, schema).to(write.parquet(`${folder}/${nth}-${i}.parquet`, style)).run({ workers: 1 })
  })

  it(`are those of all files together, whatever they begin and end with, seed ${seed}`, { timeout: 120_000 }, async () => {
    const edges = [[0, 0], [0, 1], [699, 702], [0, 1100], [1099, 5000], [1100, 1101], [5000, 6000], [299, 300], [300, 301], [20, 40]]
    const drawn = Array.from({ length: 25 }, () => [chance.int(1100), chance.int(1100)].sort((a, b) => a - b))
    for (const [turn, [from, to]] of [...edges, ...drawn].entries()) {
      const options = { rows: [from!, to!], ...(turn % 5 === 4 && { pageIndex: false }) }
      const table = await scan(pattern, options).collect({ workers: 1 + (turn % 2), batchRows: [7, 64, 4096][turn % 3]! } as never)
      expect(exact(table.toArray()), `rows ${from} to ${to}`).toBe(exact(all.slice(from, to)))
      const some = await scan(pattern, options).filter(`id % 3 = 0 and id > ${from! + 5}`).select('id', 'deep').collect({ workers: 1 })
      expect(exact(some.toArray()), `filtered rows ${from} to ${to}`).toBe(exact(all.slice(from, to).filter(({ id }) => id % 3 === 0 && id > from! + 5).map(({ id, deep }) => ({ id, deep }))))
    }
  })

  it('are counted, and explained, as they are read', async () => {
    const frame = scan(pattern, { rows: [690, 710] })
    expect((await frame.rowIndex('row').collect()).toArray().map(row => row['row'])).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect((await frame.collect()).numRows).toBe(20)
    expect((await frame.limit(3).collect()).toArray().map(row => row['id'])).toEqual([690, 691, 692])
    expect((await frame.collect({ workers: 1 })).stats.counts['pagesSkipped'] ?? 0).toBeGreaterThan(style.pageIndex === false ? -1 : 10)
  })
})

describe('rows of a file that is fetched', () => {
  const wide = { id: 'int64', noise: 'float64', l: 'list<float64>', s: 'struct<x: float64, y: list<int64>>' } as const
  let bytes: Uint8Array
  let file: ParquetFile
  const count = 40_000
  beforeAll(async () => {
    const draw = random(9)
    const big = Array.from({ length: count }, (_, i) => ({ id: BigInt(i), noise: draw.float(), l: [draw.float(), draw.float()], s: { x: draw.float(), y: [BigInt(draw.int(2 ** 30)), BigInt(i)] } }))
    await frame(big, wide).to(write.parquet(`${folder}/wide.parquet`, { rowGroupRows: 10_000, pageRows: 2_000, encoding: 'plain', compression: 'none' })).run({ workers: 1 })
    bytes = new Uint8Array(readFileSync(`${folder}/wide.parquet`))
    file = readFooter(bytesReader(bytes), 'wide.parquet')
  })

  it.each([['id'], ['id', 'noise'], ['l'], ['s'], ['noise', 'l', 's']])('are fetched by their pages alone: %j', async (...columns) => {
    const asked: [number, number][] = []
    const reader = { size: bytes.length, name: 'wide.parquet', read: (offset: number, length: number) => {
      asked.push([offset, offset + length])
      return bytes.subarray(offset, offset + length)
    } }
    const table = await scan(reader, { rows: [23_000, 23_500] }).select(...columns).collect({ workers: 1 })
    expect(table.numRows).toBe(500)
    if (columns.includes('id')) expect(table.column('id').get(0)).toBe(23_000n)
    const chosen = file.columns.filter(column => columns.includes(column.field.name))
    const needed = chunkRanges(bytesReader(bytes), chosen, file.rowGroups[2]!, [[3_000, 3_500]])
    const inPages = asked.filter(([start]) => start < bytes.length - 64 * 1024 && file.rowGroups.some(group => group.chunks.some(({ dataOffset, compressedBytes }) => start >= dataOffset && start < dataOffset + compressedBytes)))
    const sum = (ranges: readonly (readonly [number, number])[]) => ranges.reduce((total, [start, end]) => total + end - start, 0)
    expect(sum(inPages)).toBe(sum(needed))
    for (const [start, end] of inPages) expect(needed.some(([from, to]) => start >= from && end <= to)).toBe(true)
    // A page a leaf, of twenty.
    const whole = chosen.flatMap(column => file.rowGroups.flatMap(group => group.chunks.filter(chunk => chunk.path[0] === column.field.name))).reduce((total, chunk) => total + chunk.compressedBytes, 0)
    expect(sum(inPages)).toBeLessThan(whole / 19)
  })

  it('of no page are fetched where there are no such rows', async () => {
    let fetched = 0
    const reader = { size: bytes.length, read: (offset: number, length: number) => {
      fetched += length
      return bytes.subarray(offset, offset + length)
    } }
    expect((await scan(reader, { rows: [50_000, 60_000] }).collect({ workers: 1 })).numRows).toBe(0)
    expect(fetched).toBeLessThanOrEqual(64 * 1024)
  })
})

describe('page indexes that lie about lists', () => {
  it('are an error that names column and byte, never rows of others', async () => {
    const device = await createDevice()
    const lists = Array.from({ length: 90 }, (_, i) => ({ l: Array.from({ length: 1 + (i % 3) }, (__, k) => 100 * i + k) }))
    await frame(lists, { l: 'list<int32>' }).to(write.parquet(`${folder}/lists.parquet`, { pageRows: 10, encoding: 'plain' })).run({ workers: 1 })
    const reader = bytesReader(new Uint8Array(readFileSync(`${folder}/lists.parquet`)))
    const { columns, rowGroups } = readFooter(reader, 'lists.parquet')
    const { chunks, rowCount } = rowGroups[0]!
    const places = readPagePlaces(reader, chunks[0]!, rowCount)!
    expect(places.length).toBeGreaterThan(6)
    const readWith = (change: (pages: PagePlace[]) => void, from: number, to: number) => {
      const pages = places.map(place => ({ ...place }))
      change(pages as PagePlace[])
      const shared = new SharedScratch(device)
      const column = new NestedColumnReader(device, { reader, where: 'lists.parquet', rowGroup: 0, rowCount, chunks, planOf: () => new PagePlan(pages, [[from, to]]) }, columns[0]!.nested!, shared)
      const arena = device.arena()
      try {
        column.skip(from, Infinity)
        return column.read(arena, to - from).length
      } finally {
        arena.release()
        column.close()
        shared.close()
      }
    }
    const third = places[3]!
    expect(readWith(() => {}, third.firstRow + 2, third.firstRow + 9)).toBe(7)
    const wrong = expect.objectContaining({ code: 'PAGE_INDEX', message: expect.stringMatching(/^lists\.parquet, row group 0, column "l.list.element", byte \d+: .*pageIndex: false$/) })
    const moved = (by: number) => (pages: PagePlace[]) => {
      pages[3] = { ...pages[3]!, rows: pages[3]!.rows + by }
      for (let i = 4; i < pages.length; i++) pages[i] = { ...pages[i]!, firstRow: pages[i]!.firstRow + by }
    }
    expect(() => readWith(moved(1), third.firstRow, third.firstRow + third.rows + 2)).toThrow(wrong)
    expect(() => readWith(moved(-1), third.firstRow, third.firstRow + third.rows)).toThrow(wrong)
    expect(() => readWith(pages => (pages[3] = { ...third, bytes: third.bytes - 1 }), third.firstRow, third.firstRow + 1)).toThrow(expect.objectContaining({ code: 'PAGE_SIZE' }))
    expect(() => readWith(pages => (pages[3] = { ...third, bytes: third.bytes + 1 }), third.firstRow, third.firstRow + 1)).toThrow(wrong)
    expect(device.pages.used()).toBe(0)
  })

  it('are an error where a page begins within a row', async () => {
    const device = await createDevice()
    const list: PlainElement = { name: 'l', repetition: 'required', converted: 3, children: [{ name: 'list', repetition: 'repeated', children: [{ name: 'element', repetition: 'required', physical: 'INT32' }] }] }
    const records = Array.from({ length: 20 }, (_, i) => ({ l: { list: Array.from({ length: 7 }, (__, k) => ({ element: 10 * i + k })) } }))
    // Version 1 of pages may end anywhere.
    const reader = bytesReader(plainParquet([list], records, { random: { ...random(3), int: () => 0 }, codec: 'UNCOMPRESSED', dictionary: false, pageEntries: 1 }))
    const { columns, rowGroups } = readFooter(reader, 'cut.parquet')
    const { chunks, rowCount } = rowGroups[0]!
    const headers = [...readPageHeaders(reader, chunks[0]!, 'cut.parquet')]
    expect(headers.length).toBe(140)
    const pages = headers.slice(0, rowCount).map(({ offset, headerBytes, header }, i) => ({ offset, bytes: headerBytes + header.compressedBytes, firstRow: i, rows: 1 }))
    const shared = new SharedScratch(device)
    const column = new NestedColumnReader(device, { reader, where: 'cut.parquet', rowGroup: 0, rowCount, chunks, planOf: () => new PagePlan(pages, [[0, 2]]) }, columns[0]!.nested!, shared)
    const arena = device.arena()
    try {
      expect(() => column.read(arena, 2)).toThrow(expect.objectContaining({ code: 'PAGE_INDEX', message: expect.stringContaining('the page begins within a row') }))
    } finally {
      arena.release()
      column.close()
      shared.close()
    }
    expect(device.pages.used()).toBe(0)
  })
})

describe('ranges of rows', () => {
  it('are refused where they are none', async () => {
    await frame([{ a: 1 }], { a: 'int32' }).to(write.parquet(`${folder}/one.parquet`)).run()
    for (const wrong of [[1], [2, 1], [-1, 2], [0, 1.5], [0, '2'], 'all', [0, 1, 2], [0, Number.POSITIVE_INFINITY]])
      await expect(scan(`${folder}/one.parquet`, { rows: wrong }).collect()).rejects.toThrow(expect.objectContaining({ code: 'ROWS', message: expect.stringContaining('as in [1000, 2000]') }))
  })
})
