// What the writer of a column makes of a row group.
import type { WrittenPage } from './write-page-index.ts'
import type { WrittenEnds } from './written-bounds.ts'

/** A written chunk: its bytes in order, in memory that its writer uses again, and what the footer says of it. */
export interface EncodedChunk {
  readonly parts: readonly Uint8Array[]
  /** Bytes of the dictionary page, 0 without one. */
  readonly dictionaryBytes: number
  readonly bytes: number
  readonly unpackedBytes: number
  readonly valueCount: number
  readonly nullCount: number
  readonly ends?: WrittenEnds | undefined
  /** Its data pages, and their index where they all have bounds. */
  readonly pages: readonly WrittenPage[]
  readonly columnIndex?: Uint8Array | undefined
  /** Its Bloom filter, where one is asked for. */
  readonly bloom?: EncodedBloom | undefined
  /** Numbers of the encodings used. */
  readonly encodings: readonly number[]
}

/** A Bloom filter: its header and its bits. */
export interface EncodedBloom {
  readonly header: Uint8Array
  readonly filter: Uint8Array
}
