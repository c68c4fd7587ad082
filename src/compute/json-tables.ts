// The schema as kernels/json-decode.ts reads it: which keys of which objects hang on which column. All addresses inside count from the tables' start,
// so that they are built once in JavaScript and copied into the arena of each call.
import { PlanError } from '../base/errors.ts'
import type { DataType } from '../batch/data-type.ts'
import { unsupportedType } from '../batch/unsupported.ts'
import type { Field, Fields } from '../batch/schema.ts'

/** A column and the keys that lead to it from the record's root; by default its name alone. */
export interface JsonField extends Field {
  readonly path?: readonly string[]
  /** A utf8 column of JSON texts: strings too as they stand. */
  readonly isRaw?: boolean
  /** No key leads to it: it gets what others leave. */
  readonly isRest?: boolean
  /** Of a struct: how many of the fields after it lie in it. */
  readonly below?: number
}

/** How columns are found in records. */
export interface JsonPaths {
  /** A dot in a column's name leads into an object: 'bid.price' is `price` of `bid`. */
  readonly nested?: boolean
  /** Dotted paths by column, for columns that are named otherwise. */
  readonly paths?: { readonly [column: string]: string }
}

/** Fields with their paths. Throws PlanError JSON_PATH for a path of a column that isn't there. */
export function jsonFields(fields: Fields, options: JsonPaths, where: string): JsonField[] {
  const unknown = Object.keys(options.paths ?? {}).find(name => !fields.some(f => f.name === name))
  if (unknown !== undefined)
    throw new PlanError('JSON_PATH', `${where}: a path is given for "${unknown}", which is no column; the columns are ${fields.map(f => f.name).join(', ')}`)
  return fields.map(field => {
    const path = options.paths?.[field.name] ?? (options.nested ? field.name : undefined)
    return path === undefined ? field : { ...field, path: path.split('.') }
  })
}

/** Built once a schema: `bytes` to copy, and where the parts lie in them. */
export interface JsonTables {
  readonly bytes: Uint8Array
  readonly fields: number
  readonly scopes: number
  readonly fieldCount: number
}

/** What a key leads to: a column, an object that others look into, or a struct, which is both. */
type Place = { readonly column: number } | { readonly scope: number } | { readonly column: number; readonly struct: number }

interface Scope {
  readonly members: Map<string, Place>
  readonly columns: number[]
  /** A struct's own column, or -1. */
  readonly column: number
}

const typeNumbers: Partial<Record<DataType['kind'], number>> = { bool: 0, int32: 1, int64: 2, float64: 3, utf8: 4, binary: 5 }
const unitNumbers = { s: 6, ms: 7, us: 8, ns: 9 } as const
const structNumber = 10
const fieldBytes = 32
const scopeBytes = 32
const memberBytes = 64
const membersMax = 0xfffe
// Bytes of a name that is found by comparing the first 16 bytes of a key.
const guessedMax = 13
const pathMax = 64

/** A type's number in the kernels that read and write text. */
export function textTypeNumber(type: DataType): number {
  const number = type.kind === 'timestamp' ? unitNumbers[type.unit] : typeNumbers[type.kind]
  if (number === undefined) throw unsupportedType('text', type)
  return number
}

/** Lays the tables out. Throws PlanError JSON_PATH for two columns on one key, or a column on an object that others look into. */
export function jsonTables(fields: readonly JsonField[], where: string): JsonTables {
  const scopes = scopesOf(fields, where)
  const encoded = scopes.map(scope => [...scope.members.keys()].map(name => encoder.encode(name)))
  const slotCounts = encoded.map(names => 2 ** Math.ceil(Math.log2(Math.max(4, names.length * 2))))
  let size = fields.length * fieldBytes
  const take = (bytes: number) => {
    const at = size
    size = Math.ceil((at + bytes) / 16) * 16
    return at
  }
  const scopesAt = take(scopes.length * scopeBytes)
  const places = scopes.map((scope, i) => ({
    members: take(Math.max(1, scope.members.size) * memberBytes),
    slots: take(slotCounts[i]! * 2),
    columns: take(scope.columns.length * 4),
    names: encoded[i]!.map(name => take(name.length + 16)),
  }))
  const bytes = new Uint8Array(size)
  const data = new DataView(bytes.buffer)
  fields.forEach((field, i) => {
    data.setInt32(i * fieldBytes + 8, field.type.kind === 'struct' ? structNumber : textTypeNumber(field.type), true)
    data.setInt32(i * fieldBytes + 12, field.nullable ? 1 : 0, true)
    data.setInt32(i * fieldBytes + 24, field.below ?? 0, true)
    data.setInt32(i * fieldBytes + 28, field.isRaw ? 1 : 0, true)
  })
  scopes.forEach((scope, i) => {
    const place = places[i]!
    const words = [place.members, scope.column, 0, place.slots, slotCounts[i]! - 1, 0, place.columns, scope.columns.length]
    words.forEach((word, w) => data.setInt32(scopesAt + i * scopeBytes + 4 * w, word, true))
    scope.columns.forEach((column, c) => data.setInt32(place.columns + 4 * c, column, true))
    // An object that nothing hangs on still has a member to be guessed, which none matches.
    if (scope.members.size === 0) bytes.fill(255, place.members + 32, place.members + 64)
    ;[...scope.members.values()].forEach((member, m) => {
      const name = encoded[i]![m]!
      bytes.set(name, place.names[m]!)
      writeMember(fields, bytes, data, place.members + m * memberBytes, member, name, place.names[m]!, (m + 1) % scope.members.size)
      let slot = hashName(name) & (slotCounts[i]! - 1)
      while (data.getUint16(place.slots + 2 * slot, true) !== 0) slot = (slot + 1) & (slotCounts[i]! - 1)
      data.setUint16(place.slots + 2 * slot, m + 1, true)
    })
  })
  return { bytes, fields: 0, scopes: scopesAt, fieldCount: fields.length }
}

