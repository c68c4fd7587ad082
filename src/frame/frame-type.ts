// What a Frame offers, with the types of every step: the families of methods, and what runs a frame. frame.ts implements it; this says what the compiler knows.
import type { Json } from '../base/json.ts'
import type { BatchView } from '../batch/batch-view.ts'
import type { TypeName } from '../batch/type-name.ts'
import type { ColumnMethods } from './column-methods.ts'
import type { FunctionMethods } from './function-methods.ts'
import type { GroupMethods } from './group-methods.ts'
import type { Job } from './job.ts'
import type { JoinMethods } from './join-methods.ts'
import type { SinkLike } from './node.ts'
import type { OrderMethods } from './order-methods.ts'
import type { ShapeMethods } from './shape-methods.ts'
import type { BatchesOptions, JobOptions } from './run.ts'
import type { StreamMethods } from './stream-methods.ts'
import type { Table } from './table.ts'
import type { MatchMethods } from './match-methods.ts'
import type { ProcessMethods } from './process-methods.ts'
import type { Flat, Js, Leave, Names, Row } from './types.ts'

/** Rows with a schema: lazy, immutable, typed. Each method returns a new frame; nothing runs before collect, batches, forEach or a job. */
export interface Frame<in out S = any> extends ColumnMethods<S>, FunctionMethods<S>, GroupMethods<S>, OrderMethods<S>, ShapeMethods<S>, JoinMethods<S>, StreamMethods<S>, MatchMethods<S>, ProcessMethods<S> {
  /** The schema, to the compiler only. */
  readonly schema?: S

  /** Keeps the rows in memory after the first run that needs them. */
  cache(): Frame<S>
  /** Adds an operator of any kind in the catalogue; what it gives is known at run time only. */
  apply(kind: string, params: Json): Frame<any>

  /** An end for the rows; nothing runs before `run` or `start` of what this returns. */
  to(sink: SinkLike): Job
  /** Runs, and copies all rows out. */
  collect(options?: JobOptions): Promise<FrameTable<S>>
  /** Runs in bounded memory; a batch lives until the next step, or until `release` after `retain`. */
  batches(options?: BatchesOptions): AsyncIterable<FrameBatch<S>>
  /** Runs, and hands over each row. */
  forEach(fn: (row: Row<S>) => void | Promise<void>, options?: JobOptions): Promise<void>
  /** The plan as text, as `device` would have it ('auto' by default); with `analyze` it runs, and shows rows and time per step. */
  explain(options?: Pick<JobOptions, 'device' | 'mode'>): string
  explain(options: { analyze: true } & JobOptions): Promise<string>
}

/** The rows of a frame, as plain objects. */
export type InferRow<F> = F extends Frame<infer S> ? Row<S> : never

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
  withColumn<const N extends string, const T extends TypeName>(name: N, values: ArrayLike<unknown>, type: T): FrameBatch<Flat<Leave<S, N> & { [K in N]: T }>>
  withColumn<const N extends string, V extends ArrayLike<unknown>>(
    name: N,
    values: V,
  ): FrameBatch<Flat<Leave<S, N> & { [K in N]: ColumnTypeOf<V> }>>
  rows(): Iterable<Row<S>>
  retain(): FrameBatch<S>
  [Symbol.iterator](): Iterator<Row<S>>
}

/** The type of a column that a typed array makes; any for other values. */
export type ColumnTypeOf<V> = { [K in keyof TypedArrays]: V extends TypedArrays[K] ? K : never }[keyof TypedArrays] extends infer K ? ([K] extends [never] ? any : K) : never
/** Typed arrays by the type of the column that they make. */
export interface TypedArrays {
  int8: Int8Array
  int16: Int16Array
  int32: Int32Array
  int64: BigInt64Array
  uint8: Uint8Array | Uint8ClampedArray
  uint16: Uint16Array
  uint32: Uint32Array
  uint64: BigUint64Array
  float32: Float32Array
  float64: Float64Array
}

/** All rows of a result: a Table whose columns are known to the compiler. */
export interface FrameTable<in out S> extends Omit<Table, 'column' | 'toArray' | typeof Symbol.iterator> {
  column<const N extends Names<S>>(name: N): Omit<ColumnOf<S, N>, 'type'>
  toArray(): Row<S>[]
  [Symbol.iterator](): Iterator<Row<S>>
}
