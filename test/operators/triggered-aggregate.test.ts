// Windows that give results when triggers say so: against a plain interpreter over random rows, and what it can't say: the clock, changes, memory.
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { random, type Random } from '../../src/base/random.ts'
import type { PlainRow } from '../../src/batch/read-values.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { triggeredAggregateOperator } from '../../src/operators/triggered-aggregate.ts'
import { watermarkOperator } from '../../src/operators/watermark.ts'
import { countWindow, cumulate, globalWindow, hop, processingTime, session, tumble, type WindowSpec } from '../../src/window/window-spec.ts'
import { netOf } from '../support/changes.ts'
import { EventRun, handClock, type Step } from '../support/event-run.ts'
import { naiveFirings, type NaiveFiring } from '../support/naive-triggers.ts'
import { type NaiveRow, naiveWatermarks } from '../support/naive-windows.ts'
import { anyOperatorHarness } from '../support/operator-harness.ts'
import { runInBatches } from '../support/run-in-batches.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterEach(() => expect(device.pages.used()).toBe(0))

const schema = { k: 'utf8?', time: 'timestamp[ms]?', value: 'int64?', gap: 'int64?', text: 'utf8?' }
const fields = parseSchema(schema, 'test')
const aggregates = [
  { name: 'count', fn: 'count' },
  { name: 'sum', fn: 'sum', input: 'value' },
  { name: 'max', fn: 'max', input: 'value' },
  { name: 'first', fn: 'first', input: 'text' },
  { name: 'last', fn: 'last', input: 'text' },
]
const steps = (window: WindowSpec, boundMs: number, changes?: 'each' | 'net'): Step[] => [
  { type: watermarkOperator, params: { time: 'time', boundMs } },
  { type: triggeredAggregateOperator, params: { keys: ['k'], window, aggregates, ...(changes && { changes }) } },
]

type Row = NaiveRow & { readonly text: string | null }
const toInput = ({ key, time, value, gap, text }: Row) => ({ k: key === 'null' ? null : key, time, value: value === null ? null : BigInt(value), gap: gap === undefined ? null : BigInt(gap), text })

function sampleRows(r: Random, count: number): Row[] {
  const keys = ['a', 'null', 'a key of more than twelve bytes', ...Array.from({ length: r.int(20) }, (_, i) => `k${i}`)]
  const disorder = [0, 3, 20, 100][r.int(4)]!
  const pace = [1, 5, 40][r.int(3)]!
  let now = -r.int(2_000)
  return Array.from({ length: count }, (_, i) => {
    now += r.int(pace)
    const straggler = r.int(50) === 0 ? r.int(500) : 0
    return {
      key: keys[r.int(r.int(2) ? keys.length : 2)]!,
      time: r.int(40) === 0 ? null : now - r.int(disorder + 1) - straggler,
      value: r.int(5) === 0 ? null : r.int(40) - 20,
      gap: 1 + r.int(r.int(20) ? 15 : 300),
      text: r.int(4) === 0 ? null : `${i} ${'x'.repeat(r.int(20))}`,
    }
  })
}

function sampleEvict(r: Random) {
  const after = r.int(3) === 0
  return [{ rows: r.int(6), after }, { last: 1 + r.int(60), after }, { delta: 1 + r.int(20), column: 'value', after }][r.int(3)]!
}

