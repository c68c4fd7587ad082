// Aggregates by key over tumbling and hopping windows of event time, or of processing time. Rows are kept by pane (the set of windows they
// count in), so windows share state; a window fires once the watermark reaches end − 1 and merges its panes, where many share a pane incrementally
// (state/sliding-panes.ts). What is late is judged by each
// row's own `$watermark`, so contents never depend on batches. Rules: Apache Flink's WindowOperator.
import { DataError, PlanError } from '../base/errors.ts'
import { keyGroupRange } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Batch, Column } from '../batch/batch.ts'
import { columnIndex, type Fields, visible } from '../batch/schema.ts'
import { gatherColumn } from '../compute/gather.ts'
import { rowsOfKeyGroups } from '../compute/partition.ts'
import { RowOrder } from '../compute/row-order.ts'
import { timeColumn } from '../compute/time-column.ts'
import { assignPanes, floorTimes, type Pane, type PaneGrid, rowsWithId } from '../compute/window.ts'
import { WindowZone } from '../compute/window-zone.ts'
import type { Arena } from '../device/arena.ts'
import { GroupState, type GroupShape } from '../state/group-state.ts'
import { inArena, paneFields, type PaneRows, paneRuns, panesOf } from '../state/pane-runs.ts'
import { decodeRun, encodeRun } from '../state/run-codec.ts'
import { SlidingPanes } from '../state/sliding-panes.ts'
import type { StateRun } from '../state/state-run.ts'
import { endsAt, isWindowLate, nextWindowEnd, startOfWindow } from '../window/window-math.ts'
import { checkWindow, describeWindow, isTimed } from '../window/window-spec.ts'
import type { Operator, OperatorContext, OperatorType, Output } from './operator.ts'
import { checkTime, watermarkColumn, watermarksOf } from './watermark.ts'
import {
  clockRun,
  describeAggregates,
  emitLate,
  emitSorted,
  inputsOf,
  readClock,
  shapeOf,
  type WindowAggregateParams,
  windowFields,
} from './window-output.ts'

/** Windowed aggregates: keys, window_start, window_end, aggregates. Late rows leave by the side output `late`. */
export const windowAggregateOperator: OperatorType<WindowAggregateParams & { readonly [key: string]: Json | undefined }> = {
  kind: 'windowAggregate',
  inputCount: 1,
  placement: params => (params.keys.length > 0 ? 'keyed' : 'single'),
  keys: params => params.keys,
  fields([input], params, where) {
    const { window } = params
    if (!('sizeMs' in window)) throw new PlanError('WINDOW', `${where}: session windows are not fixed; they have an operator of their own`)
    checkWindow(window, where)
    if (isTimed(window)) checkTime(input!, window.time, where)
    return windowFields(input!, params, where)
  },
  sidePorts: ([input], params): Record<string, Fields> => (isTimed(params.window) ? { late: visible(input!) } : {}),
  describe: params =>
    `${describeWindow(params.window)} by ${params.keys.join(', ') || 'nothing'}: ${describeAggregates(params.aggregates)}`,
  create: (context, params, [input]) => new WindowAggregate(context, params, input!),
}

/** A pane's rows, and the keys whose emitted results late rows have changed since. */
interface PaneState {
  readonly firstEnd: number
  readonly lastEnd: number
  readonly groups: GroupState
  changed: GroupState | undefined
}

const spareMax = 8
/** Windows that share a pane, from which on they are merged incrementally. */
const sharedWindowsMin = 8

