// `write.csv`: a header line, then a row a line.
import { PlanError } from '../base/errors.ts'
import { visible } from '../batch/schema.ts'
import { type CsvDialect, checkDialect, plainDialect } from '../compute/csv.ts'
import { csvHeader, encodeCsvRows } from '../compute/encode-text.ts'
import { fileSink } from './files.ts'
import { packable, type TextSinkOptions } from './packed-text.ts'
import { textEncoder } from './text-files.ts'

/** Options of `write.csv`. */
export interface CsvSinkOptions extends TextSinkOptions {
  readonly delimiter?: string
  readonly quote?: string
  /** False leaves the header line out. */
  readonly header?: boolean
  /** What null is written as; nothing unless said. Text that is the same is quoted. */
  readonly nullText?: string
  /** Which cells are quoted: those that must be, all text, or all that aren't null. */
  readonly quoting?: 'needed' | 'text' | 'all'
  readonly lineEnd?: '\n' | '\r\n'
}

/** CSV for `fileSink`. */
export const csvFiles = packable<CsvSinkOptions>({
  kind: 'csv',
  ending: 'csv',
  isText: () => true,
  check(options, fields, where) {
    checkDialect(dialectOf(options), where)
    checkStyle(options, where)
    if (visible(fields).length === 0) throw new PlanError('NO_COLUMNS', `${where}: there are no columns to write`)
  },
  open(device, fields, options, sink, _where, resume) {
    if (resume === undefined && options.header !== false) sink.append(csvHeader(visible(fields), dialectOf(options), styleOf(options)))
    return textEncoder(device, sink, (arena, batch) => encodeCsvRows(device, arena, batch, dialectOf(options), styleOf(options)))
  },
  rows: (device, arena, batch, options) => [encodeCsvRows(device, arena, batch, dialectOf(options), styleOf(options))],
})

function styleOf({ quoting, lineEnd }: CsvSinkOptions): Pick<CsvSinkOptions, 'quoting' | 'lineEnd'> {
  return { quoting, lineEnd }
}

function dialectOf(options: CsvSinkOptions): CsvDialect {
  return {
    ...plainDialect,
    ...(options.delimiter !== undefined && { delimiter: options.delimiter }),
    ...(options.quote !== undefined && { quote: options.quote }),
    ...(options.nullText !== undefined && { nulls: [options.nullText] }),
  }
}

function checkStyle(options: CsvSinkOptions, where: string): void {
  const { nullText = '', quoting = 'needed', lineEnd = '\n' } = options
  const { delimiter, quote } = dialectOf(options)
  const refuse = (what: string, found: string, todo: string) => new PlanError('CSV_DIALECT', `${where}: ${what} can't be ${JSON.stringify(found)}; use ${todo}`)
  if ([delimiter, quote, '\n', '\r'].some(mark => nullText.includes(mark))) throw refuse('the text for null', nullText, 'one without delimiters, quotes and line ends')
  if (!['needed', 'text', 'all'].includes(quoting)) throw refuse('quoting', quoting, "'needed', 'text' or 'all'")
  if (lineEnd !== '\n' && lineEnd !== '\r\n') throw refuse('the line end', lineEnd, "'\\n' or '\\r\\n'")
  // Times and base64 hold these, and are quoted only where all is.
  if (':/='.includes(delimiter) && quoting !== 'all') throw refuse('the delimiter', delimiter, "another one, or quoting: 'all'")
}

/** The sink of CSV files. */
export const csvSink = fileSink(csvFiles)
