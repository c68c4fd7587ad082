// groupBy(…).agg(…) over input that never ends: each batch changes the groups that its rows are of, and what a group was given out with before is taken
// back: a row that was, the row that is (`$change`, batch/change.ts). Rules: Apache Flink's GroupAggFunction over mini-batches.
import { DataError } from '../base/errors.ts'
import { keyGroupRange } from '../base/hash.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { changeColumn, changeField } from '../batch/change.ts'
import { float64 } from '../batch/data-type.ts'
import { type Field, type Fields, schemaText } from '../batch/schema.ts'
import { type Accumulators, createAccumulators } from '../compute/accumulators.ts'
import type { AggregateSpec } from '../compute/accumulator.ts'
import { orderSuffix, type SomeGroups } from '../compute/aggregate-contract.ts'
import { ChangingAccumulators } from '../compute/changing-accumulators.ts'
import { gatherColumn, gathered, gatherNumbers } from '../compute/gather.ts'
import { splitChanges } from '../compute/changes.ts'
import { GivenRows, type TouchedGroups } from '../compute/given-rows.ts'
import { GroupTimes } from '../compute/group-times.ts'
import { GroupTable } from '../compute/group-table.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { RowOrder } from '../compute/row-order.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { canBeCold, ColdGroups, type FoundGroups } from './cold-groups.ts'
import { type AggregateParams, type AggregateShape, describeGroups, partialShape, resultFields } from './group-by.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'

/** Parameters: `ttlMs`: groups that had no row for so long, by the clock, are forgotten; what was given of them stays, and a row that comes later begins the group anew. */
export type UpdatingAggregateParams = AggregateParams & { readonly ttlMs?: number }

/** Keys, then aggregates, of each group that a batch changed; nothing of groups whose results are as they were. Hidden columns end here, but for `$change`. */
export const updatingAggregateOperator: OperatorType<UpdatingAggregateParams> = {
  kind: 'updatingAggregate',
  inputCount: 1,
  takesChanges: true,
  placement: params => (params.keys.length === 0 ? 'single' : 'keyed'),
  keys: params => params.keys,
  fields: ([input], params, where) => [...resultFields(partialShape(input!, params, where).partial, params, where), changeField],
  needs: (_, { keys, aggregates }) => new Set([...keys, ...aggregates.flatMap(({ input, args = [] }) => (input === undefined ? [] : [input, ...args])), changeColumn]),
  describe: params => `${describeGroups(params)}, as rows come`,
  create: (context, params, [input]) => new UpdatingAggregate(context, partialShape(input!, params, context.where), params, input!),
}

/** Names of given results, and of states, in checkpoints; no user's column begins like this. */
const givenPrefix = '\u0002'
const statePrefix = '\u0001'
/** Groups without rows are given up once they are this many and more than the others. */
const deadGroupsMax = 4_096
/** Idle groups are looked for so many times in their time to live. */
const sweeps = 4
const timeField: Field = { name: '\u0003time', type: float64, nullable: false }

