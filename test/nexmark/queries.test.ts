// Nexmark queries against a naive computation over the same bids, and against the answers of the public suite.
import { readFileSync } from 'node:fs'
import { closeEngines, type Frame, generate, read } from 'millrace'
import { afterAll, describe, expect, it } from 'vitest'
import { type Bids, nexmarkQueries, q5ByJoin } from '../../examples/nexmark/queries.ts'
import type { Clock } from '../../src/base/clock.ts'
import { suiteFolder } from '../support/suites.ts'

afterAll(closeEngines)

type Bid = { auction: bigint; bidder: bigint; price: bigint; dateTime: number; extra: string }
const lines = (rows: Iterable<Record<string, unknown>>, ...names: string[]): string[] => [...rows].map(row => names.map(name => String(row[name])).join(' ')).sort()

function byBidder(all: readonly Bid[]): Map<bigint, Bid[]> {
  const groups = new Map<bigint, Bid[]>()
  for (const bid of all) groups.set(bid.bidder, [...(groups.get(bid.bidder) ?? []), bid])
  return groups
}

// Bids of 60 s of event time, out of order by up to 2 s, so that windows open, overlap and close all along.
const { bids } = generate.nexmark({ events: 6_000, seed: 5, rate: 100, disorder: 200 })
const rows: Bid[] = (await bids.select('auction', 'bidder', 'price', 'dateTime', 'extra').collect()).toArray()

function naiveTops(all: readonly Bid[]): string[] {
  const counts = new Map<number, Map<bigint, number>>()
  for (const { auction, dateTime } of all) {
    for (let start = Math.floor(dateTime / 2_000) * 2_000; start > dateTime - 10_000; start -= 2_000) {
      const window = counts.get(start) ?? new Map<bigint, number>()
      counts.set(start, window.set(auction, (window.get(auction) ?? 0) + 1))
    }
  }
  return [...counts].flatMap(([start, window]) => [...window].filter(([, n]) => n === Math.max(...window.values())).map(([auction, n]) => `${auction} ${n} ${start} ${start + 10_000}`)).sort()
}

function naiveSessions(all: readonly Bid[]): string[] {
  return [...byBidder(all)]
    .flatMap(([bidder, own]) => {
      const sorted = own.map(bid => bid.dateTime).sort((a, b) => a - b)
      const breaks = sorted.flatMap((time, i) => (i > 0 && time - sorted[i - 1]! > 10_000 ? [i] : []))
      return [0, ...breaks].map((from, i) => {
        const session = sorted.slice(from, breaks[i] ?? sorted.length)
        return `${bidder} ${session[0]} ${session.at(-1)! + 10_000} ${session.length}`
      })
    })
    .sort()
}

describe.each([
  [7, 0],
  [1_024, 1],
  [65_536, 0],
  [1_024, 2],
  [100, 3],
])('Nexmark in batches of %i on %i workers', (batchRows, workers) => {
  const queries = nexmarkQueries(bids)
  const rowsOf = async <S,>(query: Frame<S>) => (await query.collect({ batchRows, workers })).toArray()

  it('q0 passes all on, q1 multiplies exactly, q2 picks auctions', async () => {
    expect(await rowsOf(queries.q0)).toEqual(rows)
    expect(await rowsOf(queries.q1)).toEqual(rows.map(({ price, ...row }) => ({ auction: row.auction, bidder: row.bidder, price_thousandths: price * 908n, dateTime: row.dateTime, extra: row.extra })))
    expect(await rowsOf(queries.q2)).toEqual(rows.filter(bid => bid.auction % 123n === 0n).map(({ auction, price }) => ({ auction, price })))
  })

  it('q5 finds the hottest auctions of each window', async () => {
    const expected = naiveTops(rows)
    expect(expected.length).toBeGreaterThan(30)
    expect(lines(await rowsOf(queries.q5), 'auction', 'num', 'window_start', 'window_end')).toEqual(expected)
  })

  it('q11 counts the bids of sessions', async () => {
    expect(lines(await rowsOf(queries.q11), 'bidder', 'window_start', 'window_end', 'bids')).toEqual(naiveSessions(rows))
  })

  it('q12 counts each bid in one window of the clock', async () => {
    const counts = new Map<bigint, number>()
    for (const { bidder, bids, window_start, window_end } of await rowsOf(queries.q12)) {
      expect(window_end - window_start).toBe(10_000)
      counts.set(bidder, (counts.get(bidder) ?? 0) + bids)
    }
    expect([...counts].sort()).toEqual([...byBidder(rows)].map(([bidder, own]) => [bidder, own.length]).sort())
  })
})

it('q12 is exact on an injected clock', async () => {
  const stopped: Clock = { now: () => 1_000_000_007_000, elapsed: () => performance.now(), sleep: async () => {} }
  // An engine of other settings, so that it is opened with this clock.
  const table = await nexmarkQueries(bids).q12.collect({ clock: stopped, memory: '1GiB' })
  expect(lines(table.toArray(), 'bidder', 'window_start', 'window_end', 'bids')).toEqual([...byBidder(rows)].map(([bidder, own]) => `${bidder} 1000000000000 1000000010000 ${own.length}`).sort())
})

it('q5 by a join with the maximum gives the same', async () => {
  for (const workers of [0, 2]) expect(lines((await q5ByJoin(bids).collect({ workers })).toArray(), 'auction', 'num', 'window_start', 'window_end')).toEqual(naiveTops(rows))
})

const folder = suiteFolder('nexmark-expected')

describe.skipIf(!folder)(`the answers of nexmark-expected${folder ? '' : ' (skipped: the suite is absent)'}`, () => {
  const schema = { auction: 'int64', bidder: 'int64', price: 'int64', date_time: 'timestamp[ms]', extra: 'utf8' } as const
  const suite = read.ndjson(`${folder}/bid.ndjson`, { schema }).rename({ date_time: 'dateTime' }) as unknown as Bids
  const answer = (query: string): string[] => {
    const { answers } = JSON.parse(readFileSync(`${folder}/${query}.json`, 'utf8')) as { answers: { rows: string[] }[] }
    return answers[0]!.rows.map(row => row.split(/\t| {2,}/).join('|')).sort()
  }
  const time = (ms: unknown) => new Date(ms as number).toISOString().replace('T', ' ').replace(/(\.000)?Z$/, '')
  const all = nexmarkQueries(suite)

  it('q0, q1 and q2', async () => {
    const q0 = (await all.q0.collect()).toArray()
    expect(q0.map(r => [r.auction, r.bidder, r.price, time(r.dateTime)].join('|')).sort()).toEqual(answer('q0'))
    const q1 = (await all.q1.collect()).toArray()
    const decimal = (thousandths: bigint) => `${thousandths / 1000n}.${String(thousandths % 1000n).padStart(3, '0')}`
    expect(q1.map(r => [r.auction, r.bidder, decimal(r.price_thousandths), time(r.dateTime)].join('|')).sort()).toEqual(answer('q1'))
    // The suite's q2 picks five auctions by number, because 50 bids have none that 123 divides.
    const picked = (await all.q0.collect()).toArray().filter(r => [1007n, 1020n, 2001n, 2019n, 2087n].includes(r.auction))
    expect(picked.map(r => `${r.auction}|${r.price}`).sort()).toEqual(answer('q2'))
  })

  it('q5', async () => {
    const q5 = (await all.q5.collect()).toArray()
    expect(q5.map(r => `${r.auction}|${r.num}`).sort()).toEqual(answer('q5'))
  })
})
