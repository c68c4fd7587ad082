// Arithmetic on columns and constants of one type: chooses the kernels by type. Integers never wrap unasked: a result that doesn't fit its type is an
// error that names the row. Decimals have a file of their own.
import { DataError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { isInteger } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { floatArithmetic, signOfFloats } from './floats.ts'
import { calculateIntegers, type IntegerOperation, kindNumber, mapIntegers } from './integers.ts'
import { bothValid, isColumn, type Operand, rowsOf, shapeOf, valuesAt } from './operand.ts'
import { type Overflow, type RowCheck, valueIn } from './row-check.ts'

export type { RowCheck } from './row-check.ts'

/** The operations, by their names in expressions. `div` takes floats only, `intDiv`, `power` and `gcd` integers only; floorMod is mod with the sign of b. */
export type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'intDiv' | 'mod' | 'floorMod' | 'power' | 'gcd'

const symbols = { add: '+', sub: '-', mul: '*', div: '/', intDiv: 'intDiv', mod: 'mod', floorMod: 'mod', power: 'power', gcd: 'gcd' } as const

/**
 * a `op` b over integers or floats (both sides of one type), null where either is. Floats follow IEEE 754; `mod` has the sign of `a`.
 * Throws DataError INT_OVERFLOW (unless `overflow` says otherwise) or DIVIDE_BY_ZERO for the first active row that is not null. Cost: near memory speed
 * for add, sub and mul over int32, int64 and floats; about 2 ns a row for other integers, 5 ns for divisions.
 */
export function arithmetic(device: Device, arena: Arena, op: Arithmetic, a: Operand, b: Operand, check: RowCheck, overflow: Overflow = 'error'): Column {
  const length = rowsOf(a, b)
  const validity = bothValid(device, arena, a, b)
  if (!isInteger(a.type)) return { ...floatArithmetic(device, arena, op, a, b), validity }
  const out = { ...allocateColumn(arena, a.type, length), validity }
  const active = andBits(device, arena, validity, check.active, length)
  const kernel = overflow === 'error' ? hotKernel(device, op, a.type.kind) : undefined
  const bad = kernel
    ? kernel(valuesAt(device, arena, a), valuesAt(device, arena, b), shapeOf(a, b), length, active, out.values)
    : calculateIntegers(device, arena, op as IntegerOperation, a, b, overflow, active, out)
  if (bad >= 0) throw integerError(op, valueIn(device, a, bad), valueIn(device, b, bad), a, bad, check.where)
  return out
}

type Kernel = (a: number, b: number, shape: number, rows: number, active: number, out: number) => number

// int32 and int64 have kernels of their own for what every query does.
function hotKernel({ kernels }: Device, op: Arithmetic, kind: string): Kernel | undefined {
  if (kind !== 'int32' && kind !== 'int64') return undefined
  const isInt32 = kind === 'int32'
  switch (op) {
    case 'add':
      return isInt32 ? kernels.addI32 : kernels.addI64
    case 'sub':
      return isInt32 ? kernels.subI32 : kernels.subI64
    case 'mul':
      return isInt32 ? kernels.mulI32 : kernels.mulI64
    case 'mod':
      return isInt32 ? kernels.modI32 : kernels.modI64
    case 'intDiv':
      return isInt32 ? kernels.intDivI32 : kernels.intDivI64
    default:
      return undefined
  }
}

function integerError(op: Arithmetic, left: unknown, right: unknown, a: Operand, row: number, where: string): DataError {
  const sum = op === 'gcd' ? `gcd(${left}, ${right})` : `${left} ${symbols[op]} ${right}`
  if (Number(right) === 0 && (op === 'intDiv' || op === 'mod' || op === 'floorMod'))
    return new DataError(
      'DIVIDE_BY_ZERO',
      `${where}: ${sum} divides by zero in row ${row} of a batch; guard it with when(...), give divisionByZero: 'null', or use div, which gives Infinity or NaN`,
    )
  if (op === 'power' && Number(right) < 0)
    return new DataError('INT_OVERFLOW', `${where}: ${sum} is no whole number in row ${row} of a batch; cast to float64 first`)
  return overflowError(sum, a.type, row, where)
}

function overflowError(what: string, type: Column['type'], row: number, where: string): DataError {
  const wider = type.kind === 'int64' || type.kind === 'uint64' ? 'float64' : 'int64'
  return new DataError('INT_OVERFLOW', `${where}: ${what} doesn't fit ${typeName(type)} in row ${row} of a batch; cast to ${wider} first`)
}

/** −a, |a|, or the sign of a numeric column, decimals excepted. Throws DataError INT_OVERFLOW for the lowest integer, unless `overflow` says otherwise. */
export function negateOrAbs(device: Device, arena: Arena, op: 'neg' | 'abs' | 'sign', a: Column, check: RowCheck, overflow: Overflow = 'error'): Column {
  if (!isInteger(a.type)) return { ...signOfFloats(device, arena, op, a), validity: a.validity }
  const isHot = overflow === 'error' && (a.type.kind === 'int32' || a.type.kind === 'int64')
  if (op === 'neg' && overflow === 'error') return arithmetic(device, arena, 'sub', { type: a.type, value: zeroOf(a.type) }, a, check)
  const out = { ...allocateColumn(arena, a.type, a.length), validity: a.validity }
  const active = andBits(device, arena, a.validity, check.active, a.length)
  const { kernels } = device
  const bad =
    isHot && op === 'abs'
      ? (a.type.kind === 'int32' ? kernels.absI32 : kernels.absI64)(a.values, a.length, active, out.values)
      : mapIntegers(device, op, a, overflow, active, out)
  if (bad >= 0) throw overflowError(`${op}(${valueIn(device, a, bad)})`, a.type, bad, check.where)
  return out
}

/** The factorial of an integer column. Throws DataError INT_OVERFLOW where it doesn't fit, or the value is negative. */
export function factorial(device: Device, arena: Arena, a: Column, check: RowCheck): Column {
  const out = { ...allocateColumn(arena, a.type, a.length), validity: a.validity }
  const bad = mapIntegers(device, 'factorial', a, 'error', andBits(device, arena, a.validity, check.active, a.length), out)
  if (bad < 0) return out
  const value = valueIn(device, a, bad)
  if (Number(value) < 0) throw new DataError('INT_OVERFLOW', `${check.where}: factorial(${value}) does not exist in row ${bad} of a batch; it is for numbers from 0`)
  throw overflowError(`factorial(${value})`, a.type, bad, check.where)
}

/** 0 as a constant of an integer type has it. */
export function zeroOf(type: Column['type']): number | bigint {
  return kindNumber(type) % 4 === 3 ? 0n : 0
}

/** True where a value is a constant 0. */
export function isZero(operand: Operand): boolean {
  return !isColumn(operand) && operand.value !== null && Number(operand.value) === 0
}
