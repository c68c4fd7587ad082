// Aggregates as users write them, in groupBy(…).agg({ … }): plain data that carries the type of its result.
import type { AggregateOptions } from '../compute/aggregate-contract.ts'
import type { AggregateCall } from '../expr/aggregate-calls.ts'
import { callExpression, type Expression } from '../expr/expression.ts'
import type { AggregateFunctions } from '../operators/custom-aggregate.ts'
import { expressionOf, ExprValue } from './expr.ts'
import type {
  AnyExpr,
  Between,
  brand,
  Failure,
  Kind,
  Listed,
  ListedNullable,
  Made,
  Maybe,
  Need,
  Needs,
  NeedsOf,
  Of,
  Resolve,
  ResolveColumn,
  StrictOf,
  SymbolOf,
  Typed,
  Unmet,
  Wider,
} from './resolve-types.ts'
import type { Order } from './orders.ts'
import type { CountType, IsAny } from './types.ts'
import { type Framed, type FrameSpec, type OverNeeds, type OverSpec, windowCall, WindowExpr } from './window-functions.ts'

/** An aggregate. `call` is its plain data; `columns` the type of the names it reads, so that editors complete them. */
export class AggregateExpr<in out T, out N, out C extends string = never> {
  declare readonly [brand]: [T, N]
  declare readonly columns: C
  readonly call: AggregateCall
  /** What an aggregate of the user's own does; the plan can't hold it. */
  readonly functions: AggregateFunctions | undefined
  constructor(call: AggregateCall, functions?: AggregateFunctions) {
    this.call = call
    this.functions = functions
  }
  /** Only the rows for which a condition is true. Where a group has none, the result is null (a count is 0). Twice: both must hold. */
  where<E extends AnyExpr>(condition: E): AggregateExpr<T extends CountType ? T : Maybe<Made<T>>, N | NeedsOf<E> | Needs<SymbolOf<E>, 'bool', 'where'>, C> {
    const also = expressionOf(condition)
    const all: Expression = this.call.where ? callExpression('and', [this.call.where, also]) : also
    return new AggregateExpr({ ...this.call, where: all }, this.functions)
  }
  /** Over the rows around each row, which all stay: for `with` and `select`. See OverSpec. */
  over<const B extends string | AnyExpr = never, const O extends string | Order | AnyExpr = never, const F extends FrameSpec | undefined = undefined>(
    spec: OverSpec<B, O> & { readonly frame?: F } = {},
  ): WindowExpr<Framed<T, F>, N | OverNeeds<B, O>> {
    return new WindowExpr(windowCall(this.call, spec))
  }
}

/** What an aggregate is over. */
export type Argument = string | AnyExpr
type SymbolOfArgument<A> = A extends string ? Of<A> : SymbolOf<A>
/** What an aggregate's argument needs of the columns. */
export type NeedsOfArgument<A> = A extends Typed<any, infer N> ? N : never
type Aggregated<T, A, N> = AggregateExpr<T, NeedsOfArgument<A> | N, Extract<A, string>>

/** Any aggregate over columns C. */
export type AnyAggregate<C extends string = string> = AggregateExpr<any, any, C>
type Problems<E, S> = E extends Typed<infer T, infer N> ? (IsAny<N> extends true ? never : Unmet<N, S> | Failure<Resolve<T, S>>) : never
/** E where it fits S; else a string literal type whose text is the error message. */
export type FitsAggregate<E, S> = [Problems<E, S>] extends [never] ? E : `agg: ${Problems<E, S> & string}`
/** The column type of an aggregate in S. */
export type AggregateType<E, S> = E extends Typed<infer T, any> ? ResolveColumn<T, S> : never

type Given = Argument | undefined

function aggregate(fn: string, of: readonly Given[], options: AggregateOptions = {}): AggregateCall {
  const given = of.filter(one => one !== undefined).map(one => (one instanceof ExprValue ? one.expression : typeof one === 'string' ? one : expressionOf(one)))
  const [input, ...args] = given
  const set = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return { fn, ...(input !== undefined && { input }), ...(args.length > 0 && { args }), ...(Object.keys(set).length > 0 && { options: set }) }
}

