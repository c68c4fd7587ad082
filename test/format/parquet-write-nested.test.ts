// Nested Parquet columns, written by us: a thousand tables of types by chance come back as they were, and what the footer and the pages say of them.
import { afterEach, describe, expect, it } from 'vitest'
import { bytesReader, BytesSink } from '../../src/base/bytes.ts'
import { random } from '../../src/base/random.ts'
import { allocateColumn, sliceBatch } from '../../src/batch/batch.ts'
import { childrenOf, type DataType, int32, type Member } from '../../src/batch/data-type.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { typeName } from '../../src/batch/type-name.ts'
import { createDevice } from '../../src/device/device.ts'
import { pageBytes } from '../../src/device/pages.ts'
import { readFileMetadata, readPageHeader } from '../../src/format/parquet/metadata.ts'
import { ParquetWriter } from '../../src/format/parquet/parquet-writer.ts'
import { checkParquetWrite, type ParquetWriteOptions } from '../../src/format/parquet/write-options.ts'
import { readFooter } from '../../src/format/parquet/read-footer.ts'
import { ThriftReader } from '../../src/format/parquet/read-thrift.ts'
import { eachBatch, exact, readParquet, writeParquet } from '../support/format-files.ts'
import { randomType, sampleValues, shapes } from '../support/samples.ts'

const device = await createDevice()
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))

const seed = Number(process.env.SEED ?? 1)

// What Parquet has a place for.
function hasPlace(type: DataType): boolean {
  if (['duration', 'interval'].includes(type.kind) || ('unit' in type && type.unit === 's')) return false
  return !(type.kind === 'struct' && type.members.length === 0) && childrenOf(type).every(child => hasPlace(child.type))
}

// The type that comes back: Parquet knows no length of lists and no zones, and nothing but nulls is never required.
function keptAs(type: DataType): DataType {
  const member = <M extends Member>(m: M): M => ({ ...m, type: keptAs(m.type), nullable: m.nullable || m.type.kind === 'null' })
  switch (type.kind) {
    case 'list':
    case 'fixedList':
      return { kind: 'list', item: member(type.item) }
    case 'struct':
      return { kind: 'struct', members: type.members.map(member) }
    case 'map':
      return { kind: 'map', key: keptAs(type.key), value: member(type.value) }
    case 'timestamp':
      return { kind: 'timestamp', unit: type.unit }
    default:
      return type
  }
}

describe(`tables by chance, seed ${seed}`, () => {
  it.each(shapes)('%s: come back as they were', shape => {
    for (let round = 0; round < 220; round++) {
      const chance = random(seed).fork(round * 10 + shapes.indexOf(shape))
      const types: DataType[] = []
      while (types.length < 1 + (round % 3)) {
        const type = randomType(chance, 1 + chance.int(4))
        if (hasPlace(type) && type.kind !== 'null') types.push(type)
      }
      const nullable = shape !== 'full'
      const schema = Object.fromEntries(types.map((type, i) => [`c${i}`, typeName(type, nullable)]))
      const rowCount = [0, 1, 2, 30, 150][chance.int(5)]!
      const columns = types.map(type => sampleValues(chance, type, rowCount, shape))
      const rows = Array.from({ length: rowCount }, (_, row) => Object.fromEntries(columns.map((values, i) => [`c${i}`, values[row]!])))
      const options = { compression: (['none', 'snappy', 'zstd'] as const)[chance.int(3)]!, rowGroupRows: 1 + chance.int(70), dictionary: chance.int(2) === 0 }
      const bytes = writeParquet(device, schema, rows, options, 1 + chance.int(50))
      expect(readFooter(bytesReader(bytes), 'x').columns.map(c => c.field), `round ${round}`).toEqual(types.map((type, i) => ({ name: `c${i}`, type: keptAs(type), nullable })))
      expect(readParquet(device, bytes, { batchRows: 1 + chance.int(70) }), `round ${round}, ${JSON.stringify(schema)}`).toEqual(rows)
    }
  })
})

