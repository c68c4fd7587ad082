// Windows as group keys: the specs of window/window-spec.ts, with the name of the time column in their type.
import type { Duration } from '../base/units.ts'
import * as spec from '../window/window-spec.ts'

declare const timeColumn: unique symbol

/** A window over the time column N. A group by a window adds the columns window_start and window_end. */
export type Window<N extends string = string> = spec.WindowSpec & { readonly [timeColumn]?: N }

/** The columns that a window adds to its groups: [start, end), in UTC. */
export interface WindowColumns {
  window_start: 'timestamp[ms]'
  window_end: 'timestamp[ms]'
}

/** Windows of one size, side by side. Throws PlanError WINDOW or DURATION. */
export function tumble<const N extends string>(time: N, size: Duration, options?: spec.WindowOptions): Window<N> {
  return spec.tumble(time, size, options)
}

/** Windows of one size that start every `slide`; a row counts in all that cover it. Throws PlanError WINDOW or DURATION. */
export function hop<const N extends string>(time: N, size: Duration, options: spec.WindowOptions & { readonly slide: Duration }): Window<N> {
  return spec.hop(time, size, options)
}

/** Windows that grow by `step` from each start that windows of `size` have, to the whole size; a row counts in all that cover it. Throws PlanError WINDOW or DURATION. */
export function cumulate<const N extends string>(time: N, size: Duration, options: spec.WindowOptions & { readonly step: Duration }): Window<N> {
  return spec.cumulate(time, size, options)
}

/** Windows that end when a key has had no row for `gap`. Throws PlanError WINDOW or DURATION. */
export function session<const N extends string>(time: N, options: { readonly gap: Duration; readonly lateness?: Duration }): Window<N> {
  return spec.session(time, options)
}

/** Windows by the clock at which rows arrive. */
export const processingTime = {
  /** Windows of one size, side by side. */
  tumble(size: Duration, options?: { readonly offset?: Duration }): Window<never> {
    return spec.processingTime.tumble(size, options)
  },
}

/** True for windows among group keys. */
export function isWindow(key: string | Window): key is Window {
  return typeof key !== 'string'
}
