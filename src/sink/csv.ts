// `write.csv`: a header line, then a row a line.
import { PlanError } from '../base/errors.ts'
import { visible } from '../batch/schema.ts'
import { type CsvDialect, checkDialect, plainDialect } from '../compute/csv.ts'
import { csvHeader, encodeCsvRows } from '../compute/encode-text.ts'
import { type FileSinkFormat, type FileSinkOptions, fileSink } from './files.ts'
import { textEncoder } from './text-files.ts'

/** Options of `write.csv`. */
export interface CsvSinkOptions extends FileSinkOptions {
  readonly delimiter?: string
  readonly quote?: string
  /** False leaves the header line out. */
  readonly header?: boolean
}

/** CSV for `fileSink`. */
export const csvFiles: FileSinkFormat<CsvSinkOptions> = {
  kind: 'csv',
  ending: 'csv',
  isText: true,
  check(options, fields, where) {
    checkDialect(dialectOf(options), where)
    if (visible(fields).length === 0) throw new PlanError('NO_COLUMNS', `${where}: there are no columns to write`)
  },
  open(device, fields, options, sink, _where, resume) {
    const dialect = dialectOf(options)
    if (resume === undefined && options.header !== false) sink.append(csvHeader(visible(fields), dialect))
    return textEncoder(device, sink, (arena, batch) => encodeCsvRows(device, arena, batch, dialect))
  },
}

function dialectOf(options: CsvSinkOptions): CsvDialect {
  return {
    ...plainDialect,
    ...(options.delimiter !== undefined && { delimiter: options.delimiter }),
    ...(options.quote !== undefined && { quote: options.quote }),
  }
}

/** The sink of CSV files. */
export const csvSink = fileSink(csvFiles)
