// Functions of dates, times of day and timestamps: parts, truncation, zones. The calendar is the proleptic Gregorian one over the whole range of the
// types; a timestamp with a zone is taken apart by that zone's clock.
import { assert } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { type DataType, int32, int64, type TimeUnit } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { zoneTable } from './zones.ts'

/** What `truncate` cuts to. Weeks begin on Monday, decades and centuries at years that end in 0 and 00. */
export type TruncateUnit = keyof typeof fineSeconds | 'day' | 'week' | keyof typeof unitMonths
/** What `extract` takes out, by its name in expressions. */
export type TimePart = keyof typeof partNumbers | 'nanosecond' | 'epoch'

const perSecond = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 } as const
// Below a day; a date has nothing to cut there, since its count of a second is 0.
const fineSeconds = { microsecond: 1e-6, millisecond: 1e-3, second: 1, minute: 60, hour: 3_600 } as const
const unitMonths = { month: 1, quarter: 3, year: 12, decade: 120, century: 1200 } as const
const partNumbers = {
  year: 0,
  month: 1,
  day: 2,
  hour: 3,
  minute: 4,
  second: 5,
  dayOfWeek: 6,
  quarter: 7,
  isoYear: 8,
  week: 9,
  dayOfYear: 10,
  millisecond: 11,
  microsecond: 12,
} as const

/** The units that `truncate` knows, from small to large. */
export const truncateUnits: readonly TruncateUnit[] = ['microsecond', 'millisecond', 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year', 'decade', 'century']
/** The parts that `extract` knows. */
export const timeParts: readonly TimePart[] = [...(Object.keys(partNumbers) as TimePart[]), 'nanosecond', 'epoch']
/** The parts that a date has, and those that a time of day has. */
export const dateParts: readonly TimePart[] = ['year', 'month', 'day', 'dayOfWeek', 'quarter', 'isoYear', 'week', 'dayOfYear', 'epoch']
export const clockParts: readonly TimePart[] = ['hour', 'minute', 'second', 'millisecond', 'microsecond', 'nanosecond']

/** The type of a part: int32, but for nanoseconds and the epoch. */
export function partType(part: TimePart): DataType {
  return part === 'nanosecond' || part === 'epoch' ? int64 : int32
}

/**
 * A part of each date, time of day or timestamp. dayOfWeek is 1 (Monday) to 7; week and isoYear are those of ISO 8601; milliseconds, microseconds and
 * nanoseconds are counted from the full minute; epoch is seconds since 1970 in UTC. Nulls stay. Cost: 3–10 ns a row.
 */
export function extract(device: Device, arena: Arena, a: Column, part: TimePart): Column {
  const { kernels } = device
  const { length, validity } = a
  const source = part === 'epoch' ? a : toLocal(device, arena, a)
  const { values, perDay, perSecond: unit } = counts(device, arena, source)
  const out = { ...allocateColumn(arena, partType(part), length), validity }
  if (part === 'nanosecond') kernels.floorModI64(values, 60 * unit, 1e9 / unit, length, out.values)
  else if (part !== 'epoch') kernels.extractI64(partNumbers[part], values, perDay, unit, length, out.values)
  else if (a.type.kind === 'date') kernels.scaleTimes(values, 86_400, length, arena.allocate(length / 8 + 1), out.values)
  else kernels.floorDivI64(values, unit, length, out.values)
  return out
}

/** The start of the unit that each date or timestamp lies in, also before 1970, in the timestamp's own zone. Nulls stay. */
export function truncate(device: Device, arena: Arena, a: Column, unit: TruncateUnit): Column {
  const { kernels } = device
  const { values, perDay, perSecond: second } = counts(device, arena, a)
  const rows = a.length
  if (unit in fineSeconds) {
    const fine = fineSeconds[unit as keyof typeof fineSeconds] * second
    return fine > 1 ? withoutRest(device, arena, a, fine) : a
  }
  const local = toLocal(device, arena, a)
  const from = local === a ? values : local.values
  const out = arena.allocate(8 * rows)
  if (unit in unitMonths) kernels.truncateMonthsI64(from, unitMonths[unit as keyof typeof unitMonths], perDay, rows, out)
  else kernels.truncateI64(from, unit === 'week' ? 7 * perDay : perDay, unit === 'week' ? -3 * perDay : 0, rows, out)
  if (a.type.kind === 'date') return narrowDays(device, arena, a, out)
  const cut = { ...local, values: out }
  return local === a ? cut : fromLocal(device, arena, cut, (a.type as { zone: string }).zone)
}

// What lies beyond the full unit by the local clock is taken from the time itself, so that an hour that occurs twice stays the one it was.
function withoutRest(device: Device, arena: Arena, a: Column, unit: number): Column {
  const { kernels } = device
  const rows = a.length
  const out = { ...allocateColumn(arena, a.type, rows), validity: a.validity }
  const local = toLocal(device, arena, a)
  if (local === a) {
    kernels.truncateI64(a.values, unit, 0, rows, out.values)
    return out
  }
  const rest = arena.allocate(8 * rows)
  kernels.floorModI64(local.values, unit, 1, rows, rest)
  kernels.subTimes(a.values, rest, rows, out.values)
  return out
}

/** The counts of a date (as int64 days), time or timestamp, and the counts of a day and a second; a date has 0 of a second. */
export function counts(device: Device, arena: Arena, a: Column): { values: number; perDay: number; perSecond: number } {
  if (a.type.kind === 'date') {
    const values = arena.allocate(8 * a.length)
    device.kernels.castI32ToI64(a.values, a.length, values)
    return { values, perDay: 1, perSecond: 0 }
  }
  const unit = perSecond[unitOf(a)]
  return { values: a.values, perDay: 86_400 * unit, perSecond: unit }
}

/** The counts of `unit` in a second. */
export function countsPerSecond(unit: TimeUnit): number {
  return perSecond[unit]
}

// Days that came from dates and went down to the start of something: only before the year −5877641 they may leave int32, and are cut there.
function narrowDays(device: Device, arena: Arena, a: Column, days: number): Column {
  const out = { ...allocateColumn(arena, a.type, a.length), validity: a.validity }
  device.kernels.castI64ToI32(days, a.length, arena.allocate(a.length / 8 + 1), out.values)
  return out
}

/** What the clock of its zone shows at each timestamp, as a timestamp without a zone. Other types, and those without a zone, are given back. */
export function toLocal(device: Device, arena: Arena, a: Column): Column {
  if (a.type.kind !== 'timestamp' || a.type.zone === undefined) return a
  return shift(device, arena, a, { kind: 'timestamp', unit: a.type.unit }, a.type.zone, true)
}

/** The timestamps at which the clock of `zone` shows what `a` says. What it shows twice is the first time, what it skips is as by the clock before the change. */
export function fromLocal(device: Device, arena: Arena, a: Column, zone: string): Column {
  return shift(device, arena, a, { kind: 'timestamp', unit: unitOf(a), zone }, zone, false)
}

function shift(device: Device, arena: Arena, a: Column, type: DataType, zone: string, toLocal: boolean): Column {
  const { places, offsets, count, end } = zoneTable(device, arena, zone, toLocal)
  const out = { ...allocateColumn(arena, type, a.length), validity: a.validity }
  device.kernels.shiftTimes(a.values, places, offsets, count, end, toLocal ? 1 : -1, perSecond[unitOf(a)], a.length, out.values)
  return out
}

function unitOf({ type }: Column): TimeUnit {
  assert(type.kind === 'timestamp' || type.kind === 'time' || type.kind === 'duration', 'a time function was given another type')
  return type.unit
}
