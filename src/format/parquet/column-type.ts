// The engine's types and Parquet's, each as the other: physical types, annotations (apache/parquet-format, LogicalTypes.md).
import { binary, bool, type DataType, float64, int32, int64, utf8 } from '../../batch/data-type.ts'
import { convertedTypes, type PhysicalType, type SchemaElement } from './metadata.ts'
import type { ThriftWriter } from './write-thrift.ts'

/** How a column's values are stored: `stored` is the type of what pages hold, `width` the bytes of a FIXED_LEN_BYTE_ARRAY. */
export interface StoredAs {
  readonly physical: PhysicalType
  readonly stored: DataType
  readonly width?: number
  /** False where the order of stored values isn't that of the column's, or has no agreed rule. */
  readonly hasBounds: boolean
}

const float32: DataType = { kind: 'float32' }

/** How values of a type are written; undefined where Parquet has no place for them. */
export function storedAs(type: DataType): StoredAs | undefined {
  switch (type.kind) {
    case 'bool':
      return { physical: 'BOOLEAN', stored: bool, hasBounds: false }
    case 'null':
    case 'uint32':
      return { physical: 'INT32', stored: int32, hasBounds: false }
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'date':
      return { physical: 'INT32', stored: int32, hasBounds: true }
    case 'uint64':
      return { physical: 'INT64', stored: int64, hasBounds: false }
    case 'int64':
      return { physical: 'INT64', stored: int64, hasBounds: true }
    case 'time':
      if (type.unit === 's') return undefined
      return type.unit === 'ms' ? { physical: 'INT32', stored: int32, hasBounds: true } : { physical: 'INT64', stored: int64, hasBounds: true }
    case 'timestamp':
      return type.unit === 's' ? undefined : { physical: 'INT64', stored: int64, hasBounds: true }
    case 'float16':
      return { physical: 'FIXED_LEN_BYTE_ARRAY', stored: binary, width: 2, hasBounds: false }
    case 'float32':
      return { physical: 'FLOAT', stored: float32, hasBounds: false }
    case 'float64':
      return { physical: 'DOUBLE', stored: float64, hasBounds: true }
    case 'decimal':
      if (type.precision <= 9) return { physical: 'INT32', stored: int32, hasBounds: true }
      return type.precision <= 18 ? { physical: 'INT64', stored: int64, hasBounds: true } : { physical: 'FIXED_LEN_BYTE_ARRAY', stored: binary, width: 16, hasBounds: false }
    case 'utf8':
      return { physical: 'BYTE_ARRAY', stored: utf8, hasBounds: true }
    case 'binary':
      return { physical: 'BYTE_ARRAY', stored: binary, hasBounds: true }
    case 'fixedBinary':
      return { physical: 'FIXED_LEN_BYTE_ARRAY', stored: binary, width: type.size, hasBounds: true }
    default:
      return undefined
  }
}

const unitFields = { s: 0, ms: 1, us: 2, ns: 3 } as const

/** Adds what a schema element says of a type: fields 6 to 10, in that order. */
export function annotate(thrift: ThriftWriter, type: DataType): void {
  switch (type.kind) {
    case 'utf8':
      thrift.i32(6, 0).begin(10).begin(1).end().end()
      return
    case 'decimal':
      thrift.i32(6, 5).i32(7, type.scale).i32(8, type.precision).begin(10).begin(5).i32(1, type.scale).i32(2, type.precision).end().end()
      return
    case 'date':
      thrift.i32(6, 6).begin(10).begin(6).end().end()
      return
    case 'time':
    case 'timestamp': {
      const [field, converted] = type.kind === 'time' ? [7, 7] : [8, 9]
      if (type.unit === 'ms' || type.unit === 'us') thrift.i32(6, converted + (type.unit === 'us' ? 1 : 0))
      thrift.begin(10).begin(field).bool(1, type.kind === 'timestamp').begin(2).begin(unitFields[type.unit]).end().end().end().end()
      return
    }
    case 'int8':
    case 'int16':
    case 'uint8':
    case 'uint16':
    case 'uint32':
    case 'uint64': {
      const bits = Number(type.kind.replace(/\D+/, ''))
      const isSigned = type.kind.startsWith('i')
      thrift.i32(6, (isSigned ? 15 : 11) + Math.log2(bits / 8))
      thrift.begin(10).begin(10).byte(1, bits).bool(2, isSigned).end().end()
      return
    }
    case 'null':
      thrift.begin(10).begin(11).end().end()
      return
    case 'float16':
      thrift.begin(10).begin(15).end().end()
      return
    default:
      return
  }
}

