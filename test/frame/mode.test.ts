// mode: 'stream': input that ends, treated as if it didn't, gives the rows that it gives in batch.
import { afterAll, describe, expect, test } from 'vitest'
import { closeEngines, count, from, generate, max, tumble } from '../../src/index.ts'

afterAll(() => closeEngines())

const rows = Array.from({ length: 500 }, (_, i) => ({ at: i * 37, key: i % 7, price: (i * 7919) % 1000 }))
const frame = from(rows, { schema: { at: 'timestamp[ms]', key: 'int32', price: 'int32' } })
const sorted = (table: Iterable<object>) => [...table].map(row => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value))).sort()

describe('mode', () => {
  const windows = frame.watermark('at', { bound: '1s' }).groupBy('key', tumble('at', '2s')).agg({ bids: count(), top: max('price') })
  for (const batchRows of [1, 7, 1024]) {
    for (const workers of [0, 2]) {
      test(`windows of ${batchRows} rows a batch on ${workers} workers are the same`, async () => {
        const batch = await windows.collect({ batchRows, workers })
        const stream = await windows.collect({ batchRows, workers, mode: 'stream' })
        expect(batch.numRows).toBeGreaterThan(60)
        expect(sorted(stream)).toEqual(sorted(batch))
      })
    }
  }
  test('joins are of stored sides, which wait for no end', async () => {
    const { bids, auctions } = generate.nexmark({ events: 5000, seed: 3 })
    const joined = bids.join(auctions, { left: 'auction', right: 'id', suffix: '_auction' })
    expect(joined.explain({ mode: 'stream' })).toContain('both sides stored')
    expect(joined.explain()).not.toContain('both sides stored')
    expect(sorted(await joined.collect({ mode: 'stream' }))).toEqual(sorted(await joined.collect()))
  })
  test('what needs an end is refused', () => {
    expect(() => frame.sort('price').explain({ mode: 'stream' })).toThrow(/sort needs input that ends/)
  })
  test('another word is refused', async () => {
    await expect(frame.collect({ mode: 'streaming' as 'stream' })).rejects.toThrow(`mode: "streaming" is no way to run; give 'batch' or 'stream'`)
  })
})
