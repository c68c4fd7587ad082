// Windows that fire one by one as frozen state: a row a window, beside the rows of what windows hold and gave, which follow each other in the same order.
import { DataError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { buildColumn } from '../batch/build-columns.ts'
import { int32, int64, timestampMs, utf8 } from '../batch/data-type.ts'
import { valueReader } from '../batch/read-values.ts'
import type { Field, Fields } from '../batch/schema.ts'
import { gatherColumn } from '../compute/gather.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { emptyWindow, type KeyedWindow } from './keyed-windows.ts'
import { stateText } from './user-trigger.ts'

const own: readonly Field[] = [
  { name: '$start', type: timestampMs, nullable: true },
  { name: '$end', type: timestampMs, nullable: true },
  { name: '$results', type: int64, nullable: false },
  { name: '$parts', type: int32, nullable: false },
  { name: '$given', type: int32, nullable: false },
  { name: '$state', type: utf8, nullable: false },
]

/** The fields of windows as rows. */
export function windowRunFields(keys: Fields): Fields {
  return [...keys, ...own]
}

/** The address of these numbers as u32s. */
export function numbersAt(device: Device, arena: Arena, numbers: readonly number[]): number {
  const at = arena.allocate(4 * numbers.length + 4)
  device.memory.uint32s(at, numbers.length).set(numbers)
  return at
}

/** The keys of windows, `times` by window: a row for each of them. */
export function keysOfWindows(device: Device, arena: Arena, keys: readonly Column[], windows: readonly KeyedWindow[], times: (window: KeyedWindow) => number): Column[] {
  const numbers = windows.flatMap(window => new Array<number>(times(window)).fill(window.key))
  const at = numbersAt(device, arena, numbers)
  return keys.map(column => gatherColumn(device, arena, column, at, numbers.length))
}

type FrozenState = {
  readonly state: { [name: string]: Json }
  readonly events: number[]
  readonly clock: number[]
  readonly sealed: boolean
}

/** Windows as rows; `keys`: the columns of all keys by number. Throws DataError TRIGGER_STATE where a user's trigger remembers what is no plain data. */
export function windowRows(device: Device, arena: Arena, keyFields: Fields, keys: readonly Column[], windows: readonly KeyedWindow[], where: string): Batch {
  const times = (read: (window: KeyedWindow) => number) => windows.map(window => (Number.isFinite(read(window)) ? read(window) : null))
  const frozen = ({ state, eventTimers, clockTimers, isSealed }: KeyedWindow): FrozenState => ({ state, events: [...(eventTimers ?? [])], clock: [...(clockTimers ?? [])], sealed: isSealed })
  const values = [
    times(window => window.start),
    times(window => window.end),
    windows.map(window => window.results),
    windows.map(window => window.parts.length),
    windows.map(window => (window.given < 0 ? 0 : 1)),
    windows.map(window => stateText(where, frozen(window))),
  ]
  const columns = [...keysOfWindows(device, arena, keys, windows, () => 1), ...own.map((field, i) => buildColumn(device, arena, field, values[i]!, 'checkpoint'))]
  return { fields: windowRunFields(keyFields), rowCount: windows.length, columns, arena: arena.address }
}

/** A window that was frozen, without what it held: how many parts, and whether it gave a result. */
export interface ThawedWindow {
  readonly window: KeyedWindow
  readonly parts: number
  readonly hasGiven: boolean
}

/** The inverse of `windowRows`; `keyOf`: the number of each row's key. Throws DataError STATE_SHAPE where a window's state is none. */
export function readWindows(device: Device, { columns, rowCount }: Batch, keyOf: Uint32Array, where: string): ThawedWindow[] {
  const [start, end, results, parts, given, text] = columns.slice(-own.length).map(column => valueReader(device.memory, column)) as ((row: number) => unknown)[]
  return Array.from({ length: rowCount }, (_, row) => {
    const window = emptyWindow(keyOf[row]!, (start!(row) as number | null) ?? Number.NEGATIVE_INFINITY, (end!(row) as number | null) ?? Number.POSITIVE_INFINITY)
    const { state, events, clock, sealed } = thawed(text!(row) as string, where)
    window.results = Number(results!(row))
    window.state = state
    window.isSealed = sealed
    if (events.length > 0) window.eventTimers = new Set(events)
    if (clock.length > 0) window.clockTimers = new Set(clock)
    return { window, parts: parts!(row) as number, hasGiven: given!(row) === 1 }
  })
}

function thawed(text: string, where: string): FrozenState {
  try {
    return JSON.parse(text) as FrozenState
  } catch (cause) {
    throw new DataError('STATE_SHAPE', `${where}: the checkpoint's state of a window is no JSON; the checkpoint is damaged, so start from an earlier one`, { cause })
  }
}
