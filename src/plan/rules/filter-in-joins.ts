// A filter right before the side of a join that streams past the table goes into the join: rows that don't pass are taken for rows without a partner, so that
// only those that meet something are ever copied. Not where rows without a partner stay.
import type { Json } from '../../base/json.ts'
import { factsOf, type ResolvedPlan } from '../resolve.ts'
import type { PlanGraph } from '../graph.ts'

const vanishing = { straight: ['inner', 'right', 'semi'], turned: ['inner', 'left', 'semi', 'anti'] } as const

/** Moves such filters; true where there are any. `resolved` is the plan of the graph as it is. */
export function filterInJoins(graph: PlanGraph, resolved: ResolvedPlan): boolean {
  let changed = false
  for (const { id } of graph.nodes) {
    const join = graph.operator({ node: id })
    if (join?.kind !== 'join') continue
    const params = join.params as { left: readonly string[]; how?: string; turned?: Json; asOf?: Json; computed?: Json; where?: Json; within?: Json }
    const kinds: readonly string[] = params.turned ? vanishing.turned : vanishing.straight
    const filter = graph.operator(join.inputs[params.turned ? 1 : 0]!)
    if (filter?.kind !== 'filter' || graph.readers(filter.id) !== 1 || !kinds.includes(params.how ?? 'inner')) continue
    // Streams are joined as they come; keys and bounds that are computed would be computed for all rows.
    if (params.left.length === 0 || params.asOf || params.computed || params.where || params.within || !join.inputs.every(edge => isTable(resolved, edge))) continue
    graph.replace({ ...join, params: { ...(join.params as object), filter: (filter.params as { predicate: Json }).predicate } as Json })
    graph.remove(filter)
    changed = true
  }
  return changed
}

function isTable({ edges }: ResolvedPlan, edge: { readonly node: string; readonly port?: string }): boolean {
  const { bounded, watermarked } = factsOf(edges, edge)
  return bounded && !watermarked
}
