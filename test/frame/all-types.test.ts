// Every type through the whole engine: rows in, batches cut anywhere, threads, results out, to apache-arrow and back.
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { isNested } from '../../src/batch/data-type.ts'
import type { Value } from '../../src/batch/read-values.ts'
import { typeName } from '../../src/batch/type-name.ts'
import { isOrdered } from '../../src/compute/sort.ts'
import { count } from '../../src/frame/aggregates.ts'
import { fromData } from '../../src/frame/from.ts'
import { closeEngines, pagesInUse } from '../support/frames.ts'
import { keyText, randomType, sampleTypes, sampleValues, shapes } from '../support/samples.ts'

afterAll(closeEngines)

const draw = random(11)
const types = [...sampleTypes, ...Array.from({ length: 12 }, () => randomType(draw, 3))]
const schema = Object.fromEntries(types.map((type, i) => [`c${i}`, `${typeName(type)}?` as const]))

function rowsOf(count: number, seed: number): Record<string, Value>[] {
  const columns = types.map((type, i) => sampleValues(random(seed + i), type, count, shapes[(seed + i) % shapes.length]!))
  return Array.from({ length: count }, (_, row) => Object.fromEntries(columns.map((values, i) => [`c${i}`, values[row]!])))
}

describe('rows of every type', () => {
  it.each([
    [1, 1],
    [7, 2],
    [64, 1],
    [65_536, 2],
  ])('come out as they went in, in batches of %i over %i workers', async (batchRows, workers) => {
    const rows = rowsOf(200, batchRows)
    const table = await fromData(rows, { schema }).select(...Object.keys(schema)).collect({ batchRows, workers })
    expect(table.schema).toEqual(schema)
    expect(table.toArray()).toEqual(rows)
    expect(await pagesInUse(workers)).toBe(0)
  })

  it('are grouped, counted and joined by columns of every type, and sorted by those that have an order', async () => {
    const rows = rowsOf(90, 4)
    const frame = fromData(rows, { schema })
    for (const [i, type] of types.entries()) {
      const key = `c${i}`
      const texts = rows.map(row => keyText(row[key]!))
      const groups = (await frame.groupBy(key).agg({ n: count() }).collect({ batchRows: 20, workers: 2 })).toArray()
      const counted = new Map(groups.map(row => [keyText(row[key]!), row.n]))
      expect(counted, typeName(type)).toEqual(new Map([...new Set(texts)].map(text => [text, texts.filter(t => t === text).length])))
      if (!isNested(type) && type.kind !== 'null') {
        const joined = await frame.select(key).join(frame.select(key), { on: key, how: 'semi' }).collect()
        expect(joined.numRows, typeName(type)).toBe(rows.filter(row => row[key] !== null).length)
      }
      if (!isOrdered(type)) continue
      const sorted = (await frame.select(key).sort(key).collect()).toArray().map(row => row[key]!)
      expect(sorted.map(keyText).sort()).toEqual([...texts].sort())
    }
    expect(await pagesInUse(2)).toBe(0)
  })

  it('are kept by cache() and read again', async () => {
    const rows = rowsOf(150, 3)
    const kept = fromData(rows, { schema }).cache()
    for (const batchRows of [64, 128]) expect((await kept.collect({ batchRows })).toArray()).toEqual(rows)
  })

  it('go to apache-arrow and back', async () => {
    const rows = rowsOf(150, 5)
    const table = await fromData(rows, { schema }).collect({ batchRows: 40 })
    const back = await fromData(table.toArrow()).collect()
    expect(back.toArray()).toEqual(rows)
    expect(Object.values(back.schema)).toEqual(Object.values(schema))
    const sliced = await fromData(table.toArrow().slice(33, 120)).collect()
    expect(sliced.toArray()).toEqual(rows.slice(33, 120))
  })

  it('have a text and a JSON form', async () => {
    const table = await fromData(rowsOf(60, 2), { schema }).collect()
    expect(JSON.parse(JSON.stringify(table)).length).toBe(60)
    for (const width of [60, 4_000]) expect(table.toString({ width }).split('\n').length).toBeGreaterThan(20)
  })

  it('show timestamps by the clock of their zone', async () => {
    const table = await fromData([{ b: 0, t: 1_720_000_000_000_000n, u: 0, o: 0, far: 9e15 }], {
      schema: { b: 'timestamp[ms, Europe/Berlin]', t: 'timestamp[us, America/New_York]', u: 'timestamp[ms]', o: 'timestamp[ms, -05:30]', far: 'timestamp[s, Asia/Tokyo]' },
    }).collect()
    const text = table.toString({ width: 400 })
    for (const shown of ['1970-01-01 01:00:00.000+01:00', '2024-07-03 05:46:40.000000-04:00', '1970-01-01 00:00:00.000 ', '1969-12-31 18:30:00.000-05:30', '9000000000000 ']) expect(text).toContain(shown)
    expect(table.toJSON()[0]!.b).toBe('1970-01-01T00:00:00.000Z')
  })

  it('show themselves as people write them', async () => {
    const row = {
      d: '2024-02-29', t: '23:59:59.5', span: 'PT90S', i: 'P1M2DT3S', price: '12.5', list: [1, null], s: { a: 'x', b: [new Uint8Array([255])] }, m: [['k', 1.5]], u: 2n ** 64n - 1n, f: -0,
    } // biome-ignore format: a column a word
    const table = await fromData([row], {
      schema: {
        d: 'date', t: 'time[ms]', span: 'duration[ms]', i: 'interval', price: 'decimal(6, 2)', list: 'list<int8?>', s: 'struct<a: utf8, b: list<binary>>', m: 'map<utf8, float64>', u: 'uint64', f: 'float32',
      }, // biome-ignore format: a column a word
    }).collect()
    expect(table.toJSON()).toEqual([
      { d: '2024-02-29', t: '23:59:59.500', span: 'PT90S', i: 'P1M2DT3S', price: '12.50', list: [1, null], s: { a: 'x', b: ['/w=='] }, m: { k: 1.5 }, u: '18446744073709551615', f: -0 },
    ])
    const text = table.toString({ width: 400 })
    for (const shown of ['2024-02-29', '23:59:59.500', 'PT90S', 'P1M2DT3S', '12.50', '[1, null]', '{a: "x", b: [0xff]}', '{"k": 1.5}', '18446744073709551615', '-0']) expect(text).toContain(shown)
  })
})
