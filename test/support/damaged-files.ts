// Small files of every format, what damages them, and what reads them to the end: for tests that bytes from anywhere are read or refused.
import { bytesReader } from '../../src/base/bytes.ts'
import { type Random, random } from '../../src/base/random.ts'
import { releaseArena } from '../../src/device/arena.ts'
import { CsvDecoder } from '../../src/compute/csv.ts'
import { decodeJsonRecords } from '../../src/compute/json.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { pageBytes, reservedPages } from '../../src/device/pages.ts'
import { CsvReader } from '../../src/format/csv/csv-reader.ts'
import { hideEncryption } from '../../src/format/parquet/write-encryption.ts'
import { LineReader } from '../../src/format/json/line-reader.ts'
import { lacksValue } from '../../src/format/parquet/bloom-filter.ts'
import { pagePieces } from '../../src/format/parquet/page-pieces.ts'
import { readFooter } from '../../src/format/parquet/read-footer.ts'
import { csvFields, dialects, sampleCsv } from '../compute/reference/csv.ts'
import { sampleFields, sampleRecord } from '../compute/reference/json.ts'
import { allTypes, allTypesRows, exact, readArrowRows, readParquet, writeArrow, writeParquet } from './format-files.ts'
import { nestedShape } from './nested-samples.ts'
import { plainParquet } from './plain-parquet.ts'
import { rowsOf, sampleValues, shapes } from './samples.ts'

/** A valid file, and what reads it: the rows and refused records as text. Throws DataError. */
export interface FileKind {
  readonly bytes: Uint8Array
  read(device: Device, bytes: Uint8Array): string
  /** Bytes at the end that hold the numbers by which the rest is found; text has none. */
  readonly footerBytes: number
}

const limits = { pageBytesMax: 64 << 20 }

/** All kinds by name; files of about `rowCount` rows. */
export async function fileKinds(rowCount: number): Promise<Record<string, FileKind>> {
  const device = await createDevice()
  const rows = allTypesRows(rowCount)
  const part = Math.ceil((2 * rowCount) / 3)
  const parquet = (compression: 'none' | 'snappy' | 'gzip' | 'zstd'): FileKind => ({
    bytes: writeParquet(device, allTypes, rows, { compression, rowGroupRows: part }),
    read: (device, bytes) => String(exact(readParquet(device, bytes, { limits }))),
    footerBytes: 1500,
  })
  const arrow = (form: 'file' | 'stream'): FileKind => ({ bytes: writeArrow(device, allTypes, rows, form, part), read: (device, bytes) => String(exact(readArrowRows(device, bytes))), footerBytes: 1500 })
  const [footerKey, own] = [new Uint8Array(16).fill(1), new Uint8Array(24).fill(2)]
  const columnKeys = Object.fromEntries(Object.keys(allTypes).slice(0, 3).map(name => [name, own]))
  const sealed = (algorithm: 'AES_GCM_V1' | 'AES_GCM_CTR_V1', plaintextFooter: boolean): FileKind => ({
    bytes: writeParquet(device, allTypes, rows, { rowGroupRows: part, encryption: hideEncryption({ footerKey, columnKeys, algorithm, plaintextFooter }) }),
    read: (device, bytes) => String(exact(readParquet(device, bytes, { limits, decryption: { footerKey, columnKeys, verifyFooter: !plaintextFooter } }))),
    footerBytes: 1500,
  })
  const nested = (version: 1 | 2): FileKind => ({ bytes: nestedParquet(rowCount, version), read: parquet('none').read, footerBytes: 1500 })
  return {
    'parquet none': parquet('none'),
    'parquet snappy': parquet('snappy'),
    'parquet gzip': parquet('gzip'),
    'parquet zstd': parquet('zstd'),
    'parquet indexed': { bytes: indexedParquet(device, rows), read: readIndexed, footerBytes: 4_000 },
    'parquet sealed': sealed('AES_GCM_V1', false),
    'parquet signed': sealed('AES_GCM_CTR_V1', true),
    'parquet nested 1': nested(1),
    'parquet nested 2': nested(2),
    'parquet nested indexed': { bytes: nestedIndexed(device, rowCount), read: readNestedPages, footerBytes: 4_000 },
    'arrow file': arrow('file'),
    'arrow stream': arrow('stream'),
    csv: { bytes: new TextEncoder().encode(sampleCsv(random(5), Math.ceil(rowCount / 3), 'full', dialects[0]!)), read: readCsv, footerBytes: 0 },
    ndjson: { bytes: new TextEncoder().encode(records(random(6), Math.ceil(rowCount / 3))), read: readNdjson, footerBytes: 0 },
  }
}

