// Aggregates by key over input that never ends, told as they change: for each batch, the groups that it touches give what they gave before, to be taken back,
// and what is so now (batch/change.ts). Groups whose result is the same as before give nothing; a group that has lost its last row gives its end.
import { DataError, PlanError } from '../base/errors.ts'
import { keyGroupRange } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { Change, changeColumn, changeField, hasChanges } from '../batch/change.ts'
import { columnIndex, type Field, fieldOf, type Fields } from '../batch/schema.ts'
import { aggregateType, isNullable } from '../compute/accumulator.ts'
import { isInvertible } from '../compute/accumulators.ts'
import { sameValues } from '../compute/same-values.ts'
import { andBits, andNotBits, filledBits } from '../compute/bitmap.ts'
import { selectRows } from '../compute/compact.ts'
import { gatherColumn } from '../compute/gather.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { RowOrder } from '../compute/row-order.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { type GroupUpdates, UpdatingGroups } from '../state/updating-groups.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { columnsOf, describeAggregates, inputsOf, shapeOf, type WindowedAggregate } from './window-output.ts'

/** Parameters of `updatingAggregate`, as plain data. */
export interface UpdatingAggregateParams {
  readonly keys: readonly string[]
  readonly aggregates: readonly WindowedAggregate[]
}

/** Keys and aggregates, with `$change`. Without keys there is one group, which never ends. */
export const updatingAggregateOperator: OperatorType<UpdatingAggregateParams & { readonly [key: string]: Json | undefined }> = {
  kind: 'updatingAggregate',
  inputCount: 1,
  takesChanges: true,
  placement: params => (params.keys.length > 0 ? 'keyed' : 'single'),
  keys: params => params.keys,
  fields: ([input], params, where) => [...updatedFields(input!, params, where), changeField],
  needs: ([input], params) => new Set([...params.keys, ...params.aggregates.flatMap(columnsOf), ...(hasChanges(input!) ? [changeColumn] : [])]),
  describe: params => `by ${params.keys.join(', ') || 'nothing'}: ${describeAggregates(params.aggregates)}, updated as rows come`,
  create: (context, params, [input]) => new UpdatingAggregate(context, params, input!),
}

function updatedFields(input: Fields, params: UpdatingAggregateParams, where: string): Field[] {
  const { keys, specs } = shapeOf(input, params, where)
  const results = params.aggregates.map((aggregate, i): Field => {
    const nullable = isNullable(aggregate.fn, params.keys.length === 0 || columnsOf(aggregate).some(column => fieldOf(input, column, where).nullable))
    return { name: aggregate.name, type: aggregateType(specs[i]!), nullable }
  })
  const fields = [...keys, ...results]
  const twice = fields.find((field, i) => fields.findIndex(f => f.name === field.name) !== i)
  if (twice) throw new PlanError('DUPLICATE_COLUMN', `${where}: the result would have two columns "${twice.name}"; rename the key or the aggregate`)
  const lossy = hasChanges(input) ? params.aggregates.find(({ fn }) => !isInvertible(fn)) : undefined
  if (lossy)
    throw new PlanError('AGGREGATE_CHANGES', `${where}: "${lossy.name}" is ${lossy.fn} of rows that change, and ${lossy.fn} can't forget what it has seen; of such rows there are count, sum and mean`)
  return fields
}

class UpdatingAggregate implements Operator {
  readonly #context: OperatorContext
  readonly #fields: Fields
  /** Positions in the input: of the keys, the aggregates' inputs (−1 for none), and `$change` (−1 where rows only add up). */
  readonly #keys: readonly number[]
  readonly #inputs: readonly number[]
  readonly #change: number
  readonly #groups: UpdatingGroups
  readonly #keyNames: readonly string[]
  readonly #order = new RowOrder()
  /** The one group of no keys has been told of. */
  #isTold = false

  constructor(context: OperatorContext, params: UpdatingAggregateParams, input: Fields) {
    const { where } = context
    this.#context = context
    this.#fields = [...updatedFields(input, params, where), changeField]
    this.#keyNames = params.keys
    this.#keys = params.keys.map(key => columnIndex(input, key, where))
    this.#inputs = inputsOf(input, params.aggregates, where)
    this.#change = input.findIndex(field => field.name === changeColumn)
    this.#groups = new UpdatingGroups(context.device, shapeOf(input, params, where))
  }

