// agg.custom: an aggregate that the user wrote, as four functions over plain values.
import { PlanError } from '../base/errors.ts'
import { parseType, type TypeName } from '../batch/type-name.ts'
import { customFn } from '../expr/aggregate-calls.ts'
import type { AggregateFunctions } from '../operators/custom-aggregate.ts'
import { AggregateExpr, type Argument, type NeedsOfArgument } from './aggregates.ts'
import { expressionOf } from './expression-of.ts'
import type { Need, Of, SymbolOf } from './resolve-types.ts'
import type { Js } from './types.ts'

/** An aggregate of one's own. `S` is its state: any value; `V` the arrays of values that `update` takes, one a column. */
export interface CustomAggregate<S, V extends unknown[], K extends TypeName> {
  /** The state of no rows. */
  init(): S
  /** Takes a group's rows of one batch, null where a column is, into a state fresh of `init`; returns the state, or nothing where it changed it. */
  update(state: NoInfer<S>, ...values: V): NoInfer<S> | void
  /** Joins two states, the rows of `a` before those of `b`. It may change `a` and return it. */
  merge(a: NoInfer<S>, b: NoInfer<S>): NoInfer<S>
  /** The result. Groups that no row is left of (a `where`, a frame without rows) get that of `init()`. */
  finish(state: NoInfer<S>): Js<K>
  /** The type of the result, such as 'float64', or 'float64?' where it may be null. */
  type: K
}

type SymbolOfArgument<A> = A extends string ? Of<A> : SymbolOf<A>
type ValuesOf<A> = A extends readonly unknown[] ? { -readonly [P in keyof A]: any[] } : [values: any[]]
type Single<A> = A extends readonly (infer E)[] ? E : A
type Custom<K, A> = AggregateExpr<K, NeedsOfArgument<A> | (A extends Argument ? Need<SymbolOfArgument<A>, 'any', 'custom'> : never), Extract<A, string>>

/**
 * An aggregate of one's own, over a column, an expression, or several of them: each batch makes a state of a group's rows by `init` and `update`, `merge`
 * joins it to the group's, `finish` makes the result. For `groupBy(…).agg` without windows, and `frame.agg`. Leaves the fast path: the whole step runs on
 * the main thread in source order, keeps its states in memory, and can't be checkpointed. What the functions throw is a DataError USER_FUNCTION that names
 * the aggregate and the group; a result of another type is VALUE_TYPE. Throws PlanError FUNCTION where one is missing.
 */
export function custom<const A extends Argument | readonly Argument[], S, const K extends TypeName>(of: A, functions: CustomAggregate<S, ValuesOf<A>, K>): Custom<K, Single<A>> {
  const missing = (['init', 'update', 'merge', 'finish'] as const).find(name => typeof functions?.[name] !== 'function')
  if (missing) throw new PlanError('FUNCTION', `custom: ${missing} is ${typeof functions?.[missing]}; give a function`)
  const { type } = functions
  if (typeof type !== 'string') throw new PlanError('FUNCTION', `custom: type is ${typeof type}; give the type of the result, such as 'float64'`)
  parseType(type, 'custom')
  const [input, ...args] = ((Array.isArray(of) ? of : [of]) as readonly Argument[]).map(one => (typeof one === 'string' ? one : expressionOf(one, 'custom')))
  if (input === undefined) throw new PlanError('AGGREGATE', 'custom: no column given; name one, or give an expression')
  return new AggregateExpr({ fn: customFn, input, ...(args.length > 0 && { args }), options: { type } }, functions as unknown as AggregateFunctions)
}
