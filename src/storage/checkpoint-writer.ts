// Writes one epoch: state runs as files, side by side and bounded, then the manifest. Until the manifest is there the epoch does not exist.
import type { Clock } from '../base/clock.ts'
import { AssertionError, assert } from '../base/errors.ts'
import type { Limiter } from '../base/limit.ts'
import type { StorageDirectory } from '../base/storage.ts'
import type { StateRun } from '../state/state-run.ts'
import { type CheckpointContent, type CheckpointManifest, encodeManifest, manifestFile, manifestVersion, type RunEntry, sha256 } from './checkpoint-manifest.ts'
import type { Sealer } from './encryption.ts'
import { readShared } from './read-shared.ts'

/** What a writer needs of its store. */
export interface CheckpointPlace {
  readonly directory: StorageDirectory
  readonly job: string
  readonly epoch: number
  /** The epoch's folder in the directory. */
  readonly folder: string
  readonly clock: Clock
  readonly sealer: Sealer | undefined
  readonly limit: Limiter
  /** Lasting runs that an earlier complete checkpoint has, by `lastingName`. */
  readonly lasting: ReadonlyMap<string, RunEntry>
  completed(manifest: CheckpointManifest): void
}

/** A lasting run's name among those of all operators. */
export function lastingName(nodeId: string, id: string): string {
  return `${id} ${nodeId}`
}

/** An epoch being written. After the first failure every further call fails with the same error. */
export class CheckpointWriter {
  readonly #place: CheckpointPlace
  readonly #runs = new Map<string, RunEntry[]>()
  readonly #pending: Promise<void>[] = []
  #failure: unknown
  #fileCount = 0
  #bytes = 0
  #isDone = false

  /** Use `CheckpointStore.begin`. */
  constructor(place: CheckpointPlace) {
    this.#place = place
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes
  }
  get epoch(): number {
    return this.#place.epoch
  }

  /**
   * Stores a run of an operator's instance; a lasting one that an earlier checkpoint has is only named. `run.bytes`, and files, must stay unchanged until the
   * promise settles. Throws ConnectorError DISK_….
   */
  writeRun(nodeId: string, instance: number, run: StateRun): Promise<void> {
    assert(!this.#isDone, `epoch ${this.epoch} is closed`)
    const known = run.lasting && this.#place.lasting.get(lastingName(nodeId, run.lasting.id))
    if (known) {
      this.#entriesOf(nodeId).push({ ...known, table: run.table, keyGroups: run.keyGroups, instance })
      return Promise.resolve()
    }
    const name = nodeId.replace(/[^\w-]+/g, '-').slice(0, 40)
    const file = `${name || 'node'}-${this.#fileCount++}.run`
    const written = this.#place
      .limit(() => this.#store(nodeId, instance, run, file))
      .catch(error => {
        this.#failure ??= error
        throw error
      })
    // `complete` waits for these; a caller that doesn't await them must not crash the process.
    written.catch(() => {})
    this.#pending.push(written)
    return written
  }

  /** Waits for all runs and makes the checkpoint exist. Throws what any run threw; then the epoch is abandoned. */
  async complete(content: CheckpointContent): Promise<CheckpointManifest> {
    const settled = await Promise.allSettled(this.#pending)
    assert(!this.#isDone, `epoch ${this.epoch} is closed`)
    this.#isDone = true
    const { directory, job, epoch, folder, clock, sealer } = this.#place
    try {
      if (settled.some(result => result.status === 'rejected')) throw this.#failure
      const manifest: CheckpointManifest = { version: manifestVersion, job, epoch, ...content, operators: this.#operators(content), createdAt: clock.now() }
      await directory.write(`${folder}/${manifestFile}`, encodeManifest(manifest, sealer))
      this.#place.completed(manifest)
      return manifest
    } catch (error) {
      await directory.remove(folder).catch(() => {})
      throw error
    }
  }

  /** Gives the epoch up and removes its files. */
  async abandon(): Promise<void> {
    if (this.#isDone) return
    this.#isDone = true
    await Promise.allSettled(this.#pending)
    await this.#place.directory.remove(this.#place.folder)
  }

  async #store(nodeId: string, instance: number, run: StateRun, file: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const { directory, job, epoch, folder, sealer } = this.#place
    const own = await bytesOf(run, nodeId)
    const bytes = sealer ? sealer.seal(own, { job, epoch, file }) : own
    const entry = { file, table: run.table, keyGroups: run.keyGroups, bytes: bytes.byteLength, sha256: sha256(bytes), instance, ...(run.lasting && { id: run.lasting.id }) }
    await directory.write(`${folder}/${file}`, bytes)
    this.#bytes += bytes.byteLength
    this.#entriesOf(nodeId).push(entry)
  }

  #entriesOf(nodeId: string): RunEntry[] {
    const entries = this.#runs.get(nodeId) ?? []
    this.#runs.set(nodeId, entries)
    return entries
  }

  #operators(content: CheckpointContent): CheckpointManifest['operators'] {
    for (const nodeId of this.#runs.keys()) {
      if (!(nodeId in content.operators))
        throw new AssertionError(
          'ASSERT',
          `millrace: epoch ${this.epoch} has state of "${nodeId}", which isn't among its operators; this is a fault in Millrace, please report it`,
        )
    }
    const byFile = (a: RunEntry, b: RunEntry) => (a.instance !== b.instance ? a.instance - b.instance : a.file < b.file ? -1 : 1)
    return Object.fromEntries(Object.entries(content.operators).map(([nodeId, kind]) => [nodeId, { kind, runs: (this.#runs.get(nodeId) ?? []).sort(byFile) }]))
  }
}

async function bytesOf({ bytes, lasting }: StateRun, nodeId: string): Promise<Uint8Array> {
  if (lasting?.file) return readShared(lasting.file)
  if (lasting && bytes.length === 0) throw new AssertionError('ASSERT', `millrace: the state of "${nodeId}" names a run that no checkpoint has; this is a fault in Millrace, please report it`)
  return bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice()
}
