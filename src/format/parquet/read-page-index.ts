// A chunk's page index (apache/parquet-format, PageIndex.md): where its pages lie, at which rows they begin, and the bounds of their values. It only helps: one that is broken, or
// contradicts itself or the chunk, is taken for none, and pages are read in order as ever.
import type { ByteReader } from '../../base/bytes.ts'
import { DataError } from '../../base/errors.ts'
import type { ValueBounds } from '../../batch/value-bounds.ts'
import { chunkBounds } from './chunk-bounds.ts'
import { openWhole } from './chunk-cipher.ts'
import type { ChunkStatistics, ColumnChunk } from './metadata.ts'
import { ThriftReader, thriftType } from './read-thrift.ts'
import type { ParquetLeaf } from './schema-tree.ts'

/** A data page: its place in the file, header included, and its rows. */
export interface PagePlace {
  readonly offset: number
  readonly bytes: number
  readonly firstRow: number
  readonly rows: number
}

const indexBytesMax = 64 * 1024 * 1024

/** The data pages of a chunk in a row group of `rowCount` rows; undefined where that isn't known. Their places follow each other without a gap, up to the chunk's end. */
export function readPagePlaces(reader: ByteReader, chunk: ColumnChunk, rowCount: number): readonly PagePlace[] | undefined {
  if (chunk.encrypted || chunk.filePath) return undefined
  return readIndex(reader, chunk, 'offset index', thrift => {
    let found: { offset: number; bytes: number; firstRow: number }[] = []
    thrift.struct((id, type) => {
      if (id !== 1 || type !== thriftType.list) return false
      found = thrift.list(() => readPlace(thrift))
      return true
    })
    const pages = found.map((page, i) => ({ ...page, rows: (found[i + 1]?.firstRow ?? rowCount) - page.firstRow }))
    return arePlaces(pages, chunk) ? pages : undefined
  })
}

function readPlace(thrift: ThriftReader): { offset: number; bytes: number; firstRow: number } {
  const page = { offset: -1, bytes: -1, firstRow: -1 }
  thrift.struct((id, type) => {
    if (type !== thriftType.i32 && type !== thriftType.i64) return false
    if (id === 1) page.offset = thrift.int()
    else if (id === 2) page.bytes = thrift.int()
    else if (id === 3) page.firstRow = thrift.int()
    else return false
    return true
  })
  return page
}

function arePlaces(pages: readonly PagePlace[], { dataOffset, dictionaryOffset = 0, compressedBytes }: ColumnChunk): boolean {
  const start = dictionaryOffset > 0 && dictionaryOffset < dataOffset ? dictionaryOffset : dataOffset
  const [first, last] = [pages[0], pages.at(-1)]
  if (!first || !last || first.offset < Math.max(4, start) || first.firstRow !== 0 || last.offset + last.bytes !== start + compressedBytes) return false
  return pages.every(({ offset, bytes, rows }, i) => bytes > 0 && rows > 0 && (i === pages.length - 1 || offset + bytes === pages[i + 1]!.offset))
}

/** What is known of the values of each of a flat column's pages; undefined where nothing is. */
export function readPageBounds(reader: ByteReader, leaf: ParquetLeaf, chunk: ColumnChunk, pages: readonly PagePlace[]): readonly ValueBounds[] | undefined {
  return readIndex(reader, chunk, 'column index', thrift => {
    let nullPages: boolean[] = []
    let least: Uint8Array[] = []
    let most: Uint8Array[] = []
    let nulls: number[] | undefined
    thrift.struct((id, type) => {
      if (type !== thriftType.list) return false
      if (id === 1) nullPages = thrift.list(() => thrift.byte() === thriftType.true)
      else if (id === 2) least = thrift.list(() => thrift.binary())
      else if (id === 3) most = thrift.list(() => thrift.binary())
      else if (id === 5) nulls = thrift.list(() => thrift.int())
      else return false
      return true
    })
    if ([nullPages, least, most, nulls ?? least].some(list => list.length !== pages.length)) return undefined
    if (!areNulls(nullPages, nulls, pages, chunk.statistics)) return undefined
    const bounds = pages.map(({ rows }, i): ValueBounds => {
      if (nullPages[i]) return { nulls: 'all' }
      return chunkBounds(leaf, { valueCount: rows, statistics: { min: least[i], max: most[i], ...(nulls && { nullCount: nulls[i]! }) } })
    })
    return bounds.every(({ least: low, greatest: high }) => isInOrder(low, high)) && areWithin(bounds, chunkBounds(leaf, chunk)) ? bounds : undefined
  })
}

// A page is all null exactly where its rows are counted so, and all counts make the chunk's.
function areNulls(nullPages: readonly boolean[], nulls: readonly number[] | undefined, pages: readonly PagePlace[], statistics: ChunkStatistics | undefined): boolean {
  if (!nulls) return true
  const total = statistics?.nullCount
  return (total === undefined || nulls.reduce((sum, count) => sum + count, 0) === total) && pages.every(({ rows }, i) => nulls[i]! >= 0 && nulls[i]! <= rows && nullPages[i] === (nulls[i] === rows))
}

function isInOrder(low: ValueBounds['least'], high: ValueBounds['least']): boolean {
  if (low === undefined || high === undefined) return true
  if (low instanceof Uint8Array && high instanceof Uint8Array) return compareBytes(low, high) <= 0
  return !(low > high)
}

// Numbers of pages lie within those of the chunk. Bytes may be cut elsewhere.
function areWithin(pages: readonly ValueBounds[], chunk: ValueBounds): boolean {
  const isBelow = (a: ValueBounds['least'], b: ValueBounds['least']) => a !== undefined && b !== undefined && !(a instanceof Uint8Array) && !(b instanceof Uint8Array) && a < b
  return pages.every(({ least, greatest }) => !isBelow(least, chunk.least) && !isBelow(chunk.greatest, greatest))
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at < 0 ? a.length - b.length : (a[at] ?? -1) - (b[at] ?? -1)
}

function readIndex<T>(reader: ByteReader, { offsetIndex, columnIndex, cipher }: ColumnChunk, kind: 'offset index' | 'column index', read: (thrift: ThriftReader) => T | undefined): T | undefined {
  const place = kind === 'offset index' ? offsetIndex : columnIndex
  if (!place || place.offset < 4 || place.bytes < 1 || place.bytes > indexBytesMax || place.offset + place.bytes > reader.size - 8) return undefined
  const stored = reader.read(place.offset, place.offset + place.bytes)
  const bytes = cipher ? openWhole(cipher, kind, stored) : stored
  if (!bytes) return undefined
  try {
    return read(new ThriftReader(bytes, 'page index', place.offset))
  } catch (thrown) {
    if (thrown instanceof DataError) return undefined
    throw thrown
  }
}
