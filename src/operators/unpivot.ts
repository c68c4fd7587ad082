// Columns to rows: of each row one for each of some columns, with the column's name and its value.
import { PlanError } from '../base/errors.ts'
import { type Batch, sliceBatch } from '../batch/batch.ts'
import { type DataType, utf8 } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { columnIndex, fieldOf, type Fields, isHidden } from '../batch/schema.ts'
import { concatColumns } from '../compute/concat.ts'
import { gatherColumn, holdViews } from '../compute/gather.ts'
import { constantColumn } from '../compute/operand.ts'
import { interleaveRows } from '../compute/row-numbers.ts'
import { bindExpression, convert } from '../expr/bind.ts'
import { evaluate } from '../expr/evaluate.ts'
import { columnExpression } from '../expr/expression.ts'
import { widerType } from '../expr/unify.ts'
import type { OperatorType } from './operator.ts'

/** Parameters of `unpivot`: the columns that stay, those that become rows, and what the two new columns are called. */
export type UnpivotParams = { readonly index: readonly string[]; readonly on: readonly string[]; readonly variable: string; readonly value: string }

const emitRows = 65_536

/** Rows in source order, those of one row in the order of `on`. Hidden columns are kept. */
export const unpivotOperator: OperatorType<UnpivotParams> = {
  kind: 'unpivot',
  inputCount: 1,
  takesChanges: true,
  placement: () => 'any',
  fields: ([input], params, where) => unpivoted(input!, params, where),
  describe: ({ index, on, variable, value }) => `${on.join(', ')} as rows of ${variable} and ${value}${index.length > 0 ? ` beside ${index.join(', ')}` : ''}`,
  create(context, params, [input]) {
    const { where } = context
    const fields = unpivoted(input!, params, where)
    const { type } = fieldOf(fields, params.value, where)
    const stays = params.index.map(name => columnIndex(input!, name, where))
    const hidden = input!.flatMap((field, i) => (isHidden(field.name) ? [i] : []))
    const values = params.on.map(name => convert(bindExpression(columnExpression(name), input!, where), type))
    const parts = values.length
    const rowsMax = Math.max(64, Math.floor(emitRows / parts / 64) * 64)
    const rowsOf = (batch: Batch): Batch => {
      const { device, arena } = context
      const rowCount = batch.rowCount * parts
      const { old, places, numbers } = interleaveRows(device, arena, batch.rowCount, parts)
      const names = concatColumns(device, arena, utf8, params.on.map(value => constantColumn(device, arena, { type: utf8, value })))
      const stacked = concatColumns(device, arena, type, values.map(value => evaluate(device, arena, value, batch, where)))
      const columns = [
        ...stays.map(i => gatherColumn(device, arena, batch.columns[i]!, old, rowCount)),
        gatherColumn(device, arena, names, numbers, rowCount),
        gatherColumn(device, arena, stacked, places, rowCount),
        ...hidden.map(i => gatherColumn(device, arena, batch.columns[i]!, old, rowCount)),
      ]
      holdViews(device, arena, batch)
      return { fields, rowCount, columns, arena: arena.address }
    }
    return {
      push(batch, out) {
        for (let start = 0; start < batch.rowCount; start += rowsMax) out.emit(rowsOf(sliceBatch(batch, start, Math.min(batch.rowCount, start + rowsMax))))
      },
    }
  },
}

function unpivoted(input: Fields, { index, on, variable, value }: UnpivotParams, where: string): Fields {
  if (on.length === 0) throw new PlanError('UNPIVOT', `${where}: no columns to make rows of; name at least one in on`)
  const stays = index.map(name => fieldOf(input, name, where))
  const parts = on.map(name => fieldOf(input, name, where))
  const [first, ...others] = parts
  const type = others.reduce((common: DataType, field) => {
    const wider = widerType(common, field.type)
    if (wider) return wider
    throw new PlanError('TYPE_MISMATCH', `${where}: "${first!.name}" is ${typeName(first!.type)} but "${field.name}" is ${typeName(field.type)}, and one column can't hold both; cast one of them, or unpivot them by themselves`)
  }, first!.type)
  const fields = [...stays, { name: variable, type: utf8, nullable: false }, { name: value, type, nullable: parts.some(field => field.nullable) }]
  const twice = fields.find((field, i) => fields.findIndex(other => other.name === field.name) !== i)
  if (twice) throw new PlanError('DUPLICATE_COLUMN', `${where}: two columns would be named "${twice.name}"; choose other names with variable and value`)
  return [...fields, ...input.filter(field => isHidden(field.name))]
}
