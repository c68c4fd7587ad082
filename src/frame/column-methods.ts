// Columns computed, chosen, renamed and dropped, and the rows that a condition keeps.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { parseExpression } from '../expr/parse.ts'
import { selectNames } from '../operators/project.ts'
import { col, type ColumnExpr } from './expr.ts'
import { expressionOf, fromCallback } from './expression-of.ts'
import type { Frame } from './frame-type.ts'
import type { AnyExpr, FitsAll, FitsBool, Of, TypesOf } from './resolve-types.ts'
import type { FitsEach, FitsPicks, LeavePicked, MappedColumns, PickOf, PicksIn, TakePicked } from './selector-types.ts'
import { isColumnSelector, picksOf } from './selectors.ts'
import { expressions, Steps } from './steps.ts'
import { type WindowCall, WindowExpr } from './window-functions.ts'
import type { Flat, Leave, Names, Put, Renamed, Schema, Take } from './types.ts'

/** The same columns as properties: `c => c.price.gt(100)`. */
export type Columns<S> = string extends keyof S ? any : { readonly [K in keyof S]: ColumnExpr<Of<K & string>, never> }

/** The types of the family. */
export interface ColumnMethods<in out S> {
  /** Keeps the rows for which a condition is true; null counts as false. A text is read as an expression: "price > 10 and state = 'CA'". */
  filter(condition: string): Frame<S>
  filter<E extends AnyExpr>(condition: FitsBool<E, S, 'filter'> | ((columns: Columns<S>) => FitsBool<E, S, 'filter'>)): Frame<S>
  /** Adds columns, or replaces those of the same name. All are computed from the input, none from its siblings. */
  with<E extends Record<string, AnyExpr>>(columns: FitsAll<E, S, 'with'> | ((columns: Columns<S>) => FitsAll<E, S, 'with'>)): Frame<Put<S, TypesOf<E, S>>>
  /** Only these columns, in this order. */
  select<const N extends Names<S>>(...names: readonly N[]): Frame<Flat<Take<S, N>>>
  /** The columns that names and selectors pick, in the order given, each once: select('id', col.numeric()), select('id', col.all()). */
  select<const P extends readonly PickOf<S>[]>(...picks: FitsPicks<P, S, 'select'>): Frame<TakePicked<S, P[number]>>
  /** Only these results, in this order. */
  select<E extends Record<string, AnyExpr>>(columns: FitsAll<E, S, 'select'> | ((columns: Columns<S>) => FitsAll<E, S, 'select'>)): Frame<TypesOf<E, S>>
  /** New names by old ones. */
  rename<const M extends { readonly [K in Names<S>]?: string }>(names: M & { [K in Exclude<keyof M, Names<S>>]: never }): Frame<Renamed<S, M>>
  /** All columns but these. Rows without any column are rows still: count() counts them, and with() adds to them. */
  drop<const N extends Names<S>>(...names: readonly N[]): Frame<Leave<S, N>>
  /** All columns but those that names and selectors pick. */
  drop<const P extends readonly PickOf<S>[]>(...picks: FitsPicks<P, S, 'drop'>): Frame<LeavePicked<S, P[number]>>
  /**
   * Replaces each of some columns by what `each` makes of it: mapColumns(col.ofType('float64'), c => c.round(2)). With a suffix the columns stay, and the
   * results come behind them: `price_r` of `price`. `each` is called once, with stand-ins for a column and its name, so that the plan stays plain data.
   * A method of its own rather than a selector in `with`, so that the compiler knows each result's type, and the column that doesn't fit.
   */
  mapColumns<const P extends PickOf<S> | readonly PickOf<S>[], E extends AnyExpr, const X extends string = ''>(
    columns: P,
    each: (column: ColumnExpr<Of<'$column'>, never>, name: ColumnExpr<Of<'$name'>, never>) => FitsEach<E, S, PicksIn<P>>,
    options?: { suffix?: X },
  ): Frame<MappedColumns<S, PicksIn<P>, E, X>>
  /** Checks the rows' schema against this one, and is of its type. */
  as<T extends Schema>(schema: T): Frame<T>
}

/** The run time of the family. Arguments are checked when the plan is resolved, where the columns are known. */
export class ColumnSteps extends Steps {
  filter(predicate: unknown): this {
    const condition = typeof predicate === 'string' ? parseExpression(predicate, 'filter') : expressionOf(fromCallback(predicate), 'filter')
    return this.operator('filter', { predicate: condition as unknown as Json })
  }
  with(columns: unknown): this {
    const given = fromCallback(columns) as Record<string, unknown>
    const windows = windowsOf(given)
    if (Object.keys(windows).length === 0) return this.operator('with', { columns: expressions(given, 'with') })
    if (Object.keys(windows).length === Object.keys(given).length) return this.operator('over', { columns: windows } as unknown as Json)
    return this.#beside(given, windows, 'with')
  }
  select(...columns: unknown[]): this {
    if (columns.some(isColumnSelector)) return this.operator('pick', { columns: picksOf(columns, 'select') }, 'select')
    const names = columns.every(c => typeof c === 'string')
    const given = names ? {} : (fromCallback(columns[0]) as Record<string, unknown>)
    const windows = windowsOf(given)
    if (Object.keys(windows).length > 0) return this.#beside(given, windows, 'select')
    return this.operator('select', names ? selectNames(columns as string[]) : { columns: expressions(columns[0], 'select') as Json })
  }
  rename(names: Record<string, string>): this {
    return this.operator('rename', { names })
  }
  drop(...names: unknown[]): this {
    return this.operator('drop', { names: picksOf(names, 'drop') })
  }
  mapColumns(columns: unknown, each: unknown, { suffix }: { suffix?: string } = {}): this {
    if (typeof each !== 'function') throw new PlanError('SELECTOR', `mapColumns: ${typeof each} given where a function of a column is wanted; write it as in c => c.round(2)`)
    const made = expressionOf(each(col('$column'), col('$name')), 'mapColumns') as unknown as Json
    const picks = picksOf(Array.isArray(columns) ? columns : [columns], 'mapColumns')
    return this.operator('mapColumns', { columns: picks, each: made, ...(suffix !== undefined && { suffix }) })
  }
  as(schema: Record<string, string>): this {
    return this.operator('as', { schema })
  }

  // Window functions first, under hidden names, so that none of the columns sees another.
  #beside(given: Record<string, unknown>, windows: Record<string, unknown>, kind: 'with' | 'select'): this {
    const hidden = Object.fromEntries(Object.keys(windows).map((name, i) => [name, `$window${i}`]))
    const columns = Object.fromEntries(Object.entries(given).map(([name, e]) => [name, name in hidden ? { kind: 'column', name: hidden[name] } : e]))
    const over = this.operator('over', { columns: Object.fromEntries(Object.entries(windows).map(([name, call]) => [hidden[name], call])) } as unknown as Json)
    return over.operator(kind, { columns: expressions(columns, kind) }).operator('drop', { names: Object.values(hidden) })
  }
}

function windowsOf(given: Record<string, unknown>): Record<string, WindowCall> {
  return Object.fromEntries(Object.entries(given ?? {}).flatMap(([name, e]) => (e instanceof WindowExpr ? [[name, e.window]] : [])))
}
