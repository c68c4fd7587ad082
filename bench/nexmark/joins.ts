// Queries that bring streams together by equal keys: q3, q13, q20 and q23.
import { col } from 'millrace'
import type { House } from './house.ts'

/** Local items: who sells in a category, in three states. */
export function q3({ persons, auctions }: House) {
  const sellers = persons.filter(col('state').isIn(['OR', 'ID', 'CA'])).select({ person: col('id'), name: col('name'), city: col('city'), state: col('state') })
  return auctions.filter(col('category').eq(10)).select('id', 'seller').join(sellers, { left: 'seller', right: 'person' }).select('name', 'city', 'state', 'id')
}

/** Side input: bids with a value of a table. */
export function q13({ bids, side }: House) {
  return bids
    .select({ auction: col('auction'), bidder: col('bidder'), price: col('price'), dateTime: col('dateTime'), key: col('auction').mod(10_000) })
    .lookup(side, { on: 'key' })
    .select('auction', 'bidder', 'price', 'dateTime', 'value')
}

/** Expand bids with their auctions, of a category. */
export function q20({ bids, auctions }: House) {
  return bids.join(auctions.filter(col('category').eq(10)), { left: 'auction', right: 'id', suffix: '_of_auction' })
}

/** Expand bids with who made them and with what that person sells. */
export function q23({ persons, auctions, bids }: House) {
  return bids.join(persons, { left: 'bidder', right: 'id', suffix: '_of_person' }).join(auctions, { left: 'bidder', right: 'seller', suffix: '_of_auction' })
}
