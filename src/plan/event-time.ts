// Which column of an edge is the time of its events: the one that `watermark` named, for as long as steps pass it on as it is. What a join within bounds of
// time goes by, where nobody says otherwise.
import type { Fields } from '../batch/schema.ts'
import { projectionKinds, projectionsOf } from '../operators/project.ts'
import type { EdgeFacts } from './edge-facts.ts'
import type { OperatorNode } from './plan.ts'

/** Steps that pass on the columns of their (left) input, with other rows at most. */
const passing = new Set(['filter', 'filterRows', 'sample', 'orderByTime', 'dropNull', 'rowIndex', 'distinct', 'logisticScore', 'onlineLogistic', 'asOfJoin', 'overByTime'])

/** Whether the output has a watermark: where all inputs have one, or, beside a table that is looked up, the one that streams past it. */
export function isWatermarked(node: OperatorNode, inputs: readonly EdgeFacts[]): boolean {
  if (node.kind === 'watermark') return true
  if (node.kind === 'processBroadcast') return inputs[1]!.watermarked
  return isLookup(node) ? inputs[0]!.watermarked : inputs.every(input => input.watermarked)
}

function isLookup({ kind, params }: OperatorNode): boolean {
  return kind === 'joinProbe' && (params as { lookup?: boolean }).lookup === true
}

/** The column of the output; undefined where it is gone, computed anew, or there was none. */
export function eventTimeOf(node: OperatorNode, inputs: readonly EdgeFacts[], fields: Fields): string | undefined {
  if (node.kind === 'watermark') return (node.params as { time: string }).time
  const [input] = inputs
  const time = input?.time
  if (!input || time === undefined) return undefined
  if (node.kind === 'union') return inputs.every(other => other.time === time) ? time : undefined
  if (projectionKinds.includes(node.kind)) {
    const at = input.fields.findIndex(field => field.name === time)
    return projectionsOf(node.kind, node.params, input.fields, node.id).find(({ bound }) => bound.kind === 'column' && bound.index === at)?.field.name
  }
  return (passing.has(node.kind) || isLookup(node)) && fields.some(field => field.name === time) ? time : undefined
}
