// Encrypted Parquet files of our own: any choice of keys, cipher, footer and prefix, read back with them, and with less only what is plain; modules that are put elsewhere don't open.
import { describe, expect, it } from 'vitest'
import { bytesReader } from '../../src/base/bytes.ts'
import type { DataError } from '../../src/base/errors.ts'
import { random } from '../../src/base/random.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import type { ParquetDecryption } from '../../src/format/parquet/parquet-keys.ts'
import { keySetOf } from '../../src/format/parquet/parquet-keys.ts'
import { ParquetWriter } from '../../src/format/parquet/parquet-writer.ts'
import { readFooter } from '../../src/format/parquet/read-footer.ts'
import { hideEncryption, type ParquetEncryption } from '../../src/format/parquet/write-encryption.ts'
import type { ParquetWriteOptions } from '../../src/format/parquet/write-options.ts'
import { allTypes, allTypesRows, exact, readParquet, type Rows, writeParquet } from '../support/format-files.ts'

const device = await createDevice()
const key = (seed: number, size = 16) => Uint8Array.from({ length: size }, (_, i) => (seed * 31 + i * 7) & 255)
const [footerKey, aKey, bKey] = [key(1), key(2, 24), key(3, 32)]
const rowsOf = (count: number, of: (i: number) => unknown) => Array.from({ length: count }, (_, i) => ({ a: of(i), b: of(i + 1_000_000), t: `row ${i % 50}` })) as Rows
const schema = { a: 'int32', b: 'int32', t: 'utf8' } as const
const numbers = rowsOf(3000, i => (i * 7919) % 100_003)
const written = (encryption: ParquetEncryption, options: ParquetWriteOptions = {}, rows: Rows = numbers) => writeParquet(device, schema, rows, { rowGroupRows: 1000, pageRows: 100, ...options, encryption: hideEncryption(encryption) })
const read = (bytes: Uint8Array, decryption?: ParquetDecryption, columns?: readonly string[]) => readParquet(device, bytes, { decryption, columns, batchRows: 77 })

function code(act: () => unknown): string {
  try {
    act()
  } catch (thrown) {
    expect(device.pages.used()).toBe(0)
    return (thrown as DataError).code
  }
  return 'none'
}

