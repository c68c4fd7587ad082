// Parquet's metadata as TypeScript has it, read from Thrift (apache/parquet-format, parquet.thrift). Only what reading needs is kept;
// everything is as the file claims, unchecked but for its form: `read-footer.ts` and the decoder check it before use.
import type { ChunkCipher } from './chunk-cipher.ts'
import { type ColumnCryptoMetadata, type EncryptionAlgorithm, readAlgorithm, readColumnCrypto } from './crypto-metadata.ts'
import { type ThriftReader, thriftType } from './read-thrift.ts'
import { readSortingColumn, type SortingColumn } from './sorting-columns.ts'

/** Physical types by their number. */
export const physicalTypes = ['BOOLEAN', 'INT32', 'INT64', 'INT96', 'FLOAT', 'DOUBLE', 'BYTE_ARRAY', 'FIXED_LEN_BYTE_ARRAY'] as const
/** A physical type's name. */
export type PhysicalType = (typeof physicalTypes)[number]
/** Codecs by their number. */
export const codecs = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'LZO', 'BROTLI', 'LZ4', 'ZSTD', 'LZ4_RAW'] as const
/** Encodings by their number; 1 was never used. */
export const encodings = [
  'PLAIN',
  '?',
  'PLAIN_DICTIONARY',
  'RLE',
  'BIT_PACKED',
  'DELTA_BINARY_PACKED',
  'DELTA_LENGTH_BYTE_ARRAY',
  'DELTA_BYTE_ARRAY',
  'RLE_DICTIONARY',
  'BYTE_STREAM_SPLIT',
] as const
/** Converted types (the older annotation) by their number. */
export const convertedTypes = [
  'UTF8',
  'MAP',
  'MAP_KEY_VALUE',
  'LIST',
  'ENUM',
  'DECIMAL',
  'DATE',
  'TIME_MILLIS',
  'TIME_MICROS',
  'TIMESTAMP_MILLIS',
  'TIMESTAMP_MICROS',
  'UINT_8',
  'UINT_16',
  'UINT_32',
  'UINT_64',
  'INT_8',
  'INT_16',
  'INT_32',
  'INT_64',
  'JSON',
  'BSON',
  'INTERVAL',
] as const

/** A logical type: its name, and what it carries. */
export interface LogicalType {
  name: string
  unit?: 'ms' | 'us' | 'ns'
  bitWidth?: number
  signed?: boolean
  scale?: number
  precision?: number
}

/** A node of the schema's tree, in depth-first order. */
export interface SchemaElement {
  name: string
  type?: number
  typeLength: number
  /** 0 required, 1 optional, 2 repeated. */
  repetition: number
  children: number
  converted?: number
  scale?: number
  precision?: number
  logical?: LogicalType
}

/** What a writer says of a chunk's values; bytes as PLAIN has them, those of texts without a length. */
export interface ChunkStatistics {
  /** Of the column's own order. */
  min?: Uint8Array | undefined
  max?: Uint8Array | undefined
  /** Of signed bytes, whatever the type: what old writers left. */
  oldMin?: Uint8Array | undefined
  oldMax?: Uint8Array | undefined
  nullCount?: number
}

/** Where something beside the pages lies. */
export interface IndexPlace {
  offset: number
  bytes: number
}

/** Where a column's pages lie, and how they are packed. */
export interface ColumnChunk {
  type: number
  path: string[]
  /** Of its pages, as the writer says; for people only. */
  encodings?: number[]
  codec: number
  valueCount: number
  compressedBytes: number
  /** Unpacked. */
  bytes?: number
  dataOffset: number
  dictionaryOffset?: number
  statistics?: ChunkStatistics
  /** The bounds of its pages. */
  columnIndex?: IndexPlace
  /** The places of its pages. */
  offsetIndex?: IndexPlace
  /** 0 bytes where their number isn't said. */
  bloomFilter?: IndexPlace
  /** Set where the pages are in another file. */
  filePath?: string
  /** True where its pages can't be read for want of a key, or there is no metadata. */
  encrypted: boolean
  /** Whose key it has, where it is encrypted. */
  crypto?: ColumnCryptoMetadata
  /** Its metadata, as an encrypted module. */
  sealedMetadata?: Uint8Array
  /** What opens its modules, once its key is known; else why not. */
  cipher?: ChunkCipher
  refusal?: { readonly code: string; readonly what: string; readonly remedy: string }
}

