// The main job: an auction house's events as JSON → windows of bids per auction → joined with what is known of the auction → an online
// model that guesses, before it is told, whether the reserve was met → Parquet files and a topic. Swap the ends and it runs on Kafka and Elasticsearch.
import { col, count, job, max, mean, read, topic, tumble, when, write } from 'millrace'
import { LogisticRegression } from 'millrace/ml'

/** Where the job reads and writes. Without `kafka` topics are folders; without `elastic` results go to Parquet files. */
export interface Places {
  readonly dir: string
  readonly kafka?: string
  readonly elastic?: string
  /** What sets the topics and the index of one run on shared servers apart from another's. */
  readonly run?: string
}

/** The name of a topic or an index of this run. */
export function nameOf({ run }: Places, name: string): string {
  return run === undefined ? name : `${name}-${run}`
}

export const watermarkBoundMs = 1_000
export const windowMs = 10_000
export const features = ['bids_log', 'mean_log', 'first_log', 'reserve_log'] as const

const schema = {
  event_type: 'int32',
  auction: 'int64?',
  price: 'int64?',
  url: 'utf8?',
  bid_at: 'timestamp[ms]?',
  id: 'int64?',
  category: 'int64?',
  first_bid: 'int64?',
  reserve: 'int64?',
  opened_at: 'timestamp[ms]?',
  joined_at: 'timestamp[ms]?',
} as const
const paths = {
  auction: 'bid.auction',
  price: 'bid.price',
  url: 'bid.url',
  bid_at: 'bid.dateTime',
  id: 'auction.id',
  category: 'auction.category',
  first_bid: 'auction.initialBid',
  reserve: 'auction.reserve',
  opened_at: 'auction.dateTime',
  joined_at: 'person.dateTime',
}

/** A row per shop that a bid's link names: bids without a shop count for none. */
export function shopsOf(bid: { auction: bigint | null; price: bigint | null; url: string | null; at: number | null }) {
  const [, , host, shop] = (bid.url ?? '').split('/')
  if (!host || !shop || bid.auction === null || bid.price === null || bid.at === null) return []
  return [{ auction: bid.auction, price: bid.price, shop, at: bid.at }]
}

/** The job over its places. */
export function pipeline(places: Places) {
  const { dir, kafka, elastic } = places
  const deadLetters = kafka ? write.kafka({ brokers: [kafka], topic: nameOf(places, 'auction-house-dead'), delivery: 'exactly-once' }) : write.ndjson(`${dir}/dead-letters/`)
  const decode = { schema, paths, onError: { deadLetters } }
  const events = (
    kafka
      ? read.kafka({ brokers: [kafka], topic: nameOf(places, 'auction-house'), group: 'millrace-pipeline', value: { format: 'json', schema, paths }, until: 'end', onError: { deadLetters } })
      : read.topic(topic('auction-house', { dir: `${dir}/topics` }), { format: 'json', until: 'end', ...decode })
  )
    .with({ at: when(col('event_type').eq(2)).then(col('bid_at')).when(col('event_type').eq(1)).then(col('opened_at')).otherwise(col('joined_at')) })
    .watermark('at', { bound: watermarkBoundMs })

  const bids = events
    .filter(col('event_type').eq(2))
    .select('auction', 'price', 'url', 'at')
    .flatMap(shopsOf, { schema: { auction: 'int64', price: 'int64', shop: 'utf8', at: 'timestamp[ms]' } })
    .with({ euro: col('price').mul(0.908) })
    .groupBy('auction', tumble('at', windowMs))
    .agg({ bids: count(), top: max('price'), mean_euro: mean('euro') })
    .late(write.ndjson(`${dir}/late/`))
    .named('bids-per-auction')

  const auctions = events
    .filter(col('event_type').eq(1))
    .groupBy('id', tumble('at', windowMs))
    .agg({ category: max('category'), first_bid: max('first_bid'), reserve: max('reserve') })
    .named('auctions-opened')
    .select({ id: col('id'), category: col('category'), first_bid: col('first_bid'), reserve: col('reserve'), known_at: col('window_end') })

  const examples = bids
    .join(auctions, { left: 'auction', right: 'id' })
    .filter(col('known_at').le(col('window_end')))
    .with({
      bids_log: col('bids').cast('float64').log10(),
      mean_log: col('mean_euro').log10(),
      first_log: col('first_bid').cast('float64').log10(),
      reserve_log: col('reserve').cast('float64').log10(),
      met: col('top').ge(col('reserve')),
    })
    .orderByTime('window_end', 'auction')

  const scored = new LogisticRegression({ online: 'ftrl', alpha: 0.5 }).fitStream(examples, { features: [...features], label: 'met' }).score()

  return job({
    files: scored.to(elastic ? write.elasticsearch({ node: elastic, index: nameOf(places, 'auctions'), id: ['auction', 'window_end'] }) : write.parquet(`${dir}/scored/`)),
    topic: scored.to(kafka ? write.kafka({ brokers: [kafka], topic: nameOf(places, 'auctions-scored'), key: 'auction', delivery: 'exactly-once' }) : write.topic(topic('auctions-scored', { dir: `${dir}/topics` }), { key: 'auction' })),
  })
}
