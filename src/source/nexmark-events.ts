// The Nexmark event generator, one event at a time: which event is the k-th, and what is in it. Every event's chance is drawn from the seed and k alone, so
// any range of events can be made anywhere, in any order. kernels/nexmark.ts makes the same events as columns. Source of the rules: nexmark-flink's
// generator, which has no seeds.
import { mix, type NexmarkText, nexmarkText } from './nexmark-text.ts'

/** Proportions: 1 person, 3 auctions and 46 bids in 50 events. */
const eventsPerCycle = 50
const personsPerCycle = 1
const auctionsPerCycle = 3
const firstId = 1000
const firstCategory = 10
const categoryCount = 5
const activePeople = 1000
const inFlightAuctions = 100
/** Events in which as many auctions begin as are in flight: 100 · 50 / 3. */
const auctionHorizon = 1666
const hotEvery = 100

/** What the generator can be told. */
export interface NexmarkOptions {
  readonly seed: number
  /** Events per second of event time. */
  readonly rate: number
  /** The first event's time, in epoch milliseconds. */
  readonly baseTimeMs: number
  /** Events are shuffled within groups of this many; 1 is none. */
  readonly disorder: number
  /** The original adds 1000 twice to a bid's bidder; false adds it once. */
  readonly doubleBidderOffset: boolean
}

/** Kinds of events, as numbered in `event_type`. */
export type NexmarkKind = 'person' | 'auction' | 'bid'

/** Makes events one at a time; the fields hold the newest. Times are epoch milliseconds; texts are places in `text`. */
export class NexmarkEvents {
  readonly text: NexmarkText
  readonly options: NexmarkOptions
  readonly delayUs: number
  /** What is added to a bidder's number. */
  readonly bidderOffset: number
  /** What the chance of events is drawn from. */
  readonly seed: number
  #state = 0
  #eventId = 0
  #adjusted = 0
  time = 0
  /** A person's or an auction's id. */
  id = 0
  /** A bid's auction and bidder. */
  auction = 0
  bidder = 0
  price = 0
  /** A bid's channel and URL, by number: 0 to 3 are the hot ones. */
  channel = 0
  initialBid = 0
  reserve = 0
  expires = 0
  seller = 0
  category = 0
  /** A person's texts, and an auction's `name` and `description`: ASCII. */
  name = ''
  email = ''
  creditCard = ''
  city = ''
  state = ''
  description = ''
  extraStart = 0
  extraBytes = 0

  constructor(options: NexmarkOptions) {
    this.text = nexmarkText(options.seed)
    this.options = options
    this.delayUs = 1e6 / options.rate
    this.bidderOffset = options.doubleBidderOffset ? 2 * firstId : firstId
    this.seed = mix(options.seed ^ 0x6e65786d)
  }

  /** Makes the k-th event (from 0) and says what it is. */
  next(k: number): NexmarkKind {
    const { disorder } = this.options
    const number = 1 + k
    this.#adjusted = disorder === 1 ? number : Math.floor(number / disorder) * disorder + ((number * 953) % disorder)
    this.#eventId = 1 + this.#adjusted
    this.time = this.#timeOf(this.#adjusted)
    this.#state = mix(mix(k ^ this.seed) ^ Math.floor(k / 2 ** 32))
    const rest = this.#eventId % eventsPerCycle
    if (rest < personsPerCycle) {
      this.#person()
      return 'person'
    }
    if (rest < personsPerCycle + auctionsPerCycle) {
      this.#auction()
      return 'auction'
    }
    this.#bid()
    return 'bid'
  }

  /** What the k-th event is, without making it. */
  kindOf(k: number): NexmarkKind {
    const { disorder } = this.options
    const number = 1 + k
    const adjusted = disorder === 1 ? number : Math.floor(number / disorder) * disorder + ((number * 953) % disorder)
    const rest = (1 + adjusted) % eventsPerCycle
    return rest < personsPerCycle ? 'person' : rest < personsPerCycle + auctionsPerCycle ? 'auction' : 'bid'
  }

