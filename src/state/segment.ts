// A segment: stored rows that no longer change, in a file, by the hash of their keys. What is kept in memory of them is a filter of the keys and where
// each block begins; blocks are read when keys that may be in them are asked for. A file: blocks of rows, the index of blocks, the filter (each as
// encodeRun makes it, with a checksum), then 40 bytes:
// [magic 'MSEG' u32][version u32][CRC-32C of what follows u32][0 u32][start of the index f64][its bytes u32][bytes of the filter u32][rows f64]
import { crc32c } from '../base/crc32c.ts'
import { DataError } from '../base/errors.ts'
import type { SpillFile, SpillStore } from '../base/spill.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { buildBatch } from '../batch/build-columns.ts'
import { int64 } from '../batch/data-type.ts'
import { rowReader } from '../batch/read-values.ts'
import { type Fields, parseSchema } from '../batch/schema.ts'
import { addToBloom, bloomBlockBytes, widenHashes } from '../compute/bloom.ts'
import { gatherBatch } from '../compute/gather.ts'
import { hashColumns } from '../compute/hash.ts'
import { sortIndices } from '../compute/sort.ts'
import { batchBytes } from '../compute/sorted-rows.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { decodeRun, encodeRun } from './run-codec.ts'
import type { LastingRun, StateRun } from './state-run.ts'

/** What segments of one table have in common: the stored fields, and the positions of the keys among them. */
export interface SegmentShape {
  readonly device: Device
  readonly fields: Fields
  readonly keys: readonly number[]
  /** For errors. */
  readonly where: string
}

/** Where a segment's bytes are read. */
interface SegmentBytes {
  block(number: number, start: number, bytes: number): Uint8Array
  close(): void
}

interface BlockPlace {
  readonly start: number
  readonly bytes: number
  readonly rows: number
  /** The least hash in it. */
  readonly first: number
}

const magic = 0x4745534d
const version = 1
const trailerBytes = 40
const blockBytes = 262_144
/** Up to this many bytes of rows stay in memory, and need no file. */
const smallBytesMax = 262_144
const blockRowsMax = 16_384
/** Bits of the filter for each row: one in 250 keys that aren't there is looked for. */
const filterBitsPerRow = 12
const indexFields = parseSchema({ start: 'int64', bytes: 'uint32', rows: 'uint32', first: 'uint32' }, 'segment')
const filterFields: Fields = [{ name: 'word', type: int64, nullable: false }]
const emptyBytes = new Uint8Array()

/** Rows in a file. Its filter lives in an arena of its own until `close`. */
export class Segment {
  readonly id: string
  readonly rowCount: number
  readonly blocks: readonly BlockPlace[]
  readonly #shape: SegmentShape
  readonly #bytes: SegmentBytes
  readonly #arena: Arena
  readonly #filter: Column
  /** What a checkpoint needs of it, until one has it: its file, or its bytes. */
  #pending: SpillFile | Uint8Array | undefined

  private constructor(shape: SegmentShape, id: string, bytes: SegmentBytes, index: readonly BlockPlace[], filter: { arena: Arena; column: Column }, pending?: SpillFile | Uint8Array) {
    this.id = id
    this.blocks = index
    this.rowCount = index.reduce((sum, block) => sum + block.rows, 0)
    this.#shape = shape
    this.#bytes = bytes
    this.#arena = filter.arena
    this.#filter = filter.column
    this.#pending = pending
  }

  /** Writes rows, which aren't needed afterwards; none has a null among its keys. `number`: for those who order them. Cost: sorting, and a copy at about 1 GB/s. Throws as `SpillFile`. */
  static write(shape: SegmentShape, spill: SpillStore, rows: Batch, number?: number): Segment {
    const { device } = shape
    const isSmall = batchBytes(device, rows) <= smallBytesMax
    const file = isSmall ? new Parts() : spill.create()
    const scratch = device.arena()
    const own = device.arena()
    try {
      const hashes = hashColumns(device, scratch, shape.keys.map(key => rows.columns[key]!), rows.rowCount)
      const order = sortIndices(device, scratch, [{ column: { type: { kind: 'uint32' }, length: rows.rowCount, values: hashes, validity: 0 } }], rows.rowCount)
      const index = writeBlocks(shape, file, rows, hashes, order)
      const filter = filterOf(device, own, scratch, hashes, rows.rowCount)
      writeEnd(device, file, index, filter, rows.rowCount)
      const id = `${number === undefined ? '' : `n${number}-`}${crypto.randomUUID()}`
      if (file instanceof Parts) {
        const whole = file.whole()
        return new Segment(shape, id, { block: (_, start, length) => whole.subarray(start, start + length), close: () => {} }, index, { arena: own, column: filter }, whole)
      }
      return new Segment(shape, id, { block: number => file.read(number), close: () => file.delete() }, index, { arena: own, column: filter }, file)
    } catch (error) {
      own.release()
      if (!(file instanceof Parts)) file.delete()
      throw error
    } finally {
      scratch.release()
    }
  }