class WindowAggregate implements Operator {
  readonly #context: OperatorContext
  readonly #grid: PaneGrid
  readonly #shape: GroupShape
  readonly #fields: Fields
  /** Positions in the input: of the time (−1 for processing time), the keys, and the aggregates' inputs (−1 for none). */
  readonly #time: number
  readonly #keys: readonly number[]
  readonly #inputs: readonly number[]
  readonly #watermark: number
  readonly #panes = new Map<string, PaneState>()
  readonly #spare: GroupState[] = []
  readonly #order = new RowOrder()
  /** Panes of windows that have fired, where so many windows share a pane that merging all of each window's would cost more. */
  readonly #sliding: SlidingPanes | undefined
  /** Windows of a zone are found, kept and fired by what its clock shows; what goes in and out are times. */
  readonly #zone: WindowZone | undefined
  /** The watermark up to which windows have fired, and what that is by the zone's clock. */
  #fired = Number.NEGATIVE_INFINITY
  #firedShown = Number.NEGATIVE_INFINITY

  constructor(context: OperatorContext, params: WindowAggregateParams, input: Fields) {
    const { window } = params
    const at = (name: string) => columnIndex(input, name, context.where)
    this.#context = context
    const sizeMs = 'sizeMs' in window ? window.sizeMs : 0
    this.#grid = {
      sizeMs,
      slideMs: ('slideMs' in window ? window.slideMs : undefined) ?? sizeMs,
      offsetMs: ('offsetMs' in window ? window.offsetMs : undefined) ?? 0,
      latenessMs: ('latenessMs' in window ? window.latenessMs : undefined) ?? 0,
      cumulates: window.kind === 'cumulate' || (window.kind === 'processing' && window.cumulates === true),
    }
    this.#zone = 'zone' in window && window.zone !== undefined ? new WindowZone(context.device, window.zone) : undefined
    this.#shape = shapeOf(input, params, context.where)
    this.#fields = windowFields(input, params, context.where)
    this.#time = isTimed(window) ? at(window.time) : -1
    this.#keys = params.keys.map(at)
    this.#inputs = inputsOf(input, params.aggregates, context.where)
    this.#watermark = input.findIndex(f => f.name === watermarkColumn)
    const isShared = !this.#grid.cumulates && this.#grid.latenessMs === 0 && sizeMs >= sharedWindowsMin * this.#grid.slideMs
    this.#sliding = isShared ? new SlidingPanes(context.device, this.#shape, context.stateBytesMax / 2) : undefined
  }

  push(batch: Batch, out: Output): void {
    if (this.#time < 0) return this.#pushNow(batch)
    const { device, arena } = this.#context
    const [times, watermarks] = this.#shown(batch, floorTimes(device, arena, batch.columns[this.#time]!), watermarksOf(this.#context, batch, this.#watermark, this.#fired))
    const grid = this.#zone ? { ...this.#grid, latenessMs: 0 } : this.#grid
    const place = this.#context.takeOrder(batch.rowCount)
    for (let start = 0; start < batch.rowCount; ) {
      const rows = batch.rowCount - start
      const found = assignPanes(device, arena, times + 8 * start, watermarks === 0 ? 0 : watermarks + 8 * start, rows, grid)
      for (const pane of found.panes) this.#addRows(batch, place, pane, found.ids, start, found.rows)
      emitLate(this.#context, out, batch, found.ids, start, found.rows, found.late, found.timeless)
      if (found.lone > 0) this.#context.count('rowsWithoutWindow', found.lone)
      start += found.rows
    }
  }

  // By the zone's clock, where there is one; the lateness is then taken off the watermarks.
  #shown({ rowCount }: Batch, times: number, watermarks: number): [times: number, watermarks: number] {
    const { arena } = this.#context
    if (!this.#zone) return [times, watermarks]
    return [this.#zone.shown(arena, times, rowCount), watermarks === 0 ? 0 : this.#zone.passed(arena, watermarks, rowCount, this.#grid.latenessMs)]
  }

  advance(watermark: number, out: Output): void {
    if (this.#time >= 0) this.#fire(watermark, out)
  }

  tick(now: number, out: Output): void {
    if (this.#time < 0) this.#fire(now - 1, out)
  }

  finish(out: Output): void {
    this.#fire(Number.POSITIVE_INFINITY, out)
  }

  // Processing time: all rows of a batch arrive at one moment.
  #pushNow(batch: Batch): void {
    const { arena, clock } = this.#context
    const now = Math.max(clock.now(), this.#fired + 1)
    const ends = endsAt(this.#grid, this.#zone?.shownAt(now) ?? now)
    if (!ends) return this.#context.count('rowsWithoutWindow', batch.rowCount)
    const pane = this.#pane(ends.firstEnd, ends.lastEnd)
    pane.groups.add(
      arena,
      this.#keys.map(k => batch.columns[k]!),
      this.#inputs.map(i => batch.columns[i]),
      batch.rowCount,
      this.#order.from(this.#context.takeOrder(batch.rowCount)),
    )
  }

  // `place` is that of the batch's first row.
  #addRows(batch: Batch, place: bigint, { id, firstEnd, lastEnd, rows }: Pane, ids: number, start: number, found: number): void {
    const { device, arena } = this.#context
    let take = (column: Column) => column
    let indices = 0
    if (rows < batch.rowCount) {
      indices = rowsWithId(device, arena, ids, found, id, start).indices
      const taken = new Map<Column, Column>()
      take = column => {
        let part = taken.get(column)
        if (!part) taken.set(column, (part = gatherColumn(device, arena, column, indices, rows)))
        return part
      }
    }
    const keys = this.#keys.map(k => take(batch.columns[k]!))
    const inputs = this.#inputs.map(i => (i < 0 ? undefined : take(batch.columns[i]!)))
    const pane = this.#pane(firstEnd, lastEnd)
    pane.groups.add(arena, keys, inputs, rows, this.#order.from(place, indices))
    if (firstEnd - 1 > this.#firedShown) return
    pane.changed ??= this.#keyState()
    pane.changed.know(arena, keys, rows)
  }

  #pane(firstEnd: number, lastEnd: number): PaneState {
    const name = `${firstEnd}/${lastEnd}`
    let pane = this.#panes.get(name)
    if (!pane) this.#panes.set(name, (pane = { firstEnd, lastEnd, groups: this.#takeSpare(), changed: undefined }))
    return pane
  }

  #keyState(): GroupState {
    return new GroupState(this.#context.device, { keys: this.#shape.keys, names: [], specs: [] })
  }

  #takeSpare(): GroupState {
    return this.#spare.pop() ?? new GroupState(this.#context.device, this.#shape)
  }

  #giveSpare(groups: GroupState): void {
    groups.reset()
    if (this.#spare.length < spareMax) this.#spare.push(groups)
    else groups.close()
  }

  // Every window with an end − 1 in (#fired, watermark] fires; then those that fired before and were changed, for the changed keys alone.
  #fire(time: number, out: Output): void {
    const before = this.#firedShown
    const watermark = this.#zone?.passedAt(time) ?? time
    const due = new Set<number>()
    const again = new Set<number>()
    for (const pane of this.#panes.values()) {
      const first = Math.max(pane.firstEnd, before === Number.NEGATIVE_INFINITY ? pane.firstEnd : nextWindowEnd(this.#grid, before))
      for (let end = first; end <= pane.lastEnd && end - 1 <= watermark; end += this.#grid.slideMs) due.add(end)
      if (pane.changed) for (let end = pane.firstEnd; end <= pane.lastEnd && end - 1 <= before; end += this.#grid.slideMs) again.add(end)
    }
    if (this.#sliding && before > Number.NEGATIVE_INFINITY) for (let end = nextWindowEnd(this.#grid, before); end <= this.#sliding.lastEnd && end - 1 <= watermark; end += this.#grid.slideMs) due.add(end)
    for (const end of [...again].sort((a, b) => a - b)) this.#emitChanged(end, out)
    for (const pane of this.#panes.values()) {
      pane.changed?.close()
      pane.changed = undefined
    }
    for (const end of [...due].sort((a, b) => a - b)) this.#emitWindow(end, out)
    this.#fired = Math.max(this.#fired, time)
    this.#firedShown = Math.max(before, watermark)
    this.#sliding?.dropBefore(watermark < Number.POSITIVE_INFINITY ? nextWindowEnd(this.#grid, this.#firedShown) : watermark)
    const { latenessMs } = this.#grid
    const passed = this.#zone?.passedAt(time, latenessMs) ?? time - latenessMs
    for (const [name, pane] of this.#panes) {
      if (!isWindowLate(pane.lastEnd, 0, passed)) continue
      this.#giveSpare(pane.groups)
      this.#panes.delete(name)
    }
  }

  #panesOf(end: number): PaneState[] {
    return [...this.#panes.values()]
      .filter(pane => pane.firstEnd <= end && end <= pane.lastEnd)
      .sort((a, b) => a.lastEnd - b.lastEnd || a.firstEnd - b.firstEnd)
  }

  #emitWindow(end: number, out: Output): void {
    const { arena } = this.#context
    if (this.#sliding) return this.#emitShared(this.#sliding, end, out)
    const panes = this.#panesOf(end)
    if (panes.length === 1) return this.#emitGroups(end, panes[0]!.groups, panes[0]!.groups.groupCount, out)
    const all = this.#takeSpare()
    for (const { groups } of panes) all.merge(arena, groups.keyColumns(arena), groups.partialColumns(arena), groups.groupCount)
    this.#emitGroups(end, all, all.groupCount, out)
    if (this.#grid.cumulates && this.#grid.latenessMs === 0) this.#fold(panes, all, end)
    else this.#giveSpare(all)
  }

  // Panes that are complete go to those that are merged incrementally.
  #emitShared(sliding: SlidingPanes, end: number, out: Output): void {
    const { arena } = this.#context
    for (const [name, { firstEnd, lastEnd, groups }] of this.#panes) {
      if (firstEnd > end) continue
      sliding.add(arena, firstEnd, lastEnd, groups.rowsOf(arena))
      this.#giveSpare(groups)
      this.#panes.delete(name)
    }
    let own: GroupState | undefined
    const all = sliding.window(arena, end, () => (own = this.#takeSpare()))
    this.#emitGroups(end, all, all.groupCount, out)
    if (own) this.#giveSpare(own)
  }

  // What windows that grow have emitted once is in all that follow, and where nothing changes it any more they go on from it.
  #fold(panes: readonly PaneState[], groups: GroupState, end: number): void {
    const { lastEnd } = panes[0]!
    for (const pane of panes) {
      this.#panes.delete(`${pane.firstEnd}/${lastEnd}`)
      this.#giveSpare(pane.groups)
    }
    this.#panes.set(`${end}/${lastEnd}`, { firstEnd: end, lastEnd, groups, changed: undefined })
  }

  // The changed keys come first in the merged state, so they are its first groups.
  #emitChanged(end: number, out: Output): void {
    const { arena } = this.#context
    const panes = this.#panesOf(end)
    const changed = this.#keyState()
    for (const pane of panes) if (pane.changed) changed.know(arena, pane.changed.keyColumns(arena), pane.changed.groupCount)
    const count = changed.groupCount
    const all = this.#takeSpare()
    all.know(arena, changed.keyColumns(arena), count)
    for (const { groups } of panes) all.merge(arena, groups.keyColumns(arena), groups.partialColumns(arena), groups.groupCount)
    this.#emitGroups(end, all, count, out)
    this.#giveSpare(all)
    changed.close()
  }

  #emitGroups(end: number, groups: GroupState, count: number, out: Output): void {
    const { device, arena } = this.#context
    const head = (column: Column): Column => ({ ...column, length: count })
    const start = startOfWindow(this.#grid, end)
    const columns = [
      ...groups.keyColumns(arena).map(head),
      timeColumn(device, arena, this.#zone?.startOf(start) ?? start, count),
      timeColumn(device, arena, this.#zone?.endOf(end) ?? end, count),
      ...groups.resultColumns(arena).map(head),
    ]
    emitSorted(this.#context, out, this.#fields, this.#keys.length, columns, count)
  }

  snapshot(): StateRun[] {
    const { device, instance, parallelism } = this.#context
    const keyGroups = keyGroupRange(instance, parallelism)
    const runs = [clockRun(device, this.#fired, keyGroups)]
    const arena = device.arena()
    try {
      for (const [name, { changed }] of this.#panes) if (changed) runs.push({ table: `changed/${name}`, keyGroups, bytes: encodeRun(device, changed.rowsOf(arena)) })
      for (const bytes of paneRuns(device, this.#stateFields(), this.#allPanes())) runs.push({ table: 'panes', keyGroups, bytes })
      return runs
    } finally {
      arena.release()
    }
  }

  // Each pane's rows in an arena of its own, which dies when the next is asked for.
  *#allPanes(): Generator<PaneRows> {
    const { device } = this.#context
    for (const { firstEnd, lastEnd, groups } of this.#panes.values()) yield* inArena(device, arena => [{ firstEnd, lastEnd, rows: groups.rowsOf(arena) }])
    if (this.#sliding) yield* inArena(device, arena => this.#sliding!.panes(arena))
  }

  restore(runs: readonly StateRun[]): void {
    const { device } = this.#context
    for (const run of runs) if (run.table === 'clock') this.#fired = Math.max(this.#fired, readClock(device, run))
    this.#firedShown = this.#zone?.passedAt(this.#fired) ?? this.#fired
    for (const run of runs) {
      if (run.table === 'clock') continue
      const arena = device.arena()
      try {
        this.#restorePane(run, arena)
      } finally {
        arena.release()
      }
    }
  }

  #restorePane(run: StateRun, arena: Arena): void {
    const { device, where, instance, parallelism } = this.#context
    const match = /^(pane|changed)\/(-?\d+)\/(-?\d+)$/.exec(run.table)
    const all = decodeRun(device, arena, run.bytes)
    this.#order.restored(device, all)
    const expected = match?.[1] === 'changed' ? this.#shape.keys : match ? this.#stateFields() : paneFields(this.#stateFields())
    if ((!match && run.table !== 'panes') || JSON.stringify(all.fields) !== JSON.stringify(expected)) {
      throw new DataError(
        'STATE_SHAPE',
        `${where}: the checkpoint's table "${run.table}" does not fit this window's keys and aggregates; start without it or restore the job as it was`,
      )
    }
    const keys = this.#shape.keys.map(f => f.name)
    const rows = keys.length === 0 ? all : rowsOfKeyGroups(device, arena, all, keys, keyGroupRange(instance, parallelism), where)
    if (rows.rowCount === 0) return
    if (!match) for (const pane of panesOf(device, arena, rows)) this.#takePane(arena, pane)
    else if (match[1] === 'pane') this.#takePane(arena, { firstEnd: Number(match[2]), lastEnd: Number(match[3]), rows })
    else (this.#pane(Number(match[2]), Number(match[3])).changed ??= this.#keyState()).know(arena, rows.columns.slice(0, keys.length), rows.rowCount)
  }

  #takePane(arena: Arena, { firstEnd, lastEnd, rows }: PaneRows): void {
    const keyCount = this.#shape.keys.length
    if (this.#sliding && firstEnd - 1 <= this.#firedShown) return this.#sliding.add(arena, firstEnd, lastEnd, rows)
    this.#pane(firstEnd, lastEnd).groups.merge(arena, rows.columns.slice(0, keyCount), rows.columns.slice(keyCount), rows.rowCount)
  }

  #stateFields(): Fields {
    const groups = this.#takeSpare()
    const fields = groups.fields()
    this.#giveSpare(groups)
    return fields
  }

  close(): void {
    for (const pane of this.#panes.values()) {
      pane.groups.close()
      pane.changed?.close()
    }
    this.#panes.clear()
    for (const groups of this.#spare.splice(0)) groups.close()
    this.#sliding?.close()
  }
}
