// Arrow's schema message to the engine's fields (apache/arrow, format/Schema.fbs): which columns there are, how they are laid out, and why some
// can't be read.
import { DataError } from '../../base/errors.ts'
import type { DataType, TimeUnit } from '../../batch/data-type.ts'
import type { Field } from '../../batch/schema.ts'
import type { FlatTable } from './read-flat.ts'

/** How a column lies in a record batch. `width` is bytes of a value; bool: 0. */
export type ArrowLayout =
  | { kind: 'bool' | 'word'; width: number }
  | { kind: 'narrow'; width: 1 | 2; signed: boolean }
  | { kind: 'uint32' | 'uint64' | 'float32' | 'int32'; width: number }
  | { kind: 'offsets'; large: boolean; width: number }
  | { kind: 'views'; width: number }
  | { kind: 'fixed'; width: number }

/** A top-level column. `nodes`, `buffers` and `variadic` are how many entries of a record batch it takes. */
export interface ArrowColumn {
  readonly field: Field
  readonly unreadable?: string
  readonly layout: ArrowLayout
  readonly nodes: number
  readonly buffers: number
  readonly variadic: number
  /** Where the values are in a dictionary: its id, and the indices' layout. `layout` is the values'. */
  readonly dictionary?: { readonly id: number; readonly bytes: 1 | 2 | 4 | 8; readonly signed: boolean }
}

const depthMax = 64
// Tables may point at the same children again and again: work is bounded by this, not by the bytes.
const fieldsMax = 100_000
type Budget = { fields: number }
const units: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns']
const typeNames = [
  'nothing',
  'null',
  'int',
  'float',
  'binary',
  'utf8',
  'bool',
  'decimal',
  'date',
  'time',
  'timestamp',
  'interval',
  'list',
  'struct',
  'union',
  'fixed-size binary',
  'fixed-size list',
  'map',
  'duration',
  'large binary',
  'large utf8',
  'large list',
  'run-end encoded',
  'binary view',
  'utf8 view',
  'list view',
  'large list view',
]

/**
 * The columns of a schema. int8, int16 and unsigned ones become int32, uint32 and times and durations of 64 bits int64, uint64 int64 (values are checked),
 * float32 float64, date32 int32 (days), time32 int32, date64 timestamp[ms], fixed-size binary binary; strings and binaries of all layouts utf8 and binary. The rest is
 * listed as `unreadable`. Throws DataError FLATBUFFER, ARROW_ENDIAN, ARROW_SCHEMA, DUPLICATE_COLUMN.
 */
export function readArrowSchema(schema: FlatTable, version: number, where: string): ArrowColumn[] {
  if (schema.i16(0) !== 0)
    throw new DataError('ARROW_ENDIAN', `${where}: the file is big-endian, which Millrace can't read; write it on a little-endian machine`)
  const names = new Set<string>()
  const budget = { fields: fieldsMax }
  return schema.tables(1).map(field => {
    const column = columnOf(field, version, where, budget)
    const { name } = column.field
    if (names.has(name)) throw new DataError('DUPLICATE_COLUMN', `${where}: two columns are called "${name}"; rename one of them where the file is written`)
    names.add(name)
    return column
  })
}

function columnOf(field: FlatTable, version: number, where: string, budget: Budget): ArrowColumn {
  const name = field.text(0)
  const nullable = field.bool(1)
  const type = field.u8(2)
  const encoding = field.table(4)
  const size = encoding ? { nodes: 1, buffers: 2, variadic: 0 } : sizeOf(field, version, where, 0, budget)
  const mapped = mapType(type, field.table(3))
  if (typeof mapped === 'string') {
    return { field: { name, type: { kind: 'binary' }, nullable: true }, unreadable: mapped, layout: { kind: 'word', width: 0 }, ...size }
  }
  const column = { field: { name, type: mapped.type, nullable }, layout: mapped.layout, ...size }
  if (!encoding) return column
  const index = encoding.table(1)
  const bits = index ? index.i32(0) : 32
  if (bits !== 8 && bits !== 16 && bits !== 32 && bits !== 64)
    throw new DataError('ARROW_SCHEMA', `${where}, column "${name}": dictionary indices of ${bits} bits; the file is corrupt`)
  return { ...column, dictionary: { id: encoding.i64(0), bytes: (bits / 8) as 1 | 2 | 4 | 8, signed: index ? index.bool(1) : true } }
}

