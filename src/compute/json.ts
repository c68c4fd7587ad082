// JSON records to columns and back, by kernels/json-decode.ts and json-encode.ts. Each record is checked against RFC 8259 to its last byte;
// one that is malformed or doesn't fit the schema is left out and listed, and its neighbours are untouched.
import { assert } from '../base/errors.ts'
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { bitmapBytes, isInteger } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { carrierOf } from './carrier.ts'
import { jsonError, rangeNumber, type RecordError, typeNumber } from './json-errors.ts'
import { checkTextTypes, type JsonField, type JsonTables, jsonTables } from './json-tables.ts'
import { isNative, locate, type Misfit, settleRecords } from './settle-records.ts'

/** Records as a utf8 or binary column, or as `count` pairs (address u32, bytes u32), such as `splitLines` writes them. */
export type JsonRecords = { readonly column: Column } | { readonly pairs: number; readonly count: number }

/** What was decoded. `rowOfRecord` is the address of a u32 a row: the record it came from. */
export interface DecodedRecords {
  readonly batch: Batch
  readonly rowOfRecord: number
  readonly errors: readonly RecordError[]
}

// JsonJob of kernels/json-text.ts, in 32-bit words.
const job = {
  records: 0,
  recordKind: 1,
  recordCount: 2,
  recordValidity: 3,
  next: 4,
  row: 5,
  rowOf: 6,
  tables: 7,
  fields: 8,
  fieldCount: 9,
  scopes: 10,
  errors: 11,
  errorCount: 12,
  errorMax: 13,
  slow: 14,
  slowCount: 15,
  slowMax: 16,
  text: 17,
  textEnd: 18,
  anyRoot: 19,
  kinds: 20,
  decimal: 21,
  start: 22,
  end: 23,
  words: 32,
} as const
const errorsMax = 256
const textBytesMax = 1 << 18
const kindsBytes = 1024

/** A decoder for one schema; keeps no memory between calls. */
export class JsonDecoder {
  readonly fields: readonly JsonField[]
  readonly #carriers: readonly JsonField[]
  readonly #tables: JsonTables
  readonly #where: string
  /** Throws PlanError JSON_PATH, TYPE_UNSUPPORTED naming `where`. */
  constructor(fields: readonly JsonField[], where: string) {
    checkTextTypes(fields, where)
    this.fields = fields
    this.#where = where
    this.#carriers = fields.map(field => ({ ...field, type: carrierOf(field.type)! }))
    this.#tables = jsonTables(this.#carriers, where)
  }

