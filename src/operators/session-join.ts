// The join of rows in the same sessions: rows of both sides of a key, each at most a gap after the one before, make a session together, and once no row can come to it any more,
// each left row meets each right one of it. Rules: Apache Flink's joins in session windows of event time; what is late is judged by each row's own `$watermark`, and a
// session is complete when the watermark has reached its end, so that results never depend on batches.
import { keyGroupCount, keyGroupRange } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { type DataType, int32, int64 } from '../batch/data-type.ts'
import { columnIndex, type Field, type Fields, visible } from '../batch/schema.ts'
import { andBits, notBits } from '../compute/bitmap.ts'
import { compactBatch } from '../compute/compact.ts'
import { gatherColumn, gatherNumbers, gatherOwned } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { JoinIndex, widenKeys } from '../compute/join-index.ts'
import { markedMask } from '../compute/join-match.ts'
import { OwnedMemory } from '../compute/owned-memory.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { RowStore } from '../compute/row-store.ts'
import { keptIds, type SessionList, SessionTable } from '../compute/session.ts'
import { markRows, moveTimes } from '../compute/timed-rows.ts'
import { floorTimes } from '../compute/window.ts'
import type { Arena } from '../device/arena.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { describeJoin, joinedFields, type JoinParams, neededOfJoin } from './join-fields.ts'
import { emitApart, type Operator, type OperatorContext, type OperatorType, type Output } from './operator.ts'
import { haveWatermarks, PairOutput, pairsMax, streamKeyTypes } from './pair-output.ts'
import { emitLateRows, judgeRows } from './timely-rows.ts'
import { checkTime, watermarkColumn, watermarkField } from './watermark.ts'
import { checkBounds, windowColumns } from './window-rows.ts'

/** Parameters: those of a join, without the bounds of the sessions among its keys; the time of either side; how long after its last row a session lasts. */
export type SessionJoinParams = JoinParams & { readonly times: readonly [string, string]; readonly gapMs: number } & { readonly [key: string]: Json | undefined }

const tables = ['left', 'right'] as const
const latePorts = ['late', 'lateRight'] as const
const slotField: Field = { name: '$slot', type: int32, nullable: false }
const sessionField: Field = { name: '$session', type: int32, nullable: false }
const bounds = windowColumns.map(({ name }) => name)
/** Rows of sessions that are over go once they are this many and more than the others. */
const goneRowsMin = 4_096

/**
 * The columns of a windowed join. Both sides are kept, in memory, until their sessions are over. Late rows leave by the side outputs `late` and `lateRight`; rows without a time are in no
 * session; those with a null among their keys are in one together, but meet nothing.
 */
export const sessionJoinOperator: OperatorType<SessionJoinParams> = {
  kind: 'sessionJoin',
  inputCount: 2,
  placement: ({ left }) => (left.length > 0 ? 'keyed' : 'single'),
  keys: (params, port) => (port === 0 ? params.left : params.right),
  fields([left, right], params, where) {
    streamKeyTypes(left!, right!, params, where)
    checkTime(left!, params.times[0], where)
    checkTime(right!, params.times[1], where)
    checkBounds(left!, where)
    checkBounds(right!, where)
    const fields = joinedFields(withBounds(left!), withBounds(right!), keyedByBounds(params), where)
    return haveWatermarks(left!, right!) ? [...fields, watermarkField] : fields
  },
  sidePorts: ([left, right]) => ({ late: visible(left!), lateRight: visible(right!) }),
  needs(inputs, params, port, readers) {
    const needed = neededOfJoin(inputs.map(withBounds), keyedByBounds(params), port, readers, 'join')
    return new Set([...[...needed].filter(name => !bounds.includes(name)), params.times[port]!, watermarkColumn])
  },
  describe: params => `${describeJoin(params)}, in sessions of ${params.times.join(' and ')} with gaps of ${params.gapMs} ms`,
  create: (context, params, [left, right]) => new SessionJoin(context, params, left!, right!),
}

function withBounds(fields: Fields): Fields {
  return [...fields, ...windowColumns]
}

function keyedByBounds(params: JoinParams): JoinParams {
  const { texts } = params
  return { ...params, left: [...params.left, ...bounds], right: [...params.right, ...bounds], ...(texts && { texts: { left: [...texts.left, ...bounds], right: [...texts.right, ...bounds] } }) }
}

interface Side {
  /** What rows carry, where that is in the input, and the keys among it. */
  readonly fields: Fields
  readonly columns: readonly number[]
  readonly keys: readonly number[]
  readonly time: number
  readonly watermark: number
  /** The rows, and the slot of the session of each. */
  readonly store: RowStore
  /** Its rows that meet nothing come out alone. */
  readonly isKept: boolean
  /** Rows whose sessions are over. */
  gone: number
}

