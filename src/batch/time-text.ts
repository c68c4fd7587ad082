// Days and times of day as text: '2024-02-29', '23:59:59.250'.
import type { TimeUnit } from './data-type.ts'
import { formatTimestamp, parseTimestamp } from './timestamp-text.ts'

/** Units in a second. */
export const unitsPerSecond = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n } as const
/** Milliseconds of a day. */
export const dayMs = 86_400_000

const timePattern = /^(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?$/

/** The count of `unit` since midnight that 'HH:MM', 'HH:MM:SS' or 'HH:MM:SS.fff' names; undefined where it is none, or has digits finer than `unit`. */
export function parseTime(text: string, unit: TimeUnit): bigint | undefined {
  const match = timePattern.exec(text.trim())
  if (!match) return undefined
  const [hour, minute, second] = [1, 2, 3].map(i => Number(match[i] ?? 0)) as [number, number, number]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const nanos = BigInt((match[4] ?? '').padEnd(9, '0'))
  const scale = unitsPerSecond.ns / unitsPerSecond[unit]
  if (nanos % scale !== 0n) return undefined
  return BigInt(hour * 3600 + minute * 60 + second) * unitsPerSecond[unit] + nanos / scale
}

/** A time of day with as many digits as the unit has: 23:59:59.250. Counts that are no time of a day: the bare count. */
export function formatTime(value: bigint, unit: TimeUnit): string {
  const scale = unitsPerSecond[unit]
  const seconds = Number(value / scale)
  if (value < 0n || seconds >= 86_400) return String(value)
  const text = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(part => String(part).padStart(2, '0')).join(':')
  return unit === 's' ? text : `${text}.${String(value % scale).padStart(String(scale).length - 1, '0')}`
}

/** The days since 1970-01-01 that an ISO date names; a time behind it must be midnight. Undefined where it is none. */
export function parseDay(text: string): number | undefined {
  const seconds = parseTimestamp(text, 's')
  return seconds === undefined || seconds % 86_400n !== 0n ? undefined : Number(seconds / 86_400n)
}

/** A day as ISO text, 2024-02-29. Beyond the years of a JavaScript Date: the bare count of days. */
export function formatDay(days: number): string {
  const text = formatTimestamp(BigInt(days) * 86_400n, 's')
  return text.endsWith('T00:00:00Z') ? text.slice(0, -10) : String(days)
}
