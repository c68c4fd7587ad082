import { expect, test } from 'vitest'
import type { Column } from '../../src/batch/batch.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { bindCondition } from '../../src/expr/bind.ts'
import { neverTrue } from '../../src/expr/never-true.ts'
import { col, lit } from '../../src/index.ts'

const fields = parseSchema({ day: 'date', n: 'int64?', price: 'decimal(12, 2)', f: 'float64', t: 'timestamp[ms]', name: 'utf8', small: 'int8' }, 'test')
const ranges = { day: [0, 31], n: [10, 20], price: [100, 999], f: [0.5, 2.5], t: [1000, 2000], small: [1, 1] } as Record<string, [number, number]>
const columns = fields.map(({ name, type }): Column => {
  const range = ranges[name] && { range: { min: ranges[name][0], max: ranges[name][1] } }
  return { type, length: 8, values: 64, validity: 0, ...range, ...(name === 'price' && { narrow: { values: 64, bits: 16 as const } }) }
})

// biome-ignore lint/suspicious/noExplicitAny: expressions of any kind
const never = (...conditions: any[]) => neverTrue(conditions.map(condition => bindCondition(condition.expression, fields, 'test')), columns)
const n = col('n') as any

test('a condition beyond the bounds of its column is never true', () => {
  const beyond = [n.gt(20), n.lt(10), lit(30).lt(n), n.eq(21), n.between(21, 30), n.between(1, 9), n.gt(20.5), (col('small') as any).ne(1)]
  const others = [(col('day') as any).lt('1970-01-01'), (col('price') as any).ge(10), (col('price') as any).lt('0.995'), (col('f') as any).gt(2.5), (col('t') as any).gt(new Date(2000))]
  for (const condition of [...beyond, ...others]) expect(never(condition)).toBe(true)
})

test('a condition within the bounds may be true, and so may one of which nothing is known', () => {
  const within = [n.ge(20), n.le(10), n.eq(15), n.ne(15), n.between(20, 30), (col('price') as any).ge('9.99'), (col('f') as any).lt(1), (col('name') as any).eq('a'), (col('small') as any).eq(1), n.isNull()]
  for (const condition of within) expect(never(condition)).toBe(false)
})

test('of several conditions one that is never true is enough; of alternatives all must be', () => {
  const [no, open] = [n.gt(20), n.gt(15)]
  expect([never(open, no), never(open.and(no)), never(no.and(open)), never(no.or(no)), never(no.or(open)), never(open.or(open))]).toEqual([true, true, true, true, false, false])
})

test('what could fail is not left out', () => {
  const failing = n.intDiv(n.sub(n)).gt(0)
  expect([never(failing.and(n.gt(20))), never(n.gt(20).and(failing)), never(failing, n.gt(20)), never(n.gt(20), failing)]).toEqual([false, true, false, true])
})
