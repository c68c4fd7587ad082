// Windows by the clock at which rows arrive, windows of zones, sessions whose rows bring their own gaps.
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { sessionAggregateOperator } from '../../src/operators/session-aggregate.ts'
import { watermarkOperator } from '../../src/operators/watermark.ts'
import { windowAggregateOperator } from '../../src/operators/window-aggregate.ts'
import { windowRowsOperator } from '../../src/operators/window-rows.ts'
import { cumulate, hop, processingTime, tumble, type WindowSpec } from '../../src/window/window-spec.ts'
import { EventRun, handClock } from '../support/event-run.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterEach(() => expect(device.pages.used()).toBe(0))

const fields = parseSchema({ k: 'utf8', time: 'timestamp[ms]?', gap: 'int64?' }, 'test')
const aggregates = [{ name: 'n', fn: 'count' }]
const aggregate = (window: WindowSpec) => ({
  type: window.kind === 'session' || window.kind === 'processingSession' ? sessionAggregateOperator : windowAggregateOperator,
  params: { keys: ['k'], window, aggregates },
})
const watermark = { type: watermarkOperator, params: { time: 'time', boundMs: 0 } }
const results = ({ rows }: EventRun) => rows.map(r => [r.k, r.window_start, r.window_end, Number(r.n)])

describe('by the clock', () => {
  /** Rows of the key a at these moments, with a tick at each, and a restart behind each. */
  function byClock(window: WindowSpec, moments: readonly number[]) {
    const clock = handClock(0)
    const run = new EventRun(device, fields, [aggregate(window)], 1, clock)
    moments.forEach((now, i) => {
      clock.set(now)
      run.push([{ k: 'a', time: null, gap: null }])
      run.tick(now)
      run.restart(1 + (i % 3))
    })
    run.finish()
    run.close()
    expect(run.side.late).toBeUndefined()
    return results(run).map(([, ...bounds]) => bounds)
  }

  test.each([
    ['hopping', processingTime.hop(10, { slide: 5 }), [0, 7, 12], [[-5, 5, 1], [0, 10, 2], [5, 15, 2], [10, 20, 1]]],
    ['hopping, with gaps between', processingTime.hop(2, { slide: 5 }), [0, 3, 6], [[0, 2, 1], [5, 7, 1]]],
    ['growing', processingTime.cumulate(10, { step: 5 }), [1, 6, 11], [[0, 5, 1], [0, 10, 2], [10, 15, 1], [10, 20, 1]]],
    ['growing, moved', processingTime.cumulate(10, { step: 5, offset: 1 }), [0, 1], [[-9, 1, 1], [1, 6, 1], [1, 11, 1]]],
    ['sessions', processingTime.session({ gap: 10 }), [0, 9, 19, 30], [[0, 29, 3], [30, 40, 1]]],
    ['tumbling days of a zone', processingTime.tumble('1d', { zone: '+02:00' }), [0], [[-7_200_000, 79_200_000, 1]]],
  ] as const)('%s', (_, window, moments, expected) => {
    expect(byClock(window as WindowSpec, moments)).toEqual(expected)
  })

  test('sessions are complete a gap after their last row, and no clock that goes back opens what has fired', () => {
    const clock = handClock(100)
    const run = new EventRun(device, fields, [aggregate(processingTime.session({ gap: 10 }))], 1, clock)
    run.push([{ k: 'a', time: null, gap: null }, { k: 'b', time: null, gap: null }])
    run.tick(109)
    expect(results(run)).toEqual([])
    run.tick(110)
    expect(results(run)).toEqual(expect.arrayContaining([['a', 100, 110, 1], ['b', 100, 110, 1]]))
    clock.set(90)
    run.push([{ k: 'a', time: null, gap: null }])
    run.finish()
    run.close()
    expect(results(run).slice(2)).toEqual([['a', 110, 120, 1]])
  })
})

const at = (text: string) => Date.parse(text)

