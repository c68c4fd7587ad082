// From one type to another: numbers on the kernels, text by way of JavaScript values (about 0.3 µs a row).
import { assert, DataError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { writeView } from '../batch/build-columns.ts'
import { bitmapBytes, type DataType, int32, int64, sameType, type TimeUnit } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { viewBytes, valueReader } from '../batch/read-values.ts'
import { formatTimestamp } from '../batch/timestamp-text.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { RowCheck } from './arithmetic.ts'
import { andBits, andNotBits } from './bitmap.ts'
import { parseText } from './cast-text.ts'
import { canCastTime, castTime, timeAlwaysFits } from './cast-time.ts'
import { compare } from './compare.ts'

const targets: Partial<Record<DataType['kind'], readonly DataType['kind'][]>> = {
  bool: ['int32', 'int64', 'float64', 'utf8'],
  int32: ['bool', 'int64', 'float64', 'utf8', 'timestamp'],
  int64: ['bool', 'int32', 'float64', 'utf8', 'timestamp'],
  float64: ['bool', 'int32', 'int64', 'utf8'],
  utf8: ['bool', 'int32', 'int64', 'float64', 'timestamp', 'binary'],
  binary: ['utf8'],
  timestamp: ['int64', 'utf8', 'timestamp'],
}

/** Whether there is a cast from one type to another. */
export function canCast(from: DataType, to: DataType): boolean {
  return sameType(from, to) || canCastTime(from, to) || (targets[from.kind]?.includes(to.kind) ?? false)
}

/** Whether every value has its counterpart, so that a cast neither fails nor, tried, makes nulls. */
export function castAlwaysFits(from: DataType, to: DataType): boolean {
  if (!sameType(from, to) && canCastTime(from, to)) return timeAlwaysFits(from, to)
  if (sameType(from, to) || to.kind === 'utf8') return from.kind !== 'binary' || to.kind === 'binary'
  const rank = { bool: 0, int32: 1, int64: 2, float64: 3 } as Record<string, number>
  return from.kind === 'utf8'
    ? to.kind === 'binary'
    : to.kind === 'bool' || to.kind === 'timestamp' || from.kind === 'timestamp' || rank[from.kind]! <= rank[to.kind]!
}

/**
 * `column` as `to`. float64 becomes the whole part; a number is false only at 0; int64 and timestamps count units of the timestamp; a coarser
 * timestamp is rounded down; text is read strictly, in UTC. Where a value has no counterpart: with `tried` null, else DataError CAST for
 * the first active row. Throws nothing else; `canCast` must hold. Identity and int64↔timestamp copy nothing.
 */
export function cast(device: Device, arena: Arena, column: Column, to: DataType, tried: boolean, check: RowCheck): Column {
  const { type: from, length, validity, values } = column
  const { kernels } = device
  if (sameType(from, to)) return column
  assert(canCast(from, to), `cast from ${typeName(from)} to ${typeName(to)}`)
  const settle = (out: Column, fits: number) => checkFits(device, arena, column, out, fits, to, tried, check)
  if (canCastTime(from, to)) return castTime(device, arena, column, to, settle)
  if (from.kind === 'utf8' || from.kind === 'binary') return castText(device, arena, column, to, settle)
  if (to.kind === 'utf8') return toText(device, arena, column)
  if (to.kind === 'bool') return compare(device, arena, 'ne', column, { type: from, value: from.kind === 'int64' ? 0n : 0 })
  if (from.kind === 'bool') {
    const ones = { ...allocateColumn(arena, int32, length), validity }
    kernels.castBoolToI32(values, length, ones.values)
    return cast(device, arena, ones, to, tried, check)
  }
  const out = { ...allocateColumn(arena, to, length), validity }
  if (from.kind === 'int32') {
    kernels[to.kind === 'int64' ? 'castI32ToI64' : 'castI32ToF64'](values, length, out.values)
    return out
  }
  if (to.kind === 'float64') {
    kernels.castI64ToF64(values, length, out.values)
    return out
  }
  const fits = arena.allocate(bitmapBytes(length))
  if (from.kind === 'int64') kernels.castI64ToI32(values, length, fits, out.values)
  else kernels[to.kind === 'int32' ? 'castF64ToI32' : 'castF64ToI64'](values, length, fits, out.values)
  return settle(out, fits)
}

// `fits` has a bit per row; rows that are null anyway don't count.
function checkFits(device: Device, arena: Arena, column: Column, out: Column, fits: number, to: DataType, tried: boolean, check: RowCheck): Column {
  const { length, validity } = column
  const { kernels } = device
  if (kernels.countBits(fits, length) === length) return out
  if (tried) return { ...out, validity: andBits(device, arena, fits, validity, length) }
  const active = andBits(device, arena, validity, check.active, length)
  const misfits = active === 0 ? fits : andNotBits(device, arena, active, fits, length)
  const bits = device.memory.bytes(misfits, bitmapBytes(length))
  for (let row = 0; row < length; row++) {
    if ((((bits[row >>> 3]! >>> (row & 7)) & 1) === 1) === (active === 0)) continue
    const value = valueReader(device.memory, column)(row)
    const text = typeof value === 'string' ? JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value) : String(value)
    throw new DataError('CAST', `${check.where}: ${text} is no ${typeName(to)} in row ${row} of a batch; use tryCast for null instead`)
  }
  return out
}

function toText(device: Device, arena: Arena, column: Column): Column {
  const out = { ...allocateColumn(arena, { kind: 'utf8' }, column.length), validity: column.validity }
  const time = column.type.kind === 'timestamp' ? column.type.unit : undefined
  const read = valueReader(device.memory, time ? { ...column, type: int64 } : column)
  for (let row = 0; row < column.length; row++) {
    const value = read(row)
    const text = value === null ? '' : time ? formatTimestamp(value as bigint, time as TimeUnit) : Object.is(value, -0) ? '-0' : String(value)
    writeView(device, arena, out.values + 16 * row, encoder.encode(text))
  }
  return out
}

function castText(device: Device, arena: Arena, column: Column, to: DataType, settle: (out: Column, fits: number) => Column): Column {
  if (to.kind === 'binary') return { ...column, type: to }
  const { length, validity } = column
  const fits = arena.allocateZeroed(bitmapBytes(length))
  const out = { ...allocateColumn(arena, to, length), validity }
  const valid = validity === 0 ? undefined : device.memory.bytes(validity, bitmapBytes(length))
  const fitBits = device.memory.bytes(fits, bitmapBytes(length))
  const bytesOf = (row: number) => (valid && !((valid[row >>> 3]! >>> (row & 7)) & 1) ? undefined : viewBytes(device.memory, column.values + 16 * row))
  const fitsRow = (row: number) => {
    fitBits[row >>> 3]! |= 1 << (row & 7)
  }
  parseText(device, out, to, bytesOf, fitsRow, column)
  return settle(out, fits)
}

const encoder = new TextEncoder()
