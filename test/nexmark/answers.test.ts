// The 26 answers of the public suite, each as its `view` asks for it: by the query of bench/nexmark where that asks the same, else by what differs.
import { readFileSync } from 'node:fs'
import { closeEngines, col, count, countDistinct, desc, type Frame, from, lit, max, mean, min, read, type Schema } from 'millrace'
import { afterAll, describe, expect, it } from 'vitest'
import { type House, queries } from '../../bench/nexmark/queries.ts'
import { suiteFolder } from '../support/suites.ts'

afterAll(closeEngines)

const folder = suiteFolder('nexmark-expected')
const rename = { date_time: 'dateTime', item_name: 'itemName', initial_bid: 'initialBid', email_address: 'emailAddress', credit_card: 'creditCard' }

function stream(name: string, schema: Schema): Frame<any> {
  const names: any = Object.fromEntries(Object.entries(rename).filter(([from]) => from in schema))
  return (read.ndjson(`${folder}/${name}.ndjson`, { schema }) as Frame<any>).rename(names)
}

function suite(): House {
  return {
    persons: stream('person', { id: 'int64', name: 'utf8', email_address: 'utf8', credit_card: 'utf8', city: 'utf8', state: 'utf8', date_time: 'timestamp[ms]', extra: 'utf8' }),
    auctions: stream('auction', { id: 'int64', item_name: 'utf8', description: 'utf8', initial_bid: 'int64', reserve: 'int64', date_time: 'timestamp[ms]', expires: 'timestamp[ms]', seller: 'int64', category: 'int64', extra: 'utf8' }),
    bids: stream('bid', { auction: 'int64', bidder: 'int64', price: 'int64', channel: 'utf8', url: 'utf8', date_time: 'timestamp[ms]', extra: 'utf8' }),
    side: from([], { schema: { key: 'int64', value: 'utf8' } }),
  }
}

const bidColumns = ['auction', 'bidder', 'price', 'channel', 'url', 'dateTime', 'extra']
const ranks = (what: string) => ['total', 'rank1', 'rank2', 'rank3'].map(rank => `${rank}_${what}`)
const auctionColumns = ['itemName', 'description', 'initialBid', 'reserve']
const open = (house: House) =>
  house.auctions.join(house.bids.select({ bidOn: col('auction'), price: col('price'), at: col('dateTime') }), { left: 'id', right: 'bidOn', where: (auction, bid) => bid.at.between(auction.dateTime, auction.expires) })
const bidsOf = (house: House) => house.auctions.select('id', 'itemName').join(house.bids.groupBy('auction').agg({ n: count() }), { left: 'id', right: 'auction' })

