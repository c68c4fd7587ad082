// The engine's data types: plain objects, so that a schema survives JSON, and their names as users write them ('utf8?', 'timestamp[ms]').
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'

/** Units of a timestamp, since the epoch in UTC. */
export type TimeUnit = 's' | 'ms' | 'us' | 'ns'

/** A column's type. Whether it may hold nulls is the field's to say. `asNumber`: an int64 that counts rows, which JavaScript sees as a number. */
export type DataType =
  | { readonly kind: 'bool' }
  | { readonly kind: 'int32' }
  | { readonly kind: 'int64'; readonly asNumber?: true }
  | { readonly kind: 'float64' }
  | { readonly kind: 'utf8' }
  | { readonly kind: 'binary' }
  | { readonly kind: 'timestamp'; readonly unit: TimeUnit }

/** A type as users write it; a trailing ? allows nulls. */
export type TypeName = ScalarName | `${ScalarName}?`
/** A type's name without its nullability. */
export type ScalarName = 'bool' | 'int32' | 'int64' | 'float64' | 'utf8' | 'binary' | `timestamp[${TimeUnit}]`

/** How values lie in memory: a bit each, 4 or 8 bytes each, or a 16-byte string view (see `column.ts`). */
export type Layout = 'bit' | 'word4' | 'word8' | 'view'

const layouts = { bool: 'bit', int32: 'word4', int64: 'word8', float64: 'word8', utf8: 'view', binary: 'view', timestamp: 'word8' } as const satisfies Record<DataType['kind'], Layout>
const layoutBytes = { word4: 4, word8: 8, view: 16 } as const

/** The layout of a type's values. */
export function layoutOf(type: DataType): Layout {
  return layouts[type.kind]
}

/** Bytes that `rows` values of a type take, without their validity and without the bytes behind views. */
export function valueBytes(type: DataType, rows: number): number {
  const layout = layoutOf(type)
  return layout === 'bit' ? Math.ceil(rows / 8) : layoutBytes[layout] * rows
}

/** Bytes of a validity bitmap. */
export function bitmapBytes(rows: number): number {
  return Math.ceil(rows / 8)
}

const scalarNames: readonly ScalarName[] = ['bool', 'int32', 'int64', 'float64', 'utf8', 'binary', 'timestamp[ms]', 'timestamp[us]', 'timestamp[ns]', 'timestamp[s]']

/** The type and nullability behind a name such as 'int64?'. Throws PlanError TYPE naming `where`. */
export function parseType(name: string, where: string): { type: DataType; nullable: boolean } {
  const nullable = name.endsWith('?')
  const bare = nullable ? name.slice(0, -1) : name
  const time = /^timestamp\[(s|ms|us|ns)\]$/.exec(bare)
  if (time) return { type: { kind: 'timestamp', unit: time[1] as TimeUnit }, nullable }
  if (bare in layouts && bare !== 'timestamp') return { type: { kind: bare as Exclude<DataType['kind'], 'timestamp'> }, nullable }
  throw new PlanError('TYPE', `${where}: no type "${name}"; the types are ${scalarNames.join(', ')}, each with ? for nulls${didYouMean(bare, scalarNames)}`)
}

/** The name of a type. */
export function typeName(type: DataType, nullable = false): string {
  return (type.kind === 'timestamp' ? `timestamp[${type.unit}]` : type.kind) + (nullable ? '?' : '')
}

/** Same type, unit included. */
export function sameType(a: DataType, b: DataType): boolean {
  return typeName(a) === typeName(b)
}

/** int32, int64 and float64: what arithmetic takes. */
export function isNumeric(type: DataType): boolean {
  return type.kind === 'int32' || type.kind === 'int64' || type.kind === 'float64'
}

/** Shorthands for the types without parameters. */
export const bool: DataType = { kind: 'bool' }
export const int32: DataType = { kind: 'int32' }
export const int64: DataType = { kind: 'int64' }
/** The int64 of counts and row numbers: never beyond 2^53, so rows hold it as a number. */
export const rowCount64: DataType = { kind: 'int64', asNumber: true }
export const float64: DataType = { kind: 'float64' }
export const utf8: DataType = { kind: 'utf8' }
export const binary: DataType = { kind: 'binary' }
export const timestampMs: DataType = { kind: 'timestamp', unit: 'ms' }
