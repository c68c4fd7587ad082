// Sinks that users write: one object with `write` and, for exactly-once, `prepare` and `commit` by epoch.
import { asError, ConnectorError, MillraceError, PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { BatchView } from '../batch/batch-view.ts'
import type { Delivery, SinkType } from './sink.ts'

/** A sink of one's own. What the promises of `delivery` mean: see `Delivery`. A transactional sink needs `commit`. */
export interface UserSink {
  readonly name: string
  readonly delivery: Delivery
  /**
   * How it takes rows that change earlier ones: true: one by one, `batch.changes` says what each is; 'net': only the rows that hold when the input has ended. Unless said
   * such rows are refused when the plan is made.
   */
  readonly changes?: boolean | 'net'
  open?(at: { job: string; epoch: number; resumed?: { epoch: number; handle: Json } }): Promise<void> | void
  write(batch: BatchView, at: { epoch: number }): Promise<void> | void
  /** Makes the epoch durable, not yet visible; the result (plain data) is stored in the checkpoint and handed to `commit`. */
  prepare?(epoch: number): Promise<Json> | Json
  commit?(epoch: number, handle: Json): Promise<void> | void
  close?(failed: boolean): Promise<void> | void
}

/** The sink behind `frame.to(sink({ … }))`. Errors thrown inside become ConnectorError USER_SINK with the original as cause. */
export const userSink: SinkType<UserSink> = {
  kind: 'user',
  delivery: options => options.delivery,
  takesChanges: ({ changes }) => (changes === 'net' ? 'net' : changes ? 'each' : undefined),
  check(options, _, where) {
    if (options.delivery === 'transactional' && !options.commit) throw new PlanError('SINK_COMMIT', `${where}: sink "${options.name}" is transactional but has no commit(epoch); add it, or declare it 'idempotent' or 'append'`)
  },
  async open(context, options) {
    const guarded = async <T>(what: string, call: () => T | Promise<T>): Promise<T> => {
      try {
        return await call()
      } catch (thrown) {
        if (thrown instanceof MillraceError) throw thrown
        const error = asError(thrown)
        throw new ConnectorError('USER_SINK', `${context.where}: ${what} of sink "${options.name}" threw: ${error.message}; catch what can be retried inside it`, { cause: error })
      }
    }
    await guarded('open', () => options.open?.({ job: context.job, epoch: context.epoch, resumed: context.resumed }))
    return {
      write: (batch, at) => guarded('write', () => options.write(batch, at)),
      prepare: epoch => guarded('prepare', () => options.prepare?.(epoch) ?? null),
      commit: (epoch, handle) => guarded('commit', () => options.commit?.(epoch, handle)),
      close: failed => guarded('close', () => options.close?.(failed)),
    }
  },
  describe: options => `sink "${options.name}" (${options.delivery})`,
}