  /** Opens the segment of a checkpoint: reads its index and its filter, nothing more. Throws DataError STATE_CORRUPT. */
  static open(step: SegmentShape, spill: SpillStore, { lasting, bytes: held }: StateRun & { readonly lasting: LastingRun }): Segment {
    const shape = lasting.stored ? { ...step, where: `${step.where}, ${lasting.stored.path}` } : step
    const stored = lasting.stored && spill.openStored(lasting.stored)
    const size = stored?.bytes ?? held.length
    const read = (start: number, length: number) => {
      if (start < 0 || length < 0 || start + length > size) throw corrupt(shape, `bytes ${start} to ${start + length} of ${size}`)
      return stored ? stored.read(start, length) : held.subarray(start, start + length)
    }
    const { index, filterStart, filterBytes } = readEnd(shape, read, size)
    const own = shape.device.arena()
    try {
      const filter = decoded(shape, own, read(filterStart, filterBytes))
      if (JSON.stringify(filter.fields) !== JSON.stringify(filterFields) || filter.rowCount % (bloomBlockBytes / 8) !== 0 || filter.rowCount === 0) throw corrupt(shape, 'its filter is none')
      return new Segment(shape, lasting.id, { block: (_, start, length) => read(start, length), close: () => {} }, index, { arena: own, column: filter.columns[0]! })
    } catch (error) {
      own.release()
      throw error
    }
  }

