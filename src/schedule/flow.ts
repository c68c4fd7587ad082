// What flows between the parts of a running job, and who takes it. Items of one producer arrive in order; batches carry their references.
import type { PackedBatch } from '../batch/pack-batch.ts'

/** A batch (by reading instance) with the watermark behind it; the epoch's barrier; the end. `sinceMs`: when its source began to read what it came of, by the clock's elapsed time. */
export type Item =
  | { readonly kind: 'batch'; readonly parts: readonly (PackedBatch | null)[] | null; readonly watermark?: number; readonly sinceMs?: number }
  | { readonly kind: 'barrier'; readonly barrier: Barrier }
  | { readonly kind: 'end' }

/** Separates what belongs to an epoch from what follows. `final`: nothing follows. `finished`: the end of all input comes before it. */
export interface Barrier {
  readonly epoch: number
  readonly final: boolean
  readonly finished: boolean
  /** Operators freeze their state (a checkpoint is being made). */
  readonly snapshot: boolean
}

/** A reader of items: a stage or a sink. */
export interface Consumer {
  enqueue(item: Item, port: number): void
  /** False while its queue for `port` is full: the producer should take no further work. */
  hasRoom(port: number): boolean
  /** False once nothing it could be given changes any result. */
  wanted(): boolean
}

/** Items that a port's queue holds before its producers pause. */
export const queueItemsMax = 8

/** A consumer together with the port it is reached by. */
export interface Target {
  readonly consumer: Consumer
  readonly port: number
}
