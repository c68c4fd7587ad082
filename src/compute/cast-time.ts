// Casts among dates, times of day, timestamps, durations, intervals, their counts, and their text. A coarser unit rounds down; what doesn't fit is for
// the caller to settle.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, int64, type TimeUnit } from '../batch/data-type.ts'
import { formatInterval, formatSpan } from '../batch/duration-text.ts'
import { storedReader } from '../batch/read-values.ts'
import { storedBy } from '../batch/stored-value.ts'
import { formatTime } from '../batch/time-text.ts'
import { formatTimestamp } from '../batch/timestamp-text.ts'
import type { Interval } from '../batch/value.ts'
import { storedWriter } from '../batch/write-values.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { readTexts, unitNumbers } from './read-texts.ts'
import { clearNulls } from './strings.ts'
import { mapToText } from './text-rows.ts'
import { counts, countsPerSecond, fromLocal, toLocal } from './time.ts'

type Kind = DataType['kind']
const temporal: readonly Kind[] = ['date', 'time', 'timestamp', 'duration', 'interval']
const targets: Partial<Record<Kind, readonly Kind[]>> = {
  date: ['timestamp', 'int32', 'int64', 'utf8'],
  time: ['time', 'duration', 'int64', 'utf8'],
  timestamp: ['timestamp', 'date', 'time', 'int64', 'utf8'],
  duration: ['duration', 'interval', 'int64', 'utf8'],
  interval: ['duration', 'utf8'],
  int32: ['date', 'time', 'timestamp', 'duration'],
  int64: ['date', 'time', 'timestamp', 'duration'],
  utf8: temporal,
}

/** True for dates, times of day, timestamps, durations and intervals. */
export function isTemporal(type: DataType): boolean {
  return temporal.includes(type.kind)
}

/** Whether there is a cast between types of which one at least is temporal. */
export function canCastTime(from: DataType, to: DataType): boolean {
  return targets[from.kind]?.includes(to.kind) ?? false
}

/** Whether every value of one has its counterpart in the other. */
export function timeAlwaysFits(from: DataType, to: DataType): boolean {
  if (from.kind === 'utf8' || from.kind === 'interval') return to.kind === 'utf8'
  if (from.kind === 'int32' || from.kind === 'int64') return to.kind === 'timestamp' || to.kind === 'duration' || from.kind === 'int32' && to.kind === 'date'
  if (to.kind === 'utf8' || to.kind === 'int64' || (from.kind === 'date' && to.kind === 'int32')) return true
  if (from.kind === 'timestamp' && to.kind === 'time') return true
  if (from.kind === 'date') return to.kind === 'timestamp' && to.unit === 's'
  if (to.kind === 'date') return from.kind === 'timestamp' && from.unit === 'ns'
  if (to.kind === 'interval') return from.kind === 'duration' && from.unit === 'ns'
  return 'unit' in from && 'unit' in to && (from.kind === 'time' || countsPerSecond(from.unit) >= countsPerSecond(to.unit))
}

/**
 * `column` as `to`; `canCastTime` must hold. `settle` is given the result and the bitmap of rows that have a counterpart, and gives what the cast
 * results in. Numbers are counts of the unit (of days for dates); text is ISO 8601; a day is its midnight by the clock of its zone.
 */
export function castTime(device: Device, arena: Arena, column: Column, to: DataType, settle: (out: Column, fits: number) => Column): Column {
  const { type: from } = column
  if (from.kind === 'utf8') return fromText(device, arena, column, to, settle)
  if (to.kind === 'utf8') return toText(device, arena, column)
  if (from.kind === 'timestamp' && to.kind === 'timestamp') return { ...rescale(device, arena, column, from.unit, to.unit, settle, to), type: to }
  if (from.kind === 'date' || to.kind === 'date') return castDate(device, arena, column, to, settle)
  if (from.kind === 'interval' || to.kind === 'interval') return castInterval(device, arena, column, to, settle)
  if (from.kind === 'timestamp' && to.kind === 'time') return clockOf(device, arena, toLocal(device, arena, column), to)
  if ('unit' in from && 'unit' in to) return rescale(device, arena, column, from.unit, to.unit, settle, to)
  if (from.kind === 'int32') return castTime(device, arena, widened(device, arena, column), to, settle)
  if (to.kind !== 'time') return { ...column, type: to }
  return settle({ ...column, type: to }, insideDay(device, arena, column, countsPerSecond(to.unit) * 86_400))
}

