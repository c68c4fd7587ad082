// The door to apache-arrow: results out, tables in. The library is loaded when first used; it costs about 100 ms.
import type * as Arrow from 'apache-arrow'
import { PlanError } from '../base/errors.ts'
import type { DataType } from '../batch/data-type.ts'
import { unsupportedType } from '../batch/unsupported.ts'
import { typeName } from '../batch/type-name.ts'
import type { Field } from '../batch/schema.ts'
import type { OwnedChunk, OwnedColumn } from './owned-columns.ts'

let loaded: typeof Arrow | undefined

function arrow(): typeof Arrow {
  loaded ??= process.getBuiltinModule('node:module').createRequire(import.meta.url)('apache-arrow') as typeof Arrow
  return loaded
}

/** An apache-arrow table over the chunks' own memory: a record batch a chunk, nothing copied. */
export function toArrowTable(fields: readonly Field[], chunks: readonly OwnedChunk[]): Arrow.Table {
  const a = arrow()
  const schema = new a.Schema(fields.map(f => new a.Field(f.name, arrowType(f.type), f.nullable)))
  const batches = chunks.map(chunk => {
    const children = chunk.columns.map((column, i) => arrowData(column, fields[i]!.type))
    return new a.RecordBatch(schema, a.makeData({ type: new a.Struct(schema.fields), length: chunk.rowCount, nullCount: 0, children }))
  })
  return new a.Table(schema, batches)
}

function arrowType(type: DataType): Arrow.DataType {
  const a = arrow()
  switch (type.kind) {
    case 'bool':
      return new a.Bool()
    case 'int32':
      return new a.Int32()
    case 'int64':
      return new a.Int64()
    case 'float64':
      return new a.Float64()
    case 'utf8':
      return new a.Utf8()
    case 'binary':
      return new a.Binary()
    case 'timestamp':
      return new a.Timestamp({ s: a.TimeUnit.SECOND, ms: a.TimeUnit.MILLISECOND, us: a.TimeUnit.MICROSECOND, ns: a.TimeUnit.NANOSECOND }[type.unit])
    default:
      throw unsupportedType('toArrow', type)
  }
}

function arrowData(column: OwnedColumn, type: DataType): Arrow.Data {
  const parts = { type: arrowType(type), length: column.length, nullBitmap: column.validity ?? null, data: column.values, ...(column.offsets && { valueOffsets: column.offsets }) }
  return arrow().makeData(parts as unknown as Parameters<typeof Arrow.makeData>[0]) as Arrow.Data
}

/** True for an apache-arrow Table of any copy of the library. */
export function isArrowTable(value: unknown): value is Arrow.Table {
  return typeof value === 'object' && value !== null && 'schema' in value && 'batches' in value && 'getChild' in value
}

/** The fields of an apache-arrow table. Throws PlanError ARROW_TYPE naming a column whose type the engine has none for. */
export function fieldsOfArrow(table: Arrow.Table): Field[] {
  return table.schema.fields.map(f => ({ name: f.name, type: typeOfArrow(f.name, f.type), nullable: f.nullable }))
}

/** The columns of an apache-arrow table as arrays of values, by name. */
export function columnsOfArrow(table: Arrow.Table): Record<string, ArrayLike<unknown>> {
  return Object.fromEntries(table.schema.fields.map((f, i) => [f.name, valuesOfArrow(table.getChildAt(i)!)]))
}

// The library reads times as fractions of a millisecond, which loses digits: those are taken from the buffers, in their own unit.
function valuesOfArrow(vector: Arrow.Vector): ArrayLike<unknown> {
  if (!String(vector.type).startsWith('Timestamp')) return Array.from(vector)
  return vector.data.flatMap(data => Array.from(data.values as BigInt64Array, (value, i) => (data.getValid(i) ? value : null)).slice(0, data.length))
}

const byName: Record<string, DataType> = {
  Bool: { kind: 'bool' },
  Int8: { kind: 'int32' },
  Int16: { kind: 'int32' },
  Int32: { kind: 'int32' },
  Uint8: { kind: 'int32' },
  Uint16: { kind: 'int32' },
  Uint32: { kind: 'int64' },
  Int64: { kind: 'int64' },
  Float32: { kind: 'float64' },
  Float64: { kind: 'float64' },
  Utf8: { kind: 'utf8' },
  LargeUtf8: { kind: 'utf8' },
  Binary: { kind: 'binary' },
}

function typeOfArrow(name: string, type: Arrow.DataType): DataType {
  const text = String(type)
  const time = /^Timestamp<(SECOND|MILLISECOND|MICROSECOND|NANOSECOND)/.exec(text)
  if (time) return { kind: 'timestamp', unit: ({ SECOND: 's', MILLISECOND: 'ms', MICROSECOND: 'us', NANOSECOND: 'ns' } as const)[time[1] as 'SECOND'] }
  const known = byName[text] ?? (/^Dictionary<.*, Utf8>$/.test(text) ? byName.Utf8 : undefined)
  if (!known) throw new PlanError('ARROW_TYPE', `from: column "${name}" is ${text}, which has no Millrace type; cast it first, to one of ${Object.values(byName).map(t => typeName(t)).filter((t, i, all) => all.indexOf(t) === i).join(', ')}`)
  return known
}
