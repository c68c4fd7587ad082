// The Nexmark stream as a scan: the events of a seeded auction house, and its persons, auctions and bids as side outputs, made in the workers at the speed of memory.
// The `rate` sets how far apart events are in event time, not how fast they are made.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { formatCount } from '../base/units.ts'
import { didYouMean } from '../base/names.ts'
import type { Batch } from '../batch/batch.ts'
import type { Field } from '../batch/schema.ts'
import type { House } from '../compute/nexmark.ts'
import { eventFields, houseOf, nexmarkBatch, nexmarkFields } from './nexmark-columns.ts'
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
  /** All columns of all kinds are made, also those that nobody reads: what Nexmark's rules ask of a source that is measured. */
  readonly everything?: boolean
}

/** Options of the scan: which events become rows. */
export interface NexmarkScanOptions extends NexmarkStreamOptions {
  /** The rows: all events, beside those of each kind by side outputs of that name; or those of one kind alone. */
  readonly kind: 'events' | 'persons' | 'auctions' | 'bids'
  readonly [key: string]: Json | undefined
}

const kinds = { events: 'event', persons: 'person', auctions: 'auction', bids: 'bid' } as const satisfies Record<NexmarkScanOptions['kind'], NexmarkKind | 'event'>
const ofKinds = ['persons', 'auctions', 'bids'] as const
const fieldsOf = (kind: NexmarkScanOptions['kind']): readonly Field[] => (kind === 'events' ? eventFields : nexmarkFields[kinds[kind]])
/** Events that one worker makes alone: few of a short stream, so that threads share it, and restarts go on within it. */
const splitEvents = (events: number) => Math.min(65_536, Math.max(64, Math.ceil(events / 64)))

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

/** Events of the auction house in order; the same rows for the same options, whatever the splits and batches. What nobody reads isn't made. */
export const nexmarkScan: ScanSourceType<NexmarkScanOptions> = {
  kind: 'nexmark',
  resolve(options, where) {
    nexmarkOptions(options, where)
    const { kind } = options
    if (!Object.hasOwn(kinds, kind)) throw new PlanError('NEXMARK', `${where}: kind is "${kind}"; give ${Object.keys(kinds).join(', ')}${didYouMean(String(kind), Object.keys(kinds))}`)
    return { options, fields: fieldsOf(kind), ...(kind === 'events' && { sidePorts: Object.fromEntries(ofKinds.map(port => [port, fieldsOf(port)])) }) }
  },
  prunesPorts: true,
  portAlone: (options, port) => (options.everything ? undefined : { ...options, kind: port as NexmarkScanOptions['kind'] }),
  splits({ events }) {
    const each = splitEvents(events)
    return Array.from({ length: Math.ceil(events / each) }, (_, i) => ({ start: i * each, end: Math.min((i + 1) * each, events) }))
  },
  rowCount: (options, port) => Math.round((options.events * { events: 50, persons: 1, auctions: 3, bids: 46 }[port === undefined ? options.kind : (port as NexmarkScanOptions['kind'])]) / 50),
  *read(context, options, split, columns) {
    const { device } = context
    const [start, end] = [split.start as number, split.end as number]
    const keep = context.keep ?? (<T>(_: string, make: () => T) => make())
    const kept = keep('nexmark', () => {
      const house = houseOf(device, new NexmarkEvents(nexmarkOptions(options, context.where)))
      return { house, close: () => house.arena.release() }
    })
    try {
      const wanted = context.wanted ?? (port => (port === undefined ? (columns ?? 'all') : undefined))
      yield* readEvents(context, kept.house, outputsOf(wanted, options), options.everything === true, start, end)
    } finally {
      if (!context.keep) kept.close()
    }
  },
  describe: options => `${options.kind} of ${formatCount(options.events)} events, seed ${options.seed ?? 1}, ${formatCount(options.rate ?? 100_000)} events/s`,
}

/** An output that is made; `columns`: those that are read, undefined where nobody reads it. */
interface MadeEvents {
  readonly kind: NexmarkKind | 'event'
  readonly port: string | undefined
  readonly columns: readonly string[] | 'all' | undefined
}

function outputsOf(wanted: NonNullable<ScanContext['wanted']>, { kind, everything }: NexmarkScanOptions): MadeEvents[] {
  const ports = [undefined, ...(kind === 'events' ? ofKinds : [])]
  const outputs = ports.map(port => ({ kind: kinds[port ?? kind], port, columns: wanted(port) }))
  const isRead = ({ columns }: MadeEvents) => columns !== undefined
  // All events in their order are everything.
  return outputs.filter(output => isRead(output) || (everything && output.port !== undefined && !isRead(outputs[0]!)))
}

// Of one kind alone batches are full; of several each has what is of its kind among as many events as a batch may have rows, so that they keep pace.
function* readEvents(context: ScanContext, house: House, outputs: readonly MadeEvents[], everything: boolean, start: number, end: number): Generator<void> {
  const { device } = context
  const isAlone = outputs.length === 1
  for (let from = start; from < end; ) {
    const { batchRows } = context
    const to = isAlone ? end : Math.min(end, from + batchRows)
    let next = to
    for (const { kind, port, columns } of outputs) {
      const names = columns === 'all' ? undefined : columns
      const made = nexmarkBatch(device, context.arena(), house, kind, everything ? undefined : names, from, to, batchRows)
      if (isAlone) next = made.next
      if (columns !== undefined) context.emit(everything && names ? chosen(made.batch, names) : made.batch, port)
    }
    from = next
    yield
  }
}

function chosen(batch: Batch, names: readonly string[]): Batch {
  const isChosen = (_: unknown, i: number) => names.includes(batch.fields[i]!.name)
  return { ...batch, fields: batch.fields.filter(isChosen), columns: batch.columns.filter(isChosen) }
}
