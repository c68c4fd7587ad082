import { describe, expect, it } from 'vitest'
import { count, sum } from '../../src/frame/aggregates.ts'
import { col } from '../../src/frame/expr.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { job } from '../../src/frame/job.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { tumble } from '../../src/frame/windows.ts'
import { write } from '../../src/frame/write.ts'
import { frame } from '../support/frames.ts'

const rows = () => frame([{ id: 1, at: 0 }], { id: 'int32', at: 'timestamp[ms]' })
const planOf = (...frames: FrameValue[]) => buildPlan(frames.map(f => f.edge.node)).plan
const idsOf = (...frames: FrameValue[]) => planOf(...frames).nodes.map(n => n.id)

describe('the plan of a frame', () => {
  const program = () => rows().filter(col('id').gt(0)).filter(col('id').lt(9)).sort('id').limit(3)

  it('numbers steps by the methods that made them, the same for the same program', () => {
    expect(idsOf(program())).toEqual(['from', 'filter', 'filter-2', 'sort', 'limit'])
    expect(JSON.stringify(planOf(program()))).toBe(JSON.stringify(planOf(program())))
  })

  it('has a step that several frames share once', () => {
    const shared = rows().filter(col('id').gt(0))
    expect(idsOf(shared.limit(1), shared.sort('id'))).toEqual(['from', 'filter', 'limit', 'sort'])
    expect(idsOf(shared.join(shared.rename({ id: 'other', at: 'then' }), { left: 'id', right: 'other' }))).toEqual(['from', 'filter', 'rename', 'join'])
  })

  it('keeps the names that users gave, and refuses one that is given twice', () => {
    expect(idsOf(rows().limit(1).named('few'))).toEqual(['from', 'few'])
    const twice = rows().limit(1).named('few').sort('id').named('few')
    expect(() => planOf(twice)).toThrow(expect.objectContaining({ code: 'NAME_TWICE', message: expect.stringContaining('"few"') }))
    expect(() => rows().limit(1).named('a/b')).toThrow(expect.objectContaining({ code: 'NAME' }))
  })

  it('names sinks as the job does, side outputs after their step', () => {
    const windows = rows().groupBy('id', tumble('at', '1s')).agg({ n: count() }).late(write.ndjson('late/')).named('per-id')
    const { plan } = buildPlan(job({ all: windows.to(write.csv('a.csv')), few: windows.limit(1).to(write.csv('b.csv')) }).roots)
    expect(plan.nodes.map(n => `${n.node} ${n.id}`)).toEqual(['feed from', 'operator per-id', 'sink per-id-late', 'sink all', 'operator limit', 'sink few'])
    expect(plan.nodes[2]).toMatchObject({ kind: 'ndjson', input: { node: 'per-id', port: 'late' }, options: { path: 'late/' } })
    expect(() => rows().groupBy('id').agg({ n: sum('id') }).late(write.ndjson('late/'))).toThrow(expect.objectContaining({ code: 'LATE' }))
  })

  it('holds no closure, only the name that it has in the bindings', () => {
    const { plan, bindings } = buildPlan([rows().map((row: object) => row, { schema: { id: 'int32' } }).edge.node])
    const { function: reference } = (plan.nodes[1] as unknown as { params: { function: { closure: string } } }).params
    expect(typeof bindings.get(reference.closure)).toBe('function')
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  })
})

describe('steps that can’t be', () => {
  it.each([
    ['two windows', () => rows().groupBy(tumble('at', '1s'), tumble('at', '2s')), 'TWO_WINDOWS'],
    ['half a row', () => rows().limit(0.5), 'LIMIT'],
    ['a negative offset', () => rows().limit(1, { offset: -1 }), 'LIMIT'],
    ['an outer join', () => rows().join(rows(), { left: 'id', right: 'id', how: 'outer' }), 'JOIN_HOW'],
    ['keys of two lengths', () => rows().join(rows(), { left: ['id', 'at'], right: 'id' }), 'JOIN_KEYS'],
    ['a function that is none', () => rows().map('id' as never), 'FUNCTION'],
    ['a duration that is none', () => rows().watermark('at', { bound: 'soon' as never }), 'DURATION'],
  ])('%s', (_, make, code) => {
    expect(make).toThrow(expect.objectContaining({ code }))
  })
})
