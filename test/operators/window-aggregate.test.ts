import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { random, type Random } from '../../src/base/random.ts'
import type { PlainRow } from '../../src/batch/read-values.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { sessionAggregateOperator } from '../../src/operators/session-aggregate.ts'
import { watermarkOperator } from '../../src/operators/watermark.ts'
import { windowAggregateOperator } from '../../src/operators/window-aggregate.ts'
import { cumulate, hop, processingTime, session, tumble, type WindowSpec } from '../../src/window/window-spec.ts'
import { type NaiveResult, type NaiveRow, naiveSessions, naiveWatermarks, naiveWindows } from '../support/naive-windows.ts'
import { handClock, EventRun, type Step } from '../support/event-run.ts'
import { runInBatches } from '../support/run-in-batches.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterEach(() => expect(device.pages.used()).toBe(0))

const fields = parseSchema({ k: 'utf8?', time: 'timestamp[ms]?', value: 'int64?', split: 'int32', gap: 'int64?' }, 'test')
const aggregates = [
  { name: 'count', fn: 'count' },
  { name: 'sum', fn: 'sum', input: 'value' },
  { name: 'min', fn: 'min', input: 'value' },
  { name: 'max', fn: 'max', input: 'value' },
] as const

function steps(window: WindowSpec, boundMs: number, splits = 0): Step[] {
  return [
    { type: watermarkOperator, params: { time: 'time', boundMs, ...(splits > 0 && { splitColumn: 'split', splitCount: splits }) } },
    { type: window.kind === 'session' ? sessionAggregateOperator : windowAggregateOperator, params: { keys: ['k'], window, aggregates } },
  ]
}

const toInput = (row: NaiveRow) => ({
  k: row.key === 'null' ? null : row.key,
  time: row.time,
  value: row.value === null ? null : BigInt(row.value),
  split: row.split ?? 0,
  gap: row.gap === undefined ? null : BigInt(row.gap),
})
const keyText = (row: PlainRow) => String(row.k)
const number = (value: unknown) => (value === null ? null : Number(value))
function toResult(row: PlainRow): NaiveResult {
  return {
    key: keyText(row),
    start: row.window_start as number,
    end: row.window_end as number,
    count: Number(row.count),
    sum: number(row.sum),
    min: number(row.min),
    max: number(row.max),
  }
}
const lateText = (row: PlainRow | NaiveRow) => ('key' in row ? `${row.key} ${row.time} ${row.value}` : `${keyText(row)} ${row.time} ${number(row.value)}`)
const sorted = (texts: Iterable<string>) => [...texts].sort()
const resultText = (r: NaiveResult) => JSON.stringify([r.key, r.start, r.end, r.count, r.sum, r.min, r.max])
const applied = (results: readonly NaiveResult[]) => sorted(new Map(results.map(r => [`${r.key} ${r.start} ${r.end}`, resultText(r)])).values())

function sampleRows(r: Random, count: number, splits: number): NaiveRow[] {
  const keys = ['a', 'b', 'null', 'a key of more than twelve bytes', '', ...Array.from({ length: r.int(30) }, (_, i) => `k${i}`)]
  const disorder = [0, 3, 20, 100][r.int(4)]!
  const pace = [1, 5, 40][r.int(3)]!
  let now = -r.int(2_000)
  return Array.from({ length: count }, () => {
    now += r.int(pace)
    const straggler = r.int(50) === 0 ? r.int(500) : 0
    return {
      key: keys[r.int(r.int(2) ? keys.length : 2)]!,
      time: r.int(40) === 0 ? null : now - r.int(disorder + 1) - straggler,
      value: r.int(5) === 0 ? null : r.int(2_000) - 1_000,
      split: splits > 1 ? r.int(splits) : 0,
      gap: 1 + r.int(r.int(20) ? 15 : 300),
    }
  })
}

// The same in a zone's time: as many minutes around a change of its clock, where a day of rows may be few or many windows.
const zones = [
  { zone: 'Europe/Berlin', from: Date.UTC(2025, 2, 29, 20) },
  { zone: 'Europe/Berlin', from: Date.UTC(2025, 9, 25, 20) },
  { zone: 'Australia/Lord_Howe', from: Date.UTC(2025, 3, 5, 12) },
] as const

/** A window, and rows for it, by the clock of a zone, at so many milliseconds for one. */
function inZone(r: Random, window: WindowSpec, rows: readonly NaiveRow[]): { window: WindowSpec; rows: NaiveRow[]; scale: number } {
  const { zone, from } = zones[r.int(zones.length)]!
  const scale = [1_000, 20_000, 60_000][r.int(3)]!
  const scaled = Object.fromEntries(Object.entries(window).map(([name, value]) => [name, name.endsWith('Ms') ? (value as number) * scale : value]))
  return { scale, window: { ...scaled, zone } as unknown as WindowSpec, rows: rows.map(row => ({ ...row, time: row.time === null ? null : from + row.time * scale })) }
}

