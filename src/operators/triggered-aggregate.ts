// Aggregates by key over windows that give results when triggers say so: early, every so many rows, at times, over any rows of a key; with evictors; and windows of so many rows.
// Rows are taken one by one in the order of the source, each judged by its own `$watermark`, so that results never depend on batches. Rules: Apache Flink's WindowOperator and
// EvictingWindowOperator. Cost: 0.1 to 0.6 µs a row and window, 0.7 µs with a user's trigger; windows without triggers of their own are window-aggregate.ts's and session-aggregate.ts's.
import { PlanError } from '../base/errors.ts'
import { type FunctionReference, isClosure } from '../base/function-reference.ts'
import { keyGroupRange } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import { allocateColumn, type Batch, type Column } from '../batch/batch.ts'
import { changeField } from '../batch/change.ts'
import { int64, isFloat, isNested, isNumeric, rowCount64, timestampMs } from '../batch/data-type.ts'
import { type PlainRow, rowReader, valueReader } from '../batch/read-values.ts'
import { columnIndex, fieldOf, type Fields, visible } from '../batch/schema.ts'
import { typeName } from '../batch/type-name.ts'
import { gatherColumn, holdViews } from '../compute/gather.ts'
import { RowOrder } from '../compute/row-order.ts'
import { lateRow, loneRow, setTimeAt, timelessRow } from '../compute/window.ts'
import type { StateRun } from '../state/state-run.ts'
import { checkWindow, describeWindow, isTimed, type WindowSpec } from '../window/window-spec.ts'
import { type ComingResult, GivenResults } from './given-results.ts'
import { keysOfWindows, numbersAt } from './keyed-window-runs.ts'
import { emptyWindow, type KeyedWindow, KeyedWindows, WindowTimers } from './keyed-windows.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { RowSpans, type Span } from './row-spans.ts'
import { fires, purges, type Trigger, triggerOf, type Verdict } from './trigger.ts'
import { userTrigger } from './user-trigger.ts'
import { checkTime, watermarkColumn } from './watermark.ts'
import { RowContents, type RowsAtHand, StateContents, type WindowContents } from './window-contents.ts'
import { WindowStore } from './window-store.ts'
import { clockRun, columnsOf, describeAggregates, emitInOrder, emitLate, hasBounds, inputsOf, readClock, shapeOf, type WindowAggregateParams, windowFields } from './window-output.ts'

/** Parameters: as windowAggregate, with any window; `function` is a user's trigger. `changes`: a further result of a window takes back the one before it ('each'), or only the last one is given ('net'). */
export type TriggeredAggregateParams = WindowAggregateParams & { readonly changes?: 'each' | 'net'; readonly function?: FunctionReference & Json; readonly [key: string]: Json | undefined }

/** A row per result: keys, window_start and window_end (or window_number, from 1 on by key), aggregates. Rows that no window takes leave by `late`. */
export const triggeredAggregateOperator: OperatorType<TriggeredAggregateParams> = {
  kind: 'triggeredAggregate',
  inputCount: 1,
  placement({ keys, function: reference }) {
    if (reference && isClosure(reference)) return 'main'
    return keys.length > 0 ? 'keyed' : 'single'
  },
  keys: params => params.keys,
  fields([input], params, where) {
    const { window } = params
    checkWindow(window, where)
    if ('firing' in window && window.firing?.custom && !params.function) throw new PlanError('TRIGGER', `${where}: the window goes by a trigger, and there is none; give it to the window that groupBy is called with`)
    if (isTimed(window)) checkTime(input!, window.time, where)
    const evict = evictorOf(window)
    if (evict && 'delta' in evict) {
      const { name, type } = fieldOf(input!, evict.column, where)
      if (!isNumeric(type)) throw new PlanError('WINDOW', `${where}: evict goes by "${name}", which is ${typeName(type)}; name a column of numbers`)
    }
    return resultFields(input!, params, where)
  },
  sidePorts: ([input], { window }): Record<string, Fields> => (isTimed(window) ? { late: visible(input!) } : {}),
  needs: (_, { keys, window, aggregates, function: reference }) =>
    reference ? 'all' : new Set([...keys, ...aggregates.flatMap(columnsOf), ...[timeOf(window), 'gapColumn' in window ? window.gapColumn : undefined, deltaColumn(window), watermarkColumn].filter(name => name !== undefined)]),
  describe: ({ window, keys, aggregates, changes }) => `${describeWindow(window)} by ${keys.join(', ') || 'nothing'}: ${describeAggregates(aggregates)}${changes === 'each' ? ', as changes' : ''}`,
  create: (context, params, [input]) => new TriggeredAggregate(context, params, input!),
}

