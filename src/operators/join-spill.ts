// A join whose right side lies on disk (a grace hash join; Kitsuregawa et al., 1983): left rows are divided by the same hash, then joined part by part. A part
// that is still too large is divided again by the next bits; one that division doesn't make smaller, since a key is too frequent, is joined piece
// by piece: each piece of the right side meets all left rows of the part, whose hits are remembered until the last piece. Every instance joins its own
// left rows; right rows that nothing met are emitted by the instance that is done last.
import type { SpillFile } from '../base/spill.ts'
import { keyGroupCount } from '../base/hash.ts'
import type { Batch } from '../batch/batch.ts'
import { column } from '../batch/batch.ts'
import { markedMask, passMarks, rowsByMark } from '../compute/join-match.ts'
import { joinLevelsMax } from '../compute/join-parts.ts'
import { ChunkStore } from '../compute/join-store.ts'
import { buildOrdered } from '../compute/join-sorted.ts'
import type { TableData } from '../compute/join-table.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { rowField, type SpilledSide } from './join-build.ts'
import type { JoinOutput } from './join-output.ts'
import { bytesOfPart, type PartBlocks, PartFile } from './join-parts.ts'
import { emitApart, type OperatorContext, type Output } from './operator.ts'

// A block on disk takes about this many times its bytes as rows of a table.
const bytesInMemory = 2
// Less than this is not worth another division.
const partBytesMin = 65_536

interface Part {
  readonly right: PartBlocks
  readonly left: PartBlocks
  readonly level: number
}

/** The left side of such a join, in one instance. */
export class SpilledJoin {
  readonly #context: OperatorContext
  readonly #output: JoinOutput
  readonly #side: SpilledSide
  readonly #right: readonly PartBlocks[]
  readonly #file: SpillFile
  readonly #left: PartFile
  readonly #bytesMax: number
  #pieces: Generator<void> | undefined
  #out: Output | undefined
  constructor(context: OperatorContext, output: JoinOutput, side: SpilledSide) {
    this.#context = context
    this.#output = output
    this.#side = side
    this.#file = context.spill.open(side.file)
    this.#right = side.parts.map(blocks => ({ file: this.#file, blocks }))
    this.#bytesMax = Math.max(partBytesMin, side.bytesMax / context.parallelism)
    this.#left = new PartFile(context, output.own, output.keys, side.forms, 0, this.#bytesMax / 2)
  }

  /** Takes left rows: the visible columns. */
  add(rows: Batch): void {
    this.#left.add(rows)
  }

  /** Emits a piece of the result; true while there is more. Once all left rows have been added. */
  drain(out: Output): boolean {
    this.#out = out
    this.#pieces ??= this.#joinAll()
    return this.#pieces.next().done !== true
  }

