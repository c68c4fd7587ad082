// A plan as something that rules may rearrange: nodes by id, who reads whom, and a topological order at the end.
import { type Edge, inputsOf, type OperatorNode, type Plan, type PlanNode } from './plan.ts'

/** The nodes of a plan. Every change keeps ids, so that messages, metrics and checkpoints still name the user's own steps. */
export class PlanGraph {
  readonly #nodes: Map<string, PlanNode>
  readonly #plan: Plan
  constructor(plan: Plan) {
    this.#plan = plan
    this.#nodes = new Map(plan.nodes.map(node => [node.id, node]))
  }

  /** All nodes, in the order in which they came. */
  get nodes(): readonly PlanNode[] {
    return [...this.#nodes.values()]
  }

  /** The operator that an edge comes from; undefined for sources, and for side outputs. */
  operator(edge: Edge): OperatorNode | undefined {
    const node = edge.port === undefined ? this.#nodes.get(edge.node) : undefined
    return node?.node === 'operator' ? node : undefined
  }

  /** How many readers a node's rows and side outputs have. */
  readers(id: string): number {
    let count = 0
    for (const node of this.#nodes.values()) for (const input of inputsOf(node)) if (input.node === id) count++
    return count
  }

  /** Puts a changed node in the place of the one with its id. */
  replace(node: PlanNode): void {
    this.#nodes.set(node.id, node)
  }

  /** Adds a node whose id is free: `id`, or with a number behind it. Gives the node's edge. */
  add(node: OperatorNode): Edge {
    let { id } = node
    for (let n = 2; this.#nodes.has(id); n++) id = `${node.id}#${n}`
    this.#nodes.set(id, { ...node, id })
    return { node: id }
  }

  /** Takes an operator of one input out: its readers read what it read. */
  remove(node: OperatorNode): void {
    this.#nodes.delete(node.id)
    this.redirect(node.id, node.inputs[0]!)
  }

  /** Lets the readers of `from`'s rows read `to`. */
  redirect(from: string, to: Edge, except?: string): void {
    const move = (edge: Edge): Edge => (edge.node === from && edge.port === undefined ? to : edge)
    for (const node of this.#nodes.values()) {
      if (node.id === except) continue
      if (node.node === 'operator' && node.inputs.some(e => move(e) !== e)) this.replace({ ...node, inputs: node.inputs.map(move) })
      else if (node.node === 'sink' && move(node.input) !== node.input) this.replace({ ...node, input: move(node.input) })
    }
  }

  /** Lets `upper`, which reads `lower`, be read by it instead. `lower` must have one input and no other reader. */
  swap(upper: OperatorNode, lower: OperatorNode): void {
    this.redirect(upper.id, { node: lower.id }, lower.id)
    this.replace({ ...upper, inputs: [lower.inputs[0]!] })
    this.replace({ ...lower, inputs: [{ node: upper.id }] })
  }

  /** The plan, nodes after their inputs; those that nothing asks to move keep their order. */
  plan(): Plan {
    const nodes: PlanNode[] = []
    const placed = new Set<string>()
    const place = (node: PlanNode): void => {
      if (placed.has(node.id)) return
      placed.add(node.id)
      for (const { node: input } of inputsOf(node)) place(this.#nodes.get(input)!)
      nodes.push(node)
    }
    for (const node of this.#nodes.values()) place(node)
    return { ...this.#plan, nodes }
  }
}
