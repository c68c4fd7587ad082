// Apache Flink's own window tests as scripts: rows, watermarks, moments of the clock, restarts, and what comes out. The facts (numbers) are from the files that each case names.
import { expect, test } from 'vitest'
import type { PlainRow } from '../../src/batch/read-values.ts'
import { parseSchema } from '../../src/batch/schema.ts'
import type { Device } from '../../src/device/device.ts'
import type { AnyOperatorType } from '../../src/operators/operator.ts'
import { sessionAggregateOperator } from '../../src/operators/session-aggregate.ts'
import { triggeredAggregateOperator } from '../../src/operators/triggered-aggregate.ts'
import { windowAggregateOperator } from '../../src/operators/window-aggregate.ts'
import type { TriggerFunctions } from '../../src/window/trigger-functions.ts'
import type { WindowSpec } from '../../src/window/window-spec.ts'
import { EventRun, handClock, type Step } from './event-run.ts'

/** A row: its key, value and time, and its own gap where sessions have such. */
export type FlinkRow = readonly [key: string, value: number, time: number, gap?: number]

/** What happens, in this order: a restart; the clock is set and ticks; rows come; the watermark comes. Then what has come out since: key, sum, then the bounds, or the last moment. */
export interface FlinkStep {
  readonly restart?: true
  readonly clock?: number
  readonly rows?: readonly FlinkRow[]
  readonly at?: number
  readonly out?: readonly (readonly unknown[])[]
}

/** A case. `show`: what `out` says of windows. `late`: rows that no window took. */
export interface FlinkScript {
  readonly from: string
  readonly window: WindowSpec
  readonly show: 'last' | 'bounds' | 'sum'
  readonly steps: readonly FlinkStep[]
  readonly late?: number
  readonly trigger?: TriggerFunctions<any, number>
  readonly changes?: true
}

const fields = parseSchema({ key: 'utf8', value: 'int64', time: 'timestamp[ms]', gap: 'int64?' }, 'test')
const aggregates = [{ name: 'sum', fn: 'sum', input: 'value' }]

/** The operators that have to tell the same: the one that keeps windows by panes or sessions, where no trigger is needed, and the one that keeps them one by one. */
export function operatorsOf({ window, trigger, changes }: FlinkScript): readonly AnyOperatorType[] {
  if (trigger || changes || window.kind === 'count' || window.kind === 'global' || window.firing) return [triggeredAggregateOperator]
  return [window.kind === 'session' || window.kind === 'processingSession' ? sessionAggregateOperator : windowAggregateOperator, triggeredAggregateOperator]
}

/** Rows of a key at these times, each of value 1. */
export function ones(key: string, ...times: number[]): FlinkRow[] {
  return times.map(time => [key, 1, time])
}

/** A test for each case and each of its operators. */
export function testScripts(device: () => Device, scripts: readonly FlinkScript[]): void {
  const cases = scripts.flatMap(script => operatorsOf(script).map(type => [script.from, type.kind, script, type] as const))
  test.each(cases)('%s, by %s', (_, __, script, type) => playScript(device(), script, type))
}

/** Runs a case with one of its operators. */
export function playScript(device: Device, script: FlinkScript, type: AnyOperatorType): void {
  const { window, show, trigger, changes } = script
  const clock = handClock(0)
  const run = new EventRun(device, fields, [stepOf(type, { keys: ['key'], window, aggregates, ...(changes && { changes: 'each' }) }, trigger)], 1, clock)
  const shown = (row: PlainRow) => [row.key, Number(row.sum), ...(show === 'bounds' ? [row.window_start, row.window_end] : show === 'last' ? [Number(row.window_end) - 1] : [])]
  let seen = 0
  try {
    script.steps.forEach(({ restart, clock: now, rows, at, out = [] }, i) => {
      if (restart) run.restart(1 + (i % 3))
      if (now !== undefined) {
        clock.set(now)
        run.tick(now)
      }
      if (rows) run.push(rows.map(([key, value, time, gap]) => ({ key, value: BigInt(value), time, gap: gap === undefined ? null : BigInt(gap) })))
      if (at !== undefined) run.advance(at)
      const got = changes ? run.changes.slice(seen).map(({ change, row }) => [change, ...shown(row)]) : run.rows.slice(seen).map(shown)
      seen = run.rows.length
      const text = (list: readonly unknown[]) => list.map(one => JSON.stringify(one)).sort()
      expect(text(got), `${script.from}, ${type.kind}, step ${i}`).toEqual(text(out))
    })
    expect(run.counts.lateRows ?? 0, `${script.from}, ${type.kind}: late rows`).toBe(script.late ?? 0)
    expect(run.side.late?.length ?? 0).toBe(script.late ?? 0)
  } finally {
    run.close()
  }
}

function stepOf(type: AnyOperatorType, params: object, trigger: FlinkScript['trigger']): Step {
  if (!trigger) return { type, params }
  const create = (context: object, ...rest: [never, never]) => triggeredAggregateOperator.create(Object.assign(context, { userFunction: () => () => trigger }) as never, ...rest)
  const window = { ...(params as { window: object }).window, firing: { ...(params as { window: { firing?: object } }).window.firing, custom: true } }
  return { type: { ...triggeredAggregateOperator, create } as never, params: { ...params, window, function: { module: 'test', name: 'trigger' } } }
}

/** Flink's CountTrigger; with `purges` in a PurgingTrigger. It never fires at the end of a window. */
export function countTrigger(count: number, purges = false): TriggerFunctions<never, number> {
  return {
    onRow(_, { state }) {
      const rows = (state.rows ?? 0) + 1
      state.rows = rows >= count ? 0 : rows
      if (rows < count) return
      return purges ? 'fireAndPurge' : 'fire'
    },
    onMerge(states, { state }) {
      state.rows = states.reduce((sum, other) => sum + (other.rows ?? 0), 0)
    },
  }
}

/** Flink's ContinuousEventTimeTrigger, which gives a result at each interval, whether rows came or not. */
export function continuousTrigger(intervalMs: number): TriggerFunctions<{ time: number }, number> {
  return {
    onRow(row, { window, state, timers }) {
      if (window.end - 1 <= timers.watermark) return 'fire'
      if (Number.isFinite(window.end)) timers.eventTime(window.end - 1)
      if (state.next !== undefined) return
      state.next = Math.min((Math.floor(row.time / intervalMs) + 1) * intervalMs, window.end - 1)
      timers.eventTime(state.next)
    },
    onEventTime(time, { window, state, timers }) {
      if (time === window.end - 1) return 'fire'
      if (time !== state.next) return
      state.next = Math.min(time + intervalMs, window.end - 1)
      timers.eventTime(state.next)
      return 'fire'
    },
    onMerge(states, { window, timers, state }) {
      state.next = Math.min(...states.map(other => other.next ?? Number.POSITIVE_INFINITY))
      timers.eventTime(Math.min(state.next, window.end - 1))
    },
  }
}
