// The join of streams in event time: rows meet by keys and within bounds of time, so that each row is needed only until the watermark has passed the last
// moment at which it could meet another. What is late is judged by each row's own `$watermark`, so results never depend on batches. Rules: Apache Flink's
// IntervalJoinOperator, and its outer joins' TimeIntervalJoin, which hold back the watermark by as much as a row may be older than the one that it meets.
import { keyGroupRange } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { type DataType, int64 } from '../batch/data-type.ts'
import { columnIndex, type Field, type Fields, visible } from '../batch/schema.ts'
import { andBits, notBits } from '../compute/bitmap.ts'
import { compactBatch, selectRows } from '../compute/compact.ts'
import { gatherBatch, gatherOwned } from '../compute/gather.ts'
import type { Pairs } from '../compute/join-index.ts'
import { markedMask } from '../compute/join-match.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { markNewRows, markRows, marksOf, moveTimes, TimedRows } from '../compute/timed-rows.ts'
import { floorTimes } from '../compute/window.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { describeJoin, joinedFields, type JoinParams, neededOfJoin } from './join-fields.ts'
import { emitApart, type Operator, type OperatorContext, type OperatorType, type Output } from './operator.ts'
import { haveWatermarks, PairOutput, type PairSide, pairsMax, streamKeyTypes } from './pair-output.ts'
import { emitLateRows, judgeRows } from './timely-rows.ts'
import { checkTime, watermarkColumn, watermarkField } from './watermark.ts'

/** The event time of a side, `timeMs` after what is in a column, and until when its rows may meet others: `ms` after the time in a column. Without it they are kept for good. */
export type TimedSide = { readonly time: string; readonly timeMs?: number; readonly until?: { readonly column: string; readonly ms: number } }

/**
 * Parameters of `intervalJoin`: those of a join, whose condition has the bounds too; the times of the left and the right side. `delayMs`: how much older than
 * the row that comes the one that it meets may be: by so much the watermark is held back. `dropsLate`: late rows leave a side whose rows all come out, too.
 */
export type IntervalJoinParams = JoinParams & { readonly times: readonly [TimedSide, TimedSide]; readonly delayMs: number; readonly dropsLate?: boolean } & { readonly [key: string]: Json | undefined }

const untilField: Field = { name: '$until', type: int64, nullable: false }
const int8: DataType = { kind: 'int8' }
const metField: Field = { name: '$met', type: int8, nullable: false }
const tables = ['left', 'right'] as const
const latePorts = ['late', 'lateRight'] as const
/** Stored rows are looked through for what is due once so many times fewer rows have come. */
const scanFactor = 8

/**
 * The columns of `join`. Rows that come late, or have no time, meet nothing: in an outer join they come out alone, unless it drops late ones;
 * else late ones leave by the side outputs `late` and `lateRight`.
 */
export const intervalJoinOperator: OperatorType<IntervalJoinParams> = {
  kind: 'intervalJoin',
  inputCount: 2,
  placement: ({ left }) => (left.length > 0 ? 'keyed' : 'single'),
  keys: (params, port) => (port === 0 ? params.left : params.right),
  fields([left, right], params, where) {
    streamKeyTypes(left!, right!, params, where)
    for (const [port, { time, until }] of params.times.entries()) for (const name of [time, ...(until ? [until.column] : [])]) checkTime(port === 0 ? left! : right!, name, where)
    const fields = joinedFields(left!, right!, params, where)
    return haveWatermarks(left!, right!) ? [...fields, watermarkField] : fields
  },
  sidePorts: ([left, right]) => ({ late: visible(left!), lateRight: visible(right!) }),
  needs: (inputs, params, port, readers) => new Set([...neededOfJoin(inputs, params, port, readers, 'join'), ...hiddenOf(params.times[port]!), watermarkColumn]),
  describe: params => `${describeJoin(params)}, rows kept ${params.times.map(({ time, until }) => (until ? `until ${until.column}${until.ms === 0 ? '' : ` ${until.ms < 0 ? '−' : '+'} ${Math.abs(until.ms)} ms`}` : `by ${time} for good`)).join(' and ')}`,
  create: (context, params, [left, right]) => new IntervalJoin(context, params, left!, right!),
}

function hiddenOf({ time, until }: TimedSide): string[] {
  return [time, ...(until ? [until.column] : [])]
}

interface Side extends PairSide {
  readonly stored: TimedRows
  readonly time: number
  readonly timeMs: number
  readonly until: { readonly column: number; readonly ms: number } | undefined
  /** Its rows that meet nothing come out alone. */
  readonly isKept: boolean
  /** Its rows come out alone or not at all, once. */
  readonly isSingle: boolean
  readonly watermark: number
}

