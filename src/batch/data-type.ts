// The engine's data types: plain objects, so that a schema survives JSON. How users write them ('utf8?', 'timestamp[ms]') is in type-name.ts.

/** Units of a timestamp (since the epoch, in UTC), a time of day (since midnight) or a duration. */
export type TimeUnit = 's' | 'ms' | 'us' | 'ns'

/** A part of a struct, or the element of a list: a type with its nullability. */
export interface Member {
  readonly type: DataType
  readonly nullable: boolean
}

/** A named part of a struct. */
export interface StructMember extends Member {
  readonly name: string
}

/** A column's type. Whether it may hold nulls is the field's to say. `asNumber`: an int64 that counts rows, which JavaScript sees as a number. */
export type DataType =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool' }
  | { readonly kind: 'int8' }
  | { readonly kind: 'int16' }
  | { readonly kind: 'int32' }
  | { readonly kind: 'int64'; readonly asNumber?: true }
  | { readonly kind: 'uint8' }
  | { readonly kind: 'uint16' }
  | { readonly kind: 'uint32' }
  | { readonly kind: 'uint64' }
  | { readonly kind: 'float16' }
  | { readonly kind: 'float32' }
  | { readonly kind: 'float64' }
  /** `precision` digits, 1 to 38, `scale` of them behind the point, 0 to `precision`. */
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'utf8' }
  | { readonly kind: 'binary' }
  /** Binary of exactly `size` bytes. */
  | { readonly kind: 'fixedBinary'; readonly size: number }
  /** A day, counted from 1970-01-01. */
  | { readonly kind: 'date' }
  | { readonly kind: 'time'; readonly unit: TimeUnit }
  /** A point in time. `zone`, an IANA name or an offset, is for showing and for calendars; the count is in UTC all the same. */
  | { readonly kind: 'timestamp'; readonly unit: TimeUnit; readonly zone?: string }
  | { readonly kind: 'duration'; readonly unit: TimeUnit }
  /** Months, days and nanoseconds, which don't turn into each other. */
  | { readonly kind: 'interval' }
  | { readonly kind: 'list'; readonly item: Member }
  /** A list of exactly `size` items. */
  | { readonly kind: 'fixedList'; readonly item: Member; readonly size: number }
  | { readonly kind: 'struct'; readonly members: readonly StructMember[] }
  /** Keys are never null. Laid out as a list of structs of key and value. */
  | { readonly kind: 'map'; readonly key: DataType; readonly value: Member }

/** The name of a kind of types. */
export type Kind = DataType['kind']

/**
 * How values lie in memory (see `batch.ts`): a bit each; 1, 2, 4, 8 or 16 bytes each; `size` bytes each; a 16-byte string view; i32 offsets into a child;
 * only in children; nowhere.
 */
export type Layout = 'bit' | 'word1' | 'word2' | 'word4' | 'word8' | 'word16' | 'fixed' | 'view' | 'list' | 'children' | 'none'

const layouts = {
  null: 'none',
  bool: 'bit',
  int8: 'word1',
  int16: 'word2',
  int32: 'word4',
  int64: 'word8',
  uint8: 'word1',
  uint16: 'word2',
  uint32: 'word4',
  uint64: 'word8',
  float16: 'word2',
  float32: 'word4',
  float64: 'word8',
  decimal: 'word16',
  utf8: 'view',
  binary: 'view',
  fixedBinary: 'fixed',
  date: 'word4',
  time: 'word8',
  timestamp: 'word8',
  duration: 'word8',
  interval: 'word16',
  list: 'list',
  fixedList: 'children',
  struct: 'children',
  map: 'list',
} as const satisfies Record<Kind, Layout>
const layoutBytes = { none: 0, children: 0, word1: 1, word2: 2, word4: 4, word8: 8, word16: 16, view: 16 } as const

/** The layout of a type's values. */
export function layoutOf(type: DataType): Layout {
  return layouts[type.kind]
}

/** Bytes that `rows` values of a type take, without their validity, their children and the bytes behind views. */
export function valueBytes(type: DataType, rows: number): number {
  const layout = layoutOf(type)
  if (layout === 'bit') return Math.ceil(rows / 8)
  if (layout === 'list') return 4 * (rows + 1)
  return (type.kind === 'fixedBinary' ? type.size : layoutBytes[layout as keyof typeof layoutBytes]) * rows
}

/** Bytes of a validity bitmap. */
export function bitmapBytes(rows: number): number {
  return Math.ceil(rows / 8)
}

/** The types of a column's children, in order: the item of a list, the members of a struct, the entries of a map. */
export function childrenOf(type: DataType): readonly StructMember[] {
  switch (type.kind) {
    case 'list':
    case 'fixedList':
      return [{ name: 'item', ...type.item }]
    case 'struct':
      return type.members
    case 'map':
      return [{ name: 'entries', type: entriesOf(type), nullable: false }]
    default:
      return []
  }
}

/** The struct of key and value that a map is a list of. */
export function entriesOf(type: DataType & { kind: 'map' }): DataType & { kind: 'struct' } {
  return { kind: 'struct', members: [{ name: 'key', type: type.key, nullable: false }, { name: 'value', ...type.value }] }
}

/** Same type, parameters included. A count is an int64. */
export function sameType(a: DataType, b: DataType): boolean {
  if (a === b) return true
  if (a.kind !== b.kind) return false
  const [left, right] = [parametersOf(a), parametersOf(b)]
  const [children, others] = [childrenOf(a), childrenOf(b)]
  return (
    left.every((parameter, i) => parameter === right[i]) &&
    children.length === others.length &&
    children.every((c, i) => c.name === others[i]!.name && c.nullable === others[i]!.nullable && sameType(c.type, others[i]!.type))
  )
}

function parametersOf(type: DataType): readonly unknown[] {
  switch (type.kind) {
    case 'decimal':
      return [type.precision, type.scale]
    case 'fixedBinary':
    case 'fixedList':
      return [type.size]
    case 'time':
    case 'duration':
      return [type.unit]
    case 'timestamp':
      return [type.unit, type.zone]
    default:
      return []
  }
}

const integers = { int8: true, int16: true, int32: true, int64: true, uint8: true, uint16: true, uint32: true, uint64: true } as const
const floats = { float16: true, float32: true, float64: true } as const

/** int8 to int64 and uint8 to uint64. */
export function isInteger(type: DataType): boolean {
  return type.kind in integers
}
/** float16, float32 and float64. */
export function isFloat(type: DataType): boolean {
  return type.kind in floats
}
/** Integers, floats and decimals: what arithmetic takes. */
export function isNumeric(type: DataType): boolean {
  return isInteger(type) || isFloat(type) || type.kind === 'decimal'
}
/** Lists, structs and maps. */
export function isNested(type: DataType): boolean {
  return childrenOf(type).length > 0 || type.kind === 'struct'
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
