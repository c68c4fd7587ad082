// A column of any type as JSON texts, by the encoder of NDJSON: what toJson gives is what files hold.
import type { Column } from '../batch/batch.ts'
import { utf8 } from '../batch/data-type.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { encodeJsonRows } from './encode-text.ts'
import { clearNulls } from './strings.ts'

/** Each value as JSON, see `encodeJsonRows`; nulls stay nulls. The texts lie in `arena` as they were encoded. */
export function columnToJson(device: Device, arena: Arena, column: Column): Column {
  const rows = column.length
  const fields = [{ name: 'v', type: column.type, nullable: true }]
  const { address, offsets } = encodeJsonRows(device, arena, { fields, rowCount: rows, columns: [column], arena: arena.address })
  const values = arena.allocateZeroed(16 * rows)
  const words = device.memory.uint32s(values, 4 * rows)
  const ends = device.memory.uint32s(offsets, rows + 1)
  for (let row = 0; row < rows; row++) {
    // Each row is {"v":…} and a line feed.
    const start = address + ends[row]! + 5
    const count = address + ends[row + 1]! - 2 - start
    words[4 * row] = count
    device.memory.bytes(values + 16 * row + 4, 12).set(device.memory.bytes(start, count > 12 ? 4 : count))
    if (count > 12) words[4 * row + 3] = start
  }
  return clearNulls(device, { type: utf8, length: rows, values, validity: column.validity })
}
