// What is left to do once a decoder has read carriers (carrier.ts): columns of the fields' own types, without the rows whose values are none of them.
import type { Batch, Column } from '../batch/batch.ts'
import { bitmapBytes, isNested } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { filledBits } from './bitmap.ts'
import { carrierOf, fromCarrier, type Nested } from './carrier.ts'
import { compactBatch, selectRows } from './compact.ts'

/** A record that doesn't fit: its number, and the column, by position, whose value is none of its type. */
export interface Misfit {
  readonly record: number
  readonly field: number
}

/** The batch with the fields' own types, the record of each of its rows (u32), and what was left out, by record. */
export interface Settled {
  readonly batch: Batch
  readonly recordOf: number
  readonly misfits: readonly Misfit[]
}

/** Whether all fields are decoded as they are. */
export function isNative(fields: Fields): boolean {
  return fields.every(({ type }) => carrierOf(type) === type)
}

/** Makes the column of a nested type of one of JSON texts; `bad`: the rows, ascending, that are none of it. */
export type FromTexts = (carrier: Column, type: Nested) => { readonly column: Column; readonly bad: readonly number[] }

/** Makes the batch of the carriers in `carried`, whose rows came of the records at `recordOf`. */
export function settleRecords(device: Device, arena: Arena, fields: Fields, carried: Batch, recordOf: number, fromTexts: FromTexts): Settled {
  const bad = new Map<number, number>()
  const columns = carried.columns.map((carrier, i): Column => {
    const { type } = fields[i]!
    if (carrierOf(type) === type) return carrier
    const found = isNested(type) ? fromTexts(carrier, type as Nested) : fromCarrier(device, arena, carrier, type)
    for (const row of found.bad) if (!bad.has(row)) bad.set(row, i)
    return found.column
  })
  const batch = { ...carried, fields, columns }
  if (bad.size === 0) return { batch, recordOf, misfits: [] }
  const mask = filledBits(device, arena, batch.rowCount, true)
  const bits = device.memory.bytes(mask, bitmapBytes(batch.rowCount))
  for (const row of bad.keys()) bits[row >>> 3]! &= ~(1 << (row & 7))
  const { indices, rows } = selectRows(device, arena, mask, batch.rowCount)
  const records = arena.allocate(4 * rows)
  device.kernels.gatherWord4(recordOf, indices, rows, records)
  const numbers = device.memory.uint32s(recordOf, batch.rowCount)
  const misfits = [...bad].map(([row, field]) => ({ record: numbers[row]!, field })).sort((a, b) => a.record - b.record)
  return { batch: compactBatch(device, arena, batch, mask), recordOf: records, misfits }
}

/**
 * Where the values of misfits stand: what `decode`, a decoder by other fields, says of their records when it is made to refuse them. It decodes each column
 * concerned as conditions, and where that found none as whole numbers, since no text is both; all others as text.
 */
export function locate<F extends Fields[number], E extends { readonly record: number }>(fields: readonly F[], misfits: readonly Misfit[], decode: (fields: F[]) => readonly E[]): Map<number, E> {
  const found = new Map<number, E>()
  for (const at of new Set(misfits.map(m => m.field))) {
    const records = new Set(misfits.filter(m => m.field === at).map(m => m.record))
    for (const kind of ['bool', 'int64'] as const) {
      const errors = decode(fields.map((field, i) => (i === at ? { ...field, type: { kind } } : { ...field, type: { kind: 'utf8' }, nullable: true })))
      for (const error of errors) if (records.delete(error.record)) found.set(error.record, error)
      if (records.size === 0) break
    }
  }
  return found
}
