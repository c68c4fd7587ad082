// Comparisons of counts of two units, exactly: the finer one is divided by how many make one of the coarser, so that nothing overflows as it would multiplied.
import type { Column } from '../batch/batch.ts'
import { bitmapBytes, bool, type DataType } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { andBits, notBits, orBits } from './bitmap.ts'
import { allValid, broadcast, type Operand, rowsOf } from './operand.ts'
import { countsPerSecond } from './time.ts'

/** True for two times or spans of one kind whose units differ. */
export function differInUnit(a: DataType, b: DataType): boolean {
  return a.kind === b.kind && 'unit' in a && 'unit' in b && a.unit !== b.unit
}

/** a `op` b for types that `differInUnit`, null where either is; one side is a column. Cost: 5–10 ns a row. */
export function compareUnits(device: Device, arena: Arena, op: 'eq' | 'ne' | 'lt' | 'le', a: Operand, b: Operand): Column {
  const rows = rowsOf(a, b)
  const validity = allValid(device, arena, [a, b], rows)
  const [left, right] = [broadcast(device, arena, a, rows), broadcast(device, arena, b, rows)]
  const [perA, perB] = [left, right].map(column => countsPerSecond((column.type as { unit: 's' }).unit)) as [number, number]
  const { kernels } = device
  // The finer side in whole coarse units, and what is left of it.
  const fine = perA > perB ? left : right
  const factor = perA > perB ? perA / perB : perB / perA
  const [quotients, rests, zeros] = [arena.allocate(8 * rows), arena.allocate(8 * rows), arena.allocateZeroed(64)]
  kernels.floorDivI64(fine.values, factor, rows, quotients)
  kernels.floorModI64(fine.values, factor, 1, rows, rests)
  const bits = (kernelOp: number, x: number, y: number, shape = 0) => {
    const out = arena.allocate(bitmapBytes(rows))
    kernels.compareI64(kernelOp, x, y, shape, rows, out)
    return out
  }
  const whole = bits(0, rests, zeros, 1)
  const [x, y] = perA > perB ? [quotients, right.values] : [left.values, quotients]
  const same = bits(0, x, y)
  const equal = andBits(device, arena, same, whole, rows)
  const less = perA > perB ? bits(2, x, y) : orBits(device, arena, bits(2, x, y), andBits(device, arena, same, notBits(device, arena, whole, rows), rows), rows)
  const values = op === 'eq' ? equal : op === 'ne' ? notBits(device, arena, equal, rows) : op === 'lt' ? less : orBits(device, arena, less, equal, rows)
  return { type: bool, length: rows, values, validity }
}
