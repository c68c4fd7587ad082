// Columns to NDJSON and CSV, by kernels/text-encode.ts: int64 exactly, float64 with the fewest digits that read back, strings escaped or quoted. Other types
// go as numbers that kernels know, or as text that JavaScript makes (text-form.ts).
import { DataError } from '../base/errors.ts'
import { type Batch, type Column, column } from '../batch/batch.ts'
import type { DataType } from '../batch/data-type.ts'
import { type Fields, visible } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { checkDialect, type CsvDialect } from './csv.ts'
import { textTypeNumber } from './json-tables.ts'
import { type TextForm, textForm } from './text-form.ts'

/** Rows as text in an arena. Row i is the bytes [offsets[i], offsets[i + 1]) from `address`, its line feed last; `offsets` is the address of rowCount + 1 u32. */
export interface EncodedRows {
  readonly address: number
  readonly bytes: number
  readonly offsets: number
  readonly rowCount: number
}

/** What to write of a batch, and how. */
export interface EncodeOptions {
  /** Only these columns, in this order; by default all that users see. */
  readonly columns?: readonly string[]
  /** 'iso' (default): ISO 8601 in UTC with the unit's digits; 'epoch': whole milliseconds. */
  readonly timestamps?: 'iso' | 'epoch'
  /** 'pointed': in JSON a whole float64 is 1.0, for readers that guess types from values. 'short' (default): 1. */
  readonly floats?: 'short' | 'pointed'
  /** In JSON: each row begins with a comma, as the items of an array do. */
  readonly separated?: boolean
  /** In CSV: which cells are quoted; those that must be ('needed', the default), all text, or all that aren't null. */
  readonly quoting?: 'needed' | 'text' | 'all'
  /** In CSV: what ends a row; a line feed unless said. */
  readonly lineEnd?: '\n' | '\r\n'
}

const quotingNumbers = { needed: 0, text: 1, all: 2 } as const

const scalarBytes: Partial<Record<DataType['kind'], number>> = { bool: 8, int32: 11, int64: 20, float64: 28, timestamp: 48, utf8: 2, binary: 6 }
const encodedBytesMax = 2 ** 31
/** The number of text as it shall stand, in kernels/text-encode.ts. */
const rawNumber = 10

/**
 * Each row as a JSON object and a line feed. NaN and infinities are null, as JSON.stringify has it; binary is base64; -0 stays -0; 64-bit integers and decimals
 * are numbers with all their digits; dates, times, durations and intervals ISO text; a map is an object where its keys are text, else pairs.
 * Throws PlanError NO_COLUMN, DataError ENCODE_SIZE beyond 2 GiB. Cost: 1–2 GB/s of text.
 */
export function encodeJsonRows(device: Device, arena: Arena, batch: Batch, options: EncodeOptions = {}): EncodedRows {
  const columns = chosen(device, arena, batch, options, 'json')
  const labels = columns.map(({ name }, i) => encoder.encode(`${i > 0 ? ',' : options.separated ? ',{' : '{'}${JSON.stringify(name)}:`))
  const strings = columns.map(chosen => textBytes(device, chosen, 'json'))
  return encode(device, arena, batch.rowCount, columns, labels, strings, options, undefined)
}

/** Each row as CSV and a line feed, RFC 4180 quoting where needed; lists, structs and maps are JSON in a cell; null is the dialect's first text, empty text is quoted, NaN and infinities are spelt out. Throws as `encodeJsonRows`. */
export function encodeCsvRows(device: Device, arena: Arena, batch: Batch, dialect: CsvDialect, options: EncodeOptions = {}): EncodedRows {
  checkDialect(dialect, 'csv')
  const columns = chosen(device, arena, batch, options, 'csv')
  const strings = columns.map(chosen => textBytes(device, chosen, 'csv') + batch.rowCount * (dialect.nulls[0] ?? '').length * 3)
  return encode(device, arena, batch.rowCount, columns, undefined, strings, options, dialect)
}

interface Chosen extends TextForm {
  readonly name: string
}

