// Sorts all rows when the input has ended. It runs alone and keeps copies of the rows.
import { PlanError } from '../base/errors.ts'
import { keyGroupCount } from '../base/hash.ts'
import { type Batch, sliceBatch } from '../batch/batch.ts'
import { columnIndex, fieldOf, type Fields, visible } from '../batch/schema.ts'
import { gatherOwned } from '../compute/gather.ts'
import { RowStore } from '../compute/row-store.ts'
import { sortIndices } from '../compute/sort.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/** Parameters of `sort`: columns and directions, the first key deciding first. */
export type SortParams = { readonly keys: readonly { readonly column: string; readonly descending: boolean }[] }

const emitRows = 65_536

/** Stable; nulls come last, NaN before them, in either direction. Hidden columns end here. */
export const sortOperator: OperatorType<SortParams> = {
  kind: 'sort',
  inputCount: 1,
  placement: () => 'single',
  fields([input], { keys }, where) {
    if (keys.length === 0) throw new PlanError('SORT_KEYS', `${where}: nothing to sort by; name at least one column`)
    for (const { column } of keys) fieldOf(input!, column, where)
    return visible(input!)
  },
  describe: ({ keys }) => keys.map(({ column, descending }) => `${column}${descending ? ' descending' : ''}`).join(', '),
  create: (context, params, [input]) => new SortOperator(context, params, input!),
}

class SortOperator implements Operator {
  readonly #context: OperatorContext
  readonly #params: SortParams
  readonly #columns: readonly number[]
  readonly #store: RowStore
  constructor(context: OperatorContext, params: SortParams, input: Fields) {
    this.#context = context
    this.#params = params
    const fields = visible(input)
    this.#columns = fields.map(field => input.indexOf(field))
    this.#store = new RowStore(context.device, fields)
  }

  push(batch: Batch): void {
    this.#store.append({ rowCount: batch.rowCount, columns: this.#columns.map(i => batch.columns[i]!) })
  }

  finish(out: Output): void {
    const { device, arena, where } = this.#context
    const rows = this.#store.batch()
    const keys = this.#params.keys.map(({ column, descending }) => ({ column: rows.columns[columnIndex(rows.fields, column, where)]!, descending }))
    const order = sortIndices(device, arena, keys, rows.rowCount)
    const sorted = gatherOwned(device, arena, rows, order, rows.rowCount)
    this.#store.clear()
    for (let start = 0; start < sorted.rowCount; start += emitRows) out.emit(sliceBatch(sorted, start, Math.min(sorted.rowCount, start + emitRows)))
  }

  snapshot(): StateRun[] {
    if (this.#store.rowCount === 0) return []
    return [{ table: 'rows', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(this.#context.device, this.#store.batch()) }]
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        this.#store.append(decodeRun(device, arena, run.bytes))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#store.close()
  }
}
