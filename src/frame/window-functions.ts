// Functions over the rows around a row: rowNumber().over({ by: 'auction', orderBy: desc('price') }), and aggregates with .over(…). They go into with and select.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { AggregateOptions } from '../compute/aggregate-contract.ts'
import { type Expression, literalExpression } from '../expr/expression.ts'
import { ExprValue } from './expr.ts'
import { expressionOf } from './expression-of.ts'
import { orderOf, type Order } from './orders.ts'
import type { AnyExpr, brand, Maybe, Need, NeedsOf, Of, OperandFor, SymbolOf } from './resolve-types.ts'
import type { CountType } from './types.ts'

/** A bound of a frame: rows (or a distance of the key) before where negative, behind where positive; 0 is the row (and its peers). */
export type FrameBound = number | 'unbounded'
/** Which rows of the partition count: so many rows around, or those whose one order key is so near (a duration for times). */
export type FrameSpec = { readonly rows: readonly [FrameBound, FrameBound] } | { readonly range: readonly [FrameBound | Duration, FrameBound | Duration] }

type Key = string | AnyExpr
type OrderArgument = string | Order | AnyExpr

/**
 * Over which rows: of equal `by`, in the order `orderBy`. Without a frame: up to the row and its peers where there is an order, else the whole partition.
 * On a stream results change as rows come, and whole partitions are kept; but where the order begins with the time of the watermark, rising, and no frame reaches behind the row (nor is a
 * function of the whole partition, such as ntile), rows come out once, in their order, when the watermark has passed them: then only what frames reach back to is kept, and late rows, and
 * those without a time, are left out and counted.
 */
export interface OverSpec<B extends Key = Key, O extends OrderArgument = OrderArgument> {
  readonly by?: B | readonly B[]
  readonly orderBy?: O | readonly O[]
  readonly frame?: FrameSpec
}

/** A window function as plain data. */
export interface WindowCall {
  readonly fn: string
  readonly input?: string | Expression
  readonly args?: readonly (string | Expression)[]
  readonly options?: AggregateOptions
  readonly where?: Expression
  readonly fallback?: Expression
  readonly by: readonly (string | Expression)[]
  readonly orderBy: readonly Order[]
  readonly frame?: Json
}

/** A value per row that is computed over other rows too. For `with` and `select` as it stands; further expressions go into the next `with`. */
export class WindowExpr<in out T, out N> {
  declare readonly [brand]: [T, N]
  readonly window: WindowCall
  constructor(window: WindowCall) {
    this.window = window
  }
}

type NeedOf<K> = K extends string ? Need<Of<K>, 'any', 'over'> : K extends Order<infer C> ? NeedsOf<K> | ([C] extends [never] ? never : Need<Of<C>, 'any', 'over'>) : K extends AnyExpr ? NeedsOf<K> : never
/** What the columns of an `over` need. */
export type OverNeeds<B, O> = NeedOf<B> | NeedOf<O>
/** T, or null where a frame may be empty. */
export type Framed<T, F> = F extends FrameSpec ? (T extends CountType ? T : Maybe<T>) : T

