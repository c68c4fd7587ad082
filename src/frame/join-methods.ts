// Two frames as one: rows of both sides by equal keys, by any condition, each with each.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { didYouMean } from '../base/names.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import type { Direction } from '../compute/join-order.ts'
import { type ColumnExpression, columnExpression, type Expression } from '../expr/expression.ts'
import { col } from './expr.ts'
import { isColumnSelector } from './selectors.ts'
import { expressionOf } from './expression-of.ts'
import type { ColumnExpr } from './expr-type.ts'
import type { Frame } from './frame-type.ts'
import type { Joined, JoinHow, Nullable } from './join-types.ts'
import { KeyLoader, type LookupAnswer, type LookupOptions, lookupOptions } from './lookup-function.ts'
import { ShapeSteps } from './shape-methods.ts'
import type { AnyExpr, Fits, FitsBool, Of, Typed, UnmetSame } from './resolve-types.ts'
import type { Clash, Flat, IsAny, Names, Put, Row, Schema, TimeNames } from './types.ts'
import type { Window, WindowColumns } from './windows.ts'

// By `infer`, for as long as the names are open the compiler would follow S[A] through all steps that made S.
type Compared<T, U, A, B> = [T, U] extends [infer D, infer E] ? UnmetSame<D, E, 'join', A, B> : never
type IsOne<N, All = N> = N extends unknown ? ([All] extends [N] ? true : false) : never
// The message for a pair of keys that don't compare. Of several keys the compiler doesn't see which goes with which; names that aren't inferred yet are several too.
type KeyClash<S, R, L, RK> = IsAny<R> extends true
  ? never
  : [L, RK] extends [infer A extends keyof S & string, infer B extends keyof R & string]
    ? [IsOne<A>, IsOne<B>] extends [true, true]
      ? Compared<S[A], R[B], Of<A>, Of<B>>
      : never
    : never
// The messages for names that both sides have, each in types of its own.
type SharedClash<S, R, K> = IsAny<R> extends true ? never : [K] extends [infer A extends keyof R & string] ? EachShared<S, R, A> : never
type EachShared<S, R, A extends keyof R & string> = A extends keyof S ? Compared<S[A], R[A], Of<A>, Of<A>> : never
type NameClash<S, R, RK, X, H> = H extends 'semi' | 'anti'
  ? never
  : string extends X
    ? IsAny<R> extends true
      ? never
      : [Clash<S, R, RK>] extends [never]
        ? never
        : `both sides have '${Clash<S, R, RK>}'; give suffix: '_right', or rename it`
    : never
// A key that is an expression: nothing is dropped then, since no column of the one side stands for one of the other.
type Name<K> = K extends string ? K : K extends Typed<Of<infer N>, any> ? N : { expression: true }
type HasExpression<K> = [Extract<Name<K>, { expression: true }>] extends [never] ? false : true
type Dropped<L, K> = HasExpression<L | K> extends true ? never : Name<K>
// The message for an expression that doesn't fit its side.
type BadKey<K, S> = [Exclude<K, string>] extends [never] ? never : BadExpression<Exclude<K, string>, S>
type BadExpression<K, S> = Fits<K, S, 'join'> extends infer M extends string ? M : never
type Keys<Clash, Bad, N> = [Clash | Bad] extends [never] ? N | readonly N[] : `join: ${Clash & string}` | Bad
type Suffix<S, R, RK, X, H> = [NameClash<S, R, RK, X, H>] extends [never] ? { suffix?: X } : { suffix: `join: ${NameClash<S, R, RK, X, H>}` }

type Side<S, N extends string> = { [K in `${N}.${keyof S & string}`]: K extends `${N}.${infer O}` ? S[O & keyof S] : never }
type SideColumns<S, N extends string> = string extends keyof S ? any : { readonly [K in keyof S]: ColumnExpr<Of<`${N}.${K & string}`>, never> }

