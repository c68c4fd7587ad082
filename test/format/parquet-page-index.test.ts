// The page index: written for every type, read to fetch only the pages that are wanted, and passed over or refused where it is wrong.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { type ByteReader, bytesReader } from '../../src/base/bytes.ts'
import { DataError } from '../../src/base/errors.ts'
import { random } from '../../src/base/random.ts'
import { releaseBatch } from '../../src/batch/batch.ts'
import { createDevice } from '../../src/device/device.ts'
import { pagePieces } from '../../src/format/parquet/page-pieces.ts'
import { type ParquetFile, readFooter } from '../../src/format/parquet/read-footer.ts'
import { readPageBounds, readPagePlaces } from '../../src/format/parquet/read-page-index.ts'
import { readRowGroup } from '../../src/format/parquet/read-row-group.ts'
import type { ParquetWriteOptions } from '../../src/format/parquet/write-options.ts'
import { allTypes, allTypesRows, exact, readParquet, type Rows, writeParquet } from '../support/format-files.ts'

const device = await createDevice()
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))

function counted(bytes: Uint8Array): { reader: ByteReader; ranges: [number, number][] } {
  const ranges: [number, number][] = []
  return { ranges, reader: { size: bytes.byteLength, read: (start, end) => (ranges.push([start, end]), bytes.subarray(start, end)) } }
}

function chunkOf(file: ParquetFile, name: string, group = 0) {
  const column = file.columns.find(({ field }) => field.name === name)!
  return { column, chunk: file.rowGroups[group]!.chunks[column.leaf]!, rowCount: file.rowGroups[group]!.rowCount }
}

// What the index says of a column's pages: rows, nulls, least, greatest.
function pagesOf(bytes: Uint8Array, name: string) {
  const reader = bytesReader(bytes)
  const { column, chunk, rowCount } = chunkOf(readFooter(reader, 'test.parquet'), name)
  const pages = readPagePlaces(reader, chunk, rowCount)
  const bounds = pages && readPageBounds(reader, column, chunk, pages)
  const shown = (bound: unknown) => (bound instanceof Uint8Array ? new TextDecoder().decode(bound) : bound)
  return pages?.map(({ rows }, i) => [rows, bounds?.[i]?.nulls, shown(bounds?.[i]?.least), shown(bounds?.[i]?.greatest)])
}