  snapshot(): StateRun[] {
    return [...this.#left.runs()].map(bytes => ({ table: 'left', keyGroups: { start: 0, end: keyGroupCount }, bytes }))
  }

  close(): void {
    this.#pieces?.return(undefined)
    this.#left.close()
    this.#file.delete()
  }

  *#joinAll(): Generator<void> {
    const left = this.#left.seal()
    for (const [i, right] of this.#right.entries()) yield* this.#joinPart({ right, left: left[i]!, level: 0 })
    const { device, parallelism } = this.#context
    if (!this.#output.emitsStored) return
    if (Atomics.add(device.words(), this.#side.counter / 4, 1) === parallelism - 1) yield* this.#emitStored()
  }

  *#joinPart(part: Part): Generator<void> {
    const { right, left, level } = part
    if (left.blocks.length === 0) return
    if (bytesInMemory * bytesOfPart(right) <= this.#bytesMax || right.blocks.length <= 1) {
      yield* this.#withTable(right, table => this.#joinBlocks(left, table))
      return
    }
    if (this.#side.keys.length === 0 || level >= joinLevelsMax) yield* this.#joinUndivided(part)
    else yield* this.#divide(part)
  }

  *#divide({ right, left, level }: Part): Generator<void> {
    const fields = [...this.#output.stored, rowField]
    const rightParts = new PartFile(this.#context, fields, this.#side.keys, this.#side.forms, level + 1, this.#bytesMax / 2)
    const leftParts = new PartFile(this.#context, this.#output.own, this.#output.keys, this.#side.forms, level + 1, this.#bytesMax / 2)
    try {
      for (const [file, parts] of [[right, rightParts], [left, leftParts]] as const) for (let i = 0; i < file.blocks.length; i++) this.#withBlock(file, i, rows => parts.add(rows))
      const [rights, lefts] = [rightParts.seal(), leftParts.seal()]
      for (const [i, file] of rights.entries()) {
        const part = { right: file, left: lefts[i]!, level: level + 1 }
        // All in one part again: one key, or few.
        if (bytesOfPart(file) > 0.9 * bytesOfPart(right)) yield* this.#joinUndivided(part)
        else yield* this.#joinPart(part)
      }
    } finally {
      rightParts.close()
      leftParts.close()
    }
  }

  // The nearest row is known only beside all others.
  *#joinUndivided(part: Part): Generator<void> {
    if (this.#side.time) yield* this.#withTable(part.right, table => this.#joinBlocks(part.left, table))
    else yield* this.#joinByPieces(part)
  }

  *#joinBlocks(left: PartBlocks, table: TableData): Generator<void> {
    const { kind } = this.#output
    for (let block = 0; block < left.blocks.length; block++) {
      this.#withBlock(left, block, rows => emitApart(this.#context, () => this.#output.join(rows, table, kind, this.#out!)))
      yield
    }
  }

  *#joinByPieces({ right, left }: Part): Generator<void> {
    const { device } = this.#context
    const { kind } = this.#output
    const hits: Uint8Array[] = []
    const marksStored = kind === 'storedSemi' || kind === 'storedAnti'
    const emitsPairs = kind !== 'semi' && kind !== 'anti'
    const bytesAt = (i: number) => bytesInMemory * right.file.lengthOf(right.blocks[i]!)
    for (let start = 0; start < right.blocks.length; ) {
      let end = start
      for (let bytes = 0; end < right.blocks.length && (end === start || bytes + bytesAt(end) <= this.#bytesMax); end++) bytes += bytesAt(end)
      const output = this.#output
      const context = this.#context
      const out = this.#out!
      const each = (block: number, table: TableData) =>
        this.#withBlock(left, block, (rows, arena) => {
          const marks = arena.allocateZeroed(rows.rowCount)
          if (hits[block]) device.memory.write(marks, hits[block]!)
          if (emitsPairs) emitApart(context, () => output.join(rows, table, marksStored ? kind : 'inner', out, marks))
          else output.mark(rows, table, marks)
          hits[block] = device.memory.bytes(marks, rows.rowCount).slice()
        })
      yield* this.#withTable({ file: right.file, blocks: right.blocks.slice(start, end) }, function* (table) {
        for (let block = 0; block < left.blocks.length; block++) {
          each(block, table)
          yield
        }
      })
      start = end
    }
    if (kind === 'inner' || kind === 'right' || marksStored) return
    for (let block = 0; block < left.blocks.length; block++) {
      this.#withBlock(left, block, (rows, arena) => {
        const marks = arena.allocateZeroed(rows.rowCount)
        if (hits[block]) device.memory.write(marks, hits[block]!)
        const mask = markedMask(device, arena, marks, rows.rowCount, kind === 'semi')
        emitApart(this.#context, () => this.#output.emitOwn(rows, mask, this.#out!))
      })
      yield
    }
  }

  // Right rows as a table; those that were met are told to the others.
  *#withTable(right: PartBlocks, use: (table: TableData) => Generator<void>): Generator<void> {
    const { device } = this.#context
    const { keys, forms, marks, time, range } = this.#side
    const store = new ChunkStore(device, [...this.#output.stored, rowField])
    const holder = device.arena()
    try {
      for (let block = 0; block < right.blocks.length; block++) this.#withBlock(right, block, rows => store.add(rows))
      const table = buildOrdered(device, store, keys, forms, { marks: marks !== 0, ...(time && { time }), ...(range && { range }) })
      holder.hold(table.arena)
      yield* use(table)
      this.#output.completeMarks(table)
      if (marks !== 0) passMarks(device, table, this.#output.stored.length, marks)
    } finally {
      store.close()
      holder.release()
    }
  }

  *#emitStored(): Generator<void> {
    const { device } = this.#context
    for (const part of this.#right) {
      for (let block = 0; block < part.blocks.length; block++) {
        this.#withBlock(part, block, (rows, arena) => {
          const mask = rowsByMark(device, arena, column(rows, rowField.name, 'join'), this.#side.marks, this.#output.kind === 'storedSemi')
          emitApart(this.#context, () => this.#output.emitSpilled(rows, mask, this.#out!))
        })
        yield
      }
    }
  }

  #withBlock({ file, blocks }: PartBlocks, block: number, use: (rows: Batch, arena: Arena) => void): void {
    const arena = this.#context.device.arena()
    try {
      use(decodeRun(this.#context.device, arena, file.read(blocks[block]!)), arena)
    } finally {
      arena.release()
    }
  }
}
