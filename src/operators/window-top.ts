// The rows of each window that have its greatest value, all of them on a tie: what a join of a windowed aggregate with its own maximum
// would give, without the join. It runs twice: where the rows are made it leaves out those that a batch already beats ("in part"), then
// alone per window, which is given out once the watermark reaches its end − 1.
import { PlanError } from '../base/errors.ts'
import { keyGroupRange } from '../base/hash.ts'
import { type Batch, sliceBatch } from '../batch/batch.ts'
import { typeName } from '../batch/type-name.ts'
import { columnIndex, fieldOf, type Fields } from '../batch/schema.ts'
import { type Accumulator, createAccumulator } from '../compute/accumulator.ts'
import { noPlaces } from '../compute/aggregate-contract.ts'
import { compactBatch } from '../compute/compact.ts'
import { compare } from '../compute/compare.ts'
import { gatherBatch, gatherColumn, gatherOwned, rowNumbers } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { truth } from '../compute/logic.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { RowStore } from '../compute/row-store.ts'
import { sortIndices } from '../compute/sort.ts'
import { floorTimes, leastTime, splitByTime } from '../compute/window.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { checkTime } from './watermark.ts'

/** Parameters of `windowTop`: the column of the window's end, the one whose greatest value counts, and whether rows are only thinned out. */
export type WindowTopParams = { readonly end: string; readonly value: string; readonly part?: boolean }

const emitRowsMax = 65_536
const compactRowsMin = 4_096

/**
 * All columns. A row whose value is null is never among them. Rows that come for a window that was given out (updates by late rows) are
 * compared among themselves. Rows of one watermark leave in the order of their end, then of their other columns. Throws PlanError TOP_TYPE.
 */
export const windowTopOperator: OperatorType<WindowTopParams> = {
  kind: 'windowTop',
  inputCount: 1,
  placement: ({ part }) => (part ? 'any' : 'keyed'),
  keys: ({ end }) => [end],
  fields([input], { end, value }, where) {
    checkTime(input!, end, where)
    const { type } = fieldOf(input!, value, where)
    if (!['int32', 'int64', 'timestamp'].includes(type.kind))
      throw new PlanError('TOP_TYPE', `${where}: "${value}" is ${typeName(type)}; the greatest is found among int32, int64 and timestamps; cast it to one of them`)
    return input!
  },
  describe: ({ end, value, part }) => `greatest ${value} by ${end}${part ? ', in part' : ''}`,
  create: (context, params, [input]) => new WindowTop(context, params, input!),
}

class WindowTop implements Operator {
  readonly #context: OperatorContext
  readonly #params: WindowTopParams
  readonly #end: number
  readonly #value: number
  readonly #table: GroupTable
  readonly #greatest: Accumulator
  readonly #store: RowStore
  #leastEnd = Number.POSITIVE_INFINITY
  #compactAt = compactRowsMin
  constructor(context: OperatorContext, params: WindowTopParams, input: Fields) {
    this.#context = context
    this.#params = params
    this.#end = columnIndex(input, params.end, context.where)
    this.#value = columnIndex(input, params.value, context.where)
    this.#table = new GroupTable(context.device, [input[this.#end]!])
    this.#greatest = createAccumulator(context.device, { fn: 'max', inputType: input[this.#value]!.type })
    this.#store = new RowStore(context.device, input)
  }

  push(batch: Batch, out: Output): void {
    const { arena } = this.#context
    const top = this.#top(arena, batch)
    if (this.#params.part) {
      if (top.rowCount > 0) out.emit(top)
      return
    }
    this.#keep(arena, top)
    if (this.#store.rowCount >= this.#compactAt) {
      // The stored rows stand for rows of this arena: they are copied before the store forgets them.
      this.#replace(arena, this.#top(arena, { ...this.#store.batch(), arena: arena.address }))
      this.#compactAt = Math.max(compactRowsMin, 2 * this.#store.rowCount)
    }
  }

  advance(watermark: number, out: Output): void {
    const { device, arena } = this.#context
    const rows = this.#store.batch()
    if (rows.rowCount === 0 || this.#leastEnd - 1 > watermark || watermark === Number.NEGATIVE_INFINITY) return
    const { due, dueRows, rest } = splitByTime(device, arena, floorTimes(device, arena, rows.columns[this.#end]!), rows.rowCount, watermark + 1)
    const top = this.#top(arena, gatherOwned(device, arena, rows, due, dueRows))
    this.#replace(arena, gatherBatch(device, arena, rows, rest, rows.rowCount - dueRows))
    const others = top.columns.filter((_, i) => i !== this.#end)
    const order = sortIndices(device, arena, [top.columns[this.#end]!, ...others].map(column => ({ column })), top.rowCount)
    const sorted = gatherBatch(device, arena, top, order, top.rowCount)
    for (let start = 0; start < top.rowCount; start += emitRowsMax) out.emit(sliceBatch(sorted, start, Math.min(top.rowCount, start + emitRowsMax)))
  }

  finish(out: Output): void {
    this.advance(Number.POSITIVE_INFINITY, out)
  }

  snapshot(): StateRun[] {
    if (this.#store.rowCount === 0) return []
    const { device, instance, parallelism } = this.#context
    return [{ table: 'rows', keyGroups: keyGroupRange(instance, parallelism), bytes: encodeRun(device, this.#store.batch()) }]
  }

  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism, where } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        this.#keep(arena, rowsOfKeyGroups(device, arena, decodeRun(device, arena, run.bytes), [this.#params.end], keyGroupRange(instance, parallelism), where))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#table.close()
    this.#greatest.close()
    this.#store.close()
  }

  // The rows of `batch` that none of its rows of the same window beats.
  #top(arena: Arena, batch: Batch): Batch {
    const { device } = this.#context
    const { rowCount } = batch
    if (rowCount === 0) return batch
    const value = batch.columns[this.#value]!
    const gids = this.#table.find(arena, [batch.columns[this.#end]!], rowCount)
    this.#greatest.update(gids, [value], rowCount, this.#table.groupCount, noPlaces)
    const [greatest] = this.#greatest.resultColumns(arena, this.#table.groupCount)
    this.#table.reset()
    this.#greatest.reset()
    return compactBatch(device, arena, batch, truth(device, arena, compare(device, arena, 'ge', value, gatherColumn(device, arena, greatest!, gids, rowCount))))
  }

  #keep(arena: Arena, rows: Batch): void {
    const { device } = this.#context
    this.#leastEnd = Math.min(this.#leastEnd, leastTime(device, arena, floorTimes(device, arena, rows.columns[this.#end]!), rows.rowCount))
    this.#store.append(rows)
  }

  // Views of `rows` may point into the store, so they are copied out before it is cleared.
  #replace(arena: Arena, rows: Batch): void {
    const { device } = this.#context
    const kept = gatherOwned(device, arena, rows, rowNumbers(device, arena, rows.rowCount), rows.rowCount)
    this.#store.clear()
    this.#leastEnd = Number.POSITIVE_INFINITY
    this.#keep(arena, kept)
  }
}
