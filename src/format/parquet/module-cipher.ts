// Parquet's modular encryption (apache/parquet-format, Encryption.md): every module of a file - footer, column metadata, page header, page, index, bloom filter - is
// sealed by itself with AES, and bound to its place by what is authenticated with it. Pages may be only enciphered (AES_GCM_CTR_V1): then nothing shows that they were changed.
//
// module: bytes of the rest as u32 · nonce 12 · ciphertext · tag 16 (without it in CTR)
import type { CipherGCM, CipherGCMTypes, DecipherGCM } from 'node:crypto'
import { DeviceError } from '../../base/errors.ts'

/** The number of each kind of module in what is authenticated. */
export const moduleKinds = {
  footer: 0,
  'column metadata': 1,
  'data page': 2,
  'dictionary page': 3,
  'data page header': 4,
  'dictionary page header': 5,
  'column index': 6,
  'offset index': 7,
  'bloom filter header': 8,
  'bloom filter': 9,
} as const
/** What a module is. */
export type ModuleKind = keyof typeof moduleKinds

/** A module's place in its file. All but the footer have a row group and a column, pages and their headers also a number. */
export interface ModulePlace {
  readonly kind: ModuleKind
  readonly rowGroup?: number
  readonly column?: number
  readonly page?: number
}

/** Row groups, columns and pages of a chunk are numbered up to this in encrypted files. */
export const ordinalMax = 32_767
/** Bytes that a module has beside those it seals. */
export const moduleExtraBytes = 32
/** Bytes of a footer's signature. */
export const signatureBytes = 28

const nonceBytes = 12
const tagBytes = 16

// node:crypto without an import, so that the same file loads in a page.
function nodeCrypto(): typeof import('node:crypto') {
  const found = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:crypto')
  if (!found) throw new DeviceError('CRYPTO_ABSENT', "parquet: the file is encrypted, and this JavaScript engine has no node:crypto to open it; read it in Node")
  return found
}

/** Random bytes that nobody can foresee. */
export function secureBytes(count: number): Uint8Array {
  return new Uint8Array(nodeCrypto().randomBytes(count))
}

/** What is authenticated with a module: the file's own bytes and its place in the file. */
export function associatedData(file: Uint8Array, { kind, rowGroup, column, page }: ModulePlace): Uint8Array {
  const ordinals = [rowGroup, column, page].filter(ordinal => ordinal !== undefined)
  const bytes = new Uint8Array(file.byteLength + 1 + 2 * ordinals.length)
  bytes.set(file)
  bytes[file.byteLength] = moduleKinds[kind]
  ordinals.forEach((ordinal, i) => bytes.set([ordinal & 255, ordinal >> 8], file.byteLength + 1 + 2 * i))
  return bytes
}

/** Seals bytes with AES-GCM: a whole module. */
export function sealModule(key: Uint8Array, bytes: Uint8Array, associated: Uint8Array): Uint8Array {
  const nonce = secureBytes(nonceBytes)
  const cipher = gcm(key, nonce, associated)
  return join(nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag())
}

/** What a module of AES-GCM, given without its length, holds; undefined where the key, the place or any bit is another. */
export function openModule(key: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array | undefined {
  if (sealed.byteLength < nonceBytes + tagBytes) return undefined
  const end = sealed.byteLength - tagBytes
  const decipher = nodeCrypto().createDecipheriv(`aes-${8 * key.byteLength}-gcm` as CipherGCMTypes, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes }) as DecipherGCM
  decipher.setAAD(associated)
  decipher.setAuthTag(sealed.subarray(end))
  const bytes = decipher.update(sealed.subarray(nonceBytes, end))
  try {
    decipher.final()
    return bytes
  } catch {
    return undefined
  }
}

/** Enciphers bytes with AES-CTR: a whole module. */
export function cipherModule(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const nonce = secureBytes(nonceBytes)
  const cipher = nodeCrypto().createCipheriv(`aes-${8 * key.byteLength}-ctr`, key, counterBlock(nonce))
  return join(nonce, cipher.update(bytes), cipher.final())
}

/** What a module of AES-CTR, given without its length, holds if the key is right; undefined where it is too short. */
export function decipherModule(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.byteLength < nonceBytes) return undefined
  return nodeCrypto().createDecipheriv(`aes-${8 * key.byteLength}-ctr`, key, counterBlock(sealed.subarray(0, nonceBytes))).update(sealed.subarray(nonceBytes))
}

/** The signature of a plain footer: a nonce, and the tag of sealing it. Without `nonce` a new one. */
export function signFooter(key: Uint8Array, footer: Uint8Array, associated: Uint8Array, nonce = secureBytes(nonceBytes)): Uint8Array {
  const cipher = gcm(key, nonce, associated)
  cipher.update(footer)
  cipher.final()
  const signature = new Uint8Array(signatureBytes)
  signature.set(nonce)
  signature.set(cipher.getAuthTag(), nonceBytes)
  return signature
}

/** Whether a signature is that of this footer and key. */
export function isSigned(key: Uint8Array, footer: Uint8Array, associated: Uint8Array, signature: Uint8Array): boolean {
  return nodeCrypto().timingSafeEqual(signFooter(key, footer, associated, signature.subarray(0, nonceBytes)), signature)
}

function gcm(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array): CipherGCM {
  const cipher = nodeCrypto().createCipheriv(`aes-${8 * key.byteLength}-gcm` as CipherGCMTypes, key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(associated)
  return cipher
}

// The counter of AES blocks begins at 1.
function counterBlock(nonce: Uint8Array): Uint8Array {
  const block = new Uint8Array(16)
  block.set(nonce)
  block[15] = 1
  return block
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
  const module = new Uint8Array(4 + bytes)
  new DataView(module.buffer).setUint32(0, bytes, true)
  let at = 4
  for (const part of parts) {
    module.set(part, at)
    at += part.byteLength
  }
  return module
}
