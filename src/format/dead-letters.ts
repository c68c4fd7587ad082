// Records that were refused, as rows: what the side output 'deadLetters' carries, from sources and from decodeJson.
import { buildColumn } from '../batch/build-columns.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { binary, int64, utf8 } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import type { RecordError } from '../compute/json-errors.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** What to do with records that don't fit. */
export type BadRecords = 'fail' | 'skip' | 'deadLetters'

/** The columns that every dead letter has: the record's bytes, what is wrong (code and words), and at which byte. */
export const deadLetterFields: readonly Field[] = [
  { name: 'value', type: binary, nullable: true },
  { name: 'error', type: utf8, nullable: false },
  { name: 'byte', type: int64, nullable: false },
]

/** A batch of dead letters in `arena`; `values` are the records' bytes in the errors' order, `byteOf` the byte to tell, `extra` further columns. */
export function deadLetterBatch(
  device: Device,
  arena: Arena,
  errors: readonly RecordError[],
  values: Column,
  byteOf: (error: RecordError) => number,
  extra: readonly { field: Field; column: Column }[],
): Batch {
  const [, error, byte] = deadLetterFields
  const columns = [
    { ...values, type: binary },
    buildColumn(
      device,
      arena,
      error!,
      errors.map(e => `${e.code}: ${e.message}`),
      'deadLetters',
    ),
    buildColumn(device, arena, byte!, errors.map(byteOf), 'deadLetters'),
    ...extra.map(e => e.column),
  ]
  return { fields: [...deadLetterFields, ...extra.map(e => e.field)], rowCount: errors.length, columns, arena: arena.address }
}

/** The views of byte ranges (address, bytes) as a binary column. */
export function viewsOf(device: Device, arena: Arena, ranges: readonly (readonly [address: number, bytes: number])[]): Column {
  const values = arena.allocateZeroed(16 * ranges.length)
  const { memory } = device
  ranges.forEach(([address, bytes], i) => {
    const at = values + 16 * i
    memory.uint32s(at, 1)[0] = bytes
    memory.bytes(at + 4, 12).set(memory.bytes(address, Math.min(bytes, bytes > 12 ? 4 : 12)))
    if (bytes > 12) memory.uint32s(at + 12, 1)[0] = address
  })
  return { type: binary, length: ranges.length, values, validity: 0 }
}

/** The beginning of a record for messages: at most 60 bytes, as text. */
export function excerpt(device: Device, address: number, bytes: number): string {
  const text = device.memory.text(address, Math.min(bytes, 60))
  return JSON.stringify(bytes > 60 ? `${text}…` : text)
}
