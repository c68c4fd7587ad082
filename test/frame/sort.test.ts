import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { agg, asc, closeEngines, col, desc, from, generate, job, rowNumber } from '../../src/index.ts'
import { compareCells } from '../compute/reference/sort.ts'
import { everyWay, someWays } from '../support/every-way.ts'
import { pagesInUse } from '../support/frames.ts'

afterAll(closeEngines)

const schema = { id: 'int32', few: 'int32?', real: 'float64?', text: 'utf8?', big: 'int64', at: 'timestamp[ms]', yes: 'bool?' } as const
type Row = { id: number; few: number | null; real: number | null; text: string | null; big: bigint; at: number; yes: boolean | null }
type Key = [column: keyof Row, descending: boolean, nullsFirst?: boolean]

function table(seed: number, count: number): Row[] {
  const chance = random(seed)
  const or = <T>(value: T) => (chance.int(8) === 0 ? null : value)
  return Array.from({ length: count }, (_, id) => ({
    id,
    few: or(chance.int(5)),
    real: or([Number.NaN, 0, -0, chance.float() * 100 - 50][chance.int(4)]!),
    text: or(`${['a common beginning ', 'another one, ', ''][chance.int(3)]}${chance.int(50)}`),
    big: BigInt(chance.int(1000)) * 2n ** 53n - 2n ** 62n,
    at: chance.int(100_000),
    yes: or(chance.int(2) === 1),
  }))
}

const naive = (rows: readonly Row[], keys: readonly Key[]) =>
  rows.toSorted((a, b) => {
    for (const [column, descending, nullsFirst = false] of keys) {
      const order = compareCells(a[column], b[column], { descending, nullsFirst })
      if (order !== 0) return order
    }
    return 0
  })

const orders: readonly (readonly Key[])[] = [
  [['big', false]],
  [['real', true]],
  [['text', false, true]],
  [['few', true, true], ['yes', false], ['text', true]],
  [['yes', false], ['at', true]],
]

