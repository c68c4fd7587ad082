// Aggregates by key over sessions: windows that last as long as a key's rows are at most a gap apart. Rows in any order find or make their
// session; a row between two joins them. A session is complete when the watermark reaches its end − 1. Rules: Apache Flink's session windows.
import { DataError } from '../base/errors.ts'
import { keyGroupRange } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { int32, timestampMs } from '../batch/data-type.ts'
import { columnIndex, type Field, type Fields, visible } from '../batch/schema.ts'
import { type Accumulators, createAccumulators } from '../compute/accumulators.ts'
import { gatherColumn, rowNumbers } from '../compute/gather.ts'
import { GroupTable } from '../compute/group-table.ts'
import { OwnedMemory } from '../compute/owned-memory.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { RowOrder } from '../compute/row-order.ts'
import { keptIds, sessionGaps, type SessionList, type SessionSpans, SessionTable } from '../compute/session.ts'
import { floorTimes, timeAt } from '../compute/window.ts'
import type { Arena } from '../device/arena.ts'
import type { GroupShape } from '../state/group-state.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import type { StateRun } from '../state/state-run.ts'
import { checkWindow, describeWindow, isTimed, type WindowSpec } from '../window/window-spec.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { checkTime, watermarkColumn, watermarksOf } from './watermark.ts'
import { clockRun, describeAggregates, emitLate, emitSorted, inputsOf, readClock, shapeOf, type WindowAggregateParams, windowFields } from './window-output.ts'

type SessionSpec = Extract<WindowSpec, { kind: 'session' | 'processingSession' }>

/** Parameters: as windowAggregate, with a session window. */
export type SessionAggregateParams = WindowAggregateParams & { readonly window: SessionSpec; readonly [key: string]: Json | undefined }

/** Aggregates of sessions: keys, window_start (the first row's time), window_end (the last one's plus the gap), aggregates. Late rows leave by `late`. */
export const sessionAggregateOperator: OperatorType<SessionAggregateParams> = {
  kind: 'sessionAggregate',
  inputCount: 1,
  placement: params => (params.keys.length > 0 ? 'keyed' : 'single'),
  keys: params => params.keys,
  fields([input], params, where) {
    checkWindow(params.window, where)
    if (isTimed(params.window)) checkTime(input!, params.window.time, where)
    return windowFields(input!, params, where)
  },
  sidePorts: ([input], params): Record<string, Fields> => (isTimed(params.window) ? { late: visible(input!) } : {}),
  describe: params =>
    `${describeWindow(params.window)} by ${params.keys.join(', ') || 'nothing'}: ${describeAggregates(params.aggregates)}`,
  create: (context, params, [input]) => new SessionAggregate(context, params, input!),
}

const stateFields: readonly Field[] = [
  { name: '$start', type: timestampMs, nullable: false },
  { name: '$end', type: timestampMs, nullable: false },
  { name: '$fired', type: int32, nullable: false },
]
/** Slots are gathered up once there are this many, or twice as many as sessions were left the last time. */
const compactSlotsMin = 4_096

class SessionAggregate implements Operator {
  readonly #context: OperatorContext
  readonly #shape: GroupShape
  readonly #fields: Fields
  /** Positions in the input; −1 for the clock's time, and where all gaps are the same. */
  readonly #time: number
  readonly #gap: number
  readonly #keys: readonly number[]
  readonly #inputs: readonly number[]
  readonly #watermark: number
  /** The watermark, or the clock's time, up to which sessions have fired. */
  #last = Number.NEGATIVE_INFINITY
  readonly #memory: OwnedMemory
  readonly #sessions: SessionTable
  readonly #table: GroupTable
  /** By slot; a session's rows may be spread over the slots that it took over. */
  readonly #bySlot: Accumulators
  readonly #merged: Accumulators
  readonly #order = new RowOrder()
  #compactAt = compactSlotsMin