function chosen(device: Device, arena: Arena, batch: Batch, options: EncodeOptions, format: 'json' | 'csv'): Chosen[] {
  const names = options.columns ?? visible(batch.fields).map(f => f.name)
  return names.map(name => ({ name, ...textForm(device, arena, column(batch, name, 'encode'), format) }))
}

function textBytes(device: Device, { column: { type, values, length }, isRaw }: Chosen, form: 'json' | 'csv'): number {
  if (isRaw) return device.kernels.countViewBytes(values, length) + 12 * length
  if (type.kind === 'utf8' && form === 'json') return device.kernels.measureJson(values, length)
  if (type.kind !== 'utf8' && type.kind !== 'binary') return 0
  return 2 * (device.kernels.countViewBytes(values, length) + 12 * length)
}

// JsonColumn and TextJob of kernels/text-encode.ts.
function encode(device: Device, arena: Arena, rowCount: number, columns: readonly Chosen[], labels: readonly Uint8Array[] | undefined, strings: readonly number[], options: EncodeOptions, dialect: CsvDialect | undefined): EncodedRows {
  const quoting = quotingNumbers[options.quoting ?? 'needed']
  const perRow = columns.reduce((sum, { column }, i) => sum + (labels?.[i]?.length ?? 1) + (scalarBytes[column.type.kind] ?? 0) + (quoting === 2 ? 2 : 0), 5)
  const bytesMax = perRow * rowCount + strings.reduce((sum, bytes) => sum + bytes, 0)
  if (bytesMax > encodedBytesMax) throw new DataError('ENCODE_SIZE', `encode: ${rowCount} rows may take ${bytesMax} bytes as text, more than 2 GiB; use smaller batches`)
  const { memory, kernels } = device
  const address = arena.allocate(bytesMax)
  const offsets = arena.allocate(4 * (rowCount + 1))
  const table = arena.allocateZeroed(32 * columns.length)
  const at = arena.allocateZeroed(64)
  const nullText = encoder.encode(dialect?.nulls[0] ?? '')
  const nullAt = arena.allocate(nullText.length)
  const places = labels?.map(label => {
    const place = arena.allocate(label.length)
    memory.write(place, label)
    return [place, label.length]
  })
  memory.write(nullAt, nullText)
  const marks = dialect ? [dialect.delimiter.charCodeAt(0), dialect.quote.charCodeAt(0)] as const : [0, 0] as const
  const isPlain = (text: Column) => {
    if (!dialect || quoting !== 0 || text.type.kind !== 'utf8') return false
    const { values, validity, length } = text.codes && text.codes.dictionary.length < text.length ? text.codes.dictionary : text
    return kernels.anyQuoted(values, validity, length, marks[1], marks[0], nullAt, nullText.length) === 0
  }
  columns.forEach(({ column, isRaw }, i) => {
    const type = isRaw || isPlain(column) ? rawNumber : textTypeNumber(column.type)
    memory.int32s(table + 32 * i, 5).set([column.values, column.validity, type, ...(places?.[i] ?? [0, 0])])
  })
  memory.int32s(at, 13).set([table, columns.length, rowCount, address, offsets, options.timestamps === 'epoch' ? 1 : 0, ...marks, nullAt, nullText.length, options.floats === 'pointed' ? 1 : 0, quoting, options.lineEnd === '\r\n' ? 1 : 0])
  const bytes = (dialect ? kernels.encodeCsv(at) : kernels.encodeJson(at)) >>> 0
  return { address, bytes, offsets, rowCount }
}

/** The header row of a CSV of these columns, quoted as rows are, with its line end. */
export function csvHeader(fields: Fields | readonly { readonly name: string }[], dialect: CsvDialect, { quoting = 'needed', lineEnd = '\n' }: EncodeOptions = {}): Uint8Array {
  const { delimiter, quote, nulls } = dialect
  const cells = fields.map(({ name }) => {
    const plain = quoting === 'needed' && !nulls.includes(name) && name !== '' && name.trim() === name && ![delimiter, quote, '\n', '\r'].some(c => name.includes(c))
    return plain ? name : quote + name.replaceAll(quote, quote + quote) + quote
  })
  return encoder.encode(`${cells.join(delimiter)}${lineEnd}`)
}

const encoder = new TextEncoder()
