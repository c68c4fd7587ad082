// Windows as plain data, as users make them and plans carry them. All bounds are half-open, [start, end), in milliseconds since the epoch;
// a window's last moment is end − 1 ms. Rules: those of Apache Flink's windows.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import { isZone } from '../batch/type-name.ts'
import { checkFiring, describeFiring, type FiringOptions, firingOf } from './firing.ts'
import type { TriggerLike } from './trigger-functions.ts'

/** How rows are put into windows. `time` is the event-time column; a row is late for a window once end − 1 + latenessMs ≤ watermark. `zone`: bounds are what its clock shows. */
export type WindowSpec =
  | ({ readonly kind: 'tumble'; readonly time: string; readonly sizeMs: number } & Placed & Late & Fired)
  | ({ readonly kind: 'hop'; readonly time: string; readonly sizeMs: number; readonly slideMs: number } & Placed & Late & Fired)
  /** Windows of each size from `slideMs` on, by steps of it, from the starts of those of `sizeMs`, which is a multiple of it. */
  | ({ readonly kind: 'cumulate'; readonly time: string; readonly sizeMs: number; readonly slideMs: number } & Placed & Late & Fired)
  /** One of the gaps is given: `gap` is an expression, as plans have it, `gapColumn` the column that it becomes: whole milliseconds, or a duration. */
  | ({ readonly kind: 'session'; readonly time: string; readonly gapMs?: number; readonly gap?: Json; readonly gapColumn?: string } & Late & Fired)
  /** By the clock at which rows arrive; with `cumulates` as `cumulate`. */
  | ({ readonly kind: 'processing'; readonly sizeMs: number; readonly slideMs?: number; readonly cumulates?: true } & Placed & Fired)
  | ({ readonly kind: 'processingSession'; readonly gapMs: number } & Fired)
  /** All rows of a key, for good; `firing` says when there is a result. */
  | ({ readonly kind: 'global' } & Fired)
  | ({ readonly kind: 'global'; readonly time: string } & Fired)
  /** So many rows of a key; with `slideRows` the last so many, every so many rows. */
  | { readonly kind: 'count'; readonly rows: number; readonly slideRows?: number }
type Placed = { readonly offsetMs?: number; readonly zone?: string }
type Late = { readonly latenessMs?: number }
type Fired = { readonly firing?: Firing }

/**
 * When a window gives results beside the one at its end: `earlyMs` of the clock after rows came, every `everyRows` rows, whenever event time has come to a multiple of `everyMs`. With
 * `purges` each result forgets its rows; with `custom` a user's function decides instead of all this. `evict`: which rows results don't count.
 */
export type Firing = { readonly earlyMs?: number; readonly everyRows?: number; readonly everyMs?: number; readonly purges?: true; readonly custom?: true; readonly evict?: Evictor }

/** Rows that leave a window when it fires, the oldest first: all but the last `rows`; those `lastMs` or more before the latest; those whose `column` differs by `delta` or more from the last row's. `after` the result. */
export type Evictor = ({ readonly rows: number } | { readonly lastMs: number } | { readonly delta: number; readonly column: string }) & { readonly after?: true }

/** True for windows of event time, which have a column of it. */
export function isTimed(spec: WindowSpec): spec is Extract<WindowSpec, { readonly time: string }> {
  return 'time' in spec
}

/** Whether a window of these bounds is kept by triggered-aggregate.ts, row by row, rather than by panes. */
export function isTriggered(spec: WindowSpec): boolean {
  return spec.kind === 'count' || spec.kind === 'global' || spec.firing !== undefined
}

/** What may be said beside a window's size: where windows begin. Days of a zone's clock, such as 'Europe/Berlin', have 23 or 25 hours where it is changed. */
export interface PlacedOptions<T = TriggerLike> extends FiringOptions<T> {
  /** Moves all starts. */
  readonly offset?: Duration
  /** The clock by which windows begin and end; UTC unless said. */
  readonly zone?: string
}

