// What an aggregate promises: which columns it reads, what it keeps per group, how partial states merge, and what comes out. The rows are done by
// kernels/aggregate*.ts. A state can leave as columns (to another worker, into a checkpoint) and be merged into another.
import type { Json } from '../base/json.ts'
import type { Column } from '../batch/batch.ts'
import type { DataType } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'

/** Options of an aggregate, as plain data. */
export interface AggregateOptions {
  readonly [name: string]: Json | undefined
}

/** An aggregate of columns of `inputType` and `argTypes`; without any, `count` counts rows. `where` names it in errors. */
export interface AggregateSpec {
  readonly fn: string
  readonly inputType?: DataType
  readonly argTypes?: readonly DataType[]
  readonly options?: AggregateOptions
  readonly where?: string
}

/** What an aggregate takes as one of its columns. `takes` says it in errors: 'numbers'. */
export interface InputRule {
  readonly takes: string
  fits(type: DataType): boolean
}

/** An aggregate function, as the catalogue (accumulator.ts) lists it. The spec that its parts are given fits `inputs` and `checkOptions`. */
export interface AggregateType {
  readonly fn: string
  /** A rule for each column that it reads. */
  readonly inputs: readonly InputRule[]
  /** The options that it knows. */
  readonly options?: readonly string[]
  /** 'never' where no rows give a value all the same, as counts do; 'always' where some rows may give null too. */
  readonly nulls?: 'never' | 'always'
  /** Throws PlanError AGGREGATE_OPTION for options that don't fit. */
  checkOptions?(options: AggregateOptions, where: string): void
  /** The type of the result. */
  result(spec: AggregateSpec): DataType
  /** The state as fields, with names that begin with `name`. */
  partial(spec: AggregateSpec, name: string): Field[]
  /** An accumulator without groups. */
  create(device: Device, spec: AggregateSpec): Accumulator
}

/** Where rows stand among all rows of the job: row i at `first` + i, or at `first` + rows[i] where `rows` is the address of a u32 per row and not 0. */
export interface RowPlaces {
  readonly first: bigint
  readonly rows: number
}

/** Some groups: the address of a u32 each, below the number of groups. */
export interface SomeGroups {
  readonly indices: number
  readonly rows: number
}

/** Places for accumulators that don't look at them. */
export const noPlaces: RowPlaces = { first: 0n, rows: 0 }

/**
 * One aggregate's state for all groups. Rows with a null input are skipped; where that leaves none the result is null, of counts 0. Results are
 * independent of the order of rows but for those that are about order, which follow `places`. NaN is greater than every number for min and max, −0 less
 * than 0. `groupCount` may only grow until `reset`; groups that no row touched have seen no values.
 */
export interface Accumulator {
  /**
   * Takes `rows` values of each of `inputs` (none for `count` of rows); `gids` is the address of a u32 below `groupCount` per row. `places` rise from
   * row to row.
   */
  update(gids: number, inputs: readonly Column[], rows: number, groupCount: number, places: RowPlaces): void
  /** Takes the state that another accumulator of this spec gave: row i of its columns belongs to group gids[i]. */
  merge(gids: number, partial: readonly Column[], rows: number, groupCount: number): void
  /** The state as columns in `arena`, a row per group. */
  partialColumns(arena: Arena, groupCount: number): Column[]
  /** The result: one column in `arena`, a row per group, or one for each of the groups `of`. Throws DataError SUM_OVERFLOW. Cost: of the groups asked for, but where `gathered` is used. */
  resultColumns(arena: Arena, groupCount: number, of?: SomeGroups): Column[]
  /** Bytes held. */
  readonly bytes: number
  /** Forgets all groups. */
  reset(): void
  /** Gives the memory back. */
  close(): void
}

/** Names of state columns that hold places of rows end in this, so that a restart can go on behind them. */
export const orderSuffix = '.order'

/** Any type at all. */
export const anything: InputRule = { takes: 'columns of any type', fits: () => true }
