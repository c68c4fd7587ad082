import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, expectTypeOf, it } from 'vitest'
import { type CustomAggregate, custom } from '../../src/frame/custom-aggregate.ts'
import { agg, asc, col, count, from, sink, source, sum, tumble } from '../../src/index.ts'
import { closeEngines, pagesInUse } from '../support/frames.ts'

afterAll(closeEngines)

// 2,500 rows of five shops and a null one; every seventh price is null.
const data = Array.from({ length: 2_500 }, (_, id) => ({
  shop: id % 6 === 5 ? null : `shop ${id % 6}`,
  id,
  price: id % 7 === 0 ? null : (id * 37) % 101,
}))
const sales = from(data, { schema: { shop: 'utf8?', id: 'int32', price: 'float64?' } })

const product = agg.custom(['price', 'id'], {
  init: () => ({ rows: 0, nulls: 0, dot: 0 }),
  update(state, prices, ids) {
    prices.forEach((price, i) => {
      state.rows++
      if (price === null) state.nulls++
      else state.dot += price * ids[i]
    })
  },
  merge: (a, b) => ({ rows: a.rows + b.rows, nulls: a.nulls + b.nulls, dot: a.dot + b.dot }),
  finish: ({ rows, nulls, dot }) => ({ rows, nulls, dot }),
  type: 'struct<rows: int32, nulls: int32, dot: float64>',
})

// The order of rows shows in it, and nothing of a batch is left out.
const trail = <const A extends string>(of: A) =>
  agg.custom(of, { init: () => [] as number[], update: (state, values) => [...state, ...values], merge: (a, b) => a.concat(b), finish: ids => ids.join(' '), type: 'utf8' })

function expected(rows: typeof data, keep: (row: (typeof data)[number]) => boolean = () => true) {
  const shops = [...new Set(rows.map(row => row.shop))]
  return new Map(
    shops.map(shop => {
      const own = rows.filter(row => row.shop === shop)
      const kept = own.filter(keep)
      const prices = kept.filter(row => row.price !== null)
      const product = { rows: kept.length, nulls: kept.length - prices.length, dot: prices.reduce((total, row) => total + row.price! * row.id, 0) }
      return [shop, { shop, rows: own.length, product, trail: kept.map(row => row.id).join(' '), sold: own.reduce((total, row) => total + (row.price ?? 0), 0) }]
    }),
  )
}

const byShop = (rows: { shop: string | null }[]) => new Map(rows.map(row => [row.shop, row]))

