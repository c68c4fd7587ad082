// What Parquet files say of their encryption (apache/parquet-format, parquet.thrift: EncryptionAlgorithm, FileCryptoMetaData, ColumnCryptoMetaData), read and written.
import { type ThriftReader, thriftType } from './read-thrift.ts'
import type { ThriftWriter } from './write-thrift.ts'

/** How a file's modules are sealed: all with AES-GCM, or pages with AES-CTR only. */
export const parquetCiphers = ['AES_GCM_V1', 'AES_GCM_CTR_V1'] as const
/** A cipher's name. */
export type ParquetCipher = (typeof parquetCiphers)[number]

/** The cipher of a file, and what all its modules are bound to. */
export interface EncryptionAlgorithm {
  /** Undefined of one that this version does not know. */
  cipher: ParquetCipher | undefined
  aadPrefix?: Uint8Array
  aadUnique: Uint8Array
  /** The prefix is not in the file: readers must be given it. */
  supplyAadPrefix: boolean
}

/** What stands before an encrypted footer. */
export interface FileCryptoMetadata {
  algorithm?: EncryptionAlgorithm
  keyMetadata?: Uint8Array
}

/** Whose key a column has. */
export interface ColumnCryptoMetadata {
  kind: 'footer key' | 'column key'
  path?: string[]
  keyMetadata?: Uint8Array
}

/** Throws DataError THRIFT. */
export function readFileCrypto(reader: ThriftReader): FileCryptoMetadata {
  const metadata: FileCryptoMetadata = {}
  reader.struct((id, type) => {
    if (id === 1 && type === thriftType.struct) metadata.algorithm = readAlgorithm(reader)
    else if (id === 2 && type === thriftType.binary) metadata.keyMetadata = reader.binary().slice()
    else return false
    return true
  })
  return metadata
}

/** Throws DataError THRIFT. */
export function readAlgorithm(reader: ThriftReader): EncryptionAlgorithm {
  const algorithm: EncryptionAlgorithm = { cipher: undefined, aadUnique: new Uint8Array(0), supplyAadPrefix: false }
  reader.struct((id, type) => {
    if (type !== thriftType.struct) return false
    algorithm.cipher = parquetCiphers[id - 1]
    reader.struct((inner, innerType) => {
      if (inner === 1 && innerType === thriftType.binary) algorithm.aadPrefix = reader.binary().slice()
      else if (inner === 2 && innerType === thriftType.binary) algorithm.aadUnique = reader.binary().slice()
      else if (inner === 3) algorithm.supplyAadPrefix = reader.bool(innerType)
      else return false
      return true
    })
    return true
  })
  return algorithm
}

/** Throws DataError THRIFT. */
export function readColumnCrypto(reader: ThriftReader): ColumnCryptoMetadata {
  const metadata: ColumnCryptoMetadata = { kind: 'footer key' }
  reader.struct((id, type) => {
    if (id !== 2 || type !== thriftType.struct) return false
    metadata.kind = 'column key'
    reader.struct((inner, innerType) => {
      if (inner === 1 && innerType === thriftType.list) metadata.path = reader.list(() => reader.text())
      else if (inner === 2 && innerType === thriftType.binary) metadata.keyMetadata = reader.binary().slice()
      else return false
      return true
    })
    return true
  })
  return metadata
}

/** As field `id`. */
export function writeAlgorithm(thrift: ThriftWriter, id: number, { cipher, aadPrefix, aadUnique, supplyAadPrefix }: EncryptionAlgorithm): void {
  thrift.begin(id).begin(cipher === 'AES_GCM_CTR_V1' ? 2 : 1)
  if (aadPrefix) thrift.binary(1, aadPrefix)
  thrift.binary(2, aadUnique)
  if (supplyAadPrefix) thrift.bool(3, true)
  thrift.end().end()
}

/** As field `id`. */
export function writeColumnCrypto(thrift: ThriftWriter, id: number, { kind, path, keyMetadata }: ColumnCryptoMetadata): void {
  thrift.begin(id)
  if (kind === 'footer key') thrift.begin(1).end()
  else {
    thrift.begin(2).texts(1, path ?? [])
    if (keyMetadata) thrift.binary(2, keyMetadata)
    thrift.end()
  }
  thrift.end()
}
