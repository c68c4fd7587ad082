// What a row group's statistics say of a column's values. Bytes that don't have the form of the column's type say nothing, nor do bounds whose order isn't the type's.
// Rules: apache/parquet-format, parquet.thrift (Statistics, ColumnOrder).
import type { DataType } from '../../batch/data-type.ts'
import type { Stored } from '../../batch/stored-value.ts'
import type { ValueBounds } from '../../batch/value-bounds.ts'
import type { ColumnChunk } from './metadata.ts'
import type { ParquetColumn } from './read-footer.ts'
import type { ParquetLeaf, ParquetNode } from './schema-tree.ts'

/** What else tells that a chunk has no such value; undefined where nothing does. */
export type LacksOf = (leaf: ParquetLeaf, chunk: ColumnChunk) => ValueBounds['lacks']

/** The bounds of a column's values in a row group, with those of a struct's members. Of what is in lists and maps nothing is known. */
export function columnBounds(column: ParquetColumn, chunks: readonly ColumnChunk[], lacksOf?: LacksOf): ValueBounds {
  return column.nested ? nodeBounds(column.nested, chunks, lacksOf) : { ...chunkBounds(column, chunks[column.leaf]!), ...lacking(lacksOf, column, chunks) }
}

function lacking(lacksOf: LacksOf | undefined, leaf: ParquetLeaf, chunks: readonly ColumnChunk[]): ValueBounds {
  const lacks = lacksOf?.(leaf, chunks[leaf.leaf]!)
  return lacks ? { lacks } : {}
}

// Writers may count nulls of structs around a value or not: that none is null is not known.
function nodeBounds(node: ParquetNode, chunks: readonly ColumnChunk[], lacksOf: LacksOf | undefined): ValueBounds {
  if (node.kind === 'struct' && node.type.kind === 'struct')
    return { members: Object.fromEntries(node.type.members.map(({ name }, i) => [name, nodeBounds(node.members[i]!, chunks, lacksOf)])) }
  if (node.kind !== 'leaf') return {}
  const { nulls, ...bounds } = chunkBounds(node.leaf, chunks[node.leaf.leaf]!)
  return { ...bounds, ...(nulls === 'all' && { nulls }), ...lacking(lacksOf, node.leaf, chunks) }
}

/** The bounds of a flat column's values in a chunk; empty where nothing is known. Texts are UTF-8 bytes, and may be cut: still no value is beyond them. */
export function chunkBounds({ field, physical }: Pick<ParquetLeaf, 'field' | 'physical'>, { statistics, valueCount }: Pick<ColumnChunk, 'statistics' | 'valueCount'>): ValueBounds {
  if (!statistics) return {}
  const { min, max, oldMin, oldMax, nullCount } = statistics
  const nulls = nullCount === undefined ? undefined : nullCount === 0 ? 'none' : nullCount === valueCount ? 'all' : undefined
  const isOld = hasSignedOrder(field.type)
  const least = storedBound(field.type, physical, min ?? (isOld ? oldMin : undefined))
  const greatest = storedBound(field.type, physical, max ?? (isOld ? oldMax : undefined))
  return { ...(nulls && { nulls }), ...(least !== undefined && { least }), ...(greatest !== undefined && { greatest }) }
}

// Types whose order is that of signed numbers, which is what old writers compared.
function hasSignedOrder({ kind }: DataType): boolean {
  return ['int8', 'int16', 'int32', 'int64', 'date', 'time', 'timestamp', 'float32', 'float64'].includes(kind)
}

function storedBound(type: DataType, physical: ParquetLeaf['physical'], bytes: Uint8Array | undefined): Stored | undefined {
  if (!bytes) return undefined
  if (type.kind === 'utf8' || type.kind === 'binary') return physical === 'BYTE_ARRAY' ? bytes : undefined
  if (type.kind === 'fixedBinary') return bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (physical) {
    case 'BOOLEAN':
      return bytes.length === 1 && type.kind === 'bool' ? bytes[0] === 1 : undefined
    case 'INT32':
      return bytes.length === 4 ? asStored(type, BigInt(type.kind === 'uint32' ? view.getUint32(0, true) : view.getInt32(0, true))) : undefined
    case 'INT64':
      return bytes.length === 8 ? asStored(type, type.kind === 'uint64' ? view.getBigUint64(0, true) : view.getBigInt64(0, true)) : undefined
    case 'FLOAT':
      return bytes.length === 4 && type.kind === 'float32' ? known(view.getFloat32(0, true)) : undefined
    case 'DOUBLE':
      return bytes.length === 8 && type.kind === 'float64' ? known(view.getFloat64(0, true)) : undefined
    default:
      return type.kind === 'decimal' && bytes.length > 0 && bytes.length <= 16 ? bigEndian(bytes) : undefined
  }
}

function asStored(type: DataType, value: bigint): Stored | undefined {
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16':
    case 'uint32':
    case 'date':
      return Number(value)
    case 'int64':
    case 'uint64':
    case 'time':
    case 'timestamp':
    case 'decimal':
      return value
    default:
      return undefined
  }
}

function known(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value
}

// Two's complement.
function bigEndian(bytes: Uint8Array): bigint {
  const value = bytes.reduce((all, byte) => (all << 8n) | BigInt(byte), 0n)
  return BigInt.asIntN(8 * bytes.length, value)
}