class SessionJoin implements Operator {
  readonly #context: OperatorContext
  readonly #how: JoinParams['how']
  readonly #output: PairOutput
  readonly #sides: readonly [Side, Side]
  readonly #keyTypes: readonly DataType[]
  readonly #memory: OwnedMemory
  readonly #table: GroupTable
  readonly #sessions: SessionTable
  #reached = Number.NEGATIVE_INFINITY
  #open = 2

  constructor(context: OperatorContext, params: SessionJoinParams, left: Fields, right: Fields) {
    const { device, where } = context
    const { how } = params
    this.#context = context
    this.#how = how
    this.#output = new PairOutput(context, keyedByBounds(params), [withBounds(left), withBounds(right)], [[], []], { watermark: { delayMs: 0 } })
    const side = (port: 0 | 1, input: Fields, names: readonly string[], isKept: boolean): Side => {
      const time = params.times[port]
      const fields = this.#output.sides[port].fields.filter(({ name }) => !bounds.includes(name))
      const at = (name: string) => columnIndex(fields, name, where)
      return { fields, columns: fields.map(field => input.indexOf(field)), keys: names.map(at), time: at(time), watermark: fields.findIndex(({ name }) => name === watermarkColumn), store: new RowStore(device, [...fields, slotField]), isKept, gone: 0 }
    }
    this.#sides = [side(0, left, params.left, ['left', 'full', 'anti'].includes(how)), side(1, right, params.right, ['right', 'full'].includes(how))]
    this.#keyTypes = streamKeyTypes(left, right, params, where)
    this.#memory = new OwnedMemory(device)
    this.#table = new GroupTable(device, this.#keyTypes.map((type, i) => ({ name: `${i}`, type, nullable: true })))
    this.#sessions = new SessionTable(device, this.#memory, params.gapMs, 0)
  }

  push(batch: Batch, out: Output, port: number): void {
    const { fields, columns } = this.#sides[port]!
    const rows = this.#inTime({ ...batch, fields, columns: columns.map(i => batch.columns[i]!) }, out, port)
    if (rows.rowCount > 0) this.#store(rows, port)
  }