class IntervalJoin implements Operator {
  readonly #context: OperatorContext
  readonly #how: JoinParams['how']
  readonly #output: PairOutput
  readonly #sides: readonly [Side, Side]
  readonly #delayMs: number
  readonly #dropsLate: boolean
  /** The watermark of the input, and that by which all rows that were due have come out. */
  #reached = Number.NEGATIVE_INFINITY
  #emitted = Number.NEGATIVE_INFINITY
  /** Rows that came since stored ones were looked through. */
  #since = 0
  #open = 2
  constructor(context: OperatorContext, params: IntervalJoinParams, left: Fields, right: Fields) {
    this.#context = context
    this.#how = params.how
    this.#delayMs = params.delayMs
    this.#dropsLate = params.dropsLate ?? false
    this.#output = new PairOutput(context, params, [left, right], [hiddenOf(params.times[0]), hiddenOf(params.times[1])], { watermark: { delayMs: params.delayMs } })
    const keyTypes = streamKeyTypes(left, right, params, context.where)
    const { how } = params
    const kept = [['left', 'full', 'anti'].includes(how), ['right', 'full'].includes(how)] as const
    const side = (port: 0 | 1): Side => {
      const own = this.#output.sides[port]
      const { time, timeMs = 0, until } = params.times[port]
      const at = (name: string) => columnIndex(own.fields, name, context.where)
      const isSingle = port === 0 && (how === 'semi' || how === 'anti')
      const marks = kept[port] || isSingle
      return {
        ...own,
        stored: new TimedRows(context.device, { fields: [...own.fields, untilField], keys: own.keys, keyTypes, marks, keepsUnmet: kept[port] }),
        time: at(time),
        timeMs,
        until: until && { column: at(until.column), ms: until.ms },
        isKept: kept[port],
        isSingle,
        watermark: own.fields.findIndex(field => field.name === watermarkColumn),
      }
    }
    this.#sides = [side(0), side(1)]
  }

  push(batch: Batch, out: Output, port: number): void {
    const rows = this.#inTime(this.#output.carried(batch, port), out, port)
    if (rows.rowCount === 0) return
    this.#since += rows.rowCount
    const scratch = this.#context.device.arena()
    try {
      const hits = scratch.allocateZeroed(rows.rowCount)
      this.#meet(scratch, rows, hits, port, out)
      this.#store(scratch, rows, hits, port, out)
    } finally {
      scratch.release()
    }
  }

  advance(watermark: number, out: Output): void {
    this.#reached = watermark
    this.#expire(out, watermark === Number.POSITIVE_INFINITY)
  }

