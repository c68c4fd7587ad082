// What windowed aggregates have in common: their parameters' check, their output's fields, the order of their rows.
import { PlanError } from '../base/errors.ts'
import { type Batch, type Column, sliceBatch } from '../batch/batch.ts'
import { int32, int64, rowCount64, timestampMs } from '../batch/data-type.ts'
import { columnIndex, type Field, fieldOf, type Fields, visible } from '../batch/schema.ts'
import { type AggregateOptions, aggregateType, isNullable } from '../compute/accumulator.ts'
import { arithmetic } from '../compute/arithmetic.ts'
import { gatherBatch, gatherColumn } from '../compute/gather.ts'
import { hashColumns } from '../compute/hash.ts'
import { sortIndices } from '../compute/sort.ts'
import { timeColumn } from '../compute/time-column.ts'
import { lateRow, rowsWithId, timeAt, timelessRow } from '../compute/window.ts'
import type { Arena } from '../device/arena.ts'
import type { Device } from '../device/device.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { GroupShape } from '../state/group-state.ts'
import type { StateRun } from '../state/state-run.ts'
import { isTimed, type WindowSpec } from '../window/window-spec.ts'
import type { OperatorContext, Output } from './operator.ts'
import { watermarkColumn, watermarkField } from './watermark.ts'

/** An aggregate of a window: `input` and `args` are columns; absent, `count` counts rows. */
export interface WindowedAggregate {
  readonly name: string
  readonly fn: string
  readonly input?: string
  readonly args?: readonly string[]
  readonly options?: AggregateOptions
}

/** Parameters of the windowed aggregates, as plain data. */
export interface WindowAggregateParams {
  readonly keys: readonly string[]
  readonly window: WindowSpec
  readonly aggregates: readonly WindowedAggregate[]
}

/** Rows of an emitted batch, at most. A multiple of 64. */
const emitRowsMax = 65_536
const startField: Field = { name: 'window_start', type: timestampMs, nullable: false }
const endField: Field = { name: 'window_end', type: timestampMs, nullable: false }
const numberField: Field = { name: 'window_number', type: rowCount64, nullable: false }

/** What is grouped: the keys' fields and the aggregates' types. Throws PlanError NO_COLUMN or AGGREGATE_TYPE. */
export function shapeOf(input: Fields, params: WindowAggregateParams, where: string): GroupShape {
  const keys = params.keys.map(key => fieldOf(input, key, where))
  const typeOf = (column: string) => fieldOf(input, column, where).type
  const specs = params.aggregates.map(({ name, fn, input: column, args, options }) => ({
    fn,
    where: `${where}, "${name}"`,
    ...(column !== undefined && { inputType: typeOf(column) }),
    ...(args && { argTypes: args.map(typeOf) }),
    ...(options && { options }),
  }))
  return { keys, names: params.aggregates.map(a => a.name), specs }
}

/** Whether windows have a start and an end; results of others are numbered by key. */
export function hasBounds({ kind }: WindowSpec): boolean {
  return kind !== 'count' && kind !== 'global'
}

/** Keys, window_start, window_end (or window_number), aggregates, and `$watermark` where the input has it: what it was just before the window was complete. Throws PlanError DUPLICATE_COLUMN for names that clash, and as `shapeOf`. */
export function windowFields(input: Fields, params: WindowAggregateParams, where: string): Field[] {
  const { keys, specs } = shapeOf(input, params, where)
  const results = params.aggregates.map((aggregate, i): Field => {
    const type = aggregateType(specs[i]!)
    return { name: aggregate.name, type, nullable: isNullable(aggregate.fn, columnsOf(aggregate).some(column => fieldOf(input, column, where).nullable)) }
  })
  // Of event time only: by the clock nothing is late.
  const isJudged = isTimed(params.window) && hasBounds(params.window) && input.some(field => field.name === watermarkColumn)
  const bounds = hasBounds(params.window) ? [startField, endField] : [numberField]
  const fields = [...keys, ...bounds, ...results, ...(isJudged ? [watermarkField] : [])]
  const twice = fields.find((field, i) => fields.findIndex(f => f.name === field.name) !== i)
  if (twice) throw new PlanError('DUPLICATE_COLUMN', `${where}: the result would have two columns "${twice.name}"; rename the key or the aggregate`)
  return fields
}

