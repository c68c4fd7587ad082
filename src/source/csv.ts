// CSV files as a scan: a split is some MiB of a file, cut at line ends outside quotes; a packed file is one split.
import { statSync } from 'node:fs'
import { DataError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Field, parseSchema, type SchemaLike } from '../batch/schema.ts'
import { checkDialect, CsvDecoder, type CsvDialect, type DecodedCsv } from '../compute/csv.ts'
import { checkTextTypes } from '../compute/json-tables.ts'
import { type Arena, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { CsvReader, headerEnd } from '../format/csv/csv-reader.ts'
import { csvNames, inferCsvSchema, readCsvSample } from '../format/csv/infer-schema.ts'
import type { BadRecords } from '../format/dead-letters.ts'
import { decodedFields, emitText, sidePortsOf, wantedColumns } from './bad-records.ts'
import { type CsvPiece, loadCsvRows } from './csv-split.ts'
import { listFiles } from './file-list.ts'
import { packFields, unpackFields } from './merge-fields.ts'
import { withPartitions } from './partitioned.ts'
import type { ScanContext, ScanSourceType } from './source.ts'
import { isGzip, openText, sampleText, type TextFile } from './text-file.ts'

/** What users give, and what `resolve` adds: per file the column that each cell of its rows goes to, null for none. */
export interface CsvScanOptions {
  readonly paths: readonly string[]
  readonly schema?: SchemaLike
  readonly delimiter?: string
  readonly quote?: string
  readonly header?: boolean
  readonly nulls?: readonly string[]
  readonly onError?: BadRecords
  /** 8 MiB unless said. */
  readonly splitBytes?: number
  readonly files?: readonly { readonly path: string; readonly bytes: number; readonly cells: readonly (string | null)[] }[]
  readonly fields?: readonly { readonly name: string; readonly type: string }[]
}

const endings = ['.csv', '.tsv', '.csv.gz', '.tsv.gz']
const splitBytesUsual = 8 << 20
const chunkBytesFirst = 1 << 20
const chunkBytesMin = 1 << 16
const chunkBytesMax = 8 << 20

/** The scan behind `read.csv`. Columns are found by the header's names; without one by position. Without a schema, that of the first file's first MiB. */
export const csvScan: ScanSourceType<CsvScanOptions & Json> = withPartitions<CsvScanOptions & Json>({
  kind: 'csv',
  resolve(options, where) {
    const dialect = dialectOf(options)
    checkDialect(dialect, where)
    const hasHeader = options.header ?? true
    const paths = listFiles(options.paths, endings, where)
    let fields = options.schema ? parseSchema(options.schema, where) : undefined
    const files = paths.flatMap(path => {
      const fileBytes = statSync(path).size
      if (fileBytes === 0) return []
      const { bytes, isWhole } = sampleText(path, where)
      const rows = readCsvSample(bytes, dialect, isWhole)
      fields ??= inferCsvSchema(rows, dialect, hasHeader, isWhole && paths.length === 1, `${where}: ${path}`)
      const cells = hasHeader ? headerCells(csvNames(rows, true, `${where}: ${path}`), fields, `${where}: ${path}`) : fields.map(f => f.name)
      return [{ path, bytes: fileBytes, cells }]
    })
    checkTextTypes(fields ?? [], where)
    if (!fields) throw new DataError('NO_RECORDS', `${where}: ${paths[0]} is empty, so it has no columns; give a schema`)
    return { options: { ...(options as CsvScanOptions), files, fields: packFields(fields) }, fields, ...sidePortsOf(options.onError) }
  },
  splits(options) {
    const splitBytes = options.splitBytes ?? splitBytesUsual
    let first = 0
    return options.files!.flatMap(({ path, bytes }, file) => {
      const count = isGzip(path) ? 1 : Math.ceil(bytes / splitBytes)
      const pieces = Array.from({ length: count }, (_, i) => {
        const piece: CsvPiece = { first, index: first + i, start: i * splitBytes, end: i === count - 1 ? -1 : (i + 1) * splitBytes, splitBytes }
        return { file, ...piece }
      })
      first += count
      return pieces
    })
  },
  sharedBytes: options => 4 * csvScan.splits(options).length,
  *read(context, options, split, columns) {
    const { path, cells } = options.files![split.file as number]!
    const file = openText(context.device, path, context.where)
    try {
      const fields = decodedFields(unpackFields(options.fields!), columns)
      const decoder = new CsvDecoder(
        fields,
        cells.map(cell => cell ?? undefined),
        dialectOf(options),
        context.where,
      )
      const reading = { context, options, file, path, decoder, columns }
      if (isGzip(path)) yield* readChunks(reading)
      else yield* readSplit(reading, split as unknown as CsvPiece)
    } finally {
      file.close()
    }
  },
  describe: options => `read.csv ${options.paths.join(', ')}`,
}, endings)

function dialectOf({ paths, delimiter, quote, nulls }: CsvScanOptions): CsvDialect {
  return { delimiter: delimiter ?? (paths.every(path => /\.tsv(\.gz)?$/.test(path)) ? '\t' : ','), quote: quote ?? '"', nulls: nulls ?? [''] }
}

// A column that the header lacks is null throughout, if it may be.
function headerCells(names: readonly string[], fields: readonly Field[], where: string): (string | null)[] {
  const missing = fields.find(f => !f.nullable && !names.includes(f.name))
  if (missing)
    throw new DataError(
      'CSV_HEADER',
      `${where}: no column "${missing.name}"; the header has ${names.join(', ')}; correct the schema, or write '?' after the column's type to read nulls`,
    )
  return names.map(name => (fields.some(f => f.name === name) ? name : null))
}

interface Reading {
  readonly context: ScanContext
  readonly options: CsvScanOptions
  readonly file: TextFile
  readonly path: string
  readonly decoder: CsvDecoder
  readonly columns: readonly string[] | undefined
}

function emitRows({ context, options, path, columns }: Reading, arena: Arena, chunk: DecodedCsv, address: number, position: number): void {
  const byRecord = new Map(chunk.errors.map(e => [e.record, { address: address + e.start, bytes: e.end - e.start, position: position + e.start }]))
  emitText(context, arena, wantedColumns(chunk.batch, columns), chunk.errors, e => byRecord.get(e.record)!, path, options.onError)
}

// The rows of a split lie in memory as a whole, and batches point into them. Windows on them grow and shrink so that each makes about a batch.
function* readSplit(reading: Reading, piece: CsvPiece): Generator<void> {
  const { context, options, file, path, decoder } = reading
  const { device, where, batchRows } = context
  const text = loadCsvRows(device, file, piece, context.shared, decoder.dialect, `${where}: ${path}`)
  if (!text) return
  const end = text.address + text.bytes
  try {
    let at = text.address
    if (piece.start === 0 && (options.header ?? true)) {
      const header = headerEnd(device.memory.bytes(at, text.bytes), 0, decoder.dialect)
      at = header < 0 ? end : at + header
    }
    let windowBytes = chunkBytesFirst
    while (at < end) {
      const bytes = Math.min(windowBytes, end - at)
      const arena = context.arena()
      const rowMax = Math.min(batchRows, Math.floor(bytes / decoder.rowBytesMin) + 1)
      retainArena(device, text.arena.address)
      arena.hold(text.arena.address)
      const decoded = decodeWindow(device, decoder, arena, at, bytes, at + bytes === end, rowMax)
      if (decoded.records > 0) emitRows(reading, arena, decoded, at, text.position + (at - text.address))
      windowBytes = decoded.taken === 0 ? windowBytes * 2 : Math.min(chunkBytesMax, Math.max(chunkBytesMin, Math.ceil((decoded.taken / Math.max(1, decoded.records)) * batchRows * 1.02)))
      at += decoded.taken
      yield
    }
  } finally {
    text.arena.release()
  }
}

// The decoder overwrites the byte behind what it is given: here that is text.
function decodeWindow(device: Device, decoder: CsvDecoder, arena: Arena, at: number, bytes: number, isLast: boolean, rowMax: number): DecodedCsv {
  const behind = device.memory.bytes(at + bytes, 1)[0]!
  const decoded = decoder.decode(device, arena, at, bytes, isLast, rowMax)
  device.memory.bytes(at + bytes, 1)[0] = behind
  return decoded
}

// A packed file is read in chunks from its start. They grow and shrink so that each makes about a batch.
function* readChunks(reading: Reading): Generator<void> {
  const { context, options, file, path, decoder } = reading
  const { device, where, batchRows } = context
  const reader = new CsvReader(device, decoder, { where: `${where}: ${path}`, hasHeader: options.header ?? true })
  let chunkBytes = chunkBytesFirst
  for (let at = 0; at < file.size || reader.carried > 0; ) {
    const arena = context.arena()
    const wanted = Math.max(0, Math.min(file.size - at, chunkBytes - reader.carried))
    const address = reader.reserve(arena, wanted)
    const count = file.readInto(device.memory.bytes(address, wanted), at)
    at = count < wanted ? file.size : at + count
    const chunk = reader.take(arena, count, at >= file.size, batchRows)
    const rowBytes = (reader.position - chunk.position) / chunk.records
    chunkBytes = chunk.records === 0 ? chunkBytes * 2 : Math.min(chunkBytesMax, Math.max(chunkBytesMin, Math.ceil(rowBytes * batchRows * 1.02)))
    emitRows(reading, arena, chunk, chunk.address, chunk.position)
    yield
  }
}
