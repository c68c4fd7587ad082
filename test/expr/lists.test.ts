import { afterAll, describe, expect, it } from 'vitest'
import { random } from '../../src/base/random.ts'
import { createDevice } from '../../src/device/device.ts'
import { describeExpression } from '../../src/expr/describe.ts'
import { columnsOf } from '../../src/expr/expression.ts'
import { type ColumnExpr, col, list, lit, struct, when } from '../../src/frame/expr.ts'
import { type Table, typeOfExpression, valuesOfExpression, valuesOrError } from '../support/expressions.ts'

const device = await createDevice()
const table = {
  l: ['list<int32?>?', [[3, 1, null, 3], [], null, [7]]],
  f: ['list<float64, 2>', [[1.5, Number.NaN], [0, -0], [2, 1], [3, 3]]],
  s: ['list<utf8>', [['b', 'a longer string', 'b'], [], ['€'], ['x', 'a longer string']]],
  n: ['int32?', [0, 1, -1, null]],
  a: ['int64', [10n, 20n, 30n, 40n]],
  t: ['struct<id: int64, name: utf8?, inner: struct<x: int32>>?', [{ id: 1n, name: 'one', inner: { x: 1 } }, null, { id: 3n, name: null, inner: { x: 3 } }, { id: 4n, name: 'a name with bytes', inner: { x: 4 } }]],
  m: ['map<utf8, int64?>?', [new Map([['a', 1n], ['b', null]]), new Map(), null, new Map([['b', 4n]])]],
} satisfies Table
const values = (e: ColumnExpr<any, any>, over: Table = table) => valuesOfExpression(device, e.expression, over)
const typeOf = (e: ColumnExpr<any, any>) => typeOfExpression(e.expression, table)
const thrown = (e: ColumnExpr<any, any>, over: Table = table) => valuesOrError(device, e.expression, over)

afterAll(() => {
  expect(device.pages.used()).toBe(0)
})

describe('lists', () => {
  it('are measured and taken apart by places', () => {
    expect(values(col('l').length())).toEqual([4, 0, null, 1])
    expect(values(col('f').length())).toEqual([2, 2, 2, 2])
    expect(values(col('m').length())).toEqual([2, 0, null, 1])
    expect(values(col('l').element(0))).toEqual([3, null, null, 7])
    expect(values(col('l').element(-2))).toEqual([null, null, null, null])
    expect(values(col('s').element(col('n')))).toEqual(['b', null, '€', null])
    expect(values(col('f').element(1))).toEqual([Number.NaN, -0, 1, 3])
    expect(values(col('l').slice(1, -1))).toEqual([[1, null], [], null, []])
    expect(values(col('s').slice(-1))).toEqual([['b'], [], ['€'], ['a longer string']])
    expect(values(col('s').slice(col('n'), 2))).toEqual([['b', 'a longer string'], [], ['€'], null])
    expect(values(col('s').reverse())).toEqual([['b', 'a longer string', 'b'], [], ['€'], ['a longer string', 'x']])
    expect(typeOf(col('f').slice(0))).toBe('list<float64>')
    expect(typeOf(col('s').element(0))).toBe('utf8?')
  })

  it('are searched', () => {
    expect(values(col('l').contains(3))).toEqual([true, false, null, false])
    expect(values(col('l').indexOf(1))).toEqual([1, -1, null, -1])
    expect(values(col('l').contains(col('n')))).toEqual([false, false, null, null])
    expect(values(col('s').indexOf('a longer string'))).toEqual([1, -1, -1, 1])
    expect(thrown(col('l').contains('x'))).toContain('TYPE_MISMATCH test: "l" is list<int32?>?: contains(string) does not apply')
    expect(thrown(col('l').contains(5_000_000_000))).toContain('does not apply')
  })

  it('are sorted, made distinct, joined and concatenated', () => {
    expect(values(col('l').sort())).toEqual([[1, 3, 3, null], [], null, [7]])
    expect(values(col('l').sort({ descending: true, nullsFirst: true }))).toEqual([[null, 3, 3, 1], [], null, [7]])
    expect(values(col('f').sort({ descending: true }))).toEqual([[1.5, Number.NaN], [0, -0], [2, 1], [3, 3]])
    expect(values(col('s').sort())).toEqual([['a longer string', 'b', 'b'], [], ['€'], ['a longer string', 'x']])
    expect(values(col('l').distinct())).toEqual([[3, 1, null], [], null, [7]])
    expect(values(col('s').distinct())).toEqual([['b', 'a longer string'], [], ['€'], ['x', 'a longer string']])
    expect(values(col('s').join('-'))).toEqual(['b-a longer string-b', '', '€', 'x-a longer string'])
    expect(values(col('l').concat(col('l').slice(0, 1)))).toEqual([[3, 1, null, 3, 3], [], null, [7, 7]])
    expect(thrown(list(struct({ a: 1 }), struct({ a: 2 })).sort())).toContain('has no order')
    expect(thrown(col('l').concat(col('s')))).toContain('all must be lists of one type of items')
  })

  it('have aggregates, as groups do', () => {
    expect(values(col('l').sum())).toEqual([7n, null, null, 7n])
    expect(values(col('l').mean())).toEqual([7 / 3, null, null, 7])
    expect(values(col('s').max())).toEqual(['b', null, '€', 'x'])
    expect(values(col('l').min())).toEqual([1, null, null, 7])
    expect(thrown(col('s').sum())).toContain('the items are utf8; it takes lists of numbers')
  })

  it('are made of values, and split from text', () => {
    expect(values(list(col('n'), 5))).toEqual([[0, 5], [1, 5], [-1, 5], [null, 5]])
    expect(typeOf(list(col('n'), col('a')))).toBe('list<int64?>')
    expect(values(lit('a,b').split(',').concat(col('s')))).toEqual([['a', 'b', 'b', 'a longer string', 'b'], ['a', 'b'], ['a', 'b', '€'], ['a', 'b', 'x', 'a longer string']])
    expect(values(lit('a1b2').regexExtractAll('\\d').slice(col('n')))).toEqual([['1', '2'], ['2'], ['2'], null])
    expect(thrown(list('a', 1))).toContain('the values have no common type')
  })
})

