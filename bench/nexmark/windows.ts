// Queries over windows of time: q5, q7, q8, q11 and q12.
import { count, hop, max, processingTime, session, tumble } from 'millrace'
import { type House, timed } from './house.ts'

/** Hot items: every 2 s, the auctions with the most bids of the last 10 s. */
export function q5(house: House) {
  const counts = timed(house).bids.groupBy('auction', hop('dateTime', '10s', { slide: '2s' })).agg({ num: count() })
  return counts.apply('windowTop', { end: 'window_end', value: 'num' }).as({ auction: 'int64', num: 'int64', window_start: 'timestamp[ms]', window_end: 'timestamp[ms]' })
}

/** Highest bid: the bids of each 10 s that no other bid of them beats. A bid at the very end of a window is compared with it, too. */
export function q7(house: House) {
  const { bids } = timed(house)
  const highest = bids.groupBy(tumble('dateTime', '10s')).agg({ highest: max('price') })
  return bids
    .select('auction', 'price', 'bidder', 'dateTime', 'extra')
    .join(highest, { left: 'price', right: 'highest', within: ['0s', '10s'], time: { left: 'dateTime', right: 'window_end' } })
    .select('auction', 'price', 'bidder', 'dateTime', 'extra')
}

/** New users: persons who opened an auction in the 10 s in which they came. */
export function q8(house: House) {
  const { persons, auctions } = timed(house)
  const came = persons.groupBy('id', 'name', tumble('dateTime', '10s')).agg({ times: count() })
  const sold = auctions.groupBy('seller', tumble('dateTime', '10s')).agg({ auctions: count() })
  return came
    .join(sold, { left: ['id', 'window_start'], right: ['seller', 'window_start'], within: ['0s', '0s'], time: 'window_end', suffix: '_sold' })
    .select('id', 'name', 'window_start')
}

/** User sessions: how many bids each bidder made between silences of 10 s. */
export function q11(house: House) {
  return timed(house).bids.groupBy('bidder', session('dateTime', { gap: '10s' })).agg({ bid_count: count() })
}

/** Processing time windows: how many bids of each bidder came in 10 s of the clock. */
export function q12({ bids }: House) {
  return bids.groupBy('bidder', processingTime.tumble('10s')).agg({ bid_count: count() })
}
