// Queries that count bids by their price, for each day: q15, q16 and q17.
import { col, count, countDistinct, max, mean, min, sum } from 'millrace'
import type { House } from './house.ts'

const price = col('price')
const rank1 = price.lt(10_000)
const rank2 = price.ge(10_000).and(price.lt(1_000_000))
const rank3 = price.ge(1_000_000)

const bidsByRank = { total_bids: count(), rank1_bids: count().where(rank1), rank2_bids: count().where(rank2), rank3_bids: count().where(rank3) }
const distinctByRank = {
  total_bidders: countDistinct('bidder'),
  rank1_bidders: countDistinct('bidder').where(rank1),
  rank2_bidders: countDistinct('bidder').where(rank2),
  rank3_bidders: countDistinct('bidder').where(rank3),
  total_auctions: countDistinct('auction'),
  rank1_auctions: countDistinct('auction').where(rank1),
  rank2_auctions: countDistinct('auction').where(rank2),
  rank3_auctions: countDistinct('auction').where(rank3),
}
const day = col('dateTime').format('%Y-%m-%d')

/** Bidding statistics: bids, bidders and auctions of each day. */
export function q15({ bids }: House) {
  return bids.with({ day }).groupBy('day').agg({ ...bidsByRank, ...distinctByRank })
}

/** The same by channel, with the minute of its last bid. */
export function q16({ bids }: House) {
  return bids
    .with({ day, minute: col('dateTime').format('%H:%M') })
    .groupBy('channel', 'day')
    .agg({ minute: max('minute'), ...bidsByRank, ...distinctByRank })
}

/** Auction statistics: the bids and prices of each auction and day. */
export function q17({ bids }: House) {
  return bids
    .with({ day })
    .groupBy('auction', 'day')
    .agg({ ...bidsByRank, min_price: min('price'), max_price: max('price'), avg_price: mean('price'), sum_price: sum('price') })
}