describe('the page index', () => {
  it('tells rows, nulls and bounds of pages with and without dictionaries', () => {
    const rows = Array.from({ length: 25 }, (_, i) => ({ n: i >= 10 && i < 20 ? null : i * 3, t: `text ${String.fromCharCode(97 + i)}`, f: i === 3 ? NaN : i / 2, k: i % 2 }))
    for (const dictionary of [true, false]) {
      const bytes = writeParquet(device, { n: 'int32?', t: 'utf8', f: 'float64', k: 'int64' }, rows.map(row => ({ ...row, k: BigInt(row.k) })), { pageRows: 10, dictionary })
      expect(pagesOf(bytes, 'n')).toEqual([[10, 'none', 0, 27], [10, 'all', undefined, undefined], [5, 'none', 60, 72]])
      expect(pagesOf(bytes, 't')).toEqual([[10, 'none', 'text a', 'text j'], [10, 'none', 'text k', 'text t'], [5, 'none', 'text u', 'text y']])
      expect(pagesOf(bytes, 'f'), 'a NaN has no order').toEqual([[10, undefined, undefined, undefined], [10, undefined, undefined, undefined], [5, undefined, undefined, undefined]])
      expect(pagesOf(bytes, 'k')).toEqual([[10, 'none', 0n, 1n], [10, 'none', 0n, 1n], [5, 'none', 0n, 1n]])
    }
  })

  it('cuts long texts so that none is beyond them, and stay texts', () => {
    const long = (last: string) => `${'x'.repeat(62)}${last}${'y'.repeat(30)}`
    const bytes = writeParquet(device, { t: 'utf8' }, [long('é'), long('😀'), long('z')].map(t => ({ t })), { pageRows: 1 })
    const cut = pagesOf(bytes, 't')!
    expect(cut.map(([, , least]) => least)).toEqual([`${'x'.repeat(62)}é`, expect.stringContaining('x'.repeat(62)), `${'x'.repeat(62)}zy`])
    expect(cut.map(([, , , most]) => most)).toEqual([`${'x'.repeat(62)}ê`, `${'x'.repeat(61)}y`, `${'x'.repeat(62)}zz`])
    const top = writeParquet(device, { t: 'utf8', b: 'binary' }, [{ t: '\u{10ffff}'.repeat(20), b: new Uint8Array(90).fill(255) }, { t: '', b: new Uint8Array(0) }], { pageRows: 1 })
    expect([pagesOf(top, 't'), pagesOf(top, 'b')].map(pages => pages!.map(page => page[3])), 'nothing is above').toEqual([[undefined, undefined], [undefined, undefined]])
  })

  it('is written where there are pages to choose from, always, or never', () => {
    const has = (options: ParquetWriteOptions) => pagesOf(writeParquet(device, { n: 'int32' }, allTypesRows(30).map((_, n) => ({ n })), options), 'n') !== undefined
    expect([has({}), has({ pageRows: 10 }), has({ pageIndex: true }), has({ pageRows: 10, pageIndex: false })]).toEqual([false, true, true, false])
  })

  it('goes with row groups that are appended from another writer, and checkpoints', () => {
    const bytes = writeParquet(device, { n: 'int32' }, Array.from({ length: 300 }, (_, n) => ({ n })), { pageRows: 7, rowGroupRows: 100 })
    const file = readFooter(bytesReader(bytes), 'test.parquet')
    for (const group of [0, 1, 2]) {
      const { chunk } = chunkOf(file, 'n', group)
      expect(readPagePlaces(bytesReader(bytes), chunk, 100)?.length).toBe(15)
    }
  })

  it.each([true, false])('reads any ranges of rows, dictionary %s', dictionary => {
    const chance = random(4)
    const rows = allTypesRows(900)
    const bytes = writeParquet(device, allTypes, rows, { pageRows: 37, dictionary, rowGroupRows: 1_000, compression: 'zstd' })
    for (let turn = 0; turn < 30; turn++) {
      const cuts = [...new Set(Array.from({ length: 2 * (1 + chance.int(5)) }, () => chance.int(901)))].sort((a, b) => a - b)
      const ranges = Array.from({ length: cuts.length >> 1 }, (_, i) => [cuts[2 * i]!, cuts[2 * i + 1]!] as const)
      expect(exact(readParquet(device, bytes, { ranges, batchRows: 1 + chance.int(100) }))).toBe(exact(ranges.flatMap(([start, end]) => rows.slice(start, end))))
    }
  })

  it('keeps nested columns in step with flat ones, whatever pages they have', () => {
    const rows = Array.from({ length: 400 }, (_, i) => ({ n: i, l: i % 5 === 0 ? null : Array.from({ length: i % 7 }, (_, k) => (k === 3 ? null : { a: i, t: `${k}` })) }))
    const bytes = writeParquet(device, { n: 'int32', l: 'list<struct<a: int32, t: utf8>?>?' }, rows, { pageRows: 30 })
    const ranges = [[3, 40], [41, 42], [200, 399]] as const
    expect(exact(readParquet(device, bytes, { ranges, batchRows: 16 }))).toBe(exact(ranges.flatMap(([start, end]) => rows.slice(start, end))))
  })

  it('fetches the pages of the ranges, their dictionary and the index, and no other byte', () => {
    const rows = Array.from({ length: 50_000 }, (_, i) => ({ a: Math.sin(i), b: `text ${i % 100}`, c: i }))
    const bytes = writeParquet(device, { a: 'float64', b: 'utf8', c: 'int32' }, rows, { pageRows: 1_000, compression: 'none' })
    const { reader, ranges } = counted(bytes)
    const file = readFooter(reader, 'test.parquet')
    ranges.length = 0
    let [read, skipped] = [0, 0]
    const reading = readRowGroup({
      device,
      reader,
      file,
      where: 'test.parquet',
      rowGroup: 0,
      columns: ['a', 'b'],
      batchRows: 4_096,
      ranges: [[10_500, 12_000], [40_000, 40_001]],
      count: (_, by) => (skipped += by),
      arena: () => device.arena(),
      emit: batch => ((read += batch.rowCount), releaseBatch(device, batch)),
    })
    for (const _ of reading);
    expect([read, skipped]).toEqual([1_501, 2 * (50 - 3)])
    const wanted = ['a', 'b'].flatMap(name => {
      const { chunk } = chunkOf(file, name)
      const pages = readPagePlaces(reader, chunk, 50_000)!
      const { offset, bytes: indexBytes } = chunk.offsetIndex!
      const dictionary = chunk.dictionaryOffset === undefined ? [] : [[chunk.dictionaryOffset, chunk.dataOffset]]
      return [[offset, offset + indexBytes], ...dictionary, [pages[10]!.offset, pages[12]!.offset], [pages[40]!.offset, pages[41]!.offset]]
    })
    const index = ranges.splice(-2)
    expect(index.length).toBe(2)
    const byStart = (all: number[][]) => all.toSorted((a, b) => a[0]! - b[0]!)
    expect(byStart(ranges)).toEqual(byStart(wanted))
  })

  it('cuts rows wherever a page of one of the columns begins', () => {
    const bytes = writeParquet(device, { t: 'utf8', n: 'int32' }, Array.from({ length: 100 }, (_, i) => ({ t: 'x'.repeat(10) + i, n: i })), { pageBytes: 200, dictionary: false })
    const file = readFooter(bytesReader(bytes), 'test.parquet')
    const pieces = pagePieces(bytesReader(bytes), file.columns, file.rowGroups[0]!.chunks, 100)!
    expect(pieces.length).toBeGreaterThan(4)
    expect(pieces.map(({ start }) => start)).toEqual([0, ...pieces.slice(0, -1).map(({ end }) => end)])
    for (const { start, end, bounds } of pieces) {
      expect(bounds['n']!.least as number).toBeLessThanOrEqual(start)
      expect(bounds['n']!.greatest as number).toBeGreaterThanOrEqual(end - 1)
    }
  })
})

