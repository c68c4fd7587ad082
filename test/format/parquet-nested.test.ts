// Nested Parquet columns: the records of the Dremel paper by its own levels, a thousand shapes by chance against a plain shredder, and what is refused.
import { afterEach, describe, expect, it } from 'vitest'
import { bytesReader } from '../../src/base/bytes.ts'
import { random } from '../../src/base/random.ts'
import { releaseBatch } from '../../src/batch/batch.ts'
import { typeName } from '../../src/batch/type-name.ts'
import { createDevice } from '../../src/device/device.ts'
import { readFooter } from '../../src/format/parquet/read-footer.ts'
import { readRowGroup } from '../../src/format/parquet/read-row-group.ts'
import { readParquet, writeParquet } from '../support/format-files.ts'
import { nestedShape } from '../support/nested-samples.ts'
import { type PlainElement, type PlainLeaf, shred } from '../support/plain-dremel.ts'
import { footerOf, pageHeader, parquetOfLeaves, plainParquet } from '../support/plain-parquet.ts'
import { sampleValues, shapes } from '../support/samples.ts'

const device = await createDevice()
afterEach(() => expect(device.pages.used(), 'pages in use').toBe(0))

const seed = Number(process.env.SEED ?? 1)

// Figure 2 and 3 of "Dremel: Interactive Analysis of Web-Scale Datasets".
const documentSchema: readonly PlainElement[] = [
  { name: 'DocId', repetition: 'required', physical: 'INT64' },
  {
    name: 'Links',
    repetition: 'optional',
    children: [
      { name: 'Backward', repetition: 'repeated', physical: 'INT64' },
      { name: 'Forward', repetition: 'repeated', physical: 'INT64' },
    ],
  },
  {
    name: 'Name',
    repetition: 'repeated',
    children: [
      {
        name: 'Language',
        repetition: 'repeated',
        children: [
          { name: 'Code', repetition: 'required', physical: 'BYTE_ARRAY', converted: 0 },
          { name: 'Country', repetition: 'optional', physical: 'BYTE_ARRAY', converted: 0 },
        ],
      },
      { name: 'Url', repetition: 'optional', physical: 'BYTE_ARRAY', converted: 0 },
    ],
  },
]
const documents = [
  {
    DocId: 10n,
    Links: { Backward: [], Forward: [20n, 40n, 60n] },
    Name: [
      { Language: [{ Code: 'en-us', Country: 'us' }, { Code: 'en', Country: null }], Url: 'http://A' },
      { Language: [], Url: 'http://B' },
      { Language: [{ Code: 'en-gb', Country: 'gb' }], Url: null },
    ],
  },
  { DocId: 20n, Links: { Backward: [10n, 30n], Forward: [80n] }, Name: [{ Language: [], Url: 'http://C' }] },
]
// Value, repetition and definition level of each entry, as the paper prints them.
const documentLevels: Record<string, readonly (readonly [unknown, number, number])[]> = {
  DocId: [[10n, 0, 0], [20n, 0, 0]],
  'Links.Backward': [[null, 0, 1], [10n, 0, 2], [30n, 1, 2]],
  'Links.Forward': [[20n, 0, 2], [40n, 1, 2], [60n, 1, 2], [80n, 0, 2]],
  'Name.Language.Code': [['en-us', 0, 2], ['en', 2, 2], [null, 1, 1], ['en-gb', 1, 2], [null, 0, 1]],
  'Name.Language.Country': [['us', 0, 3], [null, 2, 2], [null, 1, 1], ['gb', 1, 3], [null, 0, 1]],
  'Name.Url': [['http://A', 0, 2], ['http://B', 1, 2], [null, 1, 1], ['http://C', 0, 2]],
}

describe('the records of the Dremel paper', () => {
  const leaves = shred(documentSchema, documents)

  it('are shredded into the levels that it prints', () => {
    const found = Object.fromEntries(
      leaves.map(leaf => {
        let next = 0
        return [leaf.path.join('.'), leaf.definitions.map((d, i) => [d === leaf.definition ? leaf.values[next++] : null, leaf.repetitions[i], d])]
      }),
    )
    expect(found).toEqual(documentLevels)
  })

  it.each([1, 2, 1000])('are put together again, in batches of %i', batchRows => {
    const bytes = parquetOfLeaves(documentSchema, [{ rows: 2, leaves }], { random: random(3), pageEntries: 2 })
    expect(readParquet(device, bytes, { batchRows })).toEqual(documents)
  })

  it('have the types that their groups say', () => {
    const bytes = parquetOfLeaves(documentSchema, [{ rows: 2, leaves }], { random: random(3) })
    expect(readFooter(bytesReader(bytes), 'x').columns.map(({ field }) => typeName(field.type, field.nullable))).toEqual([
      'int64',
      'struct<Backward: list<int64>, Forward: list<int64>>?',
      'list<struct<Language: list<struct<Code: utf8, Country: utf8?>>, Url: utf8?>>',
    ])
  })
})

