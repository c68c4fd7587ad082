import { describe, expect, it } from 'vitest'
import { parseSchema } from '../../src/batch/schema.ts'
import { lowerAggregates } from '../../src/expr/aggregate-calls.ts'
import { describeExpression } from '../../src/expr/describe.ts'
import { count, max, mean, sum } from '../../src/frame/aggregates.ts'
import { col } from '../../src/frame/expr.ts'

const fields = parseSchema({ price: 'int64', channel: 'utf8' }, 'test')
const lower = (aggregates: Record<string, { call: ReturnType<typeof count>['call'] }>) => {
  const { columns, aggregates: specs } = lowerAggregates(fields, Object.fromEntries(Object.entries(aggregates).map(([n, a]) => [n, a.call])), 'agg')
  return { columns: Object.fromEntries(Object.entries(columns).map(([n, e]) => [n, describeExpression(e)])), specs }
}

describe('lowering aggregates', () => {
  it('leaves columns as they are', () => {
    expect(lower({ n: count(), known: count('channel'), total: sum('price'), top: max(col('channel')) })).toEqual({
      columns: {},
      specs: [
        { name: 'n', fn: 'count' },
        { name: 'known', fn: 'count', input: 'channel' },
        { name: 'total', fn: 'sum', input: 'price' },
        { name: 'top', fn: 'max', input: 'channel' },
      ],
    })
  })

  it('computes an expression once, however many aggregates read it', () => {
    expect(lower({ total: sum(col('price').mul(2)), mean: mean(col('price').mul(2)) })).toEqual({
      columns: { $in0: 'price * 2' },
      specs: [
        { name: 'total', fn: 'sum', input: '$in0' },
        { name: 'mean', fn: 'mean', input: '$in0' },
      ],
    })
  })

  it('makes a condition a null that aggregates pass over', () => {
    expect(lower({ n: count().where(col('price').gt(1)).where(col('price').lt(9)), top: max('price').where(col('channel').eq('a')) })).toEqual({
      columns: { $in0: 'case when price > 1 and price < 9 then true else null end', $in1: "case when channel = 'a' then price else null end" },
      specs: [
        { name: 'n', fn: 'count', input: '$in0' },
        { name: 'top', fn: 'max', input: '$in1' },
      ],
    })
  })

  it('names the aggregate, the column and the nearest name in errors', () => {
    expect(() => lower({ total: sum('prise') })).toThrow('agg, "total": no column "prise"; the input has price, channel; did you mean "price"?')
    expect(() => lower({ total: sum('channel') })).toThrow('agg, "total": "channel" is utf8: sum() does not apply; it takes numbers')
    expect(() => lower({ n: count().where(col('price')) })).toThrow('agg, "n": "price" is int64, and a condition must be bool')
    expect(() => lower({ n: { call: { fn: 'medial', input: 'price' } } })).toThrow(
      'agg, "n": no aggregate "medial"; there are count, sum, mean, min, max',
    )
    expect(() => lower({ n: { call: { fn: 'max' } } })).toThrow('max() has no column')
  })
})
