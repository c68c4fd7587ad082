// Window functions by partitions in as many instances as there are threads: rows go to the instances of their partitions, and back into source order. Not in
// jobs that write checkpoints, whose rows have no places that outlive a restart.
import type { Json } from '../../base/json.ts'
import type { PlanGraph } from '../graph.ts'

/** Says so to all steps with window functions; true where there are any. */
export function shareWindows(graph: PlanGraph): boolean {
  let changed = false
  for (const node of graph.nodes) {
    if (node.node !== 'operator' || node.kind !== 'over') continue
    graph.replace({ ...node, params: { ...(node.params as object), shared: true } as Json })
    changed = true
  }
  return changed
}
