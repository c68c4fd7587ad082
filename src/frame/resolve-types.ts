// Expressions at compile time: an expression carries the type it will have ("that of column price", not known yet) and what it needs;
// a frame resolves both against its schema. A method then takes the expression, or else a string literal type whose text is the error
// message, which is what the compiler prints. Nothing here runs.
import type { Bare, ClockType, CountType, IsAny, KnownNames, NumericType, OrNull, SpanType, TimeType } from './types.ts'
import type { CommonOf, Field, FieldOf, Item, ItemOf, Kept, ListOf, Lists, ListWith, Loose, MapPart, PartOf, StructOf } from './list-types.ts'
import type { AddedTo, StampUnit } from './time-types.ts'
import type { Calculated, LooseNumber, WiderNumber } from './wider-types.ts'

/** Carries the compile-time type of an expression or aggregate: T what it is, N what it needs. No such property exists at run time. */
export declare const brand: unique symbol
/** An expression to the compiler. */
export interface Typed<in out T, out N> {
  readonly [brand]: [T, N]
}
/** Any expression. */
export type AnyExpr = Typed<any, any>

/** "The type of column N." */
export interface Of<out N extends string> {
  of: N
}
/** "What arithmetic gives for A and B." */
export interface Arith<out A, out B> {
  a: A
  b: B
}
/** "What a calculation of kind K makes of the common type of A and B." */
export interface Calc<out K, out A, out B> {
  calc: K
  over: A
  with: B
}
/** "K, null where A or B is." */
export interface Strict<out K, out A, out B> {
  strict: K
  left: A
  right: B
}
/** "A, or B where it is null." */
export interface Filled<out A, out B> {
  filled: A
  by: B
}
/** "A, or null." */
export interface Maybe<out A> {
  maybe: A
}
/** "What adding B to A, or taking it away, gives": numbers promote, times and spans go together by rules of their own. */
export interface Sum<out A, out B, out O extends 'add' | 'sub'> {
  sum: A
  with: B
  op: O
}
/** A text that is written beside a time: an interval or a time. */
export interface Written<out V extends string> {
  written: V
}
/** "The timestamps of A in zone Z", without a zone where Z is ''. */
export interface Zoned<out A, out Z extends string> {
  zoned: A
  zone: Z
}
/** The type of what a function makes of a T: T, but int64 where T is a count. */
export type Made<T> = IsAny<T> extends true ? any : T extends `int64#${infer Q}` ? `int64${Q}` : T extends string ? T : Arith<T, 'int'>
/** "What a sum over A is." */
export interface Wider<out A> {
  wider: A
}
/** "What a mean or quantile of A is." */
export interface Between<out A> {
  between: A
}
/** "A list of A, null where A is." */
export interface Listed<out A> {
  listed: A
}
/** "A list of A or nulls." */
export interface ListedNullable<out A> {
  listedNullable: A
}
/** "T must be a K, says function F." */
export interface Need<out T, out K extends Kind, out F extends string> {
  t: T
  k: K
  f: F
}
/** "L and R must compare, says function F." */
export interface Same<out L, out R, out F extends string> {
  l: L
  r: R
  f: F
}
/** A type that doesn't exist, and why. */
export interface Fail<M extends string> {
  readonly fail: M
}

interface Kinds {
  number: NumericType
  bigint: NumericType
  string: 'utf8'
  digits: 'utf8' | `decimal(${string})`
  iso: 'utf8' | 'date' | TimeType | `decimal(${string})`
  bool: 'bool'
  time: TimeType
  timestamp: TimeType
  list: AnyList
  sized: 'utf8' | AnyList | `map<${string}>`
  searched: 'utf8' | AnyList
  bytes: 'utf8' | 'binary'
  struct: `struct<${string}>`
  map: `map<${string}>`
  calendar: 'date' | TimeType
  clock: ClockType | TimeType
  shown: 'date' | ClockType | TimeType
  addable: NumericType | SpanType | 'date' | ClockType | TimeType
  any: unknown
  summed: NumericType | `duration[${string}]`
  averaged: Measured
  measured: Measured | 'date'
  keyed: Measured | 'date' | 'bool'
  ordered: Measured | 'date' | 'bool' | 'utf8' | 'binary' | `binary(${string})`
  integer: Exclude<NumericType, `float${string}` | `decimal(${string})`>
}
type AnyList = `list<${string}>`
type Measured = NumericType | TimeType | `time[${string}]` | `duration[${string}]`
/** What a function asks of a column. */
export type Kind = keyof Kinds