  /** The filter: the address of split blocks, and how many. */
  get filter(): { address: number; blocks: number } {
    return { address: this.#filter.values, blocks: this.#filter.length / (bloomBlockBytes / 8) }
  }
  /** True where a checkpoint may have it. */
  get isStored(): boolean {
    return this.#pending === undefined
  }
  /** Bytes of memory held. */
  get bytes(): number {
    return 8 * this.#filter.length
  }

  /** The number that the segment named `id` was written with. Throws DataError STATE_CORRUPT. */
  static numberOf(shape: SegmentShape, id: string): number {
    const number = /^n(\d{1,15})-/.exec(id)?.[1]
    if (number === undefined) throw corrupt(shape, `its name ${id} has no number`)
    return Number(number)
  }

  /** Rows of a block, in `arena`. Throws DataError STATE_CORRUPT or STATE_SHAPE. */
  read(arena: Arena, number: number): Batch {
    const { fields, where } = this.#shape
    const { start, bytes, rows } = this.blocks[number]!
    const batch = decoded(this.#shape, arena, this.#bytes.block(number, start, bytes))
    if (JSON.stringify(batch.fields) !== JSON.stringify(fields))
      throw new DataError('STATE_SHAPE', `${where}: the checkpoint's rows have other columns than this step stores; start without it, or restore the job as it was`)
    if (batch.rowCount !== rows) throw corrupt(this.#shape, `block ${number} has ${batch.rowCount} rows, its index says ${rows}`)
    return { ...batch, fields }
  }

  /** As a run for a checkpoint: with its file the first time, then by its name. The file must stay until the checkpoint is complete. */
  run(table: string, keyGroups: StateRun['keyGroups']): StateRun {
    const pending = this.#pending
    this.#pending = undefined
    const isFile = pending !== undefined && !(pending instanceof Uint8Array)
    return { table, keyGroups, bytes: pending instanceof Uint8Array ? pending : emptyBytes, lasting: { id: this.id, ...(isFile && { file: pending.share() }) } }
  }

  /** Gives memory and disk back. */
  close(): void {
    this.#arena.release()
    this.#bytes.close()
  }
}

/** What a segment is written to. */
interface Target {
  readonly bytes: number
  append(bytes: Uint8Array): unknown
}

/** A file's parts, in memory. */
class Parts implements Target {
  readonly #parts: Uint8Array[] = []
  bytes = 0
  append(bytes: Uint8Array): void {
    this.#parts.push(bytes)
    this.bytes += bytes.length
  }
  whole(): Uint8Array {
    const whole = new Uint8Array(this.bytes)
    let at = 0
    for (const part of this.#parts) {
      whole.set(part, at)
      at += part.length
    }
    return whole
  }
}

function writeBlocks({ device }: SegmentShape, file: Target, rows: Batch, hashes: number, order: number): BlockPlace[] {
  const index: BlockPlace[] = []
  const rowBytes = Math.max(1, batchBytes(device, rows) / Math.max(1, rows.rowCount))
  const blockRows = Math.min(blockRowsMax, Math.max(64, Math.floor(blockBytes / rowBytes)))
  for (let start = 0, at = 0; start < rows.rowCount; start += blockRows) {
    const count = Math.min(blockRows, rows.rowCount - start)
    const arena = device.arena()
    try {
      const bytes = encodeRun(device, gatherBatch(device, arena, { ...rows, arena: 0 }, order + 4 * start, count))
      file.append(bytes)
      const words = device.words()
      index.push({ start: at, bytes: bytes.length, rows: count, first: words[hashes / 4 + (words[order / 4 + start]! >>> 0)]! >>> 0 })
      at += bytes.length
    } finally {
      arena.release()
    }
  }
  return index
}

function filterOf(device: Device, own: Arena, scratch: Arena, hashes: number, rows: number): Column {
  const blocks = Math.max(1, Math.ceil((rows * filterBitsPerRow) / (8 * bloomBlockBytes)))
  const values = own.allocateZeroed(blocks * bloomBlockBytes)
  addToBloom(device, widenHashes(device, scratch, hashes, rows), rows, values, blocks)
  return { type: int64, length: (blocks * bloomBlockBytes) / 8, values, validity: 0 }
}

function writeEnd(device: Device, file: Target, index: readonly BlockPlace[], filter: Column, rows: number): void {
  const arena = device.arena()
  try {
    const places = index.map(({ start, ...rest }) => ({ start: BigInt(start), ...rest }))
    const indexBytes = encodeRun(device, buildBatch(device, arena, indexFields, places, 'segment'))
    const filterBytes = encodeRun(device, { fields: filterFields, rowCount: filter.length, columns: [filter], arena: 0 })
    const trailer = new DataView(new ArrayBuffer(trailerBytes))
    trailer.setUint32(0, magic, true)
    trailer.setUint32(4, version, true)
    trailer.setFloat64(16, file.bytes, true)
    trailer.setUint32(24, indexBytes.length, true)
    trailer.setUint32(28, filterBytes.length, true)
    trailer.setFloat64(32, rows, true)
    const bytes = new Uint8Array(trailer.buffer)
    trailer.setUint32(8, crc32c(bytes.subarray(12)), true)
    file.append(indexBytes)
    file.append(filterBytes)
    file.append(bytes)
  } finally {
    arena.release()
  }
}

function readEnd(shape: SegmentShape, read: (start: number, bytes: number) => Uint8Array, size: number): { index: BlockPlace[]; filterStart: number; filterBytes: number } {
  if (size < trailerBytes) throw corrupt(shape, `${size} bytes are too few for its end`)
  const end = read(size - trailerBytes, trailerBytes)
  const trailer = new DataView(end.buffer, end.byteOffset, trailerBytes)
  if (trailer.getUint32(0, true) !== magic) throw corrupt(shape, 'it does not end with MSEG')
  if (trailer.getUint32(4, true) !== version) throw corrupt(shape, `it is of version ${trailer.getUint32(4, true)}, this Millrace reads ${version}`)
  if (trailer.getUint32(8, true) !== crc32c(end.subarray(12))) throw corrupt(shape, "its end's checksum differs")
  const [start, indexBytes, filterBytes, rows] = [trailer.getFloat64(16, true), trailer.getUint32(24, true), trailer.getUint32(28, true), trailer.getFloat64(32, true)]
  if (start + indexBytes + filterBytes + trailerBytes !== size) throw corrupt(shape, `its parts end at byte ${start + indexBytes + filterBytes + trailerBytes} of ${size}`)
  const index = readIndex(shape, read(start, indexBytes), start)
  if (index.reduce((sum, block) => sum + block.rows, 0) !== rows) throw corrupt(shape, `its blocks don't have the ${rows} rows of its end`)
  return { index, filterStart: start + indexBytes, filterBytes }
}

function readIndex(shape: SegmentShape, bytes: Uint8Array, end: number): BlockPlace[] {
  const { device } = shape
  const arena = device.arena()
  try {
    const batch = decoded(shape, arena, bytes)
    if (JSON.stringify(batch.fields) !== JSON.stringify(indexFields)) throw corrupt(shape, 'its index is none')
    const row = rowReader(device.memory, batch)
    const index = Array.from({ length: batch.rowCount }, (_, i): BlockPlace => {
      const { start, bytes: length, rows, first } = row(i) as { start: bigint; bytes: number; rows: number; first: number }
      return { start: Number(start), bytes: length, rows, first }
    })
    let at = 0
    for (const [i, block] of index.entries()) {
      if (block.start !== at || block.rows === 0 || (i > 0 && block.first < index[i - 1]!.first)) throw corrupt(shape, `its block ${i} is out of place`)
      at += block.bytes
    }
    if (at !== end) throw corrupt(shape, `its blocks end at byte ${at}, its index begins at ${end}`)
    return index
  } finally {
    arena.release()
  }
}

// A part of the segment as rows.
function decoded(shape: SegmentShape, arena: Arena, bytes: Uint8Array): Batch {
  try {
    return decodeRun(shape.device, arena, bytes)
  } catch (error) {
    throw error instanceof DataError && error.code === 'STATE_CORRUPT' ? corrupt(shape, error.message) : error
  }
}

function corrupt({ where }: SegmentShape, what: string): DataError {
  return new DataError('STATE_CORRUPT', `${where}: a segment of its state can't be read: ${what}; the checkpoint is damaged or of another version; restore an earlier one`)
}