  /**
   * The records as a batch in `arena`, in order, bad ones left out. utf8 values are the string's text, or the JSON text of any other value; bool, int and
   * float columns take no strings; int columns take 1.0 and 1e3; float64 is the nearest, beyond the range ±Infinity; other flat types are read from
   * text or numbers by carriers (carrier.ts); timestamps are ISO 8601 (UTC without
   * a zone; digits finer than the unit are cut off) or whole epoch milliseconds; binary is base64. A repeated key's last value counts; a lone surrogate escape
   * becomes U+FFFD. Views point into the records where they have no escapes: the caller keeps those bytes alive (`arena.hold`). Cost: 1–2 GB/s a core.
   */
  decode(device: Device, arena: Arena, records: JsonRecords): DecodedRecords {
    const decoded = decodeInto(device, arena, records, this.#carriers, this.#tables, false, this.fields)
    if (isNative(this.fields)) return decoded
    const fields = this.fields.map(({ name, type, nullable }) => ({ name, type, nullable }))
    const { batch, recordOf, misfits } = settleRecords(device, arena, fields, decoded.batch, decoded.rowOfRecord)
    if (misfits.length === 0) return { ...decoded, batch }
    const errors = [...decoded.errors, ...this.#errors(device, arena, records, misfits)].sort((a, b) => a.record - b.record)
    return { batch, rowOfRecord: recordOf, errors }
  }

  // Where the values of misfits stand is found by decoding once more, as types that they can't be.
  #errors(device: Device, arena: Arena, records: JsonRecords, misfits: readonly Misfit[]): RecordError[] {
    const places = locate(this.fields, misfits, fields => decodeInto(device, arena, records, fields, jsonTables(fields, this.#where), false).errors)
    return misfits.map(({ record, field }) => jsonError(record, places.get(record)?.byte ?? 0, isInteger(this.fields[field]!.type) ? rangeNumber : typeNumber, field, this.fields))
  }
}

/** `JsonDecoder` for a single call. */
export function decodeJsonRecords(device: Device, arena: Arena, records: JsonRecords, fields: readonly JsonField[], where: string): DecodedRecords {
  return new JsonDecoder(fields, where).decode(device, arena, records)
}

/** Checks that each record is one JSON value of any kind; only the errors are of interest. */
export function checkJsonRecords(device: Device, arena: Arena, records: JsonRecords): readonly RecordError[] {
  return decodeInto(device, arena, records, [], jsonTables([], 'json'), true).errors
}

function decodeInto(device: Device, arena: Arena, records: JsonRecords, fields: readonly JsonField[], tables: JsonTables, anyRoot: boolean, shown = fields): DecodedRecords {
  const count = 'column' in records ? records.column.length : records.count
  const columns = fields.map(field => allocateColumn(arena, field.type, count))
  const tablesAt = arena.allocate(tables.bytes.length)
  const at = arena.allocateZeroed(4 * job.words)
  const kinds = arena.allocate(kindsBytes + 16)
  const rowOf = arena.allocate(4 * count)
  const errorsAt = arena.allocate(16 * errorsMax)
  const slowMax = Math.max(64, fields.length)
  const slowAt = arena.allocate(16 * slowMax)
  const validities = fields.map(field => (field.nullable ? arena.allocate(bitmapBytes(count)) : 0))
  const { memory } = device
  memory.write(tablesAt, tables.bytes)
  validities.forEach(address => {
    if (address !== 0) memory.bytes(address, bitmapBytes(count)).fill(255)
  })
  const words = memory.int32s(at, job.words)
  columns.forEach((column, i) => memory.int32s(tablesAt + tables.fields + 32 * i, 2).set([column.values, validities[i]!]))
  const set = (values: Partial<Record<keyof typeof job, number>>) => {
    for (const [name, value] of Object.entries(values)) words[job[name as keyof typeof job]] = value
  }
  set({
    recordCount: count,
    rowOf,
    tables: tablesAt,
    fields: tablesAt + tables.fields,
    fieldCount: fields.length,
    scopes: tablesAt + tables.scopes,
    anyRoot: anyRoot ? 1 : 0,
  })
  set({ errors: errorsAt, errorMax: errorsMax, slow: slowAt, slowMax, kinds, decimal: kinds + kindsBytes })
  if ('column' in records) set({ records: records.column.values, recordKind: 1, recordValidity: records.column.validity })
  else set({ records: records.pairs })
  const errors = run(device, arena, at, count, shown, columns)
  const state = memory.int32s(at, job.words)
  const rowCount = state[job.row]!
  const finished = columns.map((column, i): Column => {
    const nulls = memory.int32s(tablesAt + tables.fields + 32 * i, 8)[5]!
    return { ...column, length: rowCount, validity: nulls > 0 ? validities[i]! : 0 }
  })
  return {
    batch: { fields: fields.map(({ name, type, nullable }) => ({ name, type, nullable })), rowCount, columns: finished, arena: arena.address },
    rowOfRecord: rowOf,
    errors,
  }
}

// Calls the kernel until all records are done, emptying in between what it filled.
function run(device: Device, arena: Arena, at: number, count: number, fields: readonly JsonField[], columns: readonly Column[]): RecordError[] {
  const { kernels, memory } = device
  const errors: RecordError[] = []
  for (let stuckAt = -1; ; ) {
    const done = kernels.decodeJson(at)
    let words = memory.int32s(at, job.words)
    roundSlow(device, words[job.slow]! >>> 0, words[job.slowCount]!, columns)
    words[job.slowCount] = 0
    const listed = memory.int32s(words[job.errors]! >>> 0, 4 * words[job.errorCount]!)
    for (let i = 0; i < listed.length; i += 4) errors.push(jsonError(listed[i]!, listed[i + 1]!, listed[i + 2]!, listed[i + 3]!, fields))
    const wasFull = words[job.errorCount] === errorsMax
    words[job.errorCount] = 0
    if (done === count) return errors
    if (wasFull) continue
    // The text buffer or the list of floats is full: a record needs at most its own length of text, and a sixteenth of that in floats.
    const recordBytes = (words[job.end]! >>> 0) - (words[job.start]! >>> 0)
    if ((words[job.textEnd]! >>> 0) - (words[job.text]! >>> 0) < recordBytes) {
      const bytes = Math.max(recordBytes, Math.min(textBytesMax, 32 * count))
      const text = arena.allocate(bytes)
      words = memory.int32s(at, job.words)
      words[job.text] = text
      words[job.textEnd] = text + bytes
    } else if (stuckAt === done) {
      const slowMax = Math.ceil(recordBytes / 16)
      assert(slowMax > words[job.slowMax]!, 'the JSON decoder does not get on')
      const slow = arena.allocate(16 * slowMax)
      words = memory.int32s(at, job.words)
      words[job.slow] = slow
      words[job.slowMax] = slowMax
    }
    stuckAt = done
  }
}

/** Floats whose digits beyond the 19th decide: JavaScript rounds the `count` entries (column, row, address, bytes) at `address`. */
export function roundSlow(device: Device, address: number, count: number, columns: readonly Column[]): void {
  const entries = device.memory.int32s(address, 4 * count)
  for (let i = 0; i < entries.length; i += 4) {
    if (entries[i] === -1) continue
    const text = device.memory.text(entries[i + 2]! >>> 0, entries[i + 3]!)
    device.memory.float64s(columns[entries[i]!]!.values, entries[i + 1]! + 1)[entries[i + 1]!] = Number(text)
  }
}

/** Lines of the bytes at `address`: pairs for `JsonRecords`, at most `max`. `isLast`: the bytes behind the last line end count too. `taken`: bytes used up. */
export function splitLines(
  device: Device,
  arena: Arena,
  address: number,
  bytes: number,
  isLast: boolean,
  max: number,
): { pairs: number; count: number; taken: number } {
  const pairs = arena.allocate(8 * max)
  const out = arena.allocate(4)
  const count = device.kernels.splitLines(address, bytes, isLast ? 1 : 0, pairs, max, out)
  return { pairs, count, taken: device.memory.uint32s(out, 1)[0]! }
}
