// The pages of a column chunk, as their headers and the page index tell of them.
import type { ByteReader } from '../../base/bytes.ts'
import type { ValueBounds } from '../../batch/value-bounds.ts'
import { type ColumnChunk, encodings } from '../../format/parquet/metadata.ts'
import { type PlacedHeader, readPageHeaders } from '../../format/parquet/read-page-headers.ts'
import { type PagePlace, readPageBounds, readPagePlaces } from '../../format/parquet/read-page-index.ts'
import type { ParquetLeaf } from '../../format/parquet/schema-tree.ts'
import { boundText } from './bounds.ts'

/** A page. What nothing tells is null. */
export interface PageInfo {
  /** Its number among the chunk's data pages; null of others. */
  readonly page: number | null
  readonly kind: string
  readonly encoding: string
  readonly offset: number
  /** As it lies in the file, header included, and as its body is unpacked. */
  readonly bytes: number
  readonly unpackedBytes: number
  /** Entries with nulls; of lists also one for each that is empty. Of a dictionary its values. */
  readonly values: number
  readonly rows: number | null
  /** Within the row group. */
  readonly firstRow: number | null
  readonly nulls: number | null
  readonly min: string | null
  readonly max: string | null
  readonly checksum: boolean
}

const kinds: Readonly<Record<number, string>> = { 0: 'data', 1: 'index', 2: 'dictionary', 3: 'data v2' }
const isData = (type: number) => type === 0 || type === 3

/** The pages of a chunk whose key, if it is encrypted, is known. `isFlat`: each row has one value. Throws as `readPageHeaders`. */
export function pagesOfChunk(reader: ByteReader, leaf: ParquetLeaf, chunk: ColumnChunk, rowCount: number, isFlat: boolean, where: string): PageInfo[] {
  const places = readPagePlaces(reader, chunk, rowCount)
  const bounds = places && chunk.columnIndex ? readPageBounds(reader, leaf, chunk, places) : undefined
  let page = -1
  let row = 0
  return Array.from(readPageHeaders(reader, chunk, where), placed => {
    const { header } = placed
    if (!isData(header.type)) return pageInfo(placed, leaf, { page: null, rows: null, firstRow: null })
    page++
    const place = places?.[page]
    const rows = place?.rows ?? header.rowCount ?? (isFlat ? header.valueCount : undefined)
    const firstRow = row
    row += rows ?? Number.NaN
    return pageInfo(placed, leaf, { page, rows: rows ?? null, firstRow: place?.firstRow ?? known(firstRow) }, place, bounds?.[page])
  })
}

function known(row: number): number | null {
  return Number.isNaN(row) ? null : row
}

function pageInfo({ offset, headerBytes, header }: PlacedHeader, leaf: ParquetLeaf, own: Pick<PageInfo, 'page' | 'rows' | 'firstRow'>, place?: PagePlace, bounds: ValueBounds = {}): PageInfo {
  const byIndex = bounds.nulls === 'none' ? 0 : bounds.nulls === 'all' ? (place?.rows ?? null) : null
  return {
    ...own,
    kind: kinds[header.type] ?? `type ${header.type}`,
    encoding: encodings[header.encoding] ?? `${header.encoding}`,
    offset,
    bytes: headerBytes + header.compressedBytes,
    unpackedBytes: header.bytes,
    values: header.valueCount,
    nulls: header.type === 3 ? header.nullCount : byIndex,
    min: boundText(leaf, bounds.least),
    max: boundText(leaf, bounds.greatest),
    checksum: header.crc !== undefined,
  }
}