type One<T, A, K extends Kind, F extends string> = Aggregated<T, A, Need<SymbolOfArgument<A>, K, F>>
type Two<T, A, B, K extends Kind, L extends Kind, F extends string> = AggregateExpr<
  T,
  NeedsOfArgument<A> | NeedsOfArgument<B> | Need<SymbolOfArgument<A>, K, F> | Need<SymbolOfArgument<B>, L, F>,
  Extract<A | B, string>
>
type Same<A> = SymbolOfArgument<A>

/** Of a sample (the default), or of all there is. */
export interface SpreadOptions {
  readonly population?: boolean
}

/** The rows of a group, as int64 that rows hold as a number; with a column or expression those where it is not null. */
export function count<const A extends Argument = never>(
  of?: A,
): AggregateExpr<CountType, NeedsOfArgument<A> | ([A] extends [never] ? never : Need<SymbolOfArgument<A>, 'any', 'count'>), Extract<A, string>> {
  return new AggregateExpr(aggregate('count', [of]))
}

/** How many different values there are that are not null, exactly. NaN equals NaN, −0 equals 0. */
export function countDistinct<const A extends Argument>(of: A): One<CountType, A, 'any', 'countDistinct'> {
  return new AggregateExpr(aggregate('countDistinct', [of]))
}

/** About how many different values there are that are not null: within 0.8 % (one standard error), at most 16 KiB a group; by HyperLogLog. */
export function approxCountDistinct<const A extends Argument>(of: A): One<CountType, A, 'any', 'approxCountDistinct'> {
  return new AggregateExpr(aggregate('approxCountDistinct', [of]))
}

/**
 * The sum of what is not null: int64 of integers, uint64 of unsigned ones, decimal(38, s) of decimals, all exact, durations of durations; float64 of floats,
 * compensated, so that the order of rows does not show. Null where nothing is. A DataError SUM_OVERFLOW where the sum does not fit; `overflow: 'wrap'` lets
 * integers wrap around instead.
 */
export function sum<const A extends Argument>(of: A, options: { overflow?: 'error' | 'wrap' } = {}): One<Wider<Same<A>>, A, 'summed', 'sum'> {
  return new AggregateExpr(aggregate('sum', [of], { ...options }))
}

/** The mean of what is not null, as float64; of times and durations one of these, rounded. */
export function mean<const A extends Argument>(of: A): One<Between<Same<A>>, A, 'averaged', 'mean'> {
  return new AggregateExpr(aggregate('mean', [of]))
}

/** The least value that is not null; strings by code points, NaN above every number. */
export function min<const A extends Argument>(of: A): One<Same<A>, A, 'ordered', 'min'> {
  return new AggregateExpr(aggregate('min', [of]))
}

/** The greatest value that is not null; strings by code points, NaN above every number. */
export function max<const A extends Argument>(of: A): One<Same<A>, A, 'ordered', 'max'> {
  return new AggregateExpr(aggregate('max', [of]))
}

/** Whether a condition is true in any row; rows where it is null don't count. */
export function any<const A extends Argument>(of: A): One<Same<A>, A, 'bool', 'any'> {
  return new AggregateExpr(aggregate('any', [of]))
}

/** Whether a condition is true in every row; rows where it is null don't count. */
export function every<const A extends Argument>(of: A): One<Same<A>, A, 'bool', 'every'> {
  return new AggregateExpr(aggregate('every', [of]))
}

/** The variance, of a sample unless `population`, in one stable pass; null of fewer than two values (of a population: of none). */
export function variance<const A extends Argument>(of: A, options: SpreadOptions = {}): One<'float64?', A, 'number', 'variance'> {
  return new AggregateExpr(aggregate('variance', [of], { ...options }))
}

/** The standard deviation: the root of the variance. */
export function stddev<const A extends Argument>(of: A, options: SpreadOptions = {}): One<'float64?', A, 'number', 'stddev'> {
  return new AggregateExpr(aggregate('stddev', [of], { ...options }))
}

/** Pearson's correlation of the rows where both are not null; null of fewer than two, or where either does not vary. */
export function corr<const A extends Argument, const B extends Argument>(x: A, y: B): Two<'float64?', A, B, 'number', 'number', 'corr'> {
  return new AggregateExpr(aggregate('corr', [x, y]))
}

/** The covariance, of a sample unless `population`, of the rows where both are not null. */
export function covariance<const A extends Argument, const B extends Argument>(
  x: A,
  y: B,
  options: SpreadOptions = {},
): Two<'float64?', A, B, 'number', 'number', 'covariance'> {
  return new AggregateExpr(aggregate('covariance', [x, y], { ...options }))
}