function sampleWindow(r: Random): WindowSpec {
  const kind = r.int(8)
  if (kind === 0) return countWindow(1 + r.int(12), r.int(2) ? { slide: 1 + r.int(12) } : {})
  const every = [undefined, 1 + r.int(9), `${1 + r.int(60)}ms` as const][r.int(3)]
  const firing = { ...(every !== undefined && { every }), ...(r.int(3) === 0 && { purge: true }), ...(r.int(3) === 0 && { evict: sampleEvict(r) }) }
  if (kind === 1) return globalWindow({ time: 'time', ...firing, every: every ?? 3 })
  const lateness = r.int(2) === 0 ? 0 : r.int(100)
  const offset = r.int(3) === 0 ? r.int(50) - 25 : 0
  if (kind === 2) return session('time', { gap: 1 + r.int(30), lateness, ...firing })
  if (kind === 3) return { ...session('time', { gap: 1, lateness, ...firing }), gapMs: undefined, gapColumn: 'gap' } as unknown as WindowSpec
  if (kind === 4) return hop('time', 1 + r.int(60), { slide: 1 + r.int(60), offset, lateness, ...firing })
  const step = 1 + r.int(30)
  if (kind === 5) return cumulate('time', step * (1 + r.int(4)), { step, offset, lateness, ...firing })
  return tumble('time', 1 + r.int(100), { offset, lateness, ...firing })
}

const number = (value: unknown) => (value === null ? null : Number(value))
const hasBounds = ({ kind }: WindowSpec) => kind !== 'count' && kind !== 'global'

/** Results by key and window, in the order of each. */
function naiveTexts(results: readonly NaiveFiring[], bounded: boolean): string[] {
  return results.map(({ key, start, end, number, rows }) => {
    const values = rows.map(row => row.value).filter(value => value !== null)
    const texts = rows.map(row => (row as Row).text).filter(text => text !== null)
    return JSON.stringify([key, ...(bounded ? [start, end] : [number]), rows.length, values.length > 0 ? values.reduce((a, b) => a + b, 0) : null, values.length > 0 ? Math.max(...values) : null, texts[0] ?? null, texts.at(-1) ?? null])
  })
}
const gotTexts = (rows: readonly PlainRow[], bounded: boolean) =>
  rows.map(row => JSON.stringify([String(row.k), ...(bounded ? [row.window_start, row.window_end] : [Number(row.window_number)]), Number(row.count), number(row.sum), number(row.max), row.first, row.last]))

function run(window: WindowSpec, boundMs: number, rows: readonly Row[], batchRows: number, parallelism: number, restarts: ReadonlyMap<number, number>, changes?: 'each' | 'net'): EventRun {
  return runInBatches(new EventRun(device, fields, steps(window, boundMs, changes), parallelism), rows.map(toInput), batchRows, restarts)
}

/** The results that hold at last are the same, whether changes say so or only they are given; of windows that none takes over those that came last. */
function agreeAsChanges(window: WindowSpec, boundMs: number, rows: readonly Row[], results: readonly NaiveFiring[], r: Random): void {
  const batchRows = [1, 7, 1024][r.int(3)]!
  const restarts = new Map([[r.int(Math.ceil(rows.length / batchRows)), 1 + r.int(3)]])
  const each = run(window, boundMs, rows, batchRows, 1 + r.int(3), restarts, 'each')
  const net = run(window, boundMs, rows, batchRows, 1 + r.int(3), restarts, 'net')
  expect(each.fields.at(-1)!.name).toBe('$change')
  expect(netOf(each.changes), JSON.stringify(window)).toEqual(netOf(net.changes))
  if (window.kind === 'session') return
  const last = new Map(results.map(result => [`${result.key} ${result.start} ${result.end}`, result]))
  expect(gotTexts(net.rows, true).sort(), JSON.stringify(window)).toEqual(naiveTexts([...last.values()], true).sort())
}

