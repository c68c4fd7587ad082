// Rows and columns in another shape: distinct, united, exploded, pivoted, and filled where they are null.
import { PlanError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import type { AggregateCall } from '../expr/aggregate-calls.ts'
import { type Literal, literalExpression } from '../expr/expression.ts'
import type { AggregateType, AnyAggregate, FitsAggregate } from './aggregates.ts'
import { expressionOf } from './expression-of.ts'
import type { Frame } from './frame-type.ts'
import { OrderSteps } from './order-methods.ts'
import type { LiteralType, Promote } from './resolve-types.ts'
import { collectTable } from './run.ts'
import type { FitsPicks, PickOf, PicksIn, SolidPicked, TakePicked } from './selector-types.ts'
import { picksOf } from './selectors.ts'
import type { Bare, CountType, Flat, IsAny, Leave, Names, OrNull, Put, Take } from './types.ts'

type United<S, R> = IsAny<S> extends true ? any : IsAny<R> extends true ? S : { [K in keyof S]: K extends keyof R ? Promote<S[K], R[K]> : S[K] }
type UnitedAll<S, F> = F extends readonly [Frame<infer R>, ...infer Rest] ? UnitedAll<United<S, R>, Rest> : S
type UnionProblem<S, R> =
  IsAny<R> extends true
    ? never
    : string extends keyof S | keyof R
      ? never
      : Exclude<keyof S, keyof R> extends infer M extends string
        ? [M] extends [never]
          ? Exclude<keyof R, keyof S> extends infer O extends string
            ? [O] extends [never]
              ? never
              : `union: the other has '${O}' besides`
            : never
          : `union: the other has no '${M}'`
        : never
type FitsUnion<F, S> = { readonly [I in keyof F]: F[I] extends Frame<infer R> ? ([UnionProblem<S, R>] extends [never] ? F[I] : UnionProblem<S, R>) : F[I] }

type ListNames<S> = string extends keyof S ? string : { [K in keyof S]: IsAny<S[K]> extends true ? K : Bare<S[K]> extends `list<${string}` ? K : never }[keyof S] & string
type ItemOf<T> = IsAny<T> extends true ? any : Bare<T> extends `list<${infer I}, ${number}>` ? I : Bare<T> extends `list<${infer I}>` ? I : any
type Kept<T, E> = E extends 'keep' ? (IsAny<T> extends true ? any : OrNull<T>) : T

type NameOf<V> = V extends string | number | bigint | boolean ? `${V}` : V extends null ? 'null' : string
type Valued<S, O extends PropertyKey> = { [K in O]: K extends keyof S ? S[K] : any }[O]
type Unpivoted<S, O, I, N extends string, V extends string> =
  IsAny<TakePicked<S, O>> extends true
    ? any
    : Flat<([I] extends [never] ? Leave<S, keyof TakePicked<S, O>> : TakePicked<S, I>) & { [K in N]: 'utf8' } & { [K in V]: Shared<Valued<S, keyof TakePicked<S, O>>> }>
type Shared<T> = IsAny<T> extends true ? any : OneOf<T>
type OneOf<T> = [T] extends [never] ? never : Widest<Bare<T>> extends infer W ? (Extract<T, `${string}?`> extends never ? W : OrNull<W>) : never
type Widest<B> = 'float64' extends B ? 'float64' : 'int64' extends B ? 'int64' : B

type NullsFilled<S, V> = IsAny<S> extends true ? any : string extends keyof S ? S : { [K in keyof S]: S[K] extends `${infer B}?` ? (FilledBy<B, LiteralType<V>> extends true ? B : S[K]) : S[K] }
type FilledBy<B, L> = L extends B ? true : L extends 'int' ? (B extends 'int32' | 'int64' | CountType | 'float64' ? true : false) : false
type Solid<T> = IsAny<T> extends true ? any : Bare<T>

/** The types of the family. */
export interface ShapeMethods<in out S> {
  /** The first row, in source order, of those that are equal in these columns; in all columns without names. Null equals null. */
  distinct(...names: readonly PickOf<S>[]): Frame<S>
  /** These rows, then those of the others: columns by name, in this frame's order, of a type that holds all. Each has the same names. */
  union<const F extends readonly Frame<any>[]>(...others: FitsUnion<F, S>): Frame<UnitedAll<S, F>>
  /** A row for each item of a list, in its order. Null and empty lists give none, or a null with `empty: 'keep'`; `index` names a column for the item's place. */
  explode<const C extends ListNames<S>, const I extends string = never, const E extends 'drop' | 'keep' = 'drop'>(
    column: C,
    options?: { empty?: E; index?: I },
  ): Frame<Put<S, { [K in C]: K extends keyof S ? Kept<ItemOf<S[K]>, E> : any } & { [K in I]: Kept<CountType, E> }>>
  /**
   * A row for each group by `index`, with a column for each of the `names`: the aggregate over the rows whose `columns` has that value. Without names
   * they are looked up first, which runs the frame once more: the result is a promise, and its columns are known at run time only.
   */
  pivot<const I extends Names<S>, const C extends Names<S>, A extends AnyAggregate<Names<S>>, const V extends Literal>(options: {
    index: I | readonly I[]
    columns: C
    aggregate: FitsAggregate<A, S>
    names: readonly V[]
  }): Frame<Flat<Take<S, I> & { [K in NameOf<V>]: AggregateType<A, S> extends CountType ? CountType : OrNull<AggregateType<A, S>> }>>
  pivot<const I extends Names<S>, A extends AnyAggregate<Names<S>>>(options: {
    index: I | readonly I[]
    columns: Names<S>
    aggregate: FitsAggregate<A, S>
  }): Promise<Frame<any>>
  /** For each row one for each column of `on`, with its name in `variable` and its value in `value`, beside the columns of `index` (all others unless said). */
  unpivot<const O extends Names<S>, const I extends Names<S> = Exclude<Names<S>, O>, const N extends string = 'variable', const V extends string = 'value'>(options: {
    on: readonly O[]
    index?: readonly I[]
    variable?: N
    value?: V
  }): Frame<Flat<Take<S, I> & { [K in N]: 'utf8' } & { [K in V]: Shared<Valued<S, O>> }>>
  /** The same of the columns that names and selectors pick. */
  unpivot<const O extends PickOf<S> | readonly PickOf<S>[], const I extends PickOf<S> | readonly PickOf<S>[] = never, const N extends string = 'variable', const V extends string = 'value'>(options: {
    on: O
    index?: I
    variable?: N
    value?: V
  }): Frame<Unpivoted<S, PicksIn<O>, PicksIn<I>, N, V>>
  /** Nulls as the value before them (or behind them) in source order, in the named columns, or all. */
  fillNull(direction: 'forward' | 'backward', ...names: readonly PickOf<S>[]): Frame<S>
  /** Nulls as a constant, in each column whose type it fits; or as a constant for each of some columns. */
  fillNull<const V extends number | bigint | boolean | Date | string>(value: V): Frame<NullsFilled<S, V>>
  fillNull<const V extends { readonly [K in Names<S>]?: Literal }>(values: V & { [K in Exclude<keyof V, Names<S>>]: never }): Frame<Put<S, { [K in keyof V]: K extends keyof S ? Solid<S[K]> : any }>>
  /** Leaves rows out that have a null in one of these columns; in any without names. */
  dropNull(): Frame<IsAny<S> extends true ? any : { [K in keyof S]: Solid<S[K]> }>
  dropNull<const N extends Names<S>>(...names: readonly N[]): Frame<Put<S, { [K in N]: K extends keyof S ? Solid<S[K]> : any }>>
  dropNull<const P extends readonly PickOf<S>[]>(...picks: FitsPicks<P, S, 'dropNull'>): Frame<SolidPicked<S, P[number]>>
}

const namesMax = 1_000

/** The run time of the family. */
export class ShapeSteps extends OrderSteps {
  distinct(...names: unknown[]): this {
    return this.operator('distinct', names.length > 0 ? { names: picksOf(names, 'distinct') } : {})
  }
  union(...others: readonly ShapeSteps[]): this {
    return this.next({ node: 'operator', label: 'union', kind: 'union', params: null, inputs: [this.edge, ...others.map(other => other.edge)], side: [] })
  }
  explode(column: string, options: { empty?: string; index?: string } = {}): this {
    const { empty = 'drop', index } = options
    if (empty !== 'drop' && empty !== 'keep') throw new PlanError('EXPLODE', `explode: empty is "${empty}"; give 'drop' or 'keep'`)
    return this.operator('explode', { column, ...(empty === 'keep' && { keep: true }), ...(index !== undefined && { index }) })
  }
  pivot(options: { index: string | readonly string[]; columns: string; aggregate: { call: AggregateCall }; names?: readonly unknown[] }): this | Promise<this> {
    const { columns, names } = options
    const index = typeof options.index === 'string' ? [options.index] : options.index
    const named = (values: readonly unknown[]) =>
      this.operator('pivot', { index, columns, aggregate: options.aggregate.call ?? options.aggregate, names: values.map(value => literalExpression(value).value) } as unknown as Json)
    if (names) return named(names)
    return this.#valuesOf(columns).then(named)
  }
  unpivot({ on, index, variable = 'variable', value = 'value' }: { on: unknown; index?: unknown; variable?: string; value?: string }): this {
    const picks = (given: unknown) => picksOf(Array.isArray(given) ? given : [given], 'unpivot')
    return this.operator('unpivot', { on: picks(on), ...(index !== undefined && { index: picks(index) }), variable, value })
  }
  fillNull(by: unknown, ...names: unknown[]): this {
    if (by === 'forward' || by === 'backward') return this.operator('fillNull', { direction: by, ...(names.length > 0 && { names: picksOf(names, 'fillNull') }) })
    if (typeof by === 'object' && by !== null && !(by instanceof Date)) {
      const values = Object.fromEntries(Object.entries(by).map(([name, value]) => [name, expressionOf(value, 'fillNull')]))
      return this.operator('fillNull', { values } as unknown as Json)
    }
    if (by === null || by === undefined) throw new PlanError('FILL_NULL', "fillNull: null given; give a value, { column: value }, 'forward' or 'backward'")
    return this.operator('fillNull', { value: literalExpression(by) } as unknown as Json)
  }
  dropNull(...names: unknown[]): this {
    return this.operator('dropNull', names.length > 0 ? { names: picksOf(names, 'dropNull') } : {})
  }

  async #valuesOf(column: string): Promise<unknown[]> {
    const table = await collectTable(this.select(column).distinct().sort(column).limit(namesMax + 1).edge, {})
    const values = table.toArray().map(row => row[column])
    if (values.length > namesMax) throw new PlanError('PIVOT', `pivot: "${column}" has more than ${namesMax} values; name those that are to be columns`)
    return values
  }
}