/** What may be said beside the size of a window of event time: with `lateness` late rows update results that were emitted. */
export interface WindowOptions<T = TriggerLike> extends PlacedOptions<T> {
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

/**
 * Windows that last as long as rows of a key are at most `gap` apart, and end a gap after the last. `gap` may be an expression as plain data: then each row brings its own, and a session
 * ends with the latest of its rows' gaps. Throws PlanError WINDOW or DURATION.
 */
export function session(time: string, options: { readonly gap: Duration | { readonly [name: string]: Json }; readonly lateness?: Duration } & FiringOptions): WindowSpec {
  const { gap, ...others } = options
  return checkWindow({ kind: 'session', time, ...(typeof gap === 'object' ? { gap } : { gapMs: parseDuration(gap, 'session') }), ...common(others, 'session') }, 'session')
}

/** Windows by the clock at which rows arrive; nothing is late. Results depend on when the job runs. */
export const processingTime = {
  /** Windows of one size, side by side. Throws PlanError WINDOW or DURATION. */
  tumble(size: Duration, options: PlacedOptions = {}): WindowSpec {
    return processing({ sizeMs: parseDuration(size, 'processingTime.tumble') }, options, 'processingTime.tumble')
  },
  /** Windows of one size that start every `slide`. Throws PlanError WINDOW or DURATION. */
  hop(size: Duration, options: PlacedOptions & { readonly slide: Duration }): WindowSpec {
    const where = 'processingTime.hop'
    return processing({ sizeMs: parseDuration(size, where), slideMs: parseDuration(options.slide, where) }, options, where)
  },
  /** Windows that grow by `step` to the whole size. Throws PlanError WINDOW or DURATION. */
  cumulate(size: Duration, options: PlacedOptions & { readonly step: Duration }): WindowSpec {
    const where = 'processingTime.cumulate'
    return processing({ sizeMs: parseDuration(size, where), slideMs: parseDuration(options.step, where), cumulates: true }, options, where)
  },
  /** Windows that end when a key has had no row for `gap`. Throws PlanError WINDOW or DURATION. */
  session(options: { readonly gap: Duration } & FiringOptions): WindowSpec {
    const where = 'processingTime.session'
    return checkWindow({ kind: 'processingSession', gapMs: parseDuration(options.gap, where), ...firingOf(options, where) }, where)
  },
}

function processing(bounds: { readonly sizeMs: number; readonly slideMs?: number; readonly cumulates?: true }, { slide: _, step: __, lateness: ___, ...options }: WindowOptions & { slide?: Duration; step?: Duration }, where: string): WindowSpec {
  return checkWindow({ kind: 'processing', ...bounds, ...common(options, where) }, where)
}

/** So many rows of a key, one after the other; with `slide` the last `rows` of them every `slide` rows, fewer at first. What is not whole at the end gives no result. Throws PlanError WINDOW. */
export function countWindow(rows: number, { slide }: { readonly slide?: number } = {}): WindowSpec {
  return checkWindow({ kind: 'count', rows, ...(slide !== undefined && { slideRows: slide }) }, 'countWindow')
}

/** All rows of a key, for good. Never gives a result by itself: `early`, `every` or a trigger says when; `time` is the event-time column that these go by. Throws PlanError WINDOW or DURATION. */
export function globalWindow(options: FiringOptions & { readonly time?: string }): WindowSpec {
  const { time, ...others } = options
  const { firing } = firingOf(others, 'globalWindow')
  return checkWindow({ kind: 'global', ...(time !== undefined && { time }), ...(firing && { firing }) }, 'globalWindow')
}

/** Sizes beyond this (about 31 years) are taken for a mistake. */
const sizeMax = 1e12

/** The spec itself, where its numbers make sense. Throws PlanError WINDOW naming `where` and the number. */
export function checkWindow<S extends WindowSpec>(spec: S, where: string): S {
  if (spec.kind === 'count') {
    checkCount(spec, where)
    return spec
  }
  if (spec.kind === 'global') checkGlobal(spec, where)
  if (spec.firing) checkFiring(spec.firing, where)
  const cumulates = spec.kind === 'cumulate' || (spec.kind === 'processing' && spec.cumulates === true)
  const slide = cumulates ? 'step' : 'slide'
  const positive = { size: 'sizeMs' in spec ? spec.sizeMs : 1, [slide]: 'slideMs' in spec ? (spec.slideMs ?? 1) : 1, gap: 'gapMs' in spec ? (spec.gapMs ?? 1) : 1 }
  for (const [name, ms] of Object.entries(positive)) {
    if (!Number.isInteger(ms) || ms < 1 || ms > sizeMax)
      throw new PlanError('WINDOW', `${where}: the ${name} is ${ms} ms; give a whole number of milliseconds from 1 to ${sizeMax}`)
  }
  const { sizeMs, step } = cumulates ? { sizeMs: (spec as { sizeMs: number }).sizeMs, step: positive[slide]! } : { sizeMs: 0, step: 1 }
  if (sizeMs % step !== 0)
    throw new PlanError('WINDOW', `${where}: the size of ${sizeMs} ms is no multiple of the step of ${step} ms; give a step that divides it`)
  const offset = 'offsetMs' in spec ? (spec.offsetMs ?? 0) : 0
  if (!Number.isInteger(offset) || Math.abs(offset) > sizeMax)
    throw new PlanError('WINDOW', `${where}: the offset is ${offset} ms; give a whole number of milliseconds`)
  const lateness = 'latenessMs' in spec ? (spec.latenessMs ?? 0) : 0
  if (!Number.isInteger(lateness) || lateness < 0 || lateness > sizeMax)
    throw new PlanError('WINDOW', `${where}: the lateness is ${lateness} ms; give 0 or more whole milliseconds`)
  const zone = 'zone' in spec ? spec.zone : undefined
  if (zone !== undefined && !isZone(zone)) throw new PlanError('ZONE', `${where}: ${JSON.stringify(zone)} is not a time zone; give a name such as 'Europe/Berlin', or an offset such as '+02:00'`)
  return spec
}

function checkCount(spec: Extract<WindowSpec, { kind: 'count' }>, where: string): void {
  for (const [name, rows] of [['number of rows', spec.rows], ['slide', spec.slideRows ?? 1]] as const)
    if (!Number.isInteger(rows) || rows < 1 || rows > sizeMax) throw new PlanError('WINDOW', `${where}: the ${name} is ${rows}; give a whole number of rows from 1 to ${sizeMax}`)
}

function checkGlobal(spec: Extract<WindowSpec, { kind: 'global' }>, where: string): void {
  const { earlyMs, everyRows, everyMs, custom } = spec.firing ?? {}
  if (earlyMs === undefined && everyRows === undefined && everyMs === undefined && custom === undefined)
    throw new PlanError('WINDOW', `${where}: a global window gives no result by itself; say when there is one: every: 100 (rows), every: '1m', early: '1s' or a trigger`)
  if (everyMs !== undefined && !isTimed(spec)) throw new PlanError('WINDOW', `${where}: every ${everyMs} ms of event time needs the column of it; give time: 'at'`)
  if (spec.firing?.evict && 'lastMs' in spec.firing.evict && !isTimed(spec)) throw new PlanError('WINDOW', `${where}: to evict rows by their time needs the column of it; give time: 'at'`)
}

/** A window for people: `hop(dateTime, 10000 ms every 2000 ms)`. */
export function describeWindow(spec: WindowSpec): string {
  const late = `${'latenessMs' in spec && spec.latenessMs ? `, lateness ${spec.latenessMs} ms` : ''}${'firing' in spec && spec.firing ? describeFiring(spec.firing) : ''}`
  const offset = `${'offsetMs' in spec && spec.offsetMs ? `, offset ${spec.offsetMs} ms` : ''}${'zone' in spec && spec.zone !== undefined ? `, ${spec.zone}` : ''}`
  switch (spec.kind) {
    case 'tumble':
      return `tumble(${spec.time}, ${spec.sizeMs} ms${offset}${late})`
    case 'hop':
      return `hop(${spec.time}, ${spec.sizeMs} ms every ${spec.slideMs} ms${offset}${late})`
    case 'cumulate':
      return `cumulate(${spec.time}, ${spec.sizeMs} ms by ${spec.slideMs} ms${offset}${late})`
    case 'session':
      return `session(${spec.time}, gap ${spec.gapMs === undefined ? 'of each row' : `${spec.gapMs} ms`}${late})`
    case 'processing':
      return `processingTime(${spec.sizeMs} ms${spec.slideMs ? ` ${spec.cumulates ? 'by' : 'every'} ${spec.slideMs} ms` : ''}${offset}${late})`
    case 'processingSession':
      return `processingTime(gap ${spec.gapMs} ms${late})`
    case 'global':
      return `global(${isTimed(spec) ? spec.time : 'all rows'}${late})`
    case 'count':
      return `count(${spec.rows} rows${spec.slideRows === undefined ? '' : ` every ${spec.slideRows}`})`
  }
}

function common(options: WindowOptions, where: string): { offsetMs?: number; zone?: string; latenessMs?: number; firing?: Firing } {
  return {
    ...(options.offset === undefined ? {} : { offsetMs: parseDuration(options.offset, where) }),
    ...(options.zone === undefined ? {} : { zone: options.zone }),
    ...(options.lateness === undefined ? {} : { latenessMs: parseDuration(options.lateness, where) }),
    ...firingOf(options, where),
  }
}
