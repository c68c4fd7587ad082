// Comparisons of columns and constants, into bool columns.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, bool, type DataType, isNumeric, layoutOf } from '../batch/data-type.ts'
import { storedReader } from '../batch/read-values.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andNotBits, filledBits, notBits, orBits } from './bitmap.ts'
import { compareUnits, differInUnit } from './compare-times.ts'
import { compareDecimalFloat, compareDecimals } from './decimal.ts'
import { asFloat64 } from './floats.ts'
import { kindNumber } from './integers.ts'
import { equalForm, equalType, orderForm } from './key-form.ts'
import { narrowComparison } from './narrow-compare.ts'
import { rangeOutcome } from './range-compare.ts'
import { bitsOf, bothValid, type Constant, constantColumn, isColumn, type Operand, rowsOf, shapeOf, valuesAt } from './operand.ts'

/** The comparisons, by their names in expressions. */
export type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge'

const kernelOps = { eq: 0, ne: 1, lt: 2, le: 3 } as const

/**
 * a `op` b, null where either is. Both have one type, but times of any unit compare, decimals of any scale and with a float64, and an int64 or uint64 with a float64 or with each other: exactly.
 * One side is a column, and a constant is not null. Strings and bytes compare bytewise (code point order), false before true, NaN as IEEE 754 says (only
 * `ne` holds), intervals with a month of 30 days and a day of 24 hours, lists, structs and maps by `eq` and `ne` only, as keys. Throws PlanError NO_ORDER. Cost: numbers of one type near memory speed,
 * decimals and mixed numbers 1–3 ns a row, strings 2–10 ns.
 */
export function compare(device: Device, arena: Arena, op: Comparison, a: Operand, b: Operand): Column {
  if (op === 'gt') return compare(device, arena, 'lt', b, a)
  if (op === 'ge') return compare(device, arena, 'le', b, a)
  const length = rowsOf(a, b)
  const validity = bothValid(device, arena, a, b)
  if (a.type.kind === 'bool') return { type: bool, length, values: compareBools(device, arena, op, a, b, length), validity }
  if (differInUnit(a.type, b.type)) return compareUnits(device, arena, op, a, b)
  const known = knownOutcome(op, a, b)
  if (known !== undefined) return { type: bool, length, values: filledBits(device, arena, length, known), validity }
  if (a.type.kind === 'decimal' && b.type.kind === 'float64') return compareDecimalFloat(device, arena, straight[op], a, b)
  if (a.type.kind === 'float64' && b.type.kind === 'decimal') return compareDecimalFloat(device, arena, turned[op], b, a)
  if (a.type.kind === 'decimal') {
    const narrow = narrowComparison(op, a, b)
    if (!narrow || 'always' in narrow) return compareDecimals(device, arena, kernelOps[op], a, b)
    return { type: bool, length, values: compareNumbers(device, arena, narrow.op, narrow.a, narrow.b, length), validity }
  }
  if (a.type.kind === 'float16') return compare(device, arena, op, asFloat64(device, arena, a), asFloat64(device, arena, b))
  if (isNumeric(a.type)) return { type: bool, length, values: compareNumbers(device, arena, op, a, b, length), validity }
  if (a.type.kind === 'interval') return { type: bool, length, values: compareSpans(device, arena, op, a, b, length), validity }
  const isOrder = op === 'lt' || op === 'le'
  const [left, right] = [formOf(device, arena, a, isOrder, op), formOf(device, arena, b, isOrder, op)]
  return { type: bool, length, values: compareForms(device, arena, op, left, right, length), validity }
}

/** What a `op` b is for all rows that aren't null, where the bounds of a column say so: nobody needs to look at the rows then. */
export function knownOutcome(op: Comparison, a: Operand, b: Operand): boolean | undefined {
  if (op === 'gt') return knownOutcome('lt', b, a)
  if (op === 'ge') return knownOutcome('le', b, a)
  if (differInUnit(a.type, b.type)) return undefined
  if (a.type.kind !== 'decimal' && b.type.kind !== 'decimal') return rangeOutcome(op, a, b)
  const narrow = a.type.kind === b.type.kind ? narrowComparison(op, a, b) : undefined
  return narrow && 'always' in narrow ? narrow.always : undefined
}

