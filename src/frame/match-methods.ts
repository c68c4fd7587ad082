// Patterns over rows in the order of their times (MATCH_RECOGNIZE): what users write of variables, rows and measures.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { type Duration, parseDuration } from '../base/units.ts'
import { didYouMean } from '../base/names.ts'
import { type MatchFunction, matchCall } from '../operators/match-references.ts'
import { col, type ColumnExpr, ExprValue } from './expr.ts'
import { expressionOf } from './expression-of.ts'
import type { Frame } from './frame-type.ts'
import type { CountType, Flat, Names, Take, TimeNames } from './types.ts'
import type { AnyExpr, FitsAll, FitsBool, Maybe, Of, TypesOf } from './resolve-types.ts'
import type { Columns } from './column-methods.ts'
import { StreamSteps } from './stream-methods.ts'

type ColumnNames<S> = Names<S>
type At<N extends string> = ColumnExpr<Maybe<Of<N>>, never>

/** What a pattern's expressions may ask of the match so far, a condition's own row included. A variable is named as in the pattern. */
export interface MatchFunctions<in out S> {
  /** A column of the row `offset` rows before, of the same keys, in the match or not; null where there is none. */
  previous<const N extends ColumnNames<S>>(column: N, offset?: number): At<N>
  /** A column of the last row of a variable, or of the `offset`-th before that; null where there is none. */
  last<const N extends ColumnNames<S>>(variable: string, column: N, offset?: number): At<N>
  /** A column of the first row of a variable, or of the `offset`-th behind it; null where there is none. */
  first<const N extends ColumnNames<S>>(variable: string, column: N, offset?: number): At<N>
  /** The sum over a variable's rows so far; null where there is no value. */
  sum<const N extends ColumnNames<S>>(variable: string, column: N): ColumnExpr<any, never>
  /** The mean over a variable's rows so far. */
  mean<const N extends ColumnNames<S>>(variable: string, column: N): ColumnExpr<'float64?', never>
  /** The least value of a variable's rows so far. */
  min<const N extends ColumnNames<S>>(variable: string, column: N): At<N>
  /** The greatest value of a variable's rows so far. */
  max<const N extends ColumnNames<S>>(variable: string, column: N): At<N>
  /** How many rows a variable has so far, or how many of its values aren't null; without a variable the rows of the match. */
  count(variable?: string, column?: ColumnNames<S>): ColumnExpr<CountType, never>
}

/** The row at hand as properties (in measures the last row of the match), and functions over other rows. A column called like a function is `col('count')`. */
export type MatchRow<S> = string extends keyof S ? any : MatchFunctions<S> & Omit<Columns<S>, keyof MatchFunctions<S>>

/** What a match is and gives. */
export interface MatchOptions<in out S, B extends string> {
  /** Each has matches of its own. All rows together unless given. */
  by?: B | readonly B[]
  /** The time column that rows are ordered by. */
  orderBy: TimeNames<S>
  /** How much earlier the first row of a match is than the last: less than this. */
  within?: Duration
  /** Variables in their order: `A B+ (C | D)?`; quantifiers ? * + {n} {n,} {n,m} {,m} take as many as they can, with a ? behind as few. */
  pattern: string
  /** Where matching goes on: behind the match ('past-last-row', the default), at its second row, or at the first or last row of a variable. */
  skip?: 'past-last-row' | 'to-next-row' | { toFirst: string } | { toLast: string }
}

/** The types of the family. */
export interface MatchMethods<in out S> {
  /**
   * Sequences of rows in the order of their times that fit a pattern: a row per match, its keys and measures. A variable takes the rows that fit its
   * definition, any row without one. Rows are taken as the watermark passes their times; rows later than that are counted, and left out (or `late`).
   * Throws PlanError PATTERN, MATCH_VARIABLE, MATCH_SKIP, MATCH. Memory: the rows that a match may still need.
   */
  match<const B extends Names<S> = never, D extends Record<string, AnyExpr> = {}, M extends Record<string, AnyExpr> = {}>(
    options: MatchOptions<S, B> & {
      /** The condition of a variable's rows. */
      define?: { readonly [K in keyof D]: (row: MatchRow<S>) => FitsBool<D[K], S, 'match'> }
      /** The columns that a match gives, computed at its last row. */
      measures: (row: MatchRow<S>) => FitsAll<M, S, 'match'>
    },
  ): Frame<Flat<Take<S, B> & TypesOf<M, S>>>
}

interface GivenOptions {
  by?: string | readonly string[]
  orderBy: string
  within?: Duration
  pattern: string
  define?: Record<string, (row: object) => unknown>
  measures: (row: object) => Record<string, unknown>
  skip?: Json
}

const known = ['by', 'orderBy', 'within', 'pattern', 'define', 'measures', 'skip']

/** The run time of the family. */
export class MatchSteps extends StreamSteps {
  match(given: GivenOptions): this {
    const unknown = Object.keys(given).find(name => !known.includes(name))
    if (unknown !== undefined) throw new PlanError('MATCH', `match: no option "${unknown}"${didYouMean(unknown, known)}`)
    const { by = [], orderBy, within, pattern, define = {}, measures, skip = 'past-last-row' } = given
    if (typeof pattern !== 'string') throw new PlanError('PATTERN', `match: the pattern is ${typeof pattern}; give a text such as 'A B+'`)
    if (typeof orderBy !== 'string') throw new PlanError('MATCH', "match: no orderBy; name the time column, as in orderBy: 'dateTime'")
    if (typeof measures !== 'function') throw new PlanError('MATCH', 'match: no measures; say what each match gives, such as m => ({ rows: m.count() })')
    const row = matchRow()
    const named = (values: Record<string, unknown>) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, expressionOf(value, `match, "${name}"`)]))
    const defined = Object.fromEntries(Object.entries(define).map(([name, f]) => [name, typeof f === 'function' ? f(row) : f]))
    return this.operator('match', {
      by: typeof by === 'string' ? [by] : [...by],
      time: orderBy,
      ...(within !== undefined && { withinMs: parseDuration(within, 'match, within') }),
      pattern,
      define: named(defined),
      measures: named(measures(row)),
      skip,
    } as unknown as Json)
  }
}

function matchRow(): object {
  const call = (fn: MatchFunction, variable: string | undefined, column: string | undefined, offset = 0) => {
    if (!Number.isSafeInteger(offset) || offset < (fn === 'previous' ? 1 : 0) || offset > 10_000) throw new PlanError('MATCH', `match: the offset of ${fn}() is ${offset}; give a whole number from ${fn === 'previous' ? 1 : 0} to 10000`)
    if (fn !== 'count' && typeof column !== 'string') throw new PlanError('MATCH', `match: ${fn}() needs ${fn === 'previous' ? "a column, as in m.previous('price')" : `a variable and a column, as in m.${fn}('A', 'price')`}`)
    return new ExprValue(matchCall(fn, variable, column, offset))
  }
  const over = (fn: MatchFunction) => (variable?: string, column?: string) => call(fn, variable, column)
  const functions: Record<string, unknown> = {
    previous: (column: string, offset = 1) => call('previous', undefined, column, offset),
    last: (variable: string, column: string, offset?: number) => call('last', variable, column, offset),
    first: (variable: string, column: string, offset?: number) => call('first', variable, column, offset),
    ...Object.fromEntries((['sum', 'mean', 'min', 'max', 'count'] as const).map(fn => [fn, over(fn)])),
  }
  return new Proxy({}, { get: (_, name) => (typeof name !== 'string' ? undefined : Object.hasOwn(functions, name) ? functions[name] : col(name)) })
}
