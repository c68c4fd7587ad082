// Row groups of Parquet that workers encode: each is whole, so that the writer of the file only puts it behind the others. Too few rows for one go as they
// are, and the writer of the file gathers them.
import type { Json } from '../base/json.ts'
import { type Batch, retainBatch } from '../batch/batch.ts'
import { arenaOf, packBatch, type PackedBatch, unpackBatch } from '../batch/pack-batch.ts'
import type { Fields } from '../batch/schema.ts'
import { narrowColumn } from '../compute/narrow.ts'
import { batchBytes } from '../compute/sorted-rows.ts'
import { releaseArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { ParquetWriter, sealedPagesMax } from '../format/parquet/parquet-writer.ts'
import type { ParquetWriteOptions } from '../format/parquet/write-options.ts'
import { encodedBatch, encodedBytes, type RowsEncoder } from './encoded-rows.ts'

// More than a batch, so that rows that come batch by batch are gathered.
const groupRowsMin = 98_304
const groupRows = 262_144
// Of columns: long lists and texts make a group of fewer rows.
const keptBytesMax = 64 << 20

/**
 * Encodes row groups of 98,304 to about 262,144 rows, one at least where that many come together, or where fewer have 64 MiB; larger ones end by
 * `rowGroupBytes`. Memory: those columns, or the packed pages of one.
 */
export class RowGroupEncoder implements RowsEncoder {
  readonly #device: Device
  readonly #fields: Fields
  readonly #writer: ParquetWriter
  /** What the writer has given since the last group. */
  #parts: Uint8Array[] = []
  /** Batches until they are enough for a group. */
  #kept: PackedBatch[] = []
  #keptBytes = 0
  #rows = 0
  #isEncoding = false

  constructor(device: Device, fields: Fields, options: ParquetWriteOptions) {
    this.#device = device
    this.#fields = fields
    const sink = { append: (bytes: Uint8Array) => void this.#parts.push(bytes.slice()) }
    // Keys are with the writer of the file, which seals what it gets.
    const { encryption, ...plain } = options
    const limits = { rowGroupRows: 2 ** 31 - 1, ...(encryption && { chunkPagesMax: sealedPagesMax }) }
    this.#writer = new ParquetWriter(device, fields, sink, { ...plain, ...limits }, 'write.parquet', { bytes: 0, groups: [] })
  }

  encode(batch: Batch): PackedBatch[] {
    this.#rows += batch.rowCount
    if (this.#isEncoding) this.#writer.write(batch)
    else this.#keep(batch)
    if (!this.#isEncoding && (this.#rows >= groupRowsMin || this.#keptBytes >= keptBytesMax)) this.#begin()
    const hasEnded = this.#writer.bytes > 0
    return this.#rows >= groupRows || hasEnded ? this.flush() : []
  }

  #keep(batch: Batch): void {
    this.#kept.push(packBatch(retainBatch(this.#device, batch)))
    this.#keptBytes += batchBytes(this.#device, batch)
  }

  flush(): PackedBatch[] {
    const rows = this.#rows
    this.#rows = 0
    this.#keptBytes = 0
    if (!this.#isEncoding) return this.#kept.splice(0)
    this.#isEncoding = false
    const entries = Buffer.from(JSON.stringify(this.#writer.take()))
    const length = new Uint8Array(Uint32Array.of(entries.byteLength).buffer)
    return [encodedBatch(this.#device, rows, [length, entries, ...this.#parts.splice(0)])]
  }

  close(): void {
    for (const kept of this.#kept.splice(0)) releaseArena(this.#device, arenaOf(kept))
    this.#writer.close()
  }

  #begin(): void {
    this.#isEncoding = true
    for (const kept of this.#kept.splice(0)) {
      const scratch = this.#device.arena()
      try {
        this.#writer.write(unpackBatch(kept, this.#fields, column => narrowColumn(this.#device, scratch, column)))
      } finally {
        scratch.release()
        releaseArena(this.#device, arenaOf(kept))
      }
    }
  }
}

/** The row groups of a batch that `RowGroupEncoder` made: what `ParquetWriter.append` takes. Undefined of other batches. */
export function encodedGroups(device: Device, batch: Batch): { readonly bytes: Uint8Array; readonly entries: Json } | undefined {
  const all = encodedBytes(device, batch)
  if (!all) return undefined
  const [length] = new Uint32Array(all.slice(0, 4).buffer) as unknown as [number]
  return { bytes: all.subarray(4 + length), entries: JSON.parse(new TextDecoder().decode(all.slice(4, 4 + length))) as Json }
}