function sampleWindow(r: Random): WindowSpec {
  const offset = r.int(3) === 0 ? r.int(50) - 25 : 0
  const lateness = r.int(2) === 0 ? 0 : r.int(100)
  const kind = r.int(7)
  const step = 1 + r.int(30)
  if (kind === 6) return { kind: 'session', time: 'time', gapColumn: 'gap', ...(lateness > 0 && { latenessMs: lateness }) }
  // Windows of which many share a pane.
  if (kind === 5) return hop('time', 20 + r.int(60), { slide: 1 + r.int(4), offset, lateness: r.int(3) === 0 ? lateness : 0 })
  if (kind === 4) return cumulate('time', step * (1 + r.int(6)), { step, offset, lateness })
  if (kind === 0) return tumble('time', 1 + r.int(100), { offset, lateness })
  if (kind === 1) return session('time', { gap: 1 + r.int(30), lateness })
  return hop('time', 1 + r.int(100), { slide: 1 + r.int(kind === 2 ? 30 : 120), offset, lateness })
}

/** Runs the rows in batches of `batchRows`; at each restart point, to another parallelism. */
function run(
  window: WindowSpec,
  boundMs: number,
  splits: number,
  rows: readonly NaiveRow[],
  batchRows: number,
  parallelism: number,
  restarts: ReadonlyMap<number, number>,
): EventRun {
  return runInBatches(new EventRun(device, fields, steps(window, boundMs, splits), parallelism), rows.map(toInput), batchRows, restarts)
}

describe('windows agree with the naive interpreter', () => {
  const first = Number(process.env.SEED ?? 1)
  const rounds = process.env.SEED ? Number(process.env.ROUNDS ?? 1) : 30
  test('for any batches, instances, restarts, disorder and lateness', () => {
    for (let seed = first; seed < first + rounds; seed++) {
      const r = random(seed)
      const splits = r.int(3) === 0 ? 1 + r.int(3) : 0
      const sample = { scale: 1, window: sampleWindow(r), rows: sampleRows(r, 1 + r.int(600), splits) }
      const { scale, window, rows } = 'sizeMs' in sample.window && r.int(2) === 0 ? inZone(r, sample.window, sample.rows) : sample
      const boundMs = scale * [0, 5, 50][r.int(3)]!
      const watermarks = naiveWatermarks(rows, boundMs, splits)
      const isSession = window.kind === 'session'
      const expected = isSession ? naiveSessions('gapColumn' in window ? rows : rows.map(({ gap: _, ...row }) => row), watermarks, window) : naiveWindows(rows, watermarks, window)
      const exact = isSession || !('latenessMs' in window && window.latenessMs! > 0)
      for (const batchRows of [1, 7, 1024, 65_536]) {
        for (const parallelism of [1, 2, 3]) {
          for (const restarting of [false, true]) {
            const restarts = new Map<number, number>()
            if (restarting) for (let i = 0; i < 3; i++) restarts.set(r.int(Math.ceil(rows.length / batchRows)), 1 + r.int(3))
            const label = `SEED=${seed} batches ${batchRows}, instances ${parallelism}, restarts ${JSON.stringify([...restarts])}, ${JSON.stringify(window)}, bound ${boundMs}, splits ${splits}`
            const got = run(window, boundMs, splits, rows, batchRows, parallelism, restarts)
            const results = got.rows.map(toResult)
            if (exact) expect(sorted(results.map(resultText)), label).toEqual(sorted(expected.results.map(resultText)))
            else expect(applied(results), label).toEqual(applied(expected.results))
            expect(sorted((got.side.late ?? []).map(lateText)), label).toEqual(sorted([...expected.late, ...expected.timeless].map(lateText)))
            expect([got.counts.lateRows ?? 0, got.counts.nullTimeRows ?? 0, got.counts.rowsWithoutWindow ?? 0], label).toEqual([
              expected.late.length,
              expected.timeless.length,
              expected.lone,
            ])
          }
        }
      }
    }
  })
})

