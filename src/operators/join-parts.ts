// Rows of one side of a join on disk, divided into parts by their keys: one file, of which each part has its blocks. Rows of small batches wait in memory
// until there are enough for a block.
import type { SpillFile } from '../base/spill.ts'
import type { Batch } from '../batch/batch.ts'
import type { Fields } from '../batch/schema.ts'
import type { KeyForm } from '../compute/join-keys.ts'
import { divideRows, joinParts } from '../compute/join-parts.ts'
import { RowStore } from '../compute/row-store.ts'
import { encodeRun } from '../state/run-codec.ts'
import type { OperatorContext } from './operator.ts'

const blockBytesMin = 16_384
const blockBytesMax = 1 << 20

/** Blocks of a file that belong together, in order of writing. */
export interface PartBlocks {
  readonly file: SpillFile
  readonly blocks: readonly number[]
}

/** What the rows of a part take on disk. */
export function bytesOfPart({ file, blocks }: PartBlocks): number {
  return blocks.reduce((sum, block) => sum + file.lengthOf(block), 0)
}

/** Takes rows and divides them by key. `level` as in `divideRows`; `bytesMax` is what may wait in memory, all parts together. */
export class PartFile {
  readonly #context: OperatorContext
  readonly #keys: readonly number[]
  readonly #forms: readonly KeyForm[]
  readonly #level: number
  readonly #blockBytes: number
  readonly #blocks: readonly number[][] = Array.from({ length: joinParts }, () => [])
  readonly file: SpillFile
  readonly #waiting: RowStore[]
  constructor(context: OperatorContext, fields: Fields, keys: readonly number[], forms: readonly KeyForm[], level: number, bytesMax: number) {
    this.#context = context
    this.#keys = keys
    this.#forms = forms
    this.#level = level
    this.#blockBytes = Math.min(blockBytesMax, Math.max(blockBytesMin, bytesMax / joinParts))
    this.file = context.spill.create()
    this.#waiting = Array.from({ length: joinParts }, () => new RowStore(context.device, fields))
  }

  add(rows: Batch): void {
    const { device } = this.#context
    const arena = device.arena()
    try {
      divideRows(device, arena, rows, this.#keys, this.#forms, this.#level).forEach((part, i) => {
        if (!part) return
        this.#waiting[i]!.append(part)
        if (this.#waiting[i]!.bytes >= this.#blockBytes) this.#flush(i)
      })
    } finally {
      arena.release()
    }
  }

  /** All parts, every row written. */
  seal(): readonly PartBlocks[] {
    this.#waiting.forEach((_, i) => this.#flush(i))
    return this.#blocks.map(blocks => ({ file: this.file, blocks }))
  }

  /** All rows, every one written, as runs. */
  *runs(): Generator<Uint8Array> {
    this.seal()
    for (let block = 0; block < this.file.blocks; block++) yield this.file.read(block)
  }

  close(): void {
    for (const rows of this.#waiting) rows.close()
    this.file.delete()
  }

  #flush(part: number): void {
    const rows = this.#waiting[part]!
    if (rows.rowCount > 0) this.#blocks[part]!.push(this.file.append(encodeRun(this.#context.device, rows.batch())))
    rows.clear()
  }
}
