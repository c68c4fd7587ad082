// The Nexmark event generator: which event is the k-th, and what is in it. Every event's chance is drawn from the seed and k alone, so any
// range of events can be made anywhere, in any order. Source of the rules: nexmark-flink's generator, which has no seeds.
import { mix, type NexmarkText, nexmarkText, randomString } from './nexmark-text.ts'

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
  readonly #options: NexmarkOptions
  readonly #delayUs: number
  readonly #seed: number
  #state = 0
  #eventId = 0
  #adjusted = 0
  time = 0
  /** A person's or an auction's id. */
  id = 0
  /** A bid's auction and bidder. */
  auction = 0
  bidder = 0
  #priceDraw = 0
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
    this.#options = options
    this.#delayUs = 1e6 / options.rate
    this.#seed = mix(options.seed ^ 0x6e65786d)
  }

  /** Makes the k-th event (from 0) and says what it is. */
  next(k: number): NexmarkKind {
    const { disorder } = this.#options
    const number = 1 + k
    this.#adjusted = disorder === 1 ? number : Math.floor(number / disorder) * disorder + ((number * 953) % disorder)
    this.#eventId = 1 + this.#adjusted
    this.time = this.#timeOf(this.#adjusted)
    this.#state = mix(mix(k ^ this.#seed) ^ Math.floor(k / 2 ** 32))
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
    const { disorder } = this.#options
    const number = 1 + k
    const adjusted = disorder === 1 ? number : Math.floor(number / disorder) * disorder + ((number * 953) % disorder)
    const rest = (1 + adjusted) % eventsPerCycle
    return rest < personsPerCycle ? 'person' : rest < personsPerCycle + auctionsPerCycle ? 'auction' : 'bid'
  }

  #timeOf(number: number): number {
    return this.#options.baseTimeMs + Math.floor(Math.trunc(number * this.#delayUs) / 1000)
  }

  #uint32(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    return mix(this.#state) >>> 0
  }

  #below(count: number): number {
    return Math.floor((this.#uint32() * count) / 4294967296)
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

  #anyPerson(): number {
    const people = this.#lastPerson() + 1
    const active = Math.min(people, activePeople)
    return people - active + this.#below(active + 10)
  }

  #anyAuction(): number {
    const last = this.#lastAuction()
    const least = Math.max(last - inFlightAuctions, 0)
    return least + this.#below(last - least + 1 + 10)
  }

  /** A bid's price. Computed when it is read: it costs as much as the rest of a bid. */
  get price(): number {
    return priceOf(this.#priceDraw)
  }

  #bid(): void {
    const hotAuction = this.#below(2) > 0
    this.auction = firstId + (hotAuction ? Math.floor(this.#lastAuction() / hotEvery) * hotEvery : this.#anyAuction())
    const hotBidder = this.#below(4) > 0
    this.bidder =
      (this.#options.doubleBidderOffset ? 2 * firstId : firstId) + (hotBidder ? Math.floor(this.#lastPerson() / hotEvery) * hotEvery + 1 : this.#anyPerson())
    this.#priceDraw = this.#uint32()
    this.channel =
      this.#below(2) > 0 ? this.#below(this.text.hotChannels) : this.text.hotChannels + this.#below(this.text.channels.length - this.text.hotChannels)
    this.#extra(100, 32)
  }

  #person(): void {
    this.id = firstId + this.#lastPerson()
    this.name = `${firstNames[this.#below(firstNames.length)]!} ${lastNames[this.#below(lastNames.length)]!}`
    this.email = `${this.#string(7)}@${this.#string(5)}.com`
    this.creditCard = `${this.#digits()} ${this.#digits()} ${this.#digits()} ${this.#digits()}`
    this.city = cities[this.#below(cities.length)]!
    this.state = states[this.#below(states.length)]!
    this.#extra(200, 8 + this.name.length + this.email.length + this.creditCard.length + this.city.length + this.state.length)
  }

  #auction(): void {
    this.id = firstId + this.#lastAuction()
    this.initialBid = priceOf(this.#uint32())
    this.name = this.#string(20)
    this.description = this.#string(100)
    this.reserve = this.initialBid + priceOf(this.#uint32())
    const hotSeller = this.#below(4) > 0
    this.seller = firstId + (hotSeller ? Math.floor(this.#lastPerson() / hotEvery) * hotEvery : this.#anyPerson())
    this.category = firstCategory + this.#below(categoryCount)
    const horizon = this.#timeOf(this.#adjusted + auctionHorizon) - this.time
    this.expires = this.time + 1 + this.#below(Math.max(2 * horizon, 1))
    this.#extra(500, 48 + this.name.length + this.description.length)
  }

  #digits(): string {
    return String(this.#below(10_000)).padStart(4, '0')
  }

  #string(lengthMax: number): string {
    return randomString(n => this.#below(n), lengthMax, ' ').trim()
  }

  #extra(average: number, current: number): void {
    const wanted = average - current
    const delta = Math.round(0.2 * wanted)
    this.extraBytes = wanted <= 0 ? 0 : wanted - delta + (delta > 0 ? this.#below(2 * delta) : 0)
    this.extraStart = this.#below(this.text.pool.length - this.extraBytes)
  }
}

// round(10^(6u) · 100), of multiplications, divisions and additions only, so that every machine agrees.
function priceOf(draw: number): number {
  const x = (draw / 4294967296) * 19.931568569324174
  const whole = Math.floor(x)
  const y = (x - whole) * 0.6931471805599453
  let power = 1
  for (let i = 16; i > 0; i--) power = 1 + (power * y) / i
  return Math.round(power * (1 << whole) * 100)
}

const firstNames = 'Peter Paul Luke John Saul Vicky Kate Julie Sarah Deiter Walter'.split(' ')
const lastNames = 'Shultz Abrams Spencer White Bartels Walton Smith Jones Noris'.split(' ')
const cities = 'Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne'.split(',')
const states = 'AZ CA ID OR WA WY'.split(' ')
