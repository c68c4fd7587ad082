// Nexmark events as columns, by kernels: rows of one kind, or a struct per event that is null where the event is of another kind.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { type DataType, layoutOf } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** What an auction house is made of. Texts are ASCII; the first `hotChannels` channels are drawn half of the time. */
export interface HouseRules {
  readonly seed: number
  readonly delayUs: number
  readonly baseTimeMs: number
  readonly disorder: number
  /** What is added to a bidder's number. */
  readonly bidderOffset: number
  readonly pool: Uint8Array
  readonly hotChannels: number
  readonly channels: readonly string[]
  readonly urls: readonly string[]
  /** 99 names of persons, 10 cities, 6 states. */
  readonly names: readonly string[]
  readonly cities: readonly string[]
  readonly states: readonly string[]
}

/** Kinds of events, in the order of their numbers. */
export type HouseKind = 'person' | 'auction' | 'bid'

/** An auction house in memory. Batches point into `arena`. */
export interface House {
  readonly arena: Arena
  readonly address: number
  readonly disorder: number
}

const houseWords = 18
/** Bytes behind the views of a row, at most. */
const textBytes: Readonly<Record<HouseKind, number>> = { bid: 0, auction: 120, person: 36 }
/** Of 50 events. */
const shares: Readonly<Record<HouseKind, number>> = { bid: 46, auction: 3, person: 1 }

/** Writes the texts that events share, about 2 MB, into `arena`. Cost: 5 ms. */
export function openHouse(device: Device, arena: Arena, rules: HouseRules): House {
  const address = arena.allocate(4 * houseWords)
  const pool = arena.allocate(rules.pool.length)
  device.memory.write(pool, rules.pool)
  device.memory.float64s(address, 3).set([rules.delayUs, rules.baseTimeMs, rules.disorder])
  const texts = [rules.channels, rules.urls, rules.names, rules.cities, rules.states].map(part => viewsOf(device, arena, part))
  const [channels, ...others] = texts as [number, ...number[]]
  device.memory.int32s(address + 24, houseWords - 6).set([rules.seed, rules.bidderOffset, pool, rules.pool.length, channels, rules.channels.length, rules.hotChannels, ...others, 0])
  return { arena, address, disorder: rules.disorder }
}

// The address of a view per text; longer ones lie behind each other.
function viewsOf(device: Device, arena: Arena, texts: readonly string[]): number {
  const bytes = new TextEncoder().encode(texts.join(''))
  const heap = arena.allocate(bytes.length + 16)
  device.memory.write(heap, bytes)
  const address = arena.allocateZeroed(16 * texts.length)
  const views = device.memory.bytes(address, 16 * texts.length)
  const words = device.memory.uint32s(address, 4 * texts.length)
  let at = 0
  texts.forEach(({ length }, i) => {
    words[4 * i] = length
    views.set(bytes.subarray(at, at + (length > 12 ? 4 : length)), 16 * i + 4)
    if (length > 12) words[4 * i + 3] = heap + at
    at += length
  })
  return address
}

/** Events to be made: from number `first` on, `events` of them at most. */
export interface HouseRange {
  readonly kind: HouseKind
  readonly first: number
  readonly events: number
}

/**
 * The events of a kind among the range's, at most `rowsMax`, as columns in `arena`; `taken`: how many events of the range that took. `fields`: all columns of the kind, in
 * order; those that aren't `wanted` are undefined. Cost with all columns: 60 ns a bid, 0.3 µs an auction (npm run bench -- nexmark).
 */
export function nexmarkColumns(device: Device, arena: Arena, house: House, { kind, first, events }: HouseRange, fields: readonly Field[], wanted: (name: string) => boolean, rowsMax: number): { columns: (Column | undefined)[]; rows: number; taken: number } {
  const room = Math.min(rowsMax, rowsAmong(house, kind, events))
  const columns = fields.map(({ name, type }) => (wanted(name) ? allocateColumn(arena, type, room) : undefined))
  const rows = fill(device, arena, house, { kind, first, events }, columns, room, 0)
  const [taken] = device.memory.int32s(house.address + 4 * (houseWords - 1), 1)
  return { columns: columns.map(column => column && { ...column, length: rows }), rows, taken: taken! }
}

/** A struct an event of the range, of `fields`; null where the event is of another kind. */
export function nexmarkStructs(device: Device, arena: Arena, house: House, range: HouseRange, fields: readonly Field[], type: DataType): Column {
  const { events } = range
  const validity = arena.allocateZeroed(Math.ceil(events / 8))
  const children = fields.map(field => {
    const child = allocateColumn(arena, field.type, events)
    if (layoutOf(field.type) === 'view') device.memory.zero(child.values, 16 * events)
    return child
  })
  fill(device, arena, house, range, children, events, validity)
  return { type, length: events, values: 0, validity, children }
}

/** The kind of each event, 0 to 2, and its time; a type that is undefined isn't wanted. */
export function nexmarkKinds(device: Device, arena: Arena, house: House, first: number, events: number, kind: DataType | undefined, time: DataType | undefined): [Column | undefined, Column | undefined] {
  const [kinds, times] = [kind, time].map(type => type && allocateColumn(arena, type, events))
  device.kernels.nexmarkKinds(house.address, first, events, kinds?.values ?? 0, times?.values ?? 0)
  return [kinds, times]
}

// The most rows of a kind among so many events: shuffled groups may be cut at both ends.
function rowsAmong({ disorder }: House, kind: HouseKind, events: number): number {
  return disorder === 1 ? shares[kind] * Math.ceil(events / 50 + 1) : events
}

function fill(device: Device, arena: Arena, house: House, { kind, first, events }: HouseRange, columns: readonly (Column | undefined)[], rowsMax: number, validity: number): number {
  const table = arena.allocate(4 * columns.length)
  device.memory.uint32s(table, columns.length).set(columns.map(column => column?.values ?? 0))
  const { kernels } = device
  if (kind === 'bid') return kernels.nexmarkBids(house.address, first, events, rowsMax, table, validity)
  const heap = arena.allocate(textBytes[kind] * Math.min(rowsMax, rowsAmong(house, kind, events)) + 64)
  return (kind === 'auction' ? kernels.nexmarkAuctions : kernels.nexmarkPersons)(house.address, first, events, rowsMax, table, validity, heap)
}
