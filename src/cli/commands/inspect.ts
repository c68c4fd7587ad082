// `millrace inspect FILE`: how a Parquet or Arrow file is built, from its footer and headers; no values are read.
import type { Command } from 'commander'
import { PlanError } from '../../base/errors.ts'
import { textTable } from '../../base/text-table.ts'
import { formatBytes, formatCount } from '../../base/units.ts'
import type { Field } from '../../batch/schema.ts'
import { typeName } from '../../batch/type-name.ts'
import { keySetOf } from '../../format/parquet/parquet-keys.ts'
import type { CliContext } from '../context.ts'
import { fileFormat } from '../file-format.ts'
import { httpOf, keysFor } from '../input-options.ts'
import { inspectArrow } from '../inspect/arrow.ts'
import { type ChunkInfo, inspectParquet, type ParquetInfo } from '../inspect/parquet.ts'
import { lookAtFile } from '../open-file.ts'
import { addInputOptions, type InputFlags, nameList, wholeNumber } from '../options.ts'

interface InspectOptions extends InputFlags {
  pages?: boolean
  select?: string[]
  rowGroup?: number
  json?: boolean
}

const linesMax = 200

const help = `
Of encrypted files without their keys, what stands in a plain footer is shown. Of an http(s) address
the footer is fetched, and with --pages the heads of pages.

Examples:
  $ millrace inspect trips.parquet
  $ millrace inspect trips.parquet --pages --select fare --row-group 0
  $ millrace inspect sealed.parquet --decryption-keys keys.json
  $ millrace inspect trips.parquet --json | jq '.rowGroups[0].columns'`

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  addInputOptions(command)
    .argument('<file>', 'a Parquet or Arrow file')
    .option('--pages', 'of parquet: each page, with encoding, sizes, rows and bounds')
    .option('--select <columns>', 'of parquet: only these columns, separated by commas', nameList)
    .option('--row-group <number>', 'of parquet: only this row group; they count from 0', wholeNumber(0))
    .option('--json', 'as a JSON object, with all row groups or batches')
    .addHelpText('after', help)
    .action((file: string, options: InspectOptions) => inspect(file, options, context))
}

async function inspect(file: string, options: InspectOptions, context: CliContext): Promise<void> {
  const format = fileFormat(file, options.from, '--from')
  if (format !== 'parquet' && format !== 'arrow')
    throw new PlanError('FORMAT', `inspect: ${file} is ${format}, which has no footer; give a parquet or arrow file, or use millrace schema`)
  const keys = keysFor(file, [file], options)
  const { pages = false, select, rowGroup, json = false } = options
  if (format === 'arrow' && (pages || select || rowGroup !== undefined)) throw new PlanError('FORMAT', `inspect: --pages, --select and --row-group are of parquet, ${file} is arrow; leave them out`)
  const look = { format, where: 'inspect', http: httpOf([file], options), signal: context.signal }
  if (format === 'arrow') {
    const found = await lookAtFile(file, look, inspectArrow)
    return showArrow(file, found, json, context)
  }
  const set = keys && keySetOf(keys, '--decryption-keys')
  const found = await lookAtFile(file, look, (reader, name) => inspectParquet(reader, name, { keys: set, select, rowGroup, pages }))
  showParquet(file, found, pages, json, context)
}

function showParquet(path: string, { createdBy, rows, columns, rowGroupCount, rowGroups }: ParquetInfo, pages: boolean, json: boolean, context: CliContext): void {
  if (json) {
    context.write(`${JSON.stringify({ format: 'parquet', createdBy, rows, schema: schemaOf(columns), rowGroups }, null, 2)}\n`)
    return
  }
  context.write(`${path}: parquet by ${JSON.stringify(createdBy)}; ${formatCount(rows)} rows in row groups: ${formatCount(rowGroupCount)}\n`)
  const orders = [...new Set(rowGroups.map(group => group.sortedBy.join(', ')))]
  if (orders.some(order => order !== '')) context.write(`sorted by ${orders.length === 1 ? orders[0] : 'other columns from row group to row group'}\n`)
  if (pages) showPages(rowGroups, context)
  else showChunks(rowGroups, context)
  const closed = new Set(rowGroups.flatMap(group => group.columns.flatMap(({ column, closed: why }) => (why === undefined ? [] : [`column "${column}": ${why}\n`]))))
  for (const line of closed) context.write(line)
  if (closed.size > 0) context.write('give their keys by --decryption-keys FILE to see more\n')
}

