// Rows in an order, and some of them by their place in it.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { Frame } from './frame-type.ts'
import { GroupSteps } from './group-methods.ts'
import type { PickOf } from './selector-types.ts'
import { picksOf } from './selectors.ts'
import { type FitsOrder, type OrderKey, orderOf } from './orders.ts'
import { wholeNumber } from './steps.ts'
import type { CountType, Names, Put } from './types.ts'

/** How `sample` chooses: a share of the rows, or so many. `seed`: the same rows for the same seed, whatever the batches and threads; 0 unless said. */
export type SampleOptions = ({ fraction: number; rows?: never } | { rows: number; fraction?: never }) & {
  seed?: number
  /** A row may be taken more than once. */
  replace?: boolean
}

/** The types of the family. */
export interface OrderMethods<in out S> {
  /** In order of the keys, columns, expressions or selectors of several columns, the first one first; nulls last unless said; equal rows keep their order. */
  sort<const K extends readonly OrderKey<Names<S>>[]>(...keys: FitsOrder<K, S, 'sort'>): Frame<S>
  /** The first `count` rows in order of the keys, in that order, without sorting the rest; of equal rows the earlier ones. */
  topK<const K extends readonly OrderKey<Names<S>>[]>(count: number, ...keys: FitsOrder<K, S, 'topK'>): Frame<S>
  /**
   * The same for each group of rows that are equal `by` some columns; `rank` names a column for the place of each row among its group's, from 1. On a stream the rows are those so far, given out as
   * changes: a row that comes to be among the first, one that no longer is, and with `rank` each whose place has changed. Over rows that only add up no more than `count` rows a group are kept, else all.
   */
  topK<const K extends readonly OrderKey<Names<S>>[], const R extends string = never>(
    count: number,
    ...keys: [...keys: FitsOrder<K, S, 'topK'>, options: { by?: PickOf<S> | readonly PickOf<S>[]; rank?: R }]
  ): Frame<Put<S, { [K in R]: CountType }>>
  /**
   * One row of those that are equal `by` some columns: the first or the last by `orderBy`, or in source order without it. Of rows that are equal there, too, 'first' takes the one that came first and
   * 'last' the latest; a null in `orderBy` comes after any value in either. On a stream rows change as better ones come, but for the first in source order.
   */
  dedup<const K extends OrderKey<Names<S>> = never>(options: { by: PickOf<S> | readonly PickOf<S>[]; keep?: 'first' | 'last'; orderBy?: K | readonly K[] }): Frame<S>
  /** The first `count` rows, after `offset`. */
  limit(count: number, options?: { offset?: number }): Frame<S>
  /** All rows but the first `count`. */
  offset(count: number): Frame<S>
  /** The first `count` rows, 10 unless said. */
  head(count?: number): Frame<S>
  /** The last `count` rows, 10 unless said, in source order. */
  tail(count?: number): Frame<S>
  /** The last row first. */
  reverse(): Frame<S>
  /** Rows by chance, in source order: the same ones for the same seed at any parallelism. */
  sample(options: SampleOptions): Frame<S>
  /** Adds the rows' numbers in source order, from `start` (0 unless said), as a number like counts. */
  rowIndex<const N extends string>(name: N, options?: { start?: number }): Frame<Put<S, { [K in N]: CountType }>>
}

/** The run time of the family. */
export class OrderSteps extends GroupSteps {
  sort(...keys: readonly unknown[]): this {
    return this.operator('sort', { keys: keys.map(key => orderOf(key, 'sort')) } as unknown as Json)
  }
  topK(count: number, ...rest: readonly unknown[]): this {
    const last = rest.at(-1)
    const hasOptions = typeof last === 'object' && last !== null && ('by' in last || 'rank' in last)
    const { by = [], rank } = (hasOptions ? last : {}) as { by?: unknown; rank?: string }
    const keys = (hasOptions ? rest.slice(0, -1) : rest).map(key => orderOf(key, 'topK'))
    if (keys.length === 0) throw new PlanError('SORT_KEYS', 'topK: nothing to sort by; name at least one column')
    const counted = wholeNumber(count, 'topK: the count', 'TOP_COUNT')
    return this.operator('topK', { count: counted, keys, by: picksOf(Array.isArray(by) ? by : [by], 'topK'), ...(rank !== undefined && { rank }) } as unknown as Json)
  }
  dedup({ by, keep = 'first', orderBy = [] }: { by: unknown; keep?: string; orderBy?: unknown }): this {
    if (keep !== 'first' && keep !== 'last') throw new PlanError('DEDUP', `dedup: keep is "${keep}"; give 'first' or 'last'`)
    const picks: unknown[] = Array.isArray(by) ? by : [by]
    if (picks.length === 0) throw new PlanError('DEDUP', 'dedup: nothing to tell rows by; name at least one column, or call distinct()')
    const keys = (Array.isArray(orderBy) ? orderBy : [orderBy]).map((key: unknown) => orderOf(key, 'dedup'))
    return this.operator('dedup', { by: picksOf(picks, 'dedup'), keep, keys } as unknown as Json)
  }
  limit(count: number, options: { offset?: number } = {}): this {
    const offset = wholeNumber(options.offset ?? 0, 'limit: the offset', 'LIMIT')
    return this.operator('limit', { offset, count: wholeNumber(count, 'limit: the count', 'LIMIT') })
  }
  offset(count: number): this {
    return this.operator('limit', { offset: wholeNumber(count, 'offset: the count', 'LIMIT'), count: Number.MAX_SAFE_INTEGER }, 'offset')
  }
  head(count = 10): this {
    return this.operator('limit', { offset: 0, count: wholeNumber(count, 'head: the count', 'LIMIT') }, 'head')
  }
  tail(count = 10): this {
    return this.operator('tail', { count: wholeNumber(count, 'tail: the count', 'LIMIT') })
  }
  reverse(): this {
    return this.operator('reverse', null)
  }
  sample({ fraction, rows, seed = 0, replace = false }: { fraction?: number; rows?: number; seed?: number; replace?: boolean }): this {
    if ((fraction === undefined) === (rows === undefined)) throw new PlanError('SAMPLE', 'sample: give either a fraction of the rows or a number of rows')
    if (rows === undefined) return this.operator('sample', { seed, from: 0, to: fraction!, ...(replace && { repeat: true }) })
    const count = wholeNumber(rows, 'sample: the number of rows', 'SAMPLE')
    return replace ? this.operator('resample', { seed, rows: count }, 'sample') : this.operator('sampleRows', { seed, rows: count }, 'sample')
  }
  rowIndex(name: string, options: { start?: number } = {}): this {
    return this.operator('rowIndex', { name, start: wholeNumber(options.start ?? 0, 'rowIndex: the start', 'ROW_INDEX', Number.MIN_SAFE_INTEGER) })
  }
}
