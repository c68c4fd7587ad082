// Nexmark's queries over arrays, each written from its words alone: nothing of the engine, no cleverness. Rows as `collect` gives them: ids and prices are
// bigints, times are epoch milliseconds, decimals are strings. Streams are in source order; what says "first" or "last" of equal ones means that order.
import { naivePattern } from './naive-patterns.ts'

/** A bid. */
export type Bid = { auction: bigint; bidder: bigint; price: bigint; channel: string; url: string; dateTime: number; extra: string }
/** An auction. */
export type Auction = { id: bigint; itemName: string; description: string; initialBid: bigint; reserve: bigint; dateTime: number; expires: number; seller: bigint; category: bigint; extra: string }
/** A person. */
export type Person = { id: bigint; name: string; emailAddress: string; creditCard: string; city: string; state: string; dateTime: number; extra: string }
/** All of them, and q13's table. */
export interface Rows {
  readonly persons: readonly Person[]
  readonly auctions: readonly Auction[]
  readonly bids: readonly Bid[]
  readonly side: readonly { key: bigint; value: string }[]
}
/** A row of an answer. */
export type Answer = Record<string, unknown>

function groups<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const group = found.get(key)
    if (group) group.push(row)
    else found.set(key, [row])
  }
  return found
}

const iso = (ms: number) => new Date(ms).toISOString()
const dayOf = (ms: number) => iso(ms).slice(0, 10)
const minuteOf = (ms: number) => iso(ms).slice(11, 16)
const start10 = (ms: number) => Math.floor(ms / 10_000) * 10_000
const greatest = (values: readonly bigint[]) => values.reduce((a, b) => (b > a ? b : a))
const total = (values: readonly bigint[]) => values.reduce((a, b) => a + b, 0n)
const average = (values: readonly bigint[]) => Number(total(values)) / values.length
const euros = (price: bigint) => `${(price * 908n) / 1000n}.${String((price * 908n) % 1000n).padStart(3, '0')}`

/** Each auction with each bid that came while it was open. */
function openBids({ auctions, bids }: Rows): { auction: Auction; bid: Bid }[] {
  const byAuction = groups(bids, bid => String(bid.auction))
  return auctions.flatMap(auction => (byAuction.get(String(auction.id)) ?? []).filter(bid => bid.dateTime >= auction.dateTime && bid.dateTime <= auction.expires).map(bid => ({ auction, bid })))
}

function winners(rows: Rows): { auction: Auction; bid: Bid }[] {
  return [...groups(openBids(rows), ({ auction }) => String(auction.id)).values()].map(pairs =>
    pairs.reduce((best, next) => (next.bid.price > best.bid.price || (next.bid.price === best.bid.price && next.bid.dateTime < best.bid.dateTime) ? next : best)),
  )
}

function byRank(bids: readonly Bid[]): Answer {
  const ranks = [bids, bids.filter(b => b.price < 10_000n), bids.filter(b => b.price >= 10_000n && b.price < 1_000_000n), bids.filter(b => b.price >= 1_000_000n)]
  return Object.fromEntries(['total', 'rank1', 'rank2', 'rank3'].map((name, i) => [`${name}_bids`, ranks[i]!.length]))
}

function distinctByRank(bids: readonly Bid[]): Answer {
  const ranks = [bids, bids.filter(b => b.price < 10_000n), bids.filter(b => b.price >= 10_000n && b.price < 1_000_000n), bids.filter(b => b.price >= 1_000_000n)]
  return Object.fromEntries(
    ['total', 'rank1', 'rank2', 'rank3'].flatMap((name, i) => [
      [`${name}_bidders`, new Set(ranks[i]!.map(b => b.bidder)).size],
      [`${name}_auctions`, new Set(ranks[i]!.map(b => b.auction)).size],
    ]),
  )
}

function hotItems(bids: readonly Bid[]): Answer[] {
  const windows = new Map<number, Map<bigint, number>>()
  for (const { auction, dateTime } of bids) {
    for (let start = Math.floor(dateTime / 2_000) * 2_000; start > dateTime - 10_000; start -= 2_000) {
      const counts = windows.get(start) ?? new Map<bigint, number>()
      windows.set(start, counts.set(auction, (counts.get(auction) ?? 0) + 1))
    }
  }
  return [...windows].flatMap(([start, counts]) => {
    const most = Math.max(...counts.values())
    return [...counts].filter(([, num]) => num === most).map(([auction, num]) => ({ auction, num, window_start: start, window_end: start + 10_000 }))
  })
}

