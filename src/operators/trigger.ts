// Triggers: when a window gives a result, and when it forgets its rows. Plain data becomes one here; a user's object of functions is called in user-trigger.ts. Rules: Apache Flink's
// EventTimeTrigger, ProcessingTimeTrigger, ContinuousEventTimeTrigger, CountTrigger and PurgingTrigger.
import type { PlainRow } from '../batch/read-values.ts'
import { isTimed, type WindowSpec } from '../window/window-spec.ts'
import type { KeyedWindow, WindowTimers } from './keyed-windows.ts'

/** What a trigger says: nothing, or bits of `fires` and `purges`. */
export type Verdict = number
/** The window gives a result; it forgets its rows. */
export const fires = 1
export const purges = 2

/** When a trigger is called: event time has come to `watermark`, the clock to `now`; and where it sets timers. */
export interface TriggerMoment {
  readonly watermark: number
  readonly now: number
  readonly events: WindowTimers
  readonly clock: WindowTimers
}

/** A trigger. What it remembers of a window is in the window's state and timers. */
export interface Trigger {
  /** A row has come into the window; `time` is its event time (the clock's, where there is none), `row` reads it. */
  onRow(window: KeyedWindow, time: number, at: TriggerMoment, row: () => PlainRow): Verdict
  onEventTimer(window: KeyedWindow, time: number, at: TriggerMoment): Verdict
  onClockTimer(window: KeyedWindow, time: number, at: TriggerMoment): Verdict
  /** The window has taken over others of a session, whose timers are gone. */
  onMerge(window: KeyedWindow, others: readonly KeyedWindow[], at: TriggerMoment): void
  /** The window is over, or was taken over. */
  clear?(window: KeyedWindow, at: TriggerMoment): void
}

/** The trigger of windows that have none of a user's. */
export function triggerOf(window: WindowSpec): Trigger {
  if (window.kind === 'count') return countTrigger(window.rows, window.slideRows ?? window.rows)
  return firingTrigger(window)
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

// Every so many rows a result of those since the last ones; parts end where results may begin or end.
function countTrigger(rows: number, slide: number): Trigger {
  const part = greatestCommonDivisor(rows, slide)
  return {
    onRow(window) {
      const count = ((window.state['rows'] as number | undefined) ?? 0) + 1
      window.state['rows'] = count % slide
      if (count % part === 0) window.isSealed = true
      if (window.parts.length > rows / part) window.parts.shift()
      if (count < slide) return 0
      return slide >= rows ? fires | purges : fires
    },
    onEventTimer: () => 0,
    onClockTimer: () => 0,
    onMerge() {},
  }
}

function firingTrigger(spec: Exclude<WindowSpec, { kind: 'count' }>): Trigger {
  const { earlyMs, everyRows, everyMs, purges: forgets } = spec.firing ?? {}
  const isEndless = spec.kind === 'global'
  const isEvent = isTimed(spec)
  const verdict = (isDue: boolean) => (isDue ? fires | (forgets ? purges : 0) : 0)
  // The end, and what is to come before it.
  const setEnd = (window: KeyedWindow, at: TriggerMoment) => {
    if (!isEndless) (isEvent ? at.events : at.clock).set(window, window.end - 1)
  }
  return {
    onRow(window, time, at) {
      const { state } = window
      let isDue = false
      if (everyRows !== undefined) {
        const rows = ((state['rows'] as number | undefined) ?? 0) + 1
        isDue = rows >= everyRows
        state['rows'] = isDue ? 0 : rows
      }
      if (isEvent && !isEndless && window.end - 1 <= at.watermark) return verdict(true)
      setEnd(window, at)
      if (everyMs !== undefined && state['next'] === undefined) {
        const since = state['fired'] === true ? at.watermark : time
        state['next'] = (Math.floor(since / everyMs) + 1) * everyMs
        at.events.set(window, state['next'])
      }
      if (earlyMs !== undefined && state['early'] === undefined) {
        state['early'] = at.now + earlyMs
        at.clock.set(window, state['early'])
      }
      return verdict(isDue)
    },
    onEventTimer(window, time) {
      const { state } = window
      const isNext = state['next'] === time
      if (isNext) {
        delete state['next']
        state['fired'] = true
      }
      return verdict(isNext || (isEvent && time === window.end - 1))
    },
    onClockTimer(window, time) {
      const isEarly = window.state['early'] === time
      if (isEarly) delete window.state['early']
      return verdict(isEarly || (!isEvent && time === window.end - 1))
    },
    onMerge(window, others, at) {
      const { state } = window
      const least = (name: string) => others.reduce((found, other) => Math.min(found, (other.state[name] as number | undefined) ?? Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY)
      if (everyRows !== undefined) state['rows'] = others.reduce((sum, other) => sum + ((other.state['rows'] as number | undefined) ?? 0), 0)
      if (others.some(other => other.state['fired'] === true)) state['fired'] = true
      const [next, early] = [least('next'), least('early')]
      if (next < Number.POSITIVE_INFINITY) at.events.set(window, (state['next'] = next))
      if (early < Number.POSITIVE_INFINITY) at.clock.set(window, (state['early'] = early))
      if (window.end - 1 > at.watermark) setEnd(window, at)
    },
  }
}
