// Kafka's record batches: against the client library's own codec as an independent witness, and against cut and changed bytes.
import { readFileSync, readdirSync } from 'node:fs'
import * as zlib from 'node:zlib'
import { createRecordsBatch, Reader, readRecordsBatch } from '@platformatic/kafka'
import { describe, expect, test } from 'vitest'
import { crc32c } from '../../src/base/crc32c.ts'
import { DataError } from '../../src/base/errors.ts'
import { random as seeded } from '../../src/base/random.ts'
import { decodeRecordBatches, headersOf, type DecodeOptions } from '../../src/format/kafka/decode-record-batches.ts'
import { decompress } from '../../src/format/kafka/decompress.ts'
import { encodeHeaders, encodeRecordBatch, recordCountOf, type RecordsToEncode, stampRecordBatch, toEncode } from '../../src/format/kafka/encode-record-batch.ts'
import { at, type Records, writeInt64 } from '../../src/format/kafka/record-batch.ts'

interface Plain {
  key: string | null
  value: string | null
  timestamp: number
  headers?: [string, string | null][]
}

const chance = (seed: number) => {
  const source = seeded(seed)
  return () => source.float()
}
const { zstdCompressSync } = zlib as { zstdCompressSync?: (input: Uint8Array) => Uint8Array }
const utf8 = new TextEncoder()
const text = new TextDecoder()
const where = 'read.kafka: topic "bids", partition 0'

const sample: Plain[] = [
  { key: 'a', value: '{"price":1}', timestamp: 1_700_000_000_000 },
  { key: null, value: 'no key', timestamp: 1_700_000_000_250, headers: [['trace', 'x7'], ['none', null]] },
  { key: '', value: null, timestamp: 1_699_999_999_999 },
  { key: 'ключ', value: 'v'.repeat(300), timestamp: 1_700_000_900_000 },
  { key: 'last', value: '', timestamp: 1_700_000_000_000 },
]

function columns(rows: readonly Plain[]): RecordsToEncode {
  const ranges = (pieces: readonly (Uint8Array | null)[]) => {
    const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + (piece?.length ?? 0), 0))
    const offsets = new Uint32Array(pieces.length)
    let position = 0
    pieces.forEach((piece, i) => {
      offsets[i] = position
      if (piece) bytes.set(piece, position)
      position += piece?.length ?? 0
    })
    return { bytes, offsets, lengths: Int32Array.from(pieces, piece => piece?.length ?? -1) }
  }
  const bytesOf = (value: string | null) => (value === null ? null : utf8.encode(value))
  const headers = rows.map(row => (row.headers ?? []).map(([name, value]) => [name, bytesOf(value)] as const))
  return {
    recordCount: rows.length,
    keys: ranges(rows.map(row => bytesOf(row.key))),
    values: ranges(rows.map(row => bytesOf(row.value))),
    headers: { ...ranges(headers.map(encodeHeaders)), counts: Uint32Array.from(headers, list => list.length) },
    timestamp: Float64Array.from(rows, row => row.timestamp),
  }
}

function rowsOf(records: Records): (Plain & { offset: number })[] {
  const field = (offset: number, length: number) => (length < 0 ? null : text.decode(records.bytes.subarray(offset, offset + length)))
  return Array.from({ length: records.recordCount }, (_, row) => {
    const headers = headersOf(records, row).map(([name, value]): [string, string | null] => [name, value && text.decode(value)])
    return {
      key: field(records.keyOffset[row]!, records.keyBytes[row]!),
      value: field(records.valueOffset[row]!, records.valueBytes[row]!),
      timestamp: records.timestamp[row]!,
      ...(headers.length ? { headers } : {}),
      offset: records.offset[row]!,
    }
  })
}

const numbered = (rows: readonly Plain[], base: number) => rows.map((row, i) => ({ ...row, offset: base + i }))

interface Shape {
  baseOffset: number
  producerId?: number
  transactional?: boolean
  gzip?: boolean
}

function batchOf(rows: readonly Plain[], shape: Shape): Uint8Array {
  const { batch } = encodeRecordBatch(columns(rows), 0, { bytesMax: 1e9, compression: shape.gzip ? 'gzip' : 'none' })
  writeInt64(new DataView(batch.buffer), at.baseOffset, shape.baseOffset)
  stampRecordBatch(batch, { producerId: shape.producerId ?? -1, producerEpoch: 0, baseSequence: 0, transactional: shape.transactional ?? false })
  return batch
}

