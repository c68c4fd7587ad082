// Record batches for tests, from records written out.
import { type ByteRanges, encodeHeaders, encodeRecordBatch } from '../../src/format/kafka/encode-record-batch.ts'

/** A record to write; null values are tombstones. */
export interface TestRecord {
  readonly key?: string | Uint8Array | null
  readonly value: string | Uint8Array | null
  readonly headers?: readonly (readonly [name: string, value: string | Uint8Array | null])[]
  readonly timestamp?: number
}

const encoder = new TextEncoder()

function bytesOf(value: string | Uint8Array | null | undefined): Uint8Array | null {
  return typeof value === 'string' ? encoder.encode(value) : (value ?? null)
}

function ranges(items: readonly (Uint8Array | null)[]): ByteRanges & { lengths: Int32Array } {
  const offsets = new Uint32Array(items.length)
  for (let i = 1; i < items.length; i++) offsets[i] = offsets[i - 1]! + (items[i - 1]?.length ?? 0)
  return { bytes: new Uint8Array(Buffer.concat(items.map(item => item ?? new Uint8Array(0)))), offsets, lengths: Int32Array.from(items, item => item?.length ?? -1) }
}

/** The time of records that state none. */
export const testTime = 1_700_000_000_000

/** An unstamped batch of records. */
export function batchOf(records: readonly TestRecord[], compression: 'none' | 'gzip' = 'none'): Uint8Array {
  const headers = records.map(r => (r.headers ?? []).map(([name, value]) => [name, bytesOf(value)] as const))
  const all = {
    recordCount: records.length,
    keys: ranges(records.map(r => bytesOf(r.key))),
    values: ranges(records.map(r => bytesOf(r.value))),
    headers: { ...ranges(headers.map(encodeHeaders)), counts: Uint32Array.from(headers, list => list.length) },
    timestamp: Float64Array.from(records, r => r.timestamp ?? testTime),
  }
  return encodeRecordBatch(all, 0, { bytesMax: 2 ** 30, compression }).batch
}
