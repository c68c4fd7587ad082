// A Parquet file's footer: which columns it has and how they map to the engine's types, and which row groups.
// Layout: "PAR1", pages, footer (Thrift), its length as u32, "PAR1"; with an encrypted footer "PARE" (`open-footer.ts`).
import type { ByteReader } from '../../base/bytes.ts'
import { DataError } from '../../base/errors.ts'
import { binary } from '../../batch/data-type.ts'
import type { Field } from '../../batch/schema.ts'
import type { Int96Unit } from './column-type.ts'
import type { ColumnChunk, FileMetadata, SchemaElement } from './metadata.ts'
import { type FooterBytes, openChunks, openFooter } from './open-footer.ts'
import type { KeySet } from './parquet-keys.ts'
import type { SortingColumn } from './sorting-columns.ts'
import { firstLeaf, type ParquetLeaf, type ParquetNode, SchemaTree } from './schema-tree.ts'

/** Bytes of a footer that are read at most; a larger one is an error. */
const footerBytesMax = 256 * 1024 * 1024
const tailBytes = 64 * 1024

/** A top-level column of a file. Of a nested one the leaf is its first. */
export interface ParquetColumn extends ParquetLeaf {
  /** Its field; for an unreadable one the name, with the type binary. */
  readonly field: Field
  /** Why the column can't be read, such as `a decimal of 50 digits`; undefined where it can. */
  readonly unreadable?: string
  /** What it is made of, where it is nested. */
  readonly nested?: ParquetNode
}

/** An opened file's description, as plain data. */
export interface ParquetFile {
  /** The rows of all row groups. */
  readonly rowCount: number
  /** What the footer itself says, which some writers get wrong. */
  readonly statedRowCount: number
  readonly columns: readonly ParquetColumn[]
  readonly rowGroups: readonly { readonly rowCount: number; readonly chunks: readonly ColumnChunk[]; readonly sorting?: readonly SortingColumn[] }[]
  readonly createdBy: string
  /** What the writer left beside: texts by key. */
  readonly keyValues: readonly (readonly [key: string, value: string])[]
}

/**
 * Reads and checks a footer. Annotations give the types; strings, enums and JSON are utf8, UUIDs binary(16), INT96 timestamp[ns], or in
 * the unit given. Groups are lists, maps and structs: see `schema-tree.ts`. Decimals of more than 38 digits, and what nests too deep, are listed as `unreadable`.
 * Encrypted columns without a key among `keys` are listed; reading them is an error. `where` is the file's name for messages. Throws DataError PARQUET_MAGIC, PARQUET_FOOTER,
 * PARQUET_SCHEMA, THRIFT, DUPLICATE_COLUMN, and what `openFooter` throws.
 */
export function readFooter(reader: ByteReader, where: string, int96?: Int96Unit, keys?: KeySet): ParquetFile {
  const footer = footerBytes(reader, where)
  const open = openFooter(footer, where, keys)
  const { metadata } = open
  const columns = readColumns(metadata.schema, where, int96)
  const leaves = metadata.schema.filter((element, i) => i > 0 && element.children === 0).length
  checkRowGroups(metadata, leaves, footer.start, where)
  openChunks(open, where, keys)
  // The footer's own row count is wrong with some writers; the row groups' are what is read.
  const rowGroups = metadata.rowGroups.map(g => ({ rowCount: g.rowCount, chunks: g.chunks, ...(g.sorting && { sorting: g.sorting }) }))
  return { rowCount: rowGroups.reduce((sum, g) => sum + g.rowCount, 0), statedRowCount: metadata.rowCount, columns, rowGroups, createdBy: metadata.createdBy, keyValues: metadata.keyValues }
}

