// CSV as the world writes it: other marks, lines that are no rows, rows of other lengths, other encodings, packed files.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { compressZstd, zstdBytesMax, zstdScratchBytes } from '../../src/compute/zstd.ts'
import { createDevice } from '../../src/device/device.ts'
import { csvScan } from '../../src/source/csv.ts'
import { runScan } from '../support/scan.ts'

const device = await createDevice()
const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function file(content: string | Uint8Array, ending = 'csv'): string {
  const path = join(folder, `${files++}.${ending}`)
  writeFileSync(path, content)
  return path
}
const scan = (options: object, batchRows?: number, columns?: readonly string[]) => runScan(device, csvScan as never, options, batchRows, columns)
const rowsOf = (text: string | Uint8Array, options: object = {}, batchRows?: number) => scan({ paths: [file(text)], ...options }, batchRows).rows
const types = (text: string, options: object = {}) => scan({ paths: [file(text)], ...options }).fields.map(f => `${f.type.kind}${f.nullable ? '?' : ''}`)

function zstd(text: string | Uint8Array): Uint8Array {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const arena = device.arena()
  const [source, out, scratch] = [arena.allocate(bytes.length), arena.allocate(zstdBytesMax(device, bytes.length)), arena.allocate(zstdScratchBytes(device))]
  device.memory.write(source, bytes)
  const packed = device.memory.bytes(out, compressZstd(device, source, bytes.length, out, scratch)).slice()
  arena.release()
  return packed
}

const utf16 = (text: string, big: boolean) => (big ? Buffer.from(text, 'utf16le').swap16() : Buffer.from(text, 'utf16le'))

