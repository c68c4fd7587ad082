import { describe, expect, it } from 'vitest'
import { childrenOf, layoutOf, sameType, valueBytes } from '../../src/batch/data-type.ts'
import { parseType, typeName } from '../../src/batch/type-name.ts'

const names = [
  'null', 'bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'float64', 'utf8', 'binary', 'date', 'interval',
  'decimal(12, 2)', 'decimal(38, 38)', 'binary(16)', 'time[us]', 'timestamp[ms]', 'timestamp[ns, Europe/Berlin]', 'timestamp[s, +01:00]', 'duration[s]',
  'list<int64?>', 'list<float32, 3>', 'struct<a: int64, b: utf8?>', 'struct<"a b": list<struct<x: int8>>>', 'struct<>', 'map<utf8, list<int64?>?>',
]

describe('type names', () => {
  it.each(names)('%s is read and written back, with and without nulls', name => {
    for (const text of [name, `${name}?`]) {
      const { type, nullable } = parseType(text, 'test')
      expect(typeName(type, nullable)).toBe(text)
      expect(sameType(type, parseType(name, 'test').type)).toBe(true)
    }
  })

  it('are told apart by every parameter', () => {
    const types = [...names, 'decimal(12, 3)', 'decimal(13, 2)', 'binary(15)', 'time[ns]', 'timestamp[ms, UTC]', 'list<int64>', 'list<float32, 4>', 'struct<a: int64, c: utf8?>', 'struct<a: int64, b: utf8>', 'map<utf8, int64>'].map(n => parseType(n, 'test').type)
    types.forEach((a, i) => types.forEach((b, j) => expect(sameType(a, b)).toBe(i === j)))
  })

  it('may be written with other blanks', () => {
    expect(typeName(parseType(' list< struct<a:int8?,b : utf8> > ', 'test').type)).toBe('list<struct<a: int8?, b: utf8>>')
  })

  it.each([
    ['integer', /no type "integer"/], ['utf', /did you mean "utf8"/], ['decimal(39, 2)', /"39" is no whole number from 1 to 38/], ['decimal(3, 4)', /from 0 to 3/],
    ['timestamp[ms, Mars/Olympus]', /no time zone/], ['time[m]', /the units are s, ms, us and ns/], ['struct<a: int8, a: int8>', /"a" is there twice/],
    ['map<utf8?, int8>', /never null/], ['list<int8', /no type/], ['int8 int8', /left over/], ['binary(0)', /from 1/],
    ['list<'.repeat(70) + 'int8' + '>'.repeat(70), /nests deeper than 64/], ['', /no type ""/],
  ])('%s is refused', (name, message) => {
    expect(() => parseType(name, 'test')).toThrow(message)
  })

  it('say how values lie', () => {
    const layouts = names.map(n => layoutOf(parseType(n, 'test').type))
    expect(new Set(layouts).size).toBe(11)
    expect(valueBytes(parseType('binary(16)', 'test').type, 3)).toBe(48)
    expect(valueBytes(parseType('list<int8>', 'test').type, 3)).toBe(16)
    expect(childrenOf(parseType('map<utf8, int8?>', 'test').type).map(c => typeName(c.type))).toEqual(['struct<key: utf8, value: int8?>'])
  })
})
