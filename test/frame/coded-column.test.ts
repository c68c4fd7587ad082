import { afterAll, expect, it } from 'vitest'
import { parseType } from '../../src/batch/type-name.ts'
import { CodedColumn } from '../../src/frame/coded-column.ts'
import { closeEngines, from } from '../../src/index.ts'

afterAll(closeEngines)

const encoder = new TextEncoder()
const dictionary = { offsets: Int32Array.of(0, 1, 1, 6), bytes: new Uint8Array(encoder.encode('aé€')) }

it('reads texts and bytes by code, and lays them out as Arrow does when asked', () => {
  const texts = new CodedColumn(parseType('utf8', 'test').type, Uint32Array.of(2, 0, 1, 2, 0), dictionary, Uint8Array.of(0b10111))
  expect(Array.from({ length: 5 }, (_, row) => texts.get(row))).toEqual(['é€', 'a', '', null, 'a'])
  expect([...texts.offsets]).toEqual([0, 5, 6, 6, 6, 7])
  expect(new TextDecoder().decode(texts.bytes)).toBe('é€aa')
  expect(texts.bytes).toBe(texts.bytes)
  expect(new CodedColumn(parseType('binary', 'test').type, Uint32Array.of(0), dictionary, undefined).get(0)).toEqual(encoder.encode('a'))
})

it('gives tables of cached frames what tables of others hold, as rows and as Arrow', async () => {
  const rows = Array.from({ length: 3_000 }, (_, i) => ({ t: i % 11 === 0 ? null : `t${i % 50}`, b: Uint8Array.of(i % 3, i % 5), n: i }))
  const frame = from(rows, { schema: { t: 'utf8?', b: 'binary', n: 'int32' } })
  for (const batchRows of [20, 65_536]) {
    const table = await frame.cache().collect({ batchRows })
    expect(table.toArray()).toEqual(rows)
    const arrow = table.toArrow()
    expect(Array.from(arrow.getChild('t')!)).toEqual(rows.map(row => row.t))
    expect(Array.from(arrow.getChild('b')!, bytes => [...(bytes as Uint8Array)])).toEqual(rows.map(row => [...row.b]))
  }
})
