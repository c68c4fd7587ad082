// Which rows of a join of streams come in time: those that have one, and aren't late by the watermark before them.
import type { Batch, Column } from '../batch/batch.ts'
import { int64 } from '../batch/data-type.ts'
import { visible } from '../batch/schema.ts'
import { andBits, andNotBits, countBits } from '../compute/bitmap.ts'
import { compactBatch } from '../compute/compact.ts'
import { compare } from '../compute/compare.ts'
import type { OperatorContext, Output } from './operator.ts'
import { watermarksOf } from './watermark.ts'

/** Bitmaps of a batch's rows that have a time, and of those of them that aren't late; how many have none, and how many are late. */
export interface Timeliness {
  readonly hasTime: number
  readonly intime: number
  readonly timeless: number
  readonly late: number
}

/**
 * Judges rows by their times, the address of an int64 each, and, where they have one, the column `$watermark` at `watermark`, else by the one that reached the operator last; counts late ones
 * and those without a time. `valid`: bits of rows whose time can be used at all; 0: all.
 */
export function judgeRows(context: OperatorContext, rows: Batch, times: number, watermark: number, reached: number, valid = 0): Timeliness {
  const { device, arena } = context
  const count = rows.rowCount
  const column: Column = { type: int64, length: count, values: times, validity: 0 }
  const hasTime = andBits(device, arena, compare(device, arena, 'ne', column, { type: int64, value: -(2n ** 63n) }).values, valid, count)
  const watermarks = watermarksOf(context, rows, watermark, reached)
  const intime = watermarks === 0 ? hasTime : andBits(device, arena, compare(device, arena, 'lt', { ...column, values: watermarks }, column).values, hasTime, count)
  const timed = countBits(device, hasTime, count)
  const [timeless, late] = [count - timed, timed - countBits(device, intime, count)]
  if (timeless > 0) context.count('nullTimeRows', timeless)
  if (late > 0) context.count('lateRows', late)
  return { hasTime, intime, timeless, late }
}

/** Emits the late rows by the side output `port`. */
export function emitLateRows({ device, arena }: OperatorContext, rows: Batch, { hasTime, intime, late }: Timeliness, port: string, out: Output): void {
  if (late === 0) return
  const { columns, ...gone } = compactBatch(device, arena, rows, andNotBits(device, arena, hasTime, intime, rows.rowCount))
  const fields = visible(rows.fields)
  out.emit({ ...gone, fields, columns: columns.slice(0, fields.length) }, port)
}
