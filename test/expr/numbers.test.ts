import { afterAll, describe, expect, it } from 'vitest'
import { typeName } from '../../src/batch/type-name.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { createDevice } from '../../src/device/device.ts'
import { bindExpression } from '../../src/expr/bind.ts'
import { columnExpression, type Expression, typedLiteral } from '../../src/expr/expression.ts'
import { col, type ColumnExpr, lit } from '../../src/frame/expr.ts'
import { type Table, valuesOfExpression } from '../support/expressions.ts'

const device = await createDevice()
const table = {
  i8: ['int8', [100, -128, 7]],
  u8: ['uint8', [200, 0, 7]],
  i16: ['int16?', [300, null, -7]],
  u32: ['uint32', [4_000_000_000, 0, 7]],
  i64: ['int64', [2n ** 53n + 1n, -(2n ** 63n), 7n]],
  u64: ['uint64', [2n ** 64n - 1n, 0n, 7n]],
  f16: ['float16', [1.5, -2, 0.25]],
  f32: ['float32', [0.1, -2.5, Number.NaN]],
  f64: ['float64', [2 ** 53, -0, 7]],
  price: ['decimal(12, 2)?', ['1234.50', null, '-0.05']],
  rate: ['decimal(4, 3)', ['0.050', '0.000', '-1.005']],
  big: ['decimal(38, 0)', ['99999999999999999999999999999999999999', '0', '7']],
  ok: ['bool?', [true, null, false]],
  s: ['utf8', ['12', '-1.5e3', 'x']],
} satisfies Table
const fields = parseSchema(Object.fromEntries(Object.entries(table).map(([name, [type]]) => [name, type])), 'test')
type Any = ColumnExpr<any, any>
const values = (e: { expression: Expression }) => valuesOfExpression(device, e.expression, table)
const typeOf = (e: { expression: Expression }) => {
  const { type, nullable } = bindExpression(e.expression, fields, 'with')
  return typeName(type, nullable)
}
const thrown = (e: { expression: Expression }) => {
  try {
    values(e)
  } catch (error) {
    return `${(error as { code: string }).code} ${(error as Error).message}`
  }
  return 'no error'
}

afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

describe('the common type of two numbers', () => {
  it.each([
    [col('i8').add(col('i16')), 'int16?'],
    [col('i8').add(col('u8')), 'int16'],
    [col('u32').add(col('i8')), 'int64'],
    [col('u64').add(col('i8')), 'decimal(21, 0)'],
    [col('u64').add(col('u8')), 'uint64'],
    [col('i64').add(col('f32')), 'float64'],
    [col('i8').add(col('f32')), 'float32'],
    [col('u8').add(col('f16')), 'float16'],
    [col('i16').add(col('f16')), 'float32?'],
    [col('f16').add(col('f32')), 'float32'],
    [col('f32').mul(0.5), 'float32'],
    [col('u8').mul(2), 'uint8'],
    [col('u8').mul(2n), 'int64'],
    [col('i8').div(2), 'float64'],
    [col('f32').div(2), 'float32'],
    [col('price').add(col('rate')), 'decimal(14, 3)?'],
    [col('price').mul(col('rate')), 'decimal(16, 5)?'],
    [col('price').mul(0.05), 'decimal(14, 4)?'],
    [col('price').add(1), 'decimal(13, 2)?'],
    [col('price').add(col('i8')), 'decimal(13, 2)?'],
    [col('price').add(col('f64')), 'float64?'],
    [col('price').div(col('rate')), 'decimal(20, 7)?'],
    [col('price').div(3), 'decimal(16, 6)?'],
    [col('price').mod(7), 'decimal(12, 2)?'],
    [col('price').intDiv(7), 'decimal(10, 0)?'],
    [col('big').mul(col('big')), 'decimal(38, 0)'],
    [col('price').floor(), 'decimal(11, 0)?'],
    [col('price').round(1), 'decimal(13, 2)?'],
    [col('price').sqrt(), 'float64?'],
    [col('f32').sin(), 'float32'],
    [col('i8').sqrt(), 'float64'],
    [col('price').coalesce(col('rate')), 'decimal(13, 3)'],
    [lit(18_446_744_073_709_551_615n), 'uint64'],
    [{ expression: typedLiteral('decimal(4, 2)', '12.5') }, 'decimal(4, 2)'],
  ])('is the least that holds both: %#', (e, type) => {
    expect(typeOf(e as Any)).toBe(type)
  })
})

