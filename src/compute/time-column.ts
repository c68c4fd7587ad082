// A time, as a column.
import { allocateColumn, type Column } from '../batch/batch.ts'
import { timestampMs } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { setTimeAt } from './window.ts'

/** A column of one time in every row. */
export function timeColumn(device: Device, arena: Arena, time: number, rows: number): Column {
  const out = allocateColumn(arena, timestampMs, rows)
  if (rows === 0) return out
  setTimeAt(device, out.values, time)
  const words = device.memory.int32s(out.values, 2 * rows)
  for (let filled = 2; filled < words.length; filled *= 2) words.copyWithin(filled, 0, Math.min(filled, words.length - filled))
  return out
}
