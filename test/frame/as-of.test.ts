import { describe, expect, it } from 'vitest'
import { type Random, random } from '../../src/base/random.ts'
import type { PlainRow, Value } from '../../src/batch/read-values.ts'
import type { Frame } from '../../src/frame/frame-type.ts'
import { from } from '../../src/index.ts'
import { rowTexts, sameKey } from '../support/naive-join.ts'

type Direction = 'backward' | 'forward' | 'nearest'
const directions: readonly Direction[] = ['backward', 'forward', 'nearest']
const seed = Number(process.env.SEED ?? 1)

const asNumber = (value: Value): number => Number(value)

// NaN after all numbers.
const order = (a: number, b: number) => (Number.isNaN(a) || Number.isNaN(b) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : a === b ? 0 : a < b ? -1 : 1)

/** For each left row the nearest right row, by walking over all of them. */
function naive(left: readonly PlainRow[], right: readonly PlainRow[], by: readonly string[], direction: Direction, within = Number.POSITIVE_INFINITY): PlainRow[] {
  return left.map(l => {
    const at = asNumber(l.at!)
    const gap = (r: PlainRow) => (order(asNumber(r.time!), at) === 0 ? 0 : Math.abs(asNumber(r.time!) - at))
    const met = right.filter(r => l.at !== null && r.time !== null && by.every(key => sameKey(l[key]!, r[key]!)) && gap(r) <= within)
    const before = met.filter(r => order(asNumber(r.time!), at) <= 0).reduce<PlainRow | undefined>((best, r) => (!best || order(asNumber(r.time!), asNumber(best.time!)) >= 0 ? r : best), undefined)
    const after = met.filter(r => order(asNumber(r.time!), at) >= 0).reduce<PlainRow | undefined>((best, r) => (!best || order(asNumber(r.time!), asNumber(best.time!)) < 0 ? r : best), undefined)
    const best = direction === 'backward' ? before : direction === 'forward' ? after : before && after && gap(after) < gap(before) ? after : (before ?? after)
    return { ...l, m: best ? best.m! : null, t: best ? best.t! : null }
  })
}

function draw(chance: Random, leftRows: number, rightRows: number, time: () => Value) {
  const maybe = (value: Value) => (chance.int(12) === 0 ? null : value)
  return {
    left: Array.from({ length: leftRows }, (_, n) => ({ at: maybe(time()), k: maybe(chance.int(4)), s: ['a', 'another key that is long'][chance.int(2)]!, n })),
    right: Array.from({ length: rightRows }, (_, m) => ({ time: maybe(time()), k: maybe(chance.int(4)), s: ['a', 'another key that is long'][chance.int(2)]!, m, t: `row ${m} of the right side` })),
  }
}

const times: Record<string, { types: [string, string]; time: (chance: Random) => Value; tolerance: number }> = {
  'int32 times': { types: ['int32?', 'int32?'], time: c => c.int(60) - 30, tolerance: 3 },
  'int64 times': { types: ['int64?', 'int64?'], time: c => BigInt(c.int(60)) * 10n, tolerance: 25 },
  timestamps: { types: ['timestamp[ms]?', 'timestamp[ms]?'], time: c => 1_700_000_000_000 + c.int(60) * 1000, tolerance: 2500 },
  'floats, infinite ones and NaN too': { types: ['float64?', 'float64?'], time: c => [c.int(40) / 4 - 5, c.int(40) / 4 - 5, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][c.int(6)]!, tolerance: 0.6 },
}

