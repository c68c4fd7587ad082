// Window functions as event time passes, row by row: when rows come out, what is late, what is kept. Facts are those of Apache Flink's tests, by name.
import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { Json } from '../../src/base/json.ts'
import { createDevice } from '../../src/device/device.ts'
import { overByTimeOperator } from '../../src/operators/over-by-time.ts'
import type { OverParams } from '../../src/operators/over.ts'
import { decodeRun } from '../../src/state/run-codec.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { ownersOf } from '../support/key-owners.ts'
import { type OperatorHarness, operatorHarness } from '../support/operator-harness.ts'

const schema = { key: 'utf8?', at: 'timestamp[ms]?', n: 'int64?', price: 'float64?', text: 'utf8?' }
const keys = [{ column: 'at', descending: false }]
const lately = (ms: number): OverParams => ({ by: ['key'], keys, functions: [{ name: 's', fn: 'sum', input: 'n', frame: { range: [-ms, 0] } }] })
const running: OverParams = { by: ['key'], keys, functions: [{ name: 's', fn: 'sum', input: 'n' }, { name: 'p', fn: 'mean', input: 'price' }, { name: 'k', fn: 'rowNumber' }, { name: 'f', fn: 'first', input: 'text' }] }
const nearby: OverParams = { by: ['key'], keys, functions: [{ name: 's', fn: 'sum', input: 'n', frame: { rows: [-2, 0] } }, { name: 'l', fn: 'lag', input: 'text', options: { offset: 1 } }] }
const open = (params: OverParams, options = {}) => operatorHarness(overByTimeOperator as never, params as unknown as Json, [schema], { bounded: false, ...options })
const row = (key: string | null, at: number | null, n: number | null = 1) => ({ key, at, n: n === null ? null : BigInt(n), price: n, text: `a text of some length, of ${at}` })
const shown = (harness: OperatorHarness) => harness.rows().map(({ key, at, s }) => `${key} ${Number(at)} ${s}`)

function stored(harness: OperatorHarness): Record<string, number> {
  const arena = harness.device.arena()
  const counts = Object.fromEntries(harness.snapshot().map(({ table, bytes }) => [table, decodeRun(harness.device, arena, bytes).rowCount]))
  arena.release()
  return counts
}