describe('a window', () => {
  const one = (time: number, key = 'a', value = 1) => ({ k: key, time, value: BigInt(value), split: 0 })
  const ends = (run: EventRun) => run.rows.map(r => [r.window_start, r.window_end, Number(r.count)])

  test('fires when the watermark reaches its end − 1, in order of ends', () => {
    const run = new EventRun(device, fields, steps(tumble('time', 10), 0))
    run.push([one(3), one(25), one(14)])
    expect(ends(run)).toEqual([[0, 10, 1]])
    expect(run.counts.lateRows).toBe(1)
    run.push([one(29)])
    expect(ends(run)).toEqual([[0, 10, 1]])
    run.push([one(30), one(31)])
    expect(ends(run)).toEqual([
      [0, 10, 1],
      [20, 30, 2],
    ])
    run.finish()
    expect(ends(run)).toEqual([
      [0, 10, 1],
      [20, 30, 2],
      [30, 40, 2],
    ])
    run.close()
  })

  test('with lateness takes a row up to end − 1 + lateness and emits the updated result', () => {
    const run = new EventRun(device, fields, steps(tumble('time', 2, { lateness: 20 }), 0))
    run.push([one(1)])
    run.push([one(21)])
    run.push([one(0), one(22)])
    expect(ends(run)).toEqual([
      [0, 2, 1],
      [0, 2, 2],
      [20, 22, 1],
    ])
    run.push([one(0)])
    expect(run.counts.lateRows).toBe(1)
    run.finish()
    run.close()
  })

  test.each([tumble('time', 10), session('time', { gap: 10 })])('behind steps that keep no watermark per row judges by the last one that reached it', window => {
    const run = new EventRun(device, fields, steps(window, 0).slice(1))
    const row = (time: number) => ({ k: 'a', time, value: 1n, split: 0 })
    run.push([row(3), row(4)])
    run.advance(20)
    run.push([row(5), row(25)])
    run.advance(40)
    expect(run.counts.lateRows).toBe(1)
    run.finish()
    expect(run.rows.map(toResult).map(({ start, count }) => [start, count])).toEqual(window.kind === 'session' ? [[3, 2], [25, 1]] : [[0, 2], [20, 1]])
    run.close()
  })

  test('that hops takes a row that is late for the first of them in the others', () => {
    const run = new EventRun(device, fields, steps(hop('time', 3_000, { slide: 1_000 }), 0))
    run.push([one(4_100), one(3_500), one(2_500)])
    run.finish()
    run.close()
    expect(ends(run).filter(([start]) => (start as number) >= 1_000)).toEqual([
      [2_000, 5_000, 3],
      [3_000, 6_000, 2],
      [4_000, 7_000, 1],
    ])
    expect(run.counts.lateRows ?? 0).toBe(0)
  })

  test('may begin before the epoch', () => {
    const run = new EventRun(device, fields, steps(hop('time', 10, { slide: 5 }), 0))
    run.push([one(-1)])
    run.finish()
    run.close()
    expect(ends(run)).toEqual([
      [-10, 0, 1],
      [-5, 5, 1],
    ])
  })

  test('of a session ends a gap after the last row, and takes rows that are exactly a gap away', () => {
    const run = new EventRun(device, fields, steps(session('time', { gap: 10 }), 100))
    run.push([one(0), one(10), one(31), one(20), one(21), one(60, 'b')])
    run.finish()
    run.close()
    expect(run.rows.map(r => [r.k, r.window_start, r.window_end, Number(r.count)])).toEqual([
      ['a', 0, 41, 5],
      ['b', 60, 70, 1],
    ])
  })

  test('of processing time goes by the clock', () => {
    const clock = handClock(1_000)
    const run = new EventRun(
      device,
      fields,
      [{ type: windowAggregateOperator, params: { keys: ['k'], window: processingTime.tumble(100), aggregates } }],
      2,
      clock,
    )
    run.push([one(5), one(6, 'b')])
    clock.set(1_099)
    run.push([one(7)])
    run.tick(1_099)
    expect(run.rows).toEqual([])
    clock.set(1_100)
    run.push([one(8)])
    run.tick(1_100)
    expect(ends(run).sort()).toEqual([
      [1_000, 1_100, 1],
      [1_000, 1_100, 2],
    ])
    run.finish()
    expect(ends(run)).toHaveLength(3)
    run.close()
  })

  test('keeps its memory bounded over many keys and times', () => {
    for (const window of [tumble('time', 100), hop('time', 100, { slide: 30 }), session('time', { gap: 20 })]) {
      const run = new EventRun(device, fields, steps(window, 0))
      let most = 0
      for (let i = 0; i < 300; i++) {
        run.push(Array.from({ length: 100 }, (_, j) => one(i * 100 + j, `key ${i}/${j}`)))
        if (i === 60) most = device.pages.used()
      }
      expect(device.pages.used()).toBeLessThan(most * 2)
      run.finish()
      run.close()
    }
  })

  test('sorts what it emits by the end, then by the hash of the key', () => {
    const emit = (parallelism: number) => {
      const run = new EventRun(device, fields, steps(tumble('time', 10), 0), parallelism)
      run.push(Array.from({ length: 50 }, (_, i) => one(50 - i, `k${i % 7}`)))
      run.finish()
      run.close()
      return run.rows
    }
    expect(emit(1).map(r => r.window_end)).toEqual(
      emit(1)
        .map(r => r.window_end)
        .sort((a, b) => (a as number) - (b as number)),
    )
    expect(emit(1)).toEqual(emit(1))
  })

  test('refuses a time that is none, a name that is taken, sizes that make no sense', () => {
    const check =
      (window: WindowSpec, extra: object = {}) =>
      () =>
        new EventRun(device, fields, [{ type: windowAggregateOperator, params: { keys: ['k'], window, aggregates, ...extra } }])
    expect(check(tumble('value', 10))).toThrow(/must be a timestamp/)
    expect(check(tumble('tiem', 10))).toThrow(/did you mean "time"/)
    expect(check(tumble('time', 10), { aggregates: [{ name: 'window_end', fn: 'count' }] })).toThrow(/two columns "window_end"/)
    expect(check({ kind: 'tumble', time: 'time', sizeMs: 0 })).toThrow(/the size is 0 ms/)
    expect(() => hop('time', '10s', { slide: 0 })).toThrow(/the slide is 0 ms/)
  })
})
