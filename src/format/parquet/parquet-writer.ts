// Batches to a Parquet file, in one pass: row groups of so many rows, the pages of each column, or of each leaf inside it, packed as the rows come, the footer at the end.
import type { ByteSink } from '../../base/bytes.ts'
import { PlanError } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import type { Batch, Column } from '../../batch/batch.ts'
import { type Fields, isHidden } from '../../batch/schema.ts'
import { toStored } from '../../compute/parquet-convert.ts'
import type { Arena } from '../../device/arena.ts'
import type { Device } from '../../device/device.ts'
import { ColumnChunkWriter } from './encode-column-chunk.ts'
import type { EncodedBloom } from './encoded-chunk.ts'
import { EncoderScratch } from './encoder-scratch.ts'
import { FileSeal, sealChunk, type SealState } from './file-seal.ts'
import { codecNumber, type ParquetCodec } from './pack-page.ts'
import { ColumnShredder } from './shred-column.ts'
import { type SortingColumn, sortingColumns } from './sorting-columns.ts'
import { sealPlan } from './write-encryption.ts'
import { type ChunkEntry, chunkEntry, fileEnd, type GroupEntry, movedChunk } from './write-footer.ts'
import { checkParquetWrite, leafOptions, type ParquetWriteOptions, rowGroupLimits } from './write-options.ts'
import { isLeaf, type WrittenLeaf, type WrittenNode, writtenLeaves, writtenTree } from './write-tree.ts'

/** What a writer must know to go on with a file after its last whole row group, as plain data. */
export type ParquetWriterState = { readonly bytes: number; readonly groups: Json; readonly seal?: SealState }

const magic = new Uint8Array([0x50, 0x41, 0x52, 0x31])
// Between two looks at what is held.
const sliceRows = 16_384
/** Pages of a chunk in an encrypted file, looked at between slices of rows: with one a row they stay within what can be numbered. */
export const sealedPagesMax = 16_000

/** What takes a column's rows: the chunk of a flat one, or the shredder of a nested one. */
interface ColumnWriter {
  write(column: Column, start: number, end: number): void
}

/** Writes one file. Memory: a page and a dictionary a column or leaf, and the packed pages of the current row group. Close it in any case. */
export class ParquetWriter {
  readonly #device: Device
  readonly #sink: ByteSink
  readonly #columns: WrittenNode[]
  readonly #leaves: WrittenLeaf[]
  readonly #writers: ColumnWriter[]
  readonly #scratch: EncoderScratch
  readonly #chunks: Map<WrittenNode, ColumnChunkWriter>
  readonly #positions: number[]
  readonly #codec: ParquetCodec
  readonly #pageIndex: boolean | undefined
  readonly #sorting: readonly SortingColumn[]
  readonly #seal: FileSeal | undefined
  readonly #chunkPagesMax: number
  readonly #rowGroupRows: number
  readonly #rowGroupBytes: number
  readonly #groups: GroupEntry[] = []
  #bytes = 0
  #rows = 0

