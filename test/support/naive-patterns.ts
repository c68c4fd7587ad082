// Nexmark's four patterns by plain backtracking over the bids of each bidder on each auction.
import { type NaiveMatch, naiveMatches, rowsOf, type Taken } from './naive-match.ts'

/** A bid as far as patterns look at it. */
export interface PatternBid {
  readonly auction: bigint
  readonly bidder: bigint
  readonly price: bigint
  readonly dateTime: number
}

type Row = PatternBid & { readonly time: number }

const repeated = (of: string, least: number) => ({ of, least, most: Number.POSITIVE_INFINITY })
const meanOf = (rows: readonly Row[]) => rows.reduce((sum, r) => sum + Number(r.price), 0) / rows.length

const low = (skip: 'past-last-row' | 'to-next-row') => ({
  match: { pattern: { seq: [repeated('A', 1), 'B'] }, define: { A: (row: Row, before: Taken<Row>) => meanOf([...rowsOf(before, 'A'), row]) < 10_000 }, skip } as NaiveMatch<Row>,
  measures: (t: Taken<Row>) => ({ first_time: rowsOf(t, 'A')[0]!.time, last_time: rowsOf(t, 'A').at(-1)!.time, avg_price: meanOf(rowsOf(t, 'A')) }),
})

const patterns: Readonly<Record<string, { match: NaiveMatch<Row>; measures: (taken: Taken<Row>) => Readonly<Record<string, unknown>> }>> = {
  c0: {
    match: {
      pattern: { seq: ['start', repeated('down', 1), 'up'] },
      define: { down: (row, _, rows) => rows.length > 0 && row.price < rows.at(-1)!.price, up: (row, before) => row.price > rowsOf(before, 'down').at(-1)!.price },
      skip: { toLast: 'up' },
    },
    measures: t => ({ start_time: rowsOf(t, 'start')[0]!.time, bottom_time: rowsOf(t, 'down').at(-1)!.time, end_time: rowsOf(t, 'up')[0]!.time }),
  },
  c1: low('past-last-row'),
  c2: low('to-next-row'),
  c3: {
    match: {
      pattern: { seq: ['A', repeated('B', 0), 'C'] },
      define: { B: (row, before) => row.price > rowsOf(before, 'A')[0]!.price - 50n, C: (row, before) => row.price < rowsOf(before, 'A')[0]!.price - 50n },
      within: 5_000,
    },
    measures: t => ({ drop_time: rowsOf(t, 'C')[0]!.time, drop_diff: rowsOf(t, 'A')[0]!.price - rowsOf(t, 'C')[0]!.price }),
  },
}

/** The matches of `c0` to `c3` in bids in the order of their source. */
export function naivePattern(name: string, bids: readonly PatternBid[]): Readonly<Record<string, unknown>>[] {
  const { match, measures } = patterns[name]!
  const partitions = new Map<string, Row[]>()
  for (const bid of bids) {
    const key = `${bid.auction},${bid.bidder}`
    const rows = partitions.get(key) ?? []
    partitions.set(key, rows)
    rows.push({ ...bid, time: bid.dateTime })
  }
  return [...partitions.values()].flatMap(rows => {
    const { auction, bidder } = rows[0]!
    return naiveMatches(rows.toSorted((a, b) => a.time - b.time), match).map(taken => ({ auction, bidder, ...measures(taken) }))
  })
}
