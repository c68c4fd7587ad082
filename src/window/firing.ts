// When windows give results beside the ones at their ends, and which rows these leave out: what users write, made plain data and checked.
import { PlanError } from '../base/errors.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { TriggerLike } from './trigger-functions.ts'
import type { Evictor, Firing } from './window-spec.ts'

/** Options of windows that say when they give results. Rows are then kept by window rather than by pane: each costs some 0.5 µs, and each open window of a key some 200 bytes. */
export interface FiringOptions<T = TriggerLike> {
  /** A trigger of one's own, which decides alone. Its functions see plain rows one by one, so that this leaves the fast path: about 0.7 µs a row and window, on the main thread unless a `udf` makes it. */
  readonly trigger?: T
  /** A result at most so long, by the clock, after rows that changed it; the one at the end comes all the same. */
  readonly early?: Duration
  /** A result every so many rows of a window (a number), or whenever event time has come to a multiple of so long (a text such as '1m') and rows have come since. */
  readonly every?: number | Exclude<Duration, number>
  /** Each result forgets the rows that it counted, so that results add up. */
  readonly purge?: boolean
  /** Rows that leave a window before it gives a result. Windows then keep rows instead of sums. */
  readonly evict?: EvictOptions
}

/** The rows that a result counts: the last `rows`; those less than `last` before the latest; those whose `column` differs by less than `delta` from that of the last row. With `after` others leave behind the result. */
export type EvictOptions = ({ readonly rows: number } | { readonly last: Duration } | { readonly delta: number; readonly column: string }) & { readonly after?: boolean }

/** The options as plain data, `{ firing }`, or nothing where there are none; of a trigger that there is one. Throws PlanError WINDOW or DURATION naming `where`. */
export function firingOf({ early, every, purge, evict, trigger }: FiringOptions, where: string): { firing?: Firing } {
  if (trigger !== undefined && (early !== undefined || every !== undefined || purge !== undefined))
    throw new PlanError('WINDOW', `${where}: a trigger decides alone when there is a result; leave early, every and purge out`)
  const firing: Firing = {
    ...(early !== undefined && { earlyMs: parseDuration(early, `${where}, early`) }),
    ...(typeof every === 'number' && { everyRows: every }),
    ...(typeof every === 'string' && { everyMs: parseDuration(every, `${where}, every`) }),
    ...(purge === true && { purges: true as const }),
    ...(trigger !== undefined && { custom: true as const }),
    ...(evict && { evict: evictorOf(evict, where) }),
  }
  return Object.keys(firing).length === 0 ? {} : { firing: checkFiring(firing, where) }
}

function evictorOf(options: EvictOptions, where: string): Evictor {
  const after = options.after === true ? { after: true as const } : {}
  if ('last' in options) return { lastMs: parseDuration(options.last, `${where}, evict`), ...after }
  if ('rows' in options) return { rows: options.rows, ...after }
  if ('delta' in options && typeof options.column === 'string') return { delta: options.delta, column: options.column, ...after }
  throw new PlanError('WINDOW', `${where}: evict says nothing known; give { rows: 100 }, { last: '10s' } or { delta: 5, column: 'price' }`)
}

/** The firing itself, where its numbers make sense. Throws PlanError WINDOW naming `where` and the number. */
export function checkFiring(firing: Firing, where: string): Firing {
  const { earlyMs = 1, everyRows = 1, everyMs = 1, evict } = firing
  const positive = { early: earlyMs, every: Math.min(everyRows, everyMs), 'last of evict': evict && 'lastMs' in evict ? evict.lastMs : 1 }
  for (const [name, number] of Object.entries(positive))
    if (!Number.isInteger(number) || number < 1) throw new PlanError('WINDOW', `${where}: ${name} is ${number}; give a whole number of rows or milliseconds, 1 or more`)
  if (evict && 'rows' in evict && (!Number.isInteger(evict.rows) || evict.rows < 0)) throw new PlanError('WINDOW', `${where}: rows of evict is ${evict.rows}; give how many rows stay, 0 or more`)
  if (evict && 'delta' in evict && !(evict.delta > 0)) throw new PlanError('WINDOW', `${where}: delta of evict is ${evict.delta}; give a number above 0`)
  return firing
}

/** A firing for people: `, early 1000 ms, every 100 rows, purged`. */
export function describeFiring({ earlyMs, everyRows, everyMs, purges, custom, evict }: Firing): string {
  const kept = evict && ('rows' in evict ? `the last ${evict.rows} rows` : 'lastMs' in evict ? `the last ${evict.lastMs} ms` : `${evict.column} within ${evict.delta}`)
  const parts = [
    earlyMs !== undefined && `early ${earlyMs} ms`,
    everyRows !== undefined && `every ${everyRows} rows`,
    everyMs !== undefined && `every ${everyMs} ms`,
    purges && 'purged',
    custom && 'by a trigger',
    kept !== undefined && `of ${kept}${evict!.after ? ' and what came since' : ''}`,
  ]
  return parts.filter(part => part !== undefined && part !== false).map(part => `, ${part}`).join('')
}