function widened(device: Device, arena: Arena, column: Column): Column {
  const { values } = counts(device, arena, { ...column, type: { kind: 'date' } })
  return { type: int64, length: column.length, values, validity: column.validity }
}

// 0 <= count < day.
function insideDay(device: Device, arena: Arena, column: Column, day: number): number {
  const rows = column.length
  const [days, fits] = [arena.allocate(8 * rows), arena.allocate(bitmapBytes(rows))]
  device.kernels.floorDivI64(column.values, day, rows, days)
  const zero = arena.allocateZeroed(64)
  device.kernels.compareI64(0, days, zero, 1, rows, fits)
  return fits
}

function rescale(device: Device, arena: Arena, column: Column, from: TimeUnit, unit: TimeUnit, settle: (out: Column, fits: number) => Column, to: DataType): Column {
  const { kernels } = device
  const rows = column.length
  const [old, wanted] = [countsPerSecond(from), countsPerSecond(unit)]
  if (old === wanted) return { ...column, type: to }
  const out = { ...allocateColumn(arena, to, rows), validity: column.validity }
  if (wanted < old) {
    kernels.floorDivI64(column.values, old / wanted, rows, out.values)
    return out
  }
  const fits = arena.allocate(bitmapBytes(rows))
  kernels.scaleTimes(column.values, wanted / old, rows, fits, out.values)
  return settle(out, fits)
}

function castDate(device: Device, arena: Arena, column: Column, to: DataType, settle: (out: Column, fits: number) => Column): Column {
  const { type: from, length: rows, validity } = column
  const { kernels } = device
  const fits = arena.allocate(bitmapBytes(rows))
  if (to.kind === 'date') {
    if (from.kind === 'int32') return { ...column, type: to }
    const days = from.kind === 'timestamp' ? arena.allocate(8 * rows) : column.values
    if (from.kind === 'timestamp') kernels.floorDivI64(toLocal(device, arena, column).values, 86_400 * countsPerSecond(from.unit), rows, days)
    const out = { ...allocateColumn(arena, to, rows), validity }
    kernels.castI64ToI32(days, rows, fits, out.values)
    return settle(out, fits)
  }
  if (to.kind === 'int32') return { ...column, type: to }
  const days = widened(device, arena, column)
  if (to.kind !== 'timestamp') return { ...days, type: to }
  const out = { ...allocateColumn(arena, { kind: 'timestamp', unit: to.unit }, rows), validity }
  kernels.scaleTimes(days.values, 86_400 * countsPerSecond(to.unit), rows, fits, out.values)
  return settle(to.zone === undefined ? out : fromLocal(device, arena, out, to.zone), fits)
}

function castInterval(device: Device, arena: Arena, column: Column, to: DataType, settle: (out: Column, fits: number) => Column): Column {
  const { type: from, length: rows, validity } = column
  const { kernels } = device
  if (from.kind === 'duration') {
    let ok = 0
    const keep = (out: Column, fits: number) => {
      ok = fits
      return out
    }
    const nanos = rescale(device, arena, column, from.unit, 'ns', keep, { kind: 'duration', unit: 'ns' })
    const out = { ...allocateColumn(arena, to, rows), validity }
    kernels.intervalsOfNanos(nanos.values, rows, out.values)
    return ok === 0 ? out : settle(out, ok)
  }
  const fits = arena.allocate(bitmapBytes(rows))
  const nanos = { ...allocateColumn(arena, { kind: 'duration', unit: 'ns' }, rows), validity }
  kernels.nanosOfIntervals(column.values, rows, fits, nanos.values)
  const out = rescale(device, arena, nanos, 'ns', (to as { unit: TimeUnit }).unit, o => o, to)
  return settle(out, fits)
}

