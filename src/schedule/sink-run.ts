// A sink at work: writes batches one after the other, makes each epoch durable at its barrier, and makes it visible when the job says
// that the checkpoint is durable. Calls into the sink never overlap.
import type { Clock } from '../base/clock.ts'
import { asError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { nextTurn } from '../base/turn.ts'
import { BatchView } from '../batch/batch-view.ts'
import { arenaOf, unpackBatch } from '../batch/pack-batch.ts'
import type { Fields } from '../batch/schema.ts'
import { madeIn } from '../compute/coded.ts'
import { releaseArena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import type { SinkWriter } from '../sink/sink.ts'
import type { BatchesInFlight } from './batches-in-flight.ts'
import { type Barrier, type Consumer, type Item, queueItemsMax } from './flow.ts'
import type { StepTotals } from './messages.ts'
import type { StageMetrics } from './metrics.ts'

/** What a sink tells the job. */
export interface SinkListener {
  readonly batches: BatchesInFlight
  readonly clock: Clock
  failed(error: Error): void
  prepared(sink: string, barrier: Barrier, handle: Json): void
  /** `sinceMs`: when a source began to read what they came of. */
  rowsWritten(rows: number, sinceMs: number | undefined): void
  moved(): void
}

type Work = Item | { kind: 'commit'; epoch: number; handle: Json; done: (error?: Error) => void }

/** A running sink. */
export class SinkRun implements Consumer {
  readonly id: string
  readonly #device: Device
  readonly #fields: Fields
  readonly #writer: SinkWriter
  readonly #listener: SinkListener
  readonly #queue: Work[] = []
  readonly totals: StepTotals = { rows: 0, rowsOut: 0, bytesOut: 0, ms: 0, spilledBytes: 0 }
  #epoch: number
  #busy = false
  #failed = false

  constructor(id: string, device: Device, fields: Fields, writer: SinkWriter, epoch: number, listener: SinkListener) {
    this.id = id
    this.#device = device
    this.#fields = fields
    this.#writer = writer
    this.#epoch = epoch
    this.#listener = listener
  }

  enqueue(item: Item): void {
    if (this.#failed) this.#release(item)
    else if (item.kind === 'barrier' || item.kind === 'end' || item.parts || (this.#writer.advance && item.watermark !== undefined)) {
      if (item.kind === 'batch' && item.parts) this.#listener.batches.enter(item, item.parts)
      this.#queue.push(item)
      this.#pump()
    }
  }

  hasRoom(): boolean {
    return this.#queue.length < queueItemsMax
  }

  /** True when nothing is being written. */
  quiet(): boolean {
    return !this.#busy
  }

  /** As of now. */
  metrics(): StageMetrics {
    return { steps: [this.id], instances: 1, working: this.#busy ? 1 : 0, queueFill: Math.min(1, this.#queue.length / queueItemsMax), isHeld: false }
  }

  wanted(): boolean {
    return !this.#failed
  }

  /** Makes an epoch visible; resolves when that is done. */
  commit(epoch: number, handle: Json): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ kind: 'commit', epoch, handle, done: error => (error ? reject(error) : resolve()) })
      this.#pump()
    })
  }

  /** Ends the sink. `failed` undoes what was not committed. */
  async close(failed: boolean): Promise<void> {
    this.abandon()
    while (this.#busy) await nextTurn()
    await this.#writer.close?.(failed)
  }

  /** Takes nothing more and releases what is queued. */
  abandon(): void {
    this.#failed = true
    for (const work of this.#queue.splice(0)) {
      if (work.kind === 'commit') work.done(new Error('the run has ended'))
      else this.#release(work)
    }
  }

  async #pump(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      for (let work = this.#queue.shift(); work; work = this.#queue.shift()) {
        const begun = this.#listener.clock.elapsed()
        await this.#do(work)
        this.totals.ms += this.#listener.clock.elapsed() - begun
        this.#listener.moved()
      }
    } catch (error) {
      this.#failed = true
      this.#listener.failed(asError(error))
    } finally {
      this.#busy = false
    }
  }

  async #do(work: Work): Promise<void> {
    if (work.kind === 'batch') await this.#write(work)
    else if (work.kind === 'barrier') {
      const { barrier } = work
      const handle = (await this.#writer.prepare?.(barrier.epoch, { last: barrier.final || barrier.finished, finished: barrier.finished })) ?? null
      this.#epoch = barrier.epoch + 1
      this.#listener.prepared(this.id, barrier, handle)
    } else if (work.kind === 'commit') {
      try {
        await this.#writer.commit?.(work.epoch, work.handle)
        work.done()
      } catch (error) {
        work.done(asError(error))
        throw error
      }
    }
  }

  async #write(item: Extract<Item, { kind: 'batch' }>): Promise<void> {
    for (const part of item.parts ?? []) {
      if (!part) continue
      const arena = this.#device.arena()
      arena.hold(arenaOf(part))
      try {
        const batch = unpackBatch(part, this.#fields, madeIn(this.#device, arena))
        await this.#writer.write(new BatchView(this.#device, { ...batch, arena: arena.address }), { epoch: this.#epoch })
        this.totals.rows += batch.rowCount
        this.#listener.rowsWritten(batch.rowCount, item.sinceMs)
      } finally {
        arena.release()
      }
    }
    if (item.parts) this.#listener.batches.leave(item)
    if (item.watermark !== undefined) await this.#writer.advance?.(item.watermark)
  }

  #release(item: Item): void {
    if (item.kind === 'batch') for (const part of item.parts ?? []) if (part) releaseArena(this.#device, part[1]!)
  }
}
