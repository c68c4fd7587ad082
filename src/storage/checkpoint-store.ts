// The checkpoints of one job: `<dir>/<job>/epoch-<n>/{<runs>, manifest.json}`. The scheduler begins an epoch, writes the frozen state of every
// instance, and completes it; at start the newest complete one is checked byte by byte before anything is restored from it.
import { type Clock, systemClock } from '../base/clock.ts'
import { assert, ConnectorError, DataError, PlanError } from '../base/errors.ts'
import { limiter } from '../base/limit.ts'
import type { SecretLike } from '../base/secret.ts'
import type { StorageDirectory, StorageLock } from '../base/storage.ts'
import type { StateRun } from '../state/state-run.ts'
import { type CheckpointManifest, decodeManifest, epochFolder, epochOfManifest, manifestFile, pathOfRun, type RunEntry, sha256, whatToDo } from './checkpoint-manifest.ts'
import { CheckpointWriter, lastingName } from './checkpoint-writer.ts'
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
  /**
   * The runs of an operator; those outside [start, end) of the key groups are left out. Lasting ones that aren't sealed are only opened, to be read where they
   * lie. Throws DataError CHECKPOINT_CORRUPT.
   */
  readRuns(nodeId: string, keyGroups?: { start: number; end: number }): Promise<StateRun[]>
  /** Closes what `readRuns` has opened. */
  close(): Promise<void>
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
    await options.directory.settle(folder)
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
  #lasting: ReadonlyMap<string, RunEntry> = new Map()
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
    const completed = (manifest: CheckpointManifest) => this.#goOnFrom(manifest)
    return new CheckpointWriter({ directory, job, epoch, folder, clock, sealer: this.#sealer, limit: this.#limit, lasting: this.#lasting, completed })
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
   * The newest complete checkpoint, verified: every byte of it, but lasting runs, whose blocks are when they are read; undefined where there is none. A damaged one is refused with DataError
   * CHECKPOINT_CORRUPT or SEAL_BROKEN naming the file; with `fallback` the next older one is taken. A wrong key is always refused.
   */
  async newest(options: { fallback?: boolean } = {}): Promise<Checkpoint | undefined> {
    const skipped: { epoch: number; reason: string }[] = []
    for (const epoch of await this.epochs()) {
      try {
        const found = await this.read(epoch, skipped)
        // Its process may have ended before it was durable: sinks must not commit by it until it is.
        await this.#options.directory.settle(this.#epochFolder(epoch))
        this.#goOnFrom(found.manifest)
        return found
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
    const [place, folder] = await savepointPlace(directory)
    if ((await directory.size(manifestFile)) === undefined)
      throw new DataError('SAVEPOINT_MISSING', `restore: ${directory.location} holds no complete savepoint or checkpoint; it has no ${manifestFile}; give the folder that was named when the savepoint was made, or the folder of an epoch`)
    const epoch = epochOfManifest(await directory.read(manifestFile), `savepoint ${directory.location}/${manifestFile}`)
    return loadCheckpoint(place, folder, this.#options.job, epoch, this.#sealer)
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
      const [place, folder] = await savepointPlace(directory)
      await this.#copy(place, folder, epoch, home, own)
    }
    this.#goOnFrom(savepoint.manifest)
    for (const other of later) if (other !== complete[0]) await home.remove(this.#epochFolder(other))
    if (complete[0] !== undefined && complete[0] > epoch) await home.remove(this.#epochFolder(complete[0]))
  }

  async #copy(from: StorageDirectory, folder: string, epoch: number, to: StorageDirectory, toFolder: string): Promise<{ files: number; bytes: number }> {
    const manifest = await from.read(manifestPath(folder))
    const { operators } = decodeManifest(manifest, this.#options.job, epoch, `checkpoint ${from.location}/${manifestPath(folder)}`, this.#sealer)
    const written: string[] = []
    let bytes = 0
    const write = async (path: string, content: Uint8Array) => {
      written.push(path)
      await to.write(path, content)
      bytes += content.byteLength
    }
    try {
      for (const { runs } of Object.values(operators)) for (const run of distinctFiles(runs)) await write(pathOfRun(toFolder, run), await readVerified(from, folder, run))
      await write(manifestPath(toFolder), manifest)
    } catch (error) {
      // Of a savepoint, the folders of earlier epochs as a whole.
      for (const path of new Set(written.map(path => (toFolder === '' ? path.replace(/\/.*/, '') : path)))) await to.remove(path).catch(() => {})
      throw error
    }
    return { files: written.length, bytes }
  }

  /** Removes all but the newest `countMin` complete checkpoints, and older unfinished ones. The epoch at work is never touched. */
  async retain(countMin: number): Promise<void> {
    const complete = await this.epochs()
    const kept = new Set(complete.slice(0, Math.max(1, countMin)))
    const newest = complete[0] ?? -1
    let needed: ReadonlyMap<number, ReadonlySet<string>> | undefined
    for (const epoch of await this.#folders()) {
      if (epoch >= newest || epoch === this.#writing || kept.has(epoch)) continue
      needed ??= await this.#neededFiles([...kept])
      await this.#removeBut(epoch, needed.get(epoch))
    }
  }

  // Files in folders of other epochs that these epochs name.
  async #neededFiles(epochs: readonly number[]): Promise<ReadonlyMap<number, ReadonlySet<string>>> {
    const needed = new Map<number, Set<string>>()
    for (const epoch of epochs) {
      const path = `${this.#epochFolder(epoch)}/${manifestFile}`
      const manifest = decodeManifest(await this.#options.directory.read(path), this.#options.job, epoch, `checkpoint ${this.#options.directory.location}/${path}`, this.#sealer)
      for (const run of Object.values(manifest.operators).flatMap(({ runs }) => runs)) {
        if (run.epoch === undefined) continue
        const files = needed.get(run.epoch) ?? new Set()
        needed.set(run.epoch, files.add(run.file))
      }
    }
    return needed
  }

  // The manifest goes first: without it the epoch isn't one, and what others need of it stays.
  async #removeBut(epoch: number, needed: ReadonlySet<string> | undefined): Promise<void> {
    const { directory } = this.#options
    const folder = this.#epochFolder(epoch)
    if (!needed) return directory.remove(folder)
    await directory.remove(`${folder}/${manifestFile}`)
    for (const { name } of await directory.list(folder)) if (!needed.has(name)) await directory.remove(`${folder}/${name}`)
  }

  // Lasting runs of this checkpoint needn't be stored again.
  #goOnFrom({ epoch, operators }: CheckpointManifest): void {
    const entries = Object.entries(operators).flatMap(([nodeId, { runs }]) => runs.flatMap(run => (run.id === undefined ? [] : [[lastingName(nodeId, run.id), { ...run, epoch: run.epoch ?? epoch }] as const])))
    this.#lasting = new Map(entries)
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
    return `${this.#folder}/${epochFolder(epoch)}`
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
  const manifest = decodeManifest(await directory.read(manifestPath(folder)), job, epoch, `checkpoint ${path}/${manifestFile}`, sealer)
  const isLazy = (run: RunEntry) => run.id !== undefined && !sealer
  for (const operator of Object.values(manifest.operators)) for (const run of distinctFiles(operator.runs)) await (isLazy(run) ? checkSize : readVerified)(directory, folder, run)
  const open = new Map<string, Awaited<ReturnType<StorageDirectory['openToRead']>>>()
  const openRun = async (run: RunEntry): Promise<StateRun> => {
    const where = pathOfRun(folder, run)
    const file = isLazy(run) ? (open.get(where) ?? (await directory.openToRead(where))) : undefined
    open.set(where, file)
    const { table, keyGroups, id } = run
    if (file) return { table, keyGroups, bytes: new Uint8Array(), lasting: { id: id!, stored: { descriptor: file.descriptor, bytes: run.bytes, path: `${directory.location}/${where}` } } }
    const stored = await readVerified(directory, folder, run)
    const bytes = sealer ? sealer.open(stored, { job, epoch: run.epoch ?? epoch, file: run.file }, `${path}/${run.file}`) : stored
    return { table, keyGroups, bytes, ...(id !== undefined && { lasting: { id } }) }
  }
  return {
    manifest,
    path,
    skipped,
    async readRuns(nodeId, keyGroups = { start: 0, end: Number.POSITIVE_INFINITY }) {
      const runs = manifest.operators[nodeId]?.runs ?? []
      const wanted = runs.filter(run => run.keyGroups.start < keyGroups.end && keyGroups.start < run.keyGroups.end)
      const opened: StateRun[] = []
      for (const run of wanted) opened.push(await openRun(run))
      return opened
    },
    async close() {
      for (const file of open.values()) await file?.close()
      open.clear()
    },
  }
}

// A folder of an epoch in a checkpoint directory has files of earlier epochs beside it.
async function savepointPlace(directory: StorageDirectory): Promise<[StorageDirectory, string]> {
  const folder = /(?:^|\/)(epoch-\d{1,15})$/.exec(directory.location)?.[1]
  const isSavepoint = folder === undefined || (await directory.list()).some(entry => entry.kind === 'directory')
  return isSavepoint ? [directory, ''] : [directory.around(), folder]
}

function manifestPath(folder: string): string {
  return folder === '' ? manifestFile : `${folder}/${manifestFile}`
}

function distinctFiles(runs: readonly RunEntry[]): RunEntry[] {
  return [...new Map(runs.map(run => [`${run.epoch} ${run.file}`, run])).values()]
}

async function checkSize(directory: StorageDirectory, folder: string, entry: RunEntry): Promise<void> {
  const name = pathOfRun(folder, entry)
  const bytes = await directory.size(name)
  if (bytes === entry.bytes) return
  const found = bytes === undefined ? 'the file is missing' : `${bytes} bytes`
  throw new DataError('CHECKPOINT_CORRUPT', `checkpoint ${directory.location}/${name}: ${found}, the manifest promises ${entry.bytes}; ${whatToDo}`)
}

async function readVerified(directory: StorageDirectory, folder: string, entry: RunEntry): Promise<Uint8Array> {
  const name = pathOfRun(folder, entry)
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
