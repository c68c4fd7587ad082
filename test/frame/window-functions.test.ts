import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { WindowFrame } from '../../src/compute/over.ts'
import { agg, closeEngines, col, count, desc, first, from, job, lag, last, lead, max, mean, median, min, rank, rowNumber, sum } from '../../src/index.ts'
import { frameRange, partitioned, rankOf } from '../compute/reference/over.ts'
import { compareCells } from '../compute/reference/sort.ts'
import { everyWay, someWays, ways } from '../support/every-way.ts'
import { pagesInUse } from '../support/frames.ts'

const { cumeDist, nthValue, ntile, percentRank } = agg
afterAll(closeEngines)

const schema = { id: 'int32', town: 'utf8?', day: 'int32', size: 'int64?', rate: 'float64', at: 'timestamp[us]' } as const
const chance = random(21)
const rows = Array.from({ length: 500 }, (_, id) => ({
  id,
  town: chance.int(7) === 0 ? null : `a town with a long name ${chance.int(12)}`,
  day: chance.int(15),
  size: chance.int(5) === 0 ? null : BigInt(chance.int(100)) * 2n ** 50n,
  rate: (chance.int(2000) - 1000) / 8,
  at: BigInt(chance.int(60)) * 1_000_000n,
}))
type Row = (typeof rows)[number]
const frame = from(rows, { schema })
const byTown = (row: Row) => String(row.town)
const byDay = (a: Row, b: Row) => a.day - b.day
const total = (list: readonly Row[]) => {
  const sizes = list.flatMap(row => (row.size === null ? [] : [row.size]))
  return sizes.length > 0 ? sizes.reduce((a, b) => a + b, 0n) : null
}

describe('ranks', () => {
  it('number the rows of each partition, and leave all rows in their places', async () => {
    const over = { by: 'town', orderBy: 'day' } as const
    const ranked = frame.select('id', 'town', 'day').with({ n: rowNumber().over(over), r: rank().over(over), d: agg.denseRank().over(over), p: percentRank().over(over), c: cumeDist().over(over), t: ntile(3).over(over) })
    const around = partitioned(rows, byTown, byDay)
    const expected = rows.map(({ id, town, day }, i) => {
      const of = (fn: Parameters<typeof rankOf>[0]) => rankOf(fn, around[i]!, byDay)
      return { id, town, day, n: of('rowNumber'), r: of('rank'), d: of('denseRank'), p: of('percentRank'), c: of('cumeDist'), t: of('ntile') }
    })
    expect(await everyWay(options => ranked.collect(options) as never, expected)).toBeGreaterThan(0)
    for (const workers of [0, 1, 2]) expect(await pagesInUse(workers)).toBe(0)
  })

  it('go by several keys and expressions, nulls first, and by no partition', async () => {
    const ranked = frame.select({ id: col('id'), n: rowNumber().over({ orderBy: [desc('size', { nulls: 'first' }), col('id').neg()] }), odd: rank().over({ by: col('id').mod(2), orderBy: desc('day') }) })
    const whole = partitioned(rows, () => '', (a, b) => compareCells(a.size, b.size, { descending: true, nullsFirst: true }) || b.id - a.id)
    const odd = partitioned(rows, row => String(row.id % 2), (a, b) => b.day - a.day)
    await everyWay(options => ranked.collect(options) as never, rows.map(({ id }, i) => ({ id, n: whole[i]!.at + 1, odd: odd[i]!.peers[0] + 1 })), someWays)
  })
})

describe('neighbours', () => {
  it('are the rows before and behind in the order', async () => {
    const over = { by: 'town', orderBy: ['day', 'id'] } as const
    const near = frame.select({ id: col('id'), before: lag('rate').over(over), behind: lead('size', 2, 7).over(over), name: lag('town', -1, '?').over(over), third: nthValue('id', 3).over({ ...over, frame: { rows: ['unbounded', 'unbounded'] } }) })
    const around = partitioned(rows, byTown, (a, b) => byDay(a, b) || a.id - b.id)
    const expected = rows.map(({ id }, i) => {
      const { rows: list, at } = around[i]!
      return { id, before: list[at - 1]?.rate ?? null, behind: list[at + 2] ? list[at + 2]!.size : 7n, name: list[at + 1] ? list[at + 1]!.town : '?', third: list[2]?.id ?? null }
    })
    await everyWay(options => near.collect(options) as never, expected)
  })
})

