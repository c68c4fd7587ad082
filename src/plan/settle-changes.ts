// What stands before a sink that doesn't take each change: the rows that hold at the end, or one row a key.
import { PlanError } from '../base/errors.ts'
import { fieldOf, type Fields } from '../batch/schema.ts'
import type { TakesChanges } from '../sink/sink.ts'
import type { OperatorNode, PlanNode, SinkNode } from './plan.ts'

/** The step between rows that change and their sink; undefined where the rows come as the sink takes them. `nodes`: the steps so far. Throws PlanError CHANGES where a key may be null. */
export function settleChanges(sink: SinkNode, takes: TakesChanges, fields: Fields, nodes: readonly PlanNode[]): OperatorNode | undefined {
  const step = (part: string, kind: string, params: OperatorNode['params']): OperatorNode => ({ node: 'operator', id: `${sink.id}:${part}`, kind, params, inputs: [sink.input] })
  if (takes === 'each') return undefined
  if (takes === 'net') return step('net', 'netRows', null)
  const nullable = takes.key.find(name => fieldOf(fields, name, sink.id).nullable)
  if (nullable !== undefined) throw new PlanError('CHANGES', `${sink.id}: the key "${nullable}" may be null, and rows that change are told apart by it; drop the rows without one, or fill it in`)
  const maker = nodes.find(node => node.id === sink.input.node)
  if (maker?.node === 'operator' && sameNames(keysOf(maker), takes.key)) return undefined
  // Rows of one key may come from several instances, in any order, and several may hold at once: the latest of them is the key's.
  return step('keys', 'updatingTop', { count: 1, keys: [], by: takes.key, latest: true })
}

// The columns of which a step gives one row for each value.
function keysOf({ kind, params }: OperatorNode): readonly string[] | undefined {
  const { keys, by, count } = params as { keys?: readonly string[]; by?: readonly string[]; count?: number }
  if (kind === 'updatingAggregate') return keys
  if (kind === 'triggeredAggregate') return [...keys!, 'window_start', 'window_end']
  return kind === 'updatingTop' && count === 1 ? by : undefined
}

function sameNames(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a !== undefined && a.length === b.length && a.every(name => b.includes(name))
}
