// The layout of Kafka's record batch, version 2 (protocol guide, "Record Batch"), and records as flat arrays, shared by the decoder and the encoder.
// All integers are big-endian; varints are zig-zag.

/** Byte positions in a batch's header. The length counts from `leaderEpoch` on; the checksum covers from `attributes` on. */
export const at = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  checksum: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const

/** Bits of a batch's attributes. */
export const attribute = { codecMask: 7, appendTime: 8, transactional: 16, control: 32 } as const

/** The fewest bytes a record can have: seven one-byte fields. */
export const recordBytesMin = 7

/**
 * Records as flat arrays; no object per record. Keys, values and headers are ranges of `bytes`: a length of -1 is null.
 * `headersOffset` points behind the count of headers; `headersBytes` ends with the record. Offsets and timestamps (ms since 1970; -1 is none) are
 * exact up to 2^53. The arrays may be longer than `recordCount`.
 */
export interface Records {
  readonly recordCount: number
  readonly bytes: Uint8Array
  readonly keyOffset: Uint32Array
  readonly keyBytes: Int32Array
  readonly valueOffset: Uint32Array
  readonly valueBytes: Int32Array
  readonly headersOffset: Uint32Array
  readonly headersBytes: Uint32Array
  readonly headerCount: Uint32Array
  readonly offset: Float64Array
  readonly timestamp: Float64Array
}

/** Arrays for up to `count` records over `bytes`. */
export function allocateRecords(bytes: Uint8Array, count: number): Records & { recordCount: number } {
  return {
    recordCount: 0,
    bytes,
    keyOffset: new Uint32Array(count),
    keyBytes: new Int32Array(count),
    valueOffset: new Uint32Array(count),
    valueBytes: new Int32Array(count),
    headersOffset: new Uint32Array(count),
    headersBytes: new Uint32Array(count),
    headerCount: new Uint32Array(count),
    offset: new Float64Array(count),
    timestamp: new Float64Array(count),
  }
}

/** A signed 64-bit integer as a number; exact within 2^53. */
export function readInt64(view: DataView, position: number): number {
  return view.getInt32(position) * 0x1_0000_0000 + view.getUint32(position + 4)
}

/** The inverse of `readInt64`. */
export function writeInt64(view: DataView, position: number, value: number): void {
  view.setInt32(position, Math.floor(value / 0x1_0000_0000))
  view.setUint32(position + 4, value >>> 0)
}
