// Nexmark's queries q0, q1, q2, q5, q11 and q12 over its bids (github.com/nexmark/nexmark, queries/qN.sql). Event time is dateTime, with a
// watermark 4 s behind, as in the original's table definition.
import { col, count, type generate, hop, max, processingTime, session } from 'millrace'

/** The bids that `generate.nexmark` makes. */
export type Bids = ReturnType<typeof generate.nexmark>['bids']

/** The queries by name; q12's result depends on the clock. */
export function nexmarkQueries(bids: Bids) {
  const timed = bids.watermark('dateTime', { bound: '4s' })
  const counts = timed.groupBy('auction', hop('dateTime', '10s', { slide: '2s' })).agg({ num: count() })
  return {
    q0: timed.select('auction', 'bidder', 'price', 'dateTime', 'extra'),
    // The original multiplies by 0.908 as DECIMAL(23,3); here the exact product in thousandths, as int64.
    q1: timed.select({ auction: col('auction'), bidder: col('bidder'), price_thousandths: col('price').mul(908), dateTime: col('dateTime'), extra: col('extra') }),
    q2: timed.filter(col('auction').mod(123).eq(0)).select('auction', 'price'),
    // The original joins the counts with their own maximum per window: the rows whose count is the greatest.
    q5: counts.apply('windowTop', { end: 'window_end', value: 'num' }).as({ auction: 'int64', num: 'int64', window_start: 'timestamp[ms]', window_end: 'timestamp[ms]' }),
    q11: timed.groupBy('bidder', session('dateTime', { gap: '10s' })).agg({ bids: count() }),
    q12: timed.groupBy('bidder', processingTime.tumble('10s')).agg({ bids: count() }),
  }
}

/** q5 as the original writes it: the counts joined with their maximum per window. For bounded input; nothing is given out before its end. */
export function q5ByJoin(bids: Bids) {
  const counts = bids.groupBy('auction', hop('dateTime', '10s', { slide: '2s' })).agg({ num: count() })
  const greatest = counts.groupBy('window_end').agg({ most: max('num') })
  return counts.join(greatest, { left: 'window_end', right: 'window_end' }).filter(col('num').ge(col('most'))).select('auction', 'num', 'window_start', 'window_end')
}
