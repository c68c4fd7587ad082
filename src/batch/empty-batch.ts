// A batch without rows, in a memory of its own: what a user's function is called on to see which columns it makes, before anything runs
// and without a device. Reading its columns gives nothing; columns put to it have no values, only types.
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { Memory } from '../device/memory.ts'
import type { Column } from './batch.ts'
import { BatchView } from './batch-view.ts'
import { buildColumn } from './build-columns.ts'
import type { Fields } from './schema.ts'

/** The view of a batch of these fields and no rows. `withColumn` works on it; `retain` and `release` do nothing. */
export function emptyBatch(fields: Fields): BatchView {
  const words = new Int32Array(new ArrayBuffer(4_096))
  // The word at the arena's address counts its references: enough for every retain to find one.
  words.fill(1 << 30)
  const memory = Memory.over(words.buffer)
  const arena = { address: 64, allocate: () => 1_024, allocateZeroed: () => 1_024, hold: () => {}, release: () => {}, isReleased: false } as unknown as Arena
  const device = { memory, words: () => words, arena: () => arena } as unknown as Device
  const columns = fields.map((field): Column => buildColumn(device, arena, field, [], 'empty'))
  return new BatchView(device, { fields, rowCount: 0, columns, arena: arena.address }, arena)
}
