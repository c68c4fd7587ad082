// The lines and the signed head of an audit log, as writer and verifier share them.
import { createHash } from 'node:crypto'
import type { Json } from '../base/json.ts'

/** Names in the directory. */
export const auditFiles = {
  log: 'audit.ndjson',
  head: 'audit-head.json',
  privateKey: 'audit-key.pem',
  publicKey: 'audit-key.pub.pem',
  lock: 'audit-lock',
} as const
/** What the first line gives as the hash of the line before it. */
export const auditGenesis = '0'.repeat(64)

/** What is recorded. */
export type AuditEvent = 'start' | 'stop' | 'restore' | 'checkpoint' | 'sink-commit' | 'savepoint' | 'fail'

/** A line of the log. */
export interface AuditEntry {
  /** 1, 2, 3 … */
  readonly seq: number
  /** ISO 8601, UTC. */
  readonly time: string
  readonly event: AuditEvent
  readonly job: string
  readonly details: Json
  /** SHA-256 of the line before, without its newline, in hex. */
  readonly prev: string
}

/** The signed head: the newest line, its number and hash, and the signature over "millrace audit 1\n<seq>\n<hash>". */
export interface AuditHead {
  readonly seq: number
  readonly hash: string
  readonly line: string
  /** Base64. */
  readonly signature: string
}

/** SHA-256 of a line, in hex. */
export function auditHash(line: string): string {
  return createHash('sha256').update(line).digest('hex')
}

/** The bytes that a head's signature covers. */
export function auditMessage(seq: number, hash: string): Uint8Array {
  return Buffer.from(`millrace audit 1\n${seq}\n${hash}`)
}
