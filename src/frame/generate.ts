// Data out of nothing, the same for the same seed: the streams of the Nexmark benchmark.
import type { Json } from '../base/json.ts'
import type { NexmarkStreamOptions } from '../source/nexmark.ts'
import { type NexmarkJsonOptions, nexmarkRecords } from '../source/nexmark-json.ts'
import { frameOf } from './frame.ts'
import type { Frame } from './frame-type.ts'
import type { TopicRecord } from './topic.ts'

/** Bids of the Nexmark auction house. */
export type NexmarkBids = Frame<{ auction: 'int64'; bidder: 'int64'; price: 'int64'; channel: 'utf8'; url: 'utf8'; dateTime: 'timestamp[ms]'; extra: 'utf8' }>
/** Its auctions. */
export type NexmarkAuctions = Frame<{
  id: 'int64'
  itemName: 'utf8'
  description: 'utf8'
  initialBid: 'int64'
  reserve: 'int64'
  dateTime: 'timestamp[ms]'
  expires: 'timestamp[ms]'
  seller: 'int64'
  category: 'int64'
  extra: 'utf8'
}>
/** Its persons. */
export type NexmarkPersons = Frame<{ id: 'int64'; name: 'utf8'; emailAddress: 'utf8'; creditCard: 'utf8'; city: 'utf8'; state: 'utf8'; dateTime: 'timestamp[ms]'; extra: 'utf8' }>

/** Generators. */
export const generate = {
  /** An auction house: of 50 events 1 is a person, 3 are auctions, 46 bids. `rate` (events a second of event time) is 100,000 unless said. */
  nexmark(options: NexmarkStreamOptions): { bids: NexmarkBids; auctions: NexmarkAuctions; persons: NexmarkPersons } {
    const stream = (kind: 'bids' | 'auctions' | 'persons') =>
      frameOf({ node: 'scan', label: `nexmark.${kind}`, kind: 'nexmark', params: { ...options, kind } as unknown as Json, inputs: [], side: [] })
    return {
      bids: stream('bids') as unknown as NexmarkBids,
      auctions: stream('auctions') as unknown as NexmarkAuctions,
      persons: stream('persons') as unknown as NexmarkPersons,
    }
  },  /** The same events as JSON records, ten thousand at a time, ready for `topic.append`. `poisonEvery`: each n-th is broken; `partitions`: in turn. */
  *nexmarkJson(options: NexmarkJsonOptions): Generator<readonly Required<Omit<TopicRecord, 'key'>>[]> {
    for (let start = 0; start < options.events; start += chunkEvents) {
      const { count, partitions, timestampsMs, valueLengths, valueBytes } = nexmarkRecords(options, start, Math.min(options.events, start + chunkEvents), 'generate.nexmarkJson')
      let at = 0
      yield Array.from({ length: count }, (_, i) => {
        const value = valueBytes.subarray(at, at + valueLengths[i]!)
        at += valueLengths[i]!
        return { value, partition: partitions[i]!, timestamp: timestampsMs[i]! }
      })
    }
  },
}

const chunkEvents = 10_000