function compareNumbers(device: Device, arena: Arena, op: 'eq' | 'ne' | 'lt' | 'le', a: Operand, b: Operand, length: number): number {
  const { kernels } = device
  const values = arena.allocate(bitmapBytes(length))
  const [left, right, shape] = [valuesAt(device, arena, a), valuesAt(device, arena, b), shapeOf(a, b)]
  const { type } = a
  const mixed = type.kind === b.type.kind ? undefined : mixedPairs[`${type.kind} ${b.type.kind}`]
  if (mixed?.swapped) kernels.compareMixed(mixed.pair, mixed.ops[op], right, left, shapeOf(b, a), length, values)
  else if (mixed) kernels.compareMixed(mixed.pair, mixed.ops[op], left, right, shape, length, values)
  else if (type.kind === 'float64') kernels.compareF64(kernelOps[op], left, right, shape, length, values)
  else if (type.kind === 'float32') kernels.compareF32(kernelOps[op], left, right, shape, length, values)
  else if (type.kind === 'int64') kernels.compareI64(kernelOps[op], left, right, shape, length, values)
  else if (type.kind === 'int32') kernels.compareI32(kernelOps[op], left, right, shape, length, values)
  else kernels.compareInt(kindNumber(type), kernelOps[op], left, right, shape, length, values)
  return values
}

function compareSpans(device: Device, arena: Arena, op: 'eq' | 'ne' | 'lt' | 'le', a: Operand, b: Operand, length: number): number {
  const values = arena.allocate(bitmapBytes(length))
  device.kernels.compareIntervals(kernelOps[op], valuesAt(device, arena, a), valuesAt(device, arena, b), shapeOf(a, b), length, values)
  return values
}

function compareForms(device: Device, arena: Arena, op: 'eq' | 'ne' | 'lt' | 'le', a: Operand, b: Operand, length: number): number {
  const { kernels } = device
  if (isNumeric(a.type)) return compareNumbers(device, arena, op, a, b, length)
  const values = arena.allocate(bitmapBytes(length))
  const [left, right, shape] = [valuesAt(device, arena, a), valuesAt(device, arena, b), shapeOf(a, b)]
  if (layoutOf(a.type) === 'view') kernels.compareViews(kernelOps[op], left, right, shape, length, values)
  else if (layoutOf(a.type) === 'word8') kernels.compareI64(kernelOps[op], left, right, shape, length, values)
  else kernels.compareI32(kernelOps[op], left, right, shape, length, values)
  return values
}

// A side as one of the types that kernels compare.
function formOf(device: Device, arena: Arena, side: Operand, isOrder: boolean, where: string): Operand {
  if (isColumn(side)) return isOrder ? orderForm(device, arena, side, where) : equalForm(device, arena, side)
  if (equalType(side.type) === side.type) return side
  return constantForm(device, arena, side, isOrder, where)
}

/** A constant as one of the types that kernels compare. */
export function constantForm(device: Device, arena: Arena, constant: Constant, isOrder: boolean, where: string): Constant {
  const one = constantColumn(device, arena, constant)
  const form = isOrder ? orderForm(device, arena, one, where) : equalForm(device, arena, one)
  return { type: form.type, value: storedReader(device.memory, form)(0) }
}

const straight = { eq: 0, ne: 1, lt: 2, le: 3 }
const turned = { eq: 0, ne: 1, lt: 4, le: 5 }
const mixedPairs: Record<string, { pair: number; swapped: boolean; ops: typeof straight }> = {
  'int64 float64': { pair: 0, swapped: false, ops: straight },
  'float64 int64': { pair: 0, swapped: true, ops: turned },
  'uint64 float64': { pair: 1, swapped: false, ops: straight },
  'float64 uint64': { pair: 1, swapped: true, ops: turned },
  'int64 uint64': { pair: 2, swapped: false, ops: straight },
  'uint64 int64': { pair: 2, swapped: true, ops: turned },
}

/** Whether `compare` takes numbers of these two types as they are, though they differ. */
export function comparesMixed(a: DataType, b: DataType): boolean {
  if (a.kind === 'decimal' || b.kind === 'decimal') return [a, b].every(t => t.kind === 'decimal' || t.kind === 'float64')
  return `${a.kind} ${b.kind}` in mixedPairs
}

function compareBools(device: Device, arena: Arena, op: 'eq' | 'ne' | 'lt' | 'le', a: Operand, b: Operand, rows: number): number {
  const left = bitsOf(device, arena, a, rows)
  const right = bitsOf(device, arena, b, rows)
  if (op === 'lt') return andNotBits(device, arena, right, left, rows)
  if (op === 'le') return orBits(device, arena, notBits(device, arena, left, rows), right, rows)
  const differ = arena.allocate(bitmapBytes(rows))
  device.kernels.xorBits(left, right, rows, differ)
  return op === 'ne' ? differ : notBits(device, arena, differ, rows)
}
