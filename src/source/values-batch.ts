// Batches of what the program holds, rows or columns, each in an arena of its own.
import type { Batch, Column } from '../batch/batch.ts'
import { buildBatch, buildColumn } from '../batch/build-columns.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { FeedContext } from './source.ts'

/** A column that copies rows [start, end) of itself into an arena. */
export interface ColumnSource {
  readonly length: number
  column(device: Device, arena: Arena, start: number, end: number): Column
}

/** A batch of rows, as objects. Throws DataError as `buildBatch`. */
export function rowsBatch(context: FeedContext, fields: Fields, rows: readonly Record<string, unknown>[]): Batch {
  const arena = context.device.arena()
  try {
    return buildBatch(context.device, arena, fields, rows, context.where)
  } catch (error) {
    arena.release()
    throw error
  }
}

/** A batch of rows [start, end) of columns. Throws DataError as `buildColumn`. */
export function columnsBatch(context: FeedContext, fields: Fields, columns: Readonly<Record<string, ArrayLike<unknown> | ColumnSource>>, start: number, end: number): Batch {
  const { device } = context
  const arena = device.arena()
  try {
    const built = fields.map(field => {
      const values = columns[field.name] ?? new Array(end)
      return isSource(values) ? values.column(device, arena, start, end) : buildColumn(device, arena, field, slice(values, start, end), context.where)
    })
    return { fields, rowCount: end - start, columns: built, arena: arena.address }
  } catch (error) {
    arena.release()
    throw error
  }
}

function isSource(values: ArrayLike<unknown> | ColumnSource): values is ColumnSource {
  return 'column' in values && typeof values.column === 'function'
}

function slice(values: ArrayLike<unknown>, start: number, end: number): ArrayLike<unknown> {
  return Array.isArray(values) ? values.slice(start, end) : ArrayBuffer.isView(values) ? (values as unknown as Float64Array).subarray(start, end) : Array.from(values).slice(start, end)
}
