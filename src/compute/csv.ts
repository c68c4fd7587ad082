// CSV rows to columns, by kernels/csv-decode.ts. A row that is malformed or doesn't fit the schema is left out and listed; its neighbours are untouched.
import { assert, PlanError } from '../base/errors.ts'
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { bitmapBytes, isInteger, isNumeric } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { RecordError } from './json-errors.ts'
import { carrierOf } from './carrier.ts'
import { textTypeNumber } from './json-tables.ts'
import { jsonTexts, roundSlow } from './json.ts'
import { isNative, locate, settleRecords } from './settle-records.ts'

/** How a CSV is written. A cell that equals one of `nulls` and isn't quoted is null; the first of them (or nothing) is what null is written as. */
export interface CsvDialect {
  readonly delimiter: string
  readonly quote: string
  readonly nulls: readonly string[]
  /** Inside quotes, what makes the character behind it text, as \ does; without it a quote is written twice, which is read either way. */
  readonly escape?: string
  /** A line that begins with it is passed over, whatever else it holds. */
  readonly comment?: string
  /** What stands before the fraction of numbers; a point unless said. */
  readonly decimal?: '.' | ','
  /** Rows with another number of cells are refused ('error'); 'pad' takes cells that are missing as nulls, 'fit' also leaves out those that are too many. */
  readonly ragged?: 'error' | 'pad' | 'fit'
}

/** RFC 4180: comma, double quote, an empty cell is null. */
export const plainDialect: CsvDialect = { delimiter: ',', quote: '"', nulls: [''] }

/** A refused row: `byte` counts from the row's start, which lies `start` bytes after the chunk's, up to `end`. */
export interface CsvError extends RecordError {
  readonly start: number
  readonly end: number
}

/** Rows of one chunk. `recordOf` is the address of a u32 a row: its number among the chunk's records; `records` counts good and bad; `taken`: bytes used up. */
export interface DecodedCsv {
  readonly batch: Batch
  readonly recordOf: number
  readonly records: number
  readonly errors: readonly CsvError[]
  readonly taken: number
}

// CsvJob of kernels/csv-decode.ts, in 32-bit words.
const job = {
  at: 0,
  end: 1,
  isLast: 2,
  delimiter: 3,
  quote: 4,
  nulls: 5,
  nullCount: 6,
  targets: 7,
  cellCount: 8,
  fields: 9,
  fieldCount: 10,
  row: 11,
  rowMax: 12,
  record: 13,
  recordOf: 14,
  errors: 15,
  errorCount: 16,
  errorMax: 17,
  slow: 18,
  slowCount: 19,
  slowMax: 20,
  text: 21,
  textEnd: 22,
  decimal: 23,
  paused: 31,
  nullLengths: 32,
  escape: 33,
  comment: 34,
  comma: 35,
  ragged: 36,
  words: 38,
} as const
const errorsMax = 256
const slowMin = 256
/** The numbers of CSV_TYPE and CSV_RANGE. */
const typeNumber = 5
const rangeNumber = 6

const words: readonly (readonly [code: string, text: string])[] = [
  ['', ''],
  ['CSV_OPEN_QUOTE', 'a quote is opened and never closed'],
  ['CSV_QUOTE', 'text follows a closing quote; a quote inside quotes is written twice'],
  ['CSV_UTF8', 'the cell is not UTF-8'],
  ['CSV_RAGGED', 'the row has another number of cells'],
  ['CSV_TYPE', 'the cell is no value of the type'],
  ['CSV_RANGE', 'the number does not fit the type exactly'],
  ['CSV_NULL', 'the cell is null, and the column allows no nulls'],
]

/** Throws PlanError CSV_DIALECT for a delimiter, quote, escape or comment that isn't one byte, could be part of a number, or is another one's already. */
export function checkDialect(dialect: CsvDialect, where: string): void {
  const { delimiter, quote, escape, comment, decimal, ragged } = dialect
  const refuse = (what: string, found: string, todo: string) => new PlanError('CSV_DIALECT', `${where}: ${what} can't be ${JSON.stringify(found)}; use ${todo}`)
  const one = "one ASCII character that no number holds, such as ',', ';', '|' or '\\t'"
  const marks = Object.entries({ delimiter, quote, escape: escape === quote ? undefined : escape, comment })
  for (const [at, [name, mark]] of marks.entries()) {
    if (mark === undefined) continue
    if (!/^[^\x80-\uffffA-Za-z0-9+\-.\r\n]$/.test(mark)) throw refuse(`the ${name}`, mark, one)
    const other = marks.slice(0, at).find(([, before]) => before === mark)
    if (other) throw refuse(`the ${name}`, mark, `another character than the ${other[0]}`)
  }
  if (decimal !== undefined && decimal !== '.' && decimal !== ',') throw refuse('the decimal mark', decimal, "'.' or ','")
  if (decimal === ',' && delimiter === ',') throw refuse('the delimiter', delimiter, "';' or '\\t' where numbers have a comma")
  if (ragged !== undefined && !(ragged in raggedNumbers)) throw refuse('ragged', ragged, "'error', 'pad' or 'fit'")
}

