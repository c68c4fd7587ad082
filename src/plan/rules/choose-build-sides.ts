// Join build side: the smaller side of a join becomes the table, the larger one streams past it. Users write the side that is looked up on the right; where
// estimates say that it is the larger one, the join is turned around. Rows come as they would have come: nobody sees the order of what is grouped, and
// where somebody does, the rows of the result are put back into it by the numbers of the left rows.
import type { Json } from '../../base/json.ts'
import type { AggregateCall } from '../../expr/aggregate-calls.ts'
import { fieldOf, type Fields } from '../../batch/schema.ts'
import { isFloat } from '../../batch/data-type.ts'
import type { TurnedJoin } from '../../operators/join-fields.ts'
import { estimateRows } from '../estimate-rows.ts'
import type { PlanGraph } from '../graph.ts'
import { inputsOf, type OperatorNode, type PlanNode } from '../plan.ts'
import { type Bindings, edgeKey, type ResolvedPlan } from '../resolve.ts'

// A table of fewer rows costs nothing worth turning for.
const rowsMin = 10_000
// How many times the rows of the left side the right side must have: where order is free, and where the result has to be sorted.
const factor = 2
const factorSorted = 8

/** Turns the joins that are better turned; true where there are any. `resolved` is the plan of the graph as it is. */
export function chooseBuildSides(graph: PlanGraph, resolved: ResolvedPlan, bindings: Bindings): boolean {
  const plan = graph.plan()
  if (!plan.nodes.some(node => node.node === 'operator' && node.kind === 'join')) return false
  let changed = false
  const rows = estimateRows(plan, resolved, bindings)
  const observed = observedNodes(plan.nodes)
  for (const node of plan.nodes) {
    if (node.node !== 'operator' || node.kind !== 'join' || node.inputs.some(edge => edge.port !== undefined)) continue
    const [left, right] = node.inputs.map(edge => rows.get(edge.node))
    if (left === undefined || right === undefined || right < rowsMin || !canTurn(node, resolved)) continue
    const { how = 'inner' } = node.params as { how?: string }
    const ordered = observed.has(node.id) && how !== 'semi' && how !== 'anti'
    if (right < (ordered ? factorSorted : factor) * left) continue
    const turned: TurnedJoin = { ordered, rows: [left, right] }
    graph.replace({ ...node, params: { ...(node.params as object), turned } as unknown as Json })
    changed = true
  }
  return changed
}

// By keys, of inputs that end. A key column of both sides shows the left side's zero, so the sign of it must not come from the other side.
function canTurn(node: OperatorNode, { edges }: ResolvedPlan): boolean {
  const { left, how = 'inner', asOf, lookup } = node.params as { left: readonly string[]; how?: string; asOf?: Json; lookup?: boolean }
  const [first, second] = node.inputs.map(edge => edges.get(edgeKey(edge)))
  if (left.length === 0 || asOf !== undefined || lookup || !first?.bounded || !second?.bounded) return false
  if (first.watermarked || second.watermarked) return false
  return (how !== 'right' && how !== 'full') || !left.some(name => holdsZeros(first.fields, name))
}

function holdsZeros(fields: Fields, name: string): boolean {
  return fields.some(field => field.name === name) && isFloat(fieldOf(fields, name, '').type)
}

/** Steps whose rows come in the order of their input's. */
const keeping = new Set(['filter', 'with', 'select', 'rename', 'drop', 'dropNull', 'fillNull', 'explode', 'unpivot', 'as', 'union'])
/** Aggregates that give the same in any order of their rows. */
const unordered = new Set(['count', 'countDistinct', 'approxCountDistinct', 'sum', 'mean', 'min', 'max', 'variance', 'stddev', 'median', 'quantile', 'corr', 'covariance', 'any', 'every'])

// The nodes of whose rows somebody sees the order.
function observedNodes(nodes: readonly PlanNode[]): Set<string> {
  const observed = new Set(nodes.map(node => node.id))
  for (const node of [...nodes].reverse()) {
    const readers = nodes.flatMap(reader => inputsOf(reader).flatMap((edge, port) => (edge.node === node.id ? [{ reader, port, isSide: edge.port !== undefined }] : [])))
    if (readers.length > 0 && readers.every(({ reader, port, isSide }) => !isSide && !sees(reader, port, observed))) observed.delete(node.id)
  }
  return observed
}

// Whether a reader, or one behind it, sees the order of its input.
function sees(reader: PlanNode, port: number, observed: ReadonlySet<string>): boolean {
  if (reader.node !== 'operator') return true
  const params = (reader.params ?? {}) as { how?: string; aggregates?: Readonly<Record<string, AggregateCall>>; window?: Json; function?: Json; direction?: Json; where?: Json }
  if (reader.kind === 'groupBy') return params.window !== undefined || params.function !== undefined || !Object.values(params.aggregates ?? {}).every(call => unordered.has(call.fn))
  if (reader.kind === 'join') return (port === 0 || (params.how !== 'semi' && params.how !== 'anti')) && observed.has(reader.id)
  if (reader.kind === 'fillNull' && params.direction !== undefined) return true
  return !keeping.has(reader.kind) || observed.has(reader.id)
}
