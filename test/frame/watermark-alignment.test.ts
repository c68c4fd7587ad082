// Sources whose event time keeps together: the quick one waits for the slow one, for no longer than that has rows to come, and results are the same.
import { afterAll, describe, expect, it } from 'vitest'
import { closeEngines, count, from, sink, source, tumble } from '../../src/index.ts'

afterAll(closeEngines)

const rowsEach = 600
const stepMs = 1_000
const turn = () => new Promise<void>(resolve => setTimeout(resolve, 2))

/** A row a second of event time, as many as may come; then silence, or the end once all were there. */
function ticking(name: string, mayHave: () => number, ends = true) {
  return source({
    name,
    schema: { at: 'timestamp[ms]', of: 'utf8' },
    start: 0,
    splits: () => [{ id: '0' }],
    async *read(_, position) {
      for (let i = position; i < rowsEach; i++) {
        while (i >= mayHave()) await turn()
        yield { rows: [{ at: i * stepMs, of: name }], position: i + 1 }
      }
      while (!ends) await turn()
    },
  })
}

async function run(slow: ReturnType<typeof ticking>, options: { idle?: '50ms'; group?: string }, during: (run: { read: () => Record<string, number>; still: (fits?: () => boolean) => Promise<void> }) => Promise<void>, workers = 0) {
  const align = { group: 'all', drift: '60s' } as const
  const quick = from(ticking('quick', () => rowsEach)).watermark('at', { align })
  const other = from(slow).watermark('at', { align: { ...align, group: options.group ?? 'all' }, ...(options.idle !== undefined && { idle: options.idle }) })
  const windows = quick.union(other).groupBy('of', tumble('at', '10s')).agg({ n: count() })
  const got: string[] = []
  const out = sink({ name: 'out', delivery: 'idempotent', write: batch => void got.push(...[...batch.rows()].map(row => `${row['of']} ${Number(row['window_start'])} ${row['n']}`)) })
  const started = await windows.to(out).start({ workers, batchRows: 1, mode: 'stream' })
  const read = () => Object.fromEntries(Object.entries(started.metrics().steps).filter(([id]) => id.startsWith('from')).map(([id, { rowsOut }]) => [id, rowsOut]))
  // Until nothing has moved for a while.
  const still = async (fits = () => true) => {
    for (let last = '', same = 0; same < 30 || !fits(); same++) {
      await turn()
      const now = JSON.stringify(read())
      if (now !== last) same = 0
      last = now
    }
  }
  await during({ read, still })
  return { started, got }
}

const all = ['quick', 'slow'].flatMap(of => Array.from({ length: rowsEach / 10 }, (_, i) => `${of} ${i * 10_000} 10`)).sort()
/** Rows that may be on their way when a source is told to wait. */
const slack = 60

describe('aligned watermarks', () => {
  it.each([0, 2])('keep a quick source near a slow one, on %i workers', async workers => {
    let may = 0
    const { started, got } = await run(ticking('slow', () => may), {}, async ({ read, still }) => {
      for (const next of [1, 100, 250]) {
        may = next
        await still(() => Object.values(read()).includes(next))
        const [least, most] = Object.values(read()).sort((a, b) => a - b) as [number, number]
        expect(least).toBe(next)
        expect(most).toBeGreaterThanOrEqual(next + 60)
        expect(most).toBeLessThan(next + 60 + slack)
      }
      may = rowsEach
    }, workers)
    await started.done
    expect(got.sort()).toEqual(all)
  })

  it('are not held up by sources of other groups', async () => {
    let may = 1
    const { started } = await run(ticking('slow', () => may), { group: 'another' }, async ({ read, still }) => {
      await still(() => Object.values(read()).includes(rowsEach))
      may = rowsEach
    })
    await started.done
  })

  it('are not held up by a source that is silent for longer than it is waited for', async () => {
    let may = 1
    const { started, got } = await run(ticking('slow', () => may), { idle: '50ms' }, async ({ read, still }) => {
      await still(() => Object.values(read()).includes(rowsEach))
      expect(Object.values(read())).toContain(1)
      may = rowsEach
    })
    await started.done
    expect(got.filter(line => line.startsWith('quick')).sort()).toEqual(all.filter(line => line.startsWith('quick')))
  })

  it('let barriers pass and stops end while a source waits', async () => {
    const { started } = await run(ticking('slow', () => 5, false), {}, async ({ still }) => still())
    await started.stop({ drain: true })
    expect(started.metrics().state).toBe('ended')
  })
})
