// Rows in an order, and some of them by their place in it.
import type { Json } from '../base/json.ts'
import type { Frame } from './frame-type.ts'
import { GroupSteps } from './group-methods.ts'
import { type FitsOrder, type OrderKey, orderOf } from './orders.ts'
import { wholeNumber } from './steps.ts'
import type { Names } from './types.ts'

/** The types of the family. */
export interface OrderMethods<in out S> {
  /** In order of the keys, columns or expressions, the first one first; nulls last unless said; equal rows keep their order. */
  sort<const K extends readonly OrderKey<Names<S>>[]>(...keys: FitsOrder<K, S, 'sort'>): Frame<S>
  /** The first `count` rows, after `offset`. */
  limit(count: number, options?: { offset?: number }): Frame<S>
}

/** The run time of the family. */
export class OrderSteps extends GroupSteps {
  sort(...keys: readonly unknown[]): this {
    return this.operator('sort', { keys: keys.map(key => orderOf(key, 'sort')) } as unknown as Json)
  }
  limit(count: number, options: { offset?: number } = {}): this {
    const offset = wholeNumber(options.offset ?? 0, 'limit: the offset', 'LIMIT')
    return this.operator('limit', { offset, count: wholeNumber(count, 'limit: the count', 'LIMIT') })
  }
}