/** What users write as a constant. */
export type Literal = number | bigint | string | boolean | Date | null
/** An expression or a constant. */
export type Operand = Literal | AnyExpr
/** What may stand beside a T: anything while T is a column's name, else what compares with it. */
export type OperandFor<T> = IsAny<T> extends true ? Operand : T extends string ? LiteralFor<Bare<T>> | AnyExpr : Operand
type LiteralFor<B> = B extends `decimal(${string})`
  ? number | bigint | string
  : B extends NumericType | LooseNumber
  ? number | bigint
  : B extends 'utf8'
    ? string
    : B extends 'bool'
      ? boolean
      : B extends TimeType
        ? Date | string
        : Literal

type KindOfLiteral<V> = V extends number
  ? 'number'
  : V extends bigint
    ? 'bigint'
    : V extends boolean
      ? 'bool'
      : V extends Date
        ? 'time'
        : V extends null
          ? 'any'
          : V extends `${number}`
            ? 'digits'
            : V extends `${number}-${number}-${string}`
            ? 'iso'
            : string extends V
              ? 'iso'
              : 'string'
/** A literal's type: a whole number ('int') fits itself to what stands beside it and is int64 alone; a plain `number` may be either. */
export type LiteralType<V> = V extends number
  ? number extends V
    ? 'int' | 'fraction'
    : `${V}` extends `${bigint}`
      ? 'int'
      : 'fraction'
  : V extends bigint
    ? 'big'
    : V extends string
      ? 'utf8'
      : V extends boolean
        ? 'bool'
        : V extends Date
          ? 'timestamp[ms]'
          : V extends null
            ? 'null'
            : never

/** The symbolic type of an operand. */
export type SymbolOf<V> = V extends Typed<infer T, any> ? T : LiteralType<V>
/** The needs of an operand. */
export type NeedsOf<V> = V extends Typed<any, infer N> ? N : never
/** "T must be a K, says F", as a message at once where T is known. */
export type Needs<T, K extends Kind, F extends string> = IsAny<T> extends true ? never : T extends string ? UnmetNeed<T, K, F, T> : Need<T, K, F>
/** The needs of comparing T with V. */
export type CompareNeeds<T, N, V, F extends string> = V extends Typed<infer U, infer M> ? N | M | Sames<T, U, F> : N | Needs<T, KindOfLiteral<V>, F>
type Sames<A, B, F extends string> = A extends string ? (B extends string ? UnmetSame<A, B, F, A, B> : Same<A, B, F>) : Same<A, B, F>
/** The needs of arithmetic on T and V. */
export type ArithNeeds<T, N, V, F extends string> = N | Needs<T, 'number', F> | (V extends Typed<infer U, infer M> ? M | Needs<U, 'number', F> : never)
/** The needs of a sum or difference of T and V. */
export type SumNeeds<T, N, V, F extends string> = N | Needs<T, 'addable', F> | (V extends Typed<infer U, infer M> ? M | Needs<U, 'addable', F> : never)
/** The symbolic type of a sum or difference. */
export type SumSymbol<T, V, O extends 'add' | 'sub'> = Sum<T, V extends string ? Written<V> : V extends Date ? 'timestamp[ms]' : SymbolOf<V>, O>
/** The result of a function that gives K, null where an argument is. */
export type StrictOf<K, A, B = 'bool'> = A extends string ? (B extends string ? Nulled<K, A, B> : Strict<K, A, B>) : Strict<K, A, B>
type Nulled<K, A, B> = A extends `${string}?` | 'null' ? OrNull<K> : B extends `${string}?` | 'null' ? OrNull<K> : K

// ───────────── resolving against a schema ─────────────
type Near<N extends string, S> = N extends `${infer A}${infer B}${string}` ? Extract<KnownNames<S>, `${A}${B}${string}`> : never
/** The type of a column that isn't there. */
export type NoColumn<N extends string, S> = Fail<[Near<N, S>] extends [never] ? `no column '${N}'` : `no column '${N}'; did you mean '${Near<N, S>}'?`>

type Plain<D> = D extends CountType ? 'int64' : D
/** The common type of two. What is made of a count is an int64. */
export type Promote<A, B> =
  A extends Fail<any>
    ? A
    : B extends Fail<any>
      ? B
      : IsAny<A> extends true
        ? B extends 'float64'
          ? B
          : any
        : IsAny<B> extends true
          ? A extends 'float64'
            ? A
            : any
          : A extends 'null'
            ? B extends 'null'
              ? 'null'
              : OrNull<B>
            : B extends 'null'
              ? OrNull<A>
              : A extends `${infer X}?`
                ? OrNull<Promote<X, Bare<B>>>
                : B extends `${infer Y}?`
                  ? OrNull<Promote<A, Y>>
                  : A extends B
                    ? Plain<A>
                    : A extends NumericType | LooseNumber
                      ? B extends NumericType | LooseNumber
                        ? WiderNumber<Plain<A>, Plain<B>>
                        : A
                      : A