// The footer as it lies in the file.
function footerOf(bytes: Uint8Array) {
  const length = new DataView(bytes.buffer).getUint32(bytes.length - 8, true)
  return readFileMetadata(new ThriftReader(bytes.subarray(bytes.length - 8 - length), 'x'))
}

// The pages of a leaf of the first row group, which is not packed: their headers and bodies.
function pagesOf(bytes: Uint8Array, leaf: number) {
  const chunk = footerOf(bytes).rowGroups[0]!.chunks[leaf]!
  const start = chunk.dictionaryOffset ?? chunk.dataOffset
  const pages = []
  for (let at = start; at < start + chunk.compressedBytes; ) {
    const reader = new ThriftReader(bytes.subarray(at), 'x')
    const header = readPageHeader(reader)
    const body = at + reader.position
    at = body + header.compressedBytes
    pages.push({ header, body: bytes.subarray(body, at) })
  }
  return pages
}

// The first level of a hybrid run behind its length: repeated, or the lowest bits of the packed ones.
function firstLevel(body: Uint8Array, width: number): number {
  let at = 4
  while (body[at]! >= 128) at++
  return body[at + 1]! & (2 ** width - 1)
}

const orders = [
  { id: 1n, tags: ['a', null, 'a'], parts: new Map([['x', { amount: 2.5, days: [] }], ['y', null]]) },
  { id: 2n, tags: null, parts: new Map() },
  { id: 3n, tags: [], parts: new Map([['x', { amount: null, days: [86_400_000, 0] }]]) },
]
const ordersSchema = { id: 'int64', tags: 'list<utf8?>?', parts: 'map<utf8, struct<amount: float64?, days: list<date>>?>' }

describe('the footer of nested columns', () => {
  const footer = footerOf(writeParquet(device, ordersSchema, orders))

  it('has lists and maps in the three-level form', () => {
    const [required, optional, repeated] = [0, 1, 2]
    const shown = footer.schema.map(({ name, repetition, children, logical, converted }) => [name, repetition, children, logical?.name, converted])
    expect(shown.slice(1)).toEqual([
      ['id', required, 0, undefined, undefined],
      ['tags', optional, 1, 'LIST', 3],
      ['list', repeated, 1, undefined, undefined],
      ['element', optional, 0, 'STRING', 0],
      ['parts', required, 1, 'MAP', 1],
      ['key_value', repeated, 2, undefined, undefined],
      ['key', required, 0, 'STRING', 0],
      ['value', optional, 2, undefined, undefined],
      ['amount', optional, 0, undefined, undefined],
      ['days', required, 1, 'LIST', 3],
      ['list', repeated, 1, undefined, undefined],
      ['element', required, 0, 'DATE', 6],
    ])
    expect(footer.schema[0]).toMatchObject({ name: 'schema', children: 3 })
  })

  it('has a chunk for each leaf, by its path, with its own values, nulls and bounds', () => {
    const day = (number: number) => new Uint8Array(Int32Array.of(number).buffer)
    const double = (number: number) => new Uint8Array(Float64Array.of(number).buffer)
    const text = (letter: string) => new TextEncoder().encode(letter)
    expect(footer.rowGroups[0]!.chunks.map(({ path, valueCount, statistics }) => [path.join('.'), valueCount, statistics!.nullCount, statistics!.min, statistics!.max])).toEqual([
      ['id', 3, 0, new Uint8Array(BigInt64Array.of(1n).buffer), new Uint8Array(BigInt64Array.of(3n).buffer)],
      ['tags.list.element', 5, 3, text('a'), text('a')],
      ['parts.key_value.key', 4, 1, text('x'), text('y')],
      ['parts.key_value.value.amount', 4, 3, double(2.5), double(2.5)],
      ['parts.key_value.value.days.list.element', 5, 3, day(0), day(1)],
    ])
  })
})