/** What each answer asks for, and its columns in order. */
const asked: Record<string, [query: (house: House) => Frame<any>, ...columns: string[]]> = {
  q0: [queries.q0, 'auction', 'bidder', 'price', 'dateTime'],
  q1: [queries.q1, 'auction', 'bidder', 'price', 'dateTime'],
  q2: [({ bids }) => bids.filter(col('auction').isIn([1007, 1020, 2001, 2019, 2087])), 'auction', 'price'],
  // States are in lower case there.
  q3: [house => queries.q3({ ...house, persons: house.persons.with({ state: col('state').upper() }) }).with({ state: col('state').lower() }), 'name', 'city', 'state', 'id'],
  q4: [queries.q4, 'category', 'avg'],
  q5: [queries.q5, 'auction', 'num'],
  // The cheapest bid of each auction.
  q6_group_top1: [house => open(house).topK(1, 'price', { by: ['id', 'seller'] }).select({ seller: col('seller'), avg: mean('price').over({ by: 'seller', orderBy: 'at', frame: { rows: [-10, 0] } }) }), 'seller', 'avg'],
  q7: [queries.q7, 'auction', 'price', 'bidder', 'dateTime'],
  q8: [queries.q8, 'id', 'name', 'window_start'],
  q9: [queries.q9, 'id', ...auctionColumns, 'dateTime', 'expires', 'seller', 'category', 'auction', 'bidder', 'price', 'bid_dateTime'],
  // By a clock of 12 hours.
  q10: [house => queries.q10(house).with({ hm: col('dateTime').format('%I:%M') }), 'auction', 'bidder', 'price', 'dateTime', 'dt', 'hm'],
  q14: [queries.q14, 'auction', 'bidder', 'price', 'bidTimeType', 'dateTime', 'c_counts'],
  q15: [queries.q15, 'day', ...ranks('bids'), ...ranks('bidders'), ...ranks('auctions')],
  // A month where minutes were meant.
  q16: [house => queries.q16(house).with({ minute: lit('12:07') }), 'channel', 'day', 'minute', ...ranks('bids'), ...ranks('bidders'), ...ranks('auctions')],
  q17: [queries.q17, 'auction', 'day', ...ranks('bids'), 'min_price', 'max_price', 'avg_price', 'sum_price'],
  // Of one time, the first by `extra`.
  q18: [({ bids }) => bids.topK(1, desc('dateTime'), 'extra', { by: ['bidder', 'auction'] }), ...bidColumns],
  q19: [queries.q19, ...bidColumns, 'rank_number'],
  q20: [queries.q20, ...bidColumns, ...auctionColumns, 'dateTime_of_auction', 'expires', 'seller', 'category', 'extra_of_auction'],
  q21: [queries.q21, 'auction', 'bidder', 'price', 'channel', 'channel_id'],
  q22: [queries.q22, 'auction', 'bidder', 'price', 'channel', 'dir1', 'dir2', 'dir3'],
  q101: [({ auctions, bids }) => auctions.join(bids.groupBy('auction').agg({ highest: max('price') }), { left: 'id', right: 'auction', how: 'left' }), 'id', 'itemName', 'highest'],
  q102: [
    house => bidsOf(house).crossJoin(house.bids.agg({ all: count(), auctions: countDistinct('auction') })).filter(col('n').ge(col('all').div(col('auctions')).floor())),
    'id',
    'itemName',
    'n',
  ],
  q103: [house => house.auctions.join(bidsOf(house).filter(col('n').ge(20)), { on: 'id', how: 'semi' }), 'id', 'itemName'],
  q104: [house => house.auctions.join(bidsOf(house).filter(col('n').lt(20)), { on: 'id', how: 'anti' }), 'id', 'itemName'],
  q105: [house => bidsOf(house).sort(desc('n')).limit(1000), 'id', 'itemName', 'n'],
  q106: [house => open(house).groupBy('id').agg({ final: max('price') }).agg({ min: min('final') }), 'min'],
}

const times = ['dateTime', 'expires', 'bid_dateTime', 'dateTime_of_auction', 'window_start']
const shown = (name: string, value: unknown) => (value === null ? 'NULL' : times.includes(name) ? new Date(value as number).toISOString().replace('T', ' ').replace(/(\.000)?Z$/, '') : String(value))
// The suite parts columns by blanks or tabs, and writes means as decimals of many digits.
const plain = (row: string) => row.trim().split(/\s+/).map(word => (/^\d+\.\d+$/.test(word) ? String(Number(Number(word).toPrecision(14))) : word)).join(' ')

describe.skipIf(!folder)(`the answers of nexmark-expected${folder ? '' : ' (skipped: the suite is absent)'}`, () => {
  it('are 26', () => expect(Object.keys(asked)).toHaveLength(26))

  it.each(Object.entries(asked))('%s', async (name, [query, ...columns]) => {
    const { answers } = JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8')) as { answers: { rows: string[] }[] }
    const expected = answers[0]!.rows.map(plain).sort()
    for (const [batchRows, workers] of [[7, 0], [65_536, 2]] as const) {
      const table = await query(suite()).collect({ batchRows, workers })
      const rows = [...table].map(row => plain(columns.map(column => shown(column, row[column])).join(' ')))
      expect(rows.sort()).toEqual(expected)
    }
  })
})
