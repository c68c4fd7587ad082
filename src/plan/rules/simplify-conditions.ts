// Conditions that are settled before any row is seen: `true and x` is x, `not not x` is x, and a filter that keeps everything goes.
import type { Json } from '../../base/json.ts'
import { type Expression, literalExpression } from '../../expr/expression.ts'
import { simplify } from '../../expr/simplify.ts'
import type { PlanGraph } from '../graph.ts'

/** Simplifies the conditions of filters; one that is true for all rows is taken out. */
export function simplifyConditions(graph: PlanGraph): void {
  for (const node of graph.nodes) {
    if (node.node !== 'operator' || node.kind !== 'filter') continue
    const { predicate } = node.params as unknown as { predicate: Expression }
    const simpler = simplify(predicate)
    if (simpler.kind === 'literal' && simpler.value === true) graph.remove(node)
    else if (simpler !== predicate) graph.replace({ ...node, params: { predicate: (simpler.kind === 'literal' ? literalExpression(false) : simpler) as unknown as Json } })
  }
}
