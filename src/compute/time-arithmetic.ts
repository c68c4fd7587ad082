// Sums and differences of times and spans. Months are calendar months: a day that its new month doesn't have becomes the month's last. Months and days
// go by the clock of a timestamp's zone, nanoseconds by UTC. Nothing wraps: a result beyond its type is an error that names the row.
import { DataError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, int64 } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { choose } from './choose.ts'
import { allValid, broadcast, isColumn, type Operand, rowsOf, stepOf, valuesAt } from './operand.ts'
import { mapToValues } from './text-rows.ts'
import { counts, countsPerSecond, fromLocal, toLocal } from './time.ts'

/** Which rows count for errors, and how the caller is named in them. */
interface Check {
  readonly active: number
  readonly where: string
}

/** The error for a sum that its type doesn't hold. */
export function beyondRange(type: DataType, row: number, where: string): DataError {
  return new DataError('TIME_RANGE', `${where}: the result in row ${row} of a batch lies beyond ${typeName(type)}; use a coarser unit, or guard it with when(...)`)
}

/** a ± an interval, of a's type: a date (whose nanoseconds don't count) or a timestamp. One side is a column; null where either is. */
export function addInterval(device: Device, arena: Arena, a: Operand, interval: Operand, sign: 1 | -1, check: Check): Column {
  const rows = rowsOf(a, interval)
  const times = broadcast(device, arena, a, rows)
  const validity = allValid(device, arena, [a, interval], rows)
  const active = andBits(device, arena, validity, check.active, rows)
  const { type } = times
  const { kernels } = device
  const [spans, step] = [valuesAt(device, arena, interval), stepOf(interval)]
  const { values, perDay, perSecond } = counts(device, arena, times)
  const add = (from: number, parts: number) => {
    const out = arena.allocate(8 * rows)
    const bad = kernels.addIntervals(from, 8, spans, step, sign, parts, perDay, perSecond === 0 ? 1 : 1e9 / perSecond, rows, active, out)
    if (bad >= 0) throw beyondRange(type, bad, check.where)
    return out
  }
  if (type.kind === 'date') return days(device, arena, add(values, 1), rows, validity, active, check)
  const zone = type.kind === 'timestamp' ? type.zone : undefined
  if (zone === undefined) return { type, length: rows, values: add(values, 3), validity }
  // Only what has months or days goes through the local clock, which would make two times of an hour that occurs twice one.
  const moved = fromLocal(device, arena, { ...times, type: { kind: 'timestamp', unit: (type as { unit: 's' }).unit }, values: add(toLocal(device, arena, times).values, 1) }, zone)
  const mask = arena.allocate(bitmapBytes(rows))
  kernels.hasCalendarParts(spans, step, rows, mask)
  const start = choose(device, arena, mask, { ...moved, type: int64 }, { ...times, type: int64 }, rows)
  return { type, length: rows, values: add(start.values, 2), validity }
}

function days(device: Device, arena: Arena, values: number, rows: number, validity: number, active: number, check: Check): Column {
  const fits = arena.allocate(bitmapBytes(rows))
  const out = { ...allocateColumn(arena, { kind: 'date' }, rows), validity }
  device.kernels.castI64ToI32(values, rows, fits, out.values)
  checkFits(device, out, fits, active, check)
  return out
}

// Throws for the first active row whose bit in `fits` is 0.
function checkFits(device: Device, { type, length: rows }: Column, fits: number, active: number, check: Check): void {
  if (device.kernels.countBits(fits, rows) === rows) return
  const bits = device.memory.bytes(fits, bitmapBytes(rows))
  const counted = active === 0 ? undefined : device.memory.bytes(active, bitmapBytes(rows))
  for (let row = 0; row < rows; row++) {
    const bit = 1 << (row & 7)
    if (!(bits[row >>> 3]! & bit) && (!counted || counted[row >>> 3]! & bit)) throw beyondRange(type, row, check.where)
  }
}

/** Counts of one unit added or taken away, as `type`; times of day stay within the day, everything else is checked. Null where either side is. */
export function addCounts(device: Device, arena: Arena, a: Operand, b: Operand, sign: 1 | -1, type: DataType, check: Check): Column {
  const rows = rowsOf(a, b)
  const validity = allValid(device, arena, [a, b], rows)
  const active = andBits(device, arena, validity, check.active, rows)
  const out = { ...allocateColumn(arena, type, rows), validity }
  const { kernels } = device
  const shape = isColumn(a) ? (isColumn(b) ? 0 : 1) : 2
  const [left, right] = [valuesAt(device, arena, a), valuesAt(device, arena, b)]
  const bad = (sign > 0 ? kernels.addI64 : kernels.subI64)(left, right, shape, rows, active, out.values)
  if (bad >= 0) throw beyondRange(type, bad, check.where)
  if (type.kind === 'time') kernels.floorModI64(out.values, 86_400 * countsPerSecond(type.unit), 1, rows, out.values)
  return out
}