function markerOf(offset: number, producerId: number, type: 'abort' | 'commit'): Uint8Array {
  const bytes = (list: number[]) => ({ bytes: Uint8Array.from(list), offsets: Uint32Array.of(0), lengths: Int32Array.of(list.length) })
  const { batch } = encodeRecordBatch({ recordCount: 1, keys: bytes([0, 0, 0, type === 'abort' ? 0 : 1]), values: bytes([0, 0, 0, 0, 0, 0]), timestamp: 1_700_000_000_000 }, 0)
  const view = new DataView(batch.buffer)
  writeInt64(view, at.baseOffset, offset)
  view.setInt16(at.attributes, 32)
  stampRecordBatch(batch, { producerId, producerEpoch: 0, baseSequence: -1, transactional: true })
  return batch
}

const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts))
const decode = (bytes: Uint8Array, options: Partial<DecodeOptions> = {}) => decodeRecordBatches(bytes, { where, ...options })

/** Writes a new checksum, so that a test reaches what lies behind it. */
function resealed(batch: Uint8Array, change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const copy = batch.slice()
  change(new DataView(copy.buffer), copy)
  new DataView(copy.buffer).setUint32(at.checksum, crc32c(copy.subarray(at.attributes)))
  return copy
}

describe('what is written is read', () => {
  test.each([false, true])('keys, values, nulls, headers, timestamps and offsets survive (gzip: %s)', gzip => {
    const bytes = join(batchOf(sample, { baseOffset: 10, gzip }), batchOf(sample.slice(1), { baseOffset: 2 ** 33 }))
    const records = decode(bytes)
    expect(rowsOf(records)).toEqual([...numbered(sample, 10), ...numbered(sample.slice(1), 2 ** 33)])
    expect(records.nextOffset).toBe(2 ** 33 + 4)
    expect(records.bytesRead).toBe(bytes.length)
    expect(records.bytes === bytes).toBe(!gzip)
  })

  test('decoded records can be encoded again, byte by byte the same', () => {
    const { batch } = encodeRecordBatch(columns(sample), 0)
    expect(encodeRecordBatch(toEncode(decode(batch)), 0).batch).toEqual(batch)
  })

  test('a batch ends before it grows over its limit, and one record always fits', () => {
    const all = columns(sample)
    const ends: number[] = []
    for (let start = 0; start < sample.length; ) {
      const { batch, end } = encodeRecordBatch(all, start, { bytesMax: 110 })
      expect(recordCountOf(batch)).toBe(end - start)
      expect(rowsOf(decode(batch)).map(({ value }) => value)).toEqual(sample.slice(start, end).map(({ value }) => value))
      if (end - start > 1) expect(batch.length).toBeLessThanOrEqual(110)
      ends.push((start = end))
    }
    expect(ends).toEqual([2, 3, 4, 5])
  })

  test('a thousand records of every size survive', () => {
    const random = chance(7)
    const rows = Array.from({ length: 1_000 }, (_, i): Plain => ({
      key: i % 7 ? `key ${i}` : null,
      value: 'x'.repeat(Math.floor(random() * 20 ** (random() * 3))),
      timestamp: 1_700_000_000_000 + Math.floor((random() - 0.5) * 1e10),
    }))
    expect(rowsOf(decode(batchOf(rows, { baseOffset: 5 })))).toEqual(numbered(rows, 5))
  })
})

describe('against the client library', () => {
  const messages = sample.map(({ key, value, timestamp, headers }) => ({
    topic: 'bids',
    key: key === null ? undefined : Buffer.from(key),
    value: Buffer.from(value ?? 'null'),
    timestamp: BigInt(timestamp),
    headers: new Map((headers ?? []).map(([name, header]) => [Buffer.from(name), Buffer.from(header ?? 'null')])),
  }))

  test.each(['none', 'gzip', 'snappy', 'lz4'] as const)('its batches are read: %s', compression => {
    const records = decode(new Uint8Array(createRecordsBatch(messages, { compression }).buffer))
    const wanted = sample.map(row => ({ ...row, key: row.key, value: row.value ?? 'null', ...(row.headers ? { headers: row.headers.map(([name, value]) => [name, value ?? 'null']) } : {}) }))
    expect(rowsOf(records).map(row => ({ ...row, key: row.key || null }))).toEqual(numbered(wanted.map(row => ({ ...row, key: row.key || null })) as Plain[], 0))
  })

  test('it reads our batches', () => {
    const batch = batchOf(sample, { baseOffset: 3, producerId: 4_000_000_000, transactional: true })
    const read = readRecordsBatch(Reader.from(Buffer.from(batch)))
    expect([read.firstOffset, read.producerId, read.lastOffsetDelta, read.firstTimestamp, read.maxTimestamp]).toEqual([3n, 4_000_000_000n, 4, 1_700_000_000_000n, 1_700_000_900_000n])
    expect(read.records.map(({ key, value }) => [key?.toString() ?? null, value?.toString() ?? null])).toEqual(sample.map(({ key, value }) => [key, value]))
  })
})

