// What rows that change earlier ones are, read from their column `$change` (batch/change.ts).
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { changeColumn, changeField } from '../batch/change.ts'
import { utf8 } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { SomeGroups } from './aggregate-contract.ts'
import { concatColumns } from './concat.ts'
import { gatherBatch, gatherColumn, gatherOwned } from './gather.ts'
import { GroupTable } from './group-table.ts'
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

/** What has changed between rows of `fields` and the rows in their place, in `arena` with `$change` behind the columns: those that are no more, then those that are new. Cost: a hash of each row. */
export function changesBetween(device: Device, arena: Arena, fields: Fields, before: Pick<Batch, 'columns' | 'rowCount'>, after: Pick<Batch, 'columns' | 'rowCount'>): Batch {
  const scratch = device.arena()
  const table = new GroupTable(device, fields)
  try {
    const rows = before.rowCount + after.rowCount
    const both = fields.map((field, i) => concatColumns(device, scratch, field.type, [before.columns[i]!, after.columns[i]!]))
    const ids = table.find(scratch, both, rows)
    const indices = scratch.allocate(4 * rows)
    const changes = allocateColumn(arena, changeField.type, rows)
    const rowCount = device.kernels.differingRows(ids, before.rowCount, after.rowCount, scratch.allocateZeroed(4 * table.groupCount), indices, changes.values)
    const { columns } = gatherOwned(device, arena, { fields, rowCount: rows, columns: both, arena: 0 }, indices, rowCount)
    return { fields: [...fields, changeField], rowCount, columns: [...columns, { ...changes, length: rowCount }], arena: arena.address }
  } finally {
    table.close()
    scratch.release()
  }
}

/** For writers that keep a row per key: the batch without rows before updates, and which of its rows are deleted, a byte each; undefined where rows only add up. */
export function upsertsOf(device: Device, arena: Arena, batch: Batch): { readonly batch: Batch; readonly deleted: Uint8Array | undefined } {
  const at = batch.fields.findIndex(field => field.name === changeColumn)
  if (at < 0) return { batch, deleted: undefined }
  const [indices, deleted] = [arena.allocate(4 * batch.rowCount), arena.allocate(batch.rowCount)]
  const rows = device.kernels.upsertedRows(batch.columns[at]!.values, batch.rowCount, indices, deleted)
  return { batch: gatherBatch(device, arena, batch, indices, rows), deleted: device.memory.bytes(deleted, rows).slice() }
}
