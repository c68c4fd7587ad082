// Nexmark events as JSON records of a topic, bytes written directly. Bids of real runs carry backslashes, so most of them carry escapes.
import { PlanError } from '../base/errors.ts'
import type { TopicRecords } from '../base/topic.ts'
import { NexmarkEvents, type NexmarkKind } from './nexmark-events.ts'
import type { NexmarkText } from './nexmark-text.ts'
import { nexmarkOptions, type NexmarkStreamOptions } from './nexmark.ts'

/** Options of `nexmarkRecords`. */
export interface NexmarkJsonOptions extends NexmarkStreamOptions {
  /** Only events of this kind, each an object; unless said all kinds, as {"event_type": 0 | 1 | 2, "person" | "auction" | "bid": {…}}. */
  readonly only?: NexmarkKind
  /** Every n-th record of the stream, counted by event, is broken JSON. */
  readonly poisonEvery?: number
  /** Records go to partition k mod partitions; 1 unless said. */
  readonly partitions?: number
}

const eventTypes: Readonly<Record<NexmarkKind, number>> = { person: 0, auction: 1, bid: 2 }
const poisons = ['{"auction": 12, "bid', 'not json at all', '{"auction": "twelve"', '{"event_type":2,}', '[]]', '{"price": 1e}']
const encoder = new TextEncoder()
const backslash = 92
const quote = 34

/** Whether event k is written as a broken record. */
export function isPoison(k: number, poisonEvery: number | undefined): boolean {
  return poisonEvery !== undefined && k % poisonEvery === poisonEvery - 1
}

/** The events [start, end) as records without keys, timestamped by their event time. The same for the same options, however the range is cut. Cost: about 1 µs a bid. */
export function nexmarkRecords(options: NexmarkJsonOptions, start: number, end: number, where = 'nexmark'): TopicRecords {
  const events = new NexmarkEvents(nexmarkOptions(options, where))
  const { only, poisonEvery, partitions = 1 } = options
  if (poisonEvery !== undefined && !(Number.isInteger(poisonEvery) && poisonEvery > 0))
    throw new PlanError('NEXMARK', `${where}: poisonEvery is ${poisonEvery}; give a whole number from 1`)
  const countMax = end - start
  const numbers = new Int32Array(countMax)
  const timestampsMs = new Float64Array(countMax)
  const valueLengths = new Int32Array(countMax)
  const out = new JsonWriter(countMax * 320)
  let count = 0
  for (let k = start; k < end; k++) {
    const poisoned = isPoison(k, poisonEvery)
    if (only !== undefined && !poisoned && events.kindOf(k) !== only) continue
    const kind = events.next(k)
    const from = out.length
    if (poisoned) out.text(poisons[Math.floor(k / poisonEvery!) % poisons.length]!)
    else writeEvent(out, events, kind, only === undefined)
    numbers[count] = k % partitions
    timestampsMs[count] = events.time
    valueLengths[count] = out.length - from
    count++
  }
  return {
    count,
    partitions: numbers.subarray(0, count),
    timestampsMs: timestampsMs.subarray(0, count),
    keyLengths: new Int32Array(count).fill(-1),
    keyBytes: new Uint8Array(0),
    valueLengths: valueLengths.subarray(0, count),
    valueBytes: out.bytes(),
  }
}

function writeEvent(out: JsonWriter, events: NexmarkEvents, kind: NexmarkKind, nested: boolean): void {
  if (nested) out.text(`{"event_type":${eventTypes[kind]},"${kind}":`)
  if (kind === 'bid') writeBid(out, events)
  else if (kind === 'auction') writeAuction(out, events)
  else writePerson(out, events)
  if (nested) out.text('}')
}

function writeBid(out: JsonWriter, events: NexmarkEvents): void {
  out.text('{"auction":')
  out.whole(events.auction)
  out.text(',"bidder":')
  out.whole(events.bidder)
  out.text(',"price":')
  out.whole(events.price)
  out.raw(channelJson(events.text)[events.channel]!)
  writeTail(out, events)
}