describe('integers', () => {
  it('fail, wrap or saturate as they are told', () => {
    expect(thrown(col('i8').add(100))).toBe("INT_OVERFLOW test: 100 + 100 doesn't fit int8 in row 0 of a batch; cast to int64 first")
    expect(values(col('i8').add(100, { overflow: 'wrap' }))).toEqual([-56, -28, 107])
    expect(values(col('i8').add(100, { overflow: 'saturate' }))).toEqual([127, -28, 107])
    expect(values(col('u8').sub(8, { overflow: 'saturate' }))).toEqual([192, 0, 0])
    expect(thrown(col('u8').sub(8))).toContain("0 - 8 doesn't fit uint8 in row 1")
    expect(values(col('i8').neg({ overflow: 'saturate' }))).toEqual([-100, 127, -7])
    expect(thrown(col('i8').add(300))).toContain('the literal does not fit int8; cast the column to int64 first')
    expect(thrown(col('u8').add(-1))).toContain('the literal does not fit uint8')
  })

  it('divide by zero as they are told', () => {
    expect(values(col('i8').intDiv(col('u8'), { divisionByZero: 'null' }))).toEqual([0, null, 1])
    expect(thrown(col('i8').intDiv(col('u8')))).toContain('DIVIDE_BY_ZERO test: -128 intDiv 0 divides by zero in row 1')
    expect(values(col('i8').mod(0, { divisionByZero: 'null' }))).toEqual([null, null, null])
    expect(values(col('i8').mod(-3, { division: 'floor' }))).toEqual([-2, -2, -2])
    expect(thrown(col('f64').div(col('u8'), { divisionByZero: 'error' }))).toContain('DIVIDE_BY_ZERO')
    expect(values(col('f64').div(col('u8'), { divisionByZero: 'null' }))).toEqual([2 ** 53 / 200, null, 1])
  })

  it('have powers, divisors, factorials, bits and tens', () => {
    expect(values(col('u8').power(2, { overflow: 'wrap' }))).toEqual([64, 0, 49])
    expect(thrown(col('i8').power(-1))).toContain('is no whole number')
    expect(values(col('i64').gcd(21))).toEqual([3n, 1n, 7n])
    expect(values(lit(20).factorial())).toEqual([2432902008176640000n, 2432902008176640000n, 2432902008176640000n])
    expect(thrown(col('u8').factorial())).toContain("factorial(200) doesn't fit uint8")
    expect(values(col('u8').bitAnd(15).bitOr(64))).toEqual([72, 64, 71])
    expect(values(col('i8').shiftRight(1))).toEqual([50, -64, 3])
    expect(values(col('i8').shiftRightUnsigned(1))).toEqual([50, 64, 3])
    expect(values(col('u64').bitNot())).toEqual([0n, 2n ** 64n - 1n, 2n ** 64n - 8n])
    expect(thrown(col('i8').shiftLeft(-1))).toContain('SHIFT test: shiftLeft(100, -1)')
    expect(values(col('i16').round(-2))).toEqual([300, null, 0])
    expect(values(col('u64').round(-1, { rounding: 'down' }))).toEqual([18446744073709551610n, 0n, 0n])
  })
})

