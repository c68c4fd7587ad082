// Aggregates over frames of rows by position, of what a running sum of words isn't enough for: sums and means of decimals, medians and quantiles.
import { DataError } from '../base/errors.ts'
import { allocateColumn, type Column } from '../batch/batch.ts'
import { bitmapBytes, type DataType, float64, int32, int64, isFloat, isNumeric } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { sortIndices } from './sort.ts'
import { columnOfKeys, floatsOf, keysOf } from './widen.ts'

/** Ranges of positions, a u32 a row each. */
export interface Ranges {
  readonly starts: number
  readonly ends: number
}

/** The sum of the decimals of each frame, or its mean where `counts`, an int64 a row, are given. Exact. Throws DataError SUM_OVERFLOW. */
export function sumDecimals(device: Device, arena: Arena, column: Column, frames: Ranges, type: DataType, counts: number, where: string): Column {
  const { kernels } = device
  const rows = column.length
  const sums: Column = allocateColumn(arena, counts === 0 ? type : { kind: 'decimal', precision: 38, scale: (column.type as { scale: number }).scale }, rows)
  if (kernels.sumFramesI128(column.values, column.validity, frames.starts, frames.ends, rows, arena.allocate(24 * (rows + 1)), sums.values) > 0)
    throw new DataError('SUM_OVERFLOW', `${where}: a sum has more than 38 digits; cast the column to float64 before summing`)
  if (counts === 0) return sums
  const [out, divisors] = [allocateColumn(arena, float64, rows), arena.allocate(8 * rows)]
  kernels.floatI64(counts, rows, divisors)
  kernels.divF64(floatsOf(device, arena, sums), divisors, 0, rows, out.values)
  return out
}

/** The quantile of the values of each frame, exact, linear between two of them; null where there are none. `parts`: the partitions. Cost: O(log rows) a row that comes or goes. */
export function quantilesOf(device: Device, arena: Arena, column: Column, parts: Ranges, frames: Ranges, q: number): Column {
  const { kernels } = device
  const { type, length: rows, validity } = column
  const asFloats = isFloat(type) || type.kind === 'decimal'
  const keys = keysOf(device, arena, type.kind === 'decimal' ? { type: float64, length: rows, values: floatsOf(device, arena, column), validity: 0 } : column)
  const order = sortIndices(device, arena, [{ column: { type: int32, length: rows, values: parts.starts, validity: 0 } }, { column: { type: int64, length: rows, values: keys, validity } }], rows)
  const ranks = arena.allocate(4 * rows)
  kernels.invertRows(order, rows, ranks)
  const [lows, highs, shares] = [0, 0, 0].map(() => arena.allocate(8 * rows)) as [number, number, number]
  const some = arena.allocateZeroed(bitmapBytes(rows))
  kernels.quantileFrames(keys, validity, order, ranks, parts.starts, parts.ends, frames.starts, frames.ends, rows, q, arena.allocateZeroed(4 * (rows + 1)), lows, highs, shares, some)
  if (!isNumeric(type)) {
    const out = allocateColumn(arena, type.kind === 'date' ? int64 : type, rows)
    kernels.betweenI64(lows, highs, shares, rows, out.values)
    return { ...(type.kind === 'date' ? columnOfKeys(device, arena, type, out.values, rows) : out), validity: some }
  }
  const of: DataType = asFloats ? float64 : type.kind === 'uint64' ? type : int64
  const [from, to] = [lows, highs].map(at => floatsOf(device, arena, columnOfKeys(device, arena, of, at, rows))) as [number, number]
  const out = allocateColumn(arena, float64, rows)
  kernels.betweenF64(from, to, shares, rows, out.values)
  return { ...out, validity: some }
}
