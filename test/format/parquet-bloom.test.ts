// Bloom filters of Parquet files: what is written is found again whatever its type, little else is, and what is broken is taken for none.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { bytesReader } from '../../src/base/bytes.ts'
import { random } from '../../src/base/random.ts'
import { isNested } from '../../src/batch/data-type.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import type { Stored } from '../../src/batch/stored-value.ts'
import { storedBy } from '../../src/batch/stored-value.ts'
import { parseType, typeName } from '../../src/batch/type-name.ts'
import { createDevice } from '../../src/device/device.ts'
import { bloomHas, lacksValue, plainForms, readBloomFilter } from '../../src/format/parquet/bloom-filter.ts'
import { readFooter } from '../../src/format/parquet/read-footer.ts'
import { checkParquetWrite, type ParquetWriteOptions } from '../../src/format/parquet/write-options.ts'
import { exact, readParquet, type Rows, writeParquet } from '../support/format-files.ts'
import { sampleTypes, sampleValues } from '../support/samples.ts'

const device = await createDevice()
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))

function opened(bytes: Uint8Array, leaf = 0, group = 0) {
  const reader = bytesReader(bytes)
  const file = readFooter(reader, 'test.parquet')
  const column = file.columns[leaf]!
  const chunk = file.rowGroups[group]!.chunks[column.leaf]!
  const lacks = (value: Stored, type: string = typeName(column.field.type)) => lacksValue(reader, column, chunk, value, parseType(type, 'test').type)
  return { reader, column, chunk, lacks, filter: readBloomFilter(reader, chunk) }
}

function written(type: string, values: readonly unknown[], options: ParquetWriteOptions = {}) {
  return opened(writeParquet(device, { v: type }, values.map(v => ({ v })), { bloomFilters: ['v'], ...options }))
}

describe('parquet bloom filters', () => {
  const types = sampleTypes.filter(type => !isNested(type) && !['duration', 'interval', 'bool', 'null', 'float16'].includes(type.kind) && !('unit' in type && type.unit === 's')).map(type => typeName(type))

  it.each(types)('know every value of %s, with and without a dictionary', name => {
    const { type } = parseType(name, 'test')
    for (const dictionary of [true, false]) {
      const values = sampleValues(random(3), type, 400, 'nulls')
      const { lacks, column, filter } = written(`${name}?`, values, { dictionary })
      expect(filter!.blocks).toBeGreaterThan(0)
      const stored = values.filter(value => value !== null).map(value => storedBy(type)(value as never) as Stored)
      expect(stored.length).toBeGreaterThan(100)
      expect(stored.filter(value => lacks(value))).toEqual([])
      // All but NaN have bytes to be asked for.
      expect(stored.filter(value => !plainForms(column, value, type) && !Number.isNaN(value))).toEqual([])
    }
  })

  it('let about as many other values pass as asked for, and no more bytes than that takes', () => {
    const chance = random(5)
    const values = Array.from({ length: 20_000 }, (_, i) => `value ${i} ${chance.int(1e6)}`)
    for (const falsePositive of [0.2, 0.01, 0.0001]) {
      const { lacks, filter } = written('utf8', values, { bloomFilters: { v: { falsePositive } }, dictionary: false })
      expect(values.filter(value => lacks(value))).toEqual([])
      const passed = Array.from({ length: 20_000 }, (_, i) => `other ${i}`).filter(value => !lacks(value)).length / 20_000
      expect(passed).toBeLessThan(falsePositive * 1.5 + 0.0002)
      const bits = (filter!.blocks * 256) / values.length
      const needed = -8 / Math.log(1 - falsePositive ** (1 / 8))
      expect(bits).toBeLessThan(2.5 * needed)
      expect(Math.log2(filter!.blocks) % 1, 'a power of two').toBe(0)
    }
  })

  it('are as small as the different values allow, however often they come', () => {
    const blocks = (different: number) => written('int32', Array.from({ length: 30_000 }, (_, i) => (i * 7) % different), { dictionary: false }).filter!.blocks
    expect(blocks(10)).toBeLessThanOrEqual(2)
    expect(blocks(1_000)).toBeLessThanOrEqual(64)
    expect(written('int32?', [null, null]).filter!.blocks).toBe(1)
  })

  it('are made for each row group, and for the leaves of structs', () => {
    const rows: Rows = Array.from({ length: 300 }, (_, i) => ({ s: { a: i, b: `text ${i}` }, n: i }))
    const bytes = writeParquet(device, { s: 'struct<a: int32, b: utf8>', n: 'int32' }, rows, { bloomFilters: ['s', 'n'], rowGroupRows: 100 })
    for (const group of [0, 1, 2]) {
      const { lacks } = opened(bytes, 1, group)
      expect([0, 1, 2].map(other => lacks(100 * other + 50)).indexOf(false)).toBe(group)
      const { rowGroups } = readFooter(bytesReader(bytes), 'test.parquet')
      expect(rowGroups[group]!.chunks.map(chunk => chunk.bloomFilter !== undefined)).toEqual([true, true, true])
    }
    expect(exact(readParquet(device, bytes))).toBe(exact(rows))
  })

  it('say nothing of constants that equal what they do not look like', () => {
    const { lacks } = written('float64', [0, 1.5])
    expect([lacks(-0), lacks(0), lacks(NaN), lacks(1.5), lacks(2.5)]).toEqual([false, false, false, false, true])
    const long = written('int64', [5n, 2n ** 53n + 1n])
    expect([long.lacks(5, 'float64'), long.lacks(5.5, 'float64'), long.lacks(2 ** 53, 'float64'), long.lacks(6, 'int32'), long.lacks(2n ** 70n, 'int64')]).toEqual([false, false, false, true, false])
    const decimal = written('decimal(9, 2)', ['1.50', '2.00'])
    expect([decimal.lacks(15n, 'decimal(9, 1)'), decimal.lacks(16n, 'decimal(9, 1)'), decimal.lacks(1500n, 'decimal(9, 3)')]).toEqual([false, true, false])
    const time = written('timestamp[ms]', [1_000])
    expect([time.lacks(1_000_000n, 'timestamp[us]'), time.lacks(2_000_000n, 'timestamp[us]'), time.lacks(1_000_500n, 'timestamp[us]'), time.lacks(1n, 'timestamp[s]')]).toEqual([false, true, false, false])
    const unsigned = written('uint32', [2 ** 32 - 1, 7])
    expect([unsigned.lacks(2 ** 32 - 1), unsigned.lacks(8), unsigned.lacks(-1, 'int32')]).toEqual([false, true, false])
  })

  it.each([
    [{ bloomFilters: ['x'] }, 'NO_COLUMN', 'write.parquet: no column "x"; the input has t, b'],
    [{ bloomFilters: ['b'] }, 'BLOOM_FILTER', 'write.parquet, column "b": values of type bool have no Bloom filter; leave it out'],
    [{ bloomFilters: { t: { falsePositive: 1 } } }, 'BLOOM_FILTER', 'write.parquet, column "t": falsePositive is 1; give a number between 0 and 1, such as 0.01'],
    [{ bloomFilters: { t: { falsePositive: NaN } } }, 'BLOOM_FILTER', 'write.parquet, column "t": falsePositive is NaN'],
  ] as const)('are refused: %o', (options, code, message) => {
    expect(() => checkParquetWrite(options, parseSchema({ t: 'utf8', b: 'bool' }, 'test'), 'write.parquet')).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })
})

