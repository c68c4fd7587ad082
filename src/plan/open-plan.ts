// The files of a plan that are awaited (web addresses, Blobs, readers of the user's): opened before the plan is resolved, and closed when its run has ended.
import { untilFetched } from '../source/fetched-file.ts'
import { type FileSources, openSources } from '../source/fetched-files.ts'
import type { Plan, PlanNode } from './plan.ts'
import type { Bindings } from './resolve.ts'

/** A plan whose files can be looked at. */
export interface OpenPlan {
  readonly plan: Plan
  /** What a step of planning gives, called again until all it reads of files is there. Throws what it throws, and what sources throw. */
  look<T>(step: () => T | Promise<T>): Promise<T>
  close(): void
}

/** Opens what the scans' bindings name; reads end when `signal` is aborted. Throws ConnectorError, DataError, CancelledError. */
export async function openPlan(plan: Plan, bindings: Bindings, signal?: AbortSignal): Promise<OpenPlan> {
  const nodes: PlanNode[] = []
  const open: { close(): void }[] = []
  const close = () => {
    for (const set of open.splice(0)) set.close()
  }
  try {
    for (const node of plan.nodes) {
      const sources = node.node === 'scan' && node.binding !== undefined ? (bindings.get(node.binding) as FileSources) : undefined
      if (!sources || node.node !== 'scan') {
        nodes.push(node)
        continue
      }
      const opened = await openSources(node.kind, node.options, sources, signal, node.id)
      open.push(opened)
      nodes.push({ ...node, options: opened.options })
    }
  } catch (thrown) {
    close()
    throw thrown
  }
  return { plan: { ...plan, nodes }, look: untilFetched, close }
}
