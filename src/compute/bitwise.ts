// The bits of integers: and, or, exclusive or, not, shifts.
import { DataError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { valueBytes } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits } from './bitmap.ts'
import { kindNumber } from './integers.ts'
import { bothValid, type Operand, rowsOf, shapeOf, valuesAt } from './operand.ts'
import { type RowCheck, valueIn } from './row-check.ts'

const operations = ['bitAnd', 'bitOr', 'bitXor'] as const
const shifts = ['shiftLeft', 'shiftRight', 'shiftRightUnsigned'] as const
/** Operations on two integers' bits, by their names in expressions. */
export type BitOperation = (typeof operations)[number]
/** Shifts, by their names in expressions. */
export type Shift = (typeof shifts)[number]

/** a `op` b, bit by bit, over integers or decimals of one type and scale; null where either is. Cost: near memory speed. */
export function bitwise(device: Device, arena: Arena, op: BitOperation, a: Operand, b: Operand): Column {
  const length = rowsOf(a, b)
  const out = { ...allocateColumn(arena, a.type, length), validity: bothValid(device, arena, a, b) }
  device.kernels.bitwise(operations.indexOf(op), valuesAt(device, arena, a), valuesAt(device, arena, b), shapeOf(a, b), valueBytes(a.type, length), out.values)
  return out
}

/** Every bit turned over. */
export function bitNot(device: Device, arena: Arena, a: Column): Column {
  const out = { ...allocateColumn(arena, a.type, a.length), validity: a.validity }
  const ones = arena.allocate(64)
  device.memory.bytes(ones, 64).fill(255)
  device.kernels.bitwise(2, a.values, ones, 1, valueBytes(a.type, a.length), out.values)
  return out
}

/** a shifted by b, an int32; all bits may be shifted out. Null where either is. Throws DataError SHIFT for a negative count in an active row. */
export function shift(device: Device, arena: Arena, op: Shift, a: Operand, b: Operand, check: RowCheck): Column {
  const length = rowsOf(a, b)
  const validity = bothValid(device, arena, a, b)
  const out = { ...allocateColumn(arena, a.type, length), validity }
  const active = andBits(device, arena, validity, check.active, length)
  const [left, right] = [valuesAt(device, arena, a), valuesAt(device, arena, b)]
  const bad = device.kernels.shiftInt(kindNumber(a.type), shifts.indexOf(op), left, right, shapeOf(a, b), length, active, out.values)
  if (bad < 0) return out
  throw new DataError('SHIFT', `${check.where}: ${op}(${valueIn(device, a, bad)}, ${valueIn(device, b, bad)}) in row ${bad} of a batch; shift by 0 or more, or the other way`)
}
