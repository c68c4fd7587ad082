// Updating aggregates, one behind the other, over batches and restarts at other parallelisms, against sums over all rows.
import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { currentRowsOperator } from '../../src/operators/current-rows.ts'
import { updatingAggregateOperator } from '../../src/operators/updating-aggregate.ts'
import { EventRun, type Step } from '../support/event-run.ts'

const device = await createDevice()
const before = device.pages.used()
afterAll(() => expect(device.pages.used()).toBe(before))

interface Row {
  key: string | null
  whole: number
  big: bigint | null
  money: string
  part: number | null
}
const input = parseSchema({ key: 'utf8?', whole: 'int32', big: 'int64?', money: 'decimal(20, 2)', part: 'float64?' }, 'test')

// By key; then how many keys have so many rows, with sums over them: what changes with each row.
const steps: Step[] = [
  {
    type: updatingAggregateOperator,
    params: {
      keys: ['key'],
      aggregates: [
        { name: 'n', fn: 'count' },
        { name: 'whole', fn: 'sum', input: 'whole' },
        { name: 'big', fn: 'sum', input: 'big' },
        { name: 'money', fn: 'sum', input: 'money' },
        { name: 'mean', fn: 'mean', input: 'part' },
        { name: 'parts', fn: 'count', input: 'part' },
      ],
    },
  },
  {
    type: updatingAggregateOperator,
    params: {
      keys: ['n'],
      aggregates: [
        { name: 'keys', fn: 'count' },
        { name: 'whole', fn: 'sum', input: 'whole' },
        { name: 'big', fn: 'sum', input: 'big' },
        { name: 'money', fn: 'sum', input: 'money' },
        { name: 'mean', fn: 'mean', input: 'mean' },
      ],
    },
  },
  { type: currentRowsOperator, params: { names: ['n', 'keys', 'whole', 'big', 'money', 'mean'] } },
]

const cents = (rows: readonly { money: string }[]) => rows.reduce((sum, { money }) => sum + BigInt(money.replace('.', '')), 0n)
const present = <T>(values: readonly (T | null)[]) => values.filter((value): value is T => value !== null)
const meanOf = (values: readonly number[]) => (values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length)

function grouped<K, T>(rows: readonly T[], keyOf: (row: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row])
  return groups
}

function expected(rows: readonly Row[]): string[] {
  const byKey = grouped(rows, row => row.key)
  const groups = [...byKey.values()].map(own => ({
    n: own.length,
    whole: own.reduce((sum, row) => sum + row.whole, 0),
    big: present(own.map(row => row.big)),
    money: cents(own),
    mean: meanOf(present(own.map(row => row.part))),
  }))
  return [...grouped(groups, group => group.n)].map(([n, own]) => {
    const big = own.flatMap(group => group.big)
    const mean = meanOf(present(own.map(group => group.mean)))
    return line(n, own.length, own.reduce((sum, group) => sum + group.whole, 0), big.length === 0 ? null : big.reduce((a, b) => a + b, 0n), own.reduce((sum, group) => sum + group.money, 0n), mean)
  })
}

function line(n: number, keys: number, whole: number, big: bigint | null, money: bigint, mean: number | null): string {
  return `${n}: ${keys} ${whole} ${big} ${money} ${mean?.toFixed(6) ?? null}`
}

describe('updating aggregates', () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    it(`give in the end what the rows as a whole give, seed ${seed}`, () => {
      const chance = random(seed)
      const rows = Array.from({ length: 1 + chance.int(3_000) }, (): Row => ({
        key: chance.int(30) === 0 ? null : `key ${'long '.repeat(chance.int(5))}${chance.int(seed * 40)}`,
        whole: chance.int(1_000) - 500,
        big: chance.int(6) === 0 ? null : BigInt(chance.int(1e9)) * BigInt(chance.int(1e6)) - 2n ** 49n,
        money: `${chance.int(1_000_000) - 500_000}.${10 + chance.int(90)}`,
        part: chance.int(5) === 0 ? null : chance.int(1 << 20) / 1024,
      }))
      const run = new EventRun(device, input, steps, 1 + chance.int(3))
      for (let at = 0; at < rows.length; ) {
        const size = 1 + chance.int(chance.int(3) === 0 ? 600 : 40)
        run.push(rows.slice(at, at + size).map(row => ({ ...row })))
        at += size
        if (chance.int(6) === 0) run.restart(1 + chance.int(3))
      }
      run.finish()
      const got = (run.rows as unknown as { n: number; keys: number; whole: bigint; big: bigint | null; money: string; mean: number | null }[]).map(row =>
        line(row.n, row.keys, Number(row.whole), row.big, BigInt(row.money.replace('.', '')), row.mean),
      )
      run.close()
      expect(got.sort()).toEqual(expected(rows).sort())
    })
  }
})
