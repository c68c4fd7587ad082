// Gives every edge of a plan its fields, in order from sources to sinks: sources look at their data, operators check their parameters,
// logical operators are lowered by `rewrite.ts`. After this the job is known to fit together.
import { PlanError } from '../base/errors.ts'
import { functionKey, type UserFunction } from '../base/function-reference.ts'
import type { Json } from '../base/json.ts'
import { hasChanges } from '../batch/change.ts'
import type { Fields } from '../batch/schema.ts'
import { feedType, operatorType, scanType, sinkType } from './catalogue.ts'
import type { EdgeFacts } from './edge-facts.ts'
import { eventTimeOf, isWatermarked } from './event-time.ts'
import type { Edge, OperatorNode, Plan, PlanNode, ScanNode } from './plan.ts'
import type { PlanAround } from './lower-rows.ts'
import { settleChanges } from './settle-changes.ts'
import { isShared, topOfSorts } from './readers.ts'
import { lowerOperator } from './rewrite.ts'

/** A plan whose every edge is known. `nodes` hold physical operators only. */
export interface ResolvedPlan {
  readonly nodes: readonly PlanNode[]
  readonly edges: ReadonlyMap<string, EdgeFacts>
  readonly bounded: boolean
}

/** Objects that a plan names but can't hold: closures, user-made sources and sinks, cached results. */
export type Bindings = ReadonlyMap<string, unknown>

/** The key of an edge in `ResolvedPlan.edges`. */
export function edgeKey(edge: Edge): string {
  return edge.port === undefined ? edge.node : `${edge.node}:${edge.port}`
}

/** Options of a feed or sink: the bound object where there is one, else the plain data. */
export function optionsOf(node: { options: Json; binding?: string }, bindings: Bindings): unknown {
  return node.binding === undefined ? node.options : bindings.get(node.binding)
}

/** What an earlier resolution found, and the columns of each scan, and of its side outputs, that are needed: the scans are not looked at again. */
export interface Pruning {
  readonly resolved: ResolvedPlan
  readonly columns: ReadonlyMap<string, readonly string[]>
}

/** Resolves a plan. Throws PlanError (the job is wrong) or DataError/ConnectorError (a source can't be looked at). Reads file heads, nothing more. */
export function resolvePlan(plan: Plan, bindings: Bindings, pruning?: Pruning): ResolvedPlan {
  const edges = new Map<string, EdgeFacts>()
  const nodes: PlanNode[] = []
  let allBounded = !plan.streams
  const addSidePorts = (id: string, ports: Record<string, Fields> | undefined, facts: EdgeFacts) => {
    for (const [port, fields] of Object.entries(ports ?? {})) edges.set(edgeKey({ node: id, port }), { ...facts, fields })
  }
  const addOperator = (node: OperatorNode) => {
    const inputs = node.inputs.map(e => factsOf(edges, e))
    const type = operatorType(node.kind)
    const inputFields = inputs.map(i => i.fields)
    const changedBy = inputs.find(i => i.changedBy !== undefined)?.changedBy
    if (changedBy !== undefined && !type.takesChanges) throw refusesChanges(node.id, changedBy, 'group by a window before it, or let it read the rows before they are changed')
    const fields = type.fields(inputFields, node.params, node.id)
    const time = eventTimeOf(node, inputs, fields)
    const facts: EdgeFacts = {
      fields,
      ...(time !== undefined && { time }),
      ...(hasChanges(fields) && { changedBy: changedBy ?? node.id }),
      bounded: inputs.every(i => i.bounded),
      ends: inputs.every(i => i.ends),
      watermarked: isWatermarked(node, inputs),
      sources: new Set(inputs.flatMap(i => [...i.sources])),
    }
    edges.set(node.id, facts)
    addSidePorts(node.id, type.sidePorts?.(inputFields, node.params), facts)
    nodes.push(node)
  }
  const around: PlanAround = { isShared: edge => isShared(plan, edge), functionBehind: reference => bindings.get(functionKey(reference)) as UserFunction | undefined }
  for (const node of topOfSorts(plan.nodes)) {
    switch (node.node) {
      case 'scan': {
        const { options, fields, sidePorts } = pruning ? prunedScan(node.id, pruning) : scanType(node.kind).resolve(node.options, node.id)
        const facts = { fields, bounded: !plan.streams, ends: true, watermarked: false, sources: new Set([node.id]) }
        edges.set(node.id, facts)
        addSidePorts(node.id, sidePorts, facts)
        nodes.push({ ...node, options })
        break
      }
      case 'feed': {
        const { fields, bounded: ends, sidePorts } = feedType(node.kind).resolve(optionsOf(node, bindings), node.id)
        const bounded = ends && !plan.streams
        allBounded &&= bounded
        const facts = { fields, bounded, ends, watermarked: false, sources: new Set([node.id]) }
        edges.set(node.id, facts)
        addSidePorts(node.id, sidePorts, facts)
        nodes.push(node)
        break
      }
      case 'operator':
        for (const lowered of lowerOperator(node, node.inputs.map(e => factsOf(edges, e)), around)) addOperator(lowered)
        break
      case 'sink': {
        const facts = factsOf(edges, node.input)
        const type = sinkType(node.kind)
        const options = optionsOf(node, bindings)
        const takes = facts.changedBy === undefined ? 'each' : type.takesChanges?.(options)
        if (takes === undefined) throw refusesChanges(node.id, facts.changedBy!, 'call .changes("op") before it, which says of each row what it is, or write by key to Elasticsearch or Kafka')
        const settled = settleChanges(node, takes, facts.fields, nodes)
        if (settled) addOperator(settled)
        const input = settled ? { node: settled.id } : node.input
        type.check(options, factsOf(edges, input).fields, node.id)
        nodes.push({ ...node, input })
        break
      }
    }
  }
  return { nodes, edges, bounded: allBounded }
}

/** What is known of an edge of a resolved plan. */
export function factsOf(edges: ReadonlyMap<string, EdgeFacts>, edge: Edge): EdgeFacts {
  const facts = edges.get(edgeKey(edge))
  if (!facts) throw noPort(edges, edge)
  return facts
}

function refusesChanges(where: string, changedBy: string, instead: string): Error {
  return new PlanError('CHANGES', `${where}: it takes rows that only add up, and "${changedBy}" changes rows that it gave before; ${instead}`)
}

function noPort(edges: ReadonlyMap<string, EdgeFacts>, edge: Edge): Error {
  const ports = [...edges.keys()].filter(k => k.startsWith(`${edge.node}:`)).map(k => k.slice(edge.node.length + 1))
  return new PlanError('NO_PORT', `${edge.node}: no side output "${edge.port ?? ''}"; it has ${ports.join(', ') || 'none'}`)
}

function prunedScan(id: string, { resolved, columns }: Pruning): { options: Json; fields: Fields; sidePorts: Record<string, Fields> } {
  const node = resolved.nodes.find(n => n.id === id) as ScanNode
  const pruned = (key: string, fields: Fields) => fields.filter(f => columns.get(key)?.includes(f.name) ?? true)
  const ports = [...resolved.edges].filter(([key]) => key.startsWith(`${id}:`)).map(([key, facts]) => [key.slice(id.length + 1), pruned(key, facts.fields)] as const)
  return { options: node.options, fields: pruned(id, factsOf(resolved.edges, { node: id }).fields), sidePorts: Object.fromEntries(ports) }
}
