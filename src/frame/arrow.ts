// The door to apache-arrow: results out, tables in.
import type * as Arrow from 'apache-arrow'
import type { Field } from '../batch/schema.ts'
import { arrowLibrary } from './arrow-library.ts'
import { arrowField, arrowType, typeOfArrow } from './arrow-types.ts'
import { valuesOfVector } from './arrow-values.ts'
import type { OwnedChunk, OwnedColumn } from './owned-columns.ts'

/** An apache-arrow table over the chunks' own memory: a record batch a chunk, nothing copied but times of day in s and ms, which Arrow has in 32 bits. */
export function toArrowTable(fields: readonly Field[], chunks: readonly OwnedChunk[]): Arrow.Table {
  const a = arrowLibrary()
  const schema = new a.Schema(fields.map(f => arrowField(a, f)))
  const batches = chunks.map(chunk => {
    const children = chunk.columns.map(arrowData)
    return new a.RecordBatch(schema, a.makeData({ type: new a.Struct(schema.fields), length: chunk.rowCount, nullCount: 0, children }))
  })
  return new a.Table(schema, batches)
}

function arrowData(column: OwnedColumn): Arrow.Data {
  const a = arrowLibrary()
  const { type, length, validity, offsets, children } = column
  const inside = children?.map(arrowData)
  const parts = {
    type: arrowType(a, type),
    length,
    nullBitmap: validity ?? null,
    data: type.kind === 'time' && (type.unit === 's' || type.unit === 'ms') ? narrowed(column.bytes) : column.bytes,
    ...(offsets && { valueOffsets: offsets }),
    ...(inside && (type.kind === 'struct' ? { children: inside } : { child: inside[0] })),
  }
  return a.makeData(parts as unknown as Parameters<typeof a.makeData>[0]) as Arrow.Data
}

function narrowed(bytes: Uint8Array<ArrayBuffer>): Int32Array {
  return Int32Array.from(new BigInt64Array(bytes.buffer), Number)
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
  return Object.fromEntries(table.schema.fields.map((f, i) => [f.name, valuesOfVector(table.getChildAt(i)!)]))
}
