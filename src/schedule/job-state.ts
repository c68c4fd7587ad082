// Where a job's state comes from and goes to: its checkpoint store, the checkpoint to go on from, its audit log. What only some jobs need is
// loaded with the first of them.
import type { Clock } from '../base/clock.ts'
import { PlanError } from '../base/errors.ts'
import type { SecretLike } from '../base/secret.ts'
import type { AuditLog } from '../storage/audit-log.ts'
import type { Checkpoint, CheckpointStore } from '../storage/checkpoint-store.ts'
import { localDirectory } from '../storage/directory.ts'
import type { FileCalls } from '../storage/file-calls.ts'

/** What a run's options say of its state. */
export interface StateOptions {
  readonly checkpoint?: { readonly dir: string; readonly encrypt?: SecretLike; readonly fallback?: boolean }
  readonly restore?: string
}

/** The state of a job that is about to start. */
export interface OpenState {
  readonly store?: CheckpointStore
  /** Verified; none where the job starts afresh. */
  readonly checkpoint?: Checkpoint
  /** Above every epoch that was made before. */
  readonly firstEpoch: number
  /** Present where `restore` names a folder: makes its checkpoint the store's newest. */
  readonly rewind?: () => Promise<void>
}

/** Opens and locks the store and finds the checkpoint; `calls` are of another disk than the machine's. Throws PlanError RESTORE, and as `openCheckpointStore`, `newest` and `readSavepoint` do. */
export async function openState({ checkpoint: kept, restore }: StateOptions, job: string, clock: Clock, calls?: FileCalls): Promise<OpenState> {
  const from = restore === undefined || restore === 'none' ? undefined : restore
  if (!kept) {
    if (from === undefined) return { firstEpoch: 1 }
    throw new PlanError('RESTORE', `restore: '${from}' without checkpoint: a job that goes on from a savepoint must keep state; add checkpoint: { dir } (--checkpoint DIR)`)
  }
  const { openCheckpointStore } = await import('../storage/checkpoint-store.ts')
  const store = await openCheckpointStore({ directory: localDirectory(kept.dir, calls), job, encrypt: kept.encrypt, clock })
  try {
    const firstEpoch = await store.nextEpoch()
    if (from === undefined) return { store, checkpoint: restore === 'none' ? undefined : await store.newest({ fallback: kept.fallback }), firstEpoch }
    const place = localDirectory(from, calls)
    const checkpoint = await store.readSavepoint(place)
    return { store, checkpoint, firstEpoch: Math.max(firstEpoch, checkpoint.manifest.epoch + 1), rewind: () => store.rewindTo(checkpoint, place) }
  } catch (error) {
    // What went wrong first is what is told.
    await store.close().catch(() => {})
    throw error
  }
}

/** Opens the audit log in `dir`. */
export async function openAudit(dir: string, job: string, clock: Clock): Promise<AuditLog> {
  const { openAuditLog } = await import('../storage/audit-log.ts')
  return openAuditLog(localDirectory(dir), job, clock)
}
