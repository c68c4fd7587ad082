// Limit push-down: a limit goes below steps that compute a row from a row, so that they compute no more rows than are wanted.
import type { PlanGraph } from '../graph.ts'

const rowByRow = new Set(['with', 'select', 'rename', 'drop'])

/** Moves limits towards the sources. What rows beyond the limit would have made fail no longer does. */
export function pushLimits(graph: PlanGraph): void {
  for (const { id } of graph.nodes) {
    for (;;) {
      const limit = graph.operator({ node: id })
      const below = limit?.kind === 'limit' ? graph.operator(limit.inputs[0]!) : undefined
      if (!limit || !below || !rowByRow.has(below.kind) || graph.readers(below.id) !== 1) break
      graph.swap(limit, below)
    }
  }
}