  #timeOf(number: number): number {
    return this.options.baseTimeMs + Math.floor(Math.trunc(number * this.delayUs) / 1000)
  }

  /** The n-th draw of the event, in [0, 2^32). */
  #draw(n: number): number {
    return mix(this.#state + Math.imul(n, golden)) >>> 0
  }

  #below(n: number, count: number): number {
    return Math.floor((this.#draw(n) * count) / 4294967296)
  }

  #lastPerson(): number {
    return Math.floor(this.#eventId / eventsPerCycle)
  }

  #lastAuction(): number {
    let cycle = Math.floor(this.#eventId / eventsPerCycle)
    let offset = this.#eventId % eventsPerCycle
    if (offset < personsPerCycle) {
      cycle--
      offset = auctionsPerCycle - 1
    } else {
      offset = offset >= personsPerCycle + auctionsPerCycle ? auctionsPerCycle - 1 : offset - personsPerCycle
    }
    return cycle * auctionsPerCycle + offset
  }

  #anyPerson(n: number): number {
    const people = this.#lastPerson() + 1
    const active = Math.min(people, activePeople)
    return people - active + this.#below(n, active + 10)
  }

  #anyAuction(n: number): number {
    const last = this.#lastAuction()
    const least = Math.max(last - inFlightAuctions, 0)
    return least + this.#below(n, last - least + 1 + 10)
  }

  #bid(): void {
    const { hotChannels, channels } = this.text
    this.auction = firstId + (this.#below(1, 2) > 0 ? Math.floor(this.#lastAuction() / hotEvery) * hotEvery : this.#anyAuction(2))
    this.bidder =
      this.bidderOffset + (this.#below(3, 4) > 0 ? Math.floor(this.#lastPerson() / hotEvery) * hotEvery + 1 : this.#anyPerson(4))
    this.price = priceOf(this.#draw(5))
    this.channel = this.#below(6, 2) > 0 ? this.#below(7, hotChannels) : hotChannels + this.#below(7, channels.length - hotChannels)
    this.#extra(8, 100, 32)
  }

  #person(): void {
    this.id = firstId + this.#lastPerson()
    this.name = this.#oneOf(1, firstNames) + ' ' + this.#oneOf(2, lastNames)
    this.email = `${this.#string(11, 13, 7)}@${this.#string(12, 20, 5)}.com`
    this.creditCard = [3, 4, 5, 6].map(n => String(this.#below(n, 10_000)).padStart(4, '0')).join(' ')
    this.city = this.#oneOf(7, cities)
    this.state = this.#oneOf(8, states)
    this.#extra(9, 200, 8 + this.name.length + this.email.length + this.creditCard.length + this.city.length + this.state.length)
  }

  #auction(): void {
    this.id = firstId + this.#lastAuction()
    this.initialBid = priceOf(this.#draw(1))
    this.reserve = this.initialBid + priceOf(this.#draw(2))
    this.seller = firstId + (this.#below(3, 4) > 0 ? Math.floor(this.#lastPerson() / hotEvery) * hotEvery : this.#anyPerson(4))
    this.category = firstCategory + this.#below(5, categoryCount)
    const horizon = this.#timeOf(this.#adjusted + auctionHorizon) - this.time
    this.expires = this.time + 1 + this.#below(6, Math.max(2 * horizon, 1))
    this.name = this.#string(7, 11, 20)
    this.description = this.#string(8, 31, 100)
    this.#extra(9, 500, 48 + this.name.length + this.description.length)
  }

  #oneOf(n: number, texts: readonly string[]): string {
    return texts[this.#below(n, texts.length)]!
  }

  // 3 to lengthMax − 1 characters, one in 13 a blank, the others a to z, trimmed. One draw a character, from `first` on: what is left of it chooses the letter.
  #string(n: number, first: number, lengthMax: number): string {
    const length = 3 + this.#below(n, lengthMax - 3)
    let text = ''
    for (let i = 0; i < length; i++) {
      const drawn = this.#draw(first + i) * 13
      text += drawn < 4294967296 ? ' ' : String.fromCharCode(97 + Math.floor(((drawn % 4294967296) * 26) / 4294967296))
    }
    return text.trim()
  }

  #extra(n: number, average: number, current: number): void {
    const wanted = average - current
    const delta = Math.floor(0.2 * wanted + 0.5)
    this.extraBytes = wanted <= 0 ? 0 : wanted - delta + (delta > 0 ? this.#below(n, 2 * delta) : 0)
    this.extraStart = this.#below(n + 1, this.text.pool.length - this.extraBytes)
  }
}

// 1/14!, 1/13!, …, 1.
const taylor = [87_178_291_200, 6_227_020_800, 479_001_600, 39_916_800, 3_628_800, 362_880, 40_320, 5_040, 720, 120, 24, 6, 2, 1, 1].map(factorial => 1 / factorial)

// round(10^(6u) · 100), of multiplications and additions only, so that every machine agrees, and with the kernel.
function priceOf(draw: number): number {
  const x = draw * (19.931568569324174 / 4294967296)
  const whole = Math.floor(x)
  const y = (x - whole) * 0.6931471805599453
  let power = 0
  for (const share of taylor) power = power * y + share
  return Math.floor(power * (1 << whole) * 100 + 0.5)
}

/** What persons are called: the first names and the last; and where they live. */
export const firstNames = 'Peter Paul Luke John Saul Vicky Kate Julie Sarah Deiter Walter'.split(' ')
/** See `firstNames`. */
export const lastNames = 'Shultz Abrams Spencer White Bartels Walton Smith Jones Noris'.split(' ')
/** See `firstNames`. */
export const cities = 'Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne'.split(',')
/** See `firstNames`. */
export const states = 'AZ CA ID OR WA WY'.split(' ')
const golden = 0x9e3779b9 | 0
