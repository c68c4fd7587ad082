// Encrypted Parquet files of other writers: those of parquet-testing, read whole with keys by column and with keys by their description (the one whose keys a server unwraps: source/parquet-keys.test.ts); without keys, with wrong ones, and
// with any byte changed: an error that says which module, and never other rows.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DataError, PlanError } from '../../src/base/errors.ts'
import { secret } from '../../src/base/secret.ts'
import { createDevice } from '../../src/device/device.ts'
import { keyBytes, type ParquetDecryption } from '../../src/format/parquet/parquet-keys.ts'
import { describedKeys, doubleKey, encryptedFile, encryptedNames, expectedRows, explicitKeys, floatKey, footerKey, utf8 } from '../support/encrypted-suite.ts'
import { exact, readParquet } from '../support/format-files.ts'
import { suiteFolder } from '../support/suites.ts'

const device = await createDevice()
const read = (name: string, decryption?: ParquetDecryption, columns?: readonly string[]) => readParquet(device, encryptedFile(name), { where: name, int96: 'us', decryption, columns, batchRows: 7 })

function failure(act: () => unknown): { code: string; message: string } {
  try {
    act()
  } catch (thrown) {
    expect(device.pages.used()).toBe(0)
    return { code: (thrown as DataError).code, message: (thrown as Error).message }
  }
  throw new Error('no error was thrown')
}

describe.skipIf(!suiteFolder('parquet-testing'))('encrypted files of parquet-testing', () => {
  it.each(encryptedNames.filter(name => name !== 'external_key_material_java'))('%s: its values, by keys of columns and by described keys', name => {
    expect(exact(read(name, explicitKeys(name)))).toBe(exact(expectedRows(name)))
    expect(exact(read(name, describedKeys(name)))).toBe(exact(expectedRows(name)))
    expect(device.pages.used()).toBe(0)
  })

  it.each(encryptedNames)('%s without a key: its plain columns, or an error that says what to give', name => {
    if (!name.endsWith('plaintext_footer')) {
      expect(failure(() => read(name))).toEqual({ code: 'ENCRYPTED', message: expect.stringMatching(/: the file is encrypted; no key was given; give its keys/) })
      return
    }
    const own = name.startsWith('aes256/') ? [] : ['boolean_field', 'int32_field', 'int64_field', 'int96_field', 'ba_field', 'flba_field']
    const plain = expectedRows(name).map(row => Object.fromEntries(own.map(column => [column, row[column]])))
    expect(exact(read(name, undefined, own))).toBe(exact(plain))
    expect(failure(() => read(name, undefined, [...own, 'double_field']))).toEqual({
      code: 'ENCRYPTED',
      message: expect.stringMatching(/, row group 0, column "double_field"(, byte \d+)?: the column is encrypted; no key was given; .+select the other columns/),
    })
  })

  it('of a column without its key gives the others', () => {
    const name = 'encrypt_columns_and_footer'
    const keys = { footerKey, columnKeys: { double_field: doubleKey } }
    expect(read(name, keys, ['double_field', 'int32_field'])).toEqual(expectedRows(name).map(({ double_field, int32_field }) => ({ double_field, int32_field })))
    expect(failure(() => read(name, keys))).toEqual({ code: 'KEY_MISSING', message: expect.stringMatching(/column "float_field".+none of the keys given is for it \(its key metadata is "kc2"\)/) })
    expect(failure(() => read(name, { columnKeys: keys.columnKeys }))).toEqual({ code: 'KEY_MISSING', message: expect.stringContaining('footer: the footer is encrypted, and none of the keys given is for it (its key metadata is "kf")') })
  })

  it.each(['encrypt_columns_and_footer', 'encrypt_columns_and_footer_ctr', 'encrypt_columns_plaintext_footer'])('%s with a wrong key: an error that names the module', name => {
    const keys = explicitKeys(name)
    const wrong = utf8('wrong, wrong, no')
    expect(failure(() => read(name, { ...keys, footerKey: wrong }))).toEqual({ code: 'DECRYPTION', message: expect.stringContaining(`${name}, byte `) })
    expect(failure(() => read(name, { ...keys, footerKey: wrong })).message).toContain('footer: ')
    const swapped = { ...keys, columnKeys: { double_field: floatKey, float_field: floatKey } }
    expect(failure(() => read(name, swapped))).toEqual({ code: 'DECRYPTION', message: expect.stringMatching(/row group 0, column "double_field"(, byte \d+)?: the column metadata does not open; the key is another/) })
    expect(read(name, swapped, ['float_field', 'flba_field']).length).toBe(50)
    for (const size of [24, 32]) expect(failure(() => read(name, { ...keys, footerKey: new Uint8Array(size) })).code).toBe('DECRYPTION')
  })

  it('bound to a prefix: only with that prefix', () => {
    const [stored, missing, none] = ['encrypt_columns_and_footer_aad', 'encrypt_columns_and_footer_disable_aad_storage', 'encrypt_columns_and_footer'] as const
    const { footerKey, columnKeys } = explicitKeys(stored)
    expect(read(stored, { footerKey, columnKeys, aadPrefix: utf8('tester') }).length).toBe(50)
    expect(failure(() => read(stored, { footerKey, columnKeys, aadPrefix: 'taster' })).code).toBe('AAD_PREFIX')
    expect(failure(() => read(missing, { footerKey, columnKeys })).code).toBe('AAD_PREFIX')
    expect(failure(() => read(missing, { footerKey, columnKeys, aadPrefix: 'taster' })).code).toBe('DECRYPTION')
    expect(failure(() => read(none, { footerKey, columnKeys, aadPrefix: 'tester' })).code).toBe('AAD_PREFIX')
  })

  it("of a plain footer compares the signature, unless told that the footer's key is not there", () => {
    const name = 'encrypt_columns_plaintext_footer'
    const columnKeys = explicitKeys(name).columnKeys!
    expect(failure(() => read(name, { columnKeys }))).toEqual({ code: 'KEY_MISSING', message: expect.stringContaining("the footer's signature can't be compared") })
    expect(exact(read(name, { columnKeys, verifyFooter: false }))).toBe(exact(expectedRows(name)))
    const bytes = encryptedFile(name)
    const at = Buffer.from(bytes).lastIndexOf('parquet-cpp')
    bytes[at]!++
    expect(failure(() => readParquet(device, bytes, { decryption: explicitKeys(name), int96: 'us' }))).toEqual({ code: 'DECRYPTION', message: expect.stringContaining('footer: its signature is not that of this key') })
    expect(readParquet(device, bytes, { decryption: { columnKeys, verifyFooter: false }, int96: 'us' }).length).toBe(50)
  })

  // Of the first two only those columns are encrypted.
  const own = ['double_field', 'float_field']
  it.each([['encrypt_columns_and_footer', own], ['encrypt_columns_plaintext_footer', own], ['aes256/uniform_encryption', undefined], ['aes256/encrypt_columns_and_footer', undefined]] as const)('%s with any byte changed: a typed error, or the same rows', (name, columns) => {
    const bytes = encryptedFile(name)
    const decryption = explicitKeys(name)
    const expected = exact(readParquet(device, bytes, { decryption, int96: 'us', columns }))
    let refused = 0
    for (let at = 0; at < bytes.length; at += 5) {
      const changed = bytes.slice()
      changed[at]! ^= 1 << (at % 8)
      try {
        const isSame = exact(readParquet(device, changed, { decryption, int96: 'us', columns })) === expected
        expect(isSame, `byte ${at}`).toBe(true)
      } catch (thrown) {
        if (!(thrown instanceof DataError)) throw thrown
        refused++
      }
      expect(device.pages.used()).toBe(0)
    }
    // Not in what the file says of its keys, nor in columns that are not read.
    expect(refused).toBeGreaterThan(bytes.length / 5 / (columns ? 8 : 2))
  })

  it('cut anywhere near its end: a typed error', () => {
    const bytes = encryptedFile('encrypt_columns_and_footer')
    for (let end = 0; end < bytes.length; end += end < bytes.length - 64 ? 61 : 1)
      expect(() => readParquet(device, bytes.slice(0, end), { decryption: explicitKeys('encrypt_columns_and_footer'), int96: 'us' }), `cut at ${end}`).toThrow(DataError)
  })

  it('plain where keys are given: refused, unless allowed', () => {
    const plain = new Uint8Array(readFileSync(`${suiteFolder('parquet-testing')}/data/alltypes_plain.parquet`))
    expect(failure(() => readParquet(device, plain, { decryption: { footerKey } })).code).toBe('NOT_ENCRYPTED')
    expect(readParquet(device, plain, { decryption: { footerKey, allowPlaintext: true } }).length).toBe(8)
  })
})