/**
 * How two frames meet. Keys: `left` and `right`, one name or expression or as many of each; or `on`, what both sides have. `where`: a further condition over
 * the columns of both sides; a pair for which it isn't true doesn't meet, so that a left join keeps the left row. A range is a condition like any other,
 * `(l, r) => l.at.ge(r.start).and(l.at.lt(r.end))`, with keys beside it or none. `how`: 'inner', the default; 'left', 'right' or 'full' keep the rows of
 * that side that meet nothing; 'semi' keeps left rows that meet something, 'anti' those that meet nothing. `within`: bounds of the right row's time, both
 * inclusive: durations after the left row's time, or times of the left row. The times are those of the watermarks, or what `time` says. `ttl`, on a stream without `within`: rows
 * that came so long ago, by the clock, are forgotten, on both sides or on that side, so that memory is bounded. What was given of them stays given, also where they are taken back
 * later. Unless said rows are kept for good.
 */
export type JoinOn<S, R, L, RK, K, X, H, E> = MeetOn<S, R, L, RK, K, X, H, E> & {
  within?: readonly [lower: WithinBound<S>, upper: WithinBound<S>]
  time?: (TimeNames<S> & TimeNames<R>) | { left: TimeNames<S>; right: TimeNames<R> }
  ttl?: Duration | { left?: Duration; right?: Duration }
}

/** Keys, kind and condition of `JoinOn`. */
export type MeetOn<S, R, L, RK, K, X, H, E> = {
  left?: Keys<never, BadKey<L, S>, L>
  right?: Keys<KeyClash<S, R, Name<L>, Name<RK>>, BadKey<RK, R>, RK>
  on?: Keys<SharedClash<S, R, Name<K>>, BadKey<K, S> | BadKey<K, R>, K>
  how?: H
  where?: (left: SideColumns<S, 'left'>, right: SideColumns<R, 'right'>) => FitsBool<E, Side<S, 'left'> & Side<R, 'right'>, 'join'>
} & Suffix<S, R, Dropped<L, RK> | Dropped<never, K>, X, H>

/** A bound of the right row's time: a duration after the left row's, or a time of the left row. */
export type WithinBound<S> = Duration | TimeNames<S> | AnyExpr

