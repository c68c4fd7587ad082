// Parquet and Arrow files as scans: which files, which splits, which columns, and what is told when they don't fit together.
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { Json } from '../../src/base/json.ts'
import { type Batch, releaseBatch } from '../../src/batch/batch.ts'
import { type PlainRow, rowReader } from '../../src/batch/read-values.ts'
import { schemaText } from '../../src/batch/schema.ts'
import type { Arena } from '../../src/device/arena.ts'
import { createDevice } from '../../src/device/device.ts'
import { arrowScan } from '../../src/source/arrow.ts'
import { listFiles, patternExpression } from '../../src/source/file-list.ts'
import { parquetScan } from '../../src/source/parquet.ts'
import type { AnyScanSourceType, ScanSourceType } from '../../src/source/source.ts'
import { allTypes, allTypesRows, exact, writeArrow, writeParquet } from '../support/format-files.ts'
import { exhaust } from '../support/exhaust.ts'

const device = await createDevice()
const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))
afterAll(() => rmSync(folder, { recursive: true }))

function readAll(
  type: AnyScanSourceType,
  paths: string[],
  { columns, batchRows = 100 }: { columns?: string[]; batchRows?: number } = {},
): { rows: PlainRow[]; fields: Record<string, string>; splits: number; batches: number[]; rowCount?: number } {
  const scan = type as unknown as ScanSourceType
  const { options, fields } = scan.resolve({ paths }, 'read.test')
  const plain = JSON.parse(JSON.stringify(options)) as Json
  const splits = scan.splits(plain)
  const rows: PlainRow[] = []
  const batches: number[] = []
  for (const split of splits) {
    // As a worker does: the arena is the reader's until it is emitted.
    let current: Arena | undefined
    try {
      const reading = scan.read(
        {
          device,
          where: 'read.test',
          batchRows,
          shared: 0,
          count: () => {},
          arena: () => (current = device.arena()),
          emit(batch: Batch) {
            if (batch.arena === current?.address) current = undefined
            batches.push(batch.rowCount)
            const read = rowReader(device.memory, batch)
            for (let row = 0; row < batch.rowCount; row++) rows.push(read(row))
            releaseBatch(device, batch)
          },
        },
        plain,
        split,
        columns,
      )
      exhaust(reading)
    } finally {
      current?.release()
    }
  }
  return { rows, fields: schemaText(fields), splits: splits.length, batches, rowCount: scan.rowCount?.(plain) }
}

const all = allTypesRows(600)
mkdirSync(join(folder, 'parts/deep'), { recursive: true })
mkdirSync(join(folder, 'parts/_hidden'))
const put = (name: string, bytes: Uint8Array | string) => writeFileSync(join(folder, name), bytes)
put('parts/a.parquet', writeParquet(device, allTypes, all.slice(0, 250), { rowGroupRows: 100 }))
put('parts/deep/b.parquet', writeParquet(device, allTypes, all.slice(250, 600), { rowGroupRows: 200 }))
put('parts/_hidden/c.parquet', 'nothing')
put('parts/.tmp.parquet', 'nothing')
put('parts/notes.txt', 'nothing')
put('a.arrow', writeArrow(device, allTypes, all.slice(0, 250), 'file', 100))
put('b.arrow', writeArrow(device, allTypes, all.slice(250), 'stream', 350))

describe.each([
  ['parquet', parquetScan, ['parts'], 5, 600],
  // A split is several record batches.
  ['arrow', arrowScan, ['?.arrow'], 2, undefined],
] as const)('read.%s', (_, scan, names, splits, rowCount) => {
  const paths = names.map(name => join(folder, name))
  it('reads all files of a directory or pattern, in order, split by split', () => {
    const found = readAll(scan, paths)
    expect(found.fields).toEqual(allTypes)
    expect(found.splits).toBe(splits)
    expect(found.rowCount).toBe(rowCount)
    expect(exact(found.rows)).toBe(exact(all))
  })

  it('cuts batches to size', () => {
    for (const batchRows of [64, 128, 1000]) expect(Math.max(...readAll(scan, paths, { batchRows }).batches)).toBeLessThanOrEqual(batchRows)
    expect(exact(readAll(scan, paths, { batchRows: 64 }).rows)).toBe(exact(all))
    expect(exact(readAll(scan, paths, { batchRows: 1 }).rows)).toBe(exact(all))
  })

  it('reads only the columns that are needed', () => {
    expect(exact(readAll(scan, paths, { columns: ['text', 'int'] }).rows)).toBe(exact(all.map(({ int, text }) => ({ int, text }))))
    expect(readAll(scan, paths, { columns: [] }).rows.length).toBe(600)
  })
})