describe('of a zone', () => {
  const days = (zone: string, kind: (time: string, size: '1d') => WindowSpec, texts: readonly string[]) => {
    const run = new EventRun(device, fields, [watermark, aggregate(kind('time', '1d'))])
    run.push(texts.map(text => ({ k: zone, time: at(text), gap: null })))
    run.finish()
    run.close()
    return results(run).map(([, start, end, n]) => [new Date(start as number).toISOString(), ((end as number) - (start as number)) / 3_600_000, n])
  }

  test('days have 23 hours where the clock is put forward, 25 where it is put back', () => {
    const zone = 'Europe/Berlin'
    const day = (time: string, size: '1d') => tumble(time, size, { zone })
    expect(days(zone, day, ['2025-03-29T22:59:59Z', '2025-03-29T23:00:00Z', '2025-03-30T21:59:59Z', '2025-03-30T22:00:00Z'])).toEqual([
      ['2025-03-28T23:00:00.000Z', 24, 1],
      ['2025-03-29T23:00:00.000Z', 23, 2],
      ['2025-03-30T22:00:00.000Z', 24, 1],
    ])
    expect(days(zone, day, ['2025-10-25T22:00:00Z', '2025-10-26T22:59:59Z', '2025-10-26T23:00:00Z'])).toEqual([
      ['2025-10-25T22:00:00.000Z', 25, 2],
      ['2025-10-26T23:00:00.000Z', 24, 1],
    ])
  })

  test('an hour that a clock shows twice is one window, complete when the second is over', () => {
    const run = new EventRun(device, fields, [watermark, aggregate(tumble('time', '1h', { zone: 'Europe/Berlin' }))])
    const row = (text: string) => ({ k: 'a', time: at(`2025-10-26T${text}Z`), gap: null })
    run.push([row('00:10:00'), row('01:05:00')])
    expect(run.rows).toEqual([])
    run.push([row('00:20:00'), row('02:00:00')])
    expect(results(run)).toEqual([['a', at('2025-10-26T00:00:00Z'), at('2025-10-26T02:00:00Z'), 3]])
    expect(run.counts.lateRows).toBeUndefined()
    run.finish()
    run.close()
  })

  test('an hour that a clock leaves out is in no window', () => {
    const run = new EventRun(device, fields, [watermark, aggregate(tumble('time', '1h', { zone: 'Europe/Berlin' }))])
    run.push([at('2025-03-30T00:59:59Z'), at('2025-03-30T01:00:00Z')].map(time => ({ k: 'a', time, gap: null })))
    run.finish()
    run.close()
    expect(results(run)).toEqual([
      ['a', at('2025-03-30T00:00:00Z'), at('2025-03-30T01:00:00Z'), 1],
      ['a', at('2025-03-30T01:00:00Z'), at('2025-03-30T02:00:00Z'), 1],
    ])
  })

  test.each([tumble('time', '1d', { zone: 'Asia/Kolkata' }), hop('time', '1d', { slide: '6h', zone: 'Asia/Kolkata' }), cumulate('time', '1d', { step: '6h', zone: 'Asia/Kolkata', offset: '1h' })])('rows of $kind windows have the bounds that groups have', window => {
    const texts = ['2025-06-01T18:29:59Z', '2025-06-01T18:30:00Z', '2025-06-01T23:59:59Z']
    const rows = texts.map(text => ({ k: 'a', time: at(text), gap: null }))
    const grouped = new EventRun(device, fields, [watermark, aggregate(window)])
    const spread = new EventRun(device, fields, [{ type: windowRowsOperator, params: { window } }])
    for (const run of [grouped, spread]) {
      run.push(rows)
      run.finish()
      run.close()
    }
    const bounds = spread.rows.map(r => `${r.window_start} ${r.window_end}`)
    const counts = new Map(bounds.map(name => [name, bounds.filter(other => other === name).length]))
    expect(new Map(grouped.rows.map(r => [`${r.window_start} ${r.window_end}`, Number(r.n)]))).toEqual(counts)
    expect((Number(grouped.rows[0]!.window_start) + 5.5 * 3_600_000) % 3_600_000).toBe(0)
  })
})

describe('sessions with gaps of their rows', () => {
  const window: WindowSpec = { kind: 'session', time: 'time', gapColumn: 'gap' }
  const run = (rows: readonly (readonly [time: number | null, gap: number | null])[]) => {
    const all = new EventRun(device, fields, [watermark, aggregate(window)])
    try {
      all.push(rows.map(([time, gap]) => ({ k: 'a', time, gap: gap === null ? null : BigInt(gap) })))
      all.finish()
    } finally {
      all.close()
    }
    return results(all).map(([, ...bounds]) => bounds)
  }

  test('last until the latest of the gaps is over', () => {
    expect(run([[0, 100], [10, 5], [101, 3]])).toEqual([[0, 100, 2], [101, 104, 1]])
  })
  test('join all that a row reaches', () => {
    const all = new EventRun(device, fields, [{ ...watermark, params: { time: 'time', boundMs: 1_000 } }, aggregate(window)])
    all.push([[100, 1], [120, 1], [140, 1], [90, 30], [200, 1]].map(([time, gap]) => ({ k: 'a', time, gap: BigInt(gap!) })))
    all.finish()
    all.close()
    expect(results(all).map(([, ...bounds]) => bounds)).toEqual([[90, 121, 3], [140, 141, 1], [200, 201, 1]])
  })
  test('need gaps above 0, but for rows without a time', () => {
    expect(() => run([[5, 0]])).toThrow('step 1: the gap of the row at 1970-01-01T00:00:00.005Z is 0 ms; a session needs a gap above 0')
    expect(() => run([[5, 1], [7, null]])).toThrow('the gap of the row at 1970-01-01T00:00:00.007Z is null')
    expect(run([[null, 0], [5, 1]])).toEqual([[5, 6, 1]])
  })
})
