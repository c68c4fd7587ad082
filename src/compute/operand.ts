// What a binary computation takes: a column, or one value that stands for every row. Constants reach the kernels as 64-byte blocks that
// repeat the value, which a kernel reads again and again, so column∘column and column∘constant are one loop.
import { assert } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { writeView } from '../batch/build-columns.ts'
import { type DataType, layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits, filledBits } from './bitmap.ts'

/** A constant's value. int64 and timestamps are bigints, in the type's unit; int32 and float64 numbers. */
export type ConstantValue = null | boolean | number | bigint | string | Uint8Array

/** One value for every row. */
export interface Constant {
  readonly type: DataType
  readonly value: ConstantValue
}

/** A column or a constant. */
export type Operand = Column | Constant

/** True for columns. */
export function isColumn(operand: Operand): operand is Column {
  return 'values' in operand
}

/** The `shape` that the kernels take: 0 two columns, 1 the right side is a constant, 2 the left side is. One must be a column. */
export function shapeOf(a: Operand, b: Operand): number {
  assert(isColumn(a) || isColumn(b), 'a kernel was given two constants')
  return isColumn(a) ? (isColumn(b) ? 0 : 1) : 2
}

/** The rows of a computation's operands. */
export function rowsOf(a: Operand, b: Operand): number {
  return isColumn(a) ? a.length : (b as Column).length
}

/** Where an operand's values lie: the column's, or a block in `arena` that repeats the constant, which must not be null. Not for bool. */
export function valuesAt(device: Device, arena: Arena, operand: Operand): number {
  return isColumn(operand) ? operand.values : constantBlock(device, arena, operand)
}

/** The validity of a result that is null where either side is: an address, or 0. Constants here are never null. */
export function bothValid(device: Device, arena: Arena, a: Operand, b: Operand): number {
  return andBits(device, arena, isColumn(a) ? a.validity : 0, isColumn(b) ? b.validity : 0, rowsOf(a, b))
}

function constantBlock(device: Device, arena: Arena, { type, value }: Constant): number {
  assert(value !== null, 'a null constant has no block')
  const block = arena.allocate(64)
  switch (layoutOf(type)) {
    case 'word4':
      device.memory.int32s(block, 16).fill(value as number)
      break
    case 'word8':
      if (type.kind === 'float64') device.memory.float64s(block, 8).fill(value as number)
      else device.memory.int64s(block, 8).fill(value as bigint)
      break
    case 'view': {
      writeView(device, arena, block, typeof value === 'string' ? new TextEncoder().encode(value) : (value as Uint8Array))
      const bytes = device.memory.bytes(block, 64)
      for (let copy = 16; copy < 64; copy += 16) bytes.copyWithin(copy, 0, 16)
      break
    }
    case 'bit':
      assert(false, 'a bool constant has no block')
  }
  return block
}

/** The bits of a bool operand: the column's, or `rows` times the constant's. */
export function bitsOf(device: Device, arena: Arena, operand: Operand, rows: number): number {
  return isColumn(operand) ? operand.values : filledBits(device, arena, rows, operand.value === true)
}

/** An operand as a column of `rows` rows; a null constant becomes a column of nulls. */
export function broadcast(device: Device, arena: Arena, operand: Operand, rows: number): Column {
  if (isColumn(operand)) return operand
  const { type, value } = operand
  if (value === null) {
    const nulls = allocateColumn(arena, type, rows, true)
    device.memory.bytes(nulls.values, valueBytes(type, rows)).fill(0)
    return nulls
  }
  const out = allocateColumn(arena, type, rows)
  if (type.kind === 'bool') {
    device.kernels.fillBits(out.values, rows, value ? 1 : 0)
    return out
  }
  const block = constantBlock(device, arena, operand)
  // Both sides are the constant, so any readable bits will do for a mask.
  const { kernels } = device
  const layout = layoutOf(type)
  if (layout === 'word4') kernels.chooseBytes4(out.values, block, block, 3, rows, out.values)
  else if (layout === 'word8') kernels.chooseBytes8(out.values, block, block, 3, rows, out.values)
  else kernels.chooseBytes16(out.values, block, block, 3, rows, out.values)
  return out
}
