// Windows that fire one by one, in jobs that are stopped at a checkpoint and go on from it with other workers.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { closeEngines, count, countWindow, from, globalWindow, last, session, sink, source, sum, tumble } from '../../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'triggered-'))
afterAll(async () => {
  await closeEngines()
  rmSync(folder, { recursive: true })
})

const schema = { key: 'utf8', at: 'timestamp[ms]', price: 'int32' } as const
const rows = Array.from({ length: 900 }, (_, i) => ({ key: `key number ${(i * 31) % 23}`, at: 10 * i - ((i * 13) % 40), price: (i * 7919) % 1000 }))
const stopAt = 600

/** The rows, up to `stopAt` until the gate opens. */
function gated() {
  let open = () => {}
  const gate = new Promise<void>(resolve => (open = resolve))
  const slow = source({
    name: 'prices',
    schema,
    start: 0,
    splits: () => [{ id: '0' }],
    async *read(_, position: number) {
      for (let at = position; at < rows.length; at += 30) {
        if (at >= stopAt) await gate
        yield { rows: rows.slice(at, at + 30), position: at + 30 }
      }
    },
  })
  return { open: () => open(), prices: from(slow).watermark('at', { bound: '40ms' }) }
}
type Prices = ReturnType<typeof gated>['prices']
const aggregates = () => ({ n: count(), total: sum('price'), last: last('price') })
const third = { onRow: (_: unknown, { state }: { state: { n?: number } }) => ((state.n = (state.n ?? 0) + 1) % 3 === 0 ? 'fireAndPurge' as const : undefined) }

it.each([
  ['of numbers of rows', (prices: Prices) => prices.groupBy('key', countWindow(10, { slide: 4 })).agg(aggregates())],
  ['with a trigger of one’s own', (prices: Prices) => prices.groupBy('key', globalWindow({ trigger: third })).agg(aggregates())],
  ['with rows that leave', (prices: Prices) => prices.groupBy('key', tumble('at', '3s', { every: 5, evict: { last: '1s' } })).agg(aggregates())],
  ['of sessions, as changes', (prices: Prices) => prices.groupBy('key', session('at', { gap: '200ms', every: 2 })).agg(aggregates(), { changes: true })],
] as const)('windows %s', async (name, frame) => {
  const dir = join(folder, name)
  const text = (row: object) => Object.values(row).map(String).join(' ')
  const expected = (await frame(from(rows, { schema }).watermark('at', { bound: '40ms' }) as unknown as Prices).collect()).toArray().map(text).sort()
  const { open, prices } = gated()
  let got: string[] = []
  const isChanging = name.endsWith('changes')
  const end = sink({ name: 'end', delivery: 'append', ...(isChanging && { changes: 'net' as const }), write: batch => void got.push(...[...batch.rows()].map(text)) })
  const run = await frame(prices).to(end).start({ mode: 'stream', batchRows: 100, workers: 2, checkpoint: { dir, every: '1h' } })
  while (run.metrics().rowsRead < stopAt) await new Promise(resolve => setTimeout(resolve, 5))
  await run.checkpoint()
  await run.stop({ drain: false })
  if (isChanging) got = []
  else expect(got.length).toBeGreaterThan(20)
  open()
  await frame(prices).to(end).run({ mode: 'stream', batchRows: 70, workers: 3, checkpoint: { dir } })
  expect(got.sort()).toEqual(expected)
})
