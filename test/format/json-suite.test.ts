// JSONTestSuite: what must be accepted is, what must be refused is, whole, cut in two at every byte, and as one record among good ones.
// The i_ cases are this decoder's choice: it takes what JSON.parse takes of well-formed UTF-8 (a lone surrogate escape becomes U+FFFD, numbers beyond
// float64 are infinite), and refuses malformed UTF-8 and a byte order mark inside a stream.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parseSchema } from '../../src/batch/schema.ts'
import { rowReader } from '../../src/batch/read-values.ts'
import { checkJsonRecords, decodeJsonRecords } from '../../src/compute/json.ts'
import { createDevice } from '../../src/device/device.ts'
import { LineReader } from '../../src/format/json/line-reader.ts'

const folder = `${process.env.MILLRACE_SUITES ?? fileURLToPath(new URL('../../../shared/suites', import.meta.url))}/JSONTestSuite/test_parsing`
const names = existsSync(folder) ? readdirSync(folder).sort() : []
const device = await createDevice()
const encoder = new TextEncoder()

const refusedChoices = new Set([
  'i_string_UTF-16LE_with_BOM.json',
  'i_string_UTF-8_invalid_sequence.json',
  'i_string_UTF8_surrogate_U+D800.json',
  'i_string_invalid_utf-8.json',
  'i_string_iso_latin_1.json',
  'i_string_lone_utf8_continuation_byte.json',
  'i_string_not_in_unicode_range.json',
  'i_string_overlong_sequence_2_bytes.json',
  'i_string_overlong_sequence_6_bytes.json',
  'i_string_overlong_sequence_6_bytes_null.json',
  'i_string_truncated-utf-8.json',
  'i_string_utf16BE_no_BOM.json',
  'i_string_utf16LE_no_BOM.json',
  'i_structure_UTF-8_BOM_empty_object.json',
])

const accepted = (name: string) => name.startsWith('y_') || (name.startsWith('i_') && !refusedChoices.has(name))

/** The records, laid end to end without anything between them. */
function refusals(records: readonly Uint8Array[]): number[] {
  const arena = device.arena()
  try {
    const at = arena.allocate(records.reduce((sum, r) => sum + r.length, 0))
    const pairs = arena.allocate(8 * records.length)
    let next = at
    records.forEach((record, i) => {
      device.memory.write(next, record)
      device.memory.uint32s(pairs + 8 * i, 2).set([next, record.length])
      next += record.length
    })
    return checkJsonRecords(device, arena, { pairs, count: records.length }).map(e => e.record)
  } finally {
    arena.release()
  }
}

/** Reads the chunks as NDJSON with the columns `n` and `v`: rows and codes of refused records. */
function readNdjson(chunks: readonly Uint8Array[]): { rows: unknown[]; errors: string[] } {
  const reader = new LineReader(device, { where: 'test' })
  const fields = parseSchema({ n: 'int64?', v: 'utf8?' }, 'test')
  const rows: unknown[] = []
  const errors: string[] = []
  chunks.forEach((chunk, i) => {
    const arena = device.arena()
    device.memory.write(reader.reserve(arena, chunk.length), chunk)
    const lines = reader.take(arena, chunk.length, i === chunks.length - 1, 1000)
    const decoded = decodeJsonRecords(device, arena, lines, fields, 'test')
    const read = rowReader(device.memory, decoded.batch)
    for (let row = 0; row < decoded.batch.rowCount; row++) rows.push(read(row))
    errors.push(...decoded.errors.map(e => e.code))
    arena.release()
  })
  return { rows, errors }
}

function joined(...parts: (string | Uint8Array)[]): Uint8Array {
  const bytes = parts.map(p => (typeof p === 'string' ? encoder.encode(p) : p))
  const all = new Uint8Array(bytes.reduce((sum, b) => sum + b.length, 0))
  let at = 0
  for (const b of bytes) {
    all.set(b, at)
    at += b.length
  }
  return all
}

describe.skipIf(names.length === 0)('JSONTestSuite', () => {
  it('has the cases that the scores are counted over', () => {
    expect(names.filter(n => /^[yn]_/.test(n)).length).toBe(283)
    expect([...refusedChoices].filter(n => !names.includes(n))).toEqual([])
  })

  it.each(names)('%s: accepted or refused as the suite says, alone and between neighbours', name => {
    const bytes = readFileSync(`${folder}/${name}`)
    const expected = accepted(name) ? [] : [0]
    // A number alone may not touch its neighbour's bytes: see JsonJob.anyRoot.
    expect(refusals([joined(bytes, ' ')])).toEqual(bytes.length === 0 ? [0] : expected)
    expect(refusals([encoder.encode('{"good":1}'), joined(bytes, ' '), encoder.encode('[2]')])).toEqual(expected.length ? [1] : [])
  })

  it.each(names)('%s: as a line among good ones, cut in two at every byte', name => {
    const bytes = readFileSync(`${folder}/${name}`)
    const all = joined('{"n":1,"v":"before"}\n{"n":2,"v":', bytes, '}\n{"n":3,"v":"after"}')
    const whole = readNdjson([all])
    expect(whole.rows.at(0)).toEqual({ n: 1n, v: 'before' })
    expect(whole.rows.at(-1)).toEqual({ n: 3n, v: 'after' })
    const lines = bytes.includes(10) ? undefined : 1
    if (lines === 1) expect(whole.errors.length).toBe(accepted(name) ? 0 : 1)
    const step = all.length > 2_000 ? 997 : 1
    for (let cut = 0; cut <= all.length; cut += step) expect(readNdjson([all.subarray(0, cut), all.subarray(cut)]), `cut at ${cut}`).toEqual(whole)
  })

  it('leaves no memory behind', () => {
    expect(device.pages.used()).toBe(0)
  })
})
