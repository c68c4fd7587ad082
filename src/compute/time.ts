// Functions of timestamp columns, in UTC.
import { assert } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { int32, type TimeUnit } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** What `truncate` cuts to. */
export type TruncateUnit = 'second' | 'minute' | 'hour' | 'day'
/** What `extract` takes out, by its name in expressions; days of the week are 1 (Monday) to 7. */
export type TimePart = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'dayOfWeek'

const perSecond = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 } as const
const unitSeconds = { second: 1, minute: 60, hour: 3_600, day: 86_400 } as const
const partNumbers = { year: 0, month: 1, day: 2, hour: 3, minute: 4, second: 5, dayOfWeek: 6 } as const

/** The start of the second, minute, hour or day that each time lies in, also before 1970. Nulls stay. */
export function truncate(device: Device, arena: Arena, a: Column, unit: TruncateUnit): Column {
  const out = { ...allocateColumn(arena, a.type, a.length), validity: a.validity }
  device.kernels.truncateI64(a.values, unitSeconds[unit] * perSecond[unitOf(a)], a.length, out.values)
  return out
}

/** A part of each time as int32. Nulls stay. */
export function extract(device: Device, arena: Arena, a: Column, part: TimePart): Column {
  const out = { ...allocateColumn(arena, int32, a.length), validity: a.validity }
  device.kernels.extractI64(partNumbers[part], a.values, perSecond[unitOf(a)], a.length, out.values)
  return out
}

function unitOf(column: Column): TimeUnit {
  assert(column.type.kind === 'timestamp', 'a time function was given another type')
  return column.type.unit
}