/** The types of the family. */
export interface JoinMethods<in out S> {
  /**
   * Each left row with each right row it meets (see `JoinOn`); null keys meet nothing, NaN meets NaN, −0 meets 0. Keys of different number types meet by
   * value, exactly. The right keys are dropped; in a right or full join the key column holds the value of whichever side has one. Where a key is an
   * expression (other than a column) all columns of both sides stay as they are. Rows come in left order,
   * the matches of a row in right order, then what a right or full join adds; in no order where the right side doesn't fit into memory.
   * With `within`, where both sides have a watermark, rows come as they meet, or once they can meet nothing any more; both sides are kept until then, in memory
   * that their times bound, and rows that come later than the watermark are left out and counted.
   */
  join<R, const L extends Names<S> | AnyExpr = never, const RK extends Names<R> | AnyExpr = never, const K extends (Names<S> & Names<R>) | AnyExpr = never, const X extends string = string, const H extends JoinHow = 'inner', E extends AnyExpr = never>(
    right: Frame<R>,
    on: JoinOn<S, R, L, RK, K, X, H, E>,
  ): Frame<Joined<S, R, Dropped<RK, L> | Dropped<never, K>, Dropped<L, RK> | Dropped<never, K>, X, H>>
  /**
   * Each left row beside the right row that is nearest by a time or number: 'backward', the default, the last one at or before it, 'forward' the first one at or
   * after it, 'nearest' the nearer of both (the earlier one where both are as near). Nulls on the right where there is none, or none within the
   * tolerance: a duration for times, a number for numbers; or, with `how` 'inner', no row. Of equal right rows the last one is taken backward, the first one forward. Right keys
   * are dropped, the right time too: whoever wants it keeps it under another name. Rows come as in a left join.
   * On streams, backward only, this is the temporal join with a table of versions: with a watermark on both sides a left row comes out once that of both has passed its
   * time, beside the version that holds then. Left rows are kept until then, and of the versions before only the latest of each key; late rows of either side are left out and
   * counted. Without a watermark the right side must end, and is read first, whole, as by `lookup`.
   */
  asOf<R, const L extends Names<S>, const RK extends Names<R>, const K extends Names<S> & Names<R> = never, const BL extends Names<S> = never, const BR extends Names<R> = never, const X extends string = string, const H extends 'inner' | 'left' = 'left'>(
    right: Frame<R>,
    on: AsOfOn<S, R, L, RK, K, BL, BR, X, H>,
  ): Frame<Joined<S, R, L | K | BL, RK | K | BR, X, H>>
  /**
   * Each left row with each right row of the same window of event time and, where keys are given, of equal keys; beside the columns of `join` there are window_start
   * and window_end. On streams both sides need a watermark and are kept until it has passed their window; rows that come later are left out and counted. The rows of both sides
   * make sessions together: each joins or prolongs that of its keys; a session's rows meet when the watermark has reached its end.
   */
  windowJoin<R, const L extends Names<S> | AnyExpr = never, const RK extends Names<R> | AnyExpr = never, const K extends (Names<S> & Names<R>) | AnyExpr = never, const X extends string = string, const H extends JoinHow = 'inner', E extends AnyExpr = never>(
    right: Frame<R>,
    on: MeetOn<S, R, L, RK, K, X, H, E> & { window: Window<TimeNames<S>>; rightTime?: TimeNames<R> },
  ): Frame<Flat<Joined<S, R, Dropped<RK, L> | Dropped<never, K>, Dropped<L, RK> | Dropped<never, K>, X, H> & WindowColumns>>
  /**
   * Each row with the rows of a table of equal keys, as they were when the job began: the table is read first, whole, into memory, and must end; the rows then stream past it and
   * may never end. `how` is 'inner', the default, 'left', 'semi' or 'anti'. Columns as those of `join`. Throws DataError LOOKUP_SIZE where the table outgrows memory.
   */
  lookup<R, const L extends Names<S> | AnyExpr = never, const RK extends Names<R> | AnyExpr = never, const K extends (Names<S> & Names<R>) | AnyExpr = never, const X extends string = string, const H extends LookupHow = 'inner', E extends AnyExpr = never>(
    table: Frame<R>,
    on: MeetOn<S, R, L, RK, K, X, H, E>,
  ): Frame<Joined<S, R, Dropped<RK, L> | Dropped<never, K>, Dropped<L, RK> | Dropped<never, K>, X, H>>
  /**
   * Each row with the rows that a function gives for its key, at that time: it gets keys, each once (values of the column `left`; lists of values where it names several), and answers as
   * many, in their order: a row of `schema`, a list of rows, or null. Null keys aren't asked for. `how` 'left' keeps rows without an answer, beside nulls. Columns of the
   * schema are added, or replace those of the same name. Calls as those of `mapAsync`; where one fails, all rows that wait for it ask again. Leaves the fast path.
   */
  lookup<O extends Schema, const L extends Names<S>, const H extends 'inner' | 'left' = 'inner'>(
    fn: (keys: readonly any[]) => readonly LookupAnswer<Row<O>>[] | Promise<readonly LookupAnswer<Row<O>>[]>,
    options: LookupOptions & { left: L | readonly L[]; schema: O; how?: H },
  ): Frame<Put<S, H extends 'left' ? Nullable<O> : O>>
  /** Each left row with each right row. */
  crossJoin<R, const X extends string = string>(right: Frame<R>, ...options: [NameClash<S, R, never, X, 'inner'>] extends [never] ? [options?: { suffix?: X }] : [options: Suffix<S, R, never, X, 'inner'>]): Frame<Joined<S, R, never, never, X, 'inner'>>
}

/** How each row meets the nearest of the other side: `left` and `right` are times or numbers; `by` are keys that must be equal, of one name or `{ left, right }`. */
export type AsOfOn<S, R, L, RK, K, BL, BR, X, H = 'left'> = {
  left: L
  right: [KeyClash<S, R, L, RK>] extends [never] ? RK : `asOf: ${KeyClash<S, R, L, RK>}`
  by?: K | readonly K[] | { left: BL | readonly BL[]; right: BR | readonly BR[] }
  direction?: Direction
  tolerance?: Duration | bigint
  how?: H
} & Suffix<S, R, RK | K | BR, X, H>

/** How rows meet those that they look up. */
export type LookupHow = 'inner' | 'left' | 'semi' | 'anti'