function highestBids(bids: readonly Bid[]): Answer[] {
  const highest = [...groups(bids, bid => String(start10(bid.dateTime))).values()].map(group => ({ start: start10(group[0]!.dateTime), price: greatest(group.map(bid => bid.price)) }))
  return highest.flatMap(({ start, price }) =>
    bids
      .filter(bid => bid.price === price && bid.dateTime >= start && bid.dateTime <= start + 10_000)
      .map(({ auction, bidder, dateTime, extra }) => ({ auction, price, bidder, dateTime, extra })),
  )
}

function newUsers({ persons, auctions }: Rows): Answer[] {
  const sellers = new Set(auctions.map(auction => `${auction.seller} ${start10(auction.dateTime)}`))
  const came = new Map(persons.map(person => [`${person.id} ${person.name} ${start10(person.dateTime)}`, person]))
  return [...came.values()].filter(person => sellers.has(`${person.id} ${start10(person.dateTime)}`)).map(({ id, name, dateTime }) => ({ id, name, window_start: start10(dateTime) }))
}

function averageBySeller(rows: Rows): Answer[] {
  return [...groups(winners(rows), ({ auction }) => String(auction.seller)).values()].flatMap(sold => {
    const inOrder = sold.sort((a, b) => a.bid.dateTime - b.bid.dateTime || Number(a.auction.id - b.auction.id))
    return inOrder.map(({ auction, bid }, i) => ({ seller: auction.seller, id: auction.id, bid_dateTime: bid.dateTime, avg: average(inOrder.slice(Math.max(0, i - 10), i + 1).map(pair => pair.bid.price)) }))
  })
}

function sessions(bids: readonly Bid[]): Answer[] {
  return [...groups(bids, bid => String(bid.bidder)).values()].flatMap(own => {
    const times = own.map(bid => bid.dateTime).sort((a, b) => a - b)
    const found: number[][] = []
    for (const time of times) {
      const last = found.at(-1)
      if (last && time - last.at(-1)! <= 10_000) last.push(time)
      else found.push([time])
    }
    return found.map(session => ({ bidder: own[0]!.bidder, window_start: session[0], window_end: session.at(-1)! + 10_000, bid_count: session.length }))
  })
}

function dearBids(bids: readonly Bid[]): Answer[] {
  return bids
    .filter(bid => bid.price * 908n > 1_000_000_000n && bid.price * 908n < 50_000_000_000n)
    .map(({ auction, bidder, price, dateTime, extra }) => {
      const hour = new Date(dateTime).getUTCHours()
      const bidTimeType = hour >= 8 && hour <= 18 ? 'dayTime' : hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime'
      return { auction, bidder, price: euros(price), bidTimeType, dateTime, extra, c_counts: extra.split('c').length - 1 }
    })
}

const channelNumbers: Record<string, string> = { apple: '0', google: '1', facebook: '2', baidu: '3' }

function channelIds(bids: readonly Bid[]): Answer[] {
  return bids.flatMap(({ auction, bidder, price, channel, url }) => {
    const channel_id = channelNumbers[channel.toLowerCase()] ?? /(&|^)channel_id=([^&]*)/.exec(url)?.[2]
    return channel_id === undefined ? [] : [{ auction, bidder, price, channel, channel_id }]
  })
}

function withSuffix(row: object, suffix: string, names: readonly string[]): Answer {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [names.includes(name) ? `${name}${suffix}` : name, value]))
}

const shared = ['dateTime', 'extra']

function expandedBids({ bids, auctions }: Rows): Answer[] {
  const open = groups(auctions.filter(auction => auction.category === 10n), auction => String(auction.id))
  return bids.flatMap(bid => (open.get(String(bid.auction)) ?? []).map(({ id: _, ...auction }) => ({ ...bid, ...withSuffix(auction, '_of_auction', shared) })))
}

function expandedBidders({ bids, persons, auctions }: Rows): Answer[] {
  const people = groups(persons, person => String(person.id))
  const sellers = groups(auctions, auction => String(auction.seller))
  return bids.flatMap(bid =>
    (people.get(String(bid.bidder)) ?? []).flatMap(({ id: _, ...person }) =>
      (sellers.get(String(bid.bidder)) ?? []).map(({ seller: _, ...auction }) => ({ ...bid, ...withSuffix(person, '_of_person', shared), ...withSuffix(auction, '_of_auction', shared) })),
    ),
  )
}