describe('pages of nested columns', () => {
  const write = (schema: Record<string, string>, rows: Record<string, unknown>[], options: ParquetWriteOptions = {}, batchRows = 5_000) => {
    const bytes = writeParquet(device, schema, rows, { compression: 'none', ...options }, batchRows)
    expect(exact(readParquet(device, bytes, { batchRows: 5_000 }))).toBe(exact(rows))
    return bytes
  }

  it('begin and end at rows, however long these are', () => {
    const chance = random(5)
    let next = 0
    const rows = Array.from({ length: 3_000 }, (_, i) => ({ l: i % 100 === 7 ? null : Array.from({ length: i === 1_500 ? 40_000 : chance.int(40) }, () => (chance.int(9) === 0 ? null : next++)) }))
    const pages = pagesOf(write({ l: 'list<int32?>?' }, rows, { dictionary: false }), 0)
    const counts = pages.map(page => page.header.valueCount)
    expect(counts.reduce((sum, count) => sum + count)).toBe(rows.reduce((sum, { l }) => sum + Math.max(1, l?.length ?? 0), 0))
    expect(pages.map(page => firstLevel(page.body, 1))).toEqual(pages.map(() => 0))
    expect(counts.filter(count => count > 16_384)).toEqual([40_000])
    expect(pages.length).toBeLessThan(10)
  })

  it('hold a row of more levels than there is room for in front of values', () => {
    const chance = random(6)
    write({ l: 'list<list<bool?>?>' }, [{ l: Array.from({ length: 200_000 }, () => (chance.int(2) ? null : [chance.int(2) === 0, null])) }, { l: [] }])
  })

  it('are cut where texts are long, between rows', () => {
    const rows = Array.from({ length: 600 }, (_, i) => ({ s: { t: `${i} ${'x'.repeat(4_000)}` }, l: [`${i} ${'y'.repeat(3_000)}`, null] }))
    const bytes = write({ s: 'struct<t: utf8>', l: 'list<utf8?>' }, rows, {}, 300)
    for (const leaf of [0, 1]) {
      const pages = pagesOf(bytes, leaf)
      expect(pages.length, `leaf ${leaf}`).toBeGreaterThan(1)
      for (const { header } of pages) expect(header.bytes).toBeLessThan(1_200_000)
    }
    expect(pagesOf(bytes, 1).map(page => firstLevel(page.body, 1))).not.toContain(1)
  })

  it('have a dictionary where it pays, leaf by leaf', () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ s: { few: `kind ${i % 5}`, many: BigInt(i) * 7n }, l: [i % 3, i % 5] }))
    const footer = footerOf(write({ s: 'struct<few: utf8, many: int64?>?', l: 'list<int32>' }, rows))
    const dictionary = 8
    expect(footer.rowGroups[0]!.chunks.map(chunk => chunk.encodings!.includes(dictionary))).toEqual([true, false, true])
  })
})

