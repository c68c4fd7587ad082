// `parquetMetadata`: what a Parquet file's footer says, as plain data. No values are read, no engine is opened.
import { typeName } from '../batch/type-name.ts'
import type { Value } from '../batch/value.ts'
import { boundValue } from '../format/parquet/bound-value.ts'
import { chunkBounds } from '../format/parquet/chunk-bounds.ts'
import { codecs, type ColumnChunk, encodings } from '../format/parquet/metadata.ts'
import { hideKeys, type ParquetDecryption, revealKeys } from '../format/parquet/parquet-keys.ts'
import { type ParquetColumn, readFooter } from '../format/parquet/read-footer.ts'
import { leavesOf, type ParquetLeaf } from '../format/parquet/schema-tree.ts'
import { untilFetched } from '../source/fetched-file.ts'
import { openSources } from '../source/fetched-files.ts'
import type { HttpOptions } from '../source/http-ranges.ts'
import { withFile } from '../source/open-file.ts'
import { parquetScan } from '../source/parquet.ts'
import { type FileInput, namedFiles } from './file-input.ts'

/** How a file is looked at. */
export interface FileOptions {
  /** The keys of encrypted columns and footers, as `read.parquet` takes them. Of columns without one, what stands in a plain footer is told. */
  readonly decryption?: ParquetDecryption
  /** How a file behind an http(s) address is asked for. */
  readonly http?: HttpOptions
  readonly signal?: AbortSignal
}

/** A column chunk: the values of a column, or of a leaf of a nested one, in one row group. */
export interface ParquetChunkMetadata {
  /** The leaf's path through the file's schema, the column's name first. */
  readonly path: readonly string[]
  /** The leaf's type; null of a column that can't be read. */
  readonly type: string | null
  readonly codec: string
  readonly encodings: readonly string[]
  /** Entries with nulls; of lists also one for each that is empty. */
  readonly values: number
  /** Where its pages begin in the file. */
  readonly offset: number
  readonly compressedBytes: number
  /** As its pages are unpacked; null where the writer did not say. */
  readonly bytes: number | null
  readonly hasPageIndex: boolean
  readonly hasBloomFilter: boolean
  /** What the statistics say; null where they say nothing. Bounds of texts and bytes may be cut: no value lies beyond them. */
  readonly nulls: number | null
  readonly min: Value
  readonly max: Value
}

/** A Parquet file's footer. */
export interface ParquetMetadata {
  readonly rows: number
  readonly createdBy: string
  /** The columns that can be read, as `read.parquet` gives them. */
  readonly schema: Readonly<Record<string, string>>
  /** Those that can't, and why. */
  readonly unreadable: Readonly<Record<string, string>>
  /** What writers left beside: texts by key. */
  readonly keyValues: Readonly<Record<string, string>>
  readonly rowGroups: readonly { readonly rows: number; readonly columns: readonly ParquetChunkMetadata[] }[]
}

/** The footer of a Parquet file: schema, row groups, columns, encodings, sizes, statistics. Of a file that isn't local it alone is fetched. Throws DataError, ConnectorError as `read.parquet`. */
export async function parquetMetadata(file: FileInput, { http, signal, decryption }: FileOptions = {}): Promise<ParquetMetadata> {
  const where = 'parquetMetadata'
  const { paths, sources } = namedFiles(file, http, where)
  const path = paths[0]!
  const opened = sources.size > 0 ? await openSources('parquet', {}, sources, signal, where) : undefined
  try {
    const hidden = decryption && hideKeys(decryption)
    const options = { paths, ...(opened && { fetched: opened.set }), ...(hidden && { decryption: hidden }) } as Parameters<typeof parquetScan.resolve>[0]
    // First the footer's key, then those of columns.
    for (const columns of [[], undefined]) await untilFetched(() => parquetScan.prepare?.(options, where, columns))
    return await untilFetched(() => withFile(path, where, reader => metadataOf(readFooter(reader, path, undefined, hidden && revealKeys(hidden, where))), opened?.set))
  } finally {
    opened?.close()
  }
}

function metadataOf({ rowCount, createdBy, columns, keyValues, rowGroups }: ReturnType<typeof readFooter>): ParquetMetadata {
  const [readable, unreadable] = [columns.filter(c => c.unreadable === undefined), columns.filter(c => c.unreadable !== undefined)]
  const leaves = new Map(readable.flatMap(column => leavesOfColumn(column).map(leaf => [leaf.leaf, leaf] as const)))
  return {
    rows: rowCount,
    createdBy,
    schema: Object.fromEntries(readable.map(({ field }) => [field.name, typeName(field.type, field.nullable)])),
    unreadable: Object.fromEntries(unreadable.map(({ field, unreadable }) => [field.name, unreadable!])),
    keyValues: Object.fromEntries(keyValues),
    rowGroups: rowGroups.map(group => ({ rows: group.rowCount, columns: group.chunks.map((chunk, i) => chunkOf(leaves.get(i), chunk)) })),
  }
}

// A nested column has a chunk for each leaf.
function leavesOfColumn(column: ParquetColumn): ParquetLeaf[] {
  return column.nested ? leavesOf(column.nested).map(({ leaf }) => leaf) : [column]
}

function chunkOf(leaf: ParquetLeaf | undefined, chunk: ColumnChunk): ParquetChunkMetadata {
  const { least, greatest } = leaf ? chunkBounds(leaf, chunk) : {}
  const { dictionaryOffset = 0, dataOffset } = chunk
  return {
    path: chunk.path,
    type: leaf ? typeName(leaf.field.type, leaf.field.nullable) : null,
    codec: codecs[chunk.codec] ?? `${chunk.codec}`,
    encodings: (chunk.encodings ?? []).map(number => encodings[number] ?? `${number}`),
    values: chunk.valueCount,
    offset: dictionaryOffset > 0 && dictionaryOffset < dataOffset ? dictionaryOffset : dataOffset,
    compressedBytes: chunk.compressedBytes,
    bytes: chunk.bytes ?? null,
    hasPageIndex: chunk.offsetIndex !== undefined,
    hasBloomFilter: chunk.bloomFilter !== undefined,
    nulls: chunk.statistics?.nullCount ?? null,
    min: least === undefined ? null : boundValue(leaf!.field.type, least),
    max: greatest === undefined ? null : boundValue(leaf!.field.type, greatest),
  }
}
