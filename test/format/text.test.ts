// Lines across chunks, schemas from samples, and rows to text and back.
import { afterAll, describe, expect, it } from 'vitest'
import { rowReader } from '../../src/batch/read-values.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { parseSchema, schemaText } from '../../src/batch/schema.ts'
import { CsvDecoder, plainDialect } from '../../src/compute/csv.ts'
import { csvHeader, encodeCsvRows, encodeJsonRows } from '../../src/compute/encode-text.ts'
import { decodeJsonRecords, splitLines } from '../../src/compute/json.ts'
import { random } from '../../src/base/random.ts'
import { isNested } from '../../src/batch/data-type.ts'
import type { Value } from '../../src/batch/read-values.ts'
import { columnOf, rowsOf, sampleTypes, sampleValues, shapes, uint32sAt } from '../support/samples.ts'
import { createDevice } from '../../src/device/device.ts'
import { inferJsonSchema } from '../../src/format/json/infer-schema.ts'
import { LineReader } from '../../src/format/json/line-reader.ts'

const device = await createDevice()
const bytesOf = (text: string) => new TextEncoder().encode(text)
afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

describe('LineReader', () => {
  it('tells where each line lies in the input, and carries what has no end', () => {
    const reader = new LineReader(device, { where: 'test', position: 100 })
    const seen: [string, number][] = []
    for (const [text, isLast] of [
      ['ab', false],
      ['c\n\r\nde', false],
      ['f', true],
    ] as const) {
      const arena = device.arena()
      device.memory.write(reader.reserve(arena, text.length), bytesOf(text))
      const lines = reader.take(arena, text.length, isLast, 10)
      const pairs = device.memory.uint32s(lines.pairs, 2 * lines.count)
      for (let i = 0; i < lines.count; i++) seen.push([device.memory.text(pairs[2 * i]!, pairs[2 * i + 1]!), pairs[2 * i]! - lines.address + lines.position])
      arena.release()
    }
    expect(seen).toEqual([
      ['abc', 100],
      ['def', 106],
    ])
    expect([reader.carried, reader.position]).toEqual([0, 109])
  })

  it('refuses a line beyond its limit', () => {
    const reader = new LineReader(device, { where: 'logs.ndjson', lineBytesMax: 1_000 })
    const arena = device.arena()
    reader.reserve(arena, 2_000)
    device.memory.bytes(reader.reserve(arena, 2_000), 2_000).fill(97)
    expect(() => reader.take(arena, 2_000, false, 10)).toThrow('logs.ndjson, byte 0: a line has more than 1000 B and no end so far')
    arena.release()
  })
})

