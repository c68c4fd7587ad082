// Fetched records to columns: a range of bytes is copied once into the batch's arena, and views point into it. No object is made per record, but
// for headers where they are asked for.
import { isUtf8 } from 'node:buffer'
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { writeView } from '../batch/build-columns.ts'
import { bitmapBytes, type DataType, int32, utf8 } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { headersOf } from '../format/kafka/decode-record-batches.ts'
import type { Records } from '../format/kafka/record-batch.ts'

/** Rows [from, to) of what was fetched of a partition. */
export interface Segment {
  readonly partition: number
  readonly records: Records
  readonly from: number
  readonly to: number
}

/** A batch of the segments' rows in an arena of its own. Keys that are no UTF-8 have U+FFFD for what is malformed where the field is utf8. */
export function buildKafkaBatch(device: Device, fields: readonly Field[], segments: readonly Segment[]): Batch {
  const arena = device.arena()
  try {
    const rowCount = segments.reduce((sum, { from, to }) => sum + to - from, 0)
    const places = segments.map(segment => copyBytes(device, arena, segment))
    const columns = fields.map((field): Column => {
      switch (field.name) {
        case 'value':
          return viewColumn(device, arena, field.type, rowCount, segments, places, r => [r.valueOffset, r.valueBytes])
        case 'key':
          return viewColumn(device, arena, field.type, rowCount, segments, places, r => [r.keyOffset, r.keyBytes])
        case 'headers':
          return headersColumn(device, arena, rowCount, segments)
        case 'offset':
          return int64Column(device, arena, field.type, rowCount, segments, r => r.offset)
        case 'timestamp':
          return int64Column(device, arena, field.type, rowCount, segments, r => r.timestamp)
        default:
          return partitionColumn(device, arena, rowCount, segments)
      }
    })
    return { fields, rowCount, columns, arena: arena.address }
  } catch (error) {
    arena.release()
    throw error
  }
}

// Records lie one after the other: from the first one's key to the last one's end is all that the rows need. Returns what to add to an offset.
function copyBytes(device: Device, arena: Arena, { records, from, to }: Segment): number {
  const start = records.keyOffset[from]!
  const end = records.headersOffset[to - 1]! + records.headersBytes[to - 1]!
  const address = arena.allocate(end - start)
  device.memory.write(address, records.bytes.subarray(start, end))
  return address - start
}

type Ranges = readonly [offsets: Uint32Array, lengths: Int32Array]

function viewColumn(device: Device, arena: Arena, type: DataType, rowCount: number, segments: readonly Segment[], places: readonly number[], rangesOf: (records: Records) => Ranges): Column {
  const hasNull = segments.some(({ records, from, to }) => {
    const lengths = rangesOf(records)[1]
    for (let i = from; i < to; i++) if (lengths[i]! < 0) return true
    return false
  })
  const column = allocateColumn(arena, type, rowCount, hasNull)
  const validity = hasNull ? device.memory.bytes(column.validity, bitmapBytes(rowCount)) : undefined
  const views = device.memory.int32s(column.values, 4 * rowCount).fill(0)
  const broken: { row: number; bytes: Uint8Array }[] = []
  let row = 0
  segments.forEach(({ records, from, to }, segment) => {
    const [offsets, lengths] = rangesOf(records)
    const { bytes } = records
    for (let i = from; i < to; i++, row++) {
      const length = lengths[i]!
      if (length < 0) continue
      if (validity) validity[row >>> 3]! |= 1 << (row & 7)
      const at = offsets[i]!
      if (type.kind === 'utf8' && !isText(bytes, at, length)) broken.push({ row, bytes: bytes.subarray(at, at + length) })
      const view = 4 * row
      views[view] = length
      if (length > 12) {
        views[view + 1] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
        views[view + 3] = places[segment]! + at
      } else {
        for (let b = 0; b < length; b++) views[view + 1 + (b >> 2)]! |= bytes[at + b]! << (8 * (b & 3))
      }
    }
  })
  for (const { row: at, bytes } of broken) writeView(device, arena, column.values + 16 * at, encoder.encode(decoder.decode(bytes)))
  return column
}

function isText(bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) if (bytes[i]! > 127) return isUtf8(bytes.subarray(start, start + length))
  return true
}

// JSON as [[name, value], …]: a value that is UTF-8 is a string, null is null, any other is { "base64": "…" }.
function headersColumn(device: Device, arena: Arena, rowCount: number, segments: readonly Segment[]): Column {
  const column = allocateColumn(arena, utf8, rowCount)
  let row = 0
  for (const { records, from, to } of segments) {
    for (let i = from; i < to; i++, row++) writeView(device, arena, column.values + 16 * row, records.headerCount[i] === 0 ? noHeaders : encoder.encode(headersText(records, i)))
  }
  return column
}

function headersText(records: Records, row: number): string {
  return JSON.stringify(headersOf(records, row).map(([name, value]) => [name, value && (isUtf8(value) ? decoder.decode(value) : { base64: Buffer.from(value).toString('base64') })]))
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const noHeaders = encoder.encode('[]')

function int64Column(device: Device, arena: Arena, type: DataType, rowCount: number, segments: readonly Segment[], valuesOf: (records: Records) => Float64Array): Column {
  const column = allocateColumn(arena, type, rowCount)
  const words = device.memory.int32s(column.values, 2 * rowCount)
  let row = 0
  for (const { records, from, to } of segments) {
    const values = valuesOf(records)
    for (let i = from; i < to; i++, row++) {
      const value = values[i]!
      words[2 * row] = value
      words[2 * row + 1] = Math.floor(value / 4_294_967_296)
    }
  }
  return column
}

function partitionColumn(device: Device, arena: Arena, rowCount: number, segments: readonly Segment[]): Column {
  const column = allocateColumn(arena, int32, rowCount)
  const values = device.memory.int32s(column.values, rowCount)
  let row = 0
  for (const { partition, from, to } of segments) {
    values.fill(partition, row, row + to - from)
    row += to - from
  }
  return column
}
