// An encrypted Parquet file being written: a cipher for each chunk, what the footer says of keys, and the footer itself, sealed or signed.
import { PlanError } from '../../base/errors.ts'
import { ChunkCipher } from './chunk-cipher.ts'
import { type ColumnCryptoMetadata, type EncryptionAlgorithm, writeAlgorithm } from './crypto-metadata.ts'
import { type PageHeader, readPageHeader } from './metadata.ts'
import { associatedData, isSigned, ordinalMax, sealModule, secureBytes, signFooter } from './module-cipher.ts'
import { ThriftReader } from './read-thrift.ts'
import type { SealPlan } from './write-encryption.ts'
import { type ChunkEntry, fromHex, toHex } from './write-footer.ts'
import { ThriftWriter } from './write-thrift.ts'
import type { WrittenLeaf } from './write-tree.ts'

const uniqueBytes = 8
const [plainMagic, sealedMagic] = [new Uint8Array([0x50, 0x41, 0x52, 0x31]), new Uint8Array([0x50, 0x41, 0x52, 0x45])]

/** What goes on with a file later: the bytes that all its modules are bound to, and what tells that keys and options are the same then. In hexadecimal. */
export type SealState = { readonly unique: string; readonly proof: string }

/** Seals one file. */
export class FileSeal {
  /** What the file begins and ends with. */
  readonly magic: Uint8Array
  readonly #unique: Uint8Array
  readonly #plan: SealPlan
  readonly #leaves: readonly WrittenLeaf[]
  readonly #aad: Uint8Array

