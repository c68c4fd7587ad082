import { describe, expect, it } from 'vitest'
import { schemaText } from '../../src/batch/schema.ts'
import { count, max, sum } from '../../src/frame/aggregates.ts'
import { col } from '../../src/frame/expr.ts'
import type { FrameValue } from '../../src/frame/frame.ts'
import { fromData } from '../../src/frame/from.ts'
import { buildPlan } from '../../src/frame/node.ts'
import { processingTime, tumble } from '../../src/frame/windows.ts'
import { write } from '../../src/frame/write.ts'
import type { Plan, SinkNode } from '../../src/plan/plan.ts'
import { resolvePlan } from '../../src/plan/resolve.ts'
import { frame } from '../support/frames.ts'

const schema = { id: 'int32', price: 'int64', name: 'utf8?', at: 'timestamp[ms]' }
const rows = () => frame([{ id: 1, price: 2n, name: null, at: 0 }], schema)
const stream = () => fromData((async function* () {})(), { schema })

function resolved(frame: FrameValue) {
  const { plan, bindings } = buildPlan([frame.edge.node])
  return resolvePlan(plan, bindings)
}

describe('resolving a plan', () => {
  it('gives every edge its fields', () => {
    const { edges, nodes, bounded } = resolved(
      rows()
        .with({ twice: col('price').mul(2) })
        .groupBy('name')
        .agg({ n: count(), all: sum(col('twice').add(1)) })
        .rename({ n: 'rows' }),
    )
    const text = Object.fromEntries([...edges].map(([id, facts]) => [id, schemaText(facts.fields)]))
    expect(text.with).toEqual({ ...schema, twice: 'int64' })
    expect(text.groupBy).toEqual({ name: 'utf8?', n: 'int64', all: 'int64' })
    expect(text.rename).toEqual({ name: 'utf8?', rows: 'int64', all: 'int64' })
    expect(nodes.map(n => n.id)).toEqual(['from', 'with', 'groupBy:inputs', 'groupBy:partial', 'groupBy', 'rename'])
    expect(bounded).toBe(true)
  })

  it('knows which rows end and which have a watermark', () => {
    const { edges, bounded } = resolved(stream().watermark('at', { bound: '1s' }).filter(col('id').gt(0)))
    expect(bounded).toBe(false)
    expect(edges.get('filter')).toMatchObject({ bounded: false, watermarked: true, sources: new Set(['from']) })
  })

  it('stores the right side of a join that ends, and both sides of any other', () => {
    const kindsOf = (joined: FrameValue) => resolved(joined).nodes.map(node => `${node.id} ${node.kind}`).slice(-2)
    const right = () => frame([{ key: 1 }], { key: 'int32' })
    const once = stream()
    expect(kindsOf(rows().join(right(), { left: 'id', right: 'key' }))).toEqual(['join:right joinBuild', 'join joinProbe'])
    expect(kindsOf(once.join(once.select({ key: col('id') }), { left: 'id', right: 'key' }))).toEqual(['select select', 'join join'])
  })

  const windowed = (frame: FrameValue) => frame.groupBy('id', tumble('at', '1s')).agg({ n: count() })
  it.each([
    ['a misspelt column', () => rows().filter(col('nmae').eq('x')), 'NO_COLUMN', 'filter: no column "nmae"; the input has id, price, name, at; did you mean "name"?'],
    ['a column that an earlier step dropped', () => rows().drop('id').sort('id'), 'NO_COLUMN', 'sort: no column "id"; the input has price, name, at'],
    ['a misspelt group key', () => rows().groupBy('ide').agg({ n: count() }), 'NO_COLUMN', 'did you mean "id"?'],
    ['a misspelt column in an aggregate', () => rows().groupBy('id').agg({ n: max('prise') }), 'NO_COLUMN', 'did you mean "price"?'],
    ['a misspelt time', () => rows().watermark('ta', { bound: 0 }), 'NO_COLUMN', 'did you mean "at"?'],
    ['several groupings at once over a stream', () => stream().rollup('id').agg({ n: count() }), 'UNBOUNDED_GROUP', 'group by each set of keys by itself'],
    ['a window over a stream without a watermark', () => windowed(stream()), 'NO_WATERMARK', `.watermark("at", { bound: '5s' })`],
    ['a sort of a stream', () => stream().sort('id'), 'UNBOUNDED_SORT', 'needs input that ends'],
    ['an unknown kind', () => rows().apply('fliter', {}), 'NO_KIND', 'no operator of kind "fliter"; did you mean "filter"?'],
  ])('refuses %s', (_, make, code, message) => {
    expect(() => resolved(make())).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
  })

  it('lets windows by the clock do without a watermark, and those over rows that end', () => {
    expect(() => resolved(stream().groupBy('id', processingTime.tumble('1s')).agg({ n: count() }))).not.toThrow()
    expect(() => resolved(windowed(rows()))).not.toThrow()
    expect(() => resolved(windowed(stream().watermark('at', { bound: 0 })))).not.toThrow()
  })

  it('refuses a side output that a step doesn’t have', () => {
    const { plan, bindings } = buildPlan([rows().limit(1).edge.node])
    const sink: SinkNode = { node: 'sink', id: 'late', kind: 'ndjson', options: write.ndjson('late/').options, input: { node: 'limit', port: 'late' } }
    const wrong: Plan = { ...plan, nodes: [...plan.nodes, sink] }
    expect(() => resolvePlan(wrong, bindings)).toThrow(expect.objectContaining({ code: 'NO_PORT', message: 'limit: no side output "late"; it has none' }))
  })

  it('checks what sinks can take', () => {
    const { plan, bindings } = buildPlan(rows().to({ sink: 'parquet', options: {} }).roots)
    expect(() => resolvePlan(plan, bindings)).toThrow(expect.objectContaining({ code: 'PATHS' }))
  })
})
