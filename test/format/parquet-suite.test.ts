// parquet-testing: files of many writers. Every file is read in batches of 7 and of 1024; the four with an expectation are compared value by value, and nested columns
// with parquet-nested-expected.json (what another reader gives, which it names; maps as lists of pairs). All others with parquet-expected.json (rows, columns, a hash;
// equal to what pyarrow 26 reads when it was made; decimals, half floats and INT96 were added later, and compared with each other and with the files' descriptions). What can't be read is listed with its reason in parquet-skips.json, which may only shrink. Encrypted files: parquet-encryption.test.ts.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bytesReader } from '../../src/base/bytes.ts'
import { DataError } from '../../src/base/errors.ts'
import { createHash } from 'node:crypto'
import type { Value } from '../../src/batch/value.ts'
import { createDevice } from '../../src/device/device.ts'
import { readFooter } from '../../src/format/parquet/read-footer.ts'
import { exact, readParquet } from '../support/format-files.ts'
import { suiteFolder } from '../support/suites.ts'
import expected from './parquet-expected.json' with { type: 'json' }
import nestedExpected from './parquet-nested-expected.json' with { type: 'json' }
import skips from './parquet-skips.json' with { type: 'json' }

const folder = suiteFolder('parquet-testing')
const device = await createDevice()
const data = folder
  ? readdirSync(`${folder}/data`)
      .filter(f => f.endsWith('.parquet'))
      .sort()
  : []
const load = (name: string, part = 'data') => new Uint8Array(readFileSync(`${folder}/${part}/${name}`))
const skippedFiles: Record<string, string> = skips.files
const nested: Record<string, { reader: string; rows: unknown[] }> = nestedExpected
const known: Record<string, { rows: number; columns: number; hash: string }> = expected

describe.skipIf(!folder)('parquet-testing', () => {
  it('has its files, and the score does not fall', () => {
    const score = { total: data.length, skipped: data.filter(f => f in skippedFiles).length }
    expect(score).toEqual(skips.score)
  })

  it.each(data.filter(f => !(f in skippedFiles)))('%s: all readable columns, whatever the batch', name => {
    const bytes = load(name)
    const unreadable = readFooter(bytesReader(bytes), name).columns.filter(c => c.unreadable !== undefined)
    expect(unreadable).toEqual([])
    const rows = readParquet(device, bytes, { where: name })
    expect(exact(readParquet(device, bytes, { where: name, batchRows: 7 }))).toBe(exact(rows))
    const hash = createHash('sha256')
      .update(String(exact(rows)))
      .digest('hex')
      .slice(0, 16)
    expect({ rows: rows.length, columns: Object.keys(rows[0] ?? {}).length, hash }).toEqual(known[name])
    expect(device.pages.used()).toBe(0)
  })

  it.each(data.filter(f => f in skippedFiles))('%s: refused with a reason', name => {
    expect(() => readParquet(device, load(name), { where: name })).toThrow(skippedFiles[name])
    expect(device.pages.used()).toBe(0)
  })

  it.each(Object.keys(nested))('%s: the nested values that another reader gives', key => {
    const [name, column] = key.split(': ') as [string, string]
    const rows = readParquet(device, load(name), { columns: [column] })
    expect(rows.map(row => plain(row[column]!))).toEqual(nested[key]!.rows)
    expect(device.pages.used()).toBe(0)
  })

  it('int96_from_spark: the values of its description, in units that reach as far', () => {
    const read = (int96: 'ms' | 'us') => readParquet(device, load('int96_from_spark.parquet'), { int96 }).map(row => Object.values(row)[0])
    const micros = [1704141296123456n, 1704070800000000n, 253402225200000000n, 1735599600000000n, null, 9089380393200000000n]
    expect(read('us')).toEqual(micros)
    expect(read('ms')).toEqual(micros.map(value => value && Number(value / 1000n)))
  })

  it.each(['delta_byte_array', 'delta_encoding_required_column', 'delta_encoding_optional_column', 'delta_binary_packed'])(
    '%s: the values of its expectation',
    name => {
      const [, ...lines] = readFileSync(`${folder}/data/${name}_expect.csv`, 'utf8').trimEnd().split('\n')
      const rows = readParquet(device, load(`${name}.parquet`))
      // The header spells some names otherwise; the columns stand in the file's order.
      const names = Object.keys(rows[0]!)
      expect(rows.length).toBe(lines.length)
      lines.forEach((line, i) => {
        cells(line).forEach((cell, c) => {
          const value = rows[i]![names[c]!]
          expect(value === null ? '' : String(value), `row ${i}, column ${names[c]}`).toBe(cell)
        })
      })
    },
  )

  it.each(['datapage_v1-corrupt-checksum.parquet', 'rle-dict-uncompressed-corrupt-checksum.parquet'])(
    '%s: fails when checksums are compared, and only then',
    name => {
      expect(() => readParquet(device, load(name), { limits: { verifyChecksums: true } })).toThrow(expect.objectContaining({ code: 'CHECKSUM' }))
      expect(device.pages.used()).toBe(0)
    },
  )

  it.each([
    'datapage_v1-uncompressed-checksum.parquet',
    'datapage_v1-snappy-compressed-checksum.parquet',
    'plain-dict-uncompressed-checksum.parquet',
    'rle-dict-snappy-checksum.parquet',
  ])('%s: passes when checksums are compared', name => {
    expect(readParquet(device, load(name), { limits: { verifyChecksums: true } }).length).toBeGreaterThan(0)
  })

  // A zero bit width is legal.
  const accepted: Record<string, string> = { 'ARROW-GH-43605.parquet': '21186 rows' }
  it.each(folder ? readdirSync(`${folder}/bad_data`).filter(f => f.endsWith('.parquet')) : [])('bad_data/%s: a typed error, or accepted for a reason', name => {
    const read = () => readParquet(device, load(name, 'bad_data'), { where: name })
    if (name in accepted) expect(read().length).toBeGreaterThan(0)
    else expect(read).toThrow(DataError)
    expect(device.pages.used()).toBe(0)
  })
})

// As JSON has it: maps as lists of pairs, whole numbers that it can't hold as text.
function plain(value: Value): unknown {
  if (value instanceof Map) return [...value].map(pair => pair.map(plain))
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inside]) => [name, plain(inside as Value)]))
}

// RFC 4180, as far as these files use it.
function cells(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(m => m[1]?.replaceAll('""', '"') ?? m[2]!)
}