type SumType<D> = IsAny<D> extends true ? any : D extends Fail<any> ? D : D extends `${infer B}?` ? OrNull<SumType<B>> : SumOf<D>
type SumOf<D> = D extends `float${string}`
  ? 'float64'
  : D extends `uint${string}`
    ? 'uint64'
    : D extends `decimal(${string},${infer S})`
      ? `decimal(38,${S})`
      : D extends `duration[${string}]`
        ? D
        : 'int64'
type BetweenType<D> = IsAny<D> extends true ? any : D extends Fail<any> ? D : D extends `${infer B}?` ? OrNull<BetweenType<B>> : D extends NumericType | LooseNumber ? 'float64' : D
type NullableList<D> = IsAny<D> extends true ? any : D extends Fail<any> ? D : D extends string ? `list<${Bare<D>}?>` : any
type ListType<D> =
  IsAny<D> extends true ? any : D extends Fail<any> ? D : D extends `${infer B}?` ? OrNull<ListType<B>> : D extends 'int' | 'big' | CountType ? 'list<int64>' : D extends 'fraction' ? 'list<float64>' : D extends string ? `list<${D}>` : any
type CalcResolved<K, D> = IsAny<D> extends true ? any : D extends Fail<any> ? D : D extends `${infer B}?` ? OrNull<Calculated<K, B>> : Calculated<K, D>
type NullOf<D> = IsAny<D> extends true ? any : D extends Fail<any> ? D : OrNull<D>
type StrictResolved<K, A, B> = A extends Fail<any> ? A : B extends Fail<any> ? B : IsAny<A> extends true ? any : IsAny<B> extends true ? any : Nulled<K, A, B>
type FilledResolved<A, B> =
  A extends Fail<any>
    ? A
    : B extends Fail<any>
      ? B
      : IsAny<A> extends true
        ? any
        : IsAny<B> extends true
          ? any
          : B extends `${string}?` | 'null'
            ? OrNull<Promote<Bare<A>, Bare<B>>>
            : Promote<Bare<A>, B>

/** The type of a symbolic type in schema S; a Fail where there is none. */
export type Resolve<T, S> =
  IsAny<T> extends true
    ? any
    : T extends string
      ? T
      : T extends Of<infer N>
        ? N extends keyof S
          ? S[N]
          : NoColumn<N, S>
        : T extends Arith<infer A, infer B>
          ? Promote<Resolve<A, S>, Resolve<B, S>>
          : T extends Calc<infer K, infer A, infer B>
            ? CalcResolved<K, Promote<Resolve<A, S>, Resolve<B, S>>>
          : T extends Strict<infer K, infer A, infer B>
            ? StrictResolved<K, Resolve<A, S>, Resolve<B, S>>
            : T extends Filled<infer A, infer B>
              ? FilledResolved<Resolve<A, S>, Resolve<B, S>>
              : T extends Maybe<infer A>
                ? NullOf<Resolve<A, S>>
                : T extends Wider<infer A>
                  ? SumType<Resolve<A, S>>
                  : T extends Between<infer A>
                    ? BetweenType<Resolve<A, S>>
                    : T extends Listed<infer A>
                      ? ListType<Resolve<A, S>>
                      : T extends ListedNullable<infer A>
                        ? NullableList<Resolve<A, S>>
                        : T extends Zoned<infer A, infer Z>
                          ? InZone<Resolve<A, S>, Z>
                          : T extends Sum<infer A, infer B, infer O>
                            ? AddedTo<Resolve<A, S>, Resolve<B, S>, O, A, B>
                            : ResolveNested<T, S>
type ResolveNested<T, S> =
  T extends ItemOf<infer A>
    ? Item<Resolve<A, S>>
    : T extends ListWith<infer I, infer A>
      ? Lists<Settled<Resolve<I, S>>, Resolve<A, S>>
      : T extends FieldOf<infer A, infer F>
        ? FieldIn<Resolve<A, S>, F, A>
        : T extends MapPart<infer A, infer P>
          ? PartOf<Resolve<A, S>, P>
          : T extends ListOf<infer V>
            ? Lists<Settled<Resolve<CommonOf<V>, S>>, 'bool'>
            : T extends StructOf<any>
              ? any
              : T extends Kept<infer A, infer B>
                ? Loose<Resolve<A, S>, Resolve<B, S>>
                : T
