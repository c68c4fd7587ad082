// The header and the schema of a CSV whose user gave none, from its first rows. Plain and slow: for a sample.
import { DataError } from '../../base/errors.ts'
import type { Field } from '../../batch/schema.ts'
import type { CsvDialect } from '../../compute/csv.ts'
import { foundFields, type Look, numberLook, timeLook, TypeFinder } from '../infer-type.ts'

/** A cell as it stands. */
export interface CsvCell {
  readonly text: string
  readonly quoted: boolean
}

/** All rows of a sample, or the first `rowsMax`, as `csvRows` has them. */
export function readCsvSample(sample: Uint8Array, dialect: CsvDialect, isWhole: boolean, rowsMax = Number.POSITIVE_INFINITY): CsvCell[][] {
  const rows: CsvCell[][] = []
  for (const row of csvRows(sample, dialect, isWhole)) {
    rows.push(row)
    if (rows.length >= rowsMax) break
  }
  return rows
}

/** The rows of a sample, one at a time, without its comments, a byte order mark passed over; the last one, if it has no line end and the sample isn't whole, is left out. Kept ones burden the collector: a MiB of them takes 40 ms more. */
export function* csvRows(sample: Uint8Array, dialect: CsvDialect, isWhole: boolean): Generator<CsvCell[]> {
  const text = new TextDecoder().decode(sample)
  const { delimiter, quote, escape = quote, comment } = dialect
  let row: CsvCell[] = []
  let at = 0
  while (at < text.length) {
    if (row.length === 0 && comment !== undefined && text[at] === comment) {
      const feed = text.indexOf('\n', at)
      at = feed < 0 ? text.length : feed + 1
      continue
    }
    const quoted = text[at] === quote
    let cell = ''
    if (quoted) {
      for (at++; at < text.length && !(text[at] === quote && text[at + 1] !== quote); at++) {
        if (text[at] === quote || text[at] === escape) at++
        cell += text[at] ?? ''
      }
      at++
    }
    const start = at
    while (at < text.length && text[at] !== delimiter && text[at] !== '\n') at++
    cell += text.slice(start, at)
    row.push({ text: text[at] === delimiter ? cell : cell.replace(/\r$/, ''), quoted })
    if (at >= text.length && !isWhole) break
    if (text[at] !== delimiter || at + 1 >= text.length) {
      if (text[at] === delimiter) row.push({ text: '', quoted: false })
      yield row
      row = []
    }
    at++
  }
}

/** The names in the first row; without a header column_1, column_2 …. Throws DataError CSV_HEADER where a name comes twice or is hidden ($…), or there is no row. */
export function csvNames(rows: readonly (readonly CsvCell[])[], hasHeader: boolean, where: string): string[] {
  const first = rows[0]
  if (!first) throw new DataError('CSV_HEADER', `${where}: no row to take the columns' names from; the file is empty, or its first row longer than the sample`)
  const names = hasHeader ? first.map((cell, i) => cell.text || `column_${i + 1}`) : first.map((_, i) => `column_${i + 1}`)
  const twice = names.find((name, i) => names.indexOf(name) !== i || name.startsWith('$'))
  if (twice !== undefined)
    throw new DataError('CSV_HEADER', `${where}: the header has the name "${twice}" twice, or it begins with $; rename it, or pass header: false and a schema`)
  return names
}

/**
 * Fields of the sampled rows below the header, one for each of `names`: int64 (no leading zeros), float64, bool, ISO dates and timestamps, else utf8. A cell that is the null text allows nulls;
 * all columns do unless the sample `isWhole`. Rows of another length are passed over.
 */
export function inferCsvSchema(names: readonly string[], rows: Iterable<readonly CsvCell[]>, dialect: CsvDialect, hasHeader: boolean, isWhole: boolean): Field[] {
  const finders = names.map(name => [name, new TypeFinder()] as const)
  let isHeader = hasHeader
  for (const row of rows) {
    if (!isHeader && row.length === names.length) finders.forEach(([, finder], i) => finder.see(lookOf(row[i]!, dialect), row[i]!.text))
    isHeader = false
  }
  return foundFields(new Map(finders), isWhole)
}

function lookOf({ text, quoted }: CsvCell, dialect: CsvDialect): Look {
  if (!quoted && dialect.nulls.includes(text)) return 'null'
  if (/^(true|false)$/i.test(text)) return 'bool'
  const number = dialect.decimal === ',' ? text.replace(/[.,]/g, mark => (mark === ',' ? '.' : ',')) : text
  if (/^[+-]?(0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?$|^[+-]?\.\d+([eE][+-]?\d+)?$/.test(number)) return numberLook(number)
  if (/^(nan|[+-]?inf|[+-]?infinity)$/i.test(text) && !text.startsWith('+')) return 'float64'
  return timeLook(text)
}

const delimiters = [',', '\t', ';', '|']
const sniffedRowsMax = 200
const sniffedBytesMax = 1 << 16

/**
 * The delimiter that makes most of a sample's first rows as long as the first one, which has more than one cell: a comma, tab, semicolon or pipe, in this
 * order where several do; a comma where none does. Not the dialect's quote, escape or comment, nor a comma where numbers have one.
 */
export function sniffDelimiter(sample: Uint8Array, dialect: Omit<CsvDialect, 'delimiter'>, isWhole: boolean): string {
  const start = sample.subarray(0, sniffedBytesMax)
  const { quote, escape, comment, decimal } = dialect
  const possible = delimiters.filter(mark => ![quote, escape, comment, decimal].includes(mark))
  let best = possible[0] ?? ','
  let most = 0
  for (const delimiter of possible) {
    const rows = readCsvSample(start, { ...dialect, delimiter }, isWhole && start.length === sample.length, sniffedRowsMax)
    const filled = rows.filter(row => row.length > 1 || row[0]!.text !== '')
    const cells = filled[0]?.length ?? 0
    const share = cells > 1 ? filled.filter(row => row.length === cells).length / filled.length : 0
    if (share > most) [best, most] = [delimiter, share]
  }
  return best
}
