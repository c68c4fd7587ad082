import { describe, expect, it } from 'vitest'
import { PlanError } from '../../src/base/errors.ts'
import { typeName } from '../../src/batch/type-name.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { bindCondition, bindExpression } from '../../src/expr/bind.ts'
import { callExpression, columnExpression, type Expression, literalExpression } from '../../src/expr/expression.ts'
import { col, lit, when } from '../../src/frame/expr.ts'

const fields = parseSchema(
  {
    price: 'int64',
    small: 'int32',
    bidder: 'int64?',
    ratio: 'float64',
    channel: 'utf8',
    at: 'timestamp[ms]',
    seconds: 'timestamp[s]',
    ok: 'bool?',
    raw: 'binary',
  },
  'test',
)
const typeOf = ({ expression }: { expression: Expression }) => {
  const { type, nullable } = bindExpression(expression, fields, 'with')
  return typeName(type, nullable)
}
const message = ({ expression }: { expression: Expression }, bind = bindExpression) => {
  try {
    bind(expression, fields, 'filter')
  } catch (error) {
    expect(error).toBeInstanceOf(PlanError)
    return `${(error as PlanError).code} ${(error as PlanError).message}`
  }
  return 'no error'
}

describe('types of expressions', () => {
  it('keep integers with whole literals and become float64 with fractional ones', () => {
    expect(typeOf(col('price').mul(2))).toBe('int64')
    expect(typeOf(col('small').mul(2))).toBe('int32')
    expect(typeOf(col('small').mul(2n))).toBe('int64')
    expect(typeOf(col('price').mul(0.5))).toBe('float64')
    expect(typeOf(col('small').add(col('price')))).toBe('int64')
    expect(typeOf(col('price').div(2))).toBe('float64')
    expect(typeOf(col('ratio').add(2))).toBe('float64')
    expect(typeOf(lit(1))).toBe('int64')
    expect(typeOf(lit(1.5))).toBe('float64')
  })

  it('are nullable where an argument is, and not after isNull or fillNull', () => {
    expect(typeOf(col('bidder').add(1))).toBe('int64?')
    expect(typeOf(col('bidder').gt(1))).toBe('bool?')
    expect(typeOf(col('bidder').isNull())).toBe('bool')
    expect(typeOf(col('bidder').fillNull(0))).toBe('int64')
    expect(typeOf(col('bidder').fillNull(0.5))).toBe('float64')
    expect(typeOf(when(col('ok')).then(1).otherwise(0))).toBe('int64')
    expect(typeOf(when(col('ok')).then('a'))).toBe('utf8?')
    expect(typeOf(col('channel').tryCast('int32'))).toBe('int32?')
    expect(typeOf(col('channel').tryCast('binary'))).toBe('binary')
    expect(typeOf(col('price').eq(null as never))).toBe('bool?')
  })

  it('let times stand beside Dates, ISO text and finer times', () => {
    expect(typeOf(col('at').gt(new Date(0)))).toBe('bool')
    expect(typeOf(col('at').gt('2024-01-01'))).toBe('bool')
    expect(typeOf(col('seconds').gt(new Date(1)))).toBe('bool')
    expect(typeOf(col('seconds').lt(col('at')))).toBe('bool')
    expect(typeOf(col('at').truncate('day'))).toBe('timestamp[ms]')
    expect(typeOf(col('at').hour())).toBe('int32')
  })
})

