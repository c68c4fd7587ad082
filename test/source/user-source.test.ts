// Sources of one's own with several splits: each has a watermark and a position of its own, under its id, whatever the order in which splits are given.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, count, from, sink, source, tumble } from '../../src/index.ts'
import { userFeed } from '../../src/source/user-source.ts'

const dir = mkdtempSync(join(tmpdir(), 'millrace-splits-'))
afterAll(async () => {
  await closeEngines()
  rmSync(dir, { recursive: true })
})

describe('splits of a user’s source', () => {
  // Split b is an hour behind a, and slower.
  const hours = (bounded: boolean, ids: readonly string[], end: { [id: string]: number }) =>
    source({
      name: 'hours', schema: { split: 'utf8', n: 'int32', at: 'timestamp[ms]' }, start: 0, bounded,
      splits: () => ids.map(id => ({ id })),
      async *read({ id }, position: number) {
        while (position < end[id]!) {
          if (id === 'b') await new Promise(resolve => setTimeout(resolve, 1))
          yield { rows: [{ split: id, n: position, at: (id === 'a' ? 3_600_000 : 0) + position * 1_000 }], position: ++position }
        }
        if (!bounded) await new Promise(() => {})
      },
    })

  it.each([0, 2])('lose no row of the one that is behind, with %i workers', async workers => {
    const late = { rows: 0 }
    const windows = await from(hours(true, ['a', 'b'], { a: 30, b: 30 }))
      .watermark('at', { bound: '1s' })
      .groupBy('split', tumble('at', '10s'))
      .agg({ n: count() })
      .late(sink({ name: 'late', delivery: 'append', write: batch => void (late.rows += batch.numRows) }))
      .collect({ mode: 'stream', workers, batchRows: 1 })
    expect(late.rows).toBe(0)
    expect((windows.toArray() as { n: number }[]).map(({ n }) => n)).toEqual([10, 10, 10, 10, 10, 10])
  })

  it('give windows only when the one that is behind has passed them, and go on under their ids in another order', async () => {
    const given: string[] = []
    const open: string[] = []
    const windows = sink({
      name: 'windows', delivery: 'idempotent',
      write: batch => void open.push(...[...batch].map(row => `${row['split']} ${row['window_start']} ${row['n']}`)),
      commit: () => void given.push(...open.splice(0)),
    })
    const job = (ids: readonly string[], end: { [id: string]: number }) =>
      from(hours(false, ids, end)).watermark('at', { bound: 0 }).groupBy('split', tumble('at', '10s')).agg({ n: count() }).to(windows).start({ name: 'hours', workers: 0, checkpoint: { dir, every: 10 } })
    const until = async (test: () => boolean) => {
      while (!test()) await new Promise(resolve => setTimeout(resolve, 2))
    }
    const first = await job(['a', 'b'], { a: 30, b: 15 })
    await until(() => given.length > 0)
    expect(given).toEqual(['b 0 10'])
    await first.stop({ drain: true })
    const second = await job(['b', 'a'], { a: 40, b: 25 })
    await until(() => given.length > 1)
    await second.stop({ drain: true })
    expect(given).toEqual(['b 0 10', 'b 10000 10'])
  })

  it('must have ids of their own', async () => {
    await expect(from(hours(true, ['a', 'a'], { a: 1 })).collect({ workers: 0 })).rejects.toMatchObject({ name: 'PlanError', code: 'SPLITS', message: expect.stringContaining('gives the id "a" twice') })
    expect(userFeed.describe(hours(true, [], {}) as never)).toBe('source "hours"')
  })
})