describe(`shapes by chance, seed ${seed}`, () => {
  it.each(shapes)('%s: lists, structs and maps of new and old writers, as they were shredded', shape => {
    for (let round = 0; round < 220; round++) {
      const chance = random(seed).fork(round * 10 + shapes.indexOf(shape))
      const columns = Array.from({ length: 1 + chance.int(2) }, (_, i) => nestedShape(chance, `c${i}`, 1 + chance.int(3)))
      const rowCount = [1, 2, 7, 30, 70][chance.int(5)]!
      const values = columns.map(({ type, nullable }) => sampleValues(chance, type, rowCount, nullable ? shape : shape === 'nulls' || shape === 'allNull' ? 'full' : shape))
      const records = Array.from({ length: rowCount }, (_, row) => Object.fromEntries(columns.map(({ record }, i) => [`c${i}`, values[i]![row] === null ? null : record(values[i]![row]!)])))
      const bytes = plainParquet(columns.map(c => c.element), records, { random: chance, rowGroupRows: 1 + chance.int(40), pageEntries: 1 + chance.int(60) })
      const fields = readFooter(bytesReader(bytes), 'x').columns.map(c => c.field)
      expect(fields, `round ${round}`).toEqual(columns.map(({ type, nullable }, i) => ({ name: `c${i}`, type, nullable })))
      const rows = Array.from({ length: rowCount }, (_, row) => Object.fromEntries(columns.map((_, i) => [`c${i}`, values[i]![row]!])))
      expect(readParquet(device, bytes, { batchRows: [1, 3, 16, 1000][chance.int(4)]! }), `round ${round}`).toEqual(rows)
    }
  })
})

// A list of structs of two numbers, and beside it a number.
const pairs: readonly PlainElement[] = [
  { name: 'id', repetition: 'required', physical: 'INT32' },
  { name: 'a', repetition: 'optional', converted: 3, children: [{ name: 'list', repetition: 'repeated', children: [{ name: 'element', repetition: 'optional', children: [{ name: 'x', repetition: 'optional', physical: 'INT32' }, { name: 'y', repetition: 'required', physical: 'INT32' }] }] }] },
]
const pairRows = [[{ x: 1, y: 2 }, { x: null, y: 3 }], null, [], [null, { x: 4, y: 5 }]]
const pairRecords = pairRows.map((a, id) => ({ id, a: a && { list: a.map(element => ({ element })) } }))

function change(name: string, fill: (leaf: PlainLeaf) => Partial<PlainLeaf>): PlainLeaf[] {
  return shred(pairs, pairRecords).map(leaf => (leaf.path.at(-1) === name ? { ...leaf, ...fill(leaf) } : leaf))
}

