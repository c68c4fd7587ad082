// Checks an audit log line by line against its hash chain and its signed head. Needs the public key only, and changes nothing.
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { ConnectorError } from '../base/errors.ts'
import type { StorageDirectory } from '../base/storage.ts'
import { type AuditEntry, auditFiles, auditGenesis, type AuditHead, auditHash, auditMessage } from './audit-entry.ts'

/** What `verifyAudit` found. `line` counts from 1; it is the first one that can't be believed, or the line after the last. */
export type AuditCheck =
  | {
      readonly ok: true
      readonly entries: number
      readonly head: AuditHead | undefined
      /** The newest entry is in the signed head but not (wholly) in the log: the writer died in between, or is at work. */
      readonly pending: boolean
      /** Where the line of the head begins in the log, or will. */
      readonly headAt: number
    }
  | { readonly ok: false; readonly line: number; readonly reason: string }

/**
 * Walks the log in `directory`. Found are lines that were edited, removed, added or reordered, a log cut behind its head, a head that was
 * changed or signed by another key. `publicKey` (PEM) is one kept elsewhere; without it the one beside the log is believed. Throws ConnectorError DISK_….
 */
export async function verifyAudit(directory: StorageDirectory, publicKey?: string | Uint8Array): Promise<AuditCheck> {
  const log = Buffer.from((await readIfThere(directory, auditFiles.log)) ?? [])
  const headBytes = await readIfThere(directory, auditFiles.head)
  if (!headBytes) {
    if (log.length > 0) return broken(1, `the signed head ${auditFiles.head} is missing`)
    return { ok: true, entries: 0, head: undefined, pending: false, headAt: 0 }
  }
  const head = parseHead(headBytes)
  if (!head) return broken(1, `the head ${auditFiles.head} is no signed head`)
  const wholeBytes = tornAt(log, head) ?? log.lastIndexOf(0x0a) + 1
  const lines = wholeBytes === 0 ? [] : log.toString('utf8', 0, wholeBytes - 1).split('\n')
  // Of a line that a power cut has torn it is known that it is the head's.
  const tail = tornAt(log, head) === undefined ? log.toString('utf8', wholeBytes) : ''
  const chain = walkChain(lines, head)
  if ('reason' in chain) return broken(chain.line, chain.reason)
  const signature = await checkSignature(directory, head, publicKey)
  if (signature) return broken(head.seq, signature)
  if (auditHash(head.line) !== head.hash) return broken(head.seq, 'the line in the head does not have the hash that was signed')
  if (lines.length > head.seq) return broken(head.seq + 1, `${lines.length - head.seq} lines were added after the signed head, which ends at line ${head.seq}`)
  if (lines.length < head.seq - 1) return broken(lines.length + 1, `the log was cut: it has ${lines.length} lines, the signed head is line ${head.seq}`)
  const pending = lines.length === head.seq - 1
  if (pending && !(`${head.line}\n`.startsWith(tail) && followsOn(head, chain.hash)))
    return broken(head.seq, 'what follows the last whole line is not the line of the signed head')
  if (!pending && tail !== '') return broken(head.seq + 1, 'bytes were added after the line of the signed head')
  if (!pending && chain.hash !== head.hash) return broken(head.seq, 'the line was changed: its hash is not the signed one')
  return { ok: true, entries: head.seq, head, pending, headAt: pending ? wholeBytes : wholeBytes - Buffer.byteLength(head.line) - 1 }
}

// Where the newest line begins, if it is the head's with gaps: what a power cut leaves of bytes that were not synced reads as zeros.
function tornAt(log: Buffer, head: AuditHead): number | undefined {
  let start = 0
  for (let line = 1; line < head.seq; line++) {
    start = log.indexOf(0x0a, start) + 1
    if (start === 0) return undefined
  }
  const rest = log.subarray(start)
  const wanted = Buffer.from(`${head.line}\n`)
  const fits = rest.length > 0 && rest.length <= wanted.length && rest.includes(0) && rest.every((byte, i) => byte === 0 || byte === wanted[i])
  return fits ? start : undefined
}

function walkChain(lines: readonly string[], head: AuditHead): { hash: string } | { line: number; reason: string } {
  const entries = lines.map(parseEntry)
  let hash = auditGenesis
  for (let i = 0; i < lines.length; i++) {
    const entry = entries[i]
    if (!entry) return { line: i + 1, reason: 'it is no audit entry' }
    if (entry.seq !== i + 1) return { line: i + 1, reason: `it has number ${entry.seq}; lines were removed, added or reordered here` }
    const own = auditHash(lines[i]!)
    if (entry.prev !== hash) {
      // Either this line or the one before it was edited; this one is intact when its successor vouches for it.
      const vouched = own === (entries[i + 1]?.prev ?? (head.seq === i + 1 ? head.hash : undefined))
      return { line: vouched && i > 0 ? i : i + 1, reason: 'the line was changed: the hashes around it do not fit' }
    }
    hash = own
  }
  return { hash }
}

async function checkSignature(directory: StorageDirectory, head: AuditHead, publicKey: string | Uint8Array | undefined): Promise<string | undefined> {
  const pem = publicKey ?? (await readIfThere(directory, auditFiles.publicKey))
  if (!pem) return `the public key ${auditFiles.publicKey} is missing, so the head can't be checked`
  let key: KeyObject
  try {
    key = createPublicKey(Buffer.from(pem))
  } catch {
    return `the public key ${auditFiles.publicKey} is no PEM key`
  }
  if (key.asymmetricKeyType !== 'ed25519') return `the public key ${auditFiles.publicKey} is of type ${key.asymmetricKeyType}, not ed25519`
  const fits = verify(null, auditMessage(head.seq, head.hash), key, Buffer.from(head.signature, 'base64'))
  return fits ? undefined : 'the signature of the head does not fit; the head was changed or signed with another key'
}

function followsOn(head: AuditHead, hash: string): boolean {
  const entry = parseEntry(head.line)
  return entry?.seq === head.seq && entry.prev === hash
}

function parseHead(bytes: Uint8Array): AuditHead | undefined {
  const value = parse(Buffer.from(bytes).toString('utf8')) as Partial<AuditHead> | undefined
  const fits = Number.isSafeInteger(value?.seq) && value!.seq! >= 1 && [value!.hash, value!.line, value!.signature].every(part => typeof part === 'string')
  return fits ? (value as AuditHead) : undefined
}

function parseEntry(line: string): AuditEntry | undefined {
  const value = parse(line) as Partial<AuditEntry> | undefined
  return Number.isSafeInteger(value?.seq) && typeof value!.prev === 'string' ? (value as AuditEntry) : undefined
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

async function readIfThere(directory: StorageDirectory, path: string): Promise<Uint8Array | undefined> {
  try {
    return await directory.read(path)
  } catch (error) {
    if (error instanceof ConnectorError && error.code === 'DISK_MISSING') return undefined
    throw error
  }
}

function broken(line: number, reason: string): AuditCheck {
  return { ok: false, line, reason }
}
