// Rows in groups, and aggregates over them.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { AggregateCall } from '../expr/aggregate-calls.ts'
import type { WindowSpec } from '../window/window-spec.ts'
import type { AggregateType, AnyAggregate, FitsAggregate } from './aggregates.ts'
import type { Frame } from './frame-type.ts'
import { FunctionSteps } from './function-methods.ts'
import type { CountType, Flat, IsAny, Names, OrNull, Take, TimeNames } from './types.ts'
import type { Window, WindowColumns } from './windows.ts'

type Key<S> = Names<S> | Window<TimeNames<S>>
type KeyColumns<K> = [Exclude<K, string>] extends [never] ? {} : WindowColumns

/** Rows in groups, waiting for `agg`. */
export interface Grouped<in out S, in out K> {
  /** A row per group (and window): its keys, window_start and window_end where there is a window, and the aggregates. */
  agg<A extends Record<string, AnyAggregate<Names<S>>>>(
    aggregates: { [P in keyof A]: FitsAggregate<A[P], S> },
  ): Frame<Flat<Take<S, Extract<K, string>> & KeyColumns<K> & { -readonly [P in keyof A]: AggregateType<A[P], S> }>>
}

/** The types of the family. */
export interface GroupMethods<in out S> {
  /** Rows by equal keys, and by at most one window. Null is a key like any other. */
  groupBy<const K extends readonly Key<S>[]>(...keys: K): Grouped<S, K[number]>
  /** One row of aggregates over all rows; over none, counts are 0 and all else is null. */
  agg<A extends Record<string, AnyAggregate<Names<S>>>>(
    aggregates: { [P in keyof A]: FitsAggregate<A[P], S> },
  ): Frame<Flat<{ -readonly [P in keyof A]: WholeType<AggregateType<A[P], S>> }>>
}

type WholeType<T> = IsAny<T> extends true ? any : T extends CountType ? T : OrNull<T>

/** The run time of `Grouped`. */
export interface GroupedSteps<F> {
  agg(aggregates: Record<string, unknown>): F
}

/** The run time of the family. */
export class GroupSteps extends FunctionSteps {
  agg(aggregates: Record<string, unknown>): this {
    return this.groupBy().agg(aggregates)
  }
  groupBy(...keys: unknown[]): GroupedSteps<this> {
    const names = keys.filter(k => typeof k === 'string') as string[]
    const windows = keys.filter(k => typeof k !== 'string') as WindowSpec[]
    if (windows.length > 1) throw new PlanError('TWO_WINDOWS', 'groupBy: two windows given; a group has one window; group the result again for another')
    return {
      agg: aggregates => {
        const calls = Object.fromEntries(Object.entries(aggregates).map(([name, a]) => [name, (a as { call: AggregateCall }).call ?? a]))
        return this.operator('groupBy', { keys: names, aggregates: calls, ...(windows[0] && { window: windows[0] }) } as unknown as Json)
      },
    }
  }
}
