import { describe, expect, it } from 'vitest'
import { describeExpression } from '../../src/expr/describe.ts'
import { columnsOf } from '../../src/expr/expression.ts'
import { col, lit, when } from '../../src/frame/expr.ts'

describe('the text of an expression', () => {
  it.each([
    [col('price').gt(100).and(col('channel').ne('Apple')), "price > 100 and channel != 'Apple'"],
    [
      col('a')
        .add(1)
        .mul(col('b').sub(col('c').sub(2n))),
      '(a + 1) * (b - (c - 2n))',
    ],
    [col('a').or(col('b')).and(col('c').not()), '(a or b) and not c'],
    [col('a').or(col('b')).or(col('c')), 'a or b or c'],
    [col('two words').isNull(), '"two words" is null'],
    [col('s').isIn(['a', "b's"]), "s in ('a', 'b''s')"],
    [col('at').truncate('day').ge(new Date(0)), 'truncate(at, day) >= 1970-01-01T00:00:00.000Z'],
    [when(col('x').gt(1)).then(1).otherwise(lit(null)), 'case when x > 1 then 1 else null end'],
    [col('x').cast('int32').neg(), '-cast(x as int32)'],
    [col('s').substring(1, 3).fillNull('-'), "coalesce(substring(s, 1, 3), '-')"],
    [col('x').round(2).between(0, 1), 'round(x, 2) between 0 and 1'],
    [col('s').like('a%').not(), "not s like 'a%'"],
  ])('is what a person would write: %#', (e, text) => {
    expect(describeExpression(e.expression)).toBe(text)
  })

  it('is a call for a function that is not known', () => {
    expect(describeExpression({ kind: 'call', fn: 'later', args: [{ kind: 'column', name: 'a' }] })).toBe('later(a)')
  })
})

describe('the columns of an expression', () => {
  it('are listed once each', () => {
    expect([...columnsOf(col('a').add(col('b')).gt(col('a')).expression)]).toEqual(['a', 'b'])
  })
})
