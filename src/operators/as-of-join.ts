// The temporal join of streams: each left row beside the version of its key that holds at its time. Rows of both sides wait until the watermark of both has passed their
// time; then versions and left rows are gone through in the order of their times. What is late is judged by each row's own `$watermark`, so results never depend on
// batches. Rules: Apache Flink's TemporalRowTimeJoinOperator.
import { PlanError } from '../base/errors.ts'
import { keyGroupCount, keyGroupRange } from '../base/hash.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { bitmapBytes, int64 } from '../batch/data-type.ts'
import { columnIndex, type Fields, visible } from '../batch/schema.ts'
import { notBits } from '../compute/bitmap.ts'
import { compactBatch, selectRows } from '../compute/compact.ts'
import { DueRows } from '../compute/due-rows.ts'
import { gatherColumn, gatherOwned } from '../compute/gather.ts'
import { type OrderForm, wordsOf } from '../compute/join-order.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { moveTimes } from '../compute/timed-rows.ts'
import { splitMet, Versions } from '../compute/versions.ts'
import { floorTimes } from '../compute/window.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { describeJoin, joinedFields, type JoinParams, neededOfJoin, orderForm } from './join-fields.ts'
import { lastTime } from './last-time.ts'
import { emitApart, type Operator, type OperatorContext, type OperatorType, type Output } from './operator.ts'
import { haveWatermarks, PairOutput, type PairSide, pairsMax, streamKeyTypes } from './pair-output.ts'
import { emitLateRows, judgeRows } from './timely-rows.ts'
import { checkTime, watermarkColumn, watermarkField } from './watermark.ts'

const tables = ['left', 'right'] as const
const latePorts = ['late', 'lateRight'] as const

/**
 * The columns of an asOf join. Rows come out in the order of their times, once the watermark of both sides has passed them; of one time in order of arrival. Late rows of either side are
 * counted and leave by the side outputs `late` and `lateRight`. Left rows without a time come out beside nulls, right ones without a time or with a null key are left out.
 */
export const asOfJoinOperator: OperatorType<JoinParams> = {
  kind: 'asOfJoin',
  inputCount: 2,
  placement: ({ left }) => (left.length > 0 ? 'keyed' : 'single'),
  keys: (params, port) => (port === 0 ? params.left : params.right),
  fields([left, right], params, where) {
    const { asOf } = params
    streamKeyTypes(left!, right!, params, where)
    checkTime(left!, asOf!.left, where)
    checkTime(right!, asOf!.right, where)
    if (asOf!.direction !== 'backward')
      throw new PlanError('JOIN_DIRECTION', `${where}: direction "${asOf!.direction}" needs inputs that end, since rows to come may be nearer; on streams leave it out, so that each row meets the last one before it`)
    const fields = joinedFields(left!, right!, params, where)
    return haveWatermarks(left!, right!) ? [...fields, watermarkField] : fields
  },
  sidePorts: ([left, right]) => ({ late: visible(left!), lateRight: visible(right!) }),
  needs: (inputs, params, port, readers) => new Set([...neededOfJoin(inputs, params, port, readers, 'join'), watermarkColumn]),
  describe: params => `${describeJoin(params)}, as event time passes`,
  create: (context, params, [left, right]) => new AsOfJoin(context, params, left!, right!),
}

interface Side extends PairSide {
  readonly time: number
  readonly watermark: number
}

class AsOfJoin implements Operator {
  readonly #context: OperatorContext
  readonly #output: PairOutput
  readonly #sides: readonly [Side, Side]
  readonly #form: OrderForm
  readonly #keepsUnmet: boolean
  readonly #left: DueRows
  readonly #versions: Versions
  #reached = Number.NEGATIVE_INFINITY
  #open = 2
  constructor(context: OperatorContext, params: JoinParams, left: Fields, right: Fields) {
    const { device, where } = context
    const asOf = params.asOf!
    this.#context = context
    this.#keepsUnmet = params.how === 'left'
    this.#form = orderForm(left, right, asOf, where)
    this.#output = new PairOutput(context, params, [left, right], [[], []], { watermark: { delayMs: 0 } })
    const side = (port: 0 | 1, time: string): Side => {
      const own = this.#output.sides[port]
      return { ...own, time: columnIndex(own.fields, time, where), watermark: own.fields.findIndex(field => field.name === watermarkColumn) }
    }
    this.#sides = [side(0, asOf.left), side(1, asOf.right)]
    const [{ fields }, stored] = this.#sides
    const { within } = this.#form
    this.#left = new DueRows(device, fields)
    this.#versions = new Versions(device, { fields: stored.fields, keys: stored.keys, keyTypes: streamKeyTypes(left, right, params, where), ...(within !== undefined && { within: BigInt(within) }) })
  }

