// Nested columns as text and back: lists, structs and maps of every type in NDJSON and in cells of CSV; what is wrong in them; keys that are unknown or missing. SEED=17 replays a failure.
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { childrenOf, type DataType, isNested } from '../../src/batch/data-type.ts'
import { parseSchema, schemaText } from '../../src/batch/schema.ts'
import { CsvDecoder, plainDialect } from '../../src/compute/csv.ts'
import { encodeCsvRows, encodeJsonRows } from '../../src/compute/encode-text.ts'
import { JsonDecoder, type KeyRules, splitLines } from '../../src/compute/json.ts'
import { type JsonField, jsonFields } from '../../src/compute/json-tables.ts'
import { createDevice } from '../../src/device/device.ts'
import { inferJsonSchema } from '../../src/format/json/infer-schema.ts'
import { columnOf, randomType, rowsOf, sampleTypes, sampleValues } from '../support/samples.ts'

const device = await createDevice()
const first = Number(process.env.SEED ?? 1)
const seeds = process.env.SEED ? [first] : Array.from({ length: Number(process.env.FUZZ_ROUNDS ?? 60) }, (_, i) => i + 1)
afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

function decode(schema: Record<string, string>, text: string, rules?: KeyRules) {
  return decodeFields(parseSchema(schema, 'test'), text, rules)
}

function decodeFields(fields: readonly JsonField[], text: string, rules?: KeyRules) {
  const arena = device.arena()
  try {
    const bytes = new TextEncoder().encode(text)
    const address = arena.allocate(bytes.length)
    device.memory.write(address, bytes)
    const lines = splitLines(device, arena, address, bytes.length, true, 1_000)
    const { batch, errors } = new JsonDecoder(fields, 'test', rules).decode(device, arena, lines)
    return { rows: rowsOf(device, batch), errors: errors.map(e => `${e.record} ${e.code} ${/column "(.*?)"/.exec(e.message)?.[1]} ${e.byte}`) }
  } finally {
    arena.release()
  }
}

const hasInterval = (type: DataType): boolean => type.kind === 'interval' || childrenOf(type).some(child => hasInterval(child.type))

