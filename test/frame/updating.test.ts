// Results that are updated as rows come: what holds in the end is what batch gives, and every change is of a row that was given.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { agg, closeEngines, type Frame, col, count, countDistinct, first, from, generate, last, list, max, mean, median, min, quantile, sink, source, stddev, sum, tumble, write } from '../../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'updating-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const { bids } = generate.nexmark({ events: 6_000, seed: 11 })
const shown = (row: object) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
const names = ['+I', '-U', '+U', '-D']
const sorted = (rows: Iterable<object>) => [...rows].map(shown).sort()

const frames = {
  'counts, sums and extremes': bids.groupBy('auction').agg({ n: count(), total: sum('price'), mean: mean('price'), low: min('price'), high: max('price'), least: min('channel'), most: max('url') }),
  'distinct values, with conditions': bids.groupBy('auction').agg({ bidders: countDistinct('bidder'), cheap: countDistinct('bidder').where(col('price').lt(10_000)), dear: count().where(col('price').ge(1_000_000)) }),
  'firsts, lasts and lists': bids.groupBy('auction').agg({ first: first('price'), last: last('channel'), all: list('price'), spread: stddev('price'), middle: median('price'), high: quantile('price', 0.9) }),
  'text keys': bids.groupBy('channel', 'auction').agg({ n: count(), any: agg.argMax('bidder', 'price') }),
  'no keys': bids.groupBy().agg({ n: count(), high: max('price') }),
  'no rows': bids.filter(col('price').lt(0)).groupBy().agg({ n: count(), high: max('price') }),
  'groups of groups': bids.groupBy('auction').agg({ n: count(), high: max('price') }).groupBy('n').agg({ auctions: count(), total: sum('high'), low: min('high'), mean: mean('high'), of: countDistinct('high') }),
  'filtered and renamed changes': bids.groupBy('auction').agg({ n: count() }).filter(col('n').gt(2)).with({ twice: col('n').mul(2) }).rename({ n: 'bids' }).drop('auction'),
}

describe('updating groups', () => {
  for (const [name, frame] of Object.entries(frames)) {
    it(`give in the end what batch gives: ${name}`, async () => {
      const expected = sorted(await frame.collect())
      for (const options of [{ batchRows: 7, workers: 0 }, { batchRows: 1024, workers: 2 }, { batchRows: 1024, workers: 3 }, { workers: 0 }])
        expect(sorted(await frame.collect({ ...options, mode: 'stream' })), JSON.stringify(options)).toEqual(expected)
    })
  }

  it('take back what they gave, and nothing else', async () => {
    for (const frame of [frames['groups of groups'], frames['filtered and renamed changes']]) {
      const held = new Map<string, number>()
      const kinds = new Set<string>()
      for await (const batch of frame.batches({ mode: 'stream', batchRows: 50, workers: 0, changes: true })) {
        const { changes } = batch
        ;[...batch.rows()].forEach((row, i) => {
          const key = shown(row)
          const change = names[changes![i]!]!
          kinds.add(change)
          const next = (held.get(key) ?? 0) + (change.startsWith('+') ? 1 : -1)
          expect(next, `${change} ${key}`).toBeGreaterThanOrEqual(0)
          held.set(key, next)
        })
      }
      expect(kinds.size).toBeGreaterThan(2)
      expect([...held].flatMap(([row, n]) => Array.from({ length: n }, () => row)).sort()).toEqual(sorted(await frame.collect()))
    }
  })

  it('say nothing of groups that are what they were', async () => {
    const rows = [5, 3, 4, 9, 1].map(price => ({ key: 1, price }))
    const frame = from(rows, { schema: { key: 'int32', price: 'int32' } }).groupBy('key').agg({ high: max('price') })
    const changes: string[] = []
    for await (const batch of frame.batches({ mode: 'stream', batchRows: 1, workers: 0, changes: true })) [...batch.rows()].forEach((row, i) => changes.push(`${names[batch.changes![i]!]} ${row['high']}`))
    expect(changes).toEqual(['+I 5', '-U 5', '+U 9'])
  })

  it('are refused by what only takes new rows', async () => {
    const counts = bids.groupBy('auction').agg({ n: count() })
    await expect(counts.to(write.ndjson(join(folder, 'out.ndjson'))).run({ mode: 'stream' })).rejects.toThrow('write.ndjson: it takes rows that only add up, and "groupBy" changes rows that it gave before')
    const plain = sink({ name: 'plain', delivery: 'append', write: () => {} })
    await expect(counts.to(plain).run({ mode: 'stream' })).rejects.toThrow(/only add up/)
    expect(() => bids.groupBy('auction', 'dateTime').agg({ n: count() }).watermark('dateTime', { bound: '1s' }).groupBy(tumble('dateTime', '1s')).agg({ n: count() }).explain({ mode: 'stream' })).toThrow(/only add up, and "groupBy"/)
    await counts.to(write.ndjson(join(folder, 'out.ndjson'))).run()
  })

  it('are given to sinks that say how they take them', async () => {
    const counts = bids.groupBy('auction').agg({ n: count() })
    const seen: Record<string, number> = {}
    await counts.to(sink({ name: 'each', delivery: 'append', changes: true, write: batch => batch.changes!.forEach(change => void (seen[names[change]!] = (seen[names[change]!] ?? 0) + 1)) })).run({ mode: 'stream', batchRows: 500, workers: 0 })
    const groups = (await counts.collect()).numRows
    expect(seen['+I']).toBe(groups)
    expect(seen['+U']).toBe(seen['-U'])
    let rows = 0
    await counts.to(sink({ name: 'end', delivery: 'append', changes: 'net', write: batch => void (rows += batch.changes === undefined ? batch.numRows : Number.NaN) })).run({ mode: 'stream', workers: 0 })
    expect(rows).toBe(groups)
  })

  it('go on from a checkpoint', async () => {
    const dir = join(folder, 'state')
    const prices = Array.from({ length: 900 }, (_, i) => ({ key: (i * 31) % 47, price: (i * 7919) % 1000 }))
    let open = () => {}
    const gate = new Promise<void>(resolve => (open = resolve))
    const slow = source({
      name: 'prices',
      schema: { key: 'int32', price: 'int32' },
      start: 0,
      splits: () => [{ id: '0' }],
      async *read(_, position: number) {
        for (let at = position; at < prices.length; at += 30) {
          if (at >= 600) await gate
          yield { rows: prices.slice(at, at + 30), position: at + 30 }
        }
      },
    })
    const counted = (rows: Frame<{ key: 'int32'; price: 'int32' }>) =>
      rows.groupBy('key').agg({ n: count(), high: max('price') }).groupBy('n').agg({ keys: count(), total: sum('high') })
    const frame = counted(from(slow) as Frame<{ key: 'int32'; price: 'int32' }>)
    const expected = sorted(await counted(from(prices, { schema: { key: 'int32', price: 'int32' } }) as Frame<{ key: 'int32'; price: 'int32' }>).collect())
    let got: object[] = []
    const end = sink({ name: 'end', delivery: 'append', changes: 'net', write: batch => void (got = [...got, ...batch.rows()]) })
    const run = await frame.to(end).start({ mode: 'stream', batchRows: 100, workers: 2, checkpoint: { dir, every: '1h' } })
    while (run.metrics().rowsRead < 600) await new Promise(resolve => setTimeout(resolve, 5))
    await run.checkpoint()
    await run.stop({ drain: false })
    got = []
    open()
    await frame.to(end).run({ mode: 'stream', batchRows: 100, workers: 3, checkpoint: { dir } })
    expect(sorted(got)).toEqual(expected)
  })
})
