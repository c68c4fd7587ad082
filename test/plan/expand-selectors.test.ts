import { describe, expect, it } from 'vitest'
import { parseSchema } from '../../src/batch/schema.ts'
import type { Json } from '../../src/base/json.ts'
import { pickedNames } from '../../src/expr/selector.ts'
import { col, from } from '../../src/index.ts'
import { expandSelectors } from '../../src/plan/expand-selectors.ts'
import type { OperatorNode } from '../../src/plan/plan.ts'

const fields = [...parseSchema({ id: 'int32', price: 'float64', name: 'utf8?' }, 'test'), { name: '$row', type: { kind: 'int64' }, nullable: false } as const]
const step = (kind: string, params: object): OperatorNode => ({ node: 'operator', id: 'step', kind, params: params as Json, inputs: [{ node: 'from' }] })
const numeric = { selector: 'type', types: ['numeric'] } as const

describe('selectors in a plan', () => {
  it('become names, under the kinds that all rules know', () => {
    expect(expandSelectors(step('pick', { columns: ['name', numeric] }), fields)).toMatchObject({
      id: 'step',
      kind: 'select',
      params: { columns: { name: { kind: 'column', name: 'name' }, id: { kind: 'column', name: 'id' }, price: { kind: 'column', name: 'price' } } },
    })
    expect(expandSelectors(step('drop', { names: [numeric] }), fields).params).toEqual({ names: ['id', 'price'] })
    expect(expandSelectors(step('fillNull', { direction: 'forward', names: [numeric, 'name'] }), fields).params).toEqual({ direction: 'forward', names: ['id', 'price', 'name'] })
    const each = { kind: 'call', fn: 'neg', args: [{ kind: 'column', name: '$column' }] }
    expect(expandSelectors(step('mapColumns', { columns: [numeric], each }), fields)).toMatchObject({
      kind: 'with',
      params: { columns: { id: { fn: 'neg', args: [{ name: 'id' }] }, price: { fn: 'neg', args: [{ name: 'price' }] } } },
    })
  })

  it('leave steps without selectors as they are', () => {
    for (const node of [step('drop', { names: ['id'] }), step('distinct', {}), step('reverse', {}), step('with', { columns: {} })]) expect(expandSelectors(node, fields)).toBe(node)
  })

  it('refuse what no selector says', () => {
    const picks = (selector: object) => () => pickedNames([selector as never], fields, 'step')
    expect(picks({ selector: 'first' })).toThrow(expect.objectContaining({ code: 'SELECTOR', message: 'step: "first" is no way to choose columns; there are all, type, pattern, except, and, or' }))
    expect(picks({ selector: 'pattern', pattern: '(', flags: '' })).toThrow(expect.objectContaining({ code: 'SELECTOR', message: expect.stringContaining('step: /(/ is no regular expression') }))
    expect(pickedNames([{ selector: 'all' }], fields, 'step')).toEqual(['id', 'price', 'name'])
  })

  it('find the same columns after others were pruned, and let the rules see names', async () => {
    const rows = [{ id: 1, price: 1.5, name: 'x', spare: 2.5 }, { id: 2, price: 7.5, name: 'y', spare: 3.5 }]
    const frame = from(rows, { schema: { id: 'int32', price: 'float64', name: 'utf8', spare: 'float64' } })
    const made = frame.select('id', col.ofType('float64')).mapColumns(col.ofType('float64'), c => c.mul(2)).filter(col('id').gt(1)).select('id', 'price')
    const text = made.explain()
    expect(text).toContain('with price: price * 2')
    expect(text).toContain('select  select id, price\n')
    expect(text.indexOf('filter id > 1')).toBeGreaterThan(text.indexOf('with price'))
    expect((await made.collect()).toArray()).toEqual([{ id: 2, price: 15 }])
    expect((await frame.drop(col.ofType('float64')).select('name').collect()).toArray()).toEqual([{ name: 'x' }, { name: 'y' }])
  })
})
