// Lists, structs and maps at compile time: the types of items, fields and values, read from the names of types. Nothing here runs.
import type { Arith, Literal, SymbolOf } from './resolve-types.ts'
import type { Bare, FirstPart, IsAny, OrNull, SplitAt, Trim } from './types.ts'

/** "The items of A." */
export interface ItemOf<out A> {
  itemOf: A
}
/** "Lists of I, null where A is." */
export interface ListWith<out I, out A> {
  items: I
  as: A
}
/** "A, null where it or N is." */
export interface Kept<out A, out N = 'bool'> {
  kept: A
  beside: N
}
/** "The field F of A." */
export interface FieldOf<out A, out F extends string> {
  structOf: A
  field: F
}
/** "What A says of its keys, its values, both as structs, or of one value." */
export interface MapPart<out A, out P extends 'key' | 'value' | 'entry' | 'one'> {
  mapOf: A
  part: P
}
/** "A list of the values of V", which have a common type. */
export interface ListOf<out V> {
  listOf: V
}
/** "A struct of V by name." */
export interface StructOf<out V> {
  fieldsOf: V
}

type Nulls<D, R> = D extends `${string}?` ? OrNull<R> : R
/** The item's type of a list type. */
export type Item<D> = IsAny<D> extends true ? any : Bare<D> extends `list<${infer I}>` ? FirstPart<I> : 'null'
/** The list type of an item's type. */
export type Lists<I, D> = IsAny<I> extends true ? any : IsAny<D> extends true ? any : I extends string ? Nulls<D, `list<${I}>`> : any
/** The type of a struct's field; never where there is none. */
export type Field<D, F extends string> = IsAny<D> extends true ? any : Bare<D> extends `struct<${infer M}>` ? (string extends M ? any : Nulls<D, Found<M, F>>) : never
type Found<M, F extends string> = Trim<M> extends ''
  ? never
  : SplitAt<M> extends [infer A, infer R]
    ? Trim<A> extends `${F}:${infer V}` | `"${F}":${infer V}`
      ? Trim<V>
      : Found<R, F>
    : never
/** The type of a part of a map. */
export type PartOf<D, P> = IsAny<D> extends true
  ? any
  : Bare<D> extends `map<${infer M}>`
    ? SplitAt<M> extends [infer K extends string, infer V]
      ? P extends 'key'
        ? Nulls<D, `list<${K}>`>
        : P extends 'value'
          ? Nulls<D, `list<${Trim<V> & string}>`>
          : P extends 'entry'
            ? Nulls<D, `list<struct<key: ${K}, value: ${Trim<V> & string}>>`>
            : OrNull<Trim<V>>
      : any
    : any
/** A fixed list made longer or shorter is a list. */
export type Loose<D, E> = IsAny<D> extends true ? any : D extends string ? Nulls<E, D extends `list<${infer I}>${infer Q extends '' | '?'}` ? `list<${FirstPart<I> & string}>${Q}` : D> : D
/** The common symbolic type of operands. */
export type CommonOf<V> = V extends readonly [infer A, ...infer R] ? (R extends readonly [] ? SymbolOf<A> : Arith<SymbolOf<A>, CommonOf<R>>) : any
/** Anything that may be searched for in a list. */
export type Searched = Exclude<Literal, null>
