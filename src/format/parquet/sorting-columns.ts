// By which columns the rows of a row group are in order (apache/parquet-format, parquet.thrift › SortingColumn): as a file says, and as its writer is told.
import { PlanError } from '../../base/errors.ts'
import type { Fields } from '../../batch/schema.ts'
import { leavesNamed } from './named-leaves.ts'
import { type ThriftReader, thriftType } from './read-thrift.ts'
import type { ThriftWriter } from './write-thrift.ts'
import type { WrittenLeaf } from './write-tree.ts'

/** One of them: `leaf` counts the leaves of the schema. */
export interface SortingColumn {
  readonly leaf: number
  readonly descending: boolean
  readonly nullsFirst: boolean
}

/** Columns, the first one first: ascending and nulls last unless said. */
export type SortingColumns = readonly (string | { readonly column: string; readonly descending?: boolean; readonly nullsFirst?: boolean })[]

/** The next one of a file. */
export function readSortingColumn(reader: ThriftReader): SortingColumn {
  let [leaf, descending, nullsFirst] = [-1, false, false]
  reader.struct((id, type) => {
    if (id === 1 && type === thriftType.i32) leaf = reader.int()
    else if (id === 2) descending = reader.bool(type)
    else if (id === 3) nullsFirst = reader.bool(type)
    else return false
    return true
  })
  return { leaf, descending, nullsFirst }
}

/** Adds them as field `id`. */
export function writeSortingColumns(thrift: ThriftWriter, id: number, columns: readonly SortingColumn[]): void {
  if (columns.length > 0) thrift.structs(id, columns, ({ leaf, descending, nullsFirst }) => thrift.i32(1, leaf).bool(2, descending).bool(3, nullsFirst))
}

/** What users say as files have it. Throws PlanError NO_COLUMN, SORTING_COLUMNS. */
export function sortingColumns(columns: SortingColumns, shown: Fields, leaves: readonly WrittenLeaf[], where: string): SortingColumn[] {
  const found = columns.map(given => {
    const { column, descending = false, nullsFirst = false } = typeof given === 'string' ? { column: given } : given
    const [leaf, ...others] = leavesNamed(column, shown, leaves, where)
    if (others.length > 0 || leaf!.repetition > 0) throw new PlanError('SORTING_COLUMNS', `${where}, sortingColumns: "${column}" has several values a row, by which rows are in no order; name a flat column, or a member of a struct as in "a.b"`)
    return { leaf: leaves.indexOf(leaf!), descending, nullsFirst }
  })
  const twice = found.findIndex(({ leaf }, i) => found.findIndex(other => other.leaf === leaf) < i)
  if (twice >= 0) throw new PlanError('SORTING_COLUMNS', `${where}, sortingColumns: "${leaves[found[twice]!.leaf]!.path.join('.')}" is named twice; name each column once`)
  return found
}
