import { DateMillisecond, Decimal, Dictionary, Field, Int32, IntervalDayTime, IntervalYearMonth, LargeUtf8, List, Schema as ArrowSchema, Table as ArrowTable, tableFromArrays, Utf8, Utf8View, vectorFromArray } from 'apache-arrow'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { textWidth } from '../../src/base/text-width.ts'
import { count } from '../../src/frame/aggregates.ts'
import { fromData } from '../../src/frame/from.ts'
import { closeEngines, frame } from '../support/frames.ts'

afterAll(closeEngines)

const schema = {
  flag: 'bool?', small: 'int32?', big: 'int64?', real: 'float64?', text: 'utf8?', bytes: 'binary?',
  s: 'timestamp[s]?', ms: 'timestamp[ms]?', us: 'timestamp[us]?', ns: 'timestamp[ns]?',
} // biome-ignore format: a column a word
const at = Date.UTC(2026, 0, 2, 3, 4, 5)
const full = {
  flag: true, small: -7, big: 2n ** 62n, real: 0.5, text: 'grüße, and more than twelve bytes', bytes: Uint8Array.of(0, 255),
  s: at, ms: at + 6, us: BigInt(at) * 1000n + 7n, ns: BigInt(at) * 1_000_000n + 8n,
} // biome-ignore format: a column a word
const empty = Object.fromEntries(Object.keys(schema).map(name => [name, null]))
const rows = [full, empty, { ...full, flag: false, text: '', small: 0, real: Number.NaN, us: -1n, big: 5n }]
const collected = () => frame(rows, schema).collect({ batchRows: 2 })

