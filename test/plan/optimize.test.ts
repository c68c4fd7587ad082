import { afterAll, describe, expect, it } from 'vitest'
import { col, count, from, lit, max } from '../../src/index.ts'
import { closeEngines } from '../support/frames.ts'

afterAll(closeEngines)

const rows = Array.from({ length: 200 }, (_, i) => ({ id: i % 20, price: (i * 37) % 101, city: ['Bonn', 'Rome', 'Oslo'][i % 3]! }))
const sales = from(rows, { schema: { id: 'int32', price: 'int32', city: 'utf8' } })
const items = from(Array.from({ length: 15 }, (_, i) => ({ item: i, name: `n${i}`, city: 'x' })), { schema: { item: 'int32', name: 'utf8', city: 'utf8' } })
/** The steps of a plan, from the sink on, indented as they are nested. */
const steps = (text: string) => text.split('\n').filter(line => !/^ +\w+: /.test(line))

describe('filters', () => {
  it('merge, and move below what computes a row from a row', async () => {
    const frame = sales
      .with({ double: col('price').mul(2) })
      .rename({ city: 'town' })
      .sort('price')
      .filter(col('town').eq('Rome'))
      .filter(col('price').gt(50))
    expect(steps(frame.explain())).toEqual([
      'sort  price  [all instances, each a part of the result]',
      '  sort:runs  price, each batch',
      '    rename  rename city to town',
      '      with  with double: price * 2',
      "        filter-2  filter city = 'Rome' and price > 50",
      '          from  200 rows in memory',
    ])
    const expected = rows.filter(r => r.city === 'Rome' && r.price > 50).map(r => r.price).sort((a, b) => a - b)
    expect((await frame.collect()).toArray().map(r => r.price)).toEqual(expected)
  })

  it('stay above what computes the columns they read, and part where only one half can move', () => {
    const frame = sales.with({ double: col('price').mul(2) }).filter(col('double').gt(50).and(col('city').eq('Oslo')))
    expect(steps(frame.explain())).toEqual(['filter  filter double > 50', '  with  with double: price * 2', "    filter:0  filter city = 'Oslo'", '      from  200 rows in memory'])
  })

  it('go to the side of a join that they are about', async () => {
    const frame = sales.join(items, { left: 'id', right: 'item', suffix: '_right' }).filter(col('price').gt(50).and(col('name').ne('n3')).and(col('city_right').eq('x')))
    const text = frame.explain()
    expect(text).toContain('join  id = item of left rows with price > 50, right side stored')
    expect(text).toContain("filter:1  filter name != 'n3' and city = 'x'")
    expect(text).not.toContain('filter  filter')
    const expected = rows.filter(r => r.price > 50 && r.id < 15 && r.id !== 3)
    expect((await frame.collect()).numRows).toBe(expected.length)
  })

  it('on keys pass a groupBy, those on its results do not', async () => {
    const frame = sales.groupBy('city').agg({ n: count() }).filter(col('city').ne('Oslo').and(col('n').gt(3)))
    expect(steps(frame.explain()).at(-2)).toMatch(/filter:0 {2}filter city != 'Oslo'$/)
    expect(steps(frame.explain())[0]).toBe('filter  filter n > 3')
    expect((await frame.sort('city').collect()).toArray()).toEqual([{ city: 'Bonn', n: 67 }, { city: 'Rome', n: 67 }])
  })

  it('on keys stay behind several groupings, whose subtotals need all rows', async () => {
    const frame = sales.rollup('city').agg({ n: count() }).filter(col('city').isNull().or(col('city').eq('Rome')))
    expect(steps(frame.explain())[0]).toMatch(/^filter {2}filter /)
    expect((await frame.sort('n').select('city', 'n').collect()).toArray()).toEqual([{ city: 'Rome', n: 67 }, { city: null, n: rows.length }])
  })

  it('that rows can make fail do not pass what leaves rows out', async () => {
    const frame = sales.join(items, { left: 'id', right: 'item', suffix: '_right' }).filter(col('id').sub(15).intDiv(1).lt(0).and(col('price').intDiv(col('id').sub(17)).lt(99)))
    expect(steps(frame.explain())[0]).toMatch(/^filter {2}filter /)
    expect((await frame.collect()).numRows).toBeGreaterThan(0)
  })

  it('whose outcome is known go, or are not computed', () => {
    expect(steps(sales.filter(col('id').isNull().not().not().or(lit(true))).explain())[0]).toContain('filter')
    const always = sales.filter(col('id').gt(3).and(lit(true)))
    expect(steps(always.explain())[0]).toBe('filter  filter id > 3')
  })
})

it('a limit goes below what computes a row from a row', () => {
  expect(steps(sales.with({ double: col('price').mul(2) }).select('double').limit(3).explain())).toEqual([
    'select  select double',
    '  with  with double: price * 2',
    '    limit  3 rows  [one instance, in order]',
    '      from  200 rows in memory',
  ])
})

it('columns that nobody reads are not computed, through selects and withs', async () => {
  const frame = sales
    .with({ double: col('price').mul(2), half: col('price').div(2) })
    .select('id', 'double', 'half', 'city')
    .with({ unused: col('half').add(1) })
    .groupBy('city')
    .agg({ top: max('double') })
  const text = frame.explain()
  expect(text).toContain('with  with double: price * 2\n')
  expect(text).toContain('select  select double, city\n')
  expect(text).not.toContain('half')
  expect((await frame.sort('city').collect()).toArray().map(r => r.top)).toEqual(['Bonn', 'Oslo', 'Rome'].map(c => 2 * Math.max(...rows.filter(r => r.city === c).map(r => r.price))))
})

it('a step with two readers stays as it is', async () => {
  const base = sales.with({ double: col('price').mul(2) })
  const frame = base.filter(col('price').gt(90)).join(base.select({ key: col('id'), other: col('double') }), { left: 'id', right: 'key' })
  expect(frame.explain()).toMatch(/join {2}id = key of left rows with price > 90, .*\n +with {2}with double: price \* 2\n/)
  expect((await frame.collect()).numRows).toBe(rows.filter(r => r.price > 90).length * 10)
})
