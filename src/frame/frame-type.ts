// What a Frame offers, with the types of every step. frame.ts implements it; this file says what the compiler knows.
import type { Json } from '../base/json.ts'
import type { Duration } from '../base/units.ts'
import type { BatchView } from '../batch/batch-view.ts'
import type { AggregateType, AnyAggregate, FitsAggregate } from './aggregates.ts'
import type { ColumnExpr } from './expr.ts'
import type { Job } from './job.ts'
import type { SinkLike } from './node.ts'
import type { Order } from './orders.ts'
import type { AnyExpr, FitsAll, FitsBool, Of, TypesOf, UnmetSame } from './resolve-types.ts'
import type { JobOptions } from './run.ts'
import type { Table } from './table.ts'
import type { Clash, Flat, IsAny, Joined, Js, Leave, Names, Put, Renamed, Row, Schema, Take, TimeNames } from './types.ts'
import type { Window, WindowColumns } from './windows.ts'

/** The same columns as properties, with their types known at once: `c => c.price.gt(100)`. */
export type Columns<S> = string extends keyof S ? any : { readonly [K in keyof S]: ColumnExpr<S[K], never> }

type Key<S> = Names<S> | Window<TimeNames<S>>
type KeyColumns<K> = [Exclude<K, string>] extends [never] ? {} : WindowColumns

/** Rows in groups, waiting for `agg`. */
export interface Grouped<in out S, in out K> {
  /** A row per group (and window): its keys, window_start and window_end where there is a window, and the aggregates. */
  agg<A extends Record<string, AnyAggregate<Names<S>>>>(
    aggregates: { [P in keyof A]: FitsAggregate<A[P], S> },
  ): Frame<Flat<Take<S, Extract<K, string>> & KeyColumns<K> & { -readonly [P in keyof A]: AggregateType<A[P], S> }>>
}

type KeyClash<S, R, L, RK> =
  IsAny<R> extends true ? never : L extends keyof S & string ? (RK extends keyof R & string ? UnmetSame<S[L], R[RK], 'join', Of<L>, Of<RK>> : never) : never
type NameClash<S, R, RK, X> = string extends X
  ? IsAny<R> extends true
    ? never
    : `both sides have '${Clash<S, R, RK>}'; give suffix: '_right', or rename it`
  : never
/** How two frames meet: equal keys; names on both sides need a suffix. */
export type JoinOn<S, R, L, RK, X> = {
  left: L | readonly L[]
  right: [KeyClash<S, R, L, RK>] extends [never] ? RK | readonly RK[] : `join: ${KeyClash<S, R, L, RK>}`
  how?: 'inner'
} & ([NameClash<S, R, RK, X>] extends [never] ? { suffix?: X } : { suffix: `join: ${NameClash<S, R, RK, X>}` })

/** Rows with a schema: lazy, immutable, typed. Each method returns a new frame; nothing runs before collect, batches, forEach or a job. */
export interface Frame<in out S = any> {
  /** The schema, to the compiler only. */
  readonly schema?: S

  /** Keeps the rows for which a condition is true; null counts as false. */
  filter<E extends AnyExpr>(condition: FitsBool<E, S, 'filter'> | ((columns: Columns<S>) => FitsBool<E, S, 'filter'>)): Frame<S>
  /** Adds columns, or replaces those of the same name. All are computed from the input, none from its siblings. */
  with<E extends Record<string, AnyExpr>>(columns: FitsAll<E, S, 'with'> | ((columns: Columns<S>) => FitsAll<E, S, 'with'>)): Frame<Put<S, TypesOf<E, S>>>
  /** Only these columns, in this order. */
  select<const N extends Names<S>>(...names: readonly N[]): Frame<Flat<Take<S, N>>>
  /** Only these results, in this order. */
  select<E extends Record<string, AnyExpr>>(columns: FitsAll<E, S, 'select'> | ((columns: Columns<S>) => FitsAll<E, S, 'select'>)): Frame<TypesOf<E, S>>
  /** New names by old ones. */
  rename<const M extends { readonly [K in Names<S>]?: string }>(names: M & { [K in Exclude<keyof M, Names<S>>]: never }): Frame<Renamed<S, M>>
  /** All columns but these. */
  drop<const N extends Names<S>>(...names: readonly N[]): Frame<Leave<S, N>>