// Rows that change earlier ones are not judged by a watermark of their own: steps behind take them as they come.
function resultFields(input: Fields, params: TriggeredAggregateParams, where: string): Fields {
  const fields = windowFields(input, params, where)
  return params.changes === 'each' ? [...visible(fields), changeField] : fields
}

const timeOf = (window: WindowSpec) => (isTimed(window) ? window.time : undefined)
const evictorOf = (window: WindowSpec) => ('firing' in window ? window.firing?.evict : undefined)

function deltaColumn(window: WindowSpec): string | undefined {
  const evict = evictorOf(window)
  return evict && 'delta' in evict ? evict.column : undefined
}

/** What is read of single rows: all of the one `at` hand, and what an evictor tells it apart by. */
interface Reader {
  at: number
  readonly row: () => PlainRow
  readonly value: (row: number) => number
}

/** What came of a window, its number, the watermark just before it, and the row at hand that brought it, or −1. */
interface Fired extends ComingResult {
  readonly number: number
  readonly watermark: number
  readonly row: number
}

/** Results are made once they are this many parts of windows, or at the end of what is at hand. */
const workMax = 16_384

class TriggeredAggregate implements Operator {
  readonly #context: OperatorContext
  readonly #window: WindowSpec
  readonly #latenessMs: number
  readonly #isMerging: boolean
  readonly #trigger: Trigger
  readonly #fields: Fields
  readonly #keys: readonly number[]
  /** Whether equal keys are the same in every bit. */
  readonly #isExact: boolean
  readonly #inputs: readonly number[]
  /** The position of the column by which rows are evicted; −1 for none. */
  readonly #delta: number
  readonly #spans: RowSpans
  readonly #store: WindowStore
  /** Those of the store. */
  readonly #windows: KeyedWindows
  readonly #contents: WindowContents
  readonly #given: GivenResults | undefined
  readonly #at = { watermark: Number.NEGATIVE_INFINITY, now: 0, events: new WindowTimers('eventTimers'), clock: new WindowTimers('clockTimers') }
  #fired: Fired[] = []
  #hand: RowsAtHand | undefined
  #batch: Batch | undefined
  #row = -1
  /** How far event time has come, or the clock where windows go by it. */
  #last = Number.NEGATIVE_INFINITY

