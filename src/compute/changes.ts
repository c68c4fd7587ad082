// What rows that change earlier ones are, read from their column `$change` (batch/change.ts).
import type { Batch, Column } from '../batch/batch.ts'
import { changeColumn } from '../batch/change.ts'
import { utf8 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { SomeGroups } from './aggregate-contract.ts'
import { concatColumns } from './concat.ts'
import { gatherBatch, gatherColumn } from './gather.ts'
import { constantColumn } from './operand.ts'

/** The rows that are added and those that are taken back, each in order. */
export function splitChanges(device: Device, arena: Arena, changes: Column, rows: number): { added: SomeGroups; taken: SomeGroups } {
  const [added, taken] = [arena.allocate(4 * rows), arena.allocate(4 * rows)]
  const count = device.kernels.splitChanges(changes.values, rows, added, taken)
  return { added: { indices: added, rows: count }, taken: { indices: taken, rows: rows - count } }
}

/** What each row is, as text: '+I' inserted, '-U' the row before an update, '+U' the row after it, '-D' deleted. Without `changes` all are inserted. */
export function changeTexts(device: Device, arena: Arena, changes: Column | undefined, rows: number): Column {
  const texts = concatColumns(device, arena, utf8, ['+I', '-U', '+U', '-D'].map(value => constantColumn(device, arena, { type: utf8, value })))
  const numbers = changes ? arena.allocate(4 * rows) : arena.allocateZeroed(4 * rows)
  if (changes) device.kernels.changeNumbers(changes.values, rows, numbers)
  return gatherColumn(device, arena, texts, numbers, rows)
}

/** For writers that keep a row per key: the batch without rows before updates, and which of its rows are deleted, a byte each; undefined where rows only add up. */
export function upsertsOf(device: Device, arena: Arena, batch: Batch): { readonly batch: Batch; readonly deleted: Uint8Array | undefined } {
  const at = batch.fields.findIndex(field => field.name === changeColumn)
  if (at < 0) return { batch, deleted: undefined }
  const [indices, deleted] = [arena.allocate(4 * batch.rowCount), arena.allocate(batch.rowCount)]
  const rows = device.kernels.upsertedRows(batch.columns[at]!.values, batch.rowCount, indices, deleted)
  return { batch: gatherBatch(device, arena, batch, indices, rows), deleted: device.memory.bytes(deleted, rows).slice() }
}
