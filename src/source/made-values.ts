// Values of made-up columns between what plans carry (JSON) and what columns hold: bigints are written '123n', floats that JSON lacks by their names.
import type { Json } from '../base/json.ts'
import { type DataType, isFloat } from '../batch/data-type.ts'
import { parseSpan } from '../batch/duration-text.ts'
import { storedBy } from '../batch/stored-value.ts'

/** A value of the program as plain data. Undefined where it has no such form. */
export function jsonOf(value: unknown): Json | undefined {
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number' ? value : undefined
}

/** The JavaScript value behind plain data, where it is one of the type; the inverse of `jsonOf`. */
export function valueOf(type: DataType, json: Json | undefined): boolean | number | bigint | string | undefined {
  const value = type.kind !== 'utf8' && typeof json === 'string' && /^-?\d+n$/.test(json) ? BigInt(json.slice(0, -1)) : json
  if (isFloat(type) && (value === 'NaN' || value === 'Infinity' || value === '-Infinity')) return Number(value)
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean' && typeof value !== 'bigint') return undefined
  return storedBy(type)(value) === undefined ? undefined : value
}

/** A value of a counted type as its count: bigint in the type's unit, number for floats. `orEnd`: one beyond the greatest is a value too. */
export function numberOf(type: DataType, json: Json | undefined, orEnd = false): bigint | number | undefined {
  const value = valueOf(type, json)
  const stored = value === undefined ? undefined : storedBy(type)(value)
  if (stored !== undefined) return isFloat(type) ? (stored as number) : BigInt(stored as number | bigint)
  if (!orEnd) return undefined
  const text = String(json)
  const end = /^-?\d+n?$/.test(text) ? BigInt(text.replace('n', '')) : undefined
  return end !== undefined && !fitsType(type, end) && fitsType(type, end - 1n) ? end : undefined
}

/** What is added to go from one value of a counted type to the next: numbers for floats, spans for times (text such as '10ms', a count of milliseconds, a bigint in the unit). */
export function stepOf(type: DataType, json: Json | undefined): bigint | number | undefined {
  if (type.kind === 'timestamp' || type.kind === 'time' || type.kind === 'duration') return numberOf({ kind: 'duration', unit: type.unit }, json)
  if (type.kind !== 'date') return numberOf(type.kind === 'decimal' ? { ...type, precision: 18 } : isFloat(type) ? type : { kind: 'int64' }, json)
  if (typeof json !== 'string' || json.endsWith('n')) return numberOf({ kind: 'int64' }, json)
  const seconds = parseSpan(json, 's')
  return seconds !== undefined && seconds % 86_400n === 0n ? seconds / 86_400n : undefined
}

const limits: Partial<Record<DataType['kind'], readonly [bigint, bigint]>> = {
  int8: [-128n, 127n],
  int16: [-32_768n, 32_767n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint8: [0n, 255n],
  uint16: [0n, 65_535n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  date: [1n - 2n ** 31n, 2n ** 31n - 1n],
}

/** True where a count is one of the type's. */
export function fitsType(type: DataType, count: bigint): boolean {
  if (type.kind === 'decimal') return count > -(10n ** BigInt(type.precision)) && count < 10n ** BigInt(type.precision)
  if (type.kind === 'time') return storedBy(type)(count) !== undefined
  const [least, most] = limits[type.kind] ?? [-(2n ** 63n), 2n ** 63n - 1n]
  return count >= least && count <= most
}
