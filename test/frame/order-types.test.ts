// Columns of every type, as keys where they have an order and as cargo where not, through everything that orders, keeps and writes rows to disk.
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, desc, from, lag, rowNumber } from '../../src/index.ts'
import { compareCells } from '../compute/reference/sort.ts'

afterAll(closeEngines)

const schema = {
  id: 'int32',
  list: 'list<utf8?>?',
  struct: 'struct<a: int64, b: utf8?>?',
  map: 'map<utf8, int32>?',
  pair: 'list<float32, 2>?',
  interval: 'interval?',
  none: 'null',
  decimal: 'decimal(20, 3)?',
  fixed: 'binary(3)?',
  tiny: 'int8?',
  large: 'uint64?',
  date: 'date?',
  time: 'time[us]?',
  half: 'float16?',
} as const
const rows = Array.from({ length: 150 }, (_, id) => {
  const or = <T>(value: T) => (id % 5 === 0 ? null : value)
  return {
    id,
    list: or([`a long text in a list ${id}`, null, 'b'].slice(0, id % 4)),
    struct: or({ a: BigInt(id % 7), b: id % 2 ? `a long text in a struct ${id}` : null }),
    map: or(new Map([[`key ${id}`, id]])),
    pair: or([id, -id]),
    interval: or({ months: id, days: 1, nanoseconds: 2n }),
    none: null,
    decimal: or(`${((id * 37) % 100) - 50}.${String(id).padStart(3, '0')}`),
    fixed: or(new Uint8Array([id % 3, (id * 7) % 256, 1])),
    tiny: or((id % 256) - 128),
    large: or(BigInt(id % 13) * 2n ** 60n),
    date: or((id % 50) * 86_400_000),
    time: or(BigInt(id % 40)),
    half: or((id % 20) / 4 - 2),
  }
})
const frame = from(rows, { schema })
const options = [{ batchRows: 40 }, { batchRows: 40, workers: 2, memory: { total: '256MiB', state: '1KiB' } }] as const

describe.each(options)('with %j', way => {
  it.each(['decimal', 'fixed', 'tiny', 'large', 'date', 'time', 'half', 'none'] as const)('%s has its order', async key => {
    const cell = (row: (typeof rows)[number]) => (key === 'decimal' && row.decimal !== null ? Number(row.decimal) : key === 'fixed' && row.fixed !== null ? String.fromCharCode(...row.fixed) : row[key])
    for (const descending of [false, true]) {
      const expected = rows.toSorted((a, b) => compareCells(cell(a) as never, cell(b) as never, { descending, nullsFirst: false }))
      expect((await frame.sort(descending ? desc(key) : key).collect(way)).toArray()).toEqual(expected)
      expect((await frame.topK(9, descending ? desc(key) : key).collect(way)).toArray()).toEqual(expected.slice(0, 9))
    }
  })

  it('every type is carried along', async () => {
    expect((await frame.tail(20).collect(way)).toArray()).toEqual(rows.slice(-20))
    expect((await frame.reverse().collect(way)).toArray()).toEqual(rows.toReversed())
    expect((await frame.union(frame).collect(way)).toArray()).toEqual([...rows, ...rows])
    expect((await frame.distinct('large', 'date').collect(way)).toArray()).toEqual(rows.filter((row, i) => rows.findIndex(other => other.large === row.large && other.date === row.date) === i))
    expect((await frame.topK(2, 'id', { by: 'struct' }).collect(way)).numRows).toBe(2 * new Set(rows.map(row => JSON.stringify(row.struct, (_, v) => (typeof v === 'bigint' ? `${v}` : v)))).size - rows.filter(row => row.struct?.b != null).length)
    const filled = (await frame.fillNull('forward', 'struct', 'map', 'list').collect(way)).toArray()
    expect(filled[5]).toEqual({ ...rows[5], struct: rows[4]!.struct, map: rows[4]!.map, list: rows[4]!.list })
    expect((await frame.explode('list').collect(way)).numRows).toBe(rows.flatMap(row => row.list ?? []).length)
    const over = await frame.with({ n: rowNumber().over({ by: 'tiny', orderBy: 'decimal' }), before: lag('struct').over({ orderBy: 'id' }), amount: lag('decimal', 1, '1.5').over({ orderBy: 'id' }) }).collect(way)
    expect(over.toArray().map(row => [row.id, row.before, row.amount])).toEqual(rows.map((_, i) => [i, rows[i - 1]?.struct ?? null, i === 0 ? '1.500' : rows[i - 1]!.decimal]))
  })
})
