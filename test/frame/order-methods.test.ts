import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { asc, closeEngines, col, count, desc, from, job, sum } from '../../src/index.ts'
import { compareCells } from '../compute/reference/sort.ts'
import { drawOf } from '../compute/reference/chance.ts'
import { everyWay, someWays, ways } from '../support/every-way.ts'
import { pagesInUse } from '../support/frames.ts'

afterAll(closeEngines)

const schema = { id: 'int32', group: 'utf8?', score: 'float64?' } as const
const chance = random(11)
const rows = Array.from({ length: 900 }, (_, id) => ({
  id,
  group: chance.int(9) === 0 ? null : ['north', 'south', 'a rather long name of a group'][chance.int(3)]!,
  score: [null, Number.NaN, chance.int(20) / 2, chance.int(300)][chance.int(4)]!,
}))
const frame = from(rows, { schema })
const byScore = (descending: boolean, nullsFirst = false) => (a: { score: number | null }, b: { score: number | null }) => compareCells(a.score, b.score, { descending, nullsFirst })
const some = someWays

describe('topK', () => {
  it('gives the first rows of the order, and of equal ones the earlier', async () => {
    await everyWay(options => frame.topK(40, desc('score'), asc(col('id').mod(3))).collect(options) as never, rows.toSorted((a, b) => byScore(true)(a, b) || (a.id % 3) - (b.id % 3)).slice(0, 40))
    await everyWay(options => frame.topK(0, 'id').collect(options) as never, [], some.slice(0, 2))
    await everyWay(options => frame.topK(10_000, desc('score', { nulls: 'first' })).collect(options) as never, rows.toSorted(byScore(true, true)), some)
  })

  it('gives the first rows of each group', async () => {
    for (const options of ways) {
      const got = (await frame.topK(7, desc('score'), { by: 'group' }).collect(options)).toArray()
      for (const group of new Set(rows.map(row => row.group)))
        expect(got.filter(row => row.group === group)).toEqual(rows.filter(row => row.group === group).toSorted(byScore(true)).slice(0, 7))
      expect(got).toHaveLength(4 * 7)
    }
    expect(await pagesInUse(2)).toBe(0)
  })

  it('is what a limited sort becomes, but not one that others read whole', async () => {
    expect(frame.sort('score').limit(5).explain()).toContain('the first 5 by score')
    expect(frame.sort('score').limit(5, { offset: 3 }).explain()).toContain('the first 8 by score')
    expect(frame.sort('score').limit(1_000_000).explain()).not.toContain('the first')
    await everyWay(options => frame.sort('score').limit(5, { offset: 3 }).collect(options) as never, rows.toSorted(byScore(false)).slice(3, 8), some)
    const sorted = frame.sort('score')
    const got: Record<string, number> = {}
    const into = (name: string) => ({ sink: 'user', options: null, bound: { name, delivery: 'idempotent', write: (batch: { numRows: number }) => void (got[name] = (got[name] ?? 0) + batch.numRows) } })
    await job({ few: sorted.limit(3).to(into('few')), all: sorted.to(into('all')), other: sorted.groupBy('group').agg({ n: count() }).to(into('other')) }).run({ workers: 2, batchRows: 100 })
    expect(got).toEqual({ few: 3, all: 900, other: 4 })
  })

  it('says what is wrong', () => {
    expect(() => frame.topK(1.5, 'id')).toThrow('topK: the count is 1.5; give a whole number from 0')
    expect(() => (frame.topK as (count: number) => { explain(): string })(3).explain()).toThrow('topK: nothing to sort by')
    expect(() => (frame.topK as (count: number, ...rest: unknown[]) => { explain(): string })(3, 'id', { by: 'gruop' }).explain()).toThrow('topK: no column "gruop"; the input has id, group, score; did you mean "group"?')
  })
})

describe('rows by their place', () => {
  it('are the first, the last, those behind, and all turned around', async () => {
    await everyWay(options => frame.head().collect(options) as never, rows.slice(0, 10), some)
    await everyWay(options => frame.offset(890).collect(options) as never, rows.slice(890), some)
    await everyWay(options => frame.tail(33).collect(options) as never, rows.slice(-33))
    await everyWay(options => frame.tail(5000).collect(options) as never, rows, some)
    await everyWay(options => frame.reverse().collect(options) as never, rows.toReversed())
  })

  it('are numbered in source order, behind a filter too', async () => {
    const kept = rows.filter(row => row.id % 3 !== 1)
    const numbered = frame.filter(col('id').mod(3).ne(1)).rowIndex('n', { start: -5 })
    await everyWay(options => numbered.collect(options) as never, kept.map((row, i) => ({ ...row, n: i - 5 })))
    expect((await numbered.groupBy().agg({ all: sum('n') }).collect()).toArray()).toEqual([{ all: BigInt(kept.reduce((all, _, i) => all + i - 5, 0)) }])
    expect(() => frame.rowIndex('id').explain()).toThrow('rowIndex: there is a column "id" already')
    expect(() => frame.rowIndex('n', { start: 0.5 })).toThrow('rowIndex: the start is 0.5')
  })
})

