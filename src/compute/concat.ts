// Batches end to end.
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { layoutOf, valueBytes } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { share } from './compact.ts'
import { holdViews } from './gather.ts'

/** The rows of all batches in order, in `arena`; bytes behind views are not copied, their arenas are kept alive. One batch is shared, not copied. */
export function concatBatches(device: Device, arena: Arena, fields: Fields, batches: readonly Batch[]): Batch {
  if (batches.length === 1) return share(device, arena, { ...batches[0]!, fields })
  const rowCount = batches.reduce((rows, batch) => rows + batch.rowCount, 0)
  const columns = fields.map((field, i) => {
    const parts = batches.map(batch => batch.columns[i]!)
    const out = allocateColumn(arena, field.type, rowCount, parts.some(part => part.validity !== 0))
    let at = 0
    for (const part of parts) {
      appendColumn(device, part, out, at)
      at += part.length
    }
    return out
  })
  for (const batch of batches) holdViews(device, arena, batch)
  return { fields, rowCount, columns, arena: arena.address }
}

/** Writes the rows of `part` behind the first `at` rows of `out`, which must have room, and a bitmap where `part` has one. Views are copied as they are. */
export function appendColumn(device: Device, part: Column, out: Column, at: number): void {
  const { kernels, memory } = device
  if (part.length === 0) return
  if (layoutOf(part.type) === 'bit') kernels.appendBits(part.values, part.length, out.values, at)
  else memory.bytes(out.values + valueBytes(part.type, at), valueBytes(part.type, part.length)).set(memory.bytes(part.values, valueBytes(part.type, part.length)))
  if (out.validity === 0) return
  if (part.validity === 0) kernels.appendOnes(part.length, out.validity, at)
  else kernels.appendBits(part.validity, part.length, out.validity, at)
}
