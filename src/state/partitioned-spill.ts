// Rows on disk by the hash of their keys: what is too much for memory as a whole fits part by part, since rows with the same keys are in the same part.
// A part that still is too large is split again by further bits of the hash (a higher level).
import type { SpillFile, SpillStore } from '../base/spill.ts'
import { keyGroupCount, keyGroupRange } from '../base/hash.ts'
import { type Batch, sliceBatch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import { gatherBatch } from '../compute/gather.ts'
import { hashKeys } from '../compute/hash.ts'
import { rowsByPart } from '../compute/partition.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { readSpillBlock, writeSpillBlock } from './spill-block.ts'

/** What rows are spilled. `level` 0 splits the key groups of instance `instance` of `parallelism`; higher ones split one part of the level below. */
export interface PartitionedSpillOptions {
  readonly device: Device
  readonly spill: SpillStore
  readonly fields: Fields
  readonly keys: readonly string[]
  readonly instance: number
  readonly parallelism: number
  readonly level: number
  /** For errors. */
  readonly where: string
}

/** Beyond this level no bits of the hash are left. */
export const spillLevelMax = 5
const partsMax = 32
const partBits = 5
const keyGroupBits = 7
/** Rows that are split at once. */
const sliceRows = 65_536

/** Rows in parts. Owns a file until `close`. */
export class PartitionedSpill {
  readonly #options: PartitionedSpillOptions
  readonly #file: SpillFile
  /** The part of each value of the seven hash bits of this level. */
  readonly #partOf: Uint8Array
  readonly #blocks: number[][]
  constructor(options: PartitionedSpillOptions) {
    this.#options = options
    this.#file = options.spill.create()
    const { start, end } = options.level === 0 ? keyGroupRange(options.instance, options.parallelism) : { start: 0, end: keyGroupCount }
    const parts = Math.max(1, Math.min(partsMax, end - start))
    this.#partOf = Uint8Array.from({ length: keyGroupCount }, (_, bits) => Math.floor((Math.min(Math.max(0, bits - start), end - start - 1) * parts) / Math.max(1, end - start)))
    this.#blocks = Array.from({ length: parts }, () => [])
  }

  get level(): number {
    return this.#options.level
  }
  /** Parts, some of which may be empty. */
  get partCount(): number {
    return this.#blocks.length
  }

  /** Writes rows; they are not needed afterwards. Throws as `SpillFile`. */
  add(batch: Batch): void {
    for (let start = 0; start < batch.rowCount; start += sliceRows) {
      const arena = this.#options.device.arena()
      try {
        this.#split(arena, batch.rowCount <= sliceRows ? batch : sliceBatch(batch, start, Math.min(batch.rowCount, start + sliceRows)))
      } finally {
        arena.release()
      }
    }
  }

  /** The batches of a part, each in an arena of its own that dies when the next one is asked for. */
  *read(part: number): Generator<Batch, void> {
    for (const block of this.#blocks[part]!) {
      const arena = this.#options.device.arena()
      try {
        yield readSpillBlock(this.#options.device, arena, this.#file, block, this.#options.fields)
      } finally {
        arena.release()
      }
    }
  }

  /** Gives the disk back. */
  close(): void {
    this.#file.delete()
  }

  #split(arena: Arena, batch: Batch): void {
    const { device, keys, level, where } = this.#options
    const hashes = hashKeys(device, arena, batch, keys, where)
    if (level > 0) {
      const shift = keyGroupBits + partBits * (level - 1)
      const words = device.memory.uint32s(hashes, batch.rowCount)
      for (let row = 0; row < words.length; row++) words[row]! <<= shift
    }
    rowsByPart(device, arena, hashes, batch.rowCount, this.#partOf, this.#blocks.length).forEach(({ indices, rows }, part) => {
      if (rows > 0) this.#write(part, batch, indices, rows)
    })
  }

  #write(part: number, batch: Batch, indices: number, rows: number): void {
    const { device } = this.#options
    const arena = device.arena()
    try {
      const gathered = rows === batch.rowCount ? batch : gatherBatch(device, arena, { ...batch, arena: 0 }, indices, rows)
      this.#blocks[part]!.push(writeSpillBlock(device, this.#file, gathered))
    } finally {
      arena.release()
    }
  }
}