  constructor(context: OperatorContext, params: TriggeredAggregateParams, input: Fields) {
    const { device, where } = context
    const { window } = params
    const at = (name: string) => columnIndex(input, name, where)
    this.#context = context
    this.#window = window
    this.#latenessMs = 'latenessMs' in window ? (window.latenessMs ?? 0) : 0
    this.#isMerging = window.kind === 'session' || window.kind === 'processingSession'
    this.#trigger = params.function ? userTrigger(context, params.function, window) : triggerOf(window)
    const shape = shapeOf(input, params, where)
    this.#fields = resultFields(input, params, where)
    this.#keys = params.keys.map(at)
    this.#isExact = shape.keys.every(({ type }) => !isFloat(type) && !isNested(type) && type.kind !== 'interval')
    this.#inputs = inputsOf(input, params.aggregates, where)
    const [evict, delta] = [evictorOf(window), deltaColumn(window)]
    this.#delta = delta === undefined ? -1 : at(delta)
    this.#spans = new RowSpans(context, window, input)
    const order = new RowOrder()
    this.#windows = new KeyedWindows()
    this.#contents = evict ? new RowContents(device, shape, evict, this.#inputs.map(i => input[i])) : new StateContents(device, shape, order, window.kind !== 'count')
    const results = visible(this.#fields)
    if (params.changes) this.#given = new GivenResults(device, results.slice(results.length - shape.specs.length), params.changes === 'net')
    this.#store = new WindowStore(context, shape.keys, order, this.#windows, this.#contents, this.#given)
  }

  push(batch: Batch, out: Output): void {
    const { device, arena } = this.#context
    const rows = batch.rowCount
    const gids = device.memory.uint32s(this.#store.keys.find(arena, this.#keys.map(k => batch.columns[k]!), rows), rows).slice()
    const place = this.#context.takeOrder(rows)
    this.#at.now = this.#now()
    this.#spans.begin(batch, this.#at.now, this.#last)
    this.#hand = { inputs: this.#inputs.map(i => batch.columns[i]), place }
    this.#batch = batch
    const ids = new Int32Array(rows)
    const read = this.#reader(batch)
    for (let row = 0; row < rows; row++) {
      const watermark = this.#spans.watermarkOf(row)
      if (this.#at.events.next <= watermark) this.#callEvents(watermark, out)
      this.#at.watermark = watermark
      this.#row = row
      ids[row] = this.#take(gids[row]!, row, read)
      this.#row = -1
      if (this.#contents.work >= workMax) this.#settle(out)
    }
    this.#settle(out)
    this.#hand = this.#batch = undefined
    this.#emitRest(batch, ids, out)
    this.#store.compact()
  }

  advance(watermark: number, out: Output): void {
    if (!isTimed(this.#window)) return
    this.#last = Math.max(this.#last, watermark)
    this.#at.now = this.#now()
    this.#callEvents(watermark, out)
    this.#settle(out)
    this.#store.compact()
  }

  tick(now: number, out: Output): void {
    if (!isTimed(this.#window)) this.#last = Math.max(this.#last, now - 1)
    this.#at.now = this.#now()
    this.#callClock(now - 1, out)
    this.#settle(out)
    this.#store.compact()
  }

  finish(out: Output): void {
    this.advance(Number.POSITIVE_INFINITY, out)
    this.#callClock(Number.POSITIVE_INFINITY, out)
    this.#settle(out)
  }

  // The clock never goes back behind what it has let windows do.
  #now(): number {
    const now = Math.floor(this.#context.clock.now())
    return isTimed(this.#window) ? now : Math.max(now, this.#last + 1)
  }

  #reader(batch: Batch): Reader {
    const { memory } = this.#context.device
    const all = rowReader(memory, batch)
    const delta = this.#delta < 0 ? undefined : valueReader(memory, batch.columns[this.#delta]!)
    const isByTime = 'lastMs' in (evictorOf(this.#window) ?? {})
    const number = (value: unknown) => (value === null ? Number.NaN : Number(value))
    const reader: Reader = { at: 0, row: () => all(reader.at), value: row => (delta ? number(delta(row)) : isByTime ? this.#spans.timeOf(row) : 0) }
    return reader
  }

  // Puts a row into its windows; what it is where none takes it, as its id in assignPanes.
  #take(key: number, row: number, read: Reader): number {
    const { watermark } = this.#at
    const time = this.#spans.timeOf(row)
    if (time === Number.NEGATIVE_INFINITY) return timelessRow
    const spans = this.#spans.of(row)
    read.at = row
    let taken = 0
    for (const span of spans) {
      const window = this.#isMerging ? this.#session(key, span) : this.#isLate(span) ? undefined : (this.#windows.find(key, span.start, span.end) ?? this.#open(key, span))
      if (!window) continue
      taken++
      this.#contents.add(window, row, read.value(row))
      this.#act(window, this.#trigger.onRow(window, time, this.#at, read.row), watermark)
    }
    if (taken > 0) return 0
    return isTimed(this.#window) && (spans.length > 0 || time + this.#latenessMs <= watermark) ? lateRow : loneRow
  }

  #isLate({ end }: Span): boolean {
    return isTimed(this.#window) && end - 1 + this.#latenessMs <= this.#at.watermark
  }

  #open(key: number, span: Span): KeyedWindow {
    const window = this.#windows.add(emptyWindow(key, span.start, span.end))
    this.#setEnd(window)
    return window
  }

  // When the window takes no more rows, at the latest.
  #setEnd(window: KeyedWindow): void {
    if (!hasBounds(this.#window)) return
    if (isTimed(this.#window)) this.#at.events.set(window, window.end - 1 + this.#latenessMs)
    else this.#at.clock.set(window, window.end - 1)
  }

  // The session that a row of this span is of; it takes over those that the row joins.
  #session(key: number, span: Span): KeyedWindow | undefined {
    const touched = this.#windows.of(key).filter(({ start, end }) => span.end >= start && span.start <= end)
    const [first] = touched
    if (!first) return this.#isLate(span) ? undefined : this.#open(key, span)
    if (touched.length === 1 && first.start <= span.start && first.end >= span.end) return first
    const least = touched.reduce((least, { start }) => Math.min(least, start), span.start)
    const most = touched.reduce((most, { end }) => Math.max(most, end), span.end)
    const window = this.#windows.add(emptyWindow(key, least, most))
    for (const other of touched) this.#windows.remove(other)
    this.#contents.join(window, touched)
    this.#trigger.onMerge(window, touched, this.#at)
    for (const other of touched) {
      this.#trigger.clear?.(other, this.#at)
      if (this.#given) this.#fired.push({ window: other, what: 'gone', number: 0, watermark: this.#at.watermark, row: this.#row })
    }
    this.#setEnd(window)
    return window
  }

  #act(window: KeyedWindow, verdict: Verdict, watermark: number): void {
    if ((verdict & fires) !== 0 && this.#contents.fire(window)) this.#fired.push({ window, what: 'result', number: ++window.results, watermark: Math.min(watermark, window.end - 2), row: this.#row })
    if ((verdict & purges) !== 0) this.#contents.forget(window)
  }

  #callEvents(watermark: number, out: Output): void {
    for (const { window, time } of this.#due(this.#at.events, watermark)) {
      this.#at.watermark = time
      this.#act(window, this.#trigger.onEventTimer(window, time, this.#at), time - 1)
      if (hasBounds(this.#window) && time === window.end - 1 + this.#latenessMs) this.#clear(window)
      if (this.#contents.work >= workMax) this.#settle(out)
    }
  }

  #callClock(now: number, out: Output): void {
    const isByClock = !isTimed(this.#window) && hasBounds(this.#window)
    this.#at.watermark = isTimed(this.#window) ? this.#last : Number.NEGATIVE_INFINITY
    for (const { window, time } of this.#due(this.#at.clock, now)) {
      const isEnd = isByClock && time === window.end - 1
      // Where the input ends, so do windows: nothing is early any more.
      if (now < Number.POSITIVE_INFINITY || isEnd || !isByClock) this.#act(window, this.#trigger.onClockTimer(window, time, this.#at), this.#at.watermark)
      if (isEnd) this.#clear(window)
      if (this.#contents.work >= workMax) this.#settle(out)
    }
  }

  // Windows without an end may set timers for ever; where time is over those that are set now are never due.
  *#due(timers: WindowTimers, until: number): Generator<{ readonly time: number; readonly window: KeyedWindow }> {
    const isOver = until === Number.POSITIVE_INFINITY && !hasBounds(this.#window)
    const all: { readonly time: number; readonly window: KeyedWindow }[] = []
    for (let due = timers.take(until); due; due = timers.take(until)) {
      if (isOver) all.push(due)
      else yield due
    }
    yield* all
  }

  #clear(window: KeyedWindow): void {
    this.#trigger.clear?.(window, this.#at)
    this.#contents.forget(window)
    this.#windows.remove(window)
    if (this.#given) this.#fired.push({ window, what: 'over', number: 0, watermark: window.end - 2, row: -1 })
  }

  // Takes the rows that were noted, and emits the results.
  #settle(out: Output): void {
    const { device, arena } = this.#context
    if (this.#hand) this.#contents.settle(arena, this.#hand)
    if (this.#fired.length === 0) return
    const fired = this.#fired
    this.#fired = []
    const fresh = fired.filter(({ what }) => what === 'result')
    const results = fresh.length > 0 ? this.#contents.results(arena) : undefined
    const changes = this.#given?.changes(arena, fired, results ?? [], fresh.length)
    const shown = changes ? changes.of.map(i => fired[i]!) : fresh
    if (shown.length === 0) return
    const keys = this.#keysOf(shown)
    const numbers = (type: Column['type'], read: (one: Fired) => number): Column => {
      const out = allocateColumn(arena, type, shown.length)
      shown.forEach((one, i) => setTimeAt(device, out.values + 8 * i, read(one)))
      return out
    }
    const bounds = hasBounds(this.#window) ? [numbers(timestampMs, ({ window }) => window.start), numbers(timestampMs, ({ window }) => window.end)] : [numbers(rowCount64, ({ number }) => number)]
    const isJudged = this.#fields.some(field => field.name === watermarkColumn)
    emitInOrder(this.#context, out, this.#fields, [...keys, ...bounds, ...(changes?.columns ?? results!), ...(isJudged ? [numbers(int64, one => one.watermark)] : [])], shown.length)
  }

  // From the rows at hand where these brought the results: all keys that are known may be many. Of equal zeros and intervals it is the one seen first that is shown.
  #keysOf(fired: readonly Fired[]): Column[] {
    const { device, arena } = this.#context
    const batch = this.#batch
    if (!batch || !this.#isExact || fired.some(({ row }) => row < 0)) return keysOfWindows(device, arena, this.#store.keys.keyColumns(arena), fired.map(({ window }) => window), () => 1)
    const indices = numbersAt(device, arena, fired.map(({ row }) => row))
    holdViews(device, arena, batch)
    return this.#keys.map(k => gatherColumn(device, arena, batch.columns[k]!, indices, fired.length))
  }

  #emitRest(batch: Batch, ids: Int32Array, out: Output): void {
    const counted = (id: number) => ids.reduce((count, other) => count + (other === id ? 1 : 0), 0)
    const lone = counted(loneRow)
    if (lone > 0) this.#context.count('rowsWithoutWindow', lone)
    const [late, timeless] = [counted(lateRow), counted(timelessRow)]
    if (late + timeless === 0) return
    const at = this.#context.arena.allocate(4 * ids.length)
    this.#context.device.memory.int32s(at, ids.length).set(ids)
    emitLate(this.#context, out, batch, at, 0, ids.length, late, timeless)
  }

  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    return [clockRun(device, this.#last, keyGroupRange(instance, parallelism)), ...this.#store.freeze()]
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    for (const run of runs) if (run.table === 'clock') this.#last = Math.max(this.#last, readClock(device, run))
    for (const window of this.#store.thaw(runs.filter(run => run.table !== 'clock'))) {
      for (const time of window.eventTimers ?? []) this.#at.events.restore(window, time)
      for (const time of window.clockTimers ?? []) this.#at.clock.restore(window, time)
    }
  }

  close(): void {
    this.#store.close()
  }
}
