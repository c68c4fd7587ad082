// Puts rows into the order of event time: holds them until the watermark has passed their time, then emits them sorted. Behind parallel
// operators it gives an order that does not depend on how the work was shared out.
import { PlanError } from '../base/errors.ts'
import { keyGroupCount } from '../base/hash.ts'
import { type Batch, sliceBatch } from '../batch/batch.ts'
import { columnIndex, fieldOf, type Fields } from '../batch/schema.ts'
import { gatherBatch, gatherOwned } from '../compute/gather.ts'
import { RowStore } from '../compute/row-store.ts'
import { sortIndices } from '../compute/sort.ts'
import { floorTimes, leastTime, splitByTime } from '../compute/window.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { checkTime } from './watermark.ts'

/** Parameters of `orderByTime`: the time column, then what orders rows of one time. */
export type OrderByTimeParams = { readonly time: string; readonly by: readonly string[] }

const emitRowsMax = 65_536

/** All columns, hidden ones too. Rows whose time has passed already, and rows without a time, leave with the next watermark. */
export const orderByTimeOperator: OperatorType<OrderByTimeParams> = {
  kind: 'orderByTime',
  inputCount: 1,
  placement: () => 'single',
  fields([input], { time, by }, where) {
    checkTime(input!, time, where)
    for (const name of by) fieldOf(input!, name, where)
    if (by.includes(time)) throw new PlanError('SORT_KEYS', `${where}: "${time}" is the first key already; leave it out of by`)
    return input!
  },
  describe: ({ time, by }) => [time, ...by].join(', '),
  create: (context, params, [input]) => new OrderByTime(context, params, input!),
}

class OrderByTime implements Operator {
  readonly #context: OperatorContext
  readonly #keys: readonly number[]
  readonly #store: RowStore
  #least = Number.POSITIVE_INFINITY
  constructor(context: OperatorContext, params: OrderByTimeParams, input: Fields) {
    this.#context = context
    this.#keys = [params.time, ...params.by].map(name => columnIndex(input, name, context.where))
    this.#store = new RowStore(context.device, input)
  }

  push(batch: Batch): void {
    const { device, arena } = this.#context
    const times = floorTimes(device, arena, batch.columns[this.#keys[0]!]!)
    this.#least = Math.min(this.#least, leastTime(device, arena, times, batch.rowCount))
    this.#store.append(batch)
  }

  advance(watermark: number, out: Output): void {
    const { device, arena } = this.#context
    const rows = this.#store.batch()
    if (rows.rowCount === 0 || this.#least > watermark || watermark === Number.NEGATIVE_INFINITY) return
    const times = floorTimes(device, arena, rows.columns[this.#keys[0]!]!)
    const { due, dueRows, rest } = splitByTime(device, arena, times, rows.rowCount, watermark)
    const ready = gatherOwned(device, arena, rows, due, dueRows)
    const left = gatherOwned(device, arena, rows, rest, rows.rowCount - dueRows)
    this.#store.clear()
    this.#store.append(left)
    this.#least = leastTime(device, arena, floorTimes(device, arena, left.columns[this.#keys[0]!]!), left.rowCount)
    const order = sortIndices(
      device,
      arena,
      this.#keys.map(k => ({ column: ready.columns[k]! })),
      dueRows,
    )
    const sorted = gatherBatch(device, arena, ready, order, dueRows)
    for (let start = 0; start < dueRows; start += emitRowsMax) out.emit(sliceBatch(sorted, start, Math.min(dueRows, start + emitRowsMax)))
  }

  finish(out: Output): void {
    this.advance(Number.POSITIVE_INFINITY, out)
  }

  snapshot(): StateRun[] {
    if (this.#store.rowCount === 0) return []
    return [{ table: 'rows', keyGroups: { start: 0, end: keyGroupCount }, bytes: encodeRun(this.#context.device, this.#store.batch()) }]
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    for (const run of runs) {
      const arena = device.arena()
      try {
        const rows = decodeRun(device, arena, run.bytes)
        this.#store.append(rows)
        this.#least = Number.NEGATIVE_INFINITY
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#store.close()
  }
}
