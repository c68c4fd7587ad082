// Leaves rows out that have a null in one of some columns; afterwards these can't have any.
import type { Batch } from '../batch/batch.ts'
import { columnIndex, fieldOf, type Fields, isHidden } from '../batch/schema.ts'
import { andBits } from '../compute/bitmap.ts'
import { compactBatch, share } from '../compute/compact.ts'
import type { OperatorType } from './operator.ts'

/** Parameters of `dropNull`: the columns looked at, all unless said. */
export type DropNullParams = { readonly names?: readonly string[] }

/** Rows in source order. */
export const dropNullOperator: OperatorType<DropNullParams> = {
  kind: 'dropNull',
  inputCount: 1,
  takesChanges: true,
  placement: () => 'any',
  fields: ([input], params, where) => fieldsWithout(input!, params, where),
  describe: ({ names }) => `rows without null${names ? ` in ${names.join(', ')}` : 's'}`,
  create(context, params, [input]) {
    const fields = fieldsWithout(input!, params, context.where)
    const checked = namesOf(input!, params).map(name => columnIndex(input!, name, context.where))
    return {
      push(batch, out) {
        const { device, arena } = context
        const valid = checked.reduce((bits, i) => andBits(device, arena, bits, batch.columns[i]!.validity, batch.rowCount), 0)
        const kept: Batch = valid === 0 ? share(device, arena, batch) : compactBatch(device, arena, batch, valid)
        const columns = kept.columns.map((column, i) => (checked.includes(i) ? { ...column, validity: 0 } : column))
        if (kept.rowCount > 0) out.emit({ ...kept, fields, columns })
      },
    }
  },
}

function namesOf(input: Fields, { names }: DropNullParams): readonly string[] {
  return names ?? input.filter(({ name, type }) => !isHidden(name) && type.kind !== 'null').map(field => field.name)
}

function fieldsWithout(input: Fields, params: DropNullParams, where: string): Fields {
  for (const name of params.names ?? []) fieldOf(input, name, where)
  const checked = namesOf(input, params)
  return input.map(field => (checked.includes(field.name) ? { ...field, nullable: false } : field))
}
