// Queries about which bid wins an auction: q4, q6 and q9. A bid counts from when the auction opened until it expired, both ends included.
import { col, desc, max, mean } from 'millrace'
import { type House, timed } from './house.ts'

/** Each auction with each of its bids, columns of the bid as `bid_…`. An auction is kept until it has expired. */
function withBids(house: House) {
  const { auctions, bids } = timed(house)
  const made = bids.select({ auction: col('auction'), bidder: col('bidder'), price: col('price'), bid_dateTime: col('dateTime'), bid_extra: col('extra') })
  return auctions
    .with({ auction: col('id') })
    .join(made, { on: 'auction', within: ['dateTime', 'expires'], time: { left: 'dateTime', right: 'bid_dateTime' } })
}

/** Average price for a category: the mean of what its auctions brought. */
export function q4(house: House) {
  return withBids(house).groupBy('id', 'category').agg({ final: max('price') }).groupBy('category').agg({ avg: mean('final') })
}

/** Average selling price by seller: over the last 10 auctions and this one, in the order in which their winning bids came; at one time, of their ids. */
export function q6(house: House) {
  return q9(house).select({ seller: col('seller'), id: col('id'), bid_dateTime: col('bid_dateTime'), avg: mean('price').over({ by: 'seller', orderBy: ['bid_dateTime', 'id'], frame: { rows: [-10, 0] } }) })
}

/** Winning bids: the highest of each auction, of equal ones the first. */
export function q9(house: House) {
  return withBids(house).topK(1, desc('price'), 'bid_dateTime', { by: 'id' })
}
