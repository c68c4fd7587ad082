// Puts filters and projections into the partial aggregation behind them, where one compiled pass can do all of it. The steps keep their ids in messages; figures
// of a run are those of the pass.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { canFuse, type FusedAggregateParams, type FusedStep, fusedKinds } from '../operators/fused-aggregate.ts'
import type { AggregateParams } from '../operators/group-by.ts'
import { type Edge, inputsOf, type OperatorNode, type PlanNode } from './plan.ts'
import { factsOf, type ResolvedPlan } from './resolve.ts'

/** Rows after which a function is compiled: fewer are done before. */
const rowsBefore = 16_384

/** When pipelines are fused: 'auto' where much is to be read, 'always' from the first row on, or 'never'. */
export type FuseChoice = 'auto' | 'always' | 'never'

/** Checks the option. Throws PlanError FUSE. */
export function parseFuse(choice: unknown = 'auto'): FuseChoice {
  if (choice === 'auto' || choice === 'always' || choice === 'never') return choice
  throw new PlanError('FUSE', `run: fuse is ${JSON.stringify(choice)}; it is 'auto', 'always' or 'never'`)
}

/** The plan with fused steps. `isLarge`: it reads much. */
export function fusePipelines(plan: ResolvedPlan, choice: FuseChoice, isLarge: boolean): ResolvedPlan {
  if (choice === 'never' || (choice === 'auto' && !isLarge)) return plan
  const byId = new Map(plan.nodes.map(node => [node.id, node]))
  const readers = new Map<string, number>()
  for (const node of plan.nodes) for (const { node: id } of inputsOf(node)) readers.set(id, (readers.get(id) ?? 0) + 1)
  const gone = new Set<string>()
  const nodes = plan.nodes.map((node): PlanNode => {
    if (node.node !== 'operator' || node.kind !== 'partialAggregate') return node
    const { steps, edge } = stepsBefore(node, byId, readers)
    const params: FusedAggregateParams = { ...(node.params as unknown as AggregateParams), steps, rowsBefore: choice === 'always' ? 0 : rowsBefore }
    if (!canFuse(params, factsOf(plan.edges, edge).fields)) return node
    for (const { id } of steps) gone.add(id)
    return { ...node, kind: 'fusedAggregate', params: params as unknown as Json, inputs: [edge] }
  })
  return { ...plan, nodes: nodes.filter(({ id }) => !gone.has(id)) }
}

// The chain of steps that only this one reads, and what the first of them reads.
function stepsBefore(node: OperatorNode, byId: ReadonlyMap<string, PlanNode>, readers: ReadonlyMap<string, number>): { steps: FusedStep[]; edge: Edge } {
  const steps: FusedStep[] = []
  let edge = node.inputs[0]!
  for (;;) {
    const before = edge.port === undefined ? byId.get(edge.node) : undefined
    if (before?.node !== 'operator' || !fusedKinds.includes(before.kind) || readers.get(before.id) !== 1) return { steps, edge }
    steps.unshift({ id: before.id, kind: before.kind, params: before.params })
    edge = before.inputs[0]!
  }
}
