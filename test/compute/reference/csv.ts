// CSV to rows, plainly: a state machine over characters, then each cell by its type. And NDJSON and CSV written from rows.
import type { Random } from '../../../src/base/random.ts'
import type { Value } from '../../../src/batch/read-values.ts'
import { type Field, parseSchema } from '../../../src/batch/schema.ts'
import { CsvDecoder, type CsvDialect } from '../../../src/compute/csv.ts'
import { encodeCsvRows, encodeJsonRows } from '../../../src/compute/encode-text.ts'
import { readCsvSample } from '../../../src/format/csv/infer-schema.ts'
import { columnOf, rowsOf, sampleValues, type Shape } from '../../support/samples.ts'
import { agreement } from '../agreement.ts'
import { plainTime } from './json.ts'

export const csvFields = parseSchema(
  { id: 'int64', small: 'int32?', ratio: 'float64?', name: 'utf8', note: 'utf8?', at: 'timestamp[ms]?', ok: 'bool?', raw: 'binary?' },
  'sample',
)
export const dialects: readonly CsvDialect[] = [
  { delimiter: ',', quote: '"', nulls: [''] },
  { delimiter: ';', quote: "'", nulls: ['NA', '-'] },
  { delimiter: '\t', quote: '"', nulls: ['\\N'] },
  { delimiter: '|', quote: '"', nulls: ['no value was given', 'x'] },
]

const refused = Symbol('refused')

function cellOf(text: string, quoted: boolean, field: Field, nulls: readonly string[]): Value | typeof refused {
  const { type } = field
  if (!quoted && nulls.includes(text)) {
    if (field.nullable) return null
    if (type.kind !== 'utf8') return refused
  }
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)
  switch (type.kind) {
    case 'utf8':
      return text
    case 'bool':
      return /^true$/i.test(text) || (/^false$/i.test(text) ? false : refused)
    case 'int32':
    case 'int64': {
      if (!/^[+-]?\d+$/.test(text))
        return isNumber && Number.isSafeInteger(Number(text)) ? (type.kind === 'int32' ? Number(text) : BigInt(Number(text))) : refused
      const value = BigInt(text.replace('+', ''))
      return BigInt.asIntN(type.kind === 'int32' ? 32 : 64, value) !== value ? refused : type.kind === 'int32' ? Number(value) : value
    }
    case 'float64':
      if (/^nan$/i.test(text)) return Number.NaN
      if (/^-?inf(inity)?$/i.test(text)) return text[0] === '-' ? -Infinity : Infinity
      return isNumber ? Number(text) : refused
    case 'timestamp': {
      const value =
        plainTime(text, type.unit) ?? (/^-?\d+$/.test(text) ? BigInt(text) : isNumber && Number.isSafeInteger(Number(text)) ? BigInt(Number(text)) : undefined)
      return value === undefined || BigInt.asIntN(64, value) !== value ? refused : Number(value)
    }
    case 'binary': {
      const bare = text.length % 4 === 0 ? text.replace(/={1,2}$/, '') : text
      const bytes = Buffer.from(bare, 'base64')
      return /^[A-Za-z0-9+/]*$/.test(bare) && bytes.toString('base64').replace(/=+$/, '') === bare ? new Uint8Array(bytes) : refused
    }
    default:
      throw new Error(`no cells of ${type.kind}`)
  }
}

/** The rows of `text`, undefined where one is refused. A row has `cellCount` cells; those behind the fields' aren't looked at. */
export function plainCsv(text: string, fields: readonly Field[], dialect: CsvDialect, cellCount = fields.length): (Value[] | undefined)[] {
  const rows = readCsvSample(new TextEncoder().encode(text), dialect, true)
  return rows
    .filter(row => row.length > 1 || row[0]!.text !== '' || row[0]!.quoted)
    .map(row => {
      if (row.length !== cellCount) return undefined
      const cells = row.slice(0, fields.length).map((cell, i) => cellOf(cell.text, cell.quoted, fields[i]!, dialect.nulls))
      return cells.includes(refused) ? undefined : (cells as Value[])
    })
}