  /** `state`: of an earlier seal of the same file. Throws PlanError ENCRYPTION where that had other keys or options. */
  constructor(plan: SealPlan, leaves: readonly WrittenLeaf[], state?: SealState) {
    this.#plan = plan
    this.#leaves = leaves
    this.#unique = state ? fromHex(state.unique) : secureBytes(uniqueBytes)
    this.magic = plan.plaintextFooter ? plainMagic : sealedMagic
    this.#aad = join([plan.aadPrefix ?? new Uint8Array(0), this.#unique])
    if (state && !isSigned(plan.footer.key, this.#claim, this.#aad, fromHex(state.proof)))
      throw new PlanError('ENCRYPTION', 'write.parquet: the file was begun with other keys or another encryption than now; give those again, or start afresh')
  }

  /** For another seal that goes on with the file. There is nothing secret in it. */
  get state(): SealState {
    return { unique: toHex(this.#unique), proof: toHex(signFooter(this.#plan.footer.key, this.#claim, this.#aad)) }
  }

  // All that must stay the same within a file.
  get #claim(): Uint8Array {
    const { footer, leafKeys, ...rest } = this.#plan
    const keys = [footer, ...leafKeys].map(own => (own === 'footer' || own === undefined ? (own ?? 'plain') : { key: toHex(own.key), metadata: own.metadata && toHex(own.metadata) }))
    return new TextEncoder().encode(JSON.stringify([keys, rest.cipher, rest.plaintextFooter, rest.storeAadPrefix]))
  }

  /** The cipher of a chunk; undefined where its column stays plain. Throws PlanError ENCRYPTION where the file has too many row groups. */
  cipher(rowGroup: number, leaf: number): ChunkCipher | undefined {
    const { leafKeys, footer, cipher } = this.#plan
    if (rowGroup > ordinalMax) throw new PlanError('ENCRYPTION', `write.parquet: an encrypted file has at most ${ordinalMax + 1} row groups; write larger ones by rowGroupRows and rowGroupBytes, or a folder`)
    const own = leafKeys[leaf]
    return own && new ChunkCipher({ cipher, aad: this.#aad }, own === 'footer' ? footer.key : own.key, rowGroup, leaf)
  }

  /** What the footer says of a leaf's key. */
  crypto(leaf: number): ColumnCryptoMetadata | undefined {
    const own = this.#plan.leafKeys[leaf]
    if (own === undefined) return undefined
    if (own === 'footer') return { kind: 'footer key' }
    return { kind: 'column key', path: [...this.#leaves[leaf]!.path], ...(own.metadata && { keyMetadata: own.metadata }) }
  }

  /** How a chunk's metadata stand in the footer: as they are, without bounds beside a sealed copy, or sealed only. */
  shows(leaf: number): 'all' | 'redacted' | 'none' {
    const own = this.#plan.leafKeys[leaf]
    if (own === undefined || (own === 'footer' && !this.#plan.plaintextFooter)) return 'all'
    return this.#plan.plaintextFooter ? 'redacted' : 'none'
  }

  /** Ends the metadata of a plain footer: what readers need to compare its signature. */
  describe(thrift: ThriftWriter): void {
    if (!this.#plan.plaintextFooter) return
    writeAlgorithm(thrift, 8, this.#algorithm)
    if (this.#plan.footer.metadata) thrift.binary(9, this.#plan.footer.metadata)
  }

  /** The footer as it lies in the file. */
  footer(metadata: Uint8Array): Uint8Array {
    const { footer, plaintextFooter } = this.#plan
    const associated = associatedData(this.#aad, { kind: 'footer' })
    if (plaintextFooter) return join([metadata, signFooter(footer.key, metadata, associated)])
    const thrift = new ThriftWriter()
    writeAlgorithm(thrift, 1, this.#algorithm)
    if (footer.metadata) thrift.binary(2, footer.metadata)
    return join([thrift.finish(), sealModule(footer.key, metadata, associated)])
  }

  get #algorithm(): EncryptionAlgorithm {
    const { cipher, aadPrefix, storeAadPrefix } = this.#plan
    return { cipher, aadUnique: this.#unique, supplyAadPrefix: aadPrefix !== undefined && !storeAadPrefix, ...(aadPrefix && storeAadPrefix && { aadPrefix }) }
  }
}

/** A chunk's pages, as they are without encryption, sealed: the parts in order, the dictionary's first, and the entry of what they are then. */
export function sealChunk(cipher: ChunkCipher, entry: ChunkEntry, pages: Iterable<Uint8Array>): { readonly parts: readonly Uint8Array[]; readonly entry: ChunkEntry } {
  const parts: Uint8Array[] = []
  let page = 0
  // Pages lie in shared memory, which not every cipher takes.
  for (const bytes of pages) parts.push(sealPage(cipher, bytes.slice(), entry.dictionaryBytes > 0 && parts.length === 0 ? undefined : page++))
  const [dictionary, data] = entry.dictionaryBytes > 0 ? [parts[0]!.byteLength, parts.slice(1)] : [0, parts]
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0)
  return { parts, entry: { ...entry, dictionaryBytes: dictionary, bytes, pages: entry.pages.map(([, rows], i) => [data[i]!.byteLength, rows] as const) } }
}

// `page`: its number among the data pages; undefined of a dictionary.
function sealPage(cipher: ChunkCipher, bytes: Uint8Array, page: number | undefined): Uint8Array {
  const reader = new ThriftReader(bytes, 'a page')
  const header = readPageHeader(reader)
  const body = cipher.seal(page === undefined ? 'dictionary page' : 'data page', bytes.subarray(reader.position), page)
  return join([cipher.seal(page === undefined ? 'dictionary page header' : 'data page header', headerBytes(header, body.byteLength), page), body])
}

// What `PagePacker` writes, of the size that the page has now.
function headerBytes({ type, bytes, valueCount, encoding, levelEncoding, repetitionEncoding }: PageHeader, sealedBytes: number): Uint8Array {
  const thrift = new ThriftWriter().i32(1, type).i32(2, bytes).i32(3, sealedBytes)
  if (type === 2) thrift.begin(7).i32(1, valueCount).i32(2, encoding).end()
  else thrift.begin(5).i32(1, valueCount).i32(2, encoding).i32(3, levelEncoding).i32(4, repetitionEncoding).end()
  return thrift.finish()
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.byteLength
  }
  return all
}
