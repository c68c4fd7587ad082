// What scans must wait for, such as keys from a key server, before a plan is resolved and before its stages begin: both are synchronous.
import { scanType } from './catalogue.ts'
import type { PlanNode } from './plan.ts'

/** Waits for what the scans need to be looked at; with `columns`, by scan id, for what they need to be read (a scan that is absent there: all of its columns). */
export async function prepareScans(nodes: readonly PlanNode[], columns?: ReadonlyMap<string, readonly string[]>): Promise<void> {
  for (const node of nodes) if (node.node === 'scan') await scanType(node.kind).prepare?.(node.options, node.id, columns ? columns.get(node.id) : [])
}