/** The value in the middle, between two their mean: float64 of numbers; of times and durations one of these, rounded. Exact: all values are kept. */
export function median<const A extends Argument>(of: A): One<Between<Same<A>>, A, 'measured', 'median'> {
  return new AggregateExpr(aggregate('median', [of]))
}

/**
 * The value below which a share `q` (0 to 1) of the values lies, linear between two; as `median` otherwise. With `approximate` numbers go into t-digests, at
 * most 8 KiB a group: the share below the result is within 0.5 % of `q` in the middle, closer at the ends; NaN don't count.
 */
export function quantile<const A extends Argument>(of: A, q: number, options: { approximate?: boolean } = {}): One<Between<Same<A>>, A, 'measured', 'quantile'> {
  return new AggregateExpr(aggregate('quantile', [of], { q, ...options }))
}

/** The first value in source order that is not null, at any parallelism. */
export function first<const A extends Argument>(of: A): One<Same<A>, A, 'any', 'first'> {
  return new AggregateExpr(aggregate('first', [of]))
}

/** The last value in source order that is not null, at any parallelism. */
export function last<const A extends Argument>(of: A): One<Same<A>, A, 'any', 'last'> {
  return new AggregateExpr(aggregate('last', [of]))
}

/** Some value that is not null. */
export function anyValue<const A extends Argument>(of: A): One<Same<A>, A, 'any', 'anyValue'> {
  return new AggregateExpr(aggregate('anyValue', [of]))
}

/** `of` in the row where `by` is least, in the first of several; it may be null there. Rows where `by` is null don't count. */
export function argMin<const A extends Argument, const B extends Argument>(of: A, by: B): Two<Same<A>, A, B, 'any', 'ordered', 'argMin'> {
  return new AggregateExpr(aggregate('argMin', [by, of]))
}

/** `of` in the row where `by` is greatest, in the first of several; it may be null there. Rows where `by` is null don't count. */
export function argMax<const A extends Argument, const B extends Argument>(of: A, by: B): Two<Same<A>, A, B, 'any', 'ordered', 'argMax'> {
  return new AggregateExpr(aggregate('argMax', [by, of]))
}

/**
 * A list of the `k` greatest values that are not null, the greatest first; with `least` the least, the least first. With `by`, `of` in the rows where
 * that column is greatest, which may be null; of equal rows the first comes first.
 */
export function topK<const A extends Argument, const B extends Argument = never>(
  of: A,
  k: number,
  options: { by?: B; least?: boolean } = {},
): [B] extends [never] ? One<Listed<Same<A>>, A, 'ordered', 'topK'> : Two<ListedNullable<Same<A>>, A, B, 'any', 'ordered', 'topK'> {
  const { by, ...rest } = options
  return new AggregateExpr(by === undefined ? aggregate('topK', [of], { k, ...rest }) : aggregate('topKBy', [by, of], { k, ...rest })) as never
}

/** All values that are not null, in source order, as a list. */
export function list<const A extends Argument>(of: A): One<Listed<Same<A>>, A, 'any', 'list'> {
  return new AggregateExpr(aggregate('list', [of]))
}

/** The value that comes most often; of several the least. */
export function mode<const A extends Argument>(of: A): One<Same<A>, A, 'ordered', 'mode'> {
  return new AggregateExpr(aggregate('mode', [of]))
}

/** The product of what is not null, as float64. */
export function product<const A extends Argument>(of: A): One<StrictOf<'float64', Same<A>>, A, 'number', 'product'> {
  return new AggregateExpr(aggregate('product', [of]))
}

/** The bits that all integers have. */
export function bitAnd<const A extends Argument>(of: A): One<Same<A>, A, 'integer', 'bitAnd'> {
  return new AggregateExpr(aggregate('bitAnd', [of]))
}

/** The bits that any integer has. */
export function bitOr<const A extends Argument>(of: A): One<Same<A>, A, 'integer', 'bitOr'> {
  return new AggregateExpr(aggregate('bitOr', [of]))
}

/** The bits that an odd number of integers has. */
export function bitXor<const A extends Argument>(of: A): One<Same<A>, A, 'integer', 'bitXor'> {
  return new AggregateExpr(aggregate('bitXor', [of]))
}