const raggedNumbers = { error: 0, pad: 1, fit: 2 } as const

/** A decoder for one schema and one order of cells; keeps no memory between calls. */
export class CsvDecoder {
  readonly fields: Fields
  readonly dialect: CsvDialect
  readonly #targets: Int32Array
  readonly #carriers: Fields
  /** No row but a blank line is shorter. */
  readonly rowBytesMin: number
  /** `cells`: for each cell of a row the column it goes to, or undefined. Throws PlanError CSV_DIALECT. */
  constructor(fields: Fields, cells: readonly (string | undefined)[], dialect: CsvDialect, where: string) {
    checkDialect(dialect, where)
    this.fields = fields
    this.#carriers = fields.map(field => ({ ...field, type: carrierOf(field.type) }))
    this.dialect = dialect
    this.rowBytesMin = Math.max(1, cells.length)
    this.#targets = Int32Array.from(cells, name => fields.findIndex(f => f.name === name))
  }

  /**
   * The rows of the `bytes` bytes at `address`, at most `rowMax`, as a batch in `arena`; with `isLast` also the row without an end, else it is left over.
   * One byte behind them is overwritten. Numbers may have a +, leading zeros or no digits on one side of the point; float64 takes nan and inf; bool true
   * and false in any case; timestamps as in JSON; binary is base64. An empty quoted cell is empty text, not null. Views point into the chunk where
   * the cell needs no unquoting: the caller keeps those bytes alive. Columns that no cell goes to are null throughout.
   */
  decode(device: Device, arena: Arena, address: number, bytes: number, isLast: boolean, rowMax: number): DecodedCsv {
    const decoded = this.#decode(device, arena, this.#carriers, address, bytes, isLast, rowMax)
    if (isNative(this.fields)) return decoded
    const { batch, recordOf, misfits } = settleRecords(device, arena, this.fields, decoded.batch, decoded.recordOf, jsonTexts(device, arena))
    if (misfits.length === 0) return { ...decoded, batch }
    const places = locate(this.fields, misfits, fields => this.#decode(device, arena, fields, address, bytes, isLast, rowMax).errors)
    const found = misfits.map(({ record, field }): CsvError => {
      const { start, end, byte } = places.get(record)!
      return this.#error([record, byte, isInteger(this.fields[field]!.type) ? rangeNumber : typeNumber, field, start, end])
    })
    return { ...decoded, batch, recordOf, errors: [...decoded.errors, ...found].sort((a, b) => a.record - b.record) }
  }

  #decode(device: Device, arena: Arena, fields: Fields, address: number, bytes: number, isLast: boolean, rowMax: number): DecodedCsv {
    const { memory } = device
    const columns = fields.map(field => allocateColumn(arena, field.type, rowMax))
    const validities = fields.map(field => (field.nullable ? arena.allocate(bitmapBytes(rowMax)) : 0))
    const at = arena.allocateZeroed(4 * job.words)
    const fieldsAt = arena.allocateZeroed(32 * fields.length)
    const nullTexts = this.dialect.nulls.map(text => encoder.encode(text))
    const nullPlaces = nullTexts.map(text => arena.allocate(text.length))
    const nulls = arena.allocate(8 * nullTexts.length)
    const targets = arena.allocate(4 * this.#targets.length)
    const recordOf = arena.allocate(4 * rowMax)
    const [errors, slow, decimal] = [arena.allocate(24 * errorsMax), arena.allocate(16 * Math.max(slowMin, fields.length)), arena.allocate(16)]
    memory.bytes(address + bytes, 1)[0] = 10
    nullTexts.forEach((text, i) => {
      memory.write(nullPlaces[i]!, text)
      memory.uint32s(nulls + 8 * i, 2).set([nullPlaces[i]!, text.length])
    })
    memory.int32s(targets, this.#targets.length).set(this.#targets)
    fields.forEach((field, i) => {
      const filled = this.#targets.includes(i)
      memory.int32s(fieldsAt + 32 * i, 7).set([columns[i]!.values, validities[i]!, textTypeNumber(field.type), field.nullable ? 1 : 0, 0, filled ? 0 : 1, isNumeric(this.fields[i]!.type) ? 1 : 0])
      if (validities[i] !== 0) memory.bytes(validities[i]!, bitmapBytes(rowMax)).fill(filled ? 255 : 0)
      if (!filled && (field.type.kind === 'utf8' || field.type.kind === 'binary')) memory.bytes(columns[i]!.values, 16 * rowMax).fill(0)
    })
    const state = memory.int32s(at, job.words)
    const values: Partial<Record<keyof typeof job, number>> = {
      at: address,
      end: address + bytes,
      isLast: isLast ? 1 : 0,
      delimiter: this.dialect.delimiter.charCodeAt(0),
      quote: this.dialect.quote.charCodeAt(0),
      nulls,
      nullCount: nullTexts.length,
      nullLengths: nullTexts.reduce((bits, text) => bits | (1 << Math.min(31, text.length)), 0),
      targets,
      cellCount: this.#targets.length,
      fields: fieldsAt,
      fieldCount: fields.length,
      rowMax,
      recordOf,
      errors,
      errorMax: errorsMax,
      slow,
      slowMax: Math.max(slowMin, fields.length),
      decimal,
      ...this.#marks(),
    }
    for (const [name, value] of Object.entries(values)) state[job[name as keyof typeof job]] = value
    const listed = this.#run(device, arena, at, address, columns)
    const end = memory.int32s(at, job.words)
    const rowCount = end[job.row]!
    const finished = columns.map((column, i): Column => {
      const nulls = memory.int32s(fieldsAt + 32 * i, 6)[5]!
      return { ...column, length: rowCount, validity: nulls > 0 ? validities[i]! : 0 }
    })
    return {
      batch: { fields, rowCount, columns: finished, arena: arena.address },
      recordOf,
      records: end[job.record]!,
      errors: listed,
      taken: (end[job.at]! >>> 0) - address,
    }
  }

  #marks(): Partial<Record<keyof typeof job, number>> {
    const { quote, escape = quote, comment, decimal, ragged = 'error' } = this.dialect
    return { escape: escape.charCodeAt(0), comment: comment?.charCodeAt(0) ?? 256, comma: decimal === ',' ? 1 : 0, ragged: raggedNumbers[ragged] }
  }

  #run(device: Device, arena: Arena, at: number, address: number, columns: readonly Column[]): CsvError[] {
    const { memory, kernels } = device
    const errors: CsvError[] = []
    for (let stuckAt = -1; ; ) {
      kernels.decodeCsv(at)
      const state = memory.int32s(at, job.words)
      roundSlow(device, state[job.slow]! >>> 0, state[job.slowCount]!, columns)
      state[job.slowCount] = 0
      const listed = memory.uint32s(state[job.errors]! >>> 0, 6 * state[job.errorCount]!)
      for (let i = 0; i < listed.length; i += 6) {
        const [record, at, number, field, start, end] = listed.subarray(i, i + 6) as unknown as [number, number, number, number, number, number]
        errors.push(this.#error([record, at - start, number, field, start - address, end - address]))
      }
      const wasFull = state[job.errorCount] === errorsMax
      state[job.errorCount] = 0
      if (wasFull) continue
      if (state[job.paused] === 0) return errors
      // The text buffer is full: what is left takes at most as many bytes unquoted, and as many again as binary. Or the floats were: their list is empty again.
      const left = 2 * ((state[job.end]! >>> 0) - (state[job.at]! >>> 0))
      if ((state[job.textEnd]! >>> 0) - (state[job.text]! >>> 0) < left) {
        const text = arena.allocate(left)
        const grown = memory.int32s(at, job.words)
        grown[job.text] = text
        grown[job.textEnd] = text + left
      } else assert(stuckAt !== state[job.at], 'the CSV decoder does not get on')
      stuckAt = state[job.at]!
    }
  }

  #error([record, byte, number, field, start, end]: readonly [number, number, number, number, number, number]): CsvError {
    const [code, text] = words[number]!
    const column = code === 'CSV_RAGGED' ? undefined : this.fields[field]
    const place = column ? `column "${column.name}" (${typeName(column.type, column.nullable)}): ` : ''
    const counts = code === 'CSV_RAGGED' ? `: ${field} where ${this.#targets.length} are expected` : ''
    return { record, byte, code, message: `${place}${text}${counts}, at byte ${byte} of the row`, start, end }
  }
}

const encoder = new TextEncoder()
