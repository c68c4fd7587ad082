import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { random as seeded } from '../../src/base/random.ts'
import type { CsvDialect } from '../../src/compute/csv.ts'
import { createDevice } from '../../src/device/device.ts'
import { csvScan } from '../../src/source/csv.ts'
import { type CsvPiece, loadCsvRows } from '../../src/source/csv-split.ts'
import { openText } from '../../src/source/text-file.ts'
import { runScan } from '../support/scan.ts'

const device = await createDevice()
const folder = mkdtempSync(join(tmpdir(), 'csv-split-'))
afterAll(() => rmSync(folder, { recursive: true }))

const dialect: CsvDialect = { delimiter: ',', quote: '"', nulls: [''] }
let files = 0
function file(text: string): string {
  const path = join(folder, `${files++}.csv`)
  writeFileSync(path, text)
  return path
}

const cells = ['a', '', '12', '"quoted"', '"two\nlines"', '"say ""hi"""', '"a,b"', '"\n\n"', '""', '"","', 'don\'t 5" it', '"""\n"""', 'é']
const sample = (seed: number, rows: number) => {
  const random = seeded(seed)
  const cell = () => cells[random.int(cells.length)]!
  return Array.from({ length: rows }, () => `${cell()},${cell()}${random.int(4) ? '\n' : '\r\n'}`).join('') + (random.int(2) ? '"last\nrow",x' : '')
}

/** The rows of each piece, read in the order given. */
function pieces(path: string, splitBytes: number, order: (count: number) => readonly number[]): string[] {
  const text = openText(device, path, 'test')
  const count = Math.max(1, Math.ceil(text.size / splitBytes))
  const table = device.arena()
  const before = device.pages.used()
  const address = table.allocateZeroed(4 * count)
  const found: string[] = Array.from({ length: count }, () => '')
  for (const i of order(count)) {
    const piece: CsvPiece = { index: i, first: 0, start: i * splitBytes, end: i === count - 1 ? -1 : (i + 1) * splitBytes, splitBytes }
    const rows = loadCsvRows(device, text, piece, address, dialect, 0, 'test')
    if (rows) found[i] = device.memory.text(rows.address, rows.bytes)
    rows?.arena.release()
  }
  expect(device.pages.used()).toBe(before)
  table.release()
  text.close()
  return found
}

const forwards = (count: number) => Array.from({ length: count }, (_, i) => i)
const backwards = (count: number) => forwards(count).reverse()

describe('splits of CSV', () => {
  it('together are the file, and each ends with a row, wherever they are cut and in whichever order they are read', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const text = sample(seed, 1 + (seed % 9) * 7)
      const path = file(text)
      const whole = runScan(device, csvScan as never, { paths: [path], header: false, schema: { a: 'utf8?', b: 'utf8?' }, onError: 'skip' })
      for (const splitBytes of [1, 3, 10, 64, 1000]) {
        const found = pieces(path, splitBytes, forwards)
        expect(found.join('')).toBe(text)
        expect(pieces(path, splitBytes, backwards)).toEqual(found)
        const cut = runScan(device, csvScan as never, { paths: [path], header: false, schema: { a: 'utf8?', b: 'utf8?' }, onError: 'skip', splitBytes }, 3)
        expect({ rows: cut.rows, metrics: cut.metrics }).toEqual({ rows: whole.rows, metrics: whole.metrics })
      }
    }
  })

  it('leave the header and the byte order mark to the first', () => {
    const path = file('\ufeff"a\nb",c\n1,2\n3,"4\n4"\n5,6\n')
    for (const splitBytes of [1, 6, 12, 100]) {
      const run = runScan(device, csvScan as never, { paths: [path], splitBytes })
      expect(run.rows).toEqual([{ 'a\nb': 1n, c: '2' }, { 'a\nb': 3n, c: '4\n4' }, { 'a\nb': 5n, c: '6' }])
    }
  })

  it('say at which byte of the file a row is wrong', () => {
    const path = file(`a,b\n${'1,"x\ny"\n'.repeat(50)}1,"z"z\n`)
    for (const splitBytes of [5, 50, 10_000]) {
      expect(() => runScan(device, csvScan as never, { paths: [path], splitBytes })).toThrow(/byte 409: text follows a closing quote|byte 409: .*closing quote/)
    }
  })

  it('take what a thread that died has claimed upon themselves', () => {
    const path = file('a,"\n"\n'.repeat(20))
    const text = openText(device, path, 'test')
    const table = device.arena()
    const address = table.allocateZeroed(80)
    device.memory.words()[address / 4] = 1
    const rows = loadCsvRows(device, text, { index: 1, first: 0, start: 60, end: -1, splitBytes: 60 }, address, dialect, 0, 'test')!
    expect([rows.position, rows.bytes]).toEqual([60, 60])
    rows.arena.release()
    table.release()
    text.close()
  })
})
