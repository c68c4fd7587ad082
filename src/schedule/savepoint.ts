// A savepoint on its way: the checkpoint of one epoch, copied to a folder of its own once it is committed and before retention could take it.
import { AssertionError, asError, PlanError } from '../base/errors.ts'
import type { StorageDirectory } from '../base/storage.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import type { CheckpointStore } from '../storage/checkpoint-store.ts'

/** A complete savepoint: a checkpoint that lies by itself, may be moved, and is never removed by the job. */
export interface Savepoint {
  readonly epoch: number
  /** What `restore` takes. */
  readonly path: string
  readonly files: number
  readonly bytes: number
}

/** One savepoint that was asked for. */
export class SavepointRun {
  readonly #store: CheckpointStore
  readonly #target: StorageDirectory
  readonly #audit: AuditLog | undefined
  #made: Savepoint | undefined
  #failure: Error | undefined

  private constructor(store: CheckpointStore, target: StorageDirectory, audit: AuditLog | undefined) {
    this.#store = store
    this.#target = target
    this.#audit = audit
  }

  /** Looks at the folder. Throws PlanError SAVEPOINT_STATE where the job keeps no checkpoints; ConnectorError SAVEPOINT_EXISTS, DISK_…. */
  static async open(job: string, store: CheckpointStore | undefined, target: StorageDirectory, audit?: AuditLog): Promise<SavepointRun> {
    if (!store)
      throw new PlanError('SAVEPOINT_STATE', `${job}: the job keeps no state on disk, so there is nothing to make a savepoint of; start it with checkpoint: { dir } (--checkpoint DIR)`)
    await store.checkTarget(target)
    return new SavepointRun(store, target, audit)
  }

  /** Copies the epoch's checkpoint. A failure is told by `result`: the job goes on. */
  readonly keep = async (epoch: number): Promise<void> => {
    try {
      const size = await this.#store.copyTo(epoch, this.#target)
      this.#made = { epoch, path: this.#target.location, ...size }
      await this.#audit?.record('savepoint', { epoch, path: this.#target.location })
    } catch (error) {
      this.#failure = asError(error)
    }
  }

  /** The savepoint, once its epoch is done. Throws what copying threw. */
  result(): Savepoint {
    if (this.#failure) throw this.#failure
    if (!this.#made) throw new AssertionError('ASSERT', 'millrace: a savepoint was asked for and its epoch never kept; this is a fault in Millrace, please report it')
    return this.#made
  }
}