describe('batches that Kafka’s own producer wrote', () => {
  const directory = new URL('./kafka-batches/', import.meta.url)
  test.each(readdirSync(directory).filter(name => name.endsWith('.bin')))('%s', name => {
    const rows = rowsOf(decode(new Uint8Array(readFileSync(new URL(name, directory)))))
    expect(rows.map(({ key, value }) => `${key}=${value}`)).toEqual(Array.from({ length: 40 }, (_, i) => `k${i}=value ${i} ${'again and '.repeat(i)}`))
  })
})

describe('what a reader must not see', () => {
  const [first, second, third] = [sample.slice(0, 1), sample.slice(1, 2), sample.slice(3, 4)]
  const log = join(
    batchOf(first, { baseOffset: 0, producerId: 7, transactional: true }),
    batchOf(second, { baseOffset: 1, producerId: 8, transactional: true }),
    markerOf(2, 7, 'abort'),
    batchOf(third, { baseOffset: 3, producerId: 7, transactional: true }),
    markerOf(4, 8, 'commit'),
    markerOf(5, 7, 'commit'),
    batchOf(first, { baseOffset: 6 }),
  )
  const offsets = (options: Partial<DecodeOptions>) => rowsOf(decode(log, options)).map(row => row.offset)

  test('markers are dropped, and count for the next offset', () => {
    expect(offsets({})).toEqual([0, 1, 3, 6])
    const marker = decode(markerOf(2, 7, 'abort'))
    expect([marker.recordCount, marker.nextOffset]).toEqual([0, 3])
  })

  test('records of an aborted transaction are dropped, up to its marker', () => {
    expect(offsets({ aborted: [{ producerId: 7, firstOffset: 0 }] })).toEqual([1, 3, 6])
  })

  test('a transaction that aborts later leaves the same producer’s earlier one visible', () => {
    expect(offsets({ aborted: [{ producerId: 7, firstOffset: 3 }] })).toEqual([0, 1, 6])
  })

  test('records before the wanted offset are dropped', () => {
    expect(offsets({ fromOffset: 1 })).toEqual([1, 3, 6])
    expect(rowsOf(decode(batchOf(sample, { baseOffset: 0 }), { fromOffset: 3 })).map(row => row.offset)).toEqual([3, 4])
  })

  test('the broker’s timestamps are used where it stamps', () => {
    const stamped = resealed(batchOf(sample, { baseOffset: 0 }), view => view.setInt16(at.attributes, 8))
    expect(new Set(rowsOf(decode(stamped)).map(row => row.timestamp))).toEqual(new Set([1_700_000_900_000]))
  })
})

