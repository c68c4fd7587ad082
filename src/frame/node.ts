// The graph that users' calls build: immutable nodes that know their inputs. `buildPlan` numbers them and writes the plan as plain data,
// the same for the same program, so that checkpoints of one run fit the next.
import { PlanError } from '../base/errors.ts'
import { type FunctionReference, functionKey } from '../base/function-reference.ts'
import type { Json } from '../base/json.ts'
import { callExpression, columnExpression, literalExpression } from '../expr/expression.ts'
import { narrowToPorts } from '../plan/port-scans.ts'
import type { Edge, Plan, PlanNode } from '../plan/plan.ts'
import { edgeKey } from '../plan/resolve.ts'

/** One output of a node. */
export interface NodeEdge {
  readonly node: FrameNode
  readonly port?: string
}

/** A sink as users hold it: what `write.…` and `sink(…)` return. `bound` is for options that aren't plain data. */
export interface SinkLike {
  readonly sink: string
  readonly options: Json
  readonly bound?: unknown
}

/** A step as users built it. `name` is what `.named()` gave. */
export interface FrameNode {
  readonly node: 'scan' | 'feed' | 'operator' | 'sink'
  /** The method that made it: the id in messages. */
  readonly label: string
  readonly kind: string
  /** Parameters of operators, options of sources and sinks. */
  readonly params: Json
  readonly inputs: readonly NodeEdge[]
  readonly name?: string
  /** An object that the plan can't hold, for this node's `binding`. */
  readonly bound?: unknown
  /** A user function of this node, bound for this thread; an export is named in the parameters by its reference. */
  readonly function?: { readonly reference?: FunctionReference; readonly closure: unknown }
  /** Where side outputs go. */
  readonly side: readonly { readonly port: string; readonly sink: SinkLike }[]
}

/** A plan with the objects it names. */
export interface BuiltPlan {
  readonly plan: Plan
  readonly bindings: Map<string, unknown>
  /** The key of each root's rows among the edges of the plan, in order. */
  readonly roots: readonly string[]
}

/** Writes the plan of everything that `roots` need: steps, or side outputs of them. Throws PlanError NAME_TWICE. Cost: nodes. */
export function buildPlan(roots: readonly (FrameNode | NodeEdge)[]): BuiltPlan {
  const ids = new Map<FrameNode, string>()
  const taken = new Map<string, number>()
  const named = new Set<string>()
  const bindings = new Map<string, unknown>()
  const nodes: PlanNode[] = []

  const idFor = (node: FrameNode): string => {
    if (node.name !== undefined) {
      if (named.has(node.name) || taken.has(node.name)) throw new PlanError('NAME_TWICE', `named: two steps are called "${node.name}"; a name keeps a step's state, so give each its own`)
      named.add(node.name)
      return node.name
    }
    const count = (taken.get(node.label) ?? 0) + 1
    taken.set(node.label, count)
    return count === 1 ? node.label : `${node.label}-${count}`
  }
  const edge = ({ node, port }: NodeEdge): Edge => (port === undefined ? { node: ids.get(node)! } : { node: ids.get(node)!, port })

  const visit = (node: FrameNode): string => {
    const known = ids.get(node)
    if (known !== undefined) return known
    for (const input of node.inputs) visit(input.node)
    const id = idFor(node)
    ids.set(node, id)
    nodes.push(planNode(node, id, node.inputs.map(edge), bindings))
    for (const { port, sink } of node.side) {
      const label = `${id}-${port}`
      const from = port === 'deadLetters' && textSinks.has(sink.sink) ? { node: readableLetters({ node, port }, label) } : { node, port }
      if (from.node !== node) visit(from.node)
      nodes.push(planNode(sinkNode(from, sink), idFor({ ...sinkNode(from, sink), label }), [edge(from)], bindings))
    }
    return id
  }
  const ends = roots.map(root => (isEdge(root) ? root : { node: root }))
  for (const { node } of ends) visit(node)
  const narrowed = narrowToPorts({ version: 1, nodes }, ends.map(edge))
  return { plan: narrowed.plan, roots: narrowed.roots.map(edgeKey), bindings }
}

function isEdge(root: FrameNode | NodeEdge): root is NodeEdge {
  return typeof root.node === 'object'
}

const textSinks = new Set(['ndjson', 'csv', 'elasticsearch'])

// Dead letters on their way into text: the record as text, and its bytes (base64 in text) only where they are no UTF-8.
function readableLetters(letters: NodeEdge, label: string): FrameNode {
  const record = columnExpression('value')
  const text = callExpression('tryCast', [record], { to: 'utf8' })
  const columns = { value: text, base64: callExpression('when', [callExpression('isNull', [text]), record, literalExpression(null)]) }
  return { node: 'operator', label: `${label}.text`, kind: 'with', params: { columns } as unknown as Json, inputs: [letters], side: [] }
}

/** The node of a sink that reads `input`. */
export function sinkNode(input: NodeEdge, sink: SinkLike, name?: string): FrameNode {
  return { node: 'sink', label: `write.${sink.sink}`, kind: sink.sink, params: sink.options, inputs: [input], side: [], ...(sink.bound !== undefined && { bound: sink.bound }), ...(name && { name }) }
}

function planNode(node: FrameNode, id: string, inputs: readonly Edge[], bindings: Map<string, unknown>): PlanNode {
  const binding = node.bound === undefined ? undefined : node.kind === 'cached' ? (node.params as { id: string }).id : id
  if (binding !== undefined) bindings.set(binding, node.bound)
  const bound = binding === undefined ? {} : { binding }
  switch (node.node) {
    case 'scan':
      return { node: 'scan', id, kind: node.kind, options: node.params, ...(node.kind !== 'cached' && bound) }
    case 'feed':
      return { node: 'feed', id, kind: node.kind, options: node.params, ...bound }
    case 'sink':
      return { node: 'sink', id, kind: node.kind, options: node.params, input: inputs[0]!, ...bound }
    case 'operator':
      return { node: 'operator', id, kind: node.kind, params: withFunction(node, id, bindings), inputs }
  }
}

// Closures of separate runs share the engine's thread, so each gets a key of its own there.
let closureCount = 0
function withFunction(node: FrameNode, id: string, bindings: Map<string, unknown>): Json {
  if (!node.function) return node.params
  const { reference, closure } = node.function
  if (reference) {
    bindings.set(functionKey(reference), closure)
    return { ...(node.params as object), function: reference as unknown as Json }
  }
  let key = closureKeys.get(closure as object)
  if (key === undefined) {
    key = `${id}#${++closureCount}`
    closureKeys.set(closure as object, key)
  }
  bindings.set(key, closure)
  return { ...(node.params as object), function: { closure: key } }
}

const closureKeys = new WeakMap<object, string>()
