import { describe, expect, it } from 'vitest'
import { PlanGraph } from '../../src/plan/graph.ts'
import { optimizePlan } from '../../src/plan/optimize.ts'
import { type OperatorNode, type Plan, type PlanNode, inputsOf } from '../../src/plan/plan.ts'
import { resolvePlan } from '../../src/plan/resolve.ts'

const operator = (id: string, ...inputs: string[]): OperatorNode => ({ node: 'operator', id, kind: 'limit', params: { count: 1, offset: 0 }, inputs: inputs.map(node => ({ node })) })
const source: PlanNode = { node: 'feed', id: 's', kind: 'values', options: null, binding: 's' }
const sink = (input: string): PlanNode => ({ node: 'sink', id: 'out', kind: 'user', options: null, input: { node: input } })
const planOf = (...nodes: PlanNode[]): Plan => ({ version: 1, nodes })
const shape = (plan: Plan) => plan.nodes.map(n => `${n.id}<${inputsOf(n).map(e => e.node)}`)

describe('a graph of a plan', () => {
  it('is the plan where nothing was changed', () => {
    const plan = planOf(source, operator('a', 's'), operator('b', 'a', 's'), sink('b'))
    expect(new PlanGraph(plan).plan()).toEqual(plan)
  })

  it('swaps a step with the one below it, for all readers', () => {
    const graph = new PlanGraph(planOf(source, operator('a', 's'), operator('b', 'a'), operator('c', 'b'), sink('c')))
    graph.swap(graph.operator({ node: 'b' })!, graph.operator({ node: 'a' })!)
    expect(shape(graph.plan())).toEqual(['s<', 'b<s', 'a<b', 'c<a', 'out<c'])
  })

  it('takes a step out, and adds one under a free name', () => {
    const graph = new PlanGraph(planOf(source, operator('a', 's'), operator('b', 'a'), sink('b')))
    graph.remove(graph.operator({ node: 'a' })!)
    expect(graph.add(operator('b', 's'))).toEqual({ node: 'b#2' })
    expect(shape(graph.plan())).toEqual(['s<', 'b<s', 'out<b', 'b#2<s'])
  })

  it('counts readers of rows and of side outputs, and finds no operator behind a side output', () => {
    const late: PlanNode = { node: 'sink', id: 'late', kind: 'user', options: null, input: { node: 'a', port: 'late' } }
    const graph = new PlanGraph(planOf(source, operator('a', 's'), sink('a'), late))
    expect(graph.readers('a')).toBe(2)
    expect(graph.operator({ node: 'a', port: 'late' })).toBeUndefined()
    expect(graph.operator({ node: 's' })).toBeUndefined()
  })
})

it('a plan without a step that a rule knows is left as it is', () => {
  const bindings = new Map<string, unknown>([['s', { fields: [{ name: 'n', type: { kind: 'int32' }, nullable: false }], rows: [], bounded: true }]])
  const plan = planOf(source, operator('a', 's'))
  expect(optimizePlan(plan, resolvePlan(plan, bindings), bindings).plan).toEqual(plan)
})
