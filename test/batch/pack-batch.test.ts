import { expect, test } from 'vitest'
import type { Batch } from '../../src/batch/batch.ts'
import { arenaOf, packBatch, unpackBatch } from '../../src/batch/pack-batch.ts'
import { parseSchema } from '../../src/batch/schema.ts'

const fields = parseSchema({ name: 'utf8?', tags: 'list<utf8>', at: 'struct<x: int32, y: list<float64?>>' }, 'test')
const [name, tags, at] = fields.map(f => f.type) as [Batch['columns'][0]['type'], never, never]
const text = { type: name, length: 4, values: 64, validity: 128 }

const never = () => {
  throw new RangeError('no column has narrow values')
}

test('a batch comes back from its numbers, children and codes of kept dictionaries included', () => {
  const dictionary = { type: name, length: 7, values: 4096, validity: 0 }
  const batch: Batch = {
    fields,
    rowCount: 4,
    columns: [
      { ...text, codes: { values: 256, dictionary, kept: true } },
      { type: tags, length: 4, values: 512, validity: 0, children: [{ type: name, length: 11, values: 576, validity: 0 }] },
      {
        type: at,
        length: 4,
        values: 0,
        validity: 0,
        children: [
          { type: { kind: 'int32' }, length: 4, values: 640, validity: 0 },
          { type: { kind: 'list', item: { type: { kind: 'float64' }, nullable: true } }, length: 4, values: 704, validity: 0, children: [{ type: { kind: 'float64' }, length: 3, values: 768, validity: 832 }] },
        ],
      },
    ],
    arena: 8192,
  }
  const packed = packBatch(batch)
  expect(packed.every(Number.isInteger)).toBe(true)
  expect(arenaOf(packed)).toBe(8192)
  expect(unpackBatch(packed, fields, never)).toEqual(batch)
})

test('codes of a dictionary that may go are left behind', () => {
  const dictionary = { type: name, length: 7, values: 4096, validity: 0 }
  const batch: Batch = { fields: fields.slice(0, 1), rowCount: 4, columns: [{ ...text, codes: { values: 256, dictionary } }], arena: 0 }
  expect(unpackBatch(packBatch(batch), batch.fields, never).columns).toEqual([text])
})

test('codes of a dictionary in an arena go along, and alone without views', () => {
  const dictionary = { type: name, length: 7, values: 4096, validity: 0 }
  const { values: _, ...alone } = { ...text, codes: { values: 256, dictionary, arena: 8192, alone: true } }
  const asked = () => {
    throw new Error('the views were asked for')
  }
  const lazy = Object.defineProperty({ ...alone }, 'values', { get: asked, enumerable: true }) as Batch['columns'][number]
  const batch: Batch = { fields: fields.slice(0, 1), rowCount: 4, columns: [lazy], arena: 16384 }
  expect(unpackBatch(packBatch(batch), batch.fields, column => ({ ...column, values: 4 })).columns).toEqual([{ ...alone, values: 4 }])
  const beside: Batch = { ...batch, columns: [{ ...text, codes: { values: 256, dictionary, arena: 8192 } }] }
  expect(unpackBatch(packBatch(beside), batch.fields, never)).toEqual(beside)
})

test('ranges go along, and narrow values instead of wide ones', () => {
  const money = parseSchema({ price: 'decimal(12, 2)', at: 'int32', big: 'decimal(30, 2)' }, 'test')
  const batch: Batch = {
    fields: money,
    rowCount: 4,
    columns: [
      { type: money[0]!.type, length: 4, values: 64, validity: 128, narrow: { values: 256, bits: 16 }, range: { min: -5, max: 700 } },
      { type: money[1]!.type, length: 4, values: 320, validity: 0, range: { min: 0, max: 3 } },
      { type: money[2]!.type, length: 4, values: 128, validity: 0, narrow: { values: 512, bits: 64 } },
    ],
    arena: 8192,
  }
  expect(unpackBatch(packBatch(batch), money, column => ({ ...column, values: column.narrow!.values / 4 }))).toEqual(batch)
})
