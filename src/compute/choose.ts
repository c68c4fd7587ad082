// Row by row one of two columns or constants: what when/then/otherwise and coalesce are made of.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, isNested, layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { filledBits } from './bitmap.ts'
import { concatColumns } from './concat.ts'
import { gatherColumn } from './gather.ts'
import { nullColumn } from './null-column.ts'
import { bitsOf, constantColumn, isColumn, type Operand, valuesAt } from './operand.ts'

/**
 * Row i is that of `a` where bit i of `mask` is 1, else that of `b`. Both have one type and may be null constants. `mask` is an address of
 * a bitmap of `rows` bits. Views still point at their sources' bytes.
 */
export function choose(device: Device, arena: Arena, mask: number, a: Operand, b: Operand, rows: number): Column {
  const { kernels } = device
  const { type } = a
  if (type.kind === 'null') return nullColumn(arena, type, rows)
  const out = isNested(type) ? chooseNested(device, arena, mask, a, b, rows) : chooseFlat(device, arena, mask, a, b, rows)
  if (neverNull(a) && neverNull(b)) return out
  const validity = arena.allocate(bitmapBytes(rows))
  kernels.chooseBits(mask, validBits(device, arena, a, rows), validBits(device, arena, b, rows), rows, validity)
  return { ...out, validity }
}

function chooseFlat(device: Device, arena: Arena, mask: number, a: Operand, b: Operand, rows: number): Column {
  const { kernels } = device
  const { type } = a
  const out = allocateColumn(arena, type, rows)
  const layout = layoutOf(type)
  if (layout === 'bit') {
    kernels.chooseBits(mask, bitsOf(device, arena, a, rows), bitsOf(device, arena, b, rows), rows, out.values)
    return out
  }
  const left = valuesOrZeros(device, arena, a)
  const right = valuesOrZeros(device, arena, b)
  const constants = (isColumn(a) ? 0 : 1) + (isColumn(b) ? 0 : 2)
  if (layout === 'word1') kernels.chooseBytes1(mask, left, right, constants, rows, out.values)
  else if (layout === 'word2') kernels.chooseBytes2(mask, left, right, constants, rows, out.values)
  else if (layout === 'word4') kernels.chooseBytes4(mask, left, right, constants, rows, out.values)
  else if (layout === 'word8') kernels.chooseBytes8(mask, left, right, constants, rows, out.values)
  else if (type.kind === 'fixedBinary') kernels.chooseFixed(mask, left, right, constants, type.size, rows, out.values)
  else kernels.chooseBytes16(mask, left, right, constants, rows, out.values)
  return out
}

// Both sides end to end, and of them the rows that were chosen. A constant's row stands there once.
function chooseNested(device: Device, arena: Arena, mask: number, a: Operand, b: Operand, rows: number): Column {
  const [left, right] = [a, b].map(side => (isColumn(side) ? side : constantColumn(device, arena, side))) as [Column, Column]
  const indices = arena.allocate(4 * rows)
  device.kernels.chooseRows(mask, isColumn(a) ? 1 : 0, left.length, isColumn(b) ? 1 : 0, rows, indices)
  return { ...gatherColumn(device, arena, concatColumns(device, arena, a.type, [left, right]), indices, rows), validity: 0 }
}

function neverNull(operand: Operand): boolean {
  return isColumn(operand) ? operand.validity === 0 : operand.value !== null
}

function validBits(device: Device, arena: Arena, operand: Operand, rows: number): number {
  if (isColumn(operand) && operand.validity !== 0) return operand.validity
  return filledBits(device, arena, rows, neverNull(operand))
}

function valuesOrZeros(device: Device, arena: Arena, operand: Operand): number {
  return !isColumn(operand) && operand.value === null ? arena.allocateZeroed(Math.max(64, valueBytes(operand.type, 1))) : valuesAt(device, arena, operand)
}
