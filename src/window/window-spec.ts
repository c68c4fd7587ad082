// Windows as plain data, as users make them and plans carry them. All bounds are half-open, [start, end), in milliseconds since the epoch;
// a window's last moment is end − 1 ms. Rules: those of Apache Flink's windows.
import { PlanError } from '../base/errors.ts'
import { type Duration, parseDuration } from '../base/units.ts'

/** How rows are put into windows. `time` is the event-time column; a row is late for a window once end − 1 + latenessMs ≤ watermark. */
export type WindowSpec =
  | { readonly kind: 'tumble'; readonly time: string; readonly sizeMs: number; readonly offsetMs?: number; readonly latenessMs?: number }
  | { readonly kind: 'hop'; readonly time: string; readonly sizeMs: number; readonly slideMs: number; readonly offsetMs?: number; readonly latenessMs?: number }
  /** Windows of each size from `slideMs` on, by steps of it, from the starts of those of `sizeMs`, which is a multiple of it. */
  | { readonly kind: 'cumulate'; readonly time: string; readonly sizeMs: number; readonly slideMs: number; readonly offsetMs?: number; readonly latenessMs?: number }
  | { readonly kind: 'session'; readonly time: string; readonly gapMs: number; readonly latenessMs?: number }
  | { readonly kind: 'processing'; readonly sizeMs: number; readonly slideMs?: number; readonly offsetMs?: number }

/** What may be said beside a window's size. `offset` moves all starts; with `lateness` late rows update results that were emitted. */
export interface WindowOptions {
  readonly offset?: Duration
  readonly lateness?: Duration
}

/** Windows of one size, side by side: [offset + k·size, + size). Throws PlanError WINDOW or DURATION. */
export function tumble(time: string, size: Duration, options: WindowOptions = {}): WindowSpec {
  return checkWindow({ kind: 'tumble', time, sizeMs: parseDuration(size, 'tumble'), ...common(options, 'tumble') }, 'tumble')
}

/** Windows of one size that start every `slide`, which need not divide the size; a row counts in all that cover it, or in none. Throws PlanError WINDOW or DURATION. */
export function hop(time: string, size: Duration, options: WindowOptions & { readonly slide: Duration }): WindowSpec {
  return checkWindow({ kind: 'hop', time, sizeMs: parseDuration(size, 'hop'), slideMs: parseDuration(options.slide, 'hop'), ...common(options, 'hop') }, 'hop')
}

/**
 * Windows that grow: from each start that windows of `size` have, one of each length from `step` on, by steps, to the whole size. A row counts in all that cover it, so that the results
 * of a day by the hour are running totals that begin anew at midnight. Throws PlanError WINDOW (also where `step` doesn't divide `size`) or DURATION.
 */
export function cumulate(time: string, size: Duration, options: WindowOptions & { readonly step: Duration }): WindowSpec {
  return checkWindow({ kind: 'cumulate', time, sizeMs: parseDuration(size, 'cumulate'), slideMs: parseDuration(options.step, 'cumulate'), ...common(options, 'cumulate') }, 'cumulate')
}

/** Windows that last as long as rows of a key are at most `gap` apart, and end a gap after the last. Throws PlanError WINDOW or DURATION. */
export function session(time: string, options: { readonly gap: Duration; readonly lateness?: Duration }): WindowSpec {
  const { latenessMs } = common({ lateness: options.lateness }, 'session')
  return checkWindow({ kind: 'session', time, gapMs: parseDuration(options.gap, 'session'), ...(latenessMs === undefined ? {} : { latenessMs }) }, 'session')
}

/** Windows by the clock at which rows arrive; nothing is late. Results depend on when the job runs. */
export const processingTime = {
  /** Windows of one size, side by side. Throws PlanError WINDOW or DURATION. */
  tumble(size: Duration, options: { readonly offset?: Duration } = {}): WindowSpec {
    const { offsetMs } = common({ offset: options.offset }, 'processingTime.tumble')
    return checkWindow(
      { kind: 'processing', sizeMs: parseDuration(size, 'processingTime.tumble'), ...(offsetMs === undefined ? {} : { offsetMs }) },
      'processingTime.tumble',
    )
  },
}

/** Sizes beyond this (about 31 years) are taken for a mistake. */
const sizeMax = 1e12

/** The spec itself, where its numbers make sense. Throws PlanError WINDOW naming `where` and the number. */
export function checkWindow<S extends WindowSpec>(spec: S, where: string): S {
  const slide = spec.kind === 'cumulate' ? 'step' : 'slide'
  const positive = { size: 'sizeMs' in spec ? spec.sizeMs : 1, [slide]: 'slideMs' in spec ? (spec.slideMs ?? 1) : 1, gap: 'gapMs' in spec ? spec.gapMs : 1 }
  for (const [name, ms] of Object.entries(positive)) {
    if (!Number.isInteger(ms) || ms < 1 || ms > sizeMax)
      throw new PlanError('WINDOW', `${where}: the ${name} is ${ms} ms; give a whole number of milliseconds from 1 to ${sizeMax}`)
  }
  if (spec.kind === 'cumulate' && spec.sizeMs % spec.slideMs !== 0)
    throw new PlanError('WINDOW', `${where}: the size of ${spec.sizeMs} ms is no multiple of the step of ${spec.slideMs} ms; give a step that divides it`)
  const offset = 'offsetMs' in spec ? (spec.offsetMs ?? 0) : 0
  if (!Number.isInteger(offset) || Math.abs(offset) > sizeMax)
    throw new PlanError('WINDOW', `${where}: the offset is ${offset} ms; give a whole number of milliseconds`)
  const lateness = 'latenessMs' in spec ? (spec.latenessMs ?? 0) : 0
  if (!Number.isInteger(lateness) || lateness < 0 || lateness > sizeMax)
    throw new PlanError('WINDOW', `${where}: the lateness is ${lateness} ms; give 0 or more whole milliseconds`)
  return spec
}

/** A window for people: `hop(dateTime, 10000 ms every 2000 ms)`. */
export function describeWindow(spec: WindowSpec): string {
  const late = 'latenessMs' in spec && spec.latenessMs ? `, lateness ${spec.latenessMs} ms` : ''
  const offset = 'offsetMs' in spec && spec.offsetMs ? `, offset ${spec.offsetMs} ms` : ''
  switch (spec.kind) {
    case 'tumble':
      return `tumble(${spec.time}, ${spec.sizeMs} ms${offset}${late})`
    case 'hop':
      return `hop(${spec.time}, ${spec.sizeMs} ms every ${spec.slideMs} ms${offset}${late})`
    case 'cumulate':
      return `cumulate(${spec.time}, ${spec.sizeMs} ms by ${spec.slideMs} ms${offset}${late})`
    case 'session':
      return `session(${spec.time}, gap ${spec.gapMs} ms${late})`
    case 'processing':
      return `processingTime(${spec.sizeMs} ms${spec.slideMs ? ` every ${spec.slideMs} ms` : ''}${offset})`
  }
}

function common(options: WindowOptions, where: string): { offsetMs?: number; latenessMs?: number } {
  return {
    ...(options.offset === undefined ? {} : { offsetMs: parseDuration(options.offset, where) }),
    ...(options.lateness === undefined ? {} : { latenessMs: parseDuration(options.lateness, where) }),
  }
}
