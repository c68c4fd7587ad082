import { expect, test } from 'vitest'
import { int64 } from '../../src/batch/data-type.ts'
import { rangeOutcome } from '../../src/compute/range-compare.ts'

const column = { type: int64, length: 3, values: 64, validity: 0, range: { min: 2, max: 5 } }
const same = { ...column, range: { min: 4, max: 4 } }
const constant = (value: bigint | number | null | string) => ({ type: int64, value })

test('a condition that holds everywhere or nowhere within the range needs no look at the rows', () => {
  const against = (op: 'eq' | 'ne' | 'lt' | 'le') => [1n, 2n, 3n, 5n, 6n].map(value => [rangeOutcome(op, column, constant(value)), rangeOutcome(op, constant(value), column)])
  const [no, yes, open] = [false, true, undefined]
  expect(against('lt')).toEqual([[no, yes], [no, open], [open, open], [open, no], [yes, no]])
  expect(against('le')).toEqual([[no, yes], [open, yes], [open, open], [yes, open], [yes, no]])
  expect(against('eq')).toEqual([[no, no], [open, open], [open, open], [open, open], [no, no]])
  expect(against('ne')).toEqual([[yes, yes], [open, open], [open, open], [open, open], [yes, yes]])
  expect([rangeOutcome('eq', same, constant(4n)), rangeOutcome('ne', constant(4), same), rangeOutcome('eq', same, constant(4.5))]).toEqual([yes, no, no])
})

test('nothing is said of two columns, of NaN, of other values, and without a range', () => {
  const { range: _, ...bare } = column
  expect([rangeOutcome('lt', column, same), rangeOutcome('lt', column, constant(Number.NaN)), rangeOutcome('eq', column, constant('x')), rangeOutcome('lt', bare, constant(9n))]).toEqual([undefined, undefined, undefined, undefined])
})
