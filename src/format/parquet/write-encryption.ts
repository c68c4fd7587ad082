// How users ask for encrypted Parquet files, looked at before anything is written: whose key each leaf has, and how the footer lies in the file.
import { PlanError } from '../../base/errors.ts'
import { Hidden, type HiddenReference, hiddenValue } from '../../base/hidden.ts'
import type { Fields } from '../../batch/schema.ts'
import { type ParquetCipher, parquetCiphers } from './crypto-metadata.ts'
import { ordinalMax } from './module-cipher.ts'
import { checkNames, keyBytes, type ParquetKey, prefixBytes } from './parquet-keys.ts'
import { leavesNamed, namedFor } from './named-leaves.ts'
import type { WrittenLeaf } from './write-tree.ts'

/** How Parquet files are encrypted. */
export interface ParquetEncryption {
  /** The key of the footer, and of columns that have none of their own. */
  readonly footerKey: ParquetKey
  /** Keys of columns by name; a column of lists or structs gives it to all inside, and 'a.b' means one of them. */
  readonly columnKeys?: Readonly<Record<string, ParquetKey>>
  /** Which columns are encrypted: 'all', the default, or only those with a key of their own ('keyed'): others can then be read without any where the footer is plain. */
  readonly columns?: 'all' | 'keyed'
  /** 'AES_GCM_V1', the default, shows any change. 'AES_GCM_CTR_V1' is for readers that want it: pages are enciphered, but changes of them are not shown. */
  readonly algorithm?: ParquetCipher
  /** True leaves the footer readable, and signs it: schema, row counts and plain columns can be read without keys. Bounds of encrypted columns can't. */
  readonly plaintextFooter?: boolean
  /** What readers find the keys by, in the file: a name for a key server, say. Up to 32,767 bytes. */
  readonly footerKeyMetadata?: string | Uint8Array
  readonly columnKeyMetadata?: Readonly<Record<string, string | Uint8Array>>
  /** Binds the file to a name: it can't be put in the place of another. */
  readonly aadPrefix?: string | Uint8Array
  /** False keeps that name out of the file: readers must know it. */
  readonly storeAadPrefix?: boolean
}

/** A column's own key. */
export interface SealKey {
  readonly key: Uint8Array
  readonly metadata: Uint8Array | undefined
}

/** The options, looked at. `leafKeys`: of each leaf its own key, 'footer', or undefined where it stays plain. */
export interface SealPlan {
  readonly footer: SealKey
  readonly leafKeys: readonly (SealKey | 'footer' | undefined)[]
  readonly cipher: ParquetCipher
  readonly plaintextFooter: boolean
  readonly aadPrefix: Uint8Array | undefined
  readonly storeAadPrefix: boolean
}

const names = ['footerKey', 'columnKeys', 'columns', 'algorithm', 'plaintextFooter', 'footerKeyMetadata', 'columnKeyMetadata', 'aadPrefix', 'storeAadPrefix']

/** Takes keys out of sight, for a plan. The threads that encode rows don't need them: the one that writes files encrypts. */
export function hideEncryption(encryption: ParquetEncryption): Hidden<ParquetEncryption, null> {
  return new Hidden(encryption, () => null)
}

/** What encryption means for these leaves. Throws PlanError KEY, KEYS_GONE, SECRET, ENCRYPTION, NO_COLUMN. */
export function sealPlan(reference: HiddenReference, shown: Fields, leaves: readonly WrittenLeaf[], where: string): SealPlan {
  const encryption = hiddenValue(reference) as ParquetEncryption | undefined
  if (!encryption) throw new PlanError('KEYS_GONE', `${where}: the plan has keys of another process, which are in no plan; build the frame in this one`)
  checkNames(encryption, names, `${where}, encryption`)
  const { footerKey, columnKeys = {}, columns = 'all', algorithm = 'AES_GCM_V1', plaintextFooter = false, columnKeyMetadata = {}, storeAadPrefix = true } = encryption
  const refused = (what: string) => new PlanError('ENCRYPTION', `${where}, encryption: ${what}`)
  if (footerKey === undefined) throw refused("there is no footerKey; give one, as in { footerKey: secret('PARQUET_KEY') }")
  if (!parquetCiphers.includes(algorithm)) throw refused(`no algorithm ${JSON.stringify(algorithm)}; there are ${parquetCiphers.join(', ')}`)
  if (columns !== 'all' && columns !== 'keyed') throw refused(`columns is ${JSON.stringify(columns)}; give 'all', or 'keyed' for those in columnKeys alone`)
  if (leaves.length > ordinalMax) throw refused(`${leaves.length} columns, counted inside lists and structs; encrypted files number up to ${ordinalMax}; write some of them to another file`)
  for (const name of [...Object.keys(columnKeys), ...Object.keys(columnKeyMetadata)]) leavesNamed(name, shown, leaves, `${where}, encryption`)
  const odd = Object.keys(columnKeyMetadata).find(name => !Object.hasOwn(columnKeys, name))
  if (odd !== undefined) throw refused(`columnKeyMetadata names "${odd}", which has no key in columnKeys; give both by the same name`)
  const own = Object.fromEntries(
    Object.entries(columnKeys).map(([name, key]) => [name, { key: keyBytes(key, `${where}, the key of column "${name}"`), metadata: metadataBytes(columnKeyMetadata[name], `${where}, column "${name}"`) }]),
  )
  return {
    footer: { key: keyBytes(footerKey, `${where}, footerKey`), metadata: metadataBytes(encryption.footerKeyMetadata, where) },
    leafKeys: leaves.map(leaf => namedFor(own, leaf) ?? (columns === 'all' ? 'footer' : undefined)),
    cipher: algorithm,
    plaintextFooter,
    aadPrefix: encryption.aadPrefix === undefined ? undefined : prefixBytes(encryption.aadPrefix, where),
    storeAadPrefix,
  }
}

const metadataBytesMax = 32_767

function metadataBytes(metadata: string | Uint8Array | undefined, where: string): Uint8Array | undefined {
  if (metadata === undefined) return undefined
  const bytes = prefixBytes(metadata, where)
  if (bytes.byteLength <= metadataBytesMax) return bytes
  throw new PlanError('ENCRYPTION', `${where}, encryption: key metadata of ${bytes.byteLength} bytes, at most ${metadataBytesMax}; give a name of the key`)
}
