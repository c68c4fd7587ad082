import { afterAll, describe, expect, it } from 'vitest'
import { createDevice } from '../../src/device/device.ts'
import { col, type ColumnExpr } from '../../src/frame/expr.ts'
import { filterOperator } from '../../src/operators/filter.ts'
import { runOperator } from '../support/run-operator.ts'

const device = await createDevice()
const schema = { price: 'int64?', channel: 'utf8' }
const rows = [
  { price: 150n, channel: 'Apple' },
  { price: null, channel: 'Google' },
  { price: 200n, channel: 'a channel with a long name' },
]
const filter = (predicate: ColumnExpr<any, any>, batches: readonly (typeof rows)[]) =>
  runOperator(device, filterOperator as never, { predicate: predicate.expression }, schema, batches)

afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

describe('filter', () => {
  it('keeps rows in order, and drops rows whose predicate is null', () => {
    expect(filter(col('price').gt(100), [rows, rows]).batches).toEqual([
      [rows[0], rows[2]],
      [rows[0], rows[2]],
    ])
  })

  it('emits nothing where nothing passes, and a batch whole where all does', () => {
    expect(filter(col('price').gt(1000), [rows]).batches).toEqual([])
    expect(filter(col('channel').ne(''), [rows, []]).batches).toEqual([rows])
  })

  it('has the fields of its input', () => {
    expect(filter(col('price').isNull(), []).fields.map(f => f.name)).toEqual(['price', 'channel'])
  })

  it('refuses what is no condition, before any row', () => {
    expect(() => filter(col('price'), [])).toThrow('filter: "price" is int64?, and a condition must be bool')
    expect(() => filter(col('prise').gt(1), [])).toThrow('filter: no column "prise"; the input has price, channel; did you mean "price"?')
  })

  it('says what it does', () => {
    expect(filterOperator.describe({ predicate: col('price').gt(100).expression as never })).toBe('filter price > 100')
  })
})
