// What every query is asked of: an auction house as three streams, and a table beside them. They may come from the generator, from files or from topics.
import type { Frame, generate } from 'millrace'

type Made = ReturnType<typeof generate.nexmark>

/** Persons, auctions and bids as `generate.nexmark` makes them; `side` is q13's table, keys 0 to 9,999 with a value each. */
export interface House {
  readonly persons: Made['persons']
  readonly auctions: Made['auctions']
  readonly bids: Made['bids']
  readonly side: Frame<{ key: 'int64'; value: 'utf8' }>
}

/** The streams with the watermark of the original's tables: 4 s behind `dateTime`. Queries that know nothing of time do without. */
export function timed({ persons, auctions, bids }: House): Pick<House, 'persons' | 'auctions' | 'bids'> {
  const bound = '4s'
  return { persons: persons.watermark('dateTime', { bound }), auctions: auctions.watermark('dateTime', { bound }), bids: bids.watermark('dateTime', { bound }) }
}
