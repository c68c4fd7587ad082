// Arrow's schema message to the engine's fields (apache/arrow, format/Schema.fbs): which columns there are, how they are laid out, and why some
// can't be read.
import { DataError } from '../../base/errors.ts'
import type { Field } from '../../batch/schema.ts'
import { type ArrowNode, mapType, typeNames } from './read-type.ts'
import type { FlatTable } from './read-flat.ts'

/** A top-level column. `nodes`, `buffers` and `variadic` are how many entries of a record batch it takes. `node` is there where it can be read. */
export interface ArrowColumn {
  readonly field: Field
  readonly unreadable?: string
  readonly node?: ArrowNode
  readonly nodes: number
  readonly buffers: number
  readonly variadic: number
}

const depthMax = 64
// Tables may point at the same children again and again: work is bounded by this, not by the bytes.
const fieldsMax = 100_000
type Budget = { fields: number }

/**
 * The columns of a schema. Every type has its own, but for these: date64 is timestamp[ms], decimals of 32 and 64 bits are decimals, intervals of all units
 * are intervals; strings, bytes and lists of all layouts are utf8, binary and lists; a zone of UTC is none. The rest is listed as `unreadable`.
 * Throws DataError FLATBUFFER, ARROW_ENDIAN, ARROW_SCHEMA, DUPLICATE_COLUMN.
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
  const size = field.table(4) ? dictionarySize : sizeOf(field, version, where, 0, budget)
  const node = nodeOf(field, where, 0, { fields: fieldsMax })
  if (typeof node === 'string') return { field: { name, type: { kind: 'binary' }, nullable: true }, unreadable: node, ...size }
  return { field: { name, type: node.type, nullable }, node, ...size }
}

// How a field and its children lie, or what it is where Millrace can't read it.
function nodeOf(field: FlatTable, where: string, depth: number, budget: Budget): ArrowNode | string {
  checkBudget(depth, budget, where)
  const children: { name: string; nullable: boolean; node: ArrowNode }[] = []
  for (const child of field.tables(5)) {
    const node = nodeOf(child, where, depth + 1, budget)
    if (typeof node === 'string') return node.endsWith(' (nested)') ? node : `${node} (nested)`
    children.push({ name: child.text(0), nullable: child.bool(1), node })
  }
  const mapped = mapType(field.u8(2), field.table(3), children)
  if (typeof mapped === 'string') return mapped
  const encoding = field.table(4)
  if (!encoding) return mapped
  const index = encoding.table(1)
  const bits = index ? index.i32(0) : 32
  if (bits !== 8 && bits !== 16 && bits !== 32 && bits !== 64)
    throw new DataError('ARROW_SCHEMA', `${where}, column "${field.text(0)}": dictionary indices of ${bits} bits; the file is corrupt`)
  return { ...mapped, dictionary: { id: encoding.i64(0), bytes: (bits / 8) as 1 | 2 | 4 | 8, signed: index ? index.bool(1) : true } }
}

const dictionarySize = { nodes: 1, buffers: 2, variadic: 0 }

// Entries of a record batch that a field and its children take (Columnar.rst, "Buffer listing for each layout").
function sizeOf(field: FlatTable, version: number, where: string, depth: number, budget: Budget): { nodes: number; buffers: number; variadic: number } {
  checkBudget(depth, budget, where)
  const type = field.u8(2)
  const size = { nodes: 1, buffers: ownBuffers(type, field.table(3), version), variadic: type === 23 || type === 24 ? 1 : 0 }
  if (type === 0 || type >= typeNames.length)
    throw new DataError('ARROW_SCHEMA', `${where}, column "${field.text(0)}": type number ${type}; the file is corrupt or newer than this version of Millrace`)
  for (const child of field.tables(5)) {
    const inner = child.table(4) ? dictionarySize : sizeOf(child, version, where, depth + 1, budget)
    size.nodes += inner.nodes
    size.buffers += inner.buffers
    size.variadic += inner.variadic
  }
  return size
}

function checkBudget(depth: number, budget: Budget, where: string): void {
  if (depth > depthMax || --budget.fields < 0)
    throw new DataError('ARROW_SCHEMA', `${where}: columns are nested deeper than ${depthMax}, or there are more than ${fieldsMax}; the file is corrupt`)
}

function ownBuffers(type: number, parameters: FlatTable | undefined, version: number): number {
  if (type === 1 || type === 22) return 0
  if (type === 13 || type === 16) return 1
  // Unions had a validity bitmap before version 5.
  if (type === 14) return (parameters?.i16(0) === 1 ? 2 : 1) + (version < 4 ? 1 : 0)
  if (type === 4 || type === 5 || type === 19 || type === 20 || type === 25 || type === 26) return 3
  return 2
}
