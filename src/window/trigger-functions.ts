// Triggers that users write: an object of functions that decide for each window when it gives a result. What is called when is up to operators/user-trigger.ts.
import type { Duration } from '../base/units.ts'

/** What a trigger wants: a result of what the window holds, that it forgets its rows, both, or nothing. A window forgets its rows and goes on; what the trigger remembers stays. */
export type TriggerAnswer = 'fire' | 'purge' | 'fireAndPurge' | 'continue' | undefined | void

/** Timers of a window. Each time is kept once; `plus` is added to it. Times are epoch milliseconds, or Dates. */
export interface TriggerTimers {
  /** Calls onEventTime once the watermark has come to the time. */
  eventTime(at: number | Date, plus?: Duration): void
  /** Calls onProcessingTime once the clock has passed the time. */
  processingTime(at: number | Date, plus?: Duration): void
  /** Takes a timer back. */
  deleteEventTime(at: number | Date, plus?: Duration): void
  deleteProcessingTime(at: number | Date, plus?: Duration): void
  /** Event time: what the watermark was just before the row, or the timer's time; −Infinity before there is one. */
  readonly watermark: number
  /** The clock's time. */
  readonly now: number
}

/** What a trigger remembers of a window: plain data under names of its own. */
export type TriggerState<V = unknown> = { [name: string]: V }

/** What the functions are given. */
export interface TriggerCall<V = unknown> {
  /** The window: [start, end) in ms; both are infinite where it has no bounds. */
  readonly window: { readonly start: number; readonly end: number }
  readonly state: TriggerState<V>
  readonly timers: TriggerTimers
}

/**
 * A trigger of rows R; V is what it remembers under a name. It stands in the place of the one that fires a window at its end: whoever wants that sets a timer for `window.end - 1`. A window without rows gives no result. When its end and the
 * lateness have passed a window is gone, with its timers. Where the input ends so does event time, and windows without an end have each timer that is left called once.
 */
export interface TriggerFunctions<R = unknown, V = unknown> {
  /** Once for each row of each window that it is of. */
  onRow(row: R, call: TriggerCall<V>): TriggerAnswer
  onEventTime?(time: number, call: TriggerCall<V>): TriggerAnswer
  onProcessingTime?(time: number, call: TriggerCall<V>): TriggerAnswer
  /** A session has taken over others, whose timers are gone: `states` is what was remembered of them, oldest first. Sessions need it. */
  onMerge?(states: readonly TriggerState<V>[], call: TriggerCall<V>): void
  /** The window is gone, or was taken over. */
  clear?(call: TriggerCall<V>): void
}

/** A trigger, or a function that makes one: an exported function (`udf`) leaves the workers free to have windows of their own keys each. */
export type TriggerLike<R = unknown, V = unknown> = TriggerFunctions<R, V> | (() => TriggerFunctions<R, V>)
