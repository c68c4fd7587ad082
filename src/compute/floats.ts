// Floats of every width. float64 and float32 have kernels; float16 is computed as float64 and rounded to the nearest float16, as are float32's functions.
import { assert } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, float64 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { isColumn, type Operand, rowsOf, shapeOf, valuesAt } from './operand.ts'

type FloatOperation = 'add' | 'sub' | 'mul' | 'div' | 'mod' | 'floorMod' | string
const operations32 = ['add', 'sub', 'mul', 'div']

/** a `op` b by IEEE 754 over floats of one type. The validity is the caller's to say. */
export function floatArithmetic(device: Device, arena: Arena, op: FloatOperation, a: Operand, b: Operand): Column {
  const length = rowsOf(a, b)
  const { kernels } = device
  if (a.type.kind === 'float32' && operations32.includes(op)) {
    const out = allocateColumn(arena, a.type, length)
    kernels.calculateF32(operations32.indexOf(op), valuesAt(device, arena, a), valuesAt(device, arena, b), shapeOf(a, b), length, out.values)
    return out
  }
  if (a.type.kind !== 'float64') {
    const wide = floatArithmetic(device, arena, op, asFloat64(device, arena, a), asFloat64(device, arena, b))
    return fromFloat64(device, arena, wide, a.type)
  }
  const out = allocateColumn(arena, a.type, length)
  const kernel = { add: kernels.addF64, sub: kernels.subF64, mul: kernels.mulF64, div: kernels.divF64, mod: kernels.modF64 }[op]
  if (kernel) kernel(valuesAt(device, arena, a), valuesAt(device, arena, b), shapeOf(a, b), length, out.values)
  else functionOfTwo(device, op as FunctionOfTwo, a, b, valuesAt(device, arena, a), valuesAt(device, arena, b), out)
  return out
}

const functionsOfTwo = ['power', 'atan2', 'log', 'floorMod'] as const
/** Functions of two float64: `log` is that of b to the base a. */
export type FunctionOfTwo = (typeof functionsOfTwo)[number]

function functionOfTwo(device: Device, op: FunctionOfTwo, a: Operand, b: Operand, left: number, right: number, out: Column): void {
  assert(functionsOfTwo.includes(op), `${op} is no function of floats`)
  device.kernels.functionOfTwoF64(functionsOfTwo.indexOf(op), left, right, shapeOf(a, b), out.length, out.values)
}

/** −a, |a| or the sign (zeros and NaN stay as they are) of floats. */
export function signOfFloats(device: Device, arena: Arena, op: 'neg' | 'abs' | 'sign', a: Column): Column {
  const { kernels } = device
  if (a.type.kind === 'float16') return fromFloat64(device, arena, signOfFloats(device, arena, op, asFloat64(device, arena, a)), a.type)
  const out = { ...allocateColumn(arena, a.type, a.length), validity: a.validity }
  if (a.type.kind === 'float32') kernels.mapF32({ neg: 0, abs: 1, sign: 6 }[op], a.values, a.length, out.values)
  else if (op === 'neg') kernels.negF64(a.values, a.length, out.values)
  else if (op === 'abs') kernels.absF64(a.values, a.length, out.values)
  else kernels.mapF64(6, a.values, a.length, out.values)
  return out
}

/** Floats as float64, exactly; float64 itself is not copied. */
export function asFloat64<O extends Operand>(device: Device, arena: Arena, operand: O): O {
  if (!isColumn(operand)) return { ...operand, type: float64 }
  const column: Column = operand
  if (column.type.kind === 'float64') return operand
  const out = { ...allocateColumn(arena, float64, column.length), validity: column.validity }
  if (column.type.kind === 'float32') device.kernels.castF32ToF64(column.values, column.length, out.values)
  else device.kernels.castF16ToF64(column.values, column.length, out.values)
  return out as unknown as O
}

/** float64 as the nearest float of another width; beyond its range an infinity. With `fits`, an address, a bit a row says which were in range. */
export function fromFloat64(device: Device, arena: Arena, column: Column, type: Column['type'], fits = 0): Column {
  if (type.kind === 'float64') return column
  const out = { ...allocateColumn(arena, type, column.length), validity: column.validity }
  const bits = fits || arena.allocate(bitmapBytes(column.length))
  if (type.kind === 'float32') device.kernels.castF64ToF32(column.values, column.length, bits, out.values)
  else device.kernels.castF64ToF16(column.values, column.length, bits, out.values)
  return out
}
