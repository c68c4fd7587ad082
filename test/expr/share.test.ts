import { describe, expect, it } from 'vitest'
import { createDevice } from '../../src/device/device.ts'
import { buildBatch } from '../../src/batch/build-columns.ts'
import { valueReader } from '../../src/batch/read-values.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import { bindExpression } from '../../src/expr/bind.ts'
import { evaluateAll } from '../../src/expr/evaluate.ts'
import type { Expression } from '../../src/expr/expression.ts'
import type { Bound } from '../../src/expr/function.ts'
import { shareExpressions } from '../../src/expr/share.ts'
import { col, expressionOf, lit, when } from '../../src/frame/expr.ts'

const device = await createDevice()
const fields = parseSchema({ a: 'int32', b: 'int32', s: 'utf8' }, 'test')
const bind = (...expressions: unknown[]) => expressions.map(e => bindExpression(expressionOf(e) as Expression, fields, 'test'))
const rows = [{ a: 1, b: 0, s: 'x' }, { a: 6, b: 3, s: 'Y' }, { a: 8, b: 2, s: '' }]

/** The values of expressions, and how often functions were called. */
function run(...expressions: unknown[]): { values: unknown[][]; calls: number } {
  let calls = 0
  const counted = (bound: Bound): Bound => {
    if (bound.kind !== 'call') return bound
    const { fn } = bound
    const count = fn.evaluate && { evaluate: (...args: Parameters<typeof fn.evaluate>) => (calls++, fn.evaluate!(...args)) }
    return { ...bound, fn: { ...fn, ...count }, args: bound.args.map(counted) }
  }
  const arena = device.arena()
  try {
    const batch = buildBatch(device, arena, fields, rows, 'test')
    const columns = evaluateAll(device, arena, shareExpressions(bind(...expressions).map(counted)), batch, 'test')
    return { values: columns.map(column => rows.map((_, row) => valueReader(device.memory, column)(row))), calls }
  } finally {
    arena.release()
  }
}

describe('expressions that are evaluated together', () => {
  it('compute a common part once', () => {
    const sum = () => col('a').add(col('b'))
    const { values, calls } = run(sum().mul(2), sum().mul(3), sum())
    expect(values).toEqual([[2, 18, 20], [3, 27, 30], [1, 9, 10]])
    expect(calls).toBe(3)
  })

  it('tell apart what only looks alike', () => {
    const { bounds, shared } = shareExpressions(bind(col('a').add(1), col('a').add(2), col('a').sub(1), col('b').add(1), col('s').substring(0, 1), col('s').substring(0, 2), col('a').cast('float64').add(lit(0)), col('a').cast('float64').add(lit(-0))))
    expect(new Set(bounds).size).toBe(8)
    expect(shared.size).toBe(1)
  })

  it('do not compute for all rows what only some need', () => {
    const quotient = () => col('a').intDiv(col('b'))
    const guarded = () => when(col('b').ne(0)).then(quotient()).otherwise(0)
    expect(run(guarded(), guarded().add(1)).values).toEqual([[0, 2, 4], [1, 3, 5]])
    expect(() => run(guarded(), quotient())).toThrow('divides by zero')
  })

  it('hold no memory afterwards', () => expect(device.pages.used()).toBe(0))
})
