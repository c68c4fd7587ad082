// Functions of one column of floats, computed as float64 where a width has no kernel of its own; nulls stay. Outside its domain a function gives IEEE
// 754's NaN or ±Infinity; results are within a few ulp of the exact ones.
import { allocateColumn, type Column } from '../batch/batch.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { asFloat64, fromFloat64 } from './floats.ts'
import { type Rounding, roundingNumber } from './rounding.ts'

// In the order of the numbers of functionF64.
const functions = ['log2', 'cbrt', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'radians', 'degrees'] as const
/** The functions, by their names in expressions. */
export type NumericFunction = 'floor' | 'ceil' | 'trunc' | 'sqrt' | 'ln' | 'log10' | 'exp' | (typeof functions)[number]

/** Their names. */
export const numericFunctionNames: readonly NumericFunction[] = ['floor', 'ceil', 'trunc', 'sqrt', 'ln', 'log10', 'exp', ...functions]

/** The function of a column of floats, of its type. */
export function numeric(device: Device, arena: Arena, fn: NumericFunction, a: Column): Column {
  const { kernels } = device
  const own = a.type.kind === 'float32' ? { floor: 2, ceil: 3, sqrt: 4, trunc: 5 }[fn as string] : undefined
  if (own !== undefined) {
    const out = { ...allocateColumn(arena, a.type, a.length), validity: a.validity }
    kernels.mapF32(own, a.values, a.length, out.values)
    return out
  }
  const wide = asFloat64(device, arena, a)
  const out = { ...allocateColumn(arena, wide.type, a.length), validity: a.validity }
  const number = (functions as readonly string[]).indexOf(fn)
  if (number >= 0) kernels.functionF64(number, wide.values, a.length, out.values)
  else if (fn === 'trunc') kernels.mapF64(5, wide.values, a.length, out.values)
  else {
    const kernel = { floor: kernels.floorF64, ceil: kernels.ceilF64, sqrt: kernels.sqrtF64, ln: kernels.lnF64, log10: kernels.log10F64, exp: kernels.expF64 }[fn as 'exp']
    kernel(wide.values, a.length, out.values)
  }
  return fromFloat64(device, arena, out, a.type)
}

/** Rounds floats to `digits` decimals (negative: tens, hundreds …). Values too large to have that digit stay. */
export function round(device: Device, arena: Arena, a: Column, digits: number, rounding: Rounding = 'half-away'): Column {
  const wide = asFloat64(device, arena, a)
  const out = { ...allocateColumn(arena, wide.type, a.length), validity: a.validity }
  const [scale, up] = [10 ** Math.abs(digits), digits >= 0 ? 1 : 0]
  if (rounding === 'half-away') device.kernels.roundF64(wide.values, scale, up, a.length, out.values)
  else device.kernels.roundModeF64(wide.values, scale, up, roundingNumber(rounding), a.length, out.values)
  return fromFloat64(device, arena, out, a.type)
}
