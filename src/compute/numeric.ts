// Functions of one float64 column.
import { allocateColumn, type Column } from '../batch/batch.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** The functions, by their names in expressions. */
export type NumericFunction = 'floor' | 'ceil' | 'sqrt' | 'ln' | 'log10' | 'exp'

/** The function of a float64 column; nulls stay. Outside its domain IEEE 754's NaN or ±Infinity. ln, log10 and exp are within 2 ulp. */
export function numeric(device: Device, arena: Arena, fn: NumericFunction, a: Column): Column {
  const out = { ...allocateColumn(arena, a.type, a.length), validity: a.validity }
  const { kernels } = device
  const kernel = { floor: kernels.floorF64, ceil: kernels.ceilF64, sqrt: kernels.sqrtF64, ln: kernels.lnF64, log10: kernels.log10F64, exp: kernels.expF64 }[fn]
  kernel(a.values, a.length, out.values)
  return out
}

/** Rounds float64 to `digits` decimals (negative: tens, hundreds …), halves away from zero. Values too large to have that digit stay. */
export function round(device: Device, arena: Arena, a: Column, digits: number): Column {
  const out = { ...allocateColumn(arena, a.type, a.length), validity: a.validity }
  device.kernels.roundF64(a.values, 10 ** Math.abs(digits), digits >= 0 ? 1 : 0, a.length, out.values)
  return out
}
