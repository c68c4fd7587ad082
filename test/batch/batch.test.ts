// Columns whose values are made when somebody asks for them, beside narrow ones that are there.
import { expect, test } from 'vitest'
import { alteredColumn, type Column, sliceBatch, sliceColumn } from '../../src/batch/batch.ts'

const decimal = { kind: 'decimal', precision: 12, scale: 2 } as const

function lazyColumn(): { column: Column; asked: () => number } {
  let asked = 0
  const column: Column = {
    type: decimal,
    length: 200,
    get values() {
      asked++
      return 4096
    },
    validity: 64,
    narrow: { values: 1024, bits: 16 },
    range: { min: -5, max: 7 },
  }
  return { column, asked: () => asked }
}

test('a slice has narrow values and bounds, and asks for wide ones only when it is asked', () => {
  const { column, asked } = lazyColumn()
  const batch = { fields: [{ name: 'price', type: decimal, nullable: true }], rowCount: 200, columns: [column], arena: 0 }
  const slice = sliceColumn(sliceBatch(batch, 64, 200).columns[0]!, 64, 100)
  expect(asked()).toBe(0)
  expect(slice.narrow).toEqual({ values: 1024 + 2 * 128, bits: 16 })
  expect(slice).toMatchObject({ length: 36, validity: 64 + 16, range: { min: -5, max: 7 } })
  expect(slice.values).toBe(4096 + 16 * 128)
})

test('another type or validity keeps what is beside the values', () => {
  const { column, asked } = lazyColumn()
  const wider = { ...decimal, precision: 20 }
  const altered = alteredColumn(column, { type: wider, validity: 0 })
  expect(asked()).toBe(0)
  expect(altered).toMatchObject({ type: wider, validity: 0, narrow: column.narrow, range: column.range })
  expect(altered.values).toBe(4096)
  const plain: Column = { type: { kind: 'int32' }, length: 3, values: 64, validity: 0, range: { min: 1, max: 2 } }
  expect(alteredColumn(plain, { validity: 128 })).toEqual({ ...plain, validity: 128 })
})
