// Groups that change as rows come: what is given out is a changelog, and what holds at its end are the groups of the rows, whatever the batches, and over
// restarts at another parallelism.
import { describe, expect, it } from 'vitest'
import { type Random, random } from '../../src/base/random.ts'
import type { Value } from '../../src/batch/read-values.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { parseType } from '../../src/batch/type-name.ts'
import { createDevice } from '../../src/device/device.ts'
import type { AggregateParam } from '../../src/operators/group-by.ts'
import { updatingAggregateOperator } from '../../src/operators/updating-aggregate.ts'
import { SpillFiles } from '../../src/storage/spill-files.ts'
import { netOf } from '../support/changes.ts'
import { EventRun, handClock } from '../support/event-run.ts'
import { runInBatches } from '../support/run-in-batches.ts'
import { plainAggregate } from '../support/plain-aggregates.ts'
import { keyText } from '../support/samples.ts'

const device = await createDevice({ relaxed: false })
type Row = Readonly<Record<string, Value>>
type Schema = Readonly<Record<string, string>>

interface Grouping {
  readonly keys: readonly string[]
  readonly aggregates: readonly AggregateParam[]
}

const schema: Schema = { key: 'utf8?', amount: 'int64?', price: 'decimal(9, 2)', text: 'utf8?' }
const first: Grouping = {
  keys: ['key'],
  aggregates: [
    { name: 'rows', fn: 'count' },
    { name: 'total', fn: 'sum', input: 'amount' },
    { name: 'dear', fn: 'max', input: 'price' },
    { name: 'least', fn: 'min', input: 'text' },
    { name: 'texts', fn: 'countDistinct', input: 'text' },
    { name: 'newest', fn: 'last', input: 'amount' },
    { name: 'middle', fn: 'median', input: 'price' },
  ],
}
const given: Schema = { key: 'utf8?', rows: 'int64', total: 'int64?', dear: 'decimal(9, 2)?', least: 'utf8?', texts: 'int64', newest: 'int64?', middle: 'float64?' }
const second: Grouping = {
  keys: ['least'],
  aggregates: [
    { name: 'groups', fn: 'count' },
    { name: 'rows', fn: 'sum', input: 'rows' },
    { name: 'totals', fn: 'mean', input: 'total' },
    { name: 'dear', fn: 'sum', input: 'dear' },
    { name: 'most', fn: 'max', input: 'texts' },
    { name: 'low', fn: 'min', input: 'middle' },
    { name: 'newest', fn: 'countDistinct', input: 'newest' },
  ],
}
const whole: Grouping = { keys: [], aggregates: second.aggregates }

function plainGroups(rows: readonly Row[], types: Schema, { keys, aggregates }: Grouping): Row[] {
  const groups = new Map<string, Row[]>(keys.length === 0 ? [['', []]] : [])
  for (const row of rows) {
    const key = keys.map(name => keyText(row[name]!)).join(' | ')
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups.values()].map(group => ({
    ...Object.fromEntries(keys.map(name => [name, group[0]![name]!])),
    ...Object.fromEntries(
      aggregates.map(({ name, fn, input }) => {
        const counts = input !== undefined && (input === 'rows' || input === 'texts')
        const cells = input === undefined ? group.map(() => null) : group.map(row => (counts ? BigInt(row[input] as number) : row[input]!))
        const value = plainAggregate({ fn, ...(input !== undefined && { inputType: parseType(types[input]!, 'test').type }) }, [cells])
        return [name, counts && fn === 'max' && value !== null ? Number(value) : value]
      }),
    ),
  }))
}

function sampleRows(r: Random, count: number): Row[] {
  const keys = Array.from({ length: 1 + r.int(12) }, (_, i) => (i === 3 ? null : `the key of some group ${i}`))
  return Array.from({ length: count }, () => ({
    key: keys[r.int(keys.length)]!,
    amount: r.int(5) === 0 ? null : BigInt(r.int(2000) - 1000) * 2n ** 40n,
    price: `${r.int(1000)}.${10 + r.int(90)}`,
    text: r.int(4) === 0 ? null : `a text of some length ${r.int(9)}`,
  }))
}

function run(groupings: readonly Grouping[], rows: readonly Row[], batchRows: number, parallelism: number, restarts: ReadonlyMap<number, number>): string[] {
  const steps = groupings.map(params => ({ type: updatingAggregateOperator, params }))
  return netOf(runInBatches(new EventRun(device, parseSchema(schema, 'test'), steps, parallelism), rows, batchRows, restarts).changes)
}