describe('levels that are wrong', () => {
  it.each<[string, PlainLeaf[], string, RegExp, number?]>([
    ['none', shred(pairs, pairRecords), '', /^/],
    ['a repetition at the start', change('x', ({ repetitions }) => ({ repetitions: repetitions.map((r, i) => (i === 0 ? 1 : r)) })), 'PAGE_LEVELS', /column "a\.list\.element\.x", byte \d+: the levels of value 0 of \d+ can't follow/],
    ['a repetition behind an empty list', change('x', ({ repetitions }) => ({ repetitions: repetitions.map((r, i) => (i === 4 ? 1 : r)) })), 'PAGE_LEVELS', /value 4/],
    ['a repetition without an item', change('y', ({ definitions }) => ({ definitions: definitions.map((d, i) => (i === 1 ? 1 : d)), values: [2, 5] })), 'PAGE_LEVELS', /value 1/],
    ['leaves of which one has a null list', change('y', ({ definitions }) => ({ definitions: definitions.map((d, i) => (i === 3 ? 0 : d)) })), 'NESTED_LEVELS', /"a\.list\.element\.y".+contradict those of "a\.list\.element\.x"/],
    ['leaves of which one has a null struct', change('y', ({ definitions, values }) => ({ definitions: definitions.map((d, i) => (i === 1 ? 2 : d)), values: values.slice(1) })), 'NESTED_LEVELS', /contradict/],
    ['leaves whose lists are of other lengths', change('y', ({ repetitions, definitions, values }) => ({ repetitions: [...repetitions, 1], definitions: [...definitions, 3], values: [...values, 9] })), 'NESTED_LEVELS', /contradict/],
    ['a leaf with a row too few', change('y', ({ repetitions, definitions, values }) => ({ repetitions: repetitions.map((r, i) => (i === 4 ? 1 : r)), definitions: definitions.map((d, i) => (i === 3 ? 3 : d)), values: [...values, 9] })), 'CHUNK_COUNT', /end 1 rows before the row group/, 1000],
    ['a leaf with a row too many', change('y', ({ repetitions, definitions }) => ({ repetitions: [...repetitions, 0], definitions: [...definitions, 0] })), 'CHUNK_COUNT', /go on behind the last row/],
    ['fewer values than rows', change('y', () => ({ repetitions: [0], definitions: [3], values: [1] })), 'CHUNK_COUNT', /the column has 1 values, its row group 4 rows/],
    ['a flat column with other rows', change('id', () => ({ repetitions: [0], definitions: [0], values: [1] })), 'CHUNK_COUNT', /the column has 1 values, its row group 4 rows/],
    ['fewer values than their levels say', change('x', ({ values }) => ({ values: values.slice(1) })), 'PAGE_VALUES', /end before its values/],
    ['a level above the greatest', change('x', ({ definitions }) => ({ definitions: definitions.map((d, i) => (i === 2 ? 6 : d)) })), 'PAGE_LEVELS', /column "a\.list\.element\.x", byte \d+: a definition level is above 4/],
    ['levels that end early', change('x', () => ({ repetition: 0 })), 'PAGE_LEVELS', /levels/],
  ])('%s', (name, leaves, code, message, batchRows) => {
    for (const version of [1, 2] as const) {
      for (let chance = 0; chance < 6; chance++) {
        const bytes = parquetOfLeaves(pairs, [{ rows: 4, leaves }], { random: random(chance), version, dictionary: false, pageEntries: 40 })
        const read = () => readParquet(device, bytes, { batchRows: batchRows ?? 1 + chance })
        if (name === 'none') expect(read()).toEqual(pairRows.map((a, id) => ({ id, a })))
        else expect(read, `version ${version}, chance ${chance}`).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
        expect(device.pages.used()).toBe(0)
      }
    }
  })
})

const leaf = (name: string, more: Partial<PlainElement> = {}): PlainElement => ({ name, repetition: 'optional', physical: 'INT32', ...more })
const group = (name: string, children: readonly PlainElement[], more: Partial<PlainElement> = {}): PlainElement => ({ name, repetition: 'optional', children, ...more })
const typeOf = (element: PlainElement) => {
  const [column] = readFooter(bytesReader(parquetOfLeaves([element], [], { random: random(1) })), 'x').columns
  return column!.unreadable ?? typeName(column!.field.type, column!.field.nullable)
}

describe('schemas', () => {
  const [MAP, MAP_KEY_VALUE, LIST] = [1, 2, 3]
  const repeated = { repetition: 'repeated' } as const

  it.each<[string, PlainElement, string]>([
    ['a list of three levels', group('a', [group('list', [leaf('element')], repeated)], { converted: LIST }), 'list<int32?>?'],
    ['a list of values', group('a', [leaf('element', repeated)], { converted: LIST }), 'list<int32>?'],
    ['a list of structs of two', group('a', [group('element', [leaf('x'), leaf('y')], repeated)], { converted: LIST }), 'list<struct<x: int32?, y: int32?>>?'],
    ['a list named array', group('a', [group('array', [leaf('x')], repeated)], { converted: LIST }), 'list<struct<x: int32?>>?'],
    ['a list named by its tuple', group('a', [group('a_tuple', [leaf('x')], repeated)], { converted: LIST }), 'list<struct<x: int32?>>?'],
    ['a list of lists of two levels', group('a', [group('array', [leaf('array', repeated)], { ...repeated, converted: LIST })], { converted: LIST }), 'list<list<int32>>?'],
    ['a list around a group that repeats', group('a', [group('list', [leaf('x', repeated)], repeated)], { converted: LIST }), 'list<struct<x: list<int32>>>?'],
    ['a list of maps of two levels', group('a', [group('array', [group('map', [leaf('k'), leaf('v')], repeated)], { ...repeated, converted: MAP })], { converted: LIST }), 'list<map<int32, int32?>>?'],
    ['a repeated value', leaf('a', repeated), 'list<int32>'],
    ['a repeated group', group('a', [leaf('x')], repeated), 'list<struct<x: int32?>>'],
    ['a map', group('a', [group('key_value', [leaf('key', { repetition: 'required' }), leaf('value')], repeated)], { converted: MAP }), 'map<int32, int32?>?'],
    ['a map by its old name', group('a', [group('map', [leaf('k'), leaf('v', { repetition: 'required' })], repeated)], { converted: MAP_KEY_VALUE }), 'map<int32, int32>?'],
    ['a map without values', group('a', [group('key_value', [leaf('key', { repetition: 'required' })], repeated)], { converted: MAP }), 'list<int32>?'],
    ['a map of three', group('a', [group('key_value', [leaf('x'), leaf('y'), leaf('z')], repeated)], { converted: MAP }), 'list<struct<x: int32?, y: int32?, z: int32?>>?'],
    ['a map that does not repeat', group('a', [group('key_value', [leaf('key'), leaf('value')])], { converted: MAP }), 'struct<key_value: struct<key: int32?, value: int32?>?>?'],
    ['a map of a value', group('a', [leaf('key_value', repeated)], { converted: MAP }), 'struct<key_value: list<int32>>?'],
    ['a list of two', group('a', [leaf('x', repeated), leaf('y')], { converted: LIST }), 'struct<x: list<int32>, y: int32?>?'],
    ['a list that does not repeat', group('a', [leaf('x')], { converted: LIST }), 'struct<x: int32?>?'],
    ['a struct with two members of a name', group('a', [leaf('x'), leaf('x')]), 'a struct with two members called "x"'],
    ['a decimal too long inside', group('a', [leaf('d', { converted: 5 })]), 'nested, with a decimal of 0 digits, 0 of them behind the point in "a.d"'],
  ])('%s', (_, element, type) => expect(typeOf(element)).toBe(type))

  const deep = (depth: number, wrap: (inside: PlainElement) => PlainElement) => Array.from({ length: depth }).reduce<PlainElement>(wrap, leaf('x'))

  it('nest to sixty levels, and are listed as unreadable beyond', () => {
    const structs = (depth: number) => deep(depth, inside => group('g', [inside]))
    const lists = (depth: number) => deep(depth, inside => group('g', [group('list', [{ ...inside, name: 'element' }], repeated)], { converted: LIST }))
    for (const make of [structs, lists]) {
      expect(typeOf(make(50))).toMatch(/^(struct<g: |list<){50}|int32/)
      expect(typeOf(make(61))).toMatch(/^nested deeper than 60 levels/)
    }
    expect(typeOf(structs(1_000))).toMatch(/^nested deeper/)
  })

  it('of fifty lists in each other are read', () => {
    const schema = [deep(50, inside => group('g', [group('list', [{ ...inside, name: 'element' }], repeated)], { converted: LIST }))]
    const [value, record] = Array.from({ length: 50 }).reduce<[unknown, unknown]>(([v, r], _, i) => [[v, null].slice(0, 1 + (i % 2)), { list: [{ element: r }, { element: null }].slice(0, 1 + (i % 2)) }], [7, 7])
    const bytes = plainParquet(schema, [{ g: record }, { g: null }, { g: { list: [] } }], { random: random(2) })
    expect(readParquet(device, bytes)).toEqual([{ g: value }, { g: null }, { g: [] }])
  })

  it('with groups of nothing, or whose elements end early, are refused', () => {
    const damaged = (schema: readonly PlainElement[]) => () => readFooter(bytesReader(parquetOfLeaves(schema, [], { random: random(1) })), 'x')
    expect(damaged([group('a', [])])).toThrow(expect.objectContaining({ code: 'PARQUET_SCHEMA', message: expect.stringContaining('column "a": the physical type is number undefined') }))
    const lying = Object.assign([leaf('x')], { length: 1 })
    expect(damaged([group('a', new Proxy(lying, { get: (list, key) => (key === 'length' ? 3 : Reflect.get(list, key)) }))])).toThrow(expect.objectContaining({ code: 'PARQUET_SCHEMA' }))
  })

  it('refuse a null key', () => {
    const schema = [group('a', [group('key_value', [leaf('key'), leaf('value')], repeated)], { converted: MAP })]
    const read = (key: number | null) => () => readParquet(device, plainParquet(schema, [{ a: { key_value: [{ key: 1, value: 2 }, { key, value: 3 }] } }], { random: random(1) }))
    expect(read(5)()).toEqual([{ a: new Map([[1, 2], [5, 3]]) }])
    expect(read(null)).toThrow(expect.objectContaining({ code: 'MAP_KEY', message: expect.stringContaining('column "a.key_value.key"') }))
  })
})

describe('a row of a billion values, in a file of 300 bytes', () => {
  const count = 2 ** 30
  // Two runs: the row's first entry, and all others; every item is null.
  const bomb = () => {
    const varint = (value: number): number[] => (value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))])
    const repetitions = [...varint(2), 0, ...varint(2 * (count - 1)), 1]
    const definitions = [...varint(2 * count), 2]
    const header = pageHeader(3, repetitions.length + definitions.length, repetitions.length + definitions.length, thrift =>
      thrift.begin(8).i32(1, count).i32(2, count).i32(3, 1).i32(4, 0).i32(5, definitions.length).i32(6, repetitions.length).bool(7, false).end(),
    )
    const schema = [group('a', [group('list', [leaf('element')], { repetition: 'repeated' })], { converted: 3 })]
    const body = [...header, ...repetitions, ...definitions]
    const fake = { ...shred(schema, [])[0]!, definitions: { length: count } as unknown as number[] }
    const footer = footerOf(schema, [{ rows: 1, chunks: [{ leaf: fake, codec: 'UNCOMPRESSED', offset: 4, dictionaryBytes: 0, bytes: body.length }] }])
    const text = (value: string) => [...new TextEncoder().encode(value)]
    return Uint8Array.from([...text('PAR1'), ...body, ...footer, ...new Uint8Array(Uint32Array.of(footer.length).buffer), ...text('PAR1')])
  }

  it('is refused by the limit of values', () => {
    expect(bomb().length).toBeLessThan(300)
    const read = () => readParquet(device, bomb(), { limits: { leafValuesMax: 1_000_000 } })
    expect(read).toThrow(expect.objectContaining({ code: 'LIST_SIZE', message: expect.stringMatching(/column "a\.list\.element".+more than 1000000 values; the file is corrupt/) }))
  })

  it('is refused by the memory that there is', async () => {
    const small = await createDevice({ memoryMax: 32 << 20 })
    expect(() => readParquet(small, bomb())).toThrow(expect.objectContaining({ code: 'MEMORY_FULL' }))
    expect(small.pages.used()).toBe(0)
  })
})

