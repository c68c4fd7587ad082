// Selectors of columns at compile time: which columns of a schema they are, and what steps make of them. Nothing here runs.
// A selector carries what it asks for, Q: a name, OfTypes, Every, But, Both, a union for "or", and any where only the run time knows.
import type { Failure, Fits, NoColumn, TypeOf } from './resolve-types.ts'
import type { Bare, CountType, Flat, IsAny, Leave, Names, NumericType, Put, Take } from './types.ts'

/** Carries the compile-time meaning of a selector. No such property exists at run time. */
declare const chosen: unique symbol

/** Several columns at once: made by col.numeric(), col.ofType(…), col.matching(…) and others. */
export interface SelectorOf<in out Q> {
  readonly [chosen]: Q
  /** These but some, by name or selector. */
  except<const P extends readonly (string | SelectorOf<any>)[]>(...but: P): SelectorOf<But<Q, P[number]>>
  /** Those that the other chooses too. */
  and<R>(other: SelectorOf<R>): SelectorOf<Both<Q, R>>
  /** These, and those that the other chooses. */
  or<R>(other: SelectorOf<R>): SelectorOf<Q | R>
}

/** "Every column." */
export interface Every {
  every: true
}
/** "The columns of types or families T." */
export interface OfTypes<out T> {
  types: T
}
/** "The columns of A that are not of B." */
interface Apart<out A, out B> {
  of: A
  but: B
}
/** "The columns of both A and B." */
interface Shared<out A, out B> {
  left: A
  right: B
}
/** Q without what the picks P are. */
export type But<Q, P> = IsAny<Q> extends true ? any : IsAny<Asked<P>> extends true ? any : Apart<Q, Asked<P>>
/** What Q and R have in common. */
export type Both<Q, R> = IsAny<Q> extends true ? any : IsAny<R> extends true ? any : Shared<Q, R>

interface Families {
  numeric: NumericType
  integer: Exclude<NumericType, `float${string}` | `decimal(${string}`>
  float: 'float16' | 'float32' | 'float64'
  text: 'utf8'
  temporal: 'date' | 'interval' | `${'time' | 'timestamp' | 'duration'}[${string}]`
  nested: `${'list' | 'struct' | 'map'}<${string}>`
  decimal: `decimal(${string})`
  time: `time[${string}]`
  timestamp: `timestamp[${string}]`
  duration: `duration[${string}]`
  list: `list<${string}>`
  struct: `struct<${string}>`
  map: `map<${string}>`
}
/** Words for types that belong together. */
export type Family = keyof Families

/** A column's name, or a selector of several. */
export type PickOf<S> = Names<S> | SelectorOf<any>

/** The picks of one or a list of them. */
export type PicksIn<P> = P extends readonly (infer I)[] ? I : P

/** What a pick asks for. */
type Asked<P> = P extends string ? P : P extends SelectorOf<infer Q> ? Q : never

type Wanted<T> = T extends keyof Families ? Families[T] : T extends 'int64' ? 'int64' | CountType : Blankless<T>
type Blankless<T> = T extends `${infer A} ${infer B}` ? Blankless<`${A}${B}`> : T
// By type and not by column: a hundred columns are of some ten types.
type OfWanted<D, W> = D extends unknown ? (Bare<D> extends W ? D : Blankless<Bare<D>> extends W ? D : never) : never
type NamesOf<S, D> = { [K in keyof S]: S[K] extends D ? K : never }[keyof S]
type ByType<S, W> = NamesOf<S, OfWanted<S[keyof S], W>>

/** The names that Q is in S. Distributes over "or". */
type Chosen<S, Q> = Q extends string
  ? Q
  : Q extends Every
    ? keyof S
    : Q extends OfTypes<infer T>
      ? ByType<S, Wanted<T>>
      : Q extends Apart<infer A, infer B>
        ? Exclude<Chosen<S, A>, Chosen<S, B>>
        : Q extends Shared<infer A, infer B>
          ? Chosen<S, A> & Chosen<S, B>
          : never

/** True where only the run time knows what the picks are: patterns, and columns that are not known. */
type IsLoose<S, P> = IsAny<S> extends true ? true : string extends keyof S ? true : IsAny<Asked<P>> extends true ? true : IsAny<S[keyof S]>

// The names in Q that S hasn't.
type Absent<S, Q> = Q extends string ? Exclude<Q, keyof S> : Q extends Apart<infer A, infer B> ? Absent<S, A> | Absent<S, B> : Q extends Shared<infer A, infer B> ? Absent<S, A> | Absent<S, B> : never
/** Picks whose every name is in S; a string literal type whose text is the error message in place of one that has another. */
export type FitsPicks<P, S, F extends string> = { readonly [I in keyof P]: IsLoose<S, P[I]> extends true ? P[I] : [Absent<S, Asked<P[I]>>] extends [never] ? P[I] : `${F}: ${Failure<NoColumn<Absent<S, Asked<P[I]>> & string, S>>}` }

/** The schema of the picked columns. */
export type TakePicked<S, P> = IsLoose<S, P> extends true ? any : Flat<Take<S, Chosen<S, Asked<P>>>>
/** The schema without the picked columns. */
export type LeavePicked<S, P> = IsLoose<S, P> extends true ? any : Leave<S, Chosen<S, Asked<P>>>
/** The schema with no nulls in the picked columns. */
export type SolidPicked<S, P> = IsLoose<S, P> extends true ? any : { [K in keyof S]: K extends Chosen<S, Asked<P>> ? Bare<S[K]> : S[K] }

/** The schema that an expression of a column sees: the stand-ins beside the columns. */
type Standing<S, T> = S & { $column: T; $name: 'utf8' }
/** The schema with what E makes of the picked columns, in their place or behind them. */
export type MappedColumns<S, P, E, X extends string> = IsLoose<S, P> extends true ? any : Put<S, MappedIn<S, E, X, Chosen<S, Asked<P>> & keyof S>>
type MappedIn<S, E, X extends string, C extends keyof S> = X extends ''
  ? { [K in C]: TypeOf<E, Standing<S, S[K]>> }
  : { [K in `${C & string}${X}`]: K extends `${infer O}${X}` ? TypeOf<E, Standing<S, S[O & keyof S]>> : never }

type Named<M, K> = M extends `${infer A}'$column'${infer B}` ? `${A}'${K & string}'${B}` : M
type EachProblem<E, S, P> = IsLoose<S, P> extends true ? never : ProblemIn<E, S, Chosen<S, Asked<P>>, S[Chosen<S, Asked<P>> & keyof S]>
type ProblemIn<E, S, C, D> = D extends unknown ? (Fits<E, Standing<S, D>, 'mapColumns'> extends infer M extends string ? Named<M, C & NamesOf<S, D>> : never) : never
/** E where it fits each of the picked columns; else a string literal type whose text is the error message. */
export type FitsEach<E, S, P> = [EachProblem<E, S, P>] extends [never] ? E : EachProblem<E, S, P>
