// Windows as group keys: the specs of window/window-spec.ts, with the name of the time column in their type.
import type { Duration } from '../base/units.ts'
import type { Json } from '../base/json.ts'
import { checkTrigger } from '../operators/user-trigger.ts'
import type { FiringOptions } from '../window/firing.ts'
import type { TriggerFunctions, TriggerLike } from '../window/trigger-functions.ts'
import * as spec from '../window/window-spec.ts'
import { ExprValue } from './expr.ts'
import type { AnyExpr } from './resolve-types.ts'
import type { CountType } from './types.ts'

/** Triggers as users write them: rows are plain, and of any columns. */
export type Trigger = TriggerLike<any, any>

declare const timeColumn: unique symbol
declare const addedColumns: unique symbol

/** A window over the time column N. A group by a window adds the columns C. */
export type Window<N extends string = string, C = WindowColumns> = spec.WindowSpec & { readonly [timeColumn]?: N; readonly [addedColumns]?: C }

/** The columns that these windows add to their groups. */
export type AddedColumns<W> = W extends { readonly [addedColumns]?: infer C } ? C : never

/** The columns that a window adds to its groups: [start, end), in UTC. */
export interface WindowColumns {
  window_start: 'timestamp[ms]'
  window_end: 'timestamp[ms]'
}

/** The column that windows without bounds add: results of a key are numbered from 1 on. */
export interface NumberColumns {
  window_number: CountType
}

/** Windows of one size, side by side. Throws PlanError WINDOW or DURATION. */
export function tumble<const N extends string>(time: N, size: Duration, options?: spec.WindowOptions<Trigger>): Window<N> {
  return withTrigger(spec.tumble(time, size, options), options)
}

/** Windows of one size that start every `slide`; a row counts in all that cover it. Throws PlanError WINDOW or DURATION. */
export function hop<const N extends string>(time: N, size: Duration, options: spec.WindowOptions<Trigger> & { readonly slide: Duration }): Window<N> {
  return withTrigger(spec.hop(time, size, options), options)
}

/** Windows that grow by `step` from each start that windows of `size` have, to the whole size; a row counts in all that cover it. Throws PlanError WINDOW or DURATION. */
export function cumulate<const N extends string>(time: N, size: Duration, options: spec.WindowOptions<Trigger> & { readonly step: Duration }): Window<N> {
  return withTrigger(spec.cumulate(time, size, options), options)
}

/**
 * Windows that end when a key has had no row for `gap`. A gap may be an expression, of whole milliseconds or a duration: then each row brings its own, above 0, and a session lasts until
 * the latest of its rows' gaps is over. Throws PlanError WINDOW or DURATION; a job throws DataError SESSION_GAP for a gap that is null or not above 0.
 */
export function session<const N extends string>(time: N, options: { readonly gap: Duration | AnyExpr; readonly lateness?: Duration } & FiringOptions<Trigger>): Window<N> {
  const { gap } = options
  return withTrigger(spec.session(time, { ...options, gap: gap instanceof ExprValue ? (gap.expression as unknown as { [name: string]: Json }) : (gap as Duration) }), options)
}

/** Windows by the clock at which rows arrive. Rows count in the windows of the moment at which their batch arrives; nothing is late, and results depend on when the job runs. */
export const processingTime: ProcessingTime = {
  tumble: (size, options) => withTrigger(spec.processingTime.tumble(size, options), options),
  hop: (size, options) => withTrigger(spec.processingTime.hop(size, options), options),
  cumulate: (size, options) => withTrigger(spec.processingTime.cumulate(size, options), options),
  session: options => withTrigger(spec.processingTime.session(options), options),
}

/** Windows by the clock. */
export interface ProcessingTime {
  /** Windows of one size, side by side. Throws PlanError WINDOW or DURATION, as all of them. */
  tumble(size: Duration, options?: spec.PlacedOptions<Trigger>): Window<never>
  /** Windows of one size that start every `slide`. */
  hop(size: Duration, options: spec.PlacedOptions<Trigger> & { readonly slide: Duration }): Window<never>
  /** Windows that grow by `step` from each start that windows of `size` have. */
  cumulate(size: Duration, options: spec.PlacedOptions<Trigger> & { readonly step: Duration }): Window<never>
  /** Windows that end when a key has had no row for `gap`. */
  session(options: { readonly gap: Duration } & FiringOptions<Trigger>): Window<never>
}

/**
 * Windows of so many rows of a key, one after the other; with `slide` of the last `rows` rows every `slide` rows, of fewer at first. What isn't whole when the input ends gives no
 * result. Instead of bounds results have `window_number`. Throws PlanError WINDOW.
 */
export function countWindow(rows: number, options?: { readonly slide?: number }): Window<never, NumberColumns> {
  return spec.countWindow(rows, options)
}

/**
 * One window of all rows of a key, which never ends and gives results only when `every`, `early` or a `trigger` says so; `time` is the event-time column that `every: '1m'` and `evict: { last: '1h' }`
 * go by. Instead of bounds results have `window_number`. Throws PlanError WINDOW or DURATION.
 */
export function globalWindow<const N extends string = never>(options: FiringOptions<Trigger> & { readonly time?: N }): Window<N, NumberColumns> {
  return withTrigger(spec.globalWindow(options), options)
}

const triggers = new WeakMap<object, () => TriggerFunctions>()

// A plan can't hold functions: the trigger is the step's.
function withTrigger<W extends spec.WindowSpec>(window: W, options: FiringOptions<Trigger> | undefined): W {
  const { trigger } = options ?? {}
  if (trigger === undefined) return window
  if (typeof trigger === 'function') triggers.set(window, trigger)
  else {
    checkTrigger(trigger, window.kind, 'trigger')
    triggers.set(window, () => trigger)
  }
  return window
}

/** The function that makes the trigger that a user gave with the window. */
export function triggerOfWindow(window: spec.WindowSpec): (() => TriggerFunctions) | undefined {
  return triggers.get(window)
}

/** True for windows among group keys. */
export function isWindow(key: string | Window<string, unknown>): key is Window<string, unknown> {
  return typeof key !== 'string'
}
