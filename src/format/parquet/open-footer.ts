// A footer as it lies in the file, to its metadata: deciphered, or checked against its signature, where the file is encrypted. Then the chunks whose keys are known get
// their metadata and their cipher; others are left with the reason, for whoever asks for them.
import { DataError } from '../../base/errors.ts'
import { ChunkCipher, type FileCipher, openWhole } from './chunk-cipher.ts'
import { type EncryptionAlgorithm, readFileCrypto } from './crypto-metadata.ts'
import { type ColumnChunk, type FileMetadata, readColumnMetadata, readFileMetadata, type SchemaElement } from './metadata.ts'
import { associatedData, isSigned, openModule, signatureBytes } from './module-cipher.ts'
import { describedKey, descriptionOf, type KeySet } from './parquet-keys.ts'
import { ThriftReader } from './read-thrift.ts'

/** The bytes of a footer, and where in the file they begin. */
export interface FooterBytes {
  readonly bytes: Uint8Array
  readonly start: number
  /** The file says by its magic that the footer is encrypted. */
  readonly isSealed: boolean
}

/** A footer, and the cipher of the file where it has one and keys were given. */
export interface OpenFooter {
  readonly metadata: FileMetadata
  readonly cipher?: FileCipher
}

const noKeys = "give its keys, as in read.parquet(path, { decryption: { footerKey: secret('PARQUET_KEY') } }), or --decryption-keys on the command line"

/** Reads a footer. Throws DataError ENCRYPTED, KEY_MISSING, DECRYPTION, AAD_PREFIX, NOT_ENCRYPTED, PARQUET_FOOTER, THRIFT; PlanError KEYS_LATER. */
export function openFooter(footer: FooterBytes, where: string, keys: KeySet | undefined): OpenFooter {
  return footer.isSealed ? openSealed(footer, where, keys) : openPlain(footer, where, keys)
}

/** How the footer's key is described: undefined where the file is not encrypted, or doesn't say. Throws DataError THRIFT. */
export function footerKeyMetadata({ bytes, start, isSealed }: FooterBytes, where: string): Uint8Array | undefined {
  const reader = new ThriftReader(bytes, `${where}, footer`, start)
  return isSealed ? readFileCrypto(reader).keyMetadata : readFileMetadata(reader).keyMetadata
}

function openSealed({ bytes, start }: FooterBytes, where: string, keys: KeySet | undefined): OpenFooter {
  if (!keys) throw new DataError('ENCRYPTED', `${where}: the file is encrypted; no key was given; ${noKeys}`)
  const reader = new ThriftReader(bytes, `${where}, footer`, start)
  const { algorithm, keyMetadata } = readFileCrypto(reader)
  const cipher = cipherOf(algorithm, keyMetadata, where, keys)
  if (!cipher.footerKey) throw missingFooterKey(where, keyMetadata, 'the footer is encrypted')
  const sealed = bytes.subarray(reader.position)
  const length = sealed.byteLength < 4 ? -1 : new DataView(sealed.buffer, sealed.byteOffset, 4).getUint32(0, true)
  if (length !== sealed.byteLength - 4)
    throw new DataError('PARQUET_FOOTER', `${where}, byte ${start + reader.position}: the encrypted footer is said to have ${length} bytes, ${sealed.byteLength - 4} are there; the file is cut or corrupt`)
  const plain = openModule(cipher.footerKey, sealed.subarray(4), associatedData(cipher.aad, { kind: 'footer' }))
  if (!plain) throw new DataError('DECRYPTION', `${where}, byte ${start + reader.position}, footer: it does not open; the key or the AAD prefix is another, or its bytes were changed; check the key, and where the file comes from`)
  return { metadata: readFileMetadata(new ThriftReader(plain, `${where}, decrypted footer`)), cipher }
}

function openPlain({ bytes, start }: FooterBytes, where: string, keys: KeySet | undefined): OpenFooter {
  const reader = new ThriftReader(bytes, `${where}, footer`, start)
  const metadata = readFileMetadata(reader)
  const { algorithm, keyMetadata } = metadata
  if (!keys) return { metadata }
  if (!algorithm) {
    if (keys.allowPlaintext) return { metadata }
    throw new DataError('NOT_ENCRYPTED', `${where}: the file is not encrypted, and keys were given; it may stand in the place of an encrypted one; pass allowPlaintext: true if it may be plain`)
  }
  const cipher = cipherOf(algorithm, keyMetadata, where, keys)
  if (!keys.verifyFooter) return { metadata, cipher }
  if (!cipher.footerKey) throw missingFooterKey(where, keyMetadata, "the footer's signature can't be compared")
  const [signed, signature] = [bytes.subarray(0, reader.position), bytes.subarray(reader.position)]
  if (signature.byteLength !== signatureBytes || !isSigned(cipher.footerKey, signed, associatedData(cipher.aad, { kind: 'footer' }), signature))
    throw new DataError('DECRYPTION', `${where}, byte ${start}, footer: its signature is not that of this key; the key or the AAD prefix is another, or its bytes were changed; check the key, and where the file comes from`)
  return { metadata, cipher }
}

