// Column pruning: which columns of each scan anything reads, so that files decode no others. Operators that pass their input on need
// what their readers need; anything this rule doesn't know needs all.
import type { Json } from '../base/json.ts'
import { type Fields, isHidden } from '../batch/schema.ts'
import { operatorType, scanType } from './catalogue.ts'
import { inputsOf, type PlanNode } from './plan.ts'
import { edgeKey, type ResolvedPlan } from './resolve.ts'

/** The columns of an edge that its readers need. */
export type Need = ReadonlySet<string> | 'all'

/** What the readers of each edge need, by the edge's key; an edge that nothing reads is absent. Cost: nodes × columns. */
export function columnNeeds(plan: ResolvedPlan): ReadonlyMap<string, Need> {
  const needs = new Map<string, Need>()
  const add = (key: string, need: Need) => {
    const before = needs.get(key)
    if (need === 'all' || before === 'all') needs.set(key, 'all')
    else needs.set(key, new Set([...(before ?? []), ...need]))
  }
  const read = new Set(plan.nodes.flatMap(node => inputsOf(node).map(edge => edge.node)))
  for (const node of [...plan.nodes].reverse()) {
    if (!read.has(node.id)) needs.set(node.id, 'all') // a result that has no sink yet
    for (const [port, edge] of inputsOf(node).entries()) add(edgeKey(edge), needOfInput(plan, node, port, needs.get(node.id) ?? new Set()))
  }
  return needs
}

/** The needed columns per scan id, in schema order, and per side output by its edge's key, where the scan prunes those; what must be read whole is absent. */
export function neededColumns(plan: ResolvedPlan): Map<string, readonly string[]> {
  const needs = columnNeeds(plan)
  const result = new Map<string, readonly string[]>()
  for (const node of plan.nodes) {
    if (node.node !== 'scan') continue
    const ports = scanType(node.kind).prunesPorts ? [...plan.edges.keys()].filter(key => key.startsWith(`${node.id}:`)) : []
    for (const edge of [node.id, ...ports]) {
      const columns = prunedColumns(needs.get(edge) ?? 'all', plan.edges.get(edge)!.fields)
      if (columns) result.set(edge, columns)
    }
  }
  return result
}

function prunedColumns(need: Need, fields: Fields): readonly string[] | undefined {
  if (need === 'all' || fields.every(f => need.has(f.name))) return undefined
  const columns = fields.filter(f => need.has(f.name) || isHidden(f.name)).map(f => f.name)
  // A count needs rows, not columns; the first column tells how many there are.
  return columns.length > 0 ? columns : [fields[0]!.name]
}

// Kinds whose output has only columns that their parameters name.
const defining = new Set(['select', 'unpivot', 'partialAggregate', 'finalAggregate', 'customAggregate', 'windowAggregate', 'sessionAggregate', 'triggeredAggregate', 'match', 'as'])
// Kinds that also pass on the columns of their input.
const passing = new Set(['filter', 'with', 'rename', 'drop', 'sortRuns', 'sort', 'topK', 'updatingTop', 'rowIndex', 'limit', 'watermark', 'orderByTime', 'onlineLogistic', 'logisticScore', 'sample'])

function needOfInput(plan: ResolvedPlan, node: PlanNode, port: number, readers: Need): Need {
  if (node.node !== 'operator') return 'all'
  const { needs } = operatorType(node.kind)
  const hasSideReaders = plan.nodes.some(n => inputsOf(n).some(e => e.node === node.id && e.port !== undefined))
  if (needs && !hasSideReaders) {
    const needed = needs(
      node.inputs.map(edge => plan.edges.get(edgeKey(edge))!.fields),
      node.params,
      port,
      readers,
    )
    return needed === 'all' ? 'all' : new Set(needed)
  }
  const isKnown = defining.has(node.kind) || passing.has(node.kind)
  const renames = (node.params as { suffix?: string } | null)?.suffix !== undefined
  if (!isKnown || hasSideReaders || renames) return 'all'
  const input = new Set(plan.edges.get(edgeKey(node.inputs[port]!))!.fields.map(f => f.name))
  const need = new Set<string>()
  collectNames(node.params, input, need)
  if (defining.has(node.kind)) return need
  if (readers === 'all') return 'all'
  for (const name of readers) if (input.has(name)) need.add(name)
  return need
}

// Every text in the parameters that is a column's name counts as a use of it: at worst a column too many is read.
function collectNames(value: Json | undefined, names: ReadonlySet<string>, into: Set<string>): void {
  if (typeof value === 'string') {
    if (names.has(value)) into.add(value)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      if (names.has(key)) into.add(key)
      collectNames(item, names, into)
    }
  }
}
