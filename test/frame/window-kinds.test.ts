// Windows as users name them: days of a zone, sessions whose gap is an expression, windows by the clock.
import { afterAll, expect, it } from 'vitest'
import { closeEngines, col, count, countWindow, from, globalWindow, hop, processingTime, session, sink, sum, tumble, write } from '../../src/index.ts'

afterAll(closeEngines)

const at = (text: string) => new Date(`${text}Z`)
const visits = from(
  [
    { user: 'a', at: at('2025-10-25T22:00:00'), minutes: 30, pages: 1 },
    { user: 'a', at: at('2025-10-25T22:20:00'), minutes: 2, pages: 2 },
    { user: 'a', at: at('2025-10-25T22:40:00'), minutes: 5, pages: 4 },
    { user: 'b', at: at('2025-10-26T22:59:59'), minutes: 5, pages: 8 },
  ],
  { schema: { user: 'utf8', at: 'timestamp[ms]', minutes: 'int32', pages: 'int32' } },
)
const bounds = (rows: Iterable<{ window_start: unknown; window_end: unknown }>) => [...rows].map(row => [row.window_start, row.window_end].map(time => new Date(Number(time)).toISOString().slice(5, 16)))

it('days of a zone', async () => {
  const days = await visits.groupBy(tumble('at', '1d', { zone: 'Europe/Berlin' })).agg({ n: count() }).collect()
  expect(bounds(days)).toEqual([['10-25T22:00', '10-26T23:00']])
  expect([...days].map(row => row.n)).toEqual([4])
  const joined = await visits.select('user', 'at').windowJoin(visits.select('user', 'at'), { on: 'user', suffix: '_', window: hop('at', '1d', { slide: '12h', zone: 'Europe/Berlin' }) }).collect()
  expect(new Set(bounds(joined).map(([start]) => start))).toEqual(new Set(['10-25T10:00', '10-25T22:00', '10-26T11:00']))
})

it('sessions with a gap of each row, of milliseconds or a duration', async () => {
  const ms = visits.groupBy('user', session('at', { gap: col('minutes').mul(60_000) })).agg({ pages: sum('pages') })
  const sorted = async (frame: typeof ms) => bounds(await frame.sort('window_start').collect())
  const expected = [['10-25T22:00', '10-25T22:30'], ['10-25T22:40', '10-25T22:45'], ['10-26T22:59', '10-26T23:04']]
  expect(await sorted(ms)).toEqual(expected)
  const durations = visits.with({ gap: col('minutes').cast('int64').mul(60).cast('duration[s]') })
  expect(await sorted(durations.groupBy('user', session('at', { gap: col('gap') })).agg({ pages: sum('pages') }) as unknown as typeof ms)).toEqual(expected)
  expect(ms.explain()).toContain('session(at, gap of each row)')
})

it('refuses gaps that are none', async () => {
  await expect(visits.groupBy('user', session('at', { gap: col('user') })).agg({ n: count() }).collect()).rejects.toThrow('groupBy: the gap user is utf8; give whole milliseconds, or a duration')
  await expect(visits.groupBy('user', session('at', { gap: col('minutes').sub(5) })).agg({ n: count() }).collect()).rejects.toThrow(/the gap of the row at 2025-10-25T22:20:00.000Z is -3 ms/)
})

it('by the clock, in windows of every kind', async () => {
  for (const window of [processingTime.hop('1d', { slide: '1d' }), processingTime.cumulate('2d', { step: '2d', zone: 'Asia/Tokyo' }), processingTime.session({ gap: '1h' })]) {
    const rows = [...(await visits.groupBy('user', window).agg({ n: count() }).collect())]
    expect(rows.reduce((n, row) => n + row.n, 0)).toBe(4)
  }
})

const clicks = from(
  Array.from({ length: 3_000 }, (_, i) => ({ user: `u${(i * 7) % 11}`, at: new Date(10 * i - ((i * 13) % 50)), pages: i % 4 })),
  { schema: { user: 'utf8', at: 'timestamp[ms]', pages: 'int32' } },
).watermark('at', { bound: '50ms' })
const texts = (rows: Iterable<object>) => [...rows].map(row => Object.values(row).map(value => (typeof value === 'string' ? value : Number(value))).join(' '))

