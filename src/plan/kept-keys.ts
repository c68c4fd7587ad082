// Rows that lie with the instance that owns their keys: whether they still do behind a step. Where a step computes a key anew they must be sent to their owners again.
import type { Fields } from '../batch/schema.ts'
import { projectionKinds, projectionsOf } from '../operators/project.ts'
import type { OperatorNode } from './plan.ts'

/** Steps whose rows have the key columns of rows that came, as they were: of joins those of either side. A kind that isn't known here costs an exchange at most. */
const keeping = new Set([
  ...['filter', 'filterRows', 'sample', 'dropNull', 'orderByTime', 'watermark', 'distinct', 'sortRuns', 'topK', 'updatingTop', 'windowTop', 'netRows', 'tellChanges', 'logisticScore', 'onlineLogistic'],
  ...['partialAggregate', 'finalAggregate', 'fusedAggregate', 'windowAggregate', 'sessionAggregate', 'triggeredAggregate', 'updatingAggregate', 'match', 'join', 'joinProbe', 'intervalJoin', 'changingJoin', 'asOfJoin'],
])

/** Whether rows that lay by `keys` before the step, which were columns of `input`, do behind it. */
export function keepsKeys({ kind, params, id }: OperatorNode, keys: readonly string[], input: Fields): boolean {
  if (keeping.has(kind)) return true
  if (!projectionKinds.includes(kind)) return false
  const given = projectionsOf(kind, params, input, id)
  return keys.every(key => {
    const made = given.find(projection => projection.field.name === key)?.bound
    // What is gone can't be a key again, unless a later step makes it.
    return made !== undefined && made.kind === 'column' && input[made.index]?.name === key
  })
}
