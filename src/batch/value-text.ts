// Values as people and JSON read them: times as ISO text, lists and structs written out.
import type { DataType } from './data-type.ts'
import { formatInterval, formatSpan } from './duration-text.ts'
import { dayMs, formatDay, formatTime } from './time-text.ts'
import { formatTimestamp } from './timestamp-text.ts'
import type { Interval, Value } from './value.ts'

/** A value that has a text of its own in every format: dates, times, timestamps (in UTC), durations and intervals by ISO 8601, decimals. Undefined for other types. */
export function isoText(value: Value, type: DataType): string | undefined {
  switch (type.kind) {
    case 'date':
      return formatDay((value as number) / dayMs)
    case 'time':
      return formatTime(countOf(value, type.unit), type.unit)
    case 'timestamp':
      return formatTimestamp(countOf(value, type.unit), type.unit)
    case 'duration':
      return formatSpan(countOf(value, type.unit), type.unit)
    case 'interval':
      return formatInterval(value as Interval)
    case 'decimal':
      return value as string
    default:
      return undefined
  }
}

// Milliseconds or a count, as rows have it, as a count of the unit.
function countOf(value: Value, unit: 's' | 'ms' | 'us' | 'ns'): bigint {
  if (typeof value === 'bigint') return value
  return BigInt(unit === 's' ? (value as number) / 1000 : (value as number))
}

/** A value as JSON can hold it: 64-bit integers as numbers where exact, else as text; times and decimals as text; binary as base64; NaN and infinities as null; a map as an object where its keys are text, else as pairs. */
export function jsonValue(value: Value, type: DataType): unknown {
  if (value === null) return null
  const text = isoText(value, type)
  if (text !== undefined) return text
  switch (type.kind) {
    case 'list':
    case 'fixedList':
      return (value as readonly Value[]).map(item => jsonValue(item, type.item.type))
    case 'struct':
      return Object.fromEntries(type.members.map(m => [m.name, jsonValue((value as Record<string, Value>)[m.name]!, m.type)]))
    case 'map': {
      const pairs = [...(value as ReadonlyMap<Value, Value>)].map(([key, item]) => [jsonValue(key, type.key), jsonValue(item, type.value.type)] as const)
      return type.key.kind === 'utf8' ? Object.fromEntries(pairs as [string, unknown][]) : pairs
    }
    default:
      return jsonScalar(value)
  }
}

/** As `jsonValue`, as text: 64-bit integers and decimals are numbers with all their digits. */
export function jsonText(value: Value, type: DataType): string {
  if (value === null) return 'null'
  switch (type.kind) {
    case 'decimal':
      return value as string
    case 'list':
    case 'fixedList':
      return `[${(value as readonly Value[]).map(item => jsonText(item, type.item.type)).join(',')}]`
    case 'struct':
      return `{${type.members.map(m => `${JSON.stringify(m.name)}:${jsonText((value as Record<string, Value>)[m.name]!, m.type)}`).join(',')}}`
    case 'map': {
      const pairs = [...(value as ReadonlyMap<Value, Value>)].map(([key, item]) => [jsonText(key, type.key), jsonText(item, type.value.type)])
      return type.key.kind === 'utf8' ? `{${pairs.map(([key, item]) => `${key}:${item}`).join(',')}}` : `[${pairs.map(pair => `[${pair}]`).join(',')}]`
    }
    default:
      return typeof value === 'bigint' && isoText(value, type) === undefined ? String(value) : Object.is(value, -0) ? '-0' : JSON.stringify(jsonValue(value, type))
  }
}

function jsonScalar(value: Value): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (value instanceof Uint8Array) return base64(value)
  return typeof value === 'number' && !Number.isFinite(value) ? null : value
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

const shownBytesMax = 16

/** A value for people: 2024-02-29 12:00:00.000, 0x00ff…, [1, 2], {a: 1}, "text" within lists and structs and bare outside. */
export function showValue(value: Value, type: DataType): string {
  return typeof value === 'string' && type.kind === 'utf8' ? value : show(value, type)
}

function show(value: Value, type: DataType): string {
  if (value === null) return 'null'
  const text = isoText(value, type)
  if (text !== undefined) return type.kind === 'timestamp' ? text.replace('T', ' ').replace('Z', '') : text
  switch (type.kind) {
    case 'utf8':
      return JSON.stringify(value)
    case 'list':
    case 'fixedList':
      return `[${(value as readonly Value[]).map(item => show(item, type.item.type)).join(', ')}]`
    case 'struct':
      return `{${type.members.map(m => `${m.name}: ${show((value as Record<string, Value>)[m.name]!, m.type)}`).join(', ')}}`
    case 'map':
      return `{${[...(value as ReadonlyMap<Value, Value>)].map(([key, item]) => `${show(key, type.key)}: ${show(item, type.value.type)}`).join(', ')}}`
    default:
      if (value instanceof Uint8Array) return `0x${[...value.subarray(0, shownBytesMax)].map(b => b.toString(16).padStart(2, '0')).join('')}${value.length > shownBytesMax ? '…' : ''}`
      return Object.is(value, -0) ? '-0' : String(value)
  }
}