describe('agg.custom', () => {
  for (const workers of [0, 1, 2])
    it.each([1, 7, 1024])(`gives what plain code gives, nulls included, beside built-in aggregates, with ${workers} workers in batches of %i`, async batchRows => {
      const frame = sales.groupBy('shop').agg({ rows: count(), product, trail: trail('id'), sold: sum('price') })
      const table = await frame.collect({ workers, batchRows })
      expect(table.columnNames).toEqual(['shop', 'rows', 'product', 'trail', 'sold'])
      expect(byShop(table.toArray())).toEqual(expected(data))
      expect(await pagesInUse(workers)).toBe(0)
    })

  it('takes only rows that meet its condition; a group without any gets the result of init()', async () => {
    const meets = col('price').gt(50).and(col('shop').ne('shop 2'))
    const table = await sales.groupBy('shop').agg({ rows: count(), product: product.where(meets), trail: trail('id').where(meets), sold: sum('price') }).collect({ workers: 2, batchRows: 100 })
    const wanted = expected(data, row => row.price !== null && row.price > 50 && row.shop !== null && row.shop !== 'shop 2')
    expect(byShop(table.toArray())).toEqual(wanted)
    expect(wanted.get('shop 2')).toMatchObject({ trail: '', product: { rows: 0 } })
  })

  it('takes expressions, several keys, and keeps the first seen order of groups', async () => {
    const table = await sales.filter(col('id').lt(8)).groupBy('shop', 'price').agg({ ids: trail('id'), twice: trail('id').where(col('id').gt(3)) }).collect()
    expect(table.numRows).toBe(8)
    expect(table.toArray()[1]).toEqual({ shop: 'shop 1', price: 37, ids: '1', twice: '' })
    const doubled = agg.custom(col('id').mul(2), { init: () => 0, update: (_, values) => Math.max(...values), merge: Math.max, finish: n => n, type: 'int32' })
    expect((await sales.agg({ doubled, n: count() }).collect({ batchRows: 9 })).toArray()).toEqual([{ doubled: 4_998, n: 2_500 }])
  })

  it('over no rows has no groups; without keys it is the result of init()', async () => {
    const none = sales.filter(col('id').lt(0))
    expect((await none.groupBy('shop').agg({ product }).collect({ workers: 2 })).numRows).toBe(0)
    expect((await none.agg({ product, n: count() }).collect({ workers: 2 })).toArray()).toEqual([{ product: { rows: 0, nulls: 0, dot: 0 }, n: 0 }])
  })

  it('keeps null as a state, and gives null where its type allows it', async () => {
    const least = agg.custom('price', {
      init: (): number | null => null,
      update: (_, values) => (values.includes(null) ? null : Math.min(...values)),
      merge: (a, b) => (a === null || b === null ? null : Math.min(a, b)),
      finish: state => state,
      type: 'float64?',
    })
    const table = await sales.filter(col('id').lt(7)).groupBy('id').agg({ least }).sort(asc('id')).collect({ batchRows: 2 })
    expect(table.column('least').toArray()).toEqual([null, 37, 74, 10, 47, 84, 20])
    expectTypeOf(table.toArray()[0]!.least).toEqualTypeOf<number | null>()
  })

  it('is read by later steps like any column, and explain() says that it leaves the fast path', async () => {
    const frame = sales.groupBy('shop').agg({ rows: count(), product, sold: sum('price') }).filter(col('shop').eq('shop 1')).select({ dot: col('product').field('dot'), sold: col('sold') })
    expect(frame.explain()).toContain('groupBy  shop: rows = count(), product = custom(price, id), sold = sum(price)  [row function on the main thread: leaves the fast path]')
    expect(frame.explain().indexOf('filter')).toBeGreaterThan(frame.explain().indexOf('custom('))
    const wanted = expected(data).get('shop 1')!
    expect((await frame.collect({ workers: 1 })).toArray()).toEqual([{ dot: wanted.product.dot, sold: wanted.sold }])
  })

  it('knows its columns and its result at compile time', () => {
    // @ts-expect-error no such column
    sales.groupBy('shop').agg({ product: agg.custom('prize', { init: () => 0, update: () => {}, merge: a => a, finish: () => 1, type: 'int32' }) })
    // @ts-expect-error a result of another type
    agg.custom('price', { init: () => 0, update: () => {}, merge: a => a, finish: () => 'one', type: 'int32' })
  })
})

