import { afterAll, expect, it } from 'vitest'
import { closeEngines, sharedEngine } from '../../src/engine.ts'
import { col, from, generate, lit } from '../../src/index.ts'

afterAll(closeEngines)

it('copies texts of any length and nulls, at any length of batch', async () => {
  const texts = [null, '', 'a', 'exactly 12 b', 'thirteen byte', 'é€😀', 'x'.repeat(1_000)]
  const rows = Array.from({ length: 1_025 }, (_, i) => ({ t: texts[i % texts.length]!, b: i % 3 ? Uint8Array.from({ length: i % 40 }, () => i) : null }))
  for (const batchRows of [1, 7, 1_024, 65_536]) {
    expect((await from(rows, { schema: { t: 'utf8?', b: 'binary?' } }).collect({ batchRows })).toArray()).toEqual(rows)
  }
  expect((await sharedEngine({})).device.pages.used()).toBe(0)
})

it('copies texts that together are larger than what is copied at once', async () => {
  const long = 'long '.repeat(20_000)
  const rows = generate.nexmark({ events: 2_000 }).bids.select({ t: lit(long), n: col('auction') })
  const table = await rows.collect()
  expect(table.column('t').get(0)).toBe(long)
  expect(table.column('t').get(table.numRows - 1)).toBe(long)
})

it('refuses a batch whose texts no table can address', async () => {
  const rows = from({ n: new Int32Array(73_600) }).select({ t: lit('x'.repeat(40_000)) })
  await expect(rows.collect({ batchRows: 80_000 })).rejects.toThrow(/collect: a batch of 73600 rows holds 2944000000 bytes of text, a table at most 2\^31 − 1 a batch/)
})