type FieldIn<D, F extends string, A> = D extends Fail<any> ? D : [Field<D, F>] extends [never] ? Fail<`${NameOf<A>} is ${Show<D>}: it has no field '${F}'`> : Field<D, F>
type InZone<D, Z extends string> =
  IsAny<D> extends true
    ? any
    : D extends `${infer B}?`
      ? OrNull<InZone<B, Z>>
      : D extends `timestamp[${string}]`
        ? Z extends ''
          ? `timestamp[${StampUnit<D>}]`
          : `timestamp[${StampUnit<D>}, ${Z}]`
        : D
/** As Resolve, with a whole literal alone made int64, and null alone bool?. */
export type ResolveColumn<T, S> = Settled<Resolve<T, S>>
type Settled<D> = IsAny<D> extends true ? any : D extends 'int' | 'big' ? 'int64' : D extends 'int?' | 'big?' ? 'int64?' : D extends 'fraction' ? 'float64' : D extends 'fraction?' ? 'float64?' : D extends 'null' ? 'bool?' : D

/** How messages call a value. */
export type NameOf<T> = T extends Of<infer N> ? `'${N}'` : 'the value'
/** How messages call a type. */
export type Show<D> = D extends `int64#${infer Q}` ? `int64${Q}` : D extends string ? D : 'unknown'
type Wants<F extends string, K> = F extends 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le' | 'isIn' | 'between' | 'fillNull' ? `${F}(${K extends 'digits' ? 'string' : K & string})` : `${F}()`
/** The messages for needs that S doesn't meet; never when all is well. Distributes over the union of needs. */
export type Unmet<N, S> =
  N extends Need<infer T, infer K, infer F>
    ? UnmetNeed<Resolve<T, S>, K, F, T>
    : N extends string
      ? N
      : N extends Same<infer A, infer B, infer F>
        ? UnmetSame<Resolve<A, S>, Resolve<B, S>, F, A, B>
        : never
type UnmetNeed<D, K extends Kind, F extends string, T> =
  IsAny<D> extends true
    ? never
    : D extends Fail<infer M>
      ? M
      : Bare<D> extends Kinds[K] | LooseNumber | 'null'
        ? never
        : `${NameOf<T>} is ${Show<D>}: ${Wants<F, K>} does not apply`
type Group<D> = D extends NumericType | LooseNumber ? 'number' : D extends TimeType ? 'time' : D
/** The message where two types don't compare. */
export type UnmetSame<D, E, F extends string, A, B> =
  IsAny<D> extends true
    ? never
    : IsAny<E> extends true
      ? never
      : D extends Fail<infer M>
        ? M
        : E extends Fail<infer M>
          ? M
          : D extends 'null'
            ? never
            : E extends 'null'
              ? never
              : Group<Bare<D>> extends Group<Bare<E>>
                ? never
                : `${NameOf<A>} is ${Show<D>} but ${NameOf<B>} is ${Show<E>}: ${F}() does not apply`
/** The message of a Fail. */
export type Failure<D> = IsAny<D> extends true ? never : D extends Fail<infer M> ? M : never

type Problems<E, S> = E extends Typed<infer T, infer N> ? (IsAny<N> extends true ? never : Unmet<N, S> | Failure<Resolve<T, S>>) : never
/** E where it fits S; else a string literal type whose text is the error message. */
export type Fits<E, S, F extends string> = [Problems<E, S>] extends [never] ? E : `${F}: ${Problems<E, S> & string}`
/** As Fits, for conditions. */
export type FitsBool<E, S, F extends string> = [Problems<E, S> | NotBool<E, S>] extends [never] ? E : `${F}: ${(Problems<E, S> | NotBool<E, S>) & string}`
type NotBool<E, S> = E extends Typed<infer T, any> ? NotBoolOf<Resolve<T, S>, T> : never
type NotBoolOf<D, T> =
  IsAny<D> extends true ? never : D extends Fail<any> ? never : Bare<D> extends 'bool' ? never : `${NameOf<T>} is ${Show<D>}, and a condition must be bool`
/** A record of expressions, each of which fits S. */
export type FitsAll<E, S, F extends string> = { [K in keyof E]: Fits<E[K], S, F> }
/** The column type of an expression in S. */
export type TypeOf<E, S> = E extends Typed<infer T, any> ? ResolveColumn<T, S> : never
/** The schema that a record of expressions makes. */
export type TypesOf<E, S> = { -readonly [K in keyof E]: TypeOf<E[K], S> }
