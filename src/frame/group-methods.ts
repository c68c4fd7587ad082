// Rows in groups, and aggregates over them.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { AggregateCall } from '../expr/aggregate-calls.ts'
import type { WindowSpec } from '../window/window-spec.ts'
import type { AggregateFunctions } from '../operators/custom-aggregate.ts'
import type { AggregateType, AnyAggregate, FitsAggregate } from './aggregates.ts'
import type { Frame } from './frame-type.ts'
import type { FitsPicks, PickOf, SelectorOf, TakePicked } from './selector-types.ts'
import { isColumnSelector, picksOf } from './selectors.ts'
import { FunctionSteps } from './function-methods.ts'
import type { CountType, Flat, IsAny, Names, OrNull, Take, TimeNames } from './types.ts'
import { functionOf } from './user-function.ts'
import { type AddedColumns, triggerOfWindow, type Window } from './windows.ts'

type Key<S> = PickOf<S> | Window<TimeNames<S>, unknown>
type KeyColumns<K> = [Exclude<K, string | SelectorOf<any>>] extends [never] ? {} : AddedColumns<Exclude<K, string | SelectorOf<any>>>
type Keyed<S, K> = [Extract<K, SelectorOf<any>>] extends [never] ? Take<S, Extract<K, string>> : TakePicked<S, Extract<K, string | SelectorOf<any>>>

/** Rows in groups, waiting for `agg`. */
export interface Grouped<in out S, in out K> {
  /** A row per group (and window, and result of it): its keys, window_start and window_end where there is a window (window_number where it has no bounds), and the aggregates. */
  agg<A extends Record<string, AnyAggregate<Names<S>>>>(
    aggregates: { [P in keyof A]: FitsAggregate<A[P], S> },
    options?: GroupOptions,
  ): Frame<Flat<Keyed<S, K> & KeyColumns<K> & { -readonly [P in keyof A]: AggregateType<A[P], S> }>>
}

/** Options of groups. */
export interface GroupOptions {
  /**
   * On a stream, without a window: groups that had no row for so long, by the clock, are forgotten, so that memory is bounded where keys come and go. What was given of them stays given; a row that comes
   * later begins the group anew, as an insert. Unless said groups are kept for good.
   */
  ttl?: Duration
  /**
   * Of windows that give several results, early ones or by late rows: each takes back the one before it, so that steps and sinks that take changes know what holds. Unless said a further
   * result is a further row.
   */
  changes?: boolean
}

/** Options of several groupings at once. */
export interface SetOptions<I extends string> {
  /** The column that says which keys a row is not grouped by: a bit for each, the last key lowest. 'grouping_id' unless said. */
  id?: I
}

/** Rows in several groupings at once, waiting for `agg`. */
export interface GroupedSets<in out S, in out K extends string> {
  /** A row per group of each grouping: its keys, null where it isn't grouped by them, the grouping's id and the aggregates. */
  agg<A extends Record<string, AnyAggregate<Names<S>>>, const I extends string = 'grouping_id'>(
    aggregates: { [P in keyof A]: FitsAggregate<A[P], S> },
    options?: SetOptions<I>,
  ): Frame<Flat<{ [P in K]: P extends keyof S ? (IsAny<S[P]> extends true ? any : OrNull<S[P]>) : any } & { [P in I]: 'int32' } & { -readonly [P in keyof A]: AggregateType<A[P], S> }>>
}

/** The types of the family. */
export interface GroupMethods<in out S> {
  /** Rows by equal keys, and by at most one window; selectors stand for several columns. Null is a key like any other. */
  groupBy<const K extends readonly Key<S>[]>(...keys: FitsPicks<K, S, 'groupBy'>): Grouped<S, K[number]>
  /** One row of aggregates over all rows; over none, counts are 0 and all else is null. */
  agg<A extends Record<string, AnyAggregate<Names<S>>>>(
    aggregates: { [P in keyof A]: FitsAggregate<A[P], S> },
  ): Frame<Flat<{ -readonly [P in keyof A]: WholeType<AggregateType<A[P], S>> }>>
  /** A row per column: its type, how many values and nulls it has, mean and standard deviation of numbers, and least value, quartiles and greatest value as text. */
  describe(): Frame<Described>
  /** Groups by all keys, by all but the last, and so on to no keys: subtotals and a total. Of no rows there is no total either, as there is no group. */
  rollup<const K extends Names<S>>(...keys: readonly K[]): GroupedSets<S, K>
  /** Groups by every set of the keys. */
  cube<const K extends Names<S>>(...keys: readonly K[]): GroupedSets<S, K>
  /** Groups by each of these sets of keys. */
  groupingSets<const K extends Names<S>>(...sets: readonly (readonly K[])[]): GroupedSets<S, K>
}