function cipherOf(algorithm: EncryptionAlgorithm | undefined, keyMetadata: Uint8Array | undefined, where: string, keys: KeySet): FileCipher {
  if (!algorithm?.cipher) throw new DataError('ENCRYPTED', `${where}: the file is encrypted by a method that Millrace doesn't know; there are AES_GCM_V1 and AES_GCM_CTR_V1; write it with one of them`)
  const prefix = prefixOf(algorithm, where, keys)
  const aad = new Uint8Array(prefix.byteLength + algorithm.aadUnique.byteLength)
  aad.set(prefix)
  aad.set(algorithm.aadUnique, prefix.byteLength)
  return { cipher: algorithm.cipher, aad, footerKey: keys.footerKey ?? describedKey(keys, keyMetadata, `${where}, footer`) }
}

function prefixOf({ aadPrefix, supplyAadPrefix }: EncryptionAlgorithm, where: string, keys: KeySet): Uint8Array {
  const given = keys.aadPrefix
  const wrong = (what: string) => new DataError('AAD_PREFIX', `${where}: ${what}`)
  if (given && aadPrefix && !isSame(given, aadPrefix)) throw wrong('the file is bound to another AAD prefix than the one given; it may stand in the place of another file; check where it comes from')
  if (given && !aadPrefix && !supplyAadPrefix) throw wrong('an AAD prefix was given, and the file is bound to none; leave aadPrefix out if that is right')
  if (!given && !aadPrefix && supplyAadPrefix) throw wrong('the file is bound to an AAD prefix, which it does not hold; give it as aadPrefix')
  return given ?? aadPrefix ?? new Uint8Array(0)
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i])
}

function missingFooterKey(where: string, keyMetadata: Uint8Array | undefined, what: string): DataError {
  return new DataError('KEY_MISSING', `${where}, footer: ${what}, and none of the keys given is for it (${metadataText(keyMetadata)}); give footerKey`)
}

const shownCharactersMax = 200

// What the file says of a key is no secret, but may be anything.
function metadataText(keyMetadata: Uint8Array | undefined): string {
  if (!keyMetadata) return 'the file has no metadata of its key'
  const text = descriptionOf(keyMetadata)
  return `its key metadata is ${JSON.stringify(text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text)}`
}

/** Gives encrypted chunks whose keys are known their metadata and cipher, and others the reason why they can't be read. Cost: a decryption a chunk with a key of its own. */
export function openChunks({ metadata, cipher }: OpenFooter, where: string, keys: KeySet | undefined): void {
  if (!metadata.rowGroups.some(group => group.chunks.some(chunk => chunk.crypto))) return
  const paths = leafPaths(metadata.schema)
  metadata.rowGroups.forEach((group, rowGroup) => {
    group.chunks.forEach((chunk, column) => {
      if (!chunk.crypto) return
      chunk.encrypted = true
      if (!cipher || !keys) chunk.refusal = { code: 'ENCRYPTED', what: 'the column is encrypted; no key was given', remedy: `${noKeys}; or select the other columns` }
      else openChunk(chunk, paths[column]!, cipher, keys, rowGroup, column, `${where}, row group ${rowGroup}, column "${paths[column]!.join('.')}"`)
    })
  })
}

function openChunk(chunk: ColumnChunk, path: readonly string[], cipher: FileCipher, keys: KeySet, rowGroup: number, column: number, where: string): void {
  const { crypto, sealedMetadata } = chunk
  const key = crypto!.kind === 'footer key' ? cipher.footerKey : columnKey(keys, path, crypto!.keyMetadata)
  if (!key) {
    const described = crypto!.kind === 'footer key' ? 'it has the key of the footer' : metadataText(crypto!.keyMetadata)
    chunk.refusal = { code: 'KEY_MISSING', what: `the column is encrypted, and none of the keys given is for it (${described})`, remedy: 'give it in columnKeys, or select the other columns' }
    return
  }
  const chunkCipher = new ChunkCipher(cipher, key, rowGroup, column)
  if (sealedMetadata) {
    const plain = openWhole(chunkCipher, 'column metadata', sealedMetadata)
    if (!plain) {
      chunk.refusal = { code: 'DECRYPTION', what: 'the column metadata does not open', remedy: closedRemedy }
      return
    }
    delete chunk.statistics
    readColumnMetadata(new ThriftReader(plain, `${where}, decrypted metadata`), chunk)
  } else if (chunk.dataOffset < 0) {
    chunk.refusal = { code: 'PARQUET_FOOTER', what: 'the column has no metadata', remedy: 'the file is corrupt' }
    return
  }
  chunk.encrypted = false
  chunk.cipher = chunkCipher
}

/** What to do about a module that does not open. */
export const closedRemedy = 'the key is another, or the bytes were changed or belong elsewhere; check the key, and where the file comes from'

/** The key of a column with one of its own: as given for its path or for the whole column, else as the file describes it. */
export function columnKey(keys: KeySet, path: readonly string[], keyMetadata: Uint8Array | undefined): Uint8Array | undefined {
  return keys.columnKeys.get(path.join('.')) ?? keys.columnKeys.get(path[0]!) ?? (keyMetadata && keys.described.get(descriptionOf(keyMetadata)))
}

/** The paths of a schema's leaves, in the order of their chunks. The tree is as `readFooter` has checked it. */
export function leafPaths(schema: readonly SchemaElement[]): string[][] {
  const paths: string[][] = []
  const open: { name: string; left: number }[] = []
  for (const element of schema.slice(1)) {
    if (element.children > 0) open.push({ name: element.name, left: element.children })
    else {
      paths.push([...open.map(group => group.name), element.name])
      while (open.length > 0 && --open.at(-1)!.left === 0) open.pop()
    }
  }
  return paths
}
