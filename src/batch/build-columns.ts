// JavaScript values to columns: rows from user functions, literals, arrays in memory. Every value is checked against its type.
import { DataError } from '../base/errors.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { allocateColumn, type Batch, type Column } from './batch.ts'
import { bitmapBytes, childrenOf, type DataType, entriesOf, isNested, layoutOf, valueBytes } from './data-type.ts'
import type { Field, Fields } from './schema.ts'
import { type Stored, storedBy } from './stored-value.ts'
import { typeName } from './type-name.ts'
import { typeOfArray } from './value-type.ts'
import { storedWriter } from './write-values.ts'

export { writeView } from './write-values.ts'

/**
 * A column of `values`, one a row; null and undefined are null. Numbers, bigints, Dates and text are taken where they are exact for the type; lists are
 * arrays or typed arrays, structs objects (absent members are null), maps Maps or arrays of pairs.
 * Throws DataError VALUE_TYPE or NULL_VALUE naming `where` (or what it says of a row), the column and the row. Cost: a JS value a row, so not for hot paths.
 */
export function buildColumn(device: Device, arena: Arena, field: Field, values: ArrayLike<unknown>, where: string | ((row: number) => string)): Column {
  const placeOf = typeof where === 'string' ? (row: number) => `${where}, row ${row}` : where
  return build({ device, arena }, field, values, row => ({ where: placeOf(row), path: field.name }))
}

/** A batch of rows (objects by column name) in `arena`; absent properties are null. Throws as `buildColumn`. */
export function buildBatch(device: Device, arena: Arena, fields: Fields, rows: readonly Record<string, unknown>[], where: string): Batch {
  const columns = fields.map(field => buildColumn(device, arena, field, rows.map(row => row?.[field.name]), where))
  return { fields, rowCount: rows.length, columns, arena: arena.address }
}

interface Place {
  readonly device: Device
  readonly arena: Arena
}

/** Where the value of a row, item or member stands, for messages. */
type Locate = (row: number) => { readonly where: string; readonly path: string }

/** Stands for a member or item of what is null itself: no null of its own where its type allows none. */
const absent = Symbol('absent')

function build(place: Place, field: Field, values: ArrayLike<unknown>, locate: Locate): Column {
  const length = values.length
  let hasNull = false
  if (!ArrayBuffer.isView(values)) for (let row = 0; row < length && !hasNull; row++) hasNull = isMissing(values[row])
  const valid = hasNull ? bitsOfValid(place, field, values, locate) : 0
  const { type } = field
  if (isNested(type)) return { ...buildNested(place, field, values, locate), validity: valid }
  const column = allocateColumn(place.arena, type, length)
  if (copyTyped(place.device, column, values)) return column
  if (hasNull) place.device.memory.bytes(column.values, valueBytes(type, length)).fill(0)
  const [stored, write] = [storedBy(type), storedWriter(place.device, place.arena, column)]
  for (let row = 0; row < length; row++) {
    const value = values[row]
    if (isMissing(value)) continue
    const kept: Stored | undefined = stored(value)
    if (kept === undefined) throw refused(type, locate(row), value)
    write(row, kept)
  }
  return layoutOf(type) === 'none' ? column : { ...column, validity: valid }
}

// A typed array of the column's own kind is copied whole.
function copyTyped(device: Device, { type, values: address }: Column, values: ArrayLike<unknown>): boolean {
  if (typeOfArray(values)?.kind !== type.kind) return false
  const { buffer, byteOffset, byteLength } = values as unknown as ArrayBufferView
  device.memory.write(address, new Uint8Array(buffer, byteOffset, byteLength))
  return true
}

function isMissing(value: unknown): boolean {
  return value === null || value === undefined || value === absent
}

// The bitmap of the rows that have values; 0 where only absent ones of a type without nulls are missing.
function bitsOfValid({ device, arena }: Place, field: Field, values: ArrayLike<unknown>, locate: Locate): number {
  const count = bitmapBytes(values.length)
  const address = arena.allocateZeroed(count)
  const bits = device.memory.bytes(address, count)
  for (let row = 0; row < values.length; row++) {
    const value = values[row]
    if (!isMissing(value)) bits[row >>> 3]! |= 1 << (row & 7)
    else if (!field.nullable && field.type.kind !== 'null' && value !== absent) throw nullRefused(field, locate(row))
  }
  return field.nullable ? address : 0
}