/** The type and layout of an Arrow type, or what it is where Millrace has none. */
function mapType(type: number, parameters: FlatTable | undefined): { type: DataType; layout: ArrowLayout } | string {
  switch (type) {
    case 2:
      return mapInt(parameters?.i32(0) ?? 0, parameters?.bool(1) ?? false)
    case 3: {
      const precision = parameters?.i16(0) ?? 0
      if (precision === 0) return 'a float16'
      return { type: { kind: 'float64' }, layout: precision === 1 ? { kind: 'float32', width: 4 } : { kind: 'word', width: 8 } }
    }
    case 4:
    case 19:
      return { type: { kind: 'binary' }, layout: { kind: 'offsets', large: type === 19, width: type === 19 ? 8 : 4 } }
    case 5:
    case 20:
      return { type: { kind: 'utf8' }, layout: { kind: 'offsets', large: type === 20, width: type === 20 ? 8 : 4 } }
    case 6:
      return { type: { kind: 'bool' }, layout: { kind: 'bool', width: 0 } }
    case 8:
      return (parameters?.i16(0, 1) ?? 1) === 0
        ? { type: { kind: 'int32' }, layout: { kind: 'word', width: 4 } }
        : { type: { kind: 'timestamp', unit: 'ms' }, layout: { kind: 'word', width: 8 } }
    case 9:
      return (parameters?.i32(1, 32) ?? 32) === 32
        ? { type: { kind: 'int32' }, layout: { kind: 'word', width: 4 } }
        : { type: { kind: 'int64' }, layout: { kind: 'word', width: 8 } }
    case 10: {
      const unit = units[parameters?.i16(0) ?? 0]
      return unit ? { type: { kind: 'timestamp', unit }, layout: { kind: 'word', width: 8 } } : 'a timestamp of an unknown unit'
    }
    case 15: {
      const width = parameters?.i32(0) ?? 0
      return width >= 1 && width <= 0x100000 ? { type: { kind: 'binary' }, layout: { kind: 'fixed', width } } : `a fixed-size binary of ${width} bytes`
    }
    case 18:
      return { type: { kind: 'int64' }, layout: { kind: 'word', width: 8 } }
    case 23:
    case 24:
      return { type: { kind: type === 24 ? 'utf8' : 'binary' }, layout: { kind: 'views', width: 16 } }
    default: {
      const nested = [12, 13, 14, 16, 17, 21, 22, 25, 26].includes(type)
      return `a ${typeNames[type] ?? `type number ${type}`}${nested ? ' (nested)' : ''}`
    }
  }
}

function mapInt(bits: number, signed: boolean): { type: DataType; layout: ArrowLayout } | string {
  if (bits === 8 || bits === 16) return { type: { kind: 'int32' }, layout: { kind: 'narrow', width: (bits / 8) as 1 | 2, signed } }
  if (bits === 32)
    return signed ? { type: { kind: 'int32' }, layout: { kind: 'word', width: 4 } } : { type: { kind: 'int64' }, layout: { kind: 'uint32', width: 4 } }
  if (bits === 64) return { type: { kind: 'int64' }, layout: { kind: signed ? 'word' : 'uint64', width: 8 } }
  return `an integer of ${bits} bits`
}

// Entries of a record batch that a field and its children take (Columnar.rst, "Buffer listing for each layout").
function sizeOf(field: FlatTable, version: number, where: string, depth: number, budget: Budget): { nodes: number; buffers: number; variadic: number } {
  if (depth > depthMax || --budget.fields < 0)
    throw new DataError('ARROW_SCHEMA', `${where}: columns are nested deeper than ${depthMax}, or there are more than ${fieldsMax}; the file is corrupt`)
  const type = field.u8(2)
  const size = { nodes: 1, buffers: ownBuffers(type, field.table(3), version), variadic: type === 23 || type === 24 ? 1 : 0 }
  if (type === 0 || type >= typeNames.length)
    throw new DataError('ARROW_SCHEMA', `${where}, column "${field.text(0)}": type number ${type}; the file is corrupt or newer than this version of Millrace`)
  for (const child of field.tables(5)) {
    const inner = child.table(4) ? { nodes: 1, buffers: 2, variadic: 0 } : sizeOf(child, version, where, depth + 1, budget)
    size.nodes += inner.nodes
    size.buffers += inner.buffers
    size.variadic += inner.variadic
  }
  return size
}

function ownBuffers(type: number, parameters: FlatTable | undefined, version: number): number {
  if (type === 1 || type === 22) return 0
  if (type === 13 || type === 16) return 1
  // Unions had a validity bitmap before version 5.
  if (type === 14) return (parameters?.i16(0) === 1 ? 2 : 1) + (version < 4 ? 1 : 0)
  if (type === 4 || type === 5 || type === 19 || type === 20 || type === 25 || type === 26) return 3
  return 2
}