const changedFooter = (bytes: Uint8Array, change: (index: DataView, at: number) => void, which: 'offsetIndex' | 'columnIndex') => {
  const copy = bytes.slice()
  const place = chunkOf(readFooter(bytesReader(copy), 'test.parquet'), 'n').chunk[which]!
  change(new DataView(copy.buffer, place.offset, place.bytes), place.bytes)
  return copy
}

describe('a damaged page index', () => {
  const rows: Rows = Array.from({ length: 600 }, (_, n) => ({ n, t: `text ${n}` }))
  const bytes = writeParquet(device, { n: 'int32', t: 'utf8' }, rows, { pageRows: 100, compression: 'none', dictionary: false })
  const ranges = [[150, 230], [500, 501]] as const
  const expected = exact(ranges.flatMap(([start, end]) => rows.slice(start, end)))

  it('gives the right rows or a typed error, whichever byte is wrong', () => {
    const seen = new Set<string>()
    for (const which of ['offsetIndex', 'columnIndex'] as const) {
      const size = chunkOf(readFooter(bytesReader(bytes), 'test.parquet'), 'n').chunk[which]!.bytes
      for (let at = 0; at < size; at++)
        for (const xor of [1, 2, 4, 64, 128, 255]) {
          const copy = changedFooter(bytes, view => view.setUint8(at, view.getUint8(at) ^ xor), which)
          const file = readFooter(bytesReader(copy), 'test.parquet')
          pagePieces(bytesReader(copy), file.columns, file.rowGroups[0]!.chunks, 600)
          try {
            expect(exact(readParquet(device, copy, { ranges }))).toBe(expected)
            seen.add('rows')
          } catch (thrown) {
            if (!(thrown instanceof DataError)) throw thrown
            seen.add(thrown.code)
          }
        }
    }
    expect(seen).toContain('rows')
  })

  it('is no index where its places have gaps, overlap, or end elsewhere than the chunk', () => {
    const { chunk } = chunkOf(readFooter(bytesReader(bytes), 'test.parquet'), 'n')
    const reader = bytesReader(bytes)
    expect(readPagePlaces(reader, chunk, 600)?.length).toBe(6)
    expect(readPagePlaces(reader, { ...chunk, compressedBytes: chunk.compressedBytes - 1 }, 600)).toBeUndefined()
    expect(readPagePlaces(reader, { ...chunk, dataOffset: chunk.dataOffset + 1 }, 600)).toBeUndefined()
    expect(readPagePlaces(reader, chunk, 500), 'a page would begin behind the last row').toBeUndefined()
    for (const place of [{ offset: -5, bytes: 20 }, { offset: 4, bytes: 1e15 }, { offset: bytes.length - 20, bytes: 40 }, { offset: 0, bytes: 10 }])
      expect(readPagePlaces(reader, { ...chunk, offsetIndex: place }, 600)).toBeUndefined()
  })

  it('is told from the page it leads to', () => {
    // The first two bytes of the row number of page 2, as a varint: 200 becomes 199.
    const moved = changedFooter(bytes, view => {
      for (let i = 0; i + 1 < view.byteLength; i++)
        if (view.getUint8(i) === 0x90 && view.getUint8(i + 1) === 0x03) {
          view.setUint8(i, 0x8e)
          return
        }
    }, 'offsetIndex')
    expect(() => readParquet(device, moved, { ranges, columns: ['n'] })).toThrow(
      expect.objectContaining({ code: 'PAGE_INDEX', message: expect.stringMatching(/^test\.parquet, row group 0, column "n", byte \d+: the page has 100 rows and ends here, by the page index 99 and at byte \d+; the file is corrupt; read it with pageIndex: false$/) }),
    )
    expect(exact(readParquet(device, moved))).toBe(exact(rows))
  })

  it('refuses ranges that the row group does not have', () => {
    for (const wrong of [[[0, 601]], [[5, 5]], [[10, 20], [15, 30]]] as const)
      expect(() => readParquet(device, bytes, { ranges: wrong })).toThrow(expect.objectContaining({ code: 'ROW_RANGE' }))
  })
})