  tick(_now: number, out: Output): void {
    if (this.#emitted < this.#reached) this.#expire(out, true)
  }

  watermark(): number {
    return this.#emitted - this.#delayMs
  }

  finish(out: Output): void {
    if (--this.#open > 0) return
    this.#reached = Number.POSITIVE_INFINITY
    this.#expire(out, true)
  }

  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    return this.#sides.flatMap(({ stored }, port) => {
      stored.compact(this.#reached, true)
      if (stored.rowCount === 0) return []
      const { fields, columns, rowCount } = stored.rows()
      const met = stored.marks === 0 ? [] : [{ type: int8, length: rowCount, values: stored.marks, validity: 0 }]
      const rows: Batch = { fields: [...fields, ...(met.length > 0 ? [metField] : [])], rowCount, columns: [...columns, ...met], arena: 0 }
      return [{ table: tables[port]!, keyGroups: keyGroupRange(instance, parallelism), bytes: encodeRun(device, rows) }]
    })
  }

  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism, where } = this.#context
    for (const run of runs) {
      const { stored, fields, keys } = this.#sides[run.table === tables[0] ? 0 : 1]
      const arena = device.arena()
      try {
        const names = keys.map(key => fields[key]!.name)
        const all = decodeRun(device, arena, run.bytes)
        const { columns, ...rows } = names.length === 0 ? all : rowsOfKeyGroups(device, arena, all, names, keyGroupRange(instance, parallelism), where)
        const count = fields.length + 1
        stored.insert(arena, { ...rows, fields: [...fields, untilField], columns: columns.slice(0, count) }, columns[count]?.values ?? 0)
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    for (const { stored } of this.#sides) stored.close()
  }

  // The rows that can meet others. Those that are late, and those without a time, come out alone on a side whose rows all come out; else late ones leave.
  #inTime(rows: Batch, out: Output, port: number): Batch {
    const { device, arena } = this.#context
    const { time, timeMs, watermark, isKept } = this.#sides[port]!
    const count = rows.rowCount
    const judged = judgeRows(this.#context, rows, moveTimes(device, arena, floorTimes(device, arena, rows.columns[time]!), count, timeMs), watermark, this.#reached)
    if (judged.timeless + judged.late === 0) return rows
    const alone = this.#dropsLate ? judged.hasTime : judged.intime
    if (isKept) this.#output.emitAlone(compactBatch(device, arena, rows, notBits(device, arena, alone, count)), undefined, port, out)
    if (!isKept || this.#dropsLate) emitLateRows(this.#context, rows, judged, latePorts[port]!, out)
    return compactBatch(device, arena, rows, judged.intime)
  }

  // Emits what the rows meet among the stored ones, and marks both.
  #meet(scratch: Arena, rows: Batch, hits: number, port: number, out: Output): void {
    const own = this.#sides[port]!
    const other = this.#sides[1 - port]!
    const stored = other.stored.rows()
    let parts = 0
    for (const pairs of other.stored.probe(scratch, own.keys.map(i => rows.columns[i]!), rows.rowCount, pairsMax)) {
      const count = this.#output.keep(rows, stored, pairs, port)
      if (count === 0) continue
      const emit = () => this.#emitMet(rows, stored, { ...pairs, count }, hits, port, out)
      if (parts++ === 0) emit()
      else emitApart(this.#context, emit)
    }
  }

  #emitMet(rows: Batch, stored: Batch, { left, right, count }: Pairs, hits: number, port: number, out: Output): void {
    const { device, arena } = this.#context
    const own = this.#sides[port]!
    const other = this.#sides[1 - port]!
    if (!own.isSingle && !other.isSingle) {
      if (own.isKept) markRows(device, left, count, hits)
      if (other.isKept) other.stored.mark(right, count)
      return this.#output.emitPairs(rows, stored, { left, right, count }, port, out)
    }
    const fresh = own.isSingle ? markNewRows(device, left, right, count, hits) : other.stored.markNew(right, left, count)
    if (fresh === 0 || this.#how === 'anti') return
    // A row's first partner makes it come out, and its watermark is the later one of the two.
    const [mine, theirs] = [gatherBatch(device, arena, rows, left, fresh), gatherOwned(device, arena, stored, right, fresh)]
    const [a, b] = [this.#output.watermarkOf(mine, port), this.#output.watermarkOf(theirs, 1 - port)]
    this.#output.emitAlone(own.isSingle ? mine : theirs, a && b && this.#output.later(a, b), 0, out)
  }

  #store(scratch: Arena, rows: Batch, hits: number, port: number, out: Output): void {
    const { device, arena } = this.#context
    const { stored, keys, isKept, isSingle } = this.#sides[port]!
    const keyed = keys.reduce((bits, i) => andBits(device, scratch, bits, rows.columns[i]!.validity, rows.rowCount), 0)
    if (keyed !== 0 && isKept) this.#output.emitAlone(compactBatch(device, arena, rows, notBits(device, arena, keyed, rows.rowCount)), undefined, port, out)
    const mask = isSingle ? andBits(device, scratch, keyed, markedMask(device, scratch, hits, rows.rowCount, false), rows.rowCount) : keyed
    if (mask === 0) return stored.insert(scratch, this.#withUntil(scratch, rows, port), isKept ? hits : 0)
    const { indices, rows: count } = selectRows(device, scratch, mask, rows.rowCount)
    const met = isKept ? marksOf(device, scratch, hits, indices, count) : 0
    stored.insert(scratch, this.#withUntil(scratch, gatherBatch(device, scratch, rows, indices, count), port), met)
  }

  #withUntil(scratch: Arena, rows: Batch, port: number): Batch {
    const { device } = this.#context
    const { until } = this.#sides[port]!
    const values = until ? moveTimes(device, scratch, floorTimes(device, scratch, rows.columns[until.column]!), rows.rowCount, until.ms) : this.#never(scratch, rows.rowCount)
    return { ...rows, fields: [...rows.fields, untilField], columns: [...rows.columns, { type: int64, length: rows.rowCount, values, validity: 0 }] }
  }

  #never(scratch: Arena, rows: number): number {
    const at = scratch.allocate(8 * rows)
    this.#context.device.memory.int64s(at, rows).fill(2n ** 63n - 1n)
    return at
  }

  // Emits what can meet nothing any more, where enough has come for a look through the stored rows or it must be, and lets go of what nobody needs.
  #expire(out: Output, isLast: boolean): void {
    const mayLook = isLast || this.#sides.every(({ stored, isKept }) => !isKept || stored.rowCount <= scanFactor * this.#since)
    for (const [port, { stored, isKept }] of this.#sides.entries()) {
      if (isKept && mayLook) this.#emitDue(stored, port, out)
      stored.compact(this.#reached)
    }
    const isPending = this.#sides.some(({ stored, isKept }) => isKept && stored.least <= this.#reached)
    if (mayLook) this.#since = 0
    if (!isPending) this.#emitted = this.#reached
  }

  #emitDue(stored: TimedRows, port: number, out: Output): void {
    const { device } = this.#context
    const scratch = device.arena()
    try {
      const { ids, count } = stored.takeDue(scratch, this.#reached)
      for (let at = 0; at < count; at += pairsMax) {
        const rows = Math.min(pairsMax, count - at)
        const emit = () => this.#emitUnmet(stored.rows(), ids + 4 * at, rows, port, out)
        if (at === 0) emit()
        else emitApart(this.#context, emit)
      }
    } finally {
      scratch.release()
    }
  }

  // Its watermark is what it was just before the row could meet nothing any more.
  #emitUnmet(stored: Batch, ids: number, count: number, port: number, out: Output): void {
    const { device, arena } = this.#context
    const rows = gatherOwned(device, arena, stored, ids, count)
    const before = this.#output.watermarkOf(rows, port)
    const until = rows.columns.at(-1)!
    const last: Column = { ...until, values: moveTimes(device, arena, until.values, count, -1) }
    this.#output.emitAlone(rows, before && this.#output.later(before, last), port, out)
  }
}
