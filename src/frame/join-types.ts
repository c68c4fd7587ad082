// What a join does to schemas, at compile time. Nothing here runs.
import type { Promote } from './resolve-types.ts'
import type { Bare, Flat, IsAny, KnownOf, Leave, OrNull } from './types.ts'

/** The kinds of joins. */
export type JoinHow = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti'
type Suffixed<R, C, X extends string> = { [K in keyof R as K extends C ? `${K & string}${X}` : K]: R[K] }
/** A schema whose columns may all be null. */
export type Nullable<S> = { [K in keyof S]: OrNull<S[K]> }
type WhereIf<C, S> = C extends true ? Nullable<S> : S
// A key of a right or full join may be the right side's value.
type EitherKey<A, B> = IsAny<A> extends true ? any : IsAny<B> extends true ? any : B extends `${string}?` ? OrNull<Promote<Bare<A>, Bare<B>>> : Promote<A, B>
type LeftSide<S, R, L, RK, H> = H extends 'right' | 'full' ? { [K in keyof S]: K extends L ? EitherKey<S[K], R[RK & keyof R]> : OrNull<S[K]> } : S
/** A joined schema: the right key is dropped, clashing names of the right get the suffix, and the side that may be missing is null there. */
export type Joined<S, R, L, RK, X extends string, H> = H extends 'semi' | 'anti'
  ? S
  : IsAny<R> extends true
    ? Flat<LeftSide<S, R, L, RK, H> & { [column: string]: any }>
    : string extends keyof R
      ? Flat<Flat<LeftSide<S, R, L, RK, H> & WhereIf<H extends 'left' | 'full' ? true : false, KnownOf<R>>> & { [column: string]: any }>
      : Flat<LeftSide<S, R, L, RK, H> & WhereIf<H extends 'left' | 'full' ? true : false, Suffixed<Leave<R, RK>, keyof S, X>>>
