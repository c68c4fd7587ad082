// How values are encoded in Parquet files that we write: as asked for, or as is small; they come back whatever it is.
import { afterEach, describe, expect, it } from 'vitest'
import { bytesReader } from '../../src/base/bytes.ts'
import { random } from '../../src/base/random.ts'
import { isNested } from '../../src/batch/data-type.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { typeName } from '../../src/batch/type-name.ts'
import { createDevice } from '../../src/device/device.ts'
import { encodings } from '../../src/format/parquet/metadata.ts'
import { readFooter } from '../../src/format/parquet/read-footer.ts'
import { checkParquetWrite, type ParquetEncoding, type ParquetWriteOptions } from '../../src/format/parquet/write-options.ts'
import { allTypes, allTypesRows, exact, readParquet, type Rows, writeParquet } from '../support/format-files.ts'
import { sampleTypes, sampleValues, shapes } from '../support/samples.ts'

const device = await createDevice()
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))

// The encodings of a column's first chunk, without those of levels and dictionaries.
function encodingsOf(bytes: Uint8Array, column = 0, group = 0): string[] {
  const { encodings: numbers } = readFooter(bytesReader(bytes), 'test.parquet').rowGroups[group]!.chunks[column]!
  return numbers!.filter(number => number !== 3).map(number => encodings[number]!)
}

function written(type: string, values: readonly unknown[], options: ParquetWriteOptions = {}): string[] {
  const rows = values.map(v => ({ v }))
  const bytes = writeParquet(device, { v: type }, rows, { compression: 'none', ...options })
  expect(exact(readParquet(device, bytes))).toBe(exact(rows))
  return encodingsOf(bytes)
}