describe('a table', () => {
  it('gives columns, rows and values over its chunks', async () => {
    const table = await collected()
    expect(table.numRows).toBe(3)
    expect(table.columnNames).toEqual(Object.keys(schema))
    expect(table.schema).toEqual(schema)
    expect(table.toArray()).toEqual(rows)
    expect([...table]).toEqual(rows)
    const small = table.column('small')
    expect([small.length, small.get(0), small.get(1), small.get(2), small.get(3)]).toEqual([3, -7, null, 0, null])
    expect([...small.toFloat64Array()]).toEqual([-7, Number.NaN, 0])
    expect(() => table.column('smal')).toThrow('table: no column "smal"; the input has flag, small')
  })

  it('is JSON that any reader takes', async () => {
    const [first, second, third] = JSON.parse(JSON.stringify(await collected()))
    expect(first).toEqual({
      flag: true, small: -7, big: '4611686018427387904', real: 0.5, text: full.text, bytes: 'AP8=',
      s: '2026-01-02T03:04:05Z', ms: '2026-01-02T03:04:05.006Z', us: '2026-01-02T03:04:05.000007Z', ns: '2026-01-02T03:04:05.000000008Z',
    }) // biome-ignore format: a column a word
    expect(second).toEqual(empty)
    expect(third).toMatchObject({ real: null, us: '1969-12-31T23:59:59.999999Z', big: 5 })
  })

  it('goes to apache-arrow and back without losing a value', async () => {
    const arrow = (await collected()).toArrow()
    expect(arrow.numRows).toBe(3)
    expect(arrow.batches.length).toBe(2)
    expect(arrow.schema.fields.map(f => String(f.type))).toEqual([
      'Bool', 'Int32', 'Int64', 'Float64', 'Utf8', 'Binary', 'Timestamp<SECOND>', 'Timestamp<MILLISECOND>', 'Timestamp<MICROSECOND>', 'Timestamp<NANOSECOND>',
    ]) // biome-ignore format: a column a word
    expect([...arrow.getChild('text')!]).toEqual([full.text, null, ''])
    expect([...arrow.getChild('flag')!]).toEqual([true, null, false])
    expect(arrow.getChild('big')!.nullCount).toBe(1)
    const back = await fromData(arrow).collect()
    expect(back.schema).toEqual(schema)
    expect(back.toArray()).toEqual(rows)
    const sliced = await fromData(arrow.slice(1, 3)).collect()
    expect(sliced.toArray()).toEqual(rows.slice(1))
  })

  it('of no rows has its columns all the same', async () => {
    const none = await frame([], { a: 'int32', b: 'utf8' }).collect()
    expect([none.numRows, none.toArray(), none.column('b').toArray(), none.toJSON()]).toEqual([0, [], [], []])
    const arrow = none.toArrow()
    expect([arrow.numRows, arrow.schema.fields.length]).toEqual([0, 2])
    expect(none.toString({ width: 40 })).toContain('a')
  })

  it('prints itself within the width it is given', async () => {
    const table = await collected()
    for (const width of [40, 80, 200]) for (const line of table.toString({ width }).split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(width)
    expect(table.toString({ width: 200, rows: 1 })).toContain('2 more rows')
    const printed = vi.spyOn(console, 'log').mockImplementation(() => {})
    table.print({ rows: 1 })
    expect(printed).toHaveBeenCalledTimes(1)
    printed.mockRestore()
  })

  it('knows what the run cost', async () => {
    const { stats } = await frame(rows, schema).limit(2).collect()
    expect(stats.rowsRead).toBe(3)
    expect(stats.steps.limit).toMatchObject({ rows: 3 })
  })
})

describe('tables of apache-arrow', () => {
  it('come in with dictionaries as their values', async () => {
    const arrow = tableFromArrays({ city: ['Oslo', 'Rome', 'Oslo'], code: Uint8Array.of(1, 2, 255), wide: Uint32Array.of(0, 1, 2 ** 32 - 1) })
    const table = await fromData(arrow).collect()
    expect(Object.values(table.schema).map(type => type.replace('?', ''))).toEqual(['utf8', 'uint8', 'uint32'])
    expect(table.toArray()).toEqual([{ city: 'Oslo', code: 1, wide: 0 }, { city: 'Rome', code: 2, wide: 1 }, { city: 'Oslo', code: 255, wide: 2 ** 32 - 1 }])
    expect(String(vectorFromArray(['a'], new Utf8()).type)).toBe('Utf8')
  })

  it('come in with the layouts that results don’t have', async () => {
    const columns = {
      large: vectorFromArray(['a', null], new LargeUtf8()),
      view: vectorFromArray(['a view of more than twelve bytes', null], new Utf8View()),
      ms: vectorFromArray([new Date(86_400_001), null], new DateMillisecond()),
      months: vectorFromArray([Int32Array.of(1, 2), null], new IntervalYearMonth()),
      dayTime: vectorFromArray([Int32Array.of(1, 2), null], new IntervalDayTime()),
      list: vectorFromArray([['x', 'y'], null], new List(new Field('item', new Dictionary(new Utf8(), new Int32()), true))),
    }
    const table = await fromData(new ArrowTable(columns)).collect()
    expect(Object.values(table.schema)).toEqual(['utf8?', 'utf8?', 'timestamp[ms]?', 'interval?', 'interval?', 'list<utf8?>?'])
    const { months, dayTime, ...others } = table.toArray()[0]!
    expect(others).toEqual({ large: 'a', view: 'a view of more than twelve bytes', ms: 86_400_001, list: ['x', 'y'] })
    expect([Object.keys(months as object), dayTime]).toEqual([['months', 'days', 'nanoseconds'], { months: 0, days: 1, nanoseconds: 2_000_000n }])
    expect(Object.values(table.toArray()[1]!)).toEqual([null, null, null, null, null, null])
  })

  it('come in as their buffers say, in slices, chunks and dictionaries', async () => {
    const words = Array.from({ length: 500 }, (_, i) => (i % 11 === 0 ? null : ['red', 'green', 'a colour with a long name'][i % 3]!))
    const full = words.map(w => w ?? 'none')
    const make = (of: (string | null)[]) => new ArrowTable({ word: vectorFromArray(of, new Dictionary(new Utf8(), new Int32())), plain: vectorFromArray(of, new Utf8()), n: vectorFromArray(of.map((_, i) => i), new Int32()) })
    for (const table of [make(words), make(full), make(words).slice(37, 411), make(full).slice(5, 77).concat(make(full).slice(130, 300))]) {
      const expected = table.toArray().map(row => ({ word: row!.word, plain: row!.plain, n: row!.n }))
      for (const batchRows of [64, 65_536]) expect((await fromData(table).collect({ batchRows })).toArray()).toEqual(expected)
      expect((await fromData(table).groupBy('word').agg({ n: count() }).collect()).toArray().reduce((sum, row) => sum + (row.n as number), 0)).toBe(expected.length)
    }
  })

  it('are refused where a field that allows no nulls has some', async () => {
    const table = new ArrowTable(new ArrowSchema([new Field('a', new Int32(), false)]), { a: vectorFromArray([1, null], new Int32()) } as never)
    await expect(fromData(table).collect()).rejects.toMatchObject({ code: 'NULL_VALUE', message: expect.stringContaining('column "a": rows 0 to 2 hold nulls') })
  })

  it('are refused by column where their type has no equal', () => {
    const arrow = new ArrowTable({ ok: vectorFromArray([1]), wide: vectorFromArray([Uint32Array.of(1, 0, 0, 0, 0, 0, 0, 0)], new Decimal(2, 40, 256)) })
    expect(() => fromData(arrow)).toThrow(expect.objectContaining({ code: 'ARROW_TYPE', message: expect.stringContaining('column "wide" is Decimal[') }))
  })
})