/** Intervals added or taken away, part by part. Null where either side is. */
export function combineIntervals(device: Device, arena: Arena, a: Operand, b: Operand, sign: 1 | -1, check: Check): Column {
  const rows = rowsOf(a, b)
  const validity = allValid(device, arena, [a, b], rows)
  const out = { ...allocateColumn(arena, { kind: 'interval' }, rows), validity }
  const active = andBits(device, arena, validity, check.active, rows)
  const bad = device.kernels.combineIntervals(valuesAt(device, arena, a), stepOf(a), valuesAt(device, arena, b), stepOf(b), sign, rows, active, out.values)
  if (bad >= 0) throw beyondRange(out.type, bad, check.where)
  return out
}

/** The units that `timesBetween` counts in. */
export type SpanUnit = 'microsecond' | 'millisecond' | 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year'

const spanMonths = { month: 1n, quarter: 3n, year: 12n } as const
const spanMicros = { microsecond: 1, millisecond: 1e3, second: 1e6, minute: 60e6, hour: 3_600e6, day: 86_400e6, week: 604_800e6 } as const
/** The units, from small to large. */
export const spanUnits: readonly SpanUnit[] = [...(Object.keys(spanMicros) as SpanUnit[]), ...(Object.keys(spanMonths) as SpanUnit[])]

/**
 * Whole units from b to a as int64, towards zero, below zero where a is before b. Both are dates or timestamps of one type; days and longer go by the
 * clock of the zone. Months are counted as `addInterval` adds them.
 */
export function timesBetween(device: Device, arena: Arena, a: Operand, b: Operand, unit: SpanUnit, check: Check): Column {
  const rows = rowsOf(a, b)
  const validity = allValid(device, arena, [a, b], rows)
  const isLong = unit in spanMonths || unit === 'day' || unit === 'week'
  const [left, right] = [a, b].map(o => {
    const column = broadcast(device, arena, o, rows)
    return isLong ? toLocal(device, arena, column) : column
  }) as [Column, Column]
  const [x, y] = [counts(device, arena, left), counts(device, arena, right)]
  const out = { ...allocateColumn(arena, int64, rows), validity }
  const { kernels } = device
  if (unit in spanMonths) {
    kernels.monthsBetween(x.values, 8, y.values, 8, x.perDay, rows, out.values)
    return divided(device, arena, out, Number(spanMonths[unit as 'month']))
  }
  const difference = { ...out, values: arena.allocate(8 * rows) }
  const active = andBits(device, arena, validity, check.active, rows)
  const bad = kernels.subI64(x.values, y.values, 0, rows, active, difference.values)
  if (bad >= 0) throw beyondRange(int64, bad, check.where)
  const perMicro = (x.perDay / 86_400e6) * spanMicros[unit as 'day']
  if (perMicro >= 1) return divided(device, arena, difference, perMicro)
  const fits = arena.allocate(bitmapBytes(rows))
  kernels.scaleTimes(difference.values, Math.round(1 / perMicro), rows, fits, out.values)
  checkFits(device, out, fits, active, check)
  return out
}

// Towards zero.
function divided(device: Device, arena: Arena, a: Column, by: number): Column {
  if (by === 1) return a
  const out = { ...a, values: arena.allocate(8 * a.length) }
  device.kernels.truncDivI64(a.values, by, a.length, out.values)
  return out
}

/** The dates of years, months and days (int64 each); null where there is no such day. */
export function makeDates(device: Device, arena: Arena, parts: readonly [Operand, Operand, Operand]): Column {
  const rows = (parts.find(isColumn) as Column).length
  const [days, fits] = [arena.allocate(8 * rows), arena.allocate(bitmapBytes(rows))]
  const [year, month, day] = parts.map(part => valuesAt(device, arena, part)) as [number, number, number]
  const { kernels } = device
  kernels.daysOfDates(year, stepOf(parts[0]), month, stepOf(parts[1]), day, stepOf(parts[2]), rows, fits, days)
  const out = allocateColumn(arena, { kind: 'date' }, rows)
  kernels.castI64ToI32(days, rows, arena.allocate(bitmapBytes(rows)), out.values)
  const given = allValid(device, arena, parts, rows)
  return { ...out, validity: kernels.countBits(fits, rows) === rows ? given : andBits(device, arena, fits, given, rows) }
}

/** Hours, minutes (int64) and seconds (float64, with a fraction) as durations in microseconds; null where the clock never shows that. */
export function makeClocks(device: Device, arena: Arena, parts: readonly [Operand, Operand, Operand]): Column {
  return mapToValues(device, arena, { kind: 'duration', unit: 'us' }, parts, (hour: bigint, minute: bigint, second: number) => {
    const isTime = hour >= 0n && hour < 24n && minute >= 0n && minute < 60n && second >= 0 && second < 60
    return isTime ? (hour * 3600n + minute * 60n) * 1_000_000n + BigInt(Math.floor(second * 1e6 + 1e-4)) : null
  })
}
