// A resolved plan as text: a tree from the sinks to the sources, a line a step, with what each does and where it runs.
import type { Fields } from '../batch/schema.ts'
import { schemaText } from '../batch/schema.ts'
import { feedType, operatorType, scanType, sinkType } from './catalogue.ts'
import { deviceOf } from './choose-devices.ts'
import { type Edge, inputsOf, type PlanNode } from './plan.ts'
import { type Bindings, edgeKey, optionsOf, type ResolvedPlan } from './resolve.ts'

/** What `explain({ analyze: true })` adds to a step. */
export interface StepFigures {
  readonly rows: number
  readonly rowsOut: number
  readonly bytesOut: number
  readonly ms: number
  readonly spilledBytes: number
}

/** The tree of a plan, sinks first. A step that several others read is printed once and then named. */
export function explainPlan(plan: ResolvedPlan, bindings: Bindings, figures?: ReadonlyMap<string, StepFigures>): string {
  const byId = new Map(plan.nodes.map(n => [n.id, n]))
  const lines: string[] = []
  const seen = new Set<string>()
  const visit = (edge: Edge, depth: number) => {
    const node = byId.get(edge.node)!
    const side = edge.port === undefined ? '' : ` · side output ${edge.port}`
    const indent = '  '.repeat(depth)
    if (seen.has(node.id) && inputsOf(node).length > 0) {
      lines.push(`${indent}${node.id}${side} (above)`)
      return
    }
    seen.add(node.id)
    lines.push(`${indent}${line(node, bindings)}${side}${placementOf(node)}${figuresOf(figures?.get(node.id))}`)
    if (node.node === 'scan' || node.node === 'feed') lines.push(`${indent}    ${columnsOf(plan.edges.get(edgeKey(edge))?.fields)}`)
    for (const input of inputsOf(node)) visit(input, depth + 1)
  }
  const read = new Set(plan.nodes.flatMap(n => inputsOf(n).map(e => e.node)))
  for (const node of plan.nodes) if (!read.has(node.id)) visit({ node: node.id }, 0)
  return lines.join('\n')
}

function line(node: PlanNode, bindings: Bindings): string {
  switch (node.node) {
    case 'scan':
      return `${node.id}  ${scanType(node.kind).describe(node.options)}`
    case 'feed':
      return `${node.id}  ${feedType(node.kind).describe(optionsOf(node, bindings))}`
    case 'sink':
      return `${node.id}  ${sinkType(node.kind).describe(optionsOf(node, bindings))}`
    case 'operator':
      return `${node.id}  ${operatorType(node.kind).describe(node.params)}`
  }
}

const placementText = { any: '', keyed: '  [per key]', shared: '  [all instances, each a part of the result]', single: '  [one instance, in order]', main: '  [row function on the main thread: leaves the fast path]' } as const

function placementOf(node: PlanNode): string {
  if (deviceOf(node) === 'webgpu') return '  [gpu]'
  if (node.node === 'operator' && node.kind === 'fusedAggregate') return '  [one compiled pass]'
  return node.node === 'operator' ? placementText[operatorType(node.kind).placement(node.params)] : ''
}

function figuresOf(figures: StepFigures | undefined): string {
  if (!figures) return ''
  const { rows, rowsOut, bytesOut, ms, spilledBytes } = figures
  const flow = rows === 0 ? `${rowsOut} rows` : `${rows} rows in, ${rowsOut} out`
  return `  (${flow}, ${sizeText(bytesOut)}, ${ms.toFixed(1)} ms${spilledBytes > 0 ? `, ${sizeText(spilledBytes)} spilled` : ''})`
}

function sizeText(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`
}

function columnsOf(fields: Fields | undefined): string {
  return Object.entries(schemaText(fields ?? [])).map(([name, type]) => `${name}: ${type}`).join(', ')
}
