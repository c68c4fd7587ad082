// Sort keys as users write them: sort('price'), sort(desc('price'), asc(col('name').lower(), { nulls: 'first' })), sort(desc(col.numeric())).
import type { Expression } from '../expr/expression.ts'
import { PlanError } from '../base/errors.ts'
import { expressionOf } from './expression-of.ts'
import type { Selector } from '../expr/selector.ts'
import type { SelectorOf } from './selector-types.ts'
import { isColumnSelector, picksOf } from './selectors.ts'
import type { AnyExpr, Fits, NeedsOf, SymbolOf, Typed } from './resolve-types.ts'

/** Where nulls go: last unless said, in either direction. */
export interface OrderOptions {
  readonly nulls?: 'first' | 'last'
}

/** A column or expression and its direction, as plain data. */
export interface Order<out N extends string = string> {
  readonly column?: N
  readonly expression?: Expression
  /** Each of these columns, one behind the other. */
  readonly pick?: Selector
  readonly descending: boolean
  readonly nulls?: 'first' | 'last'
}

/** The order by a column (a name), an expression, or several columns (a selector). */
export type OrderBy<K> = K extends string ? Order<K> : K extends SelectorOf<any> ? Order<never> : Order<never> & Typed<SymbolOf<K>, NeedsOf<K>>

/** What orders rows with columns N. */
export type OrderKey<N extends string> = N | Order<N> | AnyExpr | SelectorOf<any>
/** The keys where they fit S; else string literal types whose text is the error message. */
export type FitsOrder<K, S, F extends string> = { readonly [I in keyof K]: K[I] extends AnyExpr ? Fits<K[I], S, F> : K[I] }

/** From the least to the greatest. A bare column name means the same. */
export function asc<const K extends string | AnyExpr | SelectorOf<any>>(key: K, options: OrderOptions = {}): OrderBy<K> {
  return order(key, false, options) as unknown as OrderBy<K>
}

/** From the greatest to the least. */
export function desc<const K extends string | AnyExpr | SelectorOf<any>>(key: K, options: OrderOptions = {}): OrderBy<K> {
  return order(key, true, options) as unknown as OrderBy<K>
}

/** A sort key as plain data: of a name, an expression, or what `asc` and `desc` gave. */
export function orderOf(key: unknown, where: string): Order {
  return typeof key === 'object' && key !== null && 'descending' in key ? (key as Order) : order(key, false, {}, where)
}

function order(key: unknown, descending: boolean, { nulls }: OrderOptions, where = 'sort'): Order {
  if (nulls !== undefined && nulls !== 'first' && nulls !== 'last') throw new PlanError('NULLS', `${where}: nulls is "${String(nulls)}"; give 'first' or 'last'`)
  const way = { descending, ...(nulls === 'first' && { nulls }) } as const
  if (typeof key === 'string') return { column: key, ...way }
  if (isColumnSelector(key)) return { pick: (picksOf([key], where) as unknown as Selector[])[0]!, ...way }
  const expression = expressionOf(key, where)
  return expression.kind === 'column' ? { column: expression.name, ...way } : { expression, ...way }
}
