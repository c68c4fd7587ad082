// Files of JSON that are no lines: one array, or values over several lines; nested columns, keys by rule, packed and in other encodings.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { checkJsonRecords } from '../../src/compute/json.ts'
import { createDevice } from '../../src/device/device.ts'
import { ValueReader } from '../../src/format/json/value-reader.ts'
import { jsonFileScan, ndjsonScan } from '../../src/source/ndjson.ts'
import { runScan } from '../support/scan.ts'

const device = await createDevice()
const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function file(content: string | Uint8Array, ending = 'json'): string {
  const path = join(folder, `${files++}.${ending}`)
  writeFileSync(path, content)
  return path
}
const scan = (options: object, batchRows?: number, columns?: readonly string[]) => runScan(device, jsonFileScan as never, options, batchRows, columns)

const objects = Array.from({ length: 3_000 }, (_, i) => ({ id: i, tags: i % 3 ? ['a]', `{"${i}`] : [], at: { x: i / 4, deep: [[i], []] }, note: i % 5 ? `one\n"two" \\ ${i}` : null }))
const rows = objects.map(({ id, at: { x, deep }, ...rest }) => ({ id: BigInt(id), ...rest, at: { x, deep: deep.map(list => list.map(BigInt)) } }))
const inOrder = (found: readonly object[]) => found.map(row => Object.fromEntries(['id', 'tags', 'note', 'at'].map(name => [name, (row as Record<string, unknown>)[name]])))

/** The texts of the values, or what is wrong, of an input in chunks cut at `cuts`. */
function valuesOf(bytes: Uint8Array, cuts: readonly number[], max = 100): string[] {
  const reader = new ValueReader(device, { where: 'test' })
  const found: string[] = []
  const ends = [...cuts, bytes.length]
  let start = 0
  for (let i = 0; i < ends.length || reader.carried > 0; i++) {
    const end = ends[i] ?? bytes.length
    const arena = device.arena()
    try {
      device.memory.write(reader.reserve(arena, end - start), bytes.subarray(start, end))
      const { pairs, count } = reader.take(arena, end - start, i >= ends.length - 1, max)
      const words = device.memory.uint32s(pairs, 2 * count)
      for (let v = 0; v < count; v++) found.push(device.memory.text(words[2 * v]!, words[2 * v + 1]!))
    } catch (thrown) {
      return [...found, (thrown as Error).message]
    } finally {
      arena.release()
    }
    start = end
  }
  return found
}
const bytesOf = (text: string) => new TextEncoder().encode(text)

describe('read.json', () => {
  it('reads an array of objects, values over several lines, and lines, with nested columns found by itself', () => {
    const texts = [JSON.stringify(objects), `\ufeff ${JSON.stringify(objects, null, 2)}\n`, objects.map(o => JSON.stringify(o, null, 1)).join('\n\n'), objects.map(o => JSON.stringify(o)).join('')]
    for (const text of texts) {
      for (const batchRows of [10_000, 7]) {
        const run = scan({ paths: [file(text)] }, batchRows)
        expect(inOrder(run.rows)).toEqual(inOrder(rows))
        expect(run.splits).toBe(1)
        expect(Math.max(...run.batchRows)).toBeLessThanOrEqual(batchRows)
      }
    }
    const text = texts[0]!
    expect(inOrder(scan({ paths: [file(gzipSync(text), 'json.gz')] }).rows)).toEqual(inOrder(rows))
    expect(inOrder(scan({ paths: [file(Buffer.from(`\ufeff${text}`, 'utf16le'))] }).rows)).toEqual(inOrder(rows))
    expect(device.pages.used()).toBe(0)
  })

  it('is what read.ndjson does with a file that begins with [', () => {
    const path = file(JSON.stringify(objects), 'ndjson')
    expect(inOrder(runScan(device, ndjsonScan as never, { paths: [path], splitBytes: 100 }, 100).rows)).toEqual(inOrder(rows))
  })

  it('refuses, skips or keeps records that do not fit, and says where', () => {
    const path = file('[{"id":1},\n {"id":"x"}, 7,\n{"id":3}\n]')
    expect(() => scan({ paths: [path], schema: { id: 'int64' } })).toThrow(`read.json: ${path}, line 2, byte 18: column "id" (int64): the value is of another type, at byte 6 of the record; found "{\\"id\\":\\"x\\"}"`)
    const run = scan({ paths: [path], schema: { id: 'int64' }, onError: 'deadLetters' })
    expect(run.rows).toEqual([{ id: 1n }, { id: 3n }])
    expect(run.ports.deadLetters!.map(l => [new TextDecoder().decode(l.value as Uint8Array), l.byte])).toEqual([['{"id":"x"}', 18n], ['7', 24n]])
    expect(() => scan({ paths: [file('[1, 2]')] })).toThrow('no JSON object found in the first 6 bytes')
    expect(() => scan({ paths: [file('[{"a":1}')] })).toThrow('byte 8: the bytes end before the array does')
    expect(scan({ paths: [file('[]'), file(' ')], schema: { a: 'int64' } }).rows).toEqual([])
  })

  it('collects unknown keys whatever columns are asked for', () => {
    const path = file('[{"a":1,"b":[1, 2],"c":null},{"a":2}]')
    expect(scan({ paths: [path], schema: { a: 'int64', rest: 'utf8?' }, unknown: { collect: 'rest' } }, 10, ['rest']).rows).toEqual([{ rest: '{"b":[1, 2],"c":null}' }, { rest: null }])
    expect(() => scan({ paths: [path], schema: { a: 'int64' }, unknown: 'error' }, 10, [])).toThrow('no column is read from this key, at byte 7 of the record')
    expect(() => scan({ paths: [path], schema: { a: 'int64', b: 'list<int8>?' }, missing: 'error' }, 10, ['a'])).toThrow('column "b" (list<int8>?): the key is missing')
    expect(scan({ paths: [path], unknown: { collect: 'rest' } }).fields.map(f => f.name)).toEqual(['a', 'b', 'c', 'rest'])
  })
})

