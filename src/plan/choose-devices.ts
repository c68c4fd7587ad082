// Which steps of a plan go to the GPU: those that have a form for it, where the choice of device and their types allow.
import type { Json } from '../base/json.ts'
import { fieldOf } from '../batch/schema.ts'
import { gpuFit } from '../compute/gpu-accumulators.ts'
import type { AggregateParams } from '../operators/group-by.ts'
import { operatorType } from './catalogue.ts'
import type { OperatorNode, PlanNode } from './plan.ts'
import { factsOf, type ResolvedPlan } from './resolve.ts'

/** The plan with steps of partial aggregation put on the GPU: on 'auto' those whose results are the same to the bit, on 'webgpu' all it can do. */
export function chooseDevices(plan: ResolvedPlan, choice: 'auto' | 'webgpu'): ResolvedPlan {
  return { ...plan, nodes: plan.nodes.map(node => (node.node === 'operator' && fits(plan, node, choice) ? onGpu(node, choice) : node)) }
}

/** Where a step computes. */
export function deviceOf(node: PlanNode): 'wasm' | 'webgpu' {
  return (node.node === 'operator' && operatorType(node.kind).device) || 'wasm'
}

function fits(plan: ResolvedPlan, node: OperatorNode, choice: 'auto' | 'webgpu'): boolean {
  if (node.kind !== 'partialAggregate') return false
  const { fields } = factsOf(plan.edges, node.inputs[0]!)
  const { aggregates } = node.params as unknown as AggregateParams
  const found = aggregates.map(({ fn, input }) => gpuFit(input === undefined ? { fn } : { fn, inputType: fieldOf(fields, input, node.id).type }))
  return found.length > 0 && found.every(fit => fit === 'exact' || (fit === 'rounded' && choice === 'webgpu'))
}

function onGpu(node: OperatorNode, device: 'auto' | 'webgpu'): OperatorNode {
  return { ...node, kind: 'gpuAggregate', params: { ...(node.params as object), device } as Json }
}
