import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { createDevice } from '../../src/device/device.ts'
import { csvScan } from '../../src/source/csv.ts'
import { runScan } from '../support/scan.ts'

const device = await createDevice()
const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
const scan = (options: object, batchRows?: number, columns?: readonly string[]) => runScan(device, csvScan as never, options, batchRows, columns)
const types = (run: ReturnType<typeof scan>) => run.fields.map(f => `${f.name} ${f.type.kind}${f.nullable ? '?' : ''}`)

const rows = Array.from({ length: 3_000 }, (_, i) => ({
  id: BigInt(i),
  note: i % 5 ? `note ${i},\nsecond line` : null,
  ratio: i / 8,
  at: 1_767_225_600_000 + i,
}))
const cell = (value: string | null) => (value === null ? '' : `"${value}"`)
const text = `id,note,ratio,at\r\n${rows.map(r => `${r.id},${cell(r.note)},${r.ratio},${new Date(r.at).toISOString()}\r\n`).join('')}`

describe('read.csv', () => {
  it('finds the schema by itself, and gives the same rows for every size of batches', () => {
    const path = file('all.csv', `\ufeff${text}`)
    for (const batchRows of [10_000, 1_000, 7]) {
      const run = scan({ paths: [path] }, batchRows)
      expect(types(run)).toEqual(['id int64', 'note utf8?', 'ratio float64', 'at timestamp'])
      expect(run.rows).toEqual(rows)
      expect(Math.max(...run.batchRows)).toBeLessThanOrEqual(batchRows)
    }
  })

  it('widens exactly: whole numbers with leading zeros and mixed columns are text, int64 and decimals float64', () => {
    const path = file('types.csv', 'a,b,c,d,e,f\n1,007,true,1,2026-01-01,9223372036854775808\n2.5,1,FALSE,x,2026-01-02 10:00,1\n')
    expect(types(scan({ paths: [path] }))).toEqual(['a float64', 'b utf8', 'c bool', 'd utf8', 'e timestamp', 'f float64'])
  })

  it('finds columns by the names of each file, leaves others out, and fills optional ones that are missing with nulls', () => {
    file('order-1.csv', 'a,b,c\n1,x,2\n')
    file('order-2.csv.gz', gzipSync('c,a\n4,3\n'))
    const run = scan({ paths: [join(folder, 'order-*')], schema: { c: 'int32', a: 'int64', b: 'utf8?' } })
    expect(run.rows).toEqual([
      { c: 2, a: 1n, b: 'x' },
      { c: 4, a: 3n, b: null },
    ])
    expect(() => scan({ paths: [join(folder, 'order-*')], schema: { a: 'int64', b: 'utf8' } })).toThrow('order-2.csv.gz: no column "b"; the header has c, a')
  })

  it('takes another delimiter, quote and null texts, and no header', () => {
    const path = file('other.txt', "1;'a;b';NA\n2;-;3\n")
    const run = scan({ paths: [path], delimiter: ';', quote: "'", nulls: ['NA', '-'], header: false })
    expect(run.rows).toEqual([
      { column_1: 1n, column_2: 'a;b', column_3: null },
      { column_1: 2n, column_2: null, column_3: 3n },
    ])
    expect(scan({ paths: [file('tabs.tsv', 'a\tb\n1\t2\n')] }).rows).toEqual([{ a: 1n, b: 2n }])
    expect(() => scan({ paths: [path], delimiter: '.' })).toThrow('read.csv: the delimiter can\'t be "."')
  })

  it('tells empty text from null, and keeps both apart from a missing cell', () => {
    const path = file('empty.csv', 'a,b\n"",\n,""\n')
    expect(scan({ paths: [path], schema: { a: 'utf8?', b: 'utf8?' } }).rows).toEqual([
      { a: '', b: null },
      { a: null, b: '' },
    ])
    expect(scan({ paths: [file('one.csv', 'a\n1\n\n3\n')], schema: { a: 'int64?' } }).rows).toEqual([{ a: 1n }, { a: null }, { a: 3n }])
  })

  it('fails on ragged rows and bad cells with file, byte and text, skips them, or sends them to the side output', () => {
    const path = file('bad.csv', 'a,b\n1,2\n3\n4,x\n5,"6"7\n8,9\n')
    const schema = { a: 'int64', b: 'int64' }
    expect(() => scan({ paths: [path], schema })).toThrow(
      `read.csv: ${path}, line 3, byte 8: the row has another number of cells: 1 where 2 are expected, at byte 0 of the row; found "3\\n"`,
    )
    expect(scan({ paths: [path], schema, onError: 'skip' }).metrics).toEqual({ badRecords: 3 })
    const run = scan({ paths: [path], schema, onError: 'deadLetters' }, 100, ['b'])
    expect(run.rows).toEqual([{ b: 2n }, { b: 9n }])
    expect(run.ports.deadLetters!.map(l => [new TextDecoder().decode(l.value as Uint8Array), l.error, l.byte])).toEqual([
      ['3\n', 'CSV_RAGGED: the row has another number of cells: 1 where 2 are expected, at byte 0 of the row', 8n],
      ['4,x\n', 'CSV_TYPE: column "b" (int64): the cell is no value of the type, at byte 2 of the row', 12n],
      ['5,"6"7\n', 'CSV_QUOTE: text follows a closing quote; a quote inside quotes is written twice, at byte 5 of the row', 19n],
    ])
    expect(() => scan({ paths: [file('open.csv', 'a\n1\n"x\n2\n')], schema: { a: 'utf8' } })).toThrow('a quote is opened and never closed')
    expect(device.pages.used()).toBe(0)
  })

  it('refuses files without columns', () => {
    expect(() => scan({ paths: [file('nothing.csv', '')] })).toThrow('nothing.csv is empty, so it has no columns')
    expect(() => scan({ paths: [file('twice.csv', 'a,a\n')] })).toThrow('the header has the name "a" twice')
  })
})
