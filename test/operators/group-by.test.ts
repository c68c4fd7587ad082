import { describe, expect, it } from 'vitest'
import { DataError, PlanError } from '../../src/base/errors.ts'
import { random } from '../../src/base/random.ts'
import type { PlainRow } from '../../src/batch/read-values.ts'
import type { SchemaLike } from '../../src/batch/schema.ts'
import { schemaText } from '../../src/batch/schema.ts'
import { type AggregateParams, finalAggregateOperator, partialAggregateOperator } from '../../src/operators/group-by.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { operatorHarness } from '../support/operator-harness.ts'

const schema: SchemaLike = { city: 'utf8?', day: 'int32', price: 'float64?', bids: 'int32', cents: 'int64?', name: 'utf8?' }
const params: AggregateParams = {
  keys: ['city', 'day'],
  aggregates: [
    { name: 'rows', fn: 'count' },
    { name: 'prices', fn: 'count', input: 'price' },
    { name: 'bids', fn: 'sum', input: 'bids' },
    { name: 'cents', fn: 'sum', input: 'cents' },
    { name: 'mean', fn: 'mean', input: 'cents' },
    { name: 'top', fn: 'max', input: 'price' },
    { name: 'first', fn: 'min', input: 'name' },
  ],
}

function sampleRows(count: number, seed = 1) {
  const chance = random(seed)
  const pick = <T>(list: readonly T[]): T => list[chance.int(list.length)]!
  return Array.from({ length: count }, () => ({
    city: pick([null, '', 'Rome', 'a city with a rather long name', 'a city with a rather long nome']),
    day: chance.int(3),
    price: pick([null, 1.5, -2, 1e9]),
    bids: chance.int(100) - 50,
    cents: pick([null, 2n ** 55n + 1n, -(2n ** 55n), 7n]),
    name: pick([null, 'b', 'a', 'another long name, 1', 'another long name, 0']),
  }))
}

function naive(rows: ReturnType<typeof sampleRows>) {
  const groups = new Map<string, ReturnType<typeof sampleRows>>()
  for (const row of rows) {
    const key = JSON.stringify([row.city, row.day])
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  const some = <T>(list: readonly (T | null)[]) => list.filter(v => v !== null)
  return [...groups.values()].map(list => {
    const cents = some(list.map(r => r.cents))
    const prices = some(list.map(r => r.price))
    const names = some(list.map(r => r.name)).sort()
    const sum = cents.reduce((a, b) => a + b, 0n)
    return {
      city: list[0]!.city,
      day: list[0]!.day,
      rows: list.length,
      prices: prices.length,
      bids: list.reduce((a, r) => a + BigInt(r.bids), 0n),
      cents: cents.length ? sum : null,
      mean: cents.length ? Number(sum) / cents.length : null,
      top: prices.length ? Math.max(...prices) : null,
      first: names[0] ?? null,
    }
  })
}

const sorted = (rows: readonly unknown[]) => rows.map(row => JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))).sort()

// Runs both steps with the given parallelism; `restartAt` moves all partial state into new instances of another parallelism.
async function run(rows: readonly Record<string, unknown>[], batchRows: number, parallelism: number, restart?: number): Promise<PlainRow[]> {
  let partials = await Promise.all(Array.from({ length: parallelism }, (_, instance) => operatorHarness(partialAggregateOperator, params, [schema], { instance, parallelism })))
  for (let at = 0; at < rows.length; at += batchRows) {
    if (restart && at >= rows.length / 2) {
      const runs = partials.flatMap(p => p.snapshot())
      for (const p of partials) p.close()
      partials = await Promise.all(Array.from({ length: restart }, (_, instance) => operatorHarness(partialAggregateOperator, params, [schema], { instance, parallelism: restart })))
      for (const p of partials) p.restore(runs)
      restart = undefined
    }
    partials[(at / batchRows) % partials.length]!.push(rows.slice(at, at + batchRows))
  }
  const states: PlainRow[] = []
  const fields = partials[0]!.fields
  for (const p of partials) {
    p.finish()
    states.push(...p.close())
  }
  const final = await operatorHarness(finalAggregateOperator, params, [schemaText(fields)])
  final.push(states)
  final.finish()
  return final.close()
}

