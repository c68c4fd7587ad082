// Batches of Nexmark events: of one kind, or of all in their order. Texts that events share (URLs, the pool of `extra`) are in an arena of their own, once
// per thread, which every batch holds.
import type { Batch, Column } from '../batch/batch.ts'
import { type Field, parseSchema } from '../batch/schema.ts'
import { type House, nexmarkColumns, nexmarkKinds, nexmarkStructs, openHouse } from '../compute/nexmark.ts'
import { type Arena, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { cities, firstNames, lastNames, type NexmarkEvents, type NexmarkKind, states } from './nexmark-events.ts'

/** The columns of each kind of event. */
export const nexmarkFields: Readonly<Record<NexmarkKind, readonly Field[]>> = {
  bid: parseSchema({ auction: 'int64', bidder: 'int64', price: 'int64', channel: 'utf8', url: 'utf8', dateTime: 'timestamp[ms]', extra: 'utf8' }, 'nexmark'),
  auction: parseSchema(
    {
      id: 'int64',
      itemName: 'utf8',
      description: 'utf8',
      initialBid: 'int64',
      reserve: 'int64',
      dateTime: 'timestamp[ms]',
      expires: 'timestamp[ms]',
      seller: 'int64',
      category: 'int64',
      extra: 'utf8',
    },
    'nexmark',
  ),
  person: parseSchema(
    { id: 'int64', name: 'utf8', emailAddress: 'utf8', creditCard: 'utf8', city: 'utf8', state: 'utf8', dateTime: 'timestamp[ms]', extra: 'utf8' },
    'nexmark',
  ),
}

/** The columns of all events, in order: which kind (0 person, 1 auction, 2 bid), when, and a struct for each kind, null but for the event's own. */
export const eventFields: readonly Field[] = [
  ...parseSchema({ event_type: 'int8', dateTime: 'timestamp[ms]' }, 'nexmark'),
  ...(['person', 'auction', 'bid'] as const).map(kind => ({ name: kind, type: { kind: 'struct' as const, members: nexmarkFields[kind] }, nullable: true })),
]

/** Opens the house of `events`, in an arena of its own. Cost: 5 ms. */
export function houseOf(device: Device, events: NexmarkEvents): House {
  const { text, options } = events
  const arena = device.arena()
  return openHouse(device, arena, {
    seed: events.seed,
    delayUs: events.delayUs,
    baseTimeMs: options.baseTimeMs,
    disorder: options.disorder,
    bidderOffset: events.bidderOffset,
    pool: text.pool,
    hotChannels: text.hotChannels,
    channels: text.channels,
    urls: text.urls,
    names: firstNames.flatMap(first => lastNames.map(last => `${first} ${last}`)),
    cities,
    states,
  })
}

/** A batch of what `kind` says among [start, end), at most `rowsMax`, in an arena that it holds alone; and where to go on. `names`: only these columns are wanted. */
export function nexmarkBatch(device: Device, arena: Arena, house: House, kind: NexmarkKind | 'event', names: readonly string[] | undefined, start: number, end: number, rowsMax: number): { batch: Batch; next: number } {
  retainArena(device, house.arena.address)
  arena.hold(house.arena.address)
  const all = kind === 'event' ? eventFields : nexmarkFields[kind]
  const wanted = (name: string) => !names || names.includes(name)
  const { columns, rows, taken } =
    kind === 'event' ? eventColumns(device, arena, house, wanted, start, Math.min(end - start, rowsMax)) : nexmarkColumns(device, arena, house, { kind, first: start, events: end - start }, all, wanted, rowsMax)
  const fields = all.filter(field => wanted(field.name))
  return { batch: { fields, rowCount: rows, columns: columns.filter(column => column !== undefined), arena: arena.address }, next: start + taken }
}

function eventColumns(device: Device, arena: Arena, house: House, wanted: (name: string) => boolean, first: number, events: number): { columns: (Column | undefined)[]; rows: number; taken: number } {
  const [kind, time, ...structs] = eventFields.map(field => (wanted(field.name) ? field : undefined))
  const made = structs.map(field => field && nexmarkStructs(device, arena, house, { kind: field.name as NexmarkKind, first, events }, nexmarkFields[field.name as NexmarkKind], field.type))
  return { columns: [...nexmarkKinds(device, arena, house, first, events, kind?.type, time?.type), ...made], rows: events, taken: events }
}