describe('asOf', () => {
  describe.each(Object.entries(times))('by %s', (_, { types, time, tolerance }) => {
    it.each(directions)('finds what a walk over all rows finds, %s', async direction => {
      const chance = random(seed)
      for (const [by, rows, workers, within] of [[[], [40, 30], 2, undefined], [['k'], [80, 60], 0, undefined], [['k', 's'], [80, 90], 2, tolerance], [['s'], [60, 0], 2, undefined], [[], [50, 50], 1, tolerance]] as const) {
        const { left, right } = draw(chance, rows[0], rows[1], () => time(chance))
        const rightSchema = { time: types[1], m: 'int32', t: 'utf8', ...(by.includes('k' as never) && { k: 'int32?' }), ...(by.includes('s' as never) && { s: 'utf8' }) }
        const how = rows[0] === 80 ? 'inner' : 'left'
        const joined = (from(left, { schema: { at: types[0], k: 'int32?', s: 'utf8', n: 'int32' } as never }) as unknown as Frame).asOf(from(right, { schema: rightSchema as never }) as unknown as Frame, {
          left: 'at', right: 'time', direction, ...(by.length > 0 && { by }), ...(within !== undefined && { tolerance: within }), ...(how === 'inner' && { how }),
        } as never)
        const found = (await joined.collect({ workers, batchRows: 16 })).toArray() as PlainRow[]
        expect(rowTexts(found)).toEqual(rowTexts(naive(left, right, by, direction, within).filter(row => how === 'left' || row['m'] !== null)))
      }
    })
  })

  const quotes = from([{ symbol: 'A', time: 1000, price: 10 }, { symbol: 'B', time: 2000, price: 20 }, { symbol: 'A', time: 3000, price: 30 }], { schema: { symbol: 'utf8', time: 'timestamp[ms]', price: 'int32' } })

  it('takes keys of other names, durations, other units, and drops the right time', async () => {
    const trades = from([{ ticker: 'A', at: 2_500_000n }, { ticker: 'B', at: 4_100_000n }], { schema: { ticker: 'utf8', at: 'timestamp[us]' } })
    const joined = trades.asOf(quotes, { left: 'at', right: 'time', by: { left: 'ticker', right: 'symbol' }, tolerance: '2s' })
    expect((await joined.collect()).toArray()).toEqual([{ ticker: 'A', at: 2_500_000n, price: 10 }, { ticker: 'B', at: 4_100_000n, price: null }])
    expect(joined.explain()).toContain('ticker = symbol and time nearest to at, backward')
    const exact = trades.asOf(quotes, { left: 'at', right: 'time', by: { left: 'ticker', right: 'symbol' }, tolerance: 1500 })
    expect((await exact.select('price').collect()).toArray()).toEqual([{ price: 10 }, { price: null }])
  })

  it('finds rows of a side that doesn’t fit into memory', async () => {
    const left = from(Array.from({ length: 3000 }, (_, n) => ({ k: n % 50, at: (n * 7919) % 10_000, n })), { schema: { k: 'int32', at: 'int32', n: 'int32' } })
    const right = from(Array.from({ length: 8000 }, (_, m) => ({ k: m % 50, time: (m * 104_729) % 10_000, m, t: `a text of some length, number ${m}` })), { schema: { k: 'int32', time: 'int32', m: 'int32', t: 'utf8' } })
    const joined = left.asOf(right, { left: 'at', right: 'time', by: 'k', direction: 'nearest' })
    const memory = { total: '256MiB', state: 40_000 }
    const [whole, parts] = [await joined.collect({ workers: 2 }), await joined.collect({ workers: 2, memory })]
    expect(Object.values(parts.stats.steps).some(step => step.spilledBytes > 0)).toBe(true)
    expect(rowTexts(parts.toArray() as PlainRow[]).toSorted()).toEqual(rowTexts(whole.toArray() as PlainRow[]).toSorted())
    const inner = left.asOf(right, { left: 'at', right: 'time', by: 'k', tolerance: 3, how: 'inner' })
    expect(rowTexts((await inner.collect({ workers: 2, memory })).toArray() as PlainRow[]).toSorted()).toEqual(rowTexts((await inner.collect()).toArray() as PlainRow[]).toSorted())
    const alone = left.asOf(right.drop('k'), { left: 'at', right: 'time' })
    expect(rowTexts((await alone.collect({ memory })).toArray() as PlainRow[]).toSorted()).toEqual(rowTexts((await alone.collect()).toArray() as PlainRow[]).toSorted())
  })

  const loose = quotes as any
  it.each([
    ['an unknown direction', () => loose.asOf(quotes, { left: 'time', right: 'time', direction: 'backwards' }), 'JOIN_DIRECTION', 'did you mean "backward"'],
    ['no time', () => loose.asOf(quotes, { left: 'time' }), 'JOIN_KEYS', '`right` is undefined'],
    ['a text for a time', () => loose.asOf(quotes, { left: 'symbol', right: 'symbol', suffix: '_q' }).collect(), 'JOIN_TYPE', 'nearness needs'],
    ['an unknown option', () => loose.asOf(quotes, { left: 'time', right: 'time', on: 'symbol' }), 'OPTION', 'no option "on"'],
    ['more keys on one side', () => loose.asOf(quotes, { left: 'time', right: 'time', by: { left: ['symbol', 'price'], right: 'symbol' } }), 'JOIN_KEYS', '2 left keys and 1 right'],
    ['a tolerance below 0', () => loose.asOf(quotes, { left: 'price', right: 'price', tolerance: -1, suffix: '_q' }).collect(), 'TOLERANCE', 'a number from 0'],
    ['names on both sides', () => loose.asOf(quotes, { left: 'time', right: 'time' }).collect(), 'JOIN_CLASH', 'both sides have a column "symbol"'],
    ['a stream without a watermark', () => loose.asOf(from((async function* () {})(), { schema: { time: 'timestamp[ms]' } } as never), { left: 'time', right: 'time' }).collect(), 'NO_WATERMARK', 'the left one has none; call .watermark("time"'],
    ['an unknown kind', () => loose.asOf(quotes, { left: 'time', right: 'time', how: 'full' }), 'JOIN_HOW', 'one of inner, left'],
  ])('says what is wrong with %s', async (_, run, code, text) => {
    const error = await Promise.resolve()
      .then(run)
      .then(
        () => undefined,
        (e: { code: string; message: string }) => e,
      )
    expect(error).toMatchObject({ code })
    expect(error!.message).toContain(text)
  })
})
