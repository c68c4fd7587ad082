// Integers of every width: the operations that arithmetic.ts has no faster kernel for, rounding to tens, and their kinds as the kernels number them.
import { assert, DataError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import type { DataType } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { type Operand, shapeOf, valuesAt } from './operand.ts'
import { type Rounding, roundingNumber } from './rounding.ts'
import { type Overflow, overflows, type RowCheck, valueIn } from './row-check.ts'

/** The operations, in the order of the kernel's numbers. */
export const integerOperations = ['add', 'sub', 'mul', 'intDiv', 'mod', 'floorMod', 'power', 'gcd'] as const
/** An operation on integers. */
export type IntegerOperation = (typeof integerOperations)[number]

const mappings = ['neg', 'abs', 'sign', 'factorial'] as const
const kinds = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64']

/** The kernels' number of an integer type. */
export function kindNumber(type: DataType): number {
  const kind = kinds.indexOf(type.kind)
  assert(kind >= 0, `${type.kind} is no integer`)
  return kind
}

/** Writes a `op` b to `out`; both sides have its type. The first active row that has no result, or -1. */
export function calculateIntegers(device: Device, arena: Arena, op: IntegerOperation, a: Operand, b: Operand, overflow: Overflow, active: number, out: Column): number {
  const [left, right] = [valuesAt(device, arena, a), valuesAt(device, arena, b)]
  const [kind, operation, mode] = [kindNumber(out.type), integerOperations.indexOf(op), overflows.indexOf(overflow)]
  return device.kernels.calculateInt(kind, operation, mode, left, right, shapeOf(a, b), out.length, active, out.values)
}

/** Writes −a, |a|, the sign or the factorial to `out`. The first active row that has no result, or -1. */
export function mapIntegers(device: Device, op: (typeof mappings)[number], a: Column, overflow: Overflow, active: number, out: Column): number {
  return device.kernels.mapInt(kindNumber(a.type), mappings.indexOf(op), overflows.indexOf(overflow), a.values, a.length, active, out.values)
}

/** Integers rounded to a multiple of 10^tens, tens from 0. Throws DataError INT_OVERFLOW where that doesn't fit. */
export function roundIntegers(device: Device, arena: Arena, a: Column, tens: number, rounding: Rounding, check: RowCheck): Column {
  if (tens === 0) return a
  const out = { ...allocateColumn(arena, a.type, a.length), validity: a.validity }
  const active = andBits(device, arena, a.validity, check.active, a.length)
  const unit = tens > 19 ? 0n : 10n ** BigInt(tens)
  const bad = device.kernels.roundInt(kindNumber(a.type), BigInt.asIntN(64, unit), roundingNumber(rounding), a.values, a.length, active, out.values)
  if (bad < 0) return out
  throw new DataError(
    'INT_OVERFLOW',
    `${check.where}: round(${valueIn(device, a, bad)}, ${-tens}) doesn't fit ${typeName(a.type)} in row ${bad} of a batch; cast to a wider type first`,
  )
}