function clockOf(device: Device, arena: Arena, local: Column, to: DataType & { kind: 'time' }): Column {
  const { unit } = local.type as { unit: TimeUnit }
  const out = { ...allocateColumn(arena, { kind: 'time', unit }, local.length), validity: local.validity }
  device.kernels.floorModI64(local.values, 86_400 * countsPerSecond(unit), 1, local.length, out.values)
  return rescale(device, arena, out, unit, to.unit, o => o, to)
}

function toText(device: Device, arena: Arena, column: Column): Column {
  const { type } = column
  if (type.kind === 'date' || (type.kind === 'timestamp' && type.zone === undefined)) return dayOrTimeText(device, arena, column)
  const text = textOf(type)
  const local = type.kind === 'timestamp' && type.zone !== undefined ? toLocal(device, arena, column) : undefined
  const raw: Column = type.kind === 'interval' ? column : { ...column, type: int64 }
  if (!local) return mapToText(device, arena, 'cast', [raw], text as (value: never) => string)
  const unit = (type as { unit: TimeUnit }).unit
  const scale = BigInt(countsPerSecond(unit))
  return mapToText(device, arena, 'cast', [raw, { ...local, type: int64 }], (utc: bigint, clock: bigint) => formatTimestamp(clock, unit).replace(/Z$/, '') + offsetText(Number((clock - utc) / scale)))
}

/** Dates and timestamps as ISO text in UTC, by kernel. */
export function dayOrTimeText(device: Device, arena: Arena, column: Column): Column {
  const { type, length, validity, values } = column
  const out = { ...allocateColumn(arena, { kind: 'utf8' }, length), validity }
  if (type.kind === 'date') device.kernels.viewDays(values, length, arena.allocate(24 * length), out.values)
  else device.kernels.viewTimes(unitNumbers[(type as { unit: TimeUnit }).unit], values, length, arena.allocate(36 * length), out.values)
  return clearNulls(device, out)
}

/** An offset from UTC as +01:00; seconds are shown where it has some. */
export function offsetText(seconds: number): string {
  const size = Math.abs(seconds)
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, ...(size % 60 === 0 ? [] : [size % 60])]
  return (seconds < 0 ? '-' : '+') + parts.map(part => String(part).padStart(2, '0')).join(':')
}

function textOf(type: DataType): (value: never) => string {
  switch (type.kind) {
    case 'time':
      return (count: bigint) => formatTime(count, type.unit)
    case 'duration':
      return (count: bigint) => formatSpan(count, type.unit)
    case 'interval':
      return (interval: Interval) => formatInterval(interval)
    default:
      return (count: bigint) => formatTimestamp(count, (type as { unit: TimeUnit }).unit)
  }
}

function fromText(device: Device, arena: Arena, column: Column, to: DataType, settle: (out: Column, fits: number) => Column): Column {
  const rows = column.length
  const fits = arena.allocateZeroed(bitmapBytes(rows))
  const plain: DataType = to.kind === 'timestamp' ? { kind: 'timestamp', unit: to.unit } : to
  const out = { ...allocateColumn(arena, plain, rows), validity: column.validity }
  const [parse, write, read] = [storedBy(plain), storedWriter(device, arena, out), storedReader(device.memory, column)]
  if (!readTexts(device, arena, column, out, fits)) device.memory.bytes(out.values, rows * (plain.kind === 'interval' ? 16 : 8)).fill(0)
  else if (device.kernels.countBits(fits, rows) === rows) return settle({ ...out, type: to }, fits)
  const bits = device.memory.bytes(fits, bitmapBytes(rows))
  for (let row = 0; row < rows; row++) {
    if ((bits[row >>> 3]! >>> (row & 7)) & 1) continue
    const text = read(row)
    const value = text === null ? undefined : parse(text)
    if (value === undefined) continue
    write(row, value)
    bits[row >>> 3]! |= 1 << (row & 7)
  }
  return settle({ ...out, type: to }, fits)
}
