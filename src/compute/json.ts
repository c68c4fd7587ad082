// JSON records to columns and back, by kernels/json-decode.ts and json-encode.ts. Each record is checked against RFC 8259 to its last byte;
// one that is malformed or doesn't fit the schema is left out and listed, and its neighbours are untouched.
import { assert, PlanError } from '../base/errors.ts'
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { bitmapBytes, bool, type DataType, isInteger, isNested, type Member, utf8 } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { carrierOf, fromCarrier, type Nested } from './carrier.ts'
import { jsonError, rangeNumber, type RecordError, typeNumber } from './json-errors.ts'
import { type LevelDecoder, nestedFromTexts } from './json-nested.ts'
import { badRows, carriedColumn, type FlatFields, flatFields } from './json-structs.ts'
import { type JsonField, type JsonTables, jsonTables } from './json-tables.ts'
import { type FromTexts, isNative, locate, type Misfit, settleRecords } from './settle-records.ts'

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
  nullRows: 32,
  valueRoot: 33,
  unknown: 34,
  rest: 35,
  strict: 36,
  words: 39,
} as const
const errorsMax = 256
const textBytesMax = 1 << 18
const kindsBytes = 1024

/** What to do with keys that no column is read from, at any depth but for `collect`, the column, utf8 and nullable, that gets those of the record itself as JSON; and with keys that are missing. */
export interface KeyRules {
  readonly unknown?: 'ignore' | 'error' | { readonly collect: string }
  /** 'error': a key must be there, if with null. By default a missing one is null, where its column allows it. */
  readonly missing?: 'null' | 'error'
}

/** How a call takes records: see JsonJob of kernels/json-text.ts. */
type Mode = Partial<Record<'anyRoot' | 'nullRows' | 'valueRoot' | 'unknown' | 'rest' | 'strict', number>>

/** A decoder for one schema; keeps no memory between calls. */
export class JsonDecoder {
  readonly fields: readonly JsonField[]
  readonly #flat: FlatFields
  readonly #tables: JsonTables
  readonly #where: string
  readonly #mode: Mode
  /** Throws PlanError JSON_PATH, JSON_REST naming `where`. */
  constructor(fields: readonly JsonField[], where: string, rules: KeyRules = {}) {
    this.fields = fields
    this.#where = where
    const mode = modeOf(fields, rules, where)
    this.#flat = flatFields(fields.map((field, i) => (i === mode.rest ? { ...field, isRest: true } : field)))
    this.#mode = { ...mode, ...(mode.rest !== undefined && { rest: this.#flat.rootOf[mode.rest]! }) }
    this.#tables = jsonTables(this.#flat.fields, where)
  }

