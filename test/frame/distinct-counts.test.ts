// countDistinct alone is planned as groups of pairs, and beside other aggregates not: both count the same.
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { closeEngines, col, count, countDistinct, from } from '../../src/index.ts'
import { ways } from '../support/every-way.ts'
import { pagesInUse } from '../support/frames.ts'

afterAll(closeEngines)

const schema = { id: 'int32', shop: 'utf8?', price: 'float64?', tags: 'list<int8>', none: 'null' } as const
const draw = random(3)
const rows = Array.from({ length: 700 }, (_, id) => ({
  id,
  shop: [null, 'north', 'south', 'a shop whose name takes more than twelve bytes', 'closed'][draw.int(5)]!,
  price: [null, Number.NaN, 0, -0, draw.int(40) / 4][draw.int(5)]!,
  tags: Array.from({ length: draw.int(3) }, () => draw.int(2)),
  none: null,
})).map(row => (row.shop === 'closed' ? { ...row, price: null } : row))
const frame = from(rows, { schema })

// NaN is one value, and 0 and -0 are one.
const distinct = (of: (row: (typeof rows)[number]) => unknown, where: (row: (typeof rows)[number]) => boolean) => new Set(rows.filter(where).map(of).filter(v => v !== null).map(v => JSON.stringify(Object.is(v, Number.NaN) ? 'NaN' : v === 0 ? 0 : v))).size
const byShop = (a: { shop: string | null }, b: { shop: string | null }) => String(a.shop).localeCompare(String(b.shop))

describe('countDistinct', () => {
  it('counts the values of each group, alone as beside others', async () => {
    const shops = [...new Set(rows.map(row => row.shop))]
    const expected = shops.map(shop => ({ shop, n: distinct(row => row.price, row => row.shop === shop), cheap: distinct(row => row.price, row => row.shop === shop && (row.price ?? 99) < 3) })).sort(byShop)
    expect(expected.find(row => row.shop === 'closed')?.n).toBe(0)
    for (const options of ways) {
      const alone = (await frame.groupBy('shop').agg({ n: countDistinct('price') }).collect(options)).toArray().sort(byShop)
      expect(alone).toEqual(expected.map(({ shop, n }) => ({ shop, n })))
      const cheap = (await frame.groupBy('shop').agg({ cheap: countDistinct('price').where(col('price').lt(3)) }).collect(options)).toArray().sort(byShop)
      expect(cheap).toEqual(expected.map(row => ({ shop: row.shop, cheap: row.cheap })))
      const both = (await frame.groupBy('shop').agg({ n: countDistinct('price'), cheap: countDistinct('price').where(col('price').lt(3)), rows: count() }).collect(options)).toArray().sort(byShop)
      expect(both.map(({ rows: _, ...row }) => row)).toEqual(expected)
    }
    expect(await pagesInUse(2)).toBe(0)
  })

  it('counts over all rows, over none, of a key, and of every type', async () => {
    for (const options of ways) {
      expect((await frame.agg({ a: countDistinct('tags') }).collect(options)).toArray()).toEqual([{ a: distinct(row => row.tags, () => true) }])
      expect((await frame.agg({ a: countDistinct('none') }).collect(options)).toArray()).toEqual([{ a: 0 }])
      expect((await frame.agg({ a: countDistinct('shop'), b: countDistinct('shop') }).collect(options)).toArray()).toEqual([{ a: 4, b: 4 }])
      expect((await frame.filter(col('id').lt(0)).agg({ a: countDistinct('shop') }).collect(options)).toArray()).toEqual([{ a: 0 }])
      const ofKey = (await frame.groupBy('shop').agg({ n: countDistinct('shop') }).collect(options)).toArray().sort(byShop)
      expect(ofKey.map(row => row.n)).toEqual(ofKey.map(row => (row.shop === null ? 0 : 1)))
    }
  })

  it('groups pairs where nothing else is asked for', () => {
    expect(frame.groupBy('shop').agg({ n: countDistinct('price') }).explain()).toContain('shop, price')
    expect(frame.groupBy('shop').agg({ n: countDistinct('price'), rows: count() }).explain()).not.toContain('shop, price')
  })
})