describe('nested columns', () => {
  it('come back as they were written, in NDJSON and CSV, whatever they are made of', () => {
    for (const seed of seeds) {
      const r = random(seed)
      const types = [...sampleTypes, ...Array.from({ length: 6 }, () => randomType(r, 3))].filter(type => isNested(type) && !hasInterval(type))
      const fields = types.map((type, i) => ({ name: `c${i}`, type, nullable: true }))
      const rows = r.int(40)
      const shape = (['full', 'nulls', 'allNull'] as const)[r.int(3)]!
      const columns = types.map(type => sampleValues(r, type, rows, shape))
      const arena = device.arena()
      const batch = { fields, rowCount: rows, columns: columns.map((values, i) => columnOf(device, arena, types[i]!, values)), arena: arena.address }
      const expected = Array.from({ length: rows }, (_, row) => columns.map(values => values[row]))
      const json = encodeJsonRows(device, arena, batch)
      const decoded = new JsonDecoder(fields, 'test').decode(device, arena, splitLines(device, arena, json.address, json.bytes, true, 100))
      expect(decoded.errors, `seed ${seed}`).toEqual([])
      expect(rowsOf(device, decoded.batch), `seed ${seed}`).toEqual(expected)
      const csv = encodeCsvRows(device, arena, batch, plainDialect)
      const again = new CsvDecoder(fields, fields.map(f => f.name), plainDialect, 'test').decode(device, arena, csv.address, csv.bytes, true, 100)
      expect(again.errors, `seed ${seed}`).toEqual([])
      expect(rowsOf(device, again.batch), `seed ${seed}`).toEqual(expected)
      arena.release()
    }
  })

  it('are refused row by row where something in them is none of its type, with the place of the column', () => {
    const schema = { n: 'int64', a: 'list<int8>?', s: 'struct<x: int32, y: list<utf8?>?>?', m: 'map<utf8, decimal(4, 1)>?', k: 'map<int8, bool?>?', f: 'list<float64, 2>?' }
    const good = '{"n":1,"a":[1,2],"s":{"x":1,"y":["a",null]},"m":{"k":1.5},"k":[[1,true],[2,null]],"f":[1,2]}'
    const wrong = [
      ['a', '[1,200]'], ['a', '[1,null]'], ['a', '[1,"2"]'], ['a', '{}'], ['a', '"[1]"'], ['a', '7'], ['s', '{"x":1.5}'], ['s', '{"y":[]}'], ['s', '{"x":1,"y":[1,{}],"y":{}}'], ['s', '[1]'], ['m', '{"k":123456}'], ['m', '{"k":null}'], ['m', '[]'],
      ['k', '[[1,true],[300,true]]'], ['k', '[[1]]'], ['k', '[1,true]'], ['k', '{}'], ['f', '[1]'], ['f', '[1,2,3]'], ['f', '[1,null]'],
    ] as const // biome-ignore format: a case a word
    const text = wrong.map(([name, value]) => `${good}\n{"n":2,"${name}":${value}}\n`).join('')
    const { rows, errors } = decode(schema, text)
    const value = [1n, [1, 2], { x: 1, y: ['a', null] }, new Map([['k', '1.5']]), new Map<number, boolean | null>([[1, true], [2, null]]), [1, 2]]
    expect(rows).toEqual(wrong.map(() => value))
    expect(errors).toEqual(wrong.map(([name], i) => `${2 * i + 1} JSON_TYPE ${name} ${10 + name.length}`))
  })

  it('may be empty, null and spaced as JSON allows, and keep the JSON of what is mixed', () => {
    const schema = { a: 'list<list<int32>?>?', s: 'struct<>?', t: 'struct<"a b": utf8?, v: list<utf8>?>?' }
    expect(decode(schema, '{ "a" : [ ] , "s" : { } }\n{"a":[ [ 1 , 2 ] ,null, [] ],"s":{"other":[{}]},"t":{ "a b" : {"q":[1, 2]} , "v":[ "x\\n\\"y" , 1.50, {"z":null} ] }}\n{"a":null}\n').rows).toEqual([
      [[], {}, null],
      [[[1, 2], null, []], {}, { 'a b': '{"q":[1, 2]}', v: ['x\n"y', '1.50', '{"z":null}'] }],
      [null, null, null],
    ])
  })

  it('are read from below other objects, and from objects that come again under their key, of which the last counts', () => {
    const fields = jsonFields(parseSchema({ s: 'struct<x: int32, t: struct<y: utf8>?>?', n: 'int64?' }, 'test'), { paths: { s: 'a.s', n: 'a.n' } }, 'test')
    const lines = [
      '{"a":{"s":{"x":1,"t":{"y":"one"}},"n":1}}', '{"a":{"n":2,"s":{"x":2,"t":null}}}', '{"a":null}', '{"a":{"s":null}}', '{}',
      '{"a":{"s":{"x":"no"},"s":{"x":6,"t":{"y":1},"t":{"y":"six"}}}}', '{"a":{"s":{"x":7}},"a":{"n":7}}', '{"a":{"s":[],"s":null}}', '{"a":{"s":{"x":9,"t":{}}}}', '{"a":{"s":{"x":1.5,"t":[}}}',
    ] // biome-ignore format: a record a word
    const { rows, errors } = decodeFields(fields, lines.join('\n'))
    const none = [null, null]
    expect(rows).toEqual([[{ x: 1, t: { y: 'one' } }, 1n], [{ x: 2, t: null }, 2n], none, none, none, [{ x: 6, t: { y: 'six' } }, null], [null, 7n], none])
    expect(errors).toEqual(['8 JSON_TYPE s 10', '9 JSON_VALUE undefined 24'])
    expect(() => decodeFields(parseSchema({ s: 'struct<x: int32>', n: 'int64' }, 'test').map((f, i) => ({ ...f, path: i ? ['s', 'n'] : ['s'] })), '')).toThrow('column "s" takes the whole of "s"')
  })

  it('hold the last of repeated floats, however many digits the one before has', () => {
    const long = '0.1000000000000000055511151231257827021181583404541015625'
    const text = ['"x":2.5', `"x":${long},"x":2.5`, `"x":${long},"x":null`, `"x":2.5,"x":${long}`].map(pairs => `{${pairs},"s":{${pairs}}}`).join('\n')
    const values = [2.5, 2.5, null, 0.1]
    expect(decode({ x: 'float64?', s: 'struct<x: float64?>' }, text).rows).toEqual(values.map(x => [x, { x }]))
  })

  it('are found in samples, widened at every depth', () => {
    const infer = (text: string, isWhole = true) => schemaText(inferJsonSchema(new TextEncoder().encode(text), isWhole, 'test'))
    expect(infer('{"a":[1,2.5],"s":{"x":1,"d":"2024-01-01"},"l":[{"k":1},{"k":null,"n":[]}]}\n{"a":[null],"s":{"y":true,"d":"2024-01-01T10:00"},"l":null}\n')).toEqual({
      a: 'list<float64?>',
      s: 'struct<x: int64?, d: timestamp[ms], y: bool?>',
      l: 'list<struct<k: int64?, n: list<utf8>?>>?',
    })
    expect(infer('{"a":[1],"b":{},"c":[[1],[]],"d":[1,"x",{}]}\n{"a":{"q":1},"b":{},"c":[],"d":[]}\n')).toEqual({ a: 'utf8', b: 'utf8', c: 'list<list<int64>>', d: 'list<utf8>' })
    expect(infer(`{"m":{${Array.from({ length: 600 }, (_, i) => `"k${i}":1`).join()}}}\n`)).toEqual({ m: 'utf8' })
    expect(infer(`{"deep":${'['.repeat(40)}1${']'.repeat(40)}}\n`).deep).toMatch(/^(list<){16}utf8(>){16}$/)
  })
})