describe('writing nested columns', () => {
  it('takes slices of a batch, whose lists begin anywhere', () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({ l: i % 7 === 0 ? null : Array.from({ length: i % 5 }, (_, k) => (k === 2 ? null : { a: [i, k], b: `${i}.${k}` })) }))
    const sink = new BytesSink()
    const schema = { l: 'list<struct<a: list<int32>, b: utf8>?>?' }
    const writer = new ParquetWriter(device, parseSchema(schema, 'test'), sink)
    eachBatch(device, schema, rows, 300, batch => {
      for (const [start, end] of [[64, 128], [192, 300]] as const) writer.write(sliceBatch(batch, start, end))
    })
    writer.finish()
    writer.close()
    expect(readParquet(device, sink.bytes())).toEqual([...rows.slice(64, 128), ...rows.slice(192)])
  })

  it('needs memory for the longest row, not for all that a batch unfolds to', () => {
    const mib = 1024 * 1024
    const arena = device.arena()
    const [rows, size] = [2_000, 5_000]
    const item = { type: { kind: 'int8' }, nullable: false } as const
    const items = allocateColumn(arena, item.type, rows * size)
    device.memory.bytes(items.values, items.length).fill(7)
    const inner = { type: { kind: 'fixedList', item, size: 5 }, length: items.length / 5, values: 0, validity: 0, children: [items] } as const
    const type = { kind: 'fixedList', item: { type: inner.type, nullable: true }, size: size / 5 } as const
    const column = { type, length: rows, values: 0, validity: 0, children: [inner] }
    const sink = new BytesSink()
    const fields = [{ name: 'c', type, nullable: true }]
    const writer = new ParquetWriter(device, fields, sink, { compression: 'zstd' })
    device.pages.restartHighWater()
    const before = device.pages.used()
    writer.write({ fields, rowCount: rows, columns: [column], arena: arena.address })
    expect((device.pages.highWater() - before) * pageBytes).toBeLessThan(8 * mib)
    writer.finish()
    writer.close()
    arena.release()
    expect(footerOf(sink.bytes()).rowGroups[0]!.chunks[0]!.valueCount).toBe(rows * size)
  })

  it('writes fixed lists as lists, and nulls of no type as nulls', () => {
    const rows = [{ f: [1, 2], n: [null, null] }, { f: null, n: [] }, { f: [3, 4], n: [null] }]
    const bytes = writeParquet(device, { f: 'list<int32, 2>?', n: 'list<null?>' }, rows)
    expect(readFooter(bytesReader(bytes), 'x').columns.map(c => typeName(c.field.type, c.field.nullable))).toEqual(['list<int32>?', 'list<null?>'])
    expect(readParquet(device, bytes)).toEqual(rows)
  })

  it('goes on with a file after its checkpoint', () => {
    const schema = { c: 'list<struct<a: int32, b: utf8?>?>?' }
    const rows = Array.from({ length: 500 }, (_, i) => ({ c: i % 4 ? Array.from({ length: i % 3 }, () => ({ a: i, b: i % 2 ? null : 'b' })) : null }))
    const [first, second] = [new BytesSink(), new BytesSink()]
    const writer = new ParquetWriter(device, parseSchema(schema, 'test'), first)
    eachBatch(device, schema, rows.slice(0, 200), 70, batch => writer.write(batch))
    const state = JSON.parse(JSON.stringify(writer.checkpoint()))
    writer.close()
    second.append(first.bytes())
    const resumed = new ParquetWriter(device, parseSchema(schema, 'test'), second, {}, 'test', state)
    eachBatch(device, schema, rows.slice(200), 70, batch => resumed.write(batch))
    resumed.finish()
    resumed.close()
    expect(readParquet(device, second.bytes())).toEqual(rows)
  })

  it.each([
    ['struct<a: int32?>', 'struct<a: int32>', { a: null }, /column "c\.a": 1 nulls where the type allows none; declare it with \?/],
    ['list<list<utf8>?>', 'list<list<utf8>>', [['x'], null, null], /column "c\.list\.element": 2 nulls/],
    ['list<utf8>?', 'list<utf8>', null, /column "c": 1 nulls/],
    ['struct<a: int32>?', 'struct<a: int32>', null, /column "c": 1 nulls/],
  ])('refuses a null of %s in %s', (given, declared, value, message) => {
    const writer = new ParquetWriter(device, parseSchema({ c: declared }, 'test'), new BytesSink())
    expect(() => eachBatch(device, { c: given }, [{ c: value }], 1, batch => writer.write(batch))).toThrow(expect.objectContaining({ name: 'DataError', code: 'NULL_VALUE', message: expect.stringMatching(message) }))
    writer.close()
  })

  it('refuses types that are nested deeper than levels can tell', () => {
    let type: DataType = int32
    for (let depth = 0; depth < 127; depth++) type = { kind: 'list', item: { type, nullable: true } }
    const check = (nullable: boolean) => () => checkParquetWrite({}, [{ name: 'c', type, nullable }], 'write.parquet')
    expect(check(false)).not.toThrow()
    expect(check(true)).toThrow(expect.objectContaining({ code: 'TYPE', message: expect.stringMatching(/column "c\.list.+": the type is nested so deeply that its values have 255 levels; .+ at most 254/) }))
  })
})