/** The annotation of an element, by the name of its logical or else its converted type; '' without one. */
export function annotationOf(element: SchemaElement): string {
  if (element.logical && !element.logical.name.startsWith('number')) return element.logical.name
  return convertedTypes[element.converted ?? -1] ?? ''
}

/** The unit that INT96 is read in. */
export type Int96Unit = 'ms' | 'us' | 'ns'

/** The type of a flat element and of what its pages hold, or why it has none. Annotations that don't fit their physical type are passed over. */
export function typeOfElement(physical: PhysicalType, element: SchemaElement, int96: Int96Unit = 'ns'): { type: DataType; stored: DataType } | string {
  const annotation = annotationOf(element)
  if (annotation === 'DECIMAL') return decimalOf(physical, element)
  if (annotation === 'UNKNOWN' && physical !== 'BOOLEAN') return { type: { kind: 'null' }, stored: plain(physical) }
  switch (physical) {
    case 'INT32':
      return { type: int32Type(annotation, element), stored: int32 }
    case 'INT64':
      return { type: int64Type(annotation, element), stored: int64 }
    case 'INT96':
      return { type: { kind: 'timestamp', unit: int96 }, stored: binary }
    case 'BYTE_ARRAY': {
      const type: DataType = ['STRING', 'UTF8', 'ENUM', 'JSON'].includes(annotation) ? utf8 : binary
      return { type, stored: type }
    }
    case 'FIXED_LEN_BYTE_ARRAY':
      if (annotation === 'FLOAT16' && element.typeLength === 2) return { type: { kind: 'float16' }, stored: binary }
      if (annotation === 'INTERVAL' && element.typeLength === 12) return { type: { kind: 'interval' }, stored: binary }
      return { type: { kind: 'fixedBinary', size: element.typeLength }, stored: binary }
    default:
      return { type: plain(physical), stored: plain(physical) }
  }
}

function plain(physical: PhysicalType): DataType {
  return ({ BOOLEAN: bool, INT32: int32, INT64: int64, FLOAT: float32, DOUBLE: float64 } as Partial<Record<PhysicalType, DataType>>)[physical] ?? binary
}

function int32Type(annotation: string, element: SchemaElement): DataType {
  if (annotation === 'DATE') return { kind: 'date' }
  if (annotation === 'TIME_MILLIS' || (annotation === 'TIME' && element.logical?.unit === 'ms')) return { kind: 'time', unit: 'ms' }
  const bits = bitsOf(annotation, element, 32)
  return bits.width <= 32 ? { kind: `${bits.isSigned ? '' : 'u'}int${bits.width as 8 | 16 | 32}` } : int32
}

function int64Type(annotation: string, element: SchemaElement): DataType {
  const unit = element.logical?.unit
  if (annotation === 'TIMESTAMP' && unit) return { kind: 'timestamp', unit }
  if (annotation === 'TIMESTAMP_MILLIS') return { kind: 'timestamp', unit: 'ms' }
  if (annotation === 'TIMESTAMP_MICROS') return { kind: 'timestamp', unit: 'us' }
  if (annotation === 'TIME_MICROS') return { kind: 'time', unit: 'us' }
  if (annotation === 'TIME' && (unit === 'us' || unit === 'ns')) return { kind: 'time', unit }
  return bitsOf(annotation, element, 64).isSigned ? int64 : { kind: 'uint64' }
}

function bitsOf(annotation: string, { logical }: SchemaElement, width: number): { width: number; isSigned: boolean } {
  if (annotation === 'INTEGER') {
    const known = [8, 16, 32, 64].includes(logical?.bitWidth ?? 0)
    return { width: known ? logical!.bitWidth! : width, isSigned: logical?.signed !== false }
  }
  const converted = /^(U?)INT_(8|16|32|64)$/.exec(annotation)
  return converted ? { width: Number(converted[2]), isSigned: converted[1] === '' } : { width, isSigned: true }
}

function decimalOf(physical: PhysicalType, element: SchemaElement): { type: DataType; stored: DataType } | string {
  const precision = element.logical?.precision ?? element.precision ?? 0
  const scale = element.logical?.scale ?? element.scale ?? 0
  if (precision < 1 || precision > 38 || scale < 0 || scale > precision) return `a decimal of ${precision} digits, ${scale} of them behind the point`
  const stored = plain(physical)
  return stored.kind === 'int32' || stored.kind === 'int64' || stored.kind === 'binary' ? { type: { kind: 'decimal', precision, scale }, stored } : `a decimal (${physical})`
}