it.each([
  ['of numbers of rows', () => clicks.groupBy('user', countWindow(10, { slide: 4 })).agg({ n: count(), pages: sum('pages') })],
  ['of all rows', () => clicks.groupBy('user', globalWindow({ every: 100 })).agg({ n: count(), pages: sum('pages') })],
  ['of all rows, by event time', () => clicks.groupBy('user', globalWindow({ time: 'at', every: '1s', purge: true })).agg({ n: count() })],
  ['with results every so often', () => clicks.groupBy('user', tumble('at', '10s', { every: '3s' })).agg({ n: count() })],
  ['of the latest rows alone', () => clicks.groupBy('user', hop('at', '2s', { slide: '1s', evict: { last: '100ms' } })).agg({ n: count(), pages: sum('pages') })],
])('windows %s, in batches of any size on any number of threads', async (_, frame) => {
  const results: string[][] = []
  for (const [mode, batchRows, workers] of [['batch', 4096, 0], ['stream', 7, 0], ['stream', 256, 2], ['batch', 100, 3]] as const) {
    const got: string[] = []
    await frame().forEach(row => void got.push(...texts([row])), { mode, batchRows, workers })
    results.push(got.sort())
  }
  expect(results[0]!.length).toBeGreaterThan(20)
  for (const result of results.slice(1)) expect(result).toEqual(results[0])
})

it('further results of a window replace the one before, where they are changes', async () => {
  const counts = () => clicks.groupBy('user', tumble('at', '10s', { every: 50 })).agg({ n: count() }, { changes: true })
  const plain = texts(await clicks.groupBy('user', tumble('at', '10s')).agg({ n: count() }).collect()).sort()
  expect(texts(await counts().collect()).sort()).toEqual(plain)
  expect(texts(await counts().collect({ mode: 'stream' })).sort()).toEqual(plain)
  for (const mode of ['batch', 'stream'] as const) expect(texts(await counts().groupBy().agg({ total: sum('n') }).collect({ mode }))).toEqual(['3000'])
  let updates = 0
  await counts().to(sink({ name: 'each', delivery: 'append', changes: true, write: batch => void (updates += batch.changes!.filter(change => change === 2).length) })).run({ mode: 'stream' })
  expect(updates).toBe(33)
  await expect(counts().to(write.ndjson('never.ndjson')).run({ mode: 'stream' })).rejects.toThrow(/only add up, and "groupBy" changes rows/)
})

it('tells of them in explain', () => {
  const plan = (frame: { explain(): string }) => frame.explain()
  expect(plan(clicks.groupBy('user', countWindow(10, { slide: 4 })).agg({ n: count() }))).toContain('count(10 rows every 4) by user: n = count()')
  expect(plan(clicks.groupBy(tumble('at', '1m', { early: '1s', every: 100, purge: true, evict: { last: '10s', after: true } })).agg({ n: count() }))).toContain('tumble(at, 60000 ms, early 1000 ms, every 100 rows, purged, of the last 10000 ms and what came since)')
})

it('refuses windows and options that fit not', () => {
  const bad = [
    [() => countWindow(2.5), 'countWindow: the number of rows is 2.5; give a whole number of rows from 1 to'],
    [() => countWindow(2, { slide: 0 }), 'countWindow: the slide is 0'],
    [() => globalWindow({}), "globalWindow: a global window gives no result by itself; say when there is one: every: 100 (rows), every: '1m', early: '1s' or a trigger"],
    [() => globalWindow({ every: '1m' }), "globalWindow: every 60000 ms of event time needs the column of it; give time: 'at'"],
    [() => globalWindow({ every: 1, evict: { last: '1m' } }), 'globalWindow: to evict rows by their time needs the column of it'],
    [() => tumble('at', '1m', { every: 0 }), 'tumble: every is 0; give a whole number of rows or milliseconds, 1 or more'],
    [() => tumble('at', '1m', { evict: { rows: -1 } }), 'tumble: rows of evict is -1'],
    [() => tumble('at', '1m', { evict: { delta: 0, column: 'pages' } }), 'tumble: delta of evict is 0'],
    [() => tumble('at', '1m', { evict: {} as never }), 'tumble: evict says nothing known'],
    [() => clicks.groupBy('user').agg({ n: count() }, { changes: true }), 'agg: changes is given without a window'],
    [() => clicks.groupBy(countWindow(1)).agg({ n: count() }, { changes: true }), 'agg: changes is given, but each result of a count window is a row of its own'],
    [() => clicks.groupBy(tumble('at', '1s', { early: '1s', purge: true })).agg({ n: count() }, { changes: true }), 'agg: changes is given, but results of windows that purge add up'],
    [() => clicks.groupBy('user', globalWindow({ every: 1 })).agg({ window_number: count() }).explain(), 'two columns "window_number"'],
    [() => clicks.windowJoin(clicks, { on: 'user', window: tumble('at', '1s', { every: 1 }), suffix: '_' }).explain(), 'leave early, every, purge, evict and trigger out'],
    [() => clicks.windowJoin(clicks, { on: 'user', window: countWindow(1) as never, suffix: '_' }).explain(), 'a count window has no bounds in event time'],
  ] as const
  for (const [make, message] of bad) expect(make).toThrow(message)
})