  constructor(context: OperatorContext, params: SessionAggregateParams, input: Fields) {
    const { device, where } = context
    const at = (name: string) => columnIndex(input, name, where)
    this.#context = context
    this.#shape = shapeOf(input, params, where)
    this.#fields = windowFields(input, params, where)
    const { window } = params
    this.#time = isTimed(window) ? at(window.time) : -1
    this.#gap = 'gapColumn' in window && window.gapColumn !== undefined ? at(window.gapColumn) : -1
    this.#keys = params.keys.map(at)
    this.#inputs = inputsOf(input, params.aggregates, where)
    this.#watermark = input.findIndex(f => f.name === watermarkColumn)
    this.#memory = new OwnedMemory(device)
    this.#sessions = new SessionTable(device, this.#memory, window.gapMs ?? 0, 'latenessMs' in window ? (window.latenessMs ?? 0) : 0)
    this.#table = new GroupTable(device, this.#shape.keys)
    this.#bySlot = createAccumulators(device, this.#shape.specs)
    this.#merged = createAccumulators(device, this.#shape.specs)
  }

  push(batch: Batch, out: Output): void {
    const { device, arena } = this.#context
    const rows = batch.rowCount
    const spans = this.#spans(batch)
    const ids = arena.allocate(4 * rows)
    const gids = this.#table.find(
      arena,
      this.#keys.map(k => batch.columns[k]!),
      rows,
    )
    const place = this.#context.takeOrder(rows)
    this.#sessions.clearCounts()
    for (let start = 0; start < rows; ) {
      const { row, isDue } = this.#sessions.assign(gids, this.#table.groupCount, spans, start, rows, ids)
      this.#update(batch, place, ids, start, row)
      start = row
      if (!isDue) continue
      // What was complete by now is emitted before the row changes it, then what the row makes of it.
      const watermark = timeAt(device, spans.watermarks + 8 * row)
      this.#fire(watermark, out)
      const due = this.#sessions.assignAlone(gids, spans, row, ids)
      this.#update(batch, place, ids, row, row + 1)
      if (due) this.#fire(watermark, out)
      start = row + 1
    }
    emitLate(this.#context, out, batch, ids, 0, rows, this.#sessions.lateRows, this.#sessions.timelessRows)
    if (this.#sessions.slotCount >= this.#compactAt) this.#compact()
  }

  // By the clock all rows of a batch arrive at one moment, behind all that has fired.
  #spans(batch: Batch): SessionSpans {
    const { device, arena, clock, where } = this.#context
    if (this.#time < 0) {
      const times = arena.allocate(8 * batch.rowCount)
      device.memory.int64s(times, batch.rowCount).fill(BigInt(Math.max(Math.floor(clock.now()), this.#last + 1)))
      return { times, watermarks: 0, gaps: 0 }
    }
    const times = floorTimes(device, arena, batch.columns[this.#time]!)
    const gaps = this.#gap < 0 ? 0 : sessionGaps(device, arena, batch.columns[this.#gap]!, times, where)
    return { times, watermarks: watermarksOf(this.#context, batch, this.#watermark, this.#last), gaps }
  }

  advance(watermark: number, out: Output): void {
    if (this.#time < 0) return
    this.#last = watermark
    this.#fire(watermark, out)
  }

  tick(now: number, out: Output): void {
    if (this.#time >= 0) return
    this.#last = Math.max(this.#last, now - 1)
    this.#fire(this.#last, out)
  }

  finish(out: Output): void {
    this.#fire(Number.POSITIVE_INFINITY, out)
  }

  // Takes rows [start, end) into the slots of their ids. `place` is that of the batch's first row.
  #update(batch: Batch, place: bigint, ids: number, start: number, end: number): void {
    if (start === end) return
    const { device, arena } = this.#context
    const { slotCount } = this.#sessions
    const kept = keptIds(device, arena, ids + 4 * start, end - start, start)
    if (kept.rows === batch.rowCount)
      return this.#bySlot.update(
        ids,
        this.#inputs.map(i => batch.columns[i]),
        kept.rows,
        slotCount,
        this.#order.from(place),
      )
    if (kept.rows === 0) return
    const inputs = this.#inputs.map(i => (i < 0 ? undefined : gatherColumn(device, arena, batch.columns[i]!, kept.places, kept.rows)))
    this.#bySlot.update(kept.ids, inputs, kept.rows, slotCount, this.#order.from(place, kept.places))
  }

  #fire(watermark: number, out: Output): void {
    if (this.#sessions.leastEnd - 1 > watermark) return
    const { device, arena } = this.#context
    const due = this.#sessions.fire(arena, watermark)
    if (due.count === 0) return
    this.#merge(arena, due)
    const { keys, starts, ends } = this.#sessions.read(arena, due)
    const own = this.#table.keyColumns(arena).map(column => gatherColumn(device, arena, column, keys.values, due.count))
    const columns = [...own, starts, ends, ...this.#merged.resultColumns(arena, due.count)]
    this.#merged.reset()
    emitSorted(this.#context, out, this.#fields, own.length, columns, due.count, ends)
  }

  // Fills #merged with the sessions of the list, in its order.
  #merge(arena: Arena, list: SessionList): void {
    const { device } = this.#context
    const { slotCount } = this.#sessions
    const kept = keptIds(device, arena, list.groups, slotCount)
    const parts = this.#bySlot.partialColumns(arena, slotCount).map(column => gatherColumn(device, arena, column, kept.places, kept.rows))
    this.#merged.merge(kept.ids, parts, kept.rows, list.count)
  }

  // All sessions as rows: keys, start, end, fired, partial states.
  #rows(arena: Arena): Batch {
    const { device } = this.#context
    const live = this.#sessions.live(arena)
    this.#merge(arena, live)
    const { keys, starts, ends, fired } = this.#sessions.read(arena, live)
    const own = this.#table.keyColumns(arena).map(column => gatherColumn(device, arena, column, keys.values, live.count))
    const columns: Column[] = [...own, starts, ends, fired, ...this.#merged.partialColumns(arena, live.count)]
    this.#merged.reset()
    return { fields: this.#stateFields(), rowCount: live.count, columns, arena: arena.address }
  }

  #stateFields(): Fields {
    return [...this.#shape.keys, ...stateFields, ...this.#bySlot.partialFields(this.#shape.names)]
  }

  #load(arena: Arena, { columns, rowCount }: Batch): void {
    if (rowCount === 0) return
    const { device } = this.#context
    const keyCount = this.#shape.keys.length
    const gids = this.#table.find(arena, columns.slice(0, keyCount), rowCount)
    const slots = rowNumbers(device, arena, rowCount, this.#sessions.slotCount)
    this.#sessions.write(gids, this.#table.groupCount, { starts: columns[keyCount]!, ends: columns[keyCount + 1]!, fired: columns[keyCount + 2]! })
    this.#bySlot.merge(slots, columns.slice(keyCount + stateFields.length), rowCount, this.#sessions.slotCount)
  }

  // Gone sessions and keys without sessions are left behind.
  #compact(): void {
    const arena = this.#context.device.arena()
    try {
      const rows = this.#rows(arena)
      this.#sessions.reset()
      this.#table.reset()
      this.#bySlot.reset()
      this.#load(arena, rows)
      this.#compactAt = Math.max(compactSlotsMin, 2 * rows.rowCount)
    } finally {
      arena.release()
    }
  }

  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    const arena = device.arena()
    try {
      const keyGroups = keyGroupRange(instance, parallelism)
      return [clockRun(device, this.#last, keyGroups), { table: 'sessions', keyGroups, bytes: encodeRun(device, this.#rows(arena)) }]
    } finally {
      arena.release()
    }
  }

  restore(runs: readonly StateRun[]): void {
    const { device, where, instance, parallelism } = this.#context
    for (const run of runs) {
      if (run.table === 'clock') {
        this.#last = Math.max(this.#last, readClock(device, run))
        continue
      }
      const arena = device.arena()
      try {
        const all = decodeRun(device, arena, run.bytes)
        this.#order.restored(device, all)
        if (JSON.stringify(all.fields) !== JSON.stringify(this.#stateFields())) {
          throw new DataError(
            'STATE_SHAPE',
            `${where}: the checkpoint's table "${run.table}" does not fit this window's keys and aggregates; start without it or restore the job as it was`,
          )
        }
        const keys = this.#shape.keys.map(f => f.name)
        this.#load(arena, keys.length === 0 ? all : rowsOfKeyGroups(device, arena, all, keys, keyGroupRange(instance, parallelism), where))
      } finally {
        arena.release()
      }
    }
  }

  close(): void {
    this.#memory.close()
    this.#table.close()
    this.#bySlot.close()
    this.#merged.close()
  }
}
