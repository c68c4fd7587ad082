// What stands behind the row groups of a file being written: the page indexes, and the footer that says where everything is. Until then it is kept as plain data, so that a
// checkpoint or a message to another thread can carry it.
import type { ChunkCipher } from './chunk-cipher.ts'
import type { EncodedChunk } from './encoded-chunk.ts'
import { writeColumnCrypto } from './crypto-metadata.ts'
import type { FileSeal } from './file-seal.ts'
import { physicalTypes } from './metadata.ts'
import type { ModuleKind } from './module-cipher.ts'
import { type SortingColumn, writeSortingColumns } from './sorting-columns.ts'
import { offsetIndex } from './write-page-index.ts'
import { ThriftWriter } from './write-thrift.ts'
import { type WrittenLeaf, type WrittenNode, writeSchema } from './write-tree.ts'

interface Place {
  readonly offset: number
  readonly bytes: number
}

/** A written chunk; bytes are in hexadecimal. */
export interface ChunkEntry {
  readonly offset: number
  readonly dictionaryBytes: number
  readonly bytes: number
  readonly unpackedBytes: number
  readonly valueCount: number
  readonly nullCount: number
  readonly least?: string
  readonly most?: string
  readonly isLeastCut?: boolean
  readonly isMostCut?: boolean
  readonly encodings: readonly number[]
  /** Of each data page its bytes, and its rows. */
  readonly pages: readonly (readonly [number, number])[]
  readonly columnIndex?: string
  /** The place of its Bloom filter, and the bytes of the filter's header. */
  readonly bloom?: Place & { readonly headerBytes: number }
}

/** A written row group. */
export interface GroupEntry {
  readonly rowCount: number
  readonly chunks: readonly ChunkEntry[]
}

/** What the footer says of all row groups. */
export interface FileShape {
  readonly columns: readonly WrittenNode[]
  readonly leaves: readonly WrittenLeaf[]
  readonly codec: number
  /** Whether pages are indexed; undefined: in row groups where a chunk has more than one. */
  readonly pageIndex: boolean | undefined
  readonly sorting: readonly SortingColumn[]
  /** Of an encrypted file. */
  readonly seal: FileSeal | undefined
}

/** The entry of a chunk that begins at `offset`. */
export function chunkEntry(chunk: EncodedChunk, offset: number): ChunkEntry {
  const { dictionaryBytes, bytes, unpackedBytes, valueCount, nullCount, encodings, ends, pages, columnIndex } = chunk
  return {
    offset,
    dictionaryBytes,
    bytes,
    unpackedBytes,
    valueCount,
    nullCount,
    encodings,
    pages: pages.map(page => [page.bytes, page.rows]),
    ...(ends && { least: toHex(ends.least), most: toHex(ends.most), isLeastCut: ends.isLeastCut, isMostCut: ends.isMostCut }),
    ...(columnIndex && { columnIndex: toHex(columnIndex) }),
  }
}

/** The entry of a chunk whose file is put behind `by` other bytes. */
export function movedChunk(chunk: ChunkEntry, by: number): ChunkEntry {
  return { ...chunk, offset: chunk.offset + by, ...(chunk.bloom && { bloom: { ...chunk.bloom, offset: chunk.bloom.offset + by } }) }
}

/** The indexes of all pages, to be written at `start`, and behind them the footer, which is the last. */
export function fileEnd(shape: FileShape, groups: readonly GroupEntry[], start: number): Uint8Array[] {
  const parts: Uint8Array[] = []
  let at = start
  const hasIndex = (group: GroupEntry) => shape.pageIndex ?? group.chunks.some(({ pages }) => pages.length > 1)
  const indexed = groups.flatMap((group, rowGroup) => (hasIndex(group) ? group.chunks.map((chunk, leaf) => ({ chunk, cipher: shape.seal?.cipher(rowGroup, leaf) })) : []))
  const place = (plain: Uint8Array, kind: ModuleKind, cipher: ChunkCipher | undefined): Place => {
    const bytes = cipher ? cipher.seal(kind, plain) : plain
    parts.push(bytes)
    at += bytes.byteLength
    return { offset: at - bytes.byteLength, bytes: bytes.byteLength }
  }
  const columnIndexes = new Map(indexed.flatMap(({ chunk, cipher }) => (chunk.columnIndex === undefined ? [] : [[chunk, place(fromHex(chunk.columnIndex), 'column index', cipher)]])))
  const offsetIndexes = new Map(indexed.map(({ chunk, cipher }) => [chunk, place(offsetIndexOf(chunk), 'offset index', cipher)]))
  const metadata = footer(shape, groups, columnIndexes, offsetIndexes)
  return [...parts, shape.seal ? shape.seal.footer(metadata) : metadata]
}

