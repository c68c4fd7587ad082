// Nulls become the last value before them, in source order. It runs alone. (Constants are filled in by `with`; values from behind by turning rows around.)
import type { Batch, Column } from '../batch/batch.ts'
import { columnIndex, fieldOf, type Fields, isHidden } from '../batch/schema.ts'
import { share } from '../compute/compact.ts'
import { concatColumns } from '../compute/concat.ts'
import { gatherColumn, gatherOwned, rowNumbers } from '../compute/gather.ts'
import { nullColumn } from '../compute/null-column.ts'
import { lastSetBits } from '../compute/row-numbers.ts'
import { keyGroupCount } from '../base/hash.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/** Parameters of `fillForward`: the columns, all unless said. */
export type FillForwardParams = { readonly names?: readonly string[] }

/** Nulls before the first value stay. */
export const fillForwardOperator: OperatorType<FillForwardParams> = {
  kind: 'fillForward',
  inputCount: 1,
  placement: () => 'single',
  stateWeight: 0,
  fields([input], { names = [] }, where) {
    for (const name of names) fieldOf(input!, name, where)
    return input!
  },
  describe: ({ names }) => `nulls${names ? ` of ${names.join(', ')}` : ''} as the value before them`,
  create: (context, params, [input]) => new FillForward(context, params, input!),
}

class FillForward implements Operator {
  readonly #context: OperatorContext
  readonly #filled: readonly number[]
  readonly #fields: Fields
  /** The last row of what was given out, of the columns that are filled. */
  #last: { readonly arena: Arena; readonly row: Batch } | undefined
  constructor(context: OperatorContext, { names }: FillForwardParams, input: Fields) {
    this.#context = context
    const chosen = names ?? input.filter(({ name, nullable, type }) => nullable && !isHidden(name) && type.kind !== 'null').map(field => field.name)
    this.#filled = chosen.map(name => columnIndex(input, name, context.where))
    this.#fields = this.#filled.map(i => input[i]!)
  }

  push(batch: Batch, out: Output): void {
    const { device, arena } = this.#context
    const columns = [...batch.columns]
    // What comes from before lies in memory that goes with the next batch, but for who holds it.
    if (this.#last) share(device, arena, this.#last.row)
    this.#filled.forEach((i, at) => (columns[i] = this.#fill(columns[i]!, this.#last?.row.columns[at])))
    const rows = share(device, arena, { ...batch, columns })
    this.#remember({ fields: this.#fields, rowCount: rows.rowCount, columns: this.#filled.map(i => columns[i]!), arena: arena.address })
    out.emit(rows)
  }

  snapshot(): StateRun[] {
    return this.#last ? [{ table: 'last', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(this.#context.device, this.#last.row) }] : []
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    const arena = device.arena()
    for (const run of runs) this.#remember(decodeRun(device, arena, run.bytes))
    arena.release()
  }

  close(): void {
    this.#last?.arena.release()
  }

  #fill(column: Column, before: Column | undefined): Column {
    if (column.validity === 0) return column
    const { device, arena } = this.#context
    const last = before ?? nullColumn(arena, column.type, 1)
    const own = concatColumns(device, arena, column.type, [column, last])
    return gatherColumn(device, arena, own, lastSetBits(device, arena, column.validity, column.length), column.length)
  }

  #remember(batch: Batch): void {
    if (batch.rowCount === 0 || this.#filled.length === 0) return
    const { device } = this.#context
    const arena = device.arena()
    const row = gatherOwned(device, arena, batch, rowNumbers(device, arena, 1, batch.rowCount - 1), 1)
    this.#last?.arena.release()
    this.#last = { arena, row }
  }
}
