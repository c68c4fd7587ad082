// The rows that hold when the input has ended: what was inserted and not taken back. What stands before a reader of whole results where rows change earlier ones.
import { AssertionError } from '../base/errors.ts'
import { keyGroupCount } from '../base/hash.ts'
import { type Batch, sliceBatch } from '../batch/batch.ts'
import { changeColumn } from '../batch/change.ts'
import { columnIndex, type Fields, visible } from '../batch/schema.ts'
import { CountedRows } from '../compute/counted-rows.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/** Rows in no order; equal ones as often as they hold. Hidden columns end here. */
export const netRowsOperator: OperatorType<null> = {
  kind: 'netRows',
  inputCount: 1,
  placement: () => 'single',
  takesChanges: true,
  fields: ([input]) => visible(input!),
  needs: () => 'all',
  describe: () => 'the rows that hold at the end',
  create: (context, _, [input]) => new NetRows(context, input!),
}

const emitRows = 65_536

class NetRows implements Operator {
  readonly #context: OperatorContext
  readonly #columns: readonly number[]
  readonly #change: number
  readonly #rows: CountedRows
  constructor(context: OperatorContext, input: Fields) {
    const fields = visible(input)
    this.#context = context
    this.#columns = fields.map(field => input.indexOf(field))
    this.#change = columnIndex(input, changeColumn, context.where)
    this.#rows = new CountedRows(context.device, fields)
  }

  push({ columns, rowCount }: Batch): void {
    this.#rows.take(this.#columns.map(i => columns[i]!), columns[this.#change]!, rowCount)
  }

  finish(out: Output): void {
    if (this.#rows.owes) throw new AssertionError('CHANGES', `${this.#context.where}: a row was taken back that had not been given; this is a fault in Millrace`)
    const whole = this.#rows.rows(this.#context.arena)
    for (let start = 0; start < whole.rowCount; start += emitRows) out.emit(sliceBatch(whole, start, Math.min(whole.rowCount, start + emitRows)))
  }

  snapshot(): StateRun[] {
    const { device } = this.#context
    const arena = device.arena()
    try {
      const state = this.#rows.state(arena)
      return state.rowCount === 0 ? [] : [{ table: 'rows', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(device, state) }]
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        this.#rows.restore(arena, decodeRun(device, arena, run.bytes))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#rows.close()
  }
}
