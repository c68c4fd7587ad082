// The checkpoints of one job: `<dir>/<job>/epoch-<n>/{<runs>, manifest.json}`. The scheduler begins an epoch, writes the frozen state of every
// instance, and completes it; at start the newest complete one is checked byte by byte before anything is restored from it.
import { type Clock, systemClock } from '../base/clock.ts'
import { assert, ConnectorError, DataError, PlanError } from '../base/errors.ts'
import { limiter } from '../base/limit.ts'
import type { SecretLike } from '../base/secret.ts'
import type { StorageDirectory, StorageLock } from '../base/storage.ts'
import type { StateRun } from '../state/state-run.ts'
import { type CheckpointManifest, decodeManifest, manifestFile, type RunEntry, sha256, whatToDo } from './checkpoint-manifest.ts'
import { CheckpointWriter } from './checkpoint-writer.ts'
import { createSealer, type Sealer } from './encryption.ts'

const writesMaxDefault = 4
const lockName = 'lock'

/** Where and how a job's checkpoints are kept. */
export interface CheckpointStoreOptions {
  readonly directory: StorageDirectory
  /** The job's name: a folder in the directory, and part of what encryption authenticates. */
  readonly job: string
  /** Encrypts every file: 32 bytes as hex or base64, or a passphrase. */
  readonly encrypt?: SecretLike
  /** Files written at once; 4 by default. */
  readonly writesMax?: number
  readonly clock?: Clock
}

/** A complete checkpoint that was found intact. */
export interface Checkpoint {
  readonly manifest: CheckpointManifest
  /** For messages, and for `restore:` of another run. */
  readonly path: string
  /** Newer complete checkpoints that were passed over because they are damaged (only with `fallback`). */
  readonly skipped: readonly { readonly epoch: number; readonly reason: string }[]
  /** The runs of an operator; those outside [start, end) of the key groups are left out. Throws DataError CHECKPOINT_CORRUPT. */
  readRuns(nodeId: string, keyGroups?: { start: number; end: number }): Promise<StateRun[]>
}

/** Opens a job's store and locks it. Throws ConnectorError CHECKPOINT_LOCKED naming the process, DISK_…; PlanError JOB_NAME, SECRET, KEY_WEAK. */
export async function openCheckpointStore(options: CheckpointStoreOptions): Promise<CheckpointStore> {
  const folder = jobFolder(options.job)
  const sealer = options.encrypt === undefined ? undefined : createSealer(options.encrypt, 'checkpoint.encrypt')
  let lock: StorageLock
  try {
    lock = await options.directory.lock(`${folder}/${lockName}`)
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'LOCKED') throw error
    throw new ConnectorError('CHECKPOINT_LOCKED', `checkpoint of job "${options.job}": ${error.message}`, { cause: error, retryable: true })
  }
  try {
    await options.directory.sweep(folder)
  } catch (error) {
    await lock.release().catch(() => {})
    throw error
  }
  return new CheckpointStore(options, folder, sealer, lock)
}

/** A job's checkpoints, locked for this process until `close`. */
export class CheckpointStore {
  readonly #options: CheckpointStoreOptions
  readonly #folder: string
  readonly #sealer: Sealer | undefined
  readonly #lock: StorageLock
  readonly #limit
  #writing: number | undefined

  /** Use `openCheckpointStore`. */
  constructor(options: CheckpointStoreOptions, folder: string, sealer: Sealer | undefined, lock: StorageLock) {
    this.#options = options
    this.#folder = folder
    this.#sealer = sealer
    this.#lock = lock
    this.#limit = limiter(options.writesMax ?? writesMaxDefault)
  }

