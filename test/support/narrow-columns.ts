// Decimal columns by narrow values alone: what is asked of the wide ones shows whether they are made right.
import type { Column } from '../../src/batch/batch.ts'
import { hasNarrow, narrowColumn, narrowed } from '../../src/compute/narrow.ts'
import type { Operand } from '../../src/compute/operand.ts'
import { isColumn } from '../../src/compute/operand.ts'
import type { Arena } from '../../src/device/arena.ts'
import type { Device } from '../../src/device/device.ts'

/** The same column by its narrow values, where they fit; with the bounds of its values only where `bounded`. */
export function narrowOnly(device: Device, arena: Arena, column: Column, bounded = true): Column {
  const found = narrowed(device, arena, column)
  if (!hasNarrow(found)) return found
  const { type, length, validity, narrow, range } = found
  return narrowColumn(device, arena, { type, length, validity, narrow, ...(bounded && range && { range }) })
}

/** The same, of an operand. */
export function narrowOperand(device: Device, arena: Arena, operand: Operand, bounded = true): Operand {
  return isColumn(operand) ? narrowOnly(device, arena, operand, bounded) : operand
}
