// The job as plain data: nodes in a DAG, each naming its inputs. It survives JSON, so it can be shown, compared, posted to workers,
// or compiled for another engine. Closures and user-made sources and sinks appear by the name they have in the run's bindings.
import type { Json } from '../base/json.ts'

/** One output of a node: its rows, or a side output by port ('late', 'deadLetters'). */
export interface Edge {
  readonly node: string
  readonly port?: string
}

/** A bounded source read in the workers (`source/scans.ts`). `binding` names where files come from that are not local: they are read on the engine's thread. */
export interface ScanNode {
  readonly node: 'scan'
  readonly id: string
  readonly kind: string
  readonly options: Json
  readonly binding?: string
}

/** A source read on the engine's thread (`source/feeds.ts`). `binding` names an object that isn't plain data. */
export interface FeedNode {
  readonly node: 'feed'
  readonly id: string
  readonly kind: string
  readonly options: Json
  readonly binding?: string
}

/** An operator (`operators/catalogue.ts`), or a logical one that a rewrite rule lowers (`rewrite.ts`). */
export interface OperatorNode {
  readonly node: 'operator'
  readonly id: string
  readonly kind: string
  readonly params: Json
  readonly inputs: readonly Edge[]
}

/** An end of the flow (`sink/sinks.ts`). */
export interface SinkNode {
  readonly node: 'sink'
  readonly id: string
  readonly kind: string
  readonly options: Json
  readonly binding?: string
  readonly input: Edge
}

/** A step of the job. Ids are unique, stable between runs of the same program, and appear in errors, metrics and checkpoints. */
export type PlanNode = ScanNode | FeedNode | OperatorNode | SinkNode

/** A whole job; nodes come after their inputs. */
export interface Plan {
  readonly version: 1
  /** All input is taken for endless, also what ends: results flow as it comes, and are updated where more changes them. */
  readonly streams?: true
  readonly nodes: readonly PlanNode[]
}

/** The edges a node reads. */
export function inputsOf(node: PlanNode): readonly Edge[] {
  return node.node === 'operator' ? node.inputs : node.node === 'sink' ? [node.input] : []
}

/** A number that changes with the plan's stateful shape: kinds, parameters and edges of operators; not file names or options of sinks. */
export function planFingerprint(plan: Plan): string {
  const nodes = plan.nodes.map(n => (n.node === 'operator' ? [n.id, n.kind, n.params, n.inputs] : [n.id, n.node, n.kind]))
  const shape = plan.streams ? { streams: true, nodes } : nodes
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(JSON.stringify(shape))) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(16).padStart(16, '0')
}
