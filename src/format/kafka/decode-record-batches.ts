// Fetched bytes → records as flat arrays: the first step behind the Kafka source. Control batches are dropped, and on request those of aborted
// transactions, as a read_committed consumer does (KIP-98). Fetches end in the middle of a batch: what is cut is left for the next one.
import { crc32c } from '../../base/crc32c.ts'
import { DataError } from '../../base/errors.ts'
import { decompress } from './decompress.ts'
import { allocateRecords, at, attribute, type Records, readInt64, recordBytesMin } from './record-batch.ts'

/** A transaction that was aborted, as a fetch at read_committed lists it. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/** How to decode. */
export interface DecodeOptions {
  /** The place for messages, such as `read.kafka: topic "bids", partition 3`. */
  readonly where: string
  /** Records before this offset are left out: a broker sends whole batches. Default 0. */
  readonly fromOffset?: number
  /** Transactions whose records must not be seen. */
  readonly aborted?: readonly AbortedTransaction[]
  /** Compares each batch's CRC-32C; default true, about 1 GB/s. */
  readonly verifyChecksums?: boolean
  /** The most bytes that one compressed batch may grow to; decoding ends early behind the batch that brings all together there. Default 256 MiB. */
  readonly decompressedBytesMax?: number
}

/** Records, and how far they reach. */
export interface DecodedRecords extends Records {
  /** The offset behind the last complete batch, dropped ones included; `fromOffset` when there was none. */
  readonly nextOffset: number
  /** Bytes of the complete batches. What is left is a batch that was cut. */
  readonly bytesRead: number
}

interface Section {
  /** First offset of the batch. */
  readonly baseOffset: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  /** The timestamp of every record where the broker stamps them; NaN otherwise. */
  readonly appendTimestamp: number
  readonly recordCount: number
  readonly compressed: boolean
  bytes: Uint8Array
}

const decompressedBytesMaxDefault = 256 * 1024 * 1024

/**
 * Decodes all complete batches in `input`. Where none is compressed the result's ranges refer to `input` itself, which must then stay unchanged;
 * else to a copy. Throws DataError KAFKA_CORRUPT for lengths, counts or checksums that don't hold, KAFKA_CODEC for unknown compression, KAFKA_FORMAT for
 * the message formats before version 2. Cost: one pass, no allocation per record.
 */
export function decodeRecordBatches(input: Uint8Array, options: DecodeOptions): DecodedRecords {
  const fromOffset = options.fromOffset ?? 0
  const { sections, nextOffset, bytesRead } = readSections(input, options, fromOffset)
  const bytes = sections.some(section => section.compressed) ? concatenate(sections) : input
  const records = allocateRecords(bytes, sections.reduce((sum, section) => sum + section.recordCount, 0))
  for (const section of sections) readRecords(section, records, fromOffset, options.where)
  return { ...records, nextOffset, bytesRead }
}

function readSections(input: Uint8Array, options: DecodeOptions, fromOffset: number): { sections: Section[]; nextOffset: number; bytesRead: number } {
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  const visible = abortedFilter(options.aborted ?? [])
  const sections: Section[] = []
  const bytesMax = options.decompressedBytesMax ?? decompressedBytesMaxDefault
  let nextOffset = fromOffset
  let start = 0
  let decoded = 0
  while (start + at.magic < input.length && decoded < bytesMax) {
    const where = `${options.where}, byte ${start}`
    const magic = view.getInt8(start + at.magic)
    if (magic !== 2) {
      throw new DataError('KAFKA_FORMAT', `${where}: a message of format ${magic}; Millrace reads format 2 (Kafka 0.11 and later); raise the topic's message format or copy it into a new topic`)
    }
    const length = view.getInt32(start + at.length)
    if (length < at.records - at.leaderEpoch) throw corrupt(where, `its length is ${length}, a header alone needs ${at.records - at.leaderEpoch}`)
    const end = start + at.leaderEpoch + length
    if (end > input.length) break
    const batch = new DataView(input.buffer, input.byteOffset + start, end - start)
    const bytes = input.subarray(start, end)
    if (options.verifyChecksums !== false) verify(batch, bytes, where)
    const baseOffset = readInt64(batch, at.baseOffset)
    const lastOffset = baseOffset + batch.getInt32(at.lastOffsetDelta)
    if (!(baseOffset >= 0 && lastOffset >= baseOffset && Number.isSafeInteger(lastOffset))) throw corrupt(where, `its offsets are ${baseOffset} to ${lastOffset}`)
    if (visible(batch, bytes, lastOffset) && lastOffset >= fromOffset) {
      const section = readSection(batch, bytes, bytesMax, `${where} (offset ${baseOffset})`)
      decoded += section.compressed ? section.bytes.length : 0
      sections.push(section)
    }
    nextOffset = Math.max(nextOffset, lastOffset + 1)
    start = end
  }
  return { sections, nextOffset, bytesRead: start }
}