describe('ValueReader', () => {
  it('finds the values of an array and loose ones, wherever chunks are cut', () => {
    const items = ['{"a":"]}\\\\\\"","b":[{}]}', '"x,\\"y"', '-1.5e3', 'true', '[[],{"k":[1]}]', '""', '{}', `"${'long '.repeat(10)}"`]
    for (const [text, last] of [[`[${items.join(' ,\r\n')}]`, ''], [`\ufeff\n[ ${items.join(',')} ] \n`, ''], [items.join('\n'), ''], ['[]', ''], ['', '']] as const) {
      const bytes = bytesOf(text + last)
      const whole = valuesOf(bytes, [])
      expect(whole).toEqual(text.length > 2 ? items : [])
      for (let cut = 0; cut <= bytes.length; cut++) expect(valuesOf(bytes, [cut]), `cut at ${cut}`).toEqual(whole)
      expect(valuesOf(bytes, [], 1)).toEqual(whole)
    }
  })

  it('refuses what has no values that could be told apart, at the same byte wherever chunks are cut', () => {
    const cases: [string, RegExp][] = [
      ['[1 2]', /byte 3: a comma or the end/], ['[1,]', /byte 3: a value/], ['[,1]', /byte 1: a value/], ['[1]]', /byte 3: a value/], ['[1', /byte 1: the bytes end|byte 2: the bytes end/],
      ['[1,{"a":[2}', /the bytes end/], ['[1,"x', /byte 3: the bytes end/], ['[{"a":1}}]', /byte 8: a comma/], ['[1] x', /byte 4: a value/], ['[', /byte 1: the bytes end/], [',', /byte 0: a value/],
    ] // biome-ignore format: a case a word
    for (const [text, message] of cases) {
      for (const max of [100, 1]) {
        const whole = valuesOf(bytesOf(text), [], max)
        expect(whole.at(-1), text).toMatch(message)
        for (let cut = 0; cut <= text.length; cut++) expect(valuesOf(bytesOf(text), [cut], max).at(-1), `${text} cut at ${cut}`).toMatch(message)
      }
    }
  })

  it('gives the same values in chunks as whole of arrays broken at random, and those that JSON.parse does of whole ones', () => {
    let good = 0
    for (let seed = 1; seed <= Number(process.env.FUZZ_ROUNDS ?? 200); seed++) {
      const r = random(seed)
      const text = JSON.stringify(objects.slice(r.int(100), 100 + r.int(10)), null, r.int(3))
      const bytes = bytesOf(text).slice()
      for (let i = r.int(3); i > 0; i--) bytes[r.int(bytes.length)] = 32 + r.int(96)
      const whole = valuesOf(bytes, [], 1_000)
      const cuts = Array.from({ length: r.int(4) }, () => r.int(bytes.length + 1)).sort((a, b) => a - b)
      // Values before what is wrong are told or not, as chunks happen to be cut.
      const parts = valuesOf(bytes, cuts, 1_000)
      expect(parts.at(-1), `seed ${seed}`).toEqual(whole.at(-1))
      let expected: unknown[] | undefined
      try {
        expected = JSON.parse(new TextDecoder().decode(bytes)) as unknown[]
      } catch {
        continue
      }
      good++
      expect(whole.map(v => JSON.parse(v) as unknown), `seed ${seed}`).toEqual(expected)
    }
    expect(good).toBeGreaterThan(30)
    expect(device.pages.used()).toBe(0)
  })

  it('leaves the rest to the decoder', () => {
    const arena = device.arena()
    const text = '{"a":1]}'
    const address = arena.allocate(text.length)
    device.memory.write(address, bytesOf(text))
    const pairs = arena.allocate(8)
    device.memory.uint32s(pairs, 2).set([address, text.length])
    expect(checkJsonRecords(device, arena, { pairs, count: 1 }).map(e => e.code)).toEqual(['JSON_COMMA'])
    arena.release()
  })
})
