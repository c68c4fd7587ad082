// A batch: Arrow columns of equal length in the shared memory, as plain data, so that it can be posted to another thread.
// It is immutable once emitted, and lives as long as its arena has references.
import { type Arena, releaseArena, retainArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { bitmapBytes, childrenOf, type DataType, layoutOf, valueBytes } from './data-type.ts'
import { columnIndex, type Fields } from './schema.ts'

/**
 * Values at byte addresses in the shared memory, 64-byte aligned when a column's start, padded by 64 bytes.
 * `validity` is the address of a bitmap (1 = value), or 0 where nothing is null. Values behind a null are any bytes, but for views: zeros.
 * By layout: bit: a bit each. word1 … word16: little-endian, floats by IEEE 754, decimals two's complement, intervals [months i32][days i32][nanoseconds i64].
 * fixed: `size` bytes each. view: 16 bytes, [length u32][up to 12 bytes, zero-filled] or [length u32][first 4 bytes][0 u32][address of all bytes u32],
 * which need not be aligned. list: `length + 1` i32 offsets into children[0], which never fall, and need not begin at 0. children: a child per struct
 * member, `length` rows each, or children[0] of `size` rows a row; `values` is 0. none (null): `values` is 0, and every row counts as null.
 */
export interface Column {
  readonly type: DataType
  readonly length: number
  readonly values: number
  readonly validity: number
  /** The columns inside: see `childrenOf`. Absent for flat types. */
  readonly children?: readonly Column[]
  /** The same values by number, where the column was made from a dictionary: what makes grouping and comparing cheap. Never needed for reading. */
  readonly codes?: Codes
  /** A decimal's values once more in fewer bytes: to be read instead of `values`, which may then be made only when somebody asks for them. */
  readonly narrow?: NarrowValues
  /** Bounds of the values. */
  readonly range?: ValueRange
}

/**
 * `values` is the address of a little-endian signed integer of `bits` per row: the unscaled values, aligned and padded as those of any column. Behind a
 * null any number. Widths may differ from batch to batch. Whoever makes a new column may leave `narrow` out; whoever keeps it keeps it right.
 */
export interface NarrowValues {
  readonly values: number
  readonly bits: 8 | 16 | 32 | 64
}

/**
 * No value that isn't null lies below `min` or above `max`, as values are stored: whole numbers, counts of days or of a unit, unscaled decimals; floats
 * as they are, finite, none of them NaN. Both are exact, and whole ones lie within ±(2^53 − 1). Slices and chosen rows keep the bounds of the whole.
 */
export interface ValueRange {
  readonly min: number
  readonly max: number
}

/**
 * `values` is the address of a u32 per row: the row's position in `dictionary`, a column of distinct values without nulls, which lives as long
 * as the column itself. Behind a null any code below the dictionary's length. Two columns with the same `dictionary.values` share their numbers.
 * Whoever makes a new column may leave `codes` out; whoever keeps them keeps them right.
 */
export interface Codes {
  readonly values: number
  readonly dictionary: Column
  /** The dictionary outlives every run, as those of `cache()` do: its address stands for its values for good, also in other threads. */
  readonly kept?: boolean
  /** The arena that the dictionary lives in: who holds it may go on taking its address for its values, from batch to batch. */
  readonly arena?: number
  /** The column's views are made of its codes when somebody asks for `values` (compute/coded.ts); its dictionary is kept, or in an arena. */
  readonly alone?: boolean
}

/** Rows in columns. `arena` is the address of the arena all of it lives in, or 0 for memory that outlives the run. */
export interface Batch {
  readonly fields: Fields
  readonly rowCount: number
  readonly columns: readonly Column[]
  readonly arena: number
  /** Rows in a form that only the step can read that they are meant for (compute/row-block.ts), at this address; `columns` is empty then. */
  readonly block?: number
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

/**
 * A column of uninitialised values in `arena`; `withValidity` adds a bitmap, zeroed. A struct's and a fixed list's children are allocated too, without
 * validity; a list's offsets are zeroed and its child is empty: whoever fills them puts children of its own.
 */
export function allocateColumn(arena: Arena, type: DataType, length: number, withValidity = false): Column {
  const validity = withValidity ? arena.allocateZeroed(Math.ceil(length / 8)) : 0
  const layout = layoutOf(type)
  if (layout === 'none') return { type, length, values: 0, validity: validity || arena.allocateZeroed(Math.ceil(length / 8)) }
  if (layout === 'children') return { type, length, values: 0, validity, children: childrenOf(type).map(c => allocateColumn(arena, c.type, childLength(type, length))) }
  const zeroed = layout === 'bit' || layout === 'list'
  const values = zeroed ? arena.allocateZeroed(valueBytes(type, length)) : arena.allocate(valueBytes(type, length))
  if (layout === 'list') return { type, length, values, validity, children: childrenOf(type).map(c => allocateColumn(arena, c.type, 0)) }
  return { type, length, values, validity }
}

/** Bytes of a column's values and validity, children included; not the bytes behind views, which columns may share. */
export function columnBytes({ type, length, validity, children }: Column): number {
  const inside = children?.reduce((sum, child) => sum + columnBytes(child), 0) ?? 0
  return valueBytes(type, length) + (validity === 0 ? 0 : bitmapBytes(length)) + inside
}

/** Rows [start, end) of a batch without copying. `start` must be a multiple of 64, so that bitmaps begin at a byte and stay aligned to words. */
export function sliceBatch(batch: Batch, start: number, end: number): Batch {
  return { fields: batch.fields, rowCount: end - start, columns: batch.columns.map(c => sliceColumn(c, start, end)), arena: batch.arena }
}

/** Rows [start, end) of a column without copying; `start` as in `sliceBatch`. */
export function sliceColumn(column: Column, start: number, end: number): Column {
  const { type, validity, children, codes, narrow, range } = column
  const layout = layoutOf(type)
  const inRow = layout === 'children'
  const slice = {
    type,
    length: end - start,
    validity: validity === 0 ? 0 : validity + start / 8,
    ...(codes && { codes: { ...codes, values: codes.values + 4 * start } }),
    ...(range && { range }),
  }
  if (isYetToMake(column)) return madeLater(column, { ...slice, ...(narrow && { narrow: { ...narrow, values: narrow.values + (start * narrow.bits) / 8 } }) }, valueBytes(type, start))
  const { values } = column
  return {
    ...slice,
    values: inRow || layout === 'none' ? 0 : values + (layout === 'bit' ? start / 8 : layout === 'list' ? 4 * start : valueBytes(type, start)),
    ...(children && { children: inRow ? children.map(c => sliceColumn(c, childLength(type, start), childLength(type, end))) : children }),
  }
}

/** A column with another validity or type of the same layout; unlike a spread it doesn't ask for `values` that are yet to be made. */
export function alteredColumn(column: Column, change: { readonly type?: DataType; readonly validity?: number }): Column {
  if (!isYetToMake(column)) return { ...column, ...change }
  const { type, length, validity, codes, narrow, range } = column
  return madeLater(column, { type, length, validity, ...(codes && { codes }), ...(narrow && { narrow }), ...(range && { range }), ...change })
}

/** A flat column with these codes, or none, and nothing else beside its values; it doesn't ask for those either. */
export function withCodes(column: Column, codes: Codes | undefined): Column {
  const { type, length, validity } = column
  return madeLater(column, { type, length, validity, ...(codes && { codes }) })
}

// Whether asking for a column's values may make them.
function isYetToMake({ narrow, codes }: Column): boolean {
  return narrow !== undefined || codes?.alone === true
}

// A column with the values of another, from byte `offset` on, which are asked for when its own are.
function madeLater(source: Column, own: Omit<Column, 'values'>, offset = 0): Column {
  return {
    ...own,
    get values() {
      return source.values + offset
    },
  }
}

function childLength(type: DataType, rows: number): number {
  return type.kind === 'fixedList' ? type.size * rows : rows
}