describe('sort', () => {
  it.each(orders.map(keys => [keys.map(key => key.join(' ')).join(', '), keys] as const))('by %s gives the same rows in every way, with and without memory', async (_, keys) => {
    const rows = table(7, 1200)
    const frame = from(rows, { schema }).sort(...keys.map(([column, descending, first]) => (descending ? desc : asc)(column, first ? { nulls: 'first' } : {})))
    expect(await everyWay(options => frame.collect(options) as never, naive(rows, keys))).toBeGreaterThan(0)
    for (const workers of [0, 1, 2]) expect(await pagesInUse(workers)).toBe(0)
  })

  it('goes by expressions, which are not among the columns afterwards', async () => {
    const rows = table(3, 500).map(({ id, big, text }) => ({ id, big, text }))
    const frame = from(rows, { schema: { id: 'int32', big: 'int64', text: 'utf8?' } }).sort(desc(col('text').length(), { nulls: 'first' }), col('id').neg())
    const expected = rows.toSorted((a, b) => compareCells(a.text?.length ?? null, b.text?.length ?? null, { descending: true, nullsFirst: true }) || b.id - a.id)
    await everyWay(options => frame.collect(options) as never, expected, someWays)
  })

  it('merges many runs on disk in several rounds, and many pieces in memory, keeping equal rows in their order', async () => {
    const keys = Int32Array.from({ length: 600_000 }, (_, id) => (id * 7919) % 101)
    const frame = from({ id: Int32Array.from(keys, (_, id) => id), key: keys }).sort('key')
    const expected = [...keys.keys()].sort((a, b) => keys[a]! - keys[b]! || a - b)
    const same = (table: { column(name: 'id'): { toFloat64Array(): Float64Array } }) => table.column('id').toFloat64Array().every((id, i) => id === expected[i])
    for (const workers of [0, 2]) {
      expect(same(await frame.collect({ workers, batchRows: 16_384 }))).toBe(true)
      const spilled = await frame.collect({ workers, batchRows: 1024, memory: { total: '256MiB', state: '64KiB' } })
      expect(same(spilled)).toBe(true)
      expect(spilled.stats.steps.sort!.spilledBytes).toBeGreaterThan(600_000 * 8 * 1.5)
    }
    expect(await pagesInUse(2)).toBe(0)
  })

  it('sorts, deduplicates and ranks more than the engine has memory for', async () => {
    const { bids } = generate.nexmark({ events: 200_000, seed: 9 })
    const rows = bids.select('auction', 'price', 'url')
    for (const options of [{ workers: 0, memory: '48MiB' }, { workers: 2, memory: '64MiB' }]) {
      let [count, last, isSorted] = [0, Number.NEGATIVE_INFINITY, true]
      for await (const batch of rows.sort('price').batches(options)) {
        for (const price of batch.column('price').toFloat64Array()) {
          isSorted &&= price >= last
          last = price
        }
        count += batch.numRows
      }
      expect([count, isSorted]).toEqual([184_000, true])
      const firsts = await rows.with({ n: rowNumber().over({ by: ['auction', 'url'], orderBy: 'price' }) }).filter(col('n').eq(1)).agg({ all: agg.count() }).collect(options)
      const unlike = await rows.distinct('auction', 'url').agg({ all: agg.count() }).collect(options)
      expect(firsts.toArray()).toEqual(unlike.toArray())
    }
  })

  it('gives its order to aggregates that go by it, in the threads that make it', async () => {
    const rows = table(8, 700)
    const sorted = from(rows, { schema }).sort(desc('text'), 'id')
    const ids = naive(rows, [['text', true], ['id', false]]).map(row => row.id)
    const groups = sorted.with({ half: col('id').mod(2) }).groupBy('half').agg({ first: agg.first('id'), last: agg.last('id'), all: agg.list('id') }).sort('half')
    const expected = [0, 1].map(half => ids.filter(id => id % 2 === half)).map((list, half) => ({ half, first: list[0], last: list.at(-1), all: list }))
    await everyWay(options => groups.collect(options) as never, expected)
  })

  it('sorts rows that are all equal, sorted and reversed, and none', async () => {
    for (const [of, descending] of [[() => 1, false], [(i: number) => i, false], [(i: number) => 7 - i, false], [(i: number) => i, true]] as const) {
      const rows = Array.from({ length: 40_000 }, (_, id) => ({ id, key: of(id) }))
      const frame = from(rows, { schema: { id: 'int32', key: 'int32' } }).sort(descending ? desc('key') : 'key')
      const expected = rows.toSorted((a, b) => (descending ? b.key - a.key : a.key - b.key))
      await everyWay(options => frame.collect(options) as never, expected, someWays)
    }
    const three = await from({ a: Int32Array.of(3, 1, 2) }).sort('a').collect({ workers: 2 })
    expect(three.stats.steps.sort!.rows).toBe(3)
    expect((await from([], { schema: { a: 'int32' } }).sort('a').collect({ workers: 2 })).toArray()).toEqual([])
  })

  it('stops early where a reader has enough, and feeds several sinks of a job', async () => {
    const rows = table(5, 5000)
    const sorted = from(rows, { schema }).sort('big', 'id')
    const got: Record<string, number[]> = { up: [], down: [] }
    const into = (name: string) => ({ sink: 'user', options: null, bound: { name, delivery: 'idempotent', write: (batch: { column(name: string): { toArray(): number[] } }) => void got[name]!.push(...batch.column('id').toArray()) } })
    await job({ up: sorted.to(into('up')), down: sorted.sort(desc('big')).to(into('down')) }).run({ workers: 2, batchRows: 512 })
    expect(got.up).toEqual(naive(rows, [['big', false]]).map(row => row.id))
    expect(got.down).toEqual(naive(rows, [['big', true]]).map(row => row.id))
    expect(await pagesInUse(2)).toBe(0)
  })

  it('says what it can’t sort', () => {
    const frame = from([{ a: 1 }], { schema: { a: 'int32' } })
    expect(() => from([], { schema: { a: 'list<int32>' } as never }).sort('a').explain()).toThrow('sort, "a": columns of type list<int32> are not taken here')
    expect(() => frame.sort().explain()).toThrow('sort: nothing to sort by')
    expect(() => asc('a', { nulls: 'middle' as never })).toThrow("sort: nulls is \"middle\"; give 'first' or 'last'")
    expect(() => (frame.sort as (key: unknown) => unknown)(() => 1)).toThrow('a function given')
    expect(frame.sort(desc('a', { nulls: 'first' })).explain()).toContain('sort  a descending nulls first')
  })
})