const suite = process.env.MILLRACE_SUITES ?? fileURLToPath(new URL('../../../shared/suites', import.meta.url))
const data = `${suite}/parquet-testing/data`

describe.skipIf(!existsSync(data))('page indexes of other writers', () => {
  const names = existsSync(data) ? readdirSync(data).filter(name => name.endsWith('.parquet') && !/large_string_map|malformed|corrupt/.test(name)) : []

  it('lead to the same rows as reading in order', () => {
    let indexed = 0
    for (const name of names) {
      const bytes = new Uint8Array(readFileSync(`${data}/${name}`))
      const reader = bytesReader(bytes)
      const file = readFooter(reader, name)
      if (file.columns.some(column => column.unreadable !== undefined)) continue
      const { chunks, rowCount } = file.rowGroups[0] ?? { chunks: [], rowCount: 0 }
      const flat = file.columns.filter(column => !column.nested && readPagePlaces(reader, chunks[column.leaf]!, rowCount))
      if (flat.length === 0 || file.rowGroups.length > 1) continue
      indexed++
      const columns = flat.map(column => column.field.name)
      const all = readParquet(device, bytes, { columns, int96: 'us' })
      const ranges = [[rowCount >> 2, (rowCount >> 1) + 1], [rowCount - 1, rowCount]].filter(([start, end], i) => i === 0 || (start! > (rowCount >> 1) + 1 && end! > start!)) as [number, number][]
      expect(exact(readParquet(device, bytes, { columns, ranges, int96: 'us' })), name).toBe(exact(ranges.flatMap(([start, end]) => all.slice(start, end))))
    }
    expect(indexed).toBeGreaterThan(3)
  })
})
