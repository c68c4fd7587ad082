// Windows as users name them: days of a zone, sessions whose gap is an expression, windows by the clock.
import { afterAll, expect, it } from 'vitest'
import { closeEngines, col, count, from, hop, processingTime, session, sum, tumble } from '../../src/index.ts'

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
