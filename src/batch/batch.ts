// A batch: Arrow columns of equal length in the shared memory, as plain data, so that it can be posted to another thread.
// It is immutable once emitted, and lives as long as its arena has references.
import { type Arena, releaseArena, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { type DataType, layoutOf, valueBytes } from './data-type.ts'
import { columnIndex, type Fields } from './schema.ts'

/**
 * Values at byte addresses in the shared memory, 64-byte aligned when a column's start, padded by 64 bytes.
 * `validity` is the address of a bitmap (1 = value), or 0 where nothing is null. Values behind a null are any bytes, but for views: zeros.
 * bool: a bit each. int32, float64: little-endian. int64 and timestamp: 64-bit. utf8 and binary: 16-byte views:
 * [length u32][up to 12 bytes, zero-filled] or [length u32][first 4 bytes][0 u32][address of all bytes u32], which need not be aligned.
 */
export interface Column {
  readonly type: DataType
  readonly length: number
  readonly values: number
  readonly validity: number
}

/** Rows in columns. `arena` is the address of the arena all of it lives in, or 0 for memory that outlives the run. */
export interface Batch {
  readonly fields: Fields
  readonly rowCount: number
  readonly columns: readonly Column[]
  readonly arena: number
}

/** A column by name. Throws PlanError NO_COLUMN. */
export function column(batch: Batch, name: string, where: string): Column {
  return batch.columns[columnIndex(batch.fields, name, where)]!
}

/** Adds a reference for a further owner. */
export function retainBatch(device: Device, batch: Batch): Batch {
  retainArena(device, batch.arena)
  return batch
}

/** Drops an owner's reference. */
export function releaseBatch(device: Device, batch: Batch): void {
  releaseArena(device, batch.arena)
}

/** A column of uninitialised values in `arena`; `withValidity` adds a bitmap, zeroed. */
export function allocateColumn(arena: Arena, type: DataType, length: number, withValidity = false): Column {
  const values = layoutOf(type) === 'bit' ? arena.allocateZeroed(valueBytes(type, length)) : arena.allocate(valueBytes(type, length))
  return { type, length, values, validity: withValidity ? arena.allocateZeroed(Math.ceil(length / 8)) : 0 }
}

/** Rows [start, end) of a batch without copying. `start` must be a multiple of 64, so that bitmaps begin at a byte and stay aligned to words. */
export function sliceBatch(batch: Batch, start: number, end: number): Batch {
  const columns = batch.columns.map(c => ({
    type: c.type,
    length: end - start,
    values: c.values + (layoutOf(c.type) === 'bit' ? start / 8 : valueBytes(c.type, start)),
    validity: c.validity === 0 ? 0 : c.validity + start / 8,
  }))
  return { fields: batch.fields, rowCount: end - start, columns, arena: batch.arena }
}