describe("files that don't fit", () => {
  it('are told by file and column', () => {
    put('one.parquet', writeParquet(device, { a: 'int32', b: 'utf8' }, [{ a: 1, b: 'x' }]))
    put('two.parquet', writeParquet(device, { b: 'utf8?', a: 'int64' }, [{ a: 1n, b: 'x' }]))
    put('three.parquet', writeParquet(device, { b: 'utf8?', a: 'int32' }, [{ a: 2, b: null }]))
    const at = (...names: string[]) => names.map(name => join(folder, name))
    expect(() => readAll(parquetScan, at('one.parquet', 'two.parquet'))).toThrow(/two\.parquet, column "a": it is int64, in .*one\.parquet int32/)
    const merged = readAll(parquetScan, at('one.parquet', 'three.parquet'))
    expect(merged.fields).toEqual({ a: 'int32', b: 'utf8?' })
    expect(merged.rows).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: null },
    ])
  })

  it('are told when they are missing, no files, or of another format', () => {
    const code = (paths: string[]) => {
      try {
        readAll(parquetScan, paths)
        return 'none'
      } catch (thrown) {
        return `${(thrown as Error).name} ${(thrown as { code: string }).code}`
      }
    }
    expect(code([join(folder, 'absent.parquet')])).toBe('ConnectorError FILE_MISSING')
    expect(code([join(folder, 'absent*.parquet')])).toBe('ConnectorError FILE_MISSING')
    expect(code([join(folder, 'parts/_hidden/c.parquet')])).toBe('DataError PARQUET_MAGIC')
    expect(code([])).toBe('PlanError PATHS')
    mkdirSync(join(folder, 'empty'), { recursive: true })
    expect(code([join(folder, 'empty')])).toBe('ConnectorError FILE_MISSING')
  })

  it('that are cut while they are read end in an error', () => {
    const path = join(folder, 'cut.parquet')
    writeFileSync(path, writeParquet(device, allTypes, all, { compression: 'none' }))
    const scan = parquetScan as unknown as ScanSourceType
    const { options } = scan.resolve({ paths: [path] }, 'read.test')
    truncateSync(path, 2000)
    expect(() =>
      exhaust(scan.read({ device, where: 'read.test', shared: 0, batchRows: 100, arena: () => device.arena(), emit: () => {}, count: () => {} }, options, scan.splits(options)[0]!, undefined)),
    ).toThrow(expect.objectContaining({ name: 'DataError' }))
  })
})

describe('paths', () => {
  it.each([
    ['*.csv', ['a.csv', '.csv'], ['a/b.csv', 'a.csv.gz']],
    ['**/*.csv', ['a.csv', 'b/c/a.csv'], ['a.tsv']],
    ['data-{a,b}?.[ct]sv', ['data-a1.csv', 'data-b2.tsv'], ['data-c1.csv', 'data-a.csv']],
    ['[!a]+(1).txt', ['b+(1).txt'], ['a+(1).txt', 'b+1.txt']],
  ])('%s stands for what it should', (pattern, yes, no) => {
    const expression = patternExpression(pattern)
    expect(yes.filter(path => !expression.test(path))).toEqual([])
    expect(no.filter(path => expression.test(path))).toEqual([])
  })

  it('are listed once, each path sorted by name', () => {
    const path = (name: string) => join(folder, name)
    expect(listFiles([path('b.arrow'), path('*.arrow')], ['.arrow'], 'read.test')).toEqual([path('b.arrow'), path('a.arrow')])
    expect(listFiles([path('parts/**/*.parquet')], [], 'read.test')).toEqual([path('parts/a.parquet'), path('parts/deep/b.parquet')])
  })
})