/** Rows and their columns' chunks. */
export interface RowGroup {
  rowCount: number
  bytes: number
  chunks: ColumnChunk[]
  /** By which columns its rows are in order, as the writer says. */
  sorting?: SortingColumn[]
}

/** A file's footer. */
export interface FileMetadata {
  version: number
  rowCount: number
  schema: SchemaElement[]
  rowGroups: RowGroup[]
  createdBy: string
  keyValues: [key: string, value: string][]
  /** Of a file with encrypted columns whose footer is plain. */
  algorithm?: EncryptionAlgorithm
  keyMetadata?: Uint8Array
}

/** What stands before a page. Types: 0 data, 1 index, 2 dictionary, 3 data in version 2. */
export interface PageHeader {
  type: number
  bytes: number
  compressedBytes: number
  crc?: number
  valueCount: number
  encoding: number
  /** Of the definition levels; version 1 only, as that of the repetition levels. */
  levelEncoding: number
  repetitionEncoding: number
  /** Version 2 only: values that are null, rows, bytes of the levels, whether the rest is compressed. */
  nullCount: number
  rowCount?: number
  definitionBytes: number
  repetitionBytes: number
  compressed: boolean
}

/** The footer. Throws DataError THRIFT. */
export function readFileMetadata(reader: ThriftReader): FileMetadata {
  const metadata: FileMetadata = { version: 0, rowCount: 0, schema: [], rowGroups: [], createdBy: '', keyValues: [] }
  reader.struct((id, type) => {
    if (id === 1 && isInt(type)) metadata.version = reader.int()
    else if (id === 2 && type === thriftType.list) metadata.schema = reader.list(() => readSchemaElement(reader))
    else if (id === 3 && isInt(type)) metadata.rowCount = reader.int()
    else if (id === 4 && type === thriftType.list) metadata.rowGroups = reader.list(() => readRowGroup(reader))
    else if (id === 5 && type === thriftType.list) metadata.keyValues = reader.list(() => readKeyValue(reader))
    else if (id === 6 && type === thriftType.binary) metadata.createdBy = reader.text()
    else if (id === 8 && type === thriftType.struct) metadata.algorithm = readAlgorithm(reader)
    else if (id === 9 && type === thriftType.binary) metadata.keyMetadata = reader.binary().slice()
    else return false
    return true
  })
  return metadata
}

function readKeyValue(reader: ThriftReader): [string, string] {
  const pair: [string, string] = ['', '']
  reader.struct((id, type) => {
    if ((id !== 1 && id !== 2) || type !== thriftType.binary) return false
    pair[id - 1] = reader.text()
    return true
  })
  return pair
}

/** A page's header. Throws DataError THRIFT, ThriftCut where the bytes end too early. */
export function readPageHeader(reader: ThriftReader): PageHeader {
  const header: PageHeader = {
    type: -1,
    bytes: -1,
    compressedBytes: -1,
    valueCount: -1,
    encoding: -1,
    levelEncoding: 3,
    repetitionEncoding: 3,
    nullCount: 0,
    definitionBytes: 0,
    repetitionBytes: 0,
    compressed: true,
  }
  reader.struct((id, type) => {
    if (id === 1 && isInt(type)) header.type = reader.int()
    else if (id === 2 && isInt(type)) header.bytes = reader.int()
    else if (id === 3 && isInt(type)) header.compressedBytes = reader.int()
    else if (id === 4 && isInt(type)) header.crc = reader.int()
    else if ((id === 5 || id === 7) && type === thriftType.struct) readDataHeader(reader, header)
    else if (id === 8 && type === thriftType.struct) readDataHeader2(reader, header)
    else return false
    return true
  })
  return header
}