describe('a damaged bloom filter', () => {
  const bytes = writeParquet(device, { n: 'int32' }, Array.from({ length: 500 }, (_, i) => ({ n: 2 * i })), { bloomFilters: ['n'] })
  const { chunk } = opened(bytes)
  const changed = (at: number, byte: number) => {
    const copy = bytes.slice()
    copy[chunk.bloomFilter!.offset + at] = byte
    return opened(copy)
  }

  it('is none where its header is broken, of another kind, or of another size than the footer says', () => {
    const header = opened(bytes).filter!.start - chunk.bloomFilter!.offset
    for (let at = 0; at < header; at++)
      for (const byte of [0, 1, 0x2c, 0x7f, 0xff]) {
        const { filter, lacks } = changed(at, byte)
        if (filter) expect(filter).toEqual(opened(bytes).filter)
        expect(lacks(4), `byte ${at} is ${byte}`).toBe(false)
      }
    const reader = bytesReader(bytes)
    for (const place of [{ offset: -1, bytes: 0 }, { offset: bytes.length - 4, bytes: 0 }, { offset: 1e15, bytes: 0 }, { offset: chunk.bloomFilter!.offset, bytes: 7 }])
      expect(readBloomFilter(reader, { ...chunk, bloomFilter: place })).toBeUndefined()
    expect(readBloomFilter(reader, { ...chunk, bloomFilter: { offset: chunk.bloomFilter!.offset, bytes: 0 } })).toEqual(opened(bytes).filter)
  })

  it("isn't believed where it knows neither the least nor the greatest number", () => {
    const copy = bytes.slice()
    const { start, blocks } = opened(bytes).filter!
    copy.fill(0, start, start + 32 * blocks)
    expect(bloomHas(bytesReader(copy), { start, blocks }, new Uint8Array(4))).toBe(false)
    expect(opened(copy).lacks(3)).toBe(false)
    expect(opened(bytes).lacks(3)).toBe(true)
  })
})

const suite = process.env.MILLRACE_SUITES ?? fileURLToPath(new URL('../../../shared/suites', import.meta.url))
const data = `${suite}/parquet-testing/data`

describe.skipIf(!existsSync(data))('bloom filters of other writers', () => {
  it.each(['data_index_bloom_encoding_stats.parquet', 'data_index_bloom_encoding_with_length.parquet'])('%s knows its values, and no others', name => {
    const bytes = new Uint8Array(readFileSync(`${data}/${name}`))
    const { filter, lacks } = opened(bytes)
    expect(filter).toBeDefined()
    const values = readParquet(device, bytes).map(row => Object.values(row)[0] as string)
    expect(values.length).toBeGreaterThan(5)
    expect(values.filter(value => lacks(value))).toEqual([])
    expect(Array.from({ length: 50 }, (_, i) => `no such ${i}`).filter(value => lacks(value)).length).toBeGreaterThan(45)
  })
})
