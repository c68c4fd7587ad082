// The stable hash of key columns: it decides which key group, and so which instance and which stored run, a row belongs to.
import type { Batch, Column } from '../batch/batch.ts'
import { layoutOf } from '../batch/data-type.ts'
import { columnIndex } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { equalForm } from './key-form.ts'

/**
 * The address of a u32 per row: the hash (version `keyHashVersion`) of the named columns, in that order; its top 7 bits are the key group.
 * Integers, times and dates of equal number hash equally, so do −0 and 0, and all NaN; lists, structs and maps by their parts; null is a value like others. Throws PlanError NO_COLUMN.
 * Cost: 1–2 ns a row and column.
 */
export function hashKeys(device: Device, arena: Arena, batch: Batch, keys: readonly string[], where: string): number {
  return hashColumns(device, arena, keys.map(key => batch.columns[columnIndex(batch.fields, key, where)]!), batch.rowCount)
}

/** As `hashKeys`, of columns. */
export function hashColumns(device: Device, arena: Arena, columns: readonly Column[], rows: number): number {
  const { kernels } = device
  const states = arena.allocateZeroed(8 * rows)
  columns.forEach((column, i) => {
    const form = equalForm(device, arena, column)
    const { type, validity, codes } = form
    if (codes && layoutOf(type) === 'view' && 2 * codes.dictionary.length <= rows) return kernels.hashCodes(codes.values, validity, rows, i, wordsOf(device, arena, codes.dictionary), states)
    const { values } = form
    switch (type.kind) {
      case 'int32':
        return kernels.hashI32(values, validity, rows, i, states)
      case 'int64':
        return kernels.hashI64(values, validity, rows, i, states)
      case 'float64':
        return kernels.hashF64(values, validity, rows, i, states)
      case 'bool':
        return kernels.hashBits(values, validity, rows, i, states)
      default:
        return kernels.hashView(values, validity, rows, i, states)
    }
  })
  kernels.finishHash(states, rows, states)
  return states
}

function wordsOf({ kernels }: Device, arena: Arena, { values, length }: Column): number {
  const words = arena.allocate(8 * length)
  kernels.wordsOfViews(values, length, words)
  return words
}
