// The first rows of groups, and distinct ones, as rows come: a changelog, whatever the batches, and over restarts at another parallelism.
import { describe, expect, it } from 'vitest'
import { type Random, random } from '../../src/base/random.ts'
import type { Value } from '../../src/batch/read-values.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { distinctOperator } from '../../src/operators/distinct.ts'
import type { TopKParams } from '../../src/operators/top-k.ts'
import { updatingAggregateOperator } from '../../src/operators/updating-aggregate.ts'
import { updatingOverOperator } from '../../src/operators/updating-over.ts'
import { updatingTopOperator } from '../../src/operators/updating-top.ts'
import { SpillFiles } from '../../src/storage/spill-files.ts'
import { netOf } from '../support/changes.ts'
import { EventRun, type Step } from '../support/event-run.ts'
import { runInBatches } from '../support/run-in-batches.ts'
import { keyText } from '../support/samples.ts'

const device = await createDevice({ relaxed: false })
type Row = Readonly<Record<string, Value>>
const schema = { id: 'int32', key: 'utf8', price: 'int32?' }

function sampleRows(r: Random, count: number): Row[] {
  return Array.from({ length: count }, (_, id) => ({ id, key: `the key of some group ${r.int(6)}`, price: r.int(6) === 0 ? null : r.int(12) }))
}

function groupsBy(rows: readonly Row[], keyOf: (row: Row) => string): Row[][] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row])
  return [...groups.values()]
}

const priceOf = (row: Row) => (row['price'] === null ? -1 : (row['price'] as number))

// By price, the greatest first, nulls last.
function plainTop(rows: readonly Row[], { count, by = [], rank, latest }: TopKParams, value: (row: Row) => number): Row[] {
  return groupsBy(rows, row => by.map(name => keyText(row[name]!)).join()).flatMap(group => (latest ? group.toReversed() : group).toSorted((a, b) => value(b) - value(a)).slice(0, count).map((row, i) => ({ ...row, ...(rank !== undefined && { [rank]: i + 1 }) })))
}

function run(steps: readonly Step[], rows: readonly Row[], batchRows: number, parallelism: number, restarts: ReadonlyMap<number, number>): string[] {
  return netOf(runInBatches(new EventRun(device, parseSchema(schema, 'test'), steps, parallelism), rows, batchRows, restarts).changes)
}

const byPrice = [{ column: 'price', descending: true }]
const bids = { type: updatingAggregateOperator, params: { keys: ['key', 'price'], aggregates: [{ name: 'bids', fn: 'count' }] } }
const plainBids = (rows: readonly Row[]): Row[] => groupsBy(rows, row => `${row['key'] as string} ${row['price'] as number}`).map(group => ({ key: group[0]!['key']!, price: group[0]!['price']!, bids: group.length }))
const byBids = [{ column: 'bids', descending: true }, { column: 'price', descending: true }, { column: 'key', descending: true }]
const bidsOf = (row: Row) => 1000 * (row['bids'] as number) + 10 * priceOf(row) + Number((row['key'] as string).at(-1))

// Numbers by price within each key, nulls last, and how many rows there are up to the last of the same price.
function plainNumbers(rows: readonly Row[], names: readonly string[]): Row[] {
  const value = (row: Row) => (row['price'] === null ? 1000 : (row['price'] as number))
  return groupsBy(rows, row => row['key'] as string).flatMap(group => {
    const sorted = group.toSorted((a, b) => value(a) - value(b))
    return sorted.map((row, i) => ({ ...row, ...Object.fromEntries(names.map(name => [name, name === 'n' ? i + 1 : sorted.findLastIndex(other => value(other) === value(row)) + 1])) }))
  })
}

const cases: readonly [string, readonly Step[], (rows: readonly Row[]) => Row[]][] = [
  ...[
    { count: 3, keys: byPrice, by: ['key'], rank: 'place' },
    { count: 3, keys: byPrice, by: ['key'] },
    { count: 1, keys: byPrice, by: ['key'], latest: true },
    { count: 5, keys: byPrice },
  ].map((params): (typeof cases)[number] => [`topK ${JSON.stringify(params)}`, [{ type: updatingTopOperator, params }], rows => plainTop(rows, params, priceOf)]),
  ...[
    { count: 2, keys: byBids, by: ['key'], rank: 'place' },
    { count: 4, keys: byBids },
  ].map((params): (typeof cases)[number] => [`topK of rows that change ${JSON.stringify(params)}`, [bids, { type: updatingTopOperator, params }], rows => plainTop(plainBids(rows), params, bidsOf)]),
  ['over', [{ type: updatingOverOperator, params: { by: ['key'], keys: [{ column: 'price', descending: false }], functions: [{ name: 'n', fn: 'rowNumber' }, { name: 'all', fn: 'count' }] } }], rows => plainNumbers(rows, ['n', 'all'])],
  ['over of rows that change', [bids, { type: updatingOverOperator, params: { by: ['key'], keys: [{ column: 'price', descending: false }], functions: [{ name: 'n', fn: 'rowNumber' }] } }], rows => plainNumbers(plainBids(rows), ['n'])],
  ['distinct', [{ type: distinctOperator, params: { names: ['key', 'price'], keyed: true } }], rows => rows.filter((row, i) => rows.findIndex(other => other['key'] === row['key'] && other['price'] === row['price']) === i)],
]

describe('the first rows so far', () => {
  it.each(cases)('of %s are those of the rows that hold', (_, steps, plain) => {
    for (let seed = 1; seed <= 4; seed++) {
      const r = random(seed)
      const rows = sampleRows(r, r.int(3) === 0 ? r.int(3) : 50 + r.int(300))
      const expected = plain(rows).map(row => keyText(row as never)).sort()
      for (const batchRows of [1, 7, 1024]) {
        for (const parallelism of [1, 3]) {
          for (const restarting of [false, true]) {
            const restarts = new Map<number, number>()
            if (restarting) for (let i = 0; i < 3; i++) restarts.set(r.int(Math.ceil(rows.length / batchRows)), 1 + r.int(3))
            expect(run(steps, rows, batchRows, parallelism, restarts), `seed ${seed}, batches of ${batchRows}, ${parallelism} instances, restarts ${JSON.stringify([...restarts])}`).toEqual(expected)
          }
        }
      }
    }
    expect(device.pages.used()).toBe(0)
  })
})

it('of groups that memory has no room for are the same, over restarts', () => {
  const r = random(7)
  let spilled = 0
  const spill = new SpillFiles(undefined, bytes => void (spilled += bytes))
  const fields = parseSchema({ id: 'int32', key: 'int64', price: 'int32', note: 'utf8' }, 'test')
  const params = { count: 2, keys: byPrice, by: ['key'], rank: 'place' }
  const rows = Array.from({ length: 9_000 }, (_, id) => ({ id, key: BigInt(r.int(1_500)), price: r.int(50), note: `what is said of row ${id}, `.repeat(4) }))
  const restarts = new Map([[3, 3], [6, 1], [8, 2]])
  const events = new EventRun(device, fields, [{ type: updatingTopOperator, params }], 2, undefined, { spill, stateBytesMax: 1 << 18 })
  expect(netOf(runInBatches(events, rows, 1_000, restarts).changes)).toEqual(plainTop(rows as never, params, priceOf).map(row => keyText(row as never)).sort())
  expect(spilled).toBeGreaterThan(2 ** 18)
  spill.close()
  expect(device.pages.used()).toBe(0)
})