describe('rows of every type', () => {
  const schema = {
    i: 'int8?', u: 'uint64', h: 'float16', f: 'float32?', p: 'decimal(20, 3)?', d: 'date?', t: 'time[us]', z: 'timestamp[ms, Asia/Tokyo]', s: 'duration[ms]', v: 'interval?', b: 'binary(3)', n: 'null?', l: 'list<int64?>?',
    o: 'struct<a: utf8, b: list<decimal(4, 1)>>', m: 'map<utf8, uint64?>', k: 'map<int8, date>',
  } // biome-ignore format: a column a word
  const rows = [
    {
      i: -3, u: 2n ** 64n - 1n, h: 1.5, f: -0, p: '12345678901234567.250', d: '2024-02-29', t: '01:02:03.000004', z: 0, s: 'PT1.5S', v: 'P1M2DT3S', b: Uint8Array.of(1, 2, 3), l: [1n, null, 2n ** 62n],
      o: { a: 'x"y', b: ['1.5'] }, m: [['k', 2n ** 63n]], k: [[1, '2024-01-01']],
    }, // biome-ignore format: a column a word
    { i: null, u: 0n, h: Number.NaN, f: null, p: null, d: null, t: 0n, z: 1, s: 0, v: null, b: Uint8Array.of(0, 0, 0), l: null, o: { a: '', b: [] }, m: [], k: [] },
  ]
  const text = (encode: (arena: ReturnType<typeof device.arena>, batch: ReturnType<typeof buildBatch>) => ReturnType<typeof encodeJsonRows>) => {
    const arena = device.arena()
    const { address, bytes } = encode(arena, buildBatch(device, arena, parseSchema(schema, 'test'), rows, 'test'))
    const lines = device.memory.text(address, bytes).split('\n')
    arena.release()
    return lines
  }

  it('are JSON with all their digits', () => {
    expect(text((arena, batch) => encodeJsonRows(device, arena, batch))).toEqual([
      '{"i":-3,"u":18446744073709551615,"h":1.5,"f":-0,"p":12345678901234567.250,"d":"2024-02-29","t":"01:02:03.000004","z":"1970-01-01T00:00:00.000Z","s":"PT1.5S","v":"P1M2DT3S","b":"AQID","n":null,"l":[1,null,4611686018427387904],"o":{"a":"x\\"y","b":[1.5]},"m":{"k":9223372036854775808},"k":[[1,"2024-01-01"]]}',
      '{"i":null,"u":0,"h":null,"f":null,"p":null,"d":null,"t":"00:00:00.000000","z":"1970-01-01T00:00:00.001Z","s":"PT0S","v":null,"b":"AAAA","n":null,"l":null,"o":{"a":"","b":[]},"m":{},"k":[]}',
      '',
    ])
  })

  it('are read back as they were written, those of flat types', () => {
    const types = sampleTypes.filter(type => !isNested(type) && type.kind !== 'interval')
    const fields = types.map((type, i) => ({ name: `c${i}`, type, nullable: true }))
    for (const shape of shapes) {
      const arena = device.arena()
      // Timestamps beyond year 9999 have no text, nor do days, and JSON has no NaN.
      const columns = types.map((type, i) => sampleValues(random(i), type, 80, shape === 'extreme' && ['date', 'timestamp', 'float16', 'float32', 'float64', 'utf8', 'binary'].includes(type.kind) ? 'nulls' : shape))
      const batch = { fields, rowCount: 80, columns: columns.map((values, i) => columnOf(device, arena, types[i]!, values)), arena: arena.address }
      const json = encodeJsonRows(device, arena, batch)
      const pairs = splitLines(device, arena, json.address, json.bytes, true, 100)
      const decoded = decodeJsonRecords(device, arena, pairs, fields, 'test')
      expect(decoded.errors).toEqual([])
      const finite = (v: Value | undefined) => (typeof v === 'number' && !Number.isFinite(v) ? null : v)
      expect(rowsOf(device, decoded.batch)).toEqual(Array.from({ length: 80 }, (_, row) => columns.map(values => finite(values[row]))))
      const csv = encodeCsvRows(device, arena, batch, plainDialect)
      const again = new CsvDecoder(fields, fields.map(f => f.name), plainDialect, 'test').decode(device, arena, csv.address, csv.bytes, true, 100)
      expect(again.errors).toEqual([])
      expect(rowsOf(device, again.batch)).toEqual(Array.from({ length: 80 }, (_, row) => columns.map(values => values[row])))
      arena.release()
    }
  })

  it('are refused row by row where a value is none of its type, with its place', () => {
    const fields = parseSchema({ n: 'utf8', i: 'int8', u: 'uint32?', p: 'decimal(4, 2)', d: 'date?', b: 'binary(2)', f: 'float32' }, 'test')
    const arena = device.arena()
    const place = (text: string) => {
      const address = arena.allocate(text.length + 1)
      device.memory.write(address, bytesOf(text))
      return address
    }
    const lines = [
      '{"n":"a","i":1,"u":4294967295,"p":1.50,"d":"2024-02-29","b":"AAE=","f":0.1}',
      '{"n":"b","i":300,"p":"1","b":"AAE=","f":0}',
      '{"n":"c","i":1,"u":4294967296,"p":1,"b":"AAE=","f":0}',
      '{"n":"d","i":1,"p":1.005,"b":"AAE=","f":0}',
      '{"n":"e","i":1,"p":true,"b":"AAE=","f":0}',
      '{"n":"f","i":1,"p":1,"d":86400000,"b":"AAE=","f":1e39}',
      '{"n":"g","i":1,"p":1,"d":"yesterday","b":"AAE=","f":0}',
      '{"n":"h","i":1,"p":1,"d":86400000,"b":"A!","f":0}',
      '{"n":"i","i":1,"p":1,"d":86400000,"b":"AAEC","f":0}',
      '{"n":"j","i":-128,"p":-99.99,"d":86400000,"b":"AAE=","f":-0}',
    ]
    const json = lines.join('\n')
    const decoded = decodeJsonRecords(device, arena, splitLines(device, arena, place(json), json.length, true, 100), fields, 'test')
    expect(rowsOf(device, decoded.batch)).toEqual([
      ['a', 1, 4_294_967_295, '1.50', 1_709_164_800_000, Uint8Array.of(0, 1), Math.fround(0.1)],
      ['j', -128, null, '-99.99', 86_400_000, Uint8Array.of(0, 1), -0],
    ])
    expect(uint32sAt(device, decoded.rowOfRecord, 2)).toEqual([0, 9])
    expect(decoded.errors.map(e => [e.record, e.code, /column "(.)"/.exec(e.message)![1], lines[e.record]!.slice(e.byte, e.byte + 4)])).toEqual([
      [1, 'JSON_RANGE', 'i', '300,'],
      [2, 'JSON_RANGE', 'u', '4294'],
      [3, 'JSON_TYPE', 'p', '1.00'],
      [4, 'JSON_TYPE', 'p', 'true'],
      [5, 'JSON_TYPE', 'f', '1e39'],
      [6, 'JSON_TYPE', 'd', '"yes'],
      [7, expect.any(String), 'b', expect.any(String)],
      [8, 'JSON_TYPE', 'b', '"AAE'],
    ])
    const rows = ['a,1,4294967295,1.5,2024-02-29,AAE=,inf', 'b,300,,1,,AAE=,0', '"c\n",1,,true,,AAE=,0', 'd,1,,1,2024-13-01,AAE=,0', 'e,-128,,"-99.99",,AAE=,nan']
    const csv = `${rows.join('\n')}\n`
    const { batch, errors, recordOf } = new CsvDecoder(fields, fields.map(f => f.name), plainDialect, 'test').decode(device, arena, place(csv), csv.length, true, 100)
    expect(rowsOf(device, batch)).toEqual([
      ['a', 1, 4_294_967_295, '1.50', 1_709_164_800_000, Uint8Array.of(0, 1), Infinity],
      ['e', -128, null, '-99.99', null, Uint8Array.of(0, 1), NaN],
    ])
    expect(uint32sAt(device, recordOf, 2)).toEqual([0, 4])
    expect(errors.map(e => [e.code, csv.slice(e.start, e.end).trimEnd(), csv.slice(e.start + e.byte, e.start + e.byte + 4)])).toEqual([
      ['CSV_RANGE', rows[1], '300,'],
      ['CSV_TYPE', rows[2], 'true'],
      ['CSV_TYPE', rows[3], '2024'],
    ])
    arena.release()
  })

  it('are CSV, with JSON in the cells of lists, structs and maps', () => {
    expect(text((arena, batch) => encodeCsvRows(device, arena, batch, plainDialect))).toEqual([
      '-3,18446744073709551615,1.5,-0,12345678901234567.250,2024-02-29,01:02:03.000004,1970-01-01T00:00:00.000Z,PT1.5S,P1M2DT3S,AQID,,"[1,null,4611686018427387904]","{""a"":""x\\""y"",""b"":[1.5]}","{""k"":9223372036854775808}","[[1,""2024-01-01""]]"',
      ',0,NaN,,,,00:00:00.000000,1970-01-01T00:00:00.001Z,PT0S,,AAAA,,,"{""a"":"""",""b"":[]}",{},[]',
      '',
    ])
  })
})

