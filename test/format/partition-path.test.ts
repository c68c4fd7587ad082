import { describe, expect, it } from 'vitest'
import { parseType } from '../../src/batch/type-name.ts'
import { storedBy } from '../../src/batch/stored-value.ts'
import { isPartitionType, nullPartition, partitionSegment, partitionText, partitionType, partitionValue, readSegment } from '../../src/format/partition-path.ts'
import { random } from '../../src/base/random.ts'

describe('folders of partitions', () => {
  it.each([
    ['day', '2026-01-01', 'day=2026-01-01'],
    ['city', 'New York', 'city=New York'],
    ['at', '2026-01-01T00:00:00Z', 'at=2026-01-01T00%3A00%3A00Z'],
    ['a/b', 'x=y/z', 'a%2Fb=x%3Dy%2Fz'],
    ['_id', '.', '%5Fid=%2E'],
    ['.id', 'end ', '%2Eid=end%20'],
    ['q', '100%', 'q=100%25'],
    ['q', '', 'q='],
    ['q', '\u0000\n*?"<>|\\', 'q=%00%0A%2A%3F%22%3C%3E%7C%5C'],
    ['stadt', 'Köln 東京', 'stadt=Köln 東京'],
    ['n', null, `n=${nullPartition}`],
  ])('%s of %s is %s, and reads back', (name, text, segment) => {
    expect(partitionSegment(name, text)).toBe(segment)
    expect(readSegment(segment)).toEqual({ name, text })
  })

  it('are read as others write them', () => {
    expect(readSegment('a=b=c')).toEqual({ name: 'a', text: 'b=c' })
    expect(readSegment('name=K%C3%B6ln')).toEqual({ name: 'name', text: 'Köln' })
    expect(readSegment('name=50% off%zz')).toEqual({ name: 'name', text: '50% off%zz' })
    expect(readSegment('name=%E9')).toEqual({ name: 'name', text: 'é' })
    for (const none of ['data', '=x', '']) expect(readSegment(none)).toBeUndefined()
  })

  it('give back any text', () => {
    const chance = random(7)
    for (let i = 0; i < 2_000; i++) {
      const text = String.fromCharCode(...Array.from({ length: 1 + chance.int(6) }, () => chance.int(chance.int(2) ? 128 : 0xd7ff)))
      const segment = partitionSegment(text, text)
      expect(segment).not.toMatch(/^[._]|[/\\\u0000-\u001f]|[. ]$/)
      expect(readSegment(segment)).toEqual({ name: text, text })
    }
  })

  it.each([
    [['1', '-20', '0'], 'int64'],
    [['007', '1'], 'utf8'],
    [['9223372036854775808'], 'float64'],
    [['1', '2.5', '1e6'], 'float64'],
    [['true', 'false'], 'bool'],
    [['2026-01-01', '2025-12-31'], 'date'],
    [['2026-02-30'], 'utf8'],
    [['2026-01-01', '2026-01-01T12:00:00Z'], 'timestamp'],
    [['2026-01-01T12:00:00.000001Z'], 'timestamp'],
    [['a', '1'], 'utf8'],
    [['', '1'], 'utf8'],
    [[], 'utf8'],
  ])('%j are %s', (texts, kind) => {
    const type = partitionType(texts)
    expect(type.kind).toBe(kind)
    for (const text of texts) expect(storedBy(type)(partitionValue(text, type))).toBeDefined()
  })

  it.each([
    ['bool', true, 'true'],
    ['int64', -5n, '-5'],
    ['uint8', 200, '200'],
    ['float64', -0, '-0'],
    ['float64', Number.NaN, 'NaN'],
    ['float64', Number.NEGATIVE_INFINITY, '-Infinity'],
    ['decimal(8, 2)', '1.50', '1.50'],
    ['utf8', 'x', 'x'],
    ['date', Date.UTC(2026, 0, 2), '2026-01-02'],
    ['timestamp[ms]', Date.UTC(2026, 0, 2, 3), '2026-01-02T03:00:00.000Z'],
    ['timestamp[ns]', 1n, '1970-01-01T00:00:00.000000001Z'],
    ['timestamp[s, Europe/Berlin]', 3_600_000, '1970-01-01T01:00:00Z'],
    ['time[ms]', 1_500, '00:00:01.500'],
    ['duration[ms]', 90_000, 'PT90S'],
  ])('a %s has a text that is the same value again', (name, value, text) => {
    const { type } = parseType(name, 'test')
    expect(isPartitionType(type)).toBe(true)
    expect(partitionText(value, type)).toBe(text)
    const [stored, again] = [storedBy(type)(value), storedBy(type)(partitionValue(text, type))]
    expect(Object.is(again, stored), `${String(again)} and ${String(stored)}`).toBe(true)
  })

  it('leave what is no value of a type to be refused', () => {
    for (const [name, text] of [['int32', '5.5'], ['int32', ''], ['int8', '300'], ['bool', 'yes'], ['float64', 'x'], ['float64', ' '], ['date', '2026-13-01'], ['timestamp[ms]', 'soon'], ['decimal(4, 1)', '1.23']] as const) {
      const { type } = parseType(name, 'test')
      expect(storedBy(type)(partitionValue(text, type)), `${text} as ${name}`).toBeUndefined()
    }
    for (const name of ['binary', 'interval', 'list<int8>', 'struct<a: int8>', 'map<utf8, int8>']) expect(isPartitionType(parseType(name, 'test').type)).toBe(false)
  })
})