  /** A row for each row, by a function; `adds` are the columns it adds or replaces, all others stay as they are. Leaves the fast path. */
  map<O extends Schema>(fn: (row: Row<S>) => Row<O>, options: { adds: O }): Frame<Put<S, O>>
  /** Any number of rows for each row, by a function. Leaves the fast path. */
  flatMap<O extends Schema>(fn: (row: Row<S>) => Iterable<Row<O>>, options: { schema: O }): Frame<O>
  /** Batches by a function over whole columns: `adds` are those that it adds or replaces, `schema` all that are left; without either they stay the same. */
  mapBatches<A extends Schema>(fn: (batch: FrameBatch<S>) => FrameBatch<any>, options: { adds: A }): Frame<Put<S, A>>
  mapBatches<O extends Schema>(fn: (batch: FrameBatch<S>) => FrameBatch<any>, options: { schema: O }): Frame<O>
  mapBatches(fn: (batch: FrameBatch<S>) => FrameBatch<any>): Frame<S>
  /** Keeps the rows for which a function returns true. Leaves the fast path. */
  filterRows(fn: (row: Row<S>) => boolean): Frame<S>

  /** Rows by equal keys, and by at most one window. Null is a key like any other. */
  groupBy<const K extends readonly Key<S>[]>(...keys: K): Grouped<S, K[number]>
  /** In order of the keys, the first one first; nulls last; equal rows keep their order. */
  sort(...keys: readonly (Names<S> | Order<Names<S>>)[]): Frame<S>
  /** The first `count` rows, after `offset`. */
  limit(count: number, options?: { offset?: number }): Frame<S>
  /** Each left row with each right row of equal key; null keys meet nothing. The right key is dropped. */
  join<R, const L extends Names<S>, const RK extends Names<R>, const X extends string = string>(
    right: Frame<R>,
    on: JoinOn<S, R, L, RK, X>,
  ): Frame<Joined<S, R, RK, X>>

  /** Says which column is the time of events and how much disorder to expect; `idle`: a source that is silent so long is waited for no more. */
  watermark(time: TimeNames<S>, options: { bound: Duration; idle?: Duration }): Frame<S>
  /** Where rows go that came too late for the window before; without it they are counted and dropped. */
  late(sink: SinkLike): Frame<S>
  /** A stable name for the step's state, across versions of the job. */
  named(id: string): Frame<S>
  /** Keeps the rows in memory after the first run that needs them. */
  cache(): Frame<S>
  /** Puts rows that are a little out of order into the order of their times, as the watermark passes; ties by further columns. */
  orderByTime(time: TimeNames<S>, ...by: readonly Names<S>[]): Frame<S>
  /** Adds an operator of any kind in the catalogue; what it gives is known at run time only. */
  apply(kind: string, params: Json): Frame<any>
  /** Checks the rows' schema against this one, and is of its type. */
  as<T extends Schema>(schema: T): Frame<T>

  /** An end for the rows; nothing runs before `run` or `start` of what this returns. */
  to(sink: SinkLike): Job
  /** Runs, and copies all rows out. */
  collect(options?: JobOptions): Promise<FrameTable<S>>
  /** Runs in bounded memory; a batch lives until the next step, or until `release` after `retain`. */
  batches(options?: JobOptions): AsyncIterable<FrameBatch<S>>
  /** Runs, and hands over each row. */
  forEach(fn: (row: Row<S>) => void | Promise<void>, options?: JobOptions): Promise<void>
  /** The plan as text, as `device` would have it ('auto' by default); with `analyze` it runs, and shows rows and time per step. */
  explain(options?: { device?: JobOptions['device'] }): string
  explain(options: { analyze: true } & JobOptions): Promise<string>
}

/** The schema of a frame. */
export type SchemaOf<F> = F extends Frame<infer S> ? S : never

/** A column of a batch or table. */
export interface FrameColumn<out T> {
  readonly length: number
  readonly type: string
  get(row: number): Js<T>
  toArray(): Js<T>[]
  toFloat64Array(): Float64Array
}

type ColumnOf<S, N> = N extends keyof S ? FrameColumn<S[N]> : FrameColumn<any>

/** Some rows, as columns in the engine's memory: a BatchView whose columns are known to the compiler. */
export interface FrameBatch<in out S> extends Omit<BatchView, 'column' | 'withColumn' | 'rows' | 'retain' | typeof Symbol.iterator> {
  column<const N extends Names<S>>(name: N): ColumnOf<S, N>
  withColumn<const N extends string, V extends ArrayLike<unknown>>(
    name: N,
    values: V,
    type?: string,
  ): FrameBatch<Flat<Leave<S, N> & { [K in N]: ColumnTypeOf<V> }>>
  rows(): Iterable<Row<S>>
  retain(): FrameBatch<S>
  [Symbol.iterator](): Iterator<Row<S>>
}

type ColumnTypeOf<V> = V extends Float64Array ? 'float64' : V extends Int32Array ? 'int32' : V extends BigInt64Array ? 'int64' : any

/** All rows of a result: a Table whose columns are known to the compiler. */
export interface FrameTable<in out S> extends Omit<Table, 'column' | 'toArray' | typeof Symbol.iterator> {
  column<const N extends Names<S>>(name: N): Omit<ColumnOf<S, N>, 'type'>
  toArray(): Row<S>[]
  [Symbol.iterator](): Iterator<Row<S>>
}
