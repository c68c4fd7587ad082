// Nested Parquet columns: the records of the Dremel paper by its own levels, a thousand shapes by chance against a plain shredder, and what is refused.
import { afterEach, describe, expect, it } from 'vitest'
import { bytesReader } from '../../src/base/bytes.ts'
import { random } from '../../src/base/random.ts'
import { typeName } from '../../src/batch/type-name.ts'
import { createDevice } from '../../src/device/device.ts'
import { readFooter } from '../../src/format/parquet/read-footer.ts'
import { readParquet } from '../support/format-files.ts'
import { nestedShape } from '../support/nested-samples.ts'
import { type PlainElement, shred } from '../support/plain-dremel.ts'
import { parquetOfLeaves, plainParquet } from '../support/plain-parquet.ts'
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