describe('a wrong expression', () => {
  it('names the column that is not there, and the nearest one', () => {
    expect(message(col('prise').gt(1))).toBe(
      'NO_COLUMN filter: no column "prise"; the input has price, small, bidder, ratio, channel, at, seconds, ok, raw; did you mean "price"?',
    )
  })

  it('quotes the column, its type and what was asked of it', () => {
    expect(message(col('channel').gt(1))).toBe('TYPE_MISMATCH filter: "channel" is utf8: gt(number) does not apply')
    expect(message(col('price').lower())).toBe('TYPE_MISMATCH filter: "price" is int64: lower() does not apply')
    expect(message(col('price').add(col('channel')))).toBe('TYPE_MISMATCH filter: "price" is int64: add(utf8) does not apply')
    expect(message(col('price').truncate('day'))).toBe('TYPE_MISMATCH filter: "price" is int64: truncate() does not apply')
    expect(message(col('at').gt('yesterday'))).toBe('TYPE_MISMATCH filter: "at" is timestamp[ms]: gt(string) does not apply')
    expect(message(col('raw').eq('x'))).toBe('TYPE_MISMATCH filter: "raw" is binary: eq(string) does not apply')
    expect(message(col('price').and(col('ok')))).toContain('"price" is int64: and(bool?): both sides must be bool')
    expect(message(col('at').cast('float64'))).toContain('there is no cast from timestamp[ms] to float64')
    expect(message(col('ratio').intDiv(2))).toContain('it is for integers and decimals; use div and floor')
    expect(message(col('small').add(5_000_000_000))).toContain('the literal does not fit int32; cast the column to int64 first')
    expect(message(when(col('ok')).then('a').otherwise(1))).toContain('the values have no common type')
    expect(message({ expression: callExpression('isIn', [columnExpression('price'), literalExpression(null)]) })).toContain('null is in no list; use isNull()')
    expect(message(col('channel').like('a%', { escape: '!!' }))).toContain('escape must be one ASCII character')
    expect(message(col('channel').regexMatch('('))).toContain('REGEX regexMatch: "(" is no regular expression')
    expect(message(col('channel').regexMatch('a', { flags: 'g' }))).toContain('"g" are no flags')
    expect(message(col('channel').regexExtract('(a)', { group: 2 }))).toContain('no group 2; the pattern "(a)" has 1 groups')
    expect(message(col('channel').regexMatch('a', { start: -1 }))).toContain('start must be a whole number from 0')
    expect(message(col('ratio').round(0.5))).toContain('digits must be a whole number')
  })

  it('names the function that is not there', () => {
    expect(message({ expression: callExpression('lowr', [columnExpression('channel')]) })).toBe(
      'NO_FUNCTION filter: no function "lowr" in expressions; did you mean "lower"?',
    )
    expect(message({ expression: callExpression('cast', [columnExpression('price')], { to: 'int65' }) })).toContain('did you mean "int64"?')
  })

  it('says that a condition must be bool', () => {
    expect(message(col('price').add(1), bindCondition)).toBe(
      "CONDITION filter: price + 1 is int64, and a condition must be bool; compare it, as in .gt(0) or .eq('…')",
    )
    expect(message(col('ok'), bindCondition)).toBe('no error')
  })
})

describe('a literal', () => {
  it('survives JSON', () => {
    const values = [1, -0, 0.5, 2n ** 62n, Number.NaN, -Infinity, 'é', true, null, new Date(5)]
    for (const value of values) {
      const { expression } = lit(value)
      expect(JSON.parse(JSON.stringify(expression))).toEqual(expression)
    }
    expect(literalExpression(2n ** 62n).value).toEqual({ int64: '4611686018427387904' })
    expect(literalExpression(new Date(5)).value).toEqual({ timestamp: 5 })
    expect(literalExpression(-0).value).toEqual({ float64: '-0' })
  })

  it('is refused where it is inexact, too large or none at all', () => {
    expect(() => literalExpression(2 ** 53)).toThrow('write it as a bigint: 9007199254740992n')
    expect(() => literalExpression(10n ** 38n)).toThrow('has more than 38 digits')
    expect(() => literalExpression(new Date(Number.NaN))).toThrow('the Date is invalid')
    expect(() => literalExpression({})).toThrow('object is no literal')
    expect(() => literalExpression(undefined)).toThrow(PlanError)
  })
})
