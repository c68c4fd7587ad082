// Window functions over more rows than memory holds: the same as in memory, to the last row.
import { afterAll, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { agg, closeEngines, col, count, desc, first, from, lag, last, lead, max, mean, median, min, rank, rowNumber, sum } from '../../src/index.ts'
import { pagesInUse } from '../support/frames.ts'

afterAll(closeEngines)

const chance = random(5)
const rows = Array.from({ length: 30_000 }, (_, id) => ({
  id,
  day: chance.int(9000),
  size: chance.int(5) === 0 ? null : BigInt(chance.int(1000)) - 500n,
  rate: (chance.int(2000) - 1000) / 8,
  price: chance.int(6) === 0 ? null : (chance.int(100_000) / 100).toFixed(2),
  town: chance.int(7) === 0 ? null : `a town with a long name ${chance.int(5000)}`,
}))
const frame = from(rows, { schema: { id: 'int32', day: 'int32', size: 'int64?', rate: 'float64', price: 'decimal(9,2)?', town: 'utf8?' } })
const capped = { memory: { total: '256MiB', state: 700_000 } } as never

it.each([
  ['by a key with equal rows', ['day']],
  ['by two keys, downwards', [desc('day'), 'id']],
] as [string, 'day'[]][])('without partitions: %s', async (_, orderBy) => {
  const over = { orderBy } as const
  const near = { orderBy, frame: { rows: [-3, 2] } } as const
  const sofar = { orderBy, frame: { rows: ['unbounded', 0] } } as const
  const table = frame.with({
    n: rowNumber().over(over), r: rank().over(over), d: agg.denseRank().over(over),
    all: count().over(over), some: count('size').over(over), prices: count('price').over(sofar),
    total: sum('size').over(over), rates: sum('rate').over(sofar), money: sum('price').over(over), days: sum('day').over(over),
    m1: mean('size').over(over), m2: mean('rate').over(over), m3: mean('price').over(sofar), m4: mean('day').over(over),
    low: min('town').over(over), high: max('price').over(over), most: max('rate').over(sofar),
    f: first('size').over(over), l: last('town').over(over),
    before: lag('town', 2, 'a default that is longer than twelve bytes').over(over), behind: lead('size', 3).over(over),
    around: sum('price').over(near), mid: median('rate').over(near), third: agg.nthValue('id', 3).over(near), near: count().over(near),
  })
  const wanted = (await table.collect({ workers: 2 })).toArray()
  for (const options of [{ workers: 0 }, { workers: 2, batchRows: 1000 }]) {
    const found = await table.collect({ ...options, ...(capped as object) })
    expect(Object.values(found.stats.steps).some(step => step.spilledBytes > 0)).toBe(true)
    expect(found.toArray()).toEqual(wanted)
  }
  for (const workers of [0, 2]) expect(await pagesInUse(workers)).toBe(0)
}, 120_000)

it('within partitions', async () => {
  const over = { by: col('id').mod(700), orderBy: 'day' } as const
  const table = frame.with({ n: rowNumber().over(over), total: sum('price').over(over), mid: median('rate').over(over), of: count().over({ by: 'day' }), before: lag('town', 3, 'a default that is longer than twelve bytes').over(over) })
  const wanted = (await table.collect({ workers: 0 })).toArray()
  const found = await table.collect({ workers: 2, ...(capped as object) })
  expect(Object.values(found.stats.steps).some(step => step.spilledBytes > 0)).toBe(true)
  expect(found.toArray()).toEqual(wanted)
}, 60_000)

it('in as many instances as there are threads, in source order', async () => {
  const town = { by: 'town', orderBy: ['day', 'id'] } as const
  const table = frame.with({
    n: rowNumber().over(town), before: lag('town', 1, 'none before').over(town), total: sum('price').over(town),
    place: rank().over({ by: ['day', col('id').mod(3)], orderBy: desc('rate') }), mid: median('rate').over({ by: 'day' }), all: rank().over({ orderBy: 'rate' }),
  })
  const wanted = (await table.collect({ workers: 1 })).toArray()
  for (const options of [{ batchRows: 1000 }, { batchRows: 50_000 }, { batchRows: 777, ...(capped as object) }]) {
    const found = await table.collect({ workers: 4, ...options })
    // Two divisions have an order and partitions.
    expect(Object.keys(found.stats.steps).filter(id => id.endsWith(':partitions'))).toHaveLength(2)
    expect(found.toArray()).toEqual(wanted)
  }
  expect(await pagesInUse(4)).toBe(0)
}, 60_000)
