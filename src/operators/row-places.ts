// The place of each row in source order, as a hidden column: whatever instances the rows go to, a sort by it puts them back.
import { type Column, allocateColumn } from '../batch/batch.ts'
import { int64 } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import { share } from '../compute/compact.ts'
import { numberColumn } from '../compute/row-numbers.ts'
import type { OperatorContext, OperatorType } from './operator.ts'

/** The hidden column. */
export const placeField: Field = { name: '$place', type: int64, nullable: false }

/** Adds the places. For jobs that are run once from their beginning: after a restart they begin anew. */
export const rowPlacesOperator: OperatorType<Record<string, never>> = {
  kind: 'rowPlaces',
  inputCount: 1,
  placement: () => 'any',
  fields: ([input]) => [...input!.filter(field => field.name !== placeField.name), placeField],
  describe: () => 'the place of each row',
  create(context, _, [input]) {
    const kept = input!.flatMap((field, i) => (field.name === placeField.name ? [] : [i]))
    const fields = [...kept.map(i => input![i]!), placeField]
    return {
      push(batch, out) {
        const { device, arena } = context
        const { columns, rowCount } = share(device, arena, batch)
        out.emit({ fields, rowCount, columns: [...kept.map(i => columns[i]!), placesOf(context, rowCount)], arena: arena.address })
      },
    }
  },
}

function placesOf(context: OperatorContext, rows: number): Column {
  const { device, arena } = context
  const first = context.takeOrder(rows)
  if (first + BigInt(rows) <= BigInt(Number.MAX_SAFE_INTEGER)) return { ...numberColumn(device, arena, rows, Number(first)), type: int64 }
  const out = allocateColumn(arena, int64, rows)
  const numbers = device.memory.int64s(out.values, rows)
  for (let row = 0; row < rows; row++) numbers[row] = first + BigInt(row)
  return out
}
