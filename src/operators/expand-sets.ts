// Partial groups for each of several grouping sets: what rollup, cube and groupingSets put between the two steps of a groupBy. The groups by all keys are
// given out once a set, with null for the keys that are not in it, and the set's number.
import { PlanError } from '../base/errors.ts'
import type { Batch } from '../batch/batch.ts'
import { int32 } from '../batch/data-type.ts'
import { columnIndex, type Fields } from '../batch/schema.ts'
import { nullColumn } from '../compute/null-column.ts'
import { broadcast } from '../compute/operand.ts'
import { share } from '../compute/compact.ts'
import type { OperatorType } from './operator.ts'

/** Parameters of `expandSets`: all keys, the sets of them, and the column of the set's number: a bit for each key, the last one lowest, 1 where it is left out. */
export type ExpandSetsParams = { readonly keys: readonly string[]; readonly sets: readonly (readonly string[])[]; readonly id: string }

/** Keys may be null afterwards; the number is an int32 behind them. */
export const expandSetsOperator: OperatorType<ExpandSetsParams> = {
  kind: 'expandSets',
  inputCount: 1,
  placement: () => 'any',
  fields: ([input], params, where) => expanded(input!, params, where),
  describe: ({ sets }) => sets.map(set => `(${set.join(', ')})`).join(', '),
  create(context, params, [input]) {
    const fields = expanded(input!, params, context.where)
    const { keys, sets } = params
    return {
      push(batch, out) {
        const { device, arena } = context
        const { columns, rowCount }: Batch = share(device, arena, batch)
        for (const set of sets) {
          const grouped = keys.map((key, i) => (set.includes(key) ? columns[i]! : nullColumn(arena, columns[i]!.type, rowCount)))
          const id = broadcast(device, arena, { type: int32, value: setNumber(keys, set) }, rowCount)
          out.emit({ fields, rowCount, columns: [...grouped, id, ...columns.slice(keys.length)], arena: arena.address })
        }
      },
    }
  },
}

/** SQL's grouping id. */
export function setNumber(keys: readonly string[], set: readonly string[]): number {
  return keys.reduce((number, key) => 2 * number + (set.includes(key) ? 0 : 1), 0)
}

function expanded(input: Fields, { keys, sets, id }: ExpandSetsParams, where: string): Fields {
  for (const key of sets.flat()) columnIndex(input.slice(0, keys.length), key, where)
  if (keys.includes(id) || input.some(field => field.name === id)) throw new PlanError('DUPLICATE_COLUMN', `${where}: there is a column "${id}" already; give the grouping id another name, as in { id: 'set' }`)
  const grouped = input.slice(0, keys.length).map(field => ({ ...field, nullable: field.nullable || sets.some(set => !set.includes(field.name)) }))
  return [...grouped, { name: id, type: int32, nullable: false }, ...input.slice(keys.length)]
}
