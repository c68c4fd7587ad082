// Queries that look at one bid at a time: q0, q1, q2, q10, q14, q21 and q22.
import { col, lit, when, write } from 'millrace'
import type { House } from './house.ts'

/** Pass through: what source and sink cost. */
export function q0({ bids }: House) {
  return bids.select('auction', 'bidder', 'price', 'dateTime', 'extra')
}

/** Currency conversion: prices in euros, exact. */
export function q1({ bids }: House) {
  return bids.select({ auction: col('auction'), bidder: col('bidder'), price: euros, dateTime: col('dateTime'), extra: col('extra') })
}

const euros = col('price').mul(lit.decimal('0.908'))

/** Selection: bids on some auctions. */
export function q2({ bids }: House) {
  return bids.filter(col('auction').mod(123).eq(0)).select('auction', 'price')
}

/** Log to files: bids with the day and the minute by which the files are laid out. */
export function q10({ bids }: House) {
  return bids.select({
    auction: col('auction'),
    bidder: col('bidder'),
    price: col('price'),
    dateTime: col('dateTime'),
    extra: col('extra'),
    dt: col('dateTime').format('%Y-%m-%d'),
    hm: col('dateTime').format('%H:%M'),
  })
}

/** q10 into CSV files below `folder`, a folder a day and minute, which is marked as complete a minute after its time has come by the watermark. */
export function q10Files(house: House, folder: string) {
  return q10(house).to(write.csv(folder, { partitionBy: ['dt', 'hm'], success: { partitionTime: '{dt} {hm}', delay: '1m' } }))
}

/** Calculation: dear bids in euros, by the time of day, and how often a letter is in their text. */
export function q14({ bids }: House) {
  const hour = col('dateTime').hour()
  return bids
    .with({ euros })
    .filter(col('euros').gt(1_000_000).and(col('euros').lt(50_000_000)))
    .select({
      auction: col('auction'),
      bidder: col('bidder'),
      price: col('euros'),
      bidTimeType: when(hour.between(8, 18)).then('dayTime').when(hour.le(6).or(hour.ge(20))).then('nightTime').otherwise('otherTime'),
      dateTime: col('dateTime'),
      extra: col('extra'),
      c_counts: col('extra').regexCount('c'),
    })
}

/** Channel ids: of four channels by name, of the others from their address; bids with neither are dropped. */
export function q21({ bids }: House) {
  const channel = col('channel').lower()
  const id = when(channel.eq('apple')).then('0').when(channel.eq('google')).then('1').when(channel.eq('facebook')).then('2').when(channel.eq('baidu')).then('3')
  return bids
    .select({ auction: col('auction'), bidder: col('bidder'), price: col('price'), channel: col('channel'), channel_id: id.otherwise(col('url').regexExtract('(&|^)channel_id=([^&]*)', { group: 2 })) })
    .filter(col('channel_id').isNotNull())
}

/** Directories of the address. */
export function q22({ bids }: House) {
  const part = (index: number) => col('url').splitPart('/', index)
  return bids.select({ auction: col('auction'), bidder: col('bidder'), price: col('price'), channel: col('channel'), dir1: part(3), dir2: part(4), dir3: part(5) })
}
