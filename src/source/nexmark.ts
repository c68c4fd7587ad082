// The Nexmark stream as a scan: persons, auctions or bids of a seeded auction house, made in the workers at the speed of memory.
// The `rate` sets how far apart events are in event time, not how fast they are made.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { formatCount } from '../base/units.ts'
import { nearest } from '../base/names.ts'
import type { Field } from '../batch/schema.ts'
import { nexmarkBatch, nexmarkFields, shareTexts } from './nexmark-columns.ts'
import { NexmarkEvents, type NexmarkKind, type NexmarkOptions } from './nexmark-events.ts'
import type { ScanContext, ScanSourceType } from './source.ts'

/** A Nexmark stream, as plain data. */
export interface NexmarkStreamOptions {
  /** Events of all kinds. */
  readonly events: number
  readonly seed?: number
  /** Events a second of event time; 100,000 unless said. */
  readonly rate?: number
  /** Time of the first event: 2015-07-15T00:00:00Z unless said. */
  readonly baseTimeMs?: number
  /** Events are shuffled within groups of this many; 1 unless said. */
  readonly disorder?: number
  readonly doubleBidderOffset?: boolean
}

/** Options of the scan: which events become rows. */
export interface NexmarkScanOptions extends NexmarkStreamOptions {
  readonly kind: 'persons' | 'auctions' | 'bids'
  readonly [key: string]: Json | undefined
}

const kinds: Readonly<Record<NexmarkScanOptions['kind'], NexmarkKind>> = { persons: 'person', auctions: 'auction', bids: 'bid' }
/** Events that one worker makes alone. */
const splitEvents = 262_144

/** The generator's options with what wasn't said. Throws PlanError NEXMARK naming the number. */
export function nexmarkOptions(options: NexmarkStreamOptions, where: string): NexmarkOptions {
  const { seed = 1, rate = 100_000, baseTimeMs = 1_436_918_400_000, disorder = 1, doubleBidderOffset = true } = options
  const wrong = (name: string, value: unknown, wanted: string) => new PlanError('NEXMARK', `${where}: ${name} is ${value}; give ${wanted}`)
  if (!Number.isSafeInteger(options.events) || options.events < 0) throw wrong('events', options.events, 'a whole number of events')
  if (!Number.isSafeInteger(seed)) throw wrong('seed', seed, 'a whole number')
  if (!(rate > 0) || rate > 1e9) throw wrong('rate', rate, 'events per second, up to 1e9')
  if (!Number.isSafeInteger(baseTimeMs)) throw wrong('baseTimeMs', baseTimeMs, 'epoch milliseconds')
  if (!Number.isInteger(disorder) || disorder < 1 || disorder > 1e6) throw wrong('disorder', disorder, 'a whole number from 1 to 1e6')
  return { seed, rate, baseTimeMs, disorder, doubleBidderOffset }
}

/** Persons, auctions or bids; the same rows for the same options, whatever the splits and batches. */
export const nexmarkScan: ScanSourceType<NexmarkScanOptions> = {
  kind: 'nexmark',
  resolve(options, where) {
    nexmarkOptions(options, where)
    const kind = kinds[options.kind]
    if (!kind)
      throw new PlanError(
        'NEXMARK',
        `${where}: kind is "${options.kind}"; give persons, auctions or bids${nearest(String(options.kind), Object.keys(kinds)) ? `, such as ${nearest(String(options.kind), Object.keys(kinds))}` : ''}`,
      )
    return { options, fields: nexmarkFields[kind] }
  },
  splits: options =>
    Array.from({ length: Math.ceil(options.events / splitEvents) }, (_, i) => ({
      start: i * splitEvents,
      end: Math.min((i + 1) * splitEvents, options.events),
    })),
  rowCount: options => Math.round((options.events * { persons: 1, auctions: 3, bids: 46 }[options.kind]) / 50),
  *read(context, options, split, columns) {
    const kind = kinds[options.kind]
    const fields = columns ? nexmarkFields[kind].filter(field => columns.includes(field.name)) : nexmarkFields[kind]
    yield* readEvents(context, new NexmarkEvents(nexmarkOptions(options, context.where)), kind, fields, split.start as number, split.end as number)
  },
  describe: options => `${options.kind} of ${formatCount(options.events)} events, seed ${options.seed ?? 1}, ${formatCount(options.rate ?? 100_000)} events/s`,
}

function* readEvents(context: ScanContext, events: NexmarkEvents, kind: NexmarkKind, fields: readonly Field[], start: number, end: number): Generator<void> {
  const { device, batchRows } = context
  const sharedArena = device.arena()
  try {
    const shared = shareTexts(device, sharedArena, events)
    for (let next = start; next < end; ) {
      const made = nexmarkBatch(device, context.arena(), events, shared, kind, fields, next, end, Math.min(batchRows, end - next))
      next = made.next
      context.emit(made.batch)
      yield
    }
  } finally {
    sharedArena.release()
  }
}
