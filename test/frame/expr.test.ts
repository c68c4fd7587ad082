import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PlanError } from '../../src/base/errors.ts'
import { expressionFunctions } from '../../src/expr/functions/catalogue.ts'
import { count, max } from '../../src/frame/aggregates.ts'
import { col, type ColumnExpr, expr, ExprValue, lit, when } from '../../src/frame/expr.ts'
import { asc, desc, orderOf } from '../../src/frame/orders.ts'
import { hop, isWindow, processingTime, session, tumble } from '../../src/frame/windows.ts'

describe('the builders of expressions', () => {
  it('make plain data that survives JSON', () => {
    const { expression } = when(col('price').gt(100)).then(col('price').mul(0.5)).otherwise(null)
    expect(JSON.parse(JSON.stringify(expression))).toEqual(expression)
    expect(expression).toEqual({
      kind: 'call',
      fn: 'when',
      args: [
        {
          kind: 'call',
          fn: 'gt',
          args: [
            { kind: 'column', name: 'price' },
            { kind: 'literal', value: 100 },
          ],
        },
        {
          kind: 'call',
          fn: 'mul',
          args: [
            { kind: 'column', name: 'price' },
            { kind: 'literal', value: 0.5 },
          ],
        },
        { kind: 'literal', value: null },
      ],
    })
  })

  it('have a method for every function of the catalogue, and none that it lacks', () => {
    const names = new Set(expressionFunctions.map(f => f.name))
    const methods = Object.getOwnPropertyNames(ExprValue.prototype).filter(name => name !== 'constructor')
    const renamed: Record<string, string> = { fillNull: 'coalesce', coalesce: 'coalesce' }
    expect(methods.map(m => renamed[m] ?? m).filter(m => !names.has(m))).toEqual([])
    expect([...names].filter(n => !['when', 'list', 'struct', 'now'].includes(n) && !methods.some(m => (renamed[m] ?? m) === n))).toEqual([])
    const typeFiles = ['expr-type', 'text-methods', 'number-methods', 'time-methods', 'list-methods']
    const types = typeFiles.map(file => readFileSync(new URL(`../../src/frame/${file}.ts`, import.meta.url), 'utf8')).join('\n')
    expect(methods.filter(m => !new RegExp(`^  ${m}[<(]`, 'm').test(types)), 'methods that the compiler has not heard of').toEqual([])
    const one = lit(1) as unknown as Record<string, (...args: unknown[]) => ColumnExpr<any, any>>
    for (const method of methods) {
      const { expression } = one[method]!(...(method === 'isIn' ? [[1]] : method === 'between' ? [1, 2] : ['int32']))
      expect(expression.kind === 'call' && names.has(expression.fn), method).toBe(true)
    }
  })

  it('take options by position, by name, or not at all', () => {
    const options = (e: { expression: { options?: unknown } }) => e.expression.options
    expect(options(col('x').round(2) as never)).toEqual({ digits: 2 })
    expect(options((col('x') as any).round({ digits: 2 }))).toEqual({ digits: 2 })
    expect(options(col('s').regexMatch('a', { flags: 'i', start: undefined }) as never)).toEqual({ flags: 'i' })
    expect(options(col('x').round() as never)).toBeUndefined()
    expect(options(col('x').cast('int32') as never)).toEqual({ to: 'int32' })
  })

  it('read texts, and literals of types of their own', () => {
    expect(expr("price > 10 and state = 'CA'").expression).toEqual(col('price').gt(10).and(col('state').eq('CA')).expression)
    expect(lit.decimal('0.908').expression).toEqual({ kind: 'literal', value: { as: 'decimal(3, 3)', text: '0.908' } })
    expect(lit('12.5', 'decimal(4, 2)').expression).toEqual({ kind: 'literal', value: { as: 'decimal(4, 2)', text: '12.5' } })
    expect(() => lit.decimal('x')).toThrow("'x' is no number of up to 38 digits")
    expect(() => expr('price >')).toThrow('expr, at character 8: the expression ends')
  })

  it('refuse what is neither expression nor literal', () => {
    expect(() => col('a').eq({} as never)).toThrow(PlanError)
    expect(() => lit(Symbol('a') as never)).toThrow('symbol is no literal')
  })
})

describe('aggregates, orders and windows', () => {
  it('are plain data', () => {
    expect(count().call).toEqual({ fn: 'count' })
    expect(max('price').where(col('ok')).call).toEqual({ fn: 'max', input: 'price', where: { kind: 'column', name: 'ok' } })
    expect(max(col('price')).call).toEqual({ fn: 'max', input: { kind: 'column', name: 'price' } })
    expect(['a', asc('a'), desc('a')].map(key => orderOf(key, 'sort')).map(o => o.descending)).toEqual([false, false, true])
    expect(tumble('at', '10s', { lateness: '1m' })).toEqual({ kind: 'tumble', time: 'at', sizeMs: 10_000, latenessMs: 60_000 })
    expect(hop('at', '10s', { slide: '2s' })).toEqual({ kind: 'hop', time: 'at', sizeMs: 10_000, slideMs: 2_000 })
    expect(session('at', { gap: 500 })).toEqual({ kind: 'session', time: 'at', gapMs: 500 })
    expect(processingTime.tumble('1s')).toEqual({ kind: 'processing', sizeMs: 1_000 })
    expect([isWindow('a'), isWindow(tumble('at', 1))]).toEqual([false, true])
  })
})
