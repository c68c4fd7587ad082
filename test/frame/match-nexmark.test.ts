// The four patterns of Nexmark as frames, against a naive matcher, over batches and workers, on random rows and on the generator's bids.
import { afterAll, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { closeEngines, col, type Frame, from, generate } from '../../src/index.ts'
import { type NaiveMatch, naiveMatches, rowsOf, type Taken } from '../support/naive-match.ts'

afterAll(closeEngines)

type Schema = { auction: 'int64'; bidder: 'int64'; price: 'int64'; time: 'timestamp[ms]' }
interface Bid {
  readonly auction: bigint
  readonly bidder: bigint
  readonly price: bigint
  readonly time: number
}

const by = ['auction', 'bidder'] as const
const isRunning = (limit: number) => (row: Bid, before: Taken<Bid>) => {
  const prices = [...rowsOf(before, 'A'), row].map(r => Number(r.price))
  return prices.reduce((a, b) => a + b, 0) / prices.length < limit
}

const repeated = (of: string, least: number) => ({ of, least, most: Number.POSITIVE_INFINITY })
const meanOf = (rows: readonly Bid[]) => rows.reduce((sum, r) => sum + Number(r.price), 0) / rows.length

const running = (skip: 'past-last-row' | 'to-next-row') => ({
  frame: (bids: Frame<Schema>) =>
    bids.match({
      by, orderBy: 'time',
      pattern: 'A+ B',
      define: { A: m => m.mean('A', 'price').lt(10_000) },
      measures: m => ({ first: m.first('A', 'time'), last: m.last('A', 'time'), mean: m.mean('A', 'price') }),
      skip,
    }),
  naive: { pattern: { seq: [repeated('A', 1), 'B'] }, define: { A: isRunning(10_000) }, skip } as NaiveMatch<Bid>,
  row: (t: Taken<Bid>) => [rowsOf(t, 'A')[0]!.time, rowsOf(t, 'A').at(-1)!.time, meanOf(rowsOf(t, 'A'))],
})

const queries: Record<string, { frame: (bids: Frame<Schema>) => Frame<any>; naive: NaiveMatch<Bid>; row: (taken: Taken<Bid>) => unknown[] }> = {
  c0: {
    frame: bids =>
      bids.match({
        by, orderBy: 'time',
        pattern: 'start down+ up',
        define: { down: m => m.price.lt(m.previous('price')), up: m => m.price.gt(m.last('down', 'price')) },
        measures: m => ({ start: m.last('start', 'time'), bottom: m.last('down', 'time'), end: m.last('up', 'time') }),
        skip: { toLast: 'up' },
      }),
    naive: {
      pattern: { seq: ['start', repeated('down', 1), 'up'] },
      define: { down: (row, _, rows) => rows.length > 0 && row.price < rows.at(-1)!.price, up: (row, before) => row.price > rowsOf(before, 'down').at(-1)!.price },
      skip: { toLast: 'up' },
    },
    row: t => [rowsOf(t, 'start')[0]!.time, rowsOf(t, 'down').at(-1)!.time, rowsOf(t, 'up')[0]!.time],
  },
  c1: running('past-last-row'),
  c2: running('to-next-row'),
  c3: {
    frame: bids =>
      bids.match({
        by, orderBy: 'time', within: '5s',
        pattern: 'A B* C',
        define: { B: m => m.price.gt(m.last('A', 'price').sub(50)), C: m => m.price.lt(m.last('A', 'price').sub(50)) },
        measures: m => ({ time: m.last('C', 'time'), drop: m.last('A', 'price').sub(m.last('C', 'price')) }),
      }),
    naive: {
      pattern: { seq: ['A', repeated('B', 0), 'C'] },
      define: { B: (row, before) => row.price > rowsOf(before, 'A')[0]!.price - 50n, C: (row, before) => row.price < rowsOf(before, 'A')[0]!.price - 50n },
      within: 5_000,
    },
    row: t => [rowsOf(t, 'C')[0]!.time, rowsOf(t, 'A')[0]!.price - rowsOf(t, 'C')[0]!.price],
  },
}

function expected(bids: readonly Bid[], { naive, row }: (typeof queries)[string]): string[] {
  const partitions = new Map<string, Bid[]>()
  for (const bid of bids) {
    const key = `${bid.auction},${bid.bidder}`
    const rows = partitions.get(key)
    if (rows) rows.push(bid)
    else partitions.set(key, [bid])
  }
  return [...partitions].flatMap(([key, rows]) => naiveMatches(rows.toSorted((a, b) => a.time - b.time), naive).map(taken => `${key},${row(taken).join()}`)).sort()
}

async function got(frame: Frame<any>, options: object): Promise<string[]> {
  const rows: string[] = []
  await frame.forEach((row: object) => void rows.push(Object.values(row).map(v => (v instanceof Date ? v.getTime() : v)).join()), options)
  return rows.sort()
}

const chance = random(5)
const drawn: Bid[] = Array.from({ length: 1_200 }, (_, i) => ({
  auction: BigInt(chance.int(6)),
  bidder: BigInt(chance.int(3)),
  price: BigInt(chance.int(3) === 0 ? 60 * chance.int(500) : 9_000 + chance.int(2_500)),
  time: 100 * i + chance.int(400),
}))
const schema = { auction: 'int64', bidder: 'int64', price: 'int64', time: 'timestamp[ms]' } as const
const ways = [{ batchRows: 1, workers: 0 }, { batchRows: 7, workers: 2 }, { batchRows: 1024, workers: 0 }, { batchRows: 1024, workers: 3 }]

it.each(Object.entries(queries))('%s of random bids, in a stream and in a batch', async (_, query) => {
  const rows = expected(drawn, query)
  expect(rows.length).toBeGreaterThan(15)
  expect(await got(query.frame(from(drawn, { schema })), { batchRows: 999, workers: 2 })).toEqual(rows)
  for (const options of ways) {
    async function* source() {
      yield* drawn
    }
    const stream = from(source(), { schema, bounded: false }).watermark('time', { bound: '500ms' })
    expect(await got(query.frame(stream), options), JSON.stringify(options)).toEqual(rows)
  }
})

it.each(Object.entries(queries))("%s of the generator's bids", async (_, query) => {
  const made = () => generate.nexmark({ events: 20_000, seed: 4, rate: 1_000 }).bids.select({ auction: col('auction'), bidder: col('bidder'), price: col('price'), time: col('dateTime') })
  const bids = (await made().collect()).toArray().map(r => ({ ...r, time: Number(r.time) })) as unknown as Bid[]
  expect(await got(query.frame(made() as never), { workers: 2 })).toEqual(expected(bids, query))
})
