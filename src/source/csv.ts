// CSV files as a scan: a split is a file, as only a reading from its start tells which line ends are inside quotes.
import { statSync } from 'node:fs'
import { DataError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Field, parseSchema, type SchemaLike } from '../batch/schema.ts'
import { checkDialect, CsvDecoder, type CsvDialect } from '../compute/csv.ts'
import { CsvReader } from '../format/csv/csv-reader.ts'
import { csvNames, inferCsvSchema, readCsvSample } from '../format/csv/infer-schema.ts'
import type { BadRecords } from '../format/dead-letters.ts'
import { decodedFields, emitText, sidePortsOf, wantedColumns } from './bad-records.ts'
import { listFiles } from './file-list.ts'
import { packFields, unpackFields } from './merge-fields.ts'
import type { ScanContext, ScanSourceType } from './source.ts'
import { openText, sampleText, type TextFile } from './text-file.ts'

/** What users give, and what `resolve` adds: per file the column that each cell of its rows goes to, null for none. */
export interface CsvScanOptions {
  readonly paths: readonly string[]
  readonly schema?: SchemaLike
  readonly delimiter?: string
  readonly quote?: string
  readonly header?: boolean
  readonly nulls?: readonly string[]
  readonly onError?: BadRecords
  readonly files?: readonly { readonly path: string; readonly cells: readonly (string | null)[] }[]
  readonly fields?: readonly { readonly name: string; readonly type: string }[]
}

const endings = ['.csv', '.tsv', '.csv.gz', '.tsv.gz']
const chunkBytesFirst = 1 << 20
const chunkBytesMin = 1 << 16
const chunkBytesMax = 8 << 20

/** The scan behind `read.csv`. Columns are found by the header's names; without one by position. Without a schema, that of the first file's first MiB. */
export const csvScan: ScanSourceType<CsvScanOptions & Json> = {
  kind: 'csv',
  resolve(options, where) {
    const dialect = dialectOf(options)
    checkDialect(dialect, where)
    const hasHeader = options.header ?? true
    const paths = listFiles(options.paths, endings, where)
    let fields = options.schema ? parseSchema(options.schema, where) : undefined
    const files = paths.flatMap(path => {
      if (statSync(path).size === 0) return []
      const { bytes, isWhole } = sampleText(path, where)
      const rows = readCsvSample(bytes, dialect, isWhole)
      fields ??= inferCsvSchema(rows, dialect, hasHeader, isWhole && paths.length === 1, `${where}: ${path}`)
      const cells = hasHeader ? headerCells(csvNames(rows, true, `${where}: ${path}`), fields, `${where}: ${path}`) : fields.map(f => f.name)
      return [{ path, cells }]
    })
    if (!fields) throw new DataError('NO_RECORDS', `${where}: ${paths[0]} is empty, so it has no columns; give a schema`)
    return { options: { ...(options as CsvScanOptions), files, fields: packFields(fields) }, fields, ...sidePortsOf(options.onError) }
  },
  splits: options => options.files!.map((_, file) => ({ file })),
  *read(context, options, split, columns) {
    const { path, cells } = options.files![split.file as number]!
    const file = openText(path, context.where)
    try {
      yield* readRows(
        context,
        options,
        file,
        path,
        cells.map(cell => cell ?? undefined),
        columns,
      )
    } finally {
      file.close()
    }
  },
  describe: options => `read.csv ${options.paths.join(', ')}`,
}

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

// Chunks grow and shrink so that each makes about a batch.
function* readRows(
  context: ScanContext,
  options: CsvScanOptions,
  file: TextFile,
  path: string,
  cells: readonly (string | undefined)[],
  columns: readonly string[] | undefined,
): Generator<void> {
  const { device, where, batchRows } = context
  const fields = decodedFields(unpackFields(options.fields!), columns)
  const decoder = new CsvDecoder(fields, cells, dialectOf(options), where)
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
    const byRecord = new Map(
      chunk.errors.map(e => [e.record, { address: chunk.address + e.start, bytes: e.end - e.start, position: chunk.position + e.start }]),
    )
    emitText(context, arena, wantedColumns(chunk.batch, columns), chunk.errors, e => byRecord.get(e.record)!, path, options.onError)
    yield
  }
}