const pick = <T>(r: Random, ...list: readonly T[]): T => list[r.int(list.length)]!

/** A CSV of `csvFields` in which most rows fit. */
export function sampleCsv(r: Random, rows: number, shape: Shape, dialect: CsvDialect): string {
  const { delimiter, quote, nulls } = dialect
  const wild = shape === 'extreme' ? 20 : 200
  const quoted = (text: string) => quote + text.replaceAll(quote, quote + quote) + quote
  const cell = (text: string, nullable: boolean) => {
    if (nullable && (shape === 'allNull' || (shape === 'nulls' && r.int(3) === 0))) return pick(r, ...nulls)
    if (r.int(wild) === 0) return pick(r, 'x', '', quoted(''), '-', '1.5.2', '99999999999999999999', 'é', `${delimiter}`)
    return r.int(8) === 0 || [delimiter, quote, '\n', '\r'].some(c => text.includes(c)) ? quoted(text) : text
  }
  const number = () => pick(r, String(r.int(1000)), `-${r.int(9)}`, '0', '12345678', '007', '+5', '3.0', '1e2', '123456789')
  const word = () =>
    pick(
      r,
      'a',
      'twelve bytes',
      'more than twelve bytes',
      'é€😀',
      `say ${quote}hi${quote}`,
      `a${delimiter}b`,
      'two\nlines',
      'cr\r\nlf',
      ' space ',
      'x'.repeat(r.int(40)),
    )
  const float = () =>
    pick(
      r,
      String(r.float()),
      String(r.int(1000) / 10),
      '1.',
      '.5',
      '1e300',
      'NaN',
      '-inf',
      'Infinity',
      '0.1000000000000000055511151231257827021181583404541015625',
      '-0',
    )
  const time = () => pick(r, '2026-01-31', '2026-01-31 12:30:00.5', '2026-01-31T12:30Z', '2024-02-29T00:00:00+01:00', '1767225600000')
  const line = () =>
    [
      cell(number(), false),
      cell(number(), true),
      cell(float(), true),
      cell(word(), false),
      cell(word(), true),
      cell(time(), true),
      cell(pick(r, 'true', 'FALSE'), true),
      cell(pick(r, 'AAEC', 'YQ==', 'dGhpcyBpcyBsb25nZXI'), true),
    ].join(delimiter)
  const end = () => pick(r, '\n', '\n', '\r\n', '\n\n')
  return Array.from({ length: rows }, () => line() + end()).join('') + (rows > 0 && r.int(2) ? line() : '')
}

export const csvAgreement = agreement({
  stem: 'csv-decode',
  kernels: ['decodeCsv'],
  sample(random, length, shape) {
    const dialect = pick(random, ...dialects)
    // Without the last columns, whose cells are never plain, most rows are.
    return { dialect, text: sampleCsv(random, length, shape, dialect), fields: pick(random, csvFields, csvFields.slice(0, 5)) }
  },
  reference({ dialect, text, fields }) {
    const rows = plainCsv(text, fields, dialect, csvFields.length)
    return {
      rows: rows.filter(row => row !== undefined),
      kept: rows.flatMap((row, i) => (row ? [i] : [])),
      bad: rows.flatMap((row, i) => (row ? [] : [i])),
      isWhole: true,
    }
  },
  compute(device, arena, { dialect, text, fields }) {
    const bytes = new TextEncoder().encode(text)
    const address = arena.allocate(bytes.length + 1)
    device.memory.write(address, bytes)
    const cells = csvFields.map(({ name }) => (fields.some(f => f.name === name) ? name : undefined))
    const decoder = new CsvDecoder(fields, cells, dialect, 'sample')
    const { batch, recordOf, errors, taken } = decoder.decode(device, arena, address, bytes.length, true, 2_000)
    return {
      rows: rowsOf(device, batch),
      kept: [...device.memory.uint32s(recordOf, batch.rowCount)],
      bad: errors.map(e => e.record),
      isWhole: taken === bytes.length,
    }
  },
})

