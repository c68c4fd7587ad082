import { afterAll, describe, expect, it } from 'vitest'
import { createDevice } from '../../src/device/device.ts'
import { col, type ColumnExpr, lit, when } from '../../src/frame/expr.ts'
import { type Table, valuesOfExpression, valuesOrError } from '../support/expressions.ts'

const device = await createDevice()
const table = {
  a: ['int64?', [1n, 2n, null, 4n]],
  b: ['int64?', [10n, 0n, 30n, null]],
  i: ['int32', [2 ** 31 - 1, -(2 ** 31), 0, 7]],
  f: ['float64', [1.5, -0, Number.NaN, Infinity]],
  s: ['utf8?', ['Apple', 'a long string of Ümlauts', null, '']],
  t: ['timestamp[ms]', [0, -1, 86_400_000, 1_700_000_000_123]],
  ok: ['bool?', [true, false, null, true]],
} satisfies Table
const values = (e: ColumnExpr<any, any>, over: Table = table) => valuesOfExpression(device, e.expression, over)
const thrown = (e: ColumnExpr<any, any>) => valuesOrError(device, e.expression, table)

afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

describe('an expression', () => {
  it('passes nulls through', () => {
    expect(values(col('a').add(col('b')))).toEqual([11n, 2n, null, null])
    expect(values(col('a').gt(1))).toEqual([false, true, null, true])
    expect(values(col('a').eq(null as never))).toEqual([null, null, null, null])
    expect(values(col('s').lower())).toEqual(['apple', 'a long string of ümlauts', null, ''])
  })

  it('keeps Kleene logic and nulls apart', () => {
    expect(values(col('ok').and(col('a').gt(1)))).toEqual([false, false, null, true])
    expect(values(col('ok').or(col('a').isNull()))).toEqual([true, false, true, true])
    expect(values(col('ok').not())).toEqual([false, true, null, false])
    expect(values(col('a').fillNull(col('b')).fillNull(-1))).toEqual([1n, 2n, 30n, 4n])
    expect(values(lit(null).fillNull(3))).toEqual([3n, 3n, 3n, 3n])
  })

  it('folds constants, and takes them on either side', () => {
    expect(values(lit(2).mul(3).sub(1))).toEqual([5n, 5n, 5n, 5n])
    expect(values(lit(100).sub(col('a')))).toEqual([99n, 98n, null, 96n])
    expect(values(lit('x').concat('y').concat(col('s')))).toEqual(['xyApple', 'xya long string of Ümlauts', null, 'xy'])
    expect(values(lit(new Date(5)))).toEqual([5, 5, 5, 5])
    expect(values(lit(-0))).toEqual([-0, -0, -0, -0])
    expect(values(lit(true).and(col('ok')))).toEqual([true, false, null, true])
    expect(values(lit(5).between(col('a'), 5))).toEqual([true, true, null, true])
    expect(values(lit('abc').contains(col('s')))).toEqual([false, false, null, true])
  })

  it('never wraps an integer', () => {
    expect(thrown(col('i').add(1))).toBe("INT_OVERFLOW test: 2147483647 + 1 doesn't fit int32 in row 0 of a batch; cast to int64 first")
    expect(thrown(col('i').neg())).toContain("INT_OVERFLOW test: 0 - -2147483648 doesn't fit int32 in row 1")
    expect(thrown(col('i').abs())).toContain('INT_OVERFLOW test: abs(-2147483648)')
    expect(thrown(col('a').mul(2n ** 62n))).toContain("2 * 4611686018427387904 doesn't fit int64 in row 1 of a batch; cast to float64 first")
    expect(values(col('i').cast('int64').add(1))).toEqual([2n ** 31n, -(2n ** 31n) + 1n, 1n, 8n])
  })

  it('divides by zero with an error for integers and by the book for floats', () => {
    expect(thrown(col('a').intDiv(col('b')))).toContain('DIVIDE_BY_ZERO test: 2 intDiv 0 divides by zero in row 1')
    expect(thrown(col('a').mod(0))).toContain('DIVIDE_BY_ZERO')
    expect(values(col('a').div(col('b')))).toEqual([0.1, Infinity, null, null])
    expect(values(col('f').div(0))).toEqual([Infinity, Number.NaN, Number.NaN, Infinity])
    expect(values(lit(-7).intDiv(2).add(col('a').mul(0)))).toEqual([-3n, -3n, null, -3n])
    expect(values(lit(-7).mod(2).add(col('a').mul(0)))).toEqual([-1n, -1n, null, -1n])
  })

  it('compares NaN and −0 as IEEE 754 does', () => {
    expect(values(col('f').eq(Number.NaN))).toEqual([false, false, false, false])
    expect(values(col('f').ne(col('f')))).toEqual([false, false, true, false])
    expect(values(col('f').isNaN())).toEqual([false, false, true, false])
    expect(values(col('f').eq(0))).toEqual([false, true, false, false])
    expect(values(col('f').isIn([Number.NaN, 0, 1.5]))).toEqual([true, true, false, false])
  })

  it('fails only for branches that are taken', () => {
    expect(
      values(
        when(col('b').ne(0))
          .then(lit(100).intDiv(col('b')))
          .otherwise(-1),
      ),
    ).toEqual([10n, -1n, 3n, -1n])
    expect(
      values(
        col('b')
          .ne(0)
          .and(lit(100).intDiv(col('b')).gt(5)),
      ),
    ).toEqual([true, false, false, null])
    expect(
      values(
        col('b')
          .eq(0)
          .or(lit(100).intDiv(col('b')).gt(5)),
      ),
    ).toEqual([true, true, false, null])
    expect(values(col('a').fillNull(col('b').add(2n ** 62n)))).toEqual([1n, 2n, 2n ** 62n + 30n, 4n])
    expect(
      thrown(
        when(col('b').isNotNull())
          .then(lit(100).intDiv(col('b')))
          .otherwise(0),
      ),
    ).toContain('DIVIDE_BY_ZERO')
    expect(values(when(lit(false)).then(lit(1).intDiv(0)).otherwise(2))).toEqual([2n, 2n, 2n, 2n])
  })

  it('takes the first condition that holds, and null without one', () => {
    expect(values(when(col('a').gt(3)).then('big').when(col('a').gt(1)).then('middle').otherwise('small'))).toEqual(['small', 'middle', 'small', 'big'])
    expect(values(when(col('ok')).then(col('a')))).toEqual([1n, null, null, 4n])
  })

  it('works on times in UTC, also before 1970', () => {
    expect(values(col('t').truncate('day'))).toEqual([0, -86_400_000, 86_400_000, 1_699_920_000_000])
    expect(values(col('t').truncate('second'))).toEqual([0, -1_000, 86_400_000, 1_700_000_000_000])
    expect(values(col('t').hour())).toEqual([0, 23, 0, 22])
    expect(values(col('t').year())).toEqual([1970, 1969, 1970, 2023])
    expect(values(col('t').ge('1970-01-02'))).toEqual([false, false, true, true])
    expect(values(col('t').eq(new Date(1_700_000_000_123)))).toEqual([false, false, false, true])
    expect(values(col('t').gt('2023-11-14T22:13:20.1225'))).toEqual([false, false, false, true])
  })

  it('casts strictly, and tries', () => {
    const texts: Table = { s: ['utf8?', ['12', ' 12', '1e3', '9223372036854775808', null]] }
    expect(values(col('s').tryCast('int64'), texts)).toEqual([12n, null, null, null, null])
    expect(values(col('s').tryCast('float64'), texts)).toEqual([12, null, 1000, 9223372036854775808, null])
    expect(() => values(col('s').cast('int64'), texts)).toThrow('test: " 12" is no int64 in row 1 of a batch; use tryCast for null instead')
    expect(values(col('s').tryCast('timestamp[ms]'), { s: ['utf8', ['2024-02-29', '2023-02-29', '2024-01-01T01:00:00+01:00', 'x']] })).toEqual([
      1_709_164_800_000,
      null,
      1_704_067_200_000,
      null,
    ])
    expect(values(col('s').tryCast('bool'), { s: ['utf8', ['true', 'FALSE', 'yes']] })).toEqual([true, false, null])
    expect(values(col('r').tryCast('utf8'), { r: ['binary', [new Uint8Array([0xc3, 0xa9]), new Uint8Array([0xff]), new Uint8Array(0)]] })).toEqual([
      'é',
      null,
      '',
    ])
    expect(values(col('t').cast('utf8'))).toEqual([
      '1970-01-01T00:00:00.000Z',
      '1969-12-31T23:59:59.999Z',
      '1970-01-02T00:00:00.000Z',
      '2023-11-14T22:13:20.123Z',
    ])
    expect(values(col('f').tryCast('int32'))).toEqual([1, 0, null, null])
    expect(values(col('f').round(), { f: ['float64', [0.5, -0.5, 1.5, 2.45]] })).toEqual([1, -1, 2, 2])
    expect(values(col('f').round(1), { f: ['float64', [0.25, -0.35, 1.5, 2.44]] })).toEqual([0.3, -0.4, 1.5, 2.4])
  })

  it('takes no rows', () => {
    const none: Table = { a: ['int64?', []], s: ['utf8', []] }
    expect(values(col('a').add(1), none)).toEqual([])
    expect(values(col('s').concat('x').upper(), none)).toEqual([])
    expect(values(when(col('a').gt(1)).then(col('s')).otherwise('x'), none)).toEqual([])
  })
})
