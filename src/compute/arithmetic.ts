// Arithmetic on columns and constants. Integers never wrap: a result that doesn't fit its type is an error that names the row.
import { DataError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { typeName } from '../batch/type-name.ts'
import { valueReader } from '../batch/read-values.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { bothValid, isColumn, type Operand, rowsOf, shapeOf, valuesAt } from './operand.ts'

/** The operations, by their names in expressions. `div` takes float64 only, `intDiv` integers only. */
export type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'intDiv' | 'mod'

/** Which rows count for errors, and how the caller is named in them. `active` is a bitmap, 0 for all rows. */
export interface RowCheck {
  readonly active: number
  readonly where: string
}

const symbols = { add: '+', sub: '-', mul: '*', div: '/', intDiv: 'intDiv', mod: 'mod' } as const

/**
 * a `op` b over int32, int64 or float64 (both sides of one type), null where either is. float64 follows IEEE 754; `mod` has the sign of `a`.
 * Throws DataError INT_OVERFLOW or DIVIDE_BY_ZERO for the first active row that is not null. Cost: near memory speed but for integer division (~5 ns).
 */
export function arithmetic(device: Device, arena: Arena, op: Arithmetic, a: Operand, b: Operand, check: RowCheck): Column {
  const length = rowsOf(a, b)
  const validity = bothValid(device, arena, a, b)
  const out = { ...allocateColumn(arena, a.type, length), validity }
  const left = valuesAt(device, arena, a)
  const right = valuesAt(device, arena, b)
  const shape = shapeOf(a, b)
  if (a.type.kind === 'float64') {
    floatKernel(device, op)(left, right, shape, length, out.values)
    return out
  }
  const active = andBits(device, arena, validity, check.active, length)
  const bad = intKernel(device, op, a.type.kind === 'int32')(left, right, shape, length, active, out.values)
  if (bad >= 0) throw integerError(device, op, a, b, bad, check.where)
  return out
}

function floatKernel({ kernels }: Device, op: Arithmetic): (a: number, b: number, shape: number, rows: number, out: number) => void {
  switch (op) {
    case 'add':
      return kernels.addF64
    case 'sub':
      return kernels.subF64
    case 'mul':
      return kernels.mulF64
    case 'mod':
      return kernels.modF64
    default:
      return kernels.divF64
  }
}

function intKernel(
  { kernels }: Device,
  op: Arithmetic,
  isInt32: boolean,
): (a: number, b: number, shape: number, rows: number, active: number, out: number) => number {
  switch (op) {
    case 'add':
      return isInt32 ? kernels.addI32 : kernels.addI64
    case 'sub':
      return isInt32 ? kernels.subI32 : kernels.subI64
    case 'mul':
      return isInt32 ? kernels.mulI32 : kernels.mulI64
    case 'mod':
      return isInt32 ? kernels.modI32 : kernels.modI64
    default:
      return isInt32 ? kernels.intDivI32 : kernels.intDivI64
  }
}

function integerError(device: Device, op: Arithmetic, a: Operand, b: Operand, row: number, where: string): DataError {
  const read = (operand: Operand) => (isColumn(operand) ? valueReader(device.memory, operand)(row) : operand.value)
  const [left, right] = [read(a), read(b)]
  const sum = `${left} ${symbols[op]} ${right}`
  if (Number(right) === 0 && (op === 'intDiv' || op === 'mod'))
    return new DataError(
      'DIVIDE_BY_ZERO',
      `${where}: ${sum} divides by zero in row ${row} of a batch; guard it with when(...), or use div, which gives Infinity or NaN`,
    )
  return new DataError(
    'INT_OVERFLOW',
    `${where}: ${sum} doesn't fit ${typeName(a.type)} in row ${row} of a batch; cast to ${a.type.kind === 'int32' ? 'int64' : 'float64'} first`,
  )
}

/** −a or |a| of a numeric column. Throws DataError INT_OVERFLOW for the lowest integer. */
export function negateOrAbs(device: Device, arena: Arena, op: 'neg' | 'abs', a: Column, check: RowCheck): Column {
  const { kernels } = device
  const out = { ...allocateColumn(arena, a.type, a.length), validity: a.validity }
  if (a.type.kind === 'float64') {
    if (op === 'neg') kernels.negF64(a.values, a.length, out.values)
    else kernels.absF64(a.values, a.length, out.values)
    return out
  }
  const isInt32 = a.type.kind === 'int32'
  const zero = { type: a.type, value: isInt32 ? 0 : 0n }
  if (op === 'neg') return arithmetic(device, arena, 'sub', zero, a, check)
  const active = andBits(device, arena, a.validity, check.active, a.length)
  const bad = (isInt32 ? kernels.absI32 : kernels.absI64)(a.values, a.length, active, out.values)
  if (bad < 0) return out
  throw new DataError(
    'INT_OVERFLOW',
    `${check.where}: abs(${valueReader(device.memory, a)(bad)}) doesn't fit ${typeName(a.type)} in row ${bad} of a batch; cast to ${isInt32 ? 'int64' : 'float64'} first`,
  )
}