type KeyNames = string | readonly string[]
type KeyGiven = unknown | readonly unknown[]
interface JoinOptions {
  readonly left?: KeyGiven
  readonly right?: KeyGiven
  readonly on?: KeyGiven
  readonly how?: string
  readonly suffix?: string
  readonly where?: (left: object, right: object) => unknown
  readonly within?: unknown
  readonly ttl?: Duration | { readonly left?: Duration; readonly right?: Duration }
  readonly time?: string | { readonly left?: string; readonly right?: string }
}
interface AsOfOptions {
  readonly left: string
  readonly right: string
  readonly by?: KeyNames | { readonly left: KeyNames; readonly right: KeyNames }
  readonly direction?: Direction
  readonly tolerance?: Duration | bigint
  readonly suffix?: string
  readonly how?: string
}
const directions: readonly Direction[] = ['backward', 'forward', 'nearest']
const asOfKinds = ['inner', 'left']
const kinds = ['inner', 'left', 'right', 'full', 'semi', 'anti']
/** The column of a function's answers on their way. */
const answers = 'answers of lookup'
const lookupKinds = ['inner', 'left', 'semi', 'anti']
const lookupNames = ['left', 'right', 'on', 'how', 'suffix', 'where']
const optionNames = ['left', 'right', 'on', 'how', 'suffix', 'where', 'within', 'time', 'ttl']

/** The run time of the family. */
export class JoinSteps extends ShapeSteps {
  join(right: JoinSteps, on: JoinOptions): this {
    checkOptions(on, optionNames, 'join')
    const { within, time, where, ttl } = on
    if (ttl !== undefined && within !== undefined) throw new PlanError('TTL', 'join: both `ttl` and `within` are given; rows of a join within bounds of time are kept for as long as event time says; leave one of them out')
    if (time !== undefined && within === undefined) throw new PlanError('JOIN_TIME', "join: `time` is given, but no bounds for it; give within, such as within: ['-5s', '10s']")
    const params = joinParams(on, 'join')
    if ((params['left'] as readonly string[]).length === 0 && !where && within === undefined) throw new PlanError('JOIN_KEYS', "join: neither keys nor a condition; give on: 'id', or left and right, or where; crossJoin() is for each row with each")
    return this.#joined(right, { ...params, ...(within !== undefined && { within: withinOf(within, time) }), ...(ttl !== undefined && { ttlMs: lifeOf(ttl) }) })
  }
  windowJoin(right: JoinSteps, on: JoinOptions & { readonly window?: Window; readonly rightTime?: string }): this {
    checkOptions(on, [...optionNames.filter(name => name !== 'within' && name !== 'time' && name !== 'ttl'), 'window', 'rightTime'], 'windowJoin')
    const { window, rightTime } = on
    if (typeof window !== 'object' || window === null || typeof window.kind !== 'string') throw new PlanError('WINDOW', "windowJoin: no window is given; give window: tumble('at', '10s'), or hop, cumulate or session")
    const params = { ...joinParams(on, 'windowJoin'), window: window as unknown as Json, ...(rightTime !== undefined && { rightTime }) }
    return this.next({ node: 'operator', label: 'windowJoin', kind: 'windowJoin', params, inputs: [this.edge, right.edge], side: [] })
  }
  lookup(table: JoinSteps | ((keys: readonly unknown[]) => unknown), on: JoinOptions & LookupOptions & { readonly schema?: object } = {}): this {
    if (typeof table === 'function') return this.#lookupBy(table, on)
    checkOptions(on, lookupNames, 'lookup')
    const params = joinParams(on, 'lookup', lookupKinds)
    if ((params['left'] as readonly string[]).length === 0) throw new PlanError('JOIN_KEYS', "lookup: no keys are given; give on: 'id', or left and right")
    return this.#joined(table, { ...params, lookup: true }, 'lookup')
  }
  crossJoin(right: JoinSteps, options: { suffix?: string } = {}): this {
    checkOptions(options, ['suffix'], 'crossJoin')
    return this.#joined(right, { left: [], right: [], how: 'inner', ...options }, 'crossJoin')
  }