describe('read.csv, dialects', () => {
  it('finds the delimiter that makes equal rows, and takes a given one', () => {
    for (const delimiter of [',', '\t', ';', '|']) {
      const text = `a${delimiter}b${delimiter}c\n1${delimiter}"x${delimiter},;|\n"${delimiter}3\n2${delimiter}y${delimiter}4\n`
      expect(rowsOf(text)).toEqual([{ a: 1n, b: `x${delimiter},;|\n`, c: 3n }, { a: 2n, b: 'y', c: 4n }])
    }
    expect(rowsOf('a;b,c\n1;2,5\n')).toEqual([{ 'a;b': '1;2', c: 5n }])
    expect(rowsOf('one\n1;2\n3\n')).toEqual([{ one: '1;2' }, { one: '3' }])
    expect(rowsOf('a\x01b\n1\x012\n', { delimiter: '\x01' })).toEqual([{ a: 1n, b: 2n }])
    expect(scan({ paths: [file('a,b\n1,2\n', 'tsv')] }).rows).toEqual([{ 'a,b': '1,2' }])
  })

  it('reads numbers with a decimal comma', () => {
    const text = 'a;b;c;d\n1,5;1234,5678901234567890123;-0,25;7\n2;1e3;,5;8,0\n'
    expect(rowsOf(text, { decimal: ',' })).toEqual([
      { a: 1.5, b: Number('1234.5678901234567890123'), c: -0.25, d: 7 },
      { a: 2, b: 1000, c: 0.5, d: 8 },
    ])
    expect(rowsOf(text, { decimal: ',', schema: { a: 'decimal(20, 2)', b: 'float32', c: 'utf8', d: 'int8' } })).toEqual([
      { a: '1.50', b: Math.fround(1234.5678901234567), c: '-0,25', d: 7 },
      { a: '2.00', b: 1000, c: ',5', d: 8 },
    ])
    expect(() => rowsOf('x;a\n1;"1.5"\n', { decimal: ',', schema: { x: 'int64', a: 'float64' } })).toThrow('line 2, byte 6: column "a" (float64): the cell is no value of the type')
    expect(() => rowsOf(text, { decimal: ',', delimiter: ',' })).toThrow("the delimiter can't be \",\"; use ';'")
  })

  it('takes an escape inside quotes, quotes doubled all the same, and cells of any length', () => {
    const long = 'a longer text of many bytes'
    const text = `a,b\n"say \\"hi\\"","back\\\\slash\\n"\n"\\"${long}\\",\n","""x"""\nplain\\,"${long}"\n`
    const expected = [
      { a: 'say "hi"', b: 'back\\slashn' },
      { a: `"${long}",\n`, b: '"x"' },
      { a: 'plain\\', b: long },
    ]
    for (const batchRows of [100, 1]) expect(rowsOf(text, { escape: '\\' }, batchRows)).toEqual(expected)
    expect(() => rowsOf('a\n"x\\"\n', { escape: '\\', schema: { a: 'utf8' } })).toThrow('a quote is opened and never closed')
  })

  it('passes over comments and lines before the header', () => {
    const text = '\ufeffmade by a "machine\n\n# about\na,b\n#1,2\n3,4\n# "open\n5,"6\n#7"\n#end'
    const expected = [{ a: 3n, b: '4' }, { a: 5n, b: '6\n#7' }]
    for (const batchRows of [100, 1]) expect(rowsOf(text, { comment: '#', skipLines: 2 }, batchRows)).toEqual(expected)
    expect(rowsOf('x\ny\n1,2\n3,4\n', { skipLines: 2, header: false, splitBytes: 2 })).toEqual([{ column_1: 1n, column_2: 2n }, { column_1: 3n, column_2: 4n }])
    expect(() => rowsOf('a\n', { skipLines: 2.5 })).toThrow("skipLines can't be 2.5")
  })

  it('pads short rows with nulls and leaves out what is too much, where it is told to', () => {
    const text = 'a,b,c\n1\n1,2,3,4\n5,6,7\n\n8,"9\n9",'
    const schema = { a: 'int64', b: 'utf8?', c: 'int64?' }
    expect(() => rowsOf(text, { schema, ragged: 'pad' })).toThrow('line 3, byte 8: the row has another number of cells: 4 where 3 are expected')
    const fit = [{ a: 1n, b: null, c: null }, { a: 1n, b: '2', c: 3n }, { a: 5n, b: '6', c: 7n }, { a: 8n, b: '9\n9', c: null }]
    for (const batchRows of [100, 1]) expect(rowsOf(text, { schema, ragged: 'fit' }, batchRows)).toEqual(fit)
    expect(rowsOf(text, { schema, ragged: 'pad', onError: 'skip' })).toEqual(fit.filter((_, i) => i !== 1))
    expect(() => rowsOf('a,b\n1\n', { schema: { a: 'int64', b: 'int64' }, ragged: 'fit' })).toThrow('column "b" (int64): the cell is null')
  })

  it('refuses marks that are none, or are used twice', () => {
    expect(() => rowsOf('a', { comment: 'ab' })).toThrow('the comment can\'t be "ab"')
    expect(() => rowsOf('a', { escape: '#', comment: '#' })).toThrow('the comment can\'t be "#"; use another character than the escape')
    expect(() => rowsOf('a', { ragged: 'stretch' })).toThrow('ragged can\'t be "stretch"')
    expect(() => rowsOf('a', { encoding: 'ebcdic' })).toThrow('no encoding "ebcdic"; the encodings are utf-8, latin-1')
  })
})