describe('hostile bytes', () => {
  const batch = batchOf(sample, { baseOffset: 0 })
  const message = (bytes: Uint8Array, options: Partial<DecodeOptions> = {}): string => {
    try {
      decode(bytes, options)
    } catch (error) {
      expect(error).toBeInstanceOf(DataError)
      return `${(error as DataError).code}: ${(error as DataError).message}`
    }
    return 'no error'
  }

  test('every cut of two batches gives the complete ones', () => {
    const two = join(batch, batchOf(sample, { baseOffset: 5, gzip: true }))
    for (let length = 0; length <= two.length; length++) {
      const records = decode(two.slice(0, length))
      const complete = length < batch.length ? 0 : length < two.length ? 1 : 2
      expect([records.recordCount, records.nextOffset]).toEqual([complete * sample.length, complete * sample.length])
    }
  })

  test('every changed byte is found by the checksum, or moves the offset, or cuts the batch', () => {
    for (let position = 0; position < batch.length; position++) {
      const changed = batch.slice()
      changed[position]! ^= 0x41
      const found = message(changed)
      if (position > at.magic) expect(found).toMatch(/^KAFKA_CORRUPT: .*checksum/)
      else if (position === at.magic) expect(found).toMatch(/^KAFKA_FORMAT: /)
      else expect(found).toMatch(/^KAFKA_CORRUPT|^no error/)
    }
  })

  test.each(['none', 'gzip', 'snappy', 'lz4'] as const)('changed bytes behind a right checksum end in a DataError or in records: %s', compression => {
    const messages = Array.from({ length: 20 }, (_, i) => ({ topic: 't', value: Buffer.from(`value ${i} ${'ab'.repeat(i)}`), headers: new Map([[Buffer.from('h'), Buffer.from('x')]]) }))
    const whole = new Uint8Array(createRecordsBatch(messages, { compression }).buffer)
    const random = chance(11)
    let failed = 0
    for (let round = 0; round < 4_000; round++) {
      const changed = resealed(whole, (_, bytes) => {
        for (let flips = 1 + Math.floor(random() * 3); flips > 0; flips--) bytes[at.attributes + Math.floor(random() * (bytes.length - at.attributes))] = Math.floor(random() * 256)
      })
      const found = message(changed, { decompressedBytesMax: 1 << 20 })
      if (found !== 'no error') failed++
    }
    expect(failed).toBeGreaterThan(1_000)
  })

  test.each(readdirSync(new URL('./kafka-batches/', import.meta.url)))('cut and changed data of %s end in a DataError or in records', name => {
    const whole = new Uint8Array(readFileSync(new URL(`./kafka-batches/${name}`, import.meta.url)))
    const random = chance(13)
    let failed = 0
    for (let round = 0; round < 300; round++) {
      const cut = whole.slice(0, at.records + Math.floor(random() * (whole.length - at.records)))
      const changed = resealed(random() < 0.5 ? cut : whole, (view, bytes) => {
        view.setInt32(at.length, bytes.length - at.leaderEpoch)
        if (bytes.length > at.records) bytes[at.records + Math.floor(random() * (bytes.length - at.records))]! ^= 1 << Math.floor(random() * 8)
      })
      if (message(changed, { decompressedBytesMax: 1 << 20 }) !== 'no error') failed++
    }
    expect(failed).toBeGreaterThan(100)
  })

  test('counts and lengths that can’t be are named', () => {
    expect(message(resealed(batch, view => view.setInt32(at.recordCount, 2 ** 30)))).toMatch(/KAFKA_CORRUPT: .*promises 1073741824 records/)
    expect(message(resealed(batch, view => view.setInt32(at.recordCount, -5)))).toMatch(/promises -5 records/)
    expect(message(resealed(batch, view => view.setInt32(at.recordCount, 4)))).toMatch(/bytes follow its 4 records/)
    expect(message(resealed(batch, view => view.setInt32(at.length, 3)))).toMatch(/its length is 3/)
    expect(message(resealed(batch, view => view.setInt32(at.length, -1)))).toMatch(/its length is -1/)
    expect(message(resealed(batch, view => view.setInt32(at.baseOffset, -1)))).toMatch(/its offsets are/)
    expect(message(resealed(batch, view => view.setInt32(at.lastOffsetDelta, 1)))).toMatch(/offset delta 2, the last is 1/)
    expect(message(resealed(batch, view => view.setInt16(at.attributes, 6)))).toMatch(/^KAFKA_CODEC: .*codec 6/)
    expect(message(resealed(batch, view => view.setInt8(at.magic, 1)))).toMatch(/^KAFKA_FORMAT: .*format 1/)
  })

  test('a batch that would grow over the limit is refused', () => {
    const bomb = batchOf([{ key: null, value: 'a'.repeat(4_000_000), timestamp: 0 }], { baseOffset: 0, gzip: true })
    expect(bomb.length).toBeLessThan(10_000)
    expect(message(bomb, { decompressedBytesMax: 1_000_000 })).toMatch(/^KAFKA_CORRUPT: .*gzip/)
    const promises = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0)
    expect(() => decompress(2, promises, 1 << 20, where)).toThrow(/promised by 6/)
  })

  test.skipIf(!zstdCompressSync)('zstd of this Node is read', () => {
    const bytes = zstdCompressSync!(Buffer.from('hello '.repeat(100)))
    expect(text.decode(decompress(4, bytes, 1 << 20, where))).toBe('hello '.repeat(100))
  })
})