describe('keys that are unknown or missing', () => {
  const text = '{"a":1,"b":null,"x":{"y":[1]},"z":"\\u00e9"}\n{"b":"2"}\n{"a":3,"\\u0062":"q","w\\n":1 }\n'

  it('are passed over and null, refused, or collected as they stand', () => {
    const schema = { a: 'int64?', b: 'utf8?' }
    expect(decode(schema, text).rows).toEqual([[1n, null], [null, '2'], [3n, 'q']])
    expect(decode(schema, text, { unknown: 'error' })).toEqual({ rows: [[null, '2']], errors: ['0 JSON_UNKNOWN undefined 16', '2 JSON_UNKNOWN undefined 20'] })
    expect(decode({ ...schema, rest: 'utf8?' }, text, { unknown: { collect: 'rest' } }).rows).toEqual([[1n, null, '{"x":{"y":[1]},"z":"\\u00e9"}'], [null, '2', null], [3n, 'q', '{"w\\n":1}']])
    expect(decode({ ...schema, rest: 'utf8?' }, text, { unknown: { collect: 'rest' }, missing: 'error' })).toEqual({
      rows: [[1n, null, '{"x":{"y":[1]},"z":"\\u00e9"}'], [3n, 'q', '{"w\\n":1}']],
      errors: ['1 JSON_MISSING a 0'],
    })
    expect(() => decode(schema, text, { unknown: { collect: 'a' } })).toThrow('unknown keys can\'t be collected in "a", which is of another type; give it the type utf8?')
  })

  it('are so in structs too', () => {
    const schema = { s: 'struct<x: int64?>' }
    expect(decode(schema, '{"s":{"x":1,"y":2}}\n{"s":{}}\n', { unknown: 'error' }).errors).toEqual(['0 JSON_TYPE s 5'])
    expect(decode(schema, '{"s":{"x":1,"y":2}}\n{"s":{}}\n', { missing: 'error' }).errors).toEqual(['1 JSON_TYPE s 5'])
  })

  it('are collected whatever their length and number', () => {
    const many = Array.from({ length: 500 }, (_, i) => `"key \\"${i}":"${'v'.repeat(i)}"`).join()
    const { rows, errors } = decode({ a: 'int64', rest: 'utf8?' }, `{${many},"a":1}\n{"a":2}\n{"a":3,${many}}\n`, { unknown: { collect: 'rest' } })
    expect(errors).toEqual([])
    expect(rows.map(([a, rest]) => [a, rest === `{${many}}`])).toEqual([[1n, true], [2n, false], [3n, true]])
  })
})
