// Pieces of scans read on the engine's thread, batch by batch, for feeds of files. How many rows of a piece have been given is known, so that a restart can read the
// piece again and pass those over.
import { assert } from '../base/errors.ts'
import { type Batch, releaseBatch } from '../batch/batch.ts'
import { gatherBatch } from '../compute/gather.ts'
import type { Arena } from '../device/arena.ts'
import type { FeedContext, ScanContext, SideBatch } from './source.ts'

/** Rows of a piece that were given, and of its dead letters. */
export interface PieceRows {
  readonly rows: number
  readonly letters: number
}

const none: PieceRows = { rows: 0, letters: 0 }

/** Reads one piece after the other. */
export class PieceReader {
  readonly #context: FeedContext
  #steps: Iterator<void | Promise<void>> | undefined
  #ready: (Batch | SideBatch)[] = []
  #current: Arena | undefined
  #given: PieceRows = none
  /** Rows that are yet to be passed over. */
  #passed: PieceRows = none

  constructor(context: FeedContext) {
    this.#context = context
  }

  /** Rows given of the piece at hand. */
  get given(): PieceRows {
    return this.#given
  }

  /** Begins a piece, behind what was `given` of it before; `shared` is the address of what its scan's readers share. The piece before must have ended. */
  begin(read: (context: ScanContext) => Iterable<void | Promise<void>>, given: PieceRows = none, shared = 0): void {
    assert(!this.#steps, 'a piece is begun before the last one has ended')
    const { device, where, batchRows, count } = this.#context
    this.#given = this.#passed = given
    const context: ScanContext = {
      device,
      where,
      get batchRows() {
        return batchRows()
      },
      shared,
      arena: () => {
        this.#release()
        this.#current = device.arena()
        return this.#current
      },
      emit: (batch, port) => {
        if (batch.arena === this.#current?.address) this.#current = undefined
        this.#take(batch, port)
      },
      count,
    }
    this.#steps = read(context)[Symbol.iterator]()
  }

  /** The next rows of the piece, with a reference to their arena; undefined at its end. Throws what its reader throws. */
  next(): Batch | SideBatch | undefined {
    while (this.#ready.length === 0 && this.#steps) {
      const { done, value } = this.#steps.next()
      assert(value === undefined, 'a file of this machine is waited for')
      if (done) this.#end()
    }
    const next = this.#ready.shift()
    if (!next) return undefined
    const { rows, letters } = this.#given
    this.#given = 'port' in next ? { rows, letters: letters + next.batch.rowCount } : { rows: rows + next.rowCount, letters }
    return next
  }

  close(): void {
    this.#end()
    for (const ready of this.#ready.splice(0)) releaseBatch(this.#context.device, 'port' in ready ? ready.batch : ready)
  }

  #take(batch: Batch, port: string | undefined): void {
    const { rows, letters } = this.#passed
    const passed = Math.min(port === undefined ? rows : letters, batch.rowCount)
    this.#passed = port === undefined ? { rows: rows - passed, letters } : { rows, letters: letters - passed }
    if (passed === batch.rowCount) return releaseBatch(this.#context.device, batch)
    const rest = passed === 0 ? batch : this.#behind(batch, passed)
    this.#ready.push(port === undefined ? rest : { port, batch: rest })
  }

  #behind(batch: Batch, start: number): Batch {
    const { device } = this.#context
    const arena = device.arena()
    arena.hold(batch.arena)
    const count = batch.rowCount - start
    const indices = arena.allocate(4 * count)
    device.memory.uint32s(indices, count).set(Uint32Array.from({ length: count }, (_, i) => start + i))
    return { ...gatherBatch(device, arena, batch, indices, count), arena: arena.address }
  }

  #end(): void {
    this.#steps?.return?.()
    this.#steps = undefined
    this.#release()
  }

  // A reader may give an arena back itself.
  #release(): void {
    if (this.#current && !this.#current.isReleased) this.#current.release()
    this.#current = undefined
  }
}
