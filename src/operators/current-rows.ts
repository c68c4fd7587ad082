// What rows there are once all changes are done: how a changed result is collected. Rows come out at the end, in the order in which each was first given.
import { DataError } from '../base/errors.ts'
import { keyGroupRange } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Batch } from '../batch/batch.ts'
import { changeColumn } from '../batch/change.ts'
import { columnIndex, type Fields, visible } from '../batch/schema.ts'
import { gatherBatch } from '../compute/gather.ts'
import { RowMultiset } from '../compute/row-multiset.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/** Parameters of `currentRows`: all columns, by which rows are told apart. */
export type CurrentRowsParams = { readonly names: readonly string[] }

const emitRowsMax = 65_536

/** The rows that hold at the end, each as often as it does. Throws DataError CHANGES where a row is taken away that nobody gave. */
export const currentRowsOperator: OperatorType<CurrentRowsParams & { readonly [key: string]: Json }> = {
  kind: 'currentRows',
  inputCount: 1,
  takesChanges: true,
  placement: () => 'keyed',
  keys: params => params.names,
  fields: ([input]) => visible(input!),
  needs: () => 'all',
  describe: () => 'rows that hold at the end',
  create: (context, params, [input]) => new CurrentRows(context, params, input!),
}

class CurrentRows implements Operator {
  readonly #context: OperatorContext
  readonly #fields: Fields
  readonly #columns: readonly number[]
  readonly #change: number
  readonly #rows: RowMultiset
  constructor(context: OperatorContext, _: CurrentRowsParams, input: Fields) {
    this.#context = context
    this.#fields = visible(input)
    this.#columns = this.#fields.map(field => input.indexOf(field))
    this.#change = columnIndex(input, changeColumn, context.where)
    this.#rows = new RowMultiset(context.device, this.#fields)
  }

  push(batch: Batch): void {
    this.#rows.change(this.#context.arena, this.#columns.map(i => batch.columns[i]!), batch.rowCount, batch.columns[this.#change]!.values)
  }

  finish(out: Output): void {
    const { device, arena, where } = this.#context
    const { rows, repeats } = this.#rows.present(arena)
    if (!repeats) throw new DataError('CHANGES', `${where}: a row was taken away more often than it was given; this is a fault in Millrace, please report it`)
    for (let start = 0; start < repeats.rows; start += emitRowsMax) out.emit(gatherBatch(device, arena, rows, repeats.indices + 4 * start, Math.min(emitRowsMax, repeats.rows - start)))
  }

  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    const arena = device.arena()
    try {
      const rows = this.#rows.counted(arena)
      return rows.rowCount === 0 ? [] : [{ table: 'rows', keyGroups: keyGroupRange(instance, parallelism), bytes: encodeRun(device, rows) }]
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    const { device, where, instance, parallelism } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        const all = decodeRun(device, arena, run.bytes)
        if (JSON.stringify(all.fields.slice(0, -1)) !== JSON.stringify(this.#fields))
          throw new DataError('STATE_SHAPE', `${where}: the checkpoint's rows have other columns than these; start without it or restore the job as it was`)
        this.#rows.merge(arena, rowsOfKeyGroups(device, arena, all, this.#fields.map(field => field.name), keyGroupRange(instance, parallelism), where))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#rows.close()
  }
}