  /** The number for the next epoch: above every one that lies in the directory, also above damaged and unfinished ones. */
  async nextEpoch(): Promise<number> {
    return Math.max(0, ...(await this.#folders())) + 1
  }

  /** Starts an epoch, numbered above all complete ones; an unfinished one of its number is removed. Throws ConnectorError DISK_…. */
  async begin(epoch: number): Promise<CheckpointWriter> {
    const { directory, job, clock = systemClock } = this.#options
    const newest = (await this.epochs())[0] ?? 0
    assert(epoch > newest, `epoch ${epoch} begins after epoch ${newest} is complete`)
    const folder = this.#epochFolder(epoch)
    this.#writing = epoch
    await directory.remove(folder)
    return new CheckpointWriter({ directory, job, epoch, folder, clock, sealer: this.#sealer, limit: this.#limit })
  }

  /** The epochs with a manifest, the newest first. Not verified. */
  async epochs(): Promise<number[]> {
    const found: number[] = []
    for (const epoch of await this.#folders()) {
      if ((await this.#options.directory.size(`${this.#epochFolder(epoch)}/${manifestFile}`)) !== undefined) found.push(epoch)
    }
    return found.sort((a, b) => b - a)
  }

  /**
   * The newest complete checkpoint, every byte of it verified; undefined where there is none. A damaged one is refused with DataError
   * CHECKPOINT_CORRUPT or SEAL_BROKEN naming the file; with `fallback` the next older one is taken. A wrong key is always refused.
   */
  async newest(options: { fallback?: boolean } = {}): Promise<Checkpoint | undefined> {
    const skipped: { epoch: number; reason: string }[] = []
    for (const epoch of await this.epochs()) {
      try {
        return await this.read(epoch, skipped)
      } catch (error) {
        const damaged = error instanceof DataError && (error.code === 'CHECKPOINT_CORRUPT' || error.code === 'SEAL_BROKEN')
        if (!options.fallback || !damaged) throw error
        skipped.push({ epoch, reason: error.message })
      }
    }
    if (skipped.length > 0)
      throw new DataError(
        'CHECKPOINT_CORRUPT',
        `checkpoint ${this.#options.directory.location}/${this.#folder}: all ${skipped.length} complete checkpoints are damaged; ${skipped[0]!.reason}`,
      )
    return undefined
  }

  /** One checkpoint, verified. Throws as `newest` without fallback. */
  async read(epoch: number, skipped: Checkpoint['skipped'] = []): Promise<Checkpoint> {
    return loadCheckpoint(this.#options.directory, this.#epochFolder(epoch), this.#options.job, epoch, this.#sealer, skipped)
  }

  /** Removes all but the newest `countMin` complete checkpoints, and older unfinished ones. The epoch at work is never touched. */
  async retain(countMin: number): Promise<void> {
    const complete = await this.epochs()
    const kept = new Set(complete.slice(0, Math.max(1, countMin)))
    const newest = complete[0] ?? -1
    for (const epoch of await this.#folders()) {
      if (epoch < newest && epoch !== this.#writing && !kept.has(epoch)) await this.#options.directory.remove(this.#epochFolder(epoch))
    }
  }

  /** Gives the lock back. */
  async close(): Promise<void> {
    await this.#lock.release()
  }

  async #folders(): Promise<number[]> {
    const entries = await this.#options.directory.list(this.#folder)
    return entries.flatMap(entry => (entry.kind === 'directory' && /^epoch-\d{1,15}$/.test(entry.name) ? [Number(entry.name.slice(6))] : []))
  }

  #epochFolder(epoch: number): string {
    return `${this.#folder}/epoch-${epoch}`
  }
}

/** The folder of a job's name: itself where it is made of letters, digits, _, - and dots, else with the rest percent-encoded. Throws PlanError JOB_NAME. */
export function jobFolder(job: string): string {
  const folder = job.replace(/[^A-Za-z0-9._-]/gu, character => encodeURIComponent(character).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16)}`))
  if (folder === '' || /^\.+/.test(folder) || folder.length > 200)
    throw new PlanError('JOB_NAME', `job: "${job}" can't name a folder; use 1 to 200 letters, digits, - or _, not beginning with a dot`)
  return folder
}

/** Reads and verifies the checkpoint in `folder`: manifest, sizes, checksums. Throws as `CheckpointStore.newest` without fallback. */
export async function loadCheckpoint(
  directory: StorageDirectory,
  folder: string,
  job: string,
  epoch: number,
  sealer: Sealer | undefined,
  skipped: Checkpoint['skipped'] = [],
): Promise<Checkpoint> {
  const path = `${directory.location}/${folder}`
  const manifest = decodeManifest(await directory.read(`${folder}/${manifestFile}`), job, epoch, `checkpoint ${path}/${manifestFile}`, sealer)
  const readFile = (entry: RunEntry) => readVerified(directory, folder, entry)
  for (const operator of Object.values(manifest.operators)) for (const run of operator.runs) await readFile(run)
  return {
    manifest,
    path,
    skipped,
    async readRuns(nodeId, keyGroups = { start: 0, end: Number.POSITIVE_INFINITY }) {
      const runs = manifest.operators[nodeId]?.runs ?? []
      const wanted = runs.filter(run => run.keyGroups.start < keyGroups.end && keyGroups.start < run.keyGroups.end)
      return Promise.all(
        wanted.map(async run => {
          const stored = await readFile(run)
          const bytes = sealer ? sealer.open(stored, { job, epoch, file: run.file }, `${path}/${run.file}`) : stored
          return { table: run.table, keyGroups: run.keyGroups, bytes }
        }),
      )
    },
  }
}

async function readVerified(directory: StorageDirectory, folder: string, entry: RunEntry): Promise<Uint8Array> {
  const path = `checkpoint ${directory.location}/${folder}/${entry.file}`
  let bytes: Uint8Array
  try {
    bytes = await directory.read(`${folder}/${entry.file}`)
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'DISK_MISSING') throw error
    throw new DataError('CHECKPOINT_CORRUPT', `${path}: the file is missing; the manifest promises ${entry.bytes} bytes; ${whatToDo}`, { cause: error })
  }
  if (bytes.byteLength !== entry.bytes)
    throw new DataError(
      'CHECKPOINT_CORRUPT',
      `${path}: ${bytes.byteLength} bytes, the manifest promises ${entry.bytes}; the file is cut or was changed; ${whatToDo}`,
    )
  const found = sha256(bytes)
  if (found !== entry.sha256) {
    throw new DataError(
      'CHECKPOINT_CORRUPT',
      `${path}: SHA-256 ${found.slice(0, 12)}…, the manifest promises ${entry.sha256.slice(0, 12)}…; the file is damaged or was changed; ${whatToDo}`,
    )
  }
  return bytes
}