  push(batch: Batch, out: Output): void {
    const { arena } = this.#context
    const inputs = this.#inputs.map(i => (i < 0 ? undefined : batch.columns[i]!))
    const keys = this.#keys.map(i => batch.columns[i]!)
    const places = this.#order.from(this.#context.takeOrder(batch.rowCount))
    const updates = this.#groups.update(arena, keys, inputs, batch.rowCount, places, this.#change < 0 ? 0 : batch.columns[this.#change]!.values)
    this.#emit(updates, keys, out)
  }

  finish(out: Output): void {
    if (this.#keys.length > 0 || this.#isTold) return
    const { device, arena } = this.#context
    const one = filledBits(device, arena, 1, true)
    this.#emitRows(out, this.#groups.results(arena), one, one, [Change.insert, Change.insert], 1)
  }

  // First what is taken back, then what is so now.
  #emit(updates: GroupUpdates, keys: readonly Column[], out: Output): void {
    const { device, arena } = this.#context
    const { count, before, after } = updates
    const ofAll = this.#keys.length === 0
    const had = ofAll ? filledBits(device, arena, count, this.#isTold) : updates.had
    const has = ofAll ? filledBits(device, arena, count, true) : updates.has
    const same = andBits(device, arena, andBits(device, arena, had, has, count), sameValues(device, arena, before, after, count), count)
    this.#isTold = true
    const told = keys.map(key => gatherColumn(device, arena, key, updates.firsts, count))
    this.#emitRows(out, [...told, ...before], andNotBits(device, arena, had, same, count), has, [Change.delete, Change.updateBefore], count)
    this.#emitRows(out, [...told, ...after], andNotBits(device, arena, has, same, count), had, [Change.insert, Change.updateAfter], count)
  }

  // The rows of `mask`, which are `changes[1]` where `other` has a bit and `changes[0]` elsewhere.
  #emitRows(out: Output, columns: readonly Column[], mask: number, other: number, changes: readonly [number, number], count: number): void {
    const { device, arena } = this.#context
    const { indices, rows } = selectRows(device, arena, mask, count)
    if (rows === 0) return
    const values = arena.allocate(rows)
    const bytes = device.memory.bytes(values, rows)
    const [numbers, bits] = [device.memory.uint32s(indices, rows), device.memory.bytes(other, Math.ceil(count / 8))]
    for (let i = 0; i < rows; i++) bytes[i] = changes[((bits[numbers[i]! >>> 3]! >>> (numbers[i]! & 7)) & 1) as 0 | 1]
    const taken = columns.map(column => gatherColumn(device, arena, column, indices, rows))
    out.emit({ fields: this.#fields, rowCount: rows, columns: [...taken, { type: changeField.type, length: rows, values, validity: 0 }], arena: arena.address })
  }

  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    const arena = device.arena()
    try {
      const rows = this.#groups.rowsOf(arena)
      if (rows.rowCount === 0) return []
      return [{ table: 'groups', keyGroups: keyGroupRange(instance, parallelism), bytes: encodeRun(device, rows) }]
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    for (const run of runs) {
      const arena = this.#context.device.arena()
      try {
        this.#restoreRun(run, arena)
      } finally {
        arena.release()
      }
    }
  }

  #restoreRun(run: StateRun, arena: Arena): void {
    const { device, where, instance, parallelism } = this.#context
    const all = decodeRun(device, arena, run.bytes)
    this.#order.restored(device, all)
    if (run.table !== 'groups' || JSON.stringify(all.fields) !== JSON.stringify(this.#groups.fields()))
      throw new DataError('STATE_SHAPE', `${where}: the checkpoint's table "${run.table}" does not fit this step's keys and aggregates; start without it or restore the job as it was`)
    this.#groups.merge(arena, this.#keyNames.length === 0 ? all : rowsOfKeyGroups(device, arena, all, this.#keyNames, keyGroupRange(instance, parallelism), where))
    this.#isTold ||= all.rowCount > 0
  }

  close(): void {
    this.#groups.close()
  }
}
