// The files of --decryption-keys and --encryption-keys: JSON objects of what `decryption` of read.parquet and `encryption` of write.parquet take. A key is hex or base64 text, or
// { "secret": "NAME" } for an environment variable. Messages never show what is in the file.
import { PlanError } from '../base/errors.ts'
import type { ParquetDecryption } from '../format/parquet/parquet-keys.ts'
import type { ParquetEncryption } from '../format/parquet/write-encryption.ts'
import type { FileFormat } from './file-format.ts'
import { objectInFile } from './option-files.ts'

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
  return objectInFile(path, flag, 'KEY_FILE', '{"footerKey": {"secret": "NAME"}}')
}
