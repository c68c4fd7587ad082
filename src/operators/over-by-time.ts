// Window functions over a stream in the order of its event time: rows wait until the watermark has passed them, come out in their order with their results, which never change
// again, and of earlier rows only what frames reach back to is kept. Rules: Apache Flink's RowTimeRowsBoundedPrecedingFunction and its kin.
import { keyGroupCount, keyGroupRange } from '../base/hash.ts'
import { type Batch, type Column, sliceBatch } from '../batch/batch.ts'
import { int64 } from '../batch/data-type.ts'
import { columnIndex, type Fields } from '../batch/schema.ts'
import { compactBatch } from '../compute/compact.ts'
import { DueRows } from '../compute/due-rows.ts'
import { gatherBatch, gatherOwned } from '../compute/gather.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { sortIndices } from '../compute/sort.ts'
import { sortKeys } from '../compute/sorted-rows.ts'
import { moveTimes } from '../compute/timed-rows.ts'
import { TimedWindows } from '../compute/timed-windows.ts'
import { floorTimes } from '../compute/window.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { lastTime } from './last-time.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { outputOf, overOperator, type OverParams, type Place, windowsOf } from './over.ts'
import { judgeRows } from './timely-rows.ts'
import { checkTime, watermarkColumn } from './watermark.ts'

const emitRows = 65_536

/**
 * As `over`, of partitions in the order of the first key, the event time. Rows come out by time, those that are equal in the order as they came. Late rows and those without a time are
 * left out and counted. Kept in memory: rows to come, and of each partition what its frames reach back to.
 */
export const overByTimeOperator: OperatorType<OverParams> = {
  kind: 'overByTime',
  inputCount: 1,
  placement: ({ by }) => (by.length > 0 ? 'keyed' : 'single'),
  keys: ({ by }) => by,
  fields([input], params, where) {
    checkTime(input!, params.keys[0]!.column, where)
    return overOperator.fields([input!], params, where)
  },
  describe: params => `${overOperator.describe(params)}, as event time passes`,
  create: (context, params, [input]) => new OverByTime(context, params, input!),
}

class OverByTime implements Operator {
  readonly #context: OperatorContext
  readonly #fields: Fields
  readonly #places: readonly Place[]
  readonly #names: readonly string[]
  readonly #time: number
  readonly #watermark: number
  readonly #windows: ReturnType<typeof windowsOf>
  readonly #waiting: DueRows
  readonly #results: TimedWindows
  #reached = Number.NEGATIVE_INFINITY
  constructor(context: OperatorContext, params: OverParams, input: Fields) {
    const { device, where } = context
    this.#context = context
    this.#fields = input
    this.#places = outputOf(input, params, where)
    this.#names = params.by
    this.#time = columnIndex(input, params.keys[0]!.column, where)
    this.#watermark = input.findIndex(field => field.name === watermarkColumn)
    this.#windows = windowsOf(input, params, this.#places, where)
    this.#waiting = new DueRows(device, input)
    this.#results = new TimedWindows(device, input, this.#windows)
  }

  push(batch: Batch): void {
    const { device, arena } = this.#context
    const judged = judgeRows(this.#context, batch, floorTimes(device, arena, batch.columns[this.#time]!), this.#watermark, this.#reached)
    const rows = judged.timeless + judged.late === 0 ? batch : compactBatch(device, arena, batch, judged.intime)
    this.#waiting.insert(rows, rows.columns[this.#time]?.values ?? 0)
  }

  advance(watermark: number, out: Output): void {
    this.#reached = watermark
    const limit = this.#limit()
    if (!this.#waiting.isDue(limit)) return
    const { device, arena } = this.#context
    const { ids, count } = this.#waiting.take(arena, limit)
    const due = gatherOwned(device, arena, this.#waiting.rows(), ids, count)
    this.#waiting.compact()
    const { order } = this.#windows
    const rows = order.length === 1 ? due : gatherBatch(device, arena, due, sortIndices(device, arena, sortKeys(due, order), count), count)
    const results = this.#results.next(arena, rows)
    this.#results.compact(limit)
    const columns = this.#places.map(({ field, input, result }): Column => (input < 0 ? results[result]! : field.name === watermarkColumn ? this.#before(rows) : rows.columns[input]!))
    const all: Batch = { fields: this.#places.map(place => place.field), rowCount: count, columns, arena: arena.address }
    for (let start = 0; start < count; start += emitRows) out.emit(sliceBatch(all, start, Math.min(count, start + emitRows)))
  }

  finish(out: Output): void {
    this.advance(Number.POSITIVE_INFINITY, out)
  }

  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    this.#waiting.compact(true)
    this.#results.compact(this.#limit(), true)
    const keyGroups = this.#names.length > 0 ? keyGroupRange(instance, parallelism) : { start: 0, end: keyGroupCount }
    const parts = { rows: this.#waiting.rows(), tails: this.#named(this.#results.state()) }
    return Object.entries(parts).flatMap(([table, rows]) => (rows.rowCount === 0 ? [] : [{ table, keyGroups, bytes: encodeRun(device, rows) }]))
  }

  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism, where } = this.#context
    for (const { table, bytes } of runs) {
      const arena = device.arena()
      try {
        const all = decodeRun(device, arena, bytes)
        const rows = this.#names.length === 0 ? all : rowsOfKeyGroups(device, arena, all, this.#names, keyGroupRange(instance, parallelism), where)
        if (rows.rowCount === 0) continue
        if (table === 'tails') this.#results.restore(arena, rows)
        else this.#waiting.insert(rows, rows.columns[this.#time]!.values)
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#waiting.close()
    this.#results.close()
  }

  #limit(): bigint {
    const { type } = this.#fields[this.#time]!
    return lastTime(this.#reached, type.kind === 'timestamp' ? type.unit : 'ms')
  }

  // The first columns of what is kept are the partitions' keys.
  #named(rows: Batch): Batch {
    return { ...rows, fields: rows.fields.map((field, i) => ({ ...field, name: this.#names[i] ?? field.name })) }
  }

  // The watermark just before it passes the rows.
  #before(rows: Batch): Column {
    const { device, arena } = this.#context
    return { type: int64, length: rows.rowCount, values: moveTimes(device, arena, floorTimes(device, arena, rows.columns[this.#time]!), rows.rowCount, -1), validity: 0 }
  }
}
