// From one type to another: numbers, times and their texts on the kernels, other text by way of JavaScript values (about 0.3 µs a row).
import { assert, DataError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { writeView } from '../batch/build-columns.ts'
import { bitmapBytes, type DataType, int32, int64, isNumeric, sameType, type TimeUnit } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { viewBytes, valueReader } from '../batch/read-values.ts'
import { formatTimestamp } from '../batch/timestamp-text.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { castNumber, isSurelyWithin } from './cast-number.ts'
import { numbersToText, parseText } from './cast-text.ts'
import { canCastTime, castTime, timeAlwaysFits } from './cast-time.ts'
import { compare } from './compare.ts'
import { equalForm } from './key-form.ts'
import { firstMisfit } from './decimal.ts'
import { broadcast } from './operand.ts'
import { readTexts } from './read-texts.ts'
import type { RowCheck } from './row-check.ts'

const texts: readonly DataType['kind'][] = ['utf8', 'binary']
const targets: Partial<Record<DataType['kind'], readonly DataType['kind'][]>> = {
  utf8: ['bool', 'binary'],
  binary: ['utf8'],
  fixedBinary: ['binary', 'utf8'],
}

/** Whether there is a cast from one type to another. */
export function canCast(from: DataType, to: DataType): boolean {
  if (sameType(from, to) || from.kind === 'null' || canCastTime(from, to)) return true
  if (isNumeric(from) && (isNumeric(to) || to.kind === 'bool' || to.kind === 'utf8')) return true
  if (from.kind === 'bool' && (isNumeric(to) || to.kind === 'utf8')) return true
  if (from.kind === 'utf8' && isNumeric(to)) return true
  return targets[from.kind]?.includes(to.kind) ?? false
}

/** Whether every value has its counterpart, so that a cast neither fails nor, tried, makes nulls. */
export function castAlwaysFits(from: DataType, to: DataType): boolean {
  if (sameType(from, to) || from.kind === 'null') return true
  if (canCastTime(from, to)) return timeAlwaysFits(from, to)
  if (to.kind === 'utf8') return !texts.includes(from.kind) && from.kind !== 'fixedBinary'
  if (from.kind === 'utf8') return to.kind === 'binary'
  if (isNumeric(from) && isNumeric(to)) return isSurelyWithin(from, to)
  if (from.kind === 'bool' && to.kind === 'decimal') return to.precision > to.scale
  return true
}

/**
 * `column` as `to`. Floats and decimals become integers by their whole part; decimals lose digits by rounding, halves away from zero; floats become the
 * decimal that their shortest text says; a number is false only at 0; int64 and timestamps count units of the timestamp; a coarser timestamp is rounded
 * down; text is read strictly, in UTC. Where a value has no counterpart: with `tried` null, else DataError CAST for the first active row. Throws nothing
 * else; `canCast` must hold. Identity and int64↔timestamp copy nothing. Cost: numbers 1–5 ns a row, text from numbers 20–40 ns, numbers and times from text 10–30 ns, what is rare or bool from text 0.3 µs.
 */
export function cast(device: Device, arena: Arena, column: Column, to: DataType, tried: boolean, check: RowCheck): Column {
  const { type: from, length, validity, values } = column
  if (sameType(from, to)) return column
  assert(canCast(from, to), `cast from ${typeName(from)} to ${typeName(to)}`)
  if (from.kind === 'null') return broadcast(device, arena, { type: to, value: null }, length)
  const settle = (out: Column, fits: number) => checkFits(device, arena, column, out, fits, to, tried, check)
  if (canCastTime(from, to)) return castTime(device, arena, column, to, settle)
  if (from.kind === 'fixedBinary') return cast(device, arena, equalForm(device, arena, column), to, tried, check)
  if (from.kind === 'utf8' || from.kind === 'binary') return castText(device, arena, column, to, settle)
  if (to.kind === 'utf8' && isNumeric(from)) return numbersToText(device, arena, column)
  if (to.kind === 'utf8') return toText(device, arena, column)
  if (to.kind === 'bool') return isNotZero(device, arena, column)
  if (from.kind === 'bool') {
    const ones = { ...allocateColumn(arena, int32, length), validity }
    device.kernels.castBoolToI32(values, length, ones.values)
    return cast(device, arena, ones, to, tried, check)
  }
  const { out, fits } = castNumber(device, arena, column, to)
  return fits === 0 ? out : settle(out, fits)
}

function isNotZero(device: Device, arena: Arena, column: Column): Column {
  const { type } = column
  const zero = type.kind === 'int64' || type.kind === 'uint64' || type.kind === 'decimal' ? 0n : 0
  return compare(device, arena, 'ne', column, { type, value: zero })
}

// `fits` has a bit per row; rows that are null anyway don't count.
function checkFits(device: Device, arena: Arena, column: Column, out: Column, fits: number, to: DataType, tried: boolean, check: RowCheck): Column {
  const { length, validity } = column
  const { kernels } = device
  if (kernels.countBits(fits, length) === length) return out
  if (tried) return { ...out, validity: andBits(device, arena, fits, validity, length) }
  const row = firstMisfit(device, arena, fits, andBits(device, arena, validity, check.active, length), length)
  if (row < 0) return out
  const value = valueReader(device.memory, column)(row)
  const text = typeof value === 'string' && column.type.kind !== 'decimal' ? JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value) : String(value)
  throw new DataError('CAST', `${check.where}: ${text} is no ${typeName(to)} in row ${row} of a batch; use tryCast for null instead`)
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
  const isRead = column.type.kind === 'utf8' && readTexts(device, arena, column, out, fits)
  if (isRead && device.kernels.countBits(fits, length) === length) return settle(out, fits)
  const valid = validity === 0 ? undefined : device.memory.bytes(validity, bitmapBytes(length))
  const fitBits = device.memory.bytes(fits, bitmapBytes(length))
  const fitsAlready = (row: number) => isRead && ((fitBits[row >>> 3]! >>> (row & 7)) & 1) === 1
  const bytesOf = (row: number) => (valid && !((valid[row >>> 3]! >>> (row & 7)) & 1) ? undefined : viewBytes(device.memory, column.values + 16 * row))
  const fitsRow = (row: number) => {
    fitBits[row >>> 3]! |= 1 << (row & 7)
  }
  parseText(device, out, to, { bytesOf, fits: fitsRow, fitsAlready }, column)
  return settle(out, fits)
}

const encoder = new TextEncoder()