/** A window function that waits to hear over which rows. */
export class WindowFunction<in out T, out N> {
  readonly #call: Omit<WindowCall, 'by' | 'orderBy' | 'frame'>
  constructor(call: Omit<WindowCall, 'by' | 'orderBy' | 'frame'>) {
    this.#call = call
  }
  /** Over these rows. Throws PlanError OVER. */
  over<const B extends Key = never, const O extends OrderArgument = never>(spec: OverSpec<B, O> = {}): WindowExpr<T, N | OverNeeds<B, O>> {
    return new WindowExpr(windowCall(this.#call, spec))
  }
}

/** The number of the row in its partition, from 1. */
export function rowNumber(): WindowFunction<CountType, never> {
  return new WindowFunction({ fn: 'rowNumber' })
}
/** The number of rows before it, plus 1: equal rows have one rank, and the next one is higher by their number. */
export function rank(): WindowFunction<CountType, never> {
  return new WindowFunction({ fn: 'rank' })
}
/** As `rank`, without gaps. */
export function denseRank(): WindowFunction<CountType, never> {
  return new WindowFunction({ fn: 'denseRank' })
}
/** (rank − 1) / (rows − 1), from 0 to 1; 0 in a partition of one row. */
export function percentRank(): WindowFunction<'float64', never> {
  return new WindowFunction({ fn: 'percentRank' })
}
/** The share of the partition's rows that are before or equal. */
export function cumeDist(): WindowFunction<'float64', never> {
  return new WindowFunction({ fn: 'cumeDist' })
}
/** The partition in `buckets` parts of nearly equal size, the larger ones first: which one the row is in, from 1. */
export function ntile(buckets: number): WindowFunction<CountType, never> {
  if (!Number.isSafeInteger(buckets) || buckets < 1) throw new PlanError('OVER', `ntile: ${buckets} is no number of buckets; give a whole number from 1`)
  return new WindowFunction({ fn: 'ntile', options: { n: buckets } })
}

type SymbolOfKey<A> = A extends string ? Of<A> : SymbolOf<A>
type NeedsOfKey<A> = A extends string ? Need<Of<A>, 'any', 'over'> : NeedsOf<A>

/** The value `offset` rows before (1 unless said), in the order; null, or `fallback`, where there is no such row. */
export function lag<const A extends Key, const D extends OperandFor<SymbolOfKey<A>> | null = null>(of: A, offset = 1, fallback?: D): WindowFunction<Shifted<A, D>, NeedsOfKey<A>> {
  return new WindowFunction(shift('lag', of, offset, fallback))
}
/** The value `offset` rows behind. */
export function lead<const A extends Key, const D extends OperandFor<SymbolOfKey<A>> | null = null>(of: A, offset = 1, fallback?: D): WindowFunction<Shifted<A, D>, NeedsOfKey<A>> {
  return new WindowFunction(shift('lead', of, offset, fallback))
}
type Shifted<A, D> = D extends null ? Maybe<SymbolOfKey<A>> : SymbolOfKey<A>

/** The value of the frame's row number `n`, from 1; null where the frame is shorter. */
export function nthValue<const A extends Key>(of: A, n: number): WindowFunction<Maybe<SymbolOfKey<A>>, NeedsOfKey<A>> {
  if (!Number.isSafeInteger(n) || n < 1) throw new PlanError('OVER', `nthValue: ${n} is no row of a frame; give a whole number from 1`)
  return new WindowFunction({ fn: 'nthValue', input: keyOf(of), options: { n } })
}

function shift(fn: string, of: Key, offset: number, fallback: unknown): Omit<WindowCall, 'by' | 'orderBy'> {
  if (!Number.isSafeInteger(offset)) throw new PlanError('OVER', `${fn}: the offset is ${offset}; give a whole number`)
  return { fn, input: keyOf(of), options: { offset }, ...(fallback !== undefined && fallback !== null && { fallback: literalExpression(fallback) }) }
}

function keyOf(key: unknown): string | Expression {
  return typeof key === 'string' ? key : key instanceof ExprValue ? key.expression : expressionOf(key, 'over')
}

/** The plain data of a function over rows. Throws PlanError OVER. */
export function windowCall(call: Omit<WindowCall, 'by' | 'orderBy' | 'frame'>, { by = [], orderBy = [], frame, ...rest }: OverSpec): WindowCall {
  for (const name of Object.keys(rest)) throw new PlanError('OVER', `over: no option "${name}"; there are by, orderBy and frame`)
  const list = <V>(value: V | readonly V[]) => (Array.isArray(value) ? value : [value]) as readonly V[]
  const orders = list(orderBy).map(key => orderOf(key, 'over'))
  if (orders.some(order => order.pick)) throw new PlanError('SELECTOR', 'over: a selector given where a column or an expression is wanted; name the columns to order by')
  if (orders.length === 0 && ['rank', 'denseRank', 'percentRank', 'cumeDist'].includes(call.fn))
    throw new PlanError('OVER', `${call.fn}: it compares rows by an order; give over({ orderBy: … })`)
  return { ...call, by: list(by).map(keyOf), orderBy: orders, ...(frame !== undefined && { frame: frameOf(frame, orders.length) }) }
}

// Unbounded is null, durations are milliseconds: plain data.
function frameOf(frame: FrameSpec, orders: number): Json {
  const [kind, bounds] = 'rows' in frame ? (['rows', frame.rows] as const) : (['range', frame.range] as const)
  if (!Array.isArray(bounds) || bounds.length !== 2) throw new PlanError('OVER', 'over: a frame is { rows: [from, to] } or { range: [from, to] }')
  const bound = (value: FrameBound | Duration): number | null => {
    if (value === 'unbounded' || value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return null
    if (typeof value === 'string') return value.startsWith('-') ? -parseDuration(value.slice(1) as Duration, 'over') : parseDuration(value as Duration, 'over')
    if (kind === 'rows' && !Number.isSafeInteger(value)) throw new PlanError('OVER', `over: ${value} is no number of rows; give a whole number or 'unbounded'`)
    if (Number.isNaN(value)) throw new PlanError('OVER', "over: a bound of the frame is NaN; give a number or 'unbounded'")
    return value
  }
  const [from, to] = [bound(bounds[0]!), bound(bounds[1]!)]
  if (kind === 'range' && orders !== 1 && [from, to].some(value => value !== null && value !== 0))
    throw new PlanError('OVER', `over: a range with distances needs one order key; ${orders} are given; use rows: [from, to], or one orderBy`)
  return { [kind]: [from, to] }
}
