// `millrace inspect FILE`: how a Parquet or Arrow file is built, from its footer and headers; no values are read.
import type { Command } from 'commander'
import { DataError, PlanError } from '../../base/errors.ts'
import { textTable } from '../../base/text-table.ts'
import { formatBytes, formatCount } from '../../base/units.ts'
import type { Stored } from '../../batch/stored-value.ts'
import { typeName } from '../../batch/type-name.ts'
import { showValue } from '../../batch/value-text.ts'
import { headerOf, readArrow, readMessage } from '../../format/arrow/read-arrow.ts'
import { boundValue } from '../../format/parquet/bound-value.ts'
import { chunkBounds } from '../../format/parquet/chunk-bounds.ts'
import { codecs, type ColumnChunk, encodings } from '../../format/parquet/metadata.ts'
import { type ParquetColumn, type ParquetFile, readFooter } from '../../format/parquet/read-footer.ts'
import { leavesOf, type ParquetLeaf } from '../../format/parquet/schema-tree.ts'
import { type FileReader, withFile } from '../../source/open-file.ts'
import type { CliContext } from '../context.ts'
import { fileFormat } from '../file-format.ts'
import { formatOption } from '../options.ts'

interface InspectOptions {
  from?: string
  json?: boolean
}

const linesMax = 200

/** Adds arguments and options. */
export function define(command: Command, context: CliContext): void {
  command
    .argument('<file>', 'a Parquet or Arrow file')
    .addOption(formatOption('--from <format>', 'the format, where the ending does not tell'))
    .option('--json', 'as a JSON object, with all row groups or batches')
    .addHelpText('after', "\nExamples:\n  $ millrace inspect trips.parquet\n  $ millrace inspect trips.parquet --json | jq '.rowGroups[0].columns'")
    .action((file: string, { from, json = false }: InspectOptions) => {
      const format = fileFormat(file, from, '--from')
      if (format !== 'parquet' && format !== 'arrow')
        throw new PlanError('FORMAT', `inspect: ${file} is ${format}, which has no footer; give a parquet or arrow file, or use millrace schema`)
      withFile(file, 'inspect', reader => (format === 'parquet' ? showParquet : showArrow)(file, reader, json, context))
    })
}

function showParquet(path: string, reader: FileReader, json: boolean, context: CliContext): void {
  const { createdBy, rowCount, columns, rowGroups } = readFooter(reader, path)
  const groups = rowGroups.map(group => ({
    rows: group.rowCount,
    sortedBy: sortedBy(group, columns),
    columns: columns.flatMap(column => (column.unreadable === undefined ? leavesOfColumn(column).map(leaf => chunkInfo(leaf, group.chunks[leaf.leaf]!)) : [])),
  }))
  if (json) {
    context.write(`${JSON.stringify({ format: 'parquet', createdBy, rows: rowCount, schema: schemaOf(columns), rowGroups: groups }, null, 2)}\n`)
    return
  }
  context.write(`${path}: parquet by ${JSON.stringify(createdBy)}; ${formatCount(rowCount)} rows in row groups: ${formatCount(groups.length)}\n`)
  const orders = [...new Set(groups.map(group => group.sortedBy.join(', ')))]
  if (orders.some(order => order !== '')) context.write(`sorted by ${orders.length === 1 ? orders[0] : 'other columns from row group to row group'}\n`)
  const lines = groups.flatMap(({ rows, columns: chunks }, i) =>
    chunks.map(c => [`${i}`, formatCount(rows), c.column, c.codec, c.encodings.join(' '), indexText(c), formatBytes(c.compressedBytes), c.nulls === null ? null : formatCount(c.nulls), c.min, c.max]),
  )
  show([right('group'), right('rows'), { name: 'column' }, { name: 'codec' }, { name: 'encodings' }, { name: 'index' }, right('bytes'), right('nulls'), right('min'), right('max')], lines, context)
}

function showArrow(path: string, reader: FileReader, json: boolean, context: CliContext): void {
  const { columns, batches, dictionaries } = readArrow(reader, path)
  const parts = batches.map((block, i) => {
    const where = `${path}, record batch ${i}`
    const rows = headerOf(readMessage(reader, block, where), where).i64(0)
    if (rows < 0 || rows > 0x7fffffff) throw new DataError('ARROW_MESSAGE', `${where}: it is said to have ${rows} rows; the file is broken, write it again`)
    return { rows, bytes: block.bodyBytes }
  })
  const rows = parts.reduce((sum, part) => sum + part.rows, 0)
  if (json) {
    context.write(`${JSON.stringify({ format: 'arrow', rows, schema: schemaOf(columns), dictionaries: dictionaries.length, batches: parts }, null, 2)}\n`)
    return
  }
  context.write(`${path}: arrow; ${formatCount(rows)} rows in batches: ${formatCount(parts.length)}\n`)
  show([{ name: 'column' }, { name: 'type' }], Object.entries(schemaOf(columns)), context)
  show([right('batch'), right('rows'), right('bytes')], parts.map((part, i) => [`${i}`, formatCount(part.rows), formatBytes(part.bytes)]), context)
}

const right = (name: string) => ({ name, numeric: true })

function show(columns: Parameters<typeof textTable>[0], lines: readonly (readonly (string | null)[])[], context: CliContext): void {
  const moreRows = Math.max(0, lines.length - linesMax)
  context.write(`${textTable(columns, lines.slice(0, linesMax), { width: context.width(), color: context.color, moreRows })}\n`)
}

function schemaOf(columns: readonly Pick<ParquetColumn, 'field' | 'unreadable'>[]): Record<string, string> {
  return Object.fromEntries(columns.map(({ field, unreadable }) => [field.name, unreadable ?? typeName(field.type, field.nullable)]))
}

// A nested column has a chunk for each leaf, whose name is its path.
function leavesOfColumn(column: ParquetColumn): ParquetLeaf[] {
  return column.nested ? leavesOf(column.nested).map(({ leaf }) => leaf) : [column]
}

function chunkInfo(column: ParquetLeaf, chunk: ColumnChunk) {
  const { least, greatest } = chunkBounds(column, chunk)
  const text = (bound: Stored | undefined) => (bound === undefined ? null : showValue(boundValue(column.field.type, bound), column.field.type))
  return {
    column: column.field.name,
    codec: codecs[chunk.codec] ?? `${chunk.codec}`,
    encodings: (chunk.encodings ?? []).map(number => encodings[number] ?? `${number}`),
    values: chunk.valueCount,
    compressedBytes: chunk.compressedBytes,
    pageIndex: chunk.offsetIndex === undefined ? 'none' : chunk.columnIndex === undefined ? 'places' : 'places and bounds',
    bloomFilter: chunk.bloomFilter !== undefined,
    nulls: chunk.statistics?.nullCount ?? null,
    min: text(least),
    max: text(greatest),
  }
}

function indexText({ pageIndex, bloomFilter }: ReturnType<typeof chunkInfo>): string {
  return [...(pageIndex === 'none' ? [] : [pageIndex === 'places' ? 'places' : 'pages']), ...(bloomFilter ? ['bloom'] : [])].join(' ')
}

// As sort keys are written: "-day" is descending.
function sortedBy({ sorting = [] }: ParquetFile['rowGroups'][number], columns: readonly ParquetColumn[]): string[] {
  const leaves = columns.flatMap(leavesOfColumn)
  return sorting.map(({ leaf, descending, nullsFirst }) => `${descending ? '-' : ''}${leaves.find(other => other.leaf === leaf)?.field.name ?? `leaf ${leaf}`}${nullsFirst ? ' (nulls first)' : ''}`)
}
