// A cell of a printed table.
import type { DataType } from '../batch/data-type.ts'
import { unitsPerSecond } from '../batch/time-text.ts'
import type { Value } from '../batch/value.ts'
import { showValue } from '../batch/value-text.ts'
import { zoneOffset } from '../compute/zones.ts'

/** The function that writes values of a type for people: timestamps with a zone by its clock, the offset behind them. */
export function cellText(type: DataType): (value: Value) => string {
  if (type.kind !== 'timestamp' || type.zone === undefined) return value => showValue(value, type)
  const offsetAt = zoneOffset(type.zone)
  const perSecond = unitsPerSecond[type.unit]
  return value => {
    const seconds = typeof value === 'bigint' ? Number(value / perSecond) : (value as number) / 1000
    // Beyond the days that JavaScript counts there are only bare counts.
    if (Math.abs(seconds) > 8.63e12) return showValue(value, type)
    const offset = offsetAt(Math.floor(seconds))
    const local = typeof value === 'bigint' ? value + BigInt(offset) * perSecond : (value as number) + offset * 1000
    return showValue(local, type) + offsetText(offset)
  }
}

function offsetText(seconds: number): string {
  const minutes = Math.floor(Math.abs(seconds) / 60)
  return `${seconds < 0 ? '-' : '+'}${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}
