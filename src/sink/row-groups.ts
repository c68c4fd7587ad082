// Row groups of Parquet that workers encode: each is whole, so that the writer of the file only puts it behind the others. Too few rows for one go as they
// are, and the writer of the file gathers them.
import type { Json } from '../base/json.ts'
import { type Batch, retainBatch } from '../batch/batch.ts'
import { arenaOf, packBatch, type PackedBatch, unpackBatch } from '../batch/pack-batch.ts'
import type { Fields } from '../batch/schema.ts'
import { madeIn } from '../compute/coded.ts'
import { batchBytes } from '../compute/sorted-rows.ts'
import { type Arena, releaseArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { ParquetWriter, sealedPagesMax } from '../format/parquet/parquet-writer.ts'
import type { ParquetWriteOptions } from '../format/parquet/write-options.ts'
import { encodedBatch, type EncodedPart, encodedParts, type RowsEncoder } from './encoded-rows.ts'

// More than a batch, so that rows that come batch by batch are gathered.
const groupRowsMin = 98_304
const groupRows = 262_144
// Of columns: long lists and texts make a group of fewer rows.
const keptBytesMax = 16 << 20

/**
 * Encodes row groups of 98,304 to about 262,144 rows, one at least where that many come together, or where fewer have 16 MiB; larger ones end by
 * `rowGroupBytes`. Memory: those columns, and the packed pages of one.
 */
export class RowGroupEncoder implements RowsEncoder {
  readonly #device: Device
  readonly #fields: Fields
  readonly #writer: ParquetWriter
  /** What the writer has given since the last group. */
  #parts: EncodedPart[] = []
  #isWriting = false
  /** Batches until they are enough for a group. */
  #kept: PackedBatch[] = []
  #keptBytes = 0
  #rows = 0
  #isEncoding = false
  /** Rows are encoded while they are in the cache, where those of the last `flush` were enough for a group: these will be, too. */
  #encodesAtOnce = true

  constructor(device: Device, fields: Fields, options: ParquetWriteOptions) {
    this.#device = device
    this.#fields = fields
    // What comes while rows are written is overwritten by later ones; pages that come with the end of a group are handed over.
    const sink = { append: (bytes: Uint8Array) => void this.#parts.push(!this.#isWriting && bytes.buffer instanceof SharedArrayBuffer ? { address: bytes.byteOffset, bytes: bytes.byteLength } : bytes.slice()) }
    // Keys are with the writer of the file, which seals what it gets.
    const { encryption, ...plain } = options
    const limits = { rowGroupRows: 2 ** 31 - 1, ...(encryption && { chunkPagesMax: sealedPagesMax }) }
    this.#writer = new ParquetWriter(device, fields, sink, { ...plain, ...limits }, 'write.parquet', { bytes: 0, groups: [] })
  }

  encode(batch: Batch): PackedBatch[] {
    this.#rows += batch.rowCount
    const wasEncoding = this.#isEncoding
    if (wasEncoding) this.#write(batch)
    if (!wasEncoding || !this.#isEnough) this.#keep(batch)
    if (!wasEncoding && (this.#encodesAtOnce || this.#isEnough)) this.#begin()
    if (this.#isEnough) this.#forget()
    const hasEnded = this.#writer.bytes > 0
    return this.#rows >= groupRows || hasEnded ? this.flush() : []
  }

  flush(): PackedBatch[] {
    const isEnough = this.#isEnough || this.#writer.bytes > 0
    const rows = this.#rows
    if (rows > 0) this.#encodesAtOnce = isEnough
    this.#rows = 0
    this.#keptBytes = 0
    if (isEnough) {
      this.#forget()
      return [encodedBatch(this.#device, rows, arena => this.#take(arena))]
    }
    if (this.#isEncoding) this.#discard()
    return this.#kept.splice(0)
  }

  close(): void {
    this.#forget()
    this.#writer.close()
  }

  get #isEnough(): boolean {
    return this.#rows >= groupRowsMin || this.#keptBytes >= keptBytesMax
  }

  #keep(batch: Batch): void {
    this.#kept.push(packBatch(retainBatch(this.#device, batch)))
    this.#keptBytes += batchBytes(this.#device, batch)
  }

  #forget(): void {
    for (const kept of this.#kept.splice(0)) releaseArena(this.#device, arenaOf(kept))
  }

  #begin(): void {
    this.#isEncoding = true
    for (const kept of this.#kept) {
      const scratch = this.#device.arena()
      try {
        this.#write(unpackBatch(kept, this.#fields, madeIn(this.#device, scratch)))
      } finally {
        scratch.release()
      }
    }
  }

  #write(batch: Batch): void {
    this.#isWriting = true
    this.#writer.write(batch)
    this.#isWriting = false
  }

  #discard(): void {
    const arena = this.#device.arena()
    try {
      this.#take(arena)
    } finally {
      arena.release()
    }
  }

  // The bytes of the row groups, behind what `ParquetWriter.append` must know of them.
  #take(arena: Arena): EncodedPart[] {
    this.#isEncoding = false
    const entries = Buffer.from(JSON.stringify(this.#writer.take(arena)))
    return [entries, ...this.#parts.splice(0)]
  }
}

/** The row groups of a batch that `RowGroupEncoder` made: what `ParquetWriter.append` takes. Undefined of other batches. */
export function encodedGroups(device: Device, batch: Batch): { readonly parts: readonly Uint8Array[]; readonly entries: Json } | undefined {
  const all = encodedParts(device, batch)
  if (!all) return undefined
  const [entries, ...parts] = all as [Uint8Array, ...Uint8Array[]]
  return { parts, entries: JSON.parse(new TextDecoder().decode(entries.slice())) as Json }
}