class UpdatingAggregate implements Operator {
  readonly #context: OperatorContext
  readonly #shape: AggregateShape & { readonly keyAt: readonly number[]; readonly inputs: readonly number[] }
  readonly #results: Fields
  readonly #specs: readonly AggregateSpec[]
  /** Where `$change` is in the input; −1 where its rows only add up. */
  readonly #change: number
  #table: GroupTable
  /** Of changing rows the last one counts them: a group without rows has no result. */
  #accumulators: Accumulators
  #given: GivenRows
  /** Where groups only grow, in no order, and have no end: those that memory lacks. */
  readonly #cold: ColdGroups | undefined
  /** Where idle groups are forgotten: when each was touched. */
  readonly #times: GroupTimes | undefined
  readonly #ttlMs: number
  #sweptAt = Number.NEGATIVE_INFINITY
  readonly #order = new RowOrder()
  constructor(context: OperatorContext, shape: ReturnType<typeof partialShape>, params: UpdatingAggregateParams, input: Fields) {
    this.#context = context
    this.#shape = shape
    this.#results = resultFields(shape.partial, params, context.where)
    this.#change = input.findIndex(field => field.name === changeColumn)
    this.#specs = this.#change < 0 ? shape.specs : [...shape.specs, { fn: 'count' }]
    ;[this.#table, this.#accumulators, this.#given] = this.#fresh()
    this.#ttlMs = params.ttlMs ?? Number.POSITIVE_INFINITY
    if (params.ttlMs !== undefined && params.keys.length > 0) this.#times = new GroupTimes(context.device)
    const fields = this.#stateFields()
    const keys = shape.keys.map((_, i) => i)
    if (this.#change < 0 && !this.#times && canBeCold(fields, keys) && !fields.some(({ name }) => name.endsWith(orderSuffix))) this.#cold = new ColdGroups(context, fields, keys, 'groups')
  }

  #fresh(): [GroupTable, Accumulators, GivenRows] {
    const { device } = this.#context
    const accumulators = this.#change < 0 ? createAccumulators(device, this.#specs) : new ChangingAccumulators(device, this.#specs)
    return [new GroupTable(device, this.#shape.keys), accumulators, new GivenRows(device, this.#results, this.#shape.keys.length)]
  }

  push(batch: Batch, out: Output): void {
    const { columns, rowCount } = batch
    if (rowCount === 0) return
    const { device, arena } = this.#context
    const scratch = device.arena()
    try {
      const keys = this.#shape.keyAt.map(i => columns[i]!)
      const known = this.#table.groupCount
      const gids = this.#table.find(scratch, keys, rowCount)
      const groups = this.#table.groupCount
      const before = this.#cold?.came(scratch, { gids, rowCount, known, groupCount: groups }, keys)
      if (before) this.#take(scratch, before.rows)
      const touched = this.#given.touch(scratch, gids, rowCount, groups)
      this.#update(scratch, batch, gids, touched)
      this.#times?.touch(touched, groups, this.#context.clock.now())
      const own = gathered(device, scratch, keys, { indices: touched.firsts, rows: touched.rows })
      const results = this.#accumulators.resultColumns(scratch, groups, touched)
      const counts = this.#change < 0 ? undefined : results.pop()
      this.#emit(this.#given.settle(arena, touched, [...own, ...results], keys.length === 0 ? 0 : (counts?.values ?? 0)), out)
    } finally {
      scratch.release()
    }
    if (this.#table.groupCount > 2 * this.#given.count + deadGroupsMax) this.#repack()
    if (this.#cold?.isShort(this.#table.bytes + this.#accumulators.bytes + this.#given.bytes)) {
      this.#write(this.#cold)
      const { groupCount } = this.#table
      this.#closeGroups()
      ;[this.#table, this.#accumulators, this.#given] = this.#fresh()
      this.#cold.forgotten(groupCount)
    }
  }

  // Rows that are added first, so that what is taken back has come, too.
  #update(scratch: Arena, { columns, rowCount }: Batch, gids: number, touched: TouchedGroups): void {
    const { device } = this.#context
    const groups = this.#table.groupCount
    const place = this.#context.takeOrder(rowCount)
    const inputs: (Column | undefined)[] = this.#shape.inputs.map(i => columns[i])
    if (!(this.#accumulators instanceof ChangingAccumulators)) return this.#accumulators.update(gids, inputs, rowCount, groups, this.#order.from(place))
    const { added, taken } = splitChanges(device, scratch, columns[this.#change]!, rowCount)
    const of = (rows: SomeGroups) => [...inputs.map(column => column && gatherColumn(device, scratch, column, rows.indices, rows.rows)), undefined]
    const numbers = (from: number, rows: SomeGroups) => gatherNumbers(device, scratch, from, rows)
    if (added.rows > 0) this.#accumulators.update(numbers(gids, added), of(added), added.rows, groups, this.#order.from(place, added.indices))
    if (taken.rows > 0) this.#accumulators.retract(numbers(gids, taken), numbers(touched.dense, taken), touched, of(taken), taken.rows, groups)
  }

  tick(now: number): void {
    if (!this.#times || now < this.#sweptAt + this.#ttlMs / sweeps) return
    this.#sweptAt = now
    this.#repack(now - this.#ttlMs)
  }

  finish(out: Output): void {
    if (this.#shape.keys.length > 0 || this.#given.count > 0) return
    // Aggregates of no rows at all are a row, too.
    const { device } = this.#context
    const scratch = device.arena()
    try {
      const touched = this.#given.touch(scratch, this.#table.find(scratch, [], 1), 1, 1)
      this.#emit(this.#given.settle(this.#context.arena, touched, this.#accumulators.resultColumns(scratch, 1).slice(0, this.#results.length), 0), out)
    } finally {
      scratch.release()
    }
  }

  snapshot(): StateRun[] {
    if (this.#cold) {
      this.#write(this.#cold)
      return this.#cold.runs()
    }
    const { device, instance, parallelism } = this.#context
    const arena = device.arena()
    try {
      const state = this.#state(arena)
      return state.rowCount === 0 ? [] : [{ table: 'groups', keyGroups: keyGroupRange(instance, parallelism), bytes: encodeRun(device, state) }]
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism, where } = this.#context
    const keys = this.#shape.keys.map(key => key.name)
    this.#cold?.restore(runs)
    for (const run of runs) {
      if (run.lasting) continue
      const arena = device.arena()
      try {
        const batch = decodeRun(device, arena, run.bytes)
        if (JSON.stringify(schemaText(batch.fields)) !== JSON.stringify(schemaText(this.#stateFields())))
          throw new DataError('STATE_SHAPE', `${where}: the checkpoint's groups do not fit this step's keys and aggregates; start without it or restore the job as it was`)
        this.#order.restored(device, batch)
        const own = keys.length === 0 ? batch : rowsOfKeyGroups(device, arena, batch, keys, keyGroupRange(instance, parallelism), where)
        this.#take(arena, own)
        this.#cold?.came(arena, this.#foundAgain(arena, own), [])
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#closeGroups()
    this.#times?.close()
    this.#cold?.close()
  }

  #closeGroups(): void {
    this.#table.close()
    this.#accumulators.close()
    this.#given.close()
  }

  #emit(changes: Batch, out: Output): void {
    if (changes.rowCount > 0) out.emit(changes)
  }

  // Keys and states, then the results that were given: what a restart must take back is no matter of computing it again.
  #stateFields(): Field[] {
    const { keys } = this.#shape
    const names = this.#specs.map((_, i) => `${statePrefix}${i}`)
    return [...keys, ...this.#accumulators.partialFields(names), ...(this.#times ? [timeField] : []), ...this.#results.slice(keys.length).map(field => ({ ...field, name: `${givenPrefix}${field.name}` }))]
  }

  #write(cold: ColdGroups): void {
    const { device } = this.#context
    const groups = this.#table.groupCount
    const keyCount = this.#shape.keys.length
    cold.write(groups, (arena, gids, count) => {
      const rows = this.#given.rowsFor(arena, { indices: gids, rows: count })
      const states = this.#accumulators.partialColumns(arena, groups).map(column => gatherColumn(device, arena, column, gids, count))
      return { fields: this.#stateFields(), rowCount: count, columns: [...rows.slice(0, keyCount), ...states, ...rows.slice(keyCount)], arena: arena.address }
    })
  }

  // Groups that have rows, and were touched at `since` or later.
  #state(arena: Arena, since = Number.NEGATIVE_INFINITY): Batch {
    const { device } = this.#context
    const keyCount = this.#shape.keys.length
    const groups = this.#table.groupCount
    const all = this.#given.rowsOf(arena)
    const chosen = this.#times?.since(arena, all.gids, groups, since)
    const columns = chosen ? gathered(device, arena, all.columns, chosen) : all.columns
    const gids = chosen ? { indices: gatherNumbers(device, arena, all.gids.indices, chosen), rows: chosen.rows } : all.gids
    if (gids.rows === 0) return { fields: this.#stateFields(), rowCount: 0, columns: [], arena: arena.address }
    const states = this.#accumulators.partialColumns(arena, groups).map((column: Column) => gatherColumn(device, arena, column, gids.indices, gids.rows))
    return { fields: this.#stateFields(), rowCount: gids.rows, columns: [...columns.slice(0, keyCount), ...states, ...(this.#times ? [this.#times.column(arena, gids, groups)] : []), ...columns.slice(keyCount)], arena: arena.address }
  }

  // Forgets the groups that have no rows any more, or weren't touched since.
  #repack(since?: number): void {
    const arena = this.#context.device.arena()
    try {
      const state = this.#state(arena, since)
      if (state.rowCount === this.#table.groupCount) return
      this.#table.reset()
      this.#accumulators.reset()
      this.#given.reset()
      this.#times?.reset()
      this.#take(arena, state)
    } finally {
      arena.release()
    }
  }

  // No segment has what a run of another kind had.
  #foundAgain(arena: Arena, { columns, rowCount }: Batch): FoundGroups {
    const gids = this.#table.find(arena, columns.slice(0, this.#shape.keys.length), rowCount)
    return { gids, rowCount, known: this.#table.groupCount, groupCount: this.#table.groupCount }
  }

  #take(arena: Arena, { columns, rowCount }: Batch): void {
    if (rowCount === 0) return
    const keyCount = this.#shape.keys.length
    const given = columns.length - (this.#results.length - keyCount)
    const keys = columns.slice(0, keyCount)
    const gids = this.#table.find(arena, keys, rowCount)
    const states = columns.slice(keyCount, given)
    this.#times?.restore(gids, states.pop()!, this.#table.groupCount)
    this.#accumulators.merge(gids, states, rowCount, this.#table.groupCount)
    this.#given.restore(gids, [...keys, ...columns.slice(given)], rowCount, this.#table.groupCount)
  }
}