describe('keys', () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => 37 * i)

  it.each([16, 24, 32])('of %i bytes are taken as bytes, hex, base64 and secrets', size => {
    const key = bytes.slice(0, size)
    const buffer = Buffer.from(key)
    process.env['PARQUET_TEST_KEY'] = buffer.toString('base64')
    for (const given of [key, buffer, buffer.toString('hex'), buffer.toString('hex').toUpperCase(), buffer.toString('base64'), buffer.toString('base64url'), secret('PARQUET_TEST_KEY')])
      expect(keyBytes(given, 'test')).toEqual(key)
    delete process.env['PARQUET_TEST_KEY']
  })

  it.each([['bytes', new Uint8Array(17)], ['no text', 'sesame, open the door'], ['short', 'c2VzYW1l'], ['number', 5 as unknown as string], ['null', null as unknown as string]])('that are none (%s) are refused without being shown', (_, key) => {
    const { code, message } = failure(() => keyBytes(key, 'read.parquet, footerKey'))
    expect(code).toBe('KEY')
    expect(message).toMatch(/^read\.parquet, footerKey: .+; .+/)
    expect(message).not.toMatch(/sesame|c2VzYW1l/)
  })

  it('of secrets that are not set are a PlanError', () => {
    expect(() => keyBytes(secret('PARQUET_TEST_UNSET'), 'test')).toThrow(PlanError)
  })
})
