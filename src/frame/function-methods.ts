// Users' functions over rows and batches: what expressions can't say.
import { PlanError } from '../base/errors.ts'
import { ColumnSteps } from './column-methods.ts'
import type { Frame, FrameBatch } from './frame-type.ts'
import type { Put, Row, Schema } from './types.ts'
import { functionOf } from './user-function.ts'

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
  /** Keeps the rows for which a function returns true. Leaves the fast path. */
  filterRows(fn: (row: Row<S>) => boolean): Frame<S>
}

type RowFunction = (row: never) => unknown
interface FunctionOptions {
  readonly adds?: Record<string, string>
  readonly schema?: Record<string, string>
}

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

  #userFunction(kind: string, fn: unknown, options: FunctionOptions): this {
    if (typeof fn !== 'function') throw new PlanError('FUNCTION', `${kind}: ${typeof fn} given; give a function`)
    const params = { ...(options.adds && { adds: options.adds }), ...(options.schema && { schema: options.schema }) }
    return this.next({ node: 'operator', label: kind, kind, params, inputs: [this.edge], side: [], function: functionOf(fn) })
  }
}
