// Rows that change earlier ones, made rows that only add up: a column says what each is.
import { PlanError } from '../base/errors.ts'
import { changeColumn } from '../batch/change.ts'
import { utf8 } from '../batch/data-type.ts'
import { type Fields, visible } from '../batch/schema.ts'
import { changeTexts } from '../compute/changes.ts'
import { share } from '../compute/compact.ts'
import type { OperatorType } from './operator.ts'

/** Parameters of `changes`: the column's name. */
export type TellChangesParams = { readonly name: string }

/** '+I' inserted, '-U' the row before an update, '+U' the row after it, '-D' deleted; then the rows' columns. Rows that only add up are inserted, all of them. */
export const tellChangesOperator: OperatorType<TellChangesParams> = {
  kind: 'changes',
  inputCount: 1,
  takesChanges: true,
  placement: () => 'any',
  fields: ([input], params, where) => told(input!, params, where),
  describe: ({ name }) => `what each row changes, as ${name}`,
  create(context, params, [input]) {
    const fields = told(input!, params, context.where)
    const kept = fields.slice(1).map(field => input!.indexOf(field))
    const change = input!.findIndex(field => field.name === changeColumn)
    return {
      push(batch, out) {
        const { device, arena } = context
        const { columns, rowCount } = share(device, arena, batch)
        out.emit({ fields, rowCount, columns: [changeTexts(device, arena, columns[change], rowCount), ...kept.map(i => columns[i]!)], arena: arena.address })
      },
    }
  },
}

function told(input: Fields, { name }: TellChangesParams, where: string): Fields {
  if (visible(input).some(field => field.name === name)) throw new PlanError('DUPLICATE_COLUMN', `${where}: there is a column "${name}" already; give what rows change another name`)
  return [{ name, type: utf8, nullable: false }, ...input.filter(field => field.name !== changeColumn)]
}
