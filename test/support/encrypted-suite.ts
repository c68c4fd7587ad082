// The encrypted files of parquet-testing, with the keys and values that its README, and the descriptions of the programs that wrote them, tell.
import { readFileSync } from 'node:fs'
import { openModule } from '../../src/format/parquet/module-cipher.ts'
import type { ParquetDecryption } from '../../src/format/parquet/parquet-keys.ts'
import { suiteFolder } from './suites.ts'

const folder = suiteFolder('parquet-testing')

export const utf8 = (text: string) => new TextEncoder().encode(text)
export const footerKey = utf8('0123456789012345')
export const doubleKey = utf8('1234567890123450')
export const floatKey = utf8('1234567890123451')
const longFooterKey = utf8('01234567890123456789012345678901')
const longKey = (last: number) => utf8(`1234567890123456789012345678901${last}`)

/** The bytes of an encrypted file; its name without the endings. */
export function encryptedFile(name: string): Uint8Array {
  return new Uint8Array(readFileSync(encryptedPath(name)))
}

export function encryptedPath(name: string): string {
  return `${folder}/data/${name}.parquet.encrypted`
}

/** All 13 files by name. */
export const encryptedNames = [
  'encrypt_columns_and_footer',
  'encrypt_columns_and_footer_aad',
  'encrypt_columns_and_footer_bloom_filter',
  'encrypt_columns_and_footer_ctr',
  'encrypt_columns_and_footer_disable_aad_storage',
  'encrypt_columns_plaintext_footer',
  'external_key_material_java',
  'uniform_encryption',
  'aes256/encrypt_columns_and_footer',
  'aes256/encrypt_columns_and_footer_ctr',
  'aes256/encrypt_columns_and_footer_disable_aad_storage',
  'aes256/encrypt_columns_plaintext_footer',
  'aes256/uniform_encryption',
]

/** Keys by column. */
export function explicitKeys(name: string): ParquetDecryption {
  const aadPrefix = name.endsWith('disable_aad_storage') ? { aadPrefix: 'tester' } : {}
  if (!name.startsWith('aes256/')) return { footerKey, columnKeys: { double_field: doubleKey, float_field: floatKey }, ...aadPrefix }
  const columns = ['double_field', 'float_field', 'boolean_field', 'int32_field', 'ba_field', 'flba_field', 'int64_field.list.element', 'int96_field']
  return { footerKey: longFooterKey, columnKeys: Object.fromEntries(columns.map((column, i) => [column, longKey(i + 2)])), ...aadPrefix }
}

/** Keys by what the file says of them; of the file whose keys are wrapped a server's answers. */
export function describedKeys(name: string): ParquetDecryption {
  const { footerKey: kf, columnKeys, ...rest } = explicitKeys(name)
  if (name === 'external_key_material_java') return { keys: unwrapped }
  return { keys: { kf: kf!, ...Object.fromEntries(Object.values(columnKeys!).map((key, i) => [`kc${i + 1}`, key])) }, ...rest }
}

/** As a key server with its three master keys would: the key that the material beside the file holds, wrapped in one that the master key wraps. */
export function unwrapped(keyMetadata: Uint8Array): Uint8Array | undefined {
  const { keyReference } = JSON.parse(new TextDecoder().decode(keyMetadata)) as { keyReference: string }
  const all = JSON.parse(readFileSync(`${folder}/data/_KEY_MATERIAL_FOR_external_key_material_java.parquet.encrypted.json`, 'utf8')) as Record<string, string>
  const { masterKeyID, wrappedKEK, keyEncryptionKeyID, wrappedDEK } = JSON.parse(all[keyReference]!) as Record<string, string>
  const masters: Record<string, Uint8Array> = { kf: footerKey, kc1: doubleKey, kc2: floatKey }
  const kek = openModule(masters[masterKeyID!]!, Buffer.from(wrappedKEK!, 'base64'), utf8(masterKeyID!))
  return kek && openModule(kek, Buffer.from(wrappedDEK!, 'base64'), Buffer.from(keyEncryptionKeyID!, 'base64'))
}

/** The rows that the writers' programs made; of two files others than of the rest. */
export function expectedRows(name: string): Record<string, unknown>[] {
  const rows = (count: number, row: (i: number) => Record<string, unknown>) => Array.from({ length: count }, (_, i) => row(i))
  if (name.endsWith('bloom_filter')) return rows(2000, i => ({ double_field: i + 0.5, float_field: i + 0.25, int32_field: i, name: `name_${i}` }))
  const bytes = (values: ArrayLike<number>) => Uint8Array.from(values)
  return rows(50, i => ({
    boolean_field: i % 2 === 0,
    int32_field: i,
    int64_field: [2n * BigInt(i) * 10n ** 12n, (2n * BigInt(i) + 1n) * 10n ** 12n],
    int96_field: (BigInt(i) + 2n - 2_440_588n) * 86_400_000_000n + (BigInt(i) + (BigInt(i) + 1n) * 2n ** 32n) / 1000n,
    float_field: Math.fround(Math.fround(i) * Math.fround(1.1)),
    double_field: i * 1.1111111,
    ba_field: i % 2 === 0 ? utf8(`parquet${String(i).padStart(3, '0')}`) : null,
    flba_field: bytes(Array(10).fill(i)),
  }))
}