describe('decimals', () => {
  it('are exact', () => {
    expect(values(col('price').mul(col('rate')))).toEqual(['61.72500', null, '0.05025'])
    expect(values(col('price').mul(lit(1).sub(col('rate'))))).toEqual(['1172.77500', null, '-0.10025'])
    expect(values(col('price').add(0.005))).toEqual(['1234.505', null, '-0.045'])
    expect(values(col('price').div(3))).toEqual(['411.500000', null, '-0.016667'])
    expect(thrown(col('price').div(col('rate').add(1.005)))).toContain('DIVIDE_BY_ZERO')
    expect(values(col('price').mod(7))).toEqual(['2.50', null, '-0.05'])
    expect(values(col('price').intDiv(7))).toEqual(['176', null, '0'])
    expect(thrown(col('big').add(1))).toBe("DECIMAL_OVERFLOW test: 99999999999999999999999999999999999999 + 1 doesn't fit decimal(38, 0) in row 0 of a batch; cast to fewer digits first, or to float64")
    expect(thrown(col('big').cast('decimal(38, 30)').mul(col('big').cast('decimal(38, 30)')))).toContain('60 digits behind the point')
  })

  it('round and take parts', () => {
    expect(values(col('price').round(1))).toEqual(['1234.50', null, '-0.10'])
    expect(values(col('price').round(1, { rounding: 'half-even' }))).toEqual(['1234.50', null, '0.00'])
    expect(values(col('price').round(-3))).toEqual(['1000.00', null, '0.00'])
    expect(values(col('price').floor())).toEqual(['1234', null, '-1'])
    expect(values(col('price').ceil())).toEqual(['1235', null, '0'])
    expect(values(col('price').trunc())).toEqual(['1234', null, '0'])
    expect(values(col('price').sign())).toEqual(['1', null, '-1'])
    expect(values(col('price').neg().abs())).toEqual(['1234.50', null, '0.05'])
    expect(values(col('big').sqrt())).toEqual([1e19, 0, Math.sqrt(7)])
  })
})

describe('comparisons of different types', () => {
  it('are exact', () => {
    expect(values(col('i64').gt(col('f64')))).toEqual([true, false, false])
    expect(values(col('i64').eq(2n ** 53n))).toEqual([false, false, false])
    expect(values(col('f64').lt(col('i64')))).toEqual([true, false, false])
    expect(values(col('u64').gt(col('i64')))).toEqual([true, true, false])
    expect(values(col('u64').gt(1.5))).toEqual([true, false, true])
    expect(values(col('i8').lt(300))).toEqual([true, true, true])
    expect(values(col('u8').gt(-1))).toEqual([true, true, true])
    expect(values(col('price').gt(1234.49))).toEqual([true, null, false])
    expect(values(col('price').eq('1234.500'))).toEqual([true, null, false])
    expect(values(col('price').lt(col('rate')))).toEqual([false, null, false])
    expect(values(col('big').gt(col('i8')))).toEqual([true, true, false])
    // The float64 that is written 1e38 lies below 10^38 - 1.
    expect(values(col('big').lt(col('f64').mul(0).add(1e38)))).toEqual([false, true, true])
    expect(values(col('rate').eq(col('f64').mul(0).add(0.05)))).toEqual([false, false, false])
    expect(values(col('rate').lt(col('f64').mul(0).add(0.05)))).toEqual([true, true, true])
    expect(values(col('f32').eq(0.1))).toEqual([true, false, false])
    expect(values(col('f32').eq(col('f64')))).toEqual([false, false, false])
    expect(values(col('u64').between(5, 10.5))).toEqual([false, false, true])
  })

  it('know which lists have what', () => {
    expect(values(col('i8').isIn([7, 300, 1.5]))).toEqual([false, false, true])
    expect(values(col('price').isIn([1234.5, -0.05, 0.055]))).toEqual([true, null, true])
    expect(values(col('u64').isIn(Array.from({ length: 50 }, (_, i) => i)))).toEqual([false, true, true])
    expect(values(col('f64').isIn([0, ...Array.from({ length: 50 }, (_, i) => i + 100)]))).toEqual([false, true, false])
  })

  it('keep null apart where they are asked to', () => {
    expect(values(col('i16').eqNullSafe(null as never))).toEqual([false, true, false])
    expect(values(col('i16').neNullSafe(300))).toEqual([false, true, true])
    expect(values(col('price').nullIf(1234.5))).toEqual([null, null, '-0.05'])
    expect(values(col('i16').least(col('i8'), 50))).toEqual([50, -128, -7])
    expect(values(col('f32').greatest(0))).toEqual([Math.fround(0.1), 0, Number.NaN])
    expect(values(col('f32').least(0))).toEqual([0, -2.5, 0])
    expect(values(col('i16').coalesce(col('i8')))).toEqual([300, -128, -7])
  })
})

