import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { buildColumn } from '../../src/batch/build-columns.ts'
import { storedReader, valueReader } from '../../src/batch/read-values.ts'
import { parseType } from '../../src/batch/type-name.ts'
import { constantColumn } from '../../src/compute/operand.ts'
import type { Arena } from '../../src/device/arena.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { randomType, sampleTypes, sampleValues, shapes, valuesOf } from '../support/samples.ts'
import { typeName } from '../../src/batch/type-name.ts'

let device: Device
let arena: Arena
beforeAll(async () => {
  device = await createDevice()
  arena = device.arena()
})
afterAll(() => {
  arena.release()
  expect(device.pages.used()).toBe(0)
})

const build = (name: string, values: readonly unknown[]) => buildColumn(device, arena, { name: 'x', ...parseType(name, 'test') }, values, 'rows')
const roundTrip = (name: string, values: readonly unknown[]) => valuesOf(device, build(name, values))

describe('values in columns', () => {
  it.each(sampleTypes.map(type => typeName(type)))('%s: what was built is read back, whatever the values', name => {
    for (const shape of shapes) {
      for (const rows of [0, 1, 9, 200]) {
        const values = sampleValues(random(rows + 1), parseType(name, 'test').type, rows, shape)
        expect(roundTrip(`${name}?`, values)).toEqual(values)
      }
    }
  })

  it('of random nested types are read back', () => {
    for (let seed = 0; seed < 200; seed++) {
      const draw = random(seed)
      const type = randomType(draw, 4)
      const values = sampleValues(draw, type, draw.int(30), shapes[draw.int(shapes.length)]!)
      expect(roundTrip(`${typeName(type)}?`, values), typeName(type)).toEqual(values)
    }
  })

  it('are constants again when they are read as they are stored', () => {
    for (const type of sampleTypes) {
      const column = build(`${typeName(type)}?`, sampleValues(random(7), type, 20, 'nulls'))
      const [read, stored] = [valueReader(device.memory, column), storedReader(device.memory, column)]
      for (let row = 0; row < 20; row++) expect(valuesOf(device, constantColumn(device, arena, { type, value: stored(row) }))).toEqual([read(row)])
    }
  })

  it.each([
    ['int8', [1n, -0, 127], [1, 0, 127]],
    ['uint64', [5, 2n ** 64n - 1n], [5n, 2n ** 64n - 1n]],
    ['decimal(6, 2)', ['1.5', '-0.01', 12, 3n, 0.25, '1e3', '+.5', '7.100'], ['1.50', '-0.01', '12.00', '3.00', '0.25', '1000.00', '0.50', '7.10']],
    ['decimal(38, 38)', ['0.00000000000000000000000000000000000001', -0.5], ['0.00000000000000000000000000000000000001', `-0.5${'0'.repeat(37)}`]],
    ['float16', [1 / 3, 65_519, 2 ** -25, 3 * 2 ** -25], [0.333251953125, 65_504, 0, 2 ** -23]],
    ['float32', [0.1], [Math.fround(0.1)]],
    ['date', [new Date('2024-02-29'), '1969-12-31', '2024-02-29T00:00:00Z', 86_400_000], [1_709_164_800_000, -86_400_000, 1_709_164_800_000, 86_400_000]],
    ['time[ms]', ['23:59:59.999', '00:00', 1_500], [86_399_999, 0, 1_500]],
    ['time[us]', ['00:00:00.000001', 2n, 3], [1n, 2n, 3_000n]],
    ['time[s]', ['01:02:03', 4_000], [3_723_000, 4_000]],
    ['timestamp[us, Asia/Tokyo]', ['1970-01-01T09:00:00+09:00', 1, 1n], [0n, 1_000n, 1n]],
    ['duration[ms]', ['PT1.5S', '90s', '-P1DT1H', 7], [1_500, 90_000, -90_000_000, 7]],
    ['interval', ['P1Y2M3W4DT5H6M7.089S', { days: 1 }, '-P1M'], [{ months: 14, days: 25, nanoseconds: 18_367_089_000_000n }, { months: 0, days: 1, nanoseconds: 0n }, { months: -1, days: 0, nanoseconds: 0n }]],
    ['list<float64>', [[1, 2], new Float32Array([3]), []], [[1, 2], [3], []]],
    ['list<int64?>', [[1, null, undefined]], [[1n, null, null]]],
    ['struct<a: int8?, b: utf8?>', [{ a: 1 }, {}], [{ a: 1, b: null }, { a: null, b: null }]],
    ['map<utf8, int8?>', [new Map([['k', 1]]), [['l', null]], []], [new Map([['k', 1]]), new Map([['l', null]]), new Map()]],
    ['struct<"__proto__": int8>', [JSON.parse('{"__proto__": 3}')], [JSON.parse('{"__proto__": 3}')]],
  ])('%s takes what is exact for it: %o', (name, given, expected) => {
    expect(roundTrip(name, given)).toEqual(expected)
  })

  it.each([
    ['int8', 300, /rows, row 1, column "x": 300 is no int8/],
    ['int8', 1.5, /1\.5 is no int8/],
    ['uint8', -1, /-1 is no uint8/],
    ['uint32', 2 ** 32, /is no uint32/],
    ['uint64', -1n, /-1n is no uint64/],
    ['int64', 2 ** 53, /is no int64/],
    ['int64', 2n ** 63n, /is no int64/],
    ['float16', 65_520, /is no float16/],
    ['float32', 1e39, /is no float32/],
    ['decimal(6, 2)', '1.005', /"1\.005" is no decimal\(6, 2\)/],
    ['decimal(6, 2)', 10_000, /is no decimal/],
    ['decimal(6, 2)', 'ten', /is no decimal/],
    ['decimal(6, 2)', '1e9999', /is no decimal/],
    ['date', 1, /1 is no date/],
    ['date', '2023-02-29', /is no date/],
    ['date', new Date('2024-01-01T01:00Z'), /is no date/],
    ['time[ms]', '24:00', /is no time/],
    ['time[ms]', 86_400_000, /is no time/],
    ['time[ms]', '00:00:00.0001', /is no time/],
    ['time[s]', 1, /is no time/],
    ['duration[s]', 'P1M', /is no duration/],
    ['duration[s]', 'PT0.5S', /is no duration/],
    ['duration[s]', new Date(0), /is no duration/],
    ['interval', 'PT', /is no interval/],
    ['interval', { hours: 1 }, /is no interval/],
    ['interval', { months: 0.5 }, /is no interval/],
    ['binary(3)', new Uint8Array(2), /Uint8Array of 2 bytes is no binary\(3\)/],
    ['binary', 'text', /is no binary/],
    ['utf8', 1, /is no utf8/],
    ['list<int8>', 'ab', /is no list<int8>/],
    ['list<int8>', [1, 300], /rows, row 1, column "x\[1\]": 300 is no int8/],
    ['list<int8>', [null], /column "x\[0\]": null, but the type is int8; write 'int8\?'/],
    ['list<int8, 2>', [1], /\[1\] is no list<int8, 2>/],
    ['struct<a: struct<b: list<int8>>>', { a: { b: [1, 'x'] } }, /column "x\.a\.b\[1\]": "x" is no int8/],
    ['struct<a: int8>', {}, /column "x\.a": null/],
    ['struct<a: int8>', { a: 1, c: 2 }, /column "x": the struct has a member "c" that struct<a: int8> has not/],
    ['struct<a: int8>', [1], /is no struct/],
    ['map<utf8, int8>', [['a']], /is no map/],
    ['map<utf8, int8>', new Map([[null, 1]]), /column "x\[0\]\.key": null/],
    ['null?', 1, /1 is no null/],
  ])('%s refuses %o', (name, value, message) => {
    const good = { utf8: 'a', binary: new Uint8Array(1), 'binary(3)': new Uint8Array(3) }[name] ?? (name.startsWith('list') ? (name.includes('2>') ? [1, 1] : []) : name.startsWith('map') ? [] : undefined)
    const first = good ?? (name.startsWith('struct<a: struct') ? { a: { b: [] } } : name.startsWith('struct') ? { a: 1 } : name === 'interval' ? 'P1D' : name === 'null?' ? null : name.startsWith('uint64') ? 0n : name.startsWith('decimal') ? '0' : 0)
    expect(() => build(name, [first, value])).toThrow(message)
  })

  it('are texts of any length, in ASCII and not, in bytes that are all theirs', () => {
    const texts = Array.from({ length: 18 }, (_, length) => ['', '\0', '\x7f', '\x80', 'é', '€', '😀'].flatMap(odd => [0, length >> 1, length].map(at => `${'abcdefghijklmnopq'.slice(0, at)}${odd}${'abcdefghijklmnopq'.slice(at, length)}`))).flat()
    const column = build('utf8', texts)
    expect(valuesOf(device, column)).toEqual(texts)
    texts.forEach((text, row) => {
      const bytes = new TextEncoder().encode(text)
      const view = device.memory.bytes(column.values + 16 * row, 16)
      expect(view[0]).toBe(bytes.length)
      // Comparisons of whole views rely on zeros behind a short text.
      if (bytes.length <= 12) expect([...view.subarray(4)], text).toEqual([...bytes, ...new Array(12 - bytes.length).fill(0)])
    })
    expect(roundTrip('utf8', ['\ud800', 'a\udc00'])).toEqual(['\ufffd', 'a\ufffd'])
  })

  it('are not asked for inside of what is null', () => {
    expect(roundTrip('struct<a: utf8, b: list<int8>, c: list<utf8, 2>>?', [null, { a: 'x', b: [1], c: ['p', 'q'] }])).toEqual([null, { a: 'x', b: [1], c: ['p', 'q'] }])
    const column = build('struct<a: utf8>?', [null, { a: 'x' }])
    expect(column.children![0]!.validity).toBe(0)
  })
})
