// Numbers to numbers: straight where there is a kernel, else by way of the 64-bit type of the same kind. Each step says which rows had a counterpart.
import { assert } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, float64, int64, isFloat, isInteger, sameType } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { type Decimal, digitsMax, rescale } from './decimal.ts'
import { asFloat64, fromFloat64 } from './floats.ts'
import { kindNumber } from './integers.ts'

/** A column of another type; `fits` is a bitmap of the rows that have a counterpart in it, 0 for all. Rows that don't fit hold anything of the type. */
export interface Converted {
  readonly out: Column
  readonly fits: number
}

const uint64: DataType = { kind: 'uint64' }

/**
 * A numeric column as another numeric type. Floats and decimals become integers by their whole part, floats the nearest narrower float, and the decimal
 * that their shortest text says; decimals lose digits by rounding, halves away from zero.
 */
export function castNumber(device: Device, arena: Arena, column: Column, to: DataType): Converted {
  if (sameType(column.type, to)) return { out: { ...column, type: to }, fits: 0 }
  if (isInteger(column.type)) return fromInteger(device, arena, column, to)
  if (isFloat(column.type)) return fromFloat(device, arena, column, to)
  return fromDecimal(device, arena, column, to)
}

function fromInteger(device: Device, arena: Arena, column: Column, to: DataType): Converted {
  const { kernels } = device
  const { length, validity, type } = column
  const make = (target: DataType) => ({ ...allocateColumn(arena, target, length), validity })
  if (type.kind === 'int32' && (to.kind === 'int64' || to.kind === 'float64')) {
    const out = make(to)
    kernels[to.kind === 'int64' ? 'castI32ToI64' : 'castI32ToF64'](column.values, length, out.values)
    return { out, fits: 0 }
  }
  const word = asWord(device, arena, column)
  const signed = word.type.kind === 'int64' ? 1 : 0
  if (sameType(word.type, to)) return { out: { ...word, type: to }, fits: 0 }
  const out = make(to)
  if (to.kind === 'float64') {
    kernels[signed ? 'castI64ToF64' : 'castU64ToF64'](word.values, length, out.values)
    return { out, fits: 0 }
  }
  if (to.kind === 'float32') {
    kernels.castWordToF32(signed, word.values, length, out.values)
    return { out, fits: 0 }
  }
  if (to.kind === 'float16') return fromFloat(device, arena, fromInteger(device, arena, word, float64).out, to)
  const fits = arena.allocate(bitmapBytes(length))
  if (to.kind === 'decimal') kernels.castWordToDecimal(word.values, signed, to.scale, to.precision, length, fits, out.values)
  else kernels.narrowInt(kindNumber(to), signed, word.values, length, fits, out.values)
  return { out, fits: isSurelyWithin(type, to) ? 0 : fits }
}

/** Integers as int64, uint64 as they are. */
export function asWord(device: Device, arena: Arena, column: Column): Column {
  if (column.type.kind === 'int64' || column.type.kind === 'uint64') return column.type.kind === 'int64' ? { ...column, type: int64 } : column
  const out = { ...allocateColumn(arena, int64, column.length), validity: column.validity }
  device.kernels.widenInt(kindNumber(column.type), column.values, column.length, out.values)
  return out
}

function fromFloat(device: Device, arena: Arena, column: Column, to: DataType): Converted {
  const { kernels } = device
  const wide = asFloat64(device, arena, column)
  const { length, validity } = column
  if (to.kind === 'float64') return { out: wide, fits: 0 }
  const fits = arena.allocate(bitmapBytes(length))
  if (isFloat(to)) return { out: fromFloat64(device, arena, wide, to, fits), fits }
  const make = (target: DataType) => ({ ...allocateColumn(arena, target, length), validity })
  if (to.kind === 'decimal') {
    const out = make(to)
    kernels.castF64ToDecimal(wide.values, column.type.kind === 'float32' ? 1 : 0, to.scale, to.precision, length, fits, out.values)
    return { out, fits }
  }
  if (to.kind === 'int32') {
    const out = make(to)
    kernels.castF64ToI32(wide.values, length, fits, out.values)
    return { out, fits }
  }
  const word = make(to.kind === 'uint64' ? uint64 : int64)
  kernels[to.kind === 'uint64' ? 'castF64ToU64' : 'castF64ToI64'](wide.values, length, fits, word.values)
  return then(device, arena, { out: word, fits }, fromInteger(device, arena, word, to))
}

function fromDecimal(device: Device, arena: Arena, column: Column, to: DataType): Converted {
  const { kernels } = device
  const from = column.type
  const { length, validity } = column
  assert(from.kind === 'decimal', `a cast from ${from.kind}`)
  if (to.kind === 'decimal') {
    const down = Math.max(0, from.scale - to.scale)
    const step = rescale(device, arena, column, to, { down, up: Math.max(0, to.scale - from.scale), rounding: 'half-away' })
    return isSurelyWithin(from, to) ? { out: step.out, fits: 0 } : step
  }
  if (isFloat(to)) {
    const wide = { ...allocateColumn(arena, float64, length), validity }
    kernels.castDecimalToF64(column.values, from.scale, length, wide.values)
    return to.kind === 'float64' ? { out: wide, fits: 0 } : fromFloat(device, arena, wide, to)
  }
  const whole: Decimal = { kind: 'decimal', precision: digitsMax, scale: 0 }
  const digits = from.scale === 0 ? { out: column, fits: 0 } : rescale(device, arena, column, whole, { down: from.scale, up: 0, rounding: 'zero' })
  const word = { ...allocateColumn(arena, to.kind === 'uint64' ? uint64 : int64, length), validity }
  const fits = arena.allocate(bitmapBytes(length))
  kernels.castDecimalToWord(digits.out.values, to.kind === 'uint64' ? 0 : 1, length, fits, word.values)
  return then(device, arena, { out: word, fits }, fromInteger(device, arena, word, to))
}

function then(device: Device, arena: Arena, first: Converted, second: Converted): Converted {
  return { out: second.out, fits: andBits(device, arena, first.fits, second.fits, second.out.length) }
}

const integerBits = { int8: 7, int16: 15, int32: 31, int64: 63, uint8: 8, uint16: 16, uint32: 32, uint64: 64 } as Record<string, number>
const integerDigits = { int8: 3, int16: 5, int32: 10, int64: 19, uint8: 3, uint16: 5, uint32: 10, uint64: 20 } as Record<string, number>

/** The digits that an integer type's values have at most. */
export function digitsOfInteger(type: DataType): number {
  return integerDigits[type.kind]!
}

/** Whether every value of a numeric type has a counterpart in another: rounding is none of its concerns. */
export function isSurelyWithin(from: DataType, to: DataType): boolean {
  if (sameType(from, to)) return true
  if (isInteger(from)) {
    if (isInteger(to)) return integerBits[to.kind]! >= integerBits[from.kind]! && !(from.kind.startsWith('int') && to.kind.startsWith('uint'))
    if (to.kind === 'decimal') return to.precision - to.scale >= integerDigits[from.kind]!
    return to.kind !== 'float16' || integerBits[from.kind]! <= 15
  }
  if (isFloat(from)) return isFloat(to) && floatBits(to) >= floatBits(from)
  if (from.kind !== 'decimal') return false
  if (to.kind === 'decimal') return to.precision - to.scale >= from.precision - from.scale + (to.scale < from.scale ? 1 : 0)
  return to.kind === 'float64' || to.kind === 'float32'
}

function floatBits({ kind }: DataType): number {
  return Number(kind.slice(5))
}