describe('functions of items', () => {
  it('are computed for all items at once, with columns of the row', () => {
    expect(values(col('l').transform(x => x.mul(2)))).toEqual([[6, 2, null, 6], [], null, [14]])
    expect(values(col('l').transform(x => x.add(col('a'))))).toEqual([[13n, 11n, null, 13n], [], null, [47n]])
    expect(values(col('l').transform((x, i) => x.fillNull(0).add(i)))).toEqual([[3, 2, 2, 6], [], null, [7]])
    expect(values(col('s').transform(x => x.upper().concat('!')))).toEqual([['B!', 'A LONGER STRING!', 'B!'], [], ['€!'], ['X!', 'A LONGER STRING!']])
    expect(values(col('l').filter(x => x.gt(1)))).toEqual([[3, 3], [], null, [7]])
    expect(values(col('l').filter(x => x.isNull()))).toEqual([[null], [], null, []])
    expect(values(col('f').filter((_, i) => i.eq(1)))).toEqual([[Number.NaN], [-0], [1], [3]])
    expect(typeOf(col('l').transform(x => x.cast('utf8')))).toBe('list<utf8?>?')
    expect(values(lit('x').split('').transform(x => x.concat(col('a').cast('utf8'))))).toEqual([['x10'], ['x20'], ['x30'], ['x40']])
  })

  it('ask of any or all by Kleene', () => {
    expect(values(col('l').anyMatch(x => x.gt(2)))).toEqual([true, false, null, true])
    expect(values(col('l').anyMatch(x => x.gt(5)))).toEqual([null, false, null, true])
    expect(values(col('l').allMatch(x => x.gt(2)))).toEqual([false, true, null, true])
    expect(values(col('l').allMatch(x => x.gt(0)))).toEqual([null, true, null, true])
    expect(thrown(col('l').filter((x: any) => x.add(1)))).toContain('the function gives int32, and a condition must be bool')
  })

  it('reduce item by item', () => {
    expect(values(col('l').reduce(lit(0).cast('int32'), (sum, x) => sum.add(x.fillNull(0))))).toEqual([7, 0, null, 7])
    expect(values(col('s').reduce('', (all, x) => all.concat(x.left(1))))).toEqual(['bab', '', '€', 'xa'])
    expect(values(col('f').reduce(col('a').cast('float64'), (sum, x) => sum.add(x)))).toEqual([Number.NaN, 20, 33, 46])
    expect(thrown(col('f').reduce(0, (sum, x) => sum.add(x)))).toContain("it begins with int64 but the function gives float64; begin with lit(…).cast('float64')")
    expect(describeExpression(col('f').reduce(0, (sum, x) => sum.add(x)).expression)).toBe('reduce(f, 0, (x, xx) -> x + xx)')
  })

  it('nest, and fail only for rows that count', () => {
    const nested = { l: ['list<list<int32>>', [[[1, 2], []], [[3]]]], k: ['int32', [10, 20]] } satisfies Table
    expect(values(col('l').transform(x => x.transform(y => y.add(col('k')).add(x.length()))), nested)).toEqual([[[13, 14], []], [[24]]])
    expect(describeExpression(col('l').transform(x => x.transform(y => y.add(x.length()))).expression)).toBe('transform(l, x -> transform(x, y -> y + length(x)))')
    expect([...columnsOf(col('l').transform(x => x.add(col('k'))).expression)]).toEqual(['l', 'k'])
    const zero = { l: ['list<int32>', [[1, 0], [2]]] } satisfies Table
    expect(thrown(col('l').transform(x => lit(10).intDiv(x)), zero)).toContain('DIVIDE_BY_ZERO test')
    expect(values(when(col('l').contains(0)).then(col('l')).otherwise(col('l').transform(x => lit(10).cast('int32').intDiv(x))), zero)).toEqual([[1, 0], [5]])
    expect(thrown(col('l').transform(x => x.add(col('z'))))).toContain('no column "z"')
    expect(thrown(col('n').transform((x: any) => x))).toContain('"n" is int32?: transform() does not apply')
  })

  it('agree with arrays, over random lists', () => {
    const chance = random(7)
    for (let round = 0; round < 20; round++) {
      const rows = Array.from({ length: 1 + chance.int(80) }, () => (chance.int(6) === 0 ? null : Array.from({ length: chance.int(6) }, () => (chance.int(5) === 0 ? null : chance.int(9)))))
      const given = { l: ['list<int32?>?', rows] } satisfies Table
      const each = <R>(f: (row: (number | null)[]) => R) => rows.map(row => (row === null ? null : f(row)))
      const nullsLast = (a: number | null, b: number | null) => (a === null ? 1 : 0) - (b === null ? 1 : 0) || a! - b!
      expect(values(col('l').transform(x => x.mul(x)), given)).toEqual(each(row => row.map(x => x && x * x)))
      expect(values(col('l').filter(x => x.lt(5)), given)).toEqual(each(row => row.filter(x => x !== null && x < 5)))
      expect(values(col('l').sort(), given)).toEqual(each(row => row.toSorted(nullsLast)))
      expect(values(col('l').distinct(), given)).toEqual(each(row => [...new Set(row)]))
      expect(values(col('l').slice(-3, 4), given)).toEqual(each(row => row.slice(-3, 4)))
      expect(values(col('l').indexOf(4), given)).toEqual(each(row => row.indexOf(4)))
      expect(values(col('l').reduce(lit(1).cast('int32'), (sum, x) => sum.mul(3).add(x.fillNull(1)).mod(1000)), given)).toEqual(each(row => row.reduce<number>((sum, x) => (sum * 3 + (x ?? 1)) % 1000, 1)))
    }
  })
})

