// What every query is asked of: an auction house as three streams, and a table beside them. They may come from the generator, from files or from topics.
import { col, type Frame, type generate } from 'millrace'

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

/** The columns of all events in one stream: those of `generate.nexmark(…).events`, and of the JSON records that `generate.nexmarkJson` makes. */
export const eventSchema = {
  event_type: 'int8',
  person: 'struct<id: int64, name: utf8, emailAddress: utf8, creditCard: utf8, city: utf8, state: utf8, dateTime: timestamp[ms], extra: utf8>?',
  auction: 'struct<id: int64, itemName: utf8, description: utf8, initialBid: int64, reserve: int64, dateTime: timestamp[ms], expires: timestamp[ms], seller: int64, category: int64, extra: utf8>?',
  bid: 'struct<auction: int64, bidder: int64, price: int64, channel: utf8, url: utf8, dateTime: timestamp[ms], extra: utf8>?',
} as const

const columns = {
  person: ['id', 'name', 'emailAddress', 'creditCard', 'city', 'state', 'dateTime', 'extra'],
  auction: ['id', 'itemName', 'description', 'initialBid', 'reserve', 'dateTime', 'expires', 'seller', 'category', 'extra'],
  bid: ['auction', 'bidder', 'price', 'channel', 'url', 'dateTime', 'extra'],
} as const

/** The three streams of one that has all events, such as a topic. */
export function streamsOf(events: Frame<any>): Pick<House, 'persons' | 'auctions' | 'bids'> {
  const stream = (type: number, kind: keyof typeof columns) => {
    const made: Frame<any> = events.filter(col('event_type').eq(type)).select(Object.fromEntries(columns[kind].map(name => [name, col(kind).field(name)])))
    // Where the event is of the kind its columns are there.
    return made.dropNull()
  }
  return { persons: stream(0, 'person'), auctions: stream(1, 'auction'), bids: stream(2, 'bid') } as never
}
