// Columns whose values are names of folders, as Hive writes them: day=2026-01-01/city=New%20York/part-00001-0.parquet. Names and values are
// escaped where a file system or a reader would take them for something else; a null has a name of its own.
// Source: Hive's FileUtils.escapePathName, and the names that Spark, DuckDB and Polars read.
import { isoText } from '../batch/value-text.ts'
import { type DataType, isFloat, isInteger } from '../batch/data-type.ts'
import type { Value } from '../batch/value.ts'
import { isTime, numberLook } from './infer-type.ts'

/** The value of a null, by everyone's agreement. */
export const nullPartition = '__HIVE_DEFAULT_PARTITION__'

/** The most bytes of a folder's name that all file systems take. */
export const segmentBytesMax = 255

// What Hive escapes, and what Windows refuses; lone surrogates have no bytes and are written as U+FFFD.
// biome-ignore lint/suspicious/noControlCharactersInRegex: file systems refuse them.
const unsafe = /[\u0000-\u001f"#%'*/:=?\\\u007f{[\]^<>|]/g

function escaped(text: string): string {
  const byte = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  // Windows drops a last dot or blank.
  return text.replace(unsafe, byte).replace(/[. ]$/, byte)
}

/** The folder of a value's text, null for a null: `city=New York`. A column's name that begins with . or _ would hide it, and is escaped there. */
export function partitionSegment(name: string, text: string | null): string {
  const safe = escaped(name).replace(/^[._]/, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${safe}=${text === null ? nullPartition : escaped(text)}`
}

/** The column and value of a folder's name, undefined where it has no such form. */
export function readSegment(segment: string): { readonly name: string; readonly text: string | null } | undefined {
  const at = segment.indexOf('=')
  if (at <= 0) return undefined
  const value = segment.slice(at + 1)
  return { name: unescaped(segment.slice(0, at)), text: value === nullPartition ? null : unescaped(value) }
}

// What is no escape stands for itself.
function unescaped(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text.replace(/%(?![0-9A-Fa-f]{2})/g, '%25'))
  } catch {
    return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
}

/** True for types whose values have a text that reads back as the same value. */
export function isPartitionType({ kind }: DataType): boolean {
  return isFlatText.has(kind)
}
const isFlatText = new Set(['bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'float64', 'decimal', 'utf8', 'date', 'time', 'timestamp', 'duration', 'null'])

/** The text of a value of such a type, null for a null. */
export function partitionText(value: Value, type: DataType): string | null {
  if (value === null) return null
  return isoText(value, type) ?? (Object.is(value, -0) ? '-0' : String(value))
}

/** The value that a text is in such a type, for `buildColumn`; what is none is left as text, and refused there. */
export function partitionValue(text: string | null, type: DataType): unknown {
  if (text === null) return null
  if (type.kind === 'bool') return text === 'true' ? true : text === 'false' ? false : text
  if (isInteger(type)) return /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : text
  if (isFloat(type)) return text.trim() !== '' && (!Number.isNaN(Number(text)) || text === 'NaN') ? Number(text) : text
  return text
}

/** The narrowest type of all texts: bool, int64, float64, date, timestamp, or utf8. Numbers written with a leading zero are text, as codes are. */
export function partitionType(texts: readonly string[]): DataType {
  const all = (test: (text: string) => boolean) => texts.length > 0 && texts.every(test)
  if (all(text => text === 'true' || text === 'false')) return { kind: 'bool' }
  if (all(text => /^(-?[1-9]\d*|0)$/.test(text) && numberLook(text) === 'int64')) return { kind: 'int64' }
  if (all(text => /^-?([1-9]\d*|0)(\.\d+)?(e[+-]?\d+)?$/.test(text))) return { kind: 'float64' }
  if (all(text => text.length === 10 && isTime(text))) return { kind: 'date' }
  if (all(isTime)) return { kind: 'timestamp', unit: unitOf(texts) }
  return { kind: 'utf8' }
}

function unitOf(texts: readonly string[]): 'ms' | 'us' | 'ns' {
  const digits = Math.max(...texts.map(text => /\.(\d+)/.exec(text)?.[1]?.length ?? 0))
  return digits <= 3 ? 'ms' : digits <= 6 ? 'us' : 'ns'
}
