// Nexmark's four patterns (queries-cep): c0 to c3, of the bids of each bidder on each auction in the order of their times.
import type { House } from './house.ts'
import { timed } from './house.ts'

const by = ['auction', 'bidder'] as const

/** Prices that fall and then rise above their lowest: when that began, was lowest, and ended. The next may begin with the row that ended it. */
export function c0(house: House) {
  return timed(house).bids.match({
    by,
    orderBy: 'dateTime',
    pattern: 'start down+ up',
    define: { down: m => m.price.lt(m.previous('price')), up: m => m.price.gt(m.last('down', 'price')) },
    measures: m => ({ start_time: m.last('start', 'dateTime'), bottom_time: m.last('down', 'dateTime'), end_time: m.last('up', 'dateTime') }),
    skip: { toLast: 'up' },
  })
}

const low = (house: House, skip: 'past-last-row' | 'to-next-row') =>
  timed(house).bids.match({
    by,
    orderBy: 'dateTime',
    pattern: 'A+ B',
    define: { A: m => m.mean('A', 'price').lt(10_000) },
    measures: m => ({ first_time: m.first('A', 'dateTime'), last_time: m.last('A', 'dateTime'), avg_price: m.mean('A', 'price') }),
    skip,
  })

/** Bids whose mean so far stays low: the times of the first and the last, and the mean. The next begins behind the row that ended it. */
export const c1 = (house: House) => low(house, 'past-last-row')

/** As c1; the next may begin with the second row. */
export const c2 = (house: House) => low(house, 'to-next-row')

/** A price that falls by more than 50 within 5 s: when, and by how much. */
export function c3(house: House) {
  return timed(house).bids.match({
    by,
    orderBy: 'dateTime',
    within: '5s',
    pattern: 'A B* C',
    define: { B: m => m.price.gt(m.last('A', 'price').sub(50)), C: m => m.price.lt(m.last('A', 'price').sub(50)) },
    measures: m => ({ drop_time: m.last('C', 'dateTime'), drop_diff: m.last('A', 'price').sub(m.last('C', 'price')) }),
  })
}
