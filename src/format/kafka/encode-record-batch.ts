// Records as flat arrays → a record batch of version 2, for the Kafka sink: the inverse of decode-record-batches.ts. Encoding and stamping are two
// steps, because who sends it (producer, epoch, sequence) is known only when it is sent, and the checksum covers that.
import { gzipSync } from 'node:zlib'
import { crc32c } from '../../base/crc32c.ts'
import { assert } from '../../base/errors.ts'
import { at, attribute, type Records, writeInt64 } from './record-batch.ts'

/** What to encode. Keys, values and raw headers may lie in different bytes; a missing array means null keys, no headers. */
export interface RecordsToEncode {
  readonly recordCount: number
  readonly keys?: ByteRanges
  readonly values: ByteRanges
  /** Headers as the format has them, without their count; see `encodeHeaders`. */
  readonly headers?: ByteRanges & { readonly counts: Uint32Array }
  /** Milliseconds since 1970: one for all, or one each. */
  readonly timestamp: number | Float64Array
}

/** A range of `bytes` for each record; a length of -1 is null. */
export interface ByteRanges {
  readonly bytes: Uint8Array
  readonly offsets: Uint32Array
  readonly lengths: Int32Array | Uint32Array
}

/** Who sends a batch. Sequences count records per partition, from 0 in each producer epoch. */
export interface ProducerStamp {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly transactional: boolean
}

/** Options of a batch. */
export interface EncodeOptions {
  /** The batch ends before the record that would make it larger than this, uncompressed; one record always fits. Default 900 000, under a broker's usual limit. */
  readonly bytesMax?: number
  readonly compression?: 'none' | 'gzip'
}

const batchBytesMaxDefault = 900_000
const codecGzip = 1

/** What `decodeRecordBatches` gave, to be written again. */
export function toEncode(records: Records): RecordsToEncode {
  const { bytes } = records
  return {
    recordCount: records.recordCount,
    keys: { bytes, offsets: records.keyOffset, lengths: records.keyBytes },
    values: { bytes, offsets: records.valueOffset, lengths: records.valueBytes },
    headers: { bytes, offsets: records.headersOffset, lengths: records.headersBytes, counts: records.headerCount },
    timestamp: records.timestamp,
  }
}

/**
 * Encodes records from `start` on, as many as fit, into one unstamped batch; `end` is the first record left out. The batch has no checksum before
 * `stampRecordBatch`. Cost: two passes, one allocation.
 */
export function encodeRecordBatch(records: RecordsToEncode, start: number, options: EncodeOptions = {}): { batch: Uint8Array; end: number } {
  assert(start >= 0 && start < records.recordCount, `a record batch must begin at one of its ${records.recordCount} records, not at ${start}`)
  const { end, byteCount } = measure(records, start, options.bytesMax ?? batchBytesMaxDefault)
  const bytes = new Uint8Array(at.records + byteCount)
  let position: number = at.records
  let maxTimestamp = -1
  for (let row = start; row < end; row++) {
    maxTimestamp = Math.max(maxTimestamp, timestampOf(records, row))
    position = writeRecord(records, row, start, bytes, position)
  }
  const compressed = options.compression === 'gzip' ? compress(bytes) : bytes
  const view = new DataView(compressed.buffer, compressed.byteOffset, compressed.length)
  view.setInt32(at.length, compressed.length - at.leaderEpoch)
  view.setInt32(at.leaderEpoch, -1)
  view.setInt8(at.magic, 2)
  view.setInt16(at.attributes, compressed === bytes ? 0 : codecGzip)
  view.setInt32(at.lastOffsetDelta, end - start - 1)
  writeInt64(view, at.baseTimestamp, timestampOf(records, start))
  writeInt64(view, at.maxTimestamp, maxTimestamp)
  view.setInt32(at.recordCount, end - start)
  stampRecordBatch(compressed, { producerId: -1, producerEpoch: -1, baseSequence: -1, transactional: false })
  return { batch: compressed, end }
}

/** Writes who sends the batch into its header, and the checksum over all. May be repeated. Cost: one pass over the batch, about 1 GB/s. */
export function stampRecordBatch(batch: Uint8Array, stamp: ProducerStamp): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  const attributes = view.getInt16(at.attributes)
  view.setInt16(at.attributes, stamp.transactional ? attributes | attribute.transactional : attributes & ~attribute.transactional)
  writeInt64(view, at.producerId, stamp.producerId)
  view.setInt16(at.producerEpoch, stamp.producerEpoch)
  view.setInt32(at.baseSequence, stamp.baseSequence)
  view.setUint32(at.checksum, crc32c(batch.subarray(at.attributes)))
}

/** The number of records in a batch that `encodeRecordBatch` made. */
export function recordCountOf(batch: Uint8Array): number {
  return new DataView(batch.buffer, batch.byteOffset, batch.length).getInt32(at.recordCount)
}

