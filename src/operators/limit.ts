// The first rows, in source order, after leaving some out. It runs alone, since "first" needs one order.
import { keyGroupCount } from '../base/hash.ts'
import { type Batch, sliceBatch } from '../batch/batch.ts'
import { buildBatch } from '../batch/build-columns.ts'
import { valueReader } from '../batch/read-values.ts'
import { parseSchema } from '../batch/schema.ts'
import { share } from '../compute/compact.ts'
import { gatherBatch, rowNumbers } from '../compute/gather.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/** Parameters of `limit`: rows [offset, offset + count) of the input. */
export type LimitParams = { readonly offset: number; readonly count: number }

const stateFields = parseSchema({ seen: 'int64' }, 'limit')

/** Keeps `count` rows after the first `offset`. What comes later is dropped as it comes. */
export const limitOperator: OperatorType<LimitParams> = {
  kind: 'limit',
  inputCount: 1,
  placement: () => 'single',
  stateWeight: 0,
  fields: ([input]) => input!,
  describe: ({ offset, count }) => (offset === 0 ? `${count} rows` : `${count} rows after ${offset}`),
  create: (context, params) => new LimitOperator(context, params),
}

class LimitOperator implements Operator {
  readonly #context: OperatorContext
  readonly #start: number
  readonly #end: number
  #seen = 0
  constructor(context: OperatorContext, { offset, count }: LimitParams) {
    this.#context = context
    this.#start = offset
    this.#end = offset + count
  }

  push(batch: Batch, out: Output): void {
    const { device, arena } = this.#context
    const start = Math.max(0, this.#start - this.#seen)
    const end = Math.min(batch.rowCount, this.#end - this.#seen)
    this.#seen += batch.rowCount
    if (start >= end) return
    // A slice must begin at a multiple of 64 rows; any other beginning is gathered.
    const kept = start % 64 === 0 ? share(device, arena, sliceBatch(batch, start, end)) : gatherBatch(device, arena, batch, rowNumbers(device, arena, end - start, start), end - start)
    out.emit(kept)
  }

  done(): boolean {
    return this.#seen >= this.#end
  }

  snapshot(): StateRun[] {
    const { device } = this.#context
    const arena = device.arena()
    try {
      const batch = buildBatch(device, arena, stateFields, [{ seen: this.#seen }], this.#context.where)
      return [{ table: 'seen', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(device, batch) }]
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        this.#seen += Number(valueReader(device.memory, decodeRun(device, arena, run.bytes).columns[0]!)(0))
      } finally {
        arena.release()
      }
    }
  }
}