  push(batch: Batch, out: Output, port: number): void {
    const rows = this.#inTime(this.#output.carried(batch, port), out, port)
    if (rows.rowCount > 0) this.#store(rows, port)
  }

  advance(watermark: number, out: Output): void {
    this.#reached = watermark
    const limit = lastTime(watermark, this.#form.key.unit!)
    if (!this.#left.isDue(limit) && !this.#versions.isDue(limit)) return
    const { device } = this.#context
    const scratch = device.arena()
    try {
      const { ids, times, count } = this.#left.take(scratch, limit)
      const rows = this.#left.rows()
      const keys = this.#sides[0].keys.map(i => gatherColumn(device, scratch, rows.columns[i]!, ids, count))
      const met = this.#versions.meet(scratch, { keys, times, rows: count }, limit)
      for (let at = 0; at < count; at += pairsMax) {
        const part = Math.min(pairsMax, count - at)
        const emit = () => this.#emit(rows, ids + 4 * at, met + 4 * at, part, out)
        if (at === 0) emit()
        else emitApart(this.#context, emit)
      }
    } finally {
      scratch.release()
    }
    this.#left.compact()
  }

  finish(out: Output): void {
    if (--this.#open === 0) this.advance(Number.POSITIVE_INFINITY, out)
  }

  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    this.#left.compact(true)
    const keyGroups = this.#sides[0].keys.length > 0 ? keyGroupRange(instance, parallelism) : { start: 0, end: keyGroupCount }
    const parts = [this.#left.rows()].filter(rows => rows.rowCount > 0)
    return [parts, this.#versions.parts()].flatMap((batches, port) => batches.map(rows => ({ table: tables[port]!, keyGroups, bytes: encodeRun(device, rows) })))
  }

  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism, where } = this.#context
    for (const run of runs) {
      const port = run.table === tables[0] ? 0 : 1
      const { fields, keys } = this.#sides[port]
      const arena = device.arena()
      try {
        const names = keys.map(key => fields[key]!.name)
        const all = decodeRun(device, arena, run.bytes)
        const rows = names.length === 0 ? all : rowsOfKeyGroups(device, arena, all, names, keyGroupRange(instance, parallelism), where)
        if (rows.rowCount > 0) this.#store(rows, port)
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#left.close()
    this.#versions.close()
  }

  #store(rows: Batch, port: number): void {
    const { device } = this.#context
    const scratch = device.arena()
    try {
      const { values } = wordsOf(device, scratch, rows.columns[this.#sides[port]!.time]!, this.#form)
      if (port === 0) this.#left.insert(rows, values)
      else this.#versions.insert(scratch, rows, values)
    } finally {
      scratch.release()
    }
  }

  // The rows that have a time and aren't late.
  #inTime(rows: Batch, out: Output, port: number): Batch {
    const { device, arena } = this.#context
    const { time, watermark } = this.#sides[port]!
    const column = rows.columns[time]!
    const judged = judgeRows(this.#context, rows, floorTimes(device, arena, column), watermark, this.#reached, wordsOf(device, arena, column, this.#form).validity)
    const { hasTime, intime, timeless, late } = judged
    if (timeless + late === 0) return rows
    if (timeless > 0 && port === 0 && this.#keepsUnmet) this.#output.emitAlone(compactBatch(device, arena, rows, notBits(device, arena, hasTime, rows.rowCount)), undefined, 0, out)
    emitLateRows(this.#context, rows, judged, latePorts[port]!, out)
    return compactBatch(device, arena, rows, intime)
  }

  #emit(stored: Batch, ids: number, met: number, count: number, out: Output): void {
    const { device, arena } = this.#context
    const scratch = device.arena()
    try {
      const bits = arena.allocateZeroed(bitmapBytes(count))
      const found = splitMet(device, met, count, bits)
      const all = gatherOwned(device, arena, stored, ids, count)
      if (this.#keepsUnmet || found === count) return this.#output.emitBeside(all, this.#versions.rows(), { ids: met, count, bits: found === count ? 0 : bits, found }, this.#before(all), out)
      if (found === 0) return
      const rows = compactBatch(device, arena, all, bits)
      const numbers = gatherColumn(device, scratch, { type: { kind: 'int32' }, length: count, values: met, validity: 0 }, selectRows(device, scratch, bits, count).indices, found).values
      this.#output.emitBeside(rows, this.#versions.rows(), { ids: numbers, count: found, bits: 0, found }, this.#before(rows), out)
    } finally {
      scratch.release()
    }
  }

  // The watermark just before it passes the rows.
  #before(rows: Batch): Column {
    const { device, arena } = this.#context
    return { type: int64, length: rows.rowCount, values: moveTimes(device, arena, floorTimes(device, arena, rows.columns[this.#sides[0].time]!), rows.rowCount, -1), validity: 0 }
  }
}
