// CSV files as a scan: a split is some MiB of a file, cut at line ends outside quotes; a packed file is one split.
import { DataError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Field, parseSchema, type SchemaLike } from '../batch/schema.ts'
import { checkDialect, CsvDecoder, type CsvDialect, type DecodedCsv } from '../compute/csv.ts'
import { type Arena, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { CsvReader, rowsBegin } from '../format/csv/csv-reader.ts'
import { csvNames, csvRows, inferCsvSchema, readCsvSample, sniffDelimiter } from '../format/csv/infer-schema.ts'
import type { BadRecords } from '../format/dead-letters.ts'
import type { TextEncoding } from '../format/transcode.ts'
import { decodedFields, emitText, sidePortsOf, wantedColumns } from './bad-records.ts'
import { type CsvPiece, loadCsvRows } from './csv-split.ts'
import type { ByteRange } from './fetched-file.ts'
import { type FetchedOptions, fetchedFile } from './fetched-files.ts'
import { fileBytes, listFiles } from './file-list.ts'
import { packFields, unpackFields } from './merge-fields.ts'
import { withPartitions } from './partitioned.ts'
import type { ScanContext, ScanSourceType } from './source.ts'
import { textSplitBytes } from './split-size.ts'
import { checkEncoding, isPacked, openText, sampleText, type TextFile } from './text-file.ts'

/** A file of a scan. `begin`: the byte of its text that its rows begin with. `cells`: the column that each cell of a row goes to, null for none. */
export interface CsvFile {
  readonly path: string
  readonly bytes: number
  readonly splitBytes: number
  readonly begin: number
  readonly encoding: TextEncoding
  readonly cells: readonly (string | null)[]
}

/** What users give, and what `resolve` adds: the delimiter where none was given, the files and the fields. */
export interface CsvScanOptions extends FetchedOptions {
  readonly paths: readonly string[]
  readonly schema?: SchemaLike
  readonly delimiter?: string
  readonly quote?: string
  readonly header?: boolean
  readonly escape?: string
  readonly comment?: string
  readonly decimal?: '.' | ','
  readonly ragged?: 'error' | 'pad' | 'fit'
  readonly skipLines?: number
  readonly encoding?: TextEncoding
  readonly nulls?: readonly string[]
  readonly onError?: BadRecords
  /** By the length of the lines unless said. */
  readonly splitBytes?: number
  readonly files?: readonly CsvFile[]
  readonly fields?: readonly { readonly name: string; readonly type: string }[]
}

/** What names of such files end in. */
export const csvEndings: readonly string[] = ['.csv', '.tsv', '.csv.gz', '.tsv.gz', '.csv.zst', '.tsv.zst']
const chunkBytesFirst = 1 << 20
const chunkBytesMin = 1 << 16
const chunkBytesMax = 8 << 20

/** The scan behind `read.csv`. Columns are found by the header's names; without one by position. Without a schema, that of the first file's first MiB. */
export const csvScan: ScanSourceType<CsvScanOptions & Json> = withPartitions<CsvScanOptions & Json>({
  kind: 'csv',
  resolve(options, where) {
    checkOptions(options, where)
    const { fetched } = options
    const paths = listFiles(options.paths, csvEndings, where, fetched)
    let dialect = options.delimiter === undefined ? undefined : dialectOf(options)
    let fields = options.schema ? parseSchema(options.schema, where) : undefined
    const files = paths.flatMap((path): CsvFile[] => {
      const size = fileBytes(path, where, fetched)
      if (size === 0) return []
      const place = `${where}: ${path}`
      const { bytes, isWhole, encoding } = sampleText(path, where, options.encoding, fetched)
      const start = { header: options.header ?? true, skipLines: options.skipLines ?? 0 }
      const sample = bytes.subarray(rowsBegin(bytes, dialect ?? dialectOf(options), { ...start, header: false }).header)
      dialect ??= { ...dialectOf(options), delimiter: sniffed(options, sample, isWhole) }
      const names = start.header || !fields ? csvNames(readCsvSample(sample, dialect, isWhole, 1), start.header, place) : []
      fields ??= inferCsvSchema(names, csvRows(sample, dialect, isWhole), dialect, start.header, isWhole && paths.length === 1)
      const cells = start.header ? headerCells(names, fields, place) : fields.map(f => f.name)
      return [{ path, bytes: size, splitBytes: options.splitBytes ?? textSplitBytes(bytes, size), begin: rowsBegin(bytes, dialect, start).rows ?? bytes.length, encoding, cells }]
    })
    if (!fields) throw new DataError('NO_RECORDS', `${where}: ${paths[0]} is empty, so it has no columns; give a schema`)
    const found = { files, fields: packFields(fields), ...(dialect && { delimiter: dialect.delimiter }) }
    return { options: { ...(options as CsvScanOptions), ...found } as unknown as CsvScanOptions & Json, fields, ...sidePortsOf(options.onError) }
  },
  splits(options) {
    let first = 0
    return options.files!.flatMap(({ bytes, splitBytes, ...rest }, file) => {
      const count = isSequential(options, rest) ? 1 : Math.ceil(bytes / splitBytes)
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
    const { path, cells, begin, encoding } = options.files![split.file as number]!
    const file = openText(context.device, path, context.where, encoding, options.fetched)
    try {
      const fields = decodedFields(unpackFields(options.fields!), columns)
      const decoder = new CsvDecoder(
        fields,
        cells.map(cell => cell ?? undefined),
        dialectOf(options),
        context.where,
      )
      const reading = { context, options, file, path, begin, encoding, decoder, columns }
      if (split.range) yield* readChunks({ ...reading, file: rangeOf(file, split.range as unknown as ByteRange), begin: 0 }, (split.range as unknown as ByteRange)[0])
      else if (isSequential(options, reading)) yield* readChunks(reading)
      else yield* readSplit(reading, split as unknown as CsvPiece)
    } finally {
      file.close()
    }
  },
  describe: options => `read.csv ${options.paths.join(', ')}`,
}, csvEndings)

function dialectOf({ delimiter = ',', quote = '"', nulls = [''], escape, comment, decimal, ragged }: CsvScanOptions): CsvDialect {
  return { delimiter, quote, nulls, ...(escape && { escape }), ...(comment && { comment }), ...(decimal && { decimal }), ...(ragged && { ragged }) }
}

function checkOptions(options: CsvScanOptions, where: string): void {
  const { delimiter, decimal, skipLines = 0, encoding } = options
  // A delimiter that is yet to be found is none of the other characters.
  const unused = delimiter ?? [',', ';', '\t', '|'].find(mark => ![options.quote, options.escape, options.comment, decimal].includes(mark))!
  checkDialect({ ...dialectOf(options), delimiter: unused }, where)
  checkEncoding(encoding, where)
  if (!Number.isInteger(skipLines) || skipLines < 0) throw new PlanError('CSV_DIALECT', `${where}: skipLines can't be ${skipLines}; give a whole number of lines, 0 or more`)
}

function sniffed(options: CsvScanOptions, sample: Uint8Array, isWhole: boolean): string {
  return options.paths.every(path => /\.tsv(\.gz|\.zst)?$/.test(path)) ? '\t' : sniffDelimiter(sample, dialectOf(options), isWhole)
}

// Where a row begins can't be told from the bytes around it, or they come one after the other.
function isSequential(options: CsvScanOptions, { path, encoding }: Pick<CsvFile, 'path' | 'encoding'>): boolean {
  return isPacked(path) || fetchedFile(path, options.fetched) !== undefined || encoding !== 'utf-8' || options.comment !== undefined || (options.escape !== undefined && options.escape !== options.quote)
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
  readonly begin: number
  readonly encoding: TextEncoding
  readonly decoder: CsvDecoder
  readonly columns: readonly string[] | undefined
}

// A range of a file, which begins with a row and ends with one, as a file.
function rangeOf(file: TextFile, [start, end]: ByteRange): TextFile {
  return { size: end - start, readInto: (target, at) => file.readInto(target.subarray(0, Math.min(target.length, end - start - at)), start + at), close: () => {} }
}

function emitRows({ context, options, path, encoding, columns }: Reading, arena: Arena, chunk: DecodedCsv, address: number, position: number): void {
  const byRecord = new Map(chunk.errors.map(e => [e.record, { address: address + e.start, bytes: e.end - e.start, position: position + e.start }]))
  emitText(context, arena, wantedColumns(chunk.batch, columns), chunk.errors, e => byRecord.get(e.record)!, { path, encoding, fetched: options.fetched, onError: options.onError })
}

// The rows of a split lie in memory as a whole, and batches point into them. Windows on them grow and shrink so that each makes about a batch.
function* readSplit(reading: Reading, piece: CsvPiece): Generator<void> {
  const { context, file, path, decoder } = reading
  const { device, where } = context
  const text = loadCsvRows(device, file, piece, context.shared, decoder.dialect, reading.begin, `${where}: ${path}`)
  if (!text) return
  const end = text.address + text.bytes
  try {
    let at = text.address
    let windowBytes = chunkBytesFirst
    while (at < end) {
      const bytes = Math.min(windowBytes, end - at)
      const arena = context.arena()
      const rowMax = Math.min(context.batchRows, Math.floor(bytes / decoder.rowBytesMin) + 1)
      retainArena(device, text.arena.address)
      arena.hold(text.arena.address)
      const decoded = decodeWindow(device, decoder, arena, at, bytes, at + bytes === end, rowMax)
      if (decoded.records > 0) emitRows(reading, arena, decoded, at, text.position + (at - text.address))
      windowBytes = decoded.taken === 0 ? windowBytes * 2 : Math.min(chunkBytesMax, Math.max(chunkBytesMin, Math.ceil((decoded.taken / Math.max(1, decoded.records)) * context.batchRows * 1.02)))
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

// A file that is packed, or can't be cut, is read in chunks from its start, which is byte `base` of what errors name. They grow and shrink so that each makes about a batch.
function* readChunks(reading: Reading, base = 0): Generator<void | Promise<void>> {
  const { context, file, path, decoder, begin } = reading
  const { device, where } = context
  const reader = new CsvReader(device, decoder, { where: `${where}: ${path}`, begin })
  let chunkBytes = chunkBytesFirst
  for (let at = 0; at < file.size || reader.carried > 0; ) {
    const wanted = Math.max(0, Math.min(file.size - at, chunkBytes - reader.carried))
    if (file.ready) yield* file.ready(wanted)
    const arena = context.arena()
    const address = reader.reserve(arena, wanted)
    const count = file.readInto(device.memory.bytes(address, wanted), at)
    at = count < wanted ? file.size : at + count
    const chunk = reader.take(arena, count, at >= file.size, context.batchRows)
    const taken = reader.position - chunk.position
    const rowBytes = taken / Math.max(1, chunk.records)
    chunkBytes = taken === 0 ? chunkBytes * 2 : Math.min(chunkBytesMax, Math.max(chunkBytesMin, Math.ceil(rowBytes * context.batchRows * 1.02)))
    emitRows(reading, arena, chunk, chunk.address, base + chunk.position)
    yield
  }
}
