// Encryption at rest: AES-256-GCM (NIST SP 800-38D) around whole files. A sealed file says how its key was made and is bound to its place,
// so that a file that was renamed, moved to another epoch or job, or changed in any bit does not open.
//
// bytes: "MLRC" · version 1 · key source (0 raw, 1 scrypt) · 2 × 0 · key id 8 · salt 16 · nonce 12 · ciphertext · tag 16
import { createCipheriv, createDecipheriv, createHmac, randomBytes, scryptSync } from 'node:crypto'
import { DataError, PlanError } from '../base/errors.ts'
import { reveal, type SecretLike } from '../base/secret.ts'

const magic = new Uint8Array([0x4d, 0x4c, 0x52, 0x43])
const formatVersion = 1
const keyIdAt = 8
const saltAt = 16
const nonceAt = 32
const headerBytes = 44
const tagBytes = 16
const passphraseCharactersMin = 8
// 64 MiB and ~0.2 s a guess; once per process.
const scryptCost = { N: 2 ** 16, r: 8, p: 1, maxmem: 2 ** 27 }

/** The place a sealed file belongs to. It is authenticated with the content and must be the same when it is opened. */
export interface SealedPlace {
  readonly job: string
  readonly epoch: number
  readonly file: string
}

/** Seals and opens the files of one key. Up to 2^32 files may be sealed with a key (random 96-bit nonces). */
export interface Sealer {
  seal(bytes: Uint8Array, place: SealedPlace): Uint8Array
  /** Throws DataError KEY_WRONG, SEAL_BROKEN (changed, cut or moved) or NOT_ENCRYPTED; `where` is the path for messages. */
  open(bytes: Uint8Array, place: SealedPlace, where: string): Uint8Array
}

/**
 * A sealer for a secret: 32 bytes as hex or base64, or else a passphrase of at least 8 characters, stretched by scrypt with a salt kept in each
 * file. Throws PlanError SECRET or KEY_WEAK naming `where`, never the key.
 */
export function createSealer(key: SecretLike, where: string): Sealer {
  const text = reveal(key, where)
  const raw = rawKey(text)
  if (!raw && text.length < passphraseCharactersMin) {
    throw new PlanError(
      'KEY_WEAK',
      `${where}: the passphrase has ${text.length} characters; use at least ${passphraseCharactersMin}, or 32 random bytes as hex (openssl rand -hex 32)`,
    )
  }
  const salt = raw ? new Uint8Array(16) : randomBytes(16)
  const keys = new Map<string, Uint8Array>()
  const keyFor = (saltOfFile: Uint8Array): Uint8Array => {
    if (raw) return raw
    const name = Buffer.from(saltOfFile).toString('hex')
    const derived = keys.get(name) ?? scryptSync(text, saltOfFile, 32, scryptCost)
    keys.set(name, derived)
    return derived
  }
  return {
    seal: (bytes, place) => seal(bytes, place, keyFor(salt), salt, raw ? 0 : 1),
    open: (bytes, place, path) => {
      checkHeader(bytes, path)
      if ((bytes[5] === 0) !== (raw !== undefined))
        throw wrongKey(path, raw ? 'it was sealed with a passphrase, the key given is 32 bytes' : 'it was sealed with a 32-byte key, a passphrase was given')
      return unseal(bytes, place, keyFor(bytes.subarray(saltAt, nonceAt)), path)
    },
  }
}

/** True for bytes that begin as a sealed file does. */
export function isSealed(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte)
}

function seal(bytes: Uint8Array, place: SealedPlace, key: Uint8Array, salt: Uint8Array, keySource: number): Uint8Array {
  const header = new Uint8Array(headerBytes)
  header.set(magic)
  header[4] = formatVersion
  header[5] = keySource
  header.set(keyId(key), keyIdAt)
  header.set(salt, saltAt)
  header.set(randomBytes(headerBytes - nonceAt), nonceAt)
  const cipher = createCipheriv('aes-256-gcm', key, header.subarray(nonceAt))
  cipher.setAAD(associated(header, place))
  return Buffer.concat([header, cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
}

function unseal(bytes: Uint8Array, place: SealedPlace, key: Uint8Array, path: string): Uint8Array {
  const header = bytes.subarray(0, headerBytes)
  if (!Buffer.from(header.subarray(keyIdAt, saltAt)).equals(keyId(key))) throw wrongKey(path, 'it was sealed with another key')
  const decipher = createDecipheriv('aes-256-gcm', key, header.subarray(nonceAt), { authTagLength: tagBytes })
  decipher.setAAD(associated(header, place))
  decipher.setAuthTag(bytes.subarray(bytes.byteLength - tagBytes))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(headerBytes, bytes.byteLength - tagBytes)), decipher.final()])
  } catch (cause) {
    const expected = `job "${place.job}", epoch ${place.epoch}, file "${place.file}"`
    throw new DataError(
      'SEAL_BROKEN',
      `${path}: the encrypted content doesn't belong here or was changed; it does not open as ${expected}; use an older checkpoint, and find out who wrote to the directory`,
      { cause },
    )
  }
}

function checkHeader(bytes: Uint8Array, path: string): void {
  if (!isSealed(bytes))
    throw new DataError(
      'NOT_ENCRYPTED',
      `${path}: the file is not encrypted, but a key was given; a plain file in an encrypted directory may have been planted; run without encrypt only if you wrote it so`,
    )
  if (bytes[4] !== formatVersion)
    throw new DataError('SEAL_VERSION', `${path}: encrypted format ${bytes[4]}, this version of Millrace reads ${formatVersion}; use the version that wrote it`)
  if (bytes.byteLength < headerBytes + tagBytes)
    throw new DataError('SEAL_BROKEN', `${path}: ${bytes.byteLength} bytes, an encrypted file has at least ${headerBytes + tagBytes}; the file is cut`)
}

function wrongKey(path: string, found: string): DataError {
  return new DataError('KEY_WRONG', `${path}: the key does not fit; ${found}; give the key that this job's checkpoints were written with`)
}

// Length-prefixed by JSON's quoting, so that no two places give the same bytes.
function associated(header: Uint8Array, place: SealedPlace): Uint8Array {
  return Buffer.concat([header, Buffer.from(JSON.stringify([place.job, place.epoch, place.file]))])
}

function keyId(key: Uint8Array): Uint8Array {
  return createHmac('sha256', key)
    .update('millrace key id 1')
    .digest()
    .subarray(0, saltAt - keyIdAt)
}

function rawKey(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64')
  return undefined
}
