// How a JavaScript value of a flat type is stored: the one place where values are checked against their types. Literals and rows go through it.
import type { DataType, TimeUnit } from './data-type.ts'
import { fitsPrecision, parseDecimal } from './decimal-text.ts'
import { parseInterval, parseSpan } from './duration-text.ts'
import { dayMs, parseDay, parseTime, unitsPerSecond } from './time-text.ts'
import { parseTimestamp } from './timestamp-text.ts'
import type { Interval } from './value.ts'

/**
 * A value as memory has it. bool: boolean. int8 to int32, uint8 to uint32, date (in days), floats: number. int64, uint64, time, timestamp and
 * duration (in the type's unit), decimal (in units of its last digit): bigint. utf8: string. binary: Uint8Array. interval: `Interval`.
 */
export type Stored = boolean | number | bigint | string | Uint8Array | Interval

/** The function from values of a flat type, null excepted, to what is stored; it gives undefined for what is no value of the type. Numbers, bigints, Dates and text are taken where they are exact. */
export function storedBy(type: DataType): (value: unknown) => Stored | undefined {
  switch (type.kind) {
    case 'bool':
      return value => (typeof value === 'boolean' ? value : undefined)
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
      return wholeNumber(ranges[type.kind])
    case 'int64':
      return value => inRange(wholeOf(value), -(2n ** 63n), 2n ** 63n)
    case 'uint64':
      return value => inRange(wholeOf(value), 0n, 2n ** 64n)
    case 'float16':
      return floatBelow(65_520)
    case 'float32':
      return floatBelow(2 ** 128 - 2 ** 103)
    case 'float64':
      return floatBelow(Number.POSITIVE_INFINITY)
    case 'decimal':
      return value => decimalOf(value, type.precision, type.scale)
    case 'utf8':
      return value => (typeof value === 'string' ? value : undefined)
    case 'binary':
      return value => (value instanceof Uint8Array ? value : undefined)
    case 'fixedBinary':
      return value => (value instanceof Uint8Array && value.length === type.size ? value : undefined)
    case 'date':
      return dayOf
    case 'time':
      return value => inRange(timeOf(value, type.unit, parseTime), 0n, 86_400n * unitsPerSecond[type.unit])
    case 'timestamp':
      return value => inRange(timeOf(value, type.unit, parseTimestamp), -(2n ** 63n), 2n ** 63n)
    case 'duration':
      return value => inRange(value instanceof Date ? undefined : timeOf(value, type.unit, parseSpan), -(2n ** 63n), 2n ** 63n)
    case 'interval':
      return intervalOf
    default:
      return () => undefined
  }
}

const ranges = {
  int8: [-128, 127],
  int16: [-32_768, 32_767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint8: [0, 255],
  uint16: [0, 65_535],
  uint32: [0, 2 ** 32 - 1],
} as const

function wholeNumber([least, most]: readonly [number, number]): (value: unknown) => number | undefined {
  return value => {
    const number = typeof value === 'bigint' ? Number(value) : value
    return typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most ? number + 0 : undefined
  }
}

// A finite number must not become infinite.
function floatBelow(limit: number): (value: unknown) => number | undefined {
  return value => (typeof value === 'number' && (Math.abs(value) < limit || !Number.isFinite(value)) ? value : undefined)
}

function wholeOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined
}

function inRange(value: bigint | undefined, least: bigint, end: bigint): bigint | undefined {
  return value !== undefined && value >= least && value < end ? value : undefined
}

// A fractional number is the decimal that it prints as.
function decimalOf(value: unknown, precision: number, scale: number): bigint | undefined {
  if (typeof value !== 'string' && typeof value !== 'bigint' && typeof value !== 'number') return undefined
  const unscaled = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : parseDecimal(String(value), scale)
  return unscaled !== undefined && fitsPrecision(unscaled, precision) ? unscaled : undefined
}

function dayOf(value: unknown): number | undefined {
  const ms = value instanceof Date ? value.getTime() : typeof value === 'string' ? (parseDay(value) ?? Number.NaN) * dayMs : value
  if (typeof ms !== 'number' || ms % dayMs !== 0) return undefined
  const days = ms / dayMs
  return Math.abs(days) < 2 ** 31 ? days + 0 : undefined
}

function timeOf(value: unknown, unit: TimeUnit, parse: (text: string, unit: TimeUnit) => bigint | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'string') return parse(value, unit)
  const ms = value instanceof Date ? value.getTime() : value
  if (typeof ms !== 'number' || !Number.isSafeInteger(ms)) return undefined
  if (unit === 's') return ms % 1000 === 0 ? BigInt(ms / 1000) : undefined
  return BigInt(ms) * (unitsPerSecond[unit] / 1000n)
}

const isInt32 = wholeNumber(ranges.int32)

function intervalOf(value: unknown): Interval | undefined {
  if (typeof value === 'string') return parseInterval(value)
  if (typeof value !== 'object' || value === null || Object.keys(value).some(key => key !== 'months' && key !== 'days' && key !== 'nanoseconds')) return undefined
  const { months = 0, days = 0, nanoseconds = 0n } = value as Partial<Record<keyof Interval, unknown>>
  const parts = [isInt32(months), isInt32(days), inRange(wholeOf(nanoseconds), -(2n ** 63n), 2n ** 63n)] as const
  return parts[0] === undefined || parts[1] === undefined || parts[2] === undefined ? undefined : { months: parts[0], days: parts[1], nanoseconds: parts[2] }
}