describe('structs and maps', () => {
  it('give fields by name', () => {
    expect(values(col('t').field('id'))).toEqual([1n, null, 3n, 4n])
    expect(values(col('t').field('name'))).toEqual(['one', null, null, 'a name with bytes'])
    expect(values(col('t').field('inner').field('x').add(1))).toEqual([2, null, 4, 5])
    expect(typeOf(col('t').field('id'))).toBe('int64?')
    expect(thrown(col('t').field('nam'))).toContain('no field "nam"; there are id, name, inner; did you mean "name"?')
    expect(describeExpression(col('t').field('inner').field('x').expression)).toBe('t.inner.x')
  })

  it('are made of values by name', () => {
    expect(values(struct({ id: col('a'), n: col('n'), c: 'x' }))).toEqual([{ id: 10n, n: 0, c: 'x' }, { id: 20n, n: 1, c: 'x' }, { id: 30n, n: -1, c: 'x' }, { id: 40n, n: null, c: 'x' }])
    expect(typeOf(struct({ id: col('a'), n: col('n') }))).toBe('struct<id: int64, n: int32?>')
    expect(values(struct({ id: col('a') }).field('id'))).toEqual([10n, 20n, 30n, 40n])
    expect(describeExpression(struct({ id: col('a') }).expression)).toBe('{id: a}')
  })

  it('look up keys', () => {
    expect(values(col('m').get('b'))).toEqual([null, null, null, 4n])
    expect(values(col('m').get('a'))).toEqual([1n, null, null, null])
    expect(values(col('m').keys())).toEqual([['a', 'b'], [], null, ['b']])
    expect(values(col('m').values())).toEqual([[1n, null], [], null, [4n]])
    expect(values(col('m').entries().transform(e => e.field('key')))).toEqual([['a', 'b'], [], null, ['b']])
    expect(thrown(col('m').get(1))).toContain('get(number) does not apply')
  })
})
