import { afterEach, beforeAll, expect, test } from 'vitest'
import { random } from '../../src/base/random.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice, type Device } from '../../src/device/device.ts'
import { orderByTimeOperator } from '../../src/operators/order-by-time.ts'
import { watermarkOperator } from '../../src/operators/watermark.ts'
import { windowAggregateOperator } from '../../src/operators/window-aggregate.ts'
import { hop } from '../../src/window/window-spec.ts'
import { EventRun } from '../support/event-run.ts'

let device: Device
beforeAll(async () => {
  device = await createDevice()
})
afterEach(() => expect(device.pages.used()).toBe(0))

const fields = parseSchema({ time: 'timestamp[ms]?', name: 'utf8?', n: 'int32' }, 'test')
const rowsOf = (seed: number, count: number) => {
  const r = random(seed)
  return Array.from({ length: count }, (_, n) => ({ time: r.int(30) ? n - r.int(40) : null, name: r.int(5) ? `a name that is long ${r.int(9)}` : null, n }))
}

test('rows leave in the order of time, then of the named columns, when the watermark has passed them', () => {
  const run = new EventRun(device, fields, [{ type: orderByTimeOperator, params: { time: 'time', by: ['name', 'n'] } }])
  run.push([
    { time: 5, name: 'b', n: 1 },
    { time: 3, name: 'z', n: 2 },
    { time: 5, name: 'a', n: 3 },
    { time: 9, name: 'x', n: 4 },
  ])
  expect(run.rows).toEqual([])
  run.advance(4)
  expect(run.rows.map(r => r.n)).toEqual([2])
  run.restart(1)
  run.advance(5)
  expect(run.rows.map(r => r.n)).toEqual([2, 3, 1])
  run.push([
    { time: null, name: 'no time', n: 5 },
    { time: 1, name: 'late', n: 6 },
  ])
  run.advance(6)
  expect(
    run.rows
      .map(r => r.n)
      .slice(3)
      .sort(),
  ).toEqual([5, 6])
  run.finish()
  expect(run.rows.map(r => r.n).slice(5)).toEqual([4])
  run.close()
})

test('the order behind a watermark is that of a sort, whatever the batches and restarts', () => {
  const rows = rowsOf(3, 500).map(row => ({ ...row, time: row.time ?? 0 }))
  const expected = rows.toSorted((a, b) => a.time - b.time || a.n - b.n).map(r => r.n)
  for (const size of [1, 7, 100, 1000]) {
    const run = new EventRun(device, fields, [
      { type: watermarkOperator, params: { time: 'time', boundMs: 40 } },
      { type: orderByTimeOperator, params: { time: 'time', by: ['n'] } },
    ])
    for (let start = 0; start < rows.length; start += size) {
      run.push(rows.slice(start, start + size))
      if (start % 3 === 0) run.restart(1)
    }
    run.finish()
    run.close()
    const got = run.rows.map(r => r.n as number)
    expect(got.filter(n => rows[n]!.time > 0)).toEqual(expected.filter(n => rows[n]!.time > 0))
    expect(got.toSorted((a, b) => a - b)).toEqual(rows.map(r => r.n))
  }
})

test('windows of several instances have one order behind it', () => {
  const input = rowsOf(4, 2_000).map(row => ({ ...row, time: row.time ?? 0 }))
  const run = (parallelism: number, size: number) => {
    const run = new EventRun(
      device,
      fields,
      [
        { type: watermarkOperator, params: { time: 'time', boundMs: 100 } },
        { type: windowAggregateOperator, params: { keys: ['name'], window: hop('time', 50, { slide: 20 }), aggregates: [{ name: 'count', fn: 'count' }] } },
        { type: orderByTimeOperator, params: { time: 'window_end', by: ['name'] } },
      ],
      parallelism,
    )
    for (let start = 0; start < input.length; start += size) run.push(input.slice(start, start + size))
    run.finish()
    run.close()
    return run.rows
  }
  const expected = run(1, 2_000)
  expect(expected.length).toBeGreaterThan(500)
  for (const [parallelism, size] of [
    [1, 7],
    [2, 100],
    [3, 999],
  ] as const)
    expect(run(parallelism, size)).toEqual(expected)
})

test('a time column that is no time is refused', () => {
  expect(() => new EventRun(device, fields, [{ type: orderByTimeOperator, params: { time: 'n', by: [] } }])).toThrow(/must be a timestamp/)
  expect(() => new EventRun(device, fields, [{ type: orderByTimeOperator, params: { time: 'time', by: ['time'] } }])).toThrow(/the first key already/)
})
