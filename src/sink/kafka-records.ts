// Rows on their way to Kafka: encoded as text by kernels, copied once into a buffer outside the engine's memory, each with its partition, until
// there are enough for a request a partition. The buffer gives record batches.
import { type Batch, type Column, column } from '../batch/batch.ts'
import { bitmapBytes } from '../batch/data-type.ts'
import { valueReader } from '../batch/read-values.ts'
import { type Field, type Fields, visible } from '../batch/schema.ts'
import { dataOfViews, offsetsOfViews } from '../compute/arrow-columns.ts'
import { upsertsOf } from '../compute/changes.ts'
import { encodeCsvRows, encodeJsonRows } from '../compute/encode-text.ts'
import { plainDialect } from '../compute/csv.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { encodeHeaders, encodeRecordBatch, type RecordsToEncode } from '../format/kafka/encode-record-batch.ts'
import { partitionOfKey } from '../format/kafka/murmur2.ts'
import type { PartitionBatch } from '../format/kafka/producer-messages.ts'

/** How rows become records. */
export interface RecordShape {
  /** The column whose text (binary: whose bytes) is the key. */
  readonly key?: string
  /** The binary column that is the record's value as it is; then the others are headers. Absent: the row as a JSON object. */
  readonly raw?: string
  readonly headers: Fields
}

/** The shape of rows of these fields: a binary column `value` (a dead letter has one) is passed on as it is, unless JSON is asked for. */
export function shapeOf(fields: Fields, key: string | undefined, format: 'json' | undefined): RecordShape {
  const isRaw = format === undefined && fields.some(f => f.name === 'value' && f.type.kind === 'binary')
  const headers = isRaw ? visible(fields).filter(f => f.name !== 'value' && f.name !== key) : []
  return { ...(key !== undefined && { key }), ...(isRaw && { raw: 'value' }), headers }
}

/** Rows of text or bytes in an arena: row i is [offsets[i], offsets[i + 1] - `tail`) from `address`. */
interface Pieces {
  readonly address: number
  readonly bytes: number
  readonly offsets: number
  readonly tail: number
}

const rowsMin = 1024

/** Records that wait. Their bytes are the buffer's own. */
export class RecordBuffer {
  readonly #shape: RecordShape
  readonly #partitionCount: number
  #bytes = new Uint8Array(1 << 16)
  #byteCount = 0
  #rowCount = 0
  #rowsMax = 0
  #partitions = new Int32Array(0)
  #keys = { offsets: new Uint32Array(0), lengths: new Int32Array(0) }
  #values = { offsets: new Uint32Array(0), lengths: new Int32Array(0) }
  #headers = { offsets: new Uint32Array(0), lengths: new Int32Array(0) }
  /** The partition of the next record without a key. */
  #turn = 0

  constructor(shape: RecordShape, partitionCount: number) {
    this.#shape = shape
    this.#partitionCount = partitionCount
  }

  /** Bytes that wait. */
  get byteCount(): number {
    return this.#byteCount
  }

  /** Records that wait. */
  get rowCount(): number {
    return this.#rowCount
  }

