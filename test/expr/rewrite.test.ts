import { describe, expect, it } from 'vitest'
import { callExpression, columnExpression, type Expression, literalExpression } from '../../src/expr/expression.ts'
import { allOf, columnsOf, conjunctsOf, isSafe, renameIn, substitute } from '../../src/expr/rewrite.ts'
import { simplify } from '../../src/expr/simplify.ts'

const [a, b, c] = ['a', 'b', 'c'].map(columnExpression) as [Expression, Expression, Expression]
const [yes, no] = [literalExpression(true), literalExpression(false)]
const call = (fn: string, ...args: Expression[]) => callExpression(fn, args)

describe('an expression', () => {
  it('names the columns it reads', () => {
    expect(columnsOf(call('when', call('gt', a, literalExpression(1)), b, a))).toEqual(new Set(['a', 'b']))
  })

  it('is cut at its ands, and put together again', () => {
    const whole = call('and', call('and', a, call('or', b, c)), c)
    expect(conjunctsOf(whole)).toEqual([a, call('or', b, c), c])
    expect(conjunctsOf(allOf(conjunctsOf(whole)))).toEqual(conjunctsOf(whole))
  })

  it('is read in terms of other columns, all at once', () => {
    expect(renameIn(call('add', a, b), new Map([['a', 'b'], ['b', 'a']]))).toEqual(call('add', b, a))
    expect(substitute(call('add', a, c), new Map([['a', call('add', b, c)]]))).toEqual(call('add', call('add', b, c), c))
  })

  it('is safe where no row can make it fail', () => {
    expect(isSafe(call('and', call('gt', a, literalExpression(1)), call('isNull', b)))).toBe(true)
    expect(isSafe(call('gt', call('intDiv', a, b), literalExpression(1)))).toBe(false)
  })
})

describe('a condition', () => {
  it.each([
    ['true and x', call('and', yes, a), a],
    ['x and true', call('and', a, yes), a],
    ['false or x', call('or', no, a), a],
    ['x or false', call('or', a, no), a],
    ['false and x: x is never computed', call('and', no, a), no],
    ['true or x', call('or', yes, a), yes],
    ['not true', call('not', yes), no],
    ['not not x', call('not', call('not', a)), a],
    ['deep inside', call('and', call('not', no), call('or', a, call('and', no, b))), a],
  ])('%s is simplified', (_, given, expected) => expect(simplify(given)).toEqual(expected))

  it.each([
    ['x and false, since x may fail', call('and', a, no)],
    ['x or true', call('or', a, yes)],
    ['null and x', call('and', literalExpression(null), a)],
  ])('%s stays as it is', (_, given) => expect(simplify(given)).toBe(given))
})
