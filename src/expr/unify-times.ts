// The common type of times and spans, and of times beside literals: the finer unit; a date beside a timestamp is its midnight.
import type { DataType, TimeUnit } from '../batch/data-type.ts'

const unitRank: Record<TimeUnit, number> = { s: 0, ms: 1, us: 2, ns: 3 }
const units = ['s', 'ms', 'us', 'ns'] as const

/** The type that holds both; undefined where there is none. Timestamps of two zones are shown in that of the first. */
export function widerTime(a: DataType, b: DataType): DataType | undefined {
  if (a.kind === 'date' && b.kind === 'timestamp') return b
  if (a.kind === 'timestamp' && b.kind === 'date') return a
  if (a.kind !== b.kind || !('unit' in a) || !('unit' in b)) return undefined
  const unit = unitRank[a.unit] >= unitRank[b.unit] ? a.unit : b.unit
  return a.kind === 'timestamp' && b.kind === 'timestamp' && a.zone === undefined ? { ...b, unit } : { ...a, unit }
}

/** The types that a time may become beside a literal with more digits than it has, from coarse to fine. */
export function finerTimes(type: DataType): DataType[] {
  if (type.kind === 'date') return units.map(unit => ({ kind: 'timestamp', unit }))
  return 'unit' in type ? units.filter(unit => unitRank[unit] > unitRank[type.unit]).map(unit => ({ ...type, unit })) : []
}