  asOf(right: JoinSteps, on: AsOfOptions): this {
    checkOptions(on, ['left', 'right', 'by', 'direction', 'tolerance', 'suffix', 'how'], 'asOf')
    const { left, right: other, by, direction = 'backward', tolerance, suffix, how = 'left' } = on
    for (const [name, value] of [['left', left], ['right', other]]) if (typeof value !== 'string') throw new PlanError('JOIN_KEYS', `asOf: \`${name}\` is ${typeof value}; give the name of the time or number of that side`)
    if (!directions.includes(direction)) throw new PlanError('JOIN_DIRECTION', `asOf: direction "${direction}" is unknown${didYouMean(direction, directions)}; it is one of ${directions.join(', ')}`)
    if (!asOfKinds.includes(how)) throw new PlanError('JOIN_HOW', `asOf: how "${how}" is unknown${didYouMean(how, asOfKinds)}; it is one of ${asOfKinds.join(', ')}`)
    const sided = typeof by === 'object' && !Array.isArray(by) ? (by as { left?: KeyNames; right?: KeyNames }) : { left: by as KeyNames | undefined, right: by as KeyNames | undefined }
    const [leftKeys, rightKeys] = [names(sided.left), names(sided.right)]
    if (leftKeys.length !== rightKeys.length) throw new PlanError('JOIN_KEYS', `asOf: ${leftKeys.length} left keys and ${rightKeys.length} right ones; give as many of each`)
    const within = tolerance === undefined ? {} : { tolerance: typeof tolerance === 'bigint' ? { int64: String(tolerance) } : (tolerance as Json) }
    const params = { left: leftKeys, right: rightKeys, how, ...(suffix !== undefined && { suffix }), asOf: { left, right: other, direction, ...within } }
    return this.#joined(right, params, 'asOf')
  }

  // What a key has comes as a list, of which each item makes a row.
  #lookupBy(fn: (keys: readonly unknown[]) => unknown, options: LookupOptions & { readonly schema?: object }): this {
    const { keys, how, loader, calls } = lookupOptions(options)
    const schema = options.schema as Record<string, string>
    const found = new KeyLoader(fn, loader)
    const [key] = keys
    const ask = async (row: Record<string, unknown>, { signal }: { readonly signal: AbortSignal }) => {
      const values = keys.map(name => row[name])
      return { [answers]: values.includes(null) ? [] : await found.load(keys.length === 1 ? row[key!] : values, signal) }
    }
    const members = Object.entries(schema).map(([name, type]) => `${JSON.stringify(name)}: ${type}`)
    const asked = this.mapAsync(ask as never, { adds: { [answers]: `list<struct<${members.join(', ')}>>` }, ...calls }).explode(answers, { empty: how === 'left' ? 'keep' : 'drop' })
    return asked.with(Object.fromEntries(Object.keys(schema).map(name => [name, (col(answers) as any).field(name)]))).drop(answers)
  }
  #joined(right: JoinSteps, params: { readonly [name: string]: Json }, label = 'join'): this {
    return this.next({ node: 'operator', label, kind: 'join', params, inputs: [this.edge, right.edge], side: [] })
  }
}

// The keys, the kind, the suffix and the condition.
function joinParams(on: JoinOptions, label: string, known: readonly string[] = kinds): { readonly [name: string]: Json } {
  const { how = 'inner', suffix, where } = on
  if (!known.includes(how)) throw new PlanError('JOIN_HOW', `${label}: how "${how}" is unknown${didYouMean(how, known)}; it is one of ${known.join(', ')}`)
  if (on.on !== undefined && (on.left !== undefined || on.right !== undefined)) throw new PlanError('JOIN_KEYS', `${label}: both \`on\` and \`left\`, \`right\` are given; \`on\` is for keys of one name, \`left\` and \`right\` for others`)
  const [left, other] = [joinKeys(on.on ?? on.left), joinKeys(on.on ?? on.right)]
  if (left.length !== other.length) throw new PlanError('JOIN_KEYS', `${label}: ${left.length} left keys and ${other.length} right ones; give as many of each`)
  return { ...keyParams(left, other), how, ...(suffix !== undefined && { suffix }), ...(where && { where: condition(where) }) }
}

function names(given: KeyNames | undefined): string[] {
  return given === undefined ? [] : typeof given === 'string' ? [given] : [...given]
}