describe('inferJsonSchema', () => {
  const infer = (text: string, isWhole = true) => schemaText(inferJsonSchema(bytesOf(text), isWhole, 'test'))

  it('takes the narrowest type that holds every value exactly', () => {
    expect(
      infer(
        '{"a":1,"b":1,"c":1.0,"d":true,"e":"2026-01-01T10:00:00.123456Z","f":"x","g":[1],"h":9223372036854775808}\n{"a":2,"b":2.5,"c":1,"d":false,"e":"2026-01-02","f":"2026-01-01","g":{"q":1},"h":1}',
      ),
    ).toEqual({
      a: 'int64',
      b: 'float64',
      c: 'float64',
      d: 'bool',
      e: 'timestamp[us]',
      f: 'utf8',
      g: 'utf8',
      h: 'float64',
    })
  })

  it('allows nulls where a value is null or absent, and everywhere if the sample is not all', () => {
    expect(infer('{"a":1,"b":null}\n{"b":"2026-01-01","c":1}')).toEqual({ a: 'int64?', b: 'date?', c: 'int64?' })
    expect(infer('{"a":1}\n{"a":2}\n{"a":"cut', false)).toEqual({ a: 'int64?' })
  })

  it('passes over what is no object, and fails where nothing is left', () => {
    expect(infer('[1]\nnonsense\n{"toString":1}\n{"a":{"\\u0000":"x"}}')).toEqual({ toString: 'int64?', a: 'float64?' })
    expect(() => infer('[1]\n2')).toThrow('test: no JSON object found in the first 5 bytes to take the columns from')
  })
})

