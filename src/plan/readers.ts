// Who reads whom: rules that look beyond one step.
import { type Edge, inputsOf, type OperatorNode, type Plan, type PlanNode } from './plan.ts'

/** A sort of which only so many rows are read is no full sort. */
const topRowsMax = 100_000

/** True where a step at or before `edge` has other readers than the one on the way. Cost: nodes. */
export function isShared(plan: Plan, edge: Edge): boolean {
  const nodes = new Map(plan.nodes.map(node => [node.id, node]))
  const before = (at: Edge): boolean => plan.nodes.flatMap(inputsOf).filter(input => input.node === at.node).length > 1 || inputsOf(nodes.get(at.node)!).some(before)
  return before(edge)
}

/** The nodes, with sorts that only limits read made to find the first rows alone. */
export function topOfSorts(nodes: readonly PlanNode[]): PlanNode[] {
  return nodes.map(node => {
    if (node.node !== 'operator' || node.kind !== 'sort') return node
    const readers = readersOf(nodes, node.id)
    const counts = readers.map(reader => (reader.node === 'operator' && reader.kind === 'limit' ? rowsOf(reader) : Number.POSITIVE_INFINITY))
    const count = Math.max(...counts)
    return readers.length === 0 || count > topRowsMax ? node : { ...node, kind: 'topK', params: { ...(node.params as object), count } }
  })
}

function rowsOf(node: OperatorNode): number {
  const { offset, count } = node.params as { offset: number; count: number }
  return offset + count
}

function readersOf(nodes: readonly PlanNode[], id: string): PlanNode[] {
  return nodes.filter(node => inputsOf(node).some(edge => edge.node === id))
}
