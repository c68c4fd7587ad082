// Aggregates by group number: what each function keeps per group, how partial states merge, and what comes out. The rows are done by
// kernels/aggregate*.ts. A state can leave as columns (to another worker, into a checkpoint) and be merged into another.
import { PlanError } from '../base/errors.ts'
import type { Column } from '../batch/batch.ts'
import { type DataType, float64, int64, isNumeric, typeName } from '../batch/data-type.ts'
import type { Field } from '../batch/schema.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { CountAccumulator, countFields } from './count-accumulator.ts'
import { ExtremeAccumulator } from './extreme-accumulator.ts'
import { SumAccumulator, sumFields } from './sum-accumulator.ts'
import { TextExtremeAccumulator } from './text-extreme-accumulator.ts'

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

/** An accumulator without groups. Throws PlanError AGGREGATE_TYPE where the function does not apply to the type. */
export function createAccumulator(device: Device, spec: AggregateSpec): Accumulator {
  const type = aggregateInput(spec)
  if (spec.fn === 'count') return new CountAccumulator(device)
  if (spec.fn === 'sum' || spec.fn === 'mean') return new SumAccumulator(device, spec.fn, type!, spec.where ?? spec.fn)
  return type!.kind === 'utf8' || type!.kind === 'binary' ? new TextExtremeAccumulator(device, spec.fn, type!) : new ExtremeAccumulator(device, spec.fn, type!)
}

/** The type of an aggregate's result: count int64; sum int64 or float64; mean float64; min, max the input's. Throws as `createAccumulator`. */
export function aggregateType(spec: AggregateSpec): DataType {
  const type = aggregateInput(spec)
  if (spec.fn === 'count') return int64
  if (spec.fn === 'mean') return float64
  return spec.fn === 'sum' && type!.kind === 'int32' ? int64 : type!
}

/** The fields of the state of an accumulator of `spec`, as its `partialFields`. Throws as `createAccumulator`. */
export function partialFieldsOf(spec: AggregateSpec, name: string): Field[] {
  const type = aggregateInput(spec)
  if (spec.fn === 'count') return countFields(name)
  if (spec.fn === 'sum' || spec.fn === 'mean') return sumFields(type!, name)
  return [{ name, type: type!, nullable: true }]
}

/** The spec of an accumulator that can take the state in `fields`, which `partialFields(name)` of one of `fn` gave. */
export function specOfPartial(fn: AggregateFunction, name: string, fields: readonly Field[], where?: string): AggregateSpec {
  const field = (suffix: string) => fields.find(f => f.name === name + suffix)
  const place = where === undefined ? {} : { where }
  if (fn === 'count') return { fn, ...place }
  if (fn === 'min' || fn === 'max') return { fn, inputType: field('')!.type, ...place }
  return { fn, inputType: field('.high') ? int64 : field('.sum')!.type.kind === 'float64' ? float64 : { kind: 'int32' }, ...place }
}

function aggregateInput({ fn, inputType, where }: AggregateSpec): DataType | undefined {
  if (fn === 'count') return inputType
  if (!inputType) throw new PlanError('AGGREGATE_TYPE', `${where ?? fn}: ${fn} needs a column; write ${fn}('column')`)
  if ((fn === 'sum' || fn === 'mean') && !isNumeric(inputType))
    throw new PlanError('AGGREGATE_TYPE', `${where ?? fn}: ${fn} does not apply to ${typeName(inputType)}; it takes int32, int64 and float64`)
  return inputType
}