function isInt(type: number): boolean {
  return type === thriftType.i32 || type === thriftType.i64 || type === thriftType.i16
}

function readDataHeader(reader: ThriftReader, header: PageHeader): void {
  reader.struct((id, type) => {
    if (id === 1 && isInt(type)) header.valueCount = reader.int()
    else if (id === 2 && isInt(type)) header.encoding = reader.int()
    else if (id === 3 && isInt(type)) header.levelEncoding = reader.int()
    else if (id === 4 && isInt(type)) header.repetitionEncoding = reader.int()
    else return false
    return true
  })
}

function readDataHeader2(reader: ThriftReader, header: PageHeader): void {
  reader.struct((id, type) => {
    if (id === 1 && isInt(type)) header.valueCount = reader.int()
    else if (id === 2 && isInt(type)) header.nullCount = reader.int()
    else if (id === 3 && isInt(type)) header.rowCount = reader.int()
    else if (id === 4 && isInt(type)) header.encoding = reader.int()
    else if (id === 5 && isInt(type)) header.definitionBytes = reader.int()
    else if (id === 6 && isInt(type)) header.repetitionBytes = reader.int()
    else if (id === 7) header.compressed = reader.bool(type)
    else return false
    return true
  })
}

function readSchemaElement(reader: ThriftReader): SchemaElement {
  const element: SchemaElement = { name: '', typeLength: 0, repetition: 0, children: 0 }
  reader.struct((id, type) => {
    if (id === 1 && isInt(type)) element.type = reader.int()
    else if (id === 2 && isInt(type)) element.typeLength = reader.int()
    else if (id === 3 && isInt(type)) element.repetition = reader.int()
    else if (id === 4 && type === thriftType.binary) element.name = reader.text()
    else if (id === 5 && isInt(type)) element.children = reader.int()
    else if (id === 6 && isInt(type)) element.converted = reader.int()
    else if (id === 7 && isInt(type)) element.scale = reader.int()
    else if (id === 8 && isInt(type)) element.precision = reader.int()
    else if (id === 10 && type === thriftType.struct) element.logical = readLogicalType(reader)
    else return false
    return true
  })
  return element
}

const logicalNames: Record<number, string> = {
  1: 'STRING',
  2: 'MAP',
  3: 'LIST',
  4: 'ENUM',
  5: 'DECIMAL',
  6: 'DATE',
  7: 'TIME',
  8: 'TIMESTAMP',
  10: 'INTEGER',
  11: 'UNKNOWN',
  12: 'JSON',
  13: 'BSON',
  14: 'UUID',
  15: 'FLOAT16',
  16: 'VARIANT',
  17: 'GEOMETRY',
  18: 'GEOGRAPHY',
}

function readLogicalType(reader: ThriftReader): LogicalType {
  const logical: LogicalType = { name: '' }
  reader.struct((id, type) => {
    logical.name = logicalNames[id] ?? `number ${id}`
    if (type !== thriftType.struct || (id !== 5 && id !== 7 && id !== 8 && id !== 10)) return false
    reader.struct((inner, innerType) => {
      if (id === 5 && inner === 1 && isInt(innerType)) logical.scale = reader.int()
      else if (id === 5 && inner === 2 && isInt(innerType)) logical.precision = reader.int()
      else if (id === 10 && inner === 1 && innerType === thriftType.byte) logical.bitWidth = reader.byte()
      else if (id === 10 && inner === 2) logical.signed = reader.bool(innerType)
      else if (id !== 10 && id !== 5 && inner === 2 && innerType === thriftType.struct) readUnit(reader, logical)
      else return false
      return true
    })
    return true
  })
  return logical
}

function readUnit(reader: ThriftReader, logical: LogicalType): void {
  reader.struct(id => {
    logical.unit = ([undefined, 'ms', 'us', 'ns'] as const)[id]
    return false
  })
}