describe('read.csv, encodings and packed files', () => {
  const text = `name,n\n${Array.from({ length: 60_000 }, (_, i) => `é${i} 😀 ÿ,${i}\n`).join('')}`
  const rows = Array.from({ length: 60_000 }, (_, i) => ({ name: `é${i} 😀 ÿ`, n: BigInt(i) }))
  const latin = text.replaceAll('😀', '«')

  it('reads UTF-16 by its mark or by name, and Latin-1 by name', () => {
    for (const big of [false, true]) {
      expect(rowsOf(utf16(`\ufeff${text}`, big))).toEqual(rows)
      expect(rowsOf(utf16(text, big), { encoding: big ? 'utf-16be' : 'utf-16le' }, 1_000)).toEqual(rows)
    }
    expect(rowsOf(Buffer.from(latin, 'latin1'), { encoding: 'latin-1' })).toEqual(rows.map(row => ({ ...row, name: row.name.replace('😀', '«') })))
  })

  it('tells which bytes are not of the encoding, and the line and byte of the text in UTF-8 where a cell is wrong', () => {
    const lone = utf16('a,b\n1,2\n', false)
    lone.writeUInt16LE(0xd800, 8)
    expect(() => rowsOf(lone, { encoding: 'utf-16le' })).toThrow('a character of the 16 bytes from byte 0 on is no UTF-16LE; give the file\'s encoding')
    expect(() => rowsOf(Buffer.from('é,b\n1,x\n', 'latin1'), { encoding: 'latin-1', schema: { é: 'int64', b: 'int64' } })).toThrow('line 2, byte 7: column "b"')
  })

  it('reads gzip and zstd, of several frames, in whatever encoding', () => {
    const half = text.indexOf('\n', text.length / 2) + 1
    const packed = [
      scan({ paths: [file(gzipSync(text), 'csv.gz')] }),
      scan({ paths: [file(zstd(text), 'csv.zst')] }, 500),
      scan({ paths: [file(Buffer.concat([zstd(text.slice(0, half)), Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]), zstd(''), zstd(text.slice(half))]), 'csv.zst')] }),
      scan({ paths: [file(gzipSync(utf16(`\ufeff${text}`, true)), 'csv.gz')] }),
      scan({ paths: [file(zstd(utf16(`\ufeff${text}`, false)), 'csv.zst')] }),
    ]
    for (const run of packed) expect(run.rows).toEqual(rows)
    expect(device.pages.used()).toBe(0)
  })

  it('refuses broken zstd by a typed error, whatever is broken', () => {
    const good = zstd(text.slice(0, 3_000))
    const schema = { name: 'utf8?', n: 'utf8?' }
    for (const cut of [0, 1, 3, 5, 8, 20, good.length - 1]) if (cut > 0) expect(() => scan({ paths: [file(good.subarray(0, cut), 'csv.zst')], schema })).toThrow('is no whole zstd file')
    expect(() => scan({ paths: [file(new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0, 0xf8, 1, 0, 0]), 'csv.zst')], schema })).toThrow('its window has 2199023255552 bytes')
    const r = random(7)
    let refused = 0
    for (let i = 0; i < 300; i++) {
      const bad = good.slice()
      bad[r.int(bad.length)]! ^= 1 << r.int(8)
      try {
        scan({ paths: [file(bad, 'csv.zst')], schema, onError: 'skip' })
      } catch (thrown) {
        refused++
        expect((thrown as Error).constructor.name, String(thrown)).toMatch(/DataError|ConnectorError/)
      }
    }
    expect(refused).toBeGreaterThan(50)
    expect(device.pages.used()).toBe(0)
  })
})

describe('read.csv, schemas', () => {
  it('widens exactly: dates to timestamps, whole numbers to floats that hold them, else to text', () => {
    expect(types('a,b,c,d,e\n2024-02-29,2024-01-01,1,9007199254740993,18446744073709551615\n2024-03-01,2024-01-01T10:00,0.5,0.5,1\n')).toEqual(['date', 'timestamp', 'float64', 'utf8', 'utf8'])
    expect(types('a,b\n9007199254740993,18446744073709551616\n1,0.5\n')).toEqual(['int64', 'float64'])
  })

  it('names line, column, byte, what was found and what to do where a value beyond the sample does not fit', () => {
    const text = `id,n\n${'x,1\n'.repeat(300_000)}y,2.5\n`
    expect(() => rowsOf(text, { splitBytes: 1 << 18 })).toThrow(
      'line 300002, byte 1200007: column "n" (int64?): the number does not fit the type exactly, at byte 2 of the row; found "y,2.5\\n"; fix the file or the schema, or pass onError \'skip\' or { deadLetters }',
    )
  })
})
