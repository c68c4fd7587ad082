// Queries that keep some bids of each key: q18 and q19.
import { desc } from 'millrace'
import type { House } from './house.ts'

/** Last bid: the newest of each bidder on each auction; of one time, the one that came last. */
export function q18({ bids }: House) {
  return bids.dedup({ by: ['bidder', 'auction'], keep: 'last', orderBy: 'dateTime' })
}

/** Top 10 bids of each auction with their ranks; of equal prices, the first come. */
export function q19({ bids }: House) {
  return bids.topK(10, desc('price'), { by: 'auction', rank: 'rank_number' })
}
