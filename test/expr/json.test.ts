import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { findJson, jsonType, parsePath, type PathStep } from '../../src/compute/json-path.ts'
import { createDevice } from '../../src/device/device.ts'
import { describeExpression } from '../../src/expr/describe.ts'
import { type ColumnExpr, col, lit, struct } from '../../src/frame/expr.ts'
import { type Table, valuesOfExpression, valuesOrError } from '../support/expressions.ts'

const device = await createDevice()
const table = {
  j: ['utf8?', ['{"a": {"b": [1, {"x y": "é\\n"}]}, "n": 9007199254740993, "a2": true, "t": "2024-02-29T00:00:00Z"}', '{"a": null, "n": "12"}', null, 'no json {', ' [1, [2, "three"], {"a": {"b": []}}] ']],
  n: ['int64?', [1n, null, -(2n ** 60n), 0n, 5n]],
  s: ['utf8', ['', 'é', 'hello', '00fF', 'aGk=']],
} satisfies Table
const values = (e: ColumnExpr<any, any>, over: Table = table) => valuesOfExpression(device, e.expression, over)
const thrown = (e: ColumnExpr<any, any>, over: Table = table) => valuesOrError(device, e.expression, over)

afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

describe('JSON in text', () => {
  it('gives values by a path, exactly', () => {
    expect(values(col('j').jsonExtract('$.n'))).toEqual(['9007199254740993', '12', null, null, null])
    expect(values(col('j').jsonExtract('n', 'int64'))).toEqual([9007199254740993n, 12n, null, null, null])
    expect(values(col('j').jsonExtract("$.a.b[1]['x y']"))).toEqual(['é\n', null, null, null, null])
    expect(values(col('j').jsonExtract('$.a.b[-1]'))).toEqual(['{"x y": "é\\n"}', null, null, null, null])
    expect(values(col('j').jsonExtract('$[1][1]'))).toEqual([null, null, null, null, 'three'])
    expect(values(col('j').jsonExtract('$["a2"]', 'bool'))).toEqual([true, null, null, null, null])
    expect(values(col('j').jsonExtract('$.t', 'timestamp[ms]'))).toEqual([Date.UTC(2024, 1, 29), null, null, null, null])
    expect(values(col('j').jsonExtract('$.a'))).toEqual(['{"b": [1, {"x y": "é\\n"}]}', null, null, null, null])
    expect(thrown(col('j').jsonExtract('$.a', 'int64'))).toContain('CAST test')
    expect(thrown(col('j').jsonExtract('$.a[*]'))).toContain('"[*]" in the path "$.a[*]" is no step; steps are .name, [\'name\'] and [0]')
    expect(thrown(col('j').jsonExtract('$.a', 'list<int64>'))).toContain('JSON gives no list<int64>')
    expect(describeExpression(col('j').jsonExtract('$.n', 'int64').expression)).toBe("jsonExtract(j, '$.n', 'int64')")
  })

  it('says what its values are', () => {
    expect(values(col('j').jsonType())).toEqual(['object', 'object', null, null, 'array'])
    expect(values(col('j').jsonType('$.a'))).toEqual(['object', 'null', null, null, null])
    expect(values(col('j').jsonType('$.n'))).toEqual(['number', 'string', null, null, null])
    expect(jsonType('-1.5e3', [])).toBe('number')
    for (const text of ['', '01a', 'nul', '{"a" 1}', '{"a": 1', '[1, 2', '"open', '-', '1.2.3']) expect(jsonType(text, text.startsWith('{') ? ['b'] : text.startsWith('[') ? [5] : []), text).toBeNull()
  })

  it('agrees with JSON.parse over random values', () => {
    const chance = random(11)
    const make = (depth: number): unknown => {
      const pick = chance.int(depth > 3 ? 4 : 6)
      if (pick === 0) return chance.int(1000) - 500
      if (pick === 1) return ['', 'a"b', 'é\\', '{[,]}', '\u{1f600}\n'][chance.int(5)]
      if (pick === 2) return [true, false, null][chance.int(3)]
      if (pick === 3) return chance.float() * 10 ** (chance.int(30) - 15)
      if (pick === 4) return Array.from({ length: chance.int(4) }, () => make(depth + 1))
      return Object.fromEntries(Array.from({ length: chance.int(4) }, (_, i) => [['a', 'b "q"', 'é', 'd.e'][i]!, make(depth + 1)]))
    }
    const walk = (value: unknown, steps: PathStep[] = []): [PathStep[], unknown][] => {
      const inner = Array.isArray(value) ? value.map((v, i) => [i, v] as const) : typeof value === 'object' && value !== null ? Object.entries(value) : []
      return [[steps, value], ...inner.flatMap(([key, v]) => walk(v, [...steps, key]))]
    }
    for (let round = 0; round < 300; round++) {
      const value = make(0)
      const text = JSON.stringify(value, null, chance.int(3))
      for (const [steps, part] of walk(value)) {
        expect(JSON.parse(findJson(text, steps)!), `${text} ${steps.join()}`).toEqual(part)
        const path = steps.map(s => (typeof s === 'number' ? `[${s}]` : `[${JSON.stringify(s)}]`)).join('')
        expect(parsePath(`$${path}`)).toEqual(steps)
      }
      expect(findJson(text, ['missing'])).toBeUndefined()
      for (let cut = 0; cut < text.length; cut += 7) findJson(text.slice(0, cut), ['a', 0])
    }
  })

  it('is made of any value', () => {
    expect(values(struct({ id: col('n'), s: col('s') }).toJson())).toEqual(['{"id":1,"s":""}', '{"id":null,"s":"é"}', '{"id":-1152921504606846976,"s":"hello"}', '{"id":0,"s":"00fF"}', '{"id":5,"s":"aGk="}'])
    expect(values(col('n').toJson())).toEqual(['1', null, '-1152921504606846976', '0', '5'])
    expect(values(col('s').split('').toJson())).toEqual(['[""]', '["é"]', '["h","e","l","l","o"]', '["0","0","f","F"]', '["a","G","k","="]'])
    expect(values(lit(new Date(0)).toJson().concat(col('s').left(0)))[0]).toBe('"1970-01-01T00:00:00.000Z"')
  })
})

describe('bytes as text', () => {
  it('are hex and base64, both ways', () => {
    expect(values(col('s').encode('hex'))).toEqual(['', 'c3a9', '68656c6c6f', '30306646', '61476b3d'])
    expect(values(col('s').encode('base64'))).toEqual(['', 'w6k=', 'aGVsbG8=', 'MDBmRg==', 'YUdrPQ=='])
    expect(values(col('s').encode('hex').decode('hex').cast('utf8'))).toEqual(table.s[1])
    expect(values(col('s').encode('base64').decode('base64').cast('utf8'))).toEqual(table.s[1])
    expect(values(col('s').tryDecode('hex'))).toEqual([new Uint8Array(0), null, null, new Uint8Array([0, 255]), null])
    expect(thrown(col('s').decode('base64'))).toBe('DECODE test: "é" is no base64 in row 1 of a batch; use tryDecode for null instead')
    expect(thrown(col('s').encode('rot13' as never))).toContain('"rot13" is no encoding; there are hex and base64')
  })
})