/** The footer's bytes at a file's end. Throws DataError PARQUET_MAGIC, PARQUET_FOOTER. */
export function footerBytes(reader: ByteReader, where: string): FooterBytes {
  const { size } = reader
  if (size < 12) throw new DataError('PARQUET_MAGIC', `${where}: the file has ${size} bytes, a Parquet file has at least 12; it is cut or no Parquet file`)
  let tail = reader.read(Math.max(0, size - tailBytes), size)
  const magic = String.fromCharCode(...tail.subarray(-4))
  if (magic !== 'PAR1' && magic !== 'PARE')
    throw new DataError(
      'PARQUET_MAGIC',
      `${where}, byte ${size - 4}: a Parquet file ends in "PAR1", found ${JSON.stringify(magic)}; it is cut or no Parquet file`,
    )
  const length = new DataView(tail.buffer, tail.byteOffset, tail.byteLength).getUint32(tail.byteLength - 8, true)
  if (length > size - 12 || length > footerBytesMax)
    throw new DataError('PARQUET_FOOTER', `${where}, byte ${size - 8}: the footer is said to have ${length} bytes in a file of ${size}; the file is corrupt`)
  const start = size - 8 - length
  if (length + 8 > tail.byteLength) tail = reader.read(start, size)
  return { bytes: tail.subarray(tail.byteLength - 8 - length, tail.byteLength - 8), start, isSealed: magic === 'PARE' }
}

function readColumns(schema: readonly SchemaElement[], where: string, int96: Int96Unit | undefined): ParquetColumn[] {
  const root = schema[0]
  if (!root) throw new DataError('PARQUET_SCHEMA', `${where}: the footer has no schema; the file is corrupt`)
  const columns: ParquetColumn[] = []
  const names = new Set<string>()
  const tree = new SchemaTree(schema, where, int96)
  let at = 1
  let leaf = 0
  for (let i = 0; i < root.children; i++) {
    const element = schema[at]
    if (!element) throw new DataError('PARQUET_SCHEMA', `${where}: the schema promises ${root.children} columns, ${i} are there; the file is corrupt`)
    const size = subtree(schema, at, where)
    if (names.has(element.name))
      throw new DataError('DUPLICATE_COLUMN', `${where}: two columns are called "${element.name}"; rename one of them where the file is written`)
    names.add(element.name)
    columns.push(columnOf(tree, element, at, leaf))
    at += size.elements
    leaf += size.leaves
  }
  if (at !== schema.length) throw new DataError('PARQUET_SCHEMA', `${where}: the schema has ${schema.length} elements, its tree ${at}; the file is corrupt`)
  return columns
}

// Elements and leaves of the tree at `start`. Iterative: the depth is the file's to choose.
function subtree(schema: readonly SchemaElement[], start: number, where: string): { elements: number; leaves: number } {
  let open = 1
  let at = start
  let leaves = 0
  while (open > 0) {
    const element = schema[at]
    if (!element || element.children < 0)
      throw new DataError('PARQUET_SCHEMA', `${where}: the schema's element ${at} is missing or has ${element?.children} children; the file is corrupt`)
    open += element.children - 1
    if (element.children === 0) leaves++
    if (open > schema.length - at)
      throw new DataError(
        'PARQUET_SCHEMA',
        `${where}: the schema's element ${at} promises ${element.children} children, ${schema.length - at - 1} elements are left; the file is corrupt`,
      )
    at++
  }
  return { elements: at - start, leaves }
}

function columnOf(tree: SchemaTree, { name }: SchemaElement, start: number, leaf: number): ParquetColumn {
  try {
    const node = tree.column(start, leaf)
    if (node.kind === 'leaf') return node.leaf
    return { ...firstLeaf(node), field: { name, type: node.type, nullable: node.nullable }, nested: node }
  } catch (thrown) {
    if (!(thrown instanceof DataError) || thrown.code !== 'UNREADABLE_COLUMN') throw thrown
    return { field: { name, type: binary, nullable: true }, unreadable: thrown.message, leaf, physical: 'BYTE_ARRAY', typeLength: 0, stored: binary }
  }
}

function checkRowGroups(metadata: FileMetadata, leaves: number, dataEnd: number, where: string): void {
  metadata.rowGroups.forEach((group, g) => {
    if (group.rowCount < 0 || group.rowCount > 0x7fffffff)
      throw new DataError('PARQUET_FOOTER', `${where}, row group ${g}: the row count is ${group.rowCount}; the file is corrupt`)
    if (group.chunks.length !== leaves)
      throw new DataError(
        'PARQUET_FOOTER',
        `${where}, row group ${g}: ${group.chunks.length} column chunks, the schema has ${leaves} columns; the file is corrupt`,
      )
  })
  if (dataEnd < 4) throw new DataError('PARQUET_FOOTER', `${where}: the footer begins at byte ${dataEnd}; the file is corrupt`)
}