// How long the rows of each side are kept.
function lifeOf(ttl: Duration | { readonly left?: Duration; readonly right?: Duration }): { readonly [side: string]: number } {
  const isEach = typeof ttl === 'object' && ttl !== null
  if (isEach) checkOptions(ttl, ['left', 'right'], 'join, ttl')
  const given = Object.entries(isEach ? ttl : { left: ttl, right: ttl }).filter(([, life]) => life !== undefined)
  return Object.fromEntries(given.map(([side, life]) => {
    const ms = parseDuration(life as Duration, 'join, ttl')
    if (ms === 0) throw new PlanError('TTL', `join: ttl is ${JSON.stringify(life)}; give a time longer than 0`)
    return [side, ms]
  }))
}

// A name, or an expression that is none.
function joinKeys(given: unknown): Expression[] {
  const list = given === undefined ? [] : Array.isArray(given) ? given : [given]
  return list.map(key => {
    if (typeof key === 'string') return columnExpression(key)
    const expression = typeof key === 'object' && key !== null && !isColumnSelector(key) ? expressionOf(key, 'join') : undefined
    if (expression && expression.kind !== 'literal') return expression
    throw new PlanError('JOIN_KEYS', `join: a key is ${key === null ? 'null' : typeof key === 'object' ? (expression ? 'a constant' : 'several columns at once') : typeof key}; give the name of a column, or an expression such as col('email').lower()`)
  })
}

// Expressions get hidden names on their side. One that isn't a column keeps all columns apart: then those that are get such names too.
function keyParams(left: readonly Expression[], right: readonly Expression[]): { readonly [name: string]: Json } {
  const isName = (key: Expression): key is ColumnExpression => key.kind === 'column'
  if (left.every(isName) && right.every(isName)) return { left: left.map(key => key.name), right: right.map(key => key.name) }
  const hidden = left.map((_, i) => `$join${i}`)
  const columns = (keys: readonly Expression[]) => Object.fromEntries(keys.map((key, i) => [hidden[i]!, key])) as unknown as Json
  return { left: hidden, right: hidden, computed: { left: columns(left), right: columns(right) } }
}

// Bounds as the plan has them: see plan/lower-within.ts.
function withinOf(within: unknown, time: JoinOptions['time']): Json {
  if (!Array.isArray(within) || within.length !== 2) throw new PlanError('JOIN_WITHIN', "join: `within` is two bounds of the right side's time, such as within: ['-5s', '10s']")
  const [lower, upper] = within.map(timeBound)
  const names = typeof time === 'string' ? { left: time, right: time } : time
  if (names && (typeof names.left !== 'string' || typeof names.right !== 'string')) throw new PlanError('JOIN_TIME', "join: `time` names the time of both sides: 'at', or { left: 'at', right: 'paidAt' }")
  return { lower, upper, ...(names && { time: names }) } as unknown as Json
}

function timeBound(bound: unknown): Json {
  if (typeof bound === 'number' || (typeof bound === 'string' && /^\s*-?\d/.test(bound))) {
    const ms = parseDuration(bound as Duration, 'join')
    if (!Number.isInteger(ms)) throw new PlanError('JOIN_WITHIN', `join: a bound is ${ms} ms; give whole milliseconds`)
    return { ms }
  }
  if (typeof bound === 'string') return { expression: columnExpression(bound) } as unknown as Json
  if (typeof bound === 'object' && bound !== null && !isColumnSelector(bound)) return { expression: expressionOf(bound, 'join') } as unknown as Json
  throw new PlanError('JOIN_WITHIN', `join: a bound of \`within\` is ${bound === null ? 'null' : typeof bound}; give a duration such as '-5s', or a column of the left side`)
}

function checkOptions(given: object, known: readonly string[], where: string): void {
  for (const name of Object.keys(given)) if (!known.includes(name)) throw new PlanError('OPTION', `${where}: no option "${name}"${didYouMean(name, known)}; there are ${known.join(', ')}`)
}

function condition(where: (left: object, right: object) => unknown): Json {
  if (typeof where !== 'function') throw new PlanError('JOIN_WHERE', 'join: `where` is a function of both sides, such as (l, r) => l.at.ge(r.start)')
  const side = (name: string) => new Proxy({}, { get: (_, column) => (typeof column === 'string' ? col(`${name}.${column}`) : undefined) })
  return expressionOf(where(side('left'), side('right')), 'join') as unknown as Json
}
