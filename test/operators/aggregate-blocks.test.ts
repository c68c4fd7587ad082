import { afterEach, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { PlainRow } from '../../src/batch/read-values.ts'
import { schemaText, type SchemaLike } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { closeEngines, col, count, from, max, mean, min, sum } from '../../src/index.ts'
import { type AggregateParams, finalAggregateOperator, partialAggregateOperator } from '../../src/operators/group-by.ts'
import type { StateRun } from '../../src/state/state-run.ts'
import { type OperatorHarness, operatorHarness } from '../support/operator-harness.ts'

afterEach(closeEngines)

type Row = {
  k: number | null
  text: string | null
  wide: bigint
  v: number | null
  d: number
}

const schema: SchemaLike = { k: 'int32?', text: 'utf8?', wide: 'int64', v: 'float64?', d: 'int32' }

// Every key comes once or twice: far apart, so that nothing aggregates early.
function sampleRows(rowCount: number, seed = 1): Row[] {
  const chance = random(seed)
  return Array.from({ length: rowCount }, (_, i) => {
    const n = chance.int(20) === 0 ? i >> 1 : i
    return {
      k: n % 97 === 0 ? null : n,
      text: n % 31 === 0 ? null : n % 5 === 0 ? `a text that is longer than a view, ${n % 700}` : `t${n % 900}`,
      wide: BigInt(n) * 3n - 5_000n,
      v: chance.int(11) === 0 ? null : chance.int(1000) / 8,
      d: chance.int(100) - 50,
    }
  })
}

const text = (row: PlainRow | Record<string, unknown>) => JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))
const sorted = (rows: Iterable<PlainRow | Record<string, unknown>>) => [...rows].map(text).sort()

function naive(rows: readonly Row[], keys: readonly (keyof Row)[]): string[] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const key = text(Object.fromEntries(keys.map(k => [k, row[k]])))
    const known = groups.get(key)
    if (known) known.push(row)
    else groups.set(key, [row])
  }
  return sorted(
    [...groups.values()].map(list => {
      const values = list.map(r => r.v).filter(v => v !== null)
      const total = values.reduce((a, b) => a + b, 0)
      return {
        ...Object.fromEntries(keys.map(k => [k, list[0]![k]])),
        rows: list.length,
        total: list.reduce((a, r) => a + BigInt(r.d), 0n),
        v: values.length === 0 ? null : total,
        m: values.length === 0 ? null : total / values.length,
        low: list.reduce((a, r) => Math.min(a, r.d), Infinity),
        last: list.map(r => r.text).reduce<string | null>((a, t) => (t !== null && (a === null || t > a) ? t : a), null),
      }
    }),
  )
}

const calls = { rows: count(), total: sum('d'), v: sum('v'), m: mean('v'), low: min('d'), last: max('text') }

describe('groupBy of keys that hardly repeat', () => {
  const rows = sampleRows(45_000)
  const frame = from(rows, { schema: schema as { k: 'int32?'; text: 'utf8?'; wide: 'int64'; v: 'float64?'; d: 'int32' } })

  it('gives the naive answer on any number of workers, cached (keys packed into words) or not', async () => {
    const expected = naive(rows, ['k', 'text', 'wide'])
    const cached = frame.cache()
    for (const workers of [0, 1, 3]) {
      expect(sorted(await frame.groupBy('k', 'text', 'wide').agg(calls).collect({ workers }))).toEqual(expected)
      expect(sorted(await cached.groupBy('k', 'text', 'wide').agg(calls).collect({ workers }))).toEqual(expected)
    }
  })

  it('gives it behind filters and in small batches', async () => {
    const kept = rows.filter(row => row.d > -40)
    const expected = naive(kept, ['wide', 'text'])
    const query = (f: typeof frame) => f.filter(col('d').gt(-40)).groupBy('wide', 'text').agg(calls)
    expect(sorted(await query(frame.cache()).collect({ workers: 2, batchRows: 5_000 }))).toEqual(expected)
    expect(sorted(await query(frame).collect({ workers: 2, batchRows: 5_000 }))).toEqual(expected)
  })
})

const params: AggregateParams = {
  keys: ['k', 'text', 'wide'],
  aggregates: [
    { name: 'rows', fn: 'count' },
    { name: 'total', fn: 'sum', input: 'd' },
    { name: 'v', fn: 'sum', input: 'v' },
    { name: 'm', fn: 'mean', input: 'v' },
    { name: 'low', fn: 'min', input: 'd' },
    { name: 'last', fn: 'max', input: 'text' },
  ],
}

describe('the two steps', () => {
  const rows = sampleRows(60_000, 3)

  it('pass rows as blocks, take checkpoints at any time, and go on from them on another number of instances', async () => {
    const device = await createDevice({ relaxed: false })
    const partial = await operatorHarness(partialAggregateOperator, params, [schema], { device })
    for (let at = 0; at < 50_000; at += 10_000) partial.push(rows.slice(at, at + 10_000))
    const pending: StateRun[] = partial.snapshot()
    partial.push(rows.slice(50_000, 55_000))
    partial.finish()
    const fields = schemaText(partial.fields)
    const first = await operatorHarness(finalAggregateOperator, params, [fields], { device })
    expect(partial.blocks().length).toBeGreaterThan(0)
    for (const batch of partial.batches()) first.pushBatch(batch)
    const runs = first.snapshot()
    expect(runs.length).toBeGreaterThan(100)
    first.finish()
    expect(sorted(first.close())).toEqual(naive(rows.slice(0, 55_000), ['k', 'text', 'wide']))
    partial.close()

    const again = await operatorHarness(partialAggregateOperator, params, [schema], { device })
    again.push(rows.slice(55_000))
    again.finish()
    const results: PlainRow[] = []
    for (const instance of [0, 1, 2]) {
      const restored = await operatorHarness(finalAggregateOperator, params, [fields], { device, instance, parallelism: 3 })
      restored.restore(runs)
      if (instance === 0) restored.pushBatch(again.batches()[0]!)
      restored.finish()
      results.push(...restored.rows())
      restored.close()
    }
    expect(results.length).toBeGreaterThan(naive(rows.slice(0, 55_000), ['k', 'text', 'wide']).length - 1)
    again.close()
    expect(pending.length).toBe(1)
  })

  it('merge rows, words of other ranges and states alike', async () => {
    const device = await createDevice({ relaxed: false })
    const keys: AggregateParams = { keys: ['k', 'wide'], aggregates: params.aggregates }
    const parts = [rows.slice(0, 40_000), rows.slice(40_000).map(row => ({ ...row, wide: row.wide * 1_000n })), rows.slice(0, 100)]
    const partials: OperatorHarness[] = []
    for (const part of parts) {
      const partial = await operatorHarness(partialAggregateOperator, keys, [schema], { device })
      for (let at = 0; at < part.length; at += 20_000) partial.push(part.slice(at, at + 20_000))
      partial.finish()
      partials.push(partial)
    }
    expect(partials.map(partial => partial.blocks().length)).toEqual([1, 0, 0])
    const final = await operatorHarness(finalAggregateOperator, keys, [schemaText(partials[0]!.fields)], { device })
    for (const partial of partials) for (const batch of partial.batches()) final.pushBatch(batch)
    final.finish()
    expect(sorted(final.close())).toEqual(naive(parts.flat(), ['k', 'wide']))
    for (const partial of partials.reverse()) partial.close()
  })
})