/** Headers as the format has them, for `RecordsToEncode.headers`. */
export function encodeHeaders(headers: readonly (readonly [name: string, value: Uint8Array | null])[]): Uint8Array {
  const encoder = new TextEncoder()
  const parts = headers.map(([name, value]) => ({ name: encoder.encode(name), value }))
  const total = parts.reduce((sum, { name, value }) => sum + fieldBytes(name.length) + fieldBytes(value?.length ?? -1), 0)
  const bytes = new Uint8Array(total)
  let position = 0
  for (const { name, value } of parts) {
    position = writeVarint(bytes, position, name.length)
    bytes.set(name, position)
    position = writeVarint(bytes, position + name.length, value?.length ?? -1)
    if (value) bytes.set(value, position)
    position += value?.length ?? 0
  }
  return bytes
}

function compress(batch: Uint8Array): Uint8Array {
  const records = gzipSync(batch.subarray(at.records))
  const compressed = new Uint8Array(at.records + records.length)
  compressed.set(batch.subarray(0, at.records))
  compressed.set(records, at.records)
  return compressed
}

function measure(records: RecordsToEncode, start: number, bytesMax: number): { end: number; byteCount: number } {
  let byteCount = 0
  let row = start
  for (; row < records.recordCount; row++) {
    const body = bodyBytes(records, row, start)
    const size = varintBytes(body) + body
    if (row > start && at.records + byteCount + size > bytesMax) break
    byteCount += size
  }
  return { end: row, byteCount }
}

function timestampOf(records: RecordsToEncode, row: number): number {
  return typeof records.timestamp === 'number' ? records.timestamp : records.timestamp[row]!
}

function bodyBytes(records: RecordsToEncode, row: number, start: number): number {
  const headers = records.headers ? varintBytes(records.headers.counts[row]!) + records.headers.lengths[row]! : 1
  const delta = timestampOf(records, row) - timestampOf(records, start)
  return 1 + varlongBytes(delta) + varintBytes(row - start) + fieldBytes(records.keys ? records.keys.lengths[row]! : -1) + fieldBytes(records.values.lengths[row]!) + headers
}

function fieldBytes(count: number): number {
  return varintBytes(count) + (count > 0 ? count : 0)
}

function writeRecord(records: RecordsToEncode, row: number, start: number, bytes: Uint8Array, position: number): number {
  position = writeVarint(bytes, position, bodyBytes(records, row, start))
  bytes[position++] = 0
  position = writeVarlong(bytes, position, timestampOf(records, row) - timestampOf(records, start))
  position = writeVarint(bytes, position, row - start)
  position = records.keys ? writeField(bytes, position, records.keys, row) : writeVarint(bytes, position, -1)
  position = writeField(bytes, position, records.values, row)
  if (!records.headers) return writeVarint(bytes, position, 0)
  position = writeVarint(bytes, position, records.headers.counts[row]!)
  return copy(bytes, position, records.headers, row)
}

function writeField(bytes: Uint8Array, position: number, ranges: ByteRanges, row: number): number {
  return copy(bytes, writeVarint(bytes, position, ranges.lengths[row]!), ranges, row)
}

const loopBytesMax = 48

// Short fields are copied byte by byte: a subarray costs more than the copy.
function copy(bytes: Uint8Array, position: number, ranges: ByteRanges, row: number): number {
  const count = ranges.lengths[row]!
  const from = ranges.offsets[row]!
  if (count <= 0) return position
  assert(from + count <= ranges.bytes.length, `record ${row} is to be copied from byte ${from} to ${from + count} of ${ranges.bytes.length}`)
  if (count > loopBytesMax) bytes.set(ranges.bytes.subarray(from, from + count), position)
  else for (let i = 0; i < count; i++) bytes[position + i] = ranges.bytes[from + i]!
  return position + count
}

function varintBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  return zigzag < 128 ? 1 : zigzag < 16_384 ? 2 : zigzag < 2_097_152 ? 3 : zigzag < 268_435_456 ? 4 : 5
}

function writeVarint(bytes: Uint8Array, position: number, value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  while (zigzag >= 128) {
    bytes[position++] = zigzag | 128
    zigzag >>>= 7
  }
  bytes[position++] = zigzag
  return position
}

function varlongBytes(value: number): number {
  let count = 1
  for (let zigzag = value < 0 ? -2 * value - 1 : 2 * value; zigzag >= 128; zigzag = Math.floor(zigzag / 128)) count++
  return count
}

function writeVarlong(bytes: Uint8Array, position: number, value: number): number {
  let zigzag = value < 0 ? -2 * value - 1 : 2 * value
  while (zigzag >= 128) {
    bytes[position++] = (zigzag % 128) | 128
    zigzag = Math.floor(zigzag / 128)
  }
  bytes[position++] = zigzag
  return position
}
