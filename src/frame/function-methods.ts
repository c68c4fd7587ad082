// Users' functions over rows and batches: what expressions can't say.
import { PlanError } from '../base/errors.ts'
import { didYouMean } from '../base/names.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { AsyncCall } from '../operators/async-calls.ts'
import { ColumnSteps } from './column-methods.ts'
import type { Frame, FrameBatch } from './frame-type.ts'
import { wholeNumber } from './steps.ts'
import type { Put, Row, Schema } from './types.ts'
import { functionOf } from './user-function.ts'

/** How `mapAsync` calls. */
export interface AsyncOptions {
  /** Calls under way at a time; 100 unless said. */
  readonly capacity?: number
  /** False gives answers as they come; else they leave in the order of their rows. */
  readonly ordered?: boolean
  /** Of one attempt; without it an answer may take for ever. */
  readonly timeout?: Duration
  /** Further attempts; none unless said. */
  readonly retries?: number
  /** The wait before the second attempt; '100ms' unless said. */
  readonly backoff?: Duration
}

/** The types of the family. */
export interface FunctionMethods<in out S> {
  /** A row for each row, by a function; `adds` are the columns it adds or replaces, all others stay as they are. Leaves the fast path. */
  map<O extends Schema>(fn: (row: Row<S>) => Row<O>, options: { adds: O }): Frame<Put<S, O>>
  /** Any number of rows for each row, by a function. Leaves the fast path. */
  flatMap<O extends Schema>(fn: (row: Row<S>) => Iterable<Row<O>>, options: { schema: O }): Frame<O>
  /**
   * Batches by a function over whole columns: `adds` are those that it adds or replaces, `schema` all that are left. Without either the columns are those that
   * it returns: the compiler knows them by the function's type, and the plan by calling it once on a batch without rows. A function that can't take one is
   * a DataError USER_FUNCTION before anything runs; then say what it makes.
   */
  mapBatches<A extends Schema>(fn: (batch: FrameBatch<S>) => FrameBatch<any>, options: { adds: A }): Frame<Put<S, A>>
  mapBatches<O extends Schema>(fn: (batch: FrameBatch<S>) => FrameBatch<any>, options: { schema: O }): Frame<O>
  mapBatches<O>(fn: (batch: FrameBatch<S>) => FrameBatch<O>): Frame<O>
  /**
   * A row for each row by a function that answers later, as one that asks a service: `schema` are the columns of its answers, which are all that is left;
   * `adds` puts them to the row's own. At most `capacity` calls are under way, and what comes waits; in a stream the next batch is taken once all rows before it
   * have been asked for. An answer that takes longer than `timeout`, or fails, is asked for again `retries` times, after `backoff`, doubled each time up to
   * 30 seconds; an error that has `retryable: false` is not. Then the job fails: ConnectorError ASYNC_TIMEOUT or ASYNC_CALL with the row's number and the attempt.
   * Checkpoints wait for the answers under way, so that each row is of one epoch; watermarks don't overtake rows. Leaves the fast path.
   */
  mapAsync<O extends Schema>(fn: (row: Row<S>, call: AsyncCall) => Row<O> | Promise<Row<O>>, options: AsyncOptions & { schema: O }): Frame<O>
  mapAsync<O extends Schema>(fn: (row: Row<S>, call: AsyncCall) => Row<O> | Promise<Row<O>>, options: AsyncOptions & { adds: O }): Frame<Put<S, O>>
  /** Keeps the rows for which a function returns true. Leaves the fast path. */
  filterRows(fn: (row: Row<S>) => boolean): Frame<S>
}

type RowFunction = (row: never) => unknown
interface FunctionOptions {
  readonly adds?: Record<string, string>
  readonly schema?: Record<string, string>
}

const asyncOptions = ['schema', 'adds', 'capacity', 'ordered', 'timeout', 'retries', 'backoff']

/** The run time of the family. */
export class FunctionSteps extends ColumnSteps {
  map(fn: RowFunction, options: FunctionOptions = {}): this {
    return this.#userFunction('map', fn, options)
  }
  flatMap(fn: RowFunction, options: FunctionOptions = {}): this {
    return this.#userFunction('flatMap', fn, options)
  }
  filterRows(fn: RowFunction): this {
    return this.#userFunction('filterRows', fn, {})
  }
  mapBatches(fn: (batch: never) => unknown, options: FunctionOptions = {}): this {
    return this.#userFunction('mapBatches', fn, options)
  }

  mapAsync(fn: (row: never, call: AsyncCall) => unknown, options: FunctionOptions & AsyncOptions = {}): this {
    const { adds, schema, capacity = 100, ordered = true, timeout, retries = 0, backoff = 100, ...others } = options
    const [other] = Object.keys(others)
    if (other !== undefined) throw new PlanError('ASYNC', `mapAsync: no option "${other}"${didYouMean(other, asyncOptions)}; there are ${asyncOptions.join(', ')}`)
    if (!adds === !schema) throw new PlanError('ASYNC', `mapAsync: give the columns of the function's answers: { schema: { … } } where they are all that is left, or { adds: { … } }`)
    if (typeof ordered !== 'boolean') throw new PlanError('ASYNC', `mapAsync: ordered is ${String(ordered)}; give true or false`)
    const timeoutMs = timeout === undefined ? undefined : parseDuration(timeout, 'mapAsync: timeout')
    if (timeoutMs !== undefined && timeoutMs <= 0) throw new PlanError('ASYNC', `mapAsync: timeout is ${String(timeout)}; give more than nothing, or leave it out`)
    const backoffMs = Math.max(0, parseDuration(backoff, 'mapAsync: backoff'))
    const limits = { capacity: wholeNumber(capacity, 'mapAsync: capacity', 'ASYNC', 1), ordered, retries: wholeNumber(retries, 'mapAsync: retries', 'ASYNC'), backoffMs }
    return this.#userFunction('mapAsync', fn, { adds, schema }, { ...limits, ...(timeoutMs !== undefined && { timeoutMs }) })
  }

  #userFunction(kind: string, fn: unknown, options: FunctionOptions, more: object = {}): this {
    if (typeof fn !== 'function') throw new PlanError('FUNCTION', `${kind}: ${typeof fn} given; give a function`)
    const params = { ...(options.adds && { adds: options.adds }), ...(options.schema && { schema: options.schema }), ...more }
    return this.next({ node: 'operator', label: kind, kind, params, inputs: [this.edge], side: [], function: functionOf(fn) })
  }
}