/** The columns that an aggregate reads. */
export function columnsOf({ input, args = [] }: WindowedAggregate): string[] {
  return input === undefined ? [] : [input, ...args]
}

/** The positions of all columns that aggregates read, one after the other; −1 for a count of rows. */
export function inputsOf(fields: Fields, aggregates: readonly WindowedAggregate[], where: string): number[] {
  return aggregates.flatMap(aggregate => (aggregate.input === undefined ? [-1] : columnsOf(aggregate).map(column => columnIndex(fields, column, where))))
}

/** The aggregates as `explain()` shows them. */
export function describeAggregates(aggregates: readonly WindowedAggregate[]): string {
  return aggregates.map(a => `${a.name} = ${a.fn}(${columnsOf(a).join(', ')})`).join(', ')
}

/** Emits the rows of `fields`, whose `$watermark` is added here, in batches, sorted by the column `rank`, then by the hash of their keys; equal ones stay in order. */
export function emitSorted(context: OperatorContext, out: Output, fields: Fields, keyCount: number, columns: readonly Column[], rows: number, rank?: Column): void {
  if (rows === 0) return
  const { device, arena } = context
  const hashes: Column = { type: int32, length: rows, values: hashColumns(device, arena, columns.slice(0, keyCount), rows), validity: 0 }
  const all = fields.at(-1)!.name === watermarkColumn ? [...columns, watermarkBefore(device, arena, columns[keyCount + 1]!, context.where)] : columns
  const indices = sortIndices(device, arena, [...(rank ? [{ column: rank }] : []), { column: hashes }], rows)
  emitInOrder(context, out, fields, all.map(column => gatherColumn(device, arena, column, indices, rows)), rows)
}

/** Emits rows as they stand, in batches. */
export function emitInOrder({ arena }: OperatorContext, out: Output, fields: Fields, columns: readonly Column[], rows: number): void {
  const whole: Batch = { fields, rowCount: rows, columns, arena: arena.address }
  for (let start = 0; start < rows; start += emitRowsMax) out.emit(rows <= emitRowsMax ? whole : sliceBatch(whole, start, Math.min(rows, start + emitRowsMax)))
}

// A window is complete when the watermark reaches end − 1.
function watermarkBefore(device: Device, arena: Arena, ends: Column, where: string): Column {
  return arithmetic(device, arena, 'sub', { ...ends, type: int64 }, { type: int64, value: 2n }, { active: 0, where })
}

/** Sends rows that no window took to the side output `late`: those of `ids` that are late, and those without a time. */
export function emitLate(context: OperatorContext, out: Output, batch: Batch, ids: number, start: number, rows: number, late: number, timeless: number): void {
  const { device, arena } = context
  for (const [id, count, metric] of [
    [lateRow, late, 'lateRows'],
    [timelessRow, timeless, 'nullTimeRows'],
  ] as const) {
    if (count === 0) continue
    context.count(metric, count)
    const taken = rowsWithId(device, arena, ids, rows, id, start)
    out.emit(gatherBatch(device, arena, visibleBatch(batch), taken.indices, taken.rows), 'late')
  }
}

function visibleBatch(batch: Batch): Batch {
  const fields = visible(batch.fields)
  return { ...batch, fields, columns: fields.map(field => batch.columns[columnIndex(batch.fields, field.name, 'late')]!) }
}

const clockFields: Fields = [{ name: 'time', type: timestampMs, nullable: false }]

/** How far event time has come, as a run of the table `clock`. */
export function clockRun(device: Device, time: number, keyGroups: { start: number; end: number }): StateRun {
  const arena = device.arena()
  try {
    const batch = { fields: clockFields, rowCount: 1, columns: [timeColumn(device, arena, time, 1)], arena: arena.address }
    return { table: 'clock', keyGroups, bytes: encodeRun(device, batch) }
  } finally {
    arena.release()
  }
}

/** The inverse of `clockRun`. */
export function readClock(device: Device, run: StateRun): number {
  const arena = device.arena()
  try {
    return timeAt(device, decodeRun(device, arena, run.bytes).columns[0]!.values)
  } finally {
    arena.release()
  }
}