describe('window functions as event time passes', () => {
  it('rows come out once the watermark has passed them, equal ones together', async () => {
    const harness = await open(lately(2000))
    harness.push([row('a', 3), row('a', 1), row('b', 2), row('a', 3, 5), row('a', 9)])
    expect(shown(harness)).toEqual([])
    harness.advance(2)
    expect(shown(harness)).toEqual(['a 1 1', 'b 2 1'])
    harness.advance(3)
    expect(shown(harness)).toEqual(['a 1 1', 'b 2 1', 'a 3 7', 'a 3 7'])
    harness.finish()
    expect(shown(harness).slice(4)).toEqual(['a 9 8'])
    harness.close()
  })

  it('testLateRecordMetrics of RowTimeRangeBoundedPrecedingFunctionTest: a row at the watermark or before it is late', async () => {
    const harness = await open(lately(2000))
    harness.push([row('a', 500)])
    harness.advance(500)
    harness.push([row('a', 500), row('a', 499), row('a', 501), row('a', null)])
    harness.advance(900)
    expect(shown(harness)).toEqual(['a 500 1', 'a 501 2'])
    expect(harness.counts).toEqual({ lateRows: 2, nullTimeRows: 1 })
    harness.close()
  })

  it('testStateCleanup of RowTimeRangeBoundedPrecedingFunctionTest: rows that no frame can reach any more go, and keys with them', async () => {
    const harness = await open(lately(2000))
    harness.push([row('a', 500), row('b', 600), row('a', 700)])
    expect(stored(harness)).toEqual({ rows: 3 })
    harness.advance(2500)
    expect(stored(harness)).toEqual({ tails: 3 })
    harness.advance(2650)
    expect(stored(harness)).toEqual({ tails: 1 })
    harness.advance(2701)
    expect(stored(harness)).toEqual({})
    harness.close()
  })

  it('of running functions the last row of each partition is kept, of frames of rows as many as they have', async () => {
    for (const [params, tails] of [[running, 2], [nearby, 3]] as const) {
      const harness = await open(params)
      harness.push([row('a', 1), row('a', 2), row('a', 3), row('b', 4)])
      harness.advance(10_000)
      expect(stored(harness)).toEqual({ tails })
      harness.close()
    }
  })

  it('memory doesn’t grow with the rows', async () => {
    const harness = await open(nearby)
    const used: number[] = []
    for (let now = 0; now < 200; now++) {
      harness.push(Array.from({ length: 500 }, (_, i) => row(`key ${i % 100}`, 10 * now)))
      harness.advance(10 * now - 1)
      used.push(harness.operator.snapshot!().reduce((sum, run) => sum + run.bytes.length, 0))
    }
    expect(Math.max(...used.slice(100))).toBeLessThan(1.1 * Math.max(...used.slice(20, 100)))
    harness.close()
  })

  it('rows have the watermark just before their time, and what is late goes by their own', async () => {
    const hidden = [[{ name: '$watermark', type: { kind: 'int64' }, nullable: false }]] as const
    const harness = await open(lately(5), { hidden })
    harness.push([{ ...row('a', 10), $watermark: 7n }, { ...row('a', 9), $watermark: 8n }, { ...row('a', 9), $watermark: 9n }])
    harness.advance(30)
    expect(harness.batches().flatMap(batch => [...harness.device.memory.int64s(batch.columns[batch.fields.findIndex(({ name }) => name === '$watermark')]!.values, batch.rowCount)])).toEqual([8n, 9n])
    expect(harness.counts['lateRows']).toBe(1)
    harness.close()
  })

  it('sums of floats don’t depend on where the watermark cut them', async () => {
    const values = [1e16, 1, -1e16, 0.1, 1e-9, 1e8, 3, -1e8, 0.7, 0.1]
    const results: unknown[][] = []
    for (const cuts of [[], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [2, 6], [4]]) {
      const harness = await open({ by: [], keys, functions: [{ name: 's', fn: 'sum', input: 'price' }, { name: 'm', fn: 'mean', input: 'price' }] })
      values.forEach((price, at) => {
        harness.push([{ ...row('a', at), price }])
        if (cuts.includes(at)) harness.advance(at)
      })
      harness.finish()
      results.push(harness.close().map(({ s, m }) => [s, m]))
    }
    expect(results[0]!.length).toBe(10)
    for (const result of results) expect(result).toEqual(results[0])
  })
})

it.each(Object.entries({ running, nearby, lately: lately(60) }))('restarts at any point, at another parallelism, give the same rows: %s', async (_, params) => {
  const chance = random(7)
  const rows = Array.from({ length: 300 }, (_, i) => row(chance.int(9) === 0 ? null : `key ${chance.int(8)} of some length`, 3 * i + chance.int(60), chance.int(5) === 0 ? null : chance.int(50)))
  const device = await createDevice({ relaxed: false })
  const results: string[][] = []
  for (const restarts of [0, 1, 3]) {
    const got: string[] = []
    let [parallelism, fed] = [1, 0]
    let runs: StateRun[] = []
    for (let life = 0; life <= restarts; life++) {
      const end = life === restarts ? rows.length : fed + chance.int(rows.length - fed)
      const instances: OperatorHarness[] = []
      for (let instance = 0; instance < parallelism; instance++) instances.push(await open(params, { instance, parallelism, device: parallelism === 1 ? device : undefined }))
      for (const each of instances) each.restore(runs)
      const owners = ownersOf(device, rows.map(({ key }) => key), parallelism)
      for (; fed < end; fed++) {
        instances[owners[fed]!]!.push([rows[fed]!])
        if (fed % 10 === 9) for (const each of instances) each.advance(3 * fed - 70)
      }
      if (life === restarts) for (const each of instances) each.finish()
      runs = instances.flatMap(each => each.snapshot())
      for (const each of instances) got.push(...each.close().map(out => JSON.stringify(out, (_, value) => (typeof value === 'bigint' ? `${value}` : value))))
      parallelism = [3, 1, 2][life % 3]!
    }
    results.push(got.sort())
  }
  expect(results[0]!.length).toBeGreaterThan(250)
  expect(results[1]).toEqual(results[0])
  expect(results[2]).toEqual(results[0])
})