// Small pages of every encoding that we write, with their index.
function indexedParquet(device: Device, rows: Record<string, unknown>[]): Uint8Array {
  return writeParquet(device, allTypes, rows, { compression: 'lz4', pageRows: 13, encoding: { long: 'delta', longN: 'delta', text: 'delta', unique: 'delta', float: 'byte-stream-split', us: 'delta' }, bloomFilters: ['int', 'text', 'unique'] })
}

const nestedFields = { id: 'int32', l: 'list<int32?>?', ll: 'list<list<utf8>?>', s: 'struct<a: int64?, b: list<float64>>?', m: 'map<utf8, int32?>' } as const

// Small pages of lists, structs and maps, with their index.
function nestedIndexed(device: Device, rowCount: number): Uint8Array {
  const many = (count: number) => Array.from({ length: count % 4 }, (_, i) => i)
  const rows = Array.from({ length: rowCount }, (_, i) => ({
    id: i,
    l: i % 5 === 0 ? null : many(i).map(n => (n === 2 ? null : n + i)),
    ll: many(i + 1).map(n => (n === 1 ? null : many(n + i).map(k => `text ${k}`))),
    s: i % 7 === 0 ? null : { a: i % 3 === 0 ? null : BigInt(i), b: many(i + 2) },
    m: new Map(many(i).map(n => [`k${n}`, n === 0 ? null : i])),
  }))
  return writeParquet(device, nestedFields, rows, { pageRows: 5, rowGroupRows: Math.ceil(rowCount / 2) })
}

// Rows here and there, so that pages between are passed over; and all.
function readNestedPages(device: Device, bytes: Uint8Array): string {
  const ranges = [[3, 4], [11, 17], [20, 25]] as const
  return String(exact([readParquet(device, bytes, { limits, ranges }).slice(0, 500), readParquet(device, bytes, { limits }).slice(0, 500)]))
}

// What the indexes say, and the rows of every second page of some column.
function readIndexed(device: Device, bytes: Uint8Array): string {
  const reader = bytesReader(bytes)
  const file = readFooter(reader, 'test.parquet')
  const { chunks, rowCount } = file.rowGroups[0] ?? { chunks: [], rowCount: 0 }
  const pieces = chunks.length > 0 ? (pagePieces(reader, file.columns.filter(column => column.unreadable === undefined), chunks, rowCount) ?? []) : []
  const asked = ['int', 'text', 'unique'].map(name => {
    const column = file.columns.find(({ field, nested }) => field.name === name && !nested)
    return column && chunks[column.leaf] && ['abc', 17, 'row number 5'].map(value => lacksValue(reader, column, chunks[column.leaf]!, value, column.field.type))
  })
  const ranges = pieces.filter((_, i) => i % 2 === 0).map(({ start, end }) => [start, end] as const)
  return String(exact([asked, pieces.slice(0, 50), readParquet(device, bytes, { limits, ranges }).slice(0, 500), readParquet(device, bytes, { limits }).slice(0, 500)]))
}

// Lists, maps and structs of several depths, in pages of one version.
function nestedParquet(rowCount: number, version: 1 | 2): Uint8Array {
  const chance = random(version)
  const columns = Array.from({ length: 6 }, (_, i) => nestedShape(chance, `c${i}`, 1 + (i % 3)))
  const values = columns.map(({ type, nullable }) => sampleValues(chance, type, rowCount, nullable ? 'nulls' : 'full'))
  const rows = Array.from({ length: rowCount }, (_, row) => Object.fromEntries(columns.map(({ record }, i) => [`c${i}`, values[i]![row] === null ? null : record(values[i]![row]!)])))
  return plainParquet(columns.map(c => c.element), rows, { random: chance, version, rowGroupRows: Math.ceil((2 * rowCount) / 3), pageEntries: 60 })
}