  /** `fields` are those of every batch; hidden ones are left out. `resume` is an earlier `checkpoint()`: the sink then holds exactly its bytes. */
  constructor(device: Device, fields: Fields, sink: ByteSink, options: ParquetWriteOptions = {}, where = 'write.parquet', resume?: ParquetWriterState) {
    checkParquetWrite(options, fields, where)
    this.#device = device
    this.#sink = sink
    this.#codec = options.compression ?? 'snappy'
    this.#pageIndex = options.pageIndex
    const { rows, bytes } = rowGroupLimits(options, where)
    this.#rowGroupRows = rows
    this.#rowGroupBytes = bytes
    this.#positions = fields.flatMap((f, i) => (isHidden(f.name) ? [] : [i]))
    this.#columns = this.#positions.map(i => writtenTree(fields[i]!, where))
    this.#leaves = this.#columns.flatMap(writtenLeaves)
    this.#sorting = sortingColumns(options.sortingColumns ?? [], this.#positions.map(i => fields[i]!), this.#leaves, where)
    this.#seal = options.encryption && new FileSeal(sealPlan(options.encryption, this.#positions.map(i => fields[i]!), this.#leaves, where), this.#leaves, resume?.seal)
    if (resume && (resume.seal !== undefined) !== (this.#seal !== undefined)) throw new PlanError('ENCRYPTION', `${where}: the file was begun ${resume.seal ? 'with' : 'without'} encryption; go on so, or start afresh`)
    this.#scratch = new EncoderScratch(device)
    this.#chunks = new Map(this.#leaves.map(leaf => [leaf, new ColumnChunkWriter(device, leaf, leafOptions(options, leaf, where), this.#scratch)]))
    this.#writers = this.#columns.map(node => (isLeaf(node) ? this.#chunks.get(node)! : new ColumnShredder(device, node, this.#chunks)))
    this.#chunkPagesMax = options.chunkPagesMax ?? (this.#seal ? sealedPagesMax : Infinity)
    if (resume) {
      this.#bytes = resume.bytes
      this.#groups.push(...(structuredClone(resume.groups) as unknown as GroupEntry[]))
    } else {
      this.#append(this.#seal?.magic ?? magic)
    }
  }

  /** Bytes in the sink so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes a batch; nothing of it is kept. */
  write(batch: Batch): void {
    const scratch = this.#device.arena()
    try {
      const stored = this.#columns.map((node, i) => {
        const column = batch.columns[this.#positions[i]!]!
        return isLeaf(node) ? toStored(this.#device, scratch, column, node.stored.stored) : column
      })
      this.#writeRows(stored, batch.rowCount)
    } finally {
      scratch.release()
    }
  }

  #writeRows(stored: readonly Column[], rowCount: number): void {
    for (let row = 0; row < rowCount; ) {
      const take = Math.min(rowCount - row, this.#rowGroupRows - this.#rows, sliceRows)
      this.#writers.forEach((writer, i) => writer.write(stored[i]!, row, row + take))
      this.#rows += take
      row += take
      if (this.#rows === this.#rowGroupRows || this.#heldBytes() >= this.#rowGroupBytes || this.#hasManyPages()) this.#endRowGroup()
    }
  }

  #hasManyPages(): boolean {
    if (this.#chunkPagesMax === Infinity) return false
    for (const chunk of this.#chunks.values()) if (chunk.pageCount >= this.#chunkPagesMax) return true
    return false
  }

  #heldBytes(): number {
    let bytes = 0
    for (const chunk of this.#chunks.values()) bytes += chunk.heldBytes
    return bytes
  }

  /** Ends the row group: the sink then holds all rows, and `resume` can go on from here. */
  checkpoint(): ParquetWriterState {
    this.#endRowGroup()
    return { bytes: this.#bytes, groups: structuredClone(this.#groups) as unknown as Json, ...(this.#seal && { seal: this.#seal.state }) }
  }

  /**
   * Ends the row group and hands over those since the last call, as plain data; their places count from the sink's byte at that call. For `append` of another writer.
   * What the sink gets in this call lives as long as `arena`, where it lies in the engine's memory.
   */
  take(arena: Arena): Json {
    this.#endRowGroup()
    for (const chunk of this.#chunks.values()) chunk.packer.give(arena)
    this.#bytes = 0
    return this.#groups.splice(0) as unknown as Json
  }

  /** Puts row groups that another writer made behind what is there: what its sink got, part by part, and what its `take` says of them. */
  append(parts: readonly Uint8Array[], taken: Json): void {
    this.#endRowGroup()
    const groups = taken as unknown as readonly GroupEntry[]
    if (this.#seal) return this.#sealGroups(parts, groups)
    for (const { rowCount, chunks } of groups) this.#groups.push({ rowCount, chunks: chunks.map(chunk => movedChunk(chunk, this.#bytes)) })
    for (const part of parts) this.#append(part)
  }

  // A part is a page, or half of a Bloom filter, in the order of `#putGroup`.
  #sealGroups(parts: readonly Uint8Array[], groups: readonly GroupEntry[]): void {
    let at = 0
    for (const { rowCount, chunks } of groups) {
      const pages = chunks.map(({ dictionaryBytes, pages }) => parts.slice(at, (at += pages.length + (dictionaryBytes > 0 ? 1 : 0))))
      const blooms = chunks.map(({ bloom }) => bloom && { header: parts[at++]!, filter: parts[at++]! })
      this.#putGroup(rowCount, chunks.map((entry, leaf) => ({ entry, pages: pages[leaf]!, bloom: blooms[leaf] })))
    }
  }

  /** Writes the footer: the file is whole then. */
  finish(): void {
    this.#endRowGroup()
    const end = fileEnd({ columns: this.#columns, leaves: this.#leaves, codec: codecNumber[this.#codec], pageIndex: this.#pageIndex, sorting: this.#sorting, seal: this.#seal }, this.#groups, this.#bytes)
    for (const part of end) this.#append(part)
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, end.at(-1)!.byteLength, true)
    this.#append(length)
    this.#append(this.#seal?.magic ?? magic)
  }

  /** Gives all memory back. */
  close(): void {
    for (const chunk of this.#chunks.values()) chunk.close()
    this.#scratch.close()
  }

  #append(bytes: Uint8Array): void {
    this.#sink.append(bytes)
    this.#bytes += bytes.byteLength
  }

  #endRowGroup(): void {
    if (this.#rows === 0) return
    const chunks = Array.from(this.#chunks.values(), writer => writer.finish())
    this.#putGroup(this.#rows, chunks.map(chunk => ({ entry: chunkEntry(chunk, 0), pages: chunk.parts, bloom: chunk.bloom })))
    this.#rows = 0
  }

  // Writes the pages of a row group's chunks, and behind them their Bloom filters.
  #putGroup(rowCount: number, chunks: readonly { readonly entry: ChunkEntry; readonly pages: Iterable<Uint8Array>; readonly bloom: EncodedBloom | undefined }[]): void {
    const written = chunks.map(({ entry, pages }, leaf) => this.#putChunk(entry, pages, leaf))
    this.#groups.push({ rowCount, chunks: written.map((entry, leaf) => ({ ...entry, ...(chunks[leaf]!.bloom && { bloom: this.#putBloom(chunks[leaf]!.bloom!, leaf) }) })) })
  }

  #putBloom({ header, filter }: EncodedBloom, leaf: number): ChunkEntry['bloom'] {
    const offset = this.#bytes
    const cipher = this.#seal?.cipher(this.#groups.length, leaf)
    const first = cipher ? cipher.seal('bloom filter header', header) : header
    this.#append(first)
    this.#append(cipher ? cipher.seal('bloom filter', filter) : filter)
    return { offset, bytes: this.#bytes - offset, headerBytes: first.byteLength }
  }

  // Writes a chunk's pages here, sealed where its column is.
  #putChunk(chunk: ChunkEntry, pages: Iterable<Uint8Array>, leaf: number): ChunkEntry {
    const offset = this.#bytes
    const cipher = this.#seal?.cipher(this.#groups.length, leaf)
    const { parts, entry } = cipher ? sealChunk(cipher, chunk, pages) : { parts: pages, entry: chunk }
    for (const part of parts) this.#append(part)
    return { ...entry, offset }
  }
}
