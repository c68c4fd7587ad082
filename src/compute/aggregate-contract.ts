// What an accumulator promises: what it keeps per group, how partial states merge, and what comes out. The rows are done by
// kernels/aggregate*.ts. A state can leave as columns (to another worker, into a checkpoint) and be merged into another.
import type { Column } from '../batch/batch.ts'
import type { DataType } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'

/** The aggregate functions. */
export type AggregateFunction = 'count' | 'sum' | 'mean' | 'min' | 'max'

/** An aggregate of a column of `inputType`; without one, `count` counts rows. `where` names it in errors. */
export interface AggregateSpec {
  readonly fn: AggregateFunction
  readonly inputType?: DataType
  readonly where?: string
}

/**
 * One aggregate's state for all groups. Nulls are skipped: `sum`, `mean`, `min` and `max` of no values are null, `count` is 0. Integer sums
 * and means are exact and independent of row order. NaN is greater than every number for min and max, −0 less than 0.
 * `groupCount` may only grow until `reset`; groups that no row touched have seen no values.
 */
export interface Accumulator {
  /** Takes `rows` values of `column` (undefined only for `count` of rows); `gids` is the address of a u32 below `groupCount` per row. */
  update(gids: number, column: Column | undefined, rows: number, groupCount: number): void
  /** Takes the state that another accumulator of this spec gave: row i of its columns belongs to group gids[i]. */
  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void
  /** The fields of the state as columns, with names that begin with `name`. */
  partialFields(name: string): Field[]
  /** The state as columns in `arena`, a row per group. */
  partialColumns(arena: Arena, groupCount: number): Column[]
  /** The result: one column in `arena`, a row per group. Throws DataError SUM_OVERFLOW. */
  resultColumns(arena: Arena, groupCount: number): Column[]
  /** Bytes held. */
  readonly bytes: number
  /** Forgets all groups. */
  reset(): void
  /** Gives the memory back. */
  close(): void
}