describe('groups of rows that never end', () => {
  it.each([
    ['of rows', [first]],
    ['of groups that change', [first, second]],
    ['all groups that change as one', [first, whole]],
    ['thrice', [first, second, { keys: ['groups'], aggregates: [{ name: 'n', fn: 'count' }, { name: 'rows', fn: 'sum', input: 'rows' }] }]],
  ] as readonly [string, Grouping[]][])('%s are those of the rows that hold', (_, groupings) => {
    const types = [schema, given, { groups: 'int64', rows: 'int64?' } as Schema]
    for (let seed = 1; seed <= 3; seed++) {
      const r = random(seed)
      const rows = sampleRows(r, r.int(3) === 0 ? r.int(3) : 50 + r.int(300))
      const expected = groupings.reduce((input, grouping, i) => plainGroups(input, types[i]!, grouping), rows as readonly Row[])
      const text = expected.map(row => keyText(row as never)).sort()
      for (const batchRows of [1, 7, 1024]) {
        for (const parallelism of [1, 3]) {
          for (const restarting of [false, true]) {
            const restarts = new Map<number, number>()
            if (restarting) for (let i = 0; i < 3; i++) restarts.set(r.int(Math.ceil(rows.length / batchRows)), 1 + r.int(3))
            expect(run(groupings, rows, batchRows, parallelism, restarts), `seed ${seed}, batches of ${batchRows}, ${parallelism} instances, restarts ${JSON.stringify([...restarts])}`).toEqual(text)
          }
        }
      }
    }
    expect(device.pages.used()).toBe(0)
  })
})

describe('groups whose keys are always there', () => {
  const types: Schema = { ...schema, key: 'utf8', id: 'int64' }
  const grouping: Grouping = { keys: ['id', 'key'], aggregates: [...first.aggregates.filter(({ fn }) => fn !== 'last'), { name: 'mean', fn: 'mean', input: 'price' }, { name: 'longest', fn: 'max', input: 'text' }] }

  it.each([
    ['many', 3_000, Number.POSITIVE_INFINITY],
    ['more than memory has room for', 3_000, 1 << 18],
    ['few', 40, Number.POSITIVE_INFINITY],
  ])('%s, are those of the rows, over restarts at other parallelisms', (_, ids, stateBytesMax) => {
    const r = random(ids)
    let spilled = 0
    const spill = new SpillFiles(undefined, bytes => void (spilled += bytes))
    const rows = sampleRows(r, 8_000).map(row => ({ ...row, key: row['key'] ?? 'no key', id: BigInt(r.int(ids)) }))
    const restarts = new Map([[2, 3], [5, 1], [7, 2], [11, 3]])
    const events = new EventRun(device, parseSchema(types, 'test'), [{ type: updatingAggregateOperator, params: grouping }], 2, undefined, { spill, stateBytesMax })
    const got = netOf(runInBatches(events, rows, 600, restarts).changes)
    expect(got).toEqual(plainGroups(rows, types, grouping).map(row => keyText(row as never)).sort())
    if (Number.isFinite(stateBytesMax)) expect(spilled).toBeGreaterThan(2 ** 18)
    spill.close()
    expect(device.pages.used()).toBe(0)
  })
})

describe('groups with a time to live', () => {
  it('are forgotten when no row has come for so long, over restarts too, and begin anew', () => {
    const clock = handClock()
    const params = { keys: ['key'], aggregates: [{ name: 'rows', fn: 'count' }], ttlMs: 1000 }
    const run = new EventRun(device, parseSchema({ key: 'utf8' }, 'test'), [{ type: updatingAggregateOperator, params }], 1, clock)
    const at = (now: number, ...keys: string[]) => {
      clock.set(now)
      run.tick(now)
      run.push(keys.map(key => ({ key })))
    }
    at(0, 'a', 'b')
    at(900, 'a')
    run.restart(3)
    at(1800, 'a', 'b', 'c')
    at(2700, 'b')
    at(9000, 'b', 'a')
    run.close()
    expect(run.changes.map(({ change, row }) => `${change} ${row['key'] as string} ${row['rows'] as number}`)).toEqual(['0 a 1', '0 b 1', '1 a 1', '2 a 2', '1 a 2', '2 a 3', '0 b 1', '0 c 1', '1 b 1', '2 b 2', '0 b 1', '0 a 1'])
    expect(device.pages.used()).toBe(0)
  })
})
