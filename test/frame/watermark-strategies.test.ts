// How watermarks come to be: by times that only rise, by a bound, by what rows say, by a function that keeps things. What is late by them depends on the rows alone.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { closeEngines, col, count, type Frame, from, sink, source, tumble, when } from '../../src/index.ts'

afterAll(closeEngines)

const folder = mkdtempSync(join(tmpdir(), 'millrace-watermarks-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const chance = random(9)
const events = Array.from({ length: 2_000 }, (_, i) => ({ key: chance.int(5), at: 10 * i + chance.int(500), upTo: chance.int(20) === 0 ? 10 * i + 400 - chance.int(300) : null }))
type Event = (typeof events)[number]
const schema = { key: 'int32', at: 'timestamp[ms]', upTo: 'timestamp[ms]?' } as const
const windowMs = 1_000
const none = Number.NEGATIVE_INFINITY

/** Counts by key and window, and how many rows were late, where `after` gives the watermark behind each row. */
function expected(after: (row: Event, before: number) => number): { rows: string[]; late: number } {
  const windows = new Map<string, number>()
  let watermark = none
  let late = 0
  for (const row of events) {
    const start = Math.floor(row.at / windowMs) * windowMs
    if (start + windowMs - 1 <= watermark) late++
    else windows.set(`${row.key} ${start}`, (windows.get(`${row.key} ${start}`) ?? 0) + 1)
    watermark = Math.max(watermark, after(row, watermark))
  }
  return { rows: [...windows].map(([window, n]) => `${window} ${n}`).sort(), late }
}

interface Kept {
  seen?: number
  latest?: number
}
// Every tenth row: what came up to the one before it.
const everyTenth = (row: { at: number | Date }, kept: Record<string, unknown>) => {
  const state = kept as Kept
  const before = state.latest
  state.seen = (state.seen ?? 0) + 1
  state.latest = Math.max(state.latest ?? 0, Number(row.at))
  return state.seen % 10 === 0 && before !== undefined ? new Date(before - 100) : undefined
}
const naiveTenth = () => {
  const kept = {}
  return (row: Event) => Number(everyTenth(row, kept) ?? none)
}

const strategies: Record<string, { mark: (rows: Frame<typeof schema>) => Frame<typeof schema>; after: () => (row: Event) => number }> = {
  'times that only rise': { mark: rows => rows.watermark('at'), after: () => row => row.at - 1 },
  'a bound': { mark: rows => rows.watermark('at', { bound: '200ms' }), after: () => row => row.at - 201 },
  'what some rows say': { mark: rows => rows.watermark('at', { by: col('upTo') }), after: () => row => row.upTo ?? none },
  'an expression, and a bound': {
    mark: rows => rows.watermark('at', { by: when(col('key').eq(3)).then(col('at')).otherwise(null), bound: '100ms' }),
    after: () => row => (row.key === 3 ? row.at - 100 : none),
  },
  'a function that keeps things': { mark: rows => rows.watermark('at', { by: everyTenth }), after: naiveTenth },
}

const windowsOf = (rows: Frame<any>) => rows.groupBy('key', tumble('at', `${windowMs}ms`)).agg({ n: count() })
const line = (row: any) => `${row.key} ${Number(row.window_start)} ${row.n}`

describe.each(Object.entries(strategies))('watermarks by %s', (name, { mark, after }) => {
  const { rows, late } = expected(after())

  it.each([[1, 0], [7, 2], [333, 0], [4_096, 3]])('in batches of %i with %i workers', async (batchRows, workers) => {
    async function* given() {
      yield* events
    }
    const got: string[] = []
    const run = await windowsOf(mark(from(given(), { schema, bounded: false }))).to(sink({ name: 'got', delivery: 'idempotent', write: batch => void got.push(...[...batch.rows()].map(line)) })).run({ batchRows, workers })
    expect(got.sort()).toEqual(rows)
    expect(run.metrics().counts['lateRows'] ?? 0).toBe(late)
    expect(late).toBeGreaterThan(10)
  })

  it('goes on behind a restart as if nothing had been', async () => {
    let stopAt = 900
    const restarting = () =>
      source({
        name: 'events', schema, start: 0,
        splits: () => [{ id: '0' }],
        async *read(_, position) {
          for (let i = position; i < events.length && i < stopAt; i += 30) yield { rows: events.slice(i, i + 30), position: i + 30 }
          while (stopAt < events.length) await new Promise(resolve => setTimeout(resolve, 2))
        },
      })
    const committed = new Map<number, string[]>()
    const out = () => {
      const pending: string[] = []
      return sink({
        name: 'out', delivery: 'transactional',
        write: batch => void pending.push(...[...batch.rows()].map(line)),
        prepare: () => pending.splice(0),
        commit: (epoch, lines) => void committed.set(epoch, lines as string[]),
      })
    }
    const checkpoint = { dir: join(folder, name.replaceAll(' ', '-')), every: '1h' } as const
    const first = await windowsOf(mark(from(restarting()))).to(out()).start({ workers: 2, checkpoint })
    while (first.metrics().rowsRead < stopAt) await new Promise(resolve => setTimeout(resolve, 2))
    await first.checkpoint()
    await first.stop({ drain: false }).catch(() => {})
    stopAt = events.length
    const second = await windowsOf(mark(from(restarting()))).to(out()).run({ workers: 0, batchRows: 17, checkpoint })
    expect([...committed.values()].flat().sort()).toEqual(rows)
    expect(second.metrics().rowsRead).toBe(events.length - 900)
  })
})

describe('watermarks that rows or functions say', () => {
  const rows = () => from(events, { schema })

  it('are refused when planned where they are no times', () => {
    expect(() => windowsOf(rows().watermark('at', { by: col('key') })).explain()).toThrow(/watermark: by key is int32; give the time up to which all rows have come, as a timestamp/)
    expect(() => windowsOf(rows().watermark('at', { by: col('upto') as never })).explain()).toThrow(/upTo/)
  })

  it.each([
    ['no time', () => 'noon', /watermark.*returned noon for row 0 .*return a time/],
    ['no number', () => Number.NaN, /returned NaN/],
    ['an error', () => { throw new Error('broken') }, /the function threw for row 0 of its batch: broken/],
  ])('end the job where a function gives %s', async (_, by, message) => {
    await expect(windowsOf(rows().watermark('at', { by: by as never })).collect({ mode: 'stream', workers: 0 })).rejects.toThrow(message)
  })

  it.each([
    ['a function', { at: () => 1 }, /keeps as "at"/],
    ['a map', { at: new Map() }, /keeps as "at" is \[object Map\]/],
    ['too much', { at: 'x'.repeat(1_100_000) }, /1100009 characters of JSON; keep at most 1048576/],
  ])('end the job where a function keeps %s', async (_, keeps, message) => {
    const by = (row: unknown, kept: object) => void Object.assign(kept, keeps)
    const job = windowsOf(rows().watermark('at', { by })).to(sink({ name: 'x', delivery: 'idempotent', write: () => {} }))
    await expect(job.run({ mode: 'stream', workers: 0, checkpoint: { dir: join(folder, `kept ${String(message).length}`) } })).rejects.toThrow(message)
  })
})