function verify(batch: DataView, bytes: Uint8Array, where: string): void {
  const promised = batch.getUint32(at.checksum)
  const found = crc32c(bytes.subarray(at.attributes))
  if (promised !== found) throw corrupt(where, `its checksum is ${found}, the header promises ${promised}`)
}

function readSection(batch: DataView, bytes: Uint8Array, bytesMax: number, where: string): Section {
  const attributes = batch.getInt16(at.attributes)
  const records = decompress(attributes & attribute.codecMask, bytes.subarray(at.records), bytesMax, where)
  const recordCount = batch.getInt32(at.recordCount)
  if (recordCount < 0 || recordCount * recordBytesMin > records.length) throw corrupt(where, `it promises ${recordCount} records in ${records.length} bytes`)
  return {
    baseOffset: readInt64(batch, at.baseOffset),
    lastOffsetDelta: batch.getInt32(at.lastOffsetDelta),
    baseTimestamp: readInt64(batch, at.baseTimestamp),
    appendTimestamp: attributes & attribute.appendTime ? readInt64(batch, at.maxTimestamp) : Number.NaN,
    recordCount,
    compressed: (attributes & attribute.codecMask) !== 0,
    bytes: records,
  }
}

// A batch of an aborted transaction stands between the transaction's first offset and the producer's abort marker (a control batch of type 0).
function abortedFilter(aborted: readonly AbortedTransaction[]): (batch: DataView, bytes: Uint8Array, lastOffset: number) => boolean {
  const waiting = [...aborted].sort((left, right) => left.firstOffset - right.firstOffset)
  const active = new Set<number>()
  let next = 0
  return (batch, bytes, lastOffset) => {
    while (next < waiting.length && waiting[next]!.firstOffset <= lastOffset) active.add(waiting[next++]!.producerId)
    const attributes = batch.getInt16(at.attributes)
    const producerId = readInt64(batch, at.producerId)
    if (attributes & attribute.control) {
      if (isAbortMarker(bytes)) active.delete(producerId)
      return false
    }
    return !(attributes & attribute.transactional && active.has(producerId))
  }
}

// Its only record: [length][attributes][timestamp][offset][key length = 4][version i16][type i16]…, every varint one byte but perhaps the timestamp.
function isAbortMarker(bytes: Uint8Array): boolean {
  let position: number = at.records
  for (let field = 0; field < 5; field++) {
    if (field !== 1) while (bytes[position]! >= 128) position++
    position++
  }
  return bytes[position + 2] === 0 && bytes[position + 3] === 0
}

function concatenate(sections: readonly Section[]): Uint8Array {
  const all = new Uint8Array(sections.reduce((sum, section) => sum + section.bytes.length, 0))
  let position = 0
  for (const section of sections) {
    all.set(section.bytes, position)
    section.bytes = all.subarray(position, position + section.bytes.length)
    position += section.bytes.length
  }
  return all
}

/** Reads varints; throws DataError at the end of its bytes. */
class Cursor {
  readonly bytes: Uint8Array
  readonly end: number
  readonly where: string
  position: number
  constructor(bytes: Uint8Array, start: number, end: number, where: string) {
    this.bytes = bytes
    this.position = start
    this.end = end
    this.where = where
  }
  byte(): number {
    if (this.position >= this.end) throw corrupt(this.where, 'a record reaches over its end')
    return this.bytes[this.position++]!
  }
  varint(): number {
    let byte = this.byte()
    if (byte < 128) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 127
    for (let shift = 7; byte >= 128; shift += 7) {
      if (shift > 28) throw corrupt(this.where, 'a varint of more than five bytes')
      byte = this.byte()
      value |= (byte & 127) << shift
    }
    return (value >>> 1) ^ -(value & 1)
  }
  varlong(): number {
    let byte = this.byte()
    let value = byte & 127
    const odd = value & 1
    let scale = 128
    for (let count = 1; byte >= 128; count++) {
      if (count > 9) throw corrupt(this.where, 'a varint of more than ten bytes')
      byte = this.byte()
      value += (byte & 127) * scale
      scale *= 128
    }
    return odd ? -(value + 1) / 2 : value / 2
  }
  /** Steps over a field of `count` bytes (-1 or less: null) and returns where it begins. */
  skip(count: number): number {
    const start = this.position
    if (count > this.end - start) throw corrupt(this.where, `a field of ${count} bytes where ${this.end - start} are left`)
    if (count > 0) this.position += count
    return start
  }
}

