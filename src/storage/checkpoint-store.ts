// The checkpoints of one job: `<dir>/<job>/epoch-<n>/{<runs>, manifest.json}`. The scheduler begins an epoch, writes the frozen state of every
// instance, and completes it; at start the newest complete one is checked byte by byte before anything is restored from it.
import { type Clock, systemClock } from '../base/clock.ts'
import { assert, ConnectorError, DataError, PlanError } from '../base/errors.ts'
import { limiter } from '../base/limit.ts'
import type { SecretLike } from '../base/secret.ts'
import type { StorageDirectory, StorageLock } from '../base/storage.ts'
import type { StateRun } from '../state/state-run.ts'
import { type CheckpointManifest, decodeManifest, epochOfManifest, manifestFile, type RunEntry, sha256, whatToDo } from './checkpoint-manifest.ts'
import { CheckpointWriter } from './checkpoint-writer.ts'
import { createSealer, type Sealer } from './encryption.ts'

const writesMaxDefault = 4
const lockName = 'lock'
const probeFile = 'probe'

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
  #closed: Promise<void> | undefined

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

  /**
   * A savepoint, or a checkpoint of another directory, verified as `newest` does. Throws DataError SAVEPOINT_MISSING where `directory` holds none, CHECKPOINT_JOB
   * where it is another job's, and as `newest` without fallback.
   */
  async readSavepoint(directory: StorageDirectory): Promise<Checkpoint> {
    if ((await directory.size(manifestFile)) === undefined)
      throw new DataError('SAVEPOINT_MISSING', `restore: ${directory.location} holds no complete savepoint or checkpoint; it has no ${manifestFile}; give the folder that was named when the savepoint was made, or the folder of an epoch`)
    const epoch = epochOfManifest(await directory.read(manifestFile), `savepoint ${directory.location}/${manifestFile}`)
    return loadCheckpoint(directory, '', this.#options.job, epoch, this.#sealer)
  }

  /** Refuses a directory that a savepoint can't be made in, before anything is stopped for it. Throws ConnectorError SAVEPOINT_EXISTS or DISK_…. */
  async checkTarget(target: StorageDirectory): Promise<void> {
    await this.#checkEmpty(target)
    await target.write(probeFile, new Uint8Array())
    await target.remove(probeFile)
  }

  async #checkEmpty(target: StorageDirectory): Promise<void> {
    const entries = await target.list()
    if (entries.length === 0) return
    const found = entries.some(entry => entry.name === manifestFile) ? 'a savepoint already' : `${entries.length} other entries, such as ${entries[0]!.name}`
    throw new ConnectorError('SAVEPOINT_EXISTS', `savepoint: ${target.location} holds ${found}; a savepoint needs a folder of its own, so give one that is empty or not there yet`)
  }

  /**
   * Copies a complete checkpoint to an empty directory, every byte verified, the manifest last. Throws as `read`, ConnectorError SAVEPOINT_EXISTS or DISK_…;
   * then what was written is removed.
   */
  async copyTo(epoch: number, target: StorageDirectory): Promise<{ files: number; bytes: number }> {
    await this.#checkEmpty(target)
    return this.#copy(this.#options.directory, this.#epochFolder(epoch), epoch, target, '')
  }

  /**
   * Makes `savepoint`, which `readSavepoint` gave, the newest checkpoint here: it is copied in, and later epochs are removed. The newest goes last, so that a crash
   * in between leaves it in force.
   */
  async rewindTo(savepoint: Checkpoint, directory: StorageDirectory): Promise<void> {
    const { epoch } = savepoint.manifest
    const own = this.#epochFolder(epoch)
    const { directory: home } = this.#options
    const later = (await this.#folders()).filter(other => other > epoch).sort((a, b) => a - b)
    const complete = await this.epochs()
    const isHere = complete.includes(epoch) && Buffer.from(await home.read(`${own}/${manifestFile}`)).equals(await directory.read(manifestFile))
    if (!isHere) {
      await home.remove(own)
      await this.#copy(directory, '', epoch, home, own)
    }
    for (const other of later) if (other !== complete[0]) await home.remove(this.#epochFolder(other))
    if (complete[0] !== undefined && complete[0] > epoch) await home.remove(this.#epochFolder(complete[0]))
  }

  async #copy(from: StorageDirectory, folder: string, epoch: number, to: StorageDirectory, toFolder: string): Promise<{ files: number; bytes: number }> {
    const at = (inner: string, name: string) => (inner === '' ? name : `${inner}/${name}`)
    const manifest = await from.read(at(folder, manifestFile))
    const { operators } = decodeManifest(manifest, this.#options.job, epoch, `checkpoint ${at(from.location, at(folder, manifestFile))}`, this.#sealer)
    const written: string[] = []
    let bytes = 0
    const write = async (name: string, content: Uint8Array) => {
      written.push(at(toFolder, name))
      await to.write(at(toFolder, name), content)
      bytes += content.byteLength
    }
    try {
      for (const { runs } of Object.values(operators)) for (const run of runs) await write(run.file, await readVerified(from, folder, run))
      await write(manifestFile, manifest)
    } catch (error) {
      for (const path of written) await to.remove(path).catch(() => {})
      throw error
    }
    return { files: written.length, bytes }
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

  /** Gives the lock back. May be called again, and resolves when it is free. */
  close(): Promise<void> {
    this.#closed ??= this.#lock.release()
    return this.#closed
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
  const path = folder === '' ? directory.location : `${directory.location}/${folder}`
  const manifest = decodeManifest(await directory.read(folder === '' ? manifestFile : `${folder}/${manifestFile}`), job, epoch, `checkpoint ${path}/${manifestFile}`, sealer)
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
  const name = folder === '' ? entry.file : `${folder}/${entry.file}`
  const path = `checkpoint ${directory.location}/${name}`
  let bytes: Uint8Array
  try {
    bytes = await directory.read(name)
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
