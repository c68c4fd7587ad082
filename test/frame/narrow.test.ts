// Decimals of cached frames are kept in fewer bytes; nothing of it shows in results.
import { afterAll, expect, it } from 'vitest'
import { closeEngines, col, count, from, lit, max, mean, min, sum } from '../../src/index.ts'

const rows = Array.from({ length: 1_000 }, (_, i) => ({
  k: ['a', 'b', 'c'][i % 3]!,
  price: i % 11 === 3 ? null : `${(i % 7) - 3}${i}.${10 + (i % 90)}`,
  discount: `0.${String(i % 11).padStart(2, '0')}`,
  huge: i === 500 ? '92233720368547758.08' : '-92233720368547758.08',
  vast: `${i}00000000000000000000.00`,
}))
const schema = { k: 'utf8', price: 'decimal(12, 2)?', discount: 'decimal(12, 2)', huge: 'decimal(20, 2)', vast: 'decimal(30, 2)' } as const

const plain = from(rows, { schema })
const cached = plain.cache()

afterAll(closeEngines)

async function both(query: (frame: typeof plain) => { collect(): Promise<{ toArray(): unknown[] }> }): Promise<unknown[][]> {
  return [(await query(cached).collect()).toArray(), (await query(plain).collect()).toArray()]
}

it('sums, means, extremes and products are those of wide decimals', async () => {
  const [found, expected] = await both(frame =>
    frame
      .filter(col('discount').gt('0.015').and(col('price').ne('-3.14')))
      .with({ net: col('price').mul(lit(1).sub(col('discount'))) })
      .with({ gross: col('net').mul(col('discount').add(1)) })
      .groupBy('k')
      .agg({ n: count(), net: sum('net'), gross: sum('gross'), mean: mean('price'), least: min('net'), most: max('gross'), huge: sum('huge'), vast: max('vast') })
      .sort('k'),
  )
  expect(found).toEqual(expected)
  expect(found).toHaveLength(3)
})

it('rows come back as they were', async () => {
  const [found, expected] = await both(frame => frame.filter(col('price').lt(0)).with({ twice: col('price').add(col('price')) }).sort('price', 'discount'))
  expect(found).toEqual(expected)
  expect(found!.length).toBeGreaterThan(100)
})