describe('aggregates over rows around', () => {
  const frames: readonly [string, WindowFrame | undefined][] = [
    ['up to the row and its peers', undefined],
    ['of the three rows before', { rows: [-3, -1] }],
    ['from the row on', { rows: [0, null] }],
    ['of days nearby', { range: [-2, 1] }],
    ['of all rows', { rows: [null, null] }],
  ]
  it.each(frames)('%s are exact', async (_, given) => {
    const bounds = given && (Object.values(given)[0] as [number | null, number | null]).map(bound => bound ?? 'unbounded')
    const over = { by: 'town', orderBy: 'day', ...(given && { frame: { ['rows' in given ? 'rows' : 'range']: bounds } as never }) } as const
    const table = frame.select({ id: col('id'), n: count().over(over), k: count('size').over(over), all: sum('size').where(col('id').gt(20)).over(over), days: sum('day').over(over), low: min('rate').over(over), high: max('size').over(over), mid: mean('rate').over(over), one: first('size').over(over), end: last('size').over(over) })
    const around = partitioned(rows, byTown, byDay)
    const expected = rows.map(({ id }, i) => {
      const [start, end] = frameRange(around[i]!, given, true, row => row.day)
      const list = around[i]!.rows.slice(start, end)
      const sizes = list.flatMap(row => (row.size === null ? [] : [row.size]))
      const none = list.length === 0
      return {
        id,
        n: list.length,
        k: sizes.length,
        all: total(list.filter(row => row.id > 20)),
        days: none ? null : BigInt(list.reduce((sum, row) => sum + row.day, 0)),
        low: none ? null : Math.min(...list.map(row => row.rate)),
        high: sizes.length === 0 ? null : sizes.reduce((a, b) => (b > a ? b : a)),
        mid: none ? null : list.reduce((sum, row) => sum + row.rate, 0) / list.length,
        one: sizes[0] ?? null,
        end: sizes.at(-1) ?? null,
      }
    })
    await everyWay(options => table.collect(options) as never, expected, ways.slice(1, 6))
  })

  it('of whole partitions are those that groupBy gives, whichever they are', async () => {
    const shares = frame.with({ middle: median('rate').over({ by: 'town' }), n: count().over({ by: 'town' }), most: max('day').over() })
    const expected = rows.map(row => {
      const list = rows.filter(other => other.town === row.town).map(other => other.rate).sort((a, b) => a - b)
      return { ...row, middle: (list[(list.length - 1) >> 1]! + list[list.length >> 1]!) / 2, n: list.length, most: 14 }
    })
    await everyWay(options => shares.collect(options) as never, expected, someWays)
  })

  it('take distances of times, and several divisions beside expressions of the same input', async () => {
    const over = { orderBy: desc('at'), frame: { range: ['-5s', 0] } } as const
    const table = frame.select('id', 'at', 'day').with({ id: col('id').add(1), recent: count().over(over), place: rowNumber().over({ by: 'day', orderBy: 'id' }), day: sum('day').over({ by: 'at' }) })
    const around = partitioned(rows, row => String(row.day), (a, b) => a.id - b.id)
    const expected = rows.map(({ id, at, day }, i) => ({
      id: id + 1,
      at,
      day: BigInt(rows.filter(row => row.at === at).reduce((sum, row) => sum + row.day, 0)),
      recent: rows.filter(row => row.at >= at && row.at - at <= 5_000_000n).length,
      place: around[i]!.at + 1,
    }))
    await everyWay(options => table.collect(options) as never, expected.map(({ id, at, day: sums, ...rest }) => ({ id, at, day: sums, ...rest })), someWays)
  })

  it('feed several sinks of a job', async () => {
    const got: Record<string, number> = {}
    const into = (name: string) => ({ sink: 'user', options: null, bound: { name, delivery: 'idempotent', write: (batch: { column(name: string): { toArray(): number[] } }) => void (got[name] = batch.column('n').toArray().reduce((a, b) => a + b, got[name] ?? 0)) } })
    const numbered = frame.with({ n: rowNumber().over({ orderBy: 'id' }) })
    await job({ a: numbered.to(into('a')), b: numbered.filter(col('n').le(10)).to(into('b')), c: numbered.topK(3, desc('n')).to(into('c')) }).run({ workers: 2, batchRows: 64 })
    expect(got).toEqual({ a: 125_250, b: 55, c: 1497 })
  })

  it('of decimals, durations and times: sums, means and values in the middle', async () => {
    const priced = rows.map(row => ({ id: row.id, town: row.town, day: row.day, price: row.size === null ? null : (Number(row.size / 2n ** 50n) / 4 - 9).toFixed(2), wait: 1000 * (row.id % 60), at: row.at }))
    const frame = from(priced, { schema: { id: 'int32', town: 'utf8?', day: 'int32', price: 'decimal(12,2)?', wait: 'duration[s]', at: 'timestamp[us]' } })
    const over = { by: 'town', orderBy: ['day', 'id'], frame: { rows: [-4, 2] } } as const
    const table = frame.select({ id: col('id'), s: sum('price').over(over), m: mean('price').over(over), waits: sum('wait').over(over), mid: median('price').over(over), most: agg.quantile('at', 0.9).over(over), low: agg.quantile('day', 0.25).over({ by: 'town', orderBy: 'day' }) })
    const around = partitioned(priced, row => String(row.town), (a, b) => a.day - b.day || a.id - b.id)
    const byDayOnly = partitioned(priced, row => String(row.town), (a, b) => a.day - b.day)
    const between = (values: readonly number[], q: number) => {
      const sorted = [...values].sort((a, b) => a - b)
      const place = q * (sorted.length - 1)
      const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!]
      return low + (high - low) * (place - Math.floor(place))
    }
    const expected = priced.map(({ id }, i) => {
      const { rows: all, at } = around[i]!
      const list = all.slice(Math.max(0, at - 4), at + 3)
      const cents = list.flatMap(row => (row.price === null ? [] : [Math.round(Number(row.price) * 100)]))
      const total = cents.reduce((a, b) => a + b, 0)
      const running = byDayOnly[i]!.rows.slice(0, byDayOnly[i]!.peers[1])
      return {
        id,
        s: cents.length === 0 ? null : (total / 100).toFixed(2),
        m: cents.length === 0 ? null : total / 100 / cents.length,
        waits: list.reduce((sum, row) => sum + row.wait, 0),
        mid: cents.length === 0 ? null : between(cents.map(c => c / 100), 0.5),
        most: BigInt(Math.floor(between(list.map(row => Number(row.at)), 0.9) + 0.5)),
        low: between(running.map(row => row.day), 0.25),
      }
    })
    await everyWay(options => table.collect(options) as never, expected, someWays)
  })

  it('say what is wrong', async () => {
    const over = { by: 'town', orderBy: 'day' } as const
    expect(() => frame.with({ x: sum('siez' as never).over(over) as never }).explain()).toThrow('over, "x": no column "siez"; the input has id, town, day, size, rate, at; did you mean "size"?')
    expect(() => frame.with({ x: sum('size').over({ by: 'twon' as never }) as never }).explain()).toThrow('no column "twon"')
    expect(() => frame.with({ x: agg.stddev('rate').over(over) }).explain()).toThrow('over, "x": stddev() is computed over whole partitions only')
    expect(() => frame.with({ x: col('town').length() }).with({ x: sum('id').over({ orderBy: 'day' }) }).explain()).not.toThrow()
    const wide = from([{ d: `5${'0'.repeat(37)}`, i: 1 }, { d: `6${'0'.repeat(37)}`, i: 2 }], { schema: { d: 'decimal(38,0)', i: 'int32' } })
    expect(() => from([{ u: 1n }], { schema: { u: 'uint64' } }).with({ x: sum('u').over({ orderBy: 'u' }) }).explain()).toThrow('a running sum() takes integers, floats and decimals and durations')
    expect(() => frame.with({ x: sum('rate').over({ orderBy: 'town', frame: { range: [-1, 0] } }) }).explain()).toThrow('over, "x": "town" is utf8; distances of a range go by numbers')
    expect(() => sum('rate').over({ frame: { range: [-1, 0] } })).toThrow('over: a range with distances needs one order key; 0 are given')
    expect(() => sum('rate').over({ frame: { rows: [0.5, 1] } })).toThrow('over: 0.5 is no number of rows')
    expect(() => sum('rate').over({ partitionBy: 'town' } as never)).toThrow('over: no option "partitionBy"; there are by, orderBy and frame')
    expect(() => rank().over({ by: 'town' })).toThrow('rank: it compares rows by an order')
    expect(() => ntile(0)).toThrow('ntile: 0 is no number of buckets')
    expect(() => nthValue('id', 0)).toThrow('nthValue: 0 is no row of a frame')
    expect(() => lag('id', 1.5)).toThrow('lag: the offset is 1.5')
    expect(() => frame.with({ x: lag('id', 1, 'none' as never).over(over) }).explain()).toThrow('over, "x"')
    expect(from((async function* () {})(), { schema: { a: 'int32' } }).with({ n: rowNumber().over() }).explain()).toContain('over all rows, as rows come')
    const big = from([{ a: 2n ** 62n }, { a: 2n ** 62n }], { schema: { a: 'int64' } })
    await expect(wide.with({ s: sum('d').over({ orderBy: 'i' }) }).collect()).rejects.toMatchObject({ code: 'SUM_OVERFLOW' })
    return expect(big.with({ s: sum('a').over({ orderBy: 'a' }) }).collect()).rejects.toMatchObject({ code: 'SUM_OVERFLOW' })
  })
})