describe('parquet encodings', () => {
  const types = sampleTypes.filter(type => !isNested(type) && !['duration', 'interval'].includes(type.kind) && !('unit' in type && type.unit === 's')).map(type => typeName(type))

  it.each(['plain', 'dictionary', 'delta', 'byte-stream-split'] as const)('%s holds every type, of every shape', encoding => {
    for (const shape of shapes) {
      const schema = Object.fromEntries([...types, 'list<int32?>', 'list<utf8>', 'struct<a: int64?, b: float32>'].map((type, i) => [`c${i}`, `${type}?`]))
      const columns = parseSchema(schema, 'test').map(({ name, type }) => [name, sampleValues(random(7), type, 700, shape)] as const)
      const rows = Array.from({ length: 700 }, (_, i) => Object.fromEntries(columns.map(([name, values]) => [name, values[i]])))
      const plain = writeParquet(device, schema, rows, { dictionary: false })
      const bytes = writeParquet(device, schema, rows, { encoding, pageRows: 150, rowGroupRows: 400, compression: 'lz4' }, 90)
      expect(exact(readParquet(device, bytes)), shape).toBe(exact(readParquet(device, plain)))
    }
  })

  it.each([1, 2, 31, 32, 33, 128, 129, 130, 257])('delta holds %i values', count => {
    expect(written('int64', Array.from({ length: count }, (_, i) => BigInt.asIntN(64, BigInt(i) ** 9n)), { encoding: 'delta' })).toEqual(['DELTA_BINARY_PACKED'])
    expect(written('int32', Array.from({ length: count }, (_, i) => (i * 2_654_435_761) | 0), { encoding: 'delta' })).toEqual(['DELTA_BINARY_PACKED'])
  })

  it('writes texts by their lengths, or by what they share with those before', () => {
    const chance = random(3)
    const apart = Array.from({ length: 500 }, () => Array.from({ length: chance.int(30) }, () => String.fromCharCode(97 + chance.int(26))).join(''))
    expect(written('utf8', apart, { encoding: 'delta' })).toEqual(['DELTA_LENGTH_BYTE_ARRAY'])
    expect(written('utf8', Array.from({ length: 500 }, (_, i) => `https://example.com/items/${i}`), { encoding: 'delta' })).toEqual(['DELTA_BYTE_ARRAY'])
    expect(written('binary(4)', Array.from({ length: 300 }, (_, i) => Uint8Array.of(1, 2, i >> 8, i & 255)), { encoding: { v: 'delta' } })).toEqual(['DELTA_BYTE_ARRAY'])
  })

  it('takes differences for sorted and slowly growing integers, dates and times', () => {
    const count = 40_000
    const chance = random(5)
    let time = 1_700_000_000_000n
    const times = Array.from({ length: count }, () => (time += BigInt(chance.int(5_000))))
    expect(written('int64', Array.from({ length: count }, (_, i) => BigInt(i)))).toEqual(['DELTA_BINARY_PACKED'])
    expect(written('int32', Array.from({ length: count }, (_, i) => i * 3))).toEqual(['DELTA_BINARY_PACKED'])
    expect(written('int64?', times.map((value, i) => (i % 7 === 0 ? null : value)), { compression: 'zstd' })).toEqual(['DELTA_BINARY_PACKED'])
  })

  it('goes on with differences in the row groups that follow, while they are smaller', () => {
    const chance = random(8)
    const values = Array.from({ length: 12_000 }, (_, i) => (i < 6_000 ? BigInt(i) : BigInt(chance.uint32()) << 31n))
    const bytes = writeParquet(device, { v: 'int64' }, values.map(v => ({ v })), { rowGroupRows: 3_000 })
    expect([0, 1, 2, 3].map(group => encodingsOf(bytes, 0, group).at(-1))).toEqual(['DELTA_BINARY_PACKED', 'DELTA_BINARY_PACKED', 'PLAIN', 'PLAIN'])
    expect(exact(readParquet(device, bytes))).toBe(exact(values.map(v => ({ v }))))
  })

  it('leaves dictionaries and random numbers as they are, and few values', () => {
    const chance = random(6)
    expect(written('int32', Array.from({ length: 20_000 }, () => chance.int(100)))).toEqual(['PLAIN', 'RLE_DICTIONARY'])
    expect(written('date', Array.from({ length: 20_000 }, (_, i) => 86_400_000 * Math.floor(i / 500)))).toEqual(['PLAIN', 'RLE_DICTIONARY'])
    expect(written('int64', Array.from({ length: 20_000 }, () => (BigInt(chance.uint32()) << 31n) | BigInt(chance.uint32())))).toEqual(['PLAIN'])
    expect(written('int64', Array.from({ length: 1_000 }, (_, i) => BigInt(i)))).toEqual(['PLAIN', 'RLE_DICTIONARY'])
    expect(written('float64', Array.from({ length: 20_000 }, (_, i) => i))).toEqual(['PLAIN'])
  })

  it('writes neither dictionaries nor differences for readers that know none', () => {
    expect(written('int64', Array.from({ length: 5_000 }, (_, i) => BigInt(i)), { dictionary: false })).toEqual(['PLAIN'])
    expect(written('int64', Array.from({ length: 5_000 }, (_, i) => BigInt(i)), { dictionary: false, encoding: 'delta' })).toEqual(['DELTA_BINARY_PACKED'])
  })

  it('writes a dictionary that does not pay where one is asked for, until it is full', () => {
    expect(written('int32', Array.from({ length: 20_000 }, (_, i) => i * 7), { encoding: 'dictionary' })).toEqual(['PLAIN', 'RLE_DICTIONARY'])
    expect(written('int32', Array.from({ length: 90_000 }, (_, i) => i * 7), { encoding: { v: 'dictionary' } })).toEqual(['PLAIN', 'RLE_DICTIONARY'])
  })

  it('splits floats where that is asked of all, and other numbers where it is asked of them', () => {
    const rows = Array.from({ length: 3_000 }, (_, i) => ({ i, f: i / 3 }))
    const all = writeParquet(device, { i: 'int32', f: 'float64' }, rows, { encoding: 'byte-stream-split' })
    expect([encodingsOf(all, 0), encodingsOf(all, 1)]).toEqual([['DELTA_BINARY_PACKED'], ['BYTE_STREAM_SPLIT']])
    const one = writeParquet(device, { i: 'int32', f: 'float64' }, rows, { encoding: { i: 'byte-stream-split' } })
    expect([encodingsOf(one, 0), encodingsOf(one, 1)]).toEqual([['BYTE_STREAM_SPLIT'], ['PLAIN']])
    for (const bytes of [all, one]) expect(exact(readParquet(device, bytes))).toBe(exact(rows))
  })

  it('asks a column of structs for all inside, or one member by its path', () => {
    const rows = Array.from({ length: 200 }, (_, i) => ({ s: { a: i, b: i } }))
    const both = writeParquet(device, { s: 'struct<a: int32, b: int32>' }, rows, { encoding: { s: 'delta', 's.b': 'plain' } })
    expect([encodingsOf(both, 0), encodingsOf(both, 1)]).toEqual([['DELTA_BINARY_PACKED'], ['PLAIN']])
  })

  it('ends pages by rows and by bytes', () => {
    const rows = Array.from({ length: 1_000 }, (_, i) => ({ n: i, t: 'x'.repeat(i % 200), l: [i, i], b: i % 3 === 0 }))
    const schema = { n: 'int32', t: 'utf8', l: 'list<int32>', b: 'bool' } as const
    for (const options of [{ pageRows: 1 }, { pageRows: 13 }, { pageBytes: 100 }, { pageBytes: '1KiB', pageRows: 1_000 }, { pageBytes: 1 }, { pageRows: 1_000_000 }] as const)
      for (const dictionary of [true, false]) expect(exact(readParquet(device, writeParquet(device, schema, rows, { ...options, dictionary }, 111)))).toBe(exact(rows))
    const [few, many] = [10, 500].map(pageRows => writeParquet(device, { n: 'float64' }, rows.map(({ n }) => ({ n })), { pageRows, dictionary: false }).byteLength)
    expect(few).toBeGreaterThan(many! + 90 * 20)
  })

  it('packs by lz4 what can be packed, and leaves no more than a little where nothing can', () => {
    const chance = random(2)
    const words = Array.from({ length: 5_000 }, () => ({ v: BigInt.asIntN(64, (BigInt(chance.uint32()) << 32n) | BigInt(chance.uint32())) }))
    const size = (rows: Rows, compression: 'none' | 'lz4', type = 'int64') => writeParquet(device, { v: type }, rows, { compression, dictionary: false }).byteLength
    expect(size(words, 'lz4')).toBeLessThan(size(words, 'none') + 300)
    const texts = Array.from({ length: 5_000 }, (_, i) => ({ v: `the same text again and again, number ${i % 50}` }))
    expect(size(texts, 'lz4', 'utf8')).toBeLessThan(size(texts, 'none', 'utf8') / 8)
    const rows = allTypesRows(3_000)
    expect(exact(readParquet(device, writeParquet(device, allTypes, rows, { compression: 'lz4' })))).toBe(exact(rows))
  })

  it.each([
    [{ encoding: 'zip' as ParquetEncoding }, 'ENCODING', 'write.parquet: no encoding "zip"; there are auto, plain, dictionary, delta, byte-stream-split'],
    [{ encoding: { t: 'byte-stream-split' } }, 'ENCODING', `write.parquet, column "t": values of type utf8 have no encoding "byte-stream-split"; leave it to 'auto'`],
    [{ encoding: { f: 'delta' } }, 'ENCODING', `write.parquet, column "f": values of type float64 have no encoding "delta"; leave it to 'auto'`],
    [{ encoding: { x: 'delta' } }, 'NO_COLUMN', 'write.parquet: no column "x"; the input has t, f'],
    [{ pageRows: 0 }, 'PAGE_ROWS', 'write.parquet: pageRows is 0; give a whole number from 1 to 1048576'],
    [{ pageBytes: 'much' }, 'BYTES', 'write.parquet, pageBytes: "much" is not a size'],
  ] as const)('refuses %o', (options, code, message) => {
    const check = () => checkParquetWrite(options as ParquetWriteOptions, parseSchema({ t: 'utf8', f: 'float64' }, 'test'), 'write.parquet')
    expect(check).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })
})