const everyType = parseSchema(
  { b: 'bool?', i: 'int32?', 'quoted "name"': 'int64?', f: 'float64?', s: 'utf8?', x: 'binary?', t: 'timestamp[ms]?', u: 'timestamp[us]?', plain: 'utf8?' },
  'sample',
)

function isoText(value: Value, field: Field): string {
  if (field.type.kind !== 'timestamp') return ''
  if (field.type.unit === 'ms') return new Date(value as number).toISOString()
  const micros = typeof value === 'number' ? BigInt(value) * 1_000n : (value as bigint)
  const seconds = micros / 1_000_000n - (micros % 1_000_000n < 0n ? 1n : 0n)
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, -4)}${String(micros - seconds * 1_000_000n).padStart(6, '0')}Z`
}

function jsonCell(value: Value, field: Field): string {
  if (value === null || (typeof value === 'number' && !Number.isFinite(value))) return 'null'
  if (field.type.kind === 'timestamp') return `"${isoText(value, field)}"`
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`
  return typeof value === 'string' ? JSON.stringify(value) : Object.is(value, -0) ? '-0' : String(value)
}

function csvCell(value: Value, field: Field, { delimiter, quote, nulls }: CsvDialect): string {
  const nullText = nulls[0]!
  if (value === null) return nullText
  const text =
    field.type.kind === 'timestamp'
      ? isoText(value, field)
      : value instanceof Uint8Array
        ? Buffer.from(value).toString('base64')
        : Object.is(value, -0)
          ? '-0'
          : String(value)
  const isText = field.type.kind === 'utf8' || (field.type.kind === 'binary' && text === '')
  const plain =
    !isText || (text !== '' && text !== nullText && text[0] !== ' ' && text.at(-1) !== ' ' && ![delimiter, quote, '\n', '\r'].some(c => text.includes(c)))
  return plain ? text : quote + text.replaceAll(quote, quote + quote) + quote
}

export const encodeAgreement = agreement({
  stem: 'text-encode',
  kernels: ['encodeJson', 'encodeCsv', 'anyQuoted', 'measureJson'],
  // "plain" has texts that all stand as they are.
  sample: (random, length, shape) => ({
    table: everyType.map(({ name, type }) => sampleValues(random, type, length, shape).map(value => (name === 'plain' && typeof value === 'string' ? `x${value.replace(/[^a-z]/g, 'y')}` : value))),
    dialect: pick(random, ...dialects),
  }),
  reference({ table, dialect }) {
    const rows = table[0]!.map((_, row) => everyType.map((field, c) => ({ field, value: table[c]![row]! })))
    const json = rows.map(cells => `{${cells.map(({ field, value }) => `${JSON.stringify(field.name)}:${jsonCell(value, field)}`).join(',')}}\n`)
    return { json, csv: rows.map(cells => `${cells.map(({ field, value }) => csvCell(value, field, dialect)).join(dialect.delimiter)}\n`) }
  },
  compute(device, arena, { table, dialect }) {
    const batch = {
      fields: everyType,
      rowCount: table[0]!.length,
      columns: table.map((values, i) => columnOf(device, arena, everyType[i]!.type, values)),
      arena: arena.address,
    }
    const texts = [encodeJsonRows(device, arena, batch), encodeCsvRows(device, arena, batch, dialect)].map(({ address, offsets, rowCount }) => {
      const at = device.memory.uint32s(offsets, rowCount + 1)
      return Array.from({ length: rowCount }, (_, row) => device.memory.text(address + at[row]!, at[row + 1]! - at[row]!))
    })
    return { json: texts[0]!, csv: texts[1]! }
  },
})
