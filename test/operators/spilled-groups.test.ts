import { describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import type { PlainRow } from '../../src/batch/read-values.ts'
import { schemaText } from '../../src/batch/schema.ts'
import { type AggregateParams, finalAggregateOperator, partialAggregateOperator } from '../../src/operators/group-by.ts'
import { GroupLimit } from '../../src/operators/spilled-groups.ts'
import { operatorHarness } from '../support/operator-harness.ts'

const params: AggregateParams = {
  keys: ['id', 'name'],
  aggregates: [
    { name: 'rows', fn: 'count' },
    { name: 'total', fn: 'sum', input: 'value' },
    { name: 'mean', fn: 'mean', input: 'value' },
    { name: 'least', fn: 'min', input: 'name' },
  ],
}
const schema = { id: 'int64?', name: 'utf8', value: 'int32?' }
const rowsOf = (count: number, groups: number) => {
  const chance = random(count)
  return Array.from({ length: count }, () => {
    const group = chance.int(groups)
    return { id: group % 50 ? BigInt(group) * 1_000_003n : null, name: `name ${group} of some length`, value: chance.int(9) ? chance.int(1000) : null }
  })
}
const sorted = (rows: readonly PlainRow[]) => rows.map(row => JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))).sort()

async function statesOf(rows: readonly PlainRow[], stateBytesMax?: number) {
  const partial = await operatorHarness(partialAggregateOperator, params, [schema], { stateBytesMax })
  for (let at = 0; at < rows.length; at += 4_000) partial.push(rows.slice(at, at + 4_000))
  partial.finish()
  expect(partial.spilledBytes()).toBe(0)
  return { fields: partial.fields, states: partial.close() }
}

async function results(states: readonly PlainRow[], fields: Parameters<typeof schemaText>[0], stateBytesMax?: number, parallelism = 1) {
  const final = await operatorHarness(finalAggregateOperator, params, [schemaText(fields)], { stateBytesMax, parallelism })
  for (let at = 0; at < states.length; at += 2_000) final.push(states.slice(at, at + 2_000))
  final.finish()
  const spilled = final.spilledBytes()
  return { rows: final.close(), spilled }
}

describe('groups that are too many for memory', () => {
  it('go to disk, and come out the same: few to a part, and too many for one', async () => {
    const rows = rowsOf(9_000, 6_000)
    const { fields, states } = await statesOf(rows)
    const expected = await results(states, fields)
    expect(expected.spilled).toBe(0)
    // Of 128 instances the first has one key group, here with all the rows: a part that has to be split again.
    for (const [stateBytesMax, parallelism] of [[1 << 18, 1], [1, 1], [1 << 17, 128]] as const) {
      const { rows: found, spilled } = await results(states, fields, stateBytesMax, parallelism)
      expect(spilled).toBeGreaterThan(1 << 18)
      expect(sorted(found)).toEqual(sorted(expected.rows))
    }
  })

  it('are passed on by the partial step, which starts again', async () => {
    const rows = rowsOf(9_000, 8_000)
    const whole = await statesOf(rows)
    const cut = await statesOf(rows, 1 << 16)
    expect(cut.states.length).toBeGreaterThan(whole.states.length)
    expect(sorted((await results(cut.states, cut.fields)).rows)).toEqual(sorted((await results(whole.states, whole.fields)).rows))
  })

  it('are in snapshots, and restored beyond memory again', async () => {
    const rows = rowsOf(6_000, 5_000)
    const { fields, states } = await statesOf(rows)
    const expected = sorted((await results(states, fields)).rows)
    const first = await operatorHarness(finalAggregateOperator, params, [schemaText(fields)], { stateBytesMax: 1 << 17 })
    for (let at = 0; at < 4_000; at += 500) first.push(states.slice(at, at + 500))
    const runs = first.snapshot()
    expect(runs.length).toBeGreaterThan(1)
    first.push(states.slice(4_000))
    first.finish()
    expect(sorted(first.close())).toEqual(expected)
    const again = await operatorHarness(finalAggregateOperator, params, [schemaText(fields)], { stateBytesMax: 1 << 17 })
    again.restore(runs)
    again.push(states.slice(4_000))
    again.finish()
    expect(again.spilledBytes()).toBeGreaterThan(0)
    expect(sorted(again.close())).toEqual(expected)
  })

  it('that can not be split stay in memory', async () => {
    const one: AggregateParams = { keys: ['id'], aggregates: [{ name: 'rows', fn: 'count' }] }
    const final = await operatorHarness(finalAggregateOperator, { keys: [], aggregates: one.aggregates }, [{ '\u00010\u0001': 'int64' }], { stateBytesMax: 1 })
    final.push([{ '\u00010\u0001': 3n }, { '\u00010\u0001': 4n }])
    final.finish()
    expect(final.spilledBytes()).toBe(0)
    expect(final.close()).toEqual([{ rows: 7 }])
  })
})

describe('the limit of groups', () => {
  const groups = (bytes: number, groupCount: number, growth = 0) => ({ bytes, groupCount, growthBytes: () => growth, merge: () => {}, state: () => expect.fail(), reset: () => {} })

  it('is reached before a table grows beyond it', () => {
    const limit = new GroupLimit(100_000)
    expect(limit.isReached(groups(60_000, 5000), 1000)).toBe(false)
    expect(limit.isReached(groups(60_000, 5000, 30_000), 1000)).toBe(false)
    expect(limit.isReached(groups(60_000, 5000, 50_000), 1000)).toBe(true)
  })

  it('asks for few groups of large states, but not for a single one', () => {
    const limit = new GroupLimit(100_000)
    expect(limit.isReached(groups(200_000, 2), 1)).toBe(true)
    expect(limit.isReached(groups(200_000, 1), 1)).toBe(false)
  })
})
