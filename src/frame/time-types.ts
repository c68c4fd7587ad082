// What adding spans to times, and taking times from times, gives at compile time. Nothing here runs.
import type { Fail, NameOf, Promote, Show, Written } from './resolve-types.ts'
import type { Bare, IsAny, NumericType, OrNull } from './types.ts'
import type { LooseNumber } from './wider-types.ts'

type Unit = 's' | 'ms' | 'us' | 'ns'
type Finer<A, B> = A extends 'ns' ? A : B extends 'ns' ? B : A extends 'us' ? A : B extends 'us' ? B : A extends 'ms' ? A : B extends 'ms' ? B : A
/** The unit of a timestamp, with or without a zone. */
export type StampUnit<A> = A extends `timestamp[${infer X}]` ? (X extends `${infer U}, ${string}` ? U : X) : never
type IsSpan<V> = V extends `${'' | '-' | '+'}P${string}` | `${number}${Unit | 'm' | 'h' | 'd'}` ? true : false

/** The type of A ± B for types that may not be null; never where they don't go together. */
export type TimeSum<A, B, O extends 'add' | 'sub'> = B extends Written<infer V>
  ? WrittenSum<A, V, O>
  : O extends 'add'
    ? [Spanned<A, B>] extends [never]
      ? Spanned<B, A>
      : Spanned<A, B>
    : [Spanned<A, B>] extends [never]
      ? Difference<A, B>
      : Spanned<A, B>

type WrittenSum<A, V extends string, O> = A extends 'date'
  ? O extends 'sub'
    ? IsSpan<V> extends true
      ? DatePlus<V>
      : 'duration[s]'
    : DatePlus<V>
  : A extends `timestamp[${string}]` | `time[${string}]`
    ? O extends 'sub'
      ? IsSpan<V> extends true
        ? A
        : string extends V
          ? A
          : `duration[${A extends `time[${infer U}]` ? U : StampUnit<A>}]`
      : A
    : A extends 'interval' | `duration[${string}]`
      ? A
      : never
type DatePlus<V extends string> = V extends `${string}T${string}` | `${number}${string}` ? 'timestamp[us]' : 'date'

// A time or span and a span.
type Spanned<A, B> = B extends 'interval'
  ? A extends 'interval' | `timestamp[${string}]`
    ? A
    : A extends 'date'
      ? 'timestamp[us]'
      : never
  : B extends `duration[${infer V extends Unit}]`
    ? A extends 'date'
      ? `timestamp[${V}]`
      : A extends `timestamp[${infer U extends Unit}, ${infer Z}]`
        ? `timestamp[${Finer<U, V>}, ${Z}]`
        : A extends `${infer K extends 'timestamp' | 'time' | 'duration'}[${infer U extends Unit}]`
          ? `${K}[${Finer<U, V>}]`
          : never
    : never

type UnitOf<A> = A extends 'date' ? 's' : StampUnit<A>
type Difference<A, B> = A extends `time[${infer U extends Unit}]`
  ? B extends `time[${infer V extends Unit}]`
    ? `duration[${Finer<U, V>}]`
    : never
  : [UnitOf<A>] extends [never]
    ? never
    : [UnitOf<B>] extends [never]
      ? never
      : `duration[${Finer<UnitOf<A>, UnitOf<B>>}]`

/** The resolved type of a sum or difference of A and B, whose types are D and E. */
export type AddedTo<D, E, O extends 'add' | 'sub', A, B> =
  D extends Fail<any>
    ? D
    : E extends Fail<any>
      ? E
      : IsAny<D> extends true
        ? any
        : IsAny<E> extends true
          ? any
          : Bare<D> extends NumericType | LooseNumber | 'null'
            ? E extends Written<any>
              ? Mismatch<D, 'utf8', O, A, B>
              : Bare<E> extends NumericType | LooseNumber | 'null'
                ? Promote<D, E>
                : TimesOf<D, E, O, A, B>
            : TimesOf<D, E, O, A, B>
type TimesOf<D, E, O extends 'add' | 'sub', A, B> =
  D extends `${infer X}?`
    ? OrNull<TimesOf<X, E, O, A, B>>
    : E extends `${infer Y}?`
      ? OrNull<TimesOf<D, Y, O, A, B>>
      : E extends 'null'
        ? OrNull<D>
        : [TimeSum<D, E, O>] extends [never]
          ? Mismatch<D, E, O, A, B>
          : TimeSum<D, E, O>
type Mismatch<D, E, O extends string, A, B> = Fail<`${NameOf<A>} is ${Show<D>} but ${NameOf<B>} is ${E extends Written<any> ? 'utf8' : Show<E>}: ${O}() does not apply`>
