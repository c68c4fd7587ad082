// Rows that change earlier ones. Where results are updated as input comes (groups without a window, the best rows so far, outer joins of streams), a batch
// has the hidden column `$change`, which says of each row what it is. Edges whose rows only add up don't have it.
import type { Field, Fields } from './schema.ts'

/** The name of the hidden column. */
export const changeColumn = '$change'

/** Its field. */
export const changeField: Field = { name: changeColumn, type: { kind: 'int8' }, nullable: false }

/** What a row is. Even ones add a row, odd ones take away one that was given before: all columns are those of that row. */
export const Change = { insert: 0, updateBefore: 1, updateAfter: 2, delete: 3 } as const

/** True where rows of these fields may be changes. */
export function hasChanges(fields: Fields): boolean {
  return fields.some(field => field.name === changeColumn)
}
