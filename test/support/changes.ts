// Changelogs read plainly: each row that is taken back must hold when it is, with all its columns as they were given.
import { expect } from 'vitest'
import type { Batch } from '../../src/batch/batch.ts'
import { changeColumn } from '../../src/batch/change.ts'
import { type PlainRow, rowReader, valueReader } from '../../src/batch/read-values.ts'
import type { Device } from '../../src/device/device.ts'
import { keyText } from './samples.ts'

/** A row and what it is. */
export interface ChangedRow {
  readonly change: number
  readonly row: PlainRow
}

/** The rows of a batch with what each is. */
export function changesOf(device: Device, batch: Batch): ChangedRow[] {
  const at = batch.fields.findIndex(field => field.name === changeColumn)
  const change = at < 0 ? () => 0 : valueReader(device.memory, batch.columns[at]!)
  const read = rowReader(device.memory, batch)
  return Array.from({ length: batch.rowCount }, (_, row) => ({ change: change(row) as number, row: read(row) }))
}

/** Texts of the rows that hold after all changes, sorted. Throws where a row is taken back that doesn't hold, or an update has not both of its rows, one behind the other. */
export function netOf(changes: readonly ChangedRow[]): string[] {
  const held = new Map<string, number>()
  changes.forEach(({ change, row }, i) => {
    const text = keyText(row as never)
    const count = (held.get(text) ?? 0) + (change % 2 ? -1 : 1)
    if (count < 0) throw new Error(`change ${i} takes back ${text}, which does not hold`)
    if (count === 0) held.delete(text)
    else held.set(text, count)
    if (change === 1) expect(changes[i + 1]?.change, `what follows update-before ${i}`).toBe(2)
    if (change === 2) expect(changes[i - 1]?.change, `what comes before update-after ${i}`).toBe(1)
  })
  return [...held].flatMap(([text, count]) => Array.from({ length: count }, () => text)).sort()
}