function showChunks(groups: ParquetInfo['rowGroups'], context: CliContext): void {
  const lines = groups.flatMap(({ rowGroup, rows, columns }) =>
    columns.map(c => [`${rowGroup}`, formatCount(rows), c.column, ...(c.closed === undefined ? [c.codec, c.encodings.join(' ')] : ['encrypted', '']), noteText(c), formatBytes(c.compressedBytes), count(c.nulls), c.min, c.max]),
  )
  show([right('group'), right('rows'), { name: 'column' }, { name: 'codec' }, { name: 'encodings' }, { name: 'index' }, right('bytes'), right('nulls'), right('min'), right('max')], lines, context)
}

function showPages(groups: ParquetInfo['rowGroups'], context: CliContext): void {
  const lines = groups.flatMap(({ rowGroup, columns }) =>
    columns.flatMap(({ column, pages = [] }) =>
      pages.map(p => [`${rowGroup}`, column, p.page === null ? '' : `${p.page}`, p.kind, p.encoding, p.firstRow === null ? '' : formatCount(p.firstRow), p.rows === null ? '' : formatCount(p.rows), formatCount(p.values), formatBytes(p.bytes), formatBytes(p.unpackedBytes), count(p.nulls), p.min, p.max]),
    ),
  )
  const heads = [right('group'), { name: 'column' }, right('page'), { name: 'kind' }, { name: 'encoding' }, right('first row'), right('rows'), right('values'), right('bytes'), right('unpacked'), right('nulls'), right('min'), right('max')]
  show(heads, lines, context)
}

function showArrow(path: string, { columns, dictionaries, batches }: ReturnType<typeof inspectArrow>, json: boolean, context: CliContext): void {
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0)
  if (json) {
    context.write(`${JSON.stringify({ format: 'arrow', rows, schema: schemaOf(columns), dictionaries, batches }, null, 2)}\n`)
    return
  }
  context.write(`${path}: arrow; ${formatCount(rows)} rows in batches: ${formatCount(batches.length)}\n`)
  show([{ name: 'column' }, { name: 'type' }], Object.entries(schemaOf(columns)), context)
  show([right('batch'), right('rows'), right('bytes')], batches.map((batch, i) => [`${i}`, formatCount(batch.rows), formatBytes(batch.bytes)]), context)
}

const right = (name: string) => ({ name, numeric: true })
const count = (number: number | null) => (number === null ? null : formatCount(number))

function show(columns: Parameters<typeof textTable>[0], lines: readonly (readonly (string | null)[])[], context: CliContext): void {
  const moreRows = Math.max(0, lines.length - linesMax)
  context.write(`${textTable(columns, lines.slice(0, linesMax), { width: context.width(), color: context.color, moreRows })}\n`)
}

function schemaOf(columns: readonly { readonly field: Field; readonly unreadable?: string }[]): Record<string, string> {
  return Object.fromEntries(columns.map(({ field, unreadable }) => [field.name, unreadable ?? typeName(field.type, field.nullable)]))
}

function noteText({ pageIndex, bloomFilter, encryption }: ChunkInfo): string {
  return [...(pageIndex === 'none' ? [] : [pageIndex === 'places' ? 'places' : 'pages']), ...(bloomFilter ? ['bloom'] : []), ...(encryption === null ? [] : ['sealed'])].join(' ')
}