function buildNested(place: Place, field: Field, values: ArrayLike<unknown>, locate: Locate): Column {
  const { type } = field
  const length = values.length
  if (type.kind === 'struct') {
    const names = new Set(type.members.map(m => m.name))
    for (let row = 0; row < length; row++) if (!isMissing(values[row])) checkStruct(type, names, values[row], locate(row))
    const children = type.members.map(member =>
      build(place, member, Array.from({ length }, (_, row) => (isMissing(values[row]) ? absent : (values[row] as Record<string, unknown>)[member.name])), row => inside(locate(row), `.${member.name}`)),
    )
    return { type, length, values: 0, validity: 0, children }
  }
  const items: unknown[] = []
  const offsets = new Int32Array(length + 1)
  for (let row = 0; row < length; row++) {
    const value = values[row]
    const list = isMissing(value) ? (type.kind === 'fixedList' ? new Array(type.size).fill(absent) : []) : itemsOf(type, value)
    if (list === undefined) throw refused(type, locate(row), value)
    if (items.length + list.length >= 2 ** 31) throw new DataError('VALUE_TYPE', `${locate(row).where}, column "${locate(row).path}": the lists of a batch hold 2^31 items or more; give smaller batches`)
    for (let i = 0; i < list.length; i++) items.push(list[i])
    offsets[row + 1] = items.length
  }
  const child = build(place, childrenOf(type)[0]!, items, item => {
    const row = rowOfItem(offsets, item)
    return inside(locate(row), `[${item - offsets[row]!}]`)
  })
  if (type.kind === 'fixedList') return { type, length, values: 0, validity: 0, children: [child] }
  const address = place.arena.allocate(4 * (length + 1))
  place.device.memory.int32s(address, length + 1).set(offsets)
  return { type, length, values: address, validity: 0, children: [child] }
}

function checkStruct(type: DataType, names: ReadonlySet<string>, value: unknown, at: ReturnType<Locate>): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Date || value instanceof Map) throw refused(type, at, value)
  const unknown = Object.keys(value).find(name => !names.has(name))
  if (unknown === undefined) return
  throw new DataError('VALUE_TYPE', `${at.where}, column "${at.path}": the struct has a member "${unknown}" that ${typeName(type)} has not; leave it out or change the schema`)
}

// The items of a list, or the entries of a map as structs of key and value.
function itemsOf(type: DataType, value: unknown): ArrayLike<unknown> | undefined {
  if (type.kind === 'map') return entriesOfMap(type, value)
  const list = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)) ? (value as ArrayLike<unknown>) : undefined
  return type.kind === 'fixedList' && list?.length !== type.size ? undefined : list
}

function entriesOfMap(type: DataType & { kind: 'map' }, value: unknown): unknown[] | undefined {
  const [key, other] = entriesOf(type).members.map(m => m.name) as [string, string]
  if (!(value instanceof Map) && !Array.isArray(value)) return undefined
  const pairs = Array.from(value as Iterable<unknown>)
  return pairs.every(pair => Array.isArray(pair) && pair.length === 2) ? pairs.map(pair => ({ [key]: (pair as unknown[])[0], [other]: (pair as unknown[])[1] })) : undefined
}

// The last row that begins at or before the item and isn't empty there.
function rowOfItem(offsets: Int32Array, item: number): number {
  let [low, high] = [0, offsets.length - 2]
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (offsets[middle]! <= item) low = middle
    else high = middle - 1
  }
  return low
}

function inside({ where, path }: ReturnType<Locate>, step: string): ReturnType<Locate> {
  return { where, path: path + step }
}

function refused(type: DataType, { where, path }: ReturnType<Locate>, value: unknown): DataError {
  return new DataError('VALUE_TYPE', `${where}, column "${path}": ${show(value)} is no ${typeName(type)}; return a value of that type or change the schema`)
}

function nullRefused({ type }: Field, { where, path }: ReturnType<Locate>): DataError {
  return new DataError('NULL_VALUE', `${where}, column "${path}": null, but the type is ${typeName(type)}; write '${typeName(type, true)}' to allow nulls`)
}

function show(value: unknown): string {
  const text = typeof value === 'bigint' ? `${value}n` : typeof value === 'string' ? JSON.stringify(value) : typeof value === 'object' && value !== null && !(value instanceof Date) ? showObject(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function showObject(value: object): string {
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} of ${value.byteLength} bytes`
  try {
    return JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}n` : item))
  } catch {
    return String(value)
  }
}
