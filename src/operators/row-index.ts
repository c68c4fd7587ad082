// Numbers rows in source order. It runs alone, since numbers need one order; columns pass as they are.
import { PlanError } from '../base/errors.ts'
import { rowCount64 } from '../batch/data-type.ts'
import type { Fields } from '../batch/schema.ts'
import { share } from '../compute/compact.ts'
import { numberColumn } from '../compute/row-numbers.ts'
import type { OperatorType } from './operator.ts'
import { countState, restoredCount } from './counted.ts'

/** Parameters of `rowIndex`: the new column, and the number of the first row. */
export type RowIndexParams = { readonly name: string; readonly start: number }

/** Adds the column behind the others, an int64 that rows hold as a number. */
export const rowIndexOperator: OperatorType<RowIndexParams> = {
  kind: 'rowIndex',
  inputCount: 1,
  placement: () => 'single',
  stateWeight: 0,
  fields: ([input], { name }, where) => numbered(input!, name, where),
  describe: ({ name, start }) => `${name} = the row's number from ${start}`,
  create(context, { name, start }, [input]) {
    const fields = numbered(input!, name, context.where)
    let rows = 0
    return {
      push(batch, out) {
        const { device, arena } = context
        const { columns, rowCount } = share(device, arena, batch)
        out.emit({ fields, rowCount, columns: [...columns, numberColumn(device, arena, rowCount, start + rows)], arena: arena.address })
        rows += rowCount
      },
      snapshot: () => countState(context, rows),
      restore(runs) {
        rows = restoredCount(context, runs)
      },
    }
  },
}

function numbered(input: Fields, name: string, where: string): Fields {
  if (input.some(field => field.name === name)) throw new PlanError('DUPLICATE_COLUMN', `${where}: there is a column "${name}" already; give the numbers another name, or drop the old one`)
  return [...input, { name, type: rowCount64, nullable: false }]
}
