import { describe, expect, it } from 'vitest'
import { from } from '../../src/index.ts'
import { valuesFeed } from '../../src/source/values.ts'

const schema = { n: 'int32', s: 'utf8?' } as const
function* each(items: readonly unknown[]) {
  yield* items
}
const rowsOf = async (items: readonly unknown[], batchRows = 3) => (await from(each(items), { schema }).collect({ batchRows })).toArray()

it('is described in explain', () => {
  expect(valuesFeed.describe({ fields: [], iterable: each([]), bounded: true })).toBe('an iterable in memory')
})

describe('an iterable', () => {
  const expected = Array.from({ length: 11 }, (_, n) => ({ n, s: n % 2 ? `s${n}` : null }))

  it.each([1, 3, 7, 100])('of rows, arrays of rows and columns gives all rows in order, in batches of %i', async batchRows => {
    const items = [
      expected[0],
      expected[1],
      [],
      expected.slice(2, 4),
      { n: Int32Array.of(4, 5, 6, 7, 8), s: [null, 's5', undefined, 's7', null] },
      { n: Int32Array.of(), s: [] },
      expected[9],
      { n: [10] },
    ]
    expect(await rowsOf(items, batchRows)).toEqual(expected)
  })

  it('of columns that are not equally long names them', async () => {
    await expect(rowsOf([{ n: [1, 2], s: ['a'] }])).rejects.toThrow('from: column "s" has 1 values, "n" has 2; give columns of equal length')
  })

  it('of columns without one that allows no nulls names it', async () => {
    await expect(rowsOf([{ s: ['a'] }])).rejects.toThrow('from: the iterable gave columns s without "n", whose type allows no nulls')
  })

  it('of anything else says what it gave', async () => {
    await expect(rowsOf([7])).rejects.toThrow('from: the iterable gave 7; give rows (objects by column name), arrays of rows, or columns (arrays by name)')
  })
})