const schema = parseSchema({ b: 'bool?', i: 'int32?', l: 'int64?', f: 'float64?', s: 'utf8?', x: 'binary?', t: 'timestamp[ms]?', n: 'timestamp[ns]?' }, 'test')
const rows = [
  { b: true, i: -5, l: 9223372036854775807n, f: 0.1, s: 'a "quoted", longer\nstring \u0001 \\ é€😀', x: new Uint8Array([0, 255, 1]), t: 1767225600123, n: -1n },
  { b: null, i: null, l: null, f: null, s: null, x: null, t: null, n: null },
  { b: false, i: 0, l: -(2n ** 63n), f: -0, s: '', x: new Uint8Array(0), t: -1, n: 0n },
]

describe('rows as NDJSON and CSV', () => {
  it('come back as they were', () => {
    const arena = device.arena()
    const batch = buildBatch(device, arena, schema, rows, 'test')
    const json = encodeJsonRows(device, arena, batch)
    const lines = splitLines(device, arena, json.address, json.bytes, true, 10)
    const fromJson = decodeJsonRecords(device, arena, lines, schema, 'test')
    const csv = encodeCsvRows(device, arena, batch, plainDialect)
    const fromCsv = new CsvDecoder(
      schema,
      schema.map(f => f.name),
      plainDialect,
      'test',
    ).decode(device, arena, csv.address, csv.bytes, true, 10)
    for (const { batch: back, errors } of [fromJson, fromCsv]) {
      expect(errors).toEqual([])
      const read = rowReader(device.memory, back)
      expect(rows.map((_, row) => read(row))).toEqual(rows)
    }
    arena.release()
  })

  it('have their bounds row by row, leave columns out, and write times as numbers if asked', () => {
    const arena = device.arena()
    const batch = buildBatch(device, arena, schema, rows, 'test')
    const { address, offsets, rowCount } = encodeJsonRows(device, arena, batch, { columns: ['t', 'i'], timestamps: 'epoch' })
    const at = device.memory.uint32s(offsets, rowCount + 1)
    const texts = Array.from({ length: rowCount }, (_, row) => device.memory.text(address + at[row]!, at[row + 1]! - at[row]!))
    expect(texts).toEqual(['{"t":1767225600123,"i":-5}\n', '{"t":null,"i":null}\n', '{"t":-1,"i":0}\n'])
    expect(() => encodeJsonRows(device, arena, batch, { columns: ['z'] })).toThrow('encode: no column "z"')
    expect(new TextDecoder().decode(csvHeader([{ name: 'a' }, { name: 'b,"c"' }, { name: '' }], plainDialect))).toBe('a,"b,""c""",""\n')
    arena.release()
  })

  it('write whole floats with a point if asked', () => {
    const arena = device.arena()
    const floats = parseSchema({ x: 'float64?', i: 'int32' }, 'test')
    const values = [1, -0, 0.5, -123456, 2 ** 53, 2 ** 60, 1e20, 1e21, -1.5e300, 5e-324, 1.7976931348623157e308, NaN, null]
    const batch = buildBatch(
      device,
      arena,
      floats,
      values.map(x => ({ x, i: 7 })),
      'test',
    )
    const { address, bytes } = encodeJsonRows(device, arena, batch, { floats: 'pointed' })
    const lines = device.memory.text(address, bytes).trimEnd().split('\n')
    for (const [row, line] of lines.entries()) {
      const value = values[row]!
      expect((JSON.parse(line) as { x: number | null }).x).toBe(Number.isNaN(value) ? null : value)
      if (Number.isFinite(value)) expect(line).toMatch(/^\{"x":-?\d+(\.\d+(e[+-]?\d+)?|e[+-]?\d+),"i":7\}$/)
    }
    expect(lines[0]).toBe('{"x":1.0,"i":7}')
    arena.release()
  })

  it('write NaN and infinities as null in JSON, and spelt out in CSV', () => {
    const arena = device.arena()
    const floats = parseSchema({ x: 'float64' }, 'test')
    const batch = buildBatch(device, arena, floats, [{ x: NaN }, { x: Infinity }, { x: -Infinity }], 'test')
    const json = encodeJsonRows(device, arena, batch)
    const csv = encodeCsvRows(device, arena, batch, plainDialect)
    expect(device.memory.text(json.address, json.bytes)).toBe('{"x":null}\n{"x":null}\n{"x":null}\n')
    expect(device.memory.text(csv.address, csv.bytes)).toBe('NaN\nInfinity\n-Infinity\n')
    arena.release()
  })
})