function readRecords(section: Section, records: Records & { recordCount: number }, fromOffset: number, place: string): void {
  const { bytes } = records
  const begin = section.bytes.byteOffset - bytes.byteOffset
  const where = `${place}, batch at offset ${section.baseOffset}`
  const cursor = new Cursor(bytes, begin, begin + section.bytes.length, where)
  const stamped = !Number.isNaN(section.appendTimestamp)
  let row = records.recordCount
  for (let index = 0; index < section.recordCount; index++) {
    const length = cursor.varint()
    const end = cursor.position + length
    if (length < 0 || end > cursor.end) throw corrupt(where, `record ${index} has ${length} bytes where ${cursor.end - cursor.position} are left`)
    cursor.byte()
    const timestamp = section.baseTimestamp + cursor.varlong()
    const delta = cursor.varint()
    if (delta < 0 || delta > section.lastOffsetDelta) throw corrupt(where, `record ${index} has offset delta ${delta}, the last is ${section.lastOffsetDelta}`)
    const keyBytes = cursor.varint()
    const keyOffset = cursor.skip(keyBytes)
    const valueBytes = cursor.varint()
    const valueOffset = cursor.skip(valueBytes)
    const headerCount = cursor.varint()
    const headersOffset = cursor.position
    if (headerCount !== 0) skipHeaders(cursor, headerCount, end)
    if (cursor.position !== end) throw corrupt(where, `record ${index} promises ${length} bytes, its fields take ${length + cursor.position - end}`)
    if (section.baseOffset + delta < fromOffset) continue
    records.keyOffset[row] = keyOffset
    records.keyBytes[row] = keyBytes < 0 ? -1 : keyBytes
    records.valueOffset[row] = valueOffset
    records.valueBytes[row] = valueBytes < 0 ? -1 : valueBytes
    records.headersOffset[row] = headersOffset
    records.headersBytes[row] = end - headersOffset
    records.headerCount[row] = headerCount
    records.offset[row] = section.baseOffset + delta
    records.timestamp[row] = stamped ? section.appendTimestamp : timestamp
    row++
  }
  if (cursor.position !== cursor.end) throw corrupt(where, `${cursor.end - cursor.position} bytes follow its ${section.recordCount} records`)
  records.recordCount = row
}

function skipHeaders(cursor: Cursor, count: number, end: number): void {
  if (count < 0 || count * 2 > end - cursor.position) throw corrupt(cursor.where, `${count} headers in ${end - cursor.position} bytes`)
  for (let header = 0; header < count; header++) {
    const nameBytes = cursor.varint()
    if (nameBytes < 0) throw corrupt(cursor.where, 'a header without a name')
    cursor.skip(nameBytes)
    cursor.skip(cursor.varint())
  }
}

/** The headers of record `row` as name and value (null kept), in order; values are views. Allocates: for the few who look. */
export function headersOf(records: Records, row: number): [name: string, value: Uint8Array | null][] {
  const start = records.headersOffset[row]!
  const cursor = new Cursor(records.bytes, start, start + records.headersBytes[row]!, 'headers')
  return Array.from({ length: records.headerCount[row]! }, () => {
    const nameBytes = cursor.varint()
    const name = text.decode(records.bytes.subarray(cursor.skip(nameBytes), cursor.position))
    const valueBytes = cursor.varint()
    const valueOffset = cursor.skip(valueBytes)
    return [name, valueBytes < 0 ? null : records.bytes.subarray(valueOffset, cursor.position)]
  })
}

const text = new TextDecoder()

function corrupt(where: string, found: string): DataError {
  return new DataError('KAFKA_CORRUPT', `${where}: a record batch is corrupt; ${found}; the topic or the connection damaged it`)
}