describe('results agree with the plain interpreter', () => {
  const first = Number(process.env.SEED ?? 1)
  const rounds = process.env.SEED ? Number(process.env.ROUNDS ?? 1) : 40
  test('for any batches, instances, restarts, disorder and lateness', () => {
    for (let seed = first; seed < first + rounds; seed++) {
      const r = random(seed)
      const window = sampleWindow(r)
      const rows = sampleRows(r, 1 + r.int(300))
      const boundMs = [0, 5, 50][r.int(3)]!
      const expected = naiveFirings(rows, naiveWatermarks(rows, boundMs), window)
      for (const [batchRows, parallelism, restarting] of [[1, 1, true], [7, 2, true], [7, 1, false], [64, 3, true], [1024, 1, false], [1024, 3, true]] as const) {
        const restarts = new Map<number, number>()
        if (restarting) for (let i = 0; i < 3; i++) restarts.set(r.int(Math.ceil(rows.length / batchRows)), 1 + r.int(3))
        const label = `SEED=${seed} batches ${batchRows}, instances ${parallelism}, restarts ${JSON.stringify([...restarts])}, ${JSON.stringify(window)}, bound ${boundMs}`
        const got = run(window, boundMs, rows, batchRows, parallelism, restarts)
        const bounded = hasBounds(window)
        expect(gotTexts(got.rows, bounded).sort(), label).toEqual(naiveTexts(expected.results, bounded).sort())
        expect([got.counts.lateRows ?? 0, got.counts.nullTimeRows ?? 0, got.counts.rowsWithoutWindow ?? 0], label).toEqual([expected.late.length, expected.timeless.length, expected.lone])
        expect(got.side.late?.length ?? 0, label).toBe(expected.late.length + expected.timeless.length)
      }
      if (hasBounds(window) && !('firing' in window && window.firing?.purges)) agreeAsChanges(window, boundMs, rows, expected.results, r)
    }
  })
})

const row = (time: number, key = 'a', value = 1): Row => ({ key, time, value, text: null })
const bounded = (run: EventRun) => run.rows.map(r => [r.window_start, r.window_end, Number(r.count)])
const numbered = (run: EventRun) => run.rows.map(r => [r.k, Number(r.window_number), Number(r.count)])

describe('by the clock', () => {
  /** Rows of the key a, each a moment of the clock (also its event time), with a tick at each number alone, and restarts all along. */
  function byClock(window: WindowSpec, acts: readonly ({ readonly row: number } | number)[], boundMs = 0) {
    const clock = handClock(0)
    const own = steps(window, boundMs)
    const run = new EventRun(device, fields, 'time' in window ? own : own.slice(1), 1, clock)
    const given: unknown[] = []
    acts.forEach((act, i) => {
      const now = typeof act === 'number' ? act : act.row
      clock.set(now)
      if (typeof act === 'number') run.tick(now)
      else run.push([toInput(row(now))])
      run.restart(1 + (i % 3))
      given.push(run.rows.length)
    })
    run.finish()
    run.close()
    return { rows: run.rows.map(r => ('window_number' in r ? [Number(r.window_number), Number(r.count)] : [r.window_start, r.window_end, Number(r.count)])), given }
  }

  test('an early result comes so long after rows, once until there are more, and the one at the end all the same', () => {
    const { rows, given } = byClock(tumble('time', 100, { early: 10 }), [{ row: 0 }, { row: 4 }, 10, 11, 50, { row: 60 }, 70, 71, 99, { row: 101 }])
    expect(rows.slice(0, 3)).toEqual([[0, 100, 2], [0, 100, 3], [0, 100, 3]])
    expect(given).toEqual([0, 0, 0, 1, 1, 1, 1, 2, 2, 3])
  })
  test('early results that purge add up', () => {
    const { rows } = byClock(tumble('time', 100, { early: 10, purge: true }), [{ row: 0 }, { row: 4 }, 11, { row: 60 }, 71, { row: 72 }, { row: 100 }])
    expect(rows).toEqual([[0, 100, 2], [0, 100, 1], [0, 100, 1], [100, 200, 1]])
  })
  test('all rows of a key, told of every so often', () => {
    expect(byClock(globalWindow({ early: 10 }), [{ row: 0 }, { row: 5 }, 11, { row: 30 }, 35, 41, 90, { row: 91 }]).rows).toEqual([[1, 2], [2, 3], [3, 4]])
  })
  test('windows of processing time fire early and at their end, and once at the end of the input', () => {
    const { rows } = byClock(processingTime.tumble(100, { early: 30 }), [{ row: 0 }, 31, { row: 50 }, { row: 60 }, 100, { row: 120 }])
    expect(rows).toEqual([[0, 100, 1], [0, 100, 3], [0, 100, 3], [100, 200, 1]])
  })
  test('sessions of processing time go on while rows come', () => {
    const { rows } = byClock(processingTime.session({ gap: 10, every: 2 }), [{ row: 0 }, { row: 8 }, { row: 15 }, 24, 25, { row: 40 }])
    expect(rows).toEqual([[0, 18, 2], [0, 25, 3], [40, 50, 1]])
  })
  test('windows of processing time have no late rows, and gaps between them no rows', () => {
    const clock = handClock(7)
    const run = new EventRun(device, fields, steps(processingTime.hop(5, { slide: 10, every: 1 }), 0).slice(1), 1, clock)
    run.push([toInput(row(0))])
    clock.set(11)
    run.push([toInput(row(0))])
    run.finish()
    run.close()
    expect(run.counts).toEqual({ rowsWithoutWindow: 1 })
    expect(bounded(run)).toEqual([[10, 15, 1], [10, 15, 1]])
  })
})