/** The schema of `describe()`. */
export type Described = {
  column: 'utf8'
  type: 'utf8'
  count: CountType
  nulls: CountType
  mean: 'float64?'
  stddev: 'float64?'
  min: 'utf8?'
  q25: 'utf8?'
  median: 'utf8?'
  q75: 'utf8?'
  max: 'utf8?'
}

type WholeType<T> = IsAny<T> extends true ? any : T extends CountType ? T : OrNull<T>

/** The run time of `Grouped`. */
export interface GroupedSteps<F> {
  agg(aggregates: Record<string, unknown>, options?: SetOptions<string> & GroupOptions): F
}

const setsMax = 4_096

/** The run time of the family. */
export class GroupSteps extends FunctionSteps {
  agg(aggregates: Record<string, unknown>): this {
    return this.groupBy().agg(aggregates)
  }
  describe(): this {
    return this.operator('describe', {})
  }
  groupBy(...keys: unknown[]): GroupedSteps<this> {
    const isPick = (key: unknown) => typeof key === 'string' || isColumnSelector(key)
    const names = picksOf(keys.filter(isPick), 'groupBy')
    const windows = keys.filter(key => !isPick(key)) as WindowSpec[]
    if (windows.length > 1) throw new PlanError('TWO_WINDOWS', 'groupBy: two windows given; a group has one window; group the result again for another')
    return {
      agg: (aggregates, { ttl, changes } = {}) => {
        if (ttl !== undefined && windows[0]) throw new PlanError('TTL', 'agg: ttl is given for groups of a window, which end with it; leave one of them out')
        const ttlMs = ttl === undefined ? undefined : parseDuration(ttl, 'agg, ttl')
        if (ttlMs === 0) throw new PlanError('TTL', `agg: ttl is ${JSON.stringify(ttl)}; give a time longer than 0`)
        if (changes) checkChanges(windows[0])
        const params = { keys: names, aggregates: callsOf(aggregates), ...(windows[0] && { window: windows[0] }), ...(ttlMs !== undefined && { ttlMs }), ...(changes && { changes }) } as unknown as Json
        const trigger = windows[0] && triggerOfWindow(windows[0])
        const closure = functionsOf(aggregates)
        const functions = trigger ? functionOf(trigger) : closure && { closure }
        return this.next({ node: 'operator', label: 'groupBy', kind: 'groupBy', params, inputs: [this.edge], side: [], ...(functions && { function: functions }) })
      },
    }
  }
  rollup(...keys: string[]): GroupedSteps<this> {
    return this.#sets('rollup', keys, [keys, ...keys.map((_, i) => keys.slice(0, keys.length - 1 - i))])
  }
  cube(...keys: string[]): GroupedSteps<this> {
    if (2 ** keys.length > setsMax) throw new PlanError('GROUPING_SETS', `cube: ${keys.length} keys have ${2 ** keys.length} sets; give at most ${Math.log2(setsMax)} keys`)
    const sets = Array.from({ length: 2 ** keys.length }, (_, left) => keys.filter((_, i) => ((left >>> (keys.length - 1 - i)) & 1) === 0))
    return this.#sets('cube', keys, sets)
  }
  groupingSets(...sets: string[][]): GroupedSteps<this> {
    return this.#sets('groupingSets', [...new Set(sets.flat())], sets)
  }

  #sets(label: string, keys: readonly string[], sets: readonly (readonly string[])[]): GroupedSteps<this> {
    if (keys.length === 0) throw new PlanError('GROUPING_SETS', `${label}: no keys given; name at least one column`)
    const twice = keys.find((key, i) => keys.indexOf(key) !== i)
    if (twice !== undefined) throw new PlanError('GROUPING_SETS', `${label}: "${twice}" is given twice; name each key once`)
    return {
      agg: (aggregates, { id = 'grouping_id' } = {}) => this.operator('groupBy', { keys, sets, id, aggregates: callsOf(aggregates) } as unknown as Json, label),
    }
  }
}

function checkChanges(window: WindowSpec | undefined): void {
  if (!window) throw new PlanError('WINDOW', 'agg: changes is given without a window; groups of a stream give changes by themselves, so leave it out')
  if (window.kind === 'count' || window.kind === 'global') throw new PlanError('WINDOW', `agg: changes is given, but each result of a ${window.kind} window is a row of its own; leave it out`)
  if (window.firing?.purges) throw new PlanError('WINDOW', 'agg: changes is given, but results of windows that purge add up and replace none before them; leave one of them out')
}

function callsOf(aggregates: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(aggregates).map(([name, a]) => [name, (a as { call: AggregateCall }).call ?? a]))
}

// The user's own aggregates by name, as one closure for the step.
function functionsOf(aggregates: Record<string, unknown>): ((name: string) => AggregateFunctions | undefined) | undefined {
  const found = new Map(Object.entries(aggregates).flatMap(([name, a]) => ((a as { functions?: AggregateFunctions }).functions ? [[name, (a as { functions: AggregateFunctions }).functions]] : [])))
  return found.size === 0 ? undefined : name => found.get(name)
}
