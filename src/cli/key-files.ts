// The files of --decryption-keys and --encryption-keys: JSON objects of what `decryption` of read.parquet and `encryption` of write.parquet take. A key is hex or base64 text, or
// { "secret": "NAME" } for an environment variable. Messages never show what is in the file.
import { readFileSync } from 'node:fs'
import { DataError, PlanError } from '../base/errors.ts'
import type { ParquetDecryption } from '../format/parquet/parquet-keys.ts'
import type { ParquetEncryption } from '../format/parquet/write-encryption.ts'
import { fileError } from '../source/file-list.ts'
import type { FileFormat } from './file-format.ts'

/** The flag that reads keys, for commander. */
export const decryptionFlag = ['--decryption-keys <file>', 'of encrypted parquet: a JSON file such as {"footerKey": "<hex>", "columnKeys": {"price": {"secret": "PRICE_KEY"}}}'] as const
/** The flag that writes with keys, for commander. */
export const encryptionFlag = ['--encryption-keys <file>', 'of parquet: encrypt the output; a JSON file such as {"footerKey": {"secret": "KEY"}, "plaintextFooter": true}'] as const

/** The keys for inputs of `format`. Throws PlanError KEY_FILE, DataError KEY_FILE, ConnectorError. */
export function decryptionKeys(path: string | undefined, format: FileFormat): ParquetDecryption | undefined {
  return path === undefined ? undefined : (keysIn(path, '--decryption-keys', format, 'the input') as ParquetDecryption)
}

/** The keys for an output of `format`. Throws as `decryptionKeys`. */
export function encryptionKeys(path: string | undefined, format: FileFormat): ParquetEncryption | undefined {
  return path === undefined ? undefined : (keysIn(path, '--encryption-keys', format, 'the output') as unknown as ParquetEncryption)
}

function keysIn(path: string, flag: string, format: FileFormat, what: string): object {
  if (format !== 'parquet') throw new PlanError('KEY_FILE', `${flag} ${path}: only parquet is encrypted, ${what} is ${format}; leave it out`)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    throw fileError(flag, 'read', path, thrown)
  }
  const wrong = () => new DataError('KEY_FILE', `${flag} ${path}: it is no JSON object; write one such as {"footerKey": {"secret": "NAME"}}`)
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    // What JSON.parse says shows a part of the text.
    throw wrong()
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw wrong()
  return found
}