function readRowGroup(reader: ThriftReader): RowGroup {
  const group: RowGroup = { rowCount: 0, bytes: 0, chunks: [] }
  reader.struct((id, type) => {
    if (id === 1 && type === thriftType.list) group.chunks = reader.list(() => readColumnChunk(reader))
    else if (id === 2 && isInt(type)) group.bytes = reader.int()
    else if (id === 3 && isInt(type)) group.rowCount = reader.int()
    else if (id === 4 && type === thriftType.list) group.sorting = reader.list(() => readSortingColumn(reader))
    else return false
    return true
  })
  return group
}

function readColumnChunk(reader: ThriftReader): ColumnChunk {
  const chunk: ColumnChunk = { type: -1, path: [], codec: 0, valueCount: -1, compressedBytes: -1, dataOffset: -1, encrypted: true }
  const [offsetIndex, columnIndex] = [{ offset: 0, bytes: 0 }, { offset: 0, bytes: 0 }]
  reader.struct((id, type) => {
    if (id === 1 && type === thriftType.binary) chunk.filePath = reader.text()
    else if (id === 3 && type === thriftType.struct) readColumnMetadata(reader, chunk)
    else if (id === 4 && isInt(type)) offsetIndex.offset = reader.int()
    else if (id === 5 && isInt(type)) offsetIndex.bytes = reader.int()
    else if (id === 6 && isInt(type)) columnIndex.offset = reader.int()
    else if (id === 7 && isInt(type)) columnIndex.bytes = reader.int()
    else if (id === 8 && type === thriftType.struct) chunk.crypto = readColumnCrypto(reader)
    else if (id === 9 && type === thriftType.binary) chunk.sealedMetadata = reader.binary().slice()
    else return false
    return true
  })
  if (offsetIndex.bytes > 0) chunk.offsetIndex = offsetIndex
  if (columnIndex.bytes > 0) chunk.columnIndex = columnIndex
  return chunk
}

/** What a chunk's metadata say, into `chunk`. Throws DataError THRIFT. */
export function readColumnMetadata(reader: ThriftReader, chunk: ColumnChunk): void {
  chunk.encrypted = false
  reader.struct((id, type) => {
    if (id === 1 && isInt(type)) chunk.type = reader.int()
    else if (id === 2 && type === thriftType.list) chunk.encodings = reader.list(() => reader.int())
    else if (id === 3 && type === thriftType.list) chunk.path = reader.list(() => reader.text())
    else if (id === 4 && isInt(type)) chunk.codec = reader.int()
    else if (id === 5 && isInt(type)) chunk.valueCount = reader.int()
    else if (id === 6 && isInt(type)) chunk.bytes = reader.int()
    else if (id === 7 && isInt(type)) chunk.compressedBytes = reader.int()
    else if (id === 9 && isInt(type)) chunk.dataOffset = reader.int()
    else if (id === 11 && isInt(type)) chunk.dictionaryOffset = reader.int()
    else if (id === 12 && type === thriftType.struct) chunk.statistics = readStatistics(reader)
    else if (id === 14 && isInt(type)) chunk.bloomFilter = { offset: reader.int(), bytes: 0 }
    else if (id === 15 && isInt(type)) chunk.bloomFilter = { offset: chunk.bloomFilter?.offset ?? 0, bytes: reader.int() }
    else return false
    return true
  })
}

/** Longer bounds are of no use. */
const boundBytesMax = 1024

function boundOf(reader: ThriftReader): Uint8Array | undefined {
  const bytes = reader.binary()
  return bytes.length <= boundBytesMax ? bytes.slice() : undefined
}

function readStatistics(reader: ThriftReader): ChunkStatistics {
  const statistics: ChunkStatistics = {}
  reader.struct((id, type) => {
    if (id === 1 && type === thriftType.binary) statistics.oldMax = boundOf(reader)
    else if (id === 2 && type === thriftType.binary) statistics.oldMin = boundOf(reader)
    else if (id === 3 && isInt(type)) statistics.nullCount = reader.int()
    else if (id === 5 && type === thriftType.binary) statistics.max = boundOf(reader)
    else if (id === 6 && type === thriftType.binary) statistics.min = boundOf(reader)
    else return false
    return true
  })
  return statistics
}
