// The state of operators that only count rows: one number.
import { keyGroupCount } from '../base/hash.ts'
import { buildBatch } from '../batch/build-columns.ts'
import { valueReader } from '../batch/read-values.ts'
import { parseSchema } from '../batch/schema.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { OperatorContext } from './operator.ts'

const fields = parseSchema({ count: 'float64' }, 'state')

/** A count as state. */
export function countState({ device }: OperatorContext, count: number): StateRun[] {
  const arena = device.arena()
  try {
    return [{ table: 'count', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(device, buildBatch(device, arena, fields, [{ count }], 'state')) }]
  } finally {
    arena.release()
  }
}

/** The sum of the counts in states. */
export function restoredCount({ device }: OperatorContext, runs: readonly StateRun[]): number {
  let count = 0
  for (const run of runs) {
    const arena = device.arena()
    try {
      count += Number(valueReader(device.memory, decodeRun(device, arena, run.bytes).columns[0]!)(0))
    } finally {
      arena.release()
    }
  }
  return count
}
