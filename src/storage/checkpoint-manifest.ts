// The manifest of a checkpoint: what was frozen, and where its bytes lie. It is written last and as a whole, so its presence makes a
// checkpoint complete. It carries its own checksum, and with encryption on its body is sealed.
import { createHash } from 'node:crypto'
import { DataError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { Sealer } from './encryption.ts'

/** Version of the layout on disk. */
export const manifestVersion = 1
/** The manifest's name in the checkpoint's folder. */
export const manifestFile = 'manifest.json'

/** A state run as the manifest lists it. */
export interface RunEntry {
  readonly file: string
  readonly table: string
  readonly keyGroups: { readonly start: number; readonly end: number }
  /** Of the file as stored. */
  readonly bytes: number
  readonly sha256: string
  /** The instance that wrote it. */
  readonly instance: number
  /** Of a run that stays as it is from checkpoint to checkpoint: its name among all of them. */
  readonly id?: string
  /** The epoch whose folder holds the file, where it is an earlier one. */
  readonly epoch?: number
}

/** Where the file of a run lies, in the directory that holds the checkpoint's own `folder` ('' for a savepoint, which holds folders of earlier epochs itself). */
export function pathOfRun(folder: string, { file, epoch }: Pick<RunEntry, 'file' | 'epoch'>): string {
  const around = folder.includes('/') ? folder.slice(0, folder.lastIndexOf('/') + 1) : ''
  if (epoch !== undefined) return `${around}${epochFolder(epoch)}/${file}`
  return folder === '' ? file : `${folder}/${file}`
}

/** The folder of an epoch among a job's. */
export function epochFolder(epoch: number): string {
  return `epoch-${epoch}`
}

/** What the scheduler hands in when all instances have frozen an epoch. Node ids are the plan's, or the user's `.named()` ones. */
export interface CheckpointContent {
  /** Tells whether the plan that restores is the one that wrote. */
  readonly planFingerprint: string
  readonly keyHashVersion: number
  /** Positions behind all rows that are inside this checkpoint. */
  readonly sources: Readonly<Record<string, Json>>
  /** What each sink's `prepare` returned. */
  readonly sinks: Readonly<Record<string, Json>>
  /** The kind of every stateful operator, with or without runs. */
  readonly operators: Readonly<Record<string, string>>
  /** Watermark state per node. */
  readonly watermarks: Readonly<Record<string, Json>>
  /** Ids of operators whose input had ended, and that have given all they give: a restart doesn't have them give it again. */
  readonly ended?: readonly string[]
  /** The input had ended and everything was flushed: there is nothing to resume, only sinks to commit. */
  readonly finished?: boolean
}

/** A complete checkpoint. */
export interface CheckpointManifest extends Omit<CheckpointContent, 'operators'> {
  readonly version: number
  readonly job: string
  readonly epoch: number
  readonly operators: Readonly<Record<string, { readonly kind: string; readonly runs: readonly RunEntry[] }>>
  /** Epoch milliseconds. */
  readonly createdAt: number
}

/** The manifest as a file's bytes. */
export function encodeManifest(manifest: CheckpointManifest, sealer: Sealer | undefined): Uint8Array {
  const body = JSON.stringify(manifest)
  if (!sealer) return Buffer.from(`{"sha256":"${sha256(body)}","manifest":${body}}\n`)
  const sealed = sealer.seal(Buffer.from(body), { job: manifest.job, epoch: manifest.epoch, file: manifestFile })
  // The epoch is for a savepoint, whose folder doesn't tell it; the seal is bound to it.
  return Buffer.from(`{"sha256":"${sha256(sealed)}","epoch":${manifest.epoch},"encrypted":"${Buffer.from(sealed).toString('base64')}"}\n`)
}

/**
 * The inverse of `encodeManifest`, for the checkpoint `epoch` of `job` at `where`. Throws DataError CHECKPOINT_CORRUPT, CHECKPOINT_VERSION,
 * CHECKPOINT_JOB, KEY_MISSING, KEY_WRONG, SEAL_BROKEN or NOT_ENCRYPTED.
 */
export function decodeManifest(bytes: Uint8Array, job: string, epoch: number, where: string, sealer: Sealer | undefined): CheckpointManifest {
  const file = parseJson(Buffer.from(bytes).toString('utf8'), where)
  if (!isRecord(file) || typeof file.sha256 !== 'string') throw corruptManifest(where, 'it has no checksum')
  let body: string
  if (typeof file.encrypted === 'string') {
    if (!sealer) throw new DataError('KEY_MISSING', `${where}: the checkpoint is encrypted; give its key in checkpoint: { encrypt: secret('…') }`)
    const sealed = Buffer.from(file.encrypted, 'base64')
    if (sha256(sealed) !== file.sha256) throw corruptManifest(where, 'its checksum does not fit its content')
    body = Buffer.from(sealer.open(sealed, { job, epoch, file: manifestFile }, where)).toString('utf8')
    // The checksum doesn't cover what stands beside the seal.
    if (file.epoch !== undefined && file.epoch !== epoch) throw corruptManifest(where, `it says epoch ${String(file.epoch)}, which is epoch ${epoch}`)
  } else {
    if (!isRecord(file.manifest)) throw corruptManifest(where, 'it holds no manifest')
    if (sealer)
      throw new DataError(
        'NOT_ENCRYPTED',
        `${where}: the checkpoint is not encrypted, but a key was given; a plain file in an encrypted directory may have been planted; restore it without encrypt only if you wrote it so`,
      )
    body = JSON.stringify(file.manifest)
    if (sha256(body) !== file.sha256) throw corruptManifest(where, 'its checksum does not fit its content')
  }
  // What reads the same may have been written otherwise: nothing of it may have changed, spaces and the spelling of numbers included.
  const { sha256: hash, ...rest } = file
  if (!Buffer.from(`${JSON.stringify({ sha256: hash, ...rest })}\n`).equals(bytes)) throw corruptManifest(where, 'it is not as it was written')
  return checkManifest(parseJson(body, where), job, epoch, where)
}

/** The epoch that a manifest says it is of, before anything of it is believed. Throws DataError CHECKPOINT_CORRUPT. */
export function epochOfManifest(bytes: Uint8Array, where: string): number {
  const file = parseJson(Buffer.from(bytes).toString('utf8'), where)
  const epoch = isRecord(file) ? (isRecord(file.manifest) ? file.manifest.epoch : file.epoch) : undefined
  if (!Number.isSafeInteger(epoch) || Number(epoch) < 0) throw corruptManifest(where, 'it names no epoch')
  return Number(epoch)
}

/** Hex SHA-256. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}

function checkManifest(value: unknown, job: string, epoch: number, where: string): CheckpointManifest {
  if (!isRecord(value)) throw corruptManifest(where, 'it is no object')
  if (value.version !== manifestVersion) {
    throw new DataError(
      'CHECKPOINT_VERSION',
      `${where}: layout version ${String(value.version)}, this version of Millrace reads ${manifestVersion}; use the version that wrote it`,
    )
  }
  if (value.job !== job)
    throw new DataError(
      'CHECKPOINT_JOB',
      `${where}: written by job "${String(value.job)}", this is job "${job}"; name the job as then, or choose another directory`,
    )
  if (value.epoch !== epoch) throw corruptManifest(where, `it is of epoch ${String(value.epoch)}, its folder of epoch ${epoch}`)
  const records = [value.sources, value.sinks, value.watermarks, value.operators]
  if (!records.every(isRecord) || typeof value.planFingerprint !== 'string' || typeof value.keyHashVersion !== 'number')
    throw corruptManifest(where, 'a part of it is missing')
  if (value.ended !== undefined && !(Array.isArray(value.ended) && value.ended.every(id => typeof id === 'string'))) throw corruptManifest(where, 'its list of what has ended is malformed')
  for (const [node, operator] of Object.entries(value.operators as Record<string, unknown>)) {
    const fits = isRecord(operator) && typeof operator.kind === 'string' && Array.isArray(operator.runs) && operator.runs.every(isRunEntry)
    if (!fits) throw corruptManifest(where, `its entry for operator "${node}" is malformed`)
  }
  return value as unknown as CheckpointManifest
}

// File names are checked because they are joined to paths.
function isRunEntry(run: unknown): run is RunEntry {
  if (!isRecord(run) || !isRecord(run.keyGroups)) return false
  const { file, table, bytes, instance, sha256: hash, keyGroups, id, epoch } = run
  const counts = [bytes, instance, keyGroups.start, keyGroups.end, ...(epoch === undefined ? [] : [epoch])]
  return (
    typeof file === 'string' &&
    /^[\w-]+\.run$/.test(file) &&
    typeof table === 'string' &&
    typeof hash === 'string' &&
    (id === undefined || (typeof id === 'string' && /^[\w-]{1,100}$/.test(id))) &&
    (epoch === undefined || id !== undefined) &&
    counts.every(n => Number.isSafeInteger(n) && Number(n) >= 0)
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw corruptManifest(where, `its ${text.length} characters are no JSON`)
  }
}

function corruptManifest(where: string, found: string): DataError {
  return new DataError('CHECKPOINT_CORRUPT', `${where}: the manifest is corrupt; ${found}; ${whatToDo}`)
}

/** The advice at the end of every message about a damaged checkpoint. */
export const whatToDo =
  "restore an older checkpoint with restore: '<folder>', allow falling back to it with checkpoint: { fallback: true } where every sink can take repeated rows, or start afresh with restore: 'none'"