describe('sample', () => {
  const start = random(7).uint32()
  it('takes the same share for the same seed, however the rows come', async () => {
    const expected = rows.filter((_, i) => drawOf(start, i) < 0.2)
    expect(expected.length).toBeGreaterThan(120)
    await everyWay(options => frame.sample({ fraction: 0.2, seed: 7 }).collect(options) as never, expected, some)
    expect((await frame.sample({ fraction: 0.2, seed: 8 }).collect()).toArray()).not.toEqual(expected)
  })

  it('takes so many rows, in source order', async () => {
    const draws = rows.map((row, i) => ({ row, draw: drawOf(start, i) }))
    const expected = draws.toSorted((a, b) => a.draw - b.draw).slice(0, 123).map(({ row }) => row).toSorted((a, b) => a.id - b.id)
    await everyWay(options => frame.sample({ rows: 123, seed: 7 }).collect(options) as never, expected, some)
    expect((await frame.sample({ rows: 9999 }).collect()).toArray()).toEqual(rows)
  })

  it('takes rows more than once with replacement', async () => {
    const twice = await frame.sample({ fraction: 1.5, seed: 7, replace: true }).collect()
    expect(twice.numRows).toBeGreaterThan(900 * 1.4)
    await everyWay(options => frame.sample({ fraction: 1.5, seed: 7, replace: true }).collect(options) as never, twice.toArray(), some)
    const drawn = await frame.sample({ rows: 1500, seed: 7, replace: true }).collect()
    expect(drawn.toArray()).toEqual(Array.from({ length: 1500 }, (_, i) => Math.floor(drawOf(start, i) * 900)).sort((a, b) => a - b).map(i => rows[i]))
    await everyWay(options => frame.sample({ rows: 1500, seed: 7, replace: true }).collect(options) as never, drawn.toArray(), some)
  })

  it('says what is wrong', () => {
    expect(() => frame.sample({} as never)).toThrow('sample: give either a fraction of the rows or a number of rows')
    expect(() => frame.sample({ fraction: 1.5 }).explain()).toThrow('sample: the range is 0 to 1.5')
    expect(() => frame.sample({ fraction: -1, replace: true }).explain()).toThrow('sample: the fraction is -1')
    expect(() => frame.sample({ rows: -1 })).toThrow('sample: the number of rows is -1')
  })
})

describe('dedup', () => {
  const given = [[1, 'a', 5], [2, 'b', 7], [3, 'a', null], [4, 'a', 5], [5, 'b', 2], [6, null, 1]] as const
  const offers = from(given.map(([id, by, at]) => ({ id, by, at })), { schema: { id: 'int32', by: 'utf8?', at: 'int32?' } })
  const ids = async (rows: typeof offers) => (await rows.collect()).toArray().map(row => row.id).sort()
  it('keeps the first or the last row of each, by an order or as they came, and nulls of the order for none else', async () => {
    expect(await ids(offers.dedup({ by: 'by' }))).toEqual([1, 2, 6])
    expect(await ids(offers.dedup({ by: ['by'], keep: 'last' }))).toEqual([4, 5, 6])
    expect(await ids(offers.dedup({ by: 'by', keep: 'first', orderBy: 'at' }))).toEqual([1, 5, 6])
    expect(await ids(offers.dedup({ by: 'by', keep: 'last', orderBy: ['at'] }))).toEqual([2, 4, 6])
    expect(await ids(offers.dedup({ by: 'by', keep: 'last', orderBy: desc('at') }))).toEqual([4, 5, 6])
  })
  it('says what is wrong', () => {
    expect(() => offers.dedup({ by: 'by', keep: 'latest' as 'last' })).toThrow(`dedup: keep is "latest"; give 'first' or 'last'`)
    expect(() => offers.dedup({ by: [] })).toThrow('nothing to tell rows by')
    expect(() => offers.topK(1, 'at', { by: 'by', rank: 'id' }).explain()).toThrow('there is a column "id" already')
  })
})

describe('topK with places', () => {
  it('numbers the rows of each group, or of all', async () => {
    const numbers = from([3, 1, 2, 5, 4].map(n => ({ n, odd: n % 2 })), { schema: { n: 'int32', odd: 'int32' } })
    const byGroup = (await numbers.topK(2, desc('n'), { by: 'odd', rank: 'place' }).collect()).toArray()
    expect(byGroup.map(row => [row.n, row.place]).sort()).toEqual([[2, 2], [3, 2], [4, 1], [5, 1]])
    const ofAll = (await numbers.topK(3, 'n', { rank: 'place' }).collect()).toArray()
    expect(ofAll.map(row => [row.n, row.place])).toEqual([[1, 1], [2, 2], [3, 3]])
  })
})

describe('a stream without an end', () => {
  const stream = from((async function* () {})(), { schema: { a: 'int32?', b: 'utf8' } })
  it.each([
    ['sort', stream.sort('a')],
    ['tail', stream.tail()],
    ['reverse', stream.reverse()],
    ['sampleRows', stream.sample({ rows: 3 })],
    ['resample', stream.sample({ rows: 3, replace: true })],
    ['pivot', stream.pivot({ index: 'a', columns: 'b', aggregate: count(), names: ['x'] })],
    ['fillNull', stream.fillNull('backward')],
  ] as const)('is refused by %s', (kind, refused) => {
    expect(() => refused.explain()).toThrow(`${kind} needs input that ends; this stream doesn't`)
    try {
      refused.explain()
    } catch (error) {
      expect((error as { code: string }).code).toBe(`UNBOUNDED_${kind.toUpperCase()}`)
    }
  })
})