const channelJsons = new WeakMap<NexmarkText, Uint8Array[]>()

// Each channel with its URL, as it stands in a bid.
function channelJson(text: NexmarkText): Uint8Array[] {
  let made = channelJsons.get(text)
  if (!made) channelJsons.set(text, (made = text.channels.map((channel, i) => encoder.encode(`,"channel":"${channel}","url":"${text.urls[i]}"`))))
  return made
}

function writeAuction(out: JsonWriter, events: NexmarkEvents): void {
  out.text(`{"id":${events.id},"itemName":"${events.name}","description":"${events.description}","initialBid":${events.initialBid},"reserve":${events.reserve}`)
  out.text(`,"expires":"`)
  out.time(events.expires)
  out.text(`","seller":${events.seller},"category":${events.category}`)
  writeTail(out, events)
}

function writePerson(out: JsonWriter, events: NexmarkEvents): void {
  out.text(
    `{"id":${events.id},"name":"${events.name}","emailAddress":"${events.email}","creditCard":"${events.creditCard}","city":"${events.city}","state":"${events.state}"`,
  )
  writeTail(out, events)
}

function writeTail(out: JsonWriter, events: NexmarkEvents): void {
  out.text(',"dateTime":"')
  out.time(events.time)
  out.text('","extra":"')
  out.escaped(events.text.pool, events.extraStart, events.extraStart + events.extraBytes)
  out.text('"}')
}

/** A growing buffer of bytes. Texts are ASCII. */
class JsonWriter {
  length = 0
  #bytes: Uint8Array
  #day = Number.NaN
  #dayText = ''
  constructor(bytes: number) {
    this.#bytes = new Uint8Array(Math.max(1024, bytes))
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }
  text(text: string): void {
    this.#reserve(text.length)
    const bytes = this.#bytes
    const at = this.length
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
    this.length = at + text.length
  }
  raw(source: Uint8Array): void {
    this.#reserve(source.length)
    this.#bytes.set(source, this.length)
    this.length += source.length
  }
  /** A whole number from 0 to 2^53. */
  whole(value: number): void {
    this.#reserve(16)
    const bytes = this.#bytes
    let digits = 1
    for (let power = 10; power <= value; power *= 10) digits++
    let rest = value
    for (let i = this.length + digits - 1; i >= this.length; i--) {
      const next = Math.floor(rest / 10)
      bytes[i] = 48 + rest - next * 10
      rest = next
    }
    this.length += digits
  }
  /** A time as 2015-07-15T00:00:00.000Z. */
  time(ms: number): void {
    const day = Math.floor(ms / 86_400_000)
    if (day !== this.#day) {
      this.#day = day
      this.#dayText = new Date(day * 86_400_000).toISOString().slice(0, 11)
    }
    this.text(this.#dayText)
    this.#reserve(16)
    let rest = ms - day * 86_400_000
    const at = this.length
    const bytes = this.#bytes
    const digits = (place: number, count: number, unit: number) => {
      let value = Math.floor(rest / unit)
      rest -= value * unit
      for (let i = count - 1; i >= 0; i--) {
        bytes[at + place + i] = 48 + (value % 10)
        value = Math.floor(value / 10)
      }
    }
    digits(0, 2, 3_600_000)
    digits(3, 2, 60_000)
    digits(6, 2, 1_000)
    digits(9, 3, 1)
    bytes[at + 2] = bytes[at + 5] = 58
    bytes[at + 8] = 46
    bytes[at + 12] = 90
    this.length += 13
  }
  /** Bytes inside a JSON string. */
  escaped(source: Uint8Array, start: number, end: number): void {
    this.#reserve(2 * (end - start))
    const bytes = this.#bytes
    let { length } = this
    for (let i = start; i < end; i++) {
      const byte = source[i]!
      if (byte === backslash || byte === quote) bytes[length++] = backslash
      bytes[length++] = byte
    }
    this.length = length
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.length + count, 2 * this.#bytes.length))
    grown.set(this.bytes())
    this.#bytes = grown
  }
}