describe('logic', () => {
  it('knows three values', () => {
    expect(values(col('ok').xor(true as never))).toEqual([false, null, true])
    expect(values(col('ok').andNot(lit(true)))).toEqual([false, false, false])
    expect(values(col('ok').isTrue())).toEqual([true, false, false])
    expect(values(col('ok').isNotTrue())).toEqual([false, true, true])
    expect(values(col('ok').isFalse())).toEqual([false, false, true])
    expect(values(col('ok').isNotFalse())).toEqual([true, true, false])
    expect(typeOf(col('ok').isTrue())).toBe('bool')
  })
})

describe('functions of floats', () => {
  it('treat what is outside their domain as they are told', () => {
    expect(values(col('f32').sqrt())).toEqual([Math.fround(Math.sqrt(Math.fround(0.1))), Number.NaN, Number.NaN])
    expect(values(col('f32').sqrt({ domainError: 'null' }))).toEqual([Math.fround(Math.sqrt(Math.fround(0.1))), null, Number.NaN])
    expect(thrown(col('f32').sqrt({ domainError: 'error' }))).toContain('DOMAIN test: sqrt(-2.5) has no value in row 1')
    expect(values(col('f64').ln({ logZero: 'null' }))).toEqual([Math.log(2 ** 53), null, Math.log(7)])
    expect(values(col('f64').log2({ logZero: 'nan' }))).toEqual([53, Number.NaN, Math.log2(7)])
    expect(thrown(col('f64').log(10, { logZero: 'error' }))).toContain('DOMAIN')
    expect(values(col('f64').isFinite())).toEqual([true, true, true])
    expect(values(col('f32').isInfinite())).toEqual([false, false, false])
    expect(values(lit(8).cbrt().atan2(0))[0]).toBeCloseTo(Math.PI / 2)
  })

  it('refuse options that they have not', () => {
    expect(thrown((col('i8') as any).add(1, { overflw: 'wrap' }))).toContain('it has no option "overflw"; there are overflow; did you mean "overflow"?')
    expect(thrown((col('i8') as any).add(1, { overflow: 'wrp' }))).toContain(`overflow is "wrp"; it must be 'error', 'wrap', 'saturate'; did you mean "wrap"?`)
  })
})

describe('casts of numbers', () => {
  it('check ranges, name the row, and give null where they are tried', () => {
    expect(thrown(col('i64').cast('int8'))).toBe('CAST test: 9007199254740993 is no int8 in row 0 of a batch; use tryCast for null instead')
    expect(values(col('i64').tryCast('int8'))).toEqual([null, null, 7])
    expect(values(col('u64').tryCast('int64'))).toEqual([null, 0n, 7n])
    expect(values(col('f64').cast('decimal(20, 1)'))).toEqual(['9007199254740992.0', '0.0', '7.0'])
    expect(values(col('f32').tryCast('decimal(9, 3)'))).toEqual(['0.100', '-2.500', null])
    expect(values(col('price').cast('int32'))).toEqual([1234, null, 0])
    expect(values(col('price').cast('decimal(6, 1)'))).toEqual(['1234.5', null, '-0.1'])
    expect(values(col('price').cast('utf8'))).toEqual(['1234.50', null, '-0.05'])
    expect(values(col('f32').cast('utf8'))).toEqual(['0.1', '-2.5', 'NaN'])
    expect(values(col('s').tryCast('decimal(8, 2)'))).toEqual(['12.00', '-1500.00', null])
    expect(values(col('s').tryCast('float32'))).toEqual([12, -1500, null])
    expect(thrown(col('s').cast('uint8'))).toContain('"-1.5e3" is no uint8 in row 1')
    expect(values(col('ok').cast('decimal(3, 1)'))).toEqual(['1.0', null, '0.0'])
    expect(values(col('price').cast('bool'))).toEqual([true, null, true])
  })
})

describe('a literal of a type of its own', () => {
  it('is checked when it is bound', () => {
    expect(() => bindExpression(typedLiteral('int8', '300'), fields, 'with')).toThrow("int8 '300' is no int8")
    expect(valuesOfExpression(device, typedLiteral('uint64', '18446744073709551615'), {}, 1)).toEqual([18446744073709551615n])
    expect(valuesOfExpression(device, typedLiteral('date', '2024-02-29'), {}, 1)).toEqual([Date.UTC(2024, 1, 29)])
    expect(bindExpression(columnExpression('i8'), fields, 'with').kind).toBe('column')
  })
})
