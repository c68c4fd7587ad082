// A row for each item of a list.
import { PlanError } from '../base/errors.ts'
import { type Batch, sliceBatch } from '../batch/batch.ts'
import { childrenOf, rowCount64 } from '../batch/data-type.ts'
import { typeName } from '../batch/type-name.ts'
import { columnIndex, type Field, fieldOf, type Fields } from '../batch/schema.ts'
import { concatColumns } from '../compute/concat.ts'
import { gatherColumn, holdViews } from '../compute/gather.ts'
import { nullColumn } from '../compute/null-column.ts'
import { explodeLists, placesColumn } from '../compute/row-numbers.ts'
import type { OperatorContext, OperatorType } from './operator.ts'

/** Parameters of `explode`: the column; whether null and empty lists keep their row, with a null; a column for the item's place in its list. */
export type ExplodeParams = { readonly column: string; readonly keep?: boolean; readonly index?: string }

const sliceRows = 8_192
const emitRows = 65_536

/** Rows in source order, items in the order of their list. The column has the items; the others are repeated. Places count from 0. */
export const explodeOperator: OperatorType<ExplodeParams> = {
  kind: 'explode',
  inputCount: 1,
  takesChanges: true,
  placement: () => 'any',
  fields: ([input], params, where) => exploded(input!, params, where),
  describe: ({ column, keep, index }) => `a row for each item of ${column}${index === undefined ? '' : `, its place in ${index}`}${keep ? '; empty lists keep theirs' : ''}`,
  create(context, params, [input]) {
    const fields = exploded(input!, params, context.where)
    const at = columnIndex(input!, params.column, context.where)
    return {
      push(batch, out) {
        for (let start = 0; start < batch.rowCount; start += sliceRows) {
          const rows = explodeBatch(context, sliceBatch(batch, start, Math.min(batch.rowCount, start + sliceRows)), fields, at, params)
          for (let from = 0; from < rows.rowCount; from += emitRows) out.emit(sliceBatch(rows, from, Math.min(rows.rowCount, from + emitRows)))
        }
      },
    }
  },
}

function explodeBatch({ device, arena }: OperatorContext, batch: Batch, fields: Fields, at: number, { keep = false, index }: ExplodeParams): Batch {
  const list = batch.columns[at]!
  const made = explodeLists(device, arena, list, keep)
  const [child] = list.children!
  // The item behind the last is a null, for the rows of empty lists.
  const items = keep ? concatColumns(device, arena, child!.type, [child!, nullColumn(arena, child!.type, 1)]) : child!
  const columns = batch.columns.map((column, i) => (i === at ? gatherColumn(device, arena, items, made.items, made.count) : gatherColumn(device, arena, column, made.rows, made.count)))
  if (index !== undefined) columns.push(placesColumn(device, arena, made))
  holdViews(device, arena, batch)
  return { fields, rowCount: made.count, columns, arena: arena.address }
}

function exploded(input: Fields, { column, keep = false, index }: ExplodeParams, where: string): Fields {
  const { type } = fieldOf(input, column, where)
  if (type.kind !== 'list' && type.kind !== 'fixedList')
    throw new PlanError('EXPLODE_TYPE', `${where}: "${column}" is ${typeName(type)}, no list; explode takes lists, and split() makes one of a text`)
  const [item] = childrenOf(type)
  const fields = input.map((field): Field => (field.name === column ? { name: column, type: item!.type, nullable: item!.nullable || keep } : field))
  if (index === undefined) return fields
  if (input.some(field => field.name === index)) throw new PlanError('DUPLICATE_COLUMN', `${where}: there is a column "${index}" already; give the places another name`)
  return [...fields, { name: index, type: rowCount64, nullable: keep }]
}
