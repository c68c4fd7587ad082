// Orders as parameters of operators that sort: columns with directions, checked against the input.
import { PlanError } from '../base/errors.ts'
import { columnIndex, fieldOf, type Fields } from '../batch/schema.ts'
import { unsupportedType } from '../batch/unsupported.ts'
import { isOrdered } from '../compute/sort.ts'
import type { OrderColumn } from '../compute/sorted-rows.ts'

/** A column to order by; nulls are last unless `nulls` says 'first', in either direction. */
export type OrderParam = { readonly column: string; readonly descending: boolean; readonly nulls?: 'first' | 'last' }

/** Throws PlanError NO_COLUMN, TYPE_UNSUPPORTED or SORT_KEYS where there is none. */
export function checkOrder(input: Fields, keys: readonly OrderParam[], where: string): void {
  if (keys.length === 0) throw new PlanError('SORT_KEYS', `${where}: nothing to sort by; name at least one column`)
  for (const { column } of keys) {
    const { type } = fieldOf(input, column, where)
    if (!isOrdered(type)) throw unsupportedType(`${where}, "${column}"`, type)
  }
}

/** The order as columns by their places in `fields`. */
export function orderColumns(fields: Fields, keys: readonly OrderParam[], where: string): OrderColumn[] {
  return keys.map(({ column, descending, nulls }) => ({ index: columnIndex(fields, column, where), descending, nullsFirst: nulls === 'first' }))
}

/** `price descending, name nulls first`. */
export function describeOrder(keys: readonly OrderParam[]): string {
  return keys.map(({ column, descending, nulls }) => `${column}${descending ? ' descending' : ''}${nulls === 'first' ? ' nulls first' : ''}`).join(', ')
}