describe('groupBy', () => {
  it('gives the naive answer at any batch size, parallelism and restart', async () => {
    const rows = sampleRows(500)
    const expected = sorted(naive(rows))
    for (const [batchRows, parallelism, restart] of [[1, 1], [7, 2], [500, 1], [64, 3, 2], [10, 1, 4], [9, 4, 1]] as const) {
      expect(sorted(await run(rows, batchRows, parallelism, restart))).toEqual(expected)
    }
  })

  it('has the input types for keys, min and max, int64 for counts and sums, and is nullable only where a result can be null', async () => {
    const partial = partialAggregateOperator.fields([(await operatorHarness(partialAggregateOperator, params, [schema])).fields], { keys: [], aggregates: [] }, 'x')
    expect(partial).toEqual([])
    const harness = await operatorHarness(partialAggregateOperator, params, [schema])
    expect(schemaText(finalAggregateOperator.fields([harness.fields], params, 'groupBy'))).toEqual({
      city: 'utf8?', day: 'int32', rows: 'int64', prices: 'int64', bids: 'int64', cents: 'int64?', mean: 'float64?', top: 'float64?', first: 'utf8?',
    })
    harness.close()
  })

  it('gives exactly one row without keys, also over no rows', async () => {
    const whole: AggregateParams = { keys: [], aggregates: params.aggregates }
    for (const rows of [[], sampleRows(40)]) {
      const partial = await operatorHarness(partialAggregateOperator, whole, [schema])
      if (rows.length > 0) partial.push(rows)
      partial.finish()
      const fields = schemaText(partial.fields)
      const states = partial.close()
      const final = await operatorHarness(finalAggregateOperator, whole, [fields])
      final.push(states)
      const runs = final.snapshot()
      final.close()
      const again = await operatorHarness(finalAggregateOperator, whole, [fields])
      again.restore(runs)
      again.finish()
      const result = again.close()
      expect(result.length).toBe(1)
      expect(result[0]!.rows).toBe(rows.length)
      if (rows.length === 0) expect(result[0]).toEqual({ rows: 0, prices: 0, bids: null, cents: null, mean: null, top: null, first: null })
    }
  })

  it('takes NaN as one key, −0 as 0, and null as a group of its own', async () => {
    const one: AggregateParams = { keys: ['k'], aggregates: [{ name: 'n', fn: 'count' }] }
    const partial = await operatorHarness(partialAggregateOperator, one, [{ k: 'float64?' }])
    partial.push([Number.NaN, 0, -0, null, Number.NaN, null, 1].map(k => ({ k })))
    partial.finish()
    const fields = schemaText(partial.fields)
    const final = await operatorHarness(finalAggregateOperator, one, [fields])
    final.push(partial.close())
    final.finish()
    expect(final.close()).toEqual([{ k: Number.NaN, n: 2 }, { k: 0, n: 2 }, { k: null, n: 2 }, { k: 1, n: 1 }])
  })

  it('emits keys in batches of bounded size', async () => {
    const one: AggregateParams = { keys: ['k'], aggregates: [{ name: 'n', fn: 'count' }] }
    const partial = await operatorHarness(partialAggregateOperator, one, [{ k: 'int32' }])
    partial.push(Array.from({ length: 140_000 }, (_, i) => ({ k: (i >> 1) * 77 })))
    partial.finish()
    expect(partial.batchSizes()).toEqual([65_536, 4_464])
    expect(partial.close().at(-1)!.k).toBe(69_999 * 77)
  })

  it('refuses what does not fit, naming the place', async () => {
    const fields = (p: AggregateParams) => operatorHarness(partialAggregateOperator, p, [schema], { where: 'groupBy:partial' })
    await expect(fields({ keys: ['town'], aggregates: [] })).rejects.toThrow(/^groupBy: no column "town"/)
    await expect(fields({ keys: [], aggregates: [{ name: 'x', fn: 'sum', input: 'city' }] })).rejects.toThrow(/^groupBy, x: sum does not apply to utf8/)
    await expect(fields({ keys: [], aggregates: [{ name: 'x', fn: 'max' }] })).rejects.toMatchObject({ code: 'AGGREGATE_TYPE' })
    await expect(fields({ keys: ['day'], aggregates: [{ name: 'day', fn: 'count' }] })).rejects.toMatchObject({ code: 'AGGREGATE_NAME' })
    await expect(fields({ keys: ['day'], aggregates: [{ name: 'day', fn: 'count' }] })).rejects.toThrow(PlanError)
  })

  it('reports a sum that leaves int64 as SUM_OVERFLOW, and only if the result does', async () => {
    const one: AggregateParams = { keys: [], aggregates: [{ name: 's', fn: 'sum', input: 'v' }] }
    const sumOf = async (values: bigint[]) => {
      const partial = await operatorHarness(partialAggregateOperator, one, [{ v: 'int64' }])
      partial.push(values.map(v => ({ v })))
      partial.finish()
      const fields = schemaText(partial.fields)
      const final = await operatorHarness(finalAggregateOperator, one, [fields])
      final.push(partial.close())
      try {
        final.finish()
        return final.rows()[0]!.s
      } finally {
        final.close()
      }
    }
    const most = 2n ** 63n - 1n
    expect(await sumOf([most, most, -most, -5n])).toBe(most - 5n)
    await expect(sumOf([most, 1n])).rejects.toMatchObject({ code: 'SUM_OVERFLOW' })
    await expect(sumOf([most, 1n])).rejects.toThrow(DataError)
  })

  it('leaves the state of a final instance as runs of its own key groups', async () => {
    const rows = sampleRows(200)
    const partial = await operatorHarness(partialAggregateOperator, params, [schema])
    partial.push(rows)
    partial.finish()
    const fields = schemaText(partial.fields)
    const final = await operatorHarness(finalAggregateOperator, params, [fields])
    final.push(partial.close())
    const runs: StateRun[] = final.snapshot()
    final.close()
    const results: PlainRow[] = []
    for (const instance of [0, 1, 2]) {
      const restored = await operatorHarness(finalAggregateOperator, params, [fields], { instance, parallelism: 3 })
      restored.restore(runs)
      restored.finish()
      results.push(...restored.close())
    }
    expect(sorted(results)).toEqual(sorted(naive(rows)))
  })

  it('keeps the order of rows over a restart, at another parallelism', async () => {
    const one: AggregateParams = {
      keys: ['k'],
      aggregates: [
        { name: 'first', fn: 'first', input: 'v' },
        { name: 'last', fn: 'last', input: 'v' },
        { name: 'all', fn: 'list', input: 'v' },
        { name: 'least', fn: 'argMin', input: 'w', args: ['v'] },
      ],
    }
    const input: SchemaLike = { k: 'int32', v: 'int32', w: 'int32' }
    const rowsOf = (start: number, end: number) => Array.from({ length: end - start }, (_, i) => ({ k: (start + i) % 3, v: start + i, w: 1 }))
    const before = await operatorHarness(partialAggregateOperator, one, [input])
    before.push(rowsOf(0, 30))
    const runs = before.snapshot()
    before.close()
    const instances = await Promise.all([0, 1].map(instance => operatorHarness(partialAggregateOperator, one, [input], { instance, parallelism: 2 })))
    const states: PlainRow[] = []
    for (const [i, partial] of instances.entries()) {
      partial.restore(runs)
      partial.push(rowsOf(30 + 15 * i, 45 + 15 * i).slice(0, i === 0 ? 15 : 0))
      partial.finish()
      states.push(...partial.close())
    }
    const final = await operatorHarness(finalAggregateOperator, one, [schemaText(instances[0]!.fields)])
    final.push(states)
    final.finish()
    const results = final.close().sort((a, b) => (a['k'] as number) - (b['k'] as number))
    expect(results).toEqual([0, 1, 2].map(k => ({ k, first: k, last: 42 + k, all: Array.from({ length: 15 }, (_, i) => k + 3 * i), least: k })))
  })
})
