// Projection push-down: columns that nobody reads are not computed. Steps stay; their lists get shorter.
import type { Json } from '../../base/json.ts'
import type { PlanGraph } from '../graph.ts'
import { columnNeeds } from '../needed-columns.ts'
import type { ResolvedPlan } from '../resolve.ts'

/** Takes results out of `with` and `select` that no reader needs; `resolved` is the plan of the graph as it is. True where something changed. */
export function pruneColumns(graph: PlanGraph, resolved: ResolvedPlan): boolean {
  const needs = columnNeeds(resolved)
  let changed = false
  for (const { id } of graph.nodes) {
    const node = graph.operator({ node: id })
    const need = needs.get(id)
    if (!node || (node.kind !== 'with' && node.kind !== 'select') || !need || need === 'all') continue
    const { columns, order } = node.params as { columns: Record<string, Json>; order?: readonly string[] }
    const entries = Object.entries(columns)
    const kept = entries.filter(([name]) => need.has(name))
    // A count needs rows, not columns.
    if (node.kind === 'select' && kept.length === 0) kept.push(entries[0]!)
    if (kept.length === entries.length) continue
    changed = true
    if (kept.length === 0) graph.remove(node)
    else graph.replace({ ...node, params: { ...(node.params as object), columns: Object.fromEntries(kept), ...(order && { order: order.filter(name => kept.some(([other]) => other === name)) }) } })
  }
  return changed
}
