// A connector of one's own, as the tour shows it: a source whose positions are replayed, and a sink that is told of epochs.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { closeEngines, from, sink, source } from '../src/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'tour-'))
afterAll(async () => {
  await closeEngines()
  rmSync(dir, { recursive: true })
})

it('a source and a sink of one’s own go on from where they were', async () => {
  const roll = (position: number) => [{ at: 1_000 * position, face: 1 + ((position * 5) % 6) }]
  const given: number[] = []
  const committed: number[] = []
  let open: number[] = []

  const dice = source({
    name: 'dice', schema: { at: 'timestamp[ms]', face: 'int8' }, start: 0,
    splits: () => [{ id: '0' }],
    async *read(_split, position: number) { for (;;) yield { rows: roll(position), position: ++position } },
  })
  const counter = sink({
    name: 'counter', delivery: 'idempotent',
    async write(batch, { epoch }) {
      expect(epoch).toBeGreaterThan(0)
      for (const { at, face } of batch) {
        expect(face).toBe(1 + (((at as number) / 1_000) * 5) % 6)
        open.push((at as number) / 1_000)
      }
    },
    async commit() {
      committed.push(...open)
      open = []
    },
  })

  for (let life = 0; life < 3; life++) {
    const before = committed.length
    const run = await from(dice).to(counter).start({ workers: 0, checkpoint: { dir, every: '1h' } })
    while (open.length < 100) await new Promise(resolve => setTimeout(resolve, 1))
    if (life === 1) {
      // Killed: what was not committed comes again.
      await run.stop({ drain: false })
      open = []
      expect(committed.length).toBe(before)
    } else await run.stop({ drain: true })
    given.push(committed.length)
  }
  expect(given[0]).toBeGreaterThanOrEqual(100)
  expect(given[1]).toBe(given[0])
  expect(given[2]).toBeGreaterThan(given[1]!)
  expect(committed).toEqual(Array.from({ length: committed.length }, (_, position) => position))
})