/** The answers, by the names of the queries. q12 is asked of a clock that stands at `now`. */
export const naiveQueries: Readonly<Record<string, (rows: Rows, now: number) => Answer[]>> = {
  q0: ({ bids }) => bids.map(({ auction, bidder, price, dateTime, extra }) => ({ auction, bidder, price, dateTime, extra })),
  q1: ({ bids }) => bids.map(({ auction, bidder, price, dateTime, extra }) => ({ auction, bidder, price: euros(price), dateTime, extra })),
  q2: ({ bids }) => bids.filter(bid => bid.auction % 123n === 0n).map(({ auction, price }) => ({ auction, price })),
  q3: ({ auctions, persons }) => {
    const sellers = groups(persons.filter(person => ['OR', 'ID', 'CA'].includes(person.state)), person => String(person.id))
    return auctions.filter(auction => auction.category === 10n).flatMap(({ id, seller }) => (sellers.get(String(seller)) ?? []).map(({ name, city, state }) => ({ name, city, state, id })))
  },
  q4: rows => {
    const finals = [...groups(openBids(rows), ({ auction }) => `${auction.id} ${auction.category}`).values()].map(pairs => ({ category: pairs[0]!.auction.category, final: greatest(pairs.map(pair => pair.bid.price)) }))
    return [...groups(finals, ({ category }) => String(category)).values()].map(group => ({ category: group[0]!.category, avg: average(group.map(({ final }) => final)) }))
  },
  q5: ({ bids }) => hotItems(bids),
  q6: averageBySeller,
  q7: ({ bids }) => highestBids(bids),
  q8: newUsers,
  q9: rows =>
    winners(rows).map(({ auction, bid }) => ({ ...auction, auction: auction.id, bidder: bid.bidder, price: bid.price, bid_dateTime: bid.dateTime, bid_extra: bid.extra })),
  q10: ({ bids }) => bids.map(({ auction, bidder, price, dateTime, extra }) => ({ auction, bidder, price, dateTime, extra, dt: dayOf(dateTime), hm: minuteOf(dateTime) })),
  q11: ({ bids }) => sessions(bids),
  q12: ({ bids }, now) =>
    [...groups(bids, bid => String(bid.bidder)).values()].map(own => ({ bidder: own[0]!.bidder, window_start: start10(now), window_end: start10(now) + 10_000, bid_count: own.length })),
  q13: ({ bids, side }) => {
    const values = new Map(side.map(({ key, value }) => [key, value]))
    return bids.filter(bid => values.has(bid.auction % 10_000n)).map(({ auction, bidder, price, dateTime }) => ({ auction, bidder, price, dateTime, value: values.get(auction % 10_000n) }))
  },
  q14: ({ bids }) => dearBids(bids),
  q15: ({ bids }) => [...groups(bids, bid => dayOf(bid.dateTime)).values()].map(group => ({ day: dayOf(group[0]!.dateTime), ...byRank(group), ...distinctByRank(group) })),
  q16: ({ bids }) =>
    [...groups(bids, bid => `${bid.channel} ${dayOf(bid.dateTime)}`).values()].map(group => ({
      channel: group[0]!.channel,
      day: dayOf(group[0]!.dateTime),
      minute: group.map(bid => minuteOf(bid.dateTime)).reduce((a, b) => (b > a ? b : a)),
      ...byRank(group),
      ...distinctByRank(group),
    })),
  q17: ({ bids }) =>
    [...groups(bids, bid => `${bid.auction} ${dayOf(bid.dateTime)}`).values()].map(group => {
      const prices = group.map(bid => bid.price)
      return {
        auction: group[0]!.auction,
        day: dayOf(group[0]!.dateTime),
        ...byRank(group),
        min_price: prices.reduce((a, b) => (b < a ? b : a)),
        max_price: greatest(prices),
        avg_price: average(prices),
        sum_price: total(prices),
      }
    }),
  q18: ({ bids }) => [...groups(bids, bid => `${bid.bidder} ${bid.auction}`).values()].map(group => group.reduce((last, next) => (next.dateTime >= last.dateTime ? next : last))),
  // Sorting keeps the order of equal prices.
  q19: ({ bids }) =>
    [...groups(bids, bid => String(bid.auction)).values()].flatMap(group =>
      group
        .toSorted((a, b) => (a.price < b.price ? 1 : a.price > b.price ? -1 : 0))
        .slice(0, 10)
        .map((bid, i) => ({ ...bid, rank_number: i + 1 })),
    ),
  q20: expandedBids,
  q21: ({ bids }) => channelIds(bids),
  q22: ({ bids }) =>
    bids.map(({ auction, bidder, price, channel, url }) => {
      const [, , , dir1, dir2, dir3] = url.split('/')
      return { auction, bidder, price, channel, dir1, dir2, dir3 }
    }),
  q23: expandedBidders,
  c0: ({ bids }) => naivePattern('c0', bids) as Answer[],
  c1: ({ bids }) => naivePattern('c1', bids) as Answer[],
  c2: ({ bids }) => naivePattern('c2', bids) as Answer[],
  c3: ({ bids }) => naivePattern('c3', bids) as Answer[],
}
