// Queries that keep some bids of each key: q18 and q19.
import { desc, rowNumber } from 'millrace'
import type { House } from './house.ts'

/** Last bid: the newest of each bidder on each auction; of one time, the one that came last. */
export function q18({ bids }: House) {
  return bids.rowIndex('place').topK(1, desc('dateTime'), desc('place'), { by: ['bidder', 'auction'] }).drop('place')
}

/** Top 10 bids of each auction with their ranks; of equal prices, the first come. */
export function q19({ bids }: House) {
  return bids.topK(10, desc('price'), { by: 'auction' }).with({ rank_number: rowNumber().over({ by: 'auction', orderBy: desc('price') }) })
}
