// Timestamps as ISO 8601 text. A text without a zone is UTC, whatever zone the machine is in.
import type { TimeUnit } from './data-type.ts'

const perSecond = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n } as const
const pattern = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i

/**
 * The count of `unit` since the epoch that an ISO date or date-time names; undefined where it is none, where it names a day or time that
 * doesn't exist, or has digits finer than `unit`. A day alone is its midnight.
 */
export function parseTimestamp(text: string, unit: TimeUnit): bigint | undefined {
  const match = pattern.exec(text.trim())
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(i => Number(match[i] ?? 0)) as [number, number, number, number, number, number]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) return undefined
  const zone = match[8]
  const seconds = date.getTime() / 1000 + hour * 3600 + minute * 60 + second - (zone ? zoneSeconds(zone) : 0)
  const digits = (match[7] ?? '').padEnd(9, '0')
  const scale = perSecond.ns / perSecond[unit]
  const nanos = BigInt(digits)
  if (nanos % scale !== 0n) return undefined
  return BigInt(seconds) * perSecond[unit] + nanos / scale
}

function zoneSeconds(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0
  const size = Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(zone.includes(':') ? 4 : 3) || 0) * 60
  return zone.startsWith('-') ? -size : size
}

/** ISO text in UTC with as many digits as the unit has: 2024-01-01T00:00:00.000Z. Beyond the years of a JavaScript Date: the bare count. */
export function formatTimestamp(value: bigint, unit: TimeUnit): string {
  const scale = perSecond[unit]
  const fraction = ((value % scale) + scale) % scale
  const ms = Number((value - fraction) / scale) * 1000
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) return String(value)
  const whole = date.toISOString().replace(/\.\d+Z$/, '')
  return unit === 's' ? `${whole}Z` : `${whole}.${String(fraction).padStart(String(scale).length - 1, '0')}Z`
}
