// A Parquet file's row groups and column chunks, as its footer tells of them, and their pages where they are asked for.
import type { ByteReader } from '../../base/bytes.ts'
import { PlanError } from '../../base/errors.ts'
import { didYouMean } from '../../base/names.ts'
import { codecs, type ColumnChunk, encodings } from '../../format/parquet/metadata.ts'
import type { KeySet } from '../../format/parquet/parquet-keys.ts'
import { type ParquetColumn, type ParquetFile, readFooter } from '../../format/parquet/read-footer.ts'
import { leavesOf, type ParquetLeaf } from '../../format/parquet/schema-tree.ts'
import { chunkBoundTexts } from './bounds.ts'
import { type PageInfo, pagesOfChunk } from './pages.ts'

/** What of a file is told. */
export interface ParquetLook {
  readonly keys: KeySet | undefined
  /** Only these columns. */
  readonly select: readonly string[] | undefined
  /** Only this row group. */
  readonly rowGroup: number | undefined
  readonly pages: boolean
}

/** A column chunk. */
export interface ChunkInfo {
  /** The column's name; of a leaf inside one its path. */
  readonly column: string
  readonly codec: string
  readonly encodings: readonly string[]
  readonly values: number
  readonly compressedBytes: number
  /** As its pages are unpacked; null where the writer did not say. */
  readonly bytes: number | null
  readonly pageIndex: 'none' | 'places' | 'places and bounds'
  readonly bloomFilter: boolean
  /** Whose key it has; null of one that is not encrypted. */
  readonly encryption: 'footer key' | 'column key' | null
  /** Why its pages can't be read: no key, or the wrong one. Then little else is known. */
  readonly closed?: string
  readonly nulls: number | null
  readonly min: string | null
  readonly max: string | null
  readonly pages?: readonly PageInfo[]
}

/** A file. */
export interface ParquetInfo {
  readonly createdBy: string
  readonly rows: number
  readonly columns: readonly ParquetColumn[]
  readonly rowGroupCount: number
  readonly rowGroups: readonly { readonly rowGroup: number; readonly rows: number; readonly sortedBy: readonly string[]; readonly columns: readonly ChunkInfo[] }[]
}

/** Looks at a file. Throws DataError; PlanError NO_COLUMN, ROW_GROUP. */
export function inspectParquet(reader: ByteReader, name: string, look: ParquetLook): ParquetInfo {
  const { createdBy, rowCount, columns, rowGroups } = readFooter(reader, name, undefined, look.keys)
  const chosen = chosenColumns(columns, look.select, name)
  if (look.rowGroup !== undefined && look.rowGroup >= rowGroups.length)
    throw new PlanError('ROW_GROUP', `--row-group ${look.rowGroup}: ${name} has ${rowGroups.length === 0 ? 'no row groups' : `the row groups 0 to ${rowGroups.length - 1}`}; name one of them`)
  const groups = rowGroups.flatMap((group, rowGroup) => {
    if (look.rowGroup !== undefined && rowGroup !== look.rowGroup) return []
    const chunks = chosen.flatMap(column => leavesOfColumn(column).map(leaf => chunkInfo(reader, column, leaf, group, look.pages, `${name}, row group ${rowGroup}, column "${leaf.field.name}"`)))
    return [{ rowGroup, rows: group.rowCount, sortedBy: sortedBy(group, columns), columns: chunks }]
  })
  return { createdBy, rows: rowCount, columns: chosen, rowGroupCount: rowGroups.length, rowGroups: groups }
}

function chosenColumns(columns: readonly ParquetColumn[], select: readonly string[] | undefined, name: string): readonly ParquetColumn[] {
  if (!select) return columns
  const names = columns.map(({ field }) => field.name)
  const missing = select.find(one => !names.includes(one))
  if (missing !== undefined) throw new PlanError('NO_COLUMN', `--select: no column "${missing}"; ${name} has ${names.join(', ')}${didYouMean(missing, names)}`)
  return columns.filter(({ field }) => select.includes(field.name))
}

// A nested column has a chunk for each leaf, whose name is its path; one that can't be read is not told of.
function leavesOfColumn(column: ParquetColumn): ParquetLeaf[] {
  if (column.unreadable !== undefined) return []
  return column.nested ? leavesOf(column.nested).map(({ leaf }) => leaf) : [column]
}

function chunkInfo(reader: ByteReader, column: ParquetColumn, leaf: ParquetLeaf, { rowCount, chunks }: ParquetFile['rowGroups'][number], pages: boolean, where: string): ChunkInfo {
  const chunk = chunks[leaf.leaf]!
  const encryption = chunk.crypto?.kind ?? null
  const closed = chunk.encrypted || chunk.refusal ? { closed: chunk.refusal?.what ?? 'the column is encrypted' } : {}
  return {
    column: leaf.field.name,
    codec: codecs[chunk.codec] ?? `${chunk.codec}`,
    encodings: (chunk.encodings ?? []).map(number => encodings[number] ?? `${number}`),
    values: chunk.valueCount,
    compressedBytes: chunk.compressedBytes,
    bytes: chunk.bytes ?? null,
    pageIndex: indexOf(chunk),
    bloomFilter: chunk.bloomFilter !== undefined,
    encryption,
    ...closed,
    nulls: chunk.statistics?.nullCount ?? null,
    ...chunkBoundTexts(leaf, chunk),
    ...(pages && { pages: 'closed' in closed || chunk.filePath ? [] : pagesOfChunk(reader, leaf, chunk, rowCount, !column.nested, where) }),
  }
}

function indexOf({ offsetIndex, columnIndex }: ColumnChunk): ChunkInfo['pageIndex'] {
  return offsetIndex === undefined ? 'none' : columnIndex === undefined ? 'places' : 'places and bounds'
}

// As sort keys are written: "-day" is descending.
function sortedBy({ sorting = [] }: ParquetFile['rowGroups'][number], columns: readonly ParquetColumn[]): string[] {
  const leaves = columns.flatMap(leavesOfColumn)
  return sorting.map(({ leaf, descending, nullsFirst }) => `${descending ? '-' : ''}${leaves.find(other => other.leaf === leaf)?.field.name ?? `leaf ${leaf}`}${nullsFirst ? ' (nulls first)' : ''}`)
}
