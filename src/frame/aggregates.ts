// Aggregates as users write them, in groupBy(…).agg({ … }): plain data that carries the type of its result.
import type { AggregateCall } from '../expr/aggregate-calls.ts'
import { callExpression, type Expression } from '../expr/expression.ts'
import { expressionOf, ExprValue } from './expr.ts'
import type {
  AnyExpr,
  brand,
  Failure,
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
import type { CountType, IsAny } from './types.ts'

/** An aggregate. `call` is its plain data; `columns` the type of the names it reads, so that editors complete them. */
export class AggregateExpr<in out T, out N, out C extends string = never> {
  declare readonly [brand]: [T, N]
  declare readonly columns: C
  readonly call: AggregateCall
  constructor(call: AggregateCall) {
    this.call = call
  }
  /** Only the rows for which a condition is true. Where a group has none, the result is null (a count is 0). Twice: both must hold. */
  where<E extends AnyExpr>(condition: E): AggregateExpr<T extends CountType ? T : Maybe<Made<T>>, N | NeedsOf<E> | Needs<SymbolOf<E>, 'bool', 'where'>, C> {
    const also = expressionOf(condition)
    const all: Expression = this.call.where ? callExpression('and', [this.call.where, also]) : also
    return new AggregateExpr({ ...this.call, where: all })
  }
}

type Argument = string | AnyExpr
type SymbolOfArgument<A> = A extends string ? Of<A> : SymbolOf<A>
type NeedsOfArgument<A> = A extends Typed<any, infer N> ? N : never
type Aggregated<T, A, N> = AggregateExpr<T, NeedsOfArgument<A> | N, Extract<A, string>>

/** Any aggregate over columns C. */
export type AnyAggregate<C extends string = string> = AggregateExpr<any, any, C>
type Problems<E, S> = E extends Typed<infer T, infer N> ? (IsAny<N> extends true ? never : Unmet<N, S> | Failure<Resolve<T, S>>) : never
/** E where it fits S; else a string literal type whose text is the error message. */
export type FitsAggregate<E, S> = [Problems<E, S>] extends [never] ? E : `agg: ${Problems<E, S> & string}`
/** The column type of an aggregate in S. */
export type AggregateType<E, S> = E extends Typed<infer T, any> ? ResolveColumn<T, S> : never

function aggregate(fn: string, of: Argument | undefined): AggregateCall {
  if (of === undefined) return { fn }
  return { fn, input: of instanceof ExprValue ? of.expression : typeof of === 'string' ? of : expressionOf(of) }
}

/** The rows of a group, as int64 that rows hold as a number; with a column or expression those where it is not null. */
export function count<const A extends Argument = never>(
  of?: A,
): AggregateExpr<CountType, NeedsOfArgument<A> | ([A] extends [never] ? never : Need<SymbolOfArgument<A>, 'any', 'count'>), Extract<A, string>> {
  return new AggregateExpr(aggregate('count', of))
}

/** The sum of what is not null: int64 of integers (a DataError INT_OVERFLOW beyond), float64 of floats. Null where nothing is. */
export function sum<const A extends Argument>(of: A): Aggregated<Wider<SymbolOfArgument<A>>, A, Need<SymbolOfArgument<A>, 'number', 'sum'>> {
  return new AggregateExpr(aggregate('sum', of))
}

/** The mean of what is not null, as float64. */
export function mean<const A extends Argument>(of: A): Aggregated<StrictOf<'float64', SymbolOfArgument<A>>, A, Need<SymbolOfArgument<A>, 'number', 'mean'>> {
  return new AggregateExpr(aggregate('mean', of))
}

/** The least value that is not null; strings by code points. */
export function min<const A extends Argument>(of: A): Aggregated<SymbolOfArgument<A>, A, Need<SymbolOfArgument<A>, 'any', 'min'>> {
  return new AggregateExpr(aggregate('min', of))
}

/** The greatest value that is not null; strings by code points. */
export function max<const A extends Argument>(of: A): Aggregated<SymbolOfArgument<A>, A, Need<SymbolOfArgument<A>, 'any', 'max'>> {
  return new AggregateExpr(aggregate('max', of))
}
