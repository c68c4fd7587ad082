// What a computation knows of the rows that may fail, and what it does about results that don't fit.
import type { Column } from '../batch/batch.ts'
import { valueReader } from '../batch/read-values.ts'
import type { Device } from '../device/device.ts'
import { isColumn, type Operand } from './operand.ts'

/** Which rows count for errors, and how the caller is named in them. `active` is a bitmap, 0 for all rows. */
export interface RowCheck {
  readonly active: number
  readonly where: string
}

/** What becomes of an integer that doesn't fit: an error, its lowest bits, or the nearest that fits. */
export type Overflow = 'error' | 'wrap' | 'saturate'

/** In the order of the kernels' numbers. */
export const overflows: readonly Overflow[] = ['error', 'wrap', 'saturate']

/** An operand's value in a row, for messages. */
export function valueIn(device: Device, operand: Operand, row: number): unknown {
  return isColumn(operand) ? valueReader(device.memory, operand as Column)(row) : operand.value
}