  /**
   * The records as a batch in `arena`, in order, bad ones left out. utf8 values are the string's text, or the JSON text of any other value; bool, int and
   * float columns take no strings; int columns take 1.0 and 1e3; float64 is the nearest, beyond the range ±Infinity; other flat types are read from
   * text or numbers by carriers (carrier.ts); timestamps are ISO 8601 (UTC without
   * a zone; digits finer than the unit are cut off) or whole epoch milliseconds; binary is base64. A repeated key's last value counts; a lone surrogate escape
   * becomes U+FFFD. Views point into the records where they have no escapes: the caller keeps those bytes alive (`arena.hold`). Cost: 1–2 GB/s a core.
   */
  decode(device: Device, arena: Arena, records: JsonRecords): DecodedRecords {
    const decoded = decodeInto(device, arena, records, this.#flat, this.#tables, this.#mode, this.fields)
    if (isNative(this.fields)) return decoded
    const fields = this.fields.map(({ name, type, nullable }) => ({ name, type, nullable }))
    const { batch, recordOf, misfits } = settleRecords(device, arena, fields, decoded.batch, decoded.rowOfRecord, jsonTexts(device, arena, this.#mode))
    if (misfits.length === 0) return { ...decoded, batch }
    const errors = [...decoded.errors, ...this.#errors(device, arena, records, misfits)].sort((a, b) => a.record - b.record)
    return { batch, rowOfRecord: recordOf, errors }
  }

  // Where the values of misfits stand is found by decoding once more, as types that they can't be.
  #errors(device: Device, arena: Arena, records: JsonRecords, misfits: readonly Misfit[]): RecordError[] {
    const places = locate(this.fields, misfits, fields => decodeFlat(device, arena, records, fields, {}, this.#where).errors)
    return misfits.map(({ record, field }) => jsonError(record, places.get(record)?.byte ?? 0, isInteger(this.fields[field]!.type) ? rangeNumber : typeNumber, field, this.fields))
  }
}

/** `JsonDecoder` for a single call. */
export function decodeJsonRecords(device: Device, arena: Arena, records: JsonRecords, fields: readonly JsonField[], where: string): DecodedRecords {
  return new JsonDecoder(fields, where).decode(device, arena, records)
}

/** Checks that each record is one JSON value of any kind; only the errors are of interest. */
export function checkJsonRecords(device: Device, arena: Arena, records: JsonRecords): readonly RecordError[] {
  return decodeFlat(device, arena, records, [], { anyRoot: 1 }).errors
}

function modeOf(fields: readonly JsonField[], { unknown = 'ignore', missing }: KeyRules, where: string): Mode {
  const strict = missing === 'error' ? 1 : 0
  if (typeof unknown !== 'object') return { unknown: unknown === 'error' ? 1 : 0, strict }
  const rest = fields.findIndex(field => field.name === unknown.collect)
  const field = fields[rest]
  if (field?.type.kind === 'utf8' && field.nullable) return { unknown: 2, rest, strict }
  throw new PlanError('JSON_REST', `${where}: unknown keys can't be collected in "${unknown.collect}", which is ${field ? 'of another type' : 'no column'}; give it the type utf8?`)
}

/** Nested columns of carriers, JSON texts or structs of carriers, by the same rules for keys as the records that they come from. */
export function jsonTexts(device: Device, arena: Arena, { unknown = 0, strict = 0 }: Mode = {}): FromTexts {
  const mode = { unknown: unknown === 1 ? 1 : 0, strict }
  const fromTexts: FromTexts = (carrier, type) => (carrier.type.kind === 'struct' ? fromStruct(carrier) : nestedFromTexts(device, arena, carrier, type, levels))
  const fromStruct = (carrier: Column & { readonly type: DataType }) => {
    const { type, length, validity } = carrier
    const members = (type as DataType & { kind: 'struct' }).members
    const { columns, bad } = ownTypes(members, carrier.children!, carrier, badRows(device, carrier))
    return { column: { type, length, values: 0, validity, children: columns }, bad }
  }
  // Columns of the members' own types; rows that are null in `around` are never bad.
  const ownTypes = (members: readonly Member[], carriers: readonly Column[], around: Column | undefined, known: readonly number[] = []) => {
    const bits = around && around.validity !== 0 ? device.memory.bytes(around.validity, bitmapBytes(around.length)) : undefined
    const bad = new Set<number>(known)
    const columns = carriers.map((column, i): Column => {
      const { type, nullable } = members[i]!
      if (carrierOf(type) === type) return column
      const found = isNested(type) ? fromTexts(column, type as Nested) : fromCarrier(device, arena, column, type)
      for (const row of found.bad) if (!bits || ((bits[row >>> 3]! >>> (row & 7)) & 1) === 1) bad.add(row)
      return nullable || type.kind === 'null' ? found.column : { ...found.column, validity: 0 }
    })
    return { columns, bad: [...bad].sort((a, b) => a - b) }
  }
  // Columns of the fields' types, or the records that are malformed.
  const settle = (fields: Fields, records: JsonRecords, extra: Mode, texts?: Column) => {
    const flat = flatFields(fields)
    const { batch, errors } = decodeInto(device, arena, records, flat, jsonTables(flat.fields, 'json'), { ...mode, ...extra }, fields)
    return errors.length > 0 ? { columns: [], bad: [...new Set(errors.map(e => e.record))] } : ownTypes(fields, batch.columns, texts)
  }
  const levels: LevelDecoder = {
    struct(texts, type) {
      const { columns, bad } = settle(type.members, { column: texts }, { nullRows: 1 }, texts)
      return { children: columns, bad }
    },
    values(pairs, count, type, nullable) {
      const { columns, bad } = settle([{ name: 'item', type, nullable }], { pairs, count }, { valueRoot: 1 })
      return { column: columns[0]!, bad }
    },
    texts(pairs, count) {
      const raw = [{ name: 'item', type: utf8, nullable: true, isRaw: true }]
      return decodeFlat(device, arena, { pairs, count }, raw, { valueRoot: 1 }).batch.columns[0]!
    },
  }
  return fromTexts
}

// Fields of the decoder's own types.
function decodeFlat(device: Device, arena: Arena, records: JsonRecords, fields: readonly JsonField[], mode: Mode, where = 'json'): DecodedRecords {
  const flat = flatFields(fields)
  return decodeInto(device, arena, records, flat, jsonTables(flat.fields, where), mode, fields)
}

// The columns of the batch are carriers of `shown`, the fields as they are named in errors.
function decodeInto(device: Device, arena: Arena, records: JsonRecords, flat: FlatFields, tables: JsonTables, mode: Mode, shown: Fields): DecodedRecords {
  const { fields, ownerOf, rootOf } = flat
  const count = 'column' in records ? records.column.length : records.count
  const columns = fields.map(({ type }) => allocateColumn(arena, type.kind === 'struct' ? bool : type, count))
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
    ...mode,
  })
  set({ errors: errorsAt, errorMax: errorsMax, slow: slowAt, slowMax, kinds, decimal: kinds + kindsBytes })
  if ('column' in records) set({ records: records.column.values, recordKind: 1, recordValidity: records.column.validity })
  else set({ records: records.pairs })
  const errors = run(device, arena, at, count, fields.map((_, i) => shown[ownerOf[i]!]!), columns)
  const state = memory.int32s(at, job.words)
  const rowCount = state[job.row]!
  const finished = columns.map((column, i): Column => {
    const nulls = memory.int32s(tablesAt + tables.fields + 32 * i, 8)[5]!
    return { ...column, length: rowCount, validity: nulls > 0 ? validities[i]! : 0 }
  })
  const carriers = rootOf.map(root => carriedColumn(fields, finished, root))
  return {
    batch: { fields: shown.map(({ name, nullable }, i) => ({ name, type: carriers[i]!.type, nullable })), rowCount, columns: carriers, arena: arena.address },
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
    const recordBytes = ((words[job.end]! >>> 0) - (words[job.start]! >>> 0)) * (words[job.unknown] === 2 ? 3 : 1) + 32
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

const wrongValues: Record<number, string> = {
  1: 'the bytes end before the array does',
  5: 'a comma or the end of the array is expected here',
  13: 'a value is expected here, or nothing behind the end of the array',
}

/**
 * Values of the bytes at `address`, those of one array or with white space between them: pairs for `JsonRecords`, at most `max`. `phase` is 0 at an input's start,
 * then that of the call before. `taken`: bytes used up; `wrong`: what is wrong behind them.
 */
export function splitValues(
  device: Device,
  arena: Arena,
  address: number,
  bytes: number,
  isLast: boolean,
  max: number,
  phase: number,
): { pairs: number; count: number; taken: number; phase: number; wrong: string | undefined } {
  const pairs = arena.allocate(8 * max)
  const state = arena.allocateZeroed(16)
  device.memory.int32s(state, 1)[0] = phase
  const count = device.kernels.splitValues(address, bytes, isLast ? 1 : 0, pairs, max, state)
  const [next, taken, wrong] = device.memory.int32s(state, 3) as unknown as [number, number, number]
  return { pairs, count, taken: taken >>> 0, phase: next, wrong: wrongValues[wrong] }
}