it('refuses fixed binaries that no memory would hold, nulls though they are', () => {
  const schema = [leaf('wide', { physical: 'FIXED_LEN_BYTE_ARRAY', width: 1 << 20 })]
  const bytes = plainParquet(schema, Array.from({ length: 3000 }, () => ({ wide: null })), { random: random(1), pageEntries: 3000, dictionary: false })
  expect(() => readParquet(device, bytes, { batchRows: 3000 })).toThrow(expect.objectContaining({ code: 'VALUE_SIZE', message: expect.stringContaining('3000 values of binary(1048576) take 3145728000 bytes') }))
  expect(readParquet(device, bytes, { batchRows: 100 })).toHaveLength(3000)
})

it('gives fewer rows in a batch where their lists are long, however short the others are', () => {
  const long = Array.from({ length: 10 }, (_, row) => ({ id: row, x: Int32Array.from({ length: 300_000 }, (_, i) => row + i), y: [{ z: [row] }] }))
  const short = Array.from({ length: 1_000 }, (_, row) => ({ id: 10 + row, x: row % 3 ? [] : null, y: [] }))
  const bytes = writeParquet(device, { id: 'int32', y: 'list<struct<z: list<int32>>>', x: 'list<int32>?' }, [...long, ...short], { rowGroupRows: 5_000 }, 100)
  const reader = bytesReader(bytes)
  const sizes: { rows: number; items: number }[] = []
  const ids: number[] = []
  let sum = 0
  const reading = readRowGroup({
    device,
    reader,
    file: readFooter(reader, 'x'),
    where: 'x',
    rowGroup: 0,
    columns: ['id', 'y', 'x'],
    batchRows: 4_096,
    arena: () => device.arena(),
    emit(batch) {
      const [id, y, x] = batch.columns
      expect(batch.columns.map(column => column.length)).toEqual([batch.rowCount, batch.rowCount, batch.rowCount])
      ids.push(...device.memory.int32s(id!.values, batch.rowCount))
      const items = x!.children![0]!
      for (const value of device.memory.int32s(items.values, items.length)) sum += value
      sizes.push({ rows: batch.rowCount, items: items.length })
      expect(y!.children![0]!.children![0]!.length).toBe(y!.children![0]!.length)
      releaseBatch(device, batch)
    },
  })
  for (const _ of reading);
  expect(ids).toEqual([...long, ...short].map(row => row.id))
  expect(sum).toBe(long.reduce((all, { x }) => all + x.reduce((a, b) => a + b, 0), 0))
  expect(sizes.slice(0, 2)).toEqual([{ rows: 4, items: 1_200_000 }, { rows: 4, items: 1_200_000 }])
})
