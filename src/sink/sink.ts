// The contract of sinks, built-in and users'. All calls come from the engine's thread, one at a time, in order:
// open, (write*, prepare, commit)*, close. What was written but not committed must not be visible (transactional), or may be repeated (idempotent, append).
import type { Clock } from '../base/clock.ts'
import type { Json } from '../base/json.ts'
import type { Topics } from '../base/topic.ts'
import type { BatchView } from '../batch/batch-view.ts'
import type { Fields } from '../batch/schema.ts'
import type { Device } from '../device/device.ts'
import type { RowsEncoder } from './encoded-rows.ts'
import type { OutputCalls } from './output-calls.ts'

/** What rerunning an epoch does outside: 'append' repeats rows, 'idempotent' overwrites them by key, 'transactional' shows each epoch once. */
export type Delivery = 'append' | 'idempotent' | 'transactional'

/** What a sink may use. */
export interface SinkContext {
  readonly device: Device
  readonly clock: Clock
  readonly fields: Fields
  readonly where: string
  /** The job's name and this sink's name in it: stable across restarts (transactional ids, file names). */
  readonly job: string
  readonly sink: string
  readonly signal: AbortSignal
  /** In-process topics, where the engine has them. */
  readonly topics?: Topics
  /** The calls on files, where they aren't the machine's own. */
  readonly files?: OutputCalls
  /**
   * Present when a checkpoint was restored: its epoch, and what `prepare` returned for it, to be committed again (it may have been already). `rewind`: someone
   * chose this one, and later epochs may be visible; a sink that can undo them does.
   */
  readonly resumed?: { readonly epoch: number; readonly handle: Json; readonly rewind?: true }
  /** The first epoch of this run. */
  readonly epoch: number
  /** The job keeps no checkpoints: no later process asks for what was prepared and not committed. */
  readonly keepsNothing?: true
  count(metric: string, by: number): void
}

/** What is known of an epoch's end. `last`: nothing comes behind it in this run. `finished`: nor ever, since the input has ended. */
export interface EpochEnd {
  readonly last: boolean
  readonly finished: boolean
}

/** An open sink. */
export interface SinkWriter {
  /** Takes a batch, valid until the promise settles. */
  write(batch: BatchView, at: { epoch: number }): Promise<void>
  /** The watermark (epoch milliseconds) has come this far: rows behind it are late. Not told of what comes of no watermark, and not at the end. */
  advance?(watermark: number): void | Promise<void>
  /** Makes all of `epoch` durable but not yet visible; the result is stored in the checkpoint and handed to `commit` (after a crash: of the next process). */
  prepare?(epoch: number, end?: EpochEnd): Promise<Json>
  /** Makes `epoch` visible. Called after the checkpoint is durable; may be called again for the same epoch after a restart. */
  commit?(epoch: number, handle: Json): Promise<void>
  /** Frees everything. `failed`: uncommitted output is to be undone where possible. */
  close?(failed: boolean): Promise<void>
}

/**
 * How a sink takes changes: one by one; only the rows that hold when the input has ended; or a row for each key, columns free of nulls: then the rows of a key come in order, of those that hold
 * together the latest one is the key's, and a row that is deleted is the key's end.
 */
export type TakesChanges = 'each' | 'net' | { readonly key: readonly string[] }

/** A kind of sink. `O`: options; plain data, but for users' own sinks. */
export interface SinkType<O = unknown> {
  readonly kind: string
  delivery(options: O): Delivery
  /** Throws PlanError when the rows can't be written this way. */
  check(options: O, fields: Fields, where: string): void
  /** How it takes rows that may change earlier ones (`$change`, batch/change.ts); a plan whose rows change before a sink that doesn't is refused. */
  takesChanges?(options: O): TakesChanges | undefined
  open(context: SinkContext, options: O): Promise<SinkWriter>
  /**
   * For sinks whose rows may be encoded before they come, in the workers that make them: how. The writer then gets encoded batches (encoded-rows.ts) wherever
   * its rows come from workers. Undefined where these options don't allow it.
   */
  encoder?(options: O): ((device: Device, fields: Fields) => RowsEncoder) | undefined
  describe(options: O): string
}
