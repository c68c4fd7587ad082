// The rewrite rules between what users wrote and what runs: same rows, same errors but those of rows that nobody asked for, less work. A rule is a file in
// rules/ and a line here. Ids stay, so that checkpoints, metrics and messages name the user's own steps.
import { expandSelectors } from './expand-selectors.ts'
import { PlanGraph } from './graph.ts'
import type { Plan } from './plan.ts'
import { type Bindings, edgeKey, factsOf, type ResolvedPlan, resolvePlan } from './resolve.ts'
import { chooseBuildSides } from './rules/choose-build-sides.ts'
import { filterInJoins } from './rules/filter-in-joins.ts'
import { pruneColumns } from './rules/prune-columns.ts'
import { pushFilters } from './rules/push-filters.ts'
import { pushLimits } from './rules/push-limits.ts'
import { shareWindows } from './rules/share-windows.ts'
import { simplifyConditions } from './rules/simplify-conditions.ts'

/** What rules may know of the run. `keepsState`: its state must not depend on how large sources are, nor on threads. */
export interface RunFacts {
  readonly keepsState?: boolean
  readonly threads?: number
}

// Moving rows to the instances of their partitions and back costs half of what window functions cost.
const sharingThreads = 4

/** A plan that does the same with less work, resolved. `resolved` is `plan` resolved. Cost: nodes × columns. */
export function optimizePlan(plan: Plan, resolved: ResolvedPlan, bindings: Bindings, { keepsState = false, threads = 0 }: RunFacts = {}): { plan: Plan; resolved: ResolvedPlan } {
  const graph = new PlanGraph(plan)
  // A filter that a rule has added has the fields of what it reads.
  const fieldsOf = (id: string): ReadonlySet<string> => {
    const facts = resolved.edges.get(edgeKey({ node: id }))
    return facts ? new Set(facts.fields.map(f => f.name)) : fieldsOf(graph.operator({ node: id })!.inputs[0]!.node)
  }
  for (const node of graph.nodes) {
    if (node.node !== 'operator' || node.inputs.length === 0) continue
    const expanded = expandSelectors(node, factsOf(resolved.edges, node.inputs[0]!).fields)
    if (expanded !== node) graph.replace(expanded)
  }
  simplifyConditions(graph)
  pushLimits(graph)
  pushFilters(graph, fieldsOf)
  const all = { resolved, columns: new Map<string, readonly string[]>() }
  let pushed = graph.plan()
  let facts = resolvePlan(pushed, bindings, all)
  // What one step no longer computes, the step before it need not either.
  for (let rounds = 0; rounds < plan.nodes.length && pruneColumns(graph, facts); rounds++) {
    pushed = graph.plan()
    facts = resolvePlan(pushed, bindings, all)
  }
  const isTurned = !keepsState && chooseBuildSides(graph, facts, bindings)
  const isShared = !keepsState && threads >= sharingThreads && shareWindows(graph)
  if (isTurned || isShared) {
    pushed = graph.plan()
    facts = resolvePlan(pushed, bindings, all)
  }
  if (filterInJoins(graph, facts)) {
    pushed = graph.plan()
    facts = resolvePlan(pushed, bindings, all)
  }
  return { plan: pushed, resolved: facts }
}