describe('a window', () => {
  const all = (window: WindowSpec, rows: readonly Row[], boundMs = 1_000, changes?: 'each' | 'net') => run(window, boundMs, rows, 4, 1, new Map(), changes)

  test('of days of a zone has 23 hours where the clock is put forward', () => {
    const [start, end] = [Date.UTC(2025, 2, 29, 23), Date.UTC(2025, 2, 30, 22)]
    const got = all(tumble('time', '1d', { zone: 'Europe/Berlin', every: 2 }), [row(start), row(end - 1), row(end)])
    expect(bounded(got)).toEqual([[start, end, 2], [start, end, 2], [end, end + 24 * 3_600_000, 1]])
  })
  test('whose ends are one where a clock is put forward counts a row once', () => {
    const [start, h] = [Date.UTC(2021, 2, 14, 8), 3_600_000]
    const got = all(cumulate('time', '4h', { step: '1h', zone: 'America/Los_Angeles', every: 9 }), [row(start)])
    expect(bounded(got)).toEqual([[start, start + h, 1], [start, start + 2 * h, 1], [start, start + 3 * h, 1]])
  })
  test('of a number of rows is of each key by itself, and what is not whole at the end is dropped', () => {
    expect(numbered(all(countWindow(2), [row(0), row(1, 'b'), row(2), row(3), row(4, 'b'), row(5, 'b')]))).toEqual([['a', 1, 2], ['b', 1, 2]])
  })
  test('without a key takes all rows', () => {
    const run = new EventRun(device, fields, [{ type: triggeredAggregateOperator, params: { keys: [], window: countWindow(3), aggregates } }], 2)
    run.push([row(0), row(1, 'b')].map(toInput))
    run.restart(3)
    run.push([row(2, 'c')].map(toInput))
    run.finish()
    run.close()
    expect(run.rows.map(r => [Number(r.window_number), Number(r.count)])).toEqual([[1, 3]])
  })
  test('takes back what a session gave that another took over', () => {
    const got = all(session('time', { gap: 10, every: 1 }), [row(0), row(15), row(8)], 1_000, 'each')
    expect(got.changes.map(({ change, row: r }) => [change, r.window_start, r.window_end, Number(r.count)])).toEqual([
      [0, 0, 10, 1], [0, 15, 25, 1], [3, 0, 10, 1], [3, 15, 25, 1], [0, 0, 25, 3],
    ])
  })
  test('changes nothing by a result that is as the one before it', () => {
    const own = [{ name: 'max', fn: 'max', input: 'value' }, { name: 'text', fn: 'max', input: 'text' }]
    const run = new EventRun(device, fields, [{ type: triggeredAggregateOperator, params: { keys: ['k'], window: tumble('time', 100, { every: 1 }), aggregates: own, changes: 'each' } }])
    const texts = [null, 'a text of more than twelve bytes', 'a text', 'b']
    run.push([3, 3, 2, 5].map((value, i) => ({ ...toInput(row(i, 'a', value)), text: texts[i] })))
    run.finish()
    run.close()
    expect(run.changes.map(({ change, row: r }) => [change, Number(r.max), r.text])).toEqual([[0, 3, null], [1, 3, null], [2, 3, texts[1]], [1, 3, texts[1]], [2, 5, 'b']])
  })
  test('behind others is judged by when their results came', () => {
    const own = steps(tumble('time', 100, { every: 1 }), 0)
    const outer: Step = { type: triggeredAggregateOperator, params: { keys: [], window: tumble('window_end', 1_000, { every: 3 }), aggregates: [{ name: 'n', fn: 'count' }] } }
    for (const batchRows of [1, 2, 64]) {
      const run = new EventRun(device, fields, [...own, outer])
      const rows = [0, 20, 30, 150, 160, 1_200].map(time => toInput(row(time)))
      for (let start = 0; start < rows.length; start += batchRows) run.push(rows.slice(start, start + batchRows))
      run.finish()
      run.close()
      expect(run.counts.lateRows).toBeUndefined()
      expect(run.rows.map(r => [r.window_start, Number(r.n)]), `batches of ${batchRows}`).toEqual([[0, 3], [0, 6], [0, 7], [1_000, 2]])
    }
  })
  test('keeps its memory bounded over many keys and times', () => {
    const evict = { evict: { rows: 3 } } as const
    for (const [window, changes] of [[tumble('time', 100, { every: 1 }), undefined], [tumble('time', 100, { every: 1 }), 'each'], [hop('time', 100, { slide: 30, ...evict }), undefined], [session('time', { gap: 20, every: 2 }), undefined]] as const) {
      const run = new EventRun(device, fields, steps(window, 0, changes))
      let most = 0
      for (let i = 0; i < 120; i++) {
        run.push(Array.from({ length: 60 }, (_, j) => toInput({ ...row(i * 60 + j, `key ${i}/${j}`), text: `a text of more than twelve bytes ${j}` })))
        if (i === 60) most = device.pages.used()
      }
      expect(device.pages.used(), JSON.stringify(window)).toBeLessThan(most * 2)
      run.finish()
      run.close()
    }
  })
  test('makes many results of few rows in parts', () => {
    const got = run(hop('time', 4_000, { slide: 2, every: 1 }), 0, Array.from({ length: 10 }, (_, i) => row(i)), 12, 1, new Map())
    expect(got.rows.length).toBeGreaterThan(19_000)
    expect(Number(got.rows.reduce((most, r) => Math.max(most, Number(r.count)), 0))).toBe(10)
  })

  test('refuses what makes no sense', () => {
    const make = (window: WindowSpec) => () => new EventRun(device, fields, steps(window, 0))
    expect(make(tumble('time', 10, { evict: { delta: 1, column: 'text' } }))).toThrow(/evict goes by "text", which is utf8; name a column of numbers/)
    expect(make(tumble('time', 10, { evict: { delta: 1, column: 'vaule' } }))).toThrow(/did you mean "value"/)
    expect(make(globalWindow({ time: 'text', every: 1 }))).toThrow(/must be a timestamp/)
    expect(make({ kind: 'count', rows: 0 })).toThrow(/the number of rows is 0/)
  })
  test('refuses a checkpoint of other keys, or one that is damaged', async () => {
    const open = (window: WindowSpec) => anyOperatorHarness(triggeredAggregateOperator, { keys: ['k'], window, aggregates } as never, [schema])
    const first = await open(countWindow(3))
    first.push([toInput(row(1))])
    const runs = first.snapshot()
    first.close()
    const other = await open(tumble('time', 10, { evict: { rows: 1 } }))
    expect(() => other.restore(runs)).toThrow(/table "parts" does not fit this window/)
    other.close()
    const same = await open(countWindow(3))
    expect(() => same.restore(runs.filter(run => run.table !== 'parts'))).toThrow(/table "parts" does not fit/)
    same.close()
  })
})