// A column as a member: whose values are mostly of one form that is stored at once.
function columnKind({ type, isRaw }: JsonField): number {
  if (type.kind === 'utf8') return isRaw ? 0 : 3
  if (type.kind === 'int64') return 4
  return type.kind === 'int32' || type.kind === 'float64' || type.kind === 'timestamp' ? 5 : 0
}

function writeMember(
  fields: readonly JsonField[],
  bytes: Uint8Array,
  data: DataView,
  at: number,
  member: Place,
  name: Uint8Array,
  nameAt: number,
  next: number,
): void {
  const [kind, target] = 'struct' in member ? [2, member.struct] : 'column' in member ? [columnKind(fields[member.column]!), member.column] : [1, member.scope]
  ;[target, kind, name.length, nameAt, next].forEach((word, w) => data.setInt32(at + 4 * w, word, true))
  // Longer names are never guessed: no key begins with the byte 255.
  const quoted = name.length > guessedMax ? new Uint8Array(16).fill(255) : Uint8Array.of(34, ...name, 34, 58)
  bytes.set(quoted, at + 32)
  bytes.fill(255, at + 48, at + 48 + quoted.length)
}

function scopesOf(fields: readonly JsonField[], where: string): Scope[] {
  const scopes: Scope[] = [objectScope()]
  // Hangs column `at` and those below it on a key.
  const hang = (scope: Scope, key: string, at: number) => {
    const field = fields[at]!
    if (scope.members.has(key)) throw clash(where, field, 'another column hangs on the same key')
    if (field.type.kind !== 'struct') scope.members.set(key, { column: at })
    else {
      const end = endOf(fields, at)
      const struct: Scope = { members: new Map(), columns: range(at, end), column: at }
      scope.members.set(key, { column: at, struct: scopes.push(struct) - 1 })
      for (let member = at + 1; member < end; member = endOf(fields, member)) hang(struct, fields[member]!.name, member)
    }
    if (scope.members.size > membersMax) throw clash(where, field, `an object has at most ${membersMax} columns`)
  }
  for (let at = 0; at < fields.length; at = endOf(fields, at)) {
    const field = fields[at]!
    if (field.isRest) continue
    const path = field.path ?? [field.name]
    if (path.length === 0 || path.length > pathMax) throw clash(where, field, `a path has 1 to ${pathMax} keys`)
    let scope = scopes[0]!
    const columns = range(at, endOf(fields, at))
    for (const key of path.slice(0, -1)) {
      scope.columns.push(...columns)
      const found = scope.members.get(key)
      if (found && 'column' in found) throw clash(where, field, `column "${fields[found.column]!.name}" takes the whole of "${key}"`)
      const next = found ? found.scope : scopes.push(objectScope()) - 1
      if (!found) scope.members.set(key, { scope: next })
      scope = scopes[next]!
    }
    scope.columns.push(...columns)
    hang(scope, path.at(-1)!, at)
  }
  return scopes
}

function objectScope(): Scope {
  return { members: new Map(), columns: [], column: -1 }
}

// The position behind a field and those that lie in it.
function endOf(fields: readonly JsonField[], at: number): number {
  return at + 1 + (fields[at]!.below ?? 0)
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i)
}

function clash(where: string, field: JsonField, why: string): PlanError {
  return new PlanError(
    'JSON_PATH',
    `${where}: column "${field.name}" can't be read from ${JSON.stringify((field.path ?? [field.name]).join('.'))}: ${why}; change the schema`,
  )
}

// The same as lookUp in kernels/json-decode.ts.
function hashName(name: Uint8Array): number {
  const word = (at: number) => (name[at] ?? 0) | ((name[at + 1] ?? 0) << 8) | ((name[at + 2] ?? 0) << 16) | ((name[at + 3] ?? 0) << 24)
  const head = word(0)
  const tail = name.length < 4 ? head : word(name.length - 4)
  const mixed = Math.imul(head ^ ((tail << 13) | (tail >>> 19)) ^ Math.imul(name.length, 0x9e3779b1), 0x85ebca6b)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

const encoder = new TextEncoder()