function offsetIndexOf({ pages, offset, dictionaryBytes }: ChunkEntry): Uint8Array {
  return offsetIndex(pages.map(([bytes, rows]) => ({ bytes, rows })), offset + dictionaryBytes)
}

function footer(shape: FileShape, groups: readonly GroupEntry[], columnIndexes: ReadonlyMap<ChunkEntry, Place>, offsetIndexes: ReadonlyMap<ChunkEntry, Place>): Uint8Array {
  const thrift = new ThriftWriter()
  thrift.i32(1, 1)
  writeSchema(thrift, 2, shape.columns)
  thrift.i64(3, sumOf(groups, group => group.rowCount))
  const { seal } = shape
  let rowGroup = -1
  thrift.structs(4, groups, group => {
    rowGroup++
    thrift.structs(1, group.chunks, chunk => {
      const column = group.chunks.indexOf(chunk)
      const shown = seal?.shows(column) ?? 'all'
      thrift.i64(2, chunk.offset)
      if (shown !== 'none') writeMetadata(thrift.begin(3), shape, chunk, shape.leaves[column]!, shown === 'all').end()
      writePlace(thrift, 4, offsetIndexes.get(chunk))
      writePlace(thrift, 6, columnIndexes.get(chunk))
      const crypto = seal?.crypto(column)
      if (crypto) writeColumnCrypto(thrift, 8, crypto)
      if (shown !== 'all') thrift.binary(9, seal!.cipher(rowGroup, column)!.seal('column metadata', writeMetadata(new ThriftWriter(), shape, chunk, shape.leaves[column]!, true).finish()))
    })
    thrift.i64(2, sumOf(group.chunks, chunk => chunk.unpackedBytes)).i64(3, group.rowCount)
    writeSortingColumns(thrift, 4, shape.sorting)
    // Readers of encrypted files go by these where a column's metadata are sealed.
    if (seal) thrift.i64(5, group.chunks[0]!.offset).i64(6, sumOf(group.chunks, chunk => chunk.bytes)).i16(7, rowGroup)
  })
  thrift.binary(6, 'millrace')
  thrift.structs(7, shape.leaves, () => thrift.begin(1).end())
  seal?.describe(thrift)
  return thrift.finish()
}

function writeMetadata(thrift: ThriftWriter, { codec }: FileShape, chunk: ChunkEntry, leaf: WrittenLeaf, withBounds: boolean): ThriftWriter {
  thrift.i32(1, physicalTypes.indexOf(leaf.stored.physical)).i32s(2, chunk.encodings).texts(3, leaf.path).i32(4, codec)
  thrift.i64(5, chunk.valueCount).i64(6, chunk.unpackedBytes).i64(7, chunk.bytes).i64(9, chunk.offset + chunk.dictionaryBytes)
  if (chunk.dictionaryBytes > 0) thrift.i64(11, chunk.offset)
  if (!withBounds) return thrift
  thrift.begin(12).i64(3, chunk.nullCount)
  if (chunk.least !== undefined && chunk.most !== undefined) {
    thrift.binary(5, fromHex(chunk.most)).binary(6, fromHex(chunk.least))
    if (chunk.isLeastCut || chunk.isMostCut) thrift.bool(7, !chunk.isMostCut).bool(8, !chunk.isLeastCut)
  }
  thrift.end()
  if (chunk.bloom) writePlace(thrift, 14, chunk.bloom)
  return thrift
}

function writePlace(thrift: ThriftWriter, id: number, place: Place | undefined): void {
  if (place) thrift.i64(id, place.offset).i32(id + 1, place.bytes)
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0)
}

/** Bytes as hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}

/** The inverse of `toHex`. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}
