// JavaScript values to columns: rows from user functions, literals, arrays in memory. Every value is checked against its type.
import { DataError } from '../base/errors.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { allocateColumn, type Batch, type Column } from './batch.ts'
import { typeName } from './type-name.ts'
import type { Field, Fields } from './schema.ts'
import { parseTimestamp } from './timestamp-text.ts'
import { unsupportedType } from './unsupported.ts'

/**
 * A column of `values`, one a row; null and undefined are null. Numbers, bigints, Dates and ISO strings are taken where they are exact for the type.
 * Throws DataError VALUE_TYPE or NULL_VALUE naming `where`, the column and the row. Cost: a JS value a row, so not for hot paths.
 */
export function buildColumn(device: Device, arena: Arena, field: Field, values: ArrayLike<unknown>, where: string): Column {
  const length = values.length
  let hasNull = false
  for (let row = 0; row < length && !hasNull; row++) hasNull = values[row] === null || values[row] === undefined
  const column = allocateColumn(arena, field.type, length, hasNull)
  const write = writer(device, arena, field, column, where)
  const validity = hasNull ? device.memory.bytes(column.validity, Math.ceil(length / 8)) : undefined
  for (let row = 0; row < length; row++) {
    const value = values[row]
    if (value === null || value === undefined) {
      if (!field.nullable) throw new DataError('NULL_VALUE', `${where}, row ${row}, column "${field.name}": null, but the type is ${typeName(field.type)}; write '${typeName(field.type, true)}' to allow nulls`)
      if (field.type.kind === 'utf8' || field.type.kind === 'binary') device.memory.bytes(column.values + 16 * row, 16).fill(0)
      continue
    }
    if (validity) validity[row >>> 3]! |= 1 << (row & 7)
    write(row, value)
  }
  return column
}

/** A batch of rows (objects by column name) in `arena`; absent properties are null. Throws as `buildColumn`. */
export function buildBatch(device: Device, arena: Arena, fields: Fields, rows: readonly Record<string, unknown>[], where: string): Batch {
  const columns = fields.map(field => buildColumn(device, arena, field, rows.map(row => row?.[field.name]), where))
  return { fields, rowCount: rows.length, columns, arena: arena.address }
}

function writer(device: Device, arena: Arena, field: Field, column: Column, where: string): (row: number, value: unknown) => void {
  const { memory } = device
  const { values, length, type } = column
  const refuse = (row: number, value: unknown): DataError =>
    new DataError('VALUE_TYPE', `${where}, row ${row}, column "${field.name}": ${show(value)} is no ${typeName(type)}; return a value of that type or change the schema`)
  switch (type.kind) {
    case 'bool': {
      const bits = memory.bytes(values, Math.ceil(length / 8))
      return (row, value) => {
        if (typeof value !== 'boolean') throw refuse(row, value)
        if (value) bits[row >>> 3]! |= 1 << (row & 7)
      }
    }
    case 'int32': {
      const view = memory.int32s(values, length)
      return (row, value) => {
        const number = typeof value === 'bigint' ? Number(value) : value
        if (typeof number !== 'number' || number !== (number | 0)) throw refuse(row, value)
        view[row] = number
      }
    }
    case 'float64': {
      const view = memory.float64s(values, length)
      return (row, value) => {
        if (typeof value !== 'number') throw refuse(row, value)
        view[row] = value
      }
    }
    case 'int64':
    case 'timestamp': {
      const view = memory.int64s(values, length)
      const convert = type.kind === 'int64' ? toInt64 : (value: unknown) => toTimestamp(value, type.unit)
      return (row, value) => {
        const whole = convert(value)
        if (whole === undefined || BigInt.asIntN(64, whole) !== whole) throw refuse(row, value)
        view[row] = whole
      }
    }
    case 'utf8':
      return (row, value) => {
        if (typeof value !== 'string') throw refuse(row, value)
        writeView(device, arena, values + 16 * row, encoder.encode(value))
      }
    case 'binary':
      return (row, value) => {
        if (!(value instanceof Uint8Array)) throw refuse(row, value)
        writeView(device, arena, values + 16 * row, value)
      }
    default:
      throw unsupportedType(`${where}, column "${field.name}"`, type)
  }
}

/** Writes the 16-byte view of `bytes` at `address`; more than 12 bytes are copied into `arena`. */
export function writeView(device: Device, arena: Arena, address: number, bytes: Uint8Array): void {
  const count = bytes.byteLength
  const outside = count > 12 ? arena.allocate(count) : 0
  const words = device.memory.words()
  words.fill(0, address / 4, address / 4 + 4)
  words[address / 4] = count
  device.memory.bytes(address + 4, 12).set(count > 12 ? bytes.subarray(0, 4) : bytes)
  if (outside !== 0) {
    device.memory.write(outside, bytes)
    words[address / 4 + 3] = outside
  }
}

const encoder = new TextEncoder()

function toInt64(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined
}

const perMs = { s: 1n, ms: 1n, us: 1_000n, ns: 1_000_000n } as const

function toTimestamp(value: unknown, unit: 's' | 'ms' | 'us' | 'ns'): bigint | undefined {
  if (typeof value === 'bigint') return value
  if (typeof value === 'string') return parseTimestamp(value, unit)
  const ms = value instanceof Date ? value.getTime() : value
  if (typeof ms !== 'number' || !Number.isSafeInteger(ms)) return undefined
  return unit === 's' ? (ms % 1000 === 0 ? BigInt(ms / 1000) : undefined) : BigInt(ms) * perMs[unit]
}

function show(value: unknown): string {
  const text = typeof value === 'bigint' ? `${value}n` : typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