describe('encrypted Parquet files of ours', () => {
  it('come back as they were, for any choice of options', () => {
    const chance = random(Number(process.env.SEED ?? 1))
    const pick = <T,>(items: readonly T[]) => items[chance.int(items.length)]!
    const types = Object.keys(allTypes)
    const rows = allTypesRows(150)
    const plain = exact(readParquet(device, writeParquet(device, allTypes, rows)))
    for (let round = 0; round < 40; round++) {
      const keyed = types.filter(() => chance.int(3) === 0)
      const columnKeys = Object.fromEntries(keyed.map((name, i) => [name, key(i + 9, pick([16, 24, 32]))]))
      const aadPrefix = pick([undefined, 'trips', new Uint8Array([0, 255, 7])])
      const storeAadPrefix = pick([true, false])
      const encryption: ParquetEncryption = {
        footerKey: pick([footerKey, aKey, bKey]),
        columnKeys,
        columns: pick(['all', 'keyed']),
        algorithm: pick(['AES_GCM_V1', 'AES_GCM_CTR_V1']),
        plaintextFooter: pick([true, false]),
        footerKeyMetadata: pick([undefined, 'kf', new Uint8Array([1, 2, 200])])!,
        columnKeyMetadata: Object.fromEntries(keyed.map(name => [name, `key of ${name}`])),
        ...(aadPrefix && { aadPrefix }),
        storeAadPrefix,
      }
      const bytes = writeParquet(device, allTypes, rows, { compression: pick(['none', 'snappy', 'zstd', 'lz4']), rowGroupRows: pick([64, 1000]), pageRows: pick([10, 16_384]), encryption: hideEncryption(encryption) }, pick([1, 40, 1000]))
      const prefix = aadPrefix && (!storeAadPrefix || pick([true, false])) ? { aadPrefix } : {}
      expect(exact(read(bytes, { footerKey: encryption.footerKey, columnKeys, ...prefix })) === plain, `round ${round}, by column`).toBe(true)
      const keys = Object.fromEntries(keyed.map(name => [`key of ${name}`, columnKeys[name]!]))
      expect(exact(read(bytes, { footerKey: encryption.footerKey, keys, ...prefix })) === plain, `round ${round}, by description`).toBe(true)
      expect(code(() => read(bytes, undefined, ['never'])), `round ${round}, without keys`).toBe(encryption.plaintextFooter ? 'NO_COLUMN' : 'ENCRYPTED')
      expect(device.pages.used()).toBe(0)
    }
  })

  it('give without keys what is plain, and say of the rest that it is encrypted', () => {
    const bytes = written({ footerKey, columnKeys: { a: aKey }, columns: 'keyed', plaintextFooter: true })
    expect(read(bytes, undefined, ['b', 't'])).toEqual(numbers.map(({ b, t }) => ({ b, t })))
    expect(code(() => read(bytes))).toBe('ENCRYPTED')
    const [group] = readFooter(bytesReader(bytes), 'x').rowGroups
    expect(group!.chunks.map(chunk => chunk.statistics !== undefined)).toEqual([false, true, true])
    expect(readFooter(bytesReader(bytes), 'x', undefined, keySetOf({ footerKey, columnKeys: { a: aKey } }, 'x')).rowGroups[0]!.chunks.map(chunk => chunk.statistics !== undefined)).toEqual([true, true, true])
  })

  it('hold nothing of the rows or the keys in plain text', () => {
    const secretRows = rowsOf(500, i => i).map((row, i) => ({ ...row, t: `a text that nobody may see ${i}` }))
    const bytes = Buffer.from(written({ footerKey, columnKeys: { a: aKey } }, { compression: 'none', dictionary: false }, secretRows))
    for (const hidden of [Buffer.from('nobody may see'), Buffer.from(footerKey), Buffer.from(aKey)]) expect(bytes.includes(hidden)).toBe(false)
    const again = Buffer.from(written({ footerKey, columnKeys: { a: aKey } }, { compression: 'none', dictionary: false }, secretRows))
    expect(again.equals(bytes)).toBe(false)
  })

  it('are read by page index, whatever pages are left out', () => {
    const bytes = written({ footerKey, columnKeys: { a: aKey }, aadPrefix: 'x' })
    const decryption = { footerKey, columnKeys: { a: aKey } }
    for (const ranges of [[[250, 260], [905, 1000]], [[0, 1]], [[999, 1000]], [[0, 100], [300, 400]]] as const) {
      let skipped = 0
      const rows = readParquet(device, bytes, { decryption, ranges, count: (_, by) => (skipped += by) })
      const wanted = [0, 1, 2].flatMap(group => ranges.flatMap(([start, end]) => numbers.slice(1000 * group + start, 1000 * group + end)))
      expect(rows).toEqual(wanted)
      expect(skipped).toBeGreaterThan(0)
    }
  })

  it('do not open where modules were exchanged', () => {
    // Alike columns of one key: whatever is exchanged has the same size, and its own key.
    const same = rowsOf(3000, i => i + 1).map((row, i) => ({ ...row, b: 5000 + i }))
    const options = { compression: 'none', dictionary: false, encoding: 'plain', pageRows: 100, rowGroupRows: 1000, pageIndex: false } as const
    const encryption = { footerKey }
    const bytes = written(encryption, options, same)
    expect(read(bytes, { footerKey }).length).toBe(3000)
    const { rowGroups } = readFooter(bytesReader(bytes), 'x', undefined, keySetOf({ footerKey }, 'x'))
    const [one, other] = [rowGroups[0]!.chunks[0]!, rowGroups[0]!.chunks[1]!]
    const later = rowGroups[1]!.chunks[0]!
    const pageBytes = one.compressedBytes / 10
    const exchanged = (from: number, to: number, count: number) => {
      const copy = bytes.slice()
      copy.set(bytes.subarray(from, from + count), to)
      copy.set(bytes.subarray(to, to + count), from)
      return copy
    }
    expect([other.compressedBytes, later.compressedBytes]).toEqual([one.compressedBytes, one.compressedBytes])
    for (const [from, to, count] of [
      [one.dataOffset, other.dataOffset, one.compressedBytes],
      [one.dataOffset, later.dataOffset, one.compressedBytes],
      [one.dataOffset, one.dataOffset + pageBytes, pageBytes],
      [one.dataOffset, other.dataOffset, pageBytes],
    ] as const) expect(code(() => read(exchanged(from, to, count), { footerKey })), `${from} and ${to}`).toBe('DECRYPTION')
    // A file of the same shape and key has unique bytes of its own.
    const foreign = written(encryption, options, same)
    const mixed = bytes.slice()
    mixed.set(foreign.subarray(one.dataOffset, one.dataOffset + one.compressedBytes), one.dataOffset)
    expect(code(() => read(mixed, { footerKey }))).toBe('DECRYPTION')
  })

  it('go on after a checkpoint with the same unique bytes', () => {
    const parts: Uint8Array[] = []
    const sink = { append: (bytes: Uint8Array) => void parts.push(bytes.slice()) }
    const fields = parseSchema(schema, 'test')
    const options = { encryption: hideEncryption({ footerKey, columnKeys: { t: bKey } }) }
    const first = new ParquetWriter(device, fields, sink, options)
    const state = JSON.parse(JSON.stringify(first.checkpoint()))
    first.close()
    expect(JSON.stringify(state)).not.toMatch(new RegExp([footerKey, bKey].map(key => Buffer.from(key).toString('hex')).join('|')))
    const others = [undefined, { footerKey: aKey, columnKeys: { t: bKey } }, { footerKey, columnKeys: { t: aKey } }, { footerKey, columnKeys: { t: bKey }, aadPrefix: 'x' }, { footerKey, columnKeys: { t: bKey }, plaintextFooter: true }]
    for (const other of others) expect(code(() => new ParquetWriter(device, fields, sink, other ? { encryption: hideEncryption(other) } : {}, 'test', state))).toBe('ENCRYPTION')
    expect(code(() => new ParquetWriter(device, fields, sink, options, 'test', { bytes: 4, groups: [] }))).toBe('ENCRYPTION')
    const second = new ParquetWriter(device, fields, sink, options, 'test', state)
    second.finish()
    second.close()
    expect(read(Buffer.concat(parts), { footerKey })).toEqual([])
  })

  it('end row groups before pages can be numbered no more', () => {
    const bytes = writeParquet(device, { a: 'int32' }, Array.from({ length: 40_000 }, (_, i) => ({ a: i })), { pageRows: 1, encryption: hideEncryption({ footerKey }) }, 10_000)
    const groups = readFooter(bytesReader(bytes), 'x', undefined, keySetOf({ footerKey }, 'x')).rowGroups.map(group => group.rowCount)
    expect(Math.max(...groups)).toBeLessThanOrEqual(32_767)
    expect(groups.length).toBeGreaterThan(1)
    expect(read(bytes, { footerKey }).map(row => row.a)).toEqual(Array.from({ length: 40_000 }, (_, i) => i))
  })

  it.each([
    ['ENCRYPTION', {}],
    ['ENCRYPTION', { footerKey, algorithm: 'AES_CBC' }],
    ['ENCRYPTION', { footerKey, columns: 'none' }],
    ['ENCRYPTION', { footerKey, columnKeyMetadata: { a: 'x' } }],
    ['ENCRYPTION', { footerKey, footerKeyMetadata: new Uint8Array(32_768) }],
    ['NO_COLUMN', { footerKey, columnKeys: { z: aKey } }],
    ['KEY', { footerKey: 'sesame' }],
    ['KEY', { footerKey, colunmKeys: {} }],
    ['KEY', { footerKey, aadPrefix: 5 }],
  ] as const)('are refused as %s before anything is written: %o', (expected, encryption) => {
    expect(code(() => written(encryption as unknown as ParquetEncryption))).toBe(expected)
  })
})