  /** Adds the rows of a batch; those that are deleted have no value, and those before an update are left out. Throws as `encodeJsonRows`. Cost: the encoding, a copy, and a few words a row. */
  add(device: Device, given: Batch): void {
    const { key, raw } = this.#shape
    const arena = device.arena()
    try {
      const { batch, deleted } = upsertsOf(device, arena, given)
      const rows = batch.rowCount
      if (rows === 0) return
      const keyColumn = key === undefined ? undefined : column(batch, key, 'write.kafka')
      const keys = keyColumn && piecesOf(device, arena, batch, key!, keyColumn)
      const values = raw === undefined ? { ...encodeJsonRows(device, arena, batch), tail: 1 } : viewPieces(device, arena, column(batch, raw, 'write.kafka'))
      this.#reserveRows(rows)
      if (keys) this.#append(device, keys, keyColumn, this.#keys, rows)
      else this.#keys.lengths.fill(-1, this.#rowCount, this.#rowCount + rows)
      this.#append(device, values, raw === undefined ? undefined : column(batch, raw, 'write.kafka'), this.#values, rows)
      deleted?.forEach((is, row) => is && (this.#values.lengths[this.#rowCount + row] = -1))
      if (this.#shape.headers.length > 0) this.#appendHeaders(device, batch)
      this.#choosePartitions(rows)
      this.#rowCount += rows
    } finally {
      arena.release()
    }
  }

  /** Empties the buffer: rounds of batches, each at most one a partition, to be sent one round after the other. Rows of a partition keep their order. */
  *take(topic: string, timestamp: number): Generator<PartitionBatch[]> {
    const parts = this.#byPartition(timestamp)
    this.#byteCount = 0
    this.#rowCount = 0
    const next = parts.map(() => 0)
    for (;;) {
      const round: PartitionBatch[] = []
      parts.forEach(({ partition, records }, i) => {
        if (next[i]! >= records.recordCount) return
        const { batch, end } = encodeRecordBatch(records, next[i]!)
        next[i] = end
        round.push({ topic, partition, batch })
      })
      if (round.length === 0) return
      yield round
    }
  }

  #byPartition(timestamp: number): { partition: number; records: RecordsToEncode }[] {
    const starts = new Int32Array(this.#partitionCount + 1)
    for (let row = 0; row < this.#rowCount; row++) starts[this.#partitions[row]! + 1]!++
    for (let p = 0; p < this.#partitionCount; p++) starts[p + 1]! += starts[p]!
    const order = new Uint32Array(this.#rowCount)
    const at = starts.slice()
    for (let row = 0; row < this.#rowCount; row++) order[at[this.#partitions[row]!]!++] = row
    const bytes = this.#bytes
    const picked = ({ offsets, lengths }: { offsets: Uint32Array; lengths: Int32Array }, rows: Uint32Array) => ({
      bytes,
      offsets: Uint32Array.from(rows, row => offsets[row]!),
      lengths: Int32Array.from(rows, row => lengths[row]!),
    })
    const parts: { partition: number; records: RecordsToEncode }[] = []
    for (let partition = 0; partition < this.#partitionCount; partition++) {
      const rows = order.subarray(starts[partition]!, starts[partition + 1]!)
      if (rows.length === 0) continue
      const headers = this.#shape.headers.length === 0 ? undefined : { ...picked(this.#headers, rows), counts: new Uint32Array(rows.length).fill(this.#shape.headers.length) }
      parts.push({ partition, records: { recordCount: rows.length, keys: picked(this.#keys, rows), values: picked(this.#values, rows), ...(headers && { headers }), timestamp } })
    }
    return parts
  }

  #append(device: Device, pieces: Pieces, nullable: Column | undefined, into: { offsets: Uint32Array; lengths: Int32Array }, rows: number): void {
    const start = this.#reserveBytes(pieces.bytes)
    this.#bytes.set(device.memory.bytes(pieces.address, pieces.bytes), start)
    const offsets = device.memory.uint32s(pieces.offsets, rows + 1)
    const validity = nullable && nullable.validity !== 0 ? device.memory.bytes(nullable.validity, bitmapBytes(rows)) : undefined
    for (let row = 0; row < rows; row++) {
      const isNull = validity !== undefined && ((validity[row >>> 3]! >>> (row & 7)) & 1) === 0
      into.offsets[this.#rowCount + row] = start + offsets[row]!
      into.lengths[this.#rowCount + row] = isNull ? -1 : offsets[row + 1]! - offsets[row]! - pieces.tail
    }
  }

  // A header a column: its text, or its bytes where it is binary.
  #appendHeaders(device: Device, batch: Batch): void {
    const readers = this.#shape.headers.map(({ name }: Field) => ({ name, read: valueReader(device.memory, column(batch, name, 'write.kafka')) }))
    for (let row = 0; row < batch.rowCount; row++) {
      const bytes = encodeHeaders(readers.map(({ name, read }) => {
        const value = read(row)
        return [name, value === null || value instanceof Uint8Array ? value : encoder.encode(String(value))] as const
      }))
      const start = this.#reserveBytes(bytes.length)
      this.#bytes.set(bytes, start)
      this.#headers.offsets[this.#rowCount + row] = start
      this.#headers.lengths[this.#rowCount + row] = bytes.length
    }
  }

  #choosePartitions(rows: number): void {
    const { offsets, lengths } = this.#keys
    for (let row = this.#rowCount; row < this.#rowCount + rows; row++) {
      if (lengths[row]! >= 0) this.#partitions[row] = partitionOfKey(this.#bytes, offsets[row]!, lengths[row]!, this.#partitionCount)
      else {
        this.#partitions[row] = this.#turn
        this.#turn = (this.#turn + 1) % this.#partitionCount
      }
    }
  }

  #reserveBytes(count: number): number {
    const start = this.#byteCount
    this.#byteCount += count
    if (this.#byteCount > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#byteCount, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, start))
      this.#bytes = grown
    }
    return start
  }

  #reserveRows(count: number): void {
    if (this.#rowCount + count <= this.#rowsMax) return
    this.#rowsMax = Math.max(rowsMin, this.#rowCount + count, this.#rowsMax * 2)
    const grown = <A extends Int32Array | Uint32Array>(old: A, fresh: A): A => {
      fresh.set(old)
      return fresh
    }
    const ranges = ({ offsets, lengths }: { offsets: Uint32Array; lengths: Int32Array }) => ({
      offsets: grown(offsets, new Uint32Array(this.#rowsMax)) as Uint32Array<ArrayBuffer>,
      lengths: grown(lengths, new Int32Array(this.#rowsMax)) as Int32Array<ArrayBuffer>,
    })
    this.#partitions = grown(this.#partitions, new Int32Array(this.#rowsMax)) as Int32Array<ArrayBuffer>
    this.#keys = ranges(this.#keys)
    this.#values = ranges(this.#values)
    this.#headers = ranges(this.#headers)
  }
}

const encoder = new TextEncoder()

// The text of a key: as it is for text and bytes, else as in CSV, times as epoch milliseconds.
function piecesOf(device: Device, arena: Arena, batch: Batch, name: string, source: Column): Pieces {
  if (source.type.kind === 'utf8' || source.type.kind === 'binary') return viewPieces(device, arena, source)
  return { ...encodeCsvRows(device, arena, batch, plainDialect, { columns: [name], timestamps: 'epoch' }), tail: 1 }
}

function viewPieces(device: Device, arena: Arena, source: Column): Pieces {
  const offsets = arena.allocate(4 * (source.length + 1))
  const bytes = offsetsOfViews(device, source.values, source.length, offsets)
  const address = arena.allocate(bytes)
  dataOfViews(device, source.values, source.length, address)
  return { address, bytes, offsets, tail: 0 }
}