  advance(watermark: number, out: Output): void {
    this.#reached = watermark
    // A row of the very end of a session would be of it still.
    if (this.#sessions.leastEnd > watermark) return
    const { device } = this.#context
    const scratch = device.arena()
    try {
      const due = this.#sessions.fire(scratch, watermark - 1)
      if (due.count > 0) this.#emit(scratch, due, out)
    } finally {
      scratch.release()
    }
    this.#compact()
  }

  finish(out: Output): void {
    if (--this.#open === 0) this.advance(Number.POSITIVE_INFINITY, out)
  }

  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    this.#compact(true)
    const keyGroups = this.#keyTypes.length > 0 ? keyGroupRange(instance, parallelism) : { start: 0, end: keyGroupCount }
    return this.#sides.flatMap(({ store, fields }, port) => {
      if (store.rowCount === 0) return []
      const rows = store.batch()
      return [{ table: tables[port]!, keyGroups, bytes: encodeRun(device, { ...rows, fields, columns: rows.columns.slice(0, -1) }) }]
    })
  }

  // The rows find their sessions again.
  restore(runs: readonly StateRun[]): void {
    const { device, instance, parallelism, where } = this.#context
    for (const run of runs) {
      const port = run.table === tables[0] ? 0 : 1
      const { fields, keys } = this.#sides[port]
      const arena = device.arena()
      try {
        const all = decodeRun(device, arena, run.bytes)
        this.#store(keys.length === 0 ? all : rowsOfKeyGroups(device, arena, all, keys.map(key => fields[key]!.name), keyGroupRange(instance, parallelism), where), port)
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    for (const { store } of this.#sides) store.close()
    this.#table.close()
    this.#memory.close()
  }

  // The rows that have a time and aren't late.
  #inTime(rows: Batch, out: Output, port: number): Batch {
    const { device, arena } = this.#context
    const { time, watermark } = this.#sides[port]!
    const judged = judgeRows(this.#context, rows, floorTimes(device, arena, rows.columns[time]!), watermark, this.#reached)
    emitLateRows(this.#context, rows, judged, latePorts[port]!, out)
    return judged.timeless + judged.late === 0 ? rows : compactBatch(device, arena, rows, judged.intime)
  }

  #store({ columns, rowCount }: Batch, port: number): void {
    if (rowCount === 0) return
    const { device } = this.#context
    const { store, keys, time } = this.#sides[port]!
    const scratch = device.arena()
    try {
      const gids = this.#table.find(scratch, widenKeys(device, scratch, keys.map(i => columns[i]!), this.#keyTypes), rowCount)
      const slots = scratch.allocate(4 * rowCount)
      this.#sessions.assign(gids, this.#table.groupCount, { times: floorTimes(device, scratch, columns[time]!), watermarks: 0, gaps: 0 }, 0, rowCount, slots)
      store.append({ columns: [...columns, { type: int32, length: rowCount, values: slots, validity: 0 }], rowCount })
    } finally {
      scratch.release()
    }
  }

  // The rows of sessions that are over meet, session by session.
  #emit(scratch: Arena, due: SessionList, out: Output): void {
    const { device } = this.#context
    const [left, right] = [this.#due(scratch, due, 0, out), this.#due(scratch, due, 1, out)]
    const index = new JoinIndex(device, [sessionField], [0])
    try {
      index.insert(scratch, { fields: [sessionField], rowCount: right.rows.rowCount, columns: [right.sessions], arena: scratch.address })
      const hits = [scratch.allocateZeroed(left.rows.rowCount), scratch.allocateZeroed(right.rows.rowCount)] as const
      let parts = 0
      for (const found of index.probe(scratch, [left.sessions], left.rows.rowCount, pairsMax)) {
        const pairs = { ...found, count: this.#output.keep(left.rows, right.rows, found, 0) }
        markRows(device, pairs.left, pairs.count, hits[0])
        markRows(device, pairs.right, pairs.count, hits[1])
        if (this.#how === 'semi' || this.#how === 'anti') continue
        const emit = () => this.#output.emitPairs(left.rows, right.rows, pairs, 0, out)
        if (parts++ === 0) emit()
        else emitApart(this.#context, emit)
      }
      if (this.#how === 'semi') this.#emitAlone(left.rows, markedMask(device, scratch, hits[0], left.rows.rowCount, true), 0, out)
      for (const [port, { rows }] of [left, right].entries()) if (this.#sides[port]!.isKept) this.#emitAlone(rows, markedMask(device, scratch, hits[port]!, rows.rowCount, false), port, out)
    } finally {
      index.close()
    }
  }

  #emitAlone(rows: Batch, mask: number, port: number, out: Output): void {
    if (rows.rowCount > 0) this.#output.emitAlone(compactBatch(this.#context.device, this.#context.arena, rows, mask), undefined, port, out)
  }

  // A side's rows of sessions that are over, as the output takes them, and the place of the session of each in the list. Those without a key come out alone, or not at all.
  #due(scratch: Arena, due: SessionList, port: 0 | 1, out: Output): { rows: Batch; sessions: Column } {
    const { device, arena } = this.#context
    const side = this.#sides[port]
    const { ids, places, rows: count } = this.#placed(scratch, due, side)
    side.gone += count
    const { starts, ends } = this.#sessions.read(scratch, due)
    const bound = (column: Column) => gatherColumn(device, arena, column, ids, count)
    const own = gatherOwned(device, arena, side.store.batch(), places, count)
    const { fields, keys } = this.#output.sides[port]
    const columns = fields.map(({ name }): Column => {
      if (name === bounds[0]) return bound(starts)
      if (name === bounds[1]) return bound(ends)
      // Just before it reaches the end.
      if (name === watermarkColumn) return { type: int64, length: count, values: moveTimes(device, arena, bound(ends).values, count, -1), validity: 0 }
      return own.columns[side.fields.findIndex(field => field.name === name)]!
    })
    const rows: Batch = { fields: [...fields, sessionField], rowCount: count, columns: [...columns, { type: int32, length: count, values: ids, validity: 0 }], arena: arena.address }
    const keyed = keys.reduce((bits, i) => andBits(device, scratch, bits, columns[i]!.validity, count), 0)
    const all = keyed === 0 ? rows : compactBatch(device, arena, rows, keyed)
    if (all.rowCount < count && side.isKept) this.#emitAlone(rows, notBits(device, scratch, keyed, count), port, out)
    return { rows: { ...all, fields, columns: all.columns.slice(0, -1) }, sessions: all.columns.at(-1)! }
  }

  // The stored rows whose session is of the list: their numbers, and the places of their sessions in it.
  #placed(scratch: Arena, { groups }: SessionList, { store }: Side): ReturnType<typeof keptIds> {
    const { device } = this.#context
    const { rowCount, columns } = store.batch()
    return keptIds(device, scratch, gatherNumbers(device, scratch, groups, { indices: columns.at(-1)!.values, rows: rowCount }), rowCount)
  }

  // Lets go of rows whose sessions are over, and of these: where they are more than the others, or with `always`.
  #compact(always = false): void {
    const [gone, stored] = [this.#sides[0].gone + this.#sides[1].gone, this.#sides[0].store.rowCount + this.#sides[1].store.rowCount]
    if (gone === 0 || (!always && gone < Math.max(goneRowsMin, stored - gone))) return
    const { device } = this.#context
    const scratch = device.arena()
    try {
      const live = this.#sessions.live(scratch)
      const kept = this.#sides.map(side => {
        const { places, rows } = this.#placed(scratch, live, side)
        return gatherOwned(device, scratch, side.store.batch(), places, rows)
      })
      this.#table.reset()
      this.#sessions.reset()
      this.#sides.forEach((side, port) => {
        side.store.clear()
        side.gone = 0
        this.#store({ ...kept[port]!, columns: kept[port]!.columns.slice(0, -1) }, port)
      })
    } finally {
      scratch.release()
    }
  }
}
