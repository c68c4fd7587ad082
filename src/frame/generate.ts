// Data out of nothing, the same for the same seed: ranges, columns by their makers, and the streams of the Nexmark benchmark.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { NexmarkStreamOptions } from '../source/nexmark.ts'
import type { ColumnSpec } from '../source/column-makers.ts'
import { endlessRows } from '../source/generated-at-rate.ts'
import { type NexmarkJsonOptions, nexmarkRecords } from '../source/nexmark-json.ts'
import { type ColumnMaker, columnMakers, type MadeSchema } from './column-makers.ts'
import { frameOf } from './frame.ts'
import type { Frame } from './frame-type.ts'
import type { FrameNode } from './node.ts'
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

/** All its events in order: `event_type` (0 person, 1 auction, 2 bid), when, and the event in the column of its kind; the others are null. */
export type NexmarkEvents = Frame<{
  event_type: 'int8'
  dateTime: 'timestamp[ms]'
  person: 'struct<id: int64, name: utf8, emailAddress: utf8, creditCard: utf8, city: utf8, state: utf8, dateTime: timestamp[ms], extra: utf8>?'
  auction: 'struct<id: int64, itemName: utf8, description: utf8, initialBid: int64, reserve: int64, dateTime: timestamp[ms], expires: timestamp[ms], seller: int64, category: int64, extra: utf8>?'
  bid: 'struct<auction: int64, bidder: int64, price: int64, channel: utf8, url: utf8, dateTime: timestamp[ms], extra: utf8>?'
}>

/** How many rows `generate.columns` makes, and of which seed (1 unless said). */
export interface ColumnsOptions {
  /** With a `rate` they may be left out: then there is no end. */
  readonly rows?: number
  readonly seed?: number
  /** Rows a second by the clock: a stream, made on the engine's thread. What its readers were too slow for is made up for, up to a second's rows. */
  readonly rate?: number
}

function generated(label: string, rows: number, seed: number, columns: readonly ColumnSpec[]): unknown {
  return frameOf({ node: 'scan', label, kind: 'generated', params: { rows, seed, columns } as unknown as Json, inputs: [], side: [] })
}

/** Generators. The makers of columns are for `generate.columns`. */
export const generate = {
  ...columnMakers,
  /** The whole numbers from 0 below `end`, or from `start` below `end` by `step`, as int64 in a column `id`. */
  range(start: number, end?: number, step = 1): Frame<{ id: 'int64' }> {
    const [from, to] = end === undefined ? [0, start] : [start, end]
    const whole = [from, to, step].find(number => !Number.isSafeInteger(number))
    if (whole !== undefined || step === 0) throw new PlanError('GENERATE', `generate.range: ${whole ?? step} is no ${whole === undefined ? 'step' : 'whole number'}; give whole numbers, and a step that isn't 0`)
    if (end === undefined && start < 0) throw new PlanError('GENERATE', `generate.range: ${start} rows; give a whole number of rows, 0 or more`)
    const rows = Math.max(Math.ceil((to - from) / step), 0)
    return generated('generate.range', rows, 1, [{ name: 'id', maker: 'sequence', type: 'int64', start: from, step }]) as Frame<{ id: 'int64' }>
  },
  /**
   * Rows made in the workers, column by column: `generate.columns({ id: generate.sequence(), price: generate.uniform(0, 100) }, { rows: 1e9, seed: 7 })`.
   * Row i depends on the seed, the column's name and i alone, at any parallelism. Columns that nobody reads aren't made. Throws PlanError GENERATE.
   */
  columns<const M extends Readonly<Record<string, ColumnMaker<string>>>>(makers: M, { rows, seed = 1, rate }: ColumnsOptions): Frame<MadeSchema<M>> {
    const columns = Object.entries(makers).map(([name, maker]) => ({ ...(typeof maker === 'object' ? maker : { type: 'null' }), name }) as unknown as ColumnSpec)
    if (rate === undefined) return generated('generate.columns', rows as number, seed, columns) as Frame<MadeSchema<M>>
    const params = { rows: rows ?? endlessRows, seed, columns, rate, ...(rows === undefined && { endless: true }) } as unknown as Json
    return frameOf({ node: 'feed', label: 'generate.columns', kind: 'generatedAtRate', params, inputs: [], side: [] }) as unknown as Frame<MadeSchema<M>>
  },
  /**
   * An auction house: of 50 events 1 is a person, 3 are auctions, 46 bids. All frames are over one scan, so that a job that reads several makes the events once, in their
   * order; kinds and columns that nobody reads aren't made. `rate` (events a second of event time) is 100,000 unless said.
   */
  nexmark(options: NexmarkStreamOptions): { events: NexmarkEvents; bids: NexmarkBids; auctions: NexmarkAuctions; persons: NexmarkPersons } {
    const scan: FrameNode = { node: 'scan', label: 'nexmark', kind: 'nexmark', params: { ...options, kind: 'events' } as unknown as Json, inputs: [], side: [] }
    const [events, bids, auctions, persons] = [undefined, 'bids', 'auctions', 'persons'].map(port => frameOf(scan, port) as unknown)
    return { events: events as NexmarkEvents, bids: bids as NexmarkBids, auctions: auctions as NexmarkAuctions, persons: persons as NexmarkPersons }
  },
  /** The same events as JSON records, ten thousand at a time, ready for `topic.append`. `poisonEvery`: each n-th is broken; `partitions`: in turn. */
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
