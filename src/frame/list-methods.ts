// What an expression of lists, structs and maps offers. Places count from 0, negative ones from the end. A function of an item is called once, with an
// expression for the item, and computed for all items at once; it may use columns of the row too.
import type { ColumnExpr } from './expr-type.ts'
import type { FieldOf, ItemOf, ListWith, MapPart } from './list-types.ts'
import type { AnyExpr, Maybe, Needs, NeedsOf, Operand, StrictOf, SymbolOf } from './resolve-types.ts'
import type { TextLike, WholeLike } from './text-methods.ts'

type Item<T> = ColumnExpr<ItemOf<T>, never>
type Place = ColumnExpr<'int32', never>
type OfList<K, T, N, F extends string> = ColumnExpr<StrictOf<K, T>, N | Needs<T, 'list', F>>

/** How lists are sorted: nulls are last unless `nullsFirst`, in either direction. */
export interface SortOptions {
  readonly descending?: boolean
  readonly nullsFirst?: boolean
}

/** Methods of lists, structs and maps. */
export interface ListMethods<in out T, out N> {
  /** The item at a place; null where there is none. */
  element<const V extends WholeLike>(index: V): ColumnExpr<Maybe<ItemOf<T>>, N | NeedsOf<V> | Needs<T, 'list', 'element'>>
  /** Items [start, end); to the end of the list without `end`. */
  slice<const V extends WholeLike, const W extends WholeLike = number>(start: V, end?: W): ColumnExpr<ListWith<ItemOf<T>, T>, N | NeedsOf<V> | NeedsOf<W> | Needs<T, 'list', 'slice'>>
  /** The items in order. */
  sort(options?: SortOptions): ColumnExpr<ListWith<ItemOf<T>, T>, N | Needs<T, 'list', 'sort'>>
  /** The items without those that were there before. */
  distinct(): ColumnExpr<ListWith<ItemOf<T>, T>, N | Needs<T, 'list', 'distinct'>>
  /** The sum of the items, as `sum` of groups gives it; null of none. */
  sum(): ColumnExpr<any, N | Needs<T, 'list', 'sum'>>
  /** The mean of the items that are not null, as float64; null of none. */
  mean(): ColumnExpr<any, N | Needs<T, 'list', 'mean'>>
  /** The least item; null of none. */
  min(): ColumnExpr<Maybe<ItemOf<T>>, N | Needs<T, 'list', 'min'>>
  /** The greatest item; null of none. */
  max(): ColumnExpr<Maybe<ItemOf<T>>, N | Needs<T, 'list', 'max'>>
  /** The strings that are not null with a separator between them. */
  join<const V extends TextLike>(separator: V): ColumnExpr<StrictOf<'utf8', T, SymbolOf<V>>, N | NeedsOf<V> | Needs<T, 'list', 'join'>>
  /** A list of what a function gives for each item. */
  transform<R extends Operand>(f: (item: Item<T>, place: Place) => R): ColumnExpr<ListWith<SymbolOf<R>, T>, N | NeedsOf<R> | Needs<T, 'list', 'transform'>>
  /** The items for which a condition is true. */
  filter<R extends AnyExpr>(f: (item: Item<T>, place: Place) => R): ColumnExpr<ListWith<ItemOf<T>, T>, N | NeedsOf<R> | Needs<SymbolOf<R>, 'bool', 'filter'> | Needs<T, 'list', 'filter'>>
  /** Whether a condition is true of any item; null where none is but one is not known. */
  anyMatch<R extends AnyExpr>(f: (item: Item<T>, place: Place) => R): OfList<'bool?', T, N | NeedsOf<R> | Needs<SymbolOf<R>, 'bool', 'anyMatch'>, 'anyMatch'>
  /** Whether a condition is true of all items; null where none is false but one is not known. */
  allMatch<R extends AnyExpr>(f: (item: Item<T>, place: Place) => R): OfList<'bool?', T, N | NeedsOf<R> | Needs<SymbolOf<R>, 'bool', 'allMatch'>, 'allMatch'>
  /** What a function makes, item by item, of `initial` and the items. It must give `initial`'s type. */
  reduce<const V extends Operand, R extends AnyExpr>(initial: V, f: (sum: ColumnExpr<SymbolOf<V>, never>, item: Item<T>) => R): ColumnExpr<any, N | NeedsOf<V> | NeedsOf<R> | Needs<T, 'list', 'reduce'>>

  /** A struct's field. */
  field<const F extends string>(name: F): ColumnExpr<FieldOf<T, F>, N | Needs<T, 'struct', 'field'>>
  /** A map's value for a key; null where it has none. */
  get<const V extends Operand>(key: V): ColumnExpr<MapPart<T, 'one'>, N | NeedsOf<V> | Needs<T, 'map', 'get'>>
  /** A map's keys, as a list. */
  keys(): ColumnExpr<MapPart<T, 'key'>, N | Needs<T, 'map', 'keys'>>
  /** A map's values, as a list. */
  values(): ColumnExpr<MapPart<T, 'value'>, N | Needs<T, 'map', 'values'>>
  /** A map's entries, as a list of structs of key and value. */
  entries(): ColumnExpr<MapPart<T, 'entry'>, N | Needs<T, 'map', 'entries'>>
}
