// Scans with a side output per kind of row that can be read kind by kind just as well: where one scan is one too many, or too few.
import { scanType } from './catalogue.ts'
import { type Edge, inputsOf, type Plan, type PlanNode, type ScanNode } from './plan.ts'

/**
 * The plan with scans of which one side output is read, and nothing else, narrowed to it, under `id.port`: whatever holds for the rows of a scan (chains without a
 * queue, splits that are skipped, passes that are compiled) holds for them. `roots` are edges that are read from outside, and come back as they are named now.
 */
export function narrowToPorts(plan: Plan, roots: readonly Edge[]): { plan: Plan; roots: readonly Edge[] } {
  const read = [...plan.nodes.flatMap(inputsOf), ...roots]
  return readByPort(plan, roots, ({ id }) => {
    const ports = new Set(read.filter(edge => edge.node === id).map(edge => edge.port))
    return ports.size === 1 && !ports.has(undefined)
  })
}

/**
 * The plan with scans whose outputs meet again in a join or union made one scan an output: a join holds the rows of one side before it asks for the other, so of
 * one scan it would keep both. Streams take rows as they come, in order: their scans stay whole. Cost: nodes².
 */
export function splitByPorts(plan: Plan): Plan {
  if (plan.streams) return plan
  return readByPort(plan, [], ({ id }) => {
    const reached = new Map<string, ReadonlySet<string>>()
    const portsBehind = (edge: Edge): readonly string[] => (edge.node === id ? [edge.port ?? ''] : [...(reached.get(edge.node) ?? [])])
    for (const node of plan.nodes) reached.set(node.id, new Set(inputsOf(node).flatMap(portsBehind)))
    return [...reached.values()].some(ports => ports.size > 1)
  }).plan
}

// A scan per output that is read, in the place of the scans that `isChosen`.
function readByPort(plan: Plan, roots: readonly Edge[], isChosen: (scan: ScanNode) => boolean): { plan: Plan; roots: readonly Edge[] } {
  const read = [...plan.nodes.flatMap(inputsOf), ...roots]
  const ids = new Set(plan.nodes.map(node => node.id))
  const nodes: PlanNode[] = []
  const byPort = new Map<string, (port: string | undefined) => Edge>()
  for (const node of plan.nodes) {
    const type = node.node === 'scan' && isChosen(node) ? scanType(node.kind) : undefined
    const ports = new Set(read.filter(edge => edge.node === node.id).map(edge => edge.port))
    if (node.node !== 'scan' || !type?.portAlone || [...ports].some(port => port !== undefined && !type.portAlone!(node.options, port))) {
      nodes.push(node)
      continue
    }
    const idOf = (port: string | undefined) => (port === undefined ? node.id : freeId(`${node.id}.${port}`, ids))
    for (const port of ports) nodes.push(port === undefined ? node : { ...node, id: idOf(port), options: type.portAlone(node.options, port)! })
    byPort.set(node.id, port => ({ node: idOf(port) }))
  }
  const edge = (given: Edge): Edge => byPort.get(given.node)?.(given.port) ?? given
  const moved = nodes.map(node => (node.node === 'operator' ? { ...node, inputs: node.inputs.map(edge) } : node.node === 'sink' ? { ...node, input: edge(node.input) } : node))
  return { plan: { ...plan, nodes: moved }, roots: roots.map(edge) }
}

function freeId(id: string, taken: ReadonlySet<string>): string {
  return taken.has(id) ? freeId(`${id}#`, taken) : id
}
