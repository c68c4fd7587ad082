// An audit log that shows tampering: `<dir>/audit.ndjson`, a line an event, each with the SHA-256 of the line before it, and `<dir>/audit-head.json`,
// the newest line with an Ed25519 signature. The head is written first and carries the line, so a crash in between loses nothing and
// leaves nothing unsigned. Whoever holds the private key, or puts back an older log together with its older head, is not detected: keep
// `audit-key.pub.pem` and a head now and then elsewhere.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type Clock, systemClock } from '../base/clock.ts'
import { ConnectorError, DataError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { redact } from '../base/secret.ts'
import type { StorageDirectory, StorageLock } from '../base/storage.ts'
import { type AuditEntry, type AuditEvent, auditFiles, auditGenesis, auditHash, type AuditHead, auditMessage } from './audit-entry.ts'
import { verifyAudit } from './audit-verify.ts'

/** An open log. Entries are durable when `record` resolves. */
export interface AuditLog {
  /** Appends an entry. Values of revealed secrets in `details` are replaced by their names. Throws ConnectorError DISK_…; then nothing more can be recorded. */
  record(event: AuditEvent, details?: Json): Promise<AuditEntry>
  close(): Promise<void>
}

/**
 * Opens or begins the log in `directory` and locks it; makes the key on first use (0600). Throws DataError AUDIT_BROKEN when what is there does not
 * verify, ConnectorError AUDIT_LOCKED or DISK_….
 */
export async function openAuditLog(directory: StorageDirectory, job: string, clock: Clock = systemClock): Promise<AuditLog> {
  let lock: StorageLock
  try {
    lock = await directory.lock(auditFiles.lock)
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'LOCKED') throw error
    throw new ConnectorError('AUDIT_LOCKED', `audit log ${directory.location}: ${error.message}; jobs that run at once need a directory each`, {
      cause: error,
      retryable: true,
    })
  }
  try {
    await directory.sweep()
    const head = await recover(directory)
    return writer(directory, job, clock, lock, await signingKey(directory), head)
  } catch (error) {
    await lock.release().catch(() => {})
    throw error
  }
}

function writer(directory: StorageDirectory, job: string, clock: Clock, lock: StorageLock, key: KeyObject, head: { seq: number; hash: string }): AuditLog {
  let failure: unknown
  let last: Promise<unknown> = Promise.resolve()
  const append = async (event: AuditEvent, details: Json): Promise<AuditEntry> => {
    if (failure !== undefined) throw failure
    const entry: AuditEntry = { seq: head.seq + 1, time: new Date(clock.now()).toISOString(), event, job, details: withoutSecrets(details), prev: head.hash }
    const line = JSON.stringify(entry)
    const next = { seq: entry.seq, hash: auditHash(line) }
    try {
      const signature = sign(null, auditMessage(next.seq, next.hash), key).toString('base64')
      const bytes: AuditHead = { ...next, line, signature }
      await directory.write(auditFiles.head, Buffer.from(`${JSON.stringify(bytes)}\n`))
      await directory.append(auditFiles.log, Buffer.from(`${line}\n`))
    } catch (error) {
      failure = error
      throw error
    }
    head = next
    return entry
  }
  return {
    record(event, details = {}) {
      const recorded = last.then(() => append(event, details))
      last = recorded.catch(() => {})
      return recorded
    },
    async close() {
      await last
      await lock.release()
    },
  }
}

// Brings the log up to its head, whose line is written anew. Only that line is ever added.
async function recover(directory: StorageDirectory): Promise<{ seq: number; hash: string }> {
  const check = await verifyAudit(directory)
  if (!check.ok) {
    throw new DataError(
      'AUDIT_BROKEN',
      `audit log ${directory.location}, line ${check.line}: ${check.reason}; look into who changed it, then move the directory away and start a new log`,
    )
  }
  if (check.head === undefined) return { seq: 0, hash: auditGenesis }
  // Its process may have ended before the head was durable: no line may be until it is. Nor need the line be that the system shows: a sync may have failed, and
  // another alone would be trusted in vain.
  await directory.settle('')
  if (((await directory.size(auditFiles.log)) ?? 0) > check.headAt) await directory.truncate(auditFiles.log, check.headAt)
  await directory.append(auditFiles.log, Buffer.from(`${check.head.line}\n`))
  return check.head
}

async function signingKey(directory: StorageDirectory): Promise<KeyObject> {
  if ((await directory.size(auditFiles.privateKey)) === undefined) {
    const { privateKey } = generateKeyPairSync('ed25519')
    await directory.write(auditFiles.privateKey, Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })))
  }
  const key = createPrivateKey(Buffer.from(await directory.read(auditFiles.privateKey)))
  if ((await directory.size(auditFiles.publicKey)) === undefined) {
    await directory.write(auditFiles.publicKey, Buffer.from(createPublicKey(key).export({ type: 'spki', format: 'pem' })))
  }
  return key
}

function withoutSecrets(details: Json): Json {
  const plain = JSON.parse(JSON.stringify(details)) as Json
  const walk = (value: Json | undefined): Json => {
    if (typeof value === 'string') return redact(value)
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [redact(key), walk(inner)]))
    return value ?? null
  }
  return walk(plain)
}
