import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { createDevice } from '../../src/device/device.ts'
import { ndjsonScan } from '../../src/source/ndjson.ts'
import { runScan } from '../support/scan.ts'

const device = await createDevice()
const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
const scan = (options: object, batchRows?: number, columns?: readonly string[]) => runScan(device, ndjsonScan as never, options, batchRows, columns)

const rows = Array.from({ length: 5_000 }, (_, i) => ({ id: BigInt(i), name: `the name of row ${i}`, ok: i % 3 === 0 ? null : i % 3 === 1 }))
const text = rows.map(r => `{"id":${r.id},"name":"${r.name}","ok":${r.ok}}\n`).join('')

describe('read.ndjson', () => {
  it('gives the same rows in order for every size of splits and batches', () => {
    const path = file('all.ndjson', text)
    for (const [splitBytes, batchRows] of [
      [1 << 24, 10_000],
      [1_000, 7],
      [7_777, 100],
      [50, 1],
      [text.length, 64],
    ] as const) {
      const run = scan({ paths: [path], splitBytes, schema: { id: 'int64', name: 'utf8', ok: 'bool?' } }, batchRows)
      expect(run.rows, `splits of ${splitBytes}`).toEqual(rows)
      expect(run.splits).toBe(Math.ceil(text.length / splitBytes))
      expect(Math.max(...run.batchRows)).toBeLessThanOrEqual(batchRows)
    }
  })

  it('finds the schema by itself, passes over a byte order mark, CRLF and blank lines, and needs no last line end', () => {
    const path = file('crlf.ndjson', `\ufeff${text.replaceAll('\n', '\r\n\r\n').slice(0, -4)}`)
    const run = scan({ paths: [path] })
    expect(run.fields.map(f => `${f.name} ${f.type.kind}${f.nullable ? '?' : ''}`)).toEqual(['id int64', 'name utf8', 'ok bool?'])
    expect(run.rows).toEqual(rows)
  })

  it('reads several files by a pattern, gzip among them, and empty ones as nothing', () => {
    const lines = text.split('\n')
    file('part-1.ndjson', lines.slice(0, 2_000).join('\n'))
    file('part-2.ndjson', '')
    file('part-3.ndjson.gz', gzipSync(lines.slice(2_000).join('\n')))
    expect(scan({ paths: [join(folder, 'part-*.ndjson*')] }).rows).toEqual(rows)
  })

  it('leads into objects where columns are nested, and reads only the columns that are needed', () => {
    const path = file('nested.ndjson', '{"type":2,"bid":{"price":5,"by":{"id":7}}}\n{"type":1,"bid":null}\n')
    const options = { paths: [path], nested: true, schema: { type: 'int32', 'bid.price': 'int64?', 'bid.by.id': 'int32?' } }
    expect(scan(options).rows).toEqual([
      { type: 2, 'bid.price': 5n, 'bid.by.id': 7 },
      { type: 1, 'bid.price': null, 'bid.by.id': null },
    ])
    expect(scan(options, 10, ['bid.price']).rows).toEqual([{ 'bid.price': 5n }, { 'bid.price': null }])
  })

  const broken = '{"id":1}\n{"id":"x"}\n{"id":3\n\n{"id":4}\n'

  it('fails on a bad record with its file, byte and text', () => {
    const path = file('broken.ndjson', broken)
    expect(() => scan({ paths: [path], schema: { id: 'int64' } })).toThrow(
      `read.ndjson: ${path}, line 2, byte 15: column "id" (int64): the value is of another type, at byte 6 of the record; found "{\\"id\\":\\"x\\"}"; fix the file`,
    )
    expect(device.pages.used()).toBe(0)
  })

  it('skips and counts bad records, or sends them to the side output, whatever columns are asked for', () => {
    const path = file('broken.ndjson', broken)
    const schema = { id: 'int64', note: 'utf8?' }
    const skipped = scan({ paths: [path], schema, onError: 'skip', splitBytes: 10 })
    expect(skipped.rows).toEqual([
      { id: 1n, note: null },
      { id: 4n, note: null },
    ])
    expect(skipped.metrics).toEqual({ badRecords: 2 })
    const run = scan({ paths: [path], schema, onError: 'deadLetters' }, 100, ['note'])
    expect(run.rows).toEqual([{ note: null }, { note: null }])
    expect(run.ports.deadLetters!.map(l => ({ ...l, value: new TextDecoder().decode(l.value as Uint8Array) }))).toEqual([
      { value: '{"id":"x"}', error: 'JSON_TYPE: column "id" (int64): the value is of another type, at byte 6 of the record', byte: 15n, file: path },
      { value: '{"id":3', error: 'JSON_CUT_OFF: the record ends before its JSON does, at byte 7 of the record', byte: 27n, file: path },
    ])
  })

  it('names files that are missing, cut or without records', () => {
    expect(() => scan({ paths: [join(folder, 'nowhere.ndjson')] })).toThrow('there is no such file')
    expect(() => scan({ paths: [file('none.ndjson', 'plain text\n')] })).toThrow('no JSON object found in the first 11 bytes')
    const cut = gzipSync(text).subarray(0, 900)
    expect(() => scan({ paths: [file('cut.ndjson.gz', cut)], schema: { id: 'int64' } })).toThrow('is no whole gzip file')
    expect(device.pages.used()).toBe(0)
  })
})