describe('what a custom aggregate does wrong', () => {
  const good = { init: () => 0, update: (state: number, values: number[]) => state + values.length, merge: (a: number, b: number) => a + b, finish: state => state, type: 'int32' } satisfies CustomAggregate<number, [number[]], 'int32'>
  const groups = (functions: object) => sales.groupBy('shop').agg({ mine: agg.custom('id', { ...good, ...functions }) })
  const fails = () => {
    throw new RangeError('five')
  }

  it.each([0, 2])('is told by step, aggregate and group on %i workers', async workers => {
    for (const name of ['init', 'update', 'merge', 'finish']) {
      const error = { code: 'USER_FUNCTION', message: expect.stringMatching(new RegExp(`^groupBy, aggregate "mine", group shop = ("shop \\d"|null): ${name}\\(\\) threw: five; `)) }
      await expect(groups({ [name]: fails }).collect({ workers, batchRows: 100 })).rejects.toMatchObject(error)
    }
    await expect(sales.agg({ mine: agg.custom('id', { ...good, finish: fails }) }).collect({ workers })).rejects.toThrow(/^groupBy, aggregate "mine": finish\(\) threw: five/)
    expect(await pagesInUse(workers)).toBe(0)
  })

  it('is a result of another type, a null, a promise, or no state', async () => {
    const shop = 'groupBy, aggregate "mine", group shop = "shop 0"'
    await expect(groups({ finish: () => 'many' }).collect()).rejects.toMatchObject({ code: 'VALUE_TYPE', message: expect.stringContaining(`${shop}, column "mine": `) })
    await expect(groups({ finish: () => 1.5 }).collect()).rejects.toMatchObject({ code: 'VALUE_TYPE' })
    await expect(groups({ finish: () => null }).collect()).rejects.toMatchObject({ code: 'NULL_VALUE', message: expect.stringContaining(`${shop}, column "mine": null`) })
    await expect(groups({ update: async () => 1 }).collect()).rejects.toMatchObject({ code: 'USER_RESULT', message: expect.stringContaining(`${shop}: update() returned a promise`) })
    await expect(groups({ merge: () => {} }).collect({ batchRows: 10 })).rejects.toMatchObject({ code: 'USER_RESULT', message: expect.stringContaining('merge() returned nothing') })
  })

  it('is refused when it is made', () => {
    for (const name of ['init', 'update', 'merge', 'finish']) expect(() => groups({ [name]: 1 })).toThrow(expect.objectContaining({ code: 'FUNCTION', message: `custom: ${name} is number; give a function` }))
    expect(() => groups({ type: undefined })).toThrow(expect.objectContaining({ code: 'FUNCTION' }))
    expect(() => groups({ type: 'flota64' })).toThrow(/custom.*flota64/)
    expect(agg.custom).toBe(custom)
    expect(() => custom([], good as never)).toThrow(expect.objectContaining({ code: 'AGGREGATE' }))
  })

  it('is refused with the plan: unknown columns, names twice, and steps that can’t call it', async () => {
    const mine = agg.custom('id' as string, good)
    const anyFrame: any = sales
    await expect(anyFrame.groupBy('shop').agg({ mine: agg.custom('idd', good) }).collect()).rejects.toMatchObject({ code: 'NO_COLUMN', message: expect.stringContaining('did you mean "id"') })
    await expect(anyFrame.groupBy('shop').agg({ shop: mine }).collect()).rejects.toMatchObject({ code: 'AGGREGATE_NAME' })
    await expect(anyFrame.groupBy('shop').agg({ mine: mine.where(col('id')) }).collect()).rejects.toMatchObject({ name: 'PlanError' })
    const timed: any = sales.with({ at: col('id').cast('timestamp[ms]') })
    for (const frame of [
      timed.groupBy('shop', tumble('at', '1s')).agg({ mine }),
      anyFrame.rollup('shop').agg({ mine }),
      anyFrame.pivot({ index: 'price', columns: 'shop', aggregate: mine, names: ['shop 1'] }),
      anyFrame.with({ mine: mine.over({ by: 'shop' }) }),
    ])
      await expect(frame.collect()).rejects.toMatchObject({ code: 'CUSTOM_AGGREGATE', message: expect.stringContaining('"') })
  })

  it('is refused where the input has no end', async () => {
    const endless = source({ name: 'endless', schema: { id: 'int32' }, start: 0, bounded: false, splits: () => [{ id: '0' }], async *read() {} })
    await expect(from(endless).groupBy('id').agg({ n: count(), mine: agg.custom('id', good) }).collect()).rejects.toMatchObject({ code: 'CUSTOM_AGGREGATE', message: expect.stringMatching(/^groupBy, "mine": custom\(\) needs input that ends/) })
  })

  it('is refused by checkpoints, which can’t hold its states', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'custom-'))
    try {
      let run: { checkpoint(): Promise<number> } | undefined
      const numbers = source({
        name: 'numbers',
        schema: { id: 'int32' },
        start: 0,
        bounded: true,
        splits: () => [{ id: '0' }],
        async *read(_split, position) {
          for (let id = position; id < 10; id++) {
            yield { rows: [{ id }], position: id + 1 }
            if (id === 5) await run?.checkpoint().catch(() => {})
          }
        },
      })
      const frame = from(numbers).agg({ mine: agg.custom('id', good) })
      const job = (checkpoint: object) => frame.to(sink({ name: 'none', delivery: 'idempotent', write() {} })).start({ name: 'custom', ...checkpoint })
      run = await job({ checkpoint: { dir, every: '1h' } })
      await expect((run as unknown as { done: Promise<void> }).done).rejects.toMatchObject({ code: 'CUSTOM_STATE', message: expect.stringMatching(/^groupBy: a checkpoint can't hold the states of "mine"/) })
      run = undefined
      await (await job({})).done
    } finally {
      rmSync(dir, { recursive: true })
    }
  })
})
