// Comparisons of columns and constants, into bool columns.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, bool, layoutOf } from '../batch/data-type.ts'
import { writeView } from '../batch/build-columns.ts'
import { storedReader } from '../batch/read-values.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andNotBits, notBits, orBits } from './bitmap.ts'
import { equalForm, equalType, orderForm } from './key-form.ts'
import { bitsOf, bothValid, type Constant, type ConstantValue, constantColumn, isColumn, type Operand, rowsOf, shapeOf, valuesAt } from './operand.ts'

/** The comparisons, by their names in expressions. */
export type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge'

const kernelOps = { eq: 0, ne: 1, lt: 2, le: 3 } as const

/**
 * a `op` b, null where either is. Both have one type; one is a column, and a constant is not null. Strings and bytes compare bytewise (code
 * point order), false before true, NaN as IEEE 754 says (only `ne` holds), lists, structs, maps and intervals by `eq` and `ne` only, as keys.
 * Throws PlanError NO_ORDER. Cost: int32 and float64 near memory speed; strings 2–10 ns a row.
 */
export function compare(device: Device, arena: Arena, op: Comparison, a: Operand, b: Operand): Column {
  if (op === 'gt') return compare(device, arena, 'lt', b, a)
  if (op === 'ge') return compare(device, arena, 'le', b, a)
  const isOrder = op === 'lt' || op === 'le'
  const [left, right] = [formOf(device, arena, a, isOrder, op), formOf(device, arena, b, isOrder, op)]
  const length = rowsOf(a, b)
  const validity = bothValid(device, arena, a, b)
  if (a.type.kind === 'bool') return { type: bool, length, values: compareBools(device, arena, op, left, right, length), validity }
  return { type: bool, length, values: compareForms(device, arena, op, left, right, length), validity }
}

function compareForms(device: Device, arena: Arena, op: 'eq' | 'ne' | 'lt' | 'le', a: Operand, b: Operand, length: number): number {
  const values = arena.allocate(bitmapBytes(length))
  const left = valuesAt(device, arena, a)
  const right = valuesAt(device, arena, b)
  const shape = shapeOf(a, b)
  const { kernels } = device
  if (a.type.kind === 'interval') kernels.compareIntervals(kernelOps[op], left, right, shape, length, values)
  else if (layoutOf(a.type) === 'view') kernels.compareViews(kernelOps[op], left, right, shape, length, values)
  else if (a.type.kind === 'float64') kernels.compareF64(kernelOps[op], left, right, shape, length, values)
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

function constantForm(device: Device, arena: Arena, constant: Constant, isOrder: boolean, where: string): Constant {
  const one = constantColumn(device, arena, constant)
  const form = isOrder ? orderForm(device, arena, one, where) : equalForm(device, arena, one)
  return { type: form.type, value: storedReader(device.memory, form)(0) }
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

/**
 * A bool column: the value is one of `members`, which are constants of the column's type without nulls. Null where the column is.
 * Cost: a binary search a row.
 */
export function isMember(device: Device, arena: Arena, column: Column, members: readonly ConstantValue[]): Column {
  if (equalType(column.type) === column.type) return isMemberForm(device, arena, column, members)
  const forms = members.map(value => constantForm(device, arena, { type: column.type, value }, false, 'isIn').value)
  return isMemberForm(device, arena, equalForm(device, arena, column), forms)
}

function isMemberForm(device: Device, arena: Arena, column: Column, members: readonly ConstantValue[]): Column {
  const { length, type, validity } = column
  const { kernels, memory } = device
  const values = arena.allocate(bitmapBytes(length))
  const count = members.length
  switch (type.kind) {
    case 'bool': {
      const always = { true: members.includes(true), false: members.includes(false) }
      if (always.true === always.false) kernels.fillBits(values, length, always.true ? 1 : 0)
      else if (always.true) return column
      else kernels.notBits(column.values, length, values)
      break
    }
    case 'utf8':
    case 'binary': {
      const encoded = members.map(m => (typeof m === 'string' ? new TextEncoder().encode(m) : (m as Uint8Array))).sort(compareBytes)
      const set = arena.allocate(16 * count)
      encoded.forEach((bytes, i) => writeView(device, arena, set + 16 * i, bytes))
      kernels.memberViews(column.values, length, set, count, values)
      break
    }
    case 'int32': {
      const set = arena.allocate(4 * count)
      memory.int32s(set, count).set(Int32Array.from(members as number[]).sort())
      kernels.memberI32(column.values, length, set, count, values)
      break
    }
    case 'float64': {
      const set = arena.allocate(8 * count)
      const sorted = Float64Array.from((members as number[]).filter(m => !Number.isNaN(m))).sort()
      memory.float64s(set, sorted.length).set(sorted)
      kernels.memberF64(column.values, length, set, sorted.length, values)
      break
    }
    default: {
      const set = arena.allocate(8 * count)
      memory.int64s(set, count).set(BigInt64Array.from(members as bigint[]).sort())
      kernels.memberI64(column.values, length, set, count, values)
    }
  }
  return { type: bool, length, values, validity }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}