function records(chance: Random, count: number): string {
  return Array.from({ length: count }, (_, i) => `${sampleRecord(chance, shapes[i % shapes.length]!)}\n`).join('')
}

const chunkBytes = 500

// In chunks that cut rows.
function chunked(device: Device, bytes: Uint8Array, reader: CsvReader | LineReader, take: (arena: ReturnType<Device['arena']>, count: number, isLast: boolean) => void): void {
  for (let at = 0; at < bytes.length || reader.carried > 0; at += chunkBytes) {
    const arena = device.arena()
    try {
      const chunk = bytes.subarray(at, at + chunkBytes)
      device.memory.write(reader.reserve(arena, chunk.length), chunk)
      take(arena, chunk.length, at + chunkBytes >= bytes.length)
    } finally {
      releaseArena(device, arena.address)
    }
  }
}

function readCsv(device: Device, bytes: Uint8Array): string {
  const decoder = new CsvDecoder(csvFields, csvFields.map(field => field.name), dialects[0]!, 'test.csv')
  const reader = new CsvReader(device, decoder, { where: 'test.csv', begin: 0 })
  const told: unknown[] = []
  chunked(device, bytes, reader, (arena, count, isLast) => {
    const { batch, errors, position } = reader.take(arena, count, isLast, 1000)
    told.push(rowsOf(device, batch), errors.map(error => [position + error.start, error.code]))
  })
  return String(exact(told))
}

function readNdjson(device: Device, bytes: Uint8Array): string {
  const reader = new LineReader(device, { where: 'test.ndjson' })
  const told: unknown[] = []
  chunked(device, bytes, reader, (arena, count, isLast) => {
    const { batch, errors } = decodeJsonRecords(device, arena, reader.take(arena, count, isLast, 1000), sampleFields, 'test.ndjson')
    told.push(rowsOf(device, batch), errors.map(error => [error.record, error.byte, error.message]))
  })
  return String(exact(told))
}

/** A copy that is cut, or changed in up to four places: a bit, a byte, a few, a run copied from elsewhere, a number. */
export function damaged(chance: Random, bytes: Uint8Array, footerBytes: number): Uint8Array {
  if (chance.int(5) === 0) return bytes.slice(0, chance.int(bytes.length))
  const result = bytes.slice()
  // Half of the changes go to the footer and headers, where the numbers are.
  const place = () => (footerBytes > 0 && chance.int(2) === 0 ? bytes.length - 1 - chance.int(Math.min(bytes.length, footerBytes)) : chance.int(bytes.length))
  for (let i = chance.int(4); i >= 0; i--) {
    const at = place()
    const how = chance.int(5)
    if (how === 0) result[at] = chance.int(256)
    else if (how === 1) result[at]! ^= 1 << chance.int(8)
    else if (how === 2) result.fill([0, 255, 128, 127][chance.int(4)]!, at, at + 1 + chance.int(8))
    else if (how === 3) result.copyWithin(at, place(), bytes.length - chance.int(40))
    else new DataView(result.buffer).setInt32(Math.min(at, bytes.length - 4), [-1, 2 ** 31 - 1, -(2 ** 31), 65_536][chance.int(4)]!, true)
  }
  return result
}

/** Fills the memory that the next allocations take, none of which is in use, with one byte: what is read before it was written gives other results with another byte. */
export function poison(device: Device, byte: number): void {
  const start = reservedPages * pageBytes
  const bytes = Math.min(device.memory.wasm.buffer.byteLength - start, (2 * device.pages.highWater() + 64) * pageBytes)
  const eight = new Float64Array(new Uint8Array(8).fill(byte).buffer)[0]!
  device.memory.float64s(start, bytes / 8).fill(eight)
  device.pages.restartHighWater()
}
