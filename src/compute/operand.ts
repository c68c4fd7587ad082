// What a binary computation takes: a column, or one value that stands for every row. Constants reach the kernels as 64-byte blocks that
// repeat the value, which a kernel reads again and again, so column∘column and column∘constant are one loop.
import { assert } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { buildColumn } from '../batch/build-columns.ts'
import { type DataType, isNested, layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Stored } from '../batch/stored-value.ts'
import type { Value } from '../batch/value.ts'
import { storedWriter } from '../batch/write-values.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits, filledBits } from './bitmap.ts'
import { gatherColumn } from './gather.ts'
import { nullColumn } from './null-column.ts'

/** A constant's value, or null. Of a flat type as it is stored (`batch/stored-value.ts › Stored`), of a list, struct or map as rows have it (`batch/value.ts › Value`). */
export type ConstantValue = Value

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

/** Where an operand's values lie: the column's, or a block in `arena` that repeats the constant, which must not be null. Not for bool, null and nested types. */
export function valuesAt(device: Device, arena: Arena, operand: Operand): number {
  return isColumn(operand) ? operand.values : constantBlock(device, arena, operand)
}

/** The validity of a result that is null where either side is: an address, or 0. Constants here are never null. */
export function bothValid(device: Device, arena: Arena, a: Operand, b: Operand): number {
  return andBits(device, arena, isColumn(a) ? a.validity : 0, isColumn(b) ? b.validity : 0, rowsOf(a, b))
}

/** The validity of a result that is null where any operand is: an address, or 0. */
export function allValid(device: Device, arena: Arena, operands: readonly Operand[], rows: number): number {
  return operands.reduce((bits, operand) => andBits(device, arena, bits, isColumn(operand) ? operand.validity : 0, rows), 0)
}

/** What a kernel steps by from row to row: the bytes of a value, or 0 where one stands for all rows. */
export function stepOf(operand: Operand): number {
  return isColumn(operand) ? valueBytes(operand.type, 1) : 0
}

// One value as a kernel takes it: again and again over 64 bytes, or once where its size has no place there as a power of two.
function constantBlock(device: Device, arena: Arena, { type, value }: Constant): number {
  assert(value !== null, 'a null constant has no block')
  const bytes = valueBytes(type, 1)
  assert(!isNested(type) && type.kind !== 'bool' && bytes > 0, `a constant of ${type.kind} has no block`)
  const block = arena.allocate(Math.max(64, bytes))
  storedWriter(device, arena, { type, length: 1, values: block, validity: 0 })(0, value as Stored)
  if (layoutOf(type) === 'fixed') return block
  const copies = device.memory.bytes(block, 64)
  for (let copy = bytes; copy < 64; copy += bytes) copies.copyWithin(copy, 0, bytes)
  return block
}

/** A constant as a column of one row. */
export function constantColumn(device: Device, arena: Arena, { type, value }: Constant): Column {
  if (value === null) return nullColumn(arena, type, 1)
  if (isNested(type)) return buildColumn(device, arena, { name: 'constant', type, nullable: false }, [value], 'literal')
  const out = allocateColumn(arena, type, 1)
  storedWriter(device, arena, out)(0, value as Stored)
  return out
}

/** The bits of a bool operand: the column's, or `rows` times the constant's. */
export function bitsOf(device: Device, arena: Arena, operand: Operand, rows: number): number {
  return isColumn(operand) ? operand.values : filledBits(device, arena, rows, operand.value === true)
}

/** An operand as a column of `rows` rows; a null constant becomes a column of nulls. */
export function broadcast(device: Device, arena: Arena, operand: Operand, rows: number): Column {
  if (isColumn(operand)) return operand
  const { type, value } = operand
  if (value === null) return nullColumn(arena, type, rows)
  const layout = layoutOf(type)
  if (layout === 'bit') {
    const out = allocateColumn(arena, type, rows)
    device.kernels.fillBits(out.values, rows, value ? 1 : 0)
    return out
  }
  if (layout !== 'word4' && layout !== 'word8' && layout !== 'word16' && layout !== 'view') {
    return gatherColumn(device, arena, constantColumn(device, arena, operand), arena.allocateZeroed(4 * rows), rows)
  }
  const out = allocateColumn(arena, type, rows)
  const block = constantBlock(device, arena, operand)
  // Both sides are the constant, so any readable bits will do for a mask.
  const { kernels } = device
  if (layout === 'word4') kernels.chooseBytes4(out.values, block, block, 3, rows, out.values)
  else if (layout === 'word8') kernels.chooseBytes8(out.values, block, block, 3, rows, out.values)
  else kernels.chooseBytes16(out.values, block, block, 3, rows, out.values)
  return out
}
